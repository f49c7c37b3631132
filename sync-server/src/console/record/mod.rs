//! `/households`, `/visits`, `/incidents`, `/places` and their records: lists, one
//! record's page, lifting a mask, settling a conflict.

pub(crate) mod build;
pub(crate) mod view;

use std::collections::HashMap;

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use wangge_model::{
    ChangeHash, FieldPath, OrgNodeId, RecordId, RecordKind,
    access::{self, Act, Data, Seat},
    collection::{CollectionLists, Form, SET_PREFIX, evaluate},
    document::{
        RecordDocument,
        schema::{self, FieldType},
    },
    merge,
    message::message_id,
};

use self::build::record_view;
use self::view::{RecordInput, RecordView, RelatedView, list_href};
use super::{
    duplicate,
    error::PageError,
    field::{FieldText, masking},
    frame::{Frame, render},
    link::with_query,
    list::{GridOption, ListFilter, ListForm, ListPage, ListRow, list_row},
    page::Page,
};
use crate::{
    AppState,
    auth::{AuthState, Scope, SignedForm, SignedIn, sign_in::audit},
    ingest::{
        console_edit::{self, SettleError},
        merge::MergeError,
    },
    storage::{Authorship, NewMove, OrgNode, RecordFilter, RecordName, StoredRecord},
};

/// Most visits and incidents on a household's or place's page.
const RELATED_ROWS: u32 = 20;

#[derive(Template)]
#[template(path = "households.html")]
pub(crate) struct HouseholdsPage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<ListRow>,
}

#[derive(Template)]
#[template(path = "visits.html")]
pub(crate) struct VisitsPage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<ListRow>,
}

#[derive(Template)]
#[template(path = "incidents.html")]
pub(crate) struct IncidentsPage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<ListRow>,
}

#[derive(Template)]
#[template(path = "places.html")]
pub(crate) struct PlacesPage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<ListRow>,
}

#[derive(Template)]
#[template(path = "record.html")]
pub(crate) struct RecordPage {
    pub(crate) page: Page,
    pub(crate) record: RecordView,
}

#[derive(Template)]
#[template(path = "conflicts.html")]
pub(crate) struct ConflictsPage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<ListRow>,
}

/// The routes of all kinds.
pub(crate) fn router() -> Router<AppState> {
    let conflicts = Router::new().route("/conflicts", get(list_conflicts));
    RecordKind::ALL.into_iter().fold(conflicts, |router, kind| {
        let base = list_href(kind);
        router
            .route(
                base,
                get(move |state, frame, signed_in, form| list(kind, state, frame, signed_in, form)),
            )
            .route(
                &format!("{base}/{{id}}"),
                get(move |state, frame, signed_in, id, query| {
                    one(kind, state, frame, signed_in, id, query)
                }),
            )
            .route(
                &format!("{base}/{{id}}/show"),
                post(move |state, frame, id, form| show(kind, state, frame, id, form)),
            )
            .route(
                &format!("{base}/{{id}}/move"),
                post(move |state, frame, id, form| move_to(kind, state, frame, id, form)),
            )
            .route(
                &format!("{base}/{{id}}/settle"),
                post(move |state, frame, id, form| settle(kind, state, frame, id, form)),
            )
    })
}

/// `GET /households`, `/visits`, `/incidents`, `/places`
async fn list(
    kind: RecordKind,
    State(auth): State<AuthState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<ListForm>,
) -> Result<Response, PageError> {
    let filter = ListFilter::from(form);
    let list = find_page(&auth, &signed_in.scope, &frame, Some(kind), filter).await?;
    let page = frame.page_for(&signed_in);
    match kind {
        RecordKind::Household => render(&HouseholdsPage { page, list }),
        RecordKind::Visit => render(&VisitsPage { page, list }),
        RecordKind::Incident => render(&IncidentsPage { page, list }),
        RecordKind::Place => render(&PlacesPage { page, list }),
    }
}

