//! The day's plan of a worker: whom to visit, why, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Campaign, Handover, LoggedVisit, PlanHousehold, Pressure, Reason, VisitLog,
    due::{self, Ranked},
    log::counted_days,
    walk::{self, DoorKey, StopKey},
};
use crate::{CivilDay, LongitudeLatitude, RecordId};

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The day.
    pub on: CivilDay,
    /// Id of the person whose plan it is; empty if not known.
    pub worker: &'a str,
    /// The households of the person's grids, and the places that have a fact.
    pub households: &'a [PlanHousehold<'a>],
    /// Their visits.
    pub log: &'a VisitLog,
    /// Campaigns that are published for those grids.
    pub campaigns: &'a [Campaign],
    /// Where the walk begins.
    pub start: Option<LongitudeLatitude>,
    /// At most this many households, the most pressing ones; 0 for all.
    pub limit: usize,
}

/// A day's plan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// Where to go, in walking order.
    pub stops: Vec<Stop>,
    /// What a colleague was asked to do: not in `stops`.
    pub handed_over: Vec<PlanEntry>,
    /// Households due in all, also those beyond the limit.
    pub due: usize,
    /// How many of them are how pressing, in [`Pressure::ALL`]'s order.
    pub by_pressure: [usize; Pressure::ALL.len()],
}

/// A building, or a house, and whom to visit there.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    /// What it is called.
    pub label: String,
    /// Whom to visit, by stairwell, floor and room.
    pub entries: Vec<PlanEntry>,
}

/// A household to visit, or a place with a hazard to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEntry {
    /// Its file; a place's where nothing but its hazards is the reason.
    pub household: RecordId,
    /// Its place by how pressing it is, from 1; 0 for what was handed over.
    pub rank: usize,
    /// Why, most pressing first; at least one unless it was handed over.
    pub reasons: Vec<Reason>,
    /// The last day a visit counted.
    pub visited_on: Option<CivilDay>,
    /// Somebody was there today and the visit did not count.
    pub was_tried: bool,
    /// Who asked whom to go.
    pub handover: Option<Handover>,
}

impl Plan {
    /// Every entry of the walk, in order.
    pub fn entries(&self) -> impl Iterator<Item = &PlanEntry> {
        self.stops.iter().flat_map(|stop| &stop.entries)
    }

    /// Makes the plan. The order of the input does not matter.
    pub fn make(input: &PlanInput<'_>) -> Self {
        let mut due: Vec<Due<'_>> = Vec::new();
        let mut handed_over = Vec::new();
        let mut seen = BTreeSet::new();
        for household in input.households {
            if !seen.insert(household.id) {
                continue;
            }
            let visits = input.log.of(&household.id);
            let mut reasons = due::reasons(household, visits, input.campaigns, input.on);
            let handover = due::open_handover(household, visits, input.on);
            let is_for_another = handover.is_some_and(|handover| handover.to != input.worker);
            if let Some(handover) = handover.filter(|_| !is_for_another) {
                reasons.push(Ranked {
                    reason: Reason::HandedOver {
                        by: handover.by.clone(),
                        on: handover.on,
                    },
                    priority: 1,
                });
                reasons.sort_by(|one, two| due::key(one).cmp(&due::key(two)));
            }
            let entry = entry(household.id, visits, &reasons, handover, input.on);
            if is_for_another {
                handed_over.push((StopKey::of(household.fact), household.id, entry));
            } else if let Some(first) = reasons.into_iter().next() {
                due.push(Due {
                    household: *household,
                    first,
                    entry,
                });
            }
        }
        due.sort_by(|one, two| one.key().cmp(&two.key()));
        handed_over.sort_by(|(one, id, _), (two, other, _)| (one, id).cmp(&(two, other)));
        let mut by_pressure = [0; Pressure::ALL.len()];
        for one in &due {
            let pressure = one.first.reason.pressure();
            let place = Pressure::ALL.iter().position(|other| *other == pressure);
            if let Some(count) = place.and_then(|place| by_pressure.get_mut(place)) {
                *count += 1;
            }
        }
        let total = due.len();
        if input.limit > 0 {
            due.truncate(input.limit);
        }
        Self {
            stops: stops(due, input.start),
            handed_over: handed_over.into_iter().map(|(_, _, entry)| entry).collect(),
            due: total,
            by_pressure,
        }
    }
}

/// A household that is due.
struct Due<'a> {
    household: PlanHousehold<'a>,
    first: Ranked,
    entry: PlanEntry,
}

impl Due<'_> {
    /// How pressing it is; the id makes the order total.
    fn key(&self) -> ((Pressure, u8, CivilDay, &'static str), RecordId) {
        (due::key(&self.first), self.household.id)
    }
}

fn entry(
    household: RecordId,
    visits: &[LoggedVisit],
    reasons: &[Ranked],
    handover: Option<&Handover>,
    on: CivilDay,
) -> PlanEntry {
    PlanEntry {
        household,
        rank: 0,
        reasons: reasons.iter().map(|one| one.reason.clone()).collect(),
        visited_on: counted_days(visits, on).last().copied(),
        was_tried: visits
            .iter()
            .any(|visit| visit.day == on && !visit.counts()),
        handover: handover.cloned(),
    }
}

/// Groups what is due by building and puts the buildings in walking order.
fn stops(due: Vec<Due<'_>>, start: Option<LongitudeLatitude>) -> Vec<Stop> {
    let mut doors = BTreeMap::new();
    let mut groups: BTreeMap<StopKey, Vec<(DoorKey, RecordId, PlanEntry, String)>> =
        BTreeMap::new();
    for (place, one) in due.into_iter().enumerate() {
        let fact = one.household.fact;
        let key = StopKey::of(fact);
        let places: &mut Vec<_> = doors.entry(key.clone()).or_default();
        places.extend(fact.door);
        let mut entry = one.entry;
        entry.rank = place + 1;
        groups.entry(key).or_default().push((
            DoorKey::of(fact),
            one.household.id,
            entry,
            walk::label(fact),
        ));
    }
    walk::order(&doors, start)
        .into_iter()
        .filter_map(|key| {
            let mut group = groups.remove(&key)?;
            group.sort_by(|one, two| (&one.0, one.1).cmp(&(&two.0, two.1)));
            // One building may be written in several ways.
            let label = group.iter().map(|(.., label)| label).min().cloned();
            Some(Stop {
                label: label.unwrap_or_default(),
                entries: group.into_iter().map(|(_, _, entry, _)| entry).collect(),
            })
        })
        .collect()
}
