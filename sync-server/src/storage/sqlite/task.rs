//! See [`TaskStorage`]. A task that is let in is a campaign from then on.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{
    CampaignId, CivilDay, OrgNodeId, PersonId, RecordId, TaskId, Timestamp,
    task::{TaskOrder, TaskState},
    visit_plan::MOST_HOUSEHOLDS,
};

use super::{
    SqliteStorage, campaign, refused,
    row::{collect, count, damaged, id, optional_id, time},
    scope::{PROPOSE_TASK, in_scope, require_at},
};
use crate::storage::{
    HouseholdChoice, NewCampaign, NewTask, StorageError, StorageResult, Task, TaskDecision,
    TaskOutcome, TaskStorage,
};

/// Columns of what is asked, see [`order`].
const ORDER: &str = "task.title, task.note, task.kind, task.starts_on, task.ends_on, task.basis, \
     task.matter";

fn order(row: &Row<'_>, first: usize) -> rusqlite::Result<TaskOrder> {
    Ok(TaskOrder {
        title: row.get(first)?,
        note: row.get(first + 1)?,
        kind: row.get(first + 2)?,
        starts_on: CivilDay::from_number(row.get(first + 3)?),
        ends_on: CivilDay::from_number(row.get(first + 4)?),
        basis: row.get(first + 5)?,
        matter: row.get(first + 6)?,
    })
}

fn file(connection: &Connection, new: &NewTask) -> StorageResult<TaskOutcome> {
    require_at(connection, &new.person, new.at, &new.node, PROPOSE_TASK)?;
    let households = match new.listed {
        None => Vec::new(),
        // The list is the county's permission: not the department's own scope.
        Some(_) => match choose(connection, &new.node)? {
            Ok(households) => households,
            Err(outcome) => return Ok(outcome),
        },
    };
    connection
        .prepare_cached(
            "INSERT INTO task (id, node, title, note, kind, starts_on, ends_on, basis, filed_by,
                               filed_at, matter, state, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'filed', '')",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.node.as_bytes(),
            new.order.title,
            new.order.note,
            new.order.kind,
            new.order.starts_on.number(),
            new.order.ends_on.number(),
            new.order.basis,
            new.person.as_bytes(),
            new.at.as_millis(),
            new.order.matter,
        ])
        .map_err(|error| refused(error, "task", "person"))?;
    if let Some(campaign) = &new.listed {
        let order = new.order.clone();
        begin(connection, campaign, order, households, &new.person, new.at)?;
        connection
            .prepare_cached(
                "UPDATE task SET state = 'admitted', campaign = ?2, decided_at = ?3 WHERE id = ?1",
            )?
            .execute(params![
                new.id.as_bytes(),
                campaign.as_bytes(),
                new.at.as_millis()
            ])?;
    }
    Ok(TaskOutcome::Done)
}

/// The households of the grids at or below a place; or why there can be no task.
fn choose(
    connection: &Connection,
    node: &OrgNodeId,
) -> StorageResult<Result<Vec<RecordId>, TaskOutcome>> {
    let mut statement = connection.prepare_cached(
        "SELECT record.id FROM org_node AS above
         JOIN org_node AS grid ON grid.path >= above.path AND grid.path < above.path || 'g'
             AND grid.level = 'grid' AND grid.valid_to IS NULL
         JOIN record ON record.grid = grid.id AND record.kind = 1 AND record.merged_into IS NULL
         WHERE above.id = ?1 ORDER BY record.id LIMIT ?2",
    )?;
    // One more than allowed, to notice.
    let most = u32::try_from(MOST_HOUSEHOLDS).unwrap_or(u32::MAX - 1);
    let rows = statement.query_map(params![node.as_bytes(), most + 1], |row| {
        id(row, 0, RecordId::from_bytes)
    })?;
    Ok(fits(collect(rows)?))
}

fn fits(households: Vec<RecordId>) -> Result<Vec<RecordId>, TaskOutcome> {
    if households.is_empty() {
        Err(TaskOutcome::Nobody)
    } else if households.len() > MOST_HOUSEHOLDS {
        Err(TaskOutcome::TooMany)
    } else {
        Ok(households)
    }
}

