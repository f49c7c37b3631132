//! Work orders of the hotline 12345: a program brings them in, sees where they
//! stand, fetches results and says which it has.

use axum::{
    Json,
    extract::{Query, State, rejection::JsonRejection},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wangge_model::{
    OrgNodeId, PersonId, Timestamp,
    access::{Act, Data},
    hotline::{HotlineError, HotlineOrder},
    message::{Language, message, message_id},
    protocol::ProblemCode,
};

use super::{
    caller::{Caller, Writer},
    unfit::Unfit,
};
use crate::{
    ApiError, AppState,
    auth::sign_in::audit,
    hotline::{
        self, Taken,
        result::{self, OrderResult},
        table::read_time,
    },
    ingest::outside_report::OutsideReportError,
    storage::{HotlineOrderRow, OrderFilter, OrderState, StorageError},
};

/// Most orders of one request.
const MOST: usize = 500;
/// Rows of a page if the caller does not say, and most rows.
const PAGE_ROWS: u32 = 50;
const MAX_PAGE_ROWS: u32 = 500;

/// Orders to bring in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrders {
    /// Id of the place they are for: a county, street, community or grid whose desk
    /// you sit at.
    node: String,
    /// At most 500.
    orders: Vec<NewOrder>,
}

/// One order of the hotline. Nothing about the caller.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrder {
    /// The hotline's number; an order brought in twice is one.
    number: String,
    /// The hotline's class, in its words.
    #[serde(default)]
    class: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    address: String,
    /// Code of the grid, if it is known.
    #[serde(default)]
    grid_code: String,
    /// When the hotline took it: RFC 3339, or `2026-01-05 09:30` in China.
    #[serde(default)]
    received_at: Option<String>,
}

impl NewOrder {
    fn order(self) -> Result<HotlineOrder, HotlineError> {
        let received_at = match self.received_at {
            Some(text) => Some(read_time(text.trim()).ok_or(HotlineError::Time)?),
            None => None,
        };
        Ok(HotlineOrder {
            number: self.number,
            class: self.class,
            title: self.title,
            content: self.content,
            address: self.address,
            grid_code: self.grid_code,
            received_at,
        })
    }
}

/// What became of each order, in the order they came.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrdersTaken {
    orders: Vec<OrderTaken>,
}

/// What became of one order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderTaken {
    number: String,
    /// `opened`, `unmapped`, `unplaced`, `same`, `different`, `elsewhere` or `refused`.
    outcome: String,
    /// Why it was refused: `number`, `class`, `empty`, `text`, `time`.
    code: Option<String>,
    /// The same in words.
    title: Option<String>,
    /// 同上，中文。
    title_zh: Option<String>,
}

/// Which orders.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct OrderQuery {
    /// `unmapped`, `unplaced`, `open`, `done` or `exported`; left out: all.
    state: Option<String>,
    /// Number of the page, from 1.
    page: Option<u64>,
    /// Rows of a page, at most 500; 50 if left out.
    page_size: Option<u32>,
}

/// A page of orders, latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderPage {
    orders: Vec<OrderRow>,
    /// Rows of all pages.
    total: u64,
    /// Orders that wait for a class or a grid.
    waiting: u64,
    /// Number of this page, from 1.
    page: u64,
    /// Rows of a full page.
    page_size: u32,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderRow {
    number: String,
    /// The hotline's class.
    class: String,
    /// Class of ours; empty: on no list.
    category: String,
    title: String,
    /// `unmapped`, `unplaced`, `open`, `done`, `exported`.
    state: String,
    /// Id of its incident, once there is one.
    incident: Option<String>,
    /// Number of its case.
    case_number: String,
    imported_at: String,
    exported_at: Option<String>,
    /// Something else came under its number since.
    differs: bool,
}

/// Which results.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct ResultQuery {
    /// Those that were confirmed before, too.
    again: bool,
}

/// Results to give back, oldest first, at most 500.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderResults {
    results: Vec<OrderResultBody>,
}

