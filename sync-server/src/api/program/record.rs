//! Reading records: lists, one record, its history.

use std::collections::{BTreeMap, HashMap};

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use wangge_model::{
    ChangeHash, FieldPath, FieldValue, MaskingKind, RecordId, RecordKind, Timestamp,
    document::{RecordDocument, schema},
    protocol::ProblemCode,
};

use super::{automerge_file::automerge_file, caller::Caller, value::to_json};
use crate::{
    ApiError, AppState,
    console::field::masking,
    storage::{Authorship, ListedRecord, RecordFilter, RecordOrder, StoredRecord},
};

/// Rows of a page if the caller does not say.
const PAGE_ROWS: u32 = 50;
/// Most rows of a page.
const MAX_PAGE_ROWS: u32 = 500;
/// Longest search text looked at, in characters.
const SEARCH_CHARS: usize = 60;

/// Which records a list shows; what is left out does not narrow it.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct ListQuery {
    /// `household`, `visit`, `incident`, `place`.
    kind: Option<String>,
    /// Id of a grid.
    grid: Option<String>,
    /// Words that title, name, phone, number or text must contain.
    q: Option<String>,
    /// A household's ledger, a visit's result, an incident's or place's state.
    state: Option<String>,
    /// Visits and incidents of this household.
    household: Option<String>,
    /// Visits and incidents of this place.
    place: Option<String>,
    /// Incidents that came about in this way, for example `visit` or `hotline`.
    source: Option<String>,
    /// `true`: only records with a field that has several values.
    conflicts: bool,
    /// `edited` (last edited first) or `title`.
    order: Option<String>,
    /// Number of the page, from 1.
    page: Option<u64>,
    /// Rows of a page, at most 500; 50 if left out.
    page_size: Option<u32>,
}

/// A page of records.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordPage {
    /// The rows.
    records: Vec<RecordRow>,
    /// Rows of all pages.
    total: u64,
    /// Number of this page, from 1.
    page: u64,
    /// Rows of a full page.
    page_size: u32,
}

/// A record in short. Phone numbers are masked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordRow {
    id: String,
    /// `household`, `visit`, `incident`, `place`.
    kind: String,
    /// Id of its grid.
    grid: String,
    grid_name: String,
    /// A household's address, an incident's title, a visit's kind, a place's name.
    title: String,
    /// The household's or place's contact, or who was met.
    person_name: String,
    /// Masked.
    phone: String,
    /// A household's ledger, a visit's result, an incident's or place's state.
    state: String,
    category: String,
    urgency: String,
    /// The case number of an incident.
    number: String,
    /// The household a visit or incident belongs to.
    household: Option<String>,
    /// The place a visit or incident belongs to.
    place: Option<String>,
    /// Of a separated household: `registered_only` or `resident_only`.
    residence: Option<String>,
    /// The record a household or place was merged into.
    merged_into: Option<String>,
    /// How an incident's report came about.
    source: Option<String>,
    /// When a visit started or an incident happened.
    occurred_at: Option<String>,
    /// Members of a household who have not left.
    member_count: u32,
    /// Fields with more than one current value.
    conflict_count: u32,
    /// Latest time any author's phone gave.
    edited_at: String,
    /// When the server first had it.
    created_at: String,
    /// When the server last took a change of it.
    changed_at: String,
}

impl From<ListedRecord> for RecordRow {
    fn from(listed: ListedRecord) -> Self {
        let summary = listed.summary;
        Self {
            id: listed.id.to_string(),
            kind: listed.kind.to_string(),
            grid: listed.grid.to_string(),
            grid_name: listed.grid_name,
            title: summary.title,
            person_name: summary.person_name,
            phone: MaskingKind::Mobile.mask(&summary.phone),
            state: summary.state,
            category: summary.category,
            urgency: summary.urgency,
            number: summary.number,
            household: summary.household.map(|id| id.to_string()),
            place: summary.place.map(|id| id.to_string()),
            residence: summary.residence,
            merged_into: summary.merged_into.map(|id| id.to_string()),
            source: summary.source,
            occurred_at: summary.occurred_at.map(Timestamp::to_rfc3339),
            member_count: summary.member_count,
            conflict_count: summary.conflict_count,
            edited_at: summary.edited_at.to_rfc3339(),
            created_at: listed.created_at.to_rfc3339(),
            changed_at: listed.changed_at.to_rfc3339(),
        }
    }
}

/// Reads one text of the query, which must be of this type if it is there.
fn parse<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>, ApiError> {
    text.filter(|text| !text.is_empty())
        .map(|text| text.parse().map_err(|_| ProblemCode::BadRequest.into()))
        .transpose()
}

