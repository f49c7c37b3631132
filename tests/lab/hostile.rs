//! A hostile phone sends fixtures, bombs and damaged pushes.

use wangge_tests::lab::hostile::{HostileArguments, run};

#[test]
fn a_hostile_phone_costs_little_and_stops_nobody() {
    let arguments = HostileArguments {
        mutations: 240,
        // `journeys` sends all of them.
        every: 8,
        fixtures: None,
        untimed: true,
    };
    let outcome = run(&arguments, 20_261_122).unwrap();
    assert!(outcome.held(), "{outcome}");
    assert!(outcome.count("fixtures") > 15, "{outcome}");
    assert_eq!(outcome.count("bombs"), 7, "{outcome}");
    // Some damage hits what nobody checks; most does not.
    assert!(
        outcome.count("mutations that broke no rule") < 120,
        "{outcome}"
    );
}
