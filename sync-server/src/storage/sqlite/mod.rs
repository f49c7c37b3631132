//! The embedded backend: one SQLite file, one writer thread that commits for
//! everybody at once, and a few readers.
//!
//! * [`migrate`](self) the schema; [`writer`](self) the group commit;
//!   [`readers`](self) the pool. The other files are one concept each.

mod api_token;
mod assessment;
mod audit;
mod authorship;
mod call_out;
mod campaign;
mod case;
mod commit;
mod console;
mod console_session;
mod device;
mod division;
mod due;
mod duplicate;
mod duty;
mod emergency;
mod feed;
mod finding;
mod follow_up_mark;
mod grid_map;
mod hotline;
mod ledger;
mod likeness;
mod list;
mod message;
mod meta;
mod migrate;
mod moves;
mod org;
mod person;
mod quarantine;
mod readers;
mod record;
mod reference;
mod register;
mod resident;
mod review;
mod roll_call;
mod row;
mod scope;
mod survey;
mod task;
mod verify;
mod visit;
mod work;
mod writer;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

pub use migrate::SCHEMA_VERSION;
pub use verify::{Finding, Verified, find_schema_version, verify};

use self::{
    readers::Readers,
    writer::{Batch, Writer},
};
use super::{StorageError, StorageResult};

/// Oldest SQLite without the fault that loses a commit when the write-ahead log
/// is reset while another connection checkpoints.
const OLDEST_SQLITE: (i32, &str) = (3_051_003, "3.51.3");

/// The embedded backend.
#[derive(Debug)]
pub struct SqliteStorage {
    path: PathBuf,
    readers: Readers,
    writer: Writer,
}

impl SqliteStorage {
    /// Opens the database file, makes it if there is none, and brings its
    /// schema up to date.
    pub fn open(path: &Path) -> StorageResult<Self> {
        if rusqlite::version_number() < OLDEST_SQLITE.0 {
            return Err(StorageError::SqliteTooOld {
                found: rusqlite::version().to_owned(),
                needed: OLDEST_SQLITE.1,
            });
        }
        let mut connection = open_connection(path, false)?;
        migrate::migrate(&mut connection, migrate::MIGRATIONS)?;
        Ok(Self {
            path: path.to_owned(),
            readers: Readers::open(path)?,
            writer: Writer::start(connection)?,
        })
    }

    /// Runs a read on a pooled connection, off the async threads.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> StorageResult<T> + Send + 'static,
    ) -> StorageResult<T> {
        self.readers.run(work).await
    }

    /// Runs a write in the next group commit; answers once it is durable.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &mut Batch) -> StorageResult<T> + Send + 'static,
    ) -> StorageResult<T> {
        self.writer.run(work).await
    }
}

/// A connection with the settings every one of ours has.
fn open_connection(path: &Path, read_only: bool) -> StorageResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A receipt promises that a power cut loses nothing: FULL syncs the log at
    // every commit, NORMAL would not.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    scope::add_functions(&connection)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "cache_size", if read_only { -1_000 } else { -4_000 })?;
    if read_only {
        connection.pragma_update(None, "query_only", true)?;
    }
    Ok(connection)
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// Turns a violated uniqueness or reference into the word for it.
fn refused(error: rusqlite::Error, taken: &'static str, missing: &'static str) -> StorageError {
    use rusqlite::ffi;
    match error.sqlite_error().map(|error| error.extended_code) {
        Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            StorageError::Taken(taken)
        }
        Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => StorageError::Missing(missing),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MetaStorage as _;

    #[test]
    fn the_linked_sqlite_is_new_enough() {
        assert!(
            rusqlite::version_number() >= OLDEST_SQLITE.0,
            "{}",
            rusqlite::version()
        );
    }

    #[tokio::test]
    async fn sqlite_keeps_every_promise_of_storage() {
        let folder = tempfile::tempdir().unwrap();
        let count = std::sync::atomic::AtomicU32::new(0);
        crate::storage::contract::run_all(|| async {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let path = folder.path().join(format!("{number}.sqlite"));
            let storage: std::sync::Arc<dyn crate::storage::Storage> =
                std::sync::Arc::new(SqliteStorage::open(&path).unwrap());
            storage
        })
        .await;
    }

    #[tokio::test]
    async fn a_closed_storage_opens_again_with_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wangge.sqlite");
        let storage = SqliteStorage::open(&path).unwrap();
        storage.put_meta("a", b"1").await.unwrap();
        storage.close().await.unwrap();
        assert!(matches!(
            storage.put_meta("a", b"2").await,
            Err(StorageError::Closed)
        ));
        drop(storage);
        let storage = SqliteStorage::open(&path).unwrap();
        assert_eq!(
            storage.find_meta("a").await.unwrap().as_deref(),
            Some(b"1".as_slice())
        );
    }
}
