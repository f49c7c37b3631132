//! The list of routes.

use axum::{Router, middleware};

use crate::{AppState, api, console, refusal};

/// Everything the server answers to.
pub fn router(state: AppState) -> Router {
    Router::new()
        .merge(api::router())
        .merge(console::router())
        .layer(middleware::from_fn_with_state(state.clone(), refusal::note))
        .with_state(state)
}
