//! Merging two records that are one, and taking it back.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wangge_model::{RecordId, message::message_id, protocol::ProblemCode};

use super::{caller::Writer, unfit::Unfit};
use crate::{
    AppState,
    auth::sign_in::audit,
    ingest::merge::{self, MergeError},
};

/// Into which record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MergeBody {
    /// Id of the record that stays; of one that was merged itself, the record it
    /// stands for stays.
    into: String,
}

/// The record that stays.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MergeAnswer {
    /// Its id.
    into: String,
}

impl From<MergeError> for Unfit {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::NotFound => ProblemCode::NotFound.into(),
            MergeError::Forbidden => ProblemCode::OutOfScope.into(),
            MergeError::Storage(error) => error.into(),
            error => {
                if let Some(code) = error.code() {
                    Self::said(&format!("merge_{code}"), &message_id("merge", code), &[])
                } else {
                    tracing::error!(%error, "records could not be merged");
                    ProblemCode::Internal.into()
                }
            }
        }
    }
}

/// 合并重复记录：这份记录成为另一份的别名，可撤销。Merge a duplicate: this record becomes an alias
/// of the other one; can be taken back.
#[utoipa::path(
    post,
    path = "/api/v1/records/{id}/merge",
    tag = "records",
    params(("id" = String, Path, description = "被合并的记录。The record that is merged")),
    request_body = MergeBody,
    responses(
        (status = 200, body = MergeAnswer),
        (status = 403, description = "角色不允许。Your role does not allow it in both grids"),
        (status = 404, description = "没有这份记录。No such record in your scope"),
        (status = 422, description = "不能合并。They cannot be merged"),
    )
)]
pub(super) async fn merge_record(
    State(state): State<AppState>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    body: Result<Json<MergeBody>, JsonRejection>,
) -> Result<Json<MergeAnswer>, Unfit> {
    let Json(body) = body.map_err(|_| ProblemCode::BadRequest)?;
    let alias: RecordId = id.parse().map_err(|_| ProblemCode::NotFound)?;
    let into: RecordId = body.into.parse().map_err(|_| ProblemCode::BadRequest)?;
    let kept = merge::merge(&state, &caller.scope, alias, into).await?;
    let (person, target) = (caller.scope.person, alias.to_string());
    audit(
        &state.auth,
        person,
        "record_merged",
        &target,
        &format!("-> {kept}"),
    )
    .await?;
    Ok(Json(MergeAnswer {
        into: kept.to_string(),
    }))
}

/// 撤销合并。Take a merge back: both records are whole again.
#[utoipa::path(
    delete,
    path = "/api/v1/records/{id}/merge",
    tag = "records",
    params(("id" = String, Path, description = "被合并的记录。The record that was merged")),
    responses(
        (status = 200, body = MergeAnswer),
        (status = 403, description = "角色不允许。Your role does not allow it in both grids"),
        (status = 404, description = "没有这份记录。No such record in your scope"),
        (status = 422, description = "没有合并。It is not merged"),
    )
)]
pub(super) async fn unmerge_record(
    State(state): State<AppState>,
    Writer(caller): Writer,
    Path(id): Path<String>,
) -> Result<Json<MergeAnswer>, Unfit> {
    let alias: RecordId = id.parse().map_err(|_| ProblemCode::NotFound)?;
    let kept = merge::unmerge(&state, &caller.scope, alias).await?;
    let (person, target) = (caller.scope.person, alias.to_string());
    audit(
        &state.auth,
        person,
        "record_unmerged",
        &target,
        &format!("<- {kept}"),
    )
    .await?;
    Ok(Json(MergeAnswer {
        into: kept.to_string(),
    }))
}
