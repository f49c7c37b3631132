//! What people see in a browser: server-rendered pages in Chinese and English,
//! one file per page. Owns pages, forms, assets. Does not own who somebody is
//! ([`crate::auth`]), what is kept ([`crate::storage`]) nor how a record
//! changes ([`crate::ingest`]).
//!
//! Works without scripts. Every text comes from `console.ftl`, every value is
//! escaped by the template engine.

mod assets;
mod devices;
mod error;
mod field;
mod frame;
mod home;
pub(crate) mod link;
mod list;
mod page;
mod quarantine;
mod record;
mod sign_in;
#[cfg(test)]
mod tests;

use axum::{
    Router,
    http::Uri,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use wangge_model::protocol::ProblemCode;

pub use error::PageError;

use crate::{ApiError, AppState, DeviceError};

/// The routes of the console, and the answer to addresses nobody knows.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(home::get))
        .route("/sign-in", get(sign_in::get).post(sign_in::post))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/preferences", get(frame::choose))
        .merge(record::router())
        .route("/devices", get(devices::get))
        .route("/devices/{id}/revoke", post(devices::revoke))
        .route("/quarantine", get(quarantine::list))
        .route("/quarantine/{id}", get(quarantine::get))
        .route("/quarantine/{id}/bytes", get(quarantine::bytes))
        .route("/quarantine/{id}/seen", post(quarantine::mark_seen))
        .route("/assets/{file}", get(assets::get))
        .fallback(unknown)
        .layer(middleware::from_fn(frame::dress))
}

/// An address nobody knows: each kind of client is told in its own way.
async fn unknown(uri: Uri) -> Response {
    let path = uri.path();
    if path.starts_with("/api/") {
        ApiError(ProblemCode::NotFound).into_response()
    } else if path.starts_with("/v1/") {
        DeviceError::from(ProblemCode::NotFound).into_response()
    } else {
        PageError::NotFound.into_response()
    }
}
