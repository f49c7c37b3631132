//! See [`WorkStorage`]. Sums are read from what is kept beside the records
//! (`handed_in`, `visit_fact`, `visit_opinion`, `hazard`), along indexes that
//! begin with the grid, so they cost what the asked grids and days hold.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, Row, named_params, params};
use wangge_model::{CivilDay, GridId, PersonId, RecordId, Timestamp, hazard::Hazard, visit::Visit};

use super::{
    SqliteStorage,
    row::{collect, count, damaged, id, kind, optional_time},
    scope::in_scope,
};
use crate::storage::{
    MatterRow, OpinionCount, Screening, ScreeningFilter, ScreeningKind, ScreeningPage,
    ScreeningTopic, StorageResult, WorkRow, WorkSpan, WorkStorage, WorkerFigures,
};

/// Keeps what was heard on a visit, in place of what was kept before.
pub(super) fn put_opinions(
    connection: &Connection,
    record: &RecordId,
    visit: &Visit,
) -> StorageResult<()> {
    let mut counts: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for opinion in visit.opinions.values() {
        let (heard, settled) = counts.entry(&opinion.category).or_default();
        *heard += 1;
        *settled += i64::from(!opinion.done_on.is_empty());
    }
    connection
        .prepare_cached("DELETE FROM visit_opinion WHERE record = ?1")?
        .execute([record.as_bytes()])?;
    for (category, (heard, settled)) in counts {
        connection
            .prepare_cached(
                "INSERT INTO visit_opinion (record, category, heard, settled)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![record.as_bytes(), category, heard, settled])?;
    }
    Ok(())
}

/// Keeps the hazards of a household or place, in place of what was kept before.
pub(super) fn put_hazards(
    connection: &Connection,
    record: &RecordId,
    grid: &[u8; 16],
    hazards: &BTreeMap<String, Hazard>,
) -> StorageResult<()> {
    connection
        .prepare_cached("DELETE FROM hazard WHERE record = ?1")?
        .execute([record.as_bytes()])?;
    let day = |text: &str| text.parse::<CivilDay>().ok().map(CivilDay::number);
    // A file may say that there is none, with the code 00.
    for (entry, hazard) in hazards.iter().filter(|(_, hazard)| hazard.kind != "00") {
        connection
            .prepare_cached(
                "INSERT INTO hazard (record, hazard, grid, kind, state, found_on, due_on, incident)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                record.as_bytes(),
                entry,
                grid,
                hazard.kind,
                hazard.state().as_str(),
                day(&hazard.found_on),
                hazard.recheck_due_on().map(CivilDay::number),
                hazard.incident.as_ref().map(RecordId::as_bytes),
            ])?;
    }
    Ok(())
}

/// Grids of which the person sees the work of all, and those of which only the
/// own.
const SEEN: &str = ", seen AS MATERIALIZED (
         SELECT id, name, coalesce(code, '') AS code, 1 AS sees_all FROM scope_work
         UNION ALL
         SELECT DISTINCT scope.id, scope.name, coalesce(scope.code, ''), 0 FROM scope
         WHERE scope.level = 'grid' AND scope.id NOT IN (SELECT id FROM scope_work)
     )";

fn list_work(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    span: WorkSpan,
) -> StorageResult<Vec<WorkRow>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "{SEEN}, member AS MATERIALIZED (
             SELECT DISTINCT seen.id AS grid, assignment.person AS person
             FROM seen JOIN assignment ON assignment.node = seen.id
             WHERE assignment.reserve = 0 AND assignment.valid_from <= :at
               AND (assignment.valid_to IS NULL OR assignment.valid_to > :at)
               AND may_write(assignment.role, 'grid', 1)
               AND (seen.sees_all OR assignment.person = :person)
         ),
         done AS MATERIALIZED (
             SELECT handed_in.grid AS grid, handed_in.person AS person,
                    count(DISTINCT day) AS days,
                    count(DISTINCT CASE WHEN kind = 1 THEN record END) AS households,
                    count(DISTINCT CASE WHEN kind = 4 THEN record END) AS places,
                    sum(kind = 2 AND is_new) AS visits,
                    sum(kind = 3 AND is_new) AS incidents
             FROM seen CROSS JOIN handed_in
                 ON handed_in.grid = seen.id AND handed_in.day BETWEEN :first AND :last
             WHERE seen.sees_all OR handed_in.person = :person
             GROUP BY handed_in.grid, handed_in.person
         ),
         somebody AS (
             SELECT grid, person FROM member UNION SELECT grid, person FROM done
         )
         SELECT seen.id, seen.name, seen.code, person.id, person.name,
                EXISTS (SELECT 1 FROM member WHERE member.grid = somebody.grid
                            AND member.person = somebody.person),
                coalesce(done.days, 0), coalesce(done.households, 0), coalesce(done.places, 0),
                coalesce(done.visits, 0), coalesce(done.incidents, 0),
                (SELECT max(last_seen_at) FROM device WHERE device.person = somebody.person)
         FROM somebody JOIN seen ON seen.id = somebody.grid
         JOIN person ON person.id = somebody.person
         LEFT JOIN done ON done.grid = somebody.grid AND done.person = somebody.person
         ORDER BY seen.code, seen.name, person.name, person.id"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(),
            ":first": span.first.number(), ":last": span.last.number(),
        },
        |row| {
            Ok(WorkRow {
                grid: id(row, 0, GridId::from_bytes)?,
                grid_name: row.get(1)?,
                grid_code: row.get(2)?,
                person: id(row, 3, PersonId::from_bytes)?,
                person_name: row.get(4)?,
                is_member: row.get(5)?,
                days: count(row.get(6)?),
                households: count(row.get(7)?),
                places: count(row.get(8)?),
                visits: count(row.get(9)?),
                incidents: count(row.get(10)?),
                last_seen_at: optional_time(row, 11)?,
            })
        },
    )?;
    collect(rows)
}

