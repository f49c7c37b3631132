//! A phone is copied.

use wangge_tests::lab::clone::{CloneArguments, run};

#[test]
fn both_copies_of_a_phone_keep_everything_and_the_second_learns_that_it_is_one() {
    let outcome = run(&CloneArguments { trials: 8 }, 20_261_122).unwrap();
    assert!(outcome.held(), "{outcome}");
}
