//! The line between phones and server is bad.

use wangge_tests::lab::chaos::{ChaosArguments, line::Weather, run};

#[test]
fn a_bad_line_loses_nothing_doubles_nothing_and_shows_nothing_as_sent_too_early() {
    let arguments = ChaosArguments {
        proxy: Weather::Harsh,
        devices: 6,
        records: 60,
        per_grid: 3,
        batch: 10,
    };
    let outcome = run(&arguments, 20_261_122).unwrap();
    assert!(outcome.held(), "{outcome}");
}
