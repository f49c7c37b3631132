//! Cases in documents: what is written is read back, and what two lives of a
//! server decided apart becomes one again.

use proptest::prelude::*;

use super::*;
use crate::{
    ActorId, FieldPath, FieldValue, RecordKind, RequestId,
    access::Seat,
    deadline::Limit,
    document::{FieldEdit, RecordDocument},
    incident_class::AGENCY_CLASS,
    working_day::WorkingCalendar,
};

const INCIDENT: RecordId = RecordId::from_bytes([1; 16]);
const GRID: OrgNodeId = OrgNodeId::from_bytes([3; 16]);
const UNIT: OrgNodeId = OrgNodeId::from_bytes([4; 16]);
const PHONE: ActorId = ActorId::from_bytes([7; 16]);

fn server(life: u8) -> ActorId {
    ActorId::from_bytes([life; 16])
}

fn at(minute: i64) -> Timestamp {
    // A Monday morning, 2026-03-02 in China.
    Timestamp::from_millis(1_772_413_200_000 + minute * 60_000)
}

/// A report with a number.
fn opened() -> RecordDocument {
    let mut document = RecordDocument::new(RecordKind::Incident);
    let set = |path: &str, text: &str| {
        FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
    };
    document
        .edit(&[set("title", "路灯不亮")], PHONE, at(0))
        .unwrap();
    let reporter = PersonId::from_bytes([9; 16]).to_string();
    let edits = [
        set("case.number", "SJ20260302000001"),
        set("case.state", "reported"),
        set("case.reporter", &reporter),
    ];
    document.edit_as_server(&edits, server(1), at(0)).unwrap();
    document
}

/// Everybody in one: a desk, a worker and whoever handles it.
fn everybody() -> Standing {
    Standing {
        person: PersonId::from_bytes([8; 16]),
        name: "周受理".to_owned(),
        posts: [
            Seat::GridWorker,
            Seat::Community,
            Seat::Street,
            Seat::County,
            Seat::Assessor,
        ]
        .into_iter()
        .map(|seat| Post { node: GRID, seat })
        .chain([Post {
            node: UNIT,
            seat: Seat::Department,
        }])
        .collect(),
    }
}

fn decide(document: &mut RecordDocument, action: CaseAction, life: u8, now: Timestamp) -> bool {
    let rules = CaseRules::default();
    let units = BTreeMap::from([(UNIT, "执法队".to_owned()), (GRID, "第一网格".to_owned())]);
    let incidents = std::collections::BTreeSet::from([RecordId::from_bytes([2; 16])]);
    let people = BTreeMap::from([(everybody().person, everybody())]);
    let decider = Decider {
        incident: INCIDENT,
        place: &[GRID],
        rules: &rules,
        units: &units,
        incidents: &incidents,
        people: &people,
        at: now,
        server: server(life),
    };
    let fields = document.read();
    let case = Case::read(&fields).unwrap();
    let me = everybody();
    let requester = me.requester(&case, &[GRID]);
    let request = CaseRequest {
        action,
        seen_version: None,
    };
    let who = Some((me.person, me.name.as_str()));
    match act(&fields, &request, &requester, who, &decider) {
        Ok(edits) => {
            let next = case
                .decide(INCIDENT, &request, &requester, &rules.limits, now)
                .unwrap();
            document.edit_as_server(&edits, server(life), now).unwrap();
            // An errand goes on to somebody in the same step.
            let goes_on =
                fields.text("category") == AGENCY_CLASS && request.action == CaseAction::File;
            if !goes_on {
                assert_eq!(Case::read(&document.read()), Some(next), "read back whole");
            }
            true
        }
        Err(_) => false,
    }
}

