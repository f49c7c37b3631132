//! What can go wrong in the phone's store.

use rusqlite::ErrorCode;
use wangge_model::{RecordId, document::EditError, member_move::MemberMoveError};

/// Why the store did not do what it was asked; it did none of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the database open.
    #[error("another process uses this store")]
    Busy,
    /// The key does not open the database (or its first page is damaged,
    /// which encryption makes look the same). Nothing was touched.
    #[error("the key does not open the database")]
    WrongKey,
    /// Written by a newer app. Nothing was touched.
    #[error("the database has version {found}, this build knows {known}")]
    NewerData {
        /// Version of the file.
        found: i64,
        /// Newest version of this build.
        known: i64,
    },
    /// A value in the database is none that this store writes.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// The database file is damaged; what is readable of it is carried over to
    /// a new one.
    #[error("the database file is damaged: {0}")]
    FileDamaged(String),
    /// The database file was damaged and has just been replaced. Nothing of
    /// this call was done; the next one finds a working store.
    #[error("the damaged database was replaced")]
    Rebuilt,
    /// The disk can be read but not written.
    #[error("the disk is read-only")]
    ReadOnly,
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The phone is not enrolled.
    #[error("this phone is not enrolled")]
    NotEnrolled,
    /// The grid is not granted to the person.
    #[error("the grid is not granted")]
    NotGranted,
    /// The person's role in the grid may not write such records.
    #[error("the role may not write this kind of record")]
    NotAllowed,
    /// Nothing was filled in.
    #[error("a record without content")]
    Empty,
    /// There is no such record here.
    #[error("no record {0}")]
    RecordNotFound(RecordId),
    /// There is no such draft.
    #[error("no draft {0}")]
    DraftNotFound(RecordId),
    /// The document refused the edit.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// A person cannot be moved so.
    #[error(transparent)]
    MemberMove(#[from] MemberMoveError),
    /// A record's document cannot be read; it is marked to be fetched again.
    #[error("record {record} is damaged: {reason}")]
    Damaged {
        /// Which one.
        record: RecordId,
        /// What the decoder said.
        reason: String,
    },
    /// A receipt for other items than the manifest it names.
    #[error("the receipt of push {0} is for other items")]
    ForeignReceipt(u64),
    /// The SQLite this build carries lacks what the store needs.
    #[error("unfit build: {0}")]
    UnfitBuild(String),
    /// A file beside the database (lock, incarnation) could not be used.
    #[error("file access failed: {0}")]
    Io(#[source] std::io::Error),
    /// Any other database error.
    #[error("database error: {0}")]
    Sqlite(#[source] rusqlite::Error),
}

impl StoreError {
    /// Whether the connection that met this may be stuck in it.
    pub(super) fn leaves_connection_unsound(&self) -> bool {
        matches!(
            self,
            Self::Sqlite(_) | Self::FileDamaged(_) | Self::WrongKey | Self::Io(_)
        )
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        // The file that indexes the log cannot grow; SQLite does not say why,
        // and there is no other reason.
        if error
            .sqlite_error()
            .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
        {
            return Self::Full;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::FileDamaged(error.to_string())
            }
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Sqlite(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Self::ReadOnly,
            _ => Self::Io(error),
        }
    }
}
