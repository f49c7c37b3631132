//! The day's plan on a phone: facts beside documents, rules from the server,
//! and what two colleagues see of one household.

use wangge_model::{
    CivilDay, LongitudeLatitude, OrgNodeId,
    protocol::{GridLine, ReferenceNews, ReferenceSet, Signature},
    visit_plan::{Flag, Pressure, Shortfall, VisitRules, VisitState},
};

use super::*;
use crate::{DayPlan, PlanQuery};

/// 2026-01-01 is the phones' first day.
const DAY_MS: i64 = 24 * 3_600_000;

fn number(path: &str, value: f64) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::Number(value))
}

fn time(path: &str, at: Timestamp) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::Time(at))
}

impl Phone {
    fn house(&self, building: &str, more: &[FieldEdit]) -> RecordId {
        self.tick();
        let mut edits = vec![
            set("address.estate", "阳光花园"),
            set("address.building", building),
            number("point.longitude", 117.0),
            number("point.latitude", 36.6),
        ];
        edits.extend_from_slice(more);
        let kind = RecordKind::Household;
        self.core().create_record(kind, grid(1), &edits).unwrap()
    }

    /// A visit of four minutes that ends now, so many degrees north of the
    /// door.
    fn visit(&self, household: RecordId, north: f64, more: &[FieldEdit]) -> RecordId {
        self.tick();
        let now = Timestamp::from_millis(wangge_model::Clock::now(self.clock.as_ref()).as_millis());
        let mut edits = vec![
            set("household", &household.to_string()),
            set("kind", "household"),
            set("result", "met"),
            time("started_at", now.plus_millis(-240_000)),
            time("ended_at", now),
            number("point.longitude", 117.0),
            number("point.latitude", 36.6 + north),
            number("point.accuracy_m", 5.0),
        ];
        edits.extend_from_slice(more);
        let kind = RecordKind::Visit;
        self.core().create_record(kind, grid(1), &edits).unwrap()
    }

    fn plan(&self) -> DayPlan {
        self.core().plan(&PlanQuery::default()).unwrap()
    }

    fn planned(&self) -> Vec<RecordId> {
        let plan = self.plan();
        let entries = plan.stops.iter().flat_map(|stop| &stop.entries);
        entries.map(|entry| entry.row.id).collect()
    }

    fn days_later(&self, days: i64) {
        self.clock.advance_millis(days * DAY_MS);
    }
}

pub(super) fn publish(phone: &Phone, sets: &[(&str, OrgNodeId, String)]) {
    let sets: Vec<ReferenceSet> = sets
        .iter()
        .map(|(name, node, body)| ReferenceSet {
            name: (*name).to_owned(),
            node: *node,
            body: body.as_bytes().to_vec(),
            signature: Signature {
                algorithm: Algorithm::EcdsaP256Sha256,
                bytes: vec![0; 64],
            },
        })
        .collect();
    let news = ReferenceNews {
        stamps: sets.iter().map(ReferenceSet::stamp).collect(),
        sets,
    };
    let line = GridLine {
        grid: grid(1),
        above: vec![
            OrgNodeId::from_bytes([50; 16]),
            OrgNodeId::from_bytes([60; 16]),
        ],
    };
    let grants = Grants {
        lines: Some(vec![line]),
        person: PersonId::from_bytes([phone.number; 16]),
        ..grants(2, &[1])
    };
    phone
        .store()
        .apply_answer(&Answer {
            server_epoch: Hub::first_epoch(),
            time: Timestamp::from_millis(START),
            receipt: None,
            pages: &[],
            grants: Some(&grants),
            directives: &[],
            decisions: &[],
            reference: Some(&news),
            roster: None,
            roll_outcomes: &[],
        })
        .unwrap();
}

#[test]
fn a_visit_takes_its_household_out_of_the_plan() {
    let phone = Phone::enrolled(1, &[1]);
    let one = phone.house("2号楼", &[]);
    let two = phone.house("10号楼", &[]);
    assert_eq!(phone.planned(), [one, two], "by building");
    let plan = phone.plan();
    assert_eq!(plan.stops[0].label, "阳光花园2号楼");
    assert_eq!(plan.stops[0].entries[0].row.summary.title, "阳光花园2号楼");
    assert_eq!(
        (plan.due, plan.by_pressure.clone()),
        (2, vec![0, 0, 0, 0, 0, 2])
    );
    assert_eq!(plan.by_pressure.len(), Pressure::ALL.len());

    phone.visit(one, 0.0001, &[]);
    assert_eq!(phone.planned(), [two]);
    let progress = phone.core().progress(None).unwrap();
    assert_eq!((progress.households, progress.days_out), (1, 1));
    assert_eq!(progress.households_wanted, Some(15));
    let coverage = &phone.core().coverage(None).unwrap()[0];
    assert_eq!(coverage.grid, grid(1));
    assert_eq!(
        (coverage.coverage.households, coverage.coverage.month),
        (2, 1)
    );
    // An edit is seen at once: one member more, who joined today.
    phone.edit(one, "members.m.joined_on", "2026-01-01");
    phone.days_later(1);
    assert_eq!(phone.planned(), [two]);
    phone.edit(one, "members.m.joined_on", "2026-01-02");
    assert_eq!(phone.planned().len(), 2, "moved in after the visit");
    phone.check();
}

