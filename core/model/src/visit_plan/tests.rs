//! The plan as a whole: examples, and what must hold for any input.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    CivilDay, LongitudeLatitude, RecordId,
    visit_plan::testing::{good_visit, household_id, shuffle, visit_id},
};

fn day(text: &str) -> CivilDay {
    text.parse().unwrap()
}

/// A little world to plan in.
#[derive(Default)]
struct World {
    households: Vec<(RecordId, HouseholdFact)>,
    visits: Vec<(RecordId, VisitFact)>,
    campaigns: Vec<Campaign>,
    rules: VisitRules,
}

impl World {
    /// One household in a file that is years old.
    fn of_one(change: impl FnOnce(&mut HouseholdFact)) -> Self {
        let mut fact = HouseholdFact {
            estate: "阳光花园".to_owned(),
            building: "3号楼".to_owned(),
            filed_on: Some(day("2020-01-01")),
            ..HouseholdFact::default()
        };
        change(&mut fact);
        Self {
            households: vec![(household_id(1), fact)],
            ..Self::default()
        }
    }

    fn visited(mut self, on: &str, change: impl FnOnce(&mut VisitFact)) -> Self {
        let mut visit = good_visit(household_id(1), day(on));
        change(&mut visit);
        let number = u16::try_from(self.visits.len()).unwrap();
        self.visits.push((visit_id(number), visit));
        self
    }

    fn log(&self) -> VisitLog {
        VisitLog::new(self.visits.iter().map(|(id, fact)| LogEntry {
            id: *id,
            fact,
            rule: &self.rules.validity,
            is_mine: true,
        }))
    }

    fn plan(&self, on: CivilDay, start: Option<LongitudeLatitude>, limit: usize) -> Plan {
        let households: Vec<PlanHousehold<'_>> = self
            .households
            .iter()
            .map(|(id, fact)| PlanHousehold {
                id: *id,
                fact,
                attribute: None,
                rules: &self.rules,
            })
            .collect();
        Plan::make(&PlanInput {
            on,
            worker: "me",
            households: &households,
            log: &self.log(),
            campaigns: &self.campaigns,
            start,
            limit,
        })
    }

    fn reasons(&self, on: &str) -> Vec<String> {
        let plan = self.plan(day(on), None, 0);
        plan.entries()
            .flat_map(|entry| &entry.reasons)
            .map(|reason| format!("{} {}", reason.code(), reason.day()))
            .collect()
    }
}

fn label(group: &str, level: &str) -> LabelSpan {
    LabelSpan {
        group: group.to_owned(),
        level: level.to_owned(),
        since: None,
        until: None,
    }
}

/// How household 1 stands, and the last day a visit counted.
fn standing(world: &World, on: &str) -> (VisitState, Option<CivilDay>) {
    let (id, fact) = &world.households[0];
    let household = PlanHousehold {
        id: *id,
        fact,
        attribute: None,
        rules: &world.rules,
    };
    let standing = VisitStanding::of(&household, &world.log(), &world.campaigns, day(on));
    assert_eq!(
        standing.reason.is_some(),
        matches!(standing.state, VisitState::Overdue | VisitState::Due)
    );
    (standing.state, standing.visited_on)
}

#[test]
fn a_household_stands_by_what_is_left_to_do_and_then_by_the_month() {
    let world = World::of_one(|fact| fact.filed_on = Some(day("2025-03-01")));
    assert_eq!(standing(&world, "2025-12-31"), (VisitState::Due, None));
    assert_eq!(standing(&world, "2026-01-01"), (VisitState::Overdue, None));
    let came = Some(day("2026-02-10"));
    let world = world.visited("2026-02-10", |_| ());
    assert_eq!(standing(&world, "2026-02-28"), (VisitState::Visited, came));
    assert_eq!(standing(&world, "2026-03-01"), (VisitState::Rest, came));
    // Not yet made on the day before, and one that does not count is none.
    assert_eq!(standing(&world, "2026-02-09"), (VisitState::Overdue, None));
    let tried = World::of_one(|_| ()).visited("2026-02-10", |visit| {
        "not_at_home".clone_into(&mut visit.result);
    });
    assert_eq!(standing(&tried, "2026-02-28"), (VisitState::Overdue, None));
    // A promise makes a household due again that was visited this month.
    let world = world.visited("2026-02-12", |visit| {
        visit.promised_for = vec![day("2026-02-20")];
    });
    assert_eq!(standing(&world, "2026-02-19").0, VisitState::Visited);
    assert_eq!(standing(&world, "2026-02-20").0, VisitState::Due);
}

