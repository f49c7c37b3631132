//! `/duty` (值班表): who is on duty where in a week, planned by the desks, at
//! `/duty/rates` its four rates (四率), and at `/on-duty` who is on duty now and where
//! workers last were. Printed, the page is the roster.

pub(crate) mod now;
pub(crate) mod rates;

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, DutyId, Timestamp,
    access::{Act, Data},
    duty::{DutyError, Shift, check_note},
};

use super::{
    error::PageError,
    frame::{Frame, render, render_refusal},
    link::with_query,
    page::Page,
    select::{SelectOption, node_options},
};
use crate::{
    AppState,
    auth::{Nothing, Scope, SignedForm, SignedIn, sign_in::audit},
    storage::{Duty, NewDuty, StorageError},
};

/// Days a page shows.
const SHOWN_DAYS: i32 = 7;
/// When a day of duty usually begins and ends (our own choice, office hours).
const USUAL_HOURS: (&str, &str) = ("08:30", "17:30");

#[derive(Template)]
#[template(path = "duty.html")]
pub(crate) struct DutyPage {
    pub(crate) page: Page,
    pub(crate) days: Vec<DutyDay>,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) previous: String,
    pub(crate) next: String,
    pub(crate) may_plan: bool,
    pub(crate) form: DutyForm,
    pub(crate) nodes: Vec<SelectOption>,
    pub(crate) people: Vec<SelectOption>,
}

/// The duties of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DutyDay {
    pub(crate) day: String,
    pub(crate) duties: Vec<DutyView>,
}

/// A duty in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DutyView {
    pub(crate) href: String,
    pub(crate) node_name: String,
    pub(crate) person_name: String,
    pub(crate) phone: String,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) note: String,
    pub(crate) planned_by: String,
    pub(crate) is_now: bool,
    pub(crate) may_cancel: bool,
}

impl DutyView {
    pub(crate) fn new(duty: &Duty, now: Timestamp) -> Self {
        let Shift { starts_at, ends_at } = duty.shift;
        let day = CivilDay::of(starts_at);
        // Until the same day is told by the time alone.
        let until = ends_at.to_china_text();
        let until = match until.strip_prefix(&day.to_string()) {
            Some(time) => time.trim().to_owned(),
            None => until,
        };
        Self {
            href: format!("/duty/{}", duty.id),
            node_name: duty.node_name.clone(),
            person_name: duty.person_name.clone(),
            phone: duty.phone.clone(),
            from: starts_at.to_china_text().chars().skip(11).collect(),
            until,
            note: duty.note.clone(),
            planned_by: duty.planned_by.clone(),
            is_now: starts_at <= now && now < ends_at,
            may_cancel: duty.may_plan && now < ends_at,
        }
    }
}

/// The duties by the day they begin on.
pub(crate) fn by_day(duties: &[Duty], now: Timestamp) -> Vec<DutyDay> {
    let mut sorted: Vec<&Duty> = duties.iter().collect();
    sorted.sort_by_key(|duty| CivilDay::of(duty.shift.starts_at));
    let mut days: Vec<DutyDay> = Vec::new();
    for duty in sorted {
        let day = CivilDay::of(duty.shift.starts_at).to_string();
        let view = DutyView::new(duty, now);
        match days.last_mut().filter(|last| last.day == day) {
            Some(last) => last.duties.push(view),
            None => days.push(DutyDay {
                day,
                duties: vec![view],
            }),
        }
    }
    days
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/duty", get(list).post(plan))
        .route("/duty/{id}/cancel", post(cancel))
        .route("/on-duty", get(now::get))
        .route("/duty/rates", get(rates::get).post(rates::enter))
        .route("/duty/rates/{id}/withdraw", post(rates::withdraw))
}

/// What the form of a duty sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DutyForm {
    pub(crate) node: String,
    pub(crate) person: String,
    pub(crate) day: String,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) note: String,
}

impl DutyForm {
    fn empty(today: CivilDay) -> Self {
        Self {
            day: today.to_string(),
            from: USUAL_HOURS.0.to_owned(),
            until: USUAL_HOURS.1.to_owned(),
            ..Self::default()
        }
    }

    fn read(&self, id: DutyId, scope: &Scope) -> Result<NewDuty, DutyError> {
        let today = CivilDay::of(scope.at);
        Ok(NewDuty {
            id,
            node: self.node.parse().map_err(|_| DutyError::Place)?,
            person: self.person.parse().map_err(|_| DutyError::Person)?,
            shift: Shift::read(&self.day, &self.from, &self.until, today)?,
            note: check_note(&self.note)?,
            planned_by: scope.person,
            at: scope.at,
        })
    }
}

