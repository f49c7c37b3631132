//! Visits by household, each with its verdict: what plan, progress and
//! coverage count from.

use std::collections::BTreeMap;

use super::{Verdict, VisitFact, VisitValidity, judge_visits};
use crate::{CivilDay, RecordId, Timestamp};

/// A visit to enter into a log.
#[derive(Debug, Clone, Copy)]
pub struct LogEntry<'a> {
    /// The visit.
    pub id: RecordId,
    /// What is known of it.
    pub fact: &'a VisitFact,
    /// What makes it count, by the rules of its grid.
    pub rule: &'a VisitValidity,
    /// Made by whoever asks.
    pub is_mine: bool,
}

/// A visit in a log.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedVisit {
    /// The visit.
    pub id: RecordId,
    /// When it began.
    pub started_at: Timestamp,
    /// The day it was made.
    pub day: CivilDay,
    /// Its kind.
    pub kind: String,
    /// The plan or campaign it was on; empty if none.
    pub plan: String,
    /// Made by whoever asks.
    pub is_mine: bool,
    /// Whether it counts.
    pub verdict: Verdict,
    /// When to come again.
    pub follow_up_on: Option<CivilDay>,
    /// Something was asked for and not settled.
    pub has_open_demand: bool,
    /// By when something was promised that is not kept yet.
    pub promised_for: Vec<CivilDay>,
}

impl LoggedVisit {
    /// Whether it counts.
    pub fn counts(&self) -> bool {
        self.verdict.counts()
    }
}

/// Visits by household, in the order they were made. Visits without a
/// household or without a time are in no log: nothing is counted from them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VisitLog {
    households: BTreeMap<RecordId, Vec<LoggedVisit>>,
}

impl VisitLog {
    /// Judges the visits and sorts them; their order does not matter.
    pub fn new<'a>(entries: impl IntoIterator<Item = LogEntry<'a>>) -> Self {
        let entries: Vec<LogEntry<'a>> = entries.into_iter().collect();
        let judged = entries.iter().map(|one| (one.id, one.fact, one.rule));
        let mut verdicts = judge_visits(judged);
        let mut households: BTreeMap<RecordId, Vec<LoggedVisit>> = BTreeMap::new();
        for entry in entries {
            let (Some(household), Some(started_at)) = (entry.fact.household, entry.fact.started_at)
            else {
                continue;
            };
            // A visit entered twice is one visit.
            let Some(verdict) = verdicts.remove(&entry.id) else {
                continue;
            };
            households.entry(household).or_default().push(LoggedVisit {
                id: entry.id,
                started_at,
                day: CivilDay::of(started_at),
                kind: entry.fact.kind.clone(),
                plan: entry.fact.plan.clone(),
                is_mine: entry.is_mine,
                verdict,
                follow_up_on: entry.fact.follow_up_on,
                has_open_demand: entry.fact.has_open_demand,
                promised_for: entry.fact.promised_for.clone(),
            });
        }
        for visits in households.values_mut() {
            visits.sort_by_key(|visit| (visit.started_at, visit.id));
        }
        Self { households }
    }

    /// A household's visits, earliest first.
    pub fn of(&self, household: &RecordId) -> &[LoggedVisit] {
        self.households.get(household).map_or(&[], Vec::as_slice)
    }

    /// Every household with a visit, and its visits.
    pub fn iter(&self) -> impl Iterator<Item = (&RecordId, &[LoggedVisit])> {
        self.households
            .iter()
            .map(|(household, visits)| (household, visits.as_slice()))
    }
}

/// The days on which a household was visited so that it counts, up to and
/// with `on`; each once, earliest first.
pub(super) fn counted_days(visits: &[LoggedVisit], on: CivilDay) -> Vec<CivilDay> {
    let mut days: Vec<CivilDay> = visits
        .iter()
        .filter(|visit| visit.counts() && visit.day <= on)
        .map(|visit| visit.day)
        .collect();
    days.dedup();
    days
}
