//! `/ledgers`: tables of households brought into the register and taken out of
//! it. Owns forms and pages; what a file means and how it is written is
//! [`crate::ledger`]'s.

pub(crate) mod export;
pub(crate) mod import;
pub(super) mod upload;

use askama::Template;
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::HeaderValue,
    response::Response,
    routing::{get, post},
};
use wangge_model::{
    RecordKind,
    access::{Act, Data},
    document::schema::LEDGER,
};

use super::{
    error::PageError,
    field::choice,
    frame::{Frame, render},
    page::Page,
    select::SelectOption,
};
use crate::{
    AppState,
    auth::{Scope, SignedIn},
    ledger::{export::FileForm, judge::Duplicates, sheet::Limits},
    storage::{GrantedGrid, StorageResult},
};

/// Bytes of a request with a file: a larger file is read to its end and told so,
/// up to this.
const UPLOAD_BYTES: usize = 128 << 20;
/// Seconds after which a page of something under way is asked for again.
const REFRESH: HeaderValue = HeaderValue::from_static("2");

/// The routes of ledgers.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/ledgers", get(get_page))
        .route(
            "/ledgers/import",
            post(upload::post).layer(DefaultBodyLimit::max(UPLOAD_BYTES)),
        )
        .route("/ledgers/import/{id}", get(import::get))
        .route("/ledgers/import/{id}/columns", post(import::columns))
        .route("/ledgers/import/{id}/commit", post(import::commit))
        .route("/ledgers/import/{id}/report", get(import::report))
        .route("/ledgers/import/{id}/drop", post(import::drop_job))
        .route("/ledgers/export", post(export::post))
        .route("/ledgers/export/{id}", get(export::get))
        .route("/ledgers/export/{id}/file", get(export::file))
}

#[derive(Template)]
#[template(path = "ledgers.html")]
pub(crate) struct LedgersPage {
    pub(crate) page: Page,
    /// Grids the person may write to; none: there is nothing to import into.
    pub(crate) grids: Vec<SelectOption>,
    pub(crate) duplicates: Vec<SelectOption>,
    /// Largest file, in MiB.
    pub(crate) limit: u64,
    /// The import under way, if there is one.
    pub(crate) import: Option<String>,
    /// Grids to choose from for a table; none: nothing may be read.
    pub(crate) readable: Vec<SelectOption>,
    pub(crate) ledgers: Vec<SelectOption>,
    pub(crate) forms: Vec<SelectOption>,
    pub(crate) may_unmask: bool,
    /// The export under way or ready, if there is one.
    pub(crate) export: Option<String>,
}

/// The grids whose households the person may write, by name.
async fn writable_grids(state: &AppState, scope: &Scope) -> StorageResult<Vec<GrantedGrid>> {
    let mut grids = state
        .storage
        .list_granted_grids(&scope.person, scope.at)
        .await?;
    grids.retain(|grid| grid.writes.contains(&RecordKind::Household));
    grids.sort_by(|a, b| (&a.place, &a.code).cmp(&(&b.place, &b.code)));
    Ok(grids)
}

fn grid_options(grids: &[GrantedGrid], chosen: &str) -> Vec<SelectOption> {
    grids
        .iter()
        .map(|grid| {
            let label = format!("{} {}", grid.place, grid.name);
            SelectOption::new(grid.grid.to_string(), label.trim().to_owned(), chosen)
        })
        .collect()
}

fn duplicate_options(page: &Page, chosen: Duplicates) -> Vec<SelectOption> {
    Duplicates::ALL
        .iter()
        .map(|one| {
            let label = page.t(&format!("console-ledger-duplicates-{}", one.as_str()));
            SelectOption::new(one.as_str(), label, chosen.as_str())
        })
        .collect()
}

impl LedgersPage {
    /// The page of a person.
    async fn find(state: &AppState, page: Page, scope: &Scope) -> Result<Self, PageError> {
        let grids = writable_grids(state, scope).await?;
        let may_read = scope.may(Data::Household, Act::Read);
        let readable = if may_read {
            state
                .storage
                .list_grids_in_scope(&scope.person, scope.at)
                .await?
        } else {
            Vec::new()
        };
        let (import, export) = state.ledgers.list_of(&scope.person, scope.at);
        Ok(Self {
            grids: grid_options(&grids, ""),
            duplicates: duplicate_options(&page, Duplicates::default()),
            limit: Limits::CONSOLE.file_bytes >> 20,
            import: import.map(|id| format!("/ledgers/import/{id}")),
            readable: readable
                .iter()
                .map(|grid| SelectOption::new(grid.id.to_string(), grid.name.clone(), ""))
                .collect(),
            ledgers: LEDGER
                .iter()
                .map(|code| {
                    let label = choice(RecordKind::Household, "ledger", code, page.language);
                    SelectOption::new(*code, label, "")
                })
                .collect(),
            forms: FileForm::ALL
                .iter()
                .map(|form| {
                    let label = page.t(&format!("console-ledger-form-{}", form.as_str()));
                    SelectOption::new(form.as_str(), label, "xlsx")
                })
                .collect(),
            may_unmask: scope.may(Data::Household, Act::Unmask),
            export: export.map(|id| format!("/ledgers/export/{id}")),
            page,
        })
    }
}

/// `GET /ledgers`
pub(super) async fn get_page(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
) -> Result<Response, PageError> {
    let page = frame.page_for(&signed_in);
    render(&LedgersPage::find(&state, page, &signed_in.scope).await?)
}
