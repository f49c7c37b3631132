//! `/report-codes`: codes for walls and doors by which residents report (平安码),
//! made, printed and revoked by the desk of the grid.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use wangge_model::{
    GridId, RecordId, RecordKind, Timestamp,
    access::{Act, Data},
    resident::{LABEL_CHARS, ResidentError, label},
};

use super::{
    error::PageError,
    frame::{Frame, render, render_refusal},
    grid::card::CodeView,
    page::Page,
    select::{SelectOption, node_options},
};
use crate::{
    AppState,
    auth::{Nothing, Scope, SignedForm, SignedIn, sign_in::audit},
    resident::{grouped, make_code, read_code},
    storage::{NewReportCode, ReportCode, StorageError},
};

#[derive(Template)]
#[template(path = "report_codes.html")]
pub(crate) struct ReportCodesPage {
    pub(crate) page: Page,
    pub(crate) codes: Vec<ReportCodeView>,
    /// Whether residents may report at all.
    pub(crate) is_open: bool,
    pub(crate) form: CodeForm,
    pub(crate) grids: Vec<SelectOption>,
    /// Name of the place that the code to make hangs at; empty: at none.
    pub(crate) place_name: String,
}

#[derive(Template)]
#[template(path = "report_code_card.html")]
pub(crate) struct ReportCodeCardPage {
    pub(crate) page: Page,
    pub(crate) code: ReportCodeView,
    pub(crate) address: String,
    pub(crate) picture: CodeView,
}

/// A code in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReportCodeView {
    pub(crate) href: String,
    /// In groups, to be read out.
    pub(crate) code: String,
    pub(crate) label: String,
    pub(crate) grid_name: String,
    pub(crate) place_name: String,
    pub(crate) created: String,
    pub(crate) revoked_at: Option<String>,
    pub(crate) reports: u64,
}

impl ReportCodeView {
    pub(crate) fn new(code: &ReportCode) -> Self {
        Self {
            href: format!("/report-codes/{}", code.code),
            code: grouped(&code.code),
            label: code.label.clone(),
            grid_name: code.grid_name.clone(),
            place_name: code.place_name.clone(),
            created: format!("{} {}", code.created_by, code.created_at.to_china_text()),
            revoked_at: code.revoked_at.map(Timestamp::to_china_text),
            reports: code.reports,
        }
    }
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/report-codes", get(list).post(create))
        .route("/report-codes/{code}/card", get(card))
        .route("/report-codes/{code}/revoke", post(revoke))
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CodeForm {
    pub(crate) label: String,
    pub(crate) grid: String,
    /// Id of a place; its grid is the code's.
    pub(crate) place: String,
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CodesQuery {
    place: String,
    done: String,
}

/// The place of a form, in the person's scope: its grid and name.
async fn find_place(
    state: &AppState,
    scope: &Scope,
    id: &RecordId,
) -> Result<Option<(GridId, String)>, PageError> {
    let found = state
        .storage
        .find_record_in_scope(id, &scope.person, scope.at)
        .await?
        .filter(|(stored, _)| stored.kind == RecordKind::Place);
    let Some((stored, _)) = found else {
        return Ok(None);
    };
    let grid = stored.grid;
    let opened = tokio::task::spawn_blocking(move || {
        let document =
            wangge_model::document::RecordDocument::load(stored.kind, Some(&stored.document), [])?;
        Ok::<_, wangge_model::document::DocumentError>(document.summary().title)
    });
    let title = opened
        .await
        .map_err(|error| PageError::internal(&error))?
        .map_err(|error| PageError::internal(&error))?;
    Ok(Some((grid, title)))
}

async fn page_of(
    state: &AppState,
    page: Page,
    scope: &Scope,
    mut form: CodeForm,
) -> Result<ReportCodesPage, PageError> {
    let storage = &state.storage;
    let mut place_name = String::new();
    let place = form.place.parse().ok();
    match place {
        Some(id) => match find_place(state, scope, &id).await? {
            Some((grid, name)) => {
                form.grid = grid.to_string();
                if form.label.is_empty() {
                    form.label = name.chars().take(LABEL_CHARS).collect();
                }
                place_name = name;
            }
            None => form.place.clear(),
        },
        None => form.place.clear(),
    }
    let grids = storage.list_grids_in_scope(&scope.person, scope.at).await?;
    let codes = storage.list_report_codes(&scope.person, scope.at).await?;
    Ok(ReportCodesPage {
        codes: codes.iter().map(ReportCodeView::new).collect(),
        is_open: state.settings.resident_reports,
        grids: node_options(grids, &form.grid),
        form,
        place_name,
        page,
    })
}

/// `GET /report-codes`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<CodesQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    if !scope.may(Data::Incident, Act::Assign) {
        return Err(PageError::Forbidden);
    }
    let mut page = frame.page_for(&signed_in);
    if ["made", "revoked"].contains(&query.done.as_str()) {
        let text = page.t(&format!("console-report-code-{}-notice", query.done));
        page = page.with_notice(text);
    }
    let form = CodeForm {
        place: query.place,
        ..CodeForm::default()
    };
    render(&page_of(&state, page, scope, form).await?)
}

