//! `/follow-up-marks`: restricted follow-up marks. Shows a mark to the worker it
//! names and to the officer who ordered it; every look is noted in the audit
//! list. Whoever may see figures only sees how many there are.

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
    CivilDay, FollowUpMarkId, MaskingKind, RecordId, RecordKind,
    access::{Act, Data},
    document::RecordDocument,
    follow_up_mark::{FollowUpMarkError, FollowUpRule, MOST_DAYS},
    household::Household,
    text::typed_line,
    visit_plan::Period,
};

use super::{
    error::PageError,
    frame::{Frame, render},
    page::Page,
    record::view::list_href,
    select::SelectOption,
};
use crate::{
    AppState,
    auth::{Scope, SignedForm, SignedIn, sign_in::audit},
    storage::{FollowUpCount, FollowUpMark, NewFollowUpMark, StorageError},
};

/// How long a mark holds unless somebody says otherwise, in days.
const USUAL_DAYS: i32 = 90;

#[derive(Template)]
#[template(path = "follow_up_marks.html")]
pub(crate) struct FollowUpMarksPage {
    pub(crate) page: Page,
    pub(crate) marks: Vec<FollowUpMarkView>,
    /// Grids with their figures, for whoever may see only those.
    pub(crate) counts: Option<Vec<FollowUpCount>>,
}

#[derive(Template)]
#[template(path = "follow_up_mark.html")]
pub(crate) struct FollowUpMarkPage {
    pub(crate) page: Page,
    pub(crate) mark: FollowUpMarkView,
    pub(crate) may_end: bool,
}

#[derive(Template)]
#[template(path = "follow_up_mark_new.html")]
pub(crate) struct NewFollowUpMarkPage {
    pub(crate) page: Page,
    pub(crate) form: OrderForm,
    pub(crate) household_title: String,
    pub(crate) household_href: String,
    pub(crate) members: Vec<SelectOption>,
    pub(crate) assignees: Vec<SelectOption>,
    pub(crate) periods: Vec<SelectOption>,
}

/// A mark in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FollowUpMarkView {
    pub(crate) href: String,
    pub(crate) household_href: String,
    pub(crate) household_title: String,
    pub(crate) grid_name: String,
    /// Whom, masked; empty for the household.
    pub(crate) member: String,
    pub(crate) assignee: String,
    pub(crate) officer: String,
    pub(crate) period: String,
    pub(crate) count: u32,
    pub(crate) starts_on: String,
    pub(crate) ends_on: String,
    pub(crate) basis: String,
    pub(crate) note: String,
    /// Visits of the present period.
    pub(crate) made: usize,
    pub(crate) is_met: bool,
    /// The days of those visits.
    pub(crate) visited_on: Vec<String>,
}

impl FollowUpMarkView {
    pub(crate) fn new(mark: &FollowUpMark, member: &str, page: &Page) -> Self {
        Self {
            href: format!("/follow-up-marks/{}", mark.id),
            household_href: format!("{}/{}", list_href(RecordKind::Household), mark.household),
            household_title: mark.household_title.clone(),
            grid_name: mark.grid_name.clone(),
            member: MaskingKind::Name.mask(member),
            assignee: mark.assignee_name.clone(),
            officer: mark.officer_name.clone(),
            period: period_words(mark.rule.period, page),
            count: mark.rule.count,
            starts_on: mark.rule.starts_on.to_string(),
            ends_on: mark.rule.ends_on.to_string(),
            basis: mark.basis.clone(),
            note: mark.note.clone(),
            made: mark.visited_on.len(),
            is_met: mark.rule.is_met_by(mark.visited_on.len()),
            visited_on: mark.visited_on.iter().map(ToString::to_string).collect(),
        }
    }
}

