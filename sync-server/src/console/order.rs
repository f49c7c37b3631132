//! `/orders`: work orders of the hotline 12345: brought in from a file, given a
//! class and a grid where nobody knew, and their results given back.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;
use wangge_model::{
    OrgLevel, OrgNodeId, RecordId, Timestamp,
    access::{Act, Data},
    hotline::{MOST_ORDERS, is_category},
    message::{Language, message, message_id},
    resident::{CLASSES, class_text},
};

use super::{
    error::PageError,
    frame::{Frame, render},
    ledger::upload,
    list::PAGE_ROWS,
    page::Page,
    pager::Pager,
    select::{SelectOption, node_options},
    sheet::{csv, csv_answer},
};
use crate::{
    AppState,
    auth::{Scope, SignedForm, SignedIn, SignedUpload, sign_in::audit},
    hotline::{
        self, Taken, TakenOrder,
        result::{self, OrderResult},
        table,
    },
    ledger::{
        explain::sheet_text,
        sheet::{self, Limits, SheetError},
    },
    storage::{HotlineOrderRow, OrderFilter, OrderState, OrgNode, StorageError},
};

/// Bytes of a request with a file.
const UPLOAD_BYTES: usize = 40 << 20;
/// Rows of what needs attention that are listed after an import.
const MOST_LISTED: usize = 200;

/// How much of a file of orders is read.
const LIMITS: Limits = Limits {
    file_bytes: 4 << 20,
    inflated_bytes: 64 << 20,
    strings_bytes: 16 << 20,
    cells: 200_000,
    text_bytes: 16 << 20,
    cell_bytes: 64 << 10,
};

#[derive(Template)]
#[template(path = "orders.html")]
pub(crate) struct OrdersPage {
    pub(crate) page: Page,
    pub(crate) rows: Vec<OrderView>,
    pub(crate) list: Pager,
    pub(crate) states: Vec<SelectOption>,
    /// Orders that wait for a class or a grid.
    pub(crate) waiting: u64,
    /// Places one may bring orders in for.
    pub(crate) nodes: Vec<SelectOption>,
    /// Codes and names of grids, to choose from while typing.
    pub(crate) grids: Vec<(String, String)>,
    /// Codes and names of classes, likewise.
    pub(crate) classes: Vec<(String, String)>,
    /// What became of a file just brought in.
    pub(crate) taken: Option<TakenView>,
    pub(crate) most: usize,
}

/// An order in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OrderView {
    pub(crate) number: String,
    pub(crate) class: String,
    pub(crate) title: String,
    pub(crate) content: String,
    pub(crate) address: String,
    pub(crate) grid_code: String,
    pub(crate) category: String,
    pub(crate) node_name: String,
    pub(crate) imported_at: String,
    pub(crate) state: String,
    /// Class of its badge.
    pub(crate) state_class: &'static str,
    /// What came later under its number: when, title, content.
    pub(crate) later: Option<(String, String, String)>,
    /// Its case, once there is one: address and number.
    pub(crate) case: Option<(String, String)>,
    /// Where its class and grid are said, while it waits.
    pub(crate) place: Option<String>,
}

impl OrderView {
    pub(crate) fn new(row: &HotlineOrderRow, language: Language) -> Self {
        let order = &row.order;
        let has_case = !row.case_number.is_empty();
        Self {
            number: order.number.clone(),
            class: order.class.clone(),
            title: order.title.clone(),
            content: order.content.clone(),
            address: order.address.clone(),
            grid_code: order.grid_code.clone(),
            category: row.category.clone(),
            node_name: row.node_name.clone(),
            imported_at: row.imported_at.to_china_text(),
            state: state_words(row.state, language),
            state_class: match row.state {
                OrderState::Unmapped | OrderState::Unplaced => "bad",
                OrderState::Open => "",
                OrderState::Done => "warn",
                OrderState::Exported => "good",
            },
            later: row.later.as_ref().map(|(later, at)| {
                let (title, content) = (later.title.clone(), later.content.clone());
                (at.to_china_text(), title, content)
            }),
            case: has_case.then(|| (format!("/cases/{}", row.record), row.case_number.clone())),
            place: row
                .state
                .is_waiting()
                .then(|| format!("/orders/{}/place", row.record)),
        }
    }
}

fn state_words(state: OrderState, language: Language) -> String {
    message(language, &message_id("hotline-state", state.as_str()), &[])
}

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TakenView {
    /// How many of each kind, in words.
    pub(crate) counts: Vec<(String, usize)>,
    /// What needs attention: row, number, why.
    pub(crate) rows: Vec<(u32, String, String)>,
}

