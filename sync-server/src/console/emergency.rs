//! `/emergencies`: declaring an emergency (平急转换), ending it, and who has come.
//!
//! What it changes is elsewhere: limits in `ingest::authority`, the access of
//! reserves in `storage::sqlite::scope` by the call-out it makes.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use wangge_model::{
    CallOutId, CivilDay, EmergencyId, OrgNodeId, PersonId, Timestamp,
    access::{Act, Data},
    emergency::{EmergencyError, EmergencyLevel, MOST_DAYS, is_text},
    message::message_id,
    roll_call::RollState,
    text::typed_line,
};

use super::{
    error::PageError,
    frame::{Frame, render, render_refusal},
    page::Page,
    select::{SelectOption, node_options},
};
use crate::{
    AppState,
    auth::{Scope, SignedForm, SignedIn, sign_in::audit},
    storage::{EmergencyRow, NewEmergency, RollRow, StorageError},
};

/// How long it is unless somebody says otherwise, in days.
const USUAL_DAYS: i32 = 3;

#[derive(Template)]
#[template(path = "emergencies.html")]
pub(crate) struct EmergenciesPage {
    pub(crate) page: Page,
    pub(crate) emergencies: Vec<EmergencyView>,
    pub(crate) may_declare: bool,
    pub(crate) levels: Vec<SelectOption>,
    pub(crate) nodes: Vec<SelectOption>,
    pub(crate) form: EmergencyForm,
}

#[derive(Template)]
#[template(path = "emergency.html")]
pub(crate) struct EmergencyPage {
    pub(crate) page: Page,
    pub(crate) emergency: EmergencyView,
    pub(crate) roll: Vec<RollView>,
    pub(crate) came: usize,
    pub(crate) in_touch: usize,
    pub(crate) on_the_way: usize,
    pub(crate) cannot_come: usize,
}

/// An emergency in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EmergencyView {
    pub(crate) href: String,
    pub(crate) level: String,
    pub(crate) node_name: String,
    pub(crate) reason: String,
    pub(crate) ordered_by: String,
    pub(crate) starts_at: String,
    pub(crate) ends_at: String,
    pub(crate) declared_by: String,
    pub(crate) declared_at: String,
    pub(crate) ended_by: String,
    pub(crate) state: String,
    pub(crate) is_on: bool,
    pub(crate) may_end: bool,
    pub(crate) may_keep_roll: bool,
}

impl EmergencyView {
    pub(crate) fn new(row: &EmergencyRow, now: Timestamp, page: &Page) -> Self {
        let is_on = row.starts_at <= now && row.ends_at > now;
        let state = if is_on {
            "console-emergency-on"
        } else if row.ends_at <= now {
            "console-emergency-over"
        } else {
            "console-emergency-coming"
        };
        Self {
            href: format!("/emergencies/{}", row.id),
            level: page.t(&message_id("emergency-level", row.level.as_str())),
            node_name: row.node_name.clone(),
            reason: row.reason.clone(),
            ordered_by: row.ordered_by.clone(),
            starts_at: row.starts_at.to_china_text(),
            ends_at: row.ends_at.to_china_text(),
            declared_by: row.declared_by.clone(),
            declared_at: row.declared_at.to_china_text(),
            ended_by: row.ended_by.clone(),
            state: page.t(state),
            is_on,
            may_end: row.may_end,
            may_keep_roll: row.may_keep_roll,
        }
    }
}

/// Somebody on the roll, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RollView {
    pub(crate) person: String,
    pub(crate) name: String,
    pub(crate) node_name: String,
    pub(crate) is_reserve: bool,
    /// Empty: not in touch yet.
    pub(crate) phone_at: String,
    /// Empty: not come yet.
    pub(crate) arrived_at: String,
    pub(crate) noted_by: String,
    /// What they answered from their phone, in words; empty: nothing.
    pub(crate) said: String,
    /// When.
    pub(crate) said_at: String,
    /// Why they cannot come; may be empty.
    pub(crate) said_reason: String,
}