fn period_words(period: Period, page: &Page) -> String {
    let word = period.as_str().replace('_', "-");
    page.t(&format!("visit-period-{word}"))
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/follow-up-marks", get(list))
        .route("/follow-up-marks/new", get(new).post(create))
        .route("/follow-up-marks/{id}", get(one))
        .route("/follow-up-marks/{id}/end", post(end))
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MarkQuery {
    ordered: String,
    ended: String,
}

/// `GET /follow-up-marks`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<MarkQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let mut page = frame.page_for(&signed_in);
    let today = CivilDay::of(scope.at);
    let storage = &state.storage;
    let marks = storage
        .list_follow_up_marks(&scope.person, scope.at, today)
        .await?;
    if !marks.is_empty() {
        let ids: Vec<String> = marks.iter().map(|mark| mark.id.to_string()).collect();
        let ids = ids.join(" ");
        audit(
            &state.auth,
            scope.person,
            "follow_up_marks_listed",
            "",
            &ids,
        )
        .await?;
    }
    let counts = if scope.may(Data::FollowUpMark, Act::Count) {
        let counts = storage.count_follow_up_marks(&scope.person, scope.at, today);
        Some(counts.await?)
    } else {
        None
    };
    if query.ended == "1" {
        let text = page.t("console-follow-up-ended-notice");
        page = page.with_notice(text);
    }
    render(&FollowUpMarksPage {
        marks: marks
            .iter()
            .map(|mark| FollowUpMarkView::new(mark, "", &page))
            .collect(),
        counts,
        page,
    })
}

/// The household of a mark, read within the person's scope.
async fn find_household(
    state: &AppState,
    scope: &Scope,
    id: &RecordId,
) -> Result<Option<Household>, PageError> {
    let found = state
        .storage
        .find_record_in_scope(id, &scope.person, scope.at)
        .await?
        .filter(|(stored, _)| stored.kind == RecordKind::Household);
    let Some((stored, _)) = found else {
        return Ok(None);
    };
    let opened = tokio::task::spawn_blocking(move || {
        RecordDocument::load(stored.kind, Some(&stored.document), [])
    });
    let document = opened
        .await
        .map_err(|error| PageError::internal(&error))?
        .map_err(|error| PageError::internal(&error))?;
    Ok(Some(Household::read(&document)))
}

/// `GET /follow-up-marks/{id}`
async fn one(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<MarkQuery>,
) -> Result<Response, PageError> {
    let id: FollowUpMarkId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &signed_in.scope;
    let today = CivilDay::of(scope.at);
    let mark = state
        .storage
        .find_follow_up_mark(&scope.person, scope.at, today, &id)
        .await?
        .ok_or(PageError::NotFound)?;
    // Before anything of it is shown.
    let target = id.to_string();
    audit(
        &state.auth,
        scope.person,
        "follow_up_mark_read",
        &target,
        "",
    )
    .await?;
    let household = find_household(&state, scope, &mark.household).await?;
    let member = household
        .and_then(|household| household.members.get(&mark.member).cloned())
        .map(|member| member.name)
        .unwrap_or_default();
    let mut page = frame.page_for(&signed_in);
    if query.ordered == "1" {
        let text = page.t("console-follow-up-ordered-notice");
        page = page.with_notice(text);
    }
    render(&FollowUpMarkPage {
        may_end: mark.officer == scope.person,
        mark: FollowUpMarkView::new(&mark, &member, &page),
        page,
    })
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OrderForm {
    pub(crate) household: String,
    /// Entry of `members`; empty for the household.
    pub(crate) member: String,
    pub(crate) assignee: String,
    pub(crate) period: String,
    pub(crate) count: String,
    pub(crate) starts_on: String,
    pub(crate) ends_on: String,
    pub(crate) basis: String,
    pub(crate) note: String,
}

impl OrderForm {
    fn rule(&self) -> Result<FollowUpRule, FollowUpMarkError> {
        let day = |text: &str| {
            text.parse::<CivilDay>()
                .map_err(|_| FollowUpMarkError::Days)
        };
        Ok(FollowUpRule {
            period: Period::parse(&self.period).ok_or(FollowUpMarkError::Count)?,
            count: self.count.parse().map_err(|_| FollowUpMarkError::Count)?,
            starts_on: day(&self.starts_on)?,
            ends_on: day(&self.ends_on)?,
        })
    }
}

/// The page on which a mark is ordered; only where the person may.
async fn form_page(
    state: &AppState,
    page: Page,
    scope: &Scope,
    form: OrderForm,
) -> Result<NewFollowUpMarkPage, PageError> {
    let id: RecordId = form.household.parse().map_err(|_| PageError::NotFound)?;
    let assignees = state
        .storage
        .list_follow_up_assignees(&scope.person, scope.at, &id)
        .await?;
    let household = find_household(state, scope, &id)
        .await?
        .ok_or(PageError::NotFound)?;
    if !may_order(state, scope, &id).await? {
        return Err(PageError::Forbidden);
    }
    let members = household
        .members
        .iter()
        .filter(|(_, member)| member.is_present())
        .map(|(entry, member)| SelectOption::new(entry, member.name.clone(), &form.member));
    Ok(NewFollowUpMarkPage {
        household_title: household.address.line(),
        household_href: format!("{}/{id}", list_href(RecordKind::Household)),
        members: members.collect(),
        assignees: assignees
            .into_iter()
            .map(|(person, name)| SelectOption::new(person.to_string(), name, &form.assignee))
            .collect(),
        periods: Period::ALL
            .into_iter()
            .map(|period| {
                SelectOption::new(period.as_str(), period_words(period, &page), &form.period)
            })
            .collect(),
        form,
        page,
    })
}

/// Whether the person may order marks in the household's grid.
async fn may_order(state: &AppState, scope: &Scope, id: &RecordId) -> Result<bool, PageError> {
    let found = state
        .storage
        .find_record_in_scope(id, &scope.person, scope.at)
        .await?;
    let Some((stored, _)) = found else {
        return Ok(false);
    };
    let storage = state.storage.as_ref();
    let node = stored.grid.into();
    Ok(scope
        .may_in(storage, &node, Data::FollowUpMark, Act::Order)
        .await?)
}

/// For which household.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewQuery {
    household: String,
}