/// How an order ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderResultBody {
    /// The hotline's number.
    number: String,
    case_number: String,
    /// `closed`, `archived`, `void` or `merged`.
    state: String,
    /// What was done.
    result: String,
    received_at: String,
    done_at: Option<String>,
    closed_at: Option<String>,
}

/// Which results arrived.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmed {
    /// Numbers of orders, at most 500.
    numbers: Vec<String>,
}

/// How many are marked as given back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConfirmedCount {
    marked: u64,
}

fn row(row: HotlineOrderRow) -> OrderRow {
    let has_case = !row.case_number.is_empty();
    OrderRow {
        number: row.order.number,
        class: row.order.class,
        category: row.category,
        title: row.order.title,
        state: row.state.as_str().to_owned(),
        incident: has_case.then(|| row.record.to_string()),
        case_number: row.case_number,
        imported_at: row.imported_at.to_rfc3339(),
        exported_at: row.exported_at.map(Timestamp::to_rfc3339),
        differs: row.later.is_some(),
    }
}

fn result_body(one: OrderResult) -> OrderResultBody {
    OrderResultBody {
        number: one.number,
        case_number: one.case_number,
        state: one.state,
        result: one.result,
        received_at: one.received_at.to_rfc3339(),
        done_at: one.done_at.map(Timestamp::to_rfc3339),
        closed_at: one.closed_at.map(Timestamp::to_rfc3339),
    }
}

fn taken(one: hotline::TakenOrder) -> OrderTaken {
    let refusal = match one.taken {
        Taken::Refused(error) => Some(error),
        _ => None,
    };
    OrderTaken {
        number: one.number,
        outcome: match one.taken {
            Taken::Refused(_) => "refused".to_owned(),
            other => other.as_str().to_owned(),
        },
        code: refusal.map(|error| error.code().to_owned()),
        title: refusal.map(|error| error.text(Language::English)),
        title_zh: refusal.map(|error| error.text(Language::Chinese)),
    }
}

fn require_desk(caller: &Caller) -> Result<(), ProblemCode> {
    if caller.scope.may(Data::Incident, Act::Assign) {
        Ok(())
    } else {
        Err(ProblemCode::OutOfScope)
    }
}

async fn note(
    state: &AppState,
    person: PersonId,
    action: &str,
    target: &str,
    count: u64,
) -> Result<(), ApiError> {
    Ok(audit(&state.auth, person, action, target, &count.to_string()).await?)
}

/// 导入热线工单。重复导入不会重复立案，内容不同的保留先来的。Brings orders in. One that came before
/// is not made twice; what it says differently is kept beside it. Each is judged by itself.
#[utoipa::path(
    post,
    path = "/api/v1/orders",
    tag = "orders",
    request_body = NewOrders,
    responses(
        (status = 200, body = OrdersTaken),
        (status = 403, description = "没有受理权限。You sit at no desk"),
        (status = 404, description = "没有这个地方，或不由您受理。No such place, or its desk is not yours"),
        (status = 422, description = "一次过多。Too many at a time"),
    )
)]
pub(super) async fn import_orders(
    State(state): State<AppState>,
    Writer(caller): Writer,
    body: Result<Json<NewOrders>, JsonRejection>,
) -> Result<Json<OrdersTaken>, Unfit> {
    require_desk(&caller)?;
    let Json(body) = body.map_err(|_| ProblemCode::BadRequest)?;
    if body.orders.len() > MOST {
        let most = MOST.to_string();
        let id = message_id("hotline-table", "too_many");
        return Err(Unfit::rule("too_many", |language| {
            message(language, &id, &[("most", &most)])
        }));
    }
    let node: OrgNodeId = body.node.parse().map_err(|_| ProblemCode::NotFound)?;
    let may = caller
        .scope
        .may_in(state.storage.as_ref(), &node, Data::Incident, Act::Assign);
    let node = if may.await? {
        state.storage.find_node(&node).await?
    } else {
        None
    };
    let node = node.ok_or(ProblemCode::NotFound)?;
    let orders = (1..).zip(body.orders.into_iter().map(NewOrder::order));
    let orders: Vec<_> = orders.collect();
    let all = hotline::take_in(&state, &caller.scope, &node, orders)
        .await
        .map_err(|error| match error {
            OutsideReportError::Storage(StorageError::Missing(_)) => ProblemCode::NotFound.into(),
            OutsideReportError::Storage(error) => Unfit::from(error),
            OutsideReportError::Edit(error) => {
                tracing::error!(%error, "an order could not be written");
                ProblemCode::Internal.into()
            }
        })?;
    let (target, count) = (node.id.to_string(), all.len() as u64);
    note(
        &state,
        caller.scope.person,
        "orders_imported",
        &target,
        count,
    )
    .await?;
    Ok(Json(OrdersTaken {
        orders: all.into_iter().map(taken).collect(),
    }))
}