impl ListQuery {
    fn filter(&self) -> Result<(RecordFilter, u64), ApiError> {
        let order = match self.order.as_deref() {
            None | Some("" | "edited") => RecordOrder::Edited,
            Some("title") => RecordOrder::Title,
            Some(_) => return Err(ProblemCode::BadRequest.into()),
        };
        let page = self.page.unwrap_or(1).max(1);
        let limit = self.page_size.unwrap_or(PAGE_ROWS).clamp(1, MAX_PAGE_ROWS);
        let text = self.q.as_deref().unwrap_or_default().trim();
        let filter = RecordFilter {
            kind: parse(self.kind.as_deref())?,
            grid: parse(self.grid.as_deref())?,
            text: text.chars().take(SEARCH_CHARS).collect(),
            state: self.state.clone().filter(|state| !state.is_empty()),
            household: parse(self.household.as_deref())?,
            place: parse(self.place.as_deref())?,
            source: self.source.clone().filter(|source| !source.is_empty()),
            has_conflict: self.conflicts,
            order,
            offset: (page - 1).saturating_mul(u64::from(limit)),
            limit,
        };
        Ok((filter, page))
    }
}

/// 权限范围内的记录。The records in your scope.
#[utoipa::path(
    get,
    path = "/api/v1/records",
    tag = "records",
    params(ListQuery),
    responses(
        (status = 200, body = RecordPage),
        (status = 400, description = "参数不对。A parameter is wrong"),
        (status = 401, description = "未登录。Not signed in"),
    )
)]
pub(super) async fn list_records(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<RecordPage>, ApiError> {
    let (filter, page) = query.filter()?;
    let scope = &caller.scope;
    let found = state
        .storage
        .list_records(&scope.person, scope.at, &filter)
        .await?;
    Ok(Json(RecordPage {
        records: found.records.into_iter().map(RecordRow::from).collect(),
        total: found.total,
        page,
        page_size: filter.limit,
    }))
}

/// One record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Record {
    id: String,
    /// `household`, `visit`, `incident`, `place`.
    kind: String,
    /// Id of its grid.
    grid: String,
    /// Every field that has a value, by path.
    #[schema(value_type = HashMap<String, Value>)]
    fields: BTreeMap<String, Value>,
    /// The fields above of which part is hidden.
    masked: Vec<String>,
    /// Fields with more than one current value; `fields` has the one that is
    /// shown.
    conflicts: Vec<Conflict>,
}

/// A field that two people changed without knowing of each other.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Conflict {
    /// Path of the field.
    field: String,
    /// The values, the one that is shown first.
    candidates: Vec<Candidate>,
}

/// One of several values.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Candidate {
    /// The value, masked as in `fields`; `null`: cleared.
    value: Value,
    /// Who entered it, as the server knows.
    person: Option<String>,
    /// The author's phone time: a claim.
    at: String,
}

/// The name a record's present state goes by in `ETag` and `If-Match`.
pub(super) fn etag(heads: &[ChangeHash]) -> String {
    let heads: Vec<String> = heads.iter().map(ToString::to_string).collect();
    format!("\"{}\"", heads.join("."))
}

/// A value as the caller gets it, and whether part of it is hidden.
fn shown(kind: RecordKind, path: &FieldPath, value: &FieldValue) -> (Value, bool) {
    let mask = schema::find_field(kind, path).and_then(masking);
    match (mask, value.as_text()) {
        (Some(mask), Some(text)) => {
            let masked = mask.mask(text);
            let is_masked = masked != text;
            (Value::from(masked), is_masked)
        }
        _ => (to_json(value), false),
    }
}

impl Record {
    /// The record as the caller gets it.
    pub(super) fn of(
        id: RecordId,
        grid: wangge_model::GridId,
        document: &RecordDocument,
        authors: &[Authorship],
    ) -> Self {
        let kind = document.kind();
        let authors: HashMap<ChangeHash, &Authorship> =
            authors.iter().map(|author| (author.hash, author)).collect();
        let (mut fields, mut masked) = (BTreeMap::new(), Vec::new());
        for (path, value) in document.fields() {
            let (value, is_masked) = shown(kind, &path, &value);
            if is_masked {
                masked.push(path.to_string());
            }
            fields.insert(path.to_string(), value);
        }
        let conflicts = document
            .conflicts()
            .into_iter()
            .map(|conflict| Conflict {
                candidates: conflict
                    .candidates
                    .iter()
                    .map(|candidate| Candidate {
                        value: candidate
                            .value
                            .as_ref()
                            .map_or(Value::Null, |value| shown(kind, &conflict.path, value).0),
                        person: candidate
                            .change
                            .and_then(|change| authors.get(&change)?.person_name.clone()),
                        at: candidate.at.to_rfc3339(),
                    })
                    .collect(),
                field: conflict.path.to_string(),
            })
            .collect();
        Self {
            id: id.to_string(),
            kind: kind.to_string(),
            grid: grid.to_string(),
            fields,
            masked,
            conflicts,
        }
    }
}

