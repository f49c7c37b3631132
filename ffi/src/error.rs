//! The one error of the boundary. Each variant is something a shell does
//! differently; a new error of the core does not compile until it has one.
//!
//! No field may be called `message`: Kotlin exceptions have one already.

use wangge_core::{Error, StoreError, sync::SyncError};
use wangge_model::{
    RecordId,
    document::schema::FieldError,
    member_move::MemberMoveError,
    message::{Language, field_error_message, message, message_id},
    protocol::EnrolmentLinkError,
    survey::{ANSWERS, SurveyError},
};

/// Why something was not done. Nothing was changed by it, and nothing that was
/// entered is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum AppError {
    /// The server cannot be reached. Go on working; sync later.
    #[error("the server cannot be reached")]
    Offline,
    /// The server no longer accepts this phone's key. Enrol again.
    #[error("the server does not accept this phone's signature")]
    SignInNeeded,
    /// The phone belongs to nobody yet. Enrol.
    #[error("this phone is not enrolled")]
    NotEnrolled,
    /// There is no such thing on this phone.
    #[error("no such {what}")]
    NotFound {
        /// `record`, `draft`, `grid`, …
        what: String,
    },
    /// A value does not fit its field. Show the text at the field.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field's path; `link` for an enrolment link.
        field: String,
        /// Stable code.
        reason: String,
        /// What to tell in Chinese.
        zh: String,
        /// What to tell in English.
        en: String,
    },
    /// Nothing was entered, so there is nothing to save.
    #[error("nothing was entered")]
    Empty,
    /// The grid is not one the person works in. Sync, or choose another.
    #[error("this grid is not one of yours")]
    NotGranted,
    /// The person's role in the grid does not write such records. Offer no form.
    #[error("your role there may not write this kind of record")]
    NotAllowed,
    /// The record's history is full; a new file has to be started.
    #[error("the record is full")]
    RecordFull,
    /// The phone's storage did not take it: full, read-only, in use by another
    /// process, damaged and just replaced. Show the text; the form is still
    /// there.
    #[error("the phone's storage failed: {code}")]
    Storage {
        /// Stable code: `busy`, `full`, `read_only` or `rebuilt`.
        code: String,
        /// What to tell in Chinese: what happened, what is safe, what to do.
        zh: String,
        /// What to tell in English.
        en: String,
    },
    /// The data was written by a newer app. Ask to update.
    #[error("the data was written by a newer version of the app")]
    NewerData,
    /// Another sync is running.
    #[error("busy")]
    Busy,
    /// The database cannot be opened with the key in the secret store.
    #[error("the key does not open the data")]
    WrongKey,
    /// One record cannot be read. Sync fetches it again.
    #[error("record {record} is damaged")]
    RecordDamaged {
        /// Which one.
        record: RecordId,
    },
    /// The database is damaged.
    #[error("the data is damaged: {reason}")]
    Damaged {
        /// For the log.
        reason: String,
    },
    /// The server said no, or is not the one this phone was enrolled with.
    /// Show the text.
    #[error("refused: {code}")]
    Refused {
        /// Stable code.
        code: String,
        /// What to tell in Chinese.
        zh: String,
        /// What to tell in English.
        en: String,
    },
    /// A sync broke off for a reason that lies in app, phone or server. Show
    /// the text; trying again may help.
    #[error("the sync failed: {code}")]
    SyncFailed {
        /// Stable code.
        code: String,
        /// What to tell in Chinese.
        zh: String,
        /// What to tell in English.
        en: String,
    },
    /// The person or the system stopped it.
    #[error("cancelled")]
    Cancelled,
    /// Something that should not happen.
    #[error("unexpected: {reason}")]
    Unexpected {
        /// For the log.
        reason: String,
    },
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid { path, reason } => invalid(path.into(), &reason),
            Error::NotFound { what } => Self::NotFound {
                what: what.to_owned(),
            },
            Error::NotEnrolled => Self::NotEnrolled,
            Error::NotGranted => Self::NotGranted,
            Error::NotAllowed => Self::NotAllowed,
            Error::Empty => Self::Empty,
            Error::MemberMove(error) => member_move(error),
            Error::Survey(error) => survey(&error),
            Error::RollCall(refusal) => Self::Invalid {
                field: "roll_call".to_owned(),
                reason: refusal.code().to_owned(),
                zh: refusal.text(Language::Chinese),
                en: refusal.text(Language::English),
            },
            Error::CaseRefused(refusal) => Self::Invalid {
                field: "request".to_owned(),
                reason: refusal.code().to_owned(),
                zh: refusal.text(Language::Chinese),
                en: refusal.text(Language::English),
            },
            Error::RecordFull => Self::RecordFull,
            error @ (Error::Busy | Error::StorageFull | Error::ReadOnly | Error::Rebuilt) => {
                storage(&error)
            }
            Error::NewerData => Self::NewerData,
            Error::WrongKey => Self::WrongKey,
            Error::Damaged { record } => Self::RecordDamaged { record },
            Error::Corrupt(reason) => {
                tracing::error!(reason, "the database is damaged");
                Self::Damaged { reason }
            }
            Error::Sync(error) => sync_error(&error),
            Error::Unexpected(reason) => {
                tracing::error!(reason, "unexpected error");
                Self::Unexpected { reason }
            }
        }
    }
}

