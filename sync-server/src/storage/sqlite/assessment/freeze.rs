//! Months that were frozen: rows of their own, which no later edit reaches.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};
use wangge_model::{
    OrgLevel, OrgNodeId, PersonId, Timestamp,
    assessment::{AssessmentList, AssessmentPeriod, Figure, Formula},
    visit_plan::Period,
};

use super::{
    super::{
        refused,
        row::{collect, count, damaged, id, integer, time},
        scope::{ASSESS, require_at},
    },
    figure::of_grids,
    place::{Below, is_in_sight},
};
use crate::storage::{
    FigureTable, Figures, FrozenTable, NewFreeze, PlaceFigures, StorageError, StorageResult,
};

/// The places whose months are frozen: counties, and where there is none above
/// the topmost place.
const ROOT: &str = "(node.level = 'county' OR (node.parent IS NULL
     AND node.level NOT IN ('province', 'prefecture')))";

pub(super) fn is_root(connection: &Connection, place: &OrgNodeId) -> StorageResult<bool> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM org_node AS node WHERE node.id = ?1 AND {ROOT})"
        ))?
        .query_row([place.as_bytes()], |row| row.get(0))?)
}

pub(super) fn list_unfrozen(
    connection: &Connection,
    month: AssessmentPeriod,
) -> StorageResult<Vec<OrgNodeId>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT node.id FROM org_node AS node
         WHERE {ROOT} AND node.valid_to IS NULL
           AND (node.valid_from + 28800000) / 86400000 <= ?2
           AND NOT EXISTS (SELECT 1 FROM assessment_freeze AS freeze
                           WHERE freeze.node = node.id AND freeze.month = ?1)
         ORDER BY node.id"
    ))?;
    let rows = statement.query_map(params![month.number(), month.last().number()], |row| {
        id(row, 0, OrgNodeId::from_bytes)
    })?;
    collect(rows)
}

pub(super) fn freeze(connection: &Connection, new: &NewFreeze) -> StorageResult<bool> {
    if new.month.kind() != Period::Month || !is_root(connection, &new.node)? {
        return Err(StorageError::Missing("org_node"));
    }
    if let Some(person) = &new.person {
        require_at(connection, person, new.at, &new.node, ASSESS)?;
    }
    let list = serde_json::to_string(&new.list).map_err(|_| StorageError::Corrupt("list"))?;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO assessment_freeze (id, node, month, list, version, person, frozen_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (node, month) DO NOTHING",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.node.as_bytes(),
            new.month.number(),
            list,
            new.version,
            new.person.as_ref().map(PersonId::as_bytes),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "freeze", "person"))?;
    if inserted == 0 {
        return Ok(false);
    }
    let Some(below) = Below::load(connection, &new.node, new.at)? else {
        return Err(StorageError::Missing("org_node"));
    };
    let formulas: BTreeSet<Formula> = new.list.of(Period::Month).map(|one| one.formula).collect();
    let rows = of_grids(
        connection,
        &below,
        &formulas,
        new.month,
        &new.list.limits(),
        new.at,
    )?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO assessment_frozen (freeze, parent, node, formula, part, whole, name, code,
                                        level)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (row, node) in rows.iter().zip(&below.nodes) {
        let parent = node.parent.filter(|_| node.id != new.node);
        for (formula, figure) in &row.figures {
            statement.execute(params![
                new.id.as_bytes(),
                parent.unwrap_or(node.id).as_bytes(),
                node.id.as_bytes(),
                formula.as_str(),
                integer(figure.part),
                integer(figure.whole),
                row.name,
                row.code,
                row.level.as_str(),
            ])?;
        }
    }
    Ok(true)
}

/// A freeze that covers a place: id, list, version, who, when.
type Found = ([u8; 16], String, String, String, Timestamp);

pub(super) fn find(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    place: &OrgNodeId,
    month: AssessmentPeriod,
) -> StorageResult<Option<FrozenTable>> {
    if !is_in_sight(connection, person, at, place)? {
        return Ok(None);
    }
    // The place need not have been there then.
    let found: Option<Found> = connection
        .prepare_cached(
            "SELECT freeze.id, freeze.list, freeze.version, coalesce(person.name, ''),
                    freeze.frozen_at
             FROM assessment_freeze AS freeze LEFT JOIN person ON person.id = freeze.person
             WHERE freeze.month = ?2
               AND EXISTS (SELECT 1 FROM assessment_frozen AS frozen
                           WHERE frozen.freeze = freeze.id AND frozen.node = ?1)",
        )?
        .query_row(params![place.as_bytes(), month.number()], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                time(row, 4)?,
            ))
        })
        .optional()?;
    let Some((freeze, list, version, person_name, at)) = found else {
        return Ok(None);
    };
    let list = serde_json::from_str::<AssessmentList>(&list)
        .map_err(|_| StorageError::Corrupt("list of indicators"))?;
    let own = read(connection, &freeze, "node = ?2", place)?;
    let Some(own) = own.into_iter().next() else {
        return Ok(None);
    };
    let rows = if own.level == OrgLevel::Grid {
        vec![own.clone()]
    } else {
        read(connection, &freeze, "parent = ?2 AND node <> parent", place)?
    };
    let table = FigureTable { place: own, rows };
    Ok(Some(FrozenTable {
        table,
        list,
        version,
        person_name,
        at,
    }))
}

/// The frozen places of this condition, by code.
fn read(
    connection: &Connection,
    freeze: &[u8; 16],
    condition: &str,
    place: &OrgNodeId,
) -> StorageResult<Vec<PlaceFigures>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT node, name, code, level, formula, part, whole FROM assessment_frozen
         WHERE freeze = ?1 AND {condition} ORDER BY code, name, node"
    ))?;
    let mut rows = statement.query(params![freeze, place.as_bytes()])?;
    let mut places: Vec<PlaceFigures> = Vec::new();
    while let Some(row) = rows.next()? {
        let node = id(row, 0, OrgNodeId::from_bytes)?;
        if places.last().is_none_or(|last| last.place != node) {
            let level: String = row.get(3)?;
            places.push(PlaceFigures {
                place: node,
                name: row.get(1)?,
                code: row.get(2)?,
                level: level.parse().map_err(|_| damaged(3, "level"))?,
                figures: Figures::new(),
            });
        }
        // A formula this build does not have any more is not shown.
        let formula: String = row.get(4)?;
        if let (Some(formula), Some(last)) = (Formula::parse(&formula), places.last_mut()) {
            let figure = Figure {
                part: count(row.get(5)?),
                whole: count(row.get(6)?),
            };
            last.figures.insert(formula, figure);
        }
    }
    Ok(places)
}
