//! See [`QuarantineStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{DeviceId, GridId, PersonId, QuarantineId, RecordId, Timestamp};

use super::{SqliteStorage, commit::Homes, device, row, scope::in_scope};
use crate::storage::{
    DisplacedChange, NewQuarantine, QuarantineStorage, QuarantinedChange, StorageResult,
};

/// What a person may see: changes of their grids, of people assigned inside
/// their scope, and their own. What waits for a decision is in the review
/// inbox.
const VISIBLE: &str =
    "quarantine.code <> 'under_review' AND (quarantine.grid IN (SELECT id FROM scope_unsettled)
     OR quarantine.person IN (SELECT id FROM person_unsettled))";

pub(super) const SELECT: &str =
    "SELECT quarantine.id, quarantine.record, quarantine.kind, quarantine.grid,
        quarantine.hash, quarantine.bytes, quarantine.code, quarantine.detail,
        quarantine.device, device.name, quarantine.person, person.name, quarantine.received_at
    FROM quarantine
    JOIN device ON device.id = quarantine.device
    JOIN person ON person.id = quarantine.person";

pub(super) fn quarantined(row: &Row<'_>) -> rusqlite::Result<QuarantinedChange> {
    Ok(QuarantinedChange {
        change: NewQuarantine {
            id: row::id(row, 0, QuarantineId::from_bytes)?,
            record: row::id(row, 1, RecordId::from_bytes)?,
            kind: row::kind(row, 2)?,
            grid: row::id(row, 3, GridId::from_bytes)?,
            hash: row::hash(row, 4)?,
            bytes: row.get(5)?,
            code: row.get(6)?,
            detail: row.get(7)?,
        },
        device: row::id(row, 8, DeviceId::from_bytes)?,
        device_name: row.get(9)?,
        person: row::id(row, 10, PersonId::from_bytes)?,
        person_name: row.get(11)?,
        received_at: row::time(row, 12)?,
    })
}

/// Keeps a change apart, as one of this grid; answers the bytes it adds, 0 if it was kept before.
pub(super) fn insert(
    connection: &Connection,
    new: &NewQuarantine,
    grid: &GridId,
    device: &DeviceId,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<u64> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO quarantine (id, record, kind, grid, hash, bytes, code, detail, device,
                                     person, received_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (device, record, hash) DO NOTHING",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.record.as_bytes(),
            new.kind.number(),
            grid.as_bytes(),
            new.hash.as_bytes(),
            new.bytes,
            new.code,
            new.detail,
            device.as_bytes(),
            person.as_bytes(),
            at.as_millis(),
        ])?;
    Ok(if inserted == 0 {
        0
    } else {
        new.bytes.len() as u64
    })
}

#[async_trait]
impl QuarantineStorage for SqliteStorage {
    async fn keep_displaced(
        &self,
        changes: Vec<DisplacedChange>,
        device: &DeviceId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()> {
        let bringer = (*device, *person);
        self.write(move |connection, _| {
            let mut homes = Homes::default();
            for DisplacedChange { actor, change } in &changes {
                let is_kept = connection
                    .prepare_cached("SELECT 1 FROM quarantine WHERE record = ?1 AND hash = ?2")?
                    .exists(params![change.record.as_bytes(), change.hash.as_bytes()])?;
                if !is_kept {
                    let (device, person) =
                        device::find_owner(connection, actor)?.unwrap_or(bringer);
                    let grid = homes.find(connection, &change.grid, at)?;
                    insert(connection, change, &grid, &device, &person, at)?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn list_quarantine(
        &self,
        person: &PersonId,
        at: Timestamp,
        offset: u64,
        limit: u32,
    ) -> StorageResult<Vec<QuarantinedChange>> {
        let person = *person;
        self.read(move |connection| {
            let sql = in_scope(&format!(
                "{SELECT} WHERE {VISIBLE}
                 ORDER BY quarantine.received_at DESC, quarantine.id DESC
                 LIMIT :limit OFFSET :offset"
            ));
            let mut statement = connection.prepare_cached(&sql)?;
            row::collect(statement.query_map(
                named_params! {
                    ":person": person.as_bytes(),
                    ":at": at.as_millis(),
                    ":limit": limit,
                    ":offset": row::integer(offset),
                },
                quarantined,
            )?)
        })
        .await
    }

    async fn count_quarantine(&self, person: &PersonId, at: Timestamp) -> StorageResult<u64> {
        let person = *person;
        self.read(move |connection| {
            let sql = in_scope(&format!("SELECT count(*) FROM quarantine WHERE {VISIBLE}"));
            Ok(row::count(connection.prepare_cached(&sql)?.query_row(
                named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
                |row| row.get(0),
            )?))
        })
        .await
    }

    async fn find_quarantine(
        &self,
        id: &QuarantineId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Option<QuarantinedChange>> {
        let (id, person) = (*id, *person);
        self.read(move |connection| {
            let sql = in_scope(&format!("{SELECT} WHERE quarantine.id = :id AND {VISIBLE}"));
            Ok(connection
                .prepare_cached(&sql)?
                .query_row(
                    named_params! {
                        ":person": person.as_bytes(),
                        ":at": at.as_millis(),
                        ":id": id.as_bytes(),
                    },
                    quarantined,
                )
                .optional()?)
        })
        .await
    }
}
