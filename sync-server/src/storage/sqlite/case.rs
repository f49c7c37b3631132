//! See [`CaseStorage`].

use std::fmt::Write as _;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, ToSql, named_params, params};
use wangge_model::{
    GridId, OrgNodeId, PersonId, RecordId, RecordSummary, Timestamp,
    case::{CaseLevel, CaseState},
    deadline::Light,
};

use super::{
    SqliteStorage,
    likeness::{self, MOST_REPORTERS, REPORTER_MS},
    record, resident,
    row::{self, SUMMARY_COLUMNS, SUMMARY_WIDTH},
    scope::{self, in_scope, reads_incidents_of},
};
use crate::storage::{
    CaseFilter, CasePage, CaseQueue, CaseScope, CaseStorage, DueCase, FirstAskedSum, ListedCase,
    StorageResult, StoredRecord,
};

/// Grids of a scope up to which each one's index is read.
const FEW_GRIDS: u64 = 64;
/// Grids from which on the inbox of all grids is walked until the page is full,
/// and each row asked whether it is in scope.
const MANY_GRIDS: u64 = 2_000;
/// Between the two, all are walked by whoever sees at least one place in so many:
/// the pages of others would be too far apart.
const PART: u64 = 8;

/// Writes what is derived of an incident's case; nothing before it has a number.
pub(super) fn put(
    connection: &Connection,
    id: &RecordId,
    grid: &GridId,
    summary: &RecordSummary,
    at: Timestamp,
) -> StorageResult<()> {
    if summary.number.is_empty() {
        return Ok(());
    }
    let case = summary.case.clone().unwrap_or_default();
    // A state of a later build: something may still be to be done.
    let is_open = CaseState::parse(&summary.state).is_none_or(|state| !state.is_over());
    connection
        .prepare_cached(&format!(
            "INSERT INTO incident_case (record, grid, is_open, sort_at, level, state, category,
                 due_at, warn_at, ended_at, is_emergency, open_requests, signal_at, press_at,
                 approved, first_asked)
             VALUES (?1, ?2, ?3, coalesce(?4, ?5), ?6, ?7, ?8, ?4, ?9, ?10, ?11, ?12, ?13,
                 coalesce(?4, ?5), ?14, ?15)
             ON CONFLICT (record) DO UPDATE SET is_open = excluded.is_open,
                 sort_at = coalesce(excluded.due_at, sort_at),
                 press_at = coalesce(excluded.due_at, sort_at)
                     - min(reporters - 1, {MOST_REPORTERS}) * {REPORTER_MS},
                 compare_due = 1, level = excluded.level,
                 state = excluded.state, category = excluded.category, due_at = excluded.due_at,
                 warn_at = excluded.warn_at, ended_at = excluded.ended_at,
                 is_emergency = excluded.is_emergency, open_requests = excluded.open_requests,
                 signal_at = excluded.signal_at, approved = excluded.approved,
                 first_asked = excluded.first_asked"
        ))?
        .execute(params![
            id.as_bytes(),
            grid.as_bytes(),
            is_open,
            case.due_at.map(Timestamp::as_millis),
            at.as_millis(),
            case.level(),
            summary.state,
            summary.category,
            case.warn_at.map(Timestamp::as_millis),
            case.ended_at.map(Timestamp::as_millis),
            case.is_emergency,
            case.open_requests,
            case.next_signal_at()
                .filter(|_| is_open)
                .map(Timestamp::as_millis),
            case.approved,
            case.first_asked.as_ref().map(PersonId::as_bytes),
        ])?;
    let (reporter, into) = (case.reporter.as_ref(), case.merged_into.as_ref());
    likeness::put_merge(connection, id, reporter, into)?;
    put_units(connection, id, case.unit.iter().chain(&case.joint))?;
    resident::tell_reporter(connection, id, summary, at)
}

/// Most reports have no unit and never had one: one look at an index.
fn put_units<'a>(
    connection: &Connection,
    id: &RecordId,
    units: impl Iterator<Item = &'a OrgNodeId>,
) -> StorageResult<()> {
    connection
        .prepare_cached("DELETE FROM incident_unit WHERE record = ?1")?
        .execute([id.as_bytes()])?;
    for unit in units {
        connection
            .prepare_cached("INSERT OR IGNORE INTO incident_unit (unit, record) VALUES (?1, ?2)")?
            .execute(params![unit.as_bytes(), id.as_bytes()])?;
    }
    Ok(())
}