/// `GET /follow-up-marks/new`
async fn new(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<NewQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let today = CivilDay::of(scope.at);
    let form = OrderForm {
        household: query.household,
        period: Period::Month.as_str().to_owned(),
        count: "1".to_owned(),
        starts_on: today.to_string(),
        ends_on: today.plus(USUAL_DAYS.min(MOST_DAYS)).to_string(),
        ..OrderForm::default()
    };
    let page = frame.page_for(&signed_in);
    render(&form_page(&state, page, scope, form).await?)
}

/// `POST /follow-up-marks/new`
async fn create(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<OrderForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    let page = frame.page_for(&signed_in);
    let household: RecordId = form.household.parse().map_err(|_| PageError::NotFound)?;
    if !may_order(&state, scope, &household).await? {
        // Whether there is such a household is not said either.
        return Err(PageError::Forbidden);
    }
    let today = CivilDay::of(scope.at);
    let checked = form.rule().and_then(|rule| {
        rule.check(&form.basis, &form.note, today)?;
        let assignee = form.assignee.parse();
        Ok((rule, assignee.map_err(|_| FollowUpMarkError::Assignee)?))
    });
    let (rule, assignee) = match checked {
        Ok(checked) => checked,
        Err(error) => return refuse(&state, page, scope, form, error).await,
    };
    let id = FollowUpMarkId::make(state.clock.as_ref(), state.entropy.as_ref());
    let new = NewFollowUpMark {
        id,
        household,
        member: typed_line(&form.member),
        assignee,
        rule,
        basis: typed_line(&form.basis),
        note: form.note.trim().replace("\r\n", "\n"),
        person: scope.person,
        at: scope.at,
    };
    match state.storage.order_follow_up_mark(&new).await {
        Ok(()) => {}
        Err(StorageError::Missing("assignee")) => {
            return refuse(&state, page, scope, form, FollowUpMarkError::Assignee).await;
        }
        Err(StorageError::Missing(_)) => return Err(PageError::NotFound),
        Err(error) => return Err(error.into()),
    }
    let target = id.to_string();
    audit(
        &state.auth,
        scope.person,
        "follow_up_mark_ordered",
        &target,
        "",
    )
    .await?;
    Ok(Redirect::to(&format!("/follow-up-marks/{id}?ordered=1")).into_response())
}

/// The form again, with what is wrong.
async fn refuse(
    state: &AppState,
    page: Page,
    scope: &Scope,
    form: OrderForm,
    error: FollowUpMarkError,
) -> Result<Response, PageError> {
    let text = error.text(page.language);
    let page = form_page(state, page.with_problem(text), scope, form).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
}

/// Nothing but the token.
#[derive(Debug, Deserialize)]
struct Nothing {}

/// `POST /follow-up-marks/{id}/end`
async fn end(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let id: FollowUpMarkId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &sent.signed_in.scope;
    let ended = state
        .storage
        .end_follow_up_mark(&scope.person, scope.at, &id)
        .await?;
    if !ended {
        return Err(PageError::NotFound);
    }
    let target = id.to_string();
    audit(
        &state.auth,
        scope.person,
        "follow_up_mark_ended",
        &target,
        "",
    )
    .await?;
    Ok(Redirect::to("/follow-up-marks?ended=1").into_response())
}
