//! See [`DutyStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, Row, named_params, params};
use wangge_model::{
    CivilDay, DutyId, GridId, MaskingKind, OrgNodeId, PersonId, RateCountId, RecordKind, Timestamp,
    assessment::Figure,
    duty::{DutyRate, RateCount, Shift},
};

use super::{
    SqliteStorage, refused,
    row::{self, collect, count, damaged, id, kind, time},
    scope::{ASSESS, DESK, LEAD, TEAM, in_scope},
};
use crate::storage::{
    Duty, DutyStorage, EnteredCount, NewDuty, NewRateCount, PlaceRates, StorageError,
    StorageResult, WorkSpan, WorkerSpot,
};

/// Spots are kept in steps of so many degrees: about a hundred metres.
const STEP_DEGREES: f64 = 1e-3;

fn plan(connection: &Connection, new: &NewDuty) -> StorageResult<()> {
    super::scope::require_at(connection, &new.planned_by, new.at, &new.node, DESK)?;
    let works: bool = connection
        .prepare_cached(&in_scope(&format!(
            "SELECT EXISTS (
                 SELECT 1 FROM scope JOIN assignment ON assignment.node = scope.id
                 JOIN person ON person.id = assignment.person AND person.active = 1
                 WHERE scope.{desk} AND assignment.person = :who
                   AND assignment.valid_from <= :starts
                   AND (assignment.valid_to IS NULL OR assignment.valid_to > :starts))",
            desk = DESK.name()
        )))?
        .query_row(
            named_params! {
                ":person": new.planned_by.as_bytes(), ":at": new.at.as_millis(),
                ":who": new.person.as_bytes(), ":starts": new.shift.starts_at.as_millis(),
            },
            |row| row.get(0),
        )?;
    if !works {
        return Err(StorageError::Missing("person"));
    }
    let is_taken: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM duty WHERE person = ?1 AND cancelled_at IS NULL
                 AND starts_at < ?3 AND ends_at > ?2)",
        )?
        .query_row(
            params![
                new.person.as_bytes(),
                new.shift.starts_at.as_millis(),
                new.shift.ends_at.as_millis()
            ],
            |row| row.get(0),
        )?;
    if is_taken {
        return Err(StorageError::Taken("duty"));
    }
    connection
        .prepare_cached(
            "INSERT INTO duty (id, node, person, starts_at, ends_at, note, planned_by, planned_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.node.as_bytes(),
            new.person.as_bytes(),
            new.shift.starts_at.as_millis(),
            new.shift.ends_at.as_millis(),
            new.note,
            new.planned_by.as_bytes(),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "duty", "person"))?;
    Ok(())
}

fn cancel(
    connection: &Connection,
    of: &DutyId,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<()> {
    let done = connection
        .prepare_cached(&in_scope(&format!(
            "UPDATE duty SET cancelled_by = :person, cancelled_at = :at
             WHERE id = :id AND cancelled_at IS NULL
               AND node IN (SELECT id FROM scope WHERE {desk})",
            desk = DESK.name()
        )))?
        .execute(named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":id": of.as_bytes(),
        })?;
    if done == 0 {
        return Err(StorageError::Missing("duty"));
    }
    Ok(())
}

fn list(
    connection: &Connection,
    viewer: &PersonId,
    at: Timestamp,
    within: Shift,
) -> StorageResult<Vec<Duty>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT duty.id, duty.node, node.name, duty.person, person.name, person.phone,
             duty.starts_at, duty.ends_at, duty.note, planner.name,
             duty.node IN (SELECT id FROM scope WHERE {desk})
         FROM duty JOIN org_node AS node ON node.id = duty.node
         JOIN person ON person.id = duty.person
         JOIN person AS planner ON planner.id = duty.planned_by
         WHERE duty.cancelled_at IS NULL AND duty.starts_at < :until AND duty.ends_at > :from
           AND (duty.person = :person OR duty.node IN (SELECT id FROM scope WHERE {team}))
         ORDER BY node.path, duty.starts_at, person.name, duty.id LIMIT 1000",
        desk = DESK.name(),
        team = TEAM.name(),
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": viewer.as_bytes(), ":at": at.as_millis(),
            ":from": within.starts_at.as_millis(), ":until": within.ends_at.as_millis(),
        },
        |row| {
            Ok(Duty {
                id: id(row, 0, DutyId::from_bytes)?,
                node: id(row, 1, OrgNodeId::from_bytes)?,
                node_name: row.get(2)?,
                person: id(row, 3, PersonId::from_bytes)?,
                person_name: row.get(4)?,
                phone: row.get(5)?,
                shift: Shift {
                    starts_at: time(row, 6)?,
                    ends_at: time(row, 7)?,
                },
                note: row.get(8)?,
                planned_by: row.get(9)?,
                may_plan: row.get(10)?,
            })
        },
    )?;
    collect(rows)
}

