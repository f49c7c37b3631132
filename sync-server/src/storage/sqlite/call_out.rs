//! See [`CallOutStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, named_params, params};
use wangge_model::{AssignmentId, CallOutId, PersonId, Timestamp};

use super::{
    SqliteStorage, refused,
    row::{collect, id, time},
    scope::{APPROVE, CALLED_OUT, in_scope, require_at},
};
use crate::storage::{CallOut, CallOutStorage, NewCallOut, StorageError, StorageResult};

fn create(connection: &Connection, new: &NewCallOut) -> StorageResult<()> {
    require_at(connection, &new.person, new.at, &new.node, APPROVE)?;
    connection
        .prepare_cached(
            "INSERT INTO call_out (id, node, starts_at, ends_at, reason, person, ordered_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.node.as_bytes(),
            new.starts_at.as_millis(),
            new.ends_at.as_millis(),
            new.reason,
            new.person.as_bytes(),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "call_out", "person"))?;
    Ok(())
}

fn end(
    connection: &Connection,
    of: &CallOutId,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<bool> {
    let ends_at: Option<i64> = connection
        .prepare_cached(&in_scope(
            "SELECT call_out.ends_at FROM call_out
             WHERE call_out.id = :id
               AND EXISTS (SELECT 1 FROM scope WHERE scope.id = call_out.node AND may_approve)",
        ))?
        .query_row(
            named_params! {
                ":person": person.as_bytes(), ":at": at.as_millis(), ":id": of.as_bytes(),
            },
            |row| row.get(0),
        )
        .optional()?;
    let ends_at = ends_at.ok_or(StorageError::Missing("call_out"))?;
    if ends_at <= at.as_millis() {
        return Ok(false);
    }
    connection
        .prepare_cached("UPDATE call_out SET ends_at = ?2 WHERE id = ?1")?
        .execute(params![of.as_bytes(), at.as_millis()])?;
    Ok(true)
}

fn list(connection: &Connection, person: &PersonId, at: Timestamp) -> StorageResult<Vec<CallOut>> {
    let mut statement = connection.prepare_cached(&in_scope(
        "SELECT call_out.id, node.name, call_out.starts_at, call_out.ends_at, call_out.reason,
                person.name,
                EXISTS (SELECT 1 FROM scope WHERE scope.id = call_out.node AND may_approve)
         FROM call_out JOIN org_node AS node ON node.id = call_out.node
         JOIN person ON person.id = call_out.person
         WHERE EXISTS (SELECT 1 FROM scope WHERE scope.id = call_out.node AND may_see_accounts)
         ORDER BY call_out.ordered_at DESC, call_out.id LIMIT 200",
    ))?;
    let rows = statement.query_map(
        named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
        |row| {
            let ends_at = time(row, 3)?;
            Ok(CallOut {
                id: id(row, 0, CallOutId::from_bytes)?,
                node_name: row.get(1)?,
                starts_at: time(row, 2)?,
                ends_at,
                reason: row.get(4)?,
                ordered_by: row.get(5)?,
                people: Vec::new(),
                may_end: row.get::<_, bool>(6)? && ends_at > at,
            })
        },
    )?;
    let mut call_outs = collect(rows)?;
    let mut statement = connection.prepare_cached(
        "SELECT person.name, place.name
         FROM call_out JOIN org_node AS called ON called.id = call_out.node
         JOIN org_node AS place
             ON place.path >= called.path AND place.path < called.path || 'g'
         JOIN assignment ON assignment.node = place.id AND assignment.reserve = 1
         JOIN person ON person.id = assignment.person AND person.active = 1
         WHERE call_out.id = ?1 AND assignment.valid_from <= ?2
           AND (assignment.valid_to IS NULL OR assignment.valid_to > ?2)
         ORDER BY place.code, person.name",
    )?;
    for call_out in &mut call_outs {
        let bound = params![call_out.id.as_bytes(), at.as_millis()];
        let rows = statement.query_map(bound, |row| Ok((row.get(0)?, row.get(1)?)))?;
        call_out.people = collect(rows)?;
    }
    Ok(call_outs)
}

#[async_trait]
impl CallOutStorage for SqliteStorage {
    async fn create_call_out(&self, new: &NewCallOut) -> StorageResult<()> {
        let new = new.clone();
        self.write(move |connection, _| create(connection, &new))
            .await
    }

    async fn end_call_out(
        &self,
        id: &CallOutId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool> {
        let (id, person) = (*id, *person);
        self.write(move |connection, _| end(connection, &id, &person, at))
            .await
    }

    async fn list_call_outs(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<CallOut>> {
        let person = *person;
        self.read(move |connection| list(connection, &person, at))
            .await
    }

    async fn list_called_out(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<AssignmentId>> {
        let person = *person;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT assignment.id FROM assignment
                 JOIN org_node AS place ON place.id = assignment.node
                 WHERE assignment.person = :person AND assignment.reserve = 1 AND {CALLED_OUT}"
            ))?;
            let rows = statement.query_map(
                named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
                |row| id(row, 0, AssignmentId::from_bytes),
            )?;
            collect(rows)
        })
        .await
    }
}
