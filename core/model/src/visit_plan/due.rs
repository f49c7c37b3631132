//! What is due at a household on a day, and why.

use super::{
    Campaign, Handover, HouseholdFact, LoggedVisit, Period, VisitRule, VisitRules,
    log::counted_days, turn::Turn,
};
use crate::{CivilDay, GridAttribute, RecordId};

/// Turns looked back for missed ones: a household nobody ever came to is a
/// year behind, not a century.
const TURNS_BACK: usize = 60;

/// A household that may have to be visited.
#[derive(Debug, Clone, Copy)]
pub struct PlanHousehold<'a> {
    /// Its file.
    pub id: RecordId,
    /// What is known of it.
    pub fact: &'a HouseholdFact,
    /// What kind of grid it is in, if that is known.
    pub attribute: Option<GridAttribute>,
    /// The rules that hold there.
    pub rules: &'a VisitRules,
}

/// Why a household is to be visited, most pressing kind first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A rule's turn passed without a visit.
    Overdue {
        /// The rule.
        rule: String,
        /// The last day it should have been visited.
        since: CivilDay,
    },
    /// A rule for a care group asks for a visit now.
    Care {
        /// The rule.
        rule: String,
        /// The group.
        group: String,
        /// The last day of the turn.
        due_by: CivilDay,
    },
    /// A hazard is to be looked at again.
    Recheck {
        /// Its entry in `hazards`.
        hazard: String,
        /// From when on.
        due_on: CivilDay,
    },
    /// Something was promised for a day that has come.
    Promise {
        /// The visit it was promised at.
        visit: RecordId,
        /// The day.
        due_on: CivilDay,
    },
    /// Somebody said they would come again on a day that has come.
    FollowUp {
        /// The visit before.
        visit: RecordId,
        /// The day.
        due_on: CivilDay,
    },
    /// Something was asked for at the last visit and is not settled.
    OpenDemand {
        /// That visit.
        visit: RecordId,
        /// Its day.
        since: CivilDay,
    },
    /// A colleague handed the visit over.
    HandedOver {
        /// Id of the colleague.
        by: String,
        /// Since when.
        on: CivilDay,
    },
    /// The household moved in lately and nobody has been there.
    MovedIn {
        /// When.
        on: CivilDay,
    },
    /// A campaign asks for a visit.
    Campaign {
        /// The campaign.
        id: String,
        /// Its last day.
        due_by: CivilDay,
    },
    /// A rule asks for a visit now.
    Regular {
        /// The rule.
        rule: String,
        /// The last day of the turn.
        due_by: CivilDay,
    },
}

/// How pressing a reason is: its place in the order the domain reference
/// gives (section 4, "urgent ones on top").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pressure {
    /// A turn was missed.
    Overdue,
    /// A care group.
    Care,
    /// A hazard to be looked at again, a promise, a follow-up, an open demand, or
    /// handed over.
    Promised,
    /// Moved in lately.
    MovedIn,
    /// A campaign.
    Campaign,
    /// Nothing but the regular turn.
    Regular,
}

impl Pressure {
    /// All, most pressing first.
    pub const ALL: [Self; 6] = [
        Self::Overdue,
        Self::Care,
        Self::Promised,
        Self::MovedIn,
        Self::Campaign,
        Self::Regular,
    ];

    /// The word of message ids (`visit-pressure-<word>`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Care => "care",
            Self::Promised => "promised",
            Self::MovedIn => "moved_in",
            Self::Campaign => "campaign",
            Self::Regular => "regular",
        }
    }
}

impl Reason {
    /// How pressing it is.
    pub const fn pressure(&self) -> Pressure {
        match self {
            Self::Overdue { .. } => Pressure::Overdue,
            Self::Care { .. } => Pressure::Care,
            Self::Recheck { .. }
            | Self::Promise { .. }
            | Self::FollowUp { .. }
            | Self::OpenDemand { .. }
            | Self::HandedOver { .. } => Pressure::Promised,
            Self::MovedIn { .. } => Pressure::MovedIn,
            Self::Campaign { .. } => Pressure::Campaign,
            Self::Regular { .. } => Pressure::Regular,
        }
    }

