//! Connections to the encrypted file: key, pragmas, one writer, a few readers,
//! and the lock that keeps a second process out.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use wangge_model::fault_point::{self, FailPoint};
use zeroize::Zeroizing;

use super::{StoreError, StoreParts, migrate};
use crate::StoreKey;

/// Name of the database file.
pub(super) const DATABASE: &str = "wangge.db";
/// Name of the file whose lock means "in use". A file of its own: SQLite's own
/// locks come and go with each transaction.
const LOCK: &str = "wangge.lock";

/// The first SQLite without the bug that could lose a commit when a
/// write-ahead log starts over (fixed in 3.51.3).
const OLDEST_SQLITE: i32 = 3_051_003;

/// Readers kept open; more are opened while needed and closed after.
const READERS: usize = 3;

/// Bytes of a page in new files. A save touches a dozen pages for a few hundred
/// bytes, and each is ciphered, sealed and logged whole: a quarter of SQLite's
/// usual size saves more than the deeper trees cost. See
/// docs/adr/0018-small-pages.md.
pub(super) const PAGE_BYTES: u32 = 1_024;
/// Bytes of a page in files made before that; they stay as they are.
const OLDER_PAGE_BYTES: u32 = 4_096;

/// Pages of write-ahead log after which a save folds it back itself. Only a
/// safety valve: [`super::Store::tidy`] does it long before, when nobody waits.
const LOG_PAGES: u32 = 32_000;

/// KiB of pages a connection keeps. With a quarter of it a first sync takes half
/// as long again, because its transactions no longer fit.
const CACHE_KIB: u32 = 8_000;

/// How long a statement waits for another connection of this process.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of the log that are kept to be written over; after a first sync it is
/// much longer.
const LOG_BYTES_KEPT: u32 = 4 << 20;

/// What becomes of a write-ahead log that was folded back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OldLog {
    /// It is written over by what follows.
    Kept,
    /// It goes at once: it may hold what was erased.
    Cut,
}

pub(super) struct Connections {
    path: PathBuf,
    key: StoreKey,
    parts: StoreParts,
    readers: Mutex<Vec<Connection>>,
    /// `None` while the file is being replaced, and after the disk failed.
    writer: Mutex<Option<Connection>>,
}

impl Connections {
    /// Opens or makes the database at `path`. The caller holds the lock of its
    /// directory.
    pub(super) fn open(path: &Path, key: StoreKey, parts: StoreParts) -> Result<Self, StoreError> {
        let version = rusqlite::version_number();
        if version < OLDEST_SQLITE {
            return Err(StoreError::UnfitBuild(format!(
                "SQLite {}",
                rusqlite::version()
            )));
        }
        let writer = open_writer(path, &key, parts)?;
        Ok(Self {
            path: path.to_owned(),
            key,
            parts,
            readers: Mutex::new(Vec::new()),
            writer: Mutex::new(Some(writer)),
        })
    }

    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let pooled = lock(&self.readers).pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => open_reader(&self.path, &self.key, self.parts.vfs)?,
        };
        let result = work(&connection);
        let mut readers = lock(&self.readers);
        // One that met an error may stay in it.
        if result.is_ok() && readers.len() < READERS {
            readers.push(connection);
        }
        result
    }

    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.with_writer(|writer| {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            fault_point::reach(FailPoint::PhoneWriteBeforeCommit)?;
            transaction.commit()?;
            fault_point::reach(FailPoint::PhoneWriteCommitted)?;
            Ok(result)
        })
    }

    /// Reads on the writer's connection, whose pages are at hand after a save
    /// while a reader has to fetch and decipher them anew. For what takes no
    /// longer than a save: saves wait meanwhile.
    pub(super) fn read_before_write<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.with_writer(|writer| work(writer))
    }

    /// Folds the write-ahead log back into the database. Its file is kept and
    /// written over, unless what is in it must not stay: forcing bytes into a
    /// file that does not grow takes the disk half the time.
    pub(super) fn checkpoint(&self, log: OldLog) -> Result<(), StoreError> {
        self.with_writer(|writer| {
            let pragma = match log {
                OldLog::Kept => "PRAGMA wal_checkpoint(RESTART)",
                OldLog::Cut => "PRAGMA wal_checkpoint(TRUNCATE)",
            };
            writer.query_row(pragma, [], |_| Ok(()))?;
            // What a sync left in the cache is not what saves need, and SQLite
            // walks through all of it whenever a save splits a page.
            writer.execute_batch("PRAGMA shrink_memory")?;
            Ok(())
        })
    }

    /// Closes everything while `work` puts another file in this one's place.
    /// Nobody may be reading meanwhile.
    pub(super) fn replace(
        &self,
        work: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut writer = lock(&self.writer);
        // All of them: the last one to close an old file would remove the new
        // file's log, which has the same name.
        lock(&self.readers).clear();
        *writer = None;
        work()?;
        *writer = Some(open_writer(&self.path, &self.key, self.parts)?);
        Ok(())
    }

    /// Works with the writer, and gives it up if the disk failed under it:
    /// SQLCipher answers every later call on such a connection with that error,
    /// or with one that reads like damage. It is opened again when needed.
    fn with_writer<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut slot = lock(&self.writer);
        let writer = match &mut *slot {
            Some(writer) => writer,
            none => none.insert(open_writer(&self.path, &self.key, self.parts)?),
        };
        let result = work(writer);
        if result
            .as_ref()
            .is_err_and(StoreError::leaves_connection_unsound)
        {
            *slot = None;
        }
        result
    }
}

