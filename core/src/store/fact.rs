//! What a day's plan needs of each record, and what tells that two are about
//! the same, kept beside it and read from the document at leisure: a save only
//! notes that it is due.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use wangge_model::{
    ActorId, CivilDay, GridId, OrgNodeId, PersonId, RecordId,
    document::RecordDocument,
    duplicate::match_keys,
    protocol::to_cbor,
    visit_plan::{Door, FACTS, HouseholdFact, RecordFact, VisitFact},
};

use super::{
    HeldReference, Store, StoreError,
    alias::{self, Aliases},
    columns,
    document::{self, Held},
    reference, signs, tidy,
};

/// Records read in one transaction, so that a save does not wait long.
const MOST_AT_ONCE: usize = 200;

/// A household as a plan sees it, or a place with a hazard to be looked at
/// again.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedHousehold {
    /// Its file.
    pub id: RecordId,
    /// Its grid.
    pub grid: GridId,
    /// What is known of it.
    pub fact: HouseholdFact,
}

/// A visit as a plan sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedVisit {
    /// The visit.
    pub id: RecordId,
    /// Its grid.
    pub grid: GridId,
    /// What is known of it.
    pub fact: VisitFact,
    /// Made by the person whose phone this is.
    pub is_mine: bool,
}

/// Everything a plan is made from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlanSource {
    /// Id of the person whose phone this is; empty before it is enrolled.
    pub person: String,
    /// The person's grids with their codes and the places above, nearest first.
    pub grids: BTreeMap<GridId, PlannedGrid>,
    /// Records that were merged into others.
    pub aliases: Aliases,
    /// Households of those grids; aliases are none.
    pub households: Vec<PlannedHousehold>,
    /// Visits of those grids; those of an alias are visits of the household it
    /// stands for.
    pub visits: Vec<PlannedVisit>,
    /// Reference sets of rules and campaigns.
    pub reference: Vec<HeldReference>,
}

/// A grid as a plan sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlannedGrid {
    /// Its public code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The places above, nearest first.
    pub above: Vec<OrgNodeId>,
}

/// Notes that all facts are to be read again, if another build read them.
pub(super) fn renew(tx: &Transaction<'_>) -> Result<(), StoreError> {
    let renewed = tx.execute("UPDATE phone SET facts = ?1 WHERE facts IS NOT ?1", [FACTS])?;
    if renewed > 0 {
        tx.execute(
            "INSERT INTO unindexed (record, text_due) SELECT key, 0 FROM record
             WHERE kind IN (1, 2, 4) ON CONFLICT (record) DO UPDATE SET facts_due = 1",
            [],
        )?;
    }
    Ok(())
}

/// Which records' facts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// All.
    Any,
    /// Those of kinds that have signs, see [`signs::has_signs`].
    Signs,
}

impl Due {
    /// The query for their keys.
    const fn sql(self) -> &'static str {
        match self {
            Self::Any => {
                "SELECT record FROM unindexed WHERE facts_due = 1 ORDER BY record LIMIT ?1"
            }
            Self::Signs => {
                "SELECT unindexed.record FROM unindexed
                 JOIN record ON record.key = unindexed.record
                 WHERE facts_due = 1 AND kind IN (1, 4) ORDER BY unindexed.record LIMIT ?1"
            }
        }
    }
}

/// Whether some record's facts are to be read.
pub(super) fn is_due(db: &Connection, due: Due) -> Result<bool, StoreError> {
    Ok(db
        .prepare_cached(due.sql())?
        .query_row([1], |_| Ok(()))
        .optional()?
        .is_some())
}

