//! `/quarantine`: what the server did not apply, why, and from whom; letting it
//! in after all.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use wangge_model::{
    ChangeHash, QuarantineId,
    access::{Act, Data},
    document::RecordDocument,
    message::{find_message, message_id},
};

use super::{
    error::PageError,
    frame::{Frame, render},
    list::{ListFilter, ListForm, ListPage, PAGE_ROWS},
    page::Page,
    record::view::list_href,
};
use crate::{
    AppState,
    auth::{AuthState, Nothing, SignedForm, SignedIn, sign_in::audit},
    ingest::review::{self, AcceptError},
    storage::{NewQuarantine, QuarantinedChange, StoredRecord},
};

#[derive(Template)]
#[template(path = "quarantine.html")]
pub(crate) struct QuarantinePage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<QuarantineRow>,
}

/// One kept change in the list.
#[derive(Debug)]
pub(crate) struct QuarantineRow {
    pub(crate) href: String,
    pub(crate) received_at: String,
    pub(crate) reason: String,
    pub(crate) person: String,
    pub(crate) device: String,
    pub(crate) grid_name: String,
    pub(crate) is_seen: bool,
}

#[derive(Template)]
#[template(path = "quarantine_item.html")]
pub(crate) struct QuarantineItemPage {
    pub(crate) page: Page,
    pub(crate) item: QuarantineItem,
}

/// One kept change on its own page.
#[derive(Debug)]
pub(crate) struct QuarantineItem {
    pub(crate) href: String,
    pub(crate) reason: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) seen: Option<String>,
    pub(crate) may_mark: bool,
    pub(crate) may_accept: bool,
    pub(crate) is_accepted: bool,
}

/// One fact about it.
#[derive(Debug)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) is_code: bool,
    pub(crate) link: Option<String>,
}

/// The reason in words; the code where this build has no words for it.
fn reason(page: &Page, code: &str) -> String {
    find_message(page.language, &message_id("quarantine", code), &[])
        .unwrap_or_else(|| code.to_owned())
}

/// `GET /quarantine`
pub(crate) async fn list(
    State(auth): State<AuthState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<ListForm>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let filter = ListFilter::from(form);
    let offset = (filter.page - 1).saturating_mul(u64::from(PAGE_ROWS));
    let storage = &auth.storage;
    let total = storage.count_quarantine(&scope.person, scope.at).await?;
    let kept = storage
        .list_quarantine(&scope.person, scope.at, offset, PAGE_ROWS)
        .await?;
    let ids: Vec<QuarantineId> = kept.iter().map(|kept| kept.change.id).collect();
    let reviews = storage.list_quarantine_reviews(&ids).await?;
    let grids = storage.list_grids_in_scope(&scope.person, scope.at).await?;
    let page = frame.page_for(&signed_in);
    let rows = kept
        .iter()
        .map(|kept| QuarantineRow {
            href: format!("/quarantine/{}", kept.change.id),
            received_at: kept.received_at.to_china_text(),
            reason: reason(&page, &kept.change.code),
            person: kept.person_name.clone(),
            device: kept.device_name.clone(),
            grid_name: grids
                .iter()
                .find(|grid| grid.id == kept.change.grid.into())
                .map(|grid| grid.name.clone())
                .unwrap_or_default(),
            is_seen: reviews.iter().any(|review| review.id == kept.change.id),
        })
        .collect();
    let number = filter.page;
    let list = ListPage {
        action: "/quarantine",
        filter,
        grids: Vec::new(),
        sources: Vec::new(),
        rows,
        total,
        number,
    };
    render(&QuarantinePage { page, list })
}

