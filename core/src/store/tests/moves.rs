//! Records that move to another grid, and what a supervisor decides on late
//! edits.

use wangge_model::{
    ChangeHash,
    protocol::{Decision, MovedRecord, VerdictRun},
};

use super::*;
use crate::port::GiveBackMark;

/// A phone with these grids, all read, and a record in the first that the server has.
fn phone_with_record(grids: &[u8]) -> (Hub, Phone, RecordId) {
    let mut hub = Hub::new();
    let phone = Phone::enrolled(1, grids);
    hub.bootstrap(&phone);
    let id = phone.household(1, "一号院");
    hub.sync(&phone);
    (hub, phone, id)
}

fn cursor(phone: &Phone, number: u8) -> u64 {
    let cursors = phone.store().position().unwrap().cursors;
    cursors
        .iter()
        .find(|cursor| cursor.grid == grid(number))
        .unwrap()
        .seq
}

/// One more place of a feed.
fn page(phone: &Phone, number: u8, entry: FeedEntry) -> FeedPage {
    let after = cursor(phone, number);
    FeedPage {
        grid: grid(number),
        after,
        to: after + 1,
        entries: vec![entry],
        more: false,
        digest: None,
        signature: None,
    }
}

fn out(record: RecordId, to: u8, moves: u32) -> FeedEntry {
    FeedEntry::MovedOut {
        record,
        to: grid(to),
        moves,
    }
}

fn arrival(hub: &Hub, record: RecordId, moves: u32) -> FeedEntry {
    let (_, document) = &hub.records[&record];
    FeedEntry::MovedIn {
        entry: Box::new(SnapshotEntry {
            record,
            record_epoch: 0,
            kind: document.kind(),
            heads: document.heads(),
            document: document.save(),
            summary: document.summary(),
            moves: Some(moves),
        }),
    }
}

fn tell(hub: &Hub, phone: &Phone, number: u8, entry: FeedEntry) {
    let page = page(phone, number, entry);
    hub.answer(phone, None, &[page]);
    phone.check();
}

fn ids(phone: &Phone) -> Vec<RecordId> {
    phone.store().list_record_ids().unwrap()
}

/// Pushes what waits; the server puts it under review.
fn put_under_review(hub: &mut Hub, phone: &Phone) -> ChangeHash {
    let push = phone.store().next_push(4, 1 << 20).unwrap().unwrap();
    let mut receipt = hub.receive(phone, &push);
    receipt.verdicts = vec![VerdictRun {
        count: u32::try_from(push.items.len()).unwrap(),
        verdict: Verdict::Quarantined {
            code: "under_review".to_owned(),
            detail: String::new(),
        },
    }];
    hub.answer(phone, Some(&receipt), &[]);
    push.items[0].hash
}

fn decide(phone: &Phone, decision: Decision) {
    phone
        .store()
        .apply_answer(&Answer {
            server_epoch: Hub::first_epoch(),
            time: Timestamp::from_millis(START),
            receipt: None,
            pages: &[],
            grants: None,
            directives: &[],
            decisions: &[decision],
            reference: None,
            roster: None,
            roll_outcomes: &[],
        })
        .unwrap();
    phone.check();
}

/// A record that left with an unsent edit in it, now under review.
fn left_with_an_edit() -> (Hub, Phone, Decision) {
    let (mut hub, phone, id) = phone_with_record(&[1]);
    phone.edit(id, "notes", "电梯坏了");
    tell(&hub, &phone, 1, out(id, 2, 1));
    assert_eq!(ids(&phone), [id], "what is unsent stays");
    assert_eq!(phone.store().count_pending().unwrap(), 1);
    assert_eq!(phone.store().position().unwrap().decisions_after, None);
    let hash = put_under_review(&mut hub, &phone);
    assert_eq!(ids(&phone), [id], "until a supervisor decided");
    let told = phone.core().list_refusals().unwrap();
    assert_eq!((told.len(), told[0].code.as_str()), (1, "under_review"));
    assert_eq!(phone.store().position().unwrap().decisions_after, Some(0));
    let decision = Decision {
        number: 7,
        record: id,
        hash,
        accepted: true,
        reason: String::new(),
        grid: Some(grid(2)),
    };
    (hub, phone, decision)
}

