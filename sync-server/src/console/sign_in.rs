//! `/sign-in` and `/sign-out`.

use std::net::SocketAddr;

use askama::Template;
use axum::{
    extract::{ConnectInfo, Extension, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    error::PageError,
    frame::{Frame, render},
    link::local_path,
    page::Page,
};
use crate::auth::{
    AuthState, Nothing, OwnForm, SignedForm, cookie, is_equal,
    session::{SessionToken, derive_sign_in_csrf},
    sign_in::{SignInOutcome, audit, normalise_username, sign_in},
};

#[derive(Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignInPage {
    pub(crate) page: Page,
    pub(crate) username: String,
    pub(crate) next: String,
}

/// How one came to the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignInQuery {
    next: String,
    expired: String,
    out: String,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct SignInForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

impl std::fmt::Debug for SignInForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInForm").finish_non_exhaustive()
    }
}

/// `GET /sign-in`
pub(crate) async fn get(
    State(auth): State<AuthState>,
    frame: Frame,
    Query(query): Query<SignInQuery>,
) -> Result<Response, PageError> {
    let page = frame.page();
    let page = if !query.expired.is_empty() {
        page.with_problem(frame.t("console-session-expired"))
    } else if !query.out.is_empty() {
        page.with_notice(frame.t("console-signed-out"))
    } else {
        page
    };
    form(
        &auth,
        page,
        StatusCode::OK,
        String::new(),
        local_path(&query.next).to_owned(),
    )
}

/// The form with a token of its own: an attacker cannot sign somebody in to
/// the attacker's account unseen.
fn form(
    auth: &AuthState,
    page: Page,
    status: StatusCode,
    username: String,
    next: String,
) -> Result<Response, PageError> {
    let token = SessionToken::make(auth.entropy.as_ref());
    let page = Page {
        csrf: derive_sign_in_csrf(&token),
        path: "/sign-in".to_owned(),
        ..page
    };
    let mut response = render(&SignInPage {
        page,
        username,
        next,
    })?;
    *response.status_mut() = status;
    let cookie = auth.cookies.set(cookie::SIGN_IN, &token.reveal(), None);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `POST /sign-in`
pub(crate) async fn post(
    State(auth): State<AuthState>,
    frame: Frame,
    address: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    OwnForm(sent): OwnForm<SignInForm>,
) -> Result<Response, PageError> {
    let next = local_path(&sent.next).to_owned();
    let username = normalise_username(&sent.username);
    let own = auth.cookies.find(&headers, cookie::SIGN_IN);
    let expected = own
        .as_deref()
        .and_then(SessionToken::parse)
        .as_ref()
        .map(derive_sign_in_csrf);
    if !expected.is_some_and(|expected| is_equal(&sent.csrf, &expected)) {
        let page = frame
            .page()
            .with_problem(frame.t("console-sign-in-error-form"));
        return form(&auth, page, StatusCode::FORBIDDEN, username, next);
    }
    let address = address.map(|Extension(ConnectInfo(address))| address.ip());
    let page = frame.page();
    let (status, page) = match sign_in(&auth, address, &username, &sent.password).await? {
        SignInOutcome::SignedIn(token) => {
            let mut response = Redirect::to(&next).into_response();
            let headers = response.headers_mut();
            let session = auth.cookies.set(cookie::SESSION, &token.reveal(), None);
            headers.append(header::SET_COOKIE, session);
            headers.append(header::SET_COOKIE, auth.cookies.remove(cookie::SIGN_IN));
            return Ok(response);
        }
        SignInOutcome::Wrong => {
            let text = frame.t("console-sign-in-error-wrong");
            (StatusCode::UNAUTHORIZED, page.with_problem(text))
        }
        SignInOutcome::Wait { seconds } => {
            let text = page.t1("console-sign-in-error-wait", "seconds", seconds);
            (StatusCode::TOO_MANY_REQUESTS, page.with_problem(text))
        }
        SignInOutcome::Locked => {
            let text = frame.t("console-sign-in-error-locked");
            (StatusCode::TOO_MANY_REQUESTS, page.with_problem(text))
        }
    };
    form(&auth, page, status, username, next)
}

/// `POST /sign-out`
pub(crate) async fn sign_out(
    State(auth): State<AuthState>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    auth.storage
        .delete_console_session(&sent.signed_in.session.token_hash)
        .await?;
    audit(&auth, sent.signed_in.person, "console_signed_out", "", "").await?;
    let mut response = Redirect::to("/sign-in?out=1").into_response();
    let gone = auth.cookies.remove(cookie::SESSION);
    response.headers_mut().append(header::SET_COOKIE, gone);
    Ok(response)
}
