//! Cases of incidents: inbox, one case with its timeline, asking for a decision.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wangge_model::{
    OrgNodeId, PersonId, RecordId, Timestamp,
    case::{
        CaseArguments, CaseLevel, CaseRefusal, CaseState, CaseSummary, CaseVerb, FiledRequest,
        Supervision, TimelineEntry,
    },
    deadline::Light,
    document::RecordDocument,
    incident::Incident,
    protocol::ProblemCode,
};

use super::{
    caller::{Caller, Writer},
    unfit::Unfit,
};
use crate::{
    ApiError, AppState,
    auth::Scope,
    ingest::{
        authority,
        case_action::{self, CaseActionError},
    },
    storage::{CaseFilter, CaseQueue, ListedCase, StoredRecord},
};

/// Rows of a page if the caller does not say.
const PAGE_ROWS: u32 = 50;
/// Most rows of a page.
const MAX_PAGE_ROWS: u32 = 500;

/// Which cases; what is left out does not narrow the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct CaseQuery {
    /// `all`, `units` (of your units), or a desk: `community`, `street`, `county`.
    queue: Option<String>,
    /// A state such as `filed`; left out: all that are not over.
    state: Option<String>,
    /// `green`, `yellow`, `red`.
    light: Option<String>,
    /// What class codes begin with.
    class: Option<String>,
    /// Id of a grid.
    grid: Option<String>,
    /// `me` or the id of a person: those that person was asked first about, over or not.
    first_asked: Option<String>,
    /// Number of the page, from 1.
    page: Option<u64>,
    /// Rows of a page, at most 500; 50 if left out.
    page_size: Option<u32>,
}

/// A page of cases, most pressing first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CasePage {
    cases: Vec<CaseRow>,
    /// Rows of all pages, counted up to 10,001.
    total: u64,
    /// Number of this page, from 1.
    page: u64,
    /// Rows of a full page.
    page_size: u32,
}

/// A case in short.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseRow {
    /// Id of the incident.
    id: String,
    number: String,
    title: String,
    category: String,
    urgency: String,
    /// Id of its grid.
    grid: String,
    grid_name: String,
    /// People who reported it or what was merged into it.
    reporters: u32,
    /// Incidents in your scope that may be the same.
    alike: u32,
    #[serde(flatten)]
    stands: CaseStands,
}

/// How a case stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseStands {
    /// `reported`, `filed`, `assigned`, `in_progress`, `handled`, `verified`, `explained`,
    /// `closed`, `archived`, `void`, `merged`.
    state: String,
    /// Whose desk is responsible: `community`, `street`, `county`.
    level: String,
    /// Id of the unit that has it.
    unit: Option<String>,
    /// Id of who signed for it or handed in the result.
    handler: Option<String>,
    /// Id of who was asked first and keeps track of it.
    first_asked: Option<String>,
    /// When the result was handed in.
    ended_at: Option<String>,
    /// When the reporter was told and it was closed.
    closed_at: Option<String>,
    /// When it must be done.
    due_at: Option<String>,
    /// Why there is no due time, e.g. `year_not_loaded`.
    due_problem: Option<String>,
    /// `green`, `yellow`, `red`.
    light: Option<String>,
    /// `yellow` or `red` card.
    supervision: Option<String>,
    /// Requests from phones that were not answered.
    open_requests: u32,
    /// Rises with each decision.
    version: u64,
}

/// A case with what was decided.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseDetail {
    /// Id of the incident.
    id: String,
    number: String,
    title: String,
    category: String,
    #[serde(flatten)]
    stands: CaseStands,
    /// Oldest first.
    timeline: Vec<CaseDecision>,
    /// What was asked for from phones.
    requests: Vec<CaseRequested>,
    /// The verbs you may use now.
    possible: Vec<String>,
    /// Id of who handled it first and answers for it.
    first_handler: Option<String>,
    /// Id of the incident it was merged into.
    merged_into: Option<String>,
    /// People who reported it or what was merged into it.
    reporters: u32,
    /// Ids of the incidents in your scope that were merged into it.
    merged: Vec<String>,
    /// Incidents in your scope that may be the same, the likeliest first.
    alike: Vec<CaseAlike>,
}

/// An incident that may be the same.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseAlike {
    /// Id of the incident.
    id: String,
    number: String,
    title: String,
    /// Metres between the two; left out: one has no place.
    metres: Option<u32>,
    /// Minutes between the two.
    minutes: u32,
    /// How alike the words are.
    percent: u8,
}