/// `GET /conflicts`: records of every kind with a field that has several
/// values.
async fn list_conflicts(
    State(auth): State<AuthState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<ListForm>,
) -> Result<Response, PageError> {
    let filter = ListFilter {
        conflicts: true,
        ..ListFilter::from(form)
    };
    let list = find_page(&auth, &signed_in.scope, &frame, None, filter).await?;
    render(&ConflictsPage {
        page: frame.page_for(&signed_in),
        list,
    })
}

async fn find_page(
    auth: &AuthState,
    scope: &Scope,
    frame: &Frame,
    kind: Option<RecordKind>,
    filter: ListFilter,
) -> Result<ListPage<ListRow>, PageError> {
    let asked = filter.to_record_filter(kind);
    let found = auth
        .storage
        .list_records(&scope.person, scope.at, &asked)
        .await?;
    let grids = auth
        .storage
        .list_grids_in_scope(&scope.person, scope.at)
        .await?;
    let belong_to = found.records.iter().flat_map(|record| {
        let summary = &record.summary;
        summary.household.into_iter().chain(summary.place)
    });
    let names = names(auth, scope, belong_to).await?;
    Ok(ListPage {
        action: kind.map_or("/conflicts", list_href),
        number: filter.page,
        filter,
        grids: grids.iter().map(GridOption::from).collect(),
        rows: found
            .records
            .iter()
            .map(|record| list_row(record, &names, frame.language))
            .collect(),
        total: found.total,
    })
}

/// What these records are called, as far as they are in scope.
async fn names(
    auth: &AuthState,
    scope: &Scope,
    ids: impl Iterator<Item = RecordId>,
) -> Result<HashMap<RecordId, RecordName>, PageError> {
    let mut ids: Vec<RecordId> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let names = auth
        .storage
        .list_names_in_scope(&ids, &scope.person, scope.at)
        .await?;
    Ok(names.into_iter().collect())
}

/// Everything one record's page needs, read within the person's scope.
struct Loaded {
    id: RecordId,
    document: RecordDocument,
    grid: Option<OrgNode>,
    grid_name: String,
    authorship: Vec<Authorship>,
    names: HashMap<RecordId, RecordName>,
    form: Form,
    seats: Vec<Seat>,
}

async fn load(
    auth: &AuthState,
    scope: &Scope,
    kind: RecordKind,
    id: &str,
) -> Result<Loaded, PageError> {
    let id: RecordId = id.parse().map_err(|_| PageError::NotFound)?;
    let (stored, listed) = auth
        .storage
        .find_record_in_scope(&id, &scope.person, scope.at)
        .await?
        .filter(|(stored, _)| stored.kind == kind)
        .ok_or(PageError::NotFound)?;
    let StoredRecord { grid, document, .. } = stored;
    let opened =
        tokio::task::spawn_blocking(move || RecordDocument::load(kind, Some(&document), []));
    let document = opened
        .await
        .map_err(|error| PageError::internal(&error))?
        .map_err(|error| PageError::internal(&error))?;
    let fields = document.fields();
    let references = fields.iter().filter_map(|(path, value)| {
        let spec = schema::find_field(kind, path)?;
        let is_reference = spec.kind == FieldType::RecordReference;
        is_reference
            .then(|| value.as_text()?.parse().ok())
            .flatten()
    });
    let references: Vec<RecordId> = references.collect();
    let node = auth.storage.find_node(&grid.into()).await?;
    let sets = auth
        .storage
        .list_references_above(SET_PREFIX, &grid.into())
        .await?;
    let lists = CollectionLists::read(sets.iter().filter_map(|set| set.body.as_deref()));
    let code = node.as_ref().and_then(|node| node.code.as_deref());
    let today = scope
        .at
        .to_china_date()
        .ok_or_else(|| PageError::internal(&"no date"))?;
    let form = evaluate(
        &lists,
        kind,
        code.unwrap_or_default(),
        &document.read(),
        today,
    );
    Ok(Loaded {
        id,
        document,
        seats: auth
            .storage
            .list_seats(&scope.person, &grid.into(), scope.at)
            .await?,
        grid: node,
        form,
        authorship: auth.storage.list_authorship(&id).await?,
        names: names(auth, scope, references.into_iter()).await?,
        grid_name: listed.grid_name,
    })
}

