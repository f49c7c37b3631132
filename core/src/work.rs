//! What the person did with this phone in some days, and the three ways into the
//! app's work (访、报、调) with what waits behind each.

use wangge_model::{CivilDay, RecordKind, visit_plan::Period};

use crate::{Core, PlanQuery, Result};

/// What was done within some days, of the person whose phone this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkSum {
    /// The first day.
    pub first: CivilDay,
    /// The last day.
    pub last: CivilDay,
    /// Household files begun or changed here.
    pub households: u64,
    /// Place files begun or changed here.
    pub places: u64,
    /// Visits entered or changed here.
    pub visits: u64,
    /// Incidents reported or changed here.
    pub incidents: u64,
    /// Of all these, records with something the server has not confirmed.
    pub unsent: u64,
    /// Visits made that count, also those entered with another phone.
    pub counted_visits: usize,
    /// Visits made that do not count.
    pub not_counted: usize,
}

/// The three ways into the app's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Entries {
    /// 访: households and places to go to today.
    pub visits_due: usize,
    /// 报: incidents of the person's grids whose case is not over.
    pub incidents_open: u64,
    /// Of this phone's reports and changes to incidents, those that are not at
    /// the server yet.
    pub incidents_unsent: u64,
    /// 调: disputes among the open incidents.
    pub disputes_open: u64,
    /// Surveys asked in the person's grids today.
    pub surveys_open: usize,
}

/// What the first digits of a dispute's class are, in the tree of the domain
/// reference (5.1 d).
pub(crate) const DISPUTES: &str = "10";

impl Core {
    /// What was done on a day (today if not given), or in the week or month it is
    /// in, up to that day.
    pub fn work_sum(&self, period: Option<Period>, on: Option<CivilDay>) -> Result<WorkSum> {
        let last = self.day_of(on)?;
        let first = period.map_or(last, |period| period.start(last));
        let done = self.store.sum_outbox(first, last)?;
        let visits = self.own_visits(first, last)?;
        let of = |kind: RecordKind| done.get(&kind).map_or(0, |sum| sum.records);
        Ok(WorkSum {
            first,
            last,
            households: of(RecordKind::Household),
            places: of(RecordKind::Place),
            visits: of(RecordKind::Visit),
            incidents: of(RecordKind::Incident),
            unsent: done.values().map(|sum| sum.unsent).sum(),
            counted_visits: visits.iter().filter(|counts| **counts).count(),
            not_counted: visits.iter().filter(|counts| !**counts).count(),
        })
    }

    /// What waits behind each of the three ways into the app's work.
    pub fn entries(&self) -> Result<Entries> {
        let plan = self.plan(&PlanQuery {
            limit: 1,
            ..PlanQuery::default()
        })?;
        let incidents = self.store.count_incidents(DISPUTES)?;
        let mut surveys = Vec::new();
        for grant in self.grids()? {
            let open = self.surveys(grant.grid, None)?;
            surveys.extend(open.into_iter().map(|survey| survey.id));
        }
        surveys.sort_unstable();
        // One of a community is asked in each of its grids.
        surveys.dedup();
        Ok(Entries {
            visits_due: plan.due,
            incidents_open: incidents.open,
            incidents_unsent: incidents.unsent,
            disputes_open: incidents.disputes,
            surveys_open: surveys.len(),
        })
    }
}
