//! Everybody dies at each fail point in turn, starts again, and every promise
//! holds.

use wangge_model::fault_point::FailPoint;
use wangge_tests::lab::sim::faults::run_failing;

/// Simulations tried until one meets the point.
const SEEDS: u64 = 6;

/// Dies at the n-th time the point is reached; answers whether it ever was.
fn dies_at(point: FailPoint, nth: u64) -> bool {
    for seed in 1..=SEEDS {
        let fault = run_failing(point, nth, seed).unwrap();
        assert!(
            fault.broken.is_empty(),
            "{} failed for the {nth}. time, seed {seed}: {:#?}",
            point.as_str(),
            fault.broken
        );
        if fault.was_met {
            return true;
        }
    }
    false
}

#[test]
fn dying_at_any_fail_point_breaks_no_promise() {
    let _alone = crate::alone();
    let unmet: Vec<&str> = FailPoint::ALL
        .iter()
        .filter(|point| !dies_at(**point, 1))
        .map(|point| point.as_str())
        .collect();
    assert!(unmet.is_empty(), "never reached: {unmet:?}");
}

/// The lab once took the edits of a phone for lost that had died while it was
/// set up from an older backup: its ledger still counted on the lost files.
#[test]
fn dying_while_a_phone_is_set_up_from_its_backup_loses_nothing_it_had_handed_in() {
    let _alone = crate::alone();
    let mut met = 0;
    // Few seeds set a phone up from a backup while the point is armed.
    for seed in 12..60 {
        let point = FailPoint::PhoneIncarnationFileWritten;
        let fault = run_failing(point, 1, seed).unwrap();
        assert!(fault.broken.is_empty(), "seed {seed}: {:#?}", fault.broken);
        met += u32::from(fault.was_met);
        if met == 2 {
            break;
        }
    }
    assert!(met > 0, "no phone was set up from a backup");
}

#[test]
fn every_registered_fail_point_is_in_the_product_once_at_least() {
    let used = crate::points::words("FailPoint::");
    for point in FailPoint::ALL {
        let name = format!("{point:?}");
        assert!(used.contains(&name), "{name} is nowhere in the product");
    }
    assert!(FailPoint::ALL.len() >= 25, "{}", FailPoint::ALL.len());
}
