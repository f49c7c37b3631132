//! Requests as phones of each protocol version sent them, recorded with the
//! server's data folder they were sent to, and replayed against the server of
//! today: every change must arrive, and every answer must be readable by a
//! decoder that knows that version and nothing newer.
//!
//! * [`fixture`]: the files under `tests/fixtures/wire/v<N>`; [`record`] writes
//!   them, once per version (`WANGGE_RELEASE_WIRE=1 cargo test -p wangge-tests
//!   --test wire recording`), and never again once phones of it are out.
//! * [`v1`]: what a phone of version 1 can read, frozen; it uses none of
//!   today's message types.
//! * [`replay`]: the recorded requests against the server of today.
//! * [`style`]: the same requests as a phone before or after their version would
//!   send them: keys missing, keys more, another version number.

mod fixture;
mod record;
mod replay;
mod server;
mod style;
mod tree;
mod v1;

use wangge_model::protocol::{OLDEST_PROTOCOL, PROTOCOL};

#[test]
fn every_version_this_server_speaks_has_recorded_requests() {
    for version in OLDEST_PROTOCOL..=PROTOCOL {
        let scenarios = fixture::load_scenarios(version).unwrap_or_else(|error| {
            panic!(
                "version {version} has no recorded requests ({error:#}); record them before \
                 phones speak it: WANGGE_RELEASE_WIRE=1 cargo test -p wangge-tests --test wire \
                 recording"
            )
        });
        for wanted in record::SCENARIOS {
            assert!(
                scenarios.iter().any(|scenario| scenario.name == *wanted),
                "version {version} lacks the recording {wanted}"
            );
        }
    }
}

#[test]
fn a_version_that_was_not_recorded_is_noticed() {
    assert!(fixture::load_scenarios(PROTOCOL + 1).is_err());
}

#[test]
fn two_versions_back_are_spoken_once_there_are_any() {
    const { assert!(OLDEST_PROTOCOL >= 1) };
    let promised = PROTOCOL.saturating_sub(2).max(1);
    assert!(
        OLDEST_PROTOCOL <= promised,
        "this server speaks {PROTOCOL} and no further back than {OLDEST_PROTOCOL}"
    );
}
