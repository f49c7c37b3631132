//! `/duplicates`: records that may be the same, two of them side by side, and
//! deciding. Also what a record's page says of records merged into it.

use std::collections::HashMap;

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use wangge_model::{
    ChangeHash, FieldPath, RecordId, RecordKind,
    access::{Act, Data},
    document::{
        RecordDocument,
        schema::{self, FieldOwner},
    },
    merge::{self, Merged},
    message::Language,
};

use super::{
    error::PageError,
    field::FieldText,
    frame::{Frame, render},
    link::with_query,
    list::{ListFilter, ListForm, ListPage, ListRow, PAGE_ROWS, list_row},
    page::Page,
    record::view::list_href,
};
use crate::{
    AppState,
    auth::{Scope, SignedForm, SignedIn, sign_in::audit},
    ingest::merge::{self as merging, MergeError, Word},
    storage::{DuplicatePair, ListedRecord, RecordName, StoredRecord},
};

#[derive(Template)]
#[template(path = "duplicates.html")]
pub(crate) struct DuplicatesPage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<PairRow>,
}

/// Two records that may be the same.
#[derive(Debug)]
pub(crate) struct PairRow {
    pub(crate) href: String,
    pub(crate) one: ListRow,
    pub(crate) other: ListRow,
    /// What they share, in words.
    pub(crate) shared: String,
}

#[derive(Template)]
#[template(path = "duplicate_pair.html")]
pub(crate) struct DuplicatePairPage {
    pub(crate) page: Page,
    pub(crate) pair: PairView,
}

/// Two records side by side.
#[derive(Debug)]
pub(crate) struct PairView {
    pub(crate) href: String,
    pub(crate) one: ListRow,
    pub(crate) other: ListRow,
    pub(crate) fields: Vec<FieldPair>,
    /// The reader decides in both grids.
    pub(crate) may_decide: bool,
}

/// One field of both; empty where one has nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FieldPair {
    pub(crate) label: String,
    pub(crate) one: String,
    pub(crate) other: String,
}

impl FieldPair {
    /// Both have a value, and not the same.
    pub(crate) fn differs(&self) -> bool {
        !self.one.is_empty() && !self.other.is_empty() && self.one != self.other
    }
}

/// The routes of duplicates.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/duplicates", get(list))
        .route("/duplicates/{one}/{other}", get(compare))
        .route("/duplicates/{one}/{other}/merge", post(merge))
        .route("/duplicates/{one}/{other}/different", post(different))
        .route("/merged/{alias}/settle", post(settle))
        .route("/merged/{alias}/unmerge", post(unmerge))
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
    problem: String,
}

impl Done {
    /// The page with what was done, or why it was not.
    fn tell(&self, page: Page) -> Page {
        let known = |codes: &[&str], code: &str| codes.contains(&code);
        if known(&["different"], &self.done) {
            let text = page.t("console-duplicates-noted");
            return page.with_notice(text);
        }
        if known(&MergeError::CODES, &self.problem) {
            let text = page.t(&wangge_model::message::message_id("merge", &self.problem));
            return page.with_problem(text);
        }
        page
    }
}

fn row(record: &ListedRecord, language: Language) -> ListRow {
    list_row(record, &HashMap::new(), language)
}

fn pair_href(one: &RecordId, other: &RecordId) -> String {
    format!("/duplicates/{one}/{other}")
}

fn pair_row(pair: &DuplicatePair, page: &Page) -> PairRow {
    let shared: Vec<String> = pair
        .shared
        .iter()
        .map(|kind| {
            page.t(&wangge_model::message::message_id(
                "duplicate",
                kind.as_str(),
            ))
        })
        .collect();
    PairRow {
        href: pair_href(&pair.one.id, &pair.other.id),
        one: row(&pair.one, page.language),
        other: row(&pair.other, page.language),
        shared: shared.join(" · "),
    }
}

