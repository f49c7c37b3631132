//! What surrounds every page: the reader's language and size of type, the
//! headers that keep a browser from being used against them, error pages.

use askama::Template;
use axum::{
    extract::{FromRef, FromRequestParts, Query, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use wangge_model::message::{Language, message, message_id};

use super::{
    error::PageError,
    link::local_path,
    page::{Page, PersonBadge},
};
use crate::{
    auth::{AuthState, SignedIn, cookie},
    logging::RequestId,
    refusal::Refusal,
};

/// Everything a page may load or do. Scripts only from us, no frames around
/// us, forms only to us.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Language, size of type and address of a request.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Language asked for.
    pub language: Language,
    /// Large type.
    pub is_large: bool,
    /// Path and query.
    pub path: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choice {
    lang: String,
    #[serde(rename = "type")]
    size: String,
    back: String,
}

fn named_language(tag: &str) -> Option<Language> {
    Language::ALL
        .into_iter()
        .find(|language| language.tag() == tag)
}

/// A preference's cookie, whichever way the server was reached when it was
/// set: there is no harm in it.
fn preference(headers: &HeaderMap, name: &str) -> Option<String> {
    [true, false]
        .into_iter()
        .find_map(|is_secure| cookie::CookiePolicy { is_secure }.find(headers, name))
}

impl Frame {
    /// Of a request; `otherwise` where it asks for no language at all.
    pub(crate) fn of(headers: &HeaderMap, uri: &Uri, otherwise: Language) -> Self {
        let asked = Query::<Choice>::try_from_uri(uri).map(|Query(choice)| choice.lang);
        let chosen = asked.ok().as_deref().and_then(named_language);
        let kept = || {
            preference(headers, cookie::LANGUAGE)
                .as_deref()
                .and_then(named_language)
        };
        let accepted = || {
            let header = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
            let first = header.split([',', ';']).next().unwrap_or_default().trim();
            (!first.is_empty() && first != "*").then(|| Language::from_tag(first))
        };
        Self {
            language: chosen.or_else(kept).or_else(accepted).unwrap_or(otherwise),
            is_large: preference(headers, cookie::TYPE).as_deref() == Some("large"),
            path: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
        }
    }

    /// The text with this id.
    pub(crate) fn t(&self, id: &str) -> String {
        message(self.language, id, &[])
    }

    /// The text with this id and one value filled in.
    pub(crate) fn t1(&self, id: &str, name: &str, value: impl std::fmt::Display) -> String {
        message(self.language, id, &[(name, &value.to_string())])
    }

    /// A page nobody is signed in on.
    pub(crate) fn page(&self) -> Page {
        Page {
            language: self.language,
            is_large: self.is_large,
            path: self.path.clone(),
            ..Page::default()
        }
    }

    /// A signed-in person's page.
    pub(crate) fn page_for(&self, signed_in: &SignedIn) -> Page {
        let role = match signed_in.scope.role {
            Some(role) => self.t(&role.message_id()),
            None => String::new(),
        };
        let mut alerts = Vec::new();
        let going_on = &signed_in.going_on;
        for emergency in &going_on.emergencies {
            let level = self.t(&message_id("emergency-level", emergency.level.as_str()));
            let until = emergency.ends_at.to_china_text();
            let values = [
                ("level", level.as_str()),
                ("place", emergency.node_name.as_str()),
                ("until", until.as_str()),
                ("reason", emergency.reason.as_str()),
            ];
            let text = message(self.language, "console-emergency-banner", &values);
            alerts.push((text, "/emergencies"));
        }
        if going_on.alarms > 0 {
            let text = self.t1("console-alarm-banner", "count", going_on.alarms);
            alerts.push((text, "/cases?queue=all&state=reported"));
        }
        Page {
            alerts,
            person: Some(PersonBadge {
                name: signed_in.name.clone(),
                role,
            }),
            csrf: signed_in.session.csrf_token.clone(),
            ..self.page()
        }
    }
}

impl<S> FromRequestParts<S> for Frame
where
    S: Send + Sync,
    AuthState: FromRef<S>,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let otherwise = AuthState::from_ref(state).language;
        Ok(Self::of(&parts.headers, &parts.uri, otherwise))
    }
}