impl TakenView {
    pub(crate) fn new(taken: &[TakenOrder], language: Language) -> Self {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for one in taken {
            let word = match one.taken {
                Taken::Refused(_) => "refused",
                other => other.as_str(),
            };
            *counts.entry(word).or_default() += 1;
        }
        let words = |word: &str| message(language, &message_id("hotline-taken", word), &[]);
        let needs_attention = taken
            .iter()
            .filter(|one| !matches!(one.taken, Taken::Opened | Taken::Same));
        Self {
            counts: counts
                .into_iter()
                .map(|(word, count)| (words(word), count))
                .collect(),
            rows: needs_attention
                .take(MOST_LISTED)
                .map(|one| {
                    let why = match one.taken {
                        Taken::Refused(error) => error.text(language),
                        Taken::Unmapped => format!("{}：{}", words("unmapped"), one.class),
                        other => words(other.as_str()),
                    };
                    (one.row, one.number.chars().take(40).collect(), why)
                })
                .collect(),
        }
    }
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/orders", get(list))
        .route(
            "/orders/import",
            post(import).layer(DefaultBodyLimit::max(UPLOAD_BYTES)),
        )
        .route("/orders/{id}/place", post(place))
        .route("/orders/export", post(export))
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OrdersQuery {
    state: String,
    page: String,
    placed: String,
}

fn require_desk(scope: &Scope) -> Result<(), PageError> {
    if scope.may(Data::Incident, Act::Assign) {
        Ok(())
    } else {
        Err(PageError::Forbidden)
    }
}

/// The places for which orders come in: from grids to counties.
async fn find_nodes(state: &AppState, scope: &Scope) -> Result<Vec<OrgNode>, PageError> {
    let storage = &state.storage;
    let nodes = storage.list_nodes_in_scope(&scope.person, scope.at).await?;
    let is_place = |node: &OrgNode| {
        matches!(
            node.level,
            OrgLevel::County | OrgLevel::Street | OrgLevel::Community | OrgLevel::Grid
        )
    };
    Ok(nodes.into_iter().filter(is_place).collect())
}

async fn page_of(
    state: &AppState,
    page: Page,
    scope: &Scope,
    query: &OrdersQuery,
    taken: Option<TakenView>,
) -> Result<OrdersPage, PageError> {
    let wanted = OrderState::parse(&query.state);
    let word = wanted.map(OrderState::as_str).unwrap_or_default();
    let mut list = Pager::new("/orders", ("state", word), &query.page);
    let filter = OrderFilter {
        state: wanted,
        offset: list.offset(),
        limit: PAGE_ROWS,
    };
    let found = state
        .storage
        .list_hotline_orders(&filter, &scope.person, scope.at)
        .await?;
    list.total = found.total;
    let nodes = find_nodes(state, scope).await?;
    let grids = nodes.iter().filter(|node| node.level == OrgLevel::Grid);
    let grids = grids.filter_map(|node| Some((node.code.clone()?, node.name.clone())));
    let grids = grids.collect();
    let language = page.language;
    let option =
        |one: &OrderState| SelectOption::new(one.as_str(), state_words(*one, language), word);
    let class = |code: &&str| ((*code).to_owned(), class_text(code, language));
    Ok(OrdersPage {
        rows: found
            .orders
            .iter()
            .map(|row| OrderView::new(row, language))
            .collect(),
        states: OrderState::ALL.iter().map(option).collect(),
        waiting: found.waiting,
        nodes: node_options(nodes, ""),
        grids,
        classes: CLASSES.iter().map(class).collect(),
        taken,
        most: MOST_ORDERS,
        list,
        page,
    })
}

/// `GET /orders`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<OrdersQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    require_desk(scope)?;
    let mut page = frame.page_for(&signed_in);
    if query.placed == "1" {
        let text = page.t("console-order-placed");
        page = page.with_notice(text);
    }
    render(&page_of(&state, page, scope, &query, None).await?)
}

/// The page again, with what is wrong.
async fn refused(
    state: &AppState,
    page: Page,
    scope: &Scope,
    status: StatusCode,
    text: String,
) -> Result<Response, PageError> {
    // The form's own address takes no `GET`.
    let mut page = page.with_problem(text);
    "/orders".clone_into(&mut page.path);
    let query = OrdersQuery::default();
    let page = page_of(state, page, scope, &query, None).await?;
    Ok((status, render(&page)?).into_response())
}