/// `GET /duplicates`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<ListForm>,
    Query(done): Query<Done>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let filter = ListFilter::from(form);
    let offset = (filter.page - 1).saturating_mul(u64::from(PAGE_ROWS));
    let found = state
        .storage
        .list_duplicate_pairs(&scope.person, scope.at, offset, PAGE_ROWS)
        .await?;
    let page = done.tell(frame.page_for(&signed_in));
    let rows = found
        .pairs
        .iter()
        .map(|pair| pair_row(pair, &page))
        .collect();
    let number = filter.page;
    let list = ListPage {
        action: "/duplicates",
        filter,
        grids: Vec::new(),
        sources: Vec::new(),
        rows,
        total: found.total,
        number,
    };
    render(&DuplicatesPage { page, list })
}

/// One record of a pair, opened.
struct Side {
    listed: ListedRecord,
    document: RecordDocument,
}

async fn open(state: &AppState, scope: &Scope, id: &str) -> Result<Side, PageError> {
    let id: RecordId = id.parse().map_err(|_| PageError::NotFound)?;
    let (stored, listed) = state
        .storage
        .find_record_in_scope(&id, &scope.person, scope.at)
        .await?
        .filter(|(stored, _)| merge::is_mergeable(stored.kind))
        .ok_or(PageError::NotFound)?;
    let StoredRecord { kind, document, .. } = stored;
    let document =
        tokio::task::spawn_blocking(move || RecordDocument::load(kind, Some(&document), []))
            .await
            .map_err(|error| PageError::internal(&error))?
            .map_err(|error| PageError::internal(&error))?;
    Ok(Side { listed, document })
}

/// `GET /duplicates/{one}/{other}`
async fn compare(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path((one, other)): Path<(String, String)>,
    Query(done): Query<Done>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let one = open(&state, scope, &one).await?;
    let other = open(&state, scope, &other).await?;
    let is_pair = one.listed.id != other.listed.id && one.listed.kind == other.listed.kind;
    if !is_pair {
        return Err(PageError::NotFound);
    }
    let page = done.tell(frame.page_for(&signed_in));
    let pair = PairView {
        href: pair_href(&one.listed.id, &other.listed.id),
        fields: field_pairs(&one.document, &other.document, page.language),
        may_decide: may_decide(&state, scope, &one).await?
            && may_decide(&state, scope, &other).await?,
        one: row(&one.listed, page.language),
        other: row(&other.listed, page.language),
    };
    render(&DuplicatePairPage { page, pair })
}

async fn may_decide(state: &AppState, scope: &Scope, side: &Side) -> Result<bool, PageError> {
    let node = side.listed.grid.into();
    let storage = state.storage.as_ref();
    Ok(scope
        .may_in(storage, &node, Data::Unsettled, Act::Decide)
        .await?)
}

