//! What goes wrong between a phone and its server, and must not lose anything.

use wangge_model::{
    ServerEpoch,
    protocol::{Directive, FeedEntry, Receipt, Verdict},
};

use super::{Hub, Phone, START, assert_same, grid, set};
use crate::{
    RecordState, StoreError,
    sync::{Answer, SyncStore},
};

#[test]
fn a_lost_receipt_is_made_up_for_by_the_resend() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    hub.sync(&phone);
    let id = phone.household(1, "殷巷村一号");
    let push = phone.store().next_push(10, 1 << 20).unwrap().unwrap();
    hub.receive(&phone, &push); // and the answer is lost
    phone.edit(id, "address.room", "501");
    let applied = hub.sync(&phone);
    assert_eq!(applied.receipted, 2);
    assert_eq!(hub.head(grid(1)), 2, "stored once");
}

#[test]
fn a_lost_receipt_is_also_made_up_for_by_the_feed() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    hub.sync(&phone);
    let id = phone.household(1, "殷巷村一号");
    let push = phone.store().next_push(10, 1 << 20).unwrap().unwrap();
    hub.receive(&phone, &push);
    phone
        .store()
        .drop_manifest(push.counter, push.counter)
        .unwrap();
    let pages = hub.pages(&phone);
    assert_eq!(hub.answer(&phone, None, &pages).receipted, 1);
    assert_eq!(
        phone.core().find_record(id).unwrap().unwrap().row.state,
        RecordState::AtServer
    );
    assert_eq!(phone.store().next_push(10, 1 << 20).unwrap(), None);
    hub.sync(&phone);
}

#[test]
fn a_receipt_for_other_items_is_an_error_and_changes_nothing() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    phone.household(1, "殷巷村一号");
    let push = phone.store().next_push(10, 1 << 20).unwrap().unwrap();
    let good = hub.receive(&phone, &push);
    let apply = |receipt: &Receipt| {
        phone.store().apply_answer(&Answer {
            server_epoch: Hub::first_epoch(),
            time: wangge_model::Timestamp::from_millis(START),
            receipt: Some(receipt),
            pages: &[],
            grants: None,
            directives: &[],
            decisions: &[],
            reference: None,
            roster: None,
            roll_outcomes: &[],
        })
    };
    let bad = Receipt {
        manifest_digest: vec![0; 32],
        ..good.clone()
    };
    assert!(matches!(apply(&bad), Err(StoreError::ForeignReceipt(_))));
    let more = Receipt {
        verdicts: Receipt::runs([Verdict::Duplicate, Verdict::Duplicate]),
        ..good.clone()
    };
    assert!(matches!(apply(&more), Err(StoreError::ForeignReceipt(_))));
    assert_eq!(phone.store().count_pending().unwrap(), 1);
    assert_eq!(apply(&good).unwrap().receipted, 1);
}

#[test]
fn a_refused_change_is_shown_to_its_author_and_can_be_taken_back() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    hub.refuses = Some("坏".to_owned());
    phone.edit(id, "address.room", "坏");
    phone.edit(id, "address.floor", "5");
    let applied = hub.sync(&phone);
    assert_eq!(
        applied.refused, 2,
        "what stands on a refused change cannot be sent either"
    );
    let view = phone.core().find_record(id).unwrap().unwrap();
    assert_eq!(view.row.state, RecordState::NeedsAttention);
    assert_eq!(view.row.refusal_count, 2);
    let refusals = phone.core().list_refusals().unwrap();
    assert_eq!(refusals.len(), 2);
    assert!(refusals.iter().any(|refusal| refusal.code == "field"
        && refusal.detail == "address.room not_a_choice"));
    // More work on it, then the bad part is taken back.
    phone.edit(id, "address.unit", "2单元");
    phone.core().discard_refused(id).unwrap();
    assert!(phone.core().list_refusals().unwrap().is_empty());
    assert_eq!(phone.text(id, "address.room"), None);
    assert_eq!(phone.text(id, "address.unit").as_deref(), Some("2单元"));
    let applied = hub.sync(&phone);
    assert_eq!((applied.receipted, applied.refused), (1, 0));
    assert_eq!(
        hub.records[&id].1.text("address.unit").as_deref(),
        Some("2单元")
    );
    assert_eq!(
        phone.core().find_record(id).unwrap().unwrap().row.state,
        RecordState::AtServer
    );
}