#[test]
fn a_moved_record_goes_at_once_and_the_digest_follows() {
    let (hub, phone, id) = phone_with_record(&[1]);
    let other = phone.household(1, "二号院");
    let mut hub = hub;
    hub.sync(&phone);
    tell(&hub, &phone, 1, out(id, 2, 1));
    assert_eq!(ids(&phone), [other]);
    // As the server has it after the move.
    hub.records.get_mut(&id).unwrap().0 = grid(2);
    let position = phone.store().position().unwrap();
    assert_eq!(position.cursors[0].digest, hub.digest(grid(1)));
    assert_eq!(phone.store().list_grids().unwrap().len(), 1);
}

#[test]
fn an_edit_that_is_accepted_after_review_is_receipted_and_the_record_goes() {
    let (_, phone, decision) = left_with_an_edit();
    decide(&phone, decision);
    assert_eq!(ids(&phone), []);
    assert_eq!(phone.store().position().unwrap().decisions_after, None);
}

#[test]
fn an_edit_that_is_refused_after_review_stays_with_the_reason_until_it_is_taken_back() {
    let (hub, phone, decision) = left_with_an_edit();
    let id = decision.record;
    let refused = Decision {
        accepted: false,
        reason: "已由新网格员登记".to_owned(),
        ..decision
    };
    decide(&phone, refused.clone());
    // Told twice, it is the same.
    decide(&phone, refused);
    let told = phone.core().list_refusals().unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].code.as_str(), told[0].detail.as_str()),
        ("review_refused", "已由新网格员登记")
    );
    assert_eq!(phone.text(id, "notes").as_deref(), Some("电梯坏了"));
    phone.core().discard_refused(id).unwrap();
    hub.answer(&phone, None, &[]);
    assert_eq!(ids(&phone), []);
}

/// Found by the simulation, seed 3121: a restored server had put an edit under
/// review when another phone gave it back, and the copy of the grid that the
/// author fetched had it. Taken back, it was gone from the author's phone alone.
#[test]
fn what_a_fresh_copy_has_of_ones_own_is_not_refused_any_more() {
    let (mut hub, phone, id) = phone_with_record(&[1]);
    phone.edit(id, "notes", "电梯坏了");
    put_under_review(&mut hub, &phone);
    assert_eq!(phone.core().list_refusals().unwrap().len(), 1);
    hub.directives = vec![Directive::Bootstrap { grid: grid(1) }];
    hub.answer(&phone, None, &[]);
    hub.directives.clear();
    hub.bootstrap(&phone);
    phone.check();
    assert_eq!(phone.core().list_refusals().unwrap(), []);
    phone.core().discard_refused(id).unwrap();
    hub.sync(&phone);
    assert_eq!(phone.text(id, "notes").as_deref(), Some("电梯坏了"));
    let position = phone.store().position().unwrap();
    assert_eq!(position.cursors[0].digest, hub.digest(grid(1)));
}

#[test]
fn a_phone_with_both_grids_has_the_record_once_in_whatever_order_it_reads() {
    for out_first in [true, false] {
        let (mut hub, phone, id) = phone_with_record(&[1, 2]);
        hub.records.get_mut(&id).unwrap().0 = grid(2);
        let told = [(1, out(id, 2, 1)), (2, arrival(&hub, id, 1))];
        let order = if out_first { [0, 1] } else { [1, 0] };
        for index in order {
            let (number, entry) = told[index].clone();
            tell(&hub, &phone, number, entry);
        }
        for cursor in phone.store().position().unwrap().cursors {
            assert_eq!(cursor.digest, hub.digest(cursor.grid), "{out_first}");
        }
        assert_eq!(phone.text(id, "address.detail").as_deref(), Some("一号院"));
    }
}