impl Loaded {
    fn view(&self, frame: &Frame, shown: Option<&FieldPath>) -> RecordView {
        let code = self.grid.as_ref().and_then(|grid| grid.code.as_deref());
        record_view(&RecordInput {
            id: self.id,
            grid_name: &self.grid_name,
            grid_code: code.unwrap_or_default(),
            document: &self.document,
            authorship: &self.authorship,
            names: &self.names,
            form: &self.form,
            language: frame.language,
            shown,
            seats: &self.seats,
        })
    }

    /// Whether the reader may put the record into another grid.
    fn may_move(&self) -> bool {
        self.seats
            .iter()
            .any(|seat| access::may(*seat, Data::HomeGrid, Act::Write))
    }

    fn label(&self, frame: &Frame, path: &FieldPath) -> String {
        FieldText {
            document: &self.document,
            language: frame.language,
            shown: None,
            names: &self.names,
        }
        .label(path)
    }
}

async fn related(
    auth: &AuthState,
    scope: &Scope,
    frame: &Frame,
    kind: RecordKind,
    id: RecordId,
) -> Result<Vec<RelatedView>, PageError> {
    let of_kind = |wanted| (kind == wanted).then_some(id);
    let mut lists = Vec::new();
    for (related, title) in [
        (RecordKind::Visit, "console-related-visits"),
        (RecordKind::Incident, "console-related-incidents"),
    ] {
        let filter = RecordFilter {
            kind: Some(related),
            household: of_kind(RecordKind::Household),
            place: of_kind(RecordKind::Place),
            limit: RELATED_ROWS,
            ..RecordFilter::default()
        };
        let found = auth
            .storage
            .list_records(&scope.person, scope.at, &filter)
            .await?;
        let none = HashMap::new();
        let rows = found
            .records
            .iter()
            .map(|record| list_row(record, &none, frame.language))
            .collect();
        lists.push(RelatedView {
            title: frame.t(title),
            rows,
        });
    }
    Ok(lists)
}

async fn page_of(
    auth: &AuthState,
    scope: &Scope,
    frame: &Frame,
    page: Page,
    loaded: &Loaded,
    shown: Option<&FieldPath>,
) -> Result<Response, PageError> {
    let mut record = loaded.view(frame, shown);
    if loaded.may_move() {
        record.move_to = auth
            .storage
            .list_grids_in_scope(&scope.person, scope.at)
            .await?
            .iter()
            .filter(|grid| Some(grid.id) != loaded.grid.as_ref().map(|home| home.id))
            .map(GridOption::from)
            .collect();
    }
    let kind = loaded.document.kind();
    if merge::is_mergeable(kind) {
        record.related = Some(related(auth, scope, frame, kind, loaded.id).await?);
        record.aliases = duplicate::aliases(auth, scope, frame.language, loaded.id).await?;
        record.merged_into = merged_into(auth, scope, loaded).await?;
    }
    // Also after a form: this is the address to come back to.
    let page = Page {
        path: record.href.clone(),
        ..page
    };
    render(&RecordPage { page, record })
}

