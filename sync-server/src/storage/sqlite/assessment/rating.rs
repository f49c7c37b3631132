//! Self and mutual rating (自评与互评).

use rusqlite::{Connection, OptionalExtension as _, named_params, params};
use wangge_model::{OrgNodeId, PersonId, Timestamp, assessment::AssessmentPeriod};

use super::super::{
    refused,
    row::{collect, id, time},
    scope::in_scope,
};
use crate::storage::{NewRating, RateableUnit, Rating, StorageError, StorageResult};

/// The units a person speaks for, and whom each may rate: itself and those
/// beside it.
const PAIRS: &str = ", rater AS MATERIALIZED (
         SELECT DISTINCT node.id, node.parent, node.level, node.name, node.code
         FROM assigned JOIN org_node AS node ON node.id = assigned.node
         WHERE may_rate(assigned.role, assigned.level)
     ),
     pair AS (
         SELECT rater.id AS rater, rater.name AS rater_name, unit.id AS unit,
                unit.name AS unit_name, unit.code AS unit_code, unit.id = rater.id AS is_self
         FROM rater JOIN org_node AS unit
             ON unit.id = rater.id
             OR (unit.parent = rater.parent AND unit.level = rater.level
                 AND unit.valid_from <= :at AND (unit.valid_to IS NULL OR unit.valid_to > :at))
     )";

pub(super) fn list_units(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<Vec<RateableUnit>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "{PAIRS} SELECT rater, rater_name, unit, unit_name FROM pair
         ORDER BY rater_name, rater, is_self DESC, unit_code, unit_name LIMIT 500"
    )))?;
    let rows = statement.query_map(
        named_params! { ":person": person.as_bytes(), ":at": at.as_millis() },
        |row| {
            Ok(RateableUnit {
                rater: id(row, 0, OrgNodeId::from_bytes)?,
                rater_name: row.get(1)?,
                unit: id(row, 2, OrgNodeId::from_bytes)?,
                unit_name: row.get(3)?,
            })
        },
    )?;
    collect(rows)
}

pub(super) fn rate(connection: &Connection, new: &NewRating) -> StorageResult<()> {
    let may = connection
        .prepare_cached(&in_scope(&format!(
            "{PAIRS} SELECT 1 FROM pair WHERE rater = :rater AND unit = :unit LIMIT 1"
        )))?
        .query_row(
            named_params! {
                ":person": new.person.as_bytes(), ":at": new.at.as_millis(),
                ":rater": new.rater.as_bytes(), ":unit": new.unit.as_bytes(),
            },
            |_| Ok(()),
        )
        .optional()?;
    if may.is_none() {
        return Err(StorageError::Missing("unit"));
    }
    connection
        .prepare_cached(
            "INSERT INTO assessment_rating (id, period, node, rater, points, reason, person,
                                            rated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.period.number(),
            new.unit.as_bytes(),
            new.rater.as_bytes(),
            new.points,
            new.reason,
            new.person.as_bytes(),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "rating", "unit"))?;
    Ok(())
}

pub(super) fn list(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    period: AssessmentPeriod,
) -> StorageResult<Vec<Rating>> {
    let mut statement = connection.prepare_cached(&in_scope(
        "SELECT rating.node, unit.name, rating.rater, rater.name, rating.points, rating.reason,
                person.name, rating.rated_at
         FROM assessment_rating AS rating
         JOIN org_node AS unit ON unit.id = rating.node
         JOIN org_node AS rater ON rater.id = rating.rater
         JOIN person ON person.id = rating.person
         WHERE rating.period = :period
           AND (rating.node IN (SELECT id FROM scope WHERE may_see_work)
                OR rating.rater IN (SELECT node FROM assigned WHERE may_rate(role, level)))
         ORDER BY unit.code, unit.name, rating.node = rating.rater DESC, rater.code, rater.name",
    ))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":period": period.number(),
        },
        |row| {
            Ok(Rating {
                unit: id(row, 0, OrgNodeId::from_bytes)?,
                unit_name: row.get(1)?,
                rater: id(row, 2, OrgNodeId::from_bytes)?,
                rater_name: row.get(3)?,
                points: row.get(4)?,
                reason: row.get(5)?,
                person_name: row.get(6)?,
                at: time(row, 7)?,
            })
        },
    )?;
    collect(rows)
}