#[test]
fn a_saved_visit_says_whether_it_counts_and_why_not() {
    let phone = Phone::enrolled(1, &[1]);
    let household = phone.house("1号楼", &[]);
    let good = phone.visit(household, 0.0005, &[]);
    assert!(phone.core().visit_verdict(good).unwrap().counts());
    let visit = phone.core().visit(good).unwrap();
    let metres = visit.door_distance_m.unwrap();
    assert!((metres - 55.6).abs() < 0.5, "{metres}");
    assert_eq!(visit.visitor, PersonId::from_bytes([1; 16]).to_string());

    let again = phone.visit(household, 0.0005, &[]);
    assert_eq!(
        phone.core().visit_verdict(again).unwrap().shortfalls,
        [Shortfall::AgainSameDay { first: good }]
    );
    phone.days_later(1);
    let far = phone.visit(household, 0.01, &[]);
    let verdict = phone.core().visit_verdict(far).unwrap();
    assert!(
        matches!(
            verdict.shortfalls[..],
            [Shortfall::TooFar {
                metres: 1_112,
                at_most: 200
            }]
        ),
        "{verdict:?}"
    );
    phone.edit(far, "distance_reason", "在社区办公室接待");
    let verdict = phone.core().visit_verdict(far).unwrap();
    assert!(verdict.counts());
    assert_eq!(verdict.flags, [Flag::FarWithReason { metres: 1_112 }]);
    // Another position entered later is measured anew.
    let nearer = [
        number("point.longitude", 117.0),
        number("point.latitude", 36.6),
    ];
    phone.core().edit_record(far, &nearer).unwrap();
    assert_eq!(phone.core().visit(far).unwrap().door_distance_m, Some(0.0));
    phone.check();
}

#[test]
fn what_a_snapshot_brought_is_planned_without_being_shown_first() {
    let mut hub = Hub::new();
    let one = Phone::enrolled(1, &[1]);
    hub.sync(&one);
    let first = one.house("1号楼", &[]);
    let second = one.house("2号楼", &[]);
    one.visit(first, 0.0, &[]);
    hub.sync(&one);
    let two = Phone::enrolled(2, &[1]);
    hub.sync(&two);
    assert_eq!(two.planned(), [second]);
    assert_eq!(two.plan(), one.plan());
    // Others' visits are not one's own progress, but they cover the grid.
    assert_eq!(two.core().progress(None).unwrap().households, 0);
    assert_eq!(two.core().coverage(None).unwrap()[0].coverage.month, 1);
    // And it follows the feed.
    one.visit(second, 0.0, &[]);
    hub.sync(&one);
    hub.sync(&two);
    assert!(two.planned().is_empty());
}

#[test]
fn a_visit_handed_over_shows_in_both_plans() {
    let mut hub = Hub::new();
    let zhang = Phone::enrolled(1, &[1]);
    hub.sync(&zhang);
    let first = zhang.house("1号楼", &[]);
    let second = zhang.house("2号楼", &[]);
    hub.sync(&zhang);
    let li = Phone::enrolled(2, &[1]);
    hub.sync(&li);

    let person = |phone: &Phone| PersonId::from_bytes([phone.number; 16]);
    zhang.core().hand_over(first, person(&li)).unwrap();
    hub.sync(&zhang);
    hub.sync(&li);
    assert_eq!(zhang.planned(), [second]);
    let theirs = zhang.plan().handed_over;
    assert_eq!(theirs.len(), 1);
    assert_eq!(
        theirs[0].entry.handover.as_ref().unwrap().to,
        person(&li).to_string()
    );
    assert_eq!(li.planned(), [first, second]);
    let plan = li.plan();
    assert_eq!(
        plan.stops[0].entries[0].entry.reasons[0].code(),
        "handed_over"
    );
    assert_eq!(plan.stops[0].entries[0].entry.rank, 1);

    zhang.core().take_back(first).unwrap();
    assert_eq!(zhang.planned(), [first, second]);
    assert!(zhang.plan().handed_over.is_empty());
    let visit = li.visit(second, 0.0, &[]);
    assert!(matches!(
        li.core().hand_over(visit, person(&zhang)),
        Err(crate::Error::NotFound { .. })
    ));
}

