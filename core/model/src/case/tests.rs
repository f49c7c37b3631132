use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;

use super::*;
use crate::message::{Language, find_message, message_id};

const TABLE: &str = include_str!("../../vectors/case_moves.txt");
const INCIDENT: RecordId = RecordId::from_bytes([1; 16]);

fn person(id: u8) -> PersonId {
    PersonId::from_bytes([id; 16])
}

fn unit(id: u8) -> OrgNodeId {
    OrgNodeId::from_bytes([id; 16])
}

fn at(hour: i64) -> Timestamp {
    // A Monday, 2026-03-02, at midnight in China.
    Timestamp::from_millis(1_772_380_800_000 + hour * 3_600_000)
}

fn request(action: CaseAction) -> CaseRequest {
    CaseRequest {
        action,
        seen_version: None,
    }
}

fn one(id: u8, roles: &[CaseRole]) -> Requester {
    Requester {
        person: person(id),
        roles: roles.to_vec(),
        units: Vec::new(),
    }
}

fn member(id: u8, of: u8, role: CaseRole) -> Requester {
    Requester {
        units: vec![unit(of)],
        ..one(id, &[role])
    }
}

fn ask(case: &Case, action: CaseAction, who: &Requester, hour: i64) -> Result<Case, CaseRefusal> {
    let limits = CaseLimits::default();
    case.decide(INCIDENT, &request(action), who, &limits, at(hour))
}

/// A verb with something to carry that fits.
fn sample(verb: CaseVerb) -> CaseAction {
    let text = || "原因".to_owned();
    match verb {
        CaseVerb::File => CaseAction::File,
        CaseVerb::Void => CaseAction::Void { reason: text() },
        CaseVerb::Merge => CaseAction::Merge {
            into: RecordId::from_bytes([2; 16]),
        },
        CaseVerb::Unmerge => CaseAction::Unmerge { reason: text() },
        CaseVerb::HandleOnSpot => CaseAction::HandleOnSpot { result: text() },
        CaseVerb::Assign => CaseAction::Assign { unit: unit(1) },
        CaseVerb::Recall => CaseAction::Recall { reason: text() },
        CaseVerb::Transfer => CaseAction::Transfer {
            unit: unit(2),
            reason: text(),
        },
        CaseVerb::Arbitrate => CaseAction::Arbitrate {
            unit: unit(2),
            reason: text(),
        },
        CaseVerb::Escalate => CaseAction::Escalate { reason: text() },
        CaseVerb::HandDown => CaseAction::HandDown { reason: text() },
        CaseVerb::Sign => CaseAction::Sign,
        CaseVerb::Refuse => CaseAction::Refuse { reason: text() },
        CaseVerb::RequestJoint => CaseAction::RequestJoint {
            units: vec![unit(7)],
            reason: text(),
        },
        CaseVerb::DecideJoint => CaseAction::DecideJoint {
            unit: unit(3),
            is_agreed: true,
        },
        CaseVerb::Arrive => CaseAction::Arrive { unit: unit(4) },
        CaseVerb::ReportJoint => CaseAction::ReportJoint {
            unit: unit(5),
            result: text(),
        },
        CaseVerb::RateJoint => CaseAction::RateJoint {
            unit: unit(6),
            stars: 5,
        },
        CaseVerb::RequestDelay => CaseAction::RequestDelay {
            days: 3,
            reason: text(),
        },
        CaseVerb::DecideDelay => CaseAction::DecideDelay {
            is_granted: true,
            reason: text(),
        },
        CaseVerb::Pause => CaseAction::Pause { reason: text() },
        CaseVerb::Continue => CaseAction::Continue,
        CaseVerb::HandIn => CaseAction::HandIn { result: text() },
        CaseVerb::Explain => CaseAction::Explain { text: text() },
        CaseVerb::Resume => CaseAction::Resume,
        CaseVerb::Approve => CaseAction::Approve,
        CaseVerb::Disapprove => CaseAction::Disapprove { reason: text() },
        CaseVerb::VerifyPass => CaseAction::VerifyPass,
        CaseVerb::VerifyFail => CaseAction::VerifyFail { reason: text() },
        CaseVerb::Feedback => CaseAction::Feedback { text: text() },
        CaseVerb::Rate => CaseAction::Rate { stars: 4 },
        CaseVerb::Archive => CaseAction::Archive,
        CaseVerb::Reopen => CaseAction::Reopen { reason: text() },
        CaseVerb::Supervise => CaseAction::Supervise {
            card: Supervision::Yellow,
            reason: text(),
        },
        CaseVerb::Unsupervise => CaseAction::Unsupervise { reason: text() },
        CaseVerb::Note => CaseAction::Note { text: text() },
        CaseVerb::NameFirstAsked => CaseAction::NameFirstAsked {
            person: person(92),
            reason: text(),
        },
    }
}

