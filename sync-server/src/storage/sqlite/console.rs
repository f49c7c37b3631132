//! What only the console asks.

use async_trait::async_trait;
use rusqlite::named_params;
use wangge_model::{OrgNodeId, PersonId, QuarantineId, RecordId, Timestamp};

use super::{
    SqliteStorage,
    row::{collect, count, id, kind, optional_time, time},
    scope::in_scope,
};
use crate::storage::{
    ConsoleStorage, GridCounts, GridOverview, QuarantineReview, RecordName, StorageError,
    StorageResult,
};

/// Ids as a JSON list of hex texts, for `json_each`.
pub(super) fn id_list<'a>(ids: impl Iterator<Item = &'a [u8; 16]>) -> String {
    let quoted: Vec<String> = ids.map(|id| format!("\"{}\"", hex::encode(id))).collect();
    format!("[{}]", quoted.join(","))
}

#[async_trait]
impl ConsoleStorage for SqliteStorage {
    async fn list_grid_overviews(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<GridOverview>> {
        let person = *person;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&in_scope(
                "SELECT place.id, place.name, coalesce(place.code, ''),
                    (SELECT count(*) FROM record WHERE record.grid = place.id AND record.kind = 1
                         AND record.merged_into IS NULL),
                    (SELECT count(*) FROM record WHERE record.grid = place.id AND record.kind = 2
                         AND record.merged_into IS NULL),
                    (SELECT count(*) FROM record WHERE record.grid = place.id AND record.kind = 3
                         AND record.merged_into IS NULL),
                    (SELECT count(*) FROM record WHERE record.grid = place.id AND record.kind = 4
                         AND record.merged_into IS NULL),
                    (SELECT count(*) FROM record
                     WHERE record.grid = place.id AND record.conflict_count > 0
                       AND record.merged_into IS NULL),
                    (SELECT count(*) FROM quarantine
                     WHERE quarantine.grid = place.id AND quarantine.seen_at IS NULL
                       AND quarantine.code <> 'under_review'),
                    (SELECT max(device.last_seen_at)
                     FROM assignment JOIN device ON device.person = assignment.person
                     WHERE assignment.node = place.id AND assignment.valid_from <= :at
                       AND (assignment.valid_to IS NULL OR assignment.valid_to > :at))
                 FROM scope_count AS place
                 ORDER BY place.code, place.name",
            ))?;
            let rows = statement.query_map(
                named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
                |row| {
                    Ok(GridOverview {
                        id: id(row, 0, OrgNodeId::from_bytes)?,
                        name: row.get(1)?,
                        code: row.get(2)?,
                        counts: GridCounts {
                            households: count(row.get(3)?),
                            visits: count(row.get(4)?),
                            incidents: count(row.get(5)?),
                            places: count(row.get(6)?),
                            conflicts: count(row.get(7)?),
                            quarantined: count(row.get(8)?),
                        },
                        last_sync_at: optional_time(row, 9)?,
                    })
                },
            )?;
            collect(rows)
        })
        .await
    }

    async fn list_names_in_scope(
        &self,
        ids: &[RecordId],
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<(RecordId, RecordName)>> {
        let person = *person;
        let ids = id_list(ids.iter().map(RecordId::as_bytes));
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&in_scope(
                "SELECT record.id, record.kind, record.title FROM json_each(:ids) AS wanted
                 JOIN record ON record.id = unhex(wanted.value)
                 JOIN scope_record
                     ON scope_record.id = record.grid AND scope_record.kind = record.kind",
            ))?;
            let rows = statement.query_map(
                named_params! { ":person": person.as_bytes(), ":at": at.as_millis(), ":ids": ids },
                |row| {
                    let name = RecordName {
                        kind: kind(row, 1)?,
                        title: row.get(2)?,
                    };
                    Ok((id(row, 0, RecordId::from_bytes)?, name))
                },
            )?;
            collect(rows)
        })
        .await
    }

    async fn review_quarantine(
        &self,
        id: &QuarantineId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()> {
        let (id, person) = (*id, *person);
        self.write(move |connection, _| {
            let known: bool = connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM quarantine WHERE id = ?1)",
                [id.as_bytes()],
                |row| row.get(0),
            )?;
            if !known {
                return Err(StorageError::Missing("quarantine"));
            }
            connection.execute(
                "UPDATE quarantine SET seen_at = :at, seen_by = :person
                 WHERE id = :id AND seen_at IS NULL",
                named_params! {
                    ":id": id.as_bytes(), ":person": person.as_bytes(), ":at": at.as_millis(),
                },
            )?;
            Ok(())
        })
        .await
    }

    async fn list_quarantine_reviews(
        &self,
        ids: &[QuarantineId],
    ) -> StorageResult<Vec<QuarantineReview>> {
        let ids = id_list(ids.iter().map(QuarantineId::as_bytes));
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT quarantine.id, person.name, quarantine.seen_at
                 FROM json_each(?1) AS wanted
                 JOIN quarantine ON quarantine.id = unhex(wanted.value)
                 JOIN person ON person.id = quarantine.seen_by
                 WHERE quarantine.seen_at IS NOT NULL",
            )?;
            let rows = statement.query_map([ids], |row| {
                Ok(QuarantineReview {
                    id: id(row, 0, QuarantineId::from_bytes)?,
                    person_name: row.get(1)?,
                    at: time(row, 2)?,
                })
            })?;
            collect(rows)
        })
        .await
    }
}
