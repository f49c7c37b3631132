//! See [`LikenessStorage`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{
    GridId, OrgNodeId, PersonId, RecordId, Timestamp,
    coordinate::Point,
    document::RecordDocument,
    incident::Incident,
    likeness::{INCIDENT_LIKENESS, Likeness, LikenessRules, Traits},
};

use super::{
    SqliteStorage,
    console::id_list,
    duty::{self, Seen},
    record, reference,
    row::{self, SUMMARY_COLUMNS, SUMMARY_WIDTH, collect, id},
    scope::in_scope,
};
use crate::storage::{
    AlikeCase, Compared, LikenessStorage, ListedRecord, StorageResult, StoredRecord,
};

/// For each reporter more an incident is shown as if it were due two hours
/// earlier, a day earlier at most: our own choice, enough to bring it before what
/// is due the same day and not enough to bury what is overdue.
pub(super) const REPORTER_MS: i64 = 2 * 3_600_000;
/// Reporters beyond the first that count for that.
pub(super) const MOST_REPORTERS: i64 = 12;
/// Incidents one is compared with, those nearest in time first.
const CANDIDATES: u32 = 200;
/// Incidents a case page shows.
const SHOWN: u32 = 10;
/// Metres of a degree of latitude, a little less than the least there is, so
/// that the box is never too small.
const DEGREE_M: f64 = 110_000.0;
/// Longest chain of merges that is followed.
const MOST_STEPS: usize = 100;

/// Everything that was merged into `:id`, and itself.
const BELOW: &str = "below (id) AS (
         SELECT :id
         UNION
         SELECT merged.record FROM below JOIN incident_case AS merged ON merged.merged_into = below.id
     )";

/// The incident a chain of merges leads to; `None` if it leads back.
fn find_root(connection: &Connection, of: RecordId) -> StorageResult<Option<RecordId>> {
    let mut root = of;
    for _ in 0..MOST_STEPS {
        let next = connection
            .prepare_cached("SELECT merged_into FROM incident_case WHERE record = ?1")?
            .query_row([root.as_bytes()], |row| {
                row::optional_id(row, 0, RecordId::from_bytes)
            })
            .optional()?
            .flatten();
        match next {
            None => return Ok(Some(root)),
            Some(next) if next == of => return Ok(None),
            Some(next) => root = next,
        }
    }
    Ok(None)
}

/// Counts who reported what this incident now stands for, and puts it where
/// that many belong.
fn recount(connection: &Connection, of: RecordId) -> StorageResult<()> {
    let Some(root) = find_root(connection, of)? else {
        return Ok(());
    };
    connection
        .prepare_cached(&format!(
            "WITH RECURSIVE {BELOW},
             counted (reporters) AS (
                 SELECT max(1, count(DISTINCT coalesce(reporter, record)))
                 FROM incident_case WHERE record IN (SELECT id FROM below)
             )
             UPDATE incident_case
             SET reporters = counted.reporters,
                 press_at = sort_at - min(counted.reporters - 1, {MOST_REPORTERS}) * {REPORTER_MS}
             FROM counted WHERE record = :id"
        ))?
        .execute(named_params! { ":id": root.as_bytes() })?;
    Ok(())
}

/// Whether another incident was merged into this one.
fn has_merged(connection: &Connection, into: &RecordId) -> StorageResult<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM incident_case WHERE merged_into = ?1)")?
        .query_row([into.as_bytes()], |row| row.get(0))?)
}

/// Notes who reported an incident and what it was merged into; counts anew what
/// that changes.
pub(super) fn put_merge(
    connection: &Connection,
    record: &RecordId,
    reporter: Option<&PersonId>,
    into: Option<&RecordId>,
) -> StorageResult<()> {
    let before = connection
        .prepare_cached("SELECT reporter, merged_into FROM incident_case WHERE record = ?1")?
        .query_row([record.as_bytes()], |row| {
            Ok((
                row::optional_id(row, 0, PersonId::from_bytes)?,
                row::optional_id(row, 1, RecordId::from_bytes)?,
            ))
        })
        .optional()?;
    let Some((reporter_before, into_before)) = before else {
        return Ok(());
    };
    if reporter_before.as_ref() == reporter && into_before.as_ref() == into {
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE incident_case SET reporter = ?2, merged_into = ?3 WHERE record = ?1",
        )?
        .execute(params![
            record.as_bytes(),
            reporter.map(PersonId::as_bytes),
            into.map(RecordId::as_bytes),
        ])?;
    // Most reports stand for themselves alone, and are counted as one from the
    // start: a push of them does not wait for that.
    if into_before.is_none() && into.is_none() && !has_merged(connection, record)? {
        return Ok(());
    }
    for changed in into_before.into_iter().chain([*record]) {
        recount(connection, changed)?;
    }
    Ok(())
}

/// The rules by grid, each read once.
#[derive(Default)]
struct Rules(BTreeMap<GridId, LikenessRules>);

