//! How the server says no: to a device in CBOR, to a program in JSON. The one
//! place that decides what is logged; causes never leave the server.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use wangge_model::{
    message::{Language, message, message_id},
    protocol::{MEDIA_TYPE, Problem, ProblemCode, seal},
};

use crate::{refusal::Refusal, storage::StorageError};

/// A device's request that is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceError {
    /// Why.
    pub code: ProblemCode,
    /// Wait at least this many seconds.
    pub retry_after_s: Option<u32>,
    /// What to sign for a session.
    pub challenge: Option<Vec<u8>>,
    /// The highest manifest counter taken from the device.
    pub last_counter: Option<u64>,
}

impl From<ProblemCode> for DeviceError {
    fn from(code: ProblemCode) -> Self {
        Self {
            code,
            retry_after_s: None,
            challenge: None,
            last_counter: None,
        }
    }
}

impl From<StorageError> for DeviceError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::QuarantineFull => ProblemCode::QuarantineFull.into(),
            StorageError::CounterMoved | StorageError::Changed => Self {
                retry_after_s: Some(1),
                ..ProblemCode::Unavailable.into()
            },
            StorageError::Closed => Self {
                retry_after_s: Some(5),
                ..ProblemCode::Unavailable.into()
            },
            StorageError::Database(_)
            | StorageError::NewerData { .. }
            | StorageError::SqliteTooOld { .. }
            | StorageError::Migration { .. }
            | StorageError::Taken(_)
            | StorageError::Missing(_)
            | StorageError::Corrupt(_) => {
                tracing::error!(%error, "storage failed");
                ProblemCode::Internal.into()
            }
        }
    }
}

impl DeviceError {
    /// The body.
    pub fn problem(&self) -> Problem {
        let id = message_id("problem", self.code.as_str());
        Problem {
            code: self.code.as_str().to_owned(),
            zh: message(Language::Chinese, &id, &[]),
            en: message(Language::English, &id, &[]),
            retry_after_s: self.retry_after_s,
            challenge: self.challenge.clone(),
            last_counter: self.last_counter,
        }
    }
}

fn status(code: ProblemCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl IntoResponse for DeviceError {
    fn into_response(self) -> Response {
        let body = seal(&self.problem());
        let mut response = (status(self.code), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A program's request under `/api` that is refused (RFC 9457).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiError(pub ProblemCode);

impl From<ProblemCode> for ApiError {
    fn from(code: ProblemCode) -> Self {
        Self(code)
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        Self(DeviceError::from(error).code)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = DeviceError::from(self.0).problem();
        let body = serde_json::json!({
            "type": format!("urn:wangge:problem:{}", problem.code),
            "title": problem.en,
            "title_zh": problem.zh,
            "status": self.0.status(),
            "code": problem.code,
        });
        let mut response = (status(self.0), body.to_string()).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json; charset=utf-8"),
        );
        let refusal = Refusal::new(self.0.as_str());
        response.extensions_mut().insert(refusal);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_both_languages() {
        for code in ProblemCode::ALL {
            let problem = DeviceError::from(*code).problem();
            assert!(!problem.zh.starts_with("problem-"), "{}", problem.code);
            assert!(!problem.en.starts_with("problem-"), "{}", problem.code);
        }
    }
}
