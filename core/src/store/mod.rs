//! The encrypted database of one phone: documents, their list rows, the
//! outbox, what the server answered, drafts. `docs/database.md` describes it.
//!
//! * One writer, a few readers; one process at a time ([`StoreError::Busy`]).
//! * **One save is one transaction is one fsync.** The write-ahead log is
//!   folded back in [`Store::tidy`] and not inside a save.
//! * The Automerge document is the truth; every column of `record` after
//!   `conflict_count`, and `search`, can be rebuilt from it.
//!
//! What a change may contain is judged in `wangge_model`; what travels when, in
//! the sync engine, which sees this store as a [`crate::port::SyncStore`].

mod author;
mod columns;
mod connection;
mod digest;
mod document;
mod draft;
mod error;
mod exchange;
mod feed;
mod grid;
mod incarnation;
mod list;
mod migrate;
mod outbox;
mod receipt;
mod record;
mod search;
mod snapshot;
mod tidy;

#[cfg(any(test, feature = "testing"))]
mod inspect;
#[cfg(test)]
mod sync_count;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::{Connection, Transaction};
use wangge_model::{Clock, Entropy};

pub use error::StoreError;

use crate::StoreKey;
use connection::Connections;

/// Where the store is and what it needs.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Directory of the database and the files beside it.
    pub directory: PathBuf,
    /// The database's key.
    pub key: StoreKey,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
}

/// What tests put in the place of the usual: a disk that fails, a newer app.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoreParts {
    /// Name of the file layer (VFS) registered with SQLite; `None` for the
    /// system's.
    pub vfs: Option<&'static str>,
    /// Migration steps after the ones this build knows, each a name and its
    /// SQL.
    pub further_steps: &'static [(&'static str, &'static str)],
}

/// The database of one phone, open.
pub struct Store {
    connections: Connections,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Whether a directory holds a store, or may hold one it does not let see.
    pub fn exists(directory: &Path) -> bool {
        directory
            .join(connection::DATABASE)
            .try_exists()
            .unwrap_or(true)
    }

    /// Opens or makes the store of a directory.
    pub fn open(options: StoreOptions) -> Result<Self, StoreError> {
        Self::open_with(options, StoreParts::default())
    }

    /// As [`Store::open`], with parts of one's own.
    pub fn open_with(options: StoreOptions, parts: StoreParts) -> Result<Self, StoreError> {
        let connections = Connections::open(&options.directory, options.key, parts)?;
        let store = Self {
            connections,
            clock: options.clock,
            entropy: options.entropy,
        };
        store.bind_incarnation(&options.directory)?;
        store.checkpoint()?;
        Ok(store)
    }

    /// Runs `work` on a reader's view of the database.
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self.connections.read(work);
        self.note_damage(result)
    }

    /// Runs `work` as one transaction; an error undoes all of it.
    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result = self.connections.write(work);
        self.note_damage(result)
    }

    /// A record that turned out damaged is marked and its grid fetched again
    /// at the next sync.
    fn note_damage<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Damaged { record, reason }) = &result {
            tracing::error!(%record, reason, "a record's document is damaged");
            self.connections
                .write(|tx| document::mark_damaged(tx, record))?;
        }
        result
    }
}