/// Takes a mutex whoever panicked while holding it: a transaction that was
/// open is rolled back when it is dropped, so the connection is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often the lock is tried, and the pause in between: a process that is
/// just ending, or a child that was started and has not run its program yet,
/// holds it a moment longer than anybody uses the data.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// Takes the lock of a directory; it ends with the file, however the process
/// ends.
pub(super) fn take_lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    for _ in 1..LOCK_TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            _ => break,
        }
    }
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn open_writer(
    path: &Path,
    key: &StoreKey,
    StoreParts {
        vfs, further_steps, ..
    }: StoreParts,
) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut writer = open_keyed(path, key, flags, vfs)?;
    // Look before anything is written: a newer database stays as it is.
    migrate::check_version(&writer, further_steps)?;
    prepare_writer(&writer)?;
    migrate::migrate(&mut writer, further_steps)?;
    Ok(writer)
}

/// A connection that only reads.
pub(super) fn open_reader(
    path: &Path,
    key: &StoreKey,
    vfs: Option<&'static str>,
) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = match open_keyed(path, key, flags, vfs) {
        // The writer opened with it.
        Err(StoreError::WrongKey) => {
            return Err(StoreError::FileDamaged("the first page".to_owned()));
        }
        other => other?,
    };
    prepare_any(&reader)?;
    Ok(reader)
}

/// Opens the file and proves that the key fits before anything else is done.
///
/// A page that could not be read looks to SQLCipher like one of another key or
/// of another size. So that answer is asked for twice, and then without a key:
/// only if the disk does give the page is it believed.
fn open_keyed(
    path: &Path,
    key: &StoreKey,
    flags: OpenFlags,
    vfs: Option<&str>,
) -> Result<Connection, StoreError> {
    for page_bytes in [PAGE_BYTES, PAGE_BYTES, OLDER_PAGE_BYTES, OLDER_PAGE_BYTES] {
        match try_key(path, key, page_bytes, flags, vfs) {
            Err(StoreError::WrongKey) => {}
            other => return other,
        }
    }
    let without_key = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let raw = connect(path, without_key, vfs)?;
    match raw.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        Err(error) if error.sqlite_error_code() != Some(ErrorCode::NotADatabase) => {
            Err(error.into())
        }
        _ => Err(StoreError::WrongKey),
    }
}

fn connect(path: &Path, flags: OpenFlags, vfs: Option<&str>) -> Result<Connection, StoreError> {
    Ok(match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    })
}

fn try_key(
    path: &Path,
    key: &StoreKey,
    page_bytes: u32,
    flags: OpenFlags,
    vfs: Option<&str>,
) -> Result<Connection, StoreError> {
    let connection = connect(path, flags, vfs)?;
    let hex = Zeroizing::new(hex::encode(key.as_bytes()));
    // SHA-256 rather than SQLCipher's usual SHA-512 under each page's seal: phones
    // have instructions for it, which halves the cost of a page.
    // What fails comes back as a typed error; SQLCipher would also write it, page
    // by page, on standard error and into a phone's system log.
    let pragma = Zeroizing::new(format!(
        "PRAGMA cipher_log_level = NONE;
         PRAGMA key = \"x'{}'\"; PRAGMA cipher_hmac_algorithm = HMAC_SHA256;
         PRAGMA cipher_page_size = {page_bytes};",
        hex.as_str()
    ));
    connection.execute_batch(&pragma)?;
    let cipher: Option<String> = connection
        .query_row("PRAGMA cipher_version", [], |row| row.get(0))
        .unwrap_or_default();
    if cipher.is_none_or(|version| version.is_empty()) {
        return Err(StoreError::UnfitBuild(
            "SQLite without encryption".to_owned(),
        ));
    }
    let first_page = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    match first_page {
        Ok(()) => Ok(connection),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(StoreError::WrongKey)
        }
        Err(error) => Err(error.into()),
    }
}

fn prepare_any(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(&format!(
        "PRAGMA foreign_keys = ON;
         -- Temporary results never reach the disk, encrypted or not.
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{CACHE_KIB};"
    ))?;
    Ok(())
}

fn prepare_writer(connection: &Connection) -> Result<(), StoreError> {
    prepare_any(connection)?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         -- A commit is on the disk when it returns, also if the power fails.
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = {LOG_PAGES};
         PRAGMA journal_size_limit = {LOG_BYTES_KEPT};
         -- What is deleted is overwritten, so that erasing means it.
         PRAGMA secure_delete = ON;"
    ))?;
    if fault_point::is_planted("phone.commits_without_sync") {
        connection.execute_batch("PRAGMA synchronous = OFF")?;
    }
    Ok(())
}