/// 列出热线工单及其状态。Orders with where they stand.
#[utoipa::path(
    get,
    path = "/api/v1/orders",
    tag = "orders",
    params(OrderQuery),
    responses(
        (status = 200, body = OrderPage),
        (status = 400, description = "没有这种状态。No such state"),
    )
)]
pub(super) async fn list_orders(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<OrderQuery>,
) -> Result<Json<OrderPage>, ApiError> {
    require_desk(&caller)?;
    let wanted = match query.state.as_deref() {
        None | Some("") => None,
        Some(word) => Some(OrderState::parse(word).ok_or(ProblemCode::BadRequest)?),
    };
    let page = query.page.unwrap_or(1).max(1);
    let page_size = query.page_size.unwrap_or(PAGE_ROWS).clamp(1, MAX_PAGE_ROWS);
    let filter = OrderFilter {
        state: wanted,
        offset: (page - 1).saturating_mul(u64::from(page_size)),
        limit: page_size,
    };
    let scope = &caller.scope;
    let found = state
        .storage
        .list_hotline_orders(&filter, &scope.person, scope.at)
        .await?;
    Ok(Json(OrderPage {
        orders: found.orders.into_iter().map(row).collect(),
        total: found.total,
        waiting: found.waiting,
        page,
        page_size,
    }))
}

/// 取已办结工单的结果；取走不等于回填，收妥后请确认。Results of orders whose cases are over. Fetching
/// marks nothing: say which arrived.
#[utoipa::path(
    get,
    path = "/api/v1/orders/results",
    tag = "orders",
    params(ResultQuery),
    responses((status = 200, body = OrderResults))
)]
pub(super) async fn list_results(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<ResultQuery>,
) -> Result<Json<OrderResults>, ApiError> {
    require_desk(&caller)?;
    let results = result::list(&state, &caller.scope, query.again).await?;
    Ok(Json(OrderResults {
        results: results.into_iter().map(result_body).collect(),
    }))
}

/// 确认结果已收妥，标记为已回填。Marks results as given back.
#[utoipa::path(
    post,
    path = "/api/v1/orders/results/confirm",
    tag = "orders",
    request_body = Confirmed,
    responses((status = 200, body = ConfirmedCount))
)]
pub(super) async fn confirm_results(
    State(state): State<AppState>,
    Writer(caller): Writer,
    body: Result<Json<Confirmed>, JsonRejection>,
) -> Result<Json<ConfirmedCount>, ApiError> {
    require_desk(&caller)?;
    let Json(body) = body.map_err(|_| ProblemCode::BadRequest)?;
    if body.numbers.len() > MOST {
        return Err(ProblemCode::BadRequest.into());
    }
    let scope = &caller.scope;
    let marked = state
        .storage
        .mark_orders_exported(&body.numbers, &scope.person, scope.at)
        .await?;
    note(&state, scope.person, "orders_exported", "", marked).await?;
    Ok(Json(ConfirmedCount { marked }))
}
