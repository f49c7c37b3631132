//! `wangge admin reference`: the data the server authors for phones.

use std::{io::BufRead, path::PathBuf};

use serde_json::{Value, json};
use wangge_model::{
    reference::{self, VISIT_RULES, check_name},
    visit_plan::VisitRules,
};

use super::{Admin, AdminError, CliError};
use crate::{
    explain::io_reason,
    storage::{NewReference, ReferenceEdition},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum ReferenceCommand {
    /// 发布一份参考数据，手机下次同步时取得。Publish a set; phones get it with their next sync.
    Set(SetArgs),
    /// 显示一份参考数据：本节点的，或最近上级的。Show a set: the node's own, or the nearest above.
    Show(ShowArgs),
    /// 列出现行的参考数据。List the sets that are in force.
    List,
}

#[derive(Debug, clap::Args)]
pub(super) struct SetArgs {
    /// 名称，如 `visit_rules`。Name, such as `visit_rules`.
    name: String,
    /// 适用的节点（编号或编码）。Id or code of the place it is about.
    #[arg(long)]
    node: String,
    /// JSON 文件，`-` 为标准输入。JSON file; `-` for standard input.
    #[arg(
        long,
        required_unless_present = "withdraw",
        conflicts_with = "withdraw"
    )]
    file: Option<PathBuf>,
    /// 撤回，改用上级的。Withdraw it; that of a place above holds again.
    #[arg(long)]
    withdraw: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// 名称，如 `visit_rules`。Name, such as `visit_rules`.
    name: String,
    /// 适用的节点（编号或编码）。Id or code of the place it is about.
    #[arg(long)]
    node: String,
    /// 第几版，缺省为现行版。Number of the edition; the one in force if not given.
    #[arg(long)]
    edition: Option<u32>,
    /// 列出本节点的各版。List the editions of the node's own set.
    #[arg(long, conflicts_with = "edition")]
    history: bool,
}

fn as_json(edition: &ReferenceEdition) -> Value {
    json!({
        "name": edition.name,
        "node": edition.node.to_string(),
        "node_name": edition.node_name,
        "edition": edition.number,
        "version": edition.version.to_string(),
        "in_force": edition.is_current,
        "by": edition.person_name,
        "at": edition.at.to_china_text(),
    })
}

impl Admin<'_> {
    pub(super) async fn reference(
        &mut self,
        command: &ReferenceCommand,
        input: &mut dyn BufRead,
    ) -> Result<(), CliError> {
        match command {
            ReferenceCommand::Set(args) => self.set_reference(args, input).await,
            ReferenceCommand::Show(args) => self.show_reference(args).await,
            ReferenceCommand::List => self.list_references().await,
        }
    }

    async fn set_reference(
        &mut self,
        args: &SetArgs,
        input: &mut dyn BufRead,
    ) -> Result<(), CliError> {
        check_name(&args.name).map_err(AdminError::Reference)?;
        let node = self.load_node(&args.node).await?;
        let body = match &args.file {
            Some(file) if !args.withdraw => {
                let body = self.read_body(file, input)?;
                reference::check(&args.name, &body).map_err(AdminError::Reference)?;
                Some(body)
            }
            _ => None,
        };
        let is_withdrawn = body.is_none();
        let new = NewReference {
            name: args.name.clone(),
            node: node.id,
            body,
            person: None,
            at: self.now(),
        };
        let changed = self.storage.publish_references(&[new]).await? > 0;
        if changed {
            let action = if is_withdrawn {
                "reference_withdrawn"
            } else {
                "reference_published"
            };
            self.audit(action, format!("{} {}", args.name, node.id))
                .await?;
        }
        let said = match (changed, is_withdrawn) {
            (false, _) => "admin-reference-same",
            (true, true) => "admin-reference-withdrawn",
            (true, false) => "admin-reference-published",
        };
        self.output
            .say(said, &[("name", &args.name), ("node", &node.name)])?;
        self.output.value(&json!({
            "name": args.name,
            "node": node.id.to_string(),
            "changed": changed,
        }))?;
        Ok(())
    }

    fn read_body(&self, file: &PathBuf, input: &mut dyn BufRead) -> Result<Vec<u8>, CliError> {
        let unreadable = |error: std::io::Error| AdminError::File {
            path: file.display().to_string(),
            reason: io_reason(&error, self.output.language),
        };
        if file.as_os_str() == "-" {
            let mut body = Vec::new();
            input.read_to_end(&mut body).map_err(unreadable)?;
            return Ok(body);
        }
        Ok(std::fs::read(file).map_err(unreadable)?)
    }

    async fn show_reference(&mut self, args: &ShowArgs) -> Result<(), CliError> {
        check_name(&args.name).map_err(AdminError::Reference)?;
        let node = self.load_node(&args.node).await?;
        if args.history {
            let editions = self
                .storage
                .list_reference_editions(&args.name, &node.id)
                .await?;
            return self.tell_editions(&editions);
        }
        let found = match args.edition {
            Some(number) => {
                self.storage
                    .find_reference_edition(&args.name, &node.id, number)
                    .await?
            }
            None => {
                self.storage
                    .find_reference_above(&args.name, &node.id)
                    .await?
            }
        };
        let body = match found.as_ref().map(|edition| &edition.body) {
            Some(Some(body)) => serde_json::from_slice(body).ok(),
            // What holds where nobody has said anything.
            None if args.name == VISIT_RULES && args.edition.is_none() => {
                serde_json::to_value(VisitRules::default()).ok()
            }
            _ => None,
        };
        let Some(body) = body else {
            return Err(AdminError::ReferenceUnknown(args.name.clone()).into());
        };
        match &found {
            Some(edition) => self.output.say(
                "admin-reference-of",
                &[
                    ("node", &edition.node_name),
                    ("edition", &edition.number.to_string()),
                    ("at", &edition.at.to_china_text()),
                ],
            )?,
            None => self.output.say("admin-reference-built-in", &[])?,
        }
        self.output.lines(&format!("{body:#}"))?;
        self.output.value(&json!({
            "edition": found.as_ref().map(as_json),
            "body": body,
        }))?;
        Ok(())
    }

    async fn list_references(&mut self) -> Result<(), CliError> {
        let editions = self.storage.list_references().await?;
        self.tell_editions(&editions)
    }

    fn tell_editions(&mut self, editions: &[ReferenceEdition]) -> Result<(), CliError> {
        let rows: Vec<Vec<String>> = editions
            .iter()
            .map(|edition| {
                vec![
                    edition.name.clone(),
                    edition.node_name.clone(),
                    edition.number.to_string(),
                    edition.at.to_china_text(),
                    edition.person_name.clone(),
                    edition.node.to_string(),
                ]
            })
            .collect();
        self.output.table(
            &[
                "admin-column-name",
                "admin-column-node",
                "admin-column-edition",
                "admin-column-at",
                "admin-column-person",
                "admin-column-id",
            ],
            &rows,
        )?;
        self.output
            .value(&Value::Array(editions.iter().map(as_json).collect()))?;
        Ok(())
    }
}
