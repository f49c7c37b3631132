//! The rows behind a figure: the same conditions as counting, and so the same
//! rows. What the person may count and not read has no title.

use rusqlite::{Connection, Row, named_params};
use wangge_model::{
    CivilDay, OrgNodeId, PersonId, RecordId, Timestamp,
    assessment::{Formula, RowKind},
};

use super::{
    super::{
        row::{collect, count, damaged, id, kind},
        scope::in_scope,
    },
    figure::{conditions, days, in_post_at, members, reported},
    place::Below,
};
use crate::storage::{
    FigurePart, FigureRow, FigureRowPage, FigureRowQuery, FigureSubject, StorageResult,
};

/// Columns of every source of rows: `sort`, `is_part`, `day`, `grid`, `id`,
/// `what` (the record's kind; 0: a grid, −1: a worker).
fn source(query: &FigureRowQuery, at: Timestamp) -> String {
    let grids = "(SELECT unhex(value) FROM json_each(:grids))";
    let (first, last) = days(query.period);
    if let Some((whole, part)) = conditions(query.formula, &query.limits, at) {
        return format!(
            "SELECT filed_on AS sort, ({part}) AS is_part, filed_on AS day, grid, record AS id,
                    3 AS what
             FROM incident_fact
             WHERE grid IN {grids} AND filed_on BETWEEN {first} AND {last} AND ({whole})"
        );
    }
    let number = query.period.number();
    match query.formula {
        Formula::ReportingGrids => format!(
            "SELECT 0 AS sort,
                    EXISTS (SELECT 1 FROM incident_fact AS fact WHERE fact.grid = node.id
                            AND fact.filed_on BETWEEN {first} AND {last}) AS is_part,
                    NULL AS day, node.id AS grid, node.id AS id, 0 AS what
             FROM org_node AS node WHERE node.id IN {grids}"
        ),
        Formula::ReportingWorkers => format!(
            "SELECT 0 AS sort, {} AS is_part, NULL AS day, grid, person AS id, -1 AS what
             FROM ({}) AS member",
            reported(query.period),
            members(in_post_at(query.period, at)).replace("?1", ":grids")
        ),
        Formula::VisitsPerWorker => {
            let numbers = query.period.month_numbers();
            let numbers: Vec<String> = numbers.iter().map(i32::to_string).collect();
            format!(
                "SELECT period AS sort, 1 AS is_part, NULL AS day, grid, household AS id,
                        1 AS what
                 FROM household_period WHERE grid IN {grids} AND period IN ({})",
                numbers.join(", ")
            )
        }
        // Households; what is about incidents is above.
        _ => format!(
            "SELECT 0 AS sort,
                    EXISTS (SELECT 1 FROM household_period AS visited
                            WHERE visited.grid = record.grid AND visited.period = {number}
                              AND visited.household = record.id) AS is_part,
                    NULL AS day, record.grid AS grid, record.id AS id, 1 AS what
             FROM record
             WHERE record.grid IN {grids} AND record.kind = 1 AND record.merged_into IS NULL"
        ),
    }
}

fn read(row: &Row<'_>, of: RowKind) -> rusqlite::Result<FigureRow> {
    let subject = match of {
        RowKind::Grid => FigureSubject::Grid(id(row, 2, OrgNodeId::from_bytes)?),
        RowKind::Worker => FigureSubject::Worker(id(row, 2, PersonId::from_bytes)?),
        RowKind::Incident | RowKind::Household => {
            let what = kind(row, 3).map_err(|_| damaged(3, "row of a figure"))?;
            FigureSubject::Record(id(row, 2, RecordId::from_bytes)?, what)
        }
    };
    Ok(FigureRow {
        subject,
        is_part: row.get(0)?,
        day: row.get::<_, Option<i32>>(1)?.map(CivilDay::from_number),
        number: row.get(4)?,
        title: row.get(5)?,
        class: row.get(6)?,
        state: row.get(7)?,
        grid_name: row.get(8)?,
    })
}

pub(super) fn list(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    query: &FigureRowQuery,
) -> StorageResult<Option<FigureRowPage>> {
    let Some(below) = Below::find(connection, person, at, &query.place)? else {
        return Ok(None);
    };
    let narrowed = match query.part {
        FigurePart::Whole => "",
        FigurePart::Part => "WHERE is_part",
        FigurePart::Rest => "WHERE NOT is_part",
    };
    let source = source(query, at);
    let total: i64 = connection
        .prepare(&format!("SELECT count(*) FROM ({source}) {narrowed}"))?
        .query_row(named_params! { ":grids": below.json }, |row| row.get(0))?;
    let (limit, offset) = (query.limit, query.offset);
    let mut statement = connection.prepare(&in_scope(&format!(
        "SELECT page.is_part, page.day, page.id, page.what, coalesce(record.number, ''),
                CASE page.what WHEN 0 THEN home.name
                               WHEN -1 THEN (SELECT name FROM person WHERE person.id = page.id)
                               ELSE coalesce(record.title, '') END,
                CASE page.what WHEN 3 THEN coalesce(record.category, '') ELSE '' END,
                CASE page.what WHEN 3 THEN coalesce(record.state, '') ELSE '' END,
                coalesce(home.name, '')
         FROM (SELECT * FROM ({source}) {narrowed}
               ORDER BY sort, grid, id LIMIT {limit} OFFSET {offset}) AS page
         LEFT JOIN org_node AS home ON home.id = page.grid
         LEFT JOIN record ON record.id = page.id
             AND (record.grid, record.kind) IN (SELECT id, kind FROM scope_record)
         ORDER BY page.sort, page.grid, page.id"
    )))?;
    let of = query.formula.row_kind();
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":grids": below.json,
        },
        |row| read(row, of),
    )?;
    Ok(Some(FigureRowPage {
        rows: collect(rows)?,
        total: count(total),
    }))
}
