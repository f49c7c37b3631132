//! What can be counted.

use serde::{Deserialize, Serialize};

use super::{CaseFact, FormulaLimits};
use crate::{
    Timestamp,
    case::codes,
    message::{Language, message, message_id},
};

codes! {
    /// A formula. Of incidents it is about those filed within the period, as far
    /// as they are neither void nor merged: those are in neither number. The
    /// texts are `assessment-formula-<code>`, with `-part` and `-whole` for the
    /// two numbers.
    Formula {
        /// Grids with at least one incident that was filed, of all (信息上报覆盖率).
        ReportingGrids = "reporting_grids",
        /// Workers of grids who reported at least one, of all of them: the other
        /// reading of the same rate.
        ReportingWorkers = "reporting_workers",
        /// Orders signed for within so many minutes, of orders given (实时派单（接收）率).
        SignedInTime = "signed_in_time",
        /// Filed incidents given to a unit within so many minutes (按时派单率).
        DispatchedInTime = "dispatched_in_time",
        /// Closed, of all that were filed (处置办结率).
        Settled = "settled",
        /// The result was handed in before it was due, of those whose time is over
        /// or that are done (按期办结率).
        SettledInTime = "settled_in_time",
        /// Rated satisfied or better, of those that were rated (处理满意率).
        Satisfied = "satisfied",
        /// Found done at the first check, of those that were checked (核查通过率).
        Verified = "verified",
        /// Opened again, of those that were closed once (重开率); the fewer the better.
        Reopened = "reopened",
        /// Sent back by the unit, of those given to one (回退率); the fewer the better.
        Returned = "returned",
        /// Found by workers and not told by residents, of all (发现率).
        Discovered = "discovered",
        /// Households with a visit that counts, of all (走访覆盖率).
        VisitCoverage = "visit_coverage",
        /// Households visited so that it counts, month by month, for each worker
        /// and month (每人月均走访户数).
        VisitsPerWorker = "visits_per_worker",
    }
}

/// What the rows behind a figure are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// Incidents.
    Incident,
    /// Households.
    Household,
    /// Grids.
    Grid,
    /// Workers.
    Worker,
}

impl Formula {
    /// What its rows are.
    pub const fn row_kind(self) -> RowKind {
        match self {
            Self::ReportingGrids => RowKind::Grid,
            Self::ReportingWorkers => RowKind::Worker,
            Self::VisitCoverage | Self::VisitsPerWorker => RowKind::Household,
            Self::SignedInTime
            | Self::DispatchedInTime
            | Self::Settled
            | Self::SettledInTime
            | Self::Satisfied
            | Self::Verified
            | Self::Reopened
            | Self::Returned
            | Self::Discovered => RowKind::Incident,
        }
    }

    /// Whether a low figure is a good one.
    pub const fn is_lower_better(self) -> bool {
        matches!(self, Self::Reopened | Self::Returned)
    }

    /// Whether it is a count for each head and month and no share.
    pub const fn is_per_head(self) -> bool {
        matches!(self, Self::VisitsPerWorker)
    }

    /// Whether an incident is among those the formula looks at, and if so
    /// whether it is one that counts. `None`: it is not, or the formula is not
    /// about incidents.
    pub fn judge(self, fact: &CaseFact, limits: &FormulaLimits, now: Timestamp) -> Option<bool> {
        let minutes = |minutes: u32| i64::from(minutes) * 60_000;
        let within = |from: Timestamp, until: Timestamp, most: i64| {
            until.as_millis().saturating_sub(from.as_millis()) <= most
        };
        match self {
            Self::ReportingGrids
            | Self::ReportingWorkers
            | Self::VisitCoverage
            | Self::VisitsPerWorker => None,
            Self::SignedInTime => {
                let most = minutes(if fact.is_emergency {
                    limits.emergency_sign_minutes
                } else {
                    limits.sign_minutes
                });
                let assigned = fact.assigned_at?;
                match fact.signed_at {
                    Some(signed) => Some(within(assigned, signed, most)),
                    // Not signed for: a miss once the time is over.
                    None => (!within(assigned, now, most)).then_some(false),
                }
            }
            Self::DispatchedInTime => {
                let most = minutes(limits.dispatch_minutes);
                match fact.assigned_at {
                    Some(assigned) => Some(within(fact.filed_at, assigned, most)),
                    None => {
                        (fact.waits_for_unit && !within(fact.filed_at, now, most)).then_some(false)
                    }
                }
            }
            Self::Settled => Some(fact.is_closed),
            Self::SettledInTime => {
                let due = fact.due_at?;
                match fact.ended_at {
                    Some(ended) => Some(ended <= due),
                    None => (due <= now).then_some(false),
                }
            }
            Self::Satisfied => Some(fact.rating? >= limits.satisfied_stars),
            Self::Verified => fact.first_check,
            Self::Reopened => (fact.is_closed || fact.reopened > 0).then_some(fact.reopened > 0),
            Self::Returned => fact.assigned_at.map(|_| fact.refusals > 0),
            Self::Discovered => Some(fact.is_found),
        }
    }

