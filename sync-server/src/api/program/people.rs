//! The team: who works where, as what; appointing and ending.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wangge_model::{
    AssignmentId, OrgNodeId, PersonId, PhoneNumber, Role, TextRule,
    access::{self, Act, Data},
    org::{Duty, check_assignment},
    protocol::ProblemCode,
};

use super::{
    caller::{Caller, Writer},
    org::note,
    unfit::Unfit,
};
use crate::{
    ApiError, AppState,
    storage::{NewAssignment, NewPerson, Person, PersonChange, StorageError, TeamMember},
};

const NAME: TextRule = TextRule::line(60).required();

/// Somebody at a place.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    /// Id of the assignment.
    assignment: String,
    /// Id of the person.
    person: String,
    name: String,
    /// Phone number for residents; may be empty.
    phone: String,
    /// Id of the place.
    node: String,
    /// A role, such as `grid_worker`.
    role: String,
    full_time: bool,
    /// Assigned beforehand: no access until called out.
    reserve: bool,
    /// Duties, such as `patrol`.
    duties: Vec<String>,
    /// First day of work after training; none: not trained.
    trained_on: Option<String>,
    /// Not shut out.
    active: bool,
}

impl From<&TeamMember> for Member {
    fn from(member: &TeamMember) -> Self {
        let assignment = &member.assignment;
        Self {
            assignment: assignment.id.to_string(),
            person: assignment.person.to_string(),
            name: member.name.clone(),
            phone: member.phone.clone(),
            node: assignment.node.to_string(),
            role: assignment.role.to_string(),
            full_time: assignment.full_time,
            reserve: assignment.reserve,
            duties: assignment
                .duties
                .iter()
                .map(|duty| duty.as_str().to_owned())
                .collect(),
            trained_on: member.trained_on.map(|date| date.to_string()),
            active: member.active,
        }
    }
}

/// 您的团队。Your team: everybody assigned to a place in your scope.
#[utoipa::path(
    get,
    path = "/api/v1/people",
    tag = "people",
    responses((status = 200, body = Vec<Member>))
)]
pub(super) async fn list_people(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<Member>>, ApiError> {
    let scope = &caller.scope;
    let team = state.storage.list_team(&scope.person, scope.at).await?;
    Ok(Json(team.iter().map(Member::from).collect()))
}

/// A person to make or change; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PersonFields {
    /// Name; needed for a new person.
    name: Option<String>,
    /// Phone number for residents; empty takes it away.
    phone: Option<String>,
    /// First day of work after training, `YYYY-MM-DD`.
    trained_on: Option<String>,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonAnswer {
    id: String,
    name: String,
    phone: String,
    trained_on: Option<String>,
    active: bool,
}

impl From<Person> for PersonAnswer {
    fn from(person: Person) -> Self {
        Self {
            id: person.id.to_string(),
            name: person.name,
            phone: person.phone,
            trained_on: person.trained_on.map(|date| date.to_string()),
            active: person.active,
        }
    }
}

impl PersonFields {
    fn change(&self) -> Result<PersonChange, Unfit> {
        let rule = |code: &str, arguments: Vec<(&'static str, String)>| {
            let arguments: Vec<(&str, &str)> =
                arguments.iter().map(|(n, v)| (*n, v.as_str())).collect();
            Unfit::said(code, &code.replace('_', "-"), &arguments)
        };
        let name = self.name.as_deref().map(|name| NAME.apply(name));
        let phone = self.phone.as_deref().map(|text| {
            if text.trim().is_empty() {
                return Ok(String::new());
            }
            PhoneNumber::parse(text).map(|number| number.as_str().to_owned())
        });
        let trained_on = self.trained_on.as_deref().map(|text| {
            text.parse()
                .map_err(|_| Unfit::said("date", "admin-date", &[("found", text)]))
        });
        Ok(PersonChange {
            name: name
                .transpose()
                .map_err(|error| rule(error.code(), error.arguments()))?,
            phone: phone
                .transpose()
                .map_err(|error| rule(error.code(), error.arguments()))?,
            trained_on: trained_on.transpose()?.map(Some),
        })
    }
}

/// 登记人员。Register a person. They may do nothing until they are assigned.
#[utoipa::path(
    post,
    path = "/api/v1/people",
    tag = "people",
    request_body = PersonFields,
    responses(
        (status = 201, body = PersonAnswer),
        (status = 403, description = "角色不允许。Your role does not allow it"),
        (status = 422, description = "内容不合要求。Something does not fit"),
    )
)]
pub(super) async fn create_person(
    State(state): State<AppState>,
    Writer(caller): Writer,
    body: Result<Json<PersonFields>, JsonRejection>,
) -> Result<(StatusCode, Json<PersonAnswer>), Unfit> {
    let Json(fields) = body.map_err(|_| ProblemCode::BadRequest)?;
    if !caller.scope.may(Data::Account, Act::Approve) {
        return Err(ProblemCode::OutOfScope.into());
    }
    let change = fields.change()?;
    let id = PersonId::make(state.clock.as_ref(), state.entropy.as_ref());
    state
        .storage
        .create_person(&NewPerson {
            id,
            name: change.name.ok_or(ProblemCode::BadRequest)?,
            username: None,
            phone: change.phone.unwrap_or_default(),
            trained_on: change.trained_on.flatten(),
            created_at: state.clock.now(),
        })
        .await?;
    note(&state, &caller, "person_created", id).await?;
    let person = state
        .storage
        .find_person(&id)
        .await?
        .ok_or(ProblemCode::Internal)?;
    Ok((StatusCode::CREATED, Json(person.into())))
}