/// One decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseDecision {
    version: u64,
    verb: String,
    /// Id of who asked; left out: the server itself.
    person: Option<String>,
    name: String,
    at: String,
    from: String,
    to: String,
    level: String,
    unit: Option<String>,
    unit_name: String,
    text: String,
    /// Days, stars, or 1 and 0 for yes and no.
    number: Option<i64>,
    /// Id of the person it is about.
    named: Option<String>,
    /// That person's name then; may be empty.
    named_name: String,
}

/// What somebody asked for from a phone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseRequested {
    id: String,
    verb: String,
    text: String,
    asked_at: Option<String>,
    /// Left out: pending.
    is_accepted: Option<bool>,
    /// Why not.
    code: Option<String>,
}

/// What to decide.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseActionBody {
    /// `file`, `assign`, `sign`, `hand_in` and so on.
    verb: String,
    /// The version you saw; refused (`stale`) if there was a decision since.
    #[serde(default)]
    version: Option<u64>,
    /// Id of a unit.
    #[serde(default)]
    unit: Option<String>,
    /// Ids of units to whistle for.
    #[serde(default)]
    units: Vec<String>,
    /// Id of another incident.
    #[serde(default)]
    into: Option<String>,
    /// Id of a person.
    #[serde(default)]
    person: Option<String>,
    /// Reason, result or remark, at most 500 characters.
    #[serde(default)]
    text: String,
    /// Working days.
    #[serde(default)]
    days: Option<i64>,
    /// 1 to 5.
    #[serde(default)]
    stars: Option<i64>,
    /// `yellow` or `red`.
    #[serde(default)]
    card: Option<String>,
    #[serde(default)]
    is_agreed: Option<bool>,
}

const LIGHTS: [(&str, Light); 3] = [
    ("green", Light::Green),
    ("yellow", Light::Yellow),
    ("red", Light::Red),
];

fn code_of<T>(
    text: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    text.filter(|text| !text.is_empty())
        .map(|text| parse(text).ok_or(ApiError(ProblemCode::BadRequest)))
        .transpose()
}

impl CaseQuery {
    /// `me`: whose the query is.
    fn filter(&self, me: PersonId) -> Result<(CaseFilter, u64), ApiError> {
        let queue = |text: &str| match text {
            "all" => Some(CaseQueue::All),
            "units" => Some(CaseQueue::Units),
            level => CaseLevel::parse(level).map(CaseQueue::Desk),
        };
        let light = |text: &str| {
            LIGHTS
                .iter()
                .find(|(code, _)| *code == text)
                .map(|(_, l)| *l)
        };
        let page = self.page.unwrap_or(1).max(1);
        let limit = self.page_size.unwrap_or(PAGE_ROWS).clamp(1, MAX_PAGE_ROWS);
        let filter = CaseFilter {
            queue: code_of(self.queue.as_deref(), queue)?.unwrap_or_default(),
            state: code_of(self.state.as_deref(), CaseState::parse)?,
            light: code_of(self.light.as_deref(), light)?,
            class: self.class.clone().unwrap_or_default(),
            grid: code_of(self.grid.as_deref(), |text| text.parse().ok())?,
            received: None,
            first_asked: code_of(self.first_asked.as_deref(), |text| match text {
                "me" => Some(me),
                id => id.parse().ok(),
            })?,
            offset: (page - 1).saturating_mul(u64::from(limit)),
            limit,
        };
        Ok((filter, page))
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl CaseStands {
    fn of(state: String, summary: &CaseSummary, now: Timestamp) -> Self {
        let light = summary.light(now);
        Self {
            state,
            level: summary.level().to_owned(),
            unit: summary.unit.map(|unit| unit.to_string()),
            handler: summary.handler.map(|person| person.to_string()),
            first_asked: summary
                .first_asked
                .or(summary.reporter)
                .map(|person| person.to_string()),
            ended_at: summary.ended_at.map(Timestamp::to_rfc3339),
            closed_at: summary.closed_at.map(Timestamp::to_rfc3339),
            due_at: summary.due_at.map(Timestamp::to_rfc3339),
            due_problem: some(summary.due_problem.clone()),
            light: LIGHTS
                .iter()
                .find(|(_, one)| Some(*one) == light)
                .map(|(code, _)| (*code).to_owned()),
            supervision: some(summary.supervision.clone()),
            open_requests: summary.open_requests,
            version: summary.version,
        }
    }
}

fn row(case: ListedCase, now: Timestamp) -> CaseRow {
    let (reporters, alike) = (case.reporters, case.alike);
    let listed = case.record;
    let summary = listed.summary;
    let case = summary.case.unwrap_or_default();
    CaseRow {
        id: listed.id.to_string(),
        number: summary.number,
        title: summary.title,
        category: summary.category,
        urgency: summary.urgency,
        grid: listed.grid.to_string(),
        grid_name: listed.grid_name,
        reporters,
        alike,
        stands: CaseStands::of(summary.state, &case, now),
    }
}

/// 权限范围内的事件办理情况。The cases in your scope and of your units.
#[utoipa::path(
    get,
    path = "/api/v1/cases",
    tag = "cases",
    params(CaseQuery),
    responses(
        (status = 200, body = CasePage),
        (status = 400, description = "参数不对。A parameter is wrong"),
    )
)]
pub(super) async fn list_cases(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<CaseQuery>,
) -> Result<Json<CasePage>, ApiError> {
    let scope = &caller.scope;
    let (filter, page) = query.filter(scope.person)?;
    let found = state
        .storage
        .list_cases(&filter, &scope.person, scope.at)
        .await?;
    Ok(Json(CasePage {
        cases: found
            .cases
            .into_iter()
            .map(|case| row(case, scope.at))
            .collect(),
        total: found.total,
        page,
        page_size: filter.limit,
    }))
}

