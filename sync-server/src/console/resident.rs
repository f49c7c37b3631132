//! `/r/<code>`: the page that somebody sees who reads a code off a wall, where
//! they report what is wrong; and `/r/track`, where they see how far it is.
//! Nobody signs in. Works without scripts and on small phones.
//!
//! Every refusal is said in words. Nothing here tells about people, households
//! or who made a code; a code that is wrong and one that was revoked look the
//! same.

use std::net::{IpAddr, SocketAddr};

use askama::Template;
use axum::{
    Router,
    extract::{ConnectInfo, Extension, Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use wangge_model::{
    message::Language,
    resident::{CLASSES, ResidentError, ResidentReport, class_text},
};

use super::{
    error::PageError,
    frame::{Frame, render},
    page::Page,
    select::SelectOption,
};
use crate::{
    AppState,
    auth::OwnForm,
    resident::{self, grouped, hash_tracking, make_mark, read_code},
    storage::{OpenCode, TrackedReport},
};

/// Letters and digits of a form's mark.
const MARK_CHARS: usize = 32;

#[derive(Template)]
#[template(path = "resident_report.html")]
pub(crate) struct ResidentReportPage {
    pub(crate) page: Page,
    /// Where the form goes.
    pub(crate) action: String,
    /// Where the code hangs.
    pub(crate) label: String,
    pub(crate) form: ReportForm,
    pub(crate) classes: Vec<SelectOption>,
    /// Whether anybody could be told: else no number is asked for.
    pub(crate) asks_phone: bool,
}

#[derive(Template)]
#[template(path = "resident_received.html")]
pub(crate) struct ResidentReceivedPage {
    pub(crate) page: Page,
    /// The tracking code in groups.
    pub(crate) tracking: String,
    /// Whether messages will come.
    pub(crate) is_told: bool,
}

#[derive(Template)]
#[template(path = "resident_track.html")]
pub(crate) struct ResidentTrackPage {
    pub(crate) page: Page,
    pub(crate) tracking: String,
    pub(crate) found: Option<TrackedView>,
}

/// A page that only says why there is no other.
#[derive(Template)]
#[template(path = "resident_closed.html")]
pub(crate) struct ResidentClosedPage {
    pub(crate) page: Page,
}

/// How far a report is, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrackedView {
    pub(crate) stage: String,
    pub(crate) received_at: String,
}

impl TrackedView {
    fn new(found: TrackedReport, language: Language) -> Self {
        Self {
            stage: found.stage.text(language),
            received_at: found.received_at.to_china_text(),
        }
    }
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/r/track", get(track_form).post(track))
        .route("/r/{code}", get(form).post(report))
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReportForm {
    pub(crate) class: String,
    pub(crate) place: String,
    pub(crate) description: String,
    pub(crate) phone: String,
    /// Of this form: sent twice it is one report.
    pub(crate) mark: String,
    /// People do not see this field and leave it empty.
    pub(crate) website: String,
}

type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

fn address(peer: Peer) -> Option<IpAddr> {
    peer.map(|Extension(ConnectInfo(peer))| peer.ip())
}

/// The answer to somebody who has to wait for so many minutes.
fn wait(page: Page, minutes: i64) -> Result<Response, PageError> {
    let text = page.t1("resident-wait", "minutes", minutes);
    let answer = render(&ResidentClosedPage {
        page: page.with_problem(text),
    })?;
    let mut answer = (StatusCode::TOO_MANY_REQUESTS, answer).into_response();
    let seconds = HeaderValue::from(minutes.saturating_mul(60));
    answer.headers_mut().insert(header::RETRY_AFTER, seconds);
    Ok(answer)
}

/// The answer where there is no such code, or none any more.
fn closed(page: Page) -> Result<Response, PageError> {
    let text = page.t("resident-no-code");
    let answer = render(&ResidentClosedPage {
        page: page.with_problem(text),
    })?;
    Ok((StatusCode::NOT_FOUND, answer).into_response())
}

/// The page of somebody at these pages: what they typed is no page to come back
/// to in another language.
fn page_at(frame: &Frame, path: String) -> Page {
    Page {
        path,
        ..frame.page()
    }
}

/// The code of an address, if it is open.
async fn find_code(state: &AppState, code: &str) -> Result<Option<(String, OpenCode)>, PageError> {
    if !state.settings.resident_reports {
        return Err(PageError::NotFound);
    }
    let Some(code) = read_code(code) else {
        return Ok(None);
    };
    let open = state.storage.find_open_code(&code).await?;
    Ok(open.map(|open| (code, open)))
}

fn report_page(
    state: &AppState,
    page: Page,
    code: &str,
    open: &OpenCode,
    form: ReportForm,
) -> ResidentReportPage {
    let class =
        |code: &&str| SelectOption::new(*code, class_text(code, page.language), &form.class);
    ResidentReportPage {
        action: format!("/r/{code}"),
        label: open.label.clone(),
        classes: CLASSES.iter().map(class).collect(),
        asks_phone: state.settings.sends_messages,
        form,
        page,
    }
}

/// `GET /r/{code}`
async fn form(
    State(state): State<AppState>,
    frame: Frame,
    peer: Peer,
    Path(code): Path<String>,
) -> Result<Response, PageError> {
    let now = state.clock.now();
    if let Err(minutes) = state.resident_limits.try_from_address(address(peer), now) {
        return wait(page_at(&frame, "/r/track".to_owned()), minutes);
    }
    let Some((code, open)) = find_code(&state, &code).await? else {
        return closed(page_at(&frame, "/r/track".to_owned()));
    };
    let form = ReportForm {
        place: open.label.clone(),
        mark: make_mark(state.entropy.as_ref()),
        ..ReportForm::default()
    };
    let page = page_at(&frame, format!("/r/{code}"));
    render(&report_page(&state, page, &code, &open, form))
}

/// `POST /r/{code}`
async fn report(
    State(state): State<AppState>,
    frame: Frame,
    peer: Peer,
    Path(code): Path<String>,
    OwnForm(mut form): OwnForm<ReportForm>,
) -> Result<Response, PageError> {
    let now = state.clock.now();
    let address = address(peer);
    if let Err(minutes) = state.resident_limits.try_from_address(address, now) {
        return wait(page_at(&frame, "/r/track".to_owned()), minutes);
    }
    let Some((code, open)) = find_code(&state, &code).await? else {
        return closed(page_at(&frame, "/r/track".to_owned()));
    };
    let page = page_at(&frame, format!("/r/{code}"));
    let is_mark = form.mark.len() == MARK_CHARS && form.mark.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_mark {
        form.mark = make_mark(state.entropy.as_ref());
    }
    if !state.settings.sends_messages {
        form.phone.clear();
    }
    let sent = ResidentReport {
        class: form.class.clone(),
        place: form.place.clone(),
        description: form.description.clone(),
        phone: form.phone.clone(),
    };
    let checked = if form.website.is_empty() {
        sent.checked()
    } else {
        Err(ResidentError::Program)
    };
    let report = match checked {
        Ok(report) => report,
        Err(error) => {
            form.website.clear();
            let page = page.with_problem(error.text(frame.language));
            let answer = render(&report_page(&state, page, &code, &open, form))?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, answer).into_response());
        }
    };
    if let Err(minutes) = state.resident_limits.report(address, &code, now) {
        return wait(page, minutes);
    }
    let tracking = resident::file(&state, &code, &open, &report, &form.mark)
        .await
        .map_err(|error| PageError::internal(&error))?;
    render(&ResidentReceivedPage {
        page: page_at(&frame, "/r/track".to_owned()),
        tracking: grouped(&tracking),
        is_told: !report.phone.is_empty(),
    })
}

