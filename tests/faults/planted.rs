//! Each planted fault is found by the machine that is there for it.

use wangge_model::{
    ActorId, FieldPath, FieldValue, RecordKind, Timestamp,
    document::{FieldEdit, RecordDocument},
    fault_point::{self, FailPoint},
    guard::{self, GuardError, Writer},
};
use wangge_tests::lab::{
    powerloss::{self, PowerlossArguments},
    sim::faults::run_planted,
};

use crate::points::names;

/// Runs a simulation with the fault planted until one seed notices.
fn is_found_by_simulation(planted: &str, failing: Option<(FailPoint, u64)>) -> bool {
    (1..=4).any(|seed| {
        let fault = run_planted(planted, failing, seed).unwrap();
        !fault.broken.is_empty()
    })
}

fn edit(path: &str, text: &str) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
}

/// A device writes a field of the server: the guard must say no.
fn rights_hold() -> bool {
    let device = ActorId::from_bytes([1; 16]);
    let mut forged = RecordDocument::new(RecordKind::Incident);
    let change = forged
        .edit_as_server(
            &[edit("case.number", "SJ-1")],
            device,
            Timestamp::from_millis(0),
        )
        .unwrap()
        .unwrap();
    let change = guard::inspect(&change.hash, &change.bytes).unwrap();
    let admitted = RecordDocument::new(RecordKind::Incident).admit(&change, Writer::Device(device));
    matches!(admitted, Err(GuardError::Authority(_)))
}

/// Two people settle one conflict apart: both choices must be left to see.
fn settling_keeps_both_choices() -> bool {
    let actor = |number| ActorId::from_bytes([number; 16]);
    let at = Timestamp::from_millis(0);
    let (one, two) = (edit("ledger", "tenant"), edit("ledger", "separated"));
    let mut left = RecordDocument::new(RecordKind::Household);
    let mut right = left.clone();
    let a = left.edit(&[one.clone()], actor(1), at).unwrap().unwrap();
    let b = right.edit(&[two.clone()], actor(2), at).unwrap().unwrap();
    left.apply_own([b.bytes.as_slice()]).unwrap();
    right.apply_own([a.bytes.as_slice()]).unwrap();
    let c = left.settle(&one, actor(1), at).unwrap().unwrap();
    let d = right.settle(&two, actor(2), at).unwrap().unwrap();
    left.apply_own([d.bytes.as_slice()]).unwrap();
    right.apply_own([c.bytes.as_slice()]).unwrap();
    [&left, &right]
        .iter()
        .all(|copy| matches!(copy.conflicts().as_slice(), [one] if one.candidates.len() == 2))
}

#[test]
fn without_a_planted_fault_nothing_is_found() {
    let _alone = crate::alone();
    fault_point::disarm();
    assert!(rights_hold());
    assert!(settling_keeps_both_choices());
    assert!(!is_found_by_simulation("none", None));
}

#[test]
fn marking_as_sent_before_the_receipt_is_found() {
    let _alone = crate::alone();
    let planted = "phone.marks_as_sent_before_the_receipt";
    assert!(is_found_by_simulation(planted, None));
}

#[test]
fn believing_any_receipt_is_found() {
    let _alone = crate::alone();
    assert!(is_found_by_simulation("phone.believes_any_receipt", None));
}

#[test]
fn answering_before_the_commit_is_found() {
    let _alone = crate::alone();
    // Which commit fails decides whether anybody was promised something by it:
    // some only note that a phone was there.
    assert!((4..=16).any(|nth| {
        let failing = Some((FailPoint::ServerWriteBeforeCommit, nth));
        is_found_by_simulation("server.answers_before_the_commit", failing)
    }));
}

#[test]
fn a_commit_without_a_sync_is_found() {
    let _alone = crate::alone();
    fault_point::disarm();
    fault_point::plant("phone.commits_without_sync");
    let arguments = PowerlossArguments {
        images: 400,
        per_recording: 100,
        threads: 1,
        skip_sync_of: None,
    };
    let outcome = powerloss::run(&arguments, 5).unwrap();
    fault_point::disarm();
    assert!(!outcome.held(), "{outcome}");
}

#[test]
fn a_guard_that_skips_the_rights_is_found() {
    let _alone = crate::alone();
    fault_point::disarm();
    fault_point::plant("guard.lets_devices_write_for_the_server");
    let held = rights_hold();
    fault_point::disarm();
    assert!(!held);
}

#[test]
fn a_candidate_dropped_by_settling_is_found() {
    let _alone = crate::alone();
    fault_point::disarm();
    fault_point::plant("model.settles_without_an_operation_of_its_own");
    let held = settling_keeps_both_choices();
    fault_point::disarm();
    assert!(!held);
}

#[test]
fn a_cursor_moved_outside_the_page_s_transaction_is_found() {
    let _alone = crate::alone();
    let failing = Some((FailPoint::PhonePageApplied, 1));
    assert!(is_found_by_simulation(
        "phone.moves_the_cursor_first",
        failing
    ));
}

#[test]
fn every_planted_fault_has_a_test_here() {
    let source = include_str!("planted.rs");
    let planted = names("is_planted");
    assert!(planted.len() >= 5, "{planted:?}");
    for name in planted {
        assert!(source.contains(&name), "nothing here plants {name}");
    }
}