/// A case in this state that has everything a verb could need, so that only
/// state and role can be in the way.
fn prepared(state: CaseState, level: CaseLevel, verb: CaseVerb) -> Case {
    let mut case = Case::reported(
        Handling::Coordinated,
        Urgency::Normal,
        Some(person(90)),
        Some(person(91)),
    );
    case.state = state;
    case.level = level;
    case.unit = Some(unit(1));
    case.closed_at = Some(at(0));
    case.before_merge = Some(CaseState::Filed);
    case.clock = Some(CaseClock::start(
        crate::deadline::Limit::WorkingDays(1),
        at(0),
    ));
    if matches!(verb, CaseVerb::Approve | CaseVerb::Disapprove) {
        case.handling = Handling::Approval;
    }
    if verb == CaseVerb::DecideDelay {
        case.delay = Some(DelayRequest {
            days: 1,
            reason: "原因".to_owned(),
        });
    }
    if verb == CaseVerb::Continue {
        case.clock.as_mut().unwrap().stop(at(0));
    }
    if verb != CaseVerb::HandIn {
        for (id, state) in [
            (3, JointState::Asked),
            (4, JointState::Called),
            (5, JointState::Arrived),
            (6, JointState::Done),
        ] {
            case.joint.insert(unit(id), Joint::new(state, person(50)));
        }
    }
    case
}

/// Whoever has exactly this role, and is in the way of nothing else.
fn holder(role: CaseRole) -> Requester {
    Requester {
        person: person(50),
        roles: vec![role],
        units: match role {
            CaseRole::Handler => vec![unit(1)],
            CaseRole::JointHandler => (3..=6).map(unit).collect(),
            _ => Vec::new(),
        },
    }
}

struct Line {
    from: HashSet<CaseState>,
    to: String,
    who: HashSet<String>,
}

fn lines() -> BTreeMap<&'static str, Line> {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let parts: Vec<&str> = line.split('|').map(str::trim).collect();
            let [verb, from, to, who] = parts.as_slice() else {
                panic!("{line}");
            };
            let from = from
                .split_whitespace()
                .map(|state| CaseState::parse(state).unwrap())
                .collect();
            let who = who.split_whitespace().map(str::to_owned).collect();
            (
                *verb,
                Line {
                    from,
                    to: (*to).to_owned(),
                    who,
                },
            )
        })
        .collect()
}

fn may(line: &Line, role: CaseRole, level: CaseLevel) -> bool {
    let Some(desk) = role.desk_level() else {
        return line.who.contains(role.as_str());
    };
    (line.who.contains("desk:own") && desk == level)
        || (line.who.contains("desk:above") && desk > level)
        || (line.who.contains("desk:county") && desk == CaseLevel::County)
}

