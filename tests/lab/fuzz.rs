//! Kept inputs of every fuzz target. A program
//! of its own, because the memory of the whole process is measured.

use wangge_tests::lab::fuzz::{FuzzArguments, memory::CountingAllocator, run};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn every_kept_input_is_answered_soon_and_in_little_memory() {
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