#[test]
fn a_new_record_that_was_refused_as_a_whole_goes_when_taken_back() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    hub.refuses = Some("坏".to_owned());
    let id = phone.household(1, "坏");
    hub.sync(&phone);
    assert!(
        phone.core().find_record(id).unwrap().is_some(),
        "kept until its author decides"
    );
    phone.core().discard_refused(id).unwrap();
    assert_eq!(phone.core().find_record(id).unwrap(), None);
    hub.sync(&phone);
}

#[test]
fn a_released_change_counts_as_received() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    hub.refuses = Some("坏".to_owned());
    phone.edit(id, "address.room", "坏");
    let push = phone.store().next_push(10, 1 << 20).unwrap().unwrap();
    hub.sync(&phone);
    // A supervisor lets it pass after all.
    hub.refuses = None;
    let device = phone.store().find_enrolment().unwrap().unwrap().device;
    let actor = phone.store().actor().unwrap();
    assert!(matches!(
        hub.judge(device, actor, &push.items[0]),
        Verdict::Accepted { .. }
    ));
    hub.sync(&phone);
    assert!(phone.core().list_refusals().unwrap().is_empty());
    assert_eq!(
        phone.core().find_record(id).unwrap().unwrap().row.state,
        RecordState::AtServer
    );
}

#[test]
fn a_restored_server_gets_everything_back() {
    let (one, two, mut hub) = (
        Phone::enrolled(1, &[1]),
        Phone::enrolled(2, &[1]),
        Hub::new(),
    );
    let first = one.household(1, "殷巷村一号");
    hub.sync(&one);
    hub.sync(&two);
    let backup = hub.clone();
    two.edit(first, "address.room", "501");
    hub.sync(&two);
    hub.sync(&one);
    // One's next edits stand on two's, and only the phones have them now.
    one.edit(first, "address.floor", "5");
    let second = one.household(1, "殷巷村二号");
    hub.sync(&one);
    hub.sync(&two);
    let lost = hub;
    let mut hub = Hub {
        epoch: ServerEpoch::from_bytes([2; 16]),
        ..backup
    };
    hub.sync(&one);
    assert!(one.core().find_record(second).unwrap().is_some());
    assert_eq!(one.text(first, "address.room").as_deref(), Some("501"));
    assert_eq!(
        one.core().find_record(first).unwrap().unwrap().row.state,
        RecordState::OnPhone,
        "its edit waits for the one it stands on"
    );
    hub.sync(&two);
    hub.sync(&one);
    hub.sync(&two);
    assert_same(&one, &two);
    for (id, (_, document)) in &lost.records {
        assert_eq!(hub.records[id].1.heads(), document.heads());
    }
    assert_eq!(one.core().count_states().unwrap().at_server, 2);
}

#[test]
fn a_reoffer_directive_does_the_same() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    hub.records.clear();
    hub.feeds.clear();
    hub.directives = vec![Directive::Reoffer];
    assert_eq!(hub.sync(&phone).receipted, 1);
    assert_eq!(hub.records.len(), 1);
}

