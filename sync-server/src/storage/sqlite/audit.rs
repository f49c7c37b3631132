//! See [`AuditStorage`].

use async_trait::async_trait;
use rusqlite::params;
use wangge_model::{AuditId, DeviceId, PersonId};

use super::{SqliteStorage, refused, row};
use crate::storage::{AuditEntry, AuditStorage, StorageResult};

#[async_trait]
impl AuditStorage for SqliteStorage {
    async fn create_audit(&self, entry: &AuditEntry) -> StorageResult<()> {
        let entry = entry.clone();
        self.write(move |connection, _| {
            connection
                .prepare_cached(
                    "INSERT INTO audit (id, at, person, device, action, target, detail)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    entry.id.as_bytes(),
                    entry.at.as_millis(),
                    entry.person.as_ref().map(PersonId::as_bytes),
                    entry.device.as_ref().map(DeviceId::as_bytes),
                    entry.action,
                    entry.target,
                    entry.detail,
                ])
                .map_err(|error| refused(error, "audit", "person or device"))?;
            Ok(())
        })
        .await
    }

    async fn list_audit(&self, limit: u32) -> StorageResult<Vec<AuditEntry>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, at, person, device, action, target, detail FROM audit
                 ORDER BY at DESC, rowid DESC LIMIT ?1",
            )?;
            row::collect(statement.query_map([limit], |row| {
                Ok(AuditEntry {
                    id: row::id(row, 0, AuditId::from_bytes)?,
                    at: row::time(row, 1)?,
                    person: row::optional_id(row, 2, PersonId::from_bytes)?,
                    device: row::optional_id(row, 3, DeviceId::from_bytes)?,
                    action: row.get(4)?,
                    target: row.get(5)?,
                    detail: row.get(6)?,
                })
            })?)
        })
        .await
    }
}
