//! See [`HotlineStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{GridId, OrgNodeId, PersonId, RecordId, Timestamp, hotline::HotlineOrder};

use super::{
    SqliteStorage, refused,
    row::{self, collect, count, damaged, optional_id},
    scope::{DESK, in_scope, require_at},
};
use crate::storage::{
    FinishedOrder, HotlineOrderRow, HotlineStorage, NewHotlineOrder, OrderFilter, OrderPage,
    OrderState, PutOrder, StorageError, StorageResult, StoredOrder,
};

/// Orders of a person's desks, with their incidents and cases.
const SEEN: &str = "FROM hotline_order AS o
     LEFT JOIN record ON record.id = o.record
     LEFT JOIN incident_case AS c ON c.record = o.record
     WHERE EXISTS (SELECT 1 FROM scope WHERE may_assign_incident
                   AND scope.id IN (coalesce(record.grid, o.grid), o.node))";

/// The word of an order's state; a case that was opened again and is over anew
/// has a result to give back again.
const STATE: &str = "CASE
     WHEN record.id IS NULL AND o.category = '' THEN 'unmapped'
     WHEN record.id IS NULL THEN 'unplaced'
     WHEN coalesce(c.is_open, 1) THEN 'open'
     WHEN o.exported_at IS NULL OR coalesce(c.ended_at > o.exported_at, 0) THEN 'done'
     ELSE 'exported' END";

fn to_json(order: &HotlineOrder) -> StorageResult<String> {
    serde_json::to_string(order).map_err(|_| StorageError::Corrupt("hotline order"))
}

fn order(row: &Row<'_>, column: usize) -> rusqlite::Result<HotlineOrder> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| damaged(column, "hotline order"))
}

/// Columns of [`stored`].
const STORED: &str = "o.content, o.node, o.grid, o.category, o.record, record.id IS NOT NULL";

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredOrder> {
    Ok(StoredOrder {
        order: order(row, 0)?,
        node: row::id(row, 1, OrgNodeId::from_bytes)?,
        grid: optional_id(row, 2, GridId::from_bytes)?,
        category: row.get(3)?,
        record: row::id(row, 4, RecordId::from_bytes)?,
        is_opened: row.get(5)?,
    })
}

fn find(
    connection: &Connection,
    condition: &str,
    key: &dyn rusqlite::ToSql,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<Option<StoredOrder>> {
    let found = connection
        .prepare_cached(&in_scope(&format!(
            "SELECT {STORED} {SEEN} AND {condition}"
        )))?
        .query_row(
            named_params! { ":person": person.as_bytes(), ":at": at.as_millis(), ":key": key },
            stored,
        )
        .optional()?;
    Ok(found)
}

fn put(connection: &Connection, new: &NewHotlineOrder) -> StorageResult<PutOrder> {
    require_at(connection, &new.person, new.at, &new.node, DESK)?;
    let content = to_json(&new.order)?;
    let made = connection
        .prepare_cached(
            "INSERT INTO hotline_order (number, node, grid, record, category, content, imported_by,
                 imported_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (number) DO NOTHING",
        )?
        .execute(params![
            new.order.number,
            new.node.as_bytes(),
            new.grid.as_ref().map(GridId::as_bytes),
            new.record.as_bytes(),
            new.category,
            content,
            new.person.as_bytes(),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "hotline_order", "org_node"))?;
    if made > 0 {
        return Ok(PutOrder::New);
    }
    let number = &new.order.number;
    let Some(mut found) = find(connection, "o.number = :key", number, &new.person, new.at)? else {
        return Ok(PutOrder::Elsewhere);
    };
    if !found.is_opened {
        // The class map or the grid may be known by now.
        complete(connection, &mut found, new)?;
    }
    if found.order == new.order {
        return Ok(PutOrder::Same(Box::new(found)));
    }
    connection
        .prepare_cached("UPDATE hotline_order SET later = ?2, later_at = ?3 WHERE number = ?1")?
        .execute(params![number, content, new.at.as_millis()])?;
    Ok(PutOrder::Different(Box::new(found)))
}

/// Fills in what was not known when the order came first.
fn complete(
    connection: &Connection,
    found: &mut StoredOrder,
    new: &NewHotlineOrder,
) -> StorageResult<()> {
    if found.category.is_empty() {
        found.category.clone_from(&new.category);
    }
    found.grid = found.grid.or(new.grid);
    connection
        .prepare_cached("UPDATE hotline_order SET category = ?2, grid = ?3 WHERE record = ?1")?
        .execute(params![
            found.record.as_bytes(),
            found.category,
            found.grid.as_ref().map(GridId::as_bytes),
        ])?;
    Ok(())
}

fn list(
    connection: &Connection,
    filter: &OrderFilter,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<OrderPage> {
    let state = filter.state.map(OrderState::as_str);
    let (total, waiting): (i64, i64) = connection
        .prepare_cached(&in_scope(&format!(
            "SELECT coalesce(sum(:state IS NULL OR state = :state), 0),
                    coalesce(sum(state IN ('unmapped', 'unplaced')), 0)
             FROM (SELECT {STATE} AS state {SEEN})"
        )))?
        .query_row(
            named_params! {
                ":person": person.as_bytes(), ":at": at.as_millis(), ":state": state,
            },
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT * FROM (
             SELECT o.content, o.later, o.later_at, {STATE} AS state, o.category, o.record,
                    coalesce(record.number, ''),
                    (SELECT name FROM org_node
                     WHERE org_node.id = coalesce(record.grid, o.grid, o.node)),
                    o.imported_at AS imported_at, o.exported_at, o.number AS number
             {SEEN})
         WHERE :state IS NULL OR state = :state
         ORDER BY imported_at DESC, number LIMIT :limit OFFSET :offset"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":state": state,
            ":limit": filter.limit, ":offset": row::integer(filter.offset),
        },
        |row| {
            let state: String = row.get(3)?;
            let later = match row::optional_time(row, 2)? {
                Some(at) => Some((order(row, 1)?, at)),
                None => None,
            };
            Ok(HotlineOrderRow {
                order: order(row, 0)?,
                later,
                state: OrderState::parse(&state).ok_or_else(|| damaged(3, "order state"))?,
                category: row.get(4)?,
                record: row::id(row, 5, RecordId::from_bytes)?,
                case_number: row.get(6)?,
                node_name: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
                imported_at: row::time(row, 8)?,
                exported_at: row::optional_time(row, 9)?,
            })
        },
    )?;
    Ok(OrderPage {
        orders: collect(rows)?,
        total: count(total),
        waiting: count(waiting),
    })
}

fn place(
    connection: &Connection,
    record: &RecordId,
    category: &str,
    grid: &GridId,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<()> {
    find(connection, "o.record = :key", record.as_bytes(), person, at)?
        .filter(|order| !order.is_opened)
        .ok_or(StorageError::Missing("hotline_order"))?;
    require_at(connection, person, at, &(*grid).into(), DESK)?;
    let placed = connection
        .prepare_cached(
            "UPDATE hotline_order SET category = ?2,
                 grid = (SELECT id FROM org_node WHERE id = ?3 AND level = 'grid')
             WHERE record = ?1
               AND EXISTS (SELECT 1 FROM org_node WHERE id = ?3 AND level = 'grid')",
        )?
        .execute(params![record.as_bytes(), category, grid.as_bytes()])?;
    if placed == 0 {
        return Err(StorageError::Missing("org_node"));
    }
    Ok(())
}

fn finished(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    again: bool,
    limit: u32,
) -> StorageResult<Vec<FinishedOrder>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT number, record, imported_at FROM (
             SELECT o.number, o.record, o.imported_at, {STATE} AS state {SEEN})
         WHERE state = 'done' OR (:again AND state = 'exported')
         ORDER BY imported_at, number LIMIT :limit"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":again": again,
            ":limit": limit,
        },
        |row| {
            Ok(FinishedOrder {
                number: row.get(0)?,
                record: row::id(row, 1, RecordId::from_bytes)?,
                imported_at: row::time(row, 2)?,
            })
        },
    )?;
    collect(rows)
}

