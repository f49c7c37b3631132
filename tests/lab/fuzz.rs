//! Kept inputs of every fuzz target, and a short while of new ones. A program
//! of its own, because the memory of the whole process is measured.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{Mutex, PoisonError};

use wangge_tests::lab::fuzz::{FuzzArguments, memory::CountingAllocator, run};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// One at a time: each would count the other's memory.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn every_kept_input_is_answered_soon_and_in_little_memory() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let arguments = FuzzArguments {
        seconds: 0,
        target: None,
        inputs: None,
        keep: false,
        replay: true,
    };
    let outcome = run(&arguments, 1).unwrap();
    assert!(outcome.held(), "{outcome}");
    assert_eq!(outcome.count("targets"), 7, "{outcome}");
    for target in [
        "frame", "guard", "push", "answer", "import", "search", "enrol",
    ] {
        let kept = outcome.count(&format!("{target}: kept inputs"));
        assert!(kept > 0, "{target}: {outcome}");
    }
}

#[test]
fn new_damage_finds_nothing_either() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let arguments = FuzzArguments {
        seconds: 3,
        target: None,
        inputs: None,
        keep: false,
        replay: false,
    };
    // Another seed every time would be a test that fails on other people's work.
    let outcome = run(&arguments, 20_261_122).unwrap();
    assert!(outcome.held(), "{outcome}");
}
