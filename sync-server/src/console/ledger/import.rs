//! `/ledgers/import/{id}`: what a file would do, its columns, and the yes.

use std::{collections::HashMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};

use super::{REFRESH, duplicate_options, grid_options, writable_grids};
use crate::{
    AppState,
    auth::{Nothing, Scope, SignedForm, SignedIn},
    console::{
        error::PageError,
        frame::{Frame, render},
        link::attachment,
        page::Page,
        select::SelectOption,
    },
    ledger::{
        column::{Columns, Mapping, Target, letters, normalise_heading},
        import::Summary,
        job::import::{Check, ImportJob, ImportSettings, ImportStage, ImportView},
        remark::{Remark, Remarks, Severity},
    },
};

/// Remarks shown on the page; the file has all.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "ledger_import.html")]
pub(crate) struct ImportPage {
    pub(crate) page: Page,
    pub(crate) href: String,
    /// Name of the file.
    pub(crate) name: String,
    /// How far it is, in words.
    pub(crate) state: String,
    /// What it would do or did; none while that is not known.
    pub(crate) summary: Option<Vec<Figure>>,
    /// Rows done, of so many, while something is under way.
    pub(crate) progress: Option<(u64, u64)>,
    /// What is wrong, if it cannot go on.
    pub(crate) problem: Option<String>,
    pub(crate) remarks: Vec<RemarkRow>,
    /// Remarks there are, shown or not.
    pub(crate) remark_count: u64,
    pub(crate) columns: Vec<ColumnInput>,
    /// The name under which these columns were remembered.
    pub(crate) remembered: Option<String>,
    pub(crate) sheet: String,
    pub(crate) grids: Vec<SelectOption>,
    pub(crate) duplicates: Vec<SelectOption>,
    /// Households that would be written; none: nothing can be committed.
    pub(crate) to_write: u64,
    /// Name under which the columns are remembered unless somebody says
    /// otherwise.
    pub(crate) template: String,
    /// Something is being done.
    pub(crate) is_busy: bool,
    /// Everything is written.
    pub(crate) is_done: bool,
    /// Columns and settings can be changed.
    pub(crate) may_change: bool,
}

/// A number of households and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) label: String,
    pub(crate) count: u64,
    pub(crate) needs_attention: bool,
}

/// A remark in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemarkRow {
    /// `C12`: column and row as workbooks name them.
    pub(crate) place: String,
    pub(crate) heading: String,
    /// Masked.
    pub(crate) value: String,
    pub(crate) severity: String,
    pub(crate) is_error: bool,
    pub(crate) reason: String,
}

impl RemarkRow {
    fn new(remark: &Remark, page: &Page) -> Self {
        let severity = remark.reason.severity();
        Self {
            place: format!("{}{}", remark.column_letters(), remark.row),
            heading: remark.heading.clone(),
            value: remark.value.clone(),
            severity: page.t(severity.message_id()),
            is_error: severity == Severity::Error,
            reason: remark.reason.text(page.language),
        }
    }
}

/// A column and what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnInput {
    pub(crate) name: String,
    pub(crate) letters: String,
    pub(crate) heading: String,
    /// General targets, those of the household, those of people.
    pub(crate) groups: Vec<(String, Vec<SelectOption>)>,
    /// Of a column about one of several people of a row: what it is. It cannot
    /// be changed, because a heading stands for one thing.
    pub(crate) fixed: Option<String>,
}

fn figures(summary: &Summary, page: &Page, is_done: bool) -> Vec<Figure> {
    let figure = |name: &str, count: u64, needs_attention: bool| Figure {
        label: page.t(&format!("console-ledger-{name}")),
        count,
        needs_attention: needs_attention && count > 0,
    };
    let changed = if is_done { "updated" } else { "changed" };
    vec![
        figure("rows", summary.rows, false),
        figure("households", summary.households, false),
        figure("people", summary.people, false),
        figure("new", summary.new, false),
        figure(changed, summary.changed, false),
        figure("filled", summary.filled, false),
        figure("unchanged", summary.unchanged, false),
        figure("skipped", summary.skipped, true),
        figure("held-back", summary.held_back, true),
    ]
}