#[test]
fn an_ordinary_household_is_due_once_in_each_half_of_the_year() {
    let world = World::of_one(|_| ()).visited("2025-10-01", |_| ());
    assert_eq!(world.reasons("2025-09-30"), ["overdue 2020-06-30"]);
    assert_eq!(world.reasons("2025-12-31"), ["regular 2025-12-31"]);
    assert_eq!(world.reasons("2026-01-01"), ["regular 2026-06-30"]);
    let world = world.visited("2026-02-01", |_| ());
    assert!(world.reasons("2026-02-01").is_empty());
    assert!(world.reasons("2026-06-30").is_empty());
    assert_eq!(world.reasons("2026-07-01"), ["regular 2026-12-31"]);
    let twice = world.visited("2026-05-01", |_| ());
    assert!(twice.reasons("2026-12-31").is_empty(), "twice this year");
}

#[test]
fn a_missed_turn_is_overdue_since_its_last_day() {
    let never = World::of_one(|fact| fact.filed_on = Some(day("2025-03-01")));
    // The turn it was filed in was half over; the next one counts.
    assert_eq!(never.reasons("2025-12-31"), ["regular 2025-12-31"]);
    assert_eq!(never.reasons("2026-01-01"), ["overdue 2025-12-31"]);
    let unknown = World::of_one(|fact| fact.filed_on = None);
    assert_eq!(unknown.reasons("2026-03-01"), ["overdue 2025-12-31"]);
}

#[test]
fn a_visit_that_does_not_count_is_none() {
    let world =
        World::of_one(|_| ())
            .visited("2025-08-01", |_| ())
            .visited("2026-02-01", |visit| {
                visit.result = "not_at_home".to_owned();
            });
    assert_eq!(world.reasons("2026-02-01"), ["regular 2026-06-30"]);
    let plan = world.plan(day("2026-02-01"), None, 0);
    let entry = plan.entries().next().unwrap();
    assert!(entry.was_tried);
    assert_eq!(entry.visited_on, Some(day("2025-08-01")));
}

#[test]
fn care_comes_by_level_while_the_label_holds() {
    let world = World::of_one(|fact| {
        fact.labels = vec![label("solo_elder", "high")];
        fact.labels[0].until = Some(day("2026-03-20"));
    })
    .visited("2026-03-04", |_| ());
    // The month's visit is made; each week has its own.
    assert_eq!(world.reasons("2026-03-10"), ["care 2026-03-15"]);
    assert_eq!(world.reasons("2026-03-17"), ["overdue 2026-03-15"]);
    assert!(world.reasons("2026-03-21").is_empty(), "the label ended");
}

#[test]
fn what_was_promised_comes_due_on_its_day_and_is_done_by_a_visit() {
    let world =
        World::of_one(|_| ())
            .visited("2026-01-05", |_| ())
            .visited("2026-01-10", |visit| {
                visit.follow_up_on = Some(day("2026-01-20"));
                visit.has_open_demand = true;
            });
    assert!(
        world.reasons("2026-01-19").is_empty(),
        "the day has not come"
    );
    assert_eq!(world.reasons("2026-01-21"), ["follow_up 2026-01-20"]);
    let early = world.visited("2026-01-15", |_| ());
    assert_eq!(early.reasons("2026-01-21"), ["follow_up 2026-01-20"]);
    let done = early.visited("2026-01-22", |_| ());
    assert!(done.reasons("2026-01-22").is_empty());

    let promised = World::of_one(|_| ()).visited("2026-01-05", |visit| {
        visit.promised_for = vec![day("2026-01-08")];
    });
    assert_eq!(promised.reasons("2026-01-09"), ["promise 2026-01-08"]);

    let demand = World::of_one(|_| ()).visited("2026-01-05", |visit| {
        visit.has_open_demand = true;
    });
    assert_eq!(demand.reasons("2026-01-06"), ["open_demand 2026-01-05"]);
    let settled = demand.visited("2026-01-07", |_| ());
    assert!(settled.reasons("2026-01-08").is_empty());
}

#[test]
fn whoever_moved_in_lately_is_put_forward_until_visited() {
    let world = World::of_one(|fact| fact.moved_in_on = Some(day("2026-02-10")))
        .visited("2026-01-05", |_| ());
    assert!(world.reasons("2026-02-09").is_empty());
    assert_eq!(world.reasons("2026-02-10"), ["moved_in 2026-02-10"]);
    assert_eq!(world.reasons("2026-03-12"), ["moved_in 2026-02-10"]);
    assert!(world.reasons("2026-03-13").is_empty(), "31 days");
    let world = world.visited("2026-02-11", |_| ());
    assert!(world.reasons("2026-02-12").is_empty());
}