impl RollView {
    fn new(row: &RollRow, page: &Page) -> Self {
        let time = |at: Option<Timestamp>| at.map(Timestamp::to_china_text).unwrap_or_default();
        let said = row.said.as_ref();
        Self {
            person: row.person.to_string(),
            name: row.name.clone(),
            node_name: row.node_name.clone(),
            is_reserve: row.is_reserve,
            phone_at: time(row.phone_at),
            arrived_at: time(row.came_at()),
            noted_by: row.noted_by.clone(),
            said: said.map_or_else(String::new, |said| said.state.text(page.language)),
            said_at: time(said.map(|said| said.given_at)),
            said_reason: said.map(|said| said.reason.clone()).unwrap_or_default(),
        }
    }
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/emergencies", get(list).post(declare))
        .route("/emergencies/{id}", get(detail))
        .route("/emergencies/{id}/end", post(end))
        .route("/emergencies/{id}/check-in", post(check_in))
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EmergencyForm {
    pub(crate) level: String,
    pub(crate) node: String,
    pub(crate) ends_on: String,
    pub(crate) reason: String,
    pub(crate) ordered_by: String,
}

/// A checked form.
#[derive(Debug)]
struct Order {
    level: EmergencyLevel,
    node: OrgNodeId,
    ends_at: Timestamp,
    reason: String,
    ordered_by: String,
}

impl EmergencyForm {
    /// What it declares, from now on; or what is wrong.
    fn order(&self, now: Timestamp) -> Result<Order, EmergencyError> {
        let level = EmergencyLevel::parse(&self.level).ok_or(EmergencyError::Level)?;
        let node = self.node.parse().map_err(|_| EmergencyError::Place)?;
        let today = CivilDay::of(now);
        let last = self.ends_on.parse::<CivilDay>().ok();
        let last = last
            .filter(|last| (0..MOST_DAYS).contains(&last.days_since(today)))
            .ok_or(EmergencyError::Days)?;
        let (reason, ordered_by) = (typed_line(&self.reason), typed_line(&self.ordered_by));
        if !is_text(&reason) {
            return Err(EmergencyError::Reason);
        }
        if !is_text(&ordered_by) {
            return Err(EmergencyError::OrderedBy);
        }
        Ok(Order {
            level,
            node,
            ends_at: last.plus(1).start(),
            reason,
            ordered_by,
        })
    }
}

async fn page_of(
    state: &AppState,
    page: Page,
    scope: &Scope,
    form: EmergencyForm,
) -> Result<EmergenciesPage, PageError> {
    let storage = &state.storage;
    let may = |level: EmergencyLevel| {
        let act = match level {
            EmergencyLevel::Reinforced => Act::Order,
            EmergencyLevel::Response => Act::Approve,
        };
        scope.may(Data::Emergency, act)
    };
    let levels: Vec<SelectOption> = EmergencyLevel::ALL
        .into_iter()
        .filter(|level| may(*level))
        .map(|level| {
            let word = level.as_str();
            let label = page.t(&message_id("emergency-level", word));
            SelectOption::new(word, label, &form.level)
        })
        .collect();
    let nodes = if levels.is_empty() {
        Vec::new()
    } else {
        storage.list_nodes_in_scope(&scope.person, scope.at).await?
    };
    let found = storage.list_emergencies(&scope.person, scope.at).await?;
    Ok(EmergenciesPage {
        emergencies: found
            .iter()
            .map(|row| EmergencyView::new(row, scope.at, &page))
            .collect(),
        may_declare: !levels.is_empty(),
        levels,
        nodes: node_options(nodes, &form.node),
        form,
        page,
    })
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DoneQuery {
    done: String,
}

impl DoneQuery {
    fn notice(&self, page: Page) -> Page {
        if ["declared", "ended", "came"].contains(&self.done.as_str()) {
            let text = page.t(&message_id("console-emergency-notice", &self.done));
            return page.with_notice(text);
        }
        page
    }
}

/// `GET /emergencies`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<DoneQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let page = query.notice(frame.page_for(&signed_in));
    let last = CivilDay::of(scope.at).plus(USUAL_DAYS - 1);
    let form = EmergencyForm {
        ends_on: last.to_string(),
        ..EmergencyForm::default()
    };
    render(&page_of(&state, page, scope, form).await?)
}

/// `POST /emergencies`
async fn declare(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<EmergencyForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    if !scope.may(Data::Emergency, Act::Order) {
        return Err(PageError::Forbidden);
    }
    let page = frame.page_for(&signed_in);
    let id = EmergencyId::make(state.clock.as_ref(), state.entropy.as_ref());
    let problem = match form.order(scope.at) {
        Err(problem) => Some(problem),
        Ok(order) => {
            let new = NewEmergency {
                id,
                call_out: CallOutId::make(state.clock.as_ref(), state.entropy.as_ref()),
                node: order.node,
                level: order.level,
                reason: order.reason,
                ordered_by: order.ordered_by,
                starts_at: scope.at,
                ends_at: order.ends_at,
                person: scope.person,
                at: scope.at,
            };
            match state.storage.declare_emergency(&new).await {
                Ok(()) => None,
                Err(StorageError::Missing(_)) if order.level == EmergencyLevel::Response => {
                    Some(EmergencyError::Level)
                }
                Err(StorageError::Missing(_)) => Some(EmergencyError::Place),
                Err(error) => return Err(error.into()),
            }
        }
    };
    if let Some(problem) = problem {
        let text = problem.text(page.language);
        let page = page_of(&state, page.with_problem(text), scope, form).await?;
        return render_refusal(&page, problem.code());
    }
    let (target, detail) = (id.to_string(), format!("{} {}", form.level, form.node));
    let action = "emergency_declared";
    audit(&state.auth, scope.person, action, &target, &detail).await?;
    Ok(Redirect::to("/emergencies?done=declared").into_response())
}

/// `GET /emergencies/{id}`
async fn detail(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<DoneQuery>,
) -> Result<Response, PageError> {
    let id: EmergencyId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &signed_in.scope;
    let page = query.notice(frame.page_for(&signed_in));
    let found = state
        .storage
        .list_emergencies(&scope.person, scope.at)
        .await?;
    let row = found.iter().find(|row| row.id == id);
    let row = row.ok_or(PageError::NotFound)?;
    // Phones that synced since the last look of the job.
    state.storage.note_contacts(scope.at).await?;
    let roll = state
        .storage
        .list_roll(&id, &scope.person, scope.at)
        .await?;
    let says = |state: RollState| {
        let said = roll.iter().filter_map(|row| row.said.as_ref());
        said.filter(|said| said.state == state).count()
    };
    let (on_the_way, cannot_come) = (says(RollState::OnTheWay), says(RollState::CannotCome));
    let roll: Vec<RollView> = roll.iter().map(|row| RollView::new(row, &page)).collect();
    render(&EmergencyPage {
        emergency: EmergencyView::new(row, scope.at, &page),
        came: roll.iter().filter(|row| !row.arrived_at.is_empty()).count(),
        in_touch: roll.iter().filter(|row| !row.phone_at.is_empty()).count(),
        on_the_way,
        cannot_come,
        roll,
        page,
    })
}

/// Nothing but the token.
#[derive(Debug, Deserialize)]
struct Nothing {}

/// `POST /emergencies/{id}/end`
async fn end(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let id: EmergencyId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &sent.signed_in.scope;
    let ended = state
        .storage
        .end_emergency(&id, &scope.person, scope.at)
        .await;
    match ended {
        Ok(true) => {
            let target = id.to_string();
            audit(&state.auth, scope.person, "emergency_ended", &target, "").await?;
        }
        Ok(false) => {}
        Err(StorageError::Missing(_)) => return Err(PageError::NotFound),
        Err(error) => return Err(error.into()),
    }
    Ok(Redirect::to("/emergencies?done=ended").into_response())
}

/// What the form of the roll sends; nobody named: oneself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CheckInForm {
    person: String,
}

