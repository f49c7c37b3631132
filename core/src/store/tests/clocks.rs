//! Clocks that jump and phones in other time zones: nothing but the times that
//! are shown depends on them.

use std::process::Command;

use wangge_model::{Timestamp, document::FieldEdit};

use super::{Hub, Phone, assert_same, grid, set};
use crate::{RecordState, sync::SyncStore};

const DAY: i64 = 86_400_000;

#[test]
fn clocks_that_jump_lose_nothing_and_change_no_outcome() {
    for jumps in [
        [DAY, -365 * DAY],
        [-365 * DAY, DAY],
        [-3 * DAY, 3 * 365 * DAY],
    ] {
        let (one, two, mut hub) = (
            Phone::enrolled(1, &[1]),
            Phone::enrolled(2, &[1]),
            Hub::new(),
        );
        let id = one.household(1, "殷巷村一号");
        hub.sync(&one);
        hub.sync(&two);
        let mut last_counter = 0;
        for (turn, jump) in jumps.into_iter().enumerate() {
            one.clock.advance_millis(jump);
            // What was entered later stands, whatever the clocks say.
            one.edit(id, "address.room", &format!("5{turn}1"));
            two.edit(id, "address.floor", &format!("{turn}"));
            let push = one.store().next_push(10, 1 << 20).unwrap().unwrap();
            assert!(push.counter > last_counter, "counters rise");
            last_counter = push.counter;
            assert_eq!(hub.sync(&one).receipted, 1, "sent after a jump of {jump}");
            hub.sync(&two);
            hub.sync(&one);
            assert_eq!(two.text(id, "address.room").unwrap(), format!("5{turn}1"));
            assert_eq!(one.text(id, "address.floor").unwrap(), format!("{turn}"));
        }
        // Two at once are a conflict whose clock is ahead or not, and the one
        // that settles it wins though its clock is far behind.
        two.clock.advance_millis(10 * 365 * DAY);
        one.edit(id, "contact.phone", "13800000001");
        two.edit(id, "contact.phone", "13800000002");
        hub.sync(&one);
        hub.sync(&two);
        hub.sync(&one);
        let view = one.core().find_record(id).unwrap().unwrap();
        assert_eq!(view.conflicts.len(), 1);
        assert_eq!(view.row.state, RecordState::NeedsAttention);
        let FieldEdit { path, value } = set("contact.phone", "13800000001");
        one.core().settle_conflict(id, path, value).unwrap();
        hub.sync(&one);
        hub.sync(&two);
        assert_eq!(
            two.text(id, "contact.phone").as_deref(),
            Some("13800000001")
        );
        assert_same(&one, &two);
    }
}

#[test]
fn a_clock_set_back_does_not_reuse_a_counter_after_a_restart() {
    let (mut phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    let before = phone
        .store()
        .next_push(10, 1 << 20)
        .unwrap()
        .unwrap()
        .counter;
    hub.sync(&phone);
    phone.clock.advance_millis(-400 * DAY);
    phone.open(2);
    phone.edit(id, "address.room", "501");
    let after = phone
        .store()
        .next_push(10, 1 << 20)
        .unwrap()
        .unwrap()
        .counter;
    assert!(after > before, "{after} after {before}");
    assert_eq!(hub.sync(&phone).receipted, 1);
}

#[test]
#[ignore = "run by the test below under other time zones"]
fn civil_dates_are_those_of_china() {
    // 23:59:59 on 31 December in Shanghai, and one second later.
    for (millis, date) in [
        (1_767_196_799_000, "2025-12-31"),
        (1_767_196_800_000, "2026-01-01"),
    ] {
        let at = Timestamp::from_millis(millis);
        assert_eq!(at.to_china_date().unwrap().to_string(), date);
        let phone = Phone::enrolled(1, &[1]);
        phone.clock.advance_millis(millis - super::START - 1_000);
        let id = phone.household(1, "殷巷村一号");
        let row = phone.core().find_record(id).unwrap().unwrap().row;
        assert_eq!(
            row.summary.edited_at.to_china_date().unwrap().to_string(),
            date
        );
        assert_eq!(row.grid, grid(1));
    }
}

#[test]
fn a_phone_in_another_time_zone_writes_the_dates_of_china() {
    for zone in [
        "UTC",
        "Asia/Shanghai",
        "Pacific/Kiritimati",
        "America/Los_Angeles",
        "XXX+11:30",
    ] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::tests::clocks::civil_dates_are_those_of_china",
            ])
            .args(["--ignored", "--nocapture"])
            .env("TZ", zone)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{zone}: {said}"
        );
    }
}
