//! The list of routes.

use axum::Router;

use crate::{AppState, api, console};

/// Everything the server answers to.
pub fn router(state: AppState) -> Router {
    Router::new()
        .merge(api::router())
        .merge(console::router())
        .with_state(state)
}