async fn refused(
    state: &AppState,
    page: Page,
    scope: &Scope,
    form: CodeForm,
    error: ResidentError,
) -> Result<Response, PageError> {
    let text = error.text(page.language);
    let page = page_of(state, page.with_problem(text), scope, form).await?;
    render_refusal(&page, error.code())
}

/// `POST /report-codes`
async fn create(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<CodeForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    if !scope.may(Data::Incident, Act::Assign) {
        return Err(PageError::Forbidden);
    }
    let page = frame.page_for(&signed_in);
    let place: Option<RecordId> = form.place.parse().ok();
    let grid = match &place {
        Some(id) => find_place(&state, scope, id).await?.map(|(grid, _)| grid),
        None => form.grid.parse().ok(),
    };
    let checked = label(&form.label).and_then(|label| {
        let grid = grid.ok_or(ResidentError::Node)?;
        Ok((label, grid))
    });
    let (label, grid) = match checked {
        Ok(checked) => checked,
        Err(error) => return refused(&state, page, scope, form, error).await,
    };
    let new = NewReportCode {
        code: make_code(state.entropy.as_ref()),
        grid,
        place,
        label,
        person: scope.person,
        at: scope.at,
    };
    match state.storage.create_report_code(&new).await {
        Ok(()) => {}
        Err(StorageError::Missing(_)) => {
            return refused(&state, page, scope, form, ResidentError::Node).await;
        }
        Err(error) => return Err(error.into()),
    }
    audit(&state.auth, scope.person, "report_code_made", &new.code, "").await?;
    Ok(Redirect::to("/report-codes?done=made").into_response())
}

/// The code of an address, if it is of a grid at whose desk the person sits.
async fn find(state: &AppState, scope: &Scope, code: &str) -> Result<ReportCode, PageError> {
    let code = read_code(code).ok_or(PageError::NotFound)?;
    let found = state
        .storage
        .find_report_code(&code, &scope.person, scope.at)
        .await?;
    found.ok_or(PageError::NotFound)
}

/// `GET /report-codes/{code}/card`
async fn card(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(code): Path<String>,
) -> Result<Response, PageError> {
    let found = find(&state, &signed_in.scope, &code).await?;
    if found.revoked_at.is_some() {
        return Err(PageError::NotFound);
    }
    let address = format!(
        "{}/r/{}",
        state.settings.public_url.trim_end_matches('/'),
        found.code
    );
    let picture = CodeView::of(&address)
        .ok_or_else(|| PageError::internal(&"the public address is too long for a code"))?;
    render(&ReportCodeCardPage {
        page: frame.page_for(&signed_in),
        code: ReportCodeView::new(&found),
        address,
        picture,
    })
}

/// `POST /report-codes/{code}/revoke`
async fn revoke(
    State(state): State<AppState>,
    Path(code): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    let found = find(&state, scope, &code).await?;
    let revoked = state
        .storage
        .revoke_report_code(&found.code, &scope.person, scope.at)
        .await?;
    if revoked {
        let target = &found.code;
        audit(&state.auth, scope.person, "report_code_revoked", target, "").await?;
    }
    Ok(Redirect::to("/report-codes?done=revoked").into_response())
}