#[test]
fn every_state_verb_role_and_level_is_decided_as_the_table_says() {
    let lines = lines();
    assert_eq!(lines.len(), CaseVerb::ALL.len());
    let mut tried = 0;
    for (verb, state, level, role) in CaseVerb::ALL.iter().flat_map(|verb| {
        CaseState::ALL.iter().flat_map(move |state| {
            CaseLevel::ALL.iter().flat_map(move |level| {
                CaseRole::ALL
                    .iter()
                    .map(move |role| (*verb, *state, *level, *role))
            })
        })
    }) {
        tried += 1;
        let line = &lines[verb.as_str()];
        let case = prepared(state, level, verb);
        let decided = ask(&case, sample(verb), &holder(role), 1);
        let what = format!("{verb:?} of {role:?} in {state:?} at {level:?}: {decided:?}");
        if !line.from.contains(&state) {
            let is_told = matches!(
                decided,
                Err(CaseRefusal::WrongState { .. } | CaseRefusal::AlreadyAssigned { .. })
            );
            assert!(is_told, "{what}");
        } else if !may(line, role, level) {
            assert_eq!(decided, Err(CaseRefusal::NotYours { verb }), "{what}");
        } else if (verb == CaseVerb::Escalate && level == CaseLevel::County)
            || (verb == CaseVerb::HandDown && level == CaseLevel::Community)
        {
            assert_eq!(decided, Err(CaseRefusal::NoLevel(level)), "{what}");
        } else {
            let next = decided.unwrap_or_else(|_| panic!("{what}"));
            let expected = match line.to.as_str() {
                "(same)" => state,
                "(approval)" if level == CaseLevel::County => CaseState::Handled,
                // `prepared` says that it was filed before it was merged.
                "(before)" | "(approval)" => CaseState::Filed,
                state => CaseState::parse(state).unwrap(),
            };
            assert_eq!(next.state, expected, "{what}");
            assert_eq!(next.version, case.version + 1, "{what}");
        }
    }
    assert_eq!(tried, 37 * 11 * 3 * 9);
}

/// The moves the domain document proposes (`state_machine_proposed`).
#[test]
fn every_proposed_move_is_there() {
    for (from, verb, to) in [
        ("reported", "file", "filed"),
        ("reported", "void", "void"),
        ("reported", "merge", "merged"),
        ("filed", "handle_on_spot", "handled"),
        ("filed", "assign", "assigned"),
        ("filed", "escalate", "filed"),
        ("assigned", "sign", "in_progress"),
        ("assigned", "refuse", "filed"),
        ("in_progress", "request_joint", "(same)"),
        ("in_progress", "request_delay", "(same)"),
        ("in_progress", "hand_in", "handled"),
        ("in_progress", "explain", "explained"),
        ("handled", "verify_pass", "verified"),
        ("handled", "verify_fail", "in_progress"),
        ("verified", "feedback", "closed"),
        ("closed", "archive", "archived"),
        ("closed", "reopen", "in_progress"),
        ("explained", "resume", "in_progress"),
    ] {
        let line = &lines()[verb];
        assert!(
            line.from.contains(&CaseState::parse(from).unwrap()),
            "{verb}"
        );
        assert_eq!(line.to, to, "{verb}");
    }
}

#[test]
fn the_six_steps_from_report_to_archive() {
    let worker = one(91, &[CaseRole::GridWorker]);
    let desk = one(2, &[CaseRole::CommunityDesk]);
    let handler = member(3, 1, CaseRole::Handler);
    let mut case = Case::reported(
        Handling::Coordinated,
        Urgency::Normal,
        Some(person(91)),
        Some(person(91)),
    );
    for (action, who, state) in [
        (CaseAction::File, &desk, CaseState::Filed),
        (
            CaseAction::Assign { unit: unit(1) },
            &desk,
            CaseState::Assigned,
        ),
        (CaseAction::Sign, &handler, CaseState::InProgress),
        (sample(CaseVerb::HandIn), &handler, CaseState::Handled),
        (CaseAction::VerifyPass, &worker, CaseState::Verified),
        (sample(CaseVerb::Feedback), &worker, CaseState::Closed),
        (CaseAction::Archive, &desk, CaseState::Archived),
    ] {
        case = ask(&case, action, who, 10).unwrap();
        assert_eq!(case.state, state);
    }
    assert_eq!(case.version, 7);
}

