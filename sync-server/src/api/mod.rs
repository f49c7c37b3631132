//! What phones and programs ask. One file per group of endpoints; nothing here
//! writes SQL.
//!
//! Devices speak CBOR in zstd under `/v1` (see `docs/sync-protocol.md`),
//! programs JSON under `/api`, and the operator's tools read `/healthz`,
//! `/readyz` and `/metrics`.

mod admission;
mod body;
mod challenge;
pub(crate) mod device_auth;
mod enrol;
mod events;
mod feed_page;
mod give_back;
mod grants;
mod health;
mod program;
mod rate_limit;
mod reference;
mod roll_call;
mod roster;
mod session;
mod snapshot;
mod sync;
#[cfg(test)]
mod tests;
mod token;

use axum::{
    Router,
    routing::{any, get, post},
};
use wangge_model::protocol::ProblemCode;

pub use admission::Admission;
pub use program::document as program_document;
pub use rate_limit::RateLimits;

use crate::{AppState, DeviceError};

/// The routes of devices and programs.
pub fn router() -> Router<AppState> {
    let devices = Router::new()
        .route("/v1/enrol", post(enrol::enrol))
        .route("/v1/session", post(session::open_session))
        .route("/v1/sync", post(sync::sync))
        .route("/v1/give-back", post(give_back::give_back))
        .route("/v1/grids/{grid}/snapshot", get(snapshot::snapshot))
        .route("/v1/events", get(events::events))
        .route("/v1/{*rest}", any(no_such_device_path))
        .method_not_allowed_fallback(no_such_device_path);
    let programs = program::router();
    let operators = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics));
    devices.merge(programs).merge(operators)
}

async fn no_such_device_path() -> DeviceError {
    ProblemCode::NotFound.into()
}
