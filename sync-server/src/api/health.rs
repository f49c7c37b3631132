//! What the operator's tools ask.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::AppState;

/// The process runs.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The server takes requests: the database answers and nobody asked it to stop.
pub(super) async fn readyz(State(state): State<AppState>) -> Response {
    if state.is_stopping() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    match state.storage.ping().await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "database\n").into_response()
        }
    }
}

/// Counters in Prometheus' text form; they name no person, device or record.
pub(super) async fn metrics(State(state): State<AppState>) -> Response {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, state.metrics.to_text()).into_response()
}
