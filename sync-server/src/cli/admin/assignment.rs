//! `wangge admin assign` and `unassign`.

use serde_json::json;
use wangge_model::{
    AssignmentId,
    org::{Duty, check_assignment},
};

use super::{Admin, AdminError, CliError};
use crate::{
    cli::error::role_name,
    storage::{NewAssignment, Role, StorageError},
};

#[derive(Debug, clap::Args)]
pub(super) struct AssignArgs {
    /// 人员编号或登录名。Id or user name.
    #[arg(long)]
    person: String,
    /// 组织节点的编号或编码。Id or code of the place.
    #[arg(long)]
    node: String,
    /// 角色，例如 `grid_worker`、`grid_head`、`supervisor`、`admin`，全部见运行说明。Role, such as
    /// these; all of them are in the operations guide.
    #[arg(long)]
    role: String,
    /// 兼职。Beside another job.
    #[arg(long)]
    part_time: bool,
    /// 预编：事先编入，召集前没有权限（仅下沉干部）。Assigned beforehand, without access until called
    /// out (seconded officials only).
    #[arg(long)]
    reserve: bool,
    /// 职责，用逗号分隔：`service`、`mediation`、`publicity`、`environment`、`opinion`、
    /// `emergency`、`safety`、`patrol`、`collection`。Duties, with commas.
    #[arg(long, default_value = "")]
    duties: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct ReplaceArgs {
    /// 任职编号。Id of the assignment.
    assignment: String,
    /// 接替者的编号或登录名。Id or user name of who takes over.
    #[arg(long)]
    by: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct UnassignArgs {
    /// 任职编号。Id of the assignment.
    assignment: String,
}

impl Admin<'_> {
    pub(super) async fn assign(&mut self, args: &AssignArgs) -> Result<(), CliError> {
        let role: Role = args
            .role
            .parse()
            .map_err(|_| AdminError::RoleUnknown(args.role.clone()))?;
        let person = self.load_active_person(&args.person).await?;
        let node = self.load_node(&args.node).await?;
        check_assignment(role, node.level, !args.part_time, args.reserve)
            .map_err(AdminError::from)?;
        let duties = Duty::split(&args.duties).map_err(|error| AdminError::DutyUnknown(error.0))?;
        let assignment = NewAssignment {
            id: AssignmentId::make(self.world.clock, self.world.entropy),
            person: person.id,
            node: node.id,
            role,
            full_time: !args.part_time,
            reserve: args.reserve,
            duties,
            valid_from: self.now(),
        };
        self.storage.create_assignment(&assignment).await?;
        self.audit("assigned", assignment.id.to_string()).await?;
        let id = assignment.id.to_string();
        let role_name = role_name(role, self.output.language);
        self.output.say(
            "admin-assigned",
            &[
                ("person", &person.name),
                ("node", &node.name),
                ("role", &role_name),
                ("id", &id),
            ],
        )?;
        self.output.value(&json!({
            "id": id,
            "person": person.id.to_string(),
            "node": node.id.to_string(),
            "role": role.as_str(),
        }))?;
        Ok(())
    }

    /// Whoever takes over gets the role, the place, the duties; what the
    /// predecessor wrote stays theirs.
    pub(super) async fn replace(&mut self, args: &ReplaceArgs) -> Result<(), CliError> {
        let unknown = || AdminError::AssignmentUnknown(args.assignment.clone());
        let id: AssignmentId = args.assignment.trim().parse().map_err(|_| unknown())?;
        let now = self.now();
        let old = self
            .storage
            .find_assignment(&id)
            .await?
            .filter(|assignment| assignment.validity().contains(now))
            .ok_or_else(unknown)?;
        let person = self.load_active_person(&args.by).await?;
        let successor = NewAssignment {
            id: AssignmentId::make(self.world.clock, self.world.entropy),
            person: person.id,
            node: old.node,
            role: old.role,
            full_time: old.full_time,
            reserve: old.reserve,
            duties: old.duties,
            valid_from: now,
        };
        self.storage.replace_assignment(&id, &successor).await?;
        self.audit("assignment_replaced", id.to_string()).await?;
        let new = successor.id.to_string();
        self.output.say(
            "admin-assignment-replaced",
            &[("person", &person.name), ("id", &new)],
        )?;
        self.output.value(&json!({
            "id": new,
            "replaces": id.to_string(),
            "person": person.id.to_string(),
            "node": successor.node.to_string(),
            "role": successor.role.as_str(),
        }))?;
        Ok(())
    }

    pub(super) async fn unassign(&mut self, args: &UnassignArgs) -> Result<(), CliError> {
        let unknown = || AdminError::AssignmentUnknown(args.assignment.clone());
        let id: AssignmentId = args.assignment.trim().parse().map_err(|_| unknown())?;
        self.storage
            .end_assignment(&id, self.now())
            .await
            .map_err(|error| match error {
                StorageError::Missing(_) => unknown().into(),
                other => CliError::from(other),
            })?;
        self.audit("assignment_ended", id.to_string()).await?;
        self.output.say("admin-assignment-ended", &[])?;
        self.output.value(&json!({ "id": id.to_string() }))?;
        Ok(())
    }
}
