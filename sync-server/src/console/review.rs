//! `/review`: late edits of people who had a right to the record once, what
//! each would change, and deciding on them.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use wangge_model::{
    ChangeHash, FieldPath, FieldValue, QuarantineId, RecordId, TextRule,
    access::{Act, Data},
};

use super::{
    error::PageError,
    field::FieldText,
    frame::{Frame, render},
    list::{ListFilter, ListForm, ListPage, PAGE_ROWS},
    page::Page,
    record::view::list_href,
};
use crate::{
    AppState,
    auth::{Nothing, SignedForm, SignedIn, sign_in::audit},
    ingest::review::{self, AcceptError, Preview},
    storage::{QuarantinedChange, RecordName},
};

/// What a refusal must say to the author.
const REASON: TextRule = TextRule::line(200).required();

#[derive(Template)]
#[template(path = "review.html")]
pub(crate) struct ReviewPage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<ReviewRow>,
}

/// One phone's late changes of one record.
#[derive(Debug)]
pub(crate) struct ReviewRow {
    pub(crate) href: String,
    pub(crate) received_at: String,
    pub(crate) title: String,
    pub(crate) kind: String,
    pub(crate) person: String,
    pub(crate) device: String,
    pub(crate) grid_name: String,
    pub(crate) changes: u64,
}

#[derive(Template)]
#[template(path = "review_item.html")]
pub(crate) struct ReviewItemPage {
    pub(crate) page: Page,
    pub(crate) item: ReviewItem,
}

/// One item on its own page.
#[derive(Debug)]
pub(crate) struct ReviewItem {
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) link: Option<String>,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) fields: Vec<FieldChange>,
    /// Why it cannot be taken over as it is.
    pub(crate) unfit: Option<String>,
    pub(crate) may_decide: bool,
}

/// A field the late changes wrote.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FieldChange {
    pub(crate) label: String,
    /// As the server has it; empty for nothing.
    pub(crate) now: String,
    /// As the late edit has it; empty where it was cleared.
    pub(crate) late: String,
}

/// `GET /review`
pub(crate) async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<ListForm>,
    Query(query): Query<ListQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let filter = ListFilter::from(form);
    let offset = (filter.page - 1).saturating_mul(u64::from(PAGE_ROWS));
    let storage = &state.storage;
    let total = storage.count_reviews(&scope.person, scope.at).await?;
    let waiting = storage
        .list_reviews(&scope.person, scope.at, offset, PAGE_ROWS)
        .await?;
    let mut page = frame.page_for(&signed_in);
    let notice = match query.decided.as_str() {
        "accepted" => Some("console-review-accepted"),
        "refused" => Some("console-review-refused"),
        _ => None,
    };
    if let Some(id) = notice {
        let text = page.t(id);
        page = page.with_notice(text);
    }
    let rows = waiting
        .into_iter()
        .map(|one| ReviewRow {
            href: format!("/review/{}", one.id),
            received_at: one.received_at.to_china_text(),
            title: title(&page, one.title),
            kind: page.t(&format!("kind-{}", one.kind)),
            person: one.person_name,
            device: one.device_name,
            grid_name: one.grid_name,
            changes: one.changes,
        })
        .collect();
    let number = filter.page;
    let list = ListPage {
        action: "/review",
        filter,
        grids: Vec::new(),
        sources: Vec::new(),
        rows,
        total,
        number,
    };
    render(&ReviewPage { page, list })
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    decided: String,
}

fn title(page: &Page, title: String) -> String {
    if title.is_empty() {
        page.t("console-review-new-record")
    } else {
        title
    }
}

/// The undecided changes of an item the person may see.
async fn find(
    state: &AppState,
    signed_in: &SignedIn,
    id: &str,
) -> Result<Vec<QuarantinedChange>, PageError> {
    let id: QuarantineId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &signed_in.scope;
    let late = state
        .storage
        .list_review_changes(&id, &scope.person, scope.at)
        .await?;
    if late.is_empty() {
        return Err(PageError::NotFound);
    }
    Ok(late)
}

/// Why the form was not taken.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ItemQuery {
    problem: String,
}