#[test]
fn the_nearest_rules_hold_and_a_campaign_asks() {
    let phone = Phone::enrolled(1, &[1]);
    let household = phone.house("1号楼", &[]);
    phone.visit(household, 0.0, &[]);
    assert!(phone.planned().is_empty());
    let monthly = |count: u32| {
        let mut rules = VisitRules::default();
        for rule in &mut rules.rules {
            if rule.id == "ordinary" {
                rule.count = count;
            }
        }
        serde_json::to_string(&rules).unwrap()
    };
    let (street, county) = (
        OrgNodeId::from_bytes([50; 16]),
        OrgNodeId::from_bytes([60; 16]),
    );
    publish(&phone, &[("visit_rules", county, monthly(12))]);
    phone.days_later(31);
    assert_eq!(phone.planned(), [household], "the county's: monthly");
    publish(
        &phone,
        &[
            ("visit_rules", county, monthly(12)),
            ("visit_rules", street, monthly(2)),
        ],
    );
    assert!(phone.planned().is_empty(), "the street's is nearer");
    assert_eq!(phone.core().visit_rules(grid(1)).unwrap().rules.len(), 12);

    let campaign = format!(
        r#"{{"id": "gas", "title": "燃气安全排查", "kind": "campaign", "starts_on": "2026-02-01",
            "ends_on": "2026-02-20", "households": ["{household}"]}}"#
    );
    publish(
        &phone,
        &[
            ("visit_rules", street, monthly(2)),
            ("campaign.gas", grid(1).into(), campaign),
            ("from.a.newer.server", street, "{}".to_owned()),
        ],
    );
    let plan = phone.plan();
    assert_eq!(plan.campaigns[0].title, "燃气安全排查");
    assert_eq!(plan.stops[0].entries[0].entry.reasons[0].code(), "campaign");
    phone.visit(household, 0.0, &[set("plan", "gas")]);
    assert!(phone.planned().is_empty());
    publish(&phone, &[]);
    assert_eq!(phone.store().list_references("").unwrap(), []);
}

#[test]
fn facts_read_anew_give_the_same_plan() {
    let phone = Phone::enrolled(1, &[1]);
    for building in ["3号楼", "1号楼", "2号楼"] {
        let household = phone.house(building, &[set("labels.l.group", "solo_elder")]);
        if building != "1号楼" {
            phone.visit(household, 0.0, &[set("follow_up_on", "2026-01-03")]);
        }
    }
    phone.days_later(3);
    let query = PlanQuery {
        start: Some(LongitudeLatitude::new(117.001, 36.601)),
        on: Some("2026-01-04".parse::<CivilDay>().unwrap()),
        ..PlanQuery::default()
    };
    let before = phone.core().plan(&query).unwrap();
    assert_eq!(before.due, 3);
    phone.store().forget_facts().unwrap();
    assert_eq!(phone.core().plan(&query).unwrap(), before);
    phone.core().tidy().unwrap();
    assert_eq!(phone.core().plan(&query).unwrap(), before);
    phone.check();
}

#[test]
fn words_are_found_whatever_is_due_of_a_record() {
    let phone = Phone::enrolled(1, &[1]);
    let household = phone.house("1号楼", &[set("notes", "门铃坏了")]);
    let found = |text: &str| {
        let query = crate::RecordQuery {
            text: Some(text.to_owned()),
            ..crate::RecordQuery::default()
        };
        phone.core().list_records(&query).unwrap().len()
    };
    phone.plan();
    assert_eq!(found("门铃坏了"), 1, "facts read, text due");
    phone.core().tidy().unwrap();
    // Facts due, text as it was.
    phone.edit(household, "dwelling.use", "01");
    assert_eq!(found("门铃坏了"), 1);
    // Then the text as well, before the facts were read.
    phone.edit(household, "notes", "门铃修好了");
    assert_eq!((found("门铃坏了"), found("门铃修好了")), (0, 1));
    phone.core().tidy().unwrap();
    assert_eq!((found("门铃坏了"), found("门铃修好了")), (0, 1));
    phone.plan();
    phone.edit(household, "dwelling.use", "02");
    phone.core().tidy().unwrap();
    assert_eq!(found("门铃修好了"), 1);
}

#[test]
fn the_map_of_visits_has_every_household_with_its_door_and_how_it_stands() {
    let phone = Phone::enrolled(1, &[1]);
    let visited = phone.house("1号楼", &[]);
    let due = phone.house("2号楼", &[]);
    phone.tick();
    let nowhere = phone
        .core()
        .create_record(
            RecordKind::Household,
            grid(1),
            &[set("address.estate", "幸福里")],
        )
        .unwrap();
    phone.visit(visited, 0.0, &[]);
    let map = phone.core().visit_map(None, None).unwrap();
    let of = |id: RecordId| map.iter().find(|one| one.row.id == id).unwrap();
    assert_eq!(map.len(), 3);
    assert_eq!(of(visited).standing.state, VisitState::Visited);
    assert_eq!(of(due).standing.state, VisitState::Due);
    let door = Some(LongitudeLatitude::new(117.0, 36.6));
    assert_eq!(
        (of(visited).door, of(due).door, of(nowhere).door),
        (door, door, None)
    );
    assert_eq!(map[2].row.id, visited, "the most pressing come first");
    assert_eq!(phone.core().visit_map(Some(grid(1)), None).unwrap(), map);
    assert!(
        phone
            .core()
            .visit_map(Some(grid(9)), None)
            .unwrap()
            .is_empty()
    );
    // More than a year later nobody has come again.
    let later = CivilDay::of(wangge_model::Clock::now(phone.clock.as_ref())).plus(400);
    let map = phone.core().visit_map(None, Some(later)).unwrap();
    assert!(
        map.iter()
            .all(|one| one.standing.state == VisitState::Overdue)
    );
}
