//! What can go wrong in the phone's store.

use rusqlite::ErrorCode;
use wangge_model::{RecordId, document::EditError};

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
    /// The database is damaged.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The phone is not enrolled.
    #[error("this phone is not enrolled")]
    NotEnrolled,
    /// The grid is not granted to the person.
    #[error("the grid is not granted")]
    NotGranted,
    /// There is no such record here.
    #[error("no record {0}")]
    RecordNotFound(RecordId),
    /// There is no such draft.
    #[error("no draft {0}")]
    DraftNotFound(RecordId),
    /// The document refused the edit.
    #[error(transparent)]
    Edit(#[from] EditError),
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

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt(error.to_string())
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Sqlite(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            Self::Full
        } else {
            Self::Io(error)
        }
    }
}
