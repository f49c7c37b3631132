//! Real processes are killed while they work.

use wangge_tests::lab::{
    Outcome,
    crash::{CrashArguments, Mode, run},
};

fn kill(mode: Mode, kills: u64) -> anyhow::Result<Outcome> {
    let arguments = CrashArguments {
        mode,
        kills,
        phones: 2,
        directory: None,
        program: Some(env!("CARGO_BIN_EXE_lab").into()),
    };
    run(&arguments, 20_261_122)
}

#[test]
fn a_killed_phone_has_everything_it_acknowledged() {
    let outcome = kill(Mode::Save, 80).unwrap();
    assert!(outcome.held(), "{outcome}");
    assert!(outcome.count("acknowledged saves") > 80, "{outcome}");
}

#[test]
fn phones_and_servers_killed_while_they_sync_agree_in_the_end() {
    let outcome = kill(Mode::Sync, 40).unwrap();
    assert!(outcome.held(), "{outcome}");
    assert!(outcome.count("records shown as sent") > 0, "{outcome}");
}