/// Whether an assignment lets the person enter counts at a place.
fn may_count() -> String {
    format!("({} OR {})", DESK.name(), ASSESS.name())
}

fn create_count(connection: &Connection, new: &NewRateCount) -> StorageResult<()> {
    let may: bool = connection
        .prepare_cached(&in_scope(&format!(
            "SELECT EXISTS (SELECT 1 FROM scope WHERE id = :node AND {})",
            may_count()
        )))?
        .query_row(
            named_params! {
                ":person": new.person.as_bytes(), ":at": new.at.as_millis(),
                ":node": new.node.as_bytes(),
            },
            |row| row.get(0),
        )?;
    if !may {
        return Err(StorageError::Missing("org_node"));
    }
    connection
        .prepare_cached(
            "INSERT INTO rate_count (id, node, rate, day, part, whole, note, person, counted_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.node.as_bytes(),
            new.count.rate.as_str(),
            new.count.day.number(),
            row::integer(new.count.part),
            row::integer(new.count.whole),
            new.count.note,
            new.person.as_bytes(),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "rate_count", "person"))?;
    Ok(())
}

fn withdraw_count(
    connection: &Connection,
    of: &RateCountId,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<()> {
    let done = connection
        .prepare_cached(&in_scope(&format!(
            "UPDATE rate_count SET withdrawn_by = :person, withdrawn_at = :at
             WHERE id = :id AND withdrawn_at IS NULL
               AND node IN (SELECT id FROM scope WHERE {})",
            may_count()
        )))?
        .execute(named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":id": of.as_bytes(),
        })?;
    if done == 0 {
        return Err(StorageError::Missing("rate_count"));
    }
    Ok(())
}

fn list_counts(
    connection: &Connection,
    viewer: &PersonId,
    at: Timestamp,
    days: WorkSpan,
) -> StorageResult<Vec<EnteredCount>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT entered.id, node.name, entered.rate, entered.day, entered.part, entered.whole,
             entered.note, person.name, entered.node IN (SELECT id FROM scope WHERE {})
         FROM rate_count AS entered JOIN org_node AS node ON node.id = entered.node
         JOIN person ON person.id = entered.person
         WHERE entered.withdrawn_at IS NULL AND entered.day BETWEEN :first AND :last
           AND entered.node IN (SELECT id FROM scope WHERE may_see_work)
         ORDER BY entered.day DESC, entered.counted_at DESC, entered.id LIMIT 500",
        may_count()
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": viewer.as_bytes(), ":at": at.as_millis(),
            ":first": days.first.number(), ":last": days.last.number(),
        },
        |row| {
            Ok(EnteredCount {
                id: id(row, 0, RateCountId::from_bytes)?,
                node_name: row.get(1)?,
                count: RateCount {
                    rate: rate(row, 2)?,
                    day: CivilDay::from_number(row.get(3)?),
                    part: count(row.get(4)?),
                    whole: count(row.get(5)?),
                    note: row.get(6)?,
                },
                person_name: row.get(7)?,
                may_withdraw: row.get(8)?,
            })
        },
    )?;
    collect(rows)
}

fn rate(row: &Row<'_>, column: usize) -> rusqlite::Result<DutyRate> {
    DutyRate::parse(&row.get::<_, String>(column)?).ok_or_else(|| damaged(column, "duty rate"))
}

