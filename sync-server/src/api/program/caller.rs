//! Who asks for data: a program with a token, a person at the console, or the
//! person of a phone. Whoever it is, the answer follows the person's scope.

use axum::{
    extract::{FromRef as _, FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use wangge_model::{PersonId, protocol::ProblemCode};

use crate::{
    ApiError, AppState,
    api::device_auth::{authenticate, bearer},
    auth::{AuthState, Scope, SignedIn, api_token, is_equal, origin::is_same_origin},
};

/// The person on whose behalf a request is made.
#[derive(Debug)]
pub(super) struct Caller {
    /// What they may see and do.
    pub(super) scope: Scope,
}

/// A caller who may change something: not a foreign page that borrows a
/// person's cookie.
#[derive(Debug)]
pub(super) struct Writer(pub(super) Caller);

impl Caller {
    /// The caller of a request, and the form token of their console session if
    /// that is how they are known.
    async fn find(state: &AppState, parts: &Parts) -> Result<(Self, Option<String>), ApiError> {
        let Some(token) = bearer(&parts.headers) else {
            let signed_in = SignedIn::find(&AuthState::from_ref(state), parts)
                .await?
                .ok_or(ApiError(ProblemCode::SessionRequired))?;
            let caller = Self {
                scope: signed_in.scope,
            };
            return Ok((caller, Some(signed_in.session.csrf_token)));
        };
        let person = if token.starts_with(api_token::PREFIX) {
            person_of_token(state, token).await?
        } else {
            let device = authenticate(state, &parts.headers).await;
            device.map_err(|error| ApiError(error.code))?.person
        };
        let storage = state.storage.as_ref();
        let person = storage.find_person(&person).await?;
        let Some(person) = person.filter(|person| person.active) else {
            return Err(ProblemCode::PersonInactive.into());
        };
        let scope = Scope::find(storage, &person, state.clock.now()).await?;
        Ok((Self { scope }, None))
    }
}

async fn person_of_token(state: &AppState, token: &str) -> Result<PersonId, ApiError> {
    let token = api_token::find(state.storage.as_ref(), token, state.clock.now()).await?;
    token
        .map(|token| token.person)
        .ok_or(ApiError(ProblemCode::SessionRequired))
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        Ok(Self::find(state, parts).await?.0)
    }
}

impl FromRequestParts<AppState> for Writer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let (caller, csrf_token) = Caller::find(state, parts).await?;
        if let Some(expected) = csrf_token
            && !is_own_page(&parts.headers, &expected, &state.auth.public_origin)
        {
            return Err(ProblemCode::OutOfScope.into());
        }
        Ok(Self(caller))
    }
}

fn is_own_page(headers: &HeaderMap, csrf_token: &str, public_origin: &str) -> bool {
    headers
        .get("x-csrf-token")
        .and_then(|sent| sent.to_str().ok())
        .is_some_and(|sent| is_equal(sent, csrf_token))
        && is_same_origin(headers, public_origin)
}

/// The heads a caller last saw, as `If-Match` carries them.
#[derive(Debug)]
pub(super) struct IfMatch(pub(super) String);

impl OptionalFromRequestParts<AppState> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Option<Self>, ApiError> {
        Ok(parts
            .headers
            .get(header::IF_MATCH)
            .and_then(|value| value.to_str().ok())
            .filter(|value| *value != "*")
            .map(|value| Self(value.to_owned())))
    }
}
