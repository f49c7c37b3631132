//! What the server tells of people, on the phone.

use wangge_model::{
    EmergencyId, OrgNodeId, PersonId, RequestId, ServerEpoch, Timestamp,
    org::LineStep,
    protocol::{GridLine, RollOutcome, Roster, RosterPerson, RosterPlace, roster_digest},
    roll_call::{RollRefusal, RollState},
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
        person: PersonId::from_bytes([phone.number; 16]),
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
            roll_outcomes: &[],
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
            (
                step,
                name,
                place,
                person.masked_phone.as_str(),
                person.call_link.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                LineStep::Head,
                "王网格",
                "第1网格",
                "138****8000",
                "tel:13800138000"
            ),
            (LineStep::Community, "李社区", "千佛山社区", "", ""),
            (
                LineStep::Street,
                "赵街道",
                "千佛山街道",
                "0531****0000",
                "tel:053188880000"
            ),
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
    assert!(
        phone
            .core()
            .line_of_report(grid(1))
            .unwrap()
            .steps
            .is_empty()
    );
}

fn emergency_id() -> EmergencyId {
    EmergencyId::from_bytes([9; 16])
}

/// A phone under an emergency of its street that lasts two hours.
fn phone_in_an_emergency() -> Phone {
    let phone = Phone::enrolled(1, &[1]);
    let start = phone.core().clock.now().as_millis();
    let set = format!(
        r#"{{"id": "{id}", "level": "reinforced", "reason": "防汛", "ordered_by": "县防指",
            "starts_at": {start}, "ends_at": {end}}}"#,
        id = emergency_id(),
        end = start + 2 * HOUR,
    );
    let name = format!("emergency.{}", emergency_id());
    super::plan::publish(&phone, &[(name.as_str(), street(), set)]);
    hear(&phone, 0, Some(&roster()));
    phone
}

fn decide(phone: &Phone, epoch: ServerEpoch, outcomes: &[RollOutcome]) {
    phone
        .store()
        .apply_answer(&Answer {
            server_epoch: epoch,
            time: Timestamp::from_millis(START),
            receipt: None,
            pages: &[],
            grants: None,
            directives: &[],
            decisions: &[],
            reference: None,
            roster: None,
            roll_outcomes: outcomes,
        })
        .unwrap();
}

fn outcome(id: RequestId, code: &str) -> RollOutcome {
    RollOutcome {
        id,
        is_accepted: code.is_empty(),
        code: code.to_owned(),
        at: Timestamp::from_millis(START + HOUR),
    }
}

#[test]
fn a_roll_call_is_answered_offline_and_pending_until_the_server_decides() {
    let phone = phone_in_an_emergency();
    let core = phone.core();
    let shown = || core.emergencies(grid(1)).unwrap().remove(0);
    assert_eq!(
        (shown().area.as_str(), shown().answer),
        ("千佛山街道", None)
    );
    let answer = |state, reason: &str| core.answer_roll_call(emergency_id(), state, reason);
    let refused = |result: Result<RequestId, Error>| match result {
        Err(Error::RollCall(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let reason = answer(RollState::CannotCome, " ");
    assert_eq!(refused(reason), RollRefusal::Reason);
    let first = answer(RollState::OnTheWay, "").unwrap();
    phone.tick();
    let second = answer(RollState::InPlace, " 到达\n值守点 ").unwrap();
    let told = shown().answer.unwrap();
    assert_eq!(
        (told.id, told.state, told.reason.as_str(), told.outcome),
        (second, Some(RollState::InPlace), "到达值守点", None),
        "the latest, pending"
    );
    let pending = || -> Vec<RequestId> {
        let answers = phone.store().position().unwrap().roll_answers;
        answers.into_iter().map(|answer| answer.id).collect()
    };
    assert_eq!(pending(), [first, second], "in the order given");
    decide(&phone, Hub::first_epoch(), &[outcome(first, "")]);
    decide(
        &phone,
        Hub::first_epoch(),
        &[outcome(second, "not_on_roll")],
    );
    assert_eq!(pending(), []);
    let decided = shown().answer.unwrap().outcome.unwrap();
    assert_eq!(
        (decided.is_accepted, decided.refusal),
        (false, Some(RollRefusal::NotOnRoll))
    );
    // Over by itself: no answer any more, what was said stays.
    phone.clock.advance_millis(2 * HOUR);
    let late = answer(RollState::InPlace, "");
    assert_eq!(refused(late), RollRefusal::Over);
    assert!(core.emergencies(grid(1)).unwrap().is_empty());
    let accepted: Vec<bool> = core
        .roll_call_answers()
        .unwrap()
        .into_iter()
        .map(|answer| answer.outcome.unwrap().is_accepted)
        .collect();
    assert_eq!(accepted, [false, true], "latest first");
    let elsewhere = core.answer_roll_call(EmergencyId::from_bytes([8; 16]), RollState::InPlace, "");
    assert_eq!(refused(elsewhere), RollRefusal::Unknown);
}

#[test]
fn a_restored_server_is_asked_again_for_what_it_had_accepted() {
    let mut phone = phone_in_an_emergency();
    let ask = |phone: &Phone| {
        let core = phone.core();
        phone.tick();
        core.answer_roll_call(emergency_id(), RollState::InPlace, "")
            .unwrap()
    };
    let (accepted, refused, open) = (ask(&phone), ask(&phone), ask(&phone));
    let outcomes = [outcome(accepted, ""), outcome(refused, "superseded")];
    decide(&phone, Hub::first_epoch(), &outcomes);
    decide(&phone, ServerEpoch::from_bytes([2; 16]), &[]);
    let pending = |phone: &Phone| -> Vec<RequestId> {
        let answers = phone.store().position().unwrap().roll_answers;
        answers.into_iter().map(|answer| answer.id).collect()
    };
    assert_eq!(pending(&phone), [accepted, open]);
    // Kept over a restart, and by a new enrolment of the same person.
    phone.open(3);
    phone.enrol(7, &[1]);
    assert_eq!(pending(&phone), [accepted, open]);
}