/// A record in the caller's scope, or that there is none.
pub(super) async fn find(
    state: &AppState,
    caller: &Caller,
    id: &str,
) -> Result<StoredRecord, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ProblemCode::NotFound)?;
    let scope = &caller.scope;
    state
        .storage
        .find_record_in_scope(&id, &scope.person, scope.at)
        .await?
        .map(|(stored, _)| stored)
        .ok_or_else(|| ProblemCode::NotFound.into())
}

/// Opens a stored document, off the threads that serve connections.
pub(super) async fn open(stored: StoredRecord) -> Result<RecordDocument, ApiError> {
    let id = stored.id;
    tokio::task::spawn_blocking(move || {
        RecordDocument::load(stored.kind, Some(&stored.document), [])
    })
    .await
    .map_err(|_| ProblemCode::Internal)?
    .map_err(|error| {
        tracing::error!(record = %id, %error, "a stored document cannot be read");
        ProblemCode::Internal.into()
    })
}

/// The answer that shows a record, with its `ETag`.
pub(super) async fn answer(state: &AppState, stored: StoredRecord) -> Result<Response, ApiError> {
    let (id, grid, tag) = (stored.id, stored.grid, etag(&stored.heads));
    let authors = state.storage.list_authorship(&id).await?;
    let document = open(stored).await?;
    let mut response = Json(Record::of(id, grid, &document, &authors)).into_response();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    Ok(response)
}

/// 一份记录；编号后加 `.automerge` 则下载 Automerge 文件。One record; with `.automerge` after
/// the id, its Automerge file.
#[utoipa::path(
    get,
    path = "/api/v1/records/{id}",
    tag = "records",
    params(("id" = String, Path, description = "记录编号。Id of the record")),
    responses(
        (status = 200, body = Record, headers(("ETag" = String, description = "状态标记，用于 If-Match。State, for If-Match"))),
        (status = 307, description = "已合并到另一份记录。Merged into another record, which `Location` names"),
        (status = 404, description = "没有这份记录，或不在权限范围内。No such record in your scope"),
    )
)]
pub(super) async fn read_record(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    if let Some(id) = id.strip_suffix(".automerge") {
        let id = id.parse().map_err(|_| ProblemCode::NotFound)?;
        return automerge_file(&state, &caller, id).await;
    }
    let stored = find(&state, &caller, &id).await?;
    let stands_for = state.storage.resolve_merged(&stored.id).await?;
    if stands_for != stored.id && find(&state, &caller, &stands_for.to_string()).await.is_ok() {
        // It may be parted again: nobody is to remember this.
        let there = format!("/api/v1/records/{stands_for}");
        return Ok(Redirect::temporary(&there).into_response());
    }
    answer(&state, stored).await
}

/// One change of a record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HistoryEntry {
    /// Hash of the change.
    change: String,
    /// Who made it, as the server knows; `null`: the server itself.
    person: Option<String>,
    /// With which phone; `null`: at the console or by a program.
    device: Option<String>,
    /// The author's phone time: a claim.
    at: String,
    /// When it reached the server.
    received_at: Option<String>,
    /// The fields it wrote, masked; `null`: cleared.
    #[schema(value_type = HashMap<String, Value>)]
    fields: BTreeMap<String, Value>,
}

/// 一份记录的全部修改，从早到晚。Every change of a record, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/records/{id}/history",
    tag = "records",
    params(("id" = String, Path, description = "记录编号。Id of the record")),
    responses((status = 200, body = Vec<HistoryEntry>), (status = 404, description = "没有这份记录。No such record"))
)]
pub(super) async fn read_history(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Vec<HistoryEntry>>, ApiError> {
    let stored = find(&state, &caller, &id).await?;
    let authors = state.storage.list_authorship(&stored.id).await?;
    let authors: HashMap<ChangeHash, &Authorship> =
        authors.iter().map(|author| (author.hash, author)).collect();
    let kind = stored.kind;
    let document = open(stored).await?;
    let entries = document.history().into_iter().map(|entry| {
        let author = authors.get(&entry.hash);
        HistoryEntry {
            change: entry.hash.to_string(),
            person: author.and_then(|author| author.person_name.clone()),
            device: author.and_then(|author| author.device_name.clone()),
            at: entry.at.to_rfc3339(),
            received_at: author.map(|author| author.received_at.to_rfc3339()),
            fields: entry
                .fields
                .iter()
                .map(|field| {
                    let value = field
                        .value
                        .as_ref()
                        .map_or(Value::Null, |value| shown(kind, &field.path, value).0);
                    (field.path.to_string(), value)
                })
                .collect(),
        }
    });
    Ok(Json(entries.collect()))
}
