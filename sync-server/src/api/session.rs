//! `POST /v1/session`: a signed challenge opens a session.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use wangge_model::protocol::{ProblemCode, Session, SessionRequest, session_message};

use super::{body, challenge, device_auth::check_standing, token};
use crate::{AppState, DeviceError};

/// How long a device's session lasts: a working day with its breaks.
pub(super) const SESSION_MS: i64 = 12 * 3_600_000;

/// Opens a session.
pub(super) async fn open_session(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, DeviceError> {
    let result = try_open(&state, &headers, body).await;
    if result.is_err() {
        state.metrics.refused_requests.add(1);
    }
    result.map(|session| body::answer_small(&state, &session))
}

async fn try_open(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<Session, DeviceError> {
    let now = state.clock.now();
    let _admitted = state
        .admission
        .admit(body::content_length(headers), state.entropy.as_ref())?;
    let request: SessionRequest = body::read(state, headers, body).await?;
    let secret = &state.identity.challenge_secret;
    if !challenge::is_good(secret, &request.challenge, now) {
        return Err(DeviceError {
            challenge: Some(challenge::make(secret, now, state.entropy.as_ref())),
            ..ProblemCode::SessionRequired.into()
        });
    }
    let device = state
        .storage
        .find_device(&request.device)
        .await?
        .ok_or(ProblemCode::DeviceUnknown)?;
    device
        .public_key
        .verify(
            &session_message(&device.id, &request.challenge),
            &request.signature,
        )
        .map_err(|_| ProblemCode::BadSignature)?;
    // Only now: whether a phone was revoked is told to that phone alone.
    check_standing(&device)?;
    let session = Session {
        token: token::make_token(state.entropy.as_ref()),
        expires_at: now.plus_millis(SESSION_MS),
    };
    state
        .storage
        .create_device_session(
            &token::hash_token(&session.token),
            &device.id,
            now,
            session.expires_at,
        )
        .await?;
    state.metrics.sessions.add(1);
    Ok(session)
}
