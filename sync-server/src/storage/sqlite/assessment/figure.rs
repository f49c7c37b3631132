//! Counting: one pass over each table that formulas need, grouped by grid.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
};

use rusqlite::{Connection, params};
use wangge_model::{
    GridId, OrgNodeId, PersonId, Timestamp,
    assessment::{AssessmentPeriod, Figure, Formula, FormulaLimits, RowKind},
};

use super::{
    super::row::count,
    place::{Below, IN_GRIDS, grid_id},
};
use crate::storage::{FigureQuery, FigureTable, Figures, OrgNode, PlaceFigures, StorageResult};

/// The moment at which it is asked who was in post: now, or the end of a period
/// that is over.
pub(super) fn in_post_at(period: AssessmentPeriod, at: Timestamp) -> i64 {
    at.as_millis()
        .min(period.last().plus(1).start().as_millis() - 1)
}

/// Which rows of `incident_fact` a formula looks at, and which of those count, as
/// [`Formula::judge`] says it. `None`: it is not about incidents.
pub(super) fn conditions(
    formula: Formula,
    limits: &FormulaLimits,
    at: Timestamp,
) -> Option<(String, String)> {
    // Numbers of ours, not of the asker's words.
    let now = at.as_millis();
    let ms = |minutes: u32| i64::from(minutes) * 60_000;
    let both = |whole: &str, part: &str| Some((whole.to_owned(), part.to_owned()));
    match formula {
        Formula::ReportingGrids
        | Formula::ReportingWorkers
        | Formula::VisitCoverage
        | Formula::VisitsPerWorker => None,
        Formula::SignedInTime => {
            let most = format!(
                "CASE is_emergency WHEN 1 THEN {} ELSE {} END",
                ms(limits.emergency_sign_minutes),
                ms(limits.sign_minutes)
            );
            Some((
                format!(
                    "assigned_at IS NOT NULL
                     AND (signed_at IS NOT NULL OR {now} - assigned_at > {most})"
                ),
                format!("coalesce(signed_at - assigned_at <= {most}, 0)"),
            ))
        }
        Formula::DispatchedInTime => {
            let most = ms(limits.dispatch_minutes);
            Some((
                format!(
                    "(assigned_at IS NOT NULL
                      OR (waits_for_unit = 1 AND {now} - filed_at > {most}))"
                ),
                format!("coalesce(assigned_at - filed_at <= {most}, 0)"),
            ))
        }
        Formula::Settled => both("1", "is_closed = 1"),
        Formula::SettledInTime => Some((
            format!("due_at IS NOT NULL AND (ended_at IS NOT NULL OR due_at <= {now})"),
            "coalesce(ended_at <= due_at, 0)".to_owned(),
        )),
        Formula::Satisfied => Some((
            "rating IS NOT NULL".to_owned(),
            format!("rating >= {}", limits.satisfied_stars),
        )),
        Formula::Verified => both("first_check IS NOT NULL", "first_check = 1"),
        Formula::Reopened => both("(is_closed = 1 OR reopened > 0)", "reopened > 0"),
        Formula::Returned => both("assigned_at IS NOT NULL", "refusals > 0"),
        Formula::Discovered => both("1", "is_found = 1"),
    }
}

/// Figures by grid.
type ByGrid = HashMap<GridId, Figures>;

/// Counts what formulas ask of the grids below a place.
pub(super) fn count_grids(
    connection: &Connection,
    below: &Below,
    formulas: &BTreeSet<Formula>,
    period: AssessmentPeriod,
    limits: &FormulaLimits,
    at: Timestamp,
) -> StorageResult<ByGrid> {
    let mut figures = ByGrid::with_capacity(below.nodes.len());
    for grid in below.grids() {
        let empty = formulas.iter().map(|formula| {
            // Every grid is one that should report.
            let whole = u64::from(*formula == Formula::ReportingGrids);
            (*formula, Figure { part: 0, whole })
        });
        figures.insert(GridId::from(grid.id), empty.collect());
    }
    let of_cases = |formula: &&Formula| {
        formula.row_kind() == RowKind::Incident || **formula == Formula::ReportingGrids
    };
    let cases: Vec<Formula> = formulas.iter().filter(of_cases).copied().collect();
    if !cases.is_empty() {
        count_cases(connection, below, &cases, period, limits, at, &mut figures)?;
    }
    if formulas.contains(&Formula::ReportingWorkers) {
        count_reporters(connection, below, period, at, &mut figures)?;
    }
    if formulas.contains(&Formula::VisitCoverage) {
        let number = period.number();
        let households = format!(
            "SELECT grid, count(*), 0 FROM record INDEXED BY record_list
             WHERE {IN_GRIDS} AND kind = 1 AND merged_into IS NULL GROUP BY grid"
        );
        let visited = format!(
            "SELECT grid, 0, count(*) FROM household_period
             WHERE {IN_GRIDS} AND period = {number} GROUP BY grid"
        );
        for sql in [households, visited] {
            add(
                connection,
                &sql,
                below,
                Formula::VisitCoverage,
                &mut figures,
            )?;
        }
    }
    if formulas.contains(&Formula::VisitsPerWorker) {
        let numbers: Vec<String> = period.month_numbers().iter().map(i32::to_string).collect();
        let visited = format!(
            "SELECT grid, 0, count(*) FROM household_period
             WHERE {IN_GRIDS} AND period IN ({}) GROUP BY grid",
            numbers.join(", ")
        );
        let workers = format!(
            "SELECT grid, count(*), 0 FROM ({}) GROUP BY grid",
            members(in_post_at(period, at))
        );
        for sql in [visited, workers] {
            add(
                connection,
                &sql,
                below,
                Formula::VisitsPerWorker,
                &mut figures,
            )?;
        }
    }
    Ok(figures)
}