fn mark_exported(
    connection: &Connection,
    numbers: &[String],
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<u64> {
    let mut mark = connection.prepare_cached(&in_scope(&format!(
        "UPDATE hotline_order SET exported_at = :at WHERE number = :number
         AND number IN (SELECT number FROM (SELECT o.number, {STATE} AS state {SEEN}
                                            AND o.number = :number)
                        WHERE state IN ('done', 'exported'))"
    )))?;
    let mut marked = 0;
    for number in numbers {
        marked += mark.execute(named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":number": number,
        })?;
    }
    Ok(marked as u64)
}

#[async_trait]
impl HotlineStorage for SqliteStorage {
    async fn put_hotline_order(&self, new: &NewHotlineOrder) -> StorageResult<PutOrder> {
        let new = new.clone();
        self.write(move |connection, _| put(connection, &new)).await
    }

    async fn list_hotline_orders(
        &self,
        filter: &OrderFilter,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<OrderPage> {
        let (filter, person) = (*filter, *person);
        self.read(move |connection| list(connection, &filter, &person, at))
            .await
    }

    async fn find_hotline_order(
        &self,
        record: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Option<StoredOrder>> {
        let (record, person) = (*record, *person);
        self.read(move |connection| {
            find(
                connection,
                "o.record = :key",
                record.as_bytes(),
                &person,
                at,
            )
        })
        .await
    }

    async fn place_hotline_order(
        &self,
        record: &RecordId,
        category: &str,
        grid: &GridId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()> {
        let (record, grid, person) = (*record, *grid, *person);
        let category = category.to_owned();
        self.write(move |connection, _| place(connection, &record, &category, &grid, &person, at))
            .await
    }

    async fn list_finished_orders(
        &self,
        person: &PersonId,
        at: Timestamp,
        again: bool,
        limit: u32,
    ) -> StorageResult<Vec<FinishedOrder>> {
        let person = *person;
        self.read(move |connection| finished(connection, &person, at, again, limit))
            .await
    }

    async fn mark_orders_exported(
        &self,
        numbers: &[String],
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<u64> {
        let (numbers, person) = (numbers.to_vec(), *person);
        self.write(move |connection, _| mark_exported(connection, &numbers, &person, at))
            .await
    }
}