/// Which week is asked for, and what was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DutyQuery {
    on: String,
    done: String,
}

async fn page_of(
    state: &AppState,
    page: Page,
    scope: &Scope,
    on: CivilDay,
    form: DutyForm,
) -> Result<DutyPage, PageError> {
    let storage = &state.storage;
    let first = on.week_start();
    let within = Shift {
        starts_at: first.start(),
        ends_at: first.plus(SHOWN_DAYS).start(),
    };
    let duties = storage.list_duties(&scope.person, scope.at, within).await?;
    let may_plan = scope.may(Data::Incident, Act::Assign);
    let (mut nodes, mut people) = (Vec::new(), Vec::new());
    if may_plan {
        let own = storage.list_nodes_in_scope(&scope.person, scope.at).await?;
        for member in storage.list_team(&scope.person, scope.at).await? {
            let value = member.assignment.person.to_string();
            let is_known = people.iter().any(|one: &SelectOption| one.value == value);
            if !member.active || is_known {
                continue;
            }
            let node = own.iter().find(|node| node.id == member.assignment.node);
            let place = node.map(|node| node.name.clone()).unwrap_or_default();
            let label = format!("{} · {place}", member.name);
            people.push(SelectOption::new(value, label, &form.person));
        }
        nodes = node_options(own, &form.node);
    }
    let link = |day: CivilDay| with_query("/duty", &[("on", &day.to_string())]);
    Ok(DutyPage {
        days: by_day(&duties, scope.at),
        first: first.to_string(),
        last: first.plus(SHOWN_DAYS - 1).to_string(),
        previous: link(first.plus(-SHOWN_DAYS)),
        next: link(first.plus(SHOWN_DAYS)),
        may_plan,
        form,
        nodes,
        people,
        page,
    })
}

/// `GET /duty`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<DutyQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let mut page = frame.page_for(&signed_in);
    if ["planned", "cancelled"].contains(&query.done.as_str()) {
        let text = page.t(&format!("console-duty-{}-notice", query.done));
        page = page.with_notice(text);
    }
    let today = CivilDay::of(scope.at);
    let on = query.on.parse().unwrap_or(today);
    let form = DutyForm::empty(on.max(today));
    render(&page_of(&state, page, scope, on, form).await?)
}

/// `POST /duty`
async fn plan(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<DutyForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    if !scope.may(Data::Incident, Act::Assign) {
        return Err(PageError::Forbidden);
    }
    let id = DutyId::make(state.clock.as_ref(), state.entropy.as_ref());
    let done = match form.read(id, scope) {
        Err(error) => Err(error),
        Ok(new) => match state.storage.plan_duty(&new).await {
            Ok(()) => Ok(new),
            Err(StorageError::Missing("person")) => Err(DutyError::Person),
            Err(StorageError::Missing(_)) => Err(DutyError::Place),
            Err(StorageError::Taken(_)) => Err(DutyError::Taken),
            Err(error) => return Err(error.into()),
        },
    };
    match done {
        Ok(new) => {
            let detail = new.person.to_string();
            let target = id.to_string();
            audit(&state.auth, scope.person, "duty_planned", &target, &detail).await?;
            let on = CivilDay::of(new.shift.starts_at).to_string();
            let back = with_query("/duty", &[("on", &on), ("done", "planned")]);
            Ok(Redirect::to(&back).into_response())
        }
        Err(error) => {
            let code = error.code();
            let page = frame.page_for(&signed_in);
            let page = page.with_problem(error.text(frame.language));
            let today = CivilDay::of(scope.at);
            let on = form.day.parse().unwrap_or(today);
            let page = page_of(&state, page, scope, on, form).await?;
            render_refusal(&page, code)
        }
    }
}

/// `POST /duty/{id}/cancel`
async fn cancel(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    let duty: DutyId = id.parse().map_err(|_| PageError::NotFound)?;
    match state
        .storage
        .cancel_duty(&duty, &scope.person, scope.at)
        .await
    {
        Ok(()) => {
            audit(&state.auth, scope.person, "duty_cancelled", &id, "").await?;
            Ok(Redirect::to("/duty?done=cancelled").into_response())
        }
        Err(error) => Err(error.into()),
    }
}
