//! What handlers ask for: who is signed in, and a form that provably came from
//! one of our pages. A handler cannot get a form's content in any other way,
//! so none can forget the check.

use axum::{
    Form,
    body::{Body, to_bytes},
    extract::{FromRef, FromRequest, FromRequestParts, Multipart, Request},
    http::{Method, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use subtle::ConstantTimeEq;
use wangge_model::{
    GridId, OrgNodeId, PersonId, RecordKind, Timestamp,
    access::{self, Act, Data, Seat},
};

use super::{AuthState, origin, session};
use crate::{
    console::{PageError, link::with_query},
    storage::{
        Assignment, ConsoleSession, EmergencyRow, Person, Role, Storage, StorageError,
        StorageResult,
    },
};

/// Largest form, in bytes.
const FORM_BYTES: usize = 64 << 10;
/// Longest token, in bytes.
const TOKEN_BYTES: usize = 256;

/// What a person may see and do, as of this request. Which records that
/// covers, the database decides in each query, from the person and the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Whose.
    pub person: PersonId,
    /// When: assignments begin and end.
    pub at: Timestamp,
    /// Highest role of any assignment that holds now, to show; none without one.
    pub role: Option<Role>,
    /// What the assignments that hold now make of the person, somewhere.
    pub seats: Vec<Seat>,
}

impl Scope {
    /// What this person may see and do now. They are active.
    pub async fn find(
        storage: &dyn Storage,
        person: &Person,
        at: Timestamp,
    ) -> Result<Self, StorageError> {
        let assignments = storage.list_assignments(&person.id).await?;
        let called_out = if assignments.iter().any(|assignment| assignment.reserve) {
            storage.list_called_out(&person.id, at).await?
        } else {
            Vec::new()
        };
        let held: Vec<Assignment> = assignments
            .into_iter()
            .filter(|assignment| {
                let is_ready = person.is_trained(at) || !assignment.role.spec().needs_training;
                let is_called = !assignment.reserve || called_out.contains(&assignment.id);
                assignment.validity().contains(at) && is_called && is_ready
            })
            .collect();
        let mut seats = Vec::with_capacity(held.len());
        for assignment in &held {
            if let Some(node) = storage.find_node(&assignment.node).await? {
                seats.push(assignment.role.seat(node.level));
            }
        }
        seats.sort_unstable();
        seats.dedup();
        Ok(Self {
            person: person.id,
            at,
            role: held.iter().map(|assignment| assignment.role).max(),
            seats,
        })
    }

    /// Whether the person may do this anywhere, to offer it; whether it may be
    /// done in a certain place, [`Self::may_in`] says.
    pub fn may(&self, data: Data, act: Act) -> bool {
        self.seats.iter().any(|seat| access::may(*seat, data, act))
    }

    /// Whether the person may do this in that place.
    pub async fn may_in(
        &self,
        storage: &dyn Storage,
        node: &OrgNodeId,
        data: Data,
        act: Act,
    ) -> StorageResult<bool> {
        let seats = storage.list_seats(&self.person, node, self.at).await?;
        Ok(seats.into_iter().any(|seat| access::may(seat, data, act)))
    }

    /// Whether the person may lift masks of records of this kind in that grid.
    pub async fn may_unmask_in(
        &self,
        storage: &dyn Storage,
        grid: &GridId,
        kind: RecordKind,
    ) -> StorageResult<bool> {
        let node = OrgNodeId::from(*grid);
        let seats = storage.list_seats(&self.person, &node, self.at).await?;
        Ok(seats.into_iter().any(|seat| access::may_unmask(seat, kind)))
    }
}

/// The person behind a request.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// What they may see and do.
    pub scope: Scope,
    /// The session.
    pub session: ConsoleSession,
    /// What every page says at its head.
    pub going_on: GoingOn,
}

/// What everybody in a place should know at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoingOn {
    /// Emergencies that hold where the person works or looks after.
    pub emergencies: Vec<EmergencyRow>,
    /// Emergency reports in scope that nobody took in yet.
    pub alarms: u64,
}

impl GoingOn {
    async fn find(storage: &dyn Storage, scope: &Scope) -> StorageResult<Self> {
        let (person, at) = (&scope.person, scope.at);
        let mut emergencies = storage.list_emergencies(person, at).await?;
        emergencies.retain(|row| row.starts_at <= at && row.ends_at > at);
        Ok(Self {
            emergencies,
            alarms: storage.count_alarms(person, at).await?,
        })
    }
}

/// Why there is no [`SignedIn`].
#[derive(Debug)]
pub enum NotSignedIn {
    /// Nobody is signed in; a page leads to the sign-in form and back.
    Nobody {
        /// Path and query asked for.
        path: String,
        /// A machine asked, or a form was sent: no way back.
        is_page: bool,
        /// There was a session once.
        had_session: bool,
    },
    /// Storage failed.
    Storage(StorageError),
}

impl IntoResponse for NotSignedIn {
    fn into_response(self) -> Response {
        match self {
            Self::Nobody { path, .. } if path.starts_with("/api/") => (
                axum::http::StatusCode::UNAUTHORIZED,
                [(header::CACHE_CONTROL, "no-store")],
            )
                .into_response(),
            Self::Nobody {
                path,
                is_page,
                had_session,
            } => {
                let next = if is_page && path != "/" {
                    path.as_str()
                } else {
                    ""
                };
                let expired = if had_session { "1" } else { "" };
                let link = with_query("/sign-in", &[("next", next), ("expired", expired)]);
                Redirect::to(&link).into_response()
            }
            Self::Storage(error) => PageError::from(error).into_response(),
        }
    }
}