/// `GET /r/track`
async fn track_form(State(state): State<AppState>, frame: Frame) -> Result<Response, PageError> {
    if !state.settings.resident_reports {
        return Err(PageError::NotFound);
    }
    render(&ResidentTrackPage {
        page: frame.page(),
        tracking: String::new(),
        found: None,
    })
}

/// What the form of a look-up sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TrackForm {
    tracking: String,
}

/// `POST /r/track`: not in the address, where it would stay in histories.
async fn track(
    State(state): State<AppState>,
    frame: Frame,
    peer: Peer,
    OwnForm(form): OwnForm<TrackForm>,
) -> Result<Response, PageError> {
    if !state.settings.resident_reports {
        return Err(PageError::NotFound);
    }
    let now = state.clock.now();
    let page = page_at(&frame, "/r/track".to_owned());
    if let Err(minutes) = state.resident_limits.try_from_address(address(peer), now) {
        return wait(page, minutes);
    }
    let found = match read_code(&form.tracking) {
        Some(code) => {
            let hash = hash_tracking(&code);
            state.storage.find_tracked_report(&hash).await?
        }
        None => None,
    };
    let tracking: String = form.tracking.chars().take(20).collect();
    if let Some(found) = found {
        return render(&ResidentTrackPage {
            found: Some(TrackedView::new(found, frame.language)),
            page,
            tracking,
        });
    }
    let text = page.t("resident-no-report");
    let answer = render(&ResidentTrackPage {
        page: page.with_problem(text),
        tracking,
        found: None,
    })?;
    Ok((StatusCode::NOT_FOUND, answer).into_response())
}
