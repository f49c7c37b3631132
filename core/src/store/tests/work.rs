//! What was done in some days, surveys, and what waits behind 访、报、调.

use wangge_model::{OrgNodeId, visit_plan::Period};

use super::*;
use crate::{Entries, Error};

/// 2026-01-01, a Thursday, is the phones' first day.
const DAY_MS: i64 = 24 * 3_600_000;

const SURVEY: &str = r#"{"id": "0190a7c2-0000-7000-8000-000000000001", "title": "为老服务",
    "starts_on": "2026-01-01", "ends_on": "2026-01-02", "questions": [
    {"id": "1", "text": "对社区满意吗", "kind": "satisfaction"},
    {"id": "2", "text": "需要哪些服务", "kind": "several", "choices": ["助餐", "家政"]}]}"#;

impl Phone {
    fn put(&self, kind: RecordKind, edits: &[FieldEdit]) -> RecordId {
        self.tick();
        self.core().create_record(kind, grid(1), edits).unwrap()
    }
}

#[test]
fn a_days_work_is_summed_by_kind_with_what_is_unsent() {
    let mut hub = Hub::new();
    let phone = Phone::enrolled(1, &[1]);
    hub.sync(&phone);
    let household = phone.household(1, "阳光花园3号楼");
    phone.edit(household, "contact.name", "王小明");
    let visit = |household: RecordId| {
        let edits = [
            set("household", &household.to_string()),
            set("kind", "household"),
            set("result", "not_at_home"),
            FieldEdit::set(
                path("started_at"),
                FieldValue::Time(phone.core().clock.now()),
            ),
        ];
        phone.put(RecordKind::Visit, &edits)
    };
    visit(household);
    let sum = |period, on: Option<&str>| {
        let on = on.map(|on| on.parse().unwrap());
        phone.core().work_sum(period, on).unwrap()
    };
    let today = sum(None, None);
    assert_eq!((today.households, today.visits, today.incidents), (1, 1, 0));
    assert_eq!((today.counted_visits, today.not_counted), (0, 1));
    assert_eq!(today.unsent, 2);
    hub.sync(&phone);
    assert_eq!(sum(None, None).unsent, 0);

    phone.clock.advance_millis(DAY_MS);
    phone.put(RecordKind::Incident, &[set("title", "路灯不亮")]);
    let second = sum(None, None);
    assert_eq!((second.households, second.incidents), (0, 1));
    let week = sum(Some(Period::Week), None);
    assert_eq!(week.first.to_string(), "2025-12-29", "a Monday");
    assert_eq!((week.households, week.visits, week.incidents), (1, 1, 1));
    let before = sum(None, Some("2026-01-01"));
    assert_eq!((before.households, before.incidents), (1, 0));
    phone.check();
}

#[test]
fn three_entries_tell_what_waits_behind_them() {
    let phone = Phone::enrolled(1, &[1]);
    assert_eq!(phone.core().entries().unwrap(), Entries::default());
    phone.household(1, "阳光花园3号楼");
    let dispute = [set("title", "噪声"), set("category", "100299")];
    phone.put(RecordKind::Incident, &dispute);
    phone.put(
        RecordKind::Incident,
        &[set("title", "路灯不亮"), set("category", "4006")],
    );
    let name = "survey.0190a7c2-0000-7000-8000-000000000001";
    let community = OrgNodeId::from_bytes([50; 16]);
    plan::publish(&phone, &[(name, community, SURVEY.to_owned())]);
    let entries = phone.core().entries().unwrap();
    assert_eq!(
        entries,
        Entries {
            visits_due: 1,
            incidents_open: 2,
            incidents_unsent: 2,
            disputes_open: 1,
            surveys_open: 1,
        }
    );
    phone.clock.advance_millis(2 * DAY_MS);
    assert_eq!(
        phone.core().entries().unwrap().surveys_open,
        0,
        "it is over"
    );
}