impl Rules {
    fn of(&mut self, connection: &Connection, grid: GridId) -> StorageResult<LikenessRules> {
        if let Some(rules) = self.0.get(&grid) {
            return Ok(*rules);
        }
        let set = reference::find_above(connection, INCIDENT_LIKENESS, &OrgNodeId::from(grid))?;
        let rules: LikenessRules = set
            .and_then(|set| set.read(|body| serde_json::from_slice(body)))
            .unwrap_or_default();
        self.0.insert(grid, rules);
        Ok(rules)
    }
}

/// Traits that `SELECT`s read: record, grid, category, at, longitude, latitude,
/// words.
fn traits(row: &Row<'_>) -> rusqlite::Result<(RecordId, Traits)> {
    let place: Option<f64> = row.get(4)?;
    let place = place.zip(row.get::<_, Option<f64>>(5)?);
    let traits = Traits {
        grid: id(row, 1, GridId::from_bytes)?,
        category: row.get(2)?,
        at: row::time(row, 3)?,
        point: place.and_then(|(longitude, latitude)| Point::new(longitude, latitude, None).ok()),
        text: row.get(6)?,
    };
    Ok((id(row, 0, RecordId::from_bytes)?, traits))
}

fn forget(connection: &Connection, of: &RecordId) -> StorageResult<()> {
    for sql in [
        "DELETE FROM incident_trait WHERE record = ?1",
        "DELETE FROM incident_alike WHERE record = ?1",
        "DELETE FROM incident_alike WHERE other = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([of.as_bytes()])?;
    }
    Ok(())
}

/// Compares one incident with those that are not over.
fn compare(
    connection: &Connection,
    of: &RecordId,
    mine: &Traits,
    rules: LikenessRules,
) -> StorageResult<()> {
    let place = mine.point;
    connection
        .prepare_cached("INSERT INTO incident_trait VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            of.as_bytes(),
            mine.category,
            mine.at.as_millis(),
            place.map(|point| point.longitude),
            place.map(|point| point.latitude),
            mine.text,
        ])?;
    if mine.category.is_empty() {
        return Ok(());
    }
    let span = i64::from(rules.hours) * 3_600_000;
    let (east, north) = place.map_or((0.0, 0.0), |point| {
        let north = f64::from(rules.metres) / DEGREE_M;
        // Degrees of longitude are shorter the further from the equator.
        (north / point.latitude.to_radians().cos().max(0.01), north)
    });
    let mut statement = connection.prepare_cached(&format!(
        "SELECT other.record, incident_case.grid, other.category, other.at, other.longitude,
                other.latitude, other.words
         FROM incident_trait AS other
         JOIN incident_case ON incident_case.record = other.record
         WHERE other.category = :category AND other.at BETWEEN :from AND :to
           AND other.record <> :id
           AND CASE WHEN :longitude IS NULL OR other.longitude IS NULL
                    THEN incident_case.grid = :grid
                    ELSE abs(other.longitude - :longitude) <= :east
                         AND abs(other.latitude - :latitude) <= :north END
         ORDER BY abs(other.at - :at), other.record LIMIT {CANDIDATES}"
    ))?;
    let found = statement.query_map(
        named_params! {
            ":category": mine.category,
            ":from": mine.at.plus_millis(-span).as_millis(),
            ":to": mine.at.plus_millis(span).as_millis(),
            ":at": mine.at.as_millis(),
            ":id": of.as_bytes(),
            ":grid": mine.grid.as_bytes(),
            ":longitude": place.map(|point| point.longitude),
            ":latitude": place.map(|point| point.latitude),
            ":east": east,
            ":north": north,
        },
        traits,
    )?;
    for other in found {
        let (other, theirs) = other?;
        let Some(likeness) = mine.likeness(&theirs, &rules) else {
            continue;
        };
        for (one, two) in [(of, &other), (&other, of)] {
            connection
                .prepare_cached("INSERT INTO incident_alike VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![
                    one.as_bytes(),
                    two.as_bytes(),
                    likeness.metres,
                    likeness.minutes,
                    likeness.percent,
                ])?;
        }
    }
    Ok(())
}

fn compare_some(connection: &Connection, limit: u32) -> StorageResult<Compared> {
    let mut statement = connection
        .prepare_cached("SELECT record FROM incident_case WHERE compare_due = 1 LIMIT ?1")?;
    let due = statement.query_map([limit], |row| id(row, 0, RecordId::from_bytes))?;
    let due = collect(due)?;
    let mut rules = Rules::default();
    let mut compared = Compared::default();
    for of in due {
        compared.count += 1;
        forget(connection, &of)?;
        if let Some(stored) = record::find(connection, &of)? {
            read(connection, &stored, &mut rules)?;
        }
        connection
            .prepare_cached("UPDATE incident_case SET compare_due = 0 WHERE record = ?1")?
            .execute([of.as_bytes()])?;
        if find_root(connection, of)?.is_none() {
            compared.tangled.push(of);
        }
    }
    Ok(compared)
}