/// `POST /emergencies/{id}/check-in`
async fn check_in(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<CheckInForm>,
) -> Result<Response, PageError> {
    let id: EmergencyId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &sent.signed_in.scope;
    let who: PersonId = if sent.form.person.is_empty() {
        scope.person
    } else {
        let person = sent.form.person.parse();
        person.map_err(|_| PageError::BadRequest)?
    };
    let storage = &state.storage;
    match storage.check_in(&id, &who, &scope.person, scope.at).await {
        Ok(true) => {
            let (target, detail) = (id.to_string(), who.to_string());
            let action = "emergency_checked_in";
            audit(&state.auth, scope.person, action, &target, &detail).await?;
        }
        Ok(false) => {}
        Err(StorageError::Missing(_)) => return Err(PageError::NotFound),
        Err(error) => return Err(error.into()),
    }
    Ok(Redirect::to(&format!("/emergencies/{id}?done=came")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emergency_ends_with_its_last_day_within_ninety() {
        // 2026-01-01T08:00 in China.
        let now = Timestamp::from_millis(1_767_225_600_000);
        let form = |last: &str, reason: &str, by: &str| EmergencyForm {
            level: "reinforced".to_owned(),
            node: OrgNodeId::from_bytes([1; 16]).to_string(),
            ends_on: last.to_owned(),
            reason: reason.to_owned(),
            ordered_by: by.to_owned(),
        };
        let by = "县防指";
        let order = form("2026-01-01", " 防汛\n", by).order(now).unwrap();
        assert_eq!(order.ends_at.to_china_text(), "2026-01-02 00:00");
        assert_eq!(order.reason, "防汛");
        assert!(form("2026-03-31", "防汛", by).order(now).is_ok());
        for (last, reason, by, wrong) in [
            ("2025-12-31", "防汛", by, EmergencyError::Days),
            ("2026-04-01", "防汛", by, EmergencyError::Days),
            ("", "防汛", by, EmergencyError::Days),
            ("2026-01-01", " ", by, EmergencyError::Reason),
            ("2026-01-01", "防汛", "县", EmergencyError::OrderedBy),
        ] {
            assert_eq!(form(last, reason, by).order(now).unwrap_err(), wrong);
        }
        let nothing = EmergencyForm::default().order(now);
        assert_eq!(nothing.unwrap_err(), EmergencyError::Level);
    }
}
