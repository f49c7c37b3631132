//! `wangge admin node`: the organisation tree.

use std::collections::HashMap;

use serde_json::{Value, json};
use wangge_model::{
    DivisionCode, DivisionLevel, GridAttribute, OrgNodeId,
    org::{Above, check_attribute, check_code, check_level},
};

use super::{Admin, AdminError, CliError, checked_name};
use crate::{
    cli::error::level_name,
    storage::{Division, NewOrgNode, OrgLevel, OrgNode, StorageError},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum NodeCommand {
    /// 创建一个节点。Create a node.
    Create(CreateArgs),
    /// 按区划表创建节点，连同各上级。Create the nodes of a division and those above it, from the
    /// imported table.
    FromDivision(FromDivisionArgs),
    /// 列出节点。List nodes.
    List(ListArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// 级别：`province`、`prefecture`、`county`、`street`、`area`、`community`、`grid`、
    /// `micro_grid`。Level.
    #[arg(long)]
    level: String,
    /// 名称。Name.
    #[arg(long)]
    name: String,
    /// 编码：网格用网格编码，其他用区划代码。Code: a grid's grid code, else the division code.
    #[arg(long)]
    code: Option<String>,
    /// 上级的编号或编码。Id or code of the place it lies in.
    #[arg(long)]
    parent: Option<String>,
    /// 网格属性：`urban`、`rural`、`dedicated`；编码中有属性时可省略。Kind of grid; what the code
    /// says if left out.
    #[arg(long)]
    attribute: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct FromDivisionArgs {
    /// 区划代码，2 到 12 位。Division code, 2 to 12 digits.
    #[arg(required_unless_present = "all")]
    code: Option<String>,
    /// 也创建其下的街道和社区。Create what lies below it, too.
    #[arg(long)]
    below: bool,
    /// 创建整个区划表。Create the whole table.
    #[arg(long, conflicts_with = "code")]
    all: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// 只列出此节点（编号或编码）之下的。Only what lies below this node (id or code).
    #[arg(long)]
    parent: Option<String>,
    /// 只列出这一级。Only this level.
    #[arg(long)]
    level: Option<String>,
}

fn level(text: &str) -> Result<OrgLevel, AdminError> {
    text.parse()
        .map_err(|_| AdminError::LevelUnknown(text.to_owned()))
}

fn as_json(node: &OrgNode) -> Value {
    json!({
        "id": node.id.to_string(),
        "level": node.level.as_str(),
        "code": node.code,
        "name": node.name,
        "parent": node.parent.map(|id| id.to_string()),
        "attribute": node.attribute.map(GridAttribute::as_str),
    })
}

impl Admin<'_> {
    pub(super) async fn node(&mut self, command: &NodeCommand) -> Result<(), CliError> {
        match command {
            NodeCommand::Create(args) => self.create_node(args).await,
            NodeCommand::FromDivision(args) => self.create_from_division(args).await,
            NodeCommand::List(args) => self.list_nodes(args).await,
        }
    }

    async fn create_node(&mut self, args: &CreateArgs) -> Result<(), CliError> {
        let level = level(&args.level)?;
        let name = checked_name(&args.name)?;
        let above = match &args.parent {
            None => Vec::new(),
            Some(parent) => {
                let parent = self.load_node(parent).await?;
                self.storage.list_ancestors(&parent.id).await?
            }
        };
        let parent = above.last();
        check_level(level, parent.map(|parent| parent.level)).map_err(AdminError::from)?;
        let codes: Vec<Above<'_>> = above
            .iter()
            .map(|node| Above {
                level: node.level,
                code: node.code.as_deref(),
            })
            .collect();
        let scheme = &self.config.grid_code_scheme;
        let code =
            check_code(args.code.as_deref(), level, &codes, scheme).map_err(AdminError::from)?;
        let given = args
            .attribute
            .as_deref()
            .map(|text| {
                text.parse::<GridAttribute>()
                    .map_err(|_| AdminError::AttributeUnknown(text.to_owned()))
            })
            .transpose()?;
        let attribute =
            check_attribute(given, level, code.as_deref(), scheme).map_err(AdminError::from)?;
        let new = NewOrgNode {
            id: OrgNodeId::make(self.world.clock, self.world.entropy),
            parent: parent.map(|parent| parent.id),
            level,
            code: code.clone(),
            name,
            attribute,
            valid_from: self.now(),
        };
        let node = self
            .storage
            .create_node(&new)
            .await
            .map_err(|error| match error {
                StorageError::Taken(_) => AdminError::CodeTaken(code.unwrap_or_default()).into(),
                other => CliError::from(other),
            })?;
        self.audit("node_created", node.id.to_string()).await?;
        let level = level_name(node.level, self.output.language);
        self.output.say(
            "admin-node-created",
            &[
                ("level", &level),
                ("name", &node.name),
                ("id", &node.id.to_string()),
            ],
        )?;
        self.output.value(&as_json(&node))?;
        Ok(())
    }

    async fn create_from_division(&mut self, args: &FromDivisionArgs) -> Result<(), CliError> {
        let mut chain = match &args.code {
            Some(code) => self.division_chain(code).await?,
            None => self.storage.list_divisions(None).await?,
        };
        if args.below || args.all {
            // The list grows while it is read: children follow their parents.
            let mut at = if args.all {
                0
            } else {
                chain.len().saturating_sub(1)
            };
            while let Some(code) = chain.get(at).map(|division| division.code.clone()) {
                chain.extend(self.storage.list_divisions(Some(&code)).await?);
                at += 1;
            }
        }
        let (new, existing) = self.plan(chain).await?;
        self.storage.create_nodes(&new).await?;
        if let Some(last) = new.last() {
            self.audit("nodes_created", last.id.to_string()).await?;
        }
        self.output.say(
            "admin-nodes-created",
            &[
                ("count", &new.len().to_string()),
                ("existing", &existing.to_string()),
            ],
        )?;
        // The whole table would be a list nobody reads.
        let listed = if args.all { &[] } else { new.as_slice() };
        let nodes: Vec<Value> = listed
            .iter()
            .map(|node| {
                json!({
                    "id": node.id.to_string(),
                    "level": node.level.as_str(),
                    "code": node.code,
                    "name": node.name,
                    "parent": node.parent.map(|id| id.to_string()),
                })
            })
            .collect();
        self.output
            .value(&json!({ "count": new.len(), "created": nodes, "existing": existing }))?;
        Ok(())
    }

    /// A division and those above it, the widest first.
    async fn division_chain(&self, text: &str) -> Result<Vec<Division>, CliError> {
        let code = DivisionCode::parse(text).map_err(|reason| AdminError::DivisionCode {
            code: text.to_owned(),
            reason,
        })?;
        let mut chain = Vec::new();
        let mut next = Some(code);
        while let Some(code) = next {
            let division = self.storage.find_division(code.as_str()).await?;
            let unknown = || AdminError::DivisionUnknown(code.to_string());
            chain.push(division.ok_or_else(unknown)?);
            next = code.parent();
        }
        chain.reverse();
        Ok(chain)
    }

    /// The nodes to create for divisions, parents first, and how many are
    /// there already.
    async fn plan(&self, divisions: Vec<Division>) -> Result<(Vec<NewOrgNode>, usize), CliError> {
        let mut ids = HashMap::new();
        let mut new = Vec::new();
        let mut existing = 0;
        for division in divisions {
            let Some(level) = DivisionLevel::from_digits(division.code.len()) else {
                continue;
            };
            if let Some(node) = self.storage.find_node_by_code(&division.code).await? {
                existing += 1;
                ids.insert(division.code, node.id);
                continue;
            }
            let id = OrgNodeId::make(self.world.clock, self.world.entropy);
            let parent = division
                .parent
                .as_ref()
                .and_then(|code| ids.get(code))
                .copied();
            new.push(NewOrgNode {
                id,
                parent,
                level: OrgLevel::of_division(level),
                code: Some(division.code.clone()),
                name: division.name,
                attribute: None,
                valid_from: self.now(),
            });
            ids.insert(division.code, id);
        }
        Ok((new, existing))
    }

    async fn list_nodes(&mut self, args: &ListArgs) -> Result<(), CliError> {
        let wanted = args.level.as_deref().map(level).transpose()?;
        let roots = match &args.parent {
            None => self.storage.list_children(None).await?,
            Some(parent) => {
                let parent = self.load_node(parent).await?;
                self.storage.list_children(Some(&parent.id)).await?
            }
        };
        // A stack, not recursion: the tree is shallow but wide.
        let mut stack: Vec<(OrgNode, usize)> =
            roots.into_iter().rev().map(|node| (node, 0)).collect();
        let mut found = Vec::new();
        while let Some((node, depth)) = stack.pop() {
            let children = self.storage.list_children(Some(&node.id)).await?;
            stack.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
            if wanted.is_none_or(|wanted| wanted == node.level) {
                found.push((node, depth));
            }
        }
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|(node, depth)| {
                let indent = if wanted.is_some() { 0 } else { depth * 2 };
                vec![
                    format!("{}{}", " ".repeat(indent), node.name),
                    level_name(node.level, self.output.language),
                    node.code.clone().unwrap_or_default(),
                    node.id.to_string(),
                ]
            })
            .collect();
        self.output.table(
            &[
                "admin-column-name",
                "admin-column-level",
                "admin-column-code",
                "admin-column-id",
            ],
            &rows,
        )?;
        self.output.value(&Value::Array(
            found.iter().map(|(node, _)| as_json(node)).collect(),
        ))?;
        Ok(())
    }
}
