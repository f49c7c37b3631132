//! `GET /archive`: archived cases by year; `GET /cases/{id}/archive.zip`: one of
//! them, or one that is closed, as a file (电子档案).

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, RecordId, RecordKind,
    case::{Case, CaseState},
    document::RecordDocument,
};

use crate::{
    AppState,
    auth::{SignedIn, sign_in::audit},
    case_archive::case_archive,
    console::{
        class::class_words,
        error::PageError,
        frame::{Frame, render},
        link::with_query,
        list::PAGE_ROWS,
        page::Page,
    },
    storage::{CaseFilter, CasePage, CaseQueue},
};

/// Years that are offered, this one first.
const YEARS: i32 = 10;

#[derive(Template)]
#[template(path = "archive.html")]
pub(crate) struct ArchivePage {
    pub(crate) page: Page,
    pub(crate) year: i32,
    /// Year, address, whether it is shown.
    pub(crate) years: Vec<(i32, String, bool)>,
    pub(crate) rows: Vec<ArchiveRow>,
    pub(crate) total: u64,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
}

/// An archived case in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ArchiveRow {
    pub(crate) href: String,
    pub(crate) file: String,
    pub(crate) title: String,
    pub(crate) number: String,
    pub(crate) class: String,
    pub(crate) received_at: String,
    pub(crate) grid_name: String,
}

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ArchiveQuery {
    year: String,
    page: String,
}

fn first_day(year: i32) -> Option<CivilDay> {
    format!("{year:04}-01-01").parse().ok()
}

/// `GET /archive`
pub(super) async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<ArchiveQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let today = CivilDay::of(scope.at).to_string();
    let this_year: i32 = today
        .split('-')
        .next()
        .and_then(|year| year.parse().ok())
        .unwrap_or(2026);
    let asked = query.year.parse().ok();
    let year = asked
        .filter(|year| (this_year - YEARS + 1..=this_year).contains(year))
        .unwrap_or(this_year);
    let days = first_day(year).zip(first_day(year + 1));
    let number: u64 = query.page.parse().unwrap_or(1).clamp(1, 1_000_000);
    let filter = CaseFilter {
        queue: CaseQueue::All,
        state: Some(CaseState::Archived),
        received: days.map(|(from, to)| (from.start(), to.start())),
        offset: (number - 1).saturating_mul(u64::from(PAGE_ROWS)),
        limit: PAGE_ROWS,
        ..CaseFilter::default()
    };
    let found = state
        .storage
        .list_cases(&filter, &scope.person, scope.at)
        .await?;
    let pages = found.total.div_ceil(u64::from(PAGE_ROWS)).max(1);
    let link = |year: i32, page: u64| {
        let (year, page) = (year.to_string(), page.to_string());
        with_query("/archive", &[("year", &year), ("page", &page)])
    };
    let language = frame.language;
    let page = frame.page_for(&signed_in);
    render(&ArchivePage {
        year,
        years: (0..YEARS)
            .map(|back| this_year - back)
            .map(|one| (one, link(one, 1), one == year))
            .collect(),
        rows: found
            .cases
            .into_iter()
            .map(|case| ArchiveRow {
                href: format!("/cases/{}", case.record.id),
                file: format!("/cases/{}/archive.zip", case.record.id),
                title: case.record.summary.title,
                number: case.record.summary.number,
                class: class_words(&case.record.summary.category, language),
                received_at: case.record.created_at.to_china_text(),
                grid_name: case.record.grid_name,
            })
            .collect(),
        total: found.total.min(CasePage::MOST),
        previous: (number > 1).then(|| link(year, number - 1)),
        next: (number < pages).then(|| link(year, number + 1)),
        page,
    })
}

/// `GET /cases/{id}/archive.zip`
pub(super) async fn file(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id: RecordId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &signed_in.scope;
    let storage = state.storage.as_ref();
    let stored = storage
        .find_case(&id, &scope.person, scope.at)
        .await?
        .ok_or(PageError::NotFound)?;
    // It says in full what pages show masked.
    let kind = RecordKind::Incident;
    if !scope.may_unmask_in(storage, &stored.grid, kind).await? {
        return Err(PageError::Forbidden);
    }
    let (language, at) = (frame.language, scope.at);
    let made = tokio::task::spawn_blocking(move || {
        let document = RecordDocument::load(stored.kind, Some(&stored.document), [])
            .map_err(|error| PageError::internal(&error))?;
        let case = Case::read(&document.read());
        let is_closed =
            case.is_some_and(|case| matches!(case.state, CaseState::Closed | CaseState::Archived));
        if !is_closed {
            return Err(PageError::NotFound);
        }
        case_archive(id, &document, at, language).map_err(|error| PageError::internal(&error))
    });
    let bytes = made.await.map_err(|error| PageError::internal(&error))??;
    audit(
        &state.auth,
        scope.person,
        "case_exported",
        &id.to_string(),
        "",
    )
    .await?;
    let name = format!("attachment; filename=\"case-{id}.zip\"");
    let name =
        HeaderValue::from_str(&name).unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/zip"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        ),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, bytes).into_response())
}
