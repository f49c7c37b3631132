//! A record as a standard Automerge file that any Automerge library opens.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use wangge_model::{RecordId, access, document::RecordDocument, protocol::ProblemCode};

use super::caller::Caller;
use crate::{ApiError, AppState, auth::sign_in::audit};

/// The record's document with its history, if it is in the caller's scope.
pub(super) async fn automerge_file(
    state: &AppState,
    caller: &Caller,
    id: RecordId,
) -> Result<Response, ApiError> {
    let person = caller.scope.person;
    let (record, _) = state
        .storage
        .find_record_in_scope(&id, &person, caller.scope.at)
        .await?
        .ok_or(ProblemCode::NotFound)?;
    let node = record.grid.into();
    let seats = state
        .storage
        .list_seats(&person, &node, caller.scope.at)
        .await?;
    // It holds every number in full, as a phone does.
    if !seats
        .into_iter()
        .any(|seat| access::may_hold(seat) || access::may_unmask(seat, record.kind))
    {
        return Err(ProblemCode::OutOfScope.into());
    }
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
