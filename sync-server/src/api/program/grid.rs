//! `GET /api/v1/grids`: the grids in the caller's scope.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use crate::{ApiError, AppState, storage::OrgNode};

/// A grid.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Grid {
    /// Its id; a record's `grid`.
    id: String,
    /// Public code of the grid (网格编码), if it has one.
    code: Option<String>,
    /// Name.
    name: String,
    /// The community or village it lies in.
    parent: Option<String>,
    /// `urban`, `rural`, `dedicated`, if known.
    attribute: Option<String>,
}

impl From<OrgNode> for Grid {
    fn from(node: OrgNode) -> Self {
        Self {
            id: node.id.to_string(),
            code: node.code,
            name: node.name,
            parent: node.parent.map(|parent| parent.to_string()),
            attribute: node
                .attribute
                .map(|attribute| attribute.as_str().to_owned()),
        }
    }
}

/// 权限范围内的网格。The grids in your scope, by code.
#[utoipa::path(
    get,
    path = "/api/v1/grids",
    tag = "grids",
    responses((status = 200, body = Vec<Grid>), (status = 401, description = "未登录。Not signed in"))
)]
pub(super) async fn list_grids(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<Grid>>, ApiError> {
    let scope = &caller.scope;
    let grids = state
        .storage
        .list_grids_in_scope(&scope.person, scope.at)
        .await?;
    Ok(Json(grids.into_iter().map(Grid::from).collect()))
}
