//! Changing a record's fields, and lifting the mask of one.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use wangge_model::{
    ChangeHash, CitizenIdPolicy, FieldPath, RecordKind, access,
    document::{
        EditError, FieldEdit,
        schema::{self, FieldError, FieldOwner},
    },
    message::{Language, field_error_message},
    protocol::ProblemCode,
};

use super::{
    caller::{IfMatch, Writer},
    record::{self, Record, answer},
    value::{from_json, to_json},
};
use crate::{
    ApiError, AppState,
    auth::sign_in::audit,
    console::field::masking,
    ingest::record_edit::{self, RecordEditError},
};

/// Most fields of one edit.
const MAX_FIELDS: usize = 500;

/// Fields to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordEdit {
    /// By path; `null` clears a field. Fields that are not named stay.
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    fields: BTreeMap<String, Value>,
}

/// One field that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FieldProblem {
    /// Path of the field.
    field: String,
    /// Stable code.
    code: String,
    /// What is wrong, in English.
    title: String,
    /// 错在哪里。
    title_zh: String,
}

impl FieldProblem {
    fn new(field: &str, error: &FieldError) -> Self {
        Self {
            field: field.to_owned(),
            code: error.code().to_owned(),
            title: field_error_message(Language::English, error),
            title_zh: field_error_message(Language::Chinese, error),
        }
    }
}

/// Why an edit was refused; nothing was written.
#[derive(Debug)]
pub(super) enum Refused {
    /// As a whole.
    Api(ApiError),
    /// Some values do not fit their fields.
    Fields(Vec<FieldProblem>),
    /// The record is not as the caller last saw it.
    Changed,
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<ProblemCode> for Refused {
    fn from(code: ProblemCode) -> Self {
        Self::Api(code.into())
    }
}

impl From<RecordEditError> for Refused {
    fn from(error: RecordEditError) -> Self {
        match error {
            RecordEditError::NotFound => ProblemCode::NotFound.into(),
            RecordEditError::Changed => Self::Changed,
            RecordEditError::Storage(error) => Self::Api(error.into()),
            RecordEditError::Edit(EditError::Field { path, reason }) => {
                Self::Fields(vec![FieldProblem::new(path.as_str(), &reason)])
            }
            RecordEditError::Edit(EditError::RecordFull) => ProblemCode::BodyTooLarge.into(),
            RecordEditError::Edit(error @ EditError::Document(_)) => internal(&error),
            RecordEditError::Unreadable(error) => internal(&error),
        }
    }
}

fn internal(error: &dyn std::fmt::Display) -> Refused {
    tracing::error!(%error, "a record could not be edited");
    ProblemCode::Internal.into()
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::Api(error) => return error.into_response(),
            Self::Fields(errors) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                serde_json::json!({
                    "type": "urn:wangge:problem:field_invalid",
                    "title": "Some values do not fit their fields. Correct them and send again; nothing was changed.",
                    "title_zh": "有的内容不合要求，请改正后重新提交；没有任何改动。",
                    "status": 422,
                    "code": "field_invalid",
                    "errors": errors,
                }),
            ),
            Self::Changed => (
                StatusCode::PRECONDITION_FAILED,
                serde_json::json!({
                    "type": "urn:wangge:problem:record_changed",
                    "title": "The record was changed by somebody else. Read it again, then decide; nothing was changed.",
                    "title_zh": "这份记录已被他人修改，请重新读取后再决定；没有任何改动。",
                    "status": 412,
                    "code": "record_changed",
                }),
            ),
        };
        let content_type = [(
            header::CONTENT_TYPE,
            "application/problem+json; charset=utf-8",
        )];
        (status, content_type, body.to_string()).into_response()
    }
}

/// The edits a request asks for; every misfit is named, not only the first.
fn edits(
    kind: RecordKind,
    fields: &BTreeMap<String, Value>,
    today: chrono::NaiveDate,
) -> Result<Vec<FieldEdit>, Vec<FieldProblem>> {
    let (mut edits, mut problems) = (Vec::new(), Vec::new());
    for (name, value) in fields {
        match edit(kind, name, value, today) {
            Ok(edit) => edits.push(edit),
            Err(error) => problems.push(FieldProblem::new(name, &error)),
        }
    }
    if problems.is_empty() {
        Ok(edits)
    } else {
        Err(problems)
    }
}

fn edit(
    kind: RecordKind,
    name: &str,
    value: &Value,
    today: chrono::NaiveDate,
) -> Result<FieldEdit, FieldError> {
    let path = FieldPath::new(name).map_err(|_| FieldError::Unknown)?;
    let spec = schema::find_field(kind, &path).ok_or(FieldError::Unknown)?;
    if spec.owner != FieldOwner::People {
        return Err(FieldError::ServerOwned);
    }
    let value = from_json(spec, value)?
        .map(|value| spec.normalise(value, today, CitizenIdPolicy::Production))
        .transpose()?;
    Ok(FieldEdit { path, value })
}