/// Why a file holds no orders, in words.
fn file_problem(error: &FileError, language: Language) -> String {
    match error {
        FileError::Sheet(error) => sheet_text(error, language),
        FileError::Table(error) => {
            let most = MOST_ORDERS.to_string();
            let id = message_id("hotline-table", error.code());
            message(language, &id, &[("most", &most)])
        }
    }
}

/// Why a file holds no orders.
#[derive(Debug)]
enum FileError {
    Sheet(SheetError),
    Table(table::TableError),
}

/// `POST /orders/import`
async fn import(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedUpload,
) -> Result<Response, PageError> {
    let SignedUpload {
        signed_in,
        mut parts,
    } = sent;
    let scope = &signed_in.scope;
    require_desk(scope)?;
    let mut page = frame.page_for(&signed_in);
    let (mut node, mut incoming, mut is_too_large) = (None, None, false);
    while let Some(part) = parts
        .next_field()
        .await
        .map_err(|_| PageError::BadRequest)?
    {
        match part.name().unwrap_or_default() {
            "file" => match upload::receive(&state, part).await? {
                Some(file) => incoming = Some(file),
                None => is_too_large = true,
            },
            "node" => node = upload::text(part).await?.parse::<OrgNodeId>().ok(),
            _ => drop(upload::text(part).await?),
        }
    }
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let nodes = find_nodes(&state, scope).await?;
    let node = nodes.into_iter().find(|own| Some(own.id) == node);
    let Some(node) = node else {
        let text = page.t("console-order-no-node");
        return refused(&state, page, scope, unfit, text).await;
    };
    let Some(incoming) = incoming.filter(|incoming| incoming.bytes > 0) else {
        let text = if is_too_large {
            let limit = Limits::CONSOLE.file_bytes;
            sheet_text(
                &SheetError::TooLarge {
                    what: "bytes",
                    limit,
                },
                page.language,
            )
        } else {
            page.t("console-order-no-file")
        };
        return refused(&state, page, scope, unfit, text).await;
    };
    let mut file = incoming.file;
    let reading = tokio::task::spawn_blocking(move || {
        let sheet = sheet::read(&mut file, None, &LIMITS, &table::has_orders, &|| false);
        table::read_orders(&sheet.map_err(FileError::Sheet)?).map_err(FileError::Table)
    });
    let read = reading.await.map_err(|error| PageError::internal(&error))?;
    let orders = match read {
        Ok(orders) => orders,
        Err(error) => {
            let text = file_problem(&error, page.language);
            return refused(&state, page, scope, unfit, text).await;
        }
    };
    let taken = match hotline::take_in(&state, scope, &node, orders).await {
        Ok(taken) => taken,
        Err(error) if is_missing(&error) => {
            let text = page.t("console-order-no-node");
            return refused(&state, page, scope, unfit, text).await;
        }
        Err(error) => return Err(PageError::internal(&error)),
    };
    let (target, count) = (node.id.to_string(), taken.len().to_string());
    audit(
        &state.auth,
        scope.person,
        "orders_imported",
        &target,
        &count,
    )
    .await?;
    "/orders".clone_into(&mut page.path);
    let taken = TakenView::new(&taken, page.language);
    render(&page_of(&state, page, scope, &OrdersQuery::default(), Some(taken)).await?)
}

/// Whether the person does not sit at a desk of the place.
fn is_missing(error: &crate::ingest::outside_report::OutsideReportError) -> bool {
    use crate::ingest::outside_report::OutsideReportError as E;
    matches!(error, E::Storage(StorageError::Missing(_)))
}

/// What the form of an order that waits sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlaceForm {
    category: String,
    /// Code of a grid.
    grid: String,
}

/// `POST /orders/{id}/place`
async fn place(
    State(state): State<AppState>,
    frame: Frame,
    Path(id): Path<String>,
    sent: SignedForm<PlaceForm>,
) -> Result<Response, PageError> {
    let record: RecordId = id.parse().map_err(|_| PageError::NotFound)?;
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    require_desk(scope)?;
    let page = frame.page_for(&signed_in);
    let storage = &state.storage;
    let unfit = StatusCode::UNPROCESSABLE_ENTITY;
    let category = form.category.trim();
    if !is_category(category) {
        let text = page.t("console-order-no-category");
        return refused(&state, page, scope, unfit, text).await;
    }
    let grid = storage.find_node_by_code(form.grid.trim()).await?;
    let grid = grid.filter(|node| node.level == OrgLevel::Grid);
    let Some(grid) = grid.map(|node| node.id.into()) else {
        let text = page.t("console-order-no-grid");
        return refused(&state, page, scope, unfit, text).await;
    };
    let placed = storage
        .place_hotline_order(&record, category, &grid, &scope.person, scope.at)
        .await;
    match placed {
        Ok(()) => {}
        Err(StorageError::Missing("hotline_order")) => return Err(PageError::NotFound),
        Err(StorageError::Missing(_)) => {
            let text = page.t("console-order-no-grid");
            return refused(&state, page, scope, unfit, text).await;
        }
        Err(error) => return Err(error.into()),
    }
    let found = storage
        .find_hotline_order(&record, &scope.person, scope.at)
        .await?
        .ok_or(PageError::NotFound)?;
    hotline::open(&state, &found)
        .await
        .map_err(|error| PageError::internal(&error))?;
    let target = &found.order.number;
    audit(&state.auth, scope.person, "order_placed", target, category).await?;
    Ok(Redirect::to("/orders?placed=1").into_response())
}

