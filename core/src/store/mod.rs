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

mod alias;
mod author;
mod columns;
mod connection;
mod digest;
mod document;
mod draft;
mod error;
mod exchange;
mod fact;
mod feed;
mod grid;
mod incarnation;
mod list;
mod migrate;
mod outbox;
mod proof;
mod quiz;
mod receipt;
mod record;
mod reference;
mod rescue;
mod roll_call;
mod roster;
mod search;
mod signs;
mod snapshot;
mod tidy;
mod work;

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
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use rusqlite::{Connection, Transaction};
use wangge_model::{Clock, Entropy, document::OpenDocuments};

pub use alias::Aliases;
pub use error::StoreError;
pub use fact::{PlanSource, PlannedGrid, PlannedHousehold, PlannedVisit};
pub use reference::HeldReference;
pub use rescue::Recovery;
pub use roll_call::KeptRollAnswer;
pub use work::{DoneSum, IncidentSum};

use crate::StoreKey;
use connection::{Connections, OldLog};
use rescue::{Beside, Copies, journal::Contents};

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
    /// No journal and no identity beside the database, for a database that is
    /// on a disk of its own. A damaged one is an error then.
    pub no_copies: bool,
    /// Operations of the documents kept open; `None` for [`OPEN_OPS`].
    pub open_ops: Option<u64>,
}

/// Operations of the documents a store keeps open, at most: some two megabytes,
/// about fifty records of the usual size. Whoever looks at a record will often
/// change it next, and more than once.
pub const OPEN_OPS: u64 = 10_000;

/// The database of one phone, open.
pub struct Store {
    connections: Connections,
    options: Arc<StoreOptions>,
    parts: StoreParts,
    /// What was opened or written lately.
    documents: Mutex<OpenDocuments>,
    /// The journal and the identity. Taken before `file`, never after.
    beside: Mutex<Option<Beside>>,
    /// Counts the files that were in place since opening; held shared by
    /// whoever uses the database, alone by whoever replaces it.
    file: RwLock<u64>,
    /// This opening's number; 0 before it has one.
    generation: AtomicI64,
    // Last, so that it is dropped last.
    _lock: File,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Whether a directory holds a store, or may hold one it does not let see.
    pub fn exists(directory: &Path) -> bool {
        [connection::DATABASE, rescue::identity::FILE]
            .iter()
            .any(|name| directory.join(name).try_exists().unwrap_or(true))
    }

    /// Opens or makes the store of a directory. A damaged database is set
    /// aside and replaced; [`Store::find_recovery`] tells of it.
    pub fn open(options: StoreOptions) -> Result<Self, StoreError> {
        Self::open_with(options, StoreParts::default())
    }

    /// As [`Store::open`], with parts of one's own.
    pub fn open_with(options: StoreOptions, parts: StoreParts) -> Result<Self, StoreError> {
        let options = Arc::new(options);
        std::fs::create_dir_all(&options.directory)?;
        let lock = connection::take_lock(&options.directory)?;
        let mut replaced = false;
        loop {
            let copies = if parts.no_copies {
                None
            } else {
                Some(Copies::read(&options)?)
            };
            let connections = rescue::open(&options, parts, copies.as_ref())?;
            let contents = copies.as_ref().map(|copies| copies.contents().clone());
            let store = Self {
                connections,
                documents: Mutex::new(OpenDocuments::new(parts.open_ops.unwrap_or(OPEN_OPS))),
                beside: Mutex::new(copies.map(|copies| copies.into_beside(&options))),
                options: Arc::clone(&options),
                parts,
                file: RwLock::new(0),
                generation: AtomicI64::new(0),
                _lock: lock.try_clone()?,
            };
            match store.prepare(&contents.unwrap_or_default()) {
                // Damage that showed while opening; once only.
                Err(StoreError::Rebuilt) if !replaced => replaced = true,
                other => return other.map(|()| store),
            }
        }
    }

    /// What an opening does before anybody uses the store.
    fn prepare(&self, contents: &Contents) -> Result<(), StoreError> {
        self.bind_incarnation(&self.options.directory)?;
        self.claim()?;
        self.take_from_journal(contents)?;
        self.settle_journal(true)?;
        self.write(fact::renew)?;
        self.checkpoint(OldLog::Kept)
    }

    /// Takes the next number of opening.
    fn claim(&self) -> Result<(), StoreError> {
        self.generation.store(0, Ordering::SeqCst);
        let generation = self.write(|tx| {
            // For a database of an app that had none.
            signs::make_secret(tx, self.options.entropy.as_ref())?;
            Ok(tx.query_row(
                "UPDATE phone SET generation = generation + 1 RETURNING generation",
                [],
                |row| row.get(0),
            )?)
        })?;
        self.generation.store(generation, Ordering::SeqCst);
        Ok(())
    }

    /// Works with the present file, and makes good what damage shows in it.
    fn attempt<T>(
        &self,
        work: impl FnOnce(&Connections) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (opened, result) = {
            let file = self.file.read().unwrap_or_else(PoisonError::into_inner);
            (*file, work(&self.connections))
        };
        self.note_damage(opened, result)
    }

    /// Runs `work` on a reader's view of the database.
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.attempt(|connections| connections.read(work))
    }

    /// Reads a row or two where the next save finds them warm; see
    /// [`Connections::read_before_write`].
    fn read_before_write<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.attempt(|connections| connections.read_before_write(work))
    }

    /// Runs `work` as one transaction; an error undoes all of it.
    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.attempt(|connections| {
            connections.write(|tx| {
                self.check_generation(tx)?;
                work(tx)
            })
        })
    }

    /// Folds the write-ahead log back into the database.
    fn fold_log(&self, log: OldLog) -> Result<(), StoreError> {
        self.attempt(|connections| connections.checkpoint(log))
    }

    /// [`StoreError::Busy`] if the database was opened again since: the lock's
    /// file may have been deleted, or the disk does not know locks. Whoever
    /// came last goes on alone.
    fn check_generation(&self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        let mine = self.generation.load(Ordering::SeqCst);
        if mine == 0 {
            return Ok(());
        }
        let found: i64 = tx
            .prepare_cached("SELECT generation FROM phone")?
            .query_row([], |row| row.get(0))?;
        if found == mine {
            Ok(())
        } else {
            tracing::error!(mine, found, "another process opened the database");
            Err(StoreError::Busy)
        }
    }

    /// A record that turned out damaged is marked and its grid fetched again
    /// at the next sync.
    ///
    /// A database that turned out damaged is replaced at once.
    fn note_damage<T>(&self, opened: u64, result: Result<T, StoreError>) -> Result<T, StoreError> {
        match result {
            Err(StoreError::Damaged { record, reason }) => {
                tracing::error!(%record, reason, "a record's document is damaged");
                let marked = self.connections.write(|tx| {
                    document::mark_damaged(tx, &record)?;
                    check_file(tx)
                });
                match marked {
                    Err(StoreError::FileDamaged(reason)) => {
                        Err(self.replace_damaged(opened, &reason))
                    }
                    marked => marked.and(Err(StoreError::Damaged { record, reason })),
                }
            }
            Err(StoreError::FileDamaged(reason)) => Err(self.replace_damaged(opened, &reason)),
            result => result,
        }
    }
}

/// A record that cannot be read may be one page of many: a page of zeros in
/// the middle of a document is no error to SQLite. Costs a walk through the
/// file, in a moment that should never come.
fn check_file(tx: &Transaction<'_>) -> Result<(), StoreError> {
    let said: String = tx.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" {
        Ok(())
    } else {
        Err(StoreError::FileDamaged(said))
    }
}
