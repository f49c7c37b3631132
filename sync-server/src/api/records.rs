//! `GET /api/v1/records/{id}.automerge`: a record as a standard Automerge file
//! that any Automerge library opens.

use axum::{
    extract::{FromRef as _, Path, Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use wangge_model::{PersonId, RecordId, document::RecordDocument, protocol::ProblemCode};

use super::device_auth::authenticate;
use crate::{
    ApiError, AppState,
    auth::{AuthState, SignedIn, sign_in::audit},
};

/// The record's document with its history, if it is in the asker's scope.
pub(super) async fn automerge_file(
    State(state): State<AppState>,
    Path(file): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let person = person(&state, request).await?;
    let id: RecordId = file
        .strip_suffix(".automerge")
        .and_then(|id| id.parse().ok())
        .ok_or(ProblemCode::NotFound)?;
    let (record, _) = state
        .storage
        .find_record_in_scope(&id, &person, state.clock.now())
        .await?
        .ok_or(ProblemCode::NotFound)?;
    // The file says in full what pages show masked, so who took it is noted.
    audit(&state.auth, person, "record_exported", &id.to_string(), "").await?;
    let bytes = tokio::task::spawn_blocking(move || {
        RecordDocument::load(record.kind, Some(&record.document), [])
            .map(|document| document.save_compressed())
    })
    .await
    .map_err(|_| ProblemCode::Internal)?
    .map_err(|error| {
        tracing::error!(record = %id, %error, "a stored document cannot be read");
        ProblemCode::Internal
    })?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    let name = format!("attachment; filename=\"{id}.automerge\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Who asks: a person at the console, or the person of a phone.
async fn person(state: &AppState, request: Request) -> Result<PersonId, ApiError> {
    let (parts, _) = request.into_parts();
    if parts.headers.contains_key(header::AUTHORIZATION) {
        return match authenticate(state, &parts.headers).await {
            Ok(device) => Ok(device.person),
            Err(error) => Err(ApiError(error.code)),
        };
    }
    SignedIn::find(&AuthState::from_ref(state), &parts)
        .await?
        .map(|signed_in| signed_in.person)
        .ok_or(ApiError(ProblemCode::SessionRequired))
}
