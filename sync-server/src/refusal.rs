//! What people and programs asked for and did not get: each refused change is
//! written down in the audit list with who asked, where and why, whichever page or
//! path it was. Does not own the reasons. Phones' refusals are noted where they
//! are judged ([`crate::ingest`]); what nobody known asked for is not written
//! down, so that a stranger cannot fill the list.

use std::borrow::Cow;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method},
    middleware::Next,
    response::Response,
};
use wangge_model::{AuditId, DeviceId, PersonId};

use crate::{
    AppState,
    api::device_auth::{authenticate, bearer},
    auth::{api_token, session},
    storage::{AuditEntry, StorageResult},
};

/// Longest path that is written down, in characters.
const PATH_CHARS: usize = 120;

/// Why a response refuses, carried among its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Stable code.
    pub(crate) code: Cow<'static, str>,
    /// Whoever refused wrote it down already, with more.
    pub(crate) is_noted: bool,
}

impl Refusal {
    /// For this reason; not written down yet.
    pub(crate) fn new(code: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: code.into(),
            is_noted: false,
        }
    }

    /// For this reason, which is written down.
    pub(crate) fn noted(code: impl Into<Cow<'static, str>>) -> Self {
        Self {
            is_noted: true,
            ..Self::new(code)
        }
    }
}

/// Writes down what is refused. The refusal stands even if that fails.
pub(crate) async fn note(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path: String = request.uri().path().chars().take(PATH_CHARS).collect();
    let only_looks = matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
    if only_looks || path.starts_with("/v1/") {
        return next.run(request).await;
    }
    let headers = request.headers().clone();
    let response = next.run(request).await;
    if !response.status().is_client_error() {
        return response;
    }
    let refusal = response.extensions().get::<Refusal>().cloned();
    let refusal = refusal.unwrap_or_else(|| Refusal::new(response.status().as_str().to_owned()));
    if !refusal.is_noted
        && let Err(error) = write_down(&state, &headers, path, &method, &refusal).await
    {
        tracing::error!(%error, "a refused request could not be written down");
    }
    response
}

async fn write_down(
    state: &AppState,
    headers: &HeaderMap,
    path: String,
    method: &Method,
    refusal: &Refusal,
) -> StorageResult<()> {
    let Some((person, device)) = find_asker(state, headers).await? else {
        return Ok(());
    };
    let entry = AuditEntry {
        id: AuditId::make(state.clock.as_ref(), state.entropy.as_ref()),
        at: state.clock.now(),
        person: Some(person),
        device,
        action: "request_refused".to_owned(),
        target: path,
        detail: format!("{method} {}", refusal.code),
    };
    state.storage.create_audit(&entry).await
}

/// Who asked, as their session or token says.
async fn find_asker(
    state: &AppState,
    headers: &HeaderMap,
) -> StorageResult<Option<(PersonId, Option<DeviceId>)>> {
    let Some(token) = bearer(headers) else {
        let session = session::find(&state.auth, headers).await?;
        return Ok(session.map(|session| (session.person, None)));
    };
    if token.starts_with(api_token::PREFIX) {
        let now = state.clock.now();
        let token = api_token::find(state.storage.as_ref(), token, now).await?;
        return Ok(token.map(|token| (token.person, None)));
    }
    let device = authenticate(state, headers).await.ok();
    Ok(device.map(|device| (device.person, Some(device.id))))
}
