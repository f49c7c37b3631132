//! What the server tells of people, on the phone.

use wangge_model::{
    OrgNodeId, Timestamp,
    org::LineStep,
    protocol::{GridLine, Roster, RosterPerson, RosterPlace, roster_digest},
};

use super::{Hub, Phone, START, grants, grid};
use crate::{
    Error,
    sync::{Answer, SyncStore as _},
};

const HOUR: i64 = 3_600_000;

fn place(node: OrgNodeId, level: &str, name: &str, people: &[(&str, &str, &str)]) -> RosterPlace {
    let person = |(name, role, phone): &(&str, &str, &str)| RosterPerson {
        name: (*name).to_owned(),
        role: (*role).to_owned(),
        phone: (*phone).to_owned(),
    };
    RosterPlace {
        node,
        level: level.to_owned(),
        name: name.to_owned(),
        people: people.iter().map(person).collect(),
    }
}

fn community() -> OrgNodeId {
    OrgNodeId::from_bytes([50; 16])
}

fn street() -> OrgNodeId {
    OrgNodeId::from_bytes([60; 16])
}

fn roster() -> Roster {
    Roster {
        places: vec![
            place(
                street(),
                "street",
                "千佛山街道",
                &[("赵街道", "supervisor", "0531-88880000")],
            ),
            place(
                grid(1).into(),
                "grid",
                "第1网格",
                &[
                    ("王网格", "grid_head", "138 0013 8000"),
                    ("将来", "role_of_a_newer_server", "13800138001"),
                ],
            ),
            place(
                community(),
                "community",
                "千佛山社区",
                &[("李社区", "service_desk", "")],
            ),
            place(
                OrgNodeId::from_bytes([77; 16]),
                "community",
                "别的社区",
                &[("别人", "service_desk", "13800138002")],
            ),
        ],
        card: None,
    }
}

/// An answer of the server at this hour, with or without a roster.
fn hear(phone: &Phone, hour: i64, roster: Option<&Roster>) {
    let line = GridLine {
        grid: grid(1),
        above: vec![community(), street()],
    };
    let grants = wangge_model::protocol::Grants {
        lines: Some(vec![line]),
        ..grants(2, &[1])
    };
    phone
        .store()
        .apply_answer(&Answer {
            server_epoch: Hub::first_epoch(),
            time: Timestamp::from_millis(START + hour * HOUR),
            receipt: None,
            pages: &[],
            grants: Some(&grants),
            directives: &[],
            decisions: &[],
            reference: None,
            roster,
        })
        .unwrap();
}

#[test]
fn the_phone_tells_whom_to_report_to_without_a_network() {
    let phone = Phone::enrolled(1, &[1]);
    let core = phone.core();
    let nothing = core.line_of_report(grid(1)).unwrap();
    assert!(nothing.steps.is_empty() && nothing.confirmed_at.is_none());
    hear(&phone, 1, Some(&roster()));
    let line = core.line_of_report(grid(1)).unwrap();
    let told: Vec<(LineStep, &str, &str, &str, &str)> = line
        .steps
        .iter()
        .flat_map(|step| step.people.iter().map(move |person| (step.step, person)))
        .map(|(step, person)| {
            let (name, place) = (person.name.as_str(), person.place.as_str());
            (step, name, place, person.masked_phone.as_str(), person.call_link.as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            (LineStep::Head, "王网格", "第1网格", "138****8000", "tel:13800138000"),
            (LineStep::Community, "李社区", "千佛山社区", "", ""),
            (LineStep::Street, "赵街道", "千佛山街道", "0531****0000", "tel:053188880000"),
        ]
    );
    let at = |hour: i64| Some(Timestamp::from_millis(START + hour * HOUR));
    assert_eq!(line.confirmed_at, at(1));
    // The server says nothing: it still holds.
    hear(&phone, 5, None);
    let later = core.line_of_report(grid(1)).unwrap();
    assert_eq!((later.confirmed_at, later.steps), (at(5), line.steps));
    let elsewhere = core.line_of_report(grid(2));
    assert!(matches!(elsewhere, Err(Error::NotFound { what: "grid" })));
}

#[test]
fn a_roster_is_kept_with_its_digest_and_forgotten_with_the_enrolment() {
    let mut phone = Phone::enrolled(1, &[1]);
    let digest = |phone: &Phone| phone.store().position().unwrap().roster;
    assert!(digest(&phone).is_empty());
    hear(&phone, 1, Some(&roster()));
    phone.open(2);
    assert_eq!(digest(&phone), roster_digest(Some(&roster())));
    let (kept, at) = phone.store().load_roster().unwrap().unwrap();
    assert_eq!((kept, at.as_millis()), (roster(), START + HOUR));
    phone.enrol(7, &[1]);
    assert!(digest(&phone).is_empty());
    assert!(phone.core().line_of_report(grid(1)).unwrap().steps.is_empty());
}
