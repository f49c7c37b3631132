//! Who is on duty, and who keeps track of what they were asked first.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wangge_model::{CivilDay, Timestamp, duty::Shift, protocol::ProblemCode};

use super::caller::Caller;
use crate::{ApiError, AppState};

/// Most days asked for at once.
const MOST_DAYS: i32 = 92;
/// Days if the caller does not say.
const USUAL_DAYS: i32 = 7;

/// Which days.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct DayQuery {
    /// First day (`YYYY-MM-DD`); today if left out.
    first: Option<String>,
    /// Last day; of the roster 6 days later, at most 92 days after the first, if left out.
    last: Option<String>,
}

impl DayQuery {
    /// From midnight in China to midnight.
    fn within(&self, usual: impl Fn(Option<CivilDay>) -> (CivilDay, CivilDay)) -> Option<Shift> {
        let day = |text: &Option<String>| match text {
            Some(text) => text.parse::<CivilDay>().map(Some).map_err(|_| ()),
            None => Ok(None),
        };
        let (first, last) = (day(&self.first).ok()?, day(&self.last).ok()?);
        let (usual_first, usual_last) = usual(first);
        let (first, last) = (first.unwrap_or(usual_first), last.unwrap_or(usual_last));
        (0..MOST_DAYS)
            .contains(&last.days_since(first))
            .then(|| Shift {
                starts_at: first.start(),
                ends_at: last.plus(1).start(),
            })
    }
}

/// A duty of the roster.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DutyRow {
    /// Its id.
    id: String,
    /// Id of the place.
    node: String,
    node_name: String,
    /// Id of who is on duty.
    person: String,
    person_name: String,
    /// Their number for residents; may be empty.
    phone: String,
    starts_at: String,
    ends_at: String,
    note: String,
    /// It is going on.
    is_now: bool,
    /// It is yours.
    is_own: bool,
}

/// 值班表：本人的值班，以及所辖单位的值班。The roster: your own duties and those of places whose staff
/// you may see; today and six days more if you name no days.
#[utoipa::path(
    get,
    path = "/api/v1/duties",
    tag = "duty",
    params(DayQuery),
    responses(
        (status = 200, body = Vec<DutyRow>),
        (status = 400, description = "日期不对，或超过 92 天。Not a day, or more than 92 of them"),
    )
)]
pub(super) async fn list_duties(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<DayQuery>,
) -> Result<Json<Vec<DutyRow>>, ApiError> {
    let scope = &caller.scope;
    let today = CivilDay::of(scope.at);
    let usual = |first: Option<CivilDay>| {
        let first = first.unwrap_or(today);
        (first, first.plus(USUAL_DAYS - 1))
    };
    let within = query.within(usual).ok_or(ProblemCode::BadRequest)?;
    let duties = state
        .storage
        .list_duties(&scope.person, scope.at, within)
        .await?;
    let row = |duty: crate::storage::Duty| DutyRow {
        id: duty.id.to_string(),
        node: duty.node.to_string(),
        node_name: duty.node_name,
        is_own: duty.person == scope.person,
        person: duty.person.to_string(),
        person_name: duty.person_name,
        phone: duty.phone,
        starts_at: duty.shift.starts_at.to_rfc3339(),
        ends_at: duty.shift.ends_at.to_rfc3339(),
        note: duty.note,
        is_now: duty.shift.starts_at <= scope.at && scope.at < duty.shift.ends_at,
    };
    Ok(Json(duties.into_iter().map(row).collect()))
}

/// How the cases of one person stand who was asked first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FirstAskedRow {
    /// Id of the person.
    person: String,
    name: String,
    /// Cases in all.
    total: u64,
    /// Of those in which something is still to be done.
    open: u64,
    /// Of the open ones beyond their time.
    overdue: u64,
    /// Done, and the reporter was not told yet.
    untold: u64,
    /// Closed: the reporter was told.
    told: u64,
}

/// 首问责任：各首问责任人的事件办理情况；事件见 `/api/v1/cases?first_asked=`。How the cases stand by who
/// was asked first, received in the days asked for (the last 92 if you name none): your own, and
/// everybody's in places whose work you may see. The cases are at `/api/v1/cases?first_asked=`.
#[utoipa::path(
    get,
    path = "/api/v1/first-asked",
    tag = "cases",
    params(DayQuery),
    responses(
        (status = 200, body = Vec<FirstAskedRow>),
        (status = 400, description = "日期不对，或超过 92 天。Not a day, or more than 92 of them"),
    )
)]
pub(super) async fn sum_first_asked(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<DayQuery>,
) -> Result<Json<Vec<FirstAskedRow>>, ApiError> {
    let scope = &caller.scope;
    let today = CivilDay::of(scope.at);
    let usual = |first: Option<CivilDay>| {
        let last = first.map_or(today, |first| today.min(first.plus(MOST_DAYS - 1)));
        (last.plus(1 - MOST_DAYS), last)
    };
    let within = query.within(usual).ok_or(ProblemCode::BadRequest)?;
    let received: (Timestamp, Timestamp) = (within.starts_at, within.ends_at);
    let sums = state
        .storage
        .sum_first_asked(received, &scope.person, scope.at)
        .await?;
    let row = |sum: crate::storage::FirstAskedSum| FirstAskedRow {
        person: sum.person.to_string(),
        name: sum.name,
        total: sum.total,
        open: sum.open,
        overdue: sum.overdue,
        untold: sum.untold,
        told: sum.told,
    };
    Ok(Json(sums.into_iter().map(row).collect()))
}
