//! Which phone is asking.

use axum::http::{HeaderMap, header};
use wangge_model::{Timestamp, protocol::ProblemCode};

use super::{challenge, token};
use crate::{AppState, DeviceError, storage::Device};

/// A device is noted as seen at most once in this many milliseconds.
const SEEN_STEP_MS: i64 = 60_000;

/// The phone of a request's session. Without one the answer carries a challenge
/// with which to open one.
pub(crate) async fn authenticate(
    state: &AppState,
    headers: &HeaderMap,
) -> Result<Device, DeviceError> {
    let now = state.clock.now();
    let device = match bearer(headers) {
        Some(token) => {
            state
                .storage
                .find_device_by_session(&token::hash_token(token), now)
                .await?
        }
        None => None,
    };
    let Some(device) = device else {
        let secret = &state.identity.challenge_secret;
        return Err(DeviceError {
            challenge: Some(challenge::make(secret, now, state.entropy.as_ref())),
            ..ProblemCode::SessionRequired.into()
        });
    };
    check_standing(&device)?;
    Ok(device)
}

/// Whether the phone and its person may do anything at all.
pub(super) fn check_standing(device: &Device) -> Result<(), DeviceError> {
    if device.revoked_at.is_some() {
        Err(ProblemCode::DeviceRevoked.into())
    } else if device.is_person_active {
        Ok(())
    } else {
        Err(ProblemCode::PersonInactive.into())
    }
}

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// Notes that a phone was here, without making it wait for the disk.
pub(super) fn note_seen(state: &AppState, device: &Device, app_version: &str, now: Timestamp) {
    let is_fresh = device
        .last_seen_at
        .is_some_and(|seen| now.as_millis().saturating_sub(seen.as_millis()) < SEEN_STEP_MS);
    if is_fresh && device.app_version == app_version {
        return;
    }
    let (state, id) = (state.clone(), device.id);
    let app_version: String = app_version.chars().take(40).collect();
    tokio::spawn(async move {
        if let Err(error) = state.storage.touch_device(&id, &app_version, now).await {
            tracing::warn!(%error, "a device's visit could not be noted");
        }
    });
}
