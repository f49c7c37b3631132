//! `/duty/rates`: the four rates (四率) of a place and those below it in a month, and
//! entering what was counted for three of them. No data is said to be none.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, RateCountId,
    access::{Act, Data},
    assessment::Figure,
    duty::{DutyError, DutyRate, RateCount},
    message::{message, message_id},
    visit_plan::Period,
};

use crate::{
    AppState,
    auth::{Nothing, Scope, SignedForm, SignedIn, sign_in::audit},
    console::{
        assessment::choose,
        error::PageError,
        frame::{Frame, render, render_refusal},
        link::with_query,
        page::Page,
        select::{SelectOption, node_options},
    },
    storage::{EnteredCount, NewRateCount, PlaceRates, StorageError, WorkSpan},
};

#[derive(Template)]
#[template(path = "duty_rates.html")]
pub(crate) struct RatesPage {
    pub(crate) page: Page,
    pub(crate) places: Vec<SelectOption>,
    pub(crate) on: String,
    pub(crate) first: String,
    pub(crate) last: String,
    /// Each rate: its name, what counts, of what.
    pub(crate) columns: Vec<[String; 3]>,
    pub(crate) rows: Vec<RateRow>,
    pub(crate) counts: Vec<CountView>,
    pub(crate) may_enter: bool,
    pub(crate) form: RateForm,
    pub(crate) nodes: Vec<SelectOption>,
    pub(crate) rates: Vec<SelectOption>,
    /// Incidents are still to be counted.
    pub(crate) is_behind: bool,
}

/// A place with its rates in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RateRow {
    pub(crate) name: String,
    pub(crate) cells: Vec<RateCell>,
}

/// A rate of a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RateCell {
    pub(crate) label: String,
    pub(crate) text: String,
    pub(crate) is_none: bool,
}

/// A count in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CountView {
    pub(crate) href: String,
    pub(crate) day: String,
    pub(crate) node_name: String,
    pub(crate) rate: String,
    pub(crate) counted: String,
    pub(crate) note: String,
    pub(crate) person_name: String,
    pub(crate) may_withdraw: bool,
}

/// A rate in words: `17 / 20（85.0%）`, a count alone where there are few, and that
/// there is no data where nobody counted.
fn rate_text(page: &Page, figure: Figure) -> String {
    if figure.is_empty() {
        return page.t("console-duty-no-data");
    }
    let (part, whole) = (figure.part.to_string(), figure.whole.to_string());
    let share = figure.per_mille().unwrap_or(0);
    let share = format!("{}.{}", share / 10, share % 10);
    let id = if figure.is_small() {
        "console-assessment-count"
    } else {
        "console-assessment-share"
    };
    let values = [
        ("part", part.as_str()),
        ("whole", &whole),
        ("share", &share),
    ];
    message(page.language, id, &values)
}

impl RateRow {
    pub(crate) fn new(place: &PlaceRates, page: &Page) -> Self {
        let cells = DutyRate::ALL.iter().zip(place.rates);
        Self {
            name: place.name.clone(),
            cells: cells
                .map(|(rate, figure)| RateCell {
                    label: page.t(&message_id("duty-rate", rate.as_str())),
                    text: rate_text(page, figure),
                    is_none: figure.is_empty(),
                })
                .collect(),
        }
    }
}

impl CountView {
    fn new(entered: &EnteredCount, page: &Page) -> Self {
        let count = &entered.count;
        let figure = Figure {
            part: count.part,
            whole: count.whole,
        };
        Self {
            href: format!("/duty/rates/{}", entered.id),
            day: count.day.to_string(),
            node_name: entered.node_name.clone(),
            rate: page.t(&message_id("duty-rate", count.rate.as_str())),
            counted: rate_text(page, figure),
            note: count.note.clone(),
            person_name: entered.person_name.clone(),
            may_withdraw: entered.may_withdraw,
        }
    }
}

/// What the form of a count sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RateForm {
    pub(crate) node: String,
    pub(crate) rate: String,
    pub(crate) day: String,
    pub(crate) part: String,
    pub(crate) whole: String,
    pub(crate) note: String,
}

impl RateForm {
    fn read(&self, today: CivilDay) -> Result<RateCount, DutyError> {
        let number = |text: &str| text.trim().parse().map_err(|_| DutyError::Count);
        RateCount {
            rate: DutyRate::parse(&self.rate).ok_or(DutyError::Rate)?,
            day: self.day.trim().parse().map_err(|_| DutyError::CountDay)?,
            part: number(&self.part)?,
            whole: number(&self.whole)?,
            note: self.note.clone(),
        }
        .check(today)
    }
}

/// Which place and month are asked for, and what was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct RatesQuery {
    place: String,
    on: String,
    done: String,
}