/// Reads the facts of at most `most` records that are due, and what tells that
/// others are about the same. Of a record nobody opened yet the list row is
/// brought up to date on the way: an older app or server may have computed it.
pub(super) fn read_some(tx: &Transaction<'_>, due: Due, most: usize) -> Result<(), StoreError> {
    let keys = tx
        .prepare_cached(due.sql())?
        .query_map([columns::length(most)], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    for key in keys {
        let mut held = document::load_held(tx, key)?;
        match document::open(tx, &held) {
            Ok(document) => {
                let fields = document.read();
                let fact = RecordFact::of(held.kind, &held.id, &fields);
                store(tx, key, fact, document.creator())?;
                signs::put(tx, key, held.kind, &match_keys(held.kind, &fields))?;
                if held.is_unopened() {
                    let summary = document.summary_of(&fields);
                    if tidy::is_outdated(tx, key, &summary)? {
                        document::store(tx, &mut held, Some(&summary))?;
                    }
                }
            }
            // Its grid is fetched again, and then its facts are read.
            Err(StoreError::Damaged { .. }) => document::mark_damaged(tx, &held.id)?,
            Err(error) => return Err(error),
        }
        settle(tx, key)?;
    }
    Ok(())
}

fn store(
    tx: &Transaction<'_>,
    key: i64,
    fact: Option<RecordFact>,
    author: Option<ActorId>,
) -> Result<(), StoreError> {
    match fact {
        Some(RecordFact::Household(fact)) => {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO household_fact (record, fact) VALUES (?1, ?2)",
            )?
            .execute(params![key, to_cbor(fact.as_ref())])?;
        }
        Some(RecordFact::Visit(fact)) => {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO visit_fact (record, day, author, fact)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                key,
                fact.day().map(CivilDay::number),
                author.as_ref().map(ActorId::as_bytes),
                to_cbor(fact.as_ref()),
            ])?;
        }
        // A place at which nothing is to be looked at any more.
        None => {
            tx.prepare_cached("DELETE FROM household_fact WHERE record = ?1")?
                .execute([key])?;
        }
    }
    Ok(())
}

/// Whether the facts or signs kept of a record are not what its document says,
/// though nothing says that they are due.
pub(super) fn are_wrong(
    tx: &Transaction<'_>,
    held: &Held,
    document: &RecordDocument,
) -> Result<bool, StoreError> {
    let is_due = tx
        .prepare_cached("SELECT 1 FROM unindexed WHERE record = ?1 AND facts_due = 1")?
        .query_row([held.key], |_| Ok(()))
        .optional()?
        .is_some();
    if is_due {
        return Ok(false);
    }
    let fields = document.read();
    if signs::are_wrong(tx, held.key, held.kind, &match_keys(held.kind, &fields))? {
        return Ok(true);
    }
    let (sql, right) = match RecordFact::of(held.kind, &held.id, &fields) {
        Some(RecordFact::Household(fact)) => (
            "SELECT fact FROM household_fact WHERE record = ?1",
            to_cbor(fact.as_ref()),
        ),
        Some(RecordFact::Visit(fact)) => (
            "SELECT fact FROM visit_fact WHERE record = ?1",
            to_cbor(fact.as_ref()),
        ),
        None => (
            "SELECT fact FROM household_fact WHERE record = ?1",
            Vec::new(),
        ),
    };
    let kept: Option<Vec<u8>> = tx
        .prepare_cached(sql)?
        .query_row([held.key], |row| row.get(0))
        .optional()?;
    Ok(kept.unwrap_or_default() != right)
}

/// The record's facts are right now.
fn settle(tx: &Transaction<'_>, key: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM unindexed WHERE record = ?1 AND text_due = 0")?
        .execute([key])?;
    tx.prepare_cached("UPDATE unindexed SET facts_due = 0 WHERE record = ?1")?
        .execute([key])?;
    Ok(())
}

/// Who asks: to tell which visits are theirs.
struct Asker {
    person: String,
    actors: HashSet<ActorId>,
}

impl Asker {
    fn load(db: &Connection) -> Result<Self, StoreError> {
        let person: Option<Vec<u8>> =
            db.query_row("SELECT person FROM phone", [], |row| row.get(0))?;
        let person = person
            .map(|bytes| PersonId::from_slice(&bytes))
            .transpose()
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let actors = db
            .prepare_cached("SELECT actor FROM own_actor")?
            .query_map([], |row| columns::actor_id(row.get_ref(0)?.as_blob()?))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self {
            person: person.map(|person| person.to_string()).unwrap_or_default(),
            actors,
        })
    }

    /// What a visit says counts; where it says nothing, who entered it.
    fn made(&self, fact: &VisitFact, author: Option<ActorId>) -> bool {
        if fact.visitor.is_empty() {
            author.is_some_and(|author| self.actors.contains(&author))
        } else {
            fact.visitor == self.person
        }
    }
}