/// The fields of both, those of one name in one row; personal numbers masked.
/// Members have other ids in either record, so rows go by what they are called.
fn field_pairs(one: &RecordDocument, other: &RecordDocument, language: Language) -> Vec<FieldPair> {
    let names: HashMap<RecordId, RecordName> = HashMap::new();
    let mut rows: Vec<(usize, FieldPair)> = Vec::new();
    for (document, is_one) in [(one, true), (other, false)] {
        let kind = document.kind();
        let text = FieldText {
            document,
            language,
            shown: None,
            names: &names,
        };
        for (path, value) in document.fields() {
            let Some(place) = place(kind, &path) else {
                continue;
            };
            let (label, value) = (text.label(&path), text.past_value(&path, &value));
            let known = rows
                .iter_mut()
                .find(|(_, row)| row.label == label && (is_one || row.other.is_empty()));
            match (known, is_one) {
                (Some((_, row)), false) => row.other = value,
                (_, true) => rows.push((place, pair(label, value, String::new()))),
                (None, false) => rows.push((place, pair(label, String::new(), value))),
            }
        }
    }
    rows.sort_by_key(|(place, _)| *place);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn pair(label: String, one: String, other: String) -> FieldPair {
    FieldPair { label, one, other }
}

/// Place of a field people write in the order of a form; `None` for others.
fn place(kind: RecordKind, path: &FieldPath) -> Option<usize> {
    let pattern = path.pattern();
    schema::fields(kind)
        .iter()
        .position(|spec| spec.path == pattern && spec.owner == FieldOwner::People)
}

/// Which of the two stays.
#[derive(Debug, Deserialize)]
struct Keep {
    keep: String,
}

/// Nothing but the token.
#[derive(Debug, Deserialize)]
struct Nothing {}

/// What a page says to a person whose merge was not done; the rest is an error.
fn refused(back: &str, error: MergeError) -> Result<Response, PageError> {
    match error {
        MergeError::NotFound => Err(PageError::NotFound),
        MergeError::Forbidden => Err(PageError::Forbidden),
        MergeError::Storage(error) => Err(error.into()),
        MergeError::Unreadable(error) => Err(PageError::internal(&error)),
        error => {
            let code = error.code().unwrap_or_default();
            Ok(Redirect::to(&with_query(back, &[("problem", code)])).into_response())
        }
    }
}

/// `POST /duplicates/{one}/{other}/merge`: the one that is kept is shown for
/// both from now on.
async fn merge(
    State(state): State<AppState>,
    Path((one, other)): Path<(String, String)>,
    sent: SignedForm<Keep>,
) -> Result<Response, PageError> {
    let parse = |id: &str| id.parse::<RecordId>().map_err(|_| PageError::NotFound);
    let (one, other) = (parse(&one)?, parse(&other)?);
    let (kept, alias) = match sent.form.keep.as_str() {
        "one" => (one, other),
        "other" => (other, one),
        _ => return Err(PageError::BadRequest),
    };
    let scope = &sent.signed_in.scope;
    match merging::merge(&state, scope, alias, kept).await {
        Ok(kept) => {
            let target = alias.to_string();
            let detail = format!("-> {kept}");
            audit(&state.auth, scope.person, "record_merged", &target, &detail).await?;
            let back = record_href(&state, scope, &kept).await?;
            Ok(Redirect::to(&with_query(&back, &[("merged", "1")])).into_response())
        }
        Err(error) => refused(&pair_href(&one, &other), error),
    }
}

async fn record_href(state: &AppState, scope: &Scope, id: &RecordId) -> Result<String, PageError> {
    let (_, listed) = state
        .storage
        .find_record_in_scope(id, &scope.person, scope.at)
        .await?
        .ok_or(PageError::NotFound)?;
    Ok(format!("{}/{id}", list_href(listed.kind)))
}

/// `POST /duplicates/{one}/{other}/different`: they are two, and not shown as a
/// pair again.
async fn different(
    State(state): State<AppState>,
    Path((one, other)): Path<(String, String)>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    let one = open(&state, scope, &one).await?;
    let other = open(&state, scope, &other).await?;
    if !may_decide(&state, scope, &one).await? || !may_decide(&state, scope, &other).await? {
        return Err(PageError::Forbidden);
    }
    let (one, other) = (one.listed.id, other.listed.id);
    if one == other {
        return Err(PageError::BadRequest);
    }
    state
        .storage
        .put_not_duplicate(&one, &other, &scope.person, state.clock.now())
        .await?;
    let (target, detail) = (one.to_string(), format!("<> {other}"));
    audit(&state.auth, scope.person, "not_duplicate", &target, &detail).await?;
    Ok(Redirect::to("/duplicates?done=different").into_response())
}

/// Which value is right.
#[derive(Debug, Deserialize)]
struct Settle {
    path: String,
    /// Place of the value among the alias's; empty: the record is right.
    choice: String,
    /// The alias's state when the page was made.
    state: String,
}

/// `POST /merged/{alias}/settle`: says which value is right where a merged
/// record has another one.
async fn settle(
    State(state): State<AppState>,
    Path(alias): Path<String>,
    sent: SignedForm<Settle>,
) -> Result<Response, PageError> {
    let alias: RecordId = alias.parse().map_err(|_| PageError::NotFound)?;
    let form = &sent.form;
    let choice = match form.choice.as_str() {
        "" => None,
        place => Some(place.parse().map_err(|_| PageError::BadRequest)?),
    };
    let heads: Result<Vec<ChangeHash>, _> = form.state.split('.').map(str::parse).collect();
    let word = Word {
        path: FieldPath::new(form.path.as_str()).map_err(|_| PageError::BadRequest)?,
        choice,
        heads: heads.map_err(|_| PageError::BadRequest)?,
    };
    let scope = &sent.signed_in.scope;
    let kept = state.storage.resolve_merged(&alias).await?;
    let back = record_href(&state, scope, &kept).await?;
    match merging::settle(&state, scope, alias, word).await {
        Ok(_) => Ok(Redirect::to(&format!("{back}#merged")).into_response()),
        Err(error) => refused(&back, error),
    }
}

/// `POST /merged/{alias}/unmerge`: both records are whole again.
async fn unmerge(
    State(state): State<AppState>,
    Path(alias): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let alias: RecordId = alias.parse().map_err(|_| PageError::NotFound)?;
    let scope = &sent.signed_in.scope;
    let back = record_href(&state, scope, &alias).await?;
    match merging::unmerge(&state, scope, alias).await {
        Ok(kept) => {
            let (target, detail) = (alias.to_string(), format!("<- {kept}"));
            audit(
                &state.auth,
                scope.person,
                "record_unmerged",
                &target,
                &detail,
            )
            .await?;
            Ok(Redirect::to(&with_query(&back, &[("unmerged", "1")])).into_response())
        }
        Err(error) => refused(&back, error),
    }
}

/// A record merged into the one whose page this is.
#[derive(Debug)]
pub(crate) struct AliasView {
    pub(crate) id: String,
    /// Its own page.
    pub(crate) href: String,
    pub(crate) title: String,
    /// When it was merged.
    pub(crate) merged_at: String,
    /// What it says otherwise.
    pub(crate) differences: Vec<DifferenceView>,
    /// Its state, to be named when a difference is settled.
    pub(crate) state: String,
}

/// A field of which an alias has another value.
#[derive(Debug)]
pub(crate) struct DifferenceView {
    pub(crate) path: String,
    pub(crate) label: String,
    pub(crate) mine: String,
    pub(crate) theirs: Vec<String>,
}

/// The records merged into one, as far as they are in scope.
pub(crate) async fn aliases(
    state: &crate::auth::AuthState,
    scope: &Scope,
    language: Language,
    id: RecordId,
) -> Result<Vec<AliasView>, PageError> {
    let storage = state.storage.as_ref();
    let mut views = Vec::new();
    for alias in storage.list_aliases(&id).await? {
        let found = storage
            .find_record_in_scope(&alias.record, &scope.person, scope.at)
            .await?;
        let (Some((theirs, listed)), Some(mine)) = (found, storage.find_record(&alias.into).await?)
        else {
            continue;
        };
        let row = row(&listed, language);
        let view = tokio::task::spawn_blocking(move || alias_view(&theirs, &mine, row, language));
        let view = view.await.map_err(|error| PageError::internal(&error))?;
        views.push(view.map_err(|error| PageError::internal(&error))?);
    }
    Ok(views)
}

fn alias_view(
    theirs: &StoredRecord,
    mine: &StoredRecord,
    row: ListRow,
    language: Language,
) -> Result<AliasView, wangge_model::document::DocumentError> {
    let alias = RecordDocument::load(theirs.kind, Some(&theirs.document), [])?;
    let kept = RecordDocument::load(mine.kind, Some(&mine.document), [])?;
    let names: HashMap<RecordId, RecordName> = HashMap::new();
    let text = FieldText {
        document: &kept,
        language,
        shown: None,
        names: &names,
    };
    let differences = merge::differences(&kept.read(), theirs.id, &alias)
        .into_iter()
        .map(|difference| {
            let words = |value| text.past_value(&difference.path, value);
            DifferenceView {
                label: text.label(&difference.path),
                mine: difference.mine.as_ref().map(words).unwrap_or_default(),
                theirs: difference.theirs.iter().map(words).collect(),
                path: difference.path.to_string(),
            }
        })
        .collect();
    let heads: Vec<String> = theirs.heads.iter().map(ToString::to_string).collect();
    let merged_at = Merged::of(&alias.read()).and_then(|mark| mark.at);
    Ok(AliasView {
        id: theirs.id.to_string(),
        href: format!("{}?itself=1", row.href),
        title: row.title,
        merged_at: merged_at
            .map(wangge_model::Timestamp::to_china_text)
            .unwrap_or_default(),
        differences,
        state: heads.join("."),
    })
}