/// Whether the person enters counts anywhere.
fn may_enter(scope: &Scope) -> bool {
    scope.may(Data::Incident, Act::Assign) || scope.may(Data::Assessment, Act::Write)
}

async fn page_of(
    state: &AppState,
    page: Page,
    scope: &Scope,
    query: &RatesQuery,
    form: RateForm,
) -> Result<RatesPage, PageError> {
    let storage = &state.storage;
    let on = query.on.parse().unwrap_or(CivilDay::of(scope.at));
    let days = WorkSpan {
        first: Period::Month.start(on),
        last: Period::Month.last_day(on),
    };
    let (places, place) = choose(state, scope, &query.place).await?;
    let rows = match place {
        Some(place) => storage
            .find_rates(&scope.person, scope.at, &place, days)
            .await?
            .ok_or(PageError::NotFound)?,
        None => Vec::new(),
    };
    let counts = storage
        .list_rate_counts(&scope.person, scope.at, days)
        .await?;
    let may_enter = may_enter(scope);
    let nodes = if may_enter {
        storage.list_nodes_in_scope(&scope.person, scope.at).await?
    } else {
        Vec::new()
    };
    let rate = |rate: &DutyRate| {
        let label = page.t(&message_id("duty-rate", rate.as_str()));
        SelectOption::new(rate.as_str(), label, &form.rate)
    };
    let entered = DutyRate::ALL.iter().filter(|rate| rate.is_entered());
    let column = |rate: &DutyRate| {
        let id = message_id("duty-rate", rate.as_str());
        let (part, whole) = (format!("{id}-part"), format!("{id}-whole"));
        [id, part, whole].map(|id| page.t(&id))
    };
    Ok(RatesPage {
        places: node_options(places, &place.map(|id| id.to_string()).unwrap_or_default()),
        on: on.to_string(),
        first: days.first.to_string(),
        last: days.last.to_string(),
        columns: DutyRate::ALL.iter().map(column).collect(),
        rows: rows.iter().map(|row| RateRow::new(row, &page)).collect(),
        counts: counts
            .iter()
            .map(|one| CountView::new(one, &page))
            .collect(),
        may_enter,
        rates: entered.map(rate).collect(),
        nodes: node_options(nodes, &form.node),
        is_behind: storage.has_cases_due().await?,
        form,
        page,
    })
}

/// `GET /duty/rates`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<RatesQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let mut page = frame.page_for(&signed_in);
    if ["counted", "withdrawn"].contains(&query.done.as_str()) {
        let text = page.t(&format!("console-duty-{}-notice", query.done));
        page = page.with_notice(text);
    }
    let form = RateForm {
        day: CivilDay::of(scope.at).to_string(),
        ..RateForm::default()
    };
    render(&page_of(&state, page, scope, &query, form).await?)
}

/// `POST /duty/rates`
pub(super) async fn enter(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<RateForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    if !may_enter(scope) {
        return Err(PageError::Forbidden);
    }
    let id = RateCountId::make(state.clock.as_ref(), state.entropy.as_ref());
    let read = form.read(CivilDay::of(scope.at)).and_then(|count| {
        Ok(NewRateCount {
            id,
            node: form.node.parse().map_err(|_| DutyError::Place)?,
            count,
            person: scope.person,
            at: scope.at,
        })
    });
    let done = match read {
        Err(error) => Err(error),
        Ok(new) => match state.storage.create_rate_count(&new).await {
            Ok(()) => Ok(new),
            Err(StorageError::Missing(_)) => Err(DutyError::Place),
            Err(error) => return Err(error.into()),
        },
    };
    match done {
        Ok(new) => {
            let target = id.to_string();
            let detail = new.count.rate.as_str();
            audit(&state.auth, scope.person, "rate_counted", &target, detail).await?;
            let on = new.count.day.to_string();
            let back = with_query("/duty/rates", &[("on", &on), ("done", "counted")]);
            Ok(Redirect::to(&back).into_response())
        }
        Err(error) => {
            let code = error.code();
            let page = frame.page_for(&signed_in);
            let page = page.with_problem(error.text(frame.language));
            let query = RatesQuery::default();
            let page = page_of(&state, page, scope, &query, form).await?;
            render_refusal(&page, code)
        }
    }
}

/// `POST /duty/rates/{id}/withdraw`
pub(super) async fn withdraw(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let scope = &sent.signed_in.scope;
    let count: RateCountId = id.parse().map_err(|_| PageError::NotFound)?;
    match state
        .storage
        .withdraw_rate_count(&count, &scope.person, scope.at)
        .await
    {
        Ok(()) => {
            audit(&state.auth, scope.person, "rate_withdrawn", &id, "").await?;
            Ok(Redirect::to("/duty/rates?done=withdrawn").into_response())
        }
        Err(error) => Err(error.into()),
    }
}