fn read(connection: &Connection, stored: &StoredRecord, rules: &mut Rules) -> StorageResult<()> {
    let document = match RecordDocument::load(stored.kind, Some(&stored.document), []) {
        Ok(document) => document,
        Err(error) => {
            // For `verify` to report; the others must not wait for it.
            tracing::warn!(%error, record = %stored.id, "an incident cannot be read");
            return Ok(());
        }
    };
    let incident = Incident::read(&document);
    let case = incident.case.decided.as_ref();
    let (reporter, into) = (
        case.and_then(|case| case.reporter),
        case.and_then(|case| case.merged_into),
    );
    // Of incidents from before this was kept.
    put_merge(connection, &stored.id, reporter.as_ref(), into.as_ref())?;
    connection
        .prepare_cached("UPDATE incident_case SET approved = ?2 WHERE record = ?1")?
        .execute(params![
            stored.id.as_bytes(),
            document.summary().case.and_then(|case| case.approved)
        ])?;
    if let (Some(reporter), Some(point), Some(received)) =
        (reporter, incident.point, incident.case.received_at)
    {
        let seen = Seen {
            at: incident.occurred_at.map_or(received, |at| at.min(received)),
            now: received,
            kind: stored.kind,
            longitude: point.longitude,
            latitude: point.latitude,
        };
        duty::put_spot(connection, &reporter, &stored.grid, seen)?;
    }
    if case.is_some_and(|case| case.state.is_over()) {
        return Ok(());
    }
    let rules = rules.of(connection, stored.grid)?;
    let traits = Traits::of(&incident, stored.grid);
    compare(connection, &stored.id, &traits, rules)
}

/// Columns of [`record::listed`], the grid's name joined as `home`.
fn listed_columns() -> String {
    format!(
        "record.id, record.kind, record.grid, coalesce(home.name, ''), record.created_at,
         record.changed_at, {SUMMARY_COLUMNS}"
    )
}

#[async_trait]
impl LikenessStorage for SqliteStorage {
    async fn compare_incidents(&self, limit: u32) -> StorageResult<Compared> {
        self.write(move |connection, _| compare_some(connection, limit))
            .await
    }

    async fn list_alike(
        &self,
        of: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<AlikeCase>> {
        let (of, person) = (*of, *person);
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&in_scope(&format!(
                "SELECT {}, alike.metres, alike.minutes, alike.percent
                 FROM incident_alike AS alike JOIN record ON record.id = alike.other
                 LEFT JOIN org_node AS home ON home.id = record.grid
                 WHERE alike.record = :id
                   AND record.grid IN (SELECT id FROM scope_record WHERE kind = 3)
                 ORDER BY alike.percent DESC, alike.minutes, record.id LIMIT {SHOWN}",
                listed_columns()
            )))?;
            let rows = statement.query_map(
                named_params! {
                    ":person": person.as_bytes(), ":at": at.as_millis(), ":id": of.as_bytes(),
                },
                |row| {
                    let after = record::LISTED_WIDTH + SUMMARY_WIDTH;
                    Ok(AlikeCase {
                        record: record::listed(row, 0)?,
                        likeness: Likeness {
                            metres: row.get(after)?,
                            minutes: row.get(after + 1)?,
                            percent: row.get(after + 2)?,
                        },
                    })
                },
            )?;
            collect(rows)
        })
        .await
    }

    async fn list_merged(
        &self,
        of: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<ListedRecord>> {
        let (of, person) = (*of, *person);
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&in_scope(&format!(
                "SELECT {}
                 FROM record LEFT JOIN org_node AS home ON home.id = record.grid
                 WHERE record.id IN (WITH RECURSIVE {BELOW} SELECT id FROM below)
                   AND record.id <> :id
                   AND record.grid IN (SELECT id FROM scope_record WHERE kind = 3)
                 ORDER BY record.created_at, record.id LIMIT 100",
                listed_columns()
            )))?;
            let rows = statement.query_map(
                named_params! {
                    ":person": person.as_bytes(), ":at": at.as_millis(), ":id": of.as_bytes(),
                },
                |row| record::listed(row, 0),
            )?;
            collect(rows)
        })
        .await
    }

    async fn count_reporters(&self, of: &RecordId) -> StorageResult<u32> {
        let of = *of;
        self.read(move |connection| {
            let count = connection
                .prepare_cached("SELECT reporters FROM incident_case WHERE record = ?1")?
                .query_row([of.as_bytes()], |row| row.get(0))
                .optional()?;
            Ok(count.unwrap_or(1))
        })
        .await
    }

    async fn list_merge_targets(
        &self,
        ids: &[RecordId],
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<RecordId>> {
        let person = *person;
        let ids = id_list(ids.iter().map(RecordId::as_bytes));
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&in_scope(
                "SELECT record.id FROM json_each(:ids) AS wanted
                 JOIN record ON record.id = unhex(wanted.value)
                 WHERE record.kind = 3 AND record.state NOT IN ('merged', 'void')
                   AND record.grid IN (SELECT id FROM scope_record WHERE kind = 3)",
            ))?;
            let rows = statement.query_map(
                named_params! { ":person": person.as_bytes(), ":at": at.as_millis(), ":ids": ids },
                |row| id(row, 0, RecordId::from_bytes),
            )?;
            collect(rows)
        })
        .await
    }
}