/// What is known around a visit about to be saved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct VisitContext {
    /// Whose phone this is.
    pub(crate) person: Option<PersonId>,
    /// Where the household's door is, if that was asked and is known.
    pub(crate) door: Option<Door>,
}

/// The household a visit names.
fn find_household(db: &Connection, visit: RecordId) -> Result<Option<RecordId>, StoreError> {
    let household: Option<Option<Vec<u8>>> = db
        .prepare_cached("SELECT household FROM record WHERE id = ?1")?
        .query_row([visit.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(household
        .flatten()
        .as_deref()
        .map(columns::record_id)
        .transpose()?)
}

/// Where a household's door is: from its facts, or from its document if they
/// are not read yet.
fn find_door(db: &Connection, household: RecordId) -> Result<Option<Door>, StoreError> {
    let fact: Option<Vec<u8>> = db
        .prepare_cached(
            "SELECT fact FROM household_fact JOIN record ON record.key = household_fact.record
             WHERE record.id = ?1 AND NOT EXISTS (
                 SELECT 1 FROM unindexed WHERE unindexed.record = record.key AND facts_due = 1)",
        )?
        .query_row([household.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(fact) = fact {
        return Ok(columns::decode::<HouseholdFact>(&fact)?.door);
    }
    let Some(held) = document::find(db, &household)? else {
        return Ok(None);
    };
    // A household that cannot be read must not keep a visit from being saved.
    let document = match document::open(db, &held) {
        Ok(document) => document,
        Err(StoreError::Damaged { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let point = document.read().point();
    Ok(point.map(|point| Door {
        longitude: point.longitude,
        latitude: point.latitude,
    }))
}

fn list_grids(db: &Connection) -> Result<BTreeMap<GridId, PlannedGrid>, StoreError> {
    Ok(db
        .prepare_cached("SELECT id, code, name, above FROM grid WHERE granted = 1")?
        .query_map([], |row| {
            let above: Vec<u8> = row.get(3)?;
            Ok((
                columns::grid_id(row.get_ref(0)?.as_blob()?)?,
                PlannedGrid {
                    code: row.get(1)?,
                    name: row.get(2)?,
                    above: above
                        .chunks_exact(16)
                        .filter_map(|id| OrgNodeId::from_slice(id).ok())
                        .collect(),
                },
            ))
        })?
        .collect::<rusqlite::Result<_>>()?)
}

fn list_households(db: &Connection) -> Result<Vec<PlannedHousehold>, StoreError> {
    let sql = format!(
        "SELECT record.id, record.grid, household_fact.fact FROM household_fact
         JOIN record ON record.key = household_fact.record
         WHERE record.grid IN (SELECT id FROM grid WHERE granted = 1) AND {}",
        alias::IS_NONE
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut households = Vec::new();
    while let Some(row) = rows.next()? {
        households.push(PlannedHousehold {
            id: columns::record_id(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?,
            grid: columns::grid_id(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?,
            fact: columns::decode(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?)?,
        });
    }
    Ok(households)
}

/// Columns of a visit, see [`visit`].
const VISIT_COLUMNS: &str = "record.id, record.grid, visit_fact.author, visit_fact.fact";

fn visit(row: &Row<'_>, asker: &Asker, aliases: &Aliases) -> Result<PlannedVisit, StoreError> {
    let mut fact: VisitFact =
        columns::decode(row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?)?;
    fact.household = fact.household.map(|household| aliases.resolve(household));
    let author: Option<Vec<u8>> = row.get(2)?;
    let author = author.as_deref().map(columns::actor_id).transpose()?;
    Ok(PlannedVisit {
        id: columns::record_id(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?,
        grid: columns::grid_id(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?,
        is_mine: asker.made(&fact, author),
        fact,
    })
}

fn list_visits(
    db: &Connection,
    asker: &Asker,
    aliases: &Aliases,
    since: CivilDay,
) -> Result<Vec<PlannedVisit>, StoreError> {
    let sql = format!(
        "SELECT {VISIT_COLUMNS} FROM visit_fact JOIN record ON record.key = visit_fact.record
         WHERE visit_fact.day >= ?1 AND record.grid IN (SELECT id FROM grid WHERE granted = 1)"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([since.number()])?;
    let mut visits = Vec::new();
    while let Some(row) = rows.next()? {
        visits.push(visit(row, asker, aliases)?);
    }
    Ok(visits)
}

impl Store {
    /// Has all facts read again, as after a build that reads them otherwise.
    #[cfg(test)]
    pub(crate) fn forget_facts(&self) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("UPDATE phone SET facts = 0", [])?;
            renew(tx)
        })
    }

    /// Reads the facts of whatever changed since they were read.
    pub(super) fn complete_facts(&self, due: Due) -> Result<(), StoreError> {
        while self.read(|db| is_due(db, due))? {
            self.write(|tx| read_some(tx, due, MOST_AT_ONCE))?;
        }
        Ok(())
    }

    /// What plans, progress and coverage are made from, visits from the day
    /// `since` on. Opens no document but those that changed since the last
    /// time.
    pub fn load_plan_source(&self, since: CivilDay) -> Result<PlanSource, StoreError> {
        self.complete_facts(Due::Any)?;
        self.read(|db| {
            let asker = Asker::load(db)?;
            let aliases = Aliases::load(db)?;
            Ok(PlanSource {
                grids: list_grids(db)?,
                households: list_households(db)?,
                visits: list_visits(db, &asker, &aliases, since)?,
                aliases,
                reference: reference::list(db, "")?,
                person: asker.person,
            })
        })
    }

    /// A visit, and the other visits of its household, for judging it.
    pub fn load_visits_beside(&self, id: RecordId) -> Result<Vec<PlannedVisit>, StoreError> {
        self.complete_facts(Due::Any)?;
        self.read(|db| {
            let asker = Asker::load(db)?;
            let aliases = Aliases::load(db)?;
            let household = find_household(db, id)?.map(|household| aliases.resolve(household));
            let sql = format!(
                "SELECT {VISIT_COLUMNS} FROM record JOIN visit_fact ON visit_fact.record = record.key
                 WHERE record.id = ?1 OR record.household = ?2"
            );
            let mut statement = db.prepare_cached(&sql)?;
            let mut visits: BTreeMap<RecordId, PlannedVisit> = BTreeMap::new();
            let households = match household {
                Some(household) => aliases.with_aliases(household).into_iter().map(Some).collect(),
                None => vec![None],
            };
            for household in households {
                let mut rows = statement.query(params![
                    id.as_bytes(),
                    household.as_ref().map(RecordId::as_bytes)
                ])?;
                while let Some(row) = rows.next()? {
                    let visit = visit(row, &asker, &aliases)?;
                    visits.insert(visit.id, visit);
                }
            }
            Ok(visits.into_values().collect())
        })
    }

    /// What is known around a visit about to be saved: whose phone this is and,
    /// if a position was taken, where the door of the household is. The
    /// household is the one named, or that of the visit that is there.
    pub(crate) fn load_visit_context(
        &self,
        visit: Option<RecordId>,
        household: Option<RecordId>,
        needs_door: bool,
    ) -> Result<VisitContext, StoreError> {
        self.read_before_write(|db| {
            let person: Option<Vec<u8>> = db
                .prepare_cached("SELECT person FROM phone")?
                .query_row([], |row| row.get(0))?;
            let person = person.and_then(|person| PersonId::from_slice(&person).ok());
            let household = match (household, visit) {
                (Some(household), _) => Some(household),
                (None, Some(visit)) => find_household(db, visit)?,
                (None, None) => None,
            };
            let household = match household.filter(|_| needs_door) {
                Some(household) => Some(Aliases::load(db)?.resolve(household)),
                None => None,
            };
            let door = match household {
                Some(household) => find_door(db, household)?,
                None => None,
            };
            Ok(VisitContext { person, door })
        })
    }

    /// The grids with the places above them, and the reference sets whose names
    /// begin so; the others, maps of whole communities among them, stay unread.
    pub fn load_rule_source(&self, prefix: &str) -> Result<PlanSource, StoreError> {
        self.read(|db| {
            Ok(PlanSource {
                grids: list_grids(db)?,
                reference: reference::list(db, prefix)?,
                ..PlanSource::default()
            })
        })
    }
}
