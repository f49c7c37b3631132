//! The organisation tree and the grid register: reading, making places, putting
//! in boundaries, and re-divisions.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use wangge_model::{
    CoordinateSystem, GridAttribute, OrgLevel, OrgNodeId, TextRule, Timestamp,
    access::{Act, Data},
    boundary::{Tolerance, geojson},
    message::Language,
    org::{Above, check_attribute, check_code, check_level},
    protocol::ProblemCode,
};

use super::{
    caller::{Caller, Writer},
    people::Member,
    unfit::Unfit,
};
use crate::{
    ApiError, AppState,
    auth::sign_in::audit,
    division::{ApplyError, CheckError, CheckRules, Checked, apply, check},
    storage::{NewOrgNode, OrgNode, StorageError},
};

const NAME: TextRule = TextRule::line(60).required();

/// A place of the tree.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Place {
    id: String,
    /// The place it lies in.
    parent: Option<String>,
    /// `province`, `prefecture`, `county`, `street`, `area`, `community`, `grid`, `micro_grid`.
    level: String,
    /// Public code: a grid code or a division code.
    code: Option<String>,
    name: String,
    /// Of a grid: `urban`, `rural`, `dedicated`.
    attribute: Option<String>,
    /// Since when it is in use.
    valid_from: String,
    /// Until when, if it is closed.
    valid_to: Option<String>,
}

impl From<OrgNode> for Place {
    fn from(node: OrgNode) -> Self {
        Self {
            id: node.id.to_string(),
            parent: node.parent.map(|parent| parent.to_string()),
            level: node.level.to_string(),
            code: node.code,
            name: node.name,
            attribute: node
                .attribute
                .map(|attribute| attribute.as_str().to_owned()),
            valid_from: node.valid_from.to_rfc3339(),
            valid_to: node.valid_to.map(Timestamp::to_rfc3339),
        }
    }
}

/// Which places.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct PlaceQuery {
    /// Only this level.
    level: Option<String>,
    /// Only what lies directly in this place.
    parent: Option<String>,
}

/// 权限范围内的组织节点。The places in your scope, parents before children.
#[utoipa::path(
    get,
    path = "/api/v1/places",
    tag = "places",
    params(PlaceQuery),
    responses((status = 200, body = Vec<Place>), (status = 400, description = "没有这一级。No such level"))
)]
pub(super) async fn list_places(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<PlaceQuery>,
) -> Result<Json<Vec<Place>>, ApiError> {
    let level = match &query.level {
        None => None,
        Some(text) => Some(
            text.parse::<OrgLevel>()
                .map_err(|_| ProblemCode::BadRequest)?,
        ),
    };
    let scope = &caller.scope;
    let nodes = state
        .storage
        .list_nodes_in_scope(&scope.person, scope.at)
        .await?;
    let is_wanted = |node: &OrgNode| {
        level.is_none_or(|level| level == node.level)
            && query.parent.as_ref().is_none_or(|parent| {
                node.parent
                    .is_some_and(|known| known.to_string() == *parent)
            })
    };
    Ok(Json(
        nodes
            .into_iter()
            .filter(is_wanted)
            .map(Place::from)
            .collect(),
    ))
}

/// A place to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlace {
    /// Id of the place it lies in.
    parent: String,
    /// Its level.
    level: String,
    /// Its code; a grid needs one.
    code: Option<String>,
    /// Its name.
    name: String,
    /// Of a grid: `urban`, `rural`, `dedicated`; what the code says if left out.
    attribute: Option<String>,
}

