//! How a household stands on the map of visits (入户民情图).

use super::{Campaign, PlanHousehold, Pressure, Reason, VisitLog, due, log::counted_days};
use crate::CivilDay;

/// How a household stands on a day, most pressing first. What is left to do comes
/// before what was done: a household visited in this month is [`Self::Due`] again
/// once a weekly turn or a promise asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VisitState {
    /// A turn was missed (逾期).
    Overdue,
    /// A visit is asked for now (待访).
    Due,
    /// A visit in this month counts and nothing is left to do (本月已访).
    Visited,
    /// No visit in this month, and none is asked for (暂不需要).
    Rest,
}

impl VisitState {
    /// All, most pressing first.
    pub const ALL: [Self; 4] = [Self::Overdue, Self::Due, Self::Visited, Self::Rest];

    /// Stable word; its texts are `visit-state-<word>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Due => "due",
            Self::Visited => "visited",
            Self::Rest => "rest",
        }
    }
}

/// A household's state with what it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitStanding {
    /// The state.
    pub state: VisitState,
    /// The last day a visit counted.
    pub visited_on: Option<CivilDay>,
    /// The most pressing reason for a visit, if one is asked for.
    pub reason: Option<Reason>,
}

impl VisitStanding {
    /// How a household stands on the day `on`. A visit that was handed to a
    /// colleague is due all the same: the map is the grid's and not a worker's.
    pub fn of(
        household: &PlanHousehold<'_>,
        log: &VisitLog,
        campaigns: &[Campaign],
        on: CivilDay,
    ) -> Self {
        let visits = log.of(&household.id);
        let visited_on = counted_days(visits, on).last().copied();
        let reason = due::reasons(household, visits, campaigns, on)
            .into_iter()
            .next()
            .map(|ranked| ranked.reason);
        let state = match &reason {
            Some(reason) if reason.pressure() == Pressure::Overdue => VisitState::Overdue,
            Some(_) => VisitState::Due,
            None if visited_on.is_some_and(|day| day >= on.month_start()) => VisitState::Visited,
            None => VisitState::Rest,
        };
        Self {
            state,
            visited_on,
            reason,
        }
    }
}
