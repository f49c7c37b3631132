//! The simulation at the size of every commit.

use wangge_tests::lab::sim::{Action, SimArguments, run};

fn arguments() -> SimArguments {
    SimArguments {
        devices: 6,
        ops: 1_000,
        records: 40,
        // A restored server still lacks what its own former life wrote, and a
        // copied phone whose twin's clock ran ahead is refused until then.
        without: vec![Action::ServerRestore, Action::ClockJump],
        until: None,
        twice: false,
        seeds: 1,
        threads: 1,
    }
}

#[test]
fn every_replica_agrees_after_every_kind_of_fault() {
    let outcome = run(
        &SimArguments {
            seeds: 1,
            ..arguments()
        },
        77,
    )
    .unwrap();
    assert!(outcome.held(), "{outcome}");
    for happened in ["acknowledged", "exchanges", "accepted"] {
        assert!(outcome.read(happened).is_some(), "no {happened}: {outcome}");
    }
}

#[test]
fn the_same_seed_plays_the_same_game() {
    let twice = SimArguments {
        twice: true,
        ..arguments()
    };
    let outcome = run(&twice, 77).unwrap();
    assert!(outcome.held(), "{outcome}");
    let other = run(&arguments(), 78).unwrap();
    assert_ne!(outcome.read("trace"), other.read("trace"));
}