fn arguments(words: &str) -> CaseArguments {
    CaseArguments {
        unit: Some(UNIT),
        units: vec![GRID],
        into: Some(RecordId::from_bytes([2; 16])),
        person: Some(everybody().person),
        text: words.to_owned(),
        days: Some(2),
        stars: Some(4),
        card: Some(Supervision::Red),
        is_agreed: Some(true),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Every case that the machine can reach is the same after it went through
    /// a document, and each decision has its entry in the timeline.
    #[test]
    fn every_case_is_read_back_as_it_was_decided(
        verbs in prop::collection::vec(0_usize..CaseVerb::ALL.len(), 1..40),
    ) {
        let mut document = opened();
        let mut granted = 0;
        for (minute, verb) in (1_i64..).zip(verbs) {
            let action = arguments("原因").action(CaseVerb::ALL[verb]).unwrap();
            granted += usize::from(decide(&mut document, action, 1, at(minute * 7)));
        }
        let timeline = read_timeline(&document.read());
        prop_assert_eq!(timeline.len(), granted);
        prop_assert!(document.conflicts().is_empty());
        let summary = document.summary();
        prop_assert_eq!(summary.state, Case::read(&document.read()).unwrap().state.as_str());
    }
}

#[test]
fn a_request_is_answered_once_and_says_why_not() {
    let mut document = opened();
    let ids = [5, 6].map(|id| RequestId::from_bytes([id; 16]));
    let actions = [CaseAction::File, CaseAction::Assign { unit: UNIT }];
    for (id, action) in ids.iter().zip(&actions) {
        let edits = file_request(*id, action, Some(0), at(1));
        document.edit(&edits, PHONE, at(1)).unwrap();
    }
    assert_eq!(document.summary().case.unwrap().open_requests, 2);
    let rules = CaseRules::default();
    let units = BTreeMap::from([(UNIT, "执法队".to_owned())]);
    let incidents = std::collections::BTreeSet::new();
    let decider = Decider {
        incident: INCIDENT,
        place: &[GRID],
        rules: &rules,
        units: &units,
        incidents: &incidents,
        people: &BTreeMap::new(),
        at: at(2),
        server: server(1),
    };
    let me = everybody();
    let answered = answer(&document, &decider, |_| true, |_| Some(&me));
    let refusals: Vec<Option<&str>> = answered
        .decided
        .iter()
        .map(|one| one.refusal.as_ref().map(CaseRefusal::code))
        .collect();
    // The first changed what the second had seen.
    assert_eq!(refusals, [None, Some("stale")]);
    document
        .edit_as_server(&answered.edits, server(1), at(2))
        .unwrap();
    let again = answer(&document, &decider, |_| true, |_| Some(&me));
    assert_eq!(again, Answered::default());
    let filed = filed_requests(&document.read());
    assert_eq!(filed[0].outcome.as_ref().unwrap().person, Some(me.person));
    assert!(!filed[1].outcome.as_ref().unwrap().is_accepted);
    assert_eq!(document.summary().case.unwrap().open_requests, 0);
    // Nobody knows who asked: it is said, and not left open.
    let edits = file_request(
        RequestId::from_bytes([7; 16]),
        &CaseAction::Sign,
        None,
        at(3),
    );
    document.edit(&edits, PHONE, at(3)).unwrap();
    let lost = answer(&document, &decider, |_| true, |_| None);
    assert_eq!(lost.decided[0].refusal, Some(CaseRefusal::UnknownRequester));
    let other = answer(&document, &decider, |_| false, |_| Some(&me));
    assert_eq!(other, Answered::default(), "not its turn");
}

#[test]
fn of_two_lives_that_decided_apart_the_longer_branch_stands_whole() {
    let mut one = opened();
    let mut two = one.clone();
    for (minute, action) in (1..).zip([
        CaseAction::File,
        CaseAction::Assign { unit: UNIT },
        CaseAction::Sign,
    ]) {
        assert!(decide(&mut one, action, 1, at(minute)));
    }
    let merge = CaseAction::Merge {
        into: RecordId::from_bytes([2; 16]),
    };
    assert!(decide(&mut two, merge, 2, at(9)));
    let longer = Case::read(&one.read()).unwrap();
    let theirs: Vec<Vec<u8>> = one
        .changes()
        .into_iter()
        .map(|change| change.bytes)
        .collect();
    let ours: Vec<Vec<u8>> = two
        .changes()
        .into_iter()
        .map(|change| change.bytes)
        .collect();
    two.apply_own(theirs.iter().map(Vec::as_slice)).unwrap();
    one.apply_own(ours.iter().map(Vec::as_slice)).unwrap();
    for document in [&mut one, &mut two] {
        assert!(!document.conflicts().is_empty());
        let edits = reconcile(document);
        document
            .settle_as_server(&edits, server(2), at(10))
            .unwrap();
        assert!(document.conflicts().is_empty());
        assert_eq!(Case::read(&document.read()), Some(longer.clone()));
        assert_eq!(read_timeline(&document.read()).len(), 4, "both are told");
        assert!(reconcile(document).is_empty());
    }
}

#[test]
fn a_year_without_holidays_is_told_and_not_guessed() {
    let mut document = opened();
    assert!(decide(&mut document, CaseAction::File, 1, at(1)));
    let case = Case::read(&document.read()).unwrap();
    let edits = case.edits(&WorkingCalendar::default(), at(2));
    document.edit_as_server(&edits, server(1), at(2)).unwrap();
    let summary = document.summary().case.unwrap();
    assert_eq!(summary.due_at, None);
    assert_eq!(summary.due_problem, "year_not_loaded");
    assert_eq!(
        (summary.light(at(3)), summary.next_signal_at()),
        (None, None)
    );
}

#[test]
fn an_errand_goes_back_to_whoever_was_asked_and_they_answer_for_it() {
    let errand = |class: &str| {
        let mut document = opened();
        let class = FieldEdit::set(FieldPath::new("category").unwrap(), FieldValue::text(class));
        document.edit(&[class], PHONE, at(0)).unwrap();
        document
    };
    let worker = PersonId::from_bytes([9; 16]);
    let read = |document: &RecordDocument| Case::read(&document.read()).unwrap();
    let mut document = errand(AGENCY_CLASS);
    assert!(decide(&mut document, CaseAction::File, 1, at(1)));
    let case = read(&document);
    assert_eq!((case.state, case.unit), (CaseState::Assigned, Some(GRID)));
    assert_eq!(case.first_handler, Some(worker));
    assert_eq!(case.first_asked, Some(worker));
    assert_eq!(case.clock.unwrap().limit, Limit::WorkingDays(3));
    // Whoever takes it over, the first one stays the one who answers for it.
    assert!(decide(&mut document, CaseAction::Sign, 1, at(2)));
    let case = read(&document);
    assert_eq!(case.handler, Some(everybody().person));
    assert_eq!(case.first_handler, Some(worker));
    // Of other classes it is whoever handles it first.
    let mut other = errand("5001");
    assert!(decide(&mut other, CaseAction::File, 1, at(1)));
    assert_eq!(read(&other).state, CaseState::Filed);
    assert_eq!(read(&other).first_handler, None);
    let unit = CaseAction::Assign { unit: UNIT };
    assert!(decide(&mut other, unit, 1, at(2)));
    assert!(decide(&mut other, CaseAction::Sign, 1, at(3)));
    assert_eq!(read(&other).first_handler, Some(everybody().person));
}