/// Renders a page.
pub(crate) fn render(template: &impl Template) -> Result<Response, PageError> {
    Ok(Html(template.render()?).into_response())
}

/// A form that cannot be taken as it is: the page again with what is wrong, and the
/// reason's stable code for the audit list.
pub(crate) fn render_refusal(
    template: &impl Template,
    code: &'static str,
) -> Result<Response, PageError> {
    let mut response = render(template)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    response.extensions_mut().insert(Refusal::new(code));
    Ok(response)
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    page: Page,
    title: &'a str,
    text: &'a str,
    reference: Option<String>,
}

/// The page of an error.
fn error_page(frame: &Frame, error: PageError, reference: Option<String>) -> Response {
    let id = error.message_id();
    // What failed may have been a form: its address is no page to come back to.
    let page = Page {
        path: "/".to_owned(),
        ..frame.page()
    };
    let page = ErrorPage {
        page,
        title: &frame.t(&format!("{id}-title")),
        text: &frame.t(id),
        reference,
    };
    match page.render() {
        Ok(html) => (error.status(), Html(html)).into_response(),
        // The template of errors itself failed: the status has to do.
        Err(_) => error.status().into_response(),
    }
}

/// Puts the security headers on a page, writes error pages, and remembers a
/// language asked for with `?lang=`.
pub(crate) async fn dress(request: Request, next: Next) -> Response {
    let frame = Frame::of(request.headers(), request.uri(), Language::default());
    let reference = request
        .extensions()
        .get::<RequestId>()
        .map(|RequestId(id)| id.clone());
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions().get::<PageError>().copied() {
        let reference = reference.filter(|_| error == PageError::Internal);
        response = error_page(&frame, error, reference);
        response.extensions_mut().insert(Refusal::new(error.code()));
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What somebody saw must not stay behind on a shared computer.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// `GET /preferences?lang=&type=&back=`
pub(crate) async fn choose(
    axum::extract::State(auth): axum::extract::State<AuthState>,
    Query(choice): Query<Choice>,
) -> Response {
    const YEAR_S: i64 = 365 * 24 * 3_600;
    let mut response = Redirect::to(local_path(&choice.back)).into_response();
    let mut keep = |name, value: &str| {
        let cookie = auth.cookies.set(name, value, Some(YEAR_S));
        response.headers_mut().append(header::SET_COOKIE, cookie);
    };
    if let Some(language) = named_language(&choice.lang) {
        keep(cookie::LANGUAGE, language.tag());
    }
    if ["large", "normal"].contains(&choice.size.as_str()) {
        keep(cookie::TYPE, &choice.size);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(uri: &str, headers: &[(HeaderName, &'static str)]) -> Language {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        Frame::of(&headers, &uri.parse().unwrap(), Language::Chinese).language
    }

    #[test]
    fn the_address_beats_the_cookie_and_the_cookie_the_browser() {
        use Language::{Chinese, English};
        let browser = (header::ACCEPT_LANGUAGE, "en-GB,zh;q=0.5");
        let kept = (header::COOKIE, "wangge_language=zh-CN");
        assert_eq!(language("/", &[]), Chinese);
        assert_eq!(language("/", std::slice::from_ref(&browser)), English);
        assert_eq!(language("/", &[browser.clone(), kept.clone()]), Chinese);
        assert_eq!(language("/?lang=en", &[browser, kept]), English);
        assert_eq!(language("/?lang=fr", &[]), Chinese);
        assert_eq!(language("/", &[(header::ACCEPT_LANGUAGE, "*")]), Chinese);
    }

    #[test]
    fn every_error_has_a_page_in_both_languages() {
        for language in Language::ALL {
            let frame = Frame {
                language,
                is_large: false,
                path: "/x?name=secret".to_owned(),
            };
            for error in PageError::ALL {
                assert_ne!(frame.t(error.message_id()), error.message_id());
                let response = error_page(&frame, error, Some("7".to_owned()));
                assert_eq!(response.status(), error.status());
            }
        }
    }
}