/// What a merged record stands for: title and address, if it is in scope.
async fn merged_into(
    auth: &AuthState,
    scope: &Scope,
    loaded: &Loaded,
) -> Result<Option<(String, String)>, PageError> {
    let kept = auth.storage.resolve_merged(&loaded.id).await?;
    if kept == loaded.id {
        return Ok(None);
    }
    let names = names(auth, scope, std::iter::once(kept)).await?;
    Ok(names.get(&kept).map(|name| {
        (
            name.title.clone(),
            format!("{}/{kept}", list_href(name.kind)),
        )
    }))
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RecordQuery {
    settled: String,
    gone: String,
    moved: String,
    /// Two were merged, and this is the one that stays.
    merged: String,
    /// The merge was taken back.
    unmerged: String,
    /// Why something about a merge was not done.
    problem: String,
    /// A merged record that led here.
    alias: String,
    /// Shows a merged record itself and not what it stands for.
    itself: String,
}

/// `GET /households/{id}` and the like.
async fn one(
    kind: RecordKind,
    State(auth): State<AuthState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<RecordQuery>,
) -> Result<Response, PageError> {
    let loaded = load(&auth, &signed_in.scope, kind, &id).await?;
    if query.itself.is_empty()
        && let Some((_, href)) = merged_into(&auth, &signed_in.scope, &loaded).await?
    {
        let alias = loaded.id.to_string();
        return Ok(Redirect::to(&with_query(&href, &[("alias", alias.as_str())])).into_response());
    }
    let mut page = frame.page_for(&signed_in);
    if let Some(text) = told_of_merge(&page, &query) {
        page = text;
    } else if let Ok(path) = FieldPath::new(query.settled) {
        let text = page.t1(
            "console-conflict-settled",
            "field",
            loaded.label(&frame, &path),
        );
        page = page.with_notice(text);
    } else if let Ok(path) = FieldPath::new(query.gone) {
        let text = page.t1(
            "console-conflict-gone",
            "field",
            loaded.label(&frame, &path),
        );
        page = page.with_problem(text);
    } else if !query.moved.is_empty() {
        let text = page.t1("console-moved", "grid", &loaded.grid_name);
        page = page.with_notice(text);
    }
    page_of(&auth, &signed_in.scope, &frame, page, &loaded, None).await
}

/// The page with what is to be said of a merge, if anything is.
fn told_of_merge(page: &Page, query: &RecordQuery) -> Option<Page> {
    let id = if !query.merged.is_empty() {
        "console-merged-notice"
    } else if !query.unmerged.is_empty() {
        "console-unmerged-notice"
    } else if !query.alias.is_empty() {
        "console-alias-notice"
    } else if MergeError::CODES.contains(&query.problem.as_str()) {
        let text = page.t(&message_id("merge", &query.problem));
        return Some(page.clone().with_problem(text));
    } else {
        return None;
    };
    let text = page.t(id);
    Some(page.clone().with_notice(text))
}

/// What the form that moves a record sends.
#[derive(Debug, Deserialize)]
struct MoveForm {
    grid: String,
}

/// `POST /households/{id}/move` and the like: puts the record into another grid.
/// Who moves it must be allowed to in both.
async fn move_to(
    kind: RecordKind,
    State(state): State<AppState>,
    frame: Frame,
    Path(id): Path<String>,
    sent: SignedForm<MoveForm>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    let loaded = load(&state.auth, scope, kind, &id).await?;
    if !loaded.may_move() {
        return Err(PageError::Forbidden);
    }
    let back = format!("{}/{}", list_href(kind), loaded.id);
    let Ok(to) = sent.form.grid.parse::<OrgNodeId>() else {
        let page = frame.page_for(&sent.signed_in);
        let page = page.with_problem(frame.t("console-move-choose"));
        let mut response = page_of(&state.auth, scope, &frame, page, &loaded, None).await?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    };
    let storage = state.storage.as_ref();
    if !scope
        .may_in(storage, &to, Data::HomeGrid, Act::Write)
        .await?
    {
        return Err(PageError::Forbidden);
    }
    let new = NewMove {
        record: loaded.id,
        to: to.into(),
        person: Some(scope.person),
        at: state.clock.now(),
        moves: None,
    };
    let outcome = storage.move_record(new).await?;
    state.send_hints(&outcome.grids);
    let target = loaded.id.to_string();
    let detail = format!("{} -> {to}", outcome.from);
    audit(&state.auth, scope.person, "record_moved", &target, &detail).await?;
    Ok(Redirect::to(&with_query(&back, &[("moved", "1")])).into_response())
}

/// What the form that lifts a mask sends.
#[derive(Debug, Deserialize)]
struct ShowForm {
    path: String,
    reason: String,
}

/// `POST /households/{id}/show` and the like: shows one field in full, after
/// noting who looked at what and why.
async fn show(
    kind: RecordKind,
    State(auth): State<AuthState>,
    frame: Frame,
    Path(id): Path<String>,
    sent: SignedForm<ShowForm>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    let loaded = load(&auth, scope, kind, &id).await?;
    if !loaded
        .seats
        .iter()
        .any(|seat| access::may_unmask(*seat, kind))
    {
        return Err(PageError::Forbidden);
    }
    let path = FieldPath::new(sent.form.path).map_err(|_| PageError::BadRequest)?;
    if schema::find_field(kind, &path).and_then(masking).is_none() {
        return Err(PageError::BadRequest);
    }
    let page = frame.page_for(&sent.signed_in);
    let reason = sent.form.reason.trim();
    if !(2..=100).contains(&reason.chars().count()) {
        let page = page.with_problem(frame.t("console-show-reason-missing"));
        let mut response = page_of(&auth, scope, &frame, page, &loaded, None).await?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let detail = format!("{path}: {}", reason.replace(char::is_control, " "));
    audit(
        &auth,
        scope.person,
        "field_shown",
        &loaded.id.to_string(),
        &detail,
    )
    .await?;
    let text = page.t1("console-shown-notice", "field", loaded.label(&frame, &path));
    let page = page.with_notice(text);
    page_of(&auth, scope, &frame, page, &loaded, Some(&path)).await
}

/// What the form that settles a conflict sends.
#[derive(Debug, Deserialize)]
struct SettleForm {
    path: String,
    change: String,
}

/// `POST /households/{id}/settle` and the like: makes one of several values
/// the only one.
async fn settle(
    kind: RecordKind,
    State(state): State<AppState>,
    frame: Frame,
    Path(id): Path<String>,
    sent: SignedForm<SettleForm>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    let id: RecordId = id.parse().map_err(|_| PageError::NotFound)?;
    let path = FieldPath::new(sent.form.path).map_err(|_| PageError::BadRequest)?;
    let change: ChangeHash = sent
        .form
        .change
        .parse()
        .map_err(|_| PageError::BadRequest)?;
    if !scope.may(Data::Unsettled, Act::Settle) {
        return Err(PageError::Forbidden);
    }
    let back = format!("{}/{id}", list_href(kind));
    match console_edit::settle(&state, scope, kind, id, &path, change).await {
        Ok(()) => {
            Ok(Redirect::to(&with_query(&back, &[("settled", path.as_str())])).into_response())
        }
        Err(SettleError::Gone) => {
            Ok(Redirect::to(&with_query(&back, &[("gone", path.as_str())])).into_response())
        }
        Err(SettleError::NotFound) => Err(PageError::NotFound),
        Err(SettleError::Forbidden) => Err(PageError::Forbidden),
        Err(SettleError::Storage(error)) => Err(error.into()),
        Err(SettleError::Edit(error)) => {
            // The value was accepted once and is not any more: say why.
            let loaded = load(&state.auth, scope, kind, &id.to_string()).await?;
            let page = frame.page_for(&sent.signed_in);
            let text = page.t1(
                "console-conflict-cannot-settle",
                "reason",
                reason(&frame, &error),
            );
            let page = page.with_problem(text);
            let mut response = page_of(&state.auth, scope, &frame, page, &loaded, None).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(SettleError::Unreadable(error)) => Err(PageError::internal(&error)),
    }
}

/// Why an edit was refused, in words.
fn reason(frame: &Frame, error: &wangge_model::document::EditError) -> String {
    use wangge_model::{
        document::{EditError, schema::FieldError},
        message::{message, message_id},
    };
    match error {
        EditError::Field { reason, .. } => {
            let id = message_id("field", reason.code());
            match reason {
                FieldError::TooLong { max } => {
                    message(frame.language, &id, &[("max", &max.to_string())])
                }
                FieldError::OutOfRange { min, max } => message(
                    frame.language,
                    &id,
                    &[("min", &min.to_string()), ("max", &max.to_string())],
                ),
                _ => message(frame.language, &id, &[]),
            }
        }
        EditError::RecordFull => message(frame.language, "quarantine-record-full", &[]),
        EditError::Document(_) => frame.t("console-error-bad-request"),
    }
}