    /// Its name.
    pub fn name(self, language: Language) -> String {
        message(
            language,
            &message_id("assessment-formula", self.as_str()),
            &[],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::find_message;

    const NOW: Timestamp = Timestamp::from_millis(1_772_413_200_000);

    fn at(minutes: i64) -> Timestamp {
        NOW.plus_millis(minutes * 60_000)
    }

    /// Filed 100 minutes ago, nothing else.
    fn filed() -> CaseFact {
        CaseFact {
            filed_at: at(-100),
            ..CaseFact::default()
        }
    }

    fn judge(formula: Formula, change: impl FnOnce(&mut CaseFact)) -> Option<bool> {
        let mut fact = filed();
        change(&mut fact);
        formula.judge(&fact, &FormulaLimits::default(), NOW)
    }

    #[test]
    fn an_order_is_signed_in_time_or_missed_once_the_time_is_over() {
        let judge = |change: fn(&mut CaseFact)| judge(Formula::SignedInTime, change);
        assert_eq!(judge(|_| ()), None, "no order");
        assert_eq!(
            judge(|f| (f.assigned_at, f.signed_at) = (Some(at(-90)), Some(at(-60)))),
            Some(true)
        );
        assert_eq!(
            judge(|f| (f.assigned_at, f.signed_at) = (Some(at(-90)), Some(at(-59)))),
            Some(false)
        );
        assert_eq!(judge(|f| f.assigned_at = Some(at(-30))), None, "still time");
        assert_eq!(judge(|f| f.assigned_at = Some(at(-31))), Some(false));
        assert_eq!(
            judge(|f| {
                f.is_emergency = true;
                (f.assigned_at, f.signed_at) = (Some(at(-90)), Some(at(-79)));
            }),
            Some(false),
            "an emergency has ten minutes"
        );
    }

    #[test]
    fn an_incident_is_dispatched_in_time_unless_nobody_has_to() {
        let judge = |change: fn(&mut CaseFact)| judge(Formula::DispatchedInTime, change);
        assert_eq!(judge(|_| ()), None, "done without a unit");
        assert_eq!(judge(|f| f.waits_for_unit = true), Some(false));
        assert_eq!(judge(|f| f.assigned_at = Some(at(-70))), Some(true));
        assert_eq!(judge(|f| f.assigned_at = Some(at(-69))), Some(false));
        assert_eq!(
            judge(|f| (f.filed_at, f.waits_for_unit) = (at(-30), true)),
            None,
            "still time"
        );
    }

    #[test]
    fn all_that_were_filed_are_settled_or_not() {
        assert_eq!(judge(Formula::Settled, |_| ()), Some(false));
        assert_eq!(judge(Formula::Settled, |f| f.is_closed = true), Some(true));
    }

    #[test]
    fn a_result_is_in_time_by_what_was_due_and_open_ones_count_once_due() {
        let judge = |change: fn(&mut CaseFact)| judge(Formula::SettledInTime, change);
        assert_eq!(judge(|_| ()), None, "nothing is due: the clock stands");
        assert_eq!(judge(|f| f.due_at = Some(at(1))), None, "still time");
        assert_eq!(judge(|f| f.due_at = Some(at(0))), Some(false));
        assert_eq!(
            judge(|f| (f.due_at, f.ended_at) = (Some(at(5)), Some(at(-5)))),
            Some(true),
            "done before its time"
        );
        assert_eq!(
            judge(|f| (f.due_at, f.ended_at) = (Some(at(-9)), Some(at(-5)))),
            Some(false)
        );
    }

    #[test]
    fn four_stars_are_satisfied_and_unrated_ones_do_not_count() {
        let judge = |rating: Option<u8>| judge(Formula::Satisfied, |f| f.rating = rating);
        assert_eq!(judge(None), None);
        assert_eq!(judge(Some(3)), Some(false));
        assert_eq!(judge(Some(4)), Some(true));
    }

    #[test]
    fn the_first_check_says_whether_it_was_found_done() {
        let judge = |check: Option<bool>| judge(Formula::Verified, |f| f.first_check = check);
        assert_eq!(judge(None), None);
        assert_eq!(judge(Some(false)), Some(false));
        assert_eq!(judge(Some(true)), Some(true));
    }

    #[test]
    fn what_was_closed_once_can_be_opened_again() {
        let judge = |closed: bool, reopened: u16| {
            judge(Formula::Reopened, |f| {
                (f.is_closed, f.reopened) = (closed, reopened);
            })
        };
        assert_eq!(judge(false, 0), None);
        assert_eq!(judge(true, 0), Some(false));
        assert_eq!(judge(false, 1), Some(true));
        assert_eq!(judge(true, 2), Some(true));
    }

    #[test]
    fn an_order_can_be_sent_back() {
        let judge = |assigned: Option<Timestamp>, refusals: u16| {
            judge(Formula::Returned, |f| {
                (f.assigned_at, f.refusals) = (assigned, refusals);
            })
        };
        assert_eq!(judge(None, 0), None);
        assert_eq!(judge(Some(at(-1)), 0), Some(false));
        assert_eq!(judge(Some(at(-1)), 1), Some(true));
    }

    #[test]
    fn what_residents_tell_was_not_discovered() {
        let judge = |found: bool| judge(Formula::Discovered, |f| f.is_found = found);
        assert_eq!(judge(true), Some(true));
        assert_eq!(judge(false), Some(false));
    }

    #[test]
    fn only_formulas_of_incidents_judge_incidents() {
        for formula in Formula::ALL {
            let fact = CaseFact {
                assigned_at: Some(at(-99)),
                due_at: Some(at(-9)),
                rating: Some(5),
                first_check: Some(true),
                is_closed: true,
                ..filed()
            };
            let judged = formula.judge(&fact, &FormulaLimits::default(), NOW);
            let is_incident = formula.row_kind() == RowKind::Incident;
            assert_eq!(judged.is_some(), is_incident, "{formula:?}");
            for language in Language::ALL {
                let id = message_id("assessment-formula", formula.as_str());
                for id in [id.clone(), format!("{id}-part"), format!("{id}-whole")] {
                    assert!(find_message(language, &id, &[]).is_some(), "{id}");
                }
            }
        }
    }
}
