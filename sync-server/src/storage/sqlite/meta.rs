//! See [`MetaStorage`].

use std::path::Path;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _};

use super::{SqliteStorage, row};
use crate::storage::{MetaStorage, StorageError, StorageResult};

#[async_trait]
impl MetaStorage for SqliteStorage {
    async fn find_meta(&self, key: &str) -> StorageResult<Option<Vec<u8>>> {
        let key = key.to_owned();
        self.read(move |connection| {
            Ok(connection
                .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
                    row.get(0)
                })
                .optional()?)
        })
        .await
    }

    async fn put_meta(&self, key: &str, value: &[u8]) -> StorageResult<()> {
        let (key, value) = (key.to_owned(), value.to_vec());
        self.write(move |connection, _| {
            connection.execute(
                "INSERT INTO meta (key, value) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
            )?;
            Ok(())
        })
        .await
    }

    async fn raise_sequence(&self, name: &str, to: u64) -> StorageResult<()> {
        let name = name.to_owned();
        self.write(move |connection, _| {
            connection.execute(
                "INSERT INTO sequence (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
                (name, row::integer(to)),
            )?;
            Ok(())
        })
        .await
    }

    async fn ping(&self) -> StorageResult<()> {
        self.read(|connection| {
            connection.query_row("SELECT count(*) FROM meta", [], |_| Ok(()))?;
            Ok(())
        })
        .await
    }

    async fn back_up(&self, to: &Path) -> StorageResult<()> {
        let (from, to) = (self.path.clone(), to.to_owned());
        let copy = move || -> StorageResult<()> {
            let target = to
                .to_str()
                .ok_or(StorageError::Missing("path in UTF-8"))?
                .to_owned();
            let connection = super::open_connection(&from, false)?;
            connection.execute("VACUUM INTO ?1", [&target])?;
            let copy = Connection::open(&target)?;
            copy.execute(
                "UPDATE meta SET value = randomblob(16) WHERE key = 'server_epoch'",
                [],
            )?;
            Ok(())
        };
        tokio::task::spawn_blocking(copy)
            .await
            .map_err(|_| StorageError::Database("the backup panicked".to_owned()))?
    }

    async fn close(&self) -> StorageResult<()> {
        self.readers.close();
        // Waits for the last commit; nothing else runs at this point.
        self.writer.stop();
        Ok(())
    }
}
