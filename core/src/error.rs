//! The crate's one error: each variant is something a shell does differently.

use wangge_model::{
    FieldPath, RecordId,
    document::{EditError, schema::FieldError},
};

use crate::{store::StoreError, sync::SyncError};

/// What every fallible method of [`crate::Core`] gives back.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something was not done. Nothing was changed by it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value does not fit its field: show it at the field.
    #[error("{path}: {reason}")]
    Invalid {
        /// The field.
        path: FieldPath,
        /// Why; its texts are `field-<code>` in the message files.
        #[source]
        reason: FieldError,
    },
    /// There is no such record or draft on this phone.
    #[error("no such {what}")]
    NotFound {
        /// `record`, `draft` or `grid`.
        what: &'static str,
    },
    /// The phone belongs to nobody yet: enrol first.
    #[error("this phone is not enrolled")]
    NotEnrolled,
    /// The grid is not among those the person works in.
    #[error("this grid is not one of yours")]
    NotGranted,
    /// Nothing to write: the form is empty.
    #[error("nothing was entered")]
    Empty,
    /// The record has too long a history for another edit.
    #[error("the record is full")]
    RecordFull,
    /// The phone has no space left: free some, the form is still there.
    #[error("the phone has no space left")]
    StorageFull,
    /// The database was written by a newer app: update the app.
    #[error("the data was written by a newer version of the app")]
    NewerData,
    /// Another process has the database open.
    #[error("another process uses the data")]
    Busy,
    /// The key does not open the database.
    #[error("the key does not open the data")]
    WrongKey,
    /// One record cannot be read; it will be fetched again.
    #[error("record {record} is damaged")]
    Damaged {
        /// Which one.
        record: RecordId,
    },
    /// The database is damaged.
    #[error("the data is damaged: {0}")]
    Corrupt(String),
    /// Sync or enrolment failed.
    #[error(transparent)]
    Sync(SyncError),
    /// Something that should not happen; the reason is for the log.
    #[error("unexpected: {0}")]
    Unexpected(String),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotEnrolled => Self::NotEnrolled,
            StoreError::NotGranted => Self::NotGranted,
            StoreError::RecordNotFound(_) => Self::NotFound { what: "record" },
            StoreError::DraftNotFound(_) => Self::NotFound { what: "draft" },
            StoreError::Edit(error) => error.into(),
            StoreError::Full => Self::StorageFull,
            StoreError::NewerData { .. } => Self::NewerData,
            StoreError::Busy => Self::Busy,
            StoreError::WrongKey => Self::WrongKey,
            StoreError::Damaged { record, .. } => Self::Damaged { record },
            StoreError::Corrupt(reason) => Self::Corrupt(reason),
            error @ (StoreError::ForeignReceipt(_)
            | StoreError::UnfitBuild(_)
            | StoreError::Io(_)
            | StoreError::Sqlite(_)) => Self::Unexpected(error.to_string()),
        }
    }
}

impl From<EditError> for Error {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Field { path, reason } => Self::Invalid { path, reason },
            EditError::RecordFull => Self::RecordFull,
            EditError::Document(reason) => Self::Unexpected(reason),
        }
    }
}

impl From<SyncError> for Error {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error) => error.into(),
            SyncError::NotEnrolled => Self::NotEnrolled,
            error => Self::Sync(error),
        }
    }
}
