//! See [`ReviewStorage`].

use async_trait::async_trait;
use rusqlite::{named_params, params};
use wangge_model::{
    DeviceId, GridId, PersonId, QuarantineId, RecordId, Timestamp, protocol::Decision,
};

use super::{
    SqliteStorage,
    quarantine::{self, SELECT},
    row,
    scope::in_scope,
};
use crate::storage::{NewDecision, PendingReview, QuarantinedChange, ReviewStorage, StorageResult};

/// What waits: nobody decided, and it did not come in some other way (its
/// author may have got the grid back). Seen where the record is now, or else
/// was filed, and by whoever looks after its author.
const WAITING: &str = "quarantine.code = 'under_review'
    AND NOT EXISTS (SELECT 1 FROM decision WHERE decision.quarantine = quarantine.id)
    AND NOT EXISTS (SELECT 1 FROM authorship
                    WHERE authorship.record = quarantine.record
                      AND authorship.hash = quarantine.hash)
    AND (coalesce(record.grid, quarantine.grid) IN (SELECT id FROM scope_unsettled)
         OR quarantine.person IN (SELECT id FROM person_unsettled))";

#[async_trait]
impl ReviewStorage for SqliteStorage {
    async fn list_reviews(
        &self,
        person: &PersonId,
        at: Timestamp,
        offset: u64,
        limit: u32,
    ) -> StorageResult<Vec<PendingReview>> {
        let person = *person;
        self.read(move |connection| {
            // The bare columns are those of the group's first change.
            let sql = in_scope(&format!(
                "SELECT quarantine.id, quarantine.record, quarantine.kind,
                        coalesce(record.title, ''), coalesce(record.grid, quarantine.grid),
                        coalesce(org_node.name, ''), person.name, device.name, count(*),
                        min(quarantine.received_at)
                 FROM quarantine
                 JOIN device ON device.id = quarantine.device
                 JOIN person ON person.id = quarantine.person
                 LEFT JOIN record ON record.id = quarantine.record
                 LEFT JOIN org_node ON org_node.id = coalesce(record.grid, quarantine.grid)
                 WHERE {WAITING}
                 GROUP BY quarantine.device, quarantine.record
                 ORDER BY min(quarantine.received_at), quarantine.id
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
                |row| {
                    Ok(PendingReview {
                        id: row::id(row, 0, QuarantineId::from_bytes)?,
                        record: row::id(row, 1, RecordId::from_bytes)?,
                        kind: row::kind(row, 2)?,
                        title: row.get(3)?,
                        grid: row::id(row, 4, GridId::from_bytes)?,
                        grid_name: row.get(5)?,
                        person_name: row.get(6)?,
                        device_name: row.get(7)?,
                        changes: row::count(row.get(8)?),
                        received_at: row::time(row, 9)?,
                    })
                },
            )?)
        })
        .await
    }

    async fn count_reviews(&self, person: &PersonId, at: Timestamp) -> StorageResult<u64> {
        let person = *person;
        self.read(move |connection| {
            let sql = in_scope(&format!(
                "SELECT count(*) FROM (
                     SELECT 1 FROM quarantine
                     LEFT JOIN record ON record.id = quarantine.record
                     WHERE {WAITING} GROUP BY quarantine.device, quarantine.record)"
            ));
            Ok(row::count(connection.prepare_cached(&sql)?.query_row(
                named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
                |row| row.get(0),
            )?))
        })
        .await
    }

    async fn list_review_changes(
        &self,
        id: &QuarantineId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<QuarantinedChange>> {
        let (id, person) = (*id, *person);
        self.read(move |connection| {
            let sql = in_scope(&format!(
                "{SELECT}
                 JOIN quarantine AS chosen ON chosen.id = :id
                      AND chosen.device = quarantine.device
                      AND chosen.record = quarantine.record
                 LEFT JOIN record ON record.id = quarantine.record
                 WHERE {WAITING}
                 ORDER BY quarantine.received_at, quarantine.id"
            ));
            let mut statement = connection.prepare_cached(&sql)?;
            row::collect(statement.query_map(
                named_params! {
                    ":person": person.as_bytes(),
                    ":at": at.as_millis(),
                    ":id": id.as_bytes(),
                },
                quarantine::quarantined,
            )?)
        })
        .await
    }

    async fn decide(&self, decision: &NewDecision) -> StorageResult<()> {
        let decision = decision.clone();
        self.write(move |connection, _| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO decision (quarantine, device, accepted, reason, person, decided_at)
                 SELECT id, device, ?2, ?3, ?4, ?5 FROM quarantine WHERE id = ?1
                 ON CONFLICT (quarantine) DO NOTHING",
            )?;
            for id in &decision.changes {
                insert.execute(params![
                    id.as_bytes(),
                    decision.accepted,
                    decision.reason,
                    decision.person.as_bytes(),
                    decision.at.as_millis(),
                ])?;
            }
            Ok(())
        })
        .await
    }

    async fn list_decisions(
        &self,
        device: &DeviceId,
        after: u64,
        limit: u32,
    ) -> StorageResult<Vec<Decision>> {
        let device = *device;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT decision.number, quarantine.record, quarantine.hash, decision.accepted,
                        decision.reason, record.grid
                 FROM decision
                 JOIN quarantine ON quarantine.id = decision.quarantine
                 LEFT JOIN record ON record.id = quarantine.record
                 WHERE decision.device = ?1 AND decision.number > ?2
                 ORDER BY decision.number LIMIT ?3",
            )?;
            row::collect(statement.query_map(
                params![device.as_bytes(), row::integer(after), limit],
                |row| {
                    Ok(Decision {
                        number: row::count(row.get(0)?),
                        record: row::id(row, 1, RecordId::from_bytes)?,
                        hash: row::hash(row, 2)?,
                        accepted: row.get(3)?,
                        reason: row.get(4)?,
                        grid: row::optional_id(row, 5, GridId::from_bytes)?,
                    })
                },
            )?)
        })
        .await
    }
}
