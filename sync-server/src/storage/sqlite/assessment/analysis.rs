//! Incidents by class and place against the year before; what comes up again and
//! again; people with whose work checks were not content.

use std::collections::HashMap;

use rusqlite::{Connection, named_params, params};
use wangge_model::{
    CivilDay, OrgNodeId, PersonId, RecordId, RecordKind, Timestamp, assessment::ProblemKind,
};

use super::{
    super::{
        row::{collect, count, damaged, id},
        scope::in_scope,
    },
    place::{Below, IN_GRIDS, grid_id},
};
use crate::storage::{
    CaseAnalysis, CaseCount, Problem, Repetition, StorageResult, WorkSpan, WorkerProblems,
    YearOnYear,
};

/// Most rows of a list.
const MOST: u32 = 200;

pub(super) fn analyse(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    place: &OrgNodeId,
    days: YearOnYear,
    is_told: bool,
) -> StorageResult<Option<CaseAnalysis>> {
    let Some(below) = Below::find(connection, person, at, place)? else {
        return Ok(None);
    };
    let children: HashMap<[u8; 16], OrgNodeId> = below
        .grids()
        .map(|grid| (*grid.id.as_bytes(), below.child_of(grid)))
        .collect();
    let told = if is_told { "AND is_found = 0" } else { "" };
    let mut classes: HashMap<String, CaseCount> = HashMap::new();
    let mut places: HashMap<OrgNodeId, CaseCount> = HashMap::new();
    for (span, is_now) in [(days.now, true), (days.before, false)] {
        // One pass for both tables: by grid, and within it by class.
        let mut statement = connection.prepare(&format!(
            "SELECT grid, class, count(*) FROM incident_fact
             WHERE {IN_GRIDS} AND filed_on BETWEEN ?2 AND ?3 {told} GROUP BY grid, class"
        ))?;
        let mut rows =
            statement.query(params![below.json, span.first.number(), span.last.number()])?;
        while let Some(row) = rows.next()? {
            let more = count(row.get(2)?);
            let child = children.get(grid_id(row, 0)?.as_bytes());
            let sums = [
                Some(classes.entry(row.get(1)?).or_default()),
                child.map(|child| places.entry(*child).or_default()),
            ];
            for sum in sums.into_iter().flatten() {
                if is_now {
                    sum.now += more;
                } else {
                    sum.before += more;
                }
            }
        }
    }
    let mut classes: Vec<(String, CaseCount)> = classes.into_iter().collect();
    classes.sort_by(|(a, one), (b, two)| two.now.cmp(&one.now).then_with(|| a.cmp(b)));
    let places = below.children().map(|node| {
        let found = places.get(&node.id).copied().unwrap_or_default();
        (node.name.clone(), found)
    });
    Ok(Some(CaseAnalysis {
        classes,
        places: places.collect(),
    }))
}

pub(super) fn list_repetitions(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    place: &OrgNodeId,
    span: WorkSpan,
    least: u32,
) -> StorageResult<Vec<Repetition>> {
    let Some(below) = Below::find(connection, person, at, place)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        ", repeated AS MATERIALIZED (
             SELECT grid, subject, class, count(*) AS times, max(filed_on) AS last_on
             FROM incident_fact
             WHERE grid IN (SELECT unhex(value) FROM json_each(:grids))
               AND filed_on BETWEEN :first AND :last AND subject IS NOT NULL
             GROUP BY grid, subject, class HAVING count(*) >= :least
             ORDER BY times DESC, grid, subject, class LIMIT {MOST}
         )
         SELECT repeated.subject, subject.kind,
                CASE WHEN (subject.grid, subject.kind) IN (SELECT id, kind FROM scope_record)
                     THEN subject.title ELSE '' END,
                repeated.class, coalesce(home.name, ''), repeated.times, repeated.last_on
         FROM repeated LEFT JOIN record AS subject ON subject.id = repeated.subject
         LEFT JOIN org_node AS home ON home.id = repeated.grid
         ORDER BY repeated.times DESC, repeated.grid, repeated.subject, repeated.class"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":grids": below.json,
            ":first": span.first.number(), ":last": span.last.number(), ":least": least,
        },
        |row| {
            Ok(Repetition {
                subject: id(row, 0, RecordId::from_bytes)?,
                kind: row
                    .get::<_, Option<u8>>(1)?
                    .and_then(RecordKind::from_number),
                title: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                class: row.get(3)?,
                grid_name: row.get(4)?,
                count: count(row.get(5)?),
                last_on: CivilDay::from_number(row.get(6)?),
            })
        },
    )?;
    collect(rows)
}

pub(super) fn list_problems(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    place: &OrgNodeId,
    span: WorkSpan,
    least: u32,
) -> StorageResult<Vec<WorkerProblems>> {
    let Some(below) = Below::find(connection, person, at, place)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        ", found AS MATERIALIZED (
             SELECT grid, day, record, version, person, kind FROM incident_problem
             WHERE grid IN (SELECT unhex(value) FROM json_each(:grids))
               AND day BETWEEN :first AND :last
         ),
         often AS MATERIALIZED (
             SELECT person, count(*) AS times FROM found GROUP BY person
             HAVING count(*) >= :least ORDER BY times DESC, person LIMIT {MOST}
         )
         SELECT often.person, coalesce(person.name, ''), found.day, found.kind, found.record,
                coalesce(record.number, ''),
                CASE WHEN (record.grid, record.kind) IN (SELECT id, kind FROM scope_record)
                     THEN record.title ELSE '' END,
                coalesce(home.name, '')
         FROM often JOIN found ON found.person = often.person
         LEFT JOIN person ON person.id = often.person
         LEFT JOIN record ON record.id = found.record
         LEFT JOIN org_node AS home ON home.id = found.grid
         ORDER BY often.times DESC, often.person, found.day DESC, found.record, found.version"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":grids": below.json,
            ":first": span.first.number(), ":last": span.last.number(), ":least": least,
        },
        |row| {
            let kind: String = row.get(3)?;
            let problem = Problem {
                day: CivilDay::from_number(row.get(2)?),
                kind: ProblemKind::parse(&kind).ok_or_else(|| damaged(3, "problem"))?,
                record: id(row, 4, RecordId::from_bytes)?,
                number: row.get(5)?,
                title: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
                grid_name: row.get(7)?,
            };
            let of = id(row, 0, PersonId::from_bytes)?;
            Ok((of, row.get::<_, String>(1)?, problem))
        },
    )?;
    let mut people: Vec<WorkerProblems> = Vec::new();
    for (of, name, problem) in collect(rows)? {
        match people.last_mut() {
            Some(last) if last.person == of => last.problems.push(problem),
            _ => people.push(WorkerProblems {
                person: of,
                person_name: name,
                problems: vec![problem],
            }),
        }
    }
    Ok(people)
}