/// 修改人员。Change a person of your team, or one who is assigned to no place yet.
#[utoipa::path(
    patch,
    path = "/api/v1/people/{id}",
    tag = "people",
    params(("id" = String, Path, description = "人员编号。Id of the person")),
    request_body = PersonFields,
    responses(
        (status = 200, body = PersonAnswer),
        (status = 404, description = "没有这个人员。No such person"),
        (status = 422, description = "内容不合要求。Something does not fit"),
    )
)]
pub(super) async fn change_person(
    State(state): State<AppState>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    body: Result<Json<PersonFields>, JsonRejection>,
) -> Result<Json<PersonAnswer>, Unfit> {
    let Json(fields) = body.map_err(|_| ProblemCode::BadRequest)?;
    let id: PersonId = id.parse().map_err(|_| ProblemCode::NotFound)?;
    let storage = state.storage.as_ref();
    let scope = &caller.scope;
    // Whoever has a place outside is changed by somebody who looks after that.
    let mut is_theirs = scope.may(Data::Account, Act::Approve);
    for assignment in storage.list_assignments(&id).await? {
        if !assignment.validity().is_over(scope.at) {
            is_theirs &= scope
                .may_in(storage, &assignment.node, Data::Account, Act::Approve)
                .await?;
        }
    }
    if !is_theirs {
        return Err(ProblemCode::NotFound.into());
    }
    storage
        .change_person(&id, &fields.change()?)
        .await
        .map_err(|error| match error {
            StorageError::Missing(_) => Unfit::from(ProblemCode::NotFound),
            other => other.into(),
        })?;
    note(&state, &caller, "person_changed", id).await?;
    let person = storage
        .find_person(&id)
        .await?
        .ok_or(ProblemCode::NotFound)?;
    Ok(Json(person.into()))
}

/// An assignment to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAssignmentBody {
    /// Id of the person.
    person: String,
    /// Id of the place.
    node: String,
    /// A role, such as `grid_worker`.
    role: String,
    /// Beside another job; full-time if left out.
    #[serde(default)]
    part_time: bool,
    /// Assigned beforehand, without access until called out.
    #[serde(default)]
    reserve: bool,
    /// Duties, such as `patrol`.
    #[serde(default)]
    duties: Vec<String>,
}

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssignmentAnswer {
    /// Id of the assignment.
    id: String,
}

