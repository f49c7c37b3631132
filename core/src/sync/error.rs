//! Why a sync or an enrolment did not end well, for code and for people.

use wangge_model::{
    GridId,
    message::{Language, find_message, message, message_id},
    protocol::Problem,
};

use super::TransportError;
use crate::store::StoreError;

/// Why a sync or an enrolment did not end well. Nothing is lost by any of
/// them: what was not confirmed waits for the next sync.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The phone is not enrolled.
    #[error("this phone is not enrolled")]
    NotEnrolled,
    /// Another sync is running.
    #[error("another sync is running")]
    Busy,
    /// The person or the system stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The server could not be reached, several times.
    #[error("the server could not be reached: {0}")]
    Offline(#[source] TransportError),
    /// The address is one this phone does not connect to.
    #[error("{0}")]
    AddressRefused(#[source] TransportError),
    /// Someone else answers at the server's address.
    #[error("the server's certificate is not the pinned one")]
    OtherCertificate,
    /// The server did not accept the device's signature.
    #[error("the server did not open a session")]
    SessionRefused,
    /// The server said no.
    #[error("the server refused: {}", .0.code)]
    Problem(Box<Problem>),
    /// The server answered something that makes no sense.
    #[error("the server's answer makes no sense: {0}")]
    BadAnswer(String),
    /// News without the server's signature.
    #[error("the news of grid {0} are not signed by the server")]
    FeedSignature(GridId),
    /// A reference set without the server's signature.
    #[error("the reference set {0} is not signed by the server")]
    ReferenceSignature(String),
    /// The keystore did not sign.
    #[error("the device key could not sign")]
    KeyUnavailable,
    /// The server kept asking for more without an end in sight.
    #[error("stopped after too many rounds: {0}")]
    TooManyRounds(&'static str),
    /// The phone's store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The app's own machinery failed (a panic in a step, a stopped runtime).
    #[error("internal failure: {0}")]
    Internal(String),
}

impl SyncError {
    /// Stable code; a refusal carries the server's own.
    pub fn code(&self) -> &str {
        match self {
            Self::NotEnrolled => "not_enrolled",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
            Self::Offline(_) => "offline",
            Self::AddressRefused(_) => "address_refused",
            Self::OtherCertificate => "other_certificate",
            Self::SessionRefused => "session_refused",
            Self::Problem(problem) => &problem.code,
            Self::BadAnswer(_) => "bad_answer",
            Self::FeedSignature(_) | Self::ReferenceSignature(_) => "feed_signature",
            Self::KeyUnavailable => "key_unavailable",
            Self::TooManyRounds(_) => "too_many_rounds",
            Self::Store(_) => "store",
            Self::Internal(_) => "internal",
        }
    }

    /// Codes that have a `sync-<code>` text; refusals have `problem-<code>`.
    pub const CODES: &'static [&'static str] = &[
        "not_enrolled",
        "busy",
        "cancelled",
        "offline",
        "address_refused",
        "other_certificate",
        "session_refused",
        "bad_answer",
        "feed_signature",
        "key_unavailable",
        "too_many_rounds",
        "store",
        "internal",
    ];

    /// What to tell a person: what happened, that the data is safe, what to do.
    pub fn message(&self, language: Language) -> String {
        match self {
            Self::Problem(problem) => {
                let sent = match language {
                    Language::Chinese => &problem.zh,
                    Language::English => &problem.en,
                };
                // The server's own words first: it may know a newer code.
                if sent.trim().is_empty() {
                    find_message(language, &message_id("problem", &problem.code), &[])
                        .unwrap_or_else(|| problem.code.clone())
                } else {
                    sent.clone()
                }
            }
            other => message(language, &message_id("sync", other.code()), &[]),
        }
    }

    /// Whether the same sync may well succeed later without anyone doing
    /// anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy | Self::Cancelled | Self::Offline(_) => true,
            Self::Problem(problem) => {
                matches!(
                    problem.code.as_str(),
                    "unavailable" | "too_many_requests" | "internal"
                )
            }
            _ => false,
        }
    }
}

impl From<TransportError> for SyncError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::OtherCertificate => Self::OtherCertificate,
            TransportError::Address(_) => Self::AddressRefused(error),
            TransportError::TooLarge { .. } => Self::BadAnswer(error.to_string()),
            other => Self::Offline(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_text_in_both_languages() {
        for code in SyncError::CODES {
            for language in Language::ALL {
                let id = message_id("sync", code);
                assert!(
                    find_message(language, &id, &[]).is_some(),
                    "{} lacks {id}",
                    language.tag()
                );
            }
        }
    }

    #[test]
    fn a_refusal_speaks_with_the_servers_words_or_with_ours() {
        let problem = |zh: &str| Problem {
            code: "device_revoked".to_owned(),
            zh: zh.to_owned(),
            en: String::new(),
            retry_after_s: None,
            challenge: None,
            last_counter: None,
        };
        let sent = SyncError::Problem(Box::new(problem("新的说法")));
        assert_eq!(sent.message(Language::Chinese), "新的说法");
        assert!(sent.message(Language::English).contains("switched off"));
        assert_eq!(sent.code(), "device_revoked");
    }
}
