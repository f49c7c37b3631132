//! See [`VisitStorage`]: judging visits, counting households by period.
//! Campaigns are in [`super::campaign`].

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, named_params, params};
use wangge_model::{
    CampaignId, CivilDay, GridId, OrgNodeId, PersonId, Point, RecordId, RecordKind, Timestamp,
    document::RecordDocument,
    reference::VISIT_RULES,
    survey::read_answers,
    visit::Visit,
    visit_plan::{Period, VisitFact, VisitRules, VisitValidity},
};

use super::{
    SqliteStorage, campaign, duplicate,
    duty::{self, Seen},
    record, reference,
    row::{collect, count, id, kind},
    scope::in_scope,
    survey, work,
};
use crate::storage::{
    CampaignProgress, CampaignRow, CoverageRow, HouseholdChoice, NewCampaign, StorageResult,
    StoredRecord, VisitStorage, period_number,
};

/// The periods that are counted.
const PERIODS: [Period; 3] = [Period::Month, Period::Quarter, Period::Year];

/// The rules by grid, each read once.
#[derive(Default)]
struct Rules(BTreeMap<GridId, VisitValidity>);

impl Rules {
    fn of(&mut self, connection: &Connection, grid: &GridId) -> StorageResult<&VisitValidity> {
        if !self.0.contains_key(grid) {
            let node = OrgNodeId::from_bytes(*grid.as_bytes());
            let set = reference::find_above(connection, VISIT_RULES, &node)?;
            let rules: VisitRules = set
                .and_then(|set| set.read(|body| serde_json::from_slice(body)))
                .unwrap_or_default();
            self.0.insert(*grid, rules.validity);
        }
        // Just put there; the default is never reached.
        Ok(self.0.entry(*grid).or_default())
    }
}

/// What counting has gathered.
struct Counting {
    now: Timestamp,
    rules: Rules,
    households: BTreeSet<RecordId>,
}

impl Counting {
    /// Reads a visit's document and judges it.
    fn read(&mut self, connection: &Connection, stored: &StoredRecord) -> StorageResult<()> {
        // A damaged document is for `verify` to report; it must not keep the
        // others from being counted.
        let document = match RecordDocument::load(stored.kind, Some(&stored.document), []) {
            Ok(document) => document,
            Err(error) => {
                tracing::warn!(%error, record = %stored.id, "a visit cannot be read");
                return Ok(());
            }
        };
        let fields = document.read();
        survey::put_answers(connection, &stored.id, &read_answers(&fields))?;
        let fact = VisitFact::of(&stored.id, &fields);
        let visit = Visit::of(&fields);
        work::put_opinions(connection, &stored.id, &visit)?;
        self.put_spot(connection, stored, &fact, visit.point)?;
        let before: Option<Option<[u8; 16]>> = connection
            .prepare_cached("SELECT household FROM visit_fact WHERE record = ?1")?
            .query_row([stored.id.as_bytes()], |row| row.get(0))
            .optional()?;
        self.households
            .extend(before.flatten().map(RecordId::from_bytes));
        self.households.extend(fact.household);
        let validity = self.rules.of(connection, &stored.grid)?;
        let visitor = fact.visitor.parse::<PersonId>().ok();
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        let _ = minicbor::encode(&fact, &mut bytes);
        connection
            .prepare_cached(
                "INSERT INTO visit_fact (record, household, day, counts, fact, grid, visitor,
                                         follow_up_on, promised_on, open_demand)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (record) DO UPDATE SET household = excluded.household,
                     day = excluded.day, counts = excluded.counts, fact = excluded.fact,
                     grid = excluded.grid, visitor = excluded.visitor,
                     follow_up_on = excluded.follow_up_on, promised_on = excluded.promised_on,
                     open_demand = excluded.open_demand",
            )?
            .execute(params![
                stored.id.as_bytes(),
                fact.household.as_ref().map(RecordId::as_bytes),
                fact.day().map(CivilDay::number),
                validity.judge(&fact).counts(),
                bytes,
                stored.grid.as_bytes(),
                visitor.as_ref().map(PersonId::as_bytes),
                fact.follow_up_on.map(CivilDay::number),
                fact.promised_for.first().copied().map(CivilDay::number),
                fact.has_open_demand,
            ])?;
        Ok(())
    }

    /// Keeps where the visitor was, if the visit says where and when.
    fn put_spot(
        &self,
        connection: &Connection,
        stored: &StoredRecord,
        fact: &VisitFact,
        point: Option<Point>,
    ) -> StorageResult<()> {
        let at = fact.ended_at.or(fact.started_at);
        let visitor = fact.visitor.parse::<PersonId>().ok();
        // A place that a program made up is nobody's.
        let point = point.filter(|_| !fact.place.is_mocked);
        let (Some(visitor), Some(at), Some(point)) = (visitor, at, point) else {
            return Ok(());
        };
        let seen = Seen {
            at,
            now: self.now,
            kind: stored.kind,
            longitude: point.longitude,
            latitude: point.latitude,
        };
        duty::put_spot(connection, &visitor, &stored.grid, seen)
    }

    /// Judges visits of a grid again, after `after`; answers how many and the
    /// last one.
    fn judge_again(
        &mut self,
        connection: &Connection,
        grid: &GridId,
        after: &[u8],
        most: u32,
    ) -> StorageResult<(u64, Option<RecordId>)> {
        let validity = self.rules.of(connection, grid)?;
        let mut statement = connection.prepare_cached(
            "SELECT record.id, visit_fact.household, visit_fact.counts, visit_fact.fact
             FROM record JOIN visit_fact ON visit_fact.record = record.id
             WHERE record.grid = ?1 AND record.id > ?2 ORDER BY record.id LIMIT ?3",
        )?;
        let mut rows = statement.query(params![grid.as_bytes(), after, most])?;
        let (mut judged, mut last) = (0, None);
        while let Some(row) = rows.next()? {
            judged += 1;
            let record = id(row, 0, RecordId::from_bytes)?;
            last = Some(record);
            let bytes: Vec<u8> = row.get(3)?;
            let Ok(fact) = minicbor::decode::<VisitFact>(&bytes) else {
                // Of another build; it is read again from its document.
                put_due(connection, &record)?;
                continue;
            };
            let counts = validity.judge(&fact).counts();
            if counts == row.get::<_, bool>(2)? {
                continue;
            }
            connection
                .prepare_cached("UPDATE visit_fact SET counts = ?2 WHERE record = ?1")?
                .execute(params![record.as_bytes(), counts])?;
            self.households.extend(fact.household);
        }
        Ok((judged, last))
    }
}