/// 任职。Assign a person to a place.
#[utoipa::path(
    post,
    path = "/api/v1/assignments",
    tag = "people",
    request_body = NewAssignmentBody,
    responses(
        (status = 201, body = AssignmentAnswer),
        (status = 403, description = "角色不允许。Your role does not allow it"),
        (status = 422, description = "角色与地方、专兼职不符。The role does not fit the place or the time"),
    )
)]
pub(super) async fn create_assignment(
    State(state): State<AppState>,
    Writer(caller): Writer,
    body: Result<Json<NewAssignmentBody>, JsonRejection>,
) -> Result<(StatusCode, Json<AssignmentAnswer>), Unfit> {
    let Json(new) = body.map_err(|_| ProblemCode::BadRequest)?;
    let node: OrgNodeId = new.node.parse().map_err(|_| ProblemCode::BadRequest)?;
    let person: PersonId = new.person.parse().map_err(|_| ProblemCode::BadRequest)?;
    let role: Role = new.role.parse().map_err(|_| ProblemCode::BadRequest)?;
    let duties = Duty::split(&new.duties.join(",")).map_err(|_| ProblemCode::BadRequest)?;
    let place = require_appointing(&state, &caller, &node, role).await?;
    check_assignment(role, place, !new.part_time, new.reserve)
        .map_err(|error| Unfit::rule(error.code(), |language| error.text(language)))?;
    let id = AssignmentId::make(state.clock.as_ref(), state.entropy.as_ref());
    state
        .storage
        .create_assignment(&NewAssignment {
            id,
            person,
            node,
            role,
            full_time: !new.part_time,
            reserve: new.reserve,
            duties,
            valid_from: state.clock.now(),
        })
        .await
        .map_err(|error| match error {
            StorageError::Missing(_) => Unfit::from(ProblemCode::NotFound),
            other => other.into(),
        })?;
    note(&state, &caller, "assigned", id).await?;
    Ok((
        StatusCode::CREATED,
        Json(AssignmentAnswer { id: id.to_string() }),
    ))
}

/// 结束任职。End an assignment.
#[utoipa::path(
    delete,
    path = "/api/v1/assignments/{id}",
    tag = "people",
    params(("id" = String, Path, description = "任职编号。Id of the assignment")),
    responses(
        (status = 204, description = "已结束。Ended"),
        (status = 403, description = "角色不允许。Your role does not allow it"),
        (status = 404, description = "没有这项任职。No such assignment"),
    )
)]
pub(super) async fn end_assignment(
    State(state): State<AppState>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Result<StatusCode, Unfit> {
    let id: AssignmentId = id.parse().map_err(|_| ProblemCode::NotFound)?;
    let assignment = state
        .storage
        .find_assignment(&id)
        .await?
        .ok_or(ProblemCode::NotFound)?;
    require_appointing(&state, &caller, &assignment.node, assignment.role).await?;
    state.storage.end_assignment(&id, state.clock.now()).await?;
    note(&state, &caller, "assignment_ended", id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The level of a place where the caller may appoint somebody to this role.
async fn require_appointing(
    state: &AppState,
    caller: &Caller,
    node: &OrgNodeId,
    role: Role,
) -> Result<wangge_model::OrgLevel, ApiError> {
    let scope = &caller.scope;
    let storage = state.storage.as_ref();
    let place = storage
        .find_node(node)
        .await?
        .ok_or(ProblemCode::NotFound)?;
    let seats = storage.list_seats(&scope.person, node, scope.at).await?;
    if seats.is_empty() {
        return Err(ProblemCode::NotFound.into());
    }
    let target = role.seat(place.level);
    if seats
        .into_iter()
        .any(|seat| access::may_appoint(seat, target))
    {
        Ok(place.level)
    } else {
        Err(ProblemCode::OutOfScope.into())
    }
}
