//! `POST /v1/give-back`: phones bring back what a restored server lacks.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use wangge_model::protocol::GiveBackRequest;

use super::{body, device_auth::authenticate};
use crate::{AppState, DeviceError, ingest};

/// Takes back what earlier lives of this server signed.
pub(super) async fn give_back(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, DeviceError> {
    let result = try_give_back(&state, &headers, body).await;
    if result.is_err() {
        state.metrics.refused_requests.add(1);
    }
    result
}

async fn try_give_back(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, DeviceError> {
    let device = authenticate(state, headers).await?;
    let _admitted = state
        .admission
        .admit(body::content_length(headers), state.entropy.as_ref())?;
    let request: GiveBackRequest = body::read(state, headers, body).await?;
    let answer = ingest::give_back(state, &device, request).await?;
    Ok(body::answer_small(state, &answer))
}