    /// The day that belongs to it: by when, or since when.
    pub const fn day(&self) -> CivilDay {
        match self {
            Self::Overdue { since, .. } | Self::OpenDemand { since, .. } => *since,
            Self::Recheck { due_on, .. }
            | Self::Promise { due_on, .. }
            | Self::FollowUp { due_on, .. } => *due_on,
            Self::HandedOver { on, .. } | Self::MovedIn { on } => *on,
            Self::Care { due_by, .. }
            | Self::Campaign { due_by, .. }
            | Self::Regular { due_by, .. } => *due_by,
        }
    }

    /// Stable code; its texts are `visit-reason-<code>`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Overdue { .. } => "overdue",
            Self::Care { .. } => "care",
            Self::Recheck { .. } => "recheck",
            Self::Promise { .. } => "promise",
            Self::FollowUp { .. } => "follow_up",
            Self::OpenDemand { .. } => "open_demand",
            Self::HandedOver { .. } => "handed_over",
            Self::MovedIn { .. } => "moved_in",
            Self::Campaign { .. } => "campaign",
            Self::Regular { .. } => "regular",
        }
    }
}

/// A reason with the priority of the rule behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranked {
    pub(super) reason: Reason,
    pub(super) priority: u8,
}

/// Priority of reasons that no rule is behind.
const NO_RULE: u8 = 5;

impl Ranked {
    fn plain(reason: Reason) -> Self {
        Self {
            reason,
            priority: NO_RULE,
        }
    }
}

/// The hand-over that still holds: nobody has made the visit since.
pub(super) fn open_handover<'a>(
    household: &PlanHousehold<'a>,
    visits: &[LoggedVisit],
    on: CivilDay,
) -> Option<&'a Handover> {
    let handover = household.fact.handover.as_ref()?;
    let is_done = counted_days(visits, on)
        .last()
        .is_some_and(|last| *last >= handover.on);
    (handover.on <= on && !is_done).then_some(handover)
}

/// Every reason to visit a household on a day, most pressing first; none if
/// nothing is due.
pub(super) fn reasons(
    household: &PlanHousehold<'_>,
    visits: &[LoggedVisit],
    campaigns: &[Campaign],
    on: CivilDay,
) -> Vec<Ranked> {
    let days = counted_days(visits, on);
    let rechecks = household.fact.rechecks.iter();
    let mut reasons: Vec<Ranked> = rechecks
        .filter(|recheck| recheck.due_on <= on)
        .map(|recheck| {
            Ranked::plain(Reason::Recheck {
                hazard: recheck.hazard.clone(),
                due_on: recheck.due_on,
            })
        })
        .collect();
    if household.fact.is_place {
        reasons.sort_by(|one, two| key(one).cmp(&key(two)));
        return reasons;
    }
    let groups = household.fact.groups_on(on);
    for rule in household.rules.for_households(household.attribute) {
        if rule.group == super::EVERYBODY || groups.contains(rule.group.as_str()) {
            reasons.extend(by_rule(household, rule, &days, on));
        }
    }
    by_promises(&mut reasons, visits, on);
    if let Some(moved_in_on) = household.fact.moved_in_on {
        let age = on.days_since(moved_in_on);
        let is_new = age >= 0 && i64::from(age) <= i64::from(household.rules.moved_in_days);
        if is_new && days.last().is_none_or(|last| *last < moved_in_on) {
            reasons.push(Ranked::plain(Reason::MovedIn { on: moved_in_on }));
        }
    }
    for campaign in campaigns {
        if campaign.wants(&household.id, visits, on) {
            reasons.push(Ranked::plain(Reason::Campaign {
                id: campaign.id.clone(),
                due_by: campaign.ends_on,
            }));
        }
    }
    reasons.sort_by(|one, two| key(one).cmp(&key(two)));
    reasons
}