#[test]
fn an_edit_made_while_the_record_moved_between_ones_own_grids_is_kept_on_top() {
    let (mut hub, phone, id) = phone_with_record(&[1, 2]);
    phone.edit(id, "notes", "电梯坏了");
    hub.records.get_mut(&id).unwrap().0 = grid(2);
    tell(&hub, &phone, 1, out(id, 2, 1));
    tell(&hub, &phone, 2, arrival(&hub, id, 1));
    assert_eq!(phone.text(id, "notes").as_deref(), Some("电梯坏了"));
    assert_eq!(phone.store().count_pending().unwrap(), 1);
    let push = phone.store().next_push(4, 1 << 20).unwrap().unwrap();
    let receipt = hub.receive(&phone, &push);
    assert!(matches!(
        receipt.verdicts[0].verdict,
        Verdict::Accepted { .. }
    ));
    hub.answer(&phone, Some(&receipt), &[]);
    let home = phone.store().position().unwrap().cursors;
    assert_eq!(home[1].digest, hub.digest(grid(2)));
    phone.check();
}

#[test]
fn a_record_that_moved_before_a_restored_servers_backup_goes_once_the_server_says_so() {
    for has_unsent in [false, true] {
        let (mut hub, author, id) = phone_with_record(&[1]);
        let reader = Phone::enrolled(2, &[1]);
        hub.sync(&reader);
        if has_unsent {
            reader.edit(id, "notes", "电梯坏了");
        }
        // Moved, backed up, restored; and the phone slept meanwhile.
        hub.records.get_mut(&id).unwrap().0 = grid(2);
        hub.feeds.clear();
        hub.epoch = ServerEpoch::from_bytes([2; 16]);
        hub.answer(&reader, None, &[]);
        hub.bootstrap(&reader);
        assert_eq!(ids(&reader), [id], "it might be the only copy left");
        let mark = GiveBackMark {
            position: 1,
            after: None,
        };
        let moved = MovedRecord {
            record: id,
            grid: grid(2),
            moves: 1,
        };
        reader.store().store_given_back(&mark, &[moved]).unwrap();
        reader.check();
        let left = if has_unsent { vec![id] } else { Vec::new() };
        assert_eq!(ids(&reader), left, "unsent: {has_unsent}");
        let digest = reader.store().position().unwrap().cursors[0].digest;
        assert_eq!(digest, hub.digest(grid(1)));
        drop(author);
    }
}

#[test]
fn older_word_about_a_record_that_came_back_changes_nothing() {
    let (hub, phone, id) = phone_with_record(&[1, 2]);
    // From the first grid to the second and back; the second is read late.
    tell(&hub, &phone, 1, out(id, 2, 1));
    tell(&hub, &phone, 1, arrival(&hub, id, 2));
    tell(&hub, &phone, 2, arrival(&hub, id, 1));
    tell(&hub, &phone, 2, out(id, 1, 2));
    assert_eq!(ids(&phone), [id]);
    for cursor in phone.store().position().unwrap().cursors {
        assert_eq!(cursor.digest, hub.digest(cursor.grid));
    }
    // A page of a snapshot from before says nothing new either.
    let mut page = hub.snapshot(grid(1), None, 9);
    page.grid = grid(2);
    phone
        .store()
        .apply_answer(&Answer {
            server_epoch: Hub::first_epoch(),
            time: Timestamp::from_millis(START),
            receipt: None,
            pages: &[],
            grants: None,
            directives: &[Directive::Bootstrap { grid: grid(2) }],
            decisions: &[],
            reference: None,
            roster: None,
            roll_outcomes: &[],
        })
        .unwrap();
    phone.store().apply_snapshot(&page).unwrap();
    phone.check();
    for cursor in phone.store().position().unwrap().cursors {
        assert_eq!(cursor.digest, hub.digest(cursor.grid));
    }
}
