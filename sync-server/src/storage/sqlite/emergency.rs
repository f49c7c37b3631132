//! See [`EmergencyStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, named_params, params};
use wangge_model::{
    EmergencyId, OrgNodeId, PersonId, Timestamp,
    emergency::{EMERGENCY, Emergency, EmergencyLevel},
};

use super::{
    SqliteStorage, reference, refused,
    roll_call::{self, ON_ROLL},
    row::{collect, count, damaged, id, time},
    scope::{DECLARE, DECLARE_RESPONSE, in_scope, reads_incidents_of, require_at},
};
use crate::storage::{
    EmergencyRow, EmergencyStorage, NewEmergency, NewReference, NewRollAnswer, RollDecision,
    RollRow, StorageError, StorageResult,
};

fn set_name(id: &EmergencyId) -> String {
    format!("{EMERGENCY}{id}")
}

fn declare(connection: &Connection, new: &NewEmergency) -> StorageResult<()> {
    let right = match new.level {
        EmergencyLevel::Reinforced => DECLARE,
        EmergencyLevel::Response => DECLARE_RESPONSE,
    };
    require_at(connection, &new.person, new.at, &new.node, right)?;
    // The right to declare it is the right to call out for it.
    connection
        .prepare_cached(
            "INSERT INTO call_out (id, node, starts_at, ends_at, reason, person, ordered_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            new.call_out.as_bytes(),
            new.node.as_bytes(),
            new.starts_at.as_millis(),
            new.ends_at.as_millis(),
            new.reason,
            new.person.as_bytes(),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "call_out", "person"))?;
    connection
        .prepare_cached(
            "INSERT INTO emergency (id, node, level, reason, ordered_by, starts_at, ends_at,
                                    person, declared_at, call_out)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.node.as_bytes(),
            new.level.number(),
            new.reason,
            new.ordered_by,
            new.starts_at.as_millis(),
            new.ends_at.as_millis(),
            new.person.as_bytes(),
            new.at.as_millis(),
            new.call_out.as_bytes(),
        ])
        .map_err(|error| refused(error, "emergency", "person"))?;
    let told = Emergency {
        id: new.id.to_string(),
        level: new.level,
        reason: new.reason.clone(),
        ordered_by: new.ordered_by.clone(),
        starts_at: new.starts_at.as_millis(),
        ends_at: new.ends_at.as_millis(),
    };
    let body = serde_json::to_vec(&told).map_err(|_| StorageError::Corrupt("emergency"))?;
    reference::publish(
        connection,
        &NewReference {
            name: set_name(&new.id),
            node: new.node,
            body: Some(body),
            person: Some(new.person),
            at: new.at,
        },
    )?;
    Ok(())
}

/// Takes an emergency's set from the phones.
fn untell(
    connection: &Connection,
    of: &EmergencyId,
    node: &OrgNodeId,
    person: Option<PersonId>,
    at: Timestamp,
) -> StorageResult<()> {
    reference::publish(
        connection,
        &NewReference {
            name: set_name(of),
            node: *node,
            body: None,
            person,
            at,
        },
    )?;
    connection
        .prepare_cached("UPDATE emergency SET is_told = 0 WHERE id = ?1")?
        .execute([of.as_bytes()])?;
    Ok(())
}

