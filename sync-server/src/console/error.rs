//! Pages that say why something was not done. The cause is logged here, once,
//! and never shown.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{auth::sign_in::SignInError, storage::StorageError};

/// Why a page cannot be shown or a form not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageError {
    /// No such page or record, or not in the person's scope: the two look the
    /// same on purpose.
    NotFound,
    /// The person's role does not allow it.
    Forbidden,
    /// The form may have been sent by another site.
    Forgery,
    /// The form cannot be read.
    BadRequest,
    /// The form is too large.
    TooLarge,
    /// Too much to do at the moment.
    Busy,
    /// Our own fault; logged.
    Internal,
}

impl PageError {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::NotFound,
        Self::Forbidden,
        Self::Forgery,
        Self::BadRequest,
        Self::TooLarge,
        Self::Busy,
        Self::Internal,
    ];

    /// Logs `cause` and answers the error that says nothing of it.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "a console page failed");
        Self::Internal
    }

    /// Its HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::Forgery => StatusCode::FORBIDDEN,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Stable code, for the audit list.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::Forgery => "forgery",
            Self::BadRequest => "bad_request",
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
            Self::Internal => "internal",
        }
    }

    /// Message id of its text; the title's is this with `-title`.
    pub const fn message_id(self) -> &'static str {
        match self {
            Self::NotFound => "console-error-not-found",
            Self::Forbidden => "console-error-forbidden",
            Self::Forgery => "console-error-forgery",
            Self::BadRequest => "console-error-bad-request",
            Self::TooLarge => "console-error-too-large",
            Self::Busy => "console-error-busy",
            Self::Internal => "console-error-internal",
        }
    }
}

/// The page itself is written by [`super::frame::dress`], which knows the
/// reader's language.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StorageError> for PageError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Closed | StorageError::CounterMoved | StorageError::Changed => Self::Busy,
            StorageError::Missing(_) => Self::NotFound,
            StorageError::Database(_)
            | StorageError::NewerData { .. }
            | StorageError::SqliteTooOld { .. }
            | StorageError::Migration { .. }
            | StorageError::Taken(_)
            | StorageError::Corrupt(_)
            | StorageError::QuarantineFull => Self::internal(&error),
        }
    }
}

impl From<SignInError> for PageError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Storage(error) => error.into(),
            SignInError::Password(error) => Self::internal(&error),
        }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::internal(&error)
    }
}