/// 创建组织节点。Make a place in one where you may change the grid map.
#[utoipa::path(
    post,
    path = "/api/v1/places",
    tag = "places",
    request_body = NewPlace,
    responses(
        (status = 201, body = Place),
        (status = 403, description = "角色不允许。Your role does not allow it"),
        (status = 422, description = "级别、编码或属性不合要求。Level, code or attribute do not fit"),
    )
)]
pub(super) async fn create_place(
    State(state): State<AppState>,
    Writer(caller): Writer,
    body: Result<Json<NewPlace>, JsonRejection>,
) -> Result<(StatusCode, Json<Place>), Unfit> {
    let Json(new) = body.map_err(|_| ProblemCode::BadRequest)?;
    let parent: OrgNodeId = new.parent.parse().map_err(|_| ProblemCode::BadRequest)?;
    let level: OrgLevel = new.level.parse().map_err(|_| ProblemCode::BadRequest)?;
    let given = match &new.attribute {
        None => None,
        Some(text) => Some(
            text.parse::<GridAttribute>()
                .map_err(|_| ProblemCode::BadRequest)?,
        ),
    };
    require(&state, &caller, &parent, Act::Write).await?;
    let line = state.storage.list_ancestors(&parent).await?;
    let place = |error: &wangge_model::org::PlaceError| {
        Unfit::rule(error.code(), |language| error.text(language))
    };
    check_level(level, line.last().map(|node| node.level)).map_err(|error| place(&error))?;
    let above: Vec<Above<'_>> = line
        .iter()
        .map(|node| Above {
            level: node.level,
            code: node.code.as_deref(),
        })
        .collect();
    let scheme = &state.settings.grid_code_scheme;
    let code =
        check_code(new.code.as_deref(), level, &above, scheme).map_err(|error| place(&error))?;
    let attribute =
        check_attribute(given, level, code.as_deref(), scheme).map_err(|error| place(&error))?;
    let name = NAME.apply(&new.name).map_err(|error| {
        let id = error.code().replace('_', "-");
        let arguments = error.arguments();
        let arguments: Vec<(&str, &str)> =
            arguments.iter().map(|(n, v)| (*n, v.as_str())).collect();
        Unfit::said(error.code(), &id, &arguments)
    })?;
    let made = state
        .storage
        .create_node(&NewOrgNode {
            id: OrgNodeId::make(state.clock.as_ref(), state.entropy.as_ref()),
            parent: Some(parent),
            level,
            code: code.clone(),
            name,
            attribute,
            valid_from: state.clock.now(),
        })
        .await
        .map_err(|error| match error {
            StorageError::Taken(_) => {
                let code = code.unwrap_or_default();
                Unfit::said("code_taken", "division-code-taken", &[("code", &code)])
            }
            other => other.into(),
        })?;
    note(&state, &caller, "node_created", made.id).await?;
    Ok((StatusCode::CREATED, Json(Place::from(made))))
}

/// A grid of the register.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GridDetail {
    #[serde(flatten)]
    place: Place,
    /// Resident households; absent if you see no figures there.
    households: Option<u32>,
    /// Members who have not left.
    people: Option<u32>,
    /// Square metres, if it has a boundary.
    area_m2: Option<f64>,
    /// `GeoJSON` geometry in WGS-84, if it has one.
    #[schema(value_type = Option<Object>)]
    boundary: Option<Value>,
    /// What to look at, as stable codes.
    warnings: Vec<String>,
    /// Who works there.
    members: Vec<Member>,
    /// Grids it follows.
    predecessors: Vec<String>,
    /// Grids that follow it, the one that took the rest first.
    successors: Vec<String>,
}