#[test]
fn a_campaign_asks_for_its_households_within_its_days() {
    let mut world = World::of_one(|_| ()).visited("2026-01-05", |_| ());
    world.campaigns = vec![Campaign {
        id: "gas".to_owned(),
        title: "燃气安全排查".to_owned(),
        note: String::new(),
        kind: "campaign".to_owned(),
        starts_on: day("2026-03-01"),
        ends_on: day("2026-03-15"),
        checks: Vec::new(),
        households: vec![household_id(1)],
    }];
    assert!(world.reasons("2026-02-28").is_empty());
    assert_eq!(world.reasons("2026-03-02"), ["campaign 2026-03-15"]);
    let world = world.visited("2026-03-03", |_| ());
    assert_eq!(
        world.reasons("2026-03-03"),
        ["campaign 2026-03-15"],
        "another kind of visit"
    );
    let world = world.visited("2026-03-04", |visit| visit.plan = "gas".to_owned());
    assert!(world.reasons("2026-03-04").is_empty());
}

#[test]
fn a_visit_handed_over_leaves_one_plan_and_enters_the_other() {
    let handed = |to: &str| {
        World::of_one(|fact| {
            fact.handover = Some(Handover {
                to: to.to_owned(),
                by: "zhang".to_owned(),
                on: day("2026-01-10"),
            });
        })
        .visited("2025-11-01", |_| ())
    };
    let theirs = handed("li").plan(day("2026-01-10"), None, 0);
    assert!(theirs.stops.is_empty());
    assert_eq!(theirs.due, 0);
    assert_eq!(theirs.handed_over.len(), 1);
    assert_eq!(theirs.handed_over[0].handover.as_ref().unwrap().to, "li");

    let mine = handed("me");
    assert_eq!(
        mine.reasons("2026-01-10"),
        ["handed_over 2026-01-10", "regular 2026-06-30"]
    );
    assert_eq!(mine.reasons("2026-01-09"), ["regular 2026-06-30"]);
    let done = mine.visited("2026-01-11", |_| ());
    assert!(done.reasons("2026-01-11").is_empty());
    let theirs = World {
        households: handed("li").households,
        ..World::default()
    }
    .visited("2026-01-11", |_| ());
    assert!(
        theirs
            .plan(day("2026-01-12"), None, 0)
            .handed_over
            .is_empty()
    );
}

#[test]
fn the_most_pressing_come_first_and_a_limit_keeps_them() {
    let mut world = World::default();
    let mut household = |number: u8, change: &dyn Fn(&mut HouseholdFact)| {
        let mut fact = HouseholdFact {
            building: format!("{number}号楼"),
            filed_on: Some(day("2020-01-01")),
            ..HouseholdFact::default()
        };
        change(&mut fact);
        world.households.push((household_id(number), fact));
    };
    household(1, &|_| ());
    household(2, &|fact| fact.moved_in_on = Some(day("2026-01-10")));
    household(3, &|fact| fact.labels = vec![label("solo_elder", "")]);
    household(4, &|_| ());
    household(5, &|_| ());
    for number in [1, 2, 3, 4] {
        let visit = good_visit(household_id(number), day("2025-12-20"));
        world.visits.push((visit_id(u16::from(number)), visit));
    }
    world.visits[3].1.promised_for = vec![day("2026-01-02")];
    let plan = world.plan(day("2026-01-12"), None, 0);
    let mut ranked: Vec<(usize, RecordId)> = plan
        .entries()
        .map(|entry| (entry.rank, entry.household))
        .collect();
    ranked.sort_unstable();
    let order: Vec<RecordId> = ranked.into_iter().map(|(_, id)| id).collect();
    assert_eq!(order, [5, 3, 4, 2, 1].map(household_id));
    assert_eq!(plan.by_pressure, [1, 1, 1, 1, 0, 1]);
    let few = world.plan(day("2026-01-12"), None, 2);
    let kept: Vec<RecordId> = few.entries().map(|entry| entry.household).collect();
    assert_eq!(kept, [3, 5].map(household_id), "by building");
    assert_eq!(few.due, 5);
}

#[test]
fn a_months_progress_counts_households_and_days_once() {
    let mut world = World::default();
    for (number, (household, on)) in (0..).zip([
        (1, "2026-03-02"),
        (1, "2026-03-09"),
        (2, "2026-03-09"),
        (3, "2026-02-28"),
        (4, "2026-03-20"),
    ]) {
        let visit = good_visit(household_id(household), day(on));
        world.visits.push((visit_id(number), visit));
    }
    let mut missed = good_visit(household_id(5), day("2026-03-10"));
    missed.result = "not_at_home".to_owned();
    missed.ended_at = missed.started_at;
    world.visits.push((visit_id(9), missed));
    let progress = Progress::of(&world.log(), &world.rules, day("2026-03-10"));
    assert_eq!((progress.households, progress.visits), (2, 3));
    assert_eq!((progress.days_out, progress.days_left), (2, 22));
    assert_eq!(progress.households_wanted, Some(15));
    assert_eq!(progress.days_wanted, Some(2));
    assert_eq!(progress.households_left(), 13);
    assert_eq!(progress.not_counted, 1);
    let shortfalls: Vec<_> = progress.shortfalls.into_iter().collect();
    assert_eq!(shortfalls, [("not_met", 1), ("too_short", 1)]);
}