fn column_inputs(columns: &Columns, page: &Page) -> Vec<ColumnInput> {
    let group_of = |target: Target| match target {
        _ if target.is_of_member() => 2,
        Target::Field(_) | Target::HouseholdLabels => 1,
        _ => 0,
    };
    columns
        .columns
        .iter()
        .map(|column| {
            let chosen = column.target.to_string();
            let groups = ["general", "household", "person"].iter().zip(0..);
            let groups = groups.map(|(name, number)| {
                let options = Target::all()
                    .filter(|target| group_of(*target) == number)
                    .map(|target| {
                        let label = target.label(page.language);
                        SelectOption::new(target.to_string(), label, &chosen)
                    });
                let label = page.t(&format!("console-ledger-group-{name}"));
                (label, options.collect())
            });
            let is_numbered = column.slot > 0;
            ColumnInput {
                name: format!("column_{}", column.place),
                letters: letters(column.place),
                heading: column.heading.clone(),
                groups: if is_numbered {
                    Vec::new()
                } else {
                    groups.collect()
                },
                fixed: is_numbered.then(|| {
                    let label = column.target.label(page.language);
                    page.t2("console-ledger-slot", "number", column.slot, "label", label)
                }),
            }
        })
        .collect()
}

impl ImportPage {
    /// The page of an import as it stands.
    pub(crate) fn new(
        page: Page,
        href: String,
        name: &str,
        view: &ImportView,
        grids: Vec<SelectOption>,
    ) -> Self {
        let stage = &view.stage;
        let (state, progress) = match stage {
            ImportStage::Reading => ("reading", None),
            ImportStage::Checking { done, rows } => ("checking", Some((*done, *rows))),
            ImportStage::Refused(_) => ("refused", None),
            ImportStage::Checked(_) => ("checked", None),
            ImportStage::Committing { done, rows } => ("committing", Some((*done, *rows))),
            ImportStage::Done(_) => ("done", None),
            ImportStage::Interrupted(_) => ("interrupted", None),
        };
        let is_done = matches!(stage, ImportStage::Done(_));
        let found: Option<&Check> = match stage {
            ImportStage::Checked(check) | ImportStage::Done(check) => Some(check),
            _ => None,
        };
        let problem = match stage {
            ImportStage::Refused(trouble) | ImportStage::Interrupted(trouble) => {
                Some(trouble.text(page.language))
            }
            _ => None,
        };
        let to_write = match stage {
            ImportStage::Checked(check) => check.summary.to_write(),
            _ => 0,
        };
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        Self {
            href,
            name: name.to_owned(),
            state: page.t(&format!("console-ledger-state-{state}")),
            summary: found.map(|check| figures(&check.summary, &page, is_done)),
            progress: progress.filter(|(_, rows)| *rows > 0),
            problem,
            remarks: found.map_or_else(Vec::new, |check| first_remarks(&check.remarks, &page)),
            remark_count: found.map_or(0, |check| check.remarks.total()),
            columns: view
                .columns
                .as_ref()
                .map(|columns| column_inputs(columns, &page))
                .unwrap_or_default(),
            remembered: view.remembered.clone(),
            sheet: view.settings.sheet.clone(),
            grids,
            duplicates: duplicate_options(&page, view.settings.duplicates),
            to_write,
            template: view.remembered.clone().unwrap_or_else(|| stem.to_owned()),
            is_busy: stage.is_busy(),
            is_done,
            may_change: !stage.is_busy() && !is_done,
            page,
        }
    }
}

/// The first remarks, what has to be decided on before what is worth knowing.
fn first_remarks(remarks: &Remarks, page: &Page) -> Vec<RemarkRow> {
    let mut shown: Vec<&Remark> = remarks.kept.iter().collect();
    shown.sort_by_key(|remark| (remark.reason.severity(), remark.row, remark.column));
    shown
        .into_iter()
        .take(SHOWN)
        .map(|remark| RemarkRow::new(remark, page))
        .collect()
}