/// What was counted at or below a place, and the incidents filed there.
fn rates_of(
    connection: &Connection,
    path: &str,
    days: WorkSpan,
) -> StorageResult<[Figure; DutyRate::ALL.len()]> {
    let mut statement = connection.prepare_cached(
        "SELECT entered.rate, sum(entered.part), sum(entered.whole)
         FROM org_node AS node JOIN rate_count AS entered ON entered.node = node.id
         WHERE node.path >= ?1 AND node.path < ?1 || 'g'
           AND entered.withdrawn_at IS NULL AND entered.day BETWEEN ?2 AND ?3
         GROUP BY entered.rate
         UNION ALL
         SELECT ?4, coalesce(sum(fact.is_closed), 0), count(*)
         FROM org_node AS node JOIN incident_fact AS fact ON fact.grid = node.id
         WHERE node.path >= ?1 AND node.path < ?1 || 'g' AND node.level = 'grid'
           AND fact.filed_on BETWEEN ?2 AND ?3",
    )?;
    let rows = statement.query_map(
        params![
            path,
            days.first.number(),
            days.last.number(),
            DutyRate::Solved.as_str()
        ],
        |row| {
            let figure = Figure {
                part: count(row.get(1)?),
                whole: count(row.get(2)?),
            };
            Ok((rate(row, 0)?, figure))
        },
    )?;
    let found = collect(rows)?;
    let mut rates = [Figure::default(); DutyRate::ALL.len()];
    for (slot, rate) in rates.iter_mut().zip(DutyRate::ALL) {
        for (_, figure) in found.iter().filter(|(of, _)| of == rate) {
            *slot = slot.plus(*figure);
        }
    }
    Ok(rates)
}

fn find_rates(
    connection: &Connection,
    viewer: &PersonId,
    at: Timestamp,
    place: &OrgNodeId,
    days: WorkSpan,
) -> StorageResult<Option<Vec<PlaceRates>>> {
    let mut statement = connection.prepare_cached(&in_scope(
        "SELECT DISTINCT node.id, node.name, node.path
         FROM scope JOIN org_node AS node ON node.id = scope.id OR node.parent = scope.id
         WHERE scope.id = :node AND scope.may_see_work AND node.level <> 'micro_grid'
           AND node.valid_from <= :at AND (node.valid_to IS NULL OR node.valid_to > :at)
         ORDER BY node.id <> :node, node.code, node.name, node.id",
    ))?;
    let nodes = statement.query_map(
        named_params! {
            ":person": viewer.as_bytes(), ":at": at.as_millis(), ":node": place.as_bytes(),
        },
        |row| {
            let node = id(row, 0, OrgNodeId::from_bytes)?;
            Ok((node, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        },
    )?;
    let nodes = collect(nodes)?;
    if nodes.is_empty() {
        return Ok(None);
    }
    let mut rows = Vec::with_capacity(nodes.len());
    for (node, name, path) in nodes {
        rows.push(PlaceRates {
            node,
            name,
            rates: rates_of(connection, &path, days)?,
        });
    }
    Ok(Some(rows))
}

/// Keeps where somebody was, if nothing later is known of them.
pub(super) fn put_spot(
    connection: &Connection,
    person: &PersonId,
    grid: &GridId,
    spot: Seen,
) -> StorageResult<()> {
    // A phone whose clock is ahead must not keep the true places away.
    if spot.at > spot.now {
        return Ok(());
    }
    let round = |degrees: f64| (degrees / STEP_DEGREES).round() * STEP_DEGREES;
    connection
        .prepare_cached(
            "INSERT INTO worker_spot (person, grid, at, kind, longitude, latitude)
             SELECT id, ?2, ?3, ?4, ?5, ?6 FROM person WHERE id = ?1
             ON CONFLICT (person) DO UPDATE SET grid = excluded.grid, at = excluded.at,
                 kind = excluded.kind, longitude = excluded.longitude,
                 latitude = excluded.latitude
             WHERE excluded.at >= at",
        )?
        .execute(params![
            person.as_bytes(),
            grid.as_bytes(),
            spot.at.as_millis(),
            spot.kind.number(),
            round(spot.longitude),
            round(spot.latitude),
        ])?;
    Ok(())
}

/// A place with a time, as a record says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// When.
    pub(super) at: Timestamp,
    /// What time it is.
    pub(super) now: Timestamp,
    /// What kind of record says so.
    pub(super) kind: RecordKind,
    /// Degrees east.
    pub(super) longitude: f64,
    /// Degrees north.
    pub(super) latitude: f64,
}

/// Forgets places of days that are over.
pub(super) fn forget_spots(connection: &Connection, before: Timestamp) -> StorageResult<()> {
    connection
        .prepare_cached("DELETE FROM worker_spot WHERE at < ?1")?
        .execute([before.as_millis()])?;
    Ok(())
}

fn list_spots(
    connection: &Connection,
    viewer: &PersonId,
    at: Timestamp,
    since: Timestamp,
) -> StorageResult<Vec<WorkerSpot>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT spot.person, person.name, spot.grid, grid.name, spot.at, spot.kind,
             spot.longitude, spot.latitude,
             spot.person = :person OR spot.grid IN (
                 SELECT id FROM scope WHERE {lead} OR {desk})
         FROM worker_spot AS spot JOIN person ON person.id = spot.person AND person.active = 1
         JOIN org_node AS grid ON grid.id = spot.grid
         WHERE spot.at >= :since AND spot.at <= :at
           AND (spot.person = :person OR spot.grid IN (SELECT id FROM scope_work))
         ORDER BY spot.at DESC, spot.person LIMIT 2000",
        lead = LEAD.name(),
        desk = DESK.name(),
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": viewer.as_bytes(), ":at": at.as_millis(), ":since": since.as_millis(),
        },
        |row| {
            let name: String = row.get(1)?;
            let is_named: bool = row.get(8)?;
            Ok(WorkerSpot {
                person: id(row, 0, PersonId::from_bytes)?,
                person_name: if is_named {
                    name
                } else {
                    MaskingKind::Name.mask(&name)
                },
                grid: id(row, 2, GridId::from_bytes)?,
                grid_name: row.get(3)?,
                at: time(row, 4)?,
                kind: kind(row, 5)?,
                longitude: row.get(6)?,
                latitude: row.get(7)?,
            })
        },
    )?;
    collect(rows)
}