#[test]
fn of_two_desks_that_assign_apart_the_second_is_told_what_happened_instead() {
    let desk = one(2, &[CaseRole::CommunityDesk]);
    let filed = prepared(CaseState::Filed, CaseLevel::Community, CaseVerb::Assign);
    let first = ask(&filed, CaseAction::Assign { unit: unit(8) }, &desk, 1).unwrap();
    assert_eq!(
        ask(&first, CaseAction::Assign { unit: unit(9) }, &desk, 2),
        Err(CaseRefusal::AlreadyAssigned { unit: unit(8) })
    );
    let seen = CaseRequest {
        action: sample(CaseVerb::Recall),
        seen_version: Some(filed.version),
    };
    let limits = CaseLimits::default();
    assert_eq!(
        first.decide(INCIDENT, &seen, &desk, &limits, at(2)),
        Err(CaseRefusal::Stale { seen: 0, now: 1 })
    );
}

#[test]
fn nobody_finds_their_own_work_done() {
    let spot = one(91, &[CaseRole::GridWorker]);
    let case = prepared(
        CaseState::Filed,
        CaseLevel::Community,
        CaseVerb::HandleOnSpot,
    );
    let handled = ask(&case, sample(CaseVerb::HandleOnSpot), &spot, 1).unwrap();
    assert_eq!(
        ask(&handled, CaseAction::VerifyPass, &spot, 2),
        Err(CaseRefusal::OwnWork)
    );
    let head = one(92, &[CaseRole::GridHead]);
    assert!(ask(&handled, CaseAction::VerifyPass, &head, 2).is_ok());
    // Nor their unit's.
    let colleague = member(93, 1, CaseRole::GridHead);
    assert_eq!(
        ask(
            &handled,
            CaseAction::VerifyFail {
                reason: "差".into()
            },
            &colleague,
            2
        ),
        Err(CaseRefusal::OwnWork)
    );
}

#[test]
fn a_whistle_calls_units_that_sign_in_report_and_are_rated() {
    let street = one(2, &[CaseRole::StreetDesk]);
    let handler = member(3, 1, CaseRole::Handler);
    let mut case = prepared(CaseState::InProgress, CaseLevel::Street, CaseVerb::HandIn);
    let whistle = |units: &[u8]| CaseAction::RequestJoint {
        units: units.iter().copied().map(unit).collect(),
        reason: "联合整治".to_owned(),
    };
    case = ask(&case, whistle(&[7]), &street, 1).unwrap();
    assert_eq!(case.joint[&unit(7)].state, JointState::Called);
    // A handler's whistle waits for the desk.
    case = ask(&case, whistle(&[8]), &handler, 1).unwrap();
    assert_eq!(case.joint[&unit(8)].state, JointState::Asked);
    let no = CaseAction::DecideJoint {
        unit: unit(8),
        is_agreed: false,
    };
    case = ask(&case, no, &street, 2).unwrap();
    assert_eq!(
        ask(&case, sample(CaseVerb::HandIn), &handler, 3),
        Err(CaseRefusal::JointOpen(1))
    );
    let urban = member(4, 7, CaseRole::JointHandler);
    let report = CaseAction::ReportJoint {
        unit: unit(7),
        result: "已清理".to_owned(),
    };
    let early = ask(&case, report.clone(), &urban, 3);
    assert_eq!(early, Err(CaseRefusal::Joint { unit: unit(7) }));
    case = ask(&case, CaseAction::Arrive { unit: unit(7) }, &urban, 3).unwrap();
    assert_eq!(case.joint[&unit(7)].arrived_at, Some(at(3)));
    case = ask(&case, report, &urban, 4).unwrap();
    case = ask(&case, sample(CaseVerb::HandIn), &handler, 5).unwrap();
    let rate = |stars| CaseAction::RateJoint {
        unit: unit(7),
        stars,
    };
    assert_eq!(ask(&case, rate(6), &street, 6), Err(CaseRefusal::Stars));
    case = ask(&case, rate(4), &street, 6).unwrap();
    assert_eq!(case.joint[&unit(7)].stars, Some(4));
    // Only who whistled rates.
    assert!(ask(&case, rate(1), &handler, 6).is_err());
}

