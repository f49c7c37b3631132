//! Visits as they should be made: how often whom ([`VisitRules`]), which count
//! ([`VisitValidity`]), what is due on a day and in which order to walk
//! ([`Plan`]), how the month stands ([`Progress`], [`Coverage`]) and what a
//! supervisor wants visited besides ([`Campaign`]).
//!
//! Everything here is a function of facts, rules and a civil day, so phone and
//! server find the same. Facts ([`HouseholdFact`], [`VisitFact`]) are read from
//! documents once and kept beside them.

mod campaign;
mod due;
mod fact;
mod log;
mod natural;
mod plan;
mod progress;
mod rule;
mod state;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod turn;
mod validity;
mod walk;

pub use campaign::{Campaign, CampaignError, CheckItem, MOST_CHECKS, MOST_HOUSEHOLDS};
pub use due::{PlanHousehold, Pressure, Reason};
pub use fact::{
    CARE_LEVELS, Door, FACTS, FLOATING, Handover, HouseholdFact, LabelSpan, RecheckDue, RecordFact,
    TENANT, VisitFact, VisitPlace,
};
pub use log::{LogEntry, LoggedVisit, VisitLog};
pub use plan::{Plan, PlanEntry, PlanInput, Stop};
pub use progress::{Coverage, Progress, per_mille};
pub use rule::{
    EVERYBODY, MOST_RULES, RuleScope, RuleUnit, VisitRule, VisitRules, VisitRulesError, WORKER,
    groups,
};
pub use state::{VisitStanding, VisitState};
pub use turn::Period;
pub use validity::{Flag, Shortfall, Verdict, VisitValidity, judge_visits};