/// Whether a visit is one that somebody was to come back to, or that promised
/// something, by a day before `:last`, and that is not done: no later visit
/// that counts, or the promise is not kept.
const OVERDUE: &str = "((visit.follow_up_on < :last AND NOT EXISTS (
         SELECT 1 FROM visit_fact AS later
         WHERE later.household = visit.household AND later.counts = 1
           AND later.day >= visit.follow_up_on AND later.record <> visit.record))
     OR visit.promised_on < :last)";

/// The records of visits of a grid that may be overdue, along two indexes.
const MAY_BE_OVERDUE: &str = "SELECT record FROM visit_fact
         WHERE grid = seen.id AND follow_up_on IS NOT NULL AND follow_up_on < :last
     UNION SELECT record FROM visit_fact
         WHERE grid = seen.id AND promised_on IS NOT NULL AND promised_on < :last";

fn list_worker_figures(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    span: WorkSpan,
) -> StorageResult<Vec<WorkerFigures>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "{SEEN}, made AS MATERIALIZED (
             SELECT visit.grid AS grid, visit.visitor AS visitor,
                    count(DISTINCT CASE WHEN counts THEN household END) AS households,
                    count(DISTINCT CASE WHEN counts THEN day END) AS days_out,
                    sum(counts) AS visits, sum(NOT counts) AS not_counted
             FROM seen CROSS JOIN visit_fact AS visit
                 ON visit.grid = seen.id AND visit.day BETWEEN :first AND :last
             WHERE visit.visitor IS NOT NULL AND (seen.sees_all OR visit.visitor = :person)
             GROUP BY visit.grid, visit.visitor
         ),
         behind AS MATERIALIZED (
             SELECT visit.grid AS grid, visit.visitor AS visitor, count(*) AS overdue
             FROM seen CROSS JOIN visit_fact AS visit ON visit.record IN ({MAY_BE_OVERDUE})
             WHERE visit.visitor IS NOT NULL AND (seen.sees_all OR visit.visitor = :person)
               AND {OVERDUE}
             GROUP BY visit.grid, visit.visitor
         ),
         somebody AS (
             SELECT grid, visitor FROM made UNION SELECT grid, visitor FROM behind
         )
         SELECT somebody.grid, person.id, person.name, coalesce(made.households, 0),
                coalesce(made.days_out, 0), coalesce(made.visits, 0),
                coalesce(made.not_counted, 0), coalesce(behind.overdue, 0)
         FROM somebody JOIN seen ON seen.id = somebody.grid
         JOIN person ON person.id = somebody.visitor
         LEFT JOIN made ON made.grid = somebody.grid AND made.visitor = somebody.visitor
         LEFT JOIN behind ON behind.grid = somebody.grid AND behind.visitor = somebody.visitor
         ORDER BY seen.code, seen.name, person.name, person.id"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(),
            ":first": span.first.number(), ":last": span.last.number(),
        },
        |row| {
            Ok(WorkerFigures {
                grid: id(row, 0, GridId::from_bytes)?,
                person: id(row, 1, PersonId::from_bytes)?,
                person_name: row.get(2)?,
                households: count(row.get(3)?),
                days_out: count(row.get(4)?),
                visits: count(row.get(5)?),
                not_counted: count(row.get(6)?),
                overdue: count(row.get(7)?),
            })
        },
    )?;
    collect(rows)
}