fn parse_etag(IfMatch(tag): &IfMatch) -> Option<Vec<ChangeHash>> {
    tag.trim()
        .trim_matches('"')
        .split('.')
        .map(|head| head.parse().ok())
        .collect()
}

/// 修改一份记录的若干项。其他人同时修改别的项不受影响。Change some fields of a record; what others
/// write to other fields meanwhile stays. With `If-Match`, only if the record is still as it was
/// read.
#[utoipa::path(
    patch,
    path = "/api/v1/records/{id}",
    tag = "records",
    params(
        ("id" = String, Path, description = "记录编号。Id of the record"),
        ("If-Match" = Option<String>, Header, description = "读取时得到的 ETag。The ETag it was read with"),
    ),
    request_body = RecordEdit,
    responses(
        (status = 200, body = Record),
        (status = 403, description = "没有修改权限。You may not change it"),
        (status = 404, description = "没有这份记录。No such record"),
        (status = 412, description = "记录已被他人修改。The record was changed by somebody else"),
        (status = 422, body = Vec<FieldProblem>, description = "有的内容不合要求，见 errors。Some values do not fit; see `errors`"),
    )
)]
pub(super) async fn edit_record(
    State(state): State<AppState>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    seen: Option<IfMatch>,
    body: Result<Json<RecordEdit>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(body) = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::BodyTooLarge,
        _ => ProblemCode::BadRequest,
    })?;
    if body.fields.is_empty() || body.fields.len() > MAX_FIELDS {
        return Err(ProblemCode::BadRequest.into());
    }
    let stored = record::find(&state, &caller, &id).await?;
    let node = stored.grid.into();
    let seats = state
        .storage
        .list_seats(&caller.scope.person, &node, caller.scope.at)
        .await
        .map_err(ApiError::from)?;
    if !seats
        .into_iter()
        .any(|seat| access::may_write_record(seat, stored.kind))
    {
        return Err(ProblemCode::OutOfScope.into());
    }
    let today = state
        .clock
        .now()
        .to_china_date()
        .ok_or(ProblemCode::Internal)?;
    let edits = edits(stored.kind, &body.fields, today).map_err(Refused::Fields)?;
    let expected = match &seen {
        // A tag that is none of ours matches nothing.
        Some(tag) => Some(parse_etag(tag).ok_or(Refused::Changed)?),
        None => None,
    };
    let stored = record_edit::edit(&state, &caller.scope, stored.id, edits, expected).await?;
    Ok(answer(&state, stored).await?)
}

/// Which mask to lift, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unmask {
    /// Path of the field.
    field: String,
    /// Why it must be seen, 2 to 100 characters; kept in the audit list.
    reason: String,
}

/// A field in full.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Unmasked {
    /// Path of the field.
    field: String,
    /// Its value; `null`: none.
    value: Value,
}

/// 查看一项的完整内容，须说明理由，会记入审计。See one field in full; the reason is kept in the audit
/// list.
#[utoipa::path(
    post,
    path = "/api/v1/records/{id}/unmask",
    tag = "records",
    params(("id" = String, Path, description = "记录编号。Id of the record")),
    request_body = Unmask,
    responses(
        (status = 200, body = Unmasked),
        (status = 400, description = "没有这一项、不是脱敏项，或没有理由。No such masked field, or no reason"),
    )
)]
pub(super) async fn unmask_field(
    State(state): State<AppState>,
    Writer(caller): Writer,
    Path(id): Path<String>,
    body: Result<Json<Unmask>, JsonRejection>,
) -> Result<Json<Unmasked>, ApiError> {
    let Json(body) = body.map_err(|_| ProblemCode::BadRequest)?;
    let stored = record::find(&state, &caller, &id).await?;
    let path = FieldPath::new(body.field.as_str()).map_err(|_| ProblemCode::BadRequest)?;
    let reason = body.reason.trim();
    let is_masked = schema::find_field(stored.kind, &path)
        .and_then(masking)
        .is_some();
    let storage = state.storage.as_ref();
    if !caller
        .scope
        .may_unmask_in(storage, &stored.grid, stored.kind)
        .await?
    {
        return Err(ProblemCode::OutOfScope.into());
    }
    if !is_masked || !(2..=100).contains(&reason.chars().count()) {
        return Err(ProblemCode::BadRequest.into());
    }
    let detail = format!("{path}: {}", reason.replace(char::is_control, " "));
    audit(
        &state.auth,
        caller.scope.person,
        "field_shown",
        &id,
        &detail,
    )
    .await?;
    let document = record::open(stored).await?;
    Ok(Json(Unmasked {
        field: path.to_string(),
        value: document.value(&path).as_ref().map_or(Value::Null, to_json),
    }))
}
