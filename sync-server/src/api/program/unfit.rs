//! Requests that are understood and cannot be done as asked: 422 with a stable
//! code and both languages.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use wangge_model::{
    message::{Language, message},
    protocol::ProblemCode,
};

use crate::{ApiError, refusal::Refusal, storage::StorageError};

/// Why a request was refused; nothing was changed.
#[derive(Debug)]
pub(super) enum Unfit {
    /// As a whole.
    Api(ApiError),
    /// What it asks for cannot be.
    Rule {
        /// Stable code.
        code: String,
        /// What is wrong and what to do, in English.
        title: String,
        /// 错在哪里，怎么办。
        title_zh: String,
        /// It is in the audit list already.
        is_noted: bool,
    },
}

impl Unfit {
    /// A rule's refusal, by its code and its words.
    pub(super) fn rule(code: &str, text: impl Fn(Language) -> String) -> Self {
        Self::Rule {
            code: code.to_owned(),
            title: text(Language::English),
            title_zh: text(Language::Chinese),
            is_noted: false,
        }
    }

    /// The same, where it is in the audit list already.
    pub(super) fn noted(code: &str, text: impl Fn(Language) -> String) -> Self {
        let mut unfit = Self::rule(code, text);
        if let Self::Rule { is_noted, .. } = &mut unfit {
            *is_noted = true;
        }
        unfit
    }

    /// The same for words of the message files.
    pub(super) fn said(code: &str, id: &str, arguments: &[(&str, &str)]) -> Self {
        Self::rule(code, |language| message(language, id, arguments))
    }
}

impl From<ApiError> for Unfit {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<ProblemCode> for Unfit {
    fn from(code: ProblemCode) -> Self {
        Self::Api(code.into())
    }
}

impl From<StorageError> for Unfit {
    fn from(error: StorageError) -> Self {
        Self::Api(error.into())
    }
}

impl IntoResponse for Unfit {
    fn into_response(self) -> Response {
        match self {
            Self::Api(error) => error.into_response(),
            Self::Rule {
                code,
                title,
                title_zh,
                is_noted,
            } => {
                let body = json!({
                    "type": format!("urn:wangge:problem:{code}"),
                    "title": title,
                    "title_zh": title_zh,
                    "status": 422,
                    "code": code,
                });
                let content_type = [(
                    header::CONTENT_TYPE,
                    "application/problem+json; charset=utf-8",
                )];
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                let mut response = (status, content_type, body.to_string()).into_response();
                let refusal = if is_noted {
                    Refusal::noted(code)
                } else {
                    Refusal::new(code)
                };
                response.extensions_mut().insert(refusal);
                response
            }
        }
    }
}