/// What the form of results sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExportForm {
    /// `csv` or `json`.
    form: String,
    /// `1`: those that were given back before, too.
    again: String,
}

/// `POST /orders/export`: the results as a file; they count as given back.
async fn export(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<ExportForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    require_desk(scope)?;
    let results = result::list(&state, scope, form.again == "1").await?;
    if results.is_empty() {
        let page = frame.page_for(&signed_in);
        let text = page.t("console-order-nothing");
        return refused(&state, page, scope, StatusCode::NOT_FOUND, text).await;
    }
    let numbers: Vec<String> = results.iter().map(|one| one.number.clone()).collect();
    let answer = if form.form == "json" {
        json_answer(&results)?
    } else {
        csv_answer("hotline-results", csv(&table_of(&results, frame.language)))
    };
    let marked = state
        .storage
        .mark_orders_exported(&numbers, &scope.person, scope.at)
        .await?;
    let count = marked.to_string();
    audit(&state.auth, scope.person, "orders_exported", "", &count).await?;
    Ok(answer)
}

fn json_answer(results: &[OrderResult]) -> Result<Response, PageError> {
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
    let body = |one: &OrderResult| {
        json!({
            "number": one.number,
            "case_number": one.case_number,
            "state": one.state,
            "result": one.result,
            "received_at": one.received_at.to_rfc3339(),
            "done_at": time(one.done_at),
            "closed_at": time(one.closed_at),
        })
    };
    let results: Vec<_> = results.iter().map(body).collect();
    let text = serde_json::to_string_pretty(&json!({ "results": results }))
        .map_err(|error| PageError::internal(&error))?;
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    let file = HeaderValue::from_static("attachment; filename=\"hotline-results.json\"");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, text).into_response())
}

/// The results as rows under headings.
fn table_of(results: &[OrderResult], language: Language) -> Vec<Vec<String>> {
    const COLUMNS: [&str; 7] = [
        "number",
        "case-number",
        "state",
        "result",
        "received-at",
        "done-at",
        "closed-at",
    ];
    let heading = |name: &&str| message(language, &format!("hotline-result-{name}"), &[]);
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_china_text).unwrap_or_default();
    let row = |one: &OrderResult| {
        vec![
            one.number.clone(),
            one.case_number.clone(),
            message(language, &message_id("case-state", &one.state), &[]),
            one.result.clone(),
            time(Some(one.received_at)),
            time(one.done_at),
            time(one.closed_at),
        ]
    };
    let head = COLUMNS.iter().map(heading).collect();
    std::iter::once(head)
        .chain(results.iter().map(row))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_becomes_of_an_order_has_words_in_both_languages() {
        use wangge_model::hotline::HotlineError;
        let taken = [
            Taken::Opened,
            Taken::Unmapped,
            Taken::Unplaced,
            Taken::Same,
            Taken::Different,
            Taken::Elsewhere,
            Taken::Refused(HotlineError::Number),
        ];
        let orders = taken.map(|taken| TakenOrder {
            row: 1,
            number: "JN1".to_owned(),
            class: "城市管理".to_owned(),
            taken,
        });
        for language in Language::ALL {
            let view = TakenView::new(&orders, language);
            assert_eq!((view.counts.len(), view.rows.len()), (7, 5));
            for (words, _) in &view.counts {
                assert!(!words.contains("hotline-"), "{words}");
            }
            for state in OrderState::ALL {
                assert!(!state_words(state, language).contains("hotline-"));
            }
            for error in [table::TableError::NoHeadings, table::TableError::TooMany] {
                let words = file_problem(&FileError::Table(error), language);
                assert!(!words.contains("hotline-table"), "{words}");
            }
        }
    }
}