/// Values to bind, by name.
type Named = Vec<(&'static str, Box<dyn ToSql>)>;

/// The conditions of a filter besides its queue, on `incident_case`.
fn conditions(filter: &CaseFilter, at: Timestamp) -> (String, Named) {
    let mut sql = String::new();
    let mut values = Named::new();
    let mut add = |condition: &str, name: &'static str, value: Box<dyn ToSql>| {
        // Writing to a string does not fail.
        let _ = write!(sql, " AND {condition}");
        values.push((name, value));
    };
    // Whoever was asked first keeps track of what is over, too.
    if filter.state.is_some() || filter.first_asked.is_none() {
        let is_open = filter.state.is_none_or(|state| !state.is_over());
        add("c.is_open = :is_open", ":is_open", Box::new(is_open));
    }
    if let Some(person) = filter.first_asked {
        let asked = "c.first_asked = :first_asked";
        add(asked, ":first_asked", Box::new(*person.as_bytes()));
    }
    if let Some(state) = filter.state {
        add("c.state = :state", ":state", Box::new(state.as_str()));
    }
    if let CaseQueue::Desk(level) = filter.queue {
        // An emergency is everybody's at once (突发性), until somebody took it in.
        let own = "(c.level = :level OR (c.is_emergency = 1 AND c.state = 'reported'))";
        add(own, ":level", Box::new(level.as_str()));
    }
    if let Some(grid) = filter.grid {
        add("c.grid = :grid", ":grid", Box::new(*grid.as_bytes()));
    }
    if let Some((from, to)) = filter.received {
        let received = "(SELECT created_at FROM record WHERE record.id = c.record)";
        let (least, most) = (format!("{received} >= :from"), format!("{received} < :to"));
        add(&least, ":from", Box::new(from.as_millis()));
        add(&most, ":to", Box::new(to.as_millis()));
    }
    if !filter.class.is_empty() {
        let class = "substr(c.category, 1, length(:class)) = :class";
        add(class, ":class", Box::new(filter.class.clone()));
    }
    if let Some(light) = filter.light {
        // As the model's `CaseSummary::light`: the time is that of the result,
        // or now.
        let now = "coalesce(c.ended_at, :now)";
        let condition = match light {
            Light::Red => format!("{now} > c.due_at"),
            Light::Yellow => format!("{now} <= c.due_at AND {now} >= c.warn_at"),
            Light::Green => format!("{now} < c.warn_at"),
        };
        add(&condition, ":now", Box::new(at.as_millis()));
    }
    (sql, values)
}

fn list(
    connection: &Connection,
    filter: &CaseFilter,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<CasePage> {
    let (conditions, mut values) = conditions(filter, at);
    values.push((":person", Box::new(*person.as_bytes())));
    values.push((":at", Box::new(at.as_millis())));
    let bound: Vec<(&str, &dyn ToSql)> = values
        .iter()
        .map(|(name, value)| (*name, value.as_ref()))
        .collect();
    let grids = scope::count_incident_grids(connection, person, at, MANY_GRIDS)?;
    let from = match filter.queue {
        CaseQueue::Units => format!(
            "FROM incident_case AS c
             WHERE c.record IN (SELECT record FROM incident_unit
                                WHERE unit IN (SELECT id FROM scope_unit)) {conditions}"
        ),
        _ if filter.first_asked.is_some() => format!(
            "FROM incident_case AS c INDEXED BY incident_case_first_asked
             WHERE {} {conditions}",
            reads_incidents_of("c.grid")
        ),
        _ if grids >= MANY_GRIDS => format!(
            "FROM incident_case AS c INDEXED BY incident_case_inbox
             WHERE {} {conditions}",
            reads_incidents_of("c.grid")
        ),
        _ if grids > FEW_GRIDS && is_large_part(connection, grids)? => format!(
            "FROM incident_case AS c INDEXED BY incident_case_inbox
             WHERE c.grid IN (SELECT id FROM scope_record WHERE kind = 3) {conditions}"
        ),
        _ => format!(
            "FROM incident_case AS c INDEXED BY incident_case_grid
             WHERE c.grid IN (SELECT id FROM scope_record WHERE kind = 3) {conditions}"
        ),
    };
    let most = CasePage::MOST + 1;
    let count = in_scope(&format!(
        "SELECT count(*) FROM (SELECT 1 {from} LIMIT {most})"
    ));
    let total: i64 = connection
        .prepare_cached(&count)?
        .query_row(bound.as_slice(), |row| row.get(0))?;
    let (limit, offset) = (filter.limit, filter.offset);
    // What is over stands at the end.
    let (order, page_order) = if filter.first_asked.is_some() {
        ("c.is_open DESC, ", "page.is_open DESC, ")
    } else {
        ("", "")
    };
    let page = in_scope(&format!(
        "SELECT record.id, record.kind, record.grid, coalesce(home.name, ''), record.created_at,
             record.changed_at, {SUMMARY_COLUMNS}, page.reporters,
             (SELECT count(*) FROM incident_alike AS alike
              JOIN incident_case AS other ON other.record = alike.other
              WHERE alike.record = page.id AND {alike_in_scope})
         FROM (SELECT c.record AS id, c.press_at AS press_at, c.reporters AS reporters,
                   c.is_open AS is_open {from}
               ORDER BY {order}c.press_at, c.record
               LIMIT {limit} OFFSET {offset}) AS page
         JOIN record ON record.id = page.id
         LEFT JOIN org_node AS home ON home.id = record.grid
         ORDER BY {page_order}page.press_at, page.id",
        alike_in_scope = reads_incidents_of("other.grid"),
    ));
    let mut statement = connection.prepare_cached(&page)?;
    let rows = statement.query_map(bound.as_slice(), |row| {
        let after = record::LISTED_WIDTH + SUMMARY_WIDTH;
        Ok(ListedCase {
            record: record::listed(row, 0)?,
            reporters: row.get(after)?,
            alike: row.get(after + 1)?,
        })
    })?;
    Ok(CasePage {
        cases: row::collect(rows)?,
        total: row::count(total),
    })
}

/// Whether so many grids are at least one of [`PART`] places there are.
fn is_large_part(connection: &Connection, grids: u64) -> StorageResult<bool> {
    let most = row::integer(grids * PART);
    let places: i64 = connection
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM org_node LIMIT ?1)")?
        .query_row([most], |row| row.get(0))?;
    Ok(places < most)
}