#[test]
fn a_survey_of_a_place_above_is_answered_on_a_visit() {
    let phone = Phone::enrolled(1, &[1]);
    let id = "0190a7c2-0000-7000-8000-000000000001";
    let name = format!("survey.{id}");
    let elsewhere = OrgNodeId::from_bytes([77; 16]);
    plan::publish(
        &phone,
        &[
            (&name, OrgNodeId::from_bytes([60; 16]), SURVEY.to_owned()),
            ("survey.other", elsewhere, SURVEY.to_owned()),
            ("survey.broken", grid(1).into(), "{}".to_owned()),
        ],
    );
    let surveys = phone.core().surveys(grid(1), None).unwrap();
    assert_eq!(surveys.len(), 1, "of this place, and one that can be read");
    assert_eq!(surveys[0].title, "为老服务");
    let chosen = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
    let answers = [
        ("1".to_owned(), chosen(&["5"])),
        ("2".to_owned(), chosen(&["2", "1"])),
    ];
    let edits = phone.core().survey_edits(grid(1), id, &answers).unwrap();
    let mut fields = vec![set("result", "met"), set("form", "phone")];
    fields.extend(edits);
    let visit = phone.put(RecordKind::Visit, &fields);
    let written = phone.text(visit, &format!("answers.{id}_2.chosen"));
    assert_eq!(written.as_deref(), Some("1,2"));
    let unfit = [("1".to_owned(), chosen(&["9"]))];
    let refused = phone.core().survey_edits(grid(1), id, &unfit);
    assert!(matches!(refused, Err(Error::Survey(_))), "{refused:?}");
    let unknown = phone.core().survey_edits(grid(1), "other", &answers);
    assert!(matches!(unknown, Err(Error::NotFound { what: "survey" })));
    phone.check();
}

#[test]
fn a_report_is_filed_under_the_classes_of_its_county() {
    use wangge_model::{incident_class::IncidentClasses, message::Language};
    let phone = Phone::enrolled(1, &[1]);
    let built_in = phone.core().incident_classes(grid(1)).unwrap();
    assert_eq!(&built_in, IncidentClasses::built_in());
    let county = r#"{"classes": [{"code": "41", "zh": "历下专项", "en": "Lixia special"}]}"#;
    let elsewhere = OrgNodeId::from_bytes([77; 16]);
    let name = "incident_classes";
    plan::publish(
        &phone,
        &[
            (name, OrgNodeId::from_bytes([60; 16]), county.to_owned()),
            (name, elsewhere, "{}".to_owned()),
        ],
    );
    let classes = phone.core().incident_classes(grid(1)).unwrap();
    let codes: Vec<&str> = classes.iter().map(|class| class.code.as_str()).collect();
    assert_eq!(codes, ["41"]);
    // What was filed before keeps its name.
    assert_eq!(
        classes.name("4006", Language::Chinese),
        "城市管理 / 公用设施(井盖、路灯)"
    );
    // A tree this build cannot read leaves the built-in one.
    plan::publish(&phone, &[(name, grid(1).into(), "{}".to_owned())]);
    let classes = phone.core().incident_classes(grid(1)).unwrap();
    assert_eq!(&classes, IncidentClasses::built_in());
}

#[test]
fn an_emergency_is_shown_in_its_grids_until_it_ends() {
    let phone = Phone::enrolled(1, &[1]);
    let start = phone.core().clock.now().as_millis();
    let set = |id: &str, level: &str, hours: i64| {
        let end = start + hours * 3_600_000;
        format!(
            r#"{{"id": "{id}", "level": "{level}", "reason": "防汛", "ordered_by": "县防指",
                "starts_at": {start}, "ends_at": {end}}}"#
        )
    };
    let above = OrgNodeId::from_bytes([60; 16]);
    plan::publish(
        &phone,
        &[
            ("emergency.a", above, set("a", "reinforced", 2)),
            ("emergency.b", grid(1).into(), set("b", "response", 1)),
            (
                "emergency.c",
                OrgNodeId::from_bytes([77; 16]),
                set("c", "response", 2),
            ),
            ("emergency.d", above, "{}".to_owned()),
        ],
    );
    let held = || -> Vec<String> {
        let found = phone.core().emergencies(grid(1)).unwrap();
        found.into_iter().map(|held| held.emergency.id).collect()
    };
    assert_eq!(held(), ["b", "a"], "of this place, the highest first");
    phone.clock.advance_millis(3_600_000);
    assert_eq!(held(), ["a"]);
    phone.clock.advance_millis(3_600_000);
    assert_eq!(held(), [] as [&str; 0], "over without a network");
}