#[async_trait]
impl DutyStorage for SqliteStorage {
    async fn plan_duty(&self, new: &NewDuty) -> StorageResult<()> {
        let new = new.clone();
        self.write(move |connection, _| plan(connection, &new))
            .await
    }

    async fn cancel_duty(
        &self,
        id: &DutyId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()> {
        let (id, person) = (*id, *person);
        self.write(move |connection, _| cancel(connection, &id, &person, at))
            .await
    }

    async fn list_duties(
        &self,
        viewer: &PersonId,
        at: Timestamp,
        within: Shift,
    ) -> StorageResult<Vec<Duty>> {
        let viewer = *viewer;
        self.read(move |connection| list(connection, &viewer, at, within))
            .await
    }

    async fn create_rate_count(&self, new: &NewRateCount) -> StorageResult<()> {
        let new = new.clone();
        self.write(move |connection, _| create_count(connection, &new))
            .await
    }

    async fn withdraw_rate_count(
        &self,
        id: &RateCountId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()> {
        let (id, person) = (*id, *person);
        self.write(move |connection, _| withdraw_count(connection, &id, &person, at))
            .await
    }

    async fn list_rate_counts(
        &self,
        viewer: &PersonId,
        at: Timestamp,
        days: WorkSpan,
    ) -> StorageResult<Vec<EnteredCount>> {
        let viewer = *viewer;
        self.read(move |connection| list_counts(connection, &viewer, at, days))
            .await
    }

    async fn find_rates(
        &self,
        viewer: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
        days: WorkSpan,
    ) -> StorageResult<Option<Vec<PlaceRates>>> {
        let (viewer, place) = (*viewer, *place);
        self.read(move |connection| find_rates(connection, &viewer, at, &place, days))
            .await
    }

    async fn list_worker_spots(
        &self,
        viewer: &PersonId,
        at: Timestamp,
        since: Timestamp,
    ) -> StorageResult<Vec<WorkerSpot>> {
        let viewer = *viewer;
        self.read(move |connection| list_spots(connection, &viewer, at, since))
            .await
    }
}