/// Makes the campaign of a task that is let in.
fn begin(
    connection: &Connection,
    campaign: &CampaignId,
    order: TaskOrder,
    households: Vec<RecordId>,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<()> {
    let new = NewCampaign {
        id: *campaign,
        title: order.title,
        note: order.note,
        kind: order.kind,
        starts_on: order.starts_on,
        ends_on: order.ends_on,
        checks: Vec::new(),
        households,
        person: *person,
        at,
    };
    campaign::create(connection, &new)
}

fn decide(
    connection: &Connection,
    of: &TaskId,
    person: &PersonId,
    at: Timestamp,
    decision: &TaskDecision,
) -> StorageResult<TaskOutcome> {
    let found = connection
        .prepare_cached(&in_scope(&format!(
            "SELECT task.node, task.state, {ORDER} FROM task
             WHERE task.id = :id
               AND EXISTS (SELECT 1 FROM scope WHERE scope.id = task.node AND may_approve_task)"
        )))?
        .query_row(
            named_params! {
                ":person": person.as_bytes(), ":at": at.as_millis(), ":id": of.as_bytes(),
            },
            |row| {
                let node = id(row, 0, OrgNodeId::from_bytes)?;
                Ok((node, row.get::<_, String>(1)?, order(row, 2)?))
            },
        )
        .optional()?;
    let (node, state, order) = found.ok_or(StorageError::Missing("task"))?;
    if state != TaskState::Filed.as_str() {
        return Ok(TaskOutcome::Decided);
    }
    let (state, reason, campaign) = match decision {
        TaskDecision::Refuse(reason) => (TaskState::Refused, reason.as_str(), None),
        TaskDecision::Admit(campaign, reason) => {
            let most = u32::try_from(MOST_HOUSEHOLDS).unwrap_or(u32::MAX - 1);
            let choice = HouseholdChoice {
                node: Some(node),
                // One more than allowed, to notice.
                limit: most + 1,
                ..HouseholdChoice::default()
            };
            let households = campaign::choose(connection, person, at, &choice)?;
            let households = match fits(households) {
                Ok(households) => households,
                Err(outcome) => return Ok(outcome),
            };
            begin(connection, campaign, order, households, person, at)?;
            (TaskState::Admitted, reason.as_str(), Some(campaign))
        }
    };
    connection
        .prepare_cached(
            "UPDATE task SET state = ?2, reason = ?3, campaign = ?4, decided_by = ?5,
                 decided_at = ?6
             WHERE id = ?1",
        )?
        .execute(params![
            of.as_bytes(),
            state.as_str(),
            reason,
            campaign.map(CampaignId::as_bytes),
            person.as_bytes(),
            at.as_millis(),
        ])?;
    Ok(TaskOutcome::Done)
}

fn list(connection: &Connection, person: &PersonId, at: Timestamp) -> StorageResult<Vec<Task>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT task.id, node.name, filed.name, task.filed_at, task.state, task.reason,
                coalesce(decided.name, ''), task.campaign,
                (SELECT count(*) FROM campaign_household
                 WHERE campaign_household.campaign = task.campaign),
                (SELECT count(done_on) FROM campaign_household
                 WHERE campaign_household.campaign = task.campaign),
                EXISTS (SELECT 1 FROM scope WHERE scope.id = task.node AND may_approve_task),
                {ORDER}
         FROM task JOIN org_node AS node ON node.id = task.node
         JOIN person AS filed ON filed.id = task.filed_by
         LEFT JOIN person AS decided ON decided.id = task.decided_by
         WHERE EXISTS (SELECT 1 FROM scope WHERE scope.id = task.node AND may_see_task)
         ORDER BY task.filed_at DESC, task.id LIMIT 200"
    )))?;
    let rows = statement.query_map(
        named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
        |row| {
            let state: String = row.get(4)?;
            let state = TaskState::parse(&state).ok_or_else(|| damaged(4, "task state"))?;
            Ok(Task {
                id: id(row, 0, TaskId::from_bytes)?,
                node_name: row.get(1)?,
                filed_by: row.get(2)?,
                filed_at: time(row, 3)?,
                state,
                reason: row.get(5)?,
                decided_by: row.get(6)?,
                campaign: optional_id(row, 7, CampaignId::from_bytes)?,
                households: count(row.get(8)?),
                done: count(row.get(9)?),
                may_decide: row.get::<_, bool>(10)? && state == TaskState::Filed,
                order: order(row, 11)?,
            })
        },
    )?;
    collect(rows)
}

#[async_trait]
impl TaskStorage for SqliteStorage {
    async fn file_task(&self, new: &NewTask) -> StorageResult<TaskOutcome> {
        let new = new.clone();
        self.write(move |connection, _| file(connection, &new))
            .await
    }

    async fn decide_task(
        &self,
        id: &TaskId,
        person: &PersonId,
        at: Timestamp,
        decision: &TaskDecision,
    ) -> StorageResult<TaskOutcome> {
        let (id, person, decision) = (*id, *person, decision.clone());
        self.write(move |connection, _| decide(connection, &id, &person, at, &decision))
            .await
    }

    async fn list_tasks(&self, person: &PersonId, at: Timestamp) -> StorageResult<Vec<Task>> {
        let person = *person;
        self.read(move |connection| list(connection, &person, at))
            .await
    }
}