#[test]
fn coverage_is_of_the_month_the_quarter_and_the_year() {
    let mut world = World::default();
    for (number, on) in (1..).zip(["2026-05-02", "2026-04-09", "2026-01-09", "2025-12-31"]) {
        let visit = good_visit(household_id(number), day(on));
        world.visits.push((visit_id(u16::from(number)), visit));
    }
    let coverage = Coverage::of((1..=5).map(household_id), &world.log(), day("2026-05-10"));
    let expected = Coverage {
        households: 5,
        month: 1,
        quarter: 2,
        year: 3,
    };
    assert_eq!(coverage, expected);
    assert_eq!(per_mille(3, 5), Some(600));
    assert_eq!(per_mille(0, 0), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plan_does_not_depend_on_the_order_of_its_input(
        households in testing::households(),
        visits in testing::visits(60),
        on in testing::day(),
        seed: u64,
        is_placed: bool,
        limit in 0_usize..14,
    ) {
        let start = is_placed.then(|| LongitudeLatitude::new(117.004, 36.004));
        let mut world = World { households, visits, ..World::default() };
        let plan = world.plan(on, start, limit);
        shuffle(&mut world.households, seed);
        shuffle(&mut world.visits, seed.rotate_left(17));
        prop_assert_eq!(&world.plan(on, start, limit), &plan);
        // Something entered twice changes nothing.
        let again = world.households[0].clone();
        world.households.push(again);
        if let Some(again) = world.visits.first().cloned() {
            world.visits.push(again);
        }
        prop_assert_eq!(&world.plan(on, start, limit), &plan);
    }

    #[test]
    fn each_household_is_planned_once_and_the_counts_agree(
        households in testing::households(),
        visits in testing::visits(60),
        on in testing::day(),
        limit in 0_usize..14,
    ) {
        let world = World { households, visits, ..World::default() };
        let all = world.plan(on, None, 0);
        let mut seen = BTreeSet::new();
        for entry in all.entries() {
            prop_assert!(seen.insert(entry.household), "twice");
            prop_assert!(!entry.reasons.is_empty());
            let is_sorted = entry.reasons.is_sorted_by_key(Reason::pressure);
            prop_assert!(is_sorted, "{:?}", entry.reasons);
        }
        prop_assert_eq!(seen.len(), all.due);
        for entry in &all.handed_over {
            prop_assert!(seen.insert(entry.household), "handed over and due");
        }
        prop_assert_eq!(all.by_pressure.iter().sum::<usize>(), all.due);
        let ranks: BTreeSet<usize> = all.entries().map(|entry| entry.rank).collect();
        prop_assert!(ranks.into_iter().eq(1..=all.due));

        // A household is due exactly if one of its rules, or something else, asks.
        for (id, fact) in &world.households {
            let alone = World {
                households: vec![(*id, fact.clone())],
                visits: world.visits.clone(),
                ..World::default()
            };
            let plan = alone.plan(on, None, 0);
            let is_due = all.entries().any(|entry| entry.household == *id);
            prop_assert_eq!(plan.due == 1, is_due);
        }

        // A limit keeps the most pressing of the same plan.
        let few = world.plan(on, None, limit);
        prop_assert_eq!(few.due, all.due);
        let kept = if limit == 0 { all.due } else { limit.min(all.due) };
        prop_assert_eq!(few.entries().count(), kept);
        for entry in few.entries() {
            prop_assert!(entry.rank <= kept);
            prop_assert!(all.entries().any(|other| other == entry));
        }
    }

    #[test]
    fn coverage_and_progress_count_the_same_visits(
        visits in testing::visits(80),
        on in testing::day(),
    ) {
        let world = World { visits, ..World::default() };
        let log = world.log();
        let households: Vec<RecordId> = (0..12).map(household_id).collect();
        let coverage = Coverage::of(households.iter().copied(), &log, on);
        let progress = Progress::of(&log, &world.rules, on);
        // Every visit is one's own here, so the month's figures must agree.
        prop_assert_eq!(coverage.month, progress.households);
        prop_assert!(progress.households <= progress.visits);
        prop_assert!(progress.days_out <= progress.visits);
        prop_assert!(coverage.month <= coverage.quarter);
        prop_assert!(coverage.quarter <= coverage.year);
        prop_assert!(coverage.year <= coverage.households);
        // Whoever was visited this month is not due by a rule of the month.
        for household in &households {
            let days = log::counted_days(log.of(household), on);
            let is_visited = days.iter().any(|day| *day >= Period::Month.start(on));
            let alone = Coverage::of([*household], &log, on);
            prop_assert_eq!(alone.month == 1, is_visited);
        }
    }
}
