//! `wangge admin`: places, people, assignments, enrolment codes,
//! devices, records and tokens of programs.
//!
//! Every change is written to the audit list as done at the server's own
//! command line, where the operating system decides who may.

mod api_token;
mod assignment;
mod boundary;
mod compact;
mod device;
mod enrol;
mod node;
mod password;
mod person;
mod record;
mod reference;
#[cfg(test)]
mod tests;

use std::io::{BufRead, Write};

use wangge_model::{AuditId, OrgNodeId, PersonId, TextRule, Timestamp};

use super::{AdminError, CliError, Outcome, World, open::open_or_make, output::Output};
use crate::{
    auth::sign_in::normalise_username,
    config::{Config, SettingFlags},
    data_folder::DataFolder,
    storage::{AuditEntry, OrgNode, Person, Storage},
};

/// Names of people and places have at most this many characters.
const NAME: TextRule = TextRule::line(60).required();

/// Arguments of `wangge admin`.
#[derive(Debug, clap::Args)]
pub(super) struct AdminArgs {
    #[command(subcommand)]
    command: AdminCommand,
    /// 以 JSON 输出，供脚本使用。Print JSON, for scripts.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

#[derive(Debug, clap::Subcommand)]
enum AdminCommand {
    /// 组织节点（省、市、县区、街道、片区、社区、网格）。Places, from province to grid.
    #[command(subcommand)]
    Node(node::NodeCommand),
    /// 边界。Boundaries.
    #[command(subcommand)]
    Boundary(boundary::BoundaryCommand),
    /// 网格调整：重新划分一个社区的网格。Dividing a community's grids anew.
    #[command(subcommand)]
    Division(boundary::DivisionCommand),
    /// 人员。People.
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// 任职：让人员在某处担任某个角色。Give a person a role at a place.
    Assign(assignment::AssignArgs),
    /// 结束任职。End an assignment.
    Unassign(assignment::UnassignArgs),
    /// 换人：由他人接替任职。Put somebody else in an assignment's place.
    Replace(assignment::ReplaceArgs),
    /// 生成一次性注册码和二维码。Make a one-time enrolment code with its QR code.
    Enrol(enrol::EnrolArgs),
    /// 缩短更新流：较早的条目只保留在文档中。Shorten feeds: older entries stay in documents only.
    Compact(compact::CompactArgs),
    /// 手机。Phones.
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// 记录。Records.
    #[command(subcommand)]
    Record(record::RecordCommand),
    /// 程序使用 JSON 接口的令牌。Tokens for programs that use the JSON API.
    #[command(subcommand)]
    ApiToken(api_token::ApiTokenCommand),
    /// 参考数据：走访规则等，由服务器发给手机。Data the server authors for phones.
    #[command(subcommand)]
    Reference(reference::ReferenceCommand),
}

/// What the commands of this group work with.
pub(super) struct Admin<'a> {
    storage: &'a dyn Storage,
    world: World<'a>,
    config: &'a Config,
    data: &'a DataFolder,
    output: Output<'a>,
}

/// Opens the data and runs one command.
pub(super) async fn run(
    args: &AdminArgs,
    config: &Config,
    world: World<'_>,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let (data, storage) = open_or_make(config)?;
    let mut admin = Admin {
        storage: &storage,
        world,
        config,
        data: &data,
        output: Output {
            json: args.json,
            language: config.language,
            writer: out,
        },
    };
    let result = admin.run(&args.command, input).await;
    crate::storage::MetaStorage::close(&storage).await?;
    result
}

impl Admin<'_> {
    async fn run(
        &mut self,
        command: &AdminCommand,
        input: &mut dyn BufRead,
    ) -> Result<Outcome, CliError> {
        match command {
            AdminCommand::Boundary(command) => return self.boundary(command).await,
            AdminCommand::Division(command) => return self.division(command).await,
            AdminCommand::Node(command) => self.node(command).await,
            AdminCommand::Person(command) => self.person(command, input).await,
            AdminCommand::Assign(args) => self.assign(args).await,
            AdminCommand::Unassign(args) => self.unassign(args).await,
            AdminCommand::Replace(args) => self.replace(args).await,
            AdminCommand::Enrol(args) => self.enrol(args).await,
            AdminCommand::Compact(args) => self.compact(args).await,
            AdminCommand::Device(command) => self.device(command).await,
            AdminCommand::Record(command) => self.record(command).await,
            AdminCommand::ApiToken(command) => self.api_token(command).await,
            AdminCommand::Reference(command) => self.reference(command, input).await,
        }
        .map(|()| Outcome::Done)
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// The node with this id or code.
    async fn load_node(&self, text: &str) -> Result<OrgNode, CliError> {
        let text = text.trim();
        let node = match text.parse::<OrgNodeId>() {
            Ok(id) => self.storage.find_node(&id).await?,
            Err(_) => self.storage.find_node_by_code(text).await?,
        };
        node.ok_or_else(|| AdminError::NodeUnknown(text.to_owned()).into())
    }

    /// The person with this id or user name.
    async fn load_person(&self, text: &str) -> Result<Person, CliError> {
        let text = text.trim();
        let person = match text.parse::<PersonId>() {
            Ok(id) => self.storage.find_person(&id).await?,
            Err(_) => {
                self.storage
                    .find_person_by_username(&normalise_username(text))
                    .await?
            }
        };
        person.ok_or_else(|| AdminError::PersonUnknown(text.to_owned()).into())
    }

    /// The same, for what only an active person may get.
    async fn load_active_person(&self, text: &str) -> Result<Person, CliError> {
        let person = self.load_person(text).await?;
        if person.active {
            Ok(person)
        } else {
            Err(AdminError::PersonInactive(person.name).into())
        }
    }

    async fn audit(&self, action: &str, target: String) -> Result<(), CliError> {
        let entry = AuditEntry {
            id: AuditId::make(self.world.clock, self.world.entropy),
            at: self.now(),
            person: None,
            device: None,
            action: action.to_owned(),
            target,
            detail: "command line".to_owned(),
        };
        self.storage.create_audit(&entry).await?;
        Ok(())
    }
}

/// A name as it is stored.
fn checked_name(text: &str) -> Result<String, AdminError> {
    NAME.apply(text).map_err(AdminError::Name)
}