fn list_matters(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    span: WorkSpan,
) -> StorageResult<Vec<MatterRow>> {
    let bound = named_params! {
        ":person": person.as_bytes(), ":at": at.as_millis(),
        ":first": span.first.number(), ":last": span.last.number(),
    };
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT seen.id, seen.name, coalesce(seen.code, ''),
             (SELECT count(*) FROM record WHERE record.grid = seen.id AND record.kind = 1),
             (SELECT count(DISTINCT household) FROM visit_fact
              WHERE grid = seen.id AND day BETWEEN :first AND :last AND counts = 1),
             (SELECT count(*) FROM visit_fact
              WHERE grid = seen.id AND day BETWEEN :first AND :last),
             (SELECT count(*) FROM visit_fact
              WHERE grid = seen.id AND day BETWEEN :first AND :last AND open_demand = 1),
             (SELECT count(*) FROM visit_fact AS visit
              WHERE visit.record IN ({MAY_BE_OVERDUE}) AND {OVERDUE}),
             (SELECT count(*) FROM hazard
              WHERE grid = seen.id AND found_on BETWEEN :first AND :last),
             (SELECT count(*) FROM hazard WHERE grid = seen.id AND state <> 'closed'),
             (SELECT count(*) FROM hazard WHERE grid = seen.id AND due_on <= :last),
             (SELECT count(*) FROM handed_in
              WHERE grid = seen.id AND day BETWEEN :first AND :last AND kind = 3 AND is_new = 1)
         FROM scope_work AS seen ORDER BY seen.code, seen.name"
    )))?;
    let rows = statement.query_map(bound, |row| {
        Ok(MatterRow {
            grid: id(row, 0, GridId::from_bytes)?,
            name: row.get(1)?,
            code: row.get(2)?,
            households: count(row.get(3)?),
            visited: count(row.get(4)?),
            visits: count(row.get(5)?),
            open_demands: count(row.get(6)?),
            overdue: count(row.get(7)?),
            opinions: Vec::new(),
            hazards_found: count(row.get(8)?),
            hazards_open: count(row.get(9)?),
            rechecks_due: count(row.get(10)?),
            incidents: count(row.get(11)?),
        })
    })?;
    let mut matters = collect(rows)?;
    let mut statement = connection.prepare_cached(&in_scope(
        "SELECT visit.grid, opinion.category, sum(opinion.heard), sum(opinion.settled)
         FROM scope_work AS seen CROSS JOIN visit_fact AS visit
             ON visit.grid = seen.id AND visit.day BETWEEN :first AND :last
         JOIN visit_opinion AS opinion ON opinion.record = visit.record
         GROUP BY visit.grid, opinion.category",
    ))?;
    let rows = statement.query_map(bound, |row| {
        let grid = id(row, 0, GridId::from_bytes)?;
        let opinion = OpinionCount {
            category: row.get(1)?,
            heard: count(row.get(2)?),
            settled: count(row.get(3)?),
        };
        Ok((grid, opinion))
    })?;
    let mut opinions: BTreeMap<GridId, Vec<OpinionCount>> = BTreeMap::new();
    for (grid, opinion) in collect(rows)? {
        opinions.entry(grid).or_default().push(opinion);
    }
    for matter in &mut matters {
        matter.opinions = opinions.remove(&matter.grid).unwrap_or_default();
    }
    Ok(matters)
}