fn sum_first_asked(
    connection: &Connection,
    (from, to): (Timestamp, Timestamp),
    viewer: &PersonId,
    at: Timestamp,
) -> StorageResult<Vec<FirstAskedSum>> {
    let mut statement = connection.prepare_cached(&in_scope(
        "SELECT person.id, person.name, count(*), sum(c.is_open),
             sum(c.is_open = 1 AND c.ended_at IS NULL AND c.due_at < :at),
             sum(c.state IN ('handled', 'verified')), sum(c.state IN ('closed', 'archived'))
         FROM incident_case AS c
         JOIN record ON record.id = c.record
         JOIN person ON person.id = c.first_asked
         WHERE c.grid IN (SELECT id FROM scope_record WHERE kind = 3)
           AND record.created_at >= :from AND record.created_at < :to
           AND c.state NOT IN ('void', 'merged')
           AND (c.first_asked = :person OR c.grid IN (SELECT id FROM scope_work))
         GROUP BY person.id, person.name
         ORDER BY sum(c.is_open) DESC, count(*) DESC, person.name, person.id LIMIT 1000",
    ))?;
    let rows = statement.query_map(
        named_params! {
            ":person": viewer.as_bytes(), ":at": at.as_millis(),
            ":from": from.as_millis(), ":to": to.as_millis(),
        },
        |row| {
            Ok(FirstAskedSum {
                person: row::id(row, 0, PersonId::from_bytes)?,
                name: row.get(1)?,
                total: row::count(row.get(2)?),
                open: row::count(row.get(3)?),
                overdue: row::count(row.get::<_, Option<i64>>(4)?.unwrap_or(0)),
                untold: row::count(row.get(5)?),
                told: row::count(row.get(6)?),
            })
        },
    )?;
    row::collect(rows)
}

fn due(
    connection: &Connection,
    sql: &str,
    at: Timestamp,
    limit: u32,
) -> StorageResult<Vec<DueCase>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![at.as_millis(), limit], |row| {
        Ok(DueCase {
            record: row::id(row, 0, RecordId::from_bytes)?,
            open_requests: row.get(1)?,
        })
    })?;
    row::collect(rows)
}