#[test]
fn a_unit_cannot_send_back_what_the_county_decided() {
    let county = one(2, &[CaseRole::CountyDesk]);
    let handler = member(3, 1, CaseRole::Handler);
    let other = member(4, 2, CaseRole::Handler);
    let case = prepared(CaseState::Assigned, CaseLevel::Street, CaseVerb::Refuse);
    let back = ask(&case, sample(CaseVerb::Refuse), &handler, 1).unwrap();
    assert_eq!(
        (back.state, back.unit, back.refusals),
        (CaseState::Filed, None, 1)
    );
    let decided = ask(&back, sample(CaseVerb::Arbitrate), &county, 2).unwrap();
    assert_eq!(decided.unit, Some(unit(2)));
    assert_eq!(
        ask(&decided, sample(CaseVerb::Refuse), &other, 3),
        Err(CaseRefusal::Arbitrated)
    );
}

#[test]
fn papers_climb_level_by_level() {
    let mut case = prepared(CaseState::Filed, CaseLevel::Community, CaseVerb::Approve);
    for (role, state) in [
        (CaseRole::CommunityDesk, CaseState::Filed),
        (CaseRole::StreetDesk, CaseState::Filed),
        (CaseRole::CountyDesk, CaseState::Handled),
    ] {
        case = ask(&case, CaseAction::Approve, &one(2, &[role]), 1).unwrap();
        assert_eq!(case.state, state);
    }
    let plain = prepared(CaseState::Filed, CaseLevel::Community, CaseVerb::Assign);
    assert_eq!(
        ask(
            &plain,
            CaseAction::Approve,
            &one(2, &[CaseRole::CommunityDesk]),
            1
        ),
        Err(CaseRefusal::OtherHandling)
    );
}

#[test]
fn the_clock_starts_with_the_filing_and_stops_only_for_stated_reasons() {
    let calendar = crate::working_day::WorkingCalendar::built_in();
    let desk = one(2, &[CaseRole::CommunityDesk]);
    let handler = member(3, 1, CaseRole::Handler);
    let due = |case: &Case, hour: i64| {
        let clock = case.clock.as_ref().unwrap();
        clock.due_at(at(hour), calendar).unwrap()
    };
    let case = Case::reported(
        Handling::Coordinated,
        Urgency::Normal,
        None,
        Some(person(91)),
    );
    let mut case = ask(&case, CaseAction::File, &desk, 9).unwrap();
    assert_eq!(due(&case, 9), at(24 + 17).plus_millis(30 * 60_000));
    // The street has two days, from when it gets it.
    let up = ask(&case, sample(CaseVerb::Escalate), &desk, 33).unwrap();
    assert_eq!(due(&up, 33), at(3 * 24 + 17).plus_millis(30 * 60_000));

    case = ask(&case, CaseAction::Assign { unit: unit(1) }, &desk, 10).unwrap();
    case = ask(&case, CaseAction::Sign, &handler, 11).unwrap();
    case = ask(&case, sample(CaseVerb::Pause), &handler, 12).unwrap();
    assert_eq!(
        ask(&case, sample(CaseVerb::Pause), &handler, 13),
        Err(CaseRefusal::Clock)
    );
    case = ask(&case, CaseAction::Continue, &handler, 2 * 24).unwrap();
    // The first closing did not count: one of Tuesday's or later does.
    assert_eq!(due(&case, 48), at(2 * 24 + 17).plus_millis(30 * 60_000));
    case = ask(&case, sample(CaseVerb::RequestDelay), &handler, 49).unwrap();
    assert_eq!(
        ask(&case, sample(CaseVerb::RequestDelay), &handler, 49),
        Err(CaseRefusal::Delay)
    );
    case = ask(&case, sample(CaseVerb::DecideDelay), &desk, 50).unwrap();
    // Wednesday, then three working days: the next Monday.
    assert_eq!(due(&case, 50), at(7 * 24 + 17).plus_millis(30 * 60_000));
    let more = CaseAction::RequestDelay {
        days: 13,
        reason: "仍需时间".to_owned(),
    };
    assert_eq!(
        ask(&case, more, &handler, 51),
        Err(CaseRefusal::DelayTooLong { max: 12 })
    );
}

