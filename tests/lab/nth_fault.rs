//! The disk fails under every action.

use wangge_tests::lab::{
    Outcome,
    nth_fault::{Kind, NthFaultArguments, run},
};

fn fail(action: Option<&str>, kinds: &[Kind], every: u64) -> anyhow::Result<Outcome> {
    let arguments = NthFaultArguments {
        kinds: kinds.to_vec(),
        action: action.map(str::to_owned),
        every,
    };
    run(&arguments, 20_261_122)
}

#[test]
fn no_action_panics_or_loses_anything_or_gets_stuck_when_the_disk_fails() {
    let outcome = fail(None, &[Kind::Eio, Kind::Enospc, Kind::Short], 31).unwrap();
    assert!(outcome.held(), "{outcome}");
    assert_eq!(outcome.count("actions"), 27, "{outcome}");
}

/// SQLCipher answers every call on a connection that met a read error with that
/// error; the store opens another.
#[test]
fn a_read_that_failed_once_does_not_leave_the_phone_stuck() {
    let outcome = fail(Some("edit"), &[Kind::Eio], 4).unwrap();
    assert!(outcome.held(), "{outcome}");
}

/// To SQLCipher a page that could not be read is one of another key.
#[test]
fn a_first_page_that_cannot_be_read_is_not_taken_for_a_wrong_key() {
    let outcome = fail(Some("open"), &[Kind::Eio], 1).unwrap();
    assert!(outcome.held(), "{outcome}");
}

#[test]
fn a_full_disk_is_told_as_one() {
    let outcome = fail(Some("create record"), &[Kind::Short], 1).unwrap();
    assert!(outcome.held(), "{outcome}");
    let told = outcome.count("told as: storage full");
    assert!(told > 0 && told == outcome.count("faults"), "{outcome}");
}