/// Everything screened: visits by their day, hazards by the day they were found,
/// incidents by the day they happened or reached the server.
const SCREENED: &str = ", screened AS (
         SELECT visit.day AS day, 0 AS what, record.id AS record, record.kind AS kind,
                place.name AS grid_name, coalesce(home.title, '') AS title,
                record.category AS class, record.state AS state, visit.visitor AS person
         FROM scope_record AS place CROSS JOIN visit_fact AS visit
             ON visit.grid = place.id AND visit.day BETWEEN :first AND :last
         JOIN record ON record.id = visit.record
         LEFT JOIN record AS home ON home.id = coalesce(record.household, record.place)
             AND (home.grid, home.kind) IN (SELECT id, kind FROM scope_record)
         WHERE place.kind = 2 AND (:what IS NULL OR :what = 0)
           AND (:grid IS NULL OR place.id = :grid)
           AND (:visitor IS NULL OR visit.visitor = :visitor)
           AND (:topic IS NULL OR (:topic IN ('dispute', 'care') AND record.category = :topic))
         UNION ALL
         SELECT hazard.found_on, 1, record.id, record.kind, place.name, record.title, hazard.kind,
                hazard.state, NULL
         FROM scope_record AS place CROSS JOIN hazard
             ON hazard.grid = place.id AND hazard.found_on BETWEEN :first AND :last
         JOIN record ON record.id = hazard.record AND record.kind = place.kind
         WHERE :visitor IS NULL AND (:what IS NULL OR :what = 1)
           AND (:topic IS NULL OR :topic = 'safety')
           AND (:grid IS NULL OR place.id = :grid)
         UNION ALL
         SELECT (coalesce(record.occurred_at, record.created_at) + 28800000) / 86400000, 2,
                record.id, record.kind, place.name, record.title, record.category, record.state,
                NULL
         FROM scope_record AS place CROSS JOIN record
             ON record.grid = place.id AND record.kind = 3
         WHERE place.kind = 3 AND :visitor IS NULL AND (:what IS NULL OR :what = 2)
           AND (:class IS NULL OR substr(record.category, 1, 2) = :class)
           AND (:grid IS NULL OR place.id = :grid)
           AND (coalesce(record.occurred_at, record.created_at) + 28800000) / 86400000
               BETWEEN :first AND :last
     )";

fn screening(row: &Row<'_>) -> rusqlite::Result<Screening> {
    let place: u8 = row.get(1)?;
    let what = ScreeningKind::ALL.get(usize::from(place)).copied();
    Ok(Screening {
        day: CivilDay::from_number(row.get(0)?),
        kind: what.ok_or_else(|| damaged(1, "screening"))?,
        record: id(row, 2, RecordId::from_bytes)?,
        record_kind: kind(row, 3)?,
        grid_name: row.get(4)?,
        title: row.get(5)?,
        class: row.get(6)?,
        state: row.get(7)?,
        person_name: row.get(8)?,
    })
}

fn list_screenings(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    filter: &ScreeningFilter,
) -> StorageResult<ScreeningPage> {
    let what = filter
        .kind
        .and_then(|kind| ScreeningKind::ALL.iter().position(|one| *one == kind))
        .and_then(|place| u8::try_from(place).ok());
    let bound = named_params! {
        ":person": person.as_bytes(), ":at": at.as_millis(),
        ":first": filter.span.first.number(), ":last": filter.span.last.number(),
        ":what": what, ":grid": filter.grid.as_ref().map(GridId::as_bytes),
        ":visitor": filter.person.as_ref().map(PersonId::as_bytes),
        ":topic": filter.topic.map(ScreeningTopic::as_str),
        ":class": filter.topic.map(ScreeningTopic::class),
    };
    let total = connection
        .prepare_cached(&in_scope(&format!(
            "{SCREENED} SELECT count(*) FROM screened"
        )))?
        .query_row(bound, |row| row.get(0))?;
    // Numbers of ours, not of the asker's words.
    let (limit, offset) = (filter.limit, filter.offset);
    let mut statement = connection.prepare(&in_scope(&format!(
        "{SCREENED} SELECT day, what, record, kind, grid_name, title, class, state,
                coalesce((SELECT name FROM person WHERE person.id = screened.person), '')
         FROM screened ORDER BY day DESC, what, record LIMIT {limit} OFFSET {offset}"
    )))?;
    Ok(ScreeningPage {
        rows: collect(statement.query_map(bound, screening)?)?,
        total: count(total),
    })
}

#[async_trait]
impl WorkStorage for SqliteStorage {
    async fn list_work(
        &self,
        person: &PersonId,
        at: Timestamp,
        span: WorkSpan,
    ) -> StorageResult<Vec<WorkRow>> {
        let person = *person;
        self.read(move |connection| list_work(connection, &person, at, span))
            .await
    }

    async fn list_worker_figures(
        &self,
        person: &PersonId,
        at: Timestamp,
        span: WorkSpan,
    ) -> StorageResult<Vec<WorkerFigures>> {
        let person = *person;
        self.read(move |connection| list_worker_figures(connection, &person, at, span))
            .await
    }

    async fn list_matters(
        &self,
        person: &PersonId,
        at: Timestamp,
        span: WorkSpan,
    ) -> StorageResult<Vec<MatterRow>> {
        let person = *person;
        self.read(move |connection| list_matters(connection, &person, at, span))
            .await
    }

    async fn list_screenings(
        &self,
        person: &PersonId,
        at: Timestamp,
        filter: &ScreeningFilter,
    ) -> StorageResult<ScreeningPage> {
        let (person, filter) = (*person, filter.clone());
        self.read(move |connection| list_screenings(connection, &person, at, &filter))
            .await
    }
}
