//! `wangge admin record`: what an administrator does with a single record.

use serde_json::json;
use wangge_model::RecordId;

use super::{Admin, AdminError, CliError};
use crate::storage::{NewMove, OrgLevel, StorageError};

#[derive(Debug, clap::Subcommand)]
pub(super) enum RecordCommand {
    /// 把一份记录移到另一个网格。Move a record to another grid.
    Move(MoveArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct MoveArgs {
    /// 记录编号。Id of the record.
    #[arg(long)]
    record: String,
    /// 目标网格的编号或编码。Id or code of the grid it is to be in.
    #[arg(long)]
    to: String,
}

impl Admin<'_> {
    pub(super) async fn record(&mut self, command: &RecordCommand) -> Result<(), CliError> {
        match command {
            RecordCommand::Move(args) => self.move_record(args).await,
        }
    }

    /// Phones follow at their next sync: those of the old grid drop the record,
    /// those of the new one get it whole. What is still unsent of somebody who
    /// has the old grid only comes to the review inbox of the new one.
    async fn move_record(&mut self, args: &MoveArgs) -> Result<(), CliError> {
        let unknown = || AdminError::RecordUnknown(args.record.clone());
        let record: RecordId = args.record.trim().parse().map_err(|_| unknown())?;
        let node = self.load_node(&args.to).await?;
        if node.level != OrgLevel::Grid {
            return Err(AdminError::NotAGrid(node.name).into());
        }
        let new = NewMove {
            record,
            to: node.id.into(),
            person: None,
            at: self.now(),
            moves: None,
        };
        let outcome = self
            .storage
            .move_record(new)
            .await
            .map_err(|error| match error {
                StorageError::Missing("record") => unknown().into(),
                StorageError::Missing("grid") => AdminError::NotAGrid(node.name.clone()).into(),
                other => CliError::from(other),
            })?;
        let moved = !outcome.grids.is_empty();
        if moved {
            self.audit("record_moved", record.to_string()).await?;
        }
        let said = if moved {
            "admin-record-moved"
        } else {
            "admin-record-there"
        };
        self.output.say(said, &[("grid", &node.name)])?;
        self.output.value(&json!({
            "record": record.to_string(),
            "from": outcome.from.to_string(),
            "to": node.id.to_string(),
            "moved": moved,
        }))?;
        Ok(())
    }
}
