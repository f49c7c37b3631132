//! What a worker did this month, and how much of a grid was visited.

use std::collections::{BTreeMap, BTreeSet};

use super::{Period, RuleUnit, Shortfall, VisitLog, VisitRules};
use crate::{CivilDay, RecordId};

/// A worker's month so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Different households visited so that it counts.
    pub households: usize,
    /// How many there should be, if a rule says so.
    pub households_wanted: Option<u32>,
    /// Days with a visit that counts.
    pub days_out: usize,
    /// How many there should be, if a rule says so.
    pub days_wanted: Option<u32>,
    /// Visits that count.
    pub visits: usize,
    /// Visits that do not.
    pub not_counted: usize,
    /// Why they do not: code and number; one visit may have several.
    pub shortfalls: BTreeMap<&'static str, usize>,
    /// Days of the month that are left, today among them.
    pub days_left: i32,
}

impl Progress {
    /// The month of the day `on`, up to it, of whoever's visits are marked as
    /// theirs in the log. Rules per week, quarter or year are not a month's.
    pub fn of(log: &VisitLog, rules: &VisitRules, on: CivilDay) -> Self {
        let first = Period::Month.start(on);
        let wanted = |unit| {
            rules
                .for_worker(unit)
                .filter(|rule| rule.period == Period::Month)
                .map(|rule| rule.count)
        };
        let mut progress = Self {
            households_wanted: wanted(RuleUnit::Household),
            days_wanted: wanted(RuleUnit::Day),
            days_left: Period::Month.last_day(on).days_since(on) + 1,
            ..Self::default()
        };
        let mut days = BTreeSet::new();
        for (_, visits) in log.iter() {
            let mut is_visited = false;
            for visit in visits {
                if !visit.is_mine || visit.day < first || visit.day > on {
                    continue;
                }
                if visit.counts() {
                    is_visited = true;
                    progress.visits += 1;
                    days.insert(visit.day);
                } else {
                    progress.not_counted += 1;
                    let codes: BTreeSet<&'static str> = visit
                        .verdict
                        .shortfalls
                        .iter()
                        .map(Shortfall::code)
                        .collect();
                    for code in codes {
                        *progress.shortfalls.entry(code).or_default() += 1;
                    }
                }
            }
            progress.households += usize::from(is_visited);
        }
        progress.days_out = days.len();
        progress
    }

    /// Households still to be visited this month.
    pub fn households_left(&self) -> usize {
        let wanted = usize::try_from(self.households_wanted.unwrap_or(0)).unwrap_or(usize::MAX);
        wanted.saturating_sub(self.households)
    }
}

/// How many households of a grid had a visit that counts, by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Households there are.
    pub households: usize,
    /// Visited this month.
    pub month: usize,
    /// Visited this quarter.
    pub quarter: usize,
    /// Visited this year.
    pub year: usize,
}

impl Coverage {
    /// Of these households, each named once, on the day `on`.
    pub fn of(
        households: impl IntoIterator<Item = RecordId>,
        log: &VisitLog,
        on: CivilDay,
    ) -> Self {
        let [month, quarter, year] =
            [Period::Month, Period::Quarter, Period::Year].map(|period| period.start(on));
        let mut coverage = Self::default();
        for household in households {
            coverage.households += 1;
            let last = log
                .of(&household)
                .iter()
                .filter(|visit| visit.counts() && visit.day <= on)
                .map(|visit| visit.day)
                .max();
            let since = |first: CivilDay| usize::from(last.is_some_and(|last| last >= first));
            coverage.month += since(month);
            coverage.quarter += since(quarter);
            coverage.year += since(year);
        }
        coverage
    }
}

/// A share of a whole in tenths of a percent; `None` of nothing.
pub fn per_mille(part: u64, whole: u64) -> Option<u64> {
    part.saturating_mul(1_000).checked_div(whole)
}