#[test]
fn time_between_result_and_its_refusal_is_not_the_handlers() {
    let calendar = crate::working_day::WorkingCalendar::built_in();
    let desk = one(2, &[CaseRole::CommunityDesk]);
    let handler = member(3, 1, CaseRole::Handler);
    let mut case = Case::reported(
        Handling::Coordinated,
        Urgency::Normal,
        None,
        Some(person(91)),
    );
    for (action, who, hour) in [
        (CaseAction::File, &desk, 9),
        (CaseAction::Assign { unit: unit(1) }, &desk, 9),
        (CaseAction::Sign, &handler, 9),
        (sample(CaseVerb::HandIn), &handler, 10),
        (sample(CaseVerb::VerifyFail), &desk, 3 * 24),
    ] {
        case = ask(&case, action, who, hour).unwrap();
    }
    let due = case.clock.unwrap().due_at(at(72), calendar).unwrap();
    assert_eq!(due, at(3 * 24 + 17).plus_millis(30 * 60_000));
}

#[test]
fn a_closed_case_is_opened_again_within_thirty_days() {
    let reporter = one(90, &[CaseRole::Reporter]);
    let closed = prepared(CaseState::Closed, CaseLevel::Community, CaseVerb::Reopen);
    let open = ask(&closed, sample(CaseVerb::Reopen), &reporter, 30 * 24).unwrap();
    assert_eq!((open.state, open.reopened), (CaseState::InProgress, 1));
    assert_eq!(
        ask(&closed, sample(CaseVerb::Reopen), &reporter, 30 * 24 + 1),
        Err(CaseRefusal::TooLate { days: 30 })
    );
}

#[test]
fn hostile_texts_and_numbers_get_a_reason() {
    let desk = one(2, &[CaseRole::CommunityDesk]);
    let reporter = one(90, &[CaseRole::Reporter]);
    let case = prepared(CaseState::Reported, CaseLevel::Community, CaseVerb::Void);
    for (reason, expected) in [
        (String::new(), "text_missing"),
        (" \n ".to_owned(), "text_missing"),
        ("长".repeat(501), "text_too_long"),
        ("长".repeat(1 << 20), "text_too_long"),
        ("a\u{202E}b".to_owned(), "bad_characters"),
    ] {
        let refused = ask(&case, CaseAction::Void { reason }, &desk, 1).unwrap_err();
        assert_eq!(refused.code(), expected);
    }
    let closed = prepared(CaseState::Closed, CaseLevel::Community, CaseVerb::Rate);
    for stars in [0, 6, 255] {
        assert_eq!(
            ask(&closed, CaseAction::Rate { stars }, &reporter, 1),
            Err(CaseRefusal::Stars)
        );
    }
    assert_eq!(
        ask(&case, CaseAction::Merge { into: INCIDENT }, &desk, 1),
        Err(CaseRefusal::OfItself)
    );
    // A request as a program sends it: negative or huge limits do not parse.
    for text in [
        r#"{"verb": "request_delay", "days": -1, "reason": "x"}"#,
        r#"{"verb": "request_delay", "days": 70000, "reason": "x"}"#,
        r#"{"verb": "close_at_once"}"#,
    ] {
        assert!(serde_json::from_str::<CaseAction>(text).is_err(), "{text}");
    }
    // A role that somebody claims is not even read.
    let claimed = r#"{"verb": "sign", "role": "county_desk"}"#;
    assert_eq!(serde_json::from_str(claimed).ok(), Some(CaseAction::Sign));
}

#[test]
fn emergencies_alarm_every_level() {
    let alarm = |handling, urgency| {
        Case::reported(handling, urgency, None, Some(person(1)))
            .alarm_levels()
            .len()
    };
    assert_eq!(alarm(Handling::Emergency, Urgency::Normal), 3);
    assert_eq!(alarm(Handling::Coordinated, Urgency::Emergency), 3);
    assert_eq!(alarm(Handling::Coordinated, Urgency::Urgent), 1);
}