fn end(
    connection: &Connection,
    of: &EmergencyId,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<bool> {
    let found = connection
        .prepare_cached(&in_scope(
            "SELECT emergency.ends_at, emergency.node FROM emergency
             WHERE emergency.id = :id
               AND EXISTS (SELECT 1 FROM scope WHERE scope.id = emergency.node
                           AND CASE emergency.level WHEN 3 THEN may_declare_response
                               ELSE may_declare END)",
        ))?
        .query_row(
            named_params! {
                ":person": person.as_bytes(), ":at": at.as_millis(), ":id": of.as_bytes(),
            },
            |row| Ok((time(row, 0)?, id(row, 1, OrgNodeId::from_bytes)?)),
        )
        .optional()?;
    let (ends_at, node) = found.ok_or(StorageError::Missing("emergency"))?;
    if ends_at <= at {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "UPDATE emergency SET ends_at = max(?2, starts_at), ended_by = ?3 WHERE id = ?1",
        )?
        .execute(params![of.as_bytes(), at.as_millis(), person.as_bytes()])?;
    connection
        .prepare_cached(
            "UPDATE call_out SET ends_at = ?2
             WHERE id = (SELECT call_out FROM emergency WHERE id = ?1) AND ends_at > ?2",
        )?
        .execute(params![of.as_bytes(), at.as_millis()])?;
    untell(connection, of, &node, Some(*person), at)?;
    Ok(true)
}

fn level(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<EmergencyLevel> {
    EmergencyLevel::from_number(row.get(column)?).ok_or_else(|| damaged(column, "emergency level"))
}

fn list(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<Vec<EmergencyRow>> {
    let mut statement = connection.prepare_cached(&in_scope(
        "SELECT emergency.id, node.name, emergency.level, emergency.reason, emergency.ordered_by,
                emergency.starts_at, emergency.ends_at, person.name, emergency.declared_at,
                coalesce(ended.name, ''),
                EXISTS (SELECT 1 FROM scope WHERE scope.id = emergency.node
                        AND CASE emergency.level WHEN 3 THEN may_declare_response
                            ELSE may_declare END),
                EXISTS (SELECT 1 FROM scope
                        WHERE scope.path >= node.path AND scope.path < node.path || 'g'
                          AND may_keep_roll)
         FROM emergency JOIN org_node AS node ON node.id = emergency.node
         JOIN person ON person.id = emergency.person
         LEFT JOIN person AS ended ON ended.id = emergency.ended_by
         WHERE EXISTS (SELECT 1 FROM assigned
                       WHERE may_see_emergency
                         AND ((node.path >= assigned.path AND node.path < assigned.path || 'g')
                           OR (assigned.path >= node.path AND assigned.path < node.path || 'g')))
         ORDER BY emergency.declared_at DESC, emergency.id LIMIT 200",
    ))?;
    let rows = statement.query_map(
        named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
        |row| {
            let ends_at = time(row, 6)?;
            Ok(EmergencyRow {
                id: id(row, 0, EmergencyId::from_bytes)?,
                node_name: row.get(1)?,
                level: level(row, 2)?,
                reason: row.get(3)?,
                ordered_by: row.get(4)?,
                starts_at: time(row, 5)?,
                ends_at,
                declared_by: row.get(7)?,
                declared_at: time(row, 8)?,
                ended_by: row.get(9)?,
                may_end: row.get::<_, bool>(10)? && ends_at > at,
                may_keep_roll: row.get(11)?,
            })
        },
    )?;
    collect(rows)
}

fn note_contacts(connection: &Connection, at: Timestamp) -> StorageResult<u64> {
    let noted = connection
        .prepare_cached(&format!(
            "INSERT OR IGNORE INTO emergency_check_in (emergency, person, means, at)
             SELECT emergency.id, person.id, 'phone', max(device.last_seen_at)
             FROM {ON_ROLL}
             JOIN device ON device.person = person.id AND device.revoked_at IS NULL
                 AND device.last_seen_at >= emergency.starts_at
             WHERE emergency.starts_at <= ?1 AND emergency.ends_at > ?1
               AND assignment.valid_from <= ?1
               AND (assignment.valid_to IS NULL OR assignment.valid_to > ?1)
             GROUP BY emergency.id, person.id"
        ))?
        .execute([at.as_millis()])?;
    Ok(noted as u64)
}

fn untell_over(connection: &Connection, at: Timestamp) -> StorageResult<u64> {
    let mut statement = connection
        .prepare_cached("SELECT id, node FROM emergency WHERE is_told = 1 AND ends_at <= ?1")?;
    let rows = statement.query_map([at.as_millis()], |row| {
        let of = id(row, 0, EmergencyId::from_bytes)?;
        Ok((of, id(row, 1, OrgNodeId::from_bytes)?))
    })?;
    let over = collect(rows)?;
    for (of, node) in &over {
        untell(connection, of, node, None, at)?;
    }
    Ok(over.len() as u64)
}

#[async_trait]
impl EmergencyStorage for SqliteStorage {
    async fn declare_emergency(&self, new: &NewEmergency) -> StorageResult<()> {
        let new = new.clone();
        self.write(move |connection, _| declare(connection, &new))
            .await
    }

    async fn end_emergency(
        &self,
        id: &EmergencyId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool> {
        let (id, person) = (*id, *person);
        self.write(move |connection, _| end(connection, &id, &person, at))
            .await
    }

    async fn list_emergencies(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<EmergencyRow>> {
        let person = *person;
        self.read(move |connection| list(connection, &person, at))
            .await
    }

    async fn find_emergency_level(
        &self,
        node: &OrgNodeId,
        at: Timestamp,
    ) -> StorageResult<Option<EmergencyLevel>> {
        let node = *node;
        self.read(move |connection| {
            let found = connection
                .prepare_cached(
                    "SELECT emergency.level FROM emergency
                     JOIN org_node AS node ON node.id = emergency.node
                     JOIN org_node AS place ON place.id = ?1
                     WHERE place.path >= node.path AND place.path < node.path || 'g'
                       AND emergency.starts_at <= ?2 AND emergency.ends_at > ?2
                     ORDER BY emergency.level DESC LIMIT 1",
                )?
                .query_row(params![node.as_bytes(), at.as_millis()], |row| {
                    level(row, 0)
                })
                .optional()?;
            Ok(found)
        })
        .await
    }

    async fn list_roll(
        &self,
        id: &EmergencyId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<RollRow>> {
        let (id, person) = (*id, *person);
        self.read(move |connection| roll_call::list(connection, &id, &person, at))
            .await
    }

    async fn check_in(
        &self,
        id: &EmergencyId,
        who: &PersonId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool> {
        let (id, who, person) = (*id, *who, *person);
        self.write(move |connection, _| roll_call::check_in(connection, &id, &who, &person, at))
            .await
    }

    async fn answer_roll_call(&self, new: &NewRollAnswer) -> StorageResult<RollDecision> {
        let new = new.clone();
        self.write(move |connection, _| roll_call::answer(connection, &new))
            .await
    }

    async fn note_contacts(&self, at: Timestamp) -> StorageResult<u64> {
        // Most of the time there is no emergency: no turn of the writer for that.
        let is_on = self
            .read(move |connection| {
                Ok(connection
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM emergency
                                        WHERE ends_at > ?1 AND starts_at <= ?1)",
                    )?
                    .query_row([at.as_millis()], |row| row.get::<_, bool>(0))?)
            })
            .await?;
        if !is_on {
            return Ok(0);
        }
        self.write(move |connection, _| note_contacts(connection, at))
            .await
    }

    async fn untell_emergencies(&self, at: Timestamp) -> StorageResult<u64> {
        self.write(move |connection, _| untell_over(connection, at))
            .await
    }

    async fn count_alarms(&self, person: &PersonId, at: Timestamp) -> StorageResult<u64> {
        let person = *person;
        self.read(move |connection| {
            let found: i64 = connection
                .prepare_cached(&in_scope(&format!(
                    "SELECT count(*) FROM incident_case AS c INDEXED BY incident_case_alarm
                     WHERE c.is_emergency = 1 AND c.state = 'reported' AND {}",
                    reads_incidents_of("c.grid")
                )))?
                .query_row(
                    named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
                    |row| row.get(0),
                )?;
            Ok(count(found))
        })
        .await
    }
}
