//! Pushing, pulling and fetching with a server that answers well.

use wangge_model::{
    RecordId,
    protocol::{Directive, GridDigest},
};

use super::{Hub, Phone, START, assert_same, grants, grid};
use crate::{
    RecordQuery, RecordState,
    sync::{Answer, SyncStore},
};

#[test]
fn a_receipt_and_nothing_else_makes_a_record_count_as_sent() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    hub.bootstrap(&phone);
    let id = phone.household(1, "殷巷村一号");
    phone.edit(id, "address.room", "501");
    assert_eq!(phone.store().count_pending().unwrap(), 2);
    let push = phone.store().next_push(10, 1 << 20).unwrap().unwrap();
    let receipt = hub.receive(&phone, &push);
    let state = |phone: &Phone| phone.core().find_record(id).unwrap().unwrap().row.state;
    assert_eq!(state(&phone), RecordState::OnPhone);
    let applied = hub.answer(&phone, Some(&receipt), &[]);
    assert_eq!(applied.receipted, 2);
    assert_eq!(state(&phone), RecordState::AtServer);
    assert_eq!(phone.store().count_pending().unwrap(), 0);
    // The same receipt again is an echo.
    assert_eq!(hub.answer(&phone, Some(&receipt), &[]).receipted, 0);
    hub.sync(&phone);
}

#[test]
fn pushes_keep_the_order_and_stay_within_limits() {
    let phone = Phone::enrolled(1, &[1]);
    let id = phone.household(1, "殷巷村一号");
    for number in 0..5 {
        phone.edit(id, "address.room", &number.to_string());
    }
    let push = phone.store().next_push(3, 1 << 20).unwrap().unwrap();
    assert_eq!(push.items.len(), 3);
    let tiny = phone.store().next_push(10, 1).unwrap().unwrap();
    assert_eq!(tiny.items.len(), 1, "at least one, or it would never end");
    assert_eq!(tiny.items[0].hash, push.items[0].hash);
    assert_eq!(push.counter, 1, "whatever the clock says");
    // The server named a number far ahead: another copy of this phone had it.
    phone.store().drop_manifest(1, 1 << 50).unwrap();
    let leapt = phone.store().next_push(3, 1 << 20).unwrap().unwrap();
    assert_eq!(leapt.counter, (1 << 50) + 1);
}