/// The workers of the grids `?1` who are in post at a moment: `grid`, `person`.
pub(super) fn members(moment: i64) -> String {
    format!(
        "SELECT DISTINCT assignment.node AS grid, assignment.person AS person
         FROM assignment JOIN person ON person.id = assignment.person
         WHERE assignment.node IN (SELECT unhex(value) FROM json_each(?1))
           AND assignment.reserve = 0 AND assignment.valid_from <= {moment}
           AND (assignment.valid_to IS NULL OR assignment.valid_to > {moment})
           AND may_write(assignment.role, 'grid', 1)"
    )
}

/// Counts all formulas about incidents of the grids `?1` and the days `?2` to `?3`.
pub(super) fn cases_sql(formulas: &[Formula], limits: &FormulaLimits, at: Timestamp) -> String {
    let mut sums = String::new();
    for formula in formulas {
        let (whole, part) = conditions(*formula, limits, at)
            // Grids that report: whether there are any.
            .unwrap_or_else(|| ("1".to_owned(), "1".to_owned()));
        // Writing to a string does not fail.
        let _ = write!(sums, ", sum({whole}), sum(({whole}) AND ({part}))");
    }
    format!(
        "SELECT grid {sums} FROM incident_fact
         WHERE {IN_GRIDS} AND filed_on BETWEEN ?2 AND ?3 GROUP BY grid"
    )
}

/// One pass over the incidents of the period, for all formulas about them.
fn count_cases(
    connection: &Connection,
    below: &Below,
    formulas: &[Formula],
    period: AssessmentPeriod,
    limits: &FormulaLimits,
    at: Timestamp,
    figures: &mut ByGrid,
) -> StorageResult<()> {
    let mut statement = connection.prepare(&cases_sql(formulas, limits, at))?;
    let mut rows = statement.query(params![
        below.json,
        period.first().number(),
        period.last().number()
    ])?;
    while let Some(row) = rows.next()? {
        let Some(of_grid) = figures.get_mut(&grid_id(row, 0)?) else {
            continue;
        };
        for (place, formula) in formulas.iter().enumerate() {
            let figure = if *formula == Formula::ReportingGrids {
                Figure { part: 1, whole: 1 }
            } else {
                Figure {
                    whole: count(row.get(1 + 2 * place)?),
                    part: count(row.get(2 + 2 * place)?),
                }
            };
            of_grid.insert(*formula, figure);
        }
    }
    Ok(())
}

fn count_reporters(
    connection: &Connection,
    below: &Below,
    period: AssessmentPeriod,
    at: Timestamp,
    figures: &mut ByGrid,
) -> StorageResult<()> {
    let sql = format!(
        "SELECT grid, count(*), sum({}) FROM ({}) AS member GROUP BY grid",
        reported(period),
        members(in_post_at(period, at))
    );
    add(connection, &sql, below, Formula::ReportingWorkers, figures)
}

/// Whether a `member` of a grid reported an incident there that was filed.
pub(super) fn reported(period: AssessmentPeriod) -> String {
    format!(
        "EXISTS (SELECT 1 FROM incident_fact AS fact
                 WHERE fact.grid = member.grid AND fact.filed_on BETWEEN {} AND {}
                   AND fact.reporter = member.person)",
        period.first().number(),
        period.last().number()
    )
}