/// What the reasons of one household, and households by their first reason, are
/// sorted by.
pub(super) fn key(ranked: &Ranked) -> (Pressure, u8, CivilDay, &'static str) {
    let reason = &ranked.reason;
    (
        reason.pressure(),
        ranked.priority,
        reason.day(),
        reason.code(),
    )
}

fn by_rule(
    household: &PlanHousehold<'_>,
    rule: &VisitRule,
    days: &[CivilDay],
    on: CivilDay,
) -> Option<Ranked> {
    let (period, count) = (rule.period, rule.count);
    let turn = Turn::of(on, period, count);
    if is_met(&turn, days, on) {
        return None;
    }
    let reason = match first_missed(household, &turn, period, count, days) {
        Some(since) => Reason::Overdue {
            rule: rule.id.clone(),
            since,
        },
        None if rule.is_care() => Reason::Care {
            rule: rule.id.clone(),
            group: rule.group.clone(),
            due_by: turn.last,
        },
        None => Reason::Regular {
            rule: rule.id.clone(),
            due_by: turn.last,
        },
    };
    Some(Ranked {
        reason,
        priority: rule.priority,
    })
}

/// Whether by `until` the period had as many visits as turns begun: a visit
/// too many early on counts for a later turn of the same period.
fn is_met(turn: &Turn, days: &[CivilDay], until: CivilDay) -> bool {
    let made = days
        .iter()
        .filter(|day| **day >= turn.period_start && **day <= until)
        .count();
    made >= usize::try_from(turn.number).unwrap_or(usize::MAX)
}

/// The last day of the earliest turn missed since the last visit; `None` if the
/// turn before this one was met, saw a visit at least, or the household was not
/// known all through it. A visit makes good for whatever was missed before it.
fn first_missed(
    household: &PlanHousehold<'_>,
    turn: &Turn,
    period: Period,
    count: u32,
    days: &[CivilDay],
) -> Option<CivilDay> {
    let known_on = household.fact.known_on();
    let visited_on = days.last().copied();
    let mut missed = None;
    let mut turn = *turn;
    for _ in 0..TURNS_BACK {
        turn = turn.before(period, count);
        let was_known = known_on.is_none_or(|known_on| known_on <= turn.first);
        let was_there = visited_on.is_some_and(|visited_on| visited_on >= turn.first);
        if !was_known || was_there || is_met(&turn, days, turn.last) {
            break;
        }
        missed = Some(turn.last);
        if known_on.is_none() {
            // Nobody knows since when; it is behind, no more can be said.
            break;
        }
    }
    missed
}

/// What was promised and asked for, as far as later visits have not settled it.
fn by_promises(reasons: &mut Vec<Ranked>, visits: &[LoggedVisit], on: CivilDay) {
    for (place, visit) in visits.iter().enumerate() {
        if visit.day > on {
            continue;
        }
        let later = || {
            visits
                .iter()
                .skip(place + 1)
                .filter(|later| later.counts() && later.day <= on)
        };
        if let Some(due_on) = visit.follow_up_on.filter(|due_on| *due_on <= on) {
            let is_done = later().any(|later| later.day >= due_on || later.kind == "followup");
            if !is_done {
                reasons.push(Ranked::plain(Reason::FollowUp {
                    visit: visit.id,
                    due_on,
                }));
            }
        }
        for due_on in visit.promised_for.iter().filter(|due_on| **due_on <= on) {
            reasons.push(Ranked::plain(Reason::Promise {
                visit: visit.id,
                due_on: *due_on,
            }));
        }
        // With a day to come again the demand waits for that day.
        if visit.has_open_demand && visit.follow_up_on.is_none() && later().next().is_none() {
            reasons.push(Ranked::plain(Reason::OpenDemand {
                visit: visit.id,
                since: visit.day,
            }));
        }
    }
}
