//! The JSON API (`/api/v1`): what other programs read and write on behalf of a
//! person. Its description (`OpenAPI` 3.1) is generated from this code and
//! served at `/api/v1/openapi.json`.
//!
//! A program sees and may do exactly what its person may; personal numbers are
//! masked as on the console's pages, and lifting a mask is noted.

#[expect(unused_qualifications, reason = "the macro of paths writes them out")]
mod assessment;
mod automerge_file;
mod caller;
#[expect(unused_qualifications, reason = "the macro of paths writes them out")]
mod case;
#[expect(unused_qualifications, reason = "the macro of paths writes them out")]
mod duty;
mod edit;
mod grid;
mod merge;
#[expect(unused_qualifications, reason = "the macro of paths writes them out")]
mod order;
#[expect(unused_qualifications, reason = "the macro of paths writes them out")]
mod org;
mod people;
#[expect(unused_qualifications, reason = "the macro of paths writes them out")]
mod record;
mod unfit;
mod value;

use axum::{Json, Router, routing::any};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use wangge_model::protocol::ProblemCode;

use crate::{ApiError, AppState};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Wangge 网格",
        description = "网格数据接口：读取和修改本人权限范围内的记录。JSON API of the grid server: read and change the records in your scope. Times are RFC 3339 in UTC; errors are RFC 9457 problems with a stable `code`, Chinese and English."
    ),
    modifiers(&Security),
    security(("token" = []), ("session" = []))
)]
struct ApiDocument;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "`wangge admin api-token create` 生成的令牌。A token made by `wangge admin api-token create`.",
            ))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
        let session = ApiKey::Cookie(ApiKeyValue::with_description(
            "wangge_session",
            "管理页面的登录会话；修改请求另须带 X-CSRF-Token。A console session; requests that change something also carry X-CSRF-Token.",
        ));
        components.add_security_scheme("session", SecurityScheme::ApiKey(session));
    }
}

/// Paths with their descriptions.
fn described() -> (Router<AppState>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(ApiDocument::openapi())
        .routes(routes!(grid::list_grids))
        .routes(routes!(org::read_grid))
        .routes(routes!(org::redivide))
        .routes(routes!(org::list_places, org::create_place))
        .routes(routes!(org::put_boundary))
        .routes(routes!(people::list_people, people::create_person))
        .routes(routes!(people::change_person))
        .routes(routes!(people::create_assignment))
        .routes(routes!(people::end_assignment))
        .routes(routes!(record::list_records))
        .routes(routes!(record::read_record, edit::edit_record))
        .routes(routes!(record::read_history))
        .routes(routes!(merge::merge_record, merge::unmerge_record))
        .routes(routes!(edit::unmask_field))
        .routes(routes!(case::list_cases))
        .routes(routes!(case::read_case))
        .routes(routes!(case::act_on_case))
        .routes(routes!(duty::list_duties))
        .routes(routes!(duty::sum_first_asked))
        .routes(routes!(assessment::read_assessment))
        .routes(routes!(order::import_orders, order::list_orders))
        .routes(routes!(order::list_results))
        .routes(routes!(order::confirm_results))
        .split_for_parts()
}

/// The description of every path, as it is served.
pub fn document() -> utoipa::openapi::OpenApi {
    described().1
}

/// Everything under `/api`.
pub(super) fn router() -> Router<AppState> {
    let (router, document) = described();
    router
        .route(
            "/api/v1/openapi.json",
            axum::routing::get(async || Json(document)),
        )
        .route("/api/{*rest}", any(no_such_path))
        .method_not_allowed_fallback(no_such_path)
}

async fn no_such_path() -> ApiError {
    ProblemCode::NotFound.into()
}