/// 一个网格：规模、边界、人员、沿革。One grid: size, boundary, staff, versions.
#[utoipa::path(
    get,
    path = "/api/v1/grids/{id}",
    tag = "grids",
    params(("id" = String, Path, description = "网格编号。Id of the grid")),
    responses((status = 200, body = GridDetail), (status = 404, description = "没有这个网格。No such grid"))
)]
pub(super) async fn read_grid(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<GridDetail>, ApiError> {
    let id: OrgNodeId = id.parse().map_err(|_| ProblemCode::NotFound)?;
    let storage = state.storage.as_ref();
    let scope = &caller.scope;
    let node = storage
        .find_node(&id)
        .await?
        .filter(|node| node.level == OrgLevel::Grid)
        .ok_or(ProblemCode::NotFound)?;
    // A closed grid is seen by who sees its community.
    let asked = if node.validity().is_over(scope.at) {
        node.parent.ok_or(ProblemCode::NotFound)?
    } else {
        node.id
    };
    if !scope
        .may_in(storage, &asked, Data::GridMap, Act::Read)
        .await?
    {
        return Err(ProblemCode::NotFound.into());
    }
    let may_count = scope
        .may_in(storage, &node.id, Data::Household, Act::Count)
        .await?;
    let size = if may_count {
        storage.list_grid_sizes(&[node.id]).await?.pop()
    } else {
        None
    };
    let members = storage.list_members(&[node.id], scope.at).await?;
    let boundary = storage.list_boundaries(&[node.id]).await?.pop();
    let warnings = crate::console::grid::list::warnings(
        &state,
        &node,
        size,
        &crate::console::grid::list::staff_of(&members, &node.id),
        boundary.is_some(),
    );
    let versions = match &node.parent {
        Some(parent) => storage.list_grid_versions(parent).await?,
        None => Vec::new(),
    };
    let own = versions
        .into_iter()
        .find(|version| version.node.id == node.id);
    let ids = |nodes: Vec<OrgNodeId>| nodes.iter().map(OrgNodeId::to_string).collect();
    let (predecessors, successors) = own.map_or_else(Default::default, |own| {
        (ids(own.predecessors), ids(own.successors))
    });
    Ok(Json(GridDetail {
        households: size.map(|size| size.households),
        people: size.map(|size| size.people),
        area_m2: boundary
            .as_ref()
            .map(|(_, boundary)| boundary.area_m2().round()),
        boundary: boundary
            .as_ref()
            .map(|(_, boundary)| geojson::geometry(boundary)),
        warnings: warnings
            .iter()
            .map(|warning| warning.code().to_owned())
            .collect(),
        members: members.iter().map(Member::from).collect(),
        predecessors,
        successors,
        place: Place::from(node),
    }))
}

/// 设置社区或网格的边界（GeoJSON 图形，WGS-84）。Put in the boundary of a community or grid: a
/// `GeoJSON` geometry in WGS-84.
#[utoipa::path(
    put,
    path = "/api/v1/places/{id}/boundary",
    tag = "places",
    params(("id" = String, Path, description = "社区或网格的编号。Id of the community or grid")),
    request_body(content = Object, description = "GeoJSON Polygon 或 MultiPolygon。Polygon or MultiPolygon"),
    responses(
        (status = 204, description = "已保存。Kept"),
        (status = 403, description = "角色不允许。Your role does not allow it"),
        (status = 422, description = "图形不合要求。The shape does not fit"),
    )
)]
pub(super) async fn put_boundary(
    State(state): State<AppState>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Unfit> {
    let id: OrgNodeId = id.parse().map_err(|_| ProblemCode::NotFound)?;
    let node = state.storage.find_node(&id).await?;
    if !node.is_some_and(|node| matches!(node.level, OrgLevel::Community | OrgLevel::Grid)) {
        return Err(ProblemCode::NotFound.into());
    }
    require(&state, &caller, &id, Act::Write).await?;
    let geometry: Value = serde_json::from_slice(&body).map_err(|_| ProblemCode::BadRequest)?;
    let file = json!({
        "type": "FeatureCollection",
        "features": [{ "type": "Feature", "properties": {}, "geometry": geometry }],
    });
    let feature = geojson::read(file.to_string().as_bytes(), CoordinateSystem::Wgs84)
        .map_err(|errors| {
            let code = errors
                .first()
                .map_or("geojson", geojson::GeoJsonError::code);
            Unfit::rule(code, |language| {
                let lines: Vec<String> = errors.iter().map(|e| e.text(language)).collect();
                lines.join("\n")
            })
        })?
        .pop()
        .ok_or(ProblemCode::BadRequest)?;
    state
        .storage
        .put_boundaries(&[(id, feature.boundary)], state.clock.now())
        .await?;
    note(&state, &caller, "boundaries_imported", id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is to be done with a checked re-division.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct DivisionQuery {
    /// Do it; otherwise it is only checked.
    apply: bool,
    /// Accept ground in no grid, such as a lake.
    accept_gaps: bool,
}

/// 检查或执行一次网格调整（GeoJSON，含成员 redivision，见运行说明）。Check a re-division, or do it: `GeoJSON`
/// with a member `redivision`, see the operations guide. The answer is the report.
#[utoipa::path(
    post,
    path = "/api/v1/redivisions",
    tag = "grids",
    params(DivisionQuery),
    request_body(content = Object, description = "网格调整文件。The order"),
    responses(
        (status = 200, body = Object, description = "检查结果，或已执行。The report, or it was done"),
        (status = 403, description = "角色不允许。Your role does not allow it"),
        (status = 422, description = "文件有误，或有问题未解决。The file is wrong, or something stands in the way"),
    )
)]
pub(super) async fn redivide(
    State(state): State<AppState>,
    Writer(caller): Writer,
    Query(query): Query<DivisionQuery>,
    body: Bytes,
) -> Result<Json<Value>, Unfit> {
    let checked = checked(&state, &body).await?;
    let act = if query.apply { Act::Write } else { Act::Read };
    require(&state, &caller, &checked.community.id, act).await?;
    let report = checked.to_json(Language::Chinese);
    if !query.apply {
        return Ok(Json(report));
    }
    let person = Some(caller.scope.person);
    let (clock, entropy) = (state.clock.as_ref(), state.entropy.as_ref());
    let storage = state.storage.as_ref();
    match apply(storage, clock, entropy, &checked, person, query.accept_gaps).await {
        Ok(outcome) => {
            state.send_hints(&outcome.grids);
            note(&state, &caller, "grids_redivided", checked.community.id).await?;
            Ok(Json(report))
        }
        Err(ApplyError::Problems(count)) => Err(Unfit::said(
            "redivision_refused",
            "admin-division-refused",
            &[("count", &count.to_string())],
        )),
        Err(ApplyError::Storage(error)) => Err(error.into()),
    }
}

async fn checked(state: &AppState, body: &[u8]) -> Result<Checked, Unfit> {
    let rules = CheckRules {
        scheme: &state.settings.grid_code_scheme,
        sizing: &state.settings.sizing,
        tolerance: Tolerance::default(),
    };
    let (clock, entropy) = (state.clock.as_ref(), state.entropy.as_ref());
    check(state.storage.as_ref(), clock, entropy, &rules, body)
        .await
        .map_err(|error| match error {
            CheckError::File(error) => Unfit::rule(error.code(), |language| error.text(language)),
            // Whether there is such a community is told to nobody out of scope.
            CheckError::CommunityUnknown(_) => ProblemCode::NotFound.into(),
            CheckError::GridUnknown(grid) => Unfit::said(
                "grid_unknown",
                "admin-division-grid-unknown",
                &[("grid", &grid)],
            ),
            CheckError::NothingToClose => {
                Unfit::said("nothing_to_close", "admin-division-nothing", &[])
            }
            CheckError::Storage(error) => error.into(),
        })
}

/// Refuses who may not do this with the grid map there; who does not see the
/// place is told that there is none.
async fn require(
    state: &AppState,
    caller: &Caller,
    node: &OrgNodeId,
    act: Act,
) -> Result<(), ApiError> {
    let storage = state.storage.as_ref();
    let scope = &caller.scope;
    if scope.may_in(storage, node, Data::GridMap, act).await? {
        return Ok(());
    }
    let sees = scope
        .may_in(storage, node, Data::GridMap, Act::Read)
        .await?;
    Err(if sees {
        ProblemCode::OutOfScope.into()
    } else {
        ProblemCode::NotFound.into()
    })
}

pub(super) async fn note(
    state: &AppState,
    caller: &Caller,
    action: &str,
    target: impl std::fmt::Display,
) -> Result<(), ApiError> {
    let person = caller.scope.person;
    audit(&state.auth, person, action, &target.to_string(), "api").await?;
    Ok(())
}
