//! The crate's one error: each variant is something a shell does differently.

use wangge_model::{
    FieldPath, RecordId,
    case::CaseRefusal,
    document::{EditError, schema::FieldError},
    member_move::MemberMoveError,
    message::{Language, message, message_id},
    roll_call::RollRefusal,
    survey::SurveyError,
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
    /// The person's role in the grid may read such records and not write them.
    #[error("your role there may not write this kind of record")]
    NotAllowed,
    /// Nothing to write: the form is empty.
    #[error("nothing was entered")]
    Empty,
    /// A survey cannot be answered so: say which question and why.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// A person cannot be moved so: say why and let the person choose again.
    #[error(transparent)]
    MemberMove(#[from] MemberMoveError),
    /// What is asked for on a case cannot be asked so: say why, see
    /// [`CaseRefusal::text`].
    #[error(transparent)]
    CaseRefused(CaseRefusal),
    /// An answer to a roll call cannot count: say why, see [`RollRefusal::text`].
    #[error(transparent)]
    RollCall(RollRefusal),
    /// The record has too long a history for another edit.
    #[error("the record is full")]
    RecordFull,
    /// The phone has no space left: free some, the form is still there.
    #[error("the phone has no space left")]
    StorageFull,
    /// The phone's disk can be read but not written: restart the phone.
    #[error("the phone's disk is read-only")]
    ReadOnly,
    /// The database was damaged and has just been replaced; nothing unsent was
    /// lost. Do it again; see [`crate::Core::find_recovery`].
    #[error("the damaged data was replaced")]
    Rebuilt,
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

impl Error {
    /// Codes that have a `store-<code>` text.
    pub const STORE_CODES: &'static [&'static str] = &[
        "busy",
        "full",
        "read_only",
        "rebuilt",
        "newer_data",
        "wrong_key",
        "record_damaged",
        "damaged",
    ];

    /// Stable code of an error of the phone's own storage.
    pub const fn store_code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Busy => "busy",
            Self::StorageFull => "full",
            Self::ReadOnly => "read_only",
            Self::Rebuilt => "rebuilt",
            Self::NewerData => "newer_data",
            Self::WrongKey => "wrong_key",
            Self::Damaged { .. } => "record_damaged",
            Self::Corrupt(_) => "damaged",
            _ => return None,
        })
    }

    /// What to tell a person when the phone's storage fails: what happened,
    /// whether the data is safe, what to do.
    pub fn message(&self, language: Language) -> Option<String> {
        let id = message_id("store", self.store_code()?);
        Some(message(language, &id, &[]))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotEnrolled => Self::NotEnrolled,
            StoreError::NotGranted => Self::NotGranted,
            StoreError::NotAllowed => Self::NotAllowed,
            StoreError::Empty => Self::Empty,
            StoreError::RecordNotFound(_) => Self::NotFound { what: "record" },
            StoreError::DraftNotFound(_) => Self::NotFound { what: "draft" },
            StoreError::Edit(error) => error.into(),
            StoreError::MemberMove(error) => Self::MemberMove(error),
            StoreError::Full => Self::StorageFull,
            StoreError::NewerData { .. } => Self::NewerData,
            StoreError::Busy => Self::Busy,
            StoreError::WrongKey => Self::WrongKey,
            StoreError::Damaged { record, .. } => Self::Damaged { record },
            StoreError::Corrupt(reason) | StoreError::FileDamaged(reason) => Self::Corrupt(reason),
            StoreError::ReadOnly => Self::ReadOnly,
            StoreError::Rebuilt => Self::Rebuilt,
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

#[cfg(test)]
mod tests {
    use wangge_model::message::find_message;

    use super::*;

    #[test]
    fn every_storage_error_has_a_text_in_both_languages() {
        for code in Error::STORE_CODES {
            for language in Language::ALL {
                let id = message_id("store", code);
                assert!(
                    find_message(language, &id, &[]).is_some(),
                    "{} lacks {id}",
                    language.tag()
                );
            }
        }
    }
}