/// Adds what a query answers: grid, whole, part.
fn add(
    connection: &Connection,
    sql: &str,
    below: &Below,
    formula: Formula,
    figures: &mut ByGrid,
) -> StorageResult<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([&below.json])?;
    while let Some(row) = rows.next()? {
        let more = Figure {
            whole: count(row.get(1)?),
            part: count(row.get(2)?),
        };
        let of_grid = figures.get_mut(&grid_id(row, 0)?);
        if let Some(figure) = of_grid.and_then(|of_grid| of_grid.get_mut(&formula)) {
            *figure = figure.plus(more);
        }
    }
    Ok(())
}

/// A place without anything counted.
pub(super) fn empty(node: &OrgNode, formulas: &BTreeSet<Formula>) -> PlaceFigures {
    PlaceFigures {
        place: node.id,
        name: node.name.clone(),
        code: node.code.clone().unwrap_or_default(),
        level: node.level,
        figures: formulas
            .iter()
            .map(|formula| (*formula, Figure::default()))
            .collect(),
    }
}

/// Adds the figures of a grid to those of a place above it.
pub(super) fn add_to(place: &mut PlaceFigures, figures: &Figures) {
    for (formula, figure) in figures {
        let sum = place.figures.entry(*formula).or_default();
        *sum = sum.plus(*figure);
    }
}

pub(super) fn find(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    query: &FigureQuery,
) -> StorageResult<Option<FigureTable>> {
    let Some(below) = Below::find(connection, person, at, &query.place)? else {
        return Ok(None);
    };
    let counted = count_grids(
        connection,
        &below,
        &query.formulas,
        query.period,
        &query.limits,
        at,
    )?;
    let mut place = empty(&below.place, &query.formulas);
    let mut rows: Vec<PlaceFigures> = below
        .children()
        .map(|node| empty(node, &query.formulas))
        .collect();
    let positions: HashMap<OrgNodeId, usize> = rows
        .iter()
        .enumerate()
        .map(|(position, row)| (row.place, position))
        .collect();
    for grid in below.grids() {
        let Some(figures) = counted.get(&GridId::from(grid.id)) else {
            continue;
        };
        add_to(&mut place, figures);
        let position = positions.get(&below.child_of(grid));
        if let Some(row) = position.and_then(|position| rows.get_mut(*position)) {
            add_to(row, figures);
        }
    }
    Ok(Some(FigureTable { place, rows }))
}

/// What every grid's figures are, as freezing needs them.
pub(super) fn of_grids(
    connection: &Connection,
    below: &Below,
    formulas: &BTreeSet<Formula>,
    period: AssessmentPeriod,
    limits: &FormulaLimits,
    at: Timestamp,
) -> StorageResult<Vec<PlaceFigures>> {
    let counted = count_grids(connection, below, formulas, period, limits, at)?;
    let mut rows: Vec<PlaceFigures> = below
        .nodes
        .iter()
        .map(|node| empty(node, formulas))
        .collect();
    let positions: HashMap<OrgNodeId, usize> = rows
        .iter()
        .enumerate()
        .map(|(position, row)| (row.place, position))
        .collect();
    for grid in below.grids() {
        let Some(figures) = counted.get(&GridId::from(grid.id)) else {
            continue;
        };
        // The grid and every place above it, as the path names them.
        for hex in grid.path.split('/').filter(|hex| !hex.is_empty()) {
            let above = hex::decode(hex)
                .ok()
                .and_then(|bytes| OrgNodeId::from_slice(&bytes).ok());
            let position = above.and_then(|above| positions.get(&above));
            if let Some(row) = position.and_then(|position| rows.get_mut(*position)) {
                add_to(row, figures);
            }
        }
    }
    Ok(rows)
}

/// A row's days, for queries that name them.
pub(super) fn days(period: AssessmentPeriod) -> (i32, i32) {
    (period.first().number(), period.last().number())
}

#[cfg(test)]
mod tests {
    use wangge_model::CivilDay;

    use super::*;

    #[test]
    fn who_is_in_post_is_asked_at_the_end_of_a_period_that_is_over() {
        let month = AssessmentPeriod::month("2026-01-15".parse().unwrap());
        let end: Timestamp =
            Timestamp::from_millis(in_post_at(month, Timestamp::from_millis(i64::MAX)));
        assert_eq!(CivilDay::of(end), month.last());
        assert_eq!(CivilDay::of(end.plus_millis(1)), month.last().plus(1));
        let now = Timestamp::from_millis(1_767_225_600_000);
        assert_eq!(in_post_at(month, now), now.as_millis());
    }
}