fn find(state: &AppState, scope: &Scope, id: &str) -> Result<Arc<ImportJob>, PageError> {
    state
        .ledgers
        .find_import(id, &scope.person, scope.at)
        .ok_or(PageError::NotFound)
}

fn to_job(id: &str) -> Response {
    Redirect::to(&format!("/ledgers/import/{id}")).into_response()
}

/// `GET /ledgers/import/{id}`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let job = find(&state, scope, &id)?;
    let view = job.view();
    let grids = writable_grids(&state, scope).await?;
    let chosen = view.settings.grid.map(|grid| grid.to_string());
    let page = ImportPage::new(
        frame.page_for(&signed_in),
        format!("/ledgers/import/{id}"),
        job.name(),
        &view,
        grid_options(&grids, &chosen.unwrap_or_default()),
    );
    let mut response = render(&page)?;
    if page.is_busy {
        response.headers_mut().insert(header::REFRESH, REFRESH);
    }
    Ok(response)
}

/// `POST /ledgers/import/{id}/columns`: otherwise, and look again.
pub(super) async fn columns(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    let job = find(&state, scope, &id)?;
    let view = job.view();
    let form = &sent.form;
    let of = |name: &str| form.get(name).map(|text| text.trim()).unwrap_or_default();
    let writable = writable_grids(&state, scope).await?;
    let grid = of("grid").parse().ok();
    let settings = ImportSettings {
        grid: grid.filter(|grid| writable.iter().any(|own| own.grid == *grid)),
        sheet: of("sheet").to_owned(),
        duplicates: of("duplicates").parse().unwrap_or_default(),
        // Of another sheet the columns are others.
        mapping: (of("sheet") == view.settings.sheet)
            .then(|| mapping(view.columns.as_ref(), of))
            .flatten(),
    };
    if job.begin_again(settings) {
        tokio::spawn(async move { job.check(&state).await });
    }
    Ok(to_job(&id))
}

/// What the form says the columns are; none if there are none yet.
fn mapping<'a>(columns: Option<&Columns>, of: impl Fn(&str) -> &'a str) -> Option<Mapping> {
    let numbered = columns?.columns.iter().filter(|column| column.slot == 0);
    Some(
        numbered
            .filter_map(|column| {
                let target = of(&format!("column_{}", column.place)).parse().ok()?;
                Some((normalise_heading(&column.heading), target))
            })
            .collect(),
    )
}

/// The yes, and what to call the columns.
#[derive(Debug, serde::Deserialize)]
pub(super) struct CommitForm {
    #[serde(default)]
    template: String,
}

/// `POST /ledgers/import/{id}/commit`
pub(super) async fn commit(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<CommitForm>,
) -> Result<Response, PageError> {
    let job = find(&state, &sent.signed_in.scope, &id)?;
    let remarks = match job.stage() {
        ImportStage::Checked(check) => check.remarks.clone(),
        _ => Remarks::default(),
    };
    // Somebody who presses twice does nothing the second time.
    if job.begin_commit() {
        tokio::spawn(async move { job.commit(&state, remarks, &sent.form.template).await });
    }
    Ok(to_job(&id))
}

/// `GET /ledgers/import/{id}/report`: every remark, as a table.
pub(super) async fn report(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let job = find(&state, &signed_in.scope, &id)?;
    let (ImportStage::Checked(check) | ImportStage::Done(check)) = job.stage() else {
        return Err(PageError::NotFound);
    };
    let mut table = Vec::new();
    check
        .remarks
        .write(&mut table)
        .map_err(|error| PageError::internal(&error))?;
    let name = attachment("ledger-report.csv", &format!("{}-report.csv", job.name()));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&name).map_err(|error| PageError::internal(&error))?,
        ),
    ];
    Ok((headers, table).into_response())
}

/// `POST /ledgers/import/{id}/drop`: the file is let go.
pub(super) async fn drop_job(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    find(&state, scope, &id)?;
    state.ledgers.remove(&id, &scope.person);
    Ok(Redirect::to("/ledgers").into_response())
}