#[test]
fn an_unanswered_manifest_goes_out_again_unchanged() {
    let (mut phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    let push = phone.store().next_push(10, 1 << 20).unwrap().unwrap();
    let signed = super::sign(&phone, &push);
    phone.store().store_manifest(&push, &signed).unwrap();
    phone.edit(id, "address.room", "501");
    phone.open(1);
    let again = phone.store().next_push(10, 1 << 20).unwrap().unwrap();
    assert_eq!((again.counter, &again.items), (push.counter, &push.items));
    assert_eq!(again.signed.as_ref(), Some(&signed));
    phone
        .store()
        .drop_manifest(push.counter, push.counter)
        .unwrap();
    let next = phone.store().next_push(10, 1 << 20).unwrap().unwrap();
    assert!(next.counter > push.counter);
    assert_eq!(next.items.len(), 2);
    assert_eq!(hub.sync(&phone).receipted, 2);
}

#[test]
fn a_new_phone_gets_everything_by_pages_and_opens_nothing() {
    let (one, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let ids: Vec<RecordId> = (0..8)
        .map(|number| one.household(1, &format!("殷巷村{number}号")))
        .collect();
    hub.sync(&one);
    let two = Phone::enrolled(2, &[1]);
    let first = hub.snapshot(grid(1), None, 3);
    two.store().apply_snapshot(&first).unwrap();
    let fetch = two.store().position().unwrap().bootstraps[0];
    assert_eq!(
        fetch.after, first.next_after,
        "a torn fetch goes on where it was"
    );
    assert_eq!(
        two.core()
            .list_records(&RecordQuery::default())
            .unwrap()
            .len(),
        3
    );
    hub.sync(&two);
    assert_same(&one, &two);
    let received: i64 = two
        .store()
        .read(|db| Ok(db.query_row("SELECT sum(received) FROM record", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(received, 8);
    // The first edit opens it.
    two.edit(ids[3], "address.room", "501");
    hub.sync(&two);
    hub.sync(&one);
    assert_same(&one, &two);
}

#[test]
fn changes_that_arrive_while_a_grid_is_fetched_are_not_lost() {
    let (one, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    for number in 0..6 {
        one.household(1, &format!("殷巷村{number}号"));
    }
    hub.sync(&one);
    let two = Phone::enrolled(2, &[1]);
    let page = hub.snapshot(grid(1), None, 3);
    two.store().apply_snapshot(&page).unwrap();
    // Meanwhile: an edit of a record already fetched, and one of our own.
    one.edit(page.entries[0].record, "address.room", "501");
    hub.sync(&one);
    let own = two.household(1, "殷巷村九号");
    let push = two.store().next_push(10, 1 << 20).unwrap().unwrap();
    let receipt = hub.receive(&two, &push);
    hub.answer(&two, Some(&receipt), &[]);
    hub.sync(&two);
    hub.sync(&one);
    assert_same(&one, &two);
    assert_eq!(
        two.core().find_record(own).unwrap().unwrap().row.state,
        RecordState::AtServer
    );
    assert_eq!(
        two.text(page.entries[0].record, "address.room").as_deref(),
        Some("501")
    );
}

#[test]
fn a_stale_snapshot_does_not_undo_what_was_receipted() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    let stale = hub.snapshot(grid(1), None, 10);
    hub.directives = vec![Directive::DigestMismatch { grid: grid(1) }];
    hub.answer(&phone, None, &[]);
    hub.directives.clear();
    phone.edit(id, "address.room", "501");
    let push = phone.store().next_push(10, 1 << 20).unwrap().unwrap();
    let receipt = hub.receive(&phone, &push);
    hub.answer(&phone, Some(&receipt), &[]);
    phone.store().apply_snapshot(&stale).unwrap();
    hub.sync(&phone);
    assert_eq!(phone.text(id, "address.room").as_deref(), Some("501"));
    assert_eq!(
        phone.core().find_record(id).unwrap().unwrap().row.state,
        RecordState::AtServer
    );
}

#[test]
fn a_lost_grid_takes_its_records_along_but_never_unsent_ones() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1, 2]), Hub::new());
    let clean = phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    let unsent = phone.household(1, "殷巷村二号");
    let other = phone.household(2, "殷巷村三号");
    let without = grants(2, &[2]);
    phone
        .store()
        .apply_answer(&Answer {
            server_epoch: hub.epoch,
            time: wangge_model::Timestamp::from_millis(START),
            receipt: None,
            pages: &[],
            grants: Some(&without),
            directives: &[],
            decisions: &[],
            reference: None,
            roster: None,
            roll_outcomes: &[],
        })
        .unwrap();
    assert_eq!(phone.core().grids().unwrap().len(), 1);
    assert_eq!(phone.core().find_record(clean).unwrap(), None);
    assert!(phone.core().find_record(unsent).unwrap().is_some());
    assert_eq!(
        hub.sync(&phone).receipted,
        2,
        "unsent edits are handed in first"
    );
    assert_eq!(phone.core().find_record(unsent).unwrap(), None);
    assert!(phone.core().find_record(other).unwrap().is_some());
    assert_eq!(phone.store().position().unwrap().cursors.len(), 1);
    // Granted again: fetched again.
    phone.enrol(1, &[1, 2]);
    hub.sync(&phone);
    assert!(phone.core().find_record(unsent).unwrap().is_some());
}

#[test]
fn position_says_what_the_phone_holds() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1, 2]), Hub::new());
    let position = phone.store().position().unwrap();
    assert_eq!(position.grants.unwrap().version, 1);
    assert_eq!((position.cursors.len(), position.bootstraps.len()), (0, 2));
    hub.sync(&phone);
    let position = phone.store().position().unwrap();
    assert_eq!((position.cursors.len(), position.bootstraps.len()), (2, 0));
    assert_eq!(position.cursors[0].digest, GridDigest::default().total());
    assert_eq!(
        phone.store().synced_at().unwrap().unwrap().as_millis(),
        START
    );
    let enrolment = phone.store().find_enrolment().unwrap().unwrap();
    assert_eq!(enrolment.session.unwrap().token, "token");
    hub.directives = vec![Directive::Upgrade {
        minimum: "9.0.0".to_owned(),
    }];
    hub.answer(&phone, None, &[]);
    assert_eq!(
        phone.store().minimum_version().unwrap().as_deref(),
        Some("9.0.0")
    );
    hub.directives.clear();
    hub.answer(&phone, None, &[]);
    assert_eq!(phone.store().minimum_version().unwrap(), None);
}

/// The server shortens the feed while a snapshot is being fetched: after every
/// page the phone goes on to the end, is sent back to the start once, and has
/// everything, its own unsent edits on top.
#[test]
fn a_feed_shortened_at_any_page_of_a_snapshot_loses_nothing_unsent() {
    for boundary in 0..=4 {
        let mut hub = Hub::new();
        let author = Phone::enrolled(2, &[1]);
        hub.bootstrap(&author);
        let ids: Vec<RecordId> = (0..10)
            .map(|number| author.household(1, &format!("{number}号院")))
            .collect();
        hub.sync(&author);
        let phone = Phone::enrolled(1, &[1]);
        let own = phone.household(1, "自建");
        let as_of = hub.head(grid(1));
        let mut after = None;
        let mut fetch = |hub: &Hub, pages: usize| {
            for _ in 0..pages {
                let mut page = hub.snapshot(grid(1), after, 3);
                page.as_of = as_of;
                phone.store().apply_snapshot(&page).unwrap();
                after = page.next_after;
                if after.is_none() {
                    break;
                }
            }
        };
        fetch(&hub, boundary);
        // Of this, the feed after `as_of` is gone when the phone asks for it.
        author.edit(ids[0], "notes", "改过");
        author.edit(ids[9], "notes", "改过");
        hub.sync(&author);
        fetch(&hub, 4 - boundary);
        let cursor = phone.store().position().unwrap().cursors[0];
        assert_eq!(cursor.seq, as_of, "the snapshot is complete");
        hub.directives = vec![Directive::Bootstrap { grid: grid(1) }];
        hub.answer(&phone, None, &[]);
        hub.directives.clear();
        assert_eq!(phone.store().count_pending().unwrap(), 1);
        hub.sync(&phone);
        hub.sync(&author);
        assert_eq!(phone.text(ids[0], "notes").as_deref(), Some("改过"));
        assert_eq!(phone.text(ids[9], "notes").as_deref(), Some("改过"));
        assert_eq!(author.text(own, "address.detail").as_deref(), Some("自建"));
        assert_same(&phone, &author);
    }
}