impl SignedIn {
    /// The person of these request parts, if somebody is signed in.
    pub async fn find(auth: &AuthState, parts: &Parts) -> Result<Option<Self>, StorageError> {
        let Some(session) = session::find(auth, &parts.headers).await? else {
            return Ok(None);
        };
        let Some(person) = auth.storage.find_person(&session.person).await? else {
            return Ok(None);
        };
        if !person.active {
            return Ok(None);
        }
        let scope = Scope::find(auth.storage.as_ref(), &person, auth.clock.now()).await?;
        let going_on = GoingOn::find(auth.storage.as_ref(), &scope).await?;
        Ok(Some(Self {
            going_on,
            person: person.id,
            name: person.name,
            scope,
            session,
        }))
    }
}

impl<S> FromRequestParts<S> for SignedIn
where
    S: Send + Sync,
    AuthState: FromRef<S>,
{
    type Rejection = NotSignedIn;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, NotSignedIn> {
        let auth = AuthState::from_ref(state);
        match Self::find(&auth, parts).await {
            Ok(Some(signed_in)) => Ok(signed_in),
            Ok(None) => Err(NotSignedIn::Nobody {
                path: parts
                    .uri
                    .path_and_query()
                    .map_or_else(|| "/".to_owned(), ToString::to_string),
                is_page: parts.method == Method::GET,
                had_session: auth
                    .cookies
                    .find(&parts.headers, super::cookie::SESSION)
                    .is_some(),
            }),
            Err(error) => Err(NotSignedIn::Storage(error)),
        }
    }
}

/// A form sent by a signed-in person from one of our pages: the browser says
/// so, and the form carries the session's token.
#[derive(Debug)]
pub struct SignedForm<T> {
    /// Who sent it.
    pub signed_in: SignedIn,
    /// What it says.
    pub form: T,
}

#[derive(Debug, Deserialize)]
struct Token {
    #[serde(default)]
    csrf: String,
}

impl<S, T> FromRequest<S> for SignedForm<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
    AuthState: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (parts, body, signed_in) = open_own(request, state).await?;
        let bytes = to_bytes(body, FORM_BYTES)
            .await
            .map_err(|_| PageError::TooLarge.into_response())?;
        let Token { csrf } = parse(&parts, bytes.clone()).await?;
        if !is_equal(&csrf, &signed_in.session.csrf_token) {
            return Err(PageError::Forgery.into_response());
        }
        let form = parse(&parts, bytes).await?;
        Ok(Self { signed_in, form })
    }
}

/// Takes apart a request that came from one of our pages, of a signed-in person.
/// Its token is still to be looked at.
async fn open_own<S>(request: Request, state: &S) -> Result<(Parts, Body, SignedIn), Response>
where
    S: Send + Sync,
    AuthState: FromRef<S>,
{
    let auth = AuthState::from_ref(state);
    if !origin::is_same_origin(request.headers(), &auth.public_origin) {
        return Err(PageError::Forgery.into_response());
    }
    let (mut parts, body) = request.into_parts();
    let signed_in = SignedIn::from_request_parts(&mut parts, state)
        .await
        .map_err(IntoResponse::into_response)?;
    Ok((parts, body, signed_in))
}

/// The form of one button: it sends nothing but the token.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

/// A form with a file, sent by a signed-in person from one of our pages. Its
/// first part is the session's token, which is looked at before anything else is
/// read.
#[derive(Debug)]
pub struct SignedUpload {
    /// Who sent it.
    pub signed_in: SignedIn,
    /// The parts after the token, to be read one after the other.
    pub parts: Multipart,
}

impl<S> FromRequest<S> for SignedUpload
where
    S: Send + Sync,
    AuthState: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (head, body, signed_in) = open_own(request, state).await?;
        let bad = |_| PageError::BadRequest.into_response();
        let mut parts = Multipart::from_request(Request::from_parts(head, body), &())
            .await
            .map_err(|_| PageError::BadRequest.into_response())?;
        let token = match parts.next_field().await.map_err(bad)? {
            Some(mut part) if part.name() == Some("csrf") => {
                let mut token = Vec::new();
                while let Some(bytes) = part.chunk().await.map_err(bad)? {
                    token.extend_from_slice(&bytes);
                    if token.len() > TOKEN_BYTES {
                        return Err(PageError::Forgery.into_response());
                    }
                }
                String::from_utf8(token).unwrap_or_default()
            }
            _ => String::new(),
        };
        if !is_equal(&token, &signed_in.session.csrf_token) {
            return Err(PageError::Forgery.into_response());
        }
        Ok(Self { signed_in, parts })
    }
}

/// A form sent by somebody not signed in yet, from our own sign-in page.
#[derive(Debug)]
pub struct OwnForm<T>(pub T);

impl<S, T> FromRequest<S> for OwnForm<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
    AuthState: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let auth = AuthState::from_ref(state);
        if !origin::is_same_origin(request.headers(), &auth.public_origin) {
            return Err(PageError::Forgery.into_response());
        }
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, FORM_BYTES)
            .await
            .map_err(|_| PageError::TooLarge.into_response())?;
        parse(&parts, bytes).await.map(Self)
    }
}

async fn parse<T: DeserializeOwned>(
    parts: &Parts,
    bytes: axum::body::Bytes,
) -> Result<T, Response> {
    let mut request = Request::new(bytes.into());
    *request.method_mut() = parts.method.clone();
    *request.headers_mut() = parts.headers.clone();
    Form::<T>::from_request(request, &())
        .await
        .map(|Form(form)| form)
        .map_err(|_| PageError::BadRequest.into_response())
}

/// Compares in a time that does not tell where the two differ.
pub fn is_equal(one: &str, two: &str) -> bool {
    !two.is_empty() && bool::from(one.as_bytes().ct_eq(two.as_bytes()))
}