/// 一件事件的办理情况和办理过程。One case with its timeline, its requests and what you may do.
#[utoipa::path(
    get,
    path = "/api/v1/cases/{id}",
    tag = "cases",
    params(("id" = String, Path, description = "事件编号（UUID）。Id of the incident")),
    responses(
        (status = 200, body = CaseDetail),
        (status = 404, description = "没有这件事件，或不在权限内。No such case in your scope"),
    )
)]
pub(super) async fn read_case(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CaseDetail>, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ProblemCode::NotFound)?;
    Ok(Json(detail(&state, &caller.scope, id).await?))
}

async fn detail(state: &AppState, scope: &Scope, id: RecordId) -> Result<CaseDetail, ApiError> {
    let storage = state.storage.as_ref();
    let stored = storage
        .find_case(&id, &scope.person, scope.at)
        .await?
        .ok_or(ProblemCode::NotFound)?;
    let document = open(&stored)?;
    let incident = Incident::read(&document);
    let summary = document.summary().case.unwrap_or_default();
    let case = incident.case.decided.ok_or(ProblemCode::NotFound)?;
    let place = authority::find_place(storage, &stored.grid, scope.at).await?;
    let standing = authority::find_standing(storage, &scope.person, scope.at).await?;
    let requester = standing.requester(&case, &place.nodes);
    let possible = case.possible(id, &requester, &place.rules.limits, scope.at);
    let merged = storage.list_merged(&id, &scope.person, scope.at).await?;
    let alike = storage.list_alike(&id, &scope.person, scope.at).await?;
    Ok(CaseDetail {
        first_handler: case.first_handler.map(|person| person.to_string()),
        merged_into: case.merged_into.map(|into| into.to_string()),
        reporters: storage.count_reporters(&id).await?,
        merged: merged.iter().map(|report| report.id.to_string()).collect(),
        alike: alike
            .into_iter()
            .map(|alike| CaseAlike {
                id: alike.record.id.to_string(),
                number: alike.record.summary.number,
                title: alike.record.summary.title,
                metres: alike.likeness.metres,
                minutes: alike.likeness.minutes,
                percent: alike.likeness.percent,
            })
            .collect(),
        id: id.to_string(),
        number: incident.case.number,
        title: incident.title,
        category: incident.category,
        stands: CaseStands::of(incident.case.state, &summary, scope.at),
        timeline: incident.case.timeline.into_iter().map(decision).collect(),
        requests: incident.case.requests.into_iter().map(requested).collect(),
        possible: possible
            .into_iter()
            .filter(|(_, refusal)| refusal.is_none())
            .map(|(verb, _)| verb.as_str().to_owned())
            .collect(),
    })
}