/// Leaves word that a visit is to be judged, or a household counted.
pub(super) fn put_due(connection: &Connection, record: &RecordId) -> StorageResult<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO visit_due VALUES (?1)")?
        .execute([record.as_bytes()])?;
    Ok(())
}

/// Leaves word that the visits at or below a place are to be judged again.
pub(super) fn judge_again_below(connection: &Connection, node: &OrgNodeId) -> StorageResult<()> {
    connection
        .prepare_cached(
            "INSERT INTO visit_rejudge (grid, after)
             SELECT below.id, x'' FROM org_node AS node
             JOIN org_node AS below ON below.path >= node.path AND below.path < node.path || 'g'
             WHERE node.id = ?1 AND below.level = 'grid'
             ON CONFLICT (grid) DO UPDATE SET after = x''",
        )?
        .execute([node.as_bytes()])?;
    Ok(())
}

fn count_due(connection: &Connection, most: u32, at: Timestamp) -> StorageResult<u64> {
    let mut counting = Counting {
        now: at,
        rules: Rules::default(),
        households: BTreeSet::new(),
    };
    duty::forget_spots(connection, CivilDay::of(at).start())?;
    let due: Vec<RecordId> = collect(
        connection
            .prepare_cached("SELECT record FROM visit_due LIMIT ?1")?
            .query_map([most], |row| id(row, 0, RecordId::from_bytes))?,
    )?;
    for record in &due {
        let what = connection
            .prepare_cached("SELECT kind FROM record WHERE id = ?1")?
            .query_row([record.as_bytes()], |row| kind(row, 0))?;
        if what == RecordKind::Visit {
            if let Some(stored) = record::find(connection, record)? {
                counting.read(connection, &stored)?;
            }
        } else {
            counting.households.insert(*record);
        }
        connection
            .prepare_cached("DELETE FROM visit_due WHERE record = ?1")?
            .execute([record.as_bytes()])?;
    }
    let mut done = due.len() as u64;
    while done < u64::from(most) {
        let grid = connection
            .prepare_cached("SELECT grid, after FROM visit_rejudge LIMIT 1")?
            .query_row([], |row| {
                Ok((id(row, 0, GridId::from_bytes)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        let Some((grid, after)) = grid else { break };
        let left = most - u32::try_from(done).unwrap_or(most);
        let (judged, last) = counting.judge_again(connection, &grid, &after, left)?;
        done += judged;
        if let (true, Some(last)) = (judged == u64::from(left), last) {
            connection
                .prepare_cached("UPDATE visit_rejudge SET after = ?2 WHERE grid = ?1")?
                .execute(params![grid.as_bytes(), last.as_bytes()])?;
        } else {
            connection
                .prepare_cached("DELETE FROM visit_rejudge WHERE grid = ?1")?
                .execute([grid.as_bytes()])?;
        }
    }
    let mut changed = campaign::Changed::default();
    for household in &counting.households {
        count_household(connection, household, &mut changed)?;
    }
    campaign::publish(connection, &changed, at)?;
    Ok(done)
}

/// The grid a household is in; `None` if it is none or has not arrived.
pub(super) fn find_grid(
    connection: &Connection,
    household: &RecordId,
) -> StorageResult<Option<GridId>> {
    Ok(connection
        .prepare_cached("SELECT grid FROM record WHERE id = ?1 AND kind = ?2")?
        .query_row(
            params![household.as_bytes(), RecordKind::Household.number()],
            |row| id(row, 0, GridId::from_bytes),
        )
        .optional()?)
}

/// Writes which periods a household has a visit in, and what it is to its
/// campaigns. A merged household has none of its own: its visits are those of
/// the one it stands for.
fn count_household(
    connection: &Connection,
    household: &RecordId,
    changed: &mut campaign::Changed,
) -> StorageResult<()> {
    let household = &duplicate::resolve(connection, household)?;
    let same = duplicate::with_aliases("?1");
    let group: Vec<RecordId> = collect(
        connection
            .prepare_cached(&same)?
            .query_map([household.as_bytes()], |row| {
                id(row, 0, RecordId::from_bytes)
            })?,
    )?;
    for alias in group.iter().filter(|one| *one != household) {
        connection
            .prepare_cached("DELETE FROM household_period WHERE household = ?1")?
            .execute([alias.as_bytes()])?;
    }
    let Some(grid) = find_grid(connection, household)? else {
        return Ok(());
    };
    let days: Vec<i32> = collect(
        connection
            .prepare_cached(&format!(
                "SELECT DISTINCT day FROM visit_fact
                 WHERE household IN ({same}) AND counts = 1 AND day IS NOT NULL"
            ))?
            .query_map([household.as_bytes()], |row| row.get(0))?,
    )?;
    let wanted: BTreeSet<(GridId, i32)> = days
        .iter()
        .flat_map(|day| PERIODS.map(|period| period_number(period, CivilDay::from_number(*day))))
        .flatten()
        .map(|period| (grid, period))
        .collect();
    let present: Vec<(GridId, i32)> = collect(
        connection
            .prepare_cached("SELECT grid, period FROM household_period WHERE household = ?1")?
            .query_map([household.as_bytes()], |row| {
                Ok((id(row, 0, GridId::from_bytes)?, row.get(1)?))
            })?,
    )?;
    let present: BTreeSet<(GridId, i32)> = present.into_iter().collect();
    for (grid, period) in present.difference(&wanted) {
        connection
            .prepare_cached(
                "DELETE FROM household_period WHERE grid = ?1 AND period = ?2 AND household = ?3",
            )?
            .execute(params![grid.as_bytes(), period, household.as_bytes()])?;
    }
    for (grid, period) in wanted.difference(&present) {
        connection
            .prepare_cached(
                "INSERT INTO household_period (grid, period, household) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![grid.as_bytes(), period, household.as_bytes()])?;
    }
    for one in &group {
        if let Some(grid) = find_grid(connection, one)? {
            campaign::count_household(connection, one, &grid, changed)?;
        }
    }
    Ok(())
}

fn list_coverage(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    on: CivilDay,
) -> StorageResult<Vec<CoverageRow>> {
    let mut statement = connection.prepare_cached(&in_scope(
        "SELECT place.id, place.name, coalesce(place.code, ''),
             (SELECT count(*) FROM record WHERE record.grid = place.id AND record.kind = 1
                         AND record.merged_into IS NULL),
             (SELECT count(*) FROM household_period AS visited
              WHERE visited.grid = place.id AND visited.period = :month),
             (SELECT count(*) FROM household_period AS visited
              WHERE visited.grid = place.id AND visited.period = :quarter),
             (SELECT count(*) FROM household_period AS visited
              WHERE visited.grid = place.id AND visited.period = :year)
         FROM scope_count AS place
         ORDER BY place.code, place.name",
    ))?;
    let [month, quarter, year] = PERIODS.map(|period| period_number(period, on));
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(),
            ":month": month, ":quarter": quarter, ":year": year,
        },
        |row| {
            Ok(CoverageRow {
                grid: id(row, 0, GridId::from_bytes)?,
                name: row.get(1)?,
                code: row.get(2)?,
                households: count(row.get(3)?),
                month: count(row.get(4)?),
                quarter: count(row.get(5)?),
                year: count(row.get(6)?),
            })
        },
    )?;
    collect(rows)
}

#[async_trait]
impl VisitStorage for SqliteStorage {
    async fn count_visits(&self, most: u32, at: Timestamp) -> StorageResult<u64> {
        self.write(move |connection, _| count_due(connection, most, at))
            .await
    }

    async fn has_visits_due(&self) -> StorageResult<bool> {
        self.read(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM visit_due)
                         OR EXISTS (SELECT 1 FROM visit_rejudge)",
                )?
                .query_row([], |row| row.get(0))?)
        })
        .await
    }

    async fn list_visit_facts(
        &self,
        grid: &GridId,
        since: CivilDay,
    ) -> StorageResult<Vec<(RecordId, VisitFact)>> {
        let grid = *grid;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT visit_fact.record, visit_fact.fact
                 FROM record AS household CROSS JOIN visit_fact
                     ON visit_fact.household = household.id AND visit_fact.day >= ?3
                 WHERE household.grid = ?1 AND household.kind = ?2",
            )?;
            let values = params![
                grid.as_bytes(),
                RecordKind::Household.number(),
                since.number()
            ];
            let rows = statement.query_map(values, |row| {
                Ok((id(row, 0, RecordId::from_bytes)?, row.get::<_, Vec<u8>>(1)?))
            })?;
            // One of another build is read again from its document soon.
            let known = collect(rows)?.into_iter().filter_map(|(record, bytes)| {
                Some((record, minicbor::decode::<VisitFact>(&bytes).ok()?))
            });
            Ok(known.collect())
        })
        .await
    }

    async fn list_coverage(
        &self,
        person: &PersonId,
        at: Timestamp,
        on: CivilDay,
    ) -> StorageResult<Vec<CoverageRow>> {
        let person = *person;
        self.read(move |connection| list_coverage(connection, &person, at, on))
            .await
    }

    async fn choose_households(
        &self,
        person: &PersonId,
        at: Timestamp,
        choice: &HouseholdChoice,
    ) -> StorageResult<Vec<RecordId>> {
        let (person, choice) = (*person, choice.clone());
        self.read(move |connection| campaign::choose(connection, &person, at, &choice))
            .await
    }

    async fn create_campaign(&self, new: &NewCampaign) -> StorageResult<()> {
        let new = new.clone();
        self.write(move |connection, _| campaign::create(connection, &new))
            .await
    }

    async fn close_campaign(
        &self,
        id: &CampaignId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool> {
        let (id, person) = (*id, *person);
        self.write(move |connection, _| campaign::close(connection, &id, Some(person), at))
            .await
    }

    async fn close_campaigns_before(&self, day: CivilDay, at: Timestamp) -> StorageResult<u64> {
        self.write(move |connection, _| campaign::close_before(connection, day, at))
            .await
    }

    async fn list_campaigns(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<CampaignRow>> {
        let person = *person;
        self.read(move |connection| campaign::list(connection, &person, at, None))
            .await
    }

    async fn find_campaign(
        &self,
        person: &PersonId,
        at: Timestamp,
        id: &CampaignId,
    ) -> StorageResult<Option<CampaignProgress>> {
        let (person, id) = (*person, *id);
        self.read(move |connection| campaign::find(connection, &person, at, &id))
            .await
    }
}