fn find_scope(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<CaseScope> {
    let mut statement = connection.prepare_cached(&in_scope(
        "SELECT id, 1 FROM scope_record WHERE kind = 3 UNION ALL SELECT id, 0 FROM scope_unit",
    ))?;
    let mut scope = CaseScope::default();
    let mut rows =
        statement.query(named_params! { ":person": person.as_bytes(), ":at": at.as_millis() })?;
    while let Some(row) = rows.next()? {
        if row.get(1)? {
            scope.grids.insert(row::id(row, 0, GridId::from_bytes)?);
        } else {
            scope.units.insert(row::id(row, 0, OrgNodeId::from_bytes)?);
        }
    }
    Ok(scope)
}

#[async_trait]
impl CaseStorage for SqliteStorage {
    async fn find_case_scope(&self, person: &PersonId, at: Timestamp) -> StorageResult<CaseScope> {
        let person = *person;
        self.read(move |connection| find_scope(connection, &person, at))
            .await
    }

    async fn list_cases(
        &self,
        filter: &CaseFilter,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<CasePage> {
        let (filter, person) = (filter.clone(), *person);
        self.read(move |connection| list(connection, &filter, &person, at))
            .await
    }

    async fn sum_first_asked(
        &self,
        received: (Timestamp, Timestamp),
        viewer: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<FirstAskedSum>> {
        let viewer = *viewer;
        self.read(move |connection| sum_first_asked(connection, received, &viewer, at))
            .await
    }

    async fn find_case(
        &self,
        id: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Option<StoredRecord>> {
        let (id, person) = (*id, *person);
        self.read(move |connection| {
            let sql = in_scope(&format!(
                "SELECT 1 FROM record WHERE record.id = :id AND record.kind = 3
                 AND ({in_scope}
                      OR EXISTS (SELECT 1 FROM incident_unit
                                 WHERE incident_unit.record = record.id
                                   AND incident_unit.unit IN (SELECT id FROM scope_unit)))",
                in_scope = reads_incidents_of("record.grid"),
            ));
            let is_seen = connection
                .prepare_cached(&sql)?
                .query_row(
                    named_params! {
                        ":person": person.as_bytes(), ":at": at.as_millis(), ":id": id.as_bytes(),
                    },
                    |_| Ok(()),
                )
                .optional()?
                .is_some();
            if is_seen {
                record::find(connection, &id)
            } else {
                Ok(None)
            }
        })
        .await
    }

    async fn list_approved(
        &self,
        level: CaseLevel,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<StoredRecord>> {
        let person = *person;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&in_scope(
                "SELECT record.id FROM incident_case AS c JOIN record ON record.id = c.record
                 WHERE c.approved IS NOT NULL AND c.approved & :bit <> 0
                   AND c.grid IN (SELECT id FROM scope_record WHERE kind = 3)
                 ORDER BY record.changed_at DESC, record.id LIMIT 1000",
            ))?;
            let rows = statement.query_map(
                named_params! {
                    ":person": person.as_bytes(), ":at": at.as_millis(), ":bit": level.bit(),
                },
                |row| row::id(row, 0, RecordId::from_bytes),
            )?;
            let mut found = Vec::new();
            for id in row::collect(rows)? {
                found.extend(record::find(connection, &id)?);
            }
            Ok(found)
        })
        .await
    }

    async fn list_due_cases(&self, at: Timestamp, limit: u32) -> StorageResult<Vec<DueCase>> {
        self.read(move |connection| {
            due(
                connection,
                "SELECT record, open_requests FROM incident_case
                 WHERE signal_at IS NOT NULL AND signal_at <= ?1 ORDER BY signal_at LIMIT ?2",
                at,
                limit,
            )
        })
        .await
    }

    async fn list_unanswered_cases(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> StorageResult<Vec<DueCase>> {
        self.read(move |connection| {
            due(
                connection,
                "SELECT c.record, c.open_requests FROM incident_case AS c
                 JOIN record ON record.id = c.record
                 WHERE c.open_requests > 0 AND record.changed_at <= ?1 LIMIT ?2",
                before,
                limit,
            )
        })
        .await
    }

    async fn put_off_case(&self, id: &RecordId, until: Timestamp) -> StorageResult<()> {
        let id = *id;
        self.write(move |connection, _| {
            connection
                .prepare_cached("UPDATE incident_case SET signal_at = ?2 WHERE record = ?1")?
                .execute(params![id.as_bytes(), until.as_millis()])?;
            Ok(())
        })
        .await
    }

    async fn lease_job(
        &self,
        name: &str,
        holder: &[u8; 16],
        at: Timestamp,
        until: Timestamp,
    ) -> StorageResult<bool> {
        let (name, holder) = (name.to_owned(), *holder);
        self.write(move |connection, _| {
            let taken = connection
                .prepare_cached(
                    "INSERT INTO job_lease (name, holder, expires_at) VALUES (?1, ?2, ?4)
                     ON CONFLICT (name) DO UPDATE SET holder = ?2, expires_at = ?4
                     WHERE holder = ?2 OR expires_at <= ?3",
                )?
                .execute(params![name, holder, at.as_millis(), until.as_millis()])?;
            Ok(taken > 0)
        })
        .await
    }
}