fn open(stored: &StoredRecord) -> Result<RecordDocument, ApiError> {
    RecordDocument::load(stored.kind, Some(&stored.document), []).map_err(|error| {
        tracing::error!(record = %stored.id, %error, "a stored document cannot be read");
        ProblemCode::Internal.into()
    })
}

fn decision(entry: TimelineEntry) -> CaseDecision {
    CaseDecision {
        version: entry.version,
        verb: entry.verb,
        person: entry.person.map(|person| person.to_string()),
        name: entry.name,
        at: entry.at.to_rfc3339(),
        from: entry.from,
        to: entry.to,
        level: entry.level,
        unit: entry.unit.map(|unit| unit.to_string()),
        unit_name: entry.unit_name,
        text: entry.text,
        number: entry.number,
        named: entry.named.map(|person| person.to_string()),
        named_name: entry.named_name,
    }
}

fn requested(request: FiledRequest) -> CaseRequested {
    let outcome = request.outcome;
    CaseRequested {
        id: request.id,
        verb: request.verb,
        text: request.arguments.text,
        asked_at: request.asked_at.map(Timestamp::to_rfc3339),
        is_accepted: outcome.as_ref().map(|outcome| outcome.is_accepted),
        code: outcome.and_then(|outcome| some(outcome.code)),
    }
}

impl CaseActionBody {
    fn arguments(&self) -> Result<CaseArguments, CaseRefusal> {
        let unit = |text: &String| {
            text.parse::<OrgNodeId>()
                .map_err(|_| CaseRefusal::Incomplete("unit"))
        };
        let into = |text: &String| {
            text.parse::<RecordId>()
                .map_err(|_| CaseRefusal::Incomplete("into"))
        };
        let person = |text: &String| {
            text.parse::<PersonId>()
                .map_err(|_| CaseRefusal::Incomplete("person"))
        };
        let card = |text: &String| Supervision::parse(text).ok_or(CaseRefusal::Incomplete("card"));
        Ok(CaseArguments {
            unit: self.unit.as_ref().map(unit).transpose()?,
            units: self.units.iter().map(unit).collect::<Result<_, _>>()?,
            into: self.into.as_ref().map(into).transpose()?,
            person: self.person.as_ref().map(person).transpose()?,
            text: self.text.clone(),
            days: self.days,
            stars: self.stars,
            card: self.card.as_ref().map(card).transpose()?,
            is_agreed: self.is_agreed,
        })
    }
}

/// 办理一件事件：与网页、手机提出的申请由同一套规则裁决。Decides on a case by the same rules as the
/// console and requests of phones. What is refused changes nothing and is noted.
#[utoipa::path(
    post,
    path = "/api/v1/cases/{id}/actions",
    tag = "cases",
    params(("id" = String, Path, description = "事件编号（UUID）。Id of the incident")),
    request_body = CaseActionBody,
    responses(
        (status = 200, body = CaseDetail),
        (status = 404, description = "没有这件事件，或不在权限内。No such case in your scope"),
        (status = 422, description = "不能这样办，原因见 `code`。Refused; `code` says why"),
    )
)]
pub(super) async fn act_on_case(
    State(state): State<AppState>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    body: Result<Json<CaseActionBody>, JsonRejection>,
) -> Result<Json<CaseDetail>, Unfit> {
    let Json(body) = body.map_err(|_| ProblemCode::BadRequest)?;
    let id: RecordId = id.parse().map_err(|_| ProblemCode::NotFound)?;
    let action = CaseVerb::parse(&body.verb)
        .ok_or(CaseRefusal::UnknownVerb)
        .and_then(|verb| body.arguments()?.action(verb))
        .map_err(|refusal| refused(&refusal))?;
    case_action::decide(&state, &caller.scope, id, action, body.version)
        .await
        .map_err(|error| match error {
            CaseActionError::Refused(refusal) => {
                Unfit::noted(refusal.code(), |language| refusal.text(language))
            }
            CaseActionError::NotFound => ProblemCode::NotFound.into(),
            CaseActionError::Storage(error) => error.into(),
            error => {
                tracing::error!(%error, "a case could not be decided on");
                ProblemCode::Internal.into()
            }
        })?;
    Ok(Json(detail(&state, &caller.scope, id).await?))
}

fn refused(refusal: &CaseRefusal) -> Unfit {
    Unfit::rule(refusal.code(), |language| refusal.text(language))
}
