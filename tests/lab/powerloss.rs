//! The power fails while a phone works.

use wangge_tests::lab::{
    Outcome,
    powerloss::{PowerlossArguments, run},
};

fn cut_power(images: u64, skip_sync_of: Option<&str>) -> anyhow::Result<Outcome> {
    let arguments = PowerlossArguments {
        images,
        per_recording: 50,
        threads: 2,
        skip_sync_of: skip_sync_of.map(str::to_owned),
    };
    run(&arguments, 20_261_122)
}

#[test]
fn a_power_cut_loses_nothing_acknowledged_and_leaves_nothing_half_done() {
    let outcome = cut_power(400, None).unwrap();
    assert!(outcome.held(), "{outcome}");
    // Otherwise nothing was tried.
    for figure in ["images with loose writes", "images one piece ahead"] {
        assert!(outcome.count(figure) > 0, "{figure}: {outcome}");
    }
}

#[test]
fn a_log_that_is_never_forced_out_is_found() {
    assert!(!cut_power(100, Some("-wal")).unwrap().held());
}

#[test]
fn a_database_that_is_never_forced_out_is_found() {
    assert!(!cut_power(100, Some(".db")).unwrap().held());
}