/// `GET /review/{id}`
pub(crate) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<ItemQuery>,
) -> Result<Response, PageError> {
    let late = find(&state, &signed_in, &id).await?;
    let first = late.first().ok_or(PageError::NotFound)?;
    let preview = review::preview(&state, &late)
        .await
        .map_err(|error| PageError::internal(&error))?
        .ok_or(PageError::NotFound)?;
    let scope = &signed_in.scope;
    let grids = state
        .storage
        .list_grids_in_scope(&scope.person, scope.at)
        .await?;
    let home = preview
        .stored
        .as_ref()
        .map_or(first.change.grid, |stored| stored.grid);
    let grid_name = grids
        .iter()
        .find(|grid| grid.id == home.into())
        .map(|grid| grid.name.clone());
    let mut page = frame.page_for(&signed_in);
    let problem = match query.problem.as_str() {
        "reason" => Some("console-review-reason-missing"),
        "unfit" => Some("console-review-unfit"),
        _ => None,
    };
    if let Some(id) = problem {
        let text = page.t(id);
        page = page.with_problem(text);
    }
    let known = preview.stored.as_ref();
    let fact = |label: &str, value: String| (page.t(label), value);
    let facts = vec![
        fact(
            "console-review-from",
            format!("{} · {}", first.person_name, first.device_name),
        ),
        fact("console-review-received", first.received_at.to_china_text()),
        fact(
            "console-review-kind",
            page.t(&format!("kind-{}", first.change.kind)),
        ),
        fact(
            "console-grid",
            grid_name
                .clone()
                .unwrap_or_else(|| page.t("console-review-other-grid")),
        ),
    ];
    let hashes: Vec<ChangeHash> = late.iter().map(|one| one.change.hash).collect();
    let may_decide = scope
        .may_in(
            state.storage.as_ref(),
            &home.into(),
            Data::Unsettled,
            Act::Decide,
        )
        .await?;
    let item = ReviewItem {
        href: format!("/review/{}", first.change.id),
        title: title(&page, preview.before.summary().title),
        link: known
            .filter(|_| grid_name.is_some())
            .map(|stored| format!("{}/{}", list_href(stored.kind), stored.id)),
        facts,
        fields: field_changes(&page, &preview, &hashes),
        unfit: preview
            .after
            .as_ref()
            .err()
            .map(|_| page.t("console-review-unfit")),
        may_decide,
    };
    render(&ReviewItemPage { page, item })
}

/// What these changes wrote, beside what the server has now. Personal numbers
/// are masked; nobody needs them to decide.
fn field_changes(page: &Page, preview: &Preview, hashes: &[ChangeHash]) -> Vec<FieldChange> {
    let Ok(after) = &preview.after else {
        return Vec::new();
    };
    let names: HashMap<RecordId, RecordName> = HashMap::new();
    // Labels name entries, such as a member, that only the late edit may know.
    let text = FieldText {
        document: after,
        language: page.language,
        shown: None,
        names: &names,
    };
    let words = |path: &FieldPath, value: Option<&FieldValue>| {
        value
            .map(|value| text.past_value(path, value))
            .unwrap_or_default()
    };
    let mut written: Vec<(FieldPath, Option<FieldValue>)> = Vec::new();
    for entry in after.history() {
        if !hashes.contains(&entry.hash) {
            continue;
        }
        for field in entry.fields {
            written.retain(|(path, _)| *path != field.path);
            written.push((field.path, field.value));
        }
    }
    written
        .into_iter()
        .map(|(path, value)| FieldChange {
            label: text.label(&path),
            now: words(&path, preview.before.value(&path).as_ref()),
            late: words(&path, value.as_ref()),
        })
        .collect()
}

/// Whether the record's grid is the person's: seeing a late edit takes less, it
/// may be of one's people and of somebody else's grid.
async fn require_right(
    state: &AppState,
    signed_in: &SignedIn,
    late: &[QuarantinedChange],
) -> Result<(), PageError> {
    let scope = &signed_in.scope;
    let first = late.first().ok_or(PageError::NotFound)?;
    let home = state
        .storage
        .find_record(&first.change.record)
        .await?
        .map_or(first.change.grid, |stored| stored.grid);
    let may_decide = scope
        .may_in(
            state.storage.as_ref(),
            &home.into(),
            Data::Unsettled,
            Act::Decide,
        )
        .await?;
    if may_decide {
        Ok(())
    } else {
        Err(PageError::Forbidden)
    }
}

/// `POST /review/{id}/accept`: the changes go into the record, as their
/// author's.
pub(crate) async fn accept(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let late = find(&state, &sent.signed_in, &id).await?;
    require_right(&state, &sent.signed_in, &late).await?;
    let scope = &sent.signed_in.scope;
    match review::accept_all(&state, scope, &late).await {
        Ok(()) => {
            audit(&state.auth, scope.person, "review_accepted", &id, "").await?;
            Ok(Redirect::to("/review?decided=accepted").into_response())
        }
        Err(AcceptError::Storage(error)) => Err(error.into()),
        Err(error @ (AcceptError::Guard(_) | AcceptError::Record)) => {
            tracing::info!(%error, "a late edit does not fit");
            Ok(Redirect::to(&format!("/review/{id}?problem=unfit")).into_response())
        }
    }
}

/// Why not.
#[derive(Debug, Deserialize)]
pub(crate) struct Reason {
    reason: String,
}

/// `POST /review/{id}/refuse`: the record stays as it is, and the author is told
/// why.
pub(crate) async fn refuse(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Reason>,
) -> Result<Response, PageError> {
    let late = find(&state, &sent.signed_in, &id).await?;
    require_right(&state, &sent.signed_in, &late).await?;
    let Ok(reason) = REASON.apply(&sent.form.reason) else {
        return Ok(Redirect::to(&format!("/review/{id}?problem=reason")).into_response());
    };
    let scope = &sent.signed_in.scope;
    review::refuse_all(&state, scope, &late, &reason).await?;
    audit(&state.auth, scope.person, "review_refused", &id, "").await?;
    Ok(Redirect::to("/review?decided=refused").into_response())
}
