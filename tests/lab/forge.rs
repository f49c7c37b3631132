//! Every field of a valid push is changed as an attacker would.

use wangge_tests::lab::forge::{ForgeArguments, run};

#[test]
fn no_forged_push_is_accepted_and_the_victims_next_change_still_is() {
    let arguments = ForgeArguments {
        n: 1_500,
        process: 300,
    };
    let outcome = run(&arguments, 20_261_122).unwrap();
    assert!(outcome.held(), "{outcome}");
    assert_eq!(outcome.count("mutations"), 1_500, "{outcome}");
    // Every field was tried, also at the process.
    assert!(
        outcome.count("fewest mutations of a field") > 30,
        "{outcome}"
    );
    assert!(outcome.count("kept apart") > 100, "{outcome}");
    assert!(
        outcome.count("victim's changes accepted after") > 30,
        "{outcome}"
    );
}
