//! Hazards that become incidents and are looked at again, and what a report
//! says by itself.

use wangge_model::{hazard::Recheck, visit_plan::Reason};

use super::*;
use crate::{Error, PlanQuery, RecordQuery};

/// 2026-01-01 is the phones' first day.
const DAY_MS: i64 = 24 * 3_600_000;

impl Phone {
    fn shop(&self) -> RecordId {
        let edits = [
            set("name", "好邻居便利店"),
            set("kind", "shop"),
            set("address.estate", "阳光花园"),
            set("address.building", "2号楼"),
            set("hazards.h.kind", "02"),
            set("hazards.h.remark", "灭火器过期"),
            set("hazards.h.found_on", "2026-01-01"),
            set("hazards.h.fix_by", "2026-01-03"),
        ];
        let kind = RecordKind::Place;
        self.core().create_record(kind, grid(1), &edits).unwrap()
    }

    /// Places of the day's plan, each with the hazards to look at.
    fn rechecks(&self) -> Vec<(RecordId, Vec<String>)> {
        let plan = self.core().plan(&PlanQuery::default()).unwrap();
        let entries = plan.stops.into_iter().flat_map(|stop| stop.entries);
        entries
            .map(|entry| {
                let reasons = entry.entry.reasons.into_iter();
                let hazards = reasons.filter_map(|reason| match reason {
                    Reason::Recheck { hazard, .. } => Some(hazard),
                    _ => None,
                });
                (entry.row.id, hazards.collect::<Vec<_>>())
            })
            .filter(|(_, hazards)| !hazards.is_empty())
            .collect()
    }
}

#[test]
fn a_hazard_becomes_one_incident_that_both_name() {
    let mut hub = Hub::new();
    let phone = Phone::enrolled(1, &[1]);
    hub.sync(&phone);
    let shop = phone.shop();
    let edits = [set("urgency", "urgent"), set("title", "便利店灭火器过期")];
    let incident = phone.core().report_hazard(shop, "h", &edits).unwrap();
    let report = phone.core().incident(incident).unwrap();
    assert_eq!(report.concerned_place, Some(shop));
    assert_eq!(
        (report.hazard.as_str(), report.source.as_str()),
        ("h", "check")
    );
    assert_eq!(report.title, "便利店灭火器过期", "what was typed holds");
    assert_eq!(report.description, "灭火器过期");
    assert_eq!(report.category, "3001");
    let place = phone.core().place(shop).unwrap();
    assert_eq!(place.hazards["h"].incident, Some(incident));
    let query = RecordQuery {
        place: Some(shop),
        ..RecordQuery::default()
    };
    let rows = phone.core().list_records(&query).unwrap();
    assert_eq!(
        rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        [incident]
    );
    // Reported twice is reported once.
    let again = phone.core().report_hazard(shop, "h", &[]).unwrap();
    assert_eq!(again, incident);
    // Nothing of it is refused, and both reach the server.
    hub.sync(&phone);
    assert!(hub.records.contains_key(&incident));
    assert!(phone.core().list_refusals().unwrap().is_empty());
    phone.check();

    let unknown = phone.core().report_hazard(shop, "x", &[]);
    assert!(matches!(unknown, Err(Error::NotFound { what: "hazard" })));
    let no_place = phone.core().report_hazard(incident, "h", &[]);
    assert!(matches!(no_place, Err(Error::NotFound { what: "hazard" })));
}

#[test]
fn a_hazard_is_in_the_plan_until_somebody_saw_that_it_is_gone() {
    let phone = Phone::enrolled(1, &[1]);
    let shop = phone.shop();
    let due = [(shop, vec!["h".to_owned()])];
    assert!(phone.rechecks().is_empty(), "it is not due yet");
    phone.clock.advance_millis(2 * DAY_MS);
    assert_eq!(phone.rechecks(), due);
    let coverage = phone.core().coverage(None).unwrap();
    assert_eq!(
        coverage[0].coverage.households, 0,
        "a place is no household"
    );

    let look = |result| {
        phone
            .core()
            .recheck_hazard(shop, "h", result, None)
            .unwrap();
    };
    look(Recheck::NotFixed);
    assert!(phone.rechecks().is_empty(), "in a week");
    phone.clock.advance_millis(7 * DAY_MS);
    assert_eq!(phone.rechecks(), due);
    phone.check();
    look(Recheck::Fixed);
    assert!(phone.rechecks().is_empty());
    let hazard = &phone.core().place(shop).unwrap().hazards["h"];
    assert_eq!(
        hazard.rechecked_by,
        PersonId::from_bytes([1; 16]).to_string()
    );
    assert_eq!(
        (hazard.rechecked_on.as_str(), hazard.fixed_on.as_str()),
        ("2026-01-10", "2026-01-10")
    );
    phone.clock.advance_millis(30 * DAY_MS);
    assert!(phone.rechecks().is_empty());
    // Facts another build read are read again, places among them.
    phone.store().forget_facts().unwrap();
    assert!(phone.rechecks().is_empty());
    phone.check();
}

#[test]
fn a_report_from_a_visit_says_so_and_whom_it_was_to() {
    let phone = Phone::enrolled(1, &[1]);
    let household = phone.household(1, "殷巷村东头第二家");
    let create = |kind, edits: &[FieldEdit]| {
        phone.tick();
        phone.core().create_record(kind, grid(1), edits).unwrap()
    };
    let visit = create(
        RecordKind::Visit,
        &[
            set("household", &household.to_string()),
            set("result", "met"),
        ],
    );
    let named = [set("title", "路灯不亮"), set("visit", &visit.to_string())];
    let incident = phone.core().incident(create(RecordKind::Incident, &named));
    let incident = incident.unwrap();
    assert_eq!(incident.source, "visit");
    assert_eq!(incident.visit, Some(visit));
    assert_eq!(incident.household, Some(household));
    // What the reporter says stands, and nothing is guessed.
    let told = [named[0].clone(), named[1].clone(), set("source", "hotline")];
    let incident = phone.core().incident(create(RecordKind::Incident, &told));
    assert_eq!(incident.unwrap().source, "hotline");
    let plain = phone
        .core()
        .incident(create(RecordKind::Incident, &named[..1]));
    assert_eq!(plain.unwrap().source, "");
    // A draft is completed as a form is.
    let mut draft = phone
        .core()
        .new_draft(RecordKind::Incident, Some(grid(1)), None);
    draft.edits = named.to_vec();
    phone.core().save_draft(&draft).unwrap();
    let finished = phone.core().finish_draft(draft.id).unwrap();
    assert_eq!(phone.core().incident(finished).unwrap().source, "visit");
    phone.check();
}
