//! See [`LedgerStorage`].

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, params};
use wangge_model::{GridId, PersonId, RecordId, duplicate::MatchDigest};

use super::{SqliteStorage, commit, refused, row};
use crate::storage::{
    Commit, CommitOutcome, LedgerRow, LedgerStorage, LedgerTemplate, StorageResult,
};

#[async_trait]
impl LedgerStorage for SqliteStorage {
    async fn list_ledger_rows(&self, keys: &[MatchDigest]) -> StorageResult<Vec<LedgerRow>> {
        let keys = keys.to_vec();
        self.read(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT record, digest, cells FROM ledger_row WHERE key = ?1")?;
            let mut rows = Vec::new();
            for key in keys {
                let found = statement
                    .query_row([key.as_bytes()], |row| {
                        Ok(LedgerRow {
                            key,
                            record: row::id(row, 0, RecordId::from_bytes)?,
                            digest: row::id(row, 1, MatchDigest::from_bytes)?,
                            cells: row.get(2)?,
                        })
                    })
                    .optional()?;
                rows.extend(found);
            }
            Ok(rows)
        })
        .await
    }

    async fn list_homes(&self, ids: &[RecordId]) -> StorageResult<Vec<(RecordId, GridId)>> {
        let ids = ids.to_vec();
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT grid FROM record WHERE id = ?1")?;
            let mut homes = Vec::new();
            for id in ids {
                let home = statement
                    .query_row([id.as_bytes()], |row| row::id(row, 0, GridId::from_bytes))
                    .optional()?;
                homes.extend(home.map(|grid| (id, grid)));
            }
            Ok(homes)
        })
        .await
    }

    async fn commit_ledger(
        &self,
        commit: Commit,
        rows: Vec<LedgerRow>,
    ) -> StorageResult<CommitOutcome> {
        self.write(move |connection, batch| {
            let at = commit.at;
            let outcome = commit::commit(connection, batch, commit)?;
            let mut statement = connection.prepare_cached(
                "INSERT INTO ledger_row (key, record, digest, cells, imported_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (key) DO UPDATE SET record = excluded.record,
                     digest = excluded.digest, cells = excluded.cells,
                     imported_at = excluded.imported_at",
            )?;
            for row in rows {
                statement.execute(params![
                    row.key.as_bytes(),
                    row.record.as_bytes(),
                    row.digest.as_bytes(),
                    row.cells,
                    at.as_millis(),
                ])?;
            }
            Ok(outcome)
        })
        .await
    }

    async fn put_ledger_template(&self, template: &LedgerTemplate) -> StorageResult<()> {
        let template = template.clone();
        self.write(move |connection, _| {
            connection
                .prepare_cached(
                    "INSERT INTO ledger_template (person, name, headings, mapping, used_at)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (person, name) DO UPDATE SET headings = excluded.headings,
                         mapping = excluded.mapping, used_at = excluded.used_at",
                )?
                .execute(params![
                    template.person.as_bytes(),
                    template.name,
                    template.headings,
                    template.mapping,
                    template.used_at.as_millis(),
                ])
                .map_err(|error| refused(error, "template", "person"))?;
            Ok(())
        })
        .await
    }

    async fn list_ledger_templates(&self, person: &PersonId) -> StorageResult<Vec<LedgerTemplate>> {
        let person = *person;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, headings, mapping, used_at FROM ledger_template
                 WHERE person = ?1 ORDER BY used_at DESC, name",
            )?;
            let rows = statement.query_map([person.as_bytes()], |row| {
                Ok(LedgerTemplate {
                    person,
                    name: row.get(0)?,
                    headings: row.get(1)?,
                    mapping: row.get(2)?,
                    used_at: row::time(row, 3)?,
                })
            })?;
            row::collect(rows)
        })
        .await
    }
}