async fn find(
    auth: &AuthState,
    signed_in: &SignedIn,
    id: &str,
) -> Result<QuarantinedChange, PageError> {
    let id: QuarantineId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &signed_in.scope;
    auth.storage
        .find_quarantine(&id, &scope.person, scope.at)
        .await?
        .ok_or(PageError::NotFound)
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ItemQuery {
    marked: String,
    refused: String,
}

/// `GET /quarantine/{id}`
pub(crate) async fn get(
    State(auth): State<AuthState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<ItemQuery>,
) -> Result<Response, PageError> {
    let kept = find(&auth, &signed_in, &id).await?;
    let scope = &signed_in.scope;
    let change = &kept.change;
    let record = auth
        .storage
        .find_record_in_scope(&change.record, &scope.person, scope.at)
        .await?;
    let review = auth
        .storage
        .list_quarantine_reviews(&[change.id])
        .await?
        .pop();
    let mut page = frame.page_for(&signed_in);
    if !query.marked.is_empty() && review.is_some() {
        let text = page.t("console-quarantine-marked");
        page = page.with_notice(text);
    }
    if !query.refused.is_empty() {
        let text = page.t("console-quarantine-refused");
        page = page.with_notice(text);
    }
    let is_accepted = record
        .as_ref()
        .is_some_and(|(stored, _)| holds(stored, &change.hash));
    let may_accept = !is_accepted && may_write(&auth, &signed_in, change).await?;
    let fact = |label: &str, value: String| Fact {
        label: page.t(label),
        value,
        is_code: false,
        link: None,
    };
    let code = |label: &str, value: String| Fact {
        is_code: true,
        ..fact(label, value)
    };
    let record_fact = match record {
        Some((_, listed)) => Fact {
            link: Some(format!("{}/{}", list_href(listed.kind), listed.id)),
            ..fact("console-quarantine-record", change.record.to_string())
        },
        None => fact(
            "console-quarantine-record",
            format!(
                "{} · {}",
                change.record,
                page.t("console-quarantine-no-record")
            ),
        ),
    };
    let from = format!("{} · {}", kept.person_name, kept.device_name);
    let mut facts = vec![
        fact(
            "console-quarantine-received",
            kept.received_at.to_china_text(),
        ),
        fact("console-quarantine-from", from),
        fact(
            "console-quarantine-kind",
            page.t(&format!("kind-{}", change.kind)),
        ),
        record_fact,
        code("console-quarantine-code", change.code.clone()),
    ];
    if !change.detail.is_empty() {
        facts.push(code("console-quarantine-detail", change.detail.clone()));
    }
    facts.push(code("console-quarantine-hash", change.hash.to_string()));
    let size = page.t1("console-quarantine-bytes", "count", change.bytes.len());
    facts.push(fact("console-quarantine-size", size));
    let item = QuarantineItem {
        href: format!("/quarantine/{}", change.id),
        reason: reason(&page, &change.code),
        facts,
        seen: review.map(|review| {
            let time = review.at.to_china_text();
            page.t2(
                "console-quarantine-seen-by",
                "name",
                review.person_name,
                "time",
                time,
            )
        }),
        may_mark: scope.may(Data::Unsettled, Act::Decide),
        may_accept,
        is_accepted,
    };
    render(&QuarantineItemPage { page, item })
}

/// `GET /quarantine/{id}/bytes`: as it came. It may hold personal data in
/// clear, so the download is noted first.
pub(crate) async fn bytes(
    State(auth): State<AuthState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    if !signed_in.scope.may(Data::Unsettled, Act::Decide) {
        return Err(PageError::Forbidden);
    }
    let kept = find(&auth, &signed_in, &id).await?;
    let target = kept.change.id.to_string();
    audit(
        &auth,
        signed_in.person,
        "quarantine_downloaded",
        &target,
        "",
    )
    .await?;
    let name = format!("attachment; filename=\"{target}.bin\"");
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&name).map_err(|error| PageError::internal(&error))?,
        ),
    ];
    Ok((headers, kept.change.bytes).into_response())
}

/// Whether a record holds a change.
fn holds(stored: &StoredRecord, hash: &ChangeHash) -> bool {
    RecordDocument::load(stored.kind, Some(&stored.document), [])
        .is_ok_and(|document| document.has_change(hash))
}

/// Whether the person may decide on a change where its record is, or was to be.
/// Seeing a kept change takes less: it may be of one's people and of somebody
/// else's grid.
async fn may_write(
    auth: &AuthState,
    signed_in: &SignedIn,
    change: &NewQuarantine,
) -> Result<bool, PageError> {
    let storage = auth.storage.as_ref();
    let grid = storage
        .find_record(&change.record)
        .await?
        .map_or(change.grid, |stored| stored.grid);
    Ok(signed_in
        .scope
        .may_in(storage, &grid.into(), Data::Unsettled, Act::Decide)
        .await?)
}

/// `POST /quarantine/{id}/accept`: lets the change in after all, as its author's.
pub(crate) async fn accept(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let auth = &state.auth;
    let scope = &sent.signed_in.scope;
    let kept = find(auth, &sent.signed_in, &id).await?;
    if !may_write(auth, &sent.signed_in, &kept.change).await? {
        return Err(PageError::Forbidden);
    }
    let target = kept.change.id.to_string();
    match review::accept(&state, scope, &kept).await {
        Ok(()) => {
            auth.storage
                .review_quarantine(&kept.change.id, &scope.person, scope.at)
                .await?;
            audit(auth, scope.person, "quarantine_accepted", &target, "").await?;
            Ok(Redirect::to(&format!("/quarantine/{target}")).into_response())
        }
        Err(AcceptError::Storage(error)) => Err(error.into()),
        Err(error @ (AcceptError::Guard(_) | AcceptError::Record)) => {
            tracing::info!(%error, "a kept change still does not fit");
            Ok(Redirect::to(&format!("/quarantine/{target}?refused=1")).into_response())
        }
    }
}

/// `POST /quarantine/{id}/seen`
pub(crate) async fn mark_seen(
    State(auth): State<AuthState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    if !scope.may(Data::Unsettled, Act::Decide) {
        return Err(PageError::Forbidden);
    }
    let kept = find(&auth, &sent.signed_in, &id).await?;
    auth.storage
        .review_quarantine(&kept.change.id, &scope.person, scope.at)
        .await?;
    let target = kept.change.id.to_string();
    audit(&auth, scope.person, "quarantine_seen", &target, "").await?;
    Ok(Redirect::to(&format!("/quarantine/{target}?marked=1")).into_response())
}