#[test]
fn a_copied_store_forks_and_both_edits_survive() {
    let (mut phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    // Copied with the token file, so nothing is noticed.
    let copy = copied(&mut phone);
    phone.edit(id, "address.room", "501");
    copy.edit(id, "address.floor", "5");
    copy.edit(id, "notes", "写在副本上");
    hub.sync(&phone);
    hub.sync(&copy);
    hub.sync(&phone);
    for one in [&phone, &copy] {
        assert_eq!(one.text(id, "address.room").as_deref(), Some("501"));
        assert_eq!(one.text(id, "address.floor").as_deref(), Some("5"));
        assert_eq!(one.text(id, "notes").as_deref(), Some("写在副本上"));
    }
    assert_same(&phone, &copy);
}

/// A phone and a bit by bit copy of it.
fn copied(phone: &mut Phone) -> Phone {
    phone.core = None;
    let mut copy = Phone::new(1);
    copy.core = None;
    for file in ["wangge.db", "incarnation"] {
        std::fs::copy(
            phone.directory.path().join(file),
            copy.directory.path().join(file),
        )
        .unwrap();
    }
    phone.open(11);
    copy.open(12);
    copy
}

/// Two accidents at once: a phone was copied, and the server lost what the one
/// copy had handed in. The other copy is faster then, and takes the number that
/// what was lost had; a third phone has built on that.
#[test]
fn an_edit_on_a_change_that_lost_its_place_is_authored_again_on_what_the_server_has() {
    // Whether the server had it once: then the outbox has forgotten its fields.
    for was_at_server in [false, true] {
        let (mut phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
        let reader = Phone::enrolled(2, &[1]);
        let id = phone.household(1, "殷巷村一号");
        hub.sync(&phone);
        hub.sync(&reader);
        let copy = copied(&mut phone);
        let backup = hub.clone();
        phone.edit(id, "address.room", "501");
        hub.sync(&phone);
        hub.sync(&reader);
        reader.edit(id, "address.floor", "5");
        if was_at_server {
            hub.sync(&reader);
        }
        let mut hub = Hub {
            epoch: ServerEpoch::from_bytes([2; 16]),
            ..backup
        };
        hub.sync(&reader);
        let state = || reader.core().find_record(id).unwrap().unwrap().row.state;
        assert_eq!(state(), RecordState::OnPhone, "it waits for what it is on");
        copy.edit(id, "address.unit", "2单元");
        hub.sync(&copy);
        hub.sync(&reader);
        assert_eq!(state(), RecordState::AtServer);
        hub.sync(&phone);
        hub.sync(&copy);
        hub.sync(&reader);
        for one in [&phone, &copy, &reader] {
            assert_eq!(one.text(id, "address.room").as_deref(), Some("501"));
            assert_eq!(one.text(id, "address.unit").as_deref(), Some("2单元"));
            assert_eq!(one.text(id, "address.floor").as_deref(), Some("5"));
            let view = one.core().find_record(id).unwrap().unwrap();
            assert!(view.conflicts.is_empty());
            assert_eq!(view.history.len(), 4, "each edit once");
        }
        assert_same(&phone, &copy);
        assert_same(&phone, &reader);
    }
}

#[test]
fn a_change_without_a_place_is_still_offered_to_a_server_that_lost_it() {
    let (mut phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let reader = Phone::enrolled(2, &[1]);
    let id = phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    hub.sync(&reader);
    let copy = copied(&mut phone);
    let backup = hub.clone();
    phone.edit(id, "address.room", "501");
    hub.sync(&phone);
    hub.sync(&reader);
    let mut hub = Hub {
        epoch: ServerEpoch::from_bytes([2; 16]),
        ..backup
    };
    copy.edit(id, "address.unit", "2单元");
    hub.sync(&copy);
    // The reader learns of the new life only now.
    hub.answer(&reader, None, &[]);
    hub.bootstrap(&reader);
    assert_eq!(reader.text(id, "address.unit").as_deref(), Some("2单元"));
    let kept = reader.store().list_kept().unwrap();
    let apart: Vec<&String> = kept
        .iter()
        .filter(|line| line.starts_with("quarantine"))
        .collect();
    assert_eq!(apart.len(), 1);
    assert!(apart[0].ends_with("actor_fork"), "{}", apart[0]);
}

#[test]
fn a_restored_phone_begins_a_new_life_and_sends_nothing_twice() {
    let (mut phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    phone.edit(id, "address.room", "501");
    phone.core = None;
    let database = phone.directory.path().join("wangge.db");
    let backup = std::fs::read(&database).unwrap();
    phone.open(21);
    phone.edit(id, "address.floor", "5");
    hub.sync(&phone);
    let actor = phone.store().actor().unwrap();
    // The system restores the database but not the token.
    phone.core = None;
    std::fs::write(&database, backup).unwrap();
    std::fs::remove_file(phone.directory.path().join("incarnation")).unwrap();
    phone.open(22);
    assert_ne!(phone.store().actor().unwrap(), actor);
    phone.edit(id, "address.unit", "2单元");
    hub.sync(&phone);
    assert_eq!(
        phone.text(id, "address.floor").as_deref(),
        Some("5"),
        "lost on the phone only"
    );
    assert_eq!(phone.text(id, "address.unit").as_deref(), Some("2单元"));
    let view = phone.core().find_record(id).unwrap().unwrap();
    assert!(view.conflicts.is_empty());
    assert_eq!(view.row.state, RecordState::AtServer);
    assert!(
        view.history.iter().all(|entry| entry.mine),
        "also what a former life wrote"
    );
    assert_eq!(view.history.len(), 4);
}

#[test]
fn a_second_enrolment_authors_unsent_edits_again() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    phone.edit(id, "address.room", "501");
    phone.edit(id, "notes", "换了手机");
    phone.enrol(7, &[1]);
    let applied = hub.sync(&phone);
    assert_eq!((applied.receipted, applied.refused), (2, 0));
    assert_eq!(
        hub.records[&id].1.text("address.room").as_deref(),
        Some("501")
    );
}

#[test]
fn an_erased_record_goes_and_does_not_come_back() {
    let (one, two, mut hub) = (
        Phone::enrolled(1, &[1]),
        Phone::enrolled(2, &[1]),
        Hub::new(),
    );
    let id = one.household(1, "殷巷村一号");
    hub.sync(&one);
    hub.sync(&two);
    two.edit(id, "address.room", "501");
    let push = two.store().next_push(10, 1 << 20).unwrap().unwrap();
    let mut receipt = hub.receive(&two, &push);
    receipt.verdicts = Receipt::runs([Verdict::Erased]);
    hub.answer(&two, Some(&receipt), &[]);
    assert_eq!(two.core().find_record(id).unwrap(), None);
    assert_eq!(two.core().list_refusals().unwrap()[0].code, "erased");
    let pages = hub.pages(&two);
    hub.answer(&two, None, &pages);
    assert_eq!(two.core().find_record(id).unwrap(), None);
}

#[test]
fn a_forged_frame_is_set_aside_and_the_feed_goes_on() {
    let (one, two, mut hub) = (
        Phone::enrolled(1, &[1]),
        Phone::enrolled(2, &[1]),
        Hub::new(),
    );
    hub.sync(&two);
    let bad = one.household(1, "殷巷村一号");
    let good = one.household(1, "殷巷村二号");
    hub.sync(&one);
    let mut pages = hub.pages(&two);
    if let Some(FeedEntry::Change { frame }) = pages[0].entries.first_mut() {
        let last = frame.change.len() - 1;
        frame.change[last] ^= 1;
    }
    let applied = hub.answer(&two, None, &pages);
    assert_eq!((applied.rejected, applied.pulled), (1, 1));
    assert!(two.core().find_record(good).unwrap().is_some());
    assert_eq!(two.core().find_record(bad).unwrap(), None);
    let cursor = two.store().position().unwrap().cursors[0];
    assert_eq!(cursor.seq, 2);
    assert_ne!(cursor.digest, hub.digest(grid(1)), "the difference shows");
    hub.directives = vec![Directive::DigestMismatch { grid: grid(1) }];
    hub.sync(&two);
    assert_same(&one, &two);
}

#[test]
fn a_damaged_document_is_named_marked_and_fetched_again() {
    let (one, two, mut hub) = (
        Phone::enrolled(1, &[1]),
        Phone::enrolled(2, &[1]),
        Hub::new(),
    );
    let id = one.household(1, "殷巷村一号");
    hub.sync(&one);
    hub.sync(&two);
    two.store()
        .write(|tx| {
            tx.execute("UPDATE document SET snapshot = x'00112233'", [])?;
            Ok(())
        })
        .unwrap();
    assert!(matches!(
        two.core().find_record(id),
        Err(crate::Error::Damaged { record }) if record == id
    ));
    assert_eq!(two.store().position().unwrap().bootstraps.len(), 1);
    hub.sync(&two);
    assert_same(&one, &two);
}

#[test]
fn unsent_edits_of_a_damaged_document_are_kept() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    phone.core().tidy().unwrap();
    phone
        .core()
        .store
        .write(|tx| {
            tx.execute(
                "INSERT OR REPLACE INTO document SELECT key, x'00' FROM record",
                [],
            )?;
            Ok(())
        })
        .unwrap();
    phone.store().close_documents();
    let result = phone.core().edit_record(id, &[set("address.room", "501")]);
    assert!(
        matches!(result, Err(crate::Error::Damaged { .. })),
        "{result:?}"
    );
    hub.sync(&phone);
    phone.edit(id, "address.room", "501");
    hub.sync(&phone);
    assert_eq!(
        hub.records[&id].1.text("address.room").as_deref(),
        Some("501")
    );
}