#[test]
fn states_verbs_and_refusals_have_words_in_both_languages() {
    let mut ids: BTreeSet<String> = BTreeSet::new();
    ids.extend(
        CaseState::ALL
            .iter()
            .map(|state| message_id("case-state", state.as_str())),
    );
    ids.extend(
        CaseVerb::ALL
            .iter()
            .map(|verb| message_id("case-verb", verb.as_str())),
    );
    ids.extend(
        CaseRefusal::CODES
            .iter()
            .map(|code| message_id("case-refused", code)),
    );
    for id in ids {
        for language in Language::ALL {
            let text = find_message(language, &id, &[("max", "1"), ("days", "1")]);
            assert!(text.is_some_and(|text| !text.contains('{')), "{id}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever five people ask for in whatever order: only moves of the table
    /// happen, each decision rises the version by one, and the same requests in
    /// the same order give the same case.
    #[test]
    fn any_interleaving_of_requests_is_lawful_and_repeatable(
        asked in prop::collection::vec(
            (0_usize..CaseVerb::ALL.len(), 0_usize..CaseRole::ALL.len(), 0_u8..5),
            1..60,
        ),
    ) {
        let lines = lines();
        let run = || {
            let mut case = Case::reported(
                Handling::Coordinated, Urgency::Normal, Some(person(0)), Some(person(1)),
            );
            let mut trail = Vec::new();
            for (hour, (verb, role, who)) in (0_i64..).zip(&asked) {
                let verb = CaseVerb::ALL[*verb];
                let mut requester = holder(CaseRole::ALL[*role]);
                requester.person = person(*who);
                match ask(&case, sample(verb), &requester, hour) {
                    Ok(next) => {
                        trail.push((verb, case.state, next.state));
                        assert_eq!(next.version, case.version + 1);
                        case = next;
                    }
                    Err(refusal) => assert!(!refusal.code().is_empty()),
                }
            }
            (case, trail)
        };
        let (case, trail) = run();
        for (verb, from, _) in &trail {
            prop_assert!(lines[verb.as_str()].from.contains(from));
        }
        prop_assert_eq!(case.version, trail.len() as u64);
        prop_assert_eq!(run(), (case, trail));
    }
}

#[test]
fn whoever_takes_up_a_report_of_nobodys_is_asked_first_and_stays_so() {
    let desk = one(7, &[CaseRole::CommunityDesk]);
    let outside = Case::reported(Handling::Coordinated, Urgency::Normal, None, None);
    // What the server does by itself asks nobody.
    let clockwork = Requester::clockwork(CaseLevel::Community);
    let reason = || "超过时限".to_owned();
    let passed = ask(
        &outside,
        CaseAction::Escalate { reason: reason() },
        &clockwork,
        1,
    )
    .unwrap();
    assert_eq!(passed.first_asked, None);
    let noted = ask(&outside, CaseAction::Note { text: reason() }, &desk, 1).unwrap();
    assert_eq!(noted.first_asked, None, "a remark takes nothing up");
    let mut case = ask(&outside, CaseAction::File, &desk, 1).unwrap();
    assert_eq!(case.first_asked, Some(person(7)));
    // Wherever it goes, the tracker stays.
    let handler = member(8, 1, CaseRole::Handler);
    for (action, who) in [
        (CaseAction::Assign { unit: unit(1) }, &desk),
        (CaseAction::Sign, &handler),
        (CaseAction::Escalate { reason: reason() }, &handler),
    ] {
        case = ask(&case, action, who, 2).unwrap();
        assert_eq!(case.first_asked, Some(person(7)));
    }
    // A street's desk says that it was somebody else, with a reason.
    let street = one(9, &[CaseRole::StreetDesk]);
    let name = |who: u8| CaseAction::NameFirstAsked {
        person: person(who),
        reason: "来电由小区网格员接听".to_owned(),
    };
    assert_eq!(
        ask(&case, name(5), &handler, 3),
        Err(CaseRefusal::NotYours {
            verb: CaseVerb::NameFirstAsked
        })
    );
    let named = ask(&case, name(5), &street, 3).unwrap();
    assert_eq!(
        (named.first_asked, named.state),
        (Some(person(5)), case.state)
    );
    assert_eq!(
        ask(&named, name(5), &street, 3),
        Err(CaseRefusal::SamePerson)
    );
}
