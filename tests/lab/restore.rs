//! The server is restored from an old backup.

use wangge_tests::lab::restore::{RestoreArguments, run};

#[test]
fn a_restored_server_gets_back_all_it_had_acknowledged_and_decided() {
    let arguments = RestoreArguments {
        trials: 3,
        steps: 16,
    };
    let outcome = run(&arguments, 20_261_122).unwrap();
    assert!(outcome.held(), "{outcome}");
}