fn survey(error: &SurveyError) -> AppError {
    AppError::Invalid {
        field: ANSWERS.to_owned(),
        reason: error.code().to_owned(),
        zh: error.text(Language::Chinese),
        en: error.text(Language::English),
    }
}

fn member_move(error: MemberMoveError) -> AppError {
    let id = message_id("member-move", error.code());
    AppError::Invalid {
        field: "members".to_owned(),
        reason: error.code().to_owned(),
        zh: message(Language::Chinese, &id, &[]),
        en: message(Language::English, &id, &[]),
    }
}

impl From<SyncError> for AppError {
    fn from(error: SyncError) -> Self {
        // By way of the core's error, which tells the store's errors apart.
        Error::from(error).into()
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

fn sync_error(error: &SyncError) -> AppError {
    let code = error.code().to_owned();
    let zh = error.message(Language::Chinese);
    let en = error.message(Language::English);
    match error {
        SyncError::NotEnrolled => AppError::NotEnrolled,
        SyncError::Busy => AppError::Busy,
        SyncError::Cancelled => AppError::Cancelled,
        SyncError::Offline(_) => AppError::Offline,
        SyncError::SessionRefused => AppError::SignInNeeded,
        SyncError::Problem(_)
        | SyncError::AddressRefused(_)
        | SyncError::OtherCertificate
        | SyncError::FeedSignature(_)
        | SyncError::ReferenceSignature(_) => AppError::Refused { code, zh, en },
        SyncError::BadAnswer(_)
        | SyncError::KeyUnavailable
        | SyncError::TooManyRounds(_)
        | SyncError::Store(_)
        | SyncError::Internal(_) => {
            tracing::error!(%error, "sync failed");
            AppError::SyncFailed { code, zh, en }
        }
    }
}

fn storage(error: &Error) -> AppError {
    let text = |language| error.message(language).unwrap_or_default();
    AppError::Storage {
        code: error.store_code().unwrap_or_default().to_owned(),
        zh: text(Language::Chinese),
        en: text(Language::English),
    }
}

fn invalid(field: String, reason: &FieldError) -> AppError {
    AppError::Invalid {
        field,
        reason: reason.code().to_owned(),
        zh: field_error_message(Language::Chinese, reason),
        en: field_error_message(Language::English, reason),
    }
}

impl From<EnrolmentLinkError> for AppError {
    fn from(error: EnrolmentLinkError) -> Self {
        let reason = match error {
            EnrolmentLinkError::OtherLink => "other_link",
            EnrolmentLinkError::Missing(_) => "incomplete",
        };
        let id = message_id("enrolment-link", reason);
        Self::Invalid {
            field: "link".to_owned(),
            reason: reason.to_owned(),
            zh: message(Language::Chinese, &id, &[]),
            en: message(Language::English, &id, &[]),
        }
    }
}

/// A shell's own code threw something that is no [`AppError`].
impl From<uniffi::UnexpectedUniFFICallbackError> for AppError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        tracing::error!(reason = error.reason, "the shell failed");
        Self::Unexpected {
            reason: error.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use wangge_core::sync::TransportError;
    use wangge_model::{FieldPath, GridId, protocol::Problem};

    use super::*;

    #[test]
    fn each_error_of_the_core_is_the_one_a_shell_acts_on() {
        let record = RecordId::from_bytes([1; 16]);
        let text = || "why".to_owned();
        for (error, expected) in [
            (
                Error::NotFound { what: "draft" },
                AppError::NotFound {
                    what: "draft".to_owned(),
                },
            ),
            (Error::NotEnrolled, AppError::NotEnrolled),
            (Error::NotGranted, AppError::NotGranted),
            (Error::NotAllowed, AppError::NotAllowed),
            (Error::Empty, AppError::Empty),
            (Error::RecordFull, AppError::RecordFull),
            (Error::NewerData, AppError::NewerData),
            (Error::WrongKey, AppError::WrongKey),
            (
                Error::Damaged { record },
                AppError::RecordDamaged { record },
            ),
            (Error::Corrupt(text()), AppError::Damaged { reason: text() }),
            (
                Error::Unexpected(text()),
                AppError::Unexpected { reason: text() },
            ),
            (Error::Sync(SyncError::Busy), AppError::Busy),
            (Error::Sync(SyncError::Cancelled), AppError::Cancelled),
            (Error::Sync(SyncError::NotEnrolled), AppError::NotEnrolled),
            (
                Error::Sync(SyncError::SessionRefused),
                AppError::SignInNeeded,
            ),
            (
                Error::Sync(SyncError::Offline(TransportError::Connect(text()))),
                AppError::Offline,
            ),
        ] {
            assert_eq!(AppError::from(error), expected);
        }
    }

    #[test]
    fn a_refused_value_names_its_field_and_speaks_both_languages() {
        let error = AppError::from(Error::Invalid {
            path: FieldPath::new("contact.phone").unwrap(),
            reason: FieldError::NotAPhoneNumber,
        });
        let AppError::Invalid {
            field,
            reason,
            zh,
            en,
        } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(field, "contact.phone");
        assert_eq!(reason, "not_a_phone_number");
        assert!(zh.contains("电话"), "{zh}");
        assert!(en.contains("phone number"), "{en}");
    }

    #[test]
    fn a_refusal_has_the_servers_words_and_a_failure_ours() {
        let problem = Problem {
            code: "device_revoked".to_owned(),
            zh: "已停用".to_owned(),
            en: "revoked".to_owned(),
            retry_after_s: None,
            challenge: None,
            last_counter: None,
        };
        let error = AppError::from(SyncError::Problem(Box::new(problem)));
        assert_eq!(
            error,
            AppError::Refused {
                code: "device_revoked".to_owned(),
                zh: "已停用".to_owned(),
                en: "revoked".to_owned(),
            }
        );
        for (error, word) in [
            (SyncError::OtherCertificate, "other_certificate"),
            (
                SyncError::FeedSignature(GridId::from_bytes([1; 16])),
                "feed_signature",
            ),
        ] {
            let error = AppError::from(error);
            assert!(
                matches!(&error, AppError::Refused { code, zh, .. } if code == word && !zh.is_empty()),
                "{error:?}"
            );
        }
        for (error, word) in [
            (SyncError::KeyUnavailable, "key_unavailable"),
            (SyncError::TooManyRounds("requests"), "too_many_rounds"),
            (SyncError::BadAnswer("?".to_owned()), "bad_answer"),
            (SyncError::Internal("?".to_owned()), "internal"),
        ] {
            let error = AppError::from(error);
            assert!(
                matches!(&error, AppError::SyncFailed { code, en, .. } if code == word && !en.is_empty()),
                "{error:?}"
            );
        }
    }

    #[test]
    fn a_store_error_inside_a_sync_keeps_its_meaning() {
        let error = AppError::from(SyncError::Store(StoreError::Full));
        assert!(matches!(&error, AppError::Storage { code, .. } if code == "full"));
    }

    #[test]
    fn a_storage_error_says_what_to_do_next() {
        for (error, word, next) in [
            (Error::Busy, "busy", "关闭另一处"),
            (Error::StorageFull, "full", "腾出"),
            (Error::ReadOnly, "read_only", "重启手机"),
            (Error::Rebuilt, "rebuilt", "再操作一次"),
        ] {
            let AppError::Storage { code, zh, en } = AppError::from(error) else {
                panic!("{word}")
            };
            assert_eq!(code, word);
            assert!(zh.contains(next) && en.contains("Please"), "{zh} {en}");
        }
    }

    #[test]
    fn an_unusable_link_is_explained() {
        for text in [
            "https://example.org",
            "wangge://enrol?server=http://127.0.0.1:1",
        ] {
            let error: EnrolmentLinkError = text
                .parse::<wangge_model::protocol::EnrolmentLink>()
                .unwrap_err();
            let AppError::Invalid { field, zh, en, .. } = AppError::from(error) else {
                panic!()
            };
            assert_eq!(field, "link");
            assert!(
                !zh.contains("enrolment-link") && !en.contains("enrolment-link"),
                "{zh}"
            );
        }
    }
}
