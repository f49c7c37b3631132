//! The journal: what is unsent is there a second time, and nothing else is.

use std::fs;

use wangge_model::RecordId;

use super::{Hub, Phone, set};
use crate::{
    StoreKey,
    store::rescue::{
        journal::{self, Contents},
        seal::Sealer,
    },
    sync::SyncStore,
};

fn read(phone: &Phone) -> Contents {
    let key = StoreKey::from_bytes([phone.number; 32]);
    journal::read(phone.directory.path(), &Sealer::new(&key)).unwrap()
}

fn length(phone: &Phone) -> u64 {
    fs::metadata(phone.directory.path().join(journal::FILE)).map_or(0, |it| it.len())
}

#[test]
fn every_unsent_change_is_in_the_journal_and_none_after_the_receipt() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    phone.edit(id, "address.room", "501");
    let held = read(&phone);
    assert_eq!(held.damaged_bytes, 0);
    assert_eq!(held.entries.len(), 2);
    let push = phone.store().next_push(10, 1 << 20).unwrap().unwrap();
    let items: Vec<_> = held
        .entries
        .iter()
        .map(|entry| entry.item.clone())
        .collect();
    assert_eq!(items, push.items, "what would be sent");
    hub.sync(&phone);
    assert_eq!(length(&phone), 0);
}

#[test]
fn what_was_refused_stays_until_its_author_takes_it_back() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let id = phone.household(1, "殷巷村一号");
    hub.sync(&phone);
    hub.refuses = Some("坏".to_owned());
    phone.edit(id, "address.room", "坏");
    phone.household(1, "殷巷村二号");
    hub.sync(&phone);
    assert_eq!(read(&phone).entries.len(), 1, "only the refused one");
    phone.core().discard_refused(id).unwrap();
    assert_eq!(length(&phone), 0);
}

#[test]
fn a_save_that_failed_leaves_nothing_in_the_journal() {
    let phone = Phone::enrolled(1, &[1]);
    let id = phone.household(1, "殷巷村一号");
    let before = length(&phone);
    phone
        .core()
        .edit_record(id, &[set("contact.phone", "12")])
        .unwrap_err();
    phone
        .core()
        .edit_record(RecordId::from_bytes([7; 16]), &[set("notes", "无")])
        .unwrap_err();
    assert_eq!(length(&phone), before);
}

#[test]
fn a_journal_that_cannot_be_written_fails_no_save_and_is_completed_later() {
    let mut phone = Phone::enrolled(1, &[1]);
    phone.core = None;
    let path = phone.directory.path().join(journal::FILE);
    let _ = fs::remove_file(&path);
    phone.open(2);
    fs::create_dir(&path).unwrap();
    phone.household(1, "殷巷村一号");
    fs::remove_dir(&path).unwrap();
    assert_eq!(read(&phone).entries.len(), 0);
    phone.open(3);
    assert_eq!(read(&phone).entries.len(), 1);
}

#[test]
fn a_journal_torn_anywhere_gives_back_every_whole_entry() {
    let phone = Phone::enrolled(1, &[1]);
    let id = phone.household(1, "殷巷村一号");
    let first = usize::try_from(length(&phone)).unwrap();
    phone.edit(id, "address.room", "501");
    let whole = fs::read(phone.directory.path().join(journal::FILE)).unwrap();
    let key = StoreKey::from_bytes([1; 32]);
    let copy = tempfile::tempdir().unwrap();
    let entries = |bytes: &[u8]| {
        fs::write(copy.path().join(journal::FILE), bytes).unwrap();
        journal::read(copy.path(), &Sealer::new(&key))
            .unwrap()
            .entries
            .len()
    };
    for cut in 0..whole.len() {
        assert_eq!(
            entries(&whole[..cut]),
            usize::from(cut >= first),
            "cut at {cut}"
        );
    }
    // A byte gone bad costs the entry it is in and no other.
    for place in (0..whole.len()).step_by(7) {
        let mut bad = whole.clone();
        bad[place] ^= 0x40;
        assert_eq!(entries(&bad), 1, "byte {place}");
    }
    // Whoever goes on after a torn end finds both.
    let mut torn = whole[..whole.len() - 3].to_vec();
    torn.extend_from_slice(&whole[first..]);
    assert_eq!(entries(&torn), 2);
}

#[test]
fn nothing_in_the_journal_can_be_read_without_the_key() {
    let phone = Phone::enrolled(1, &[1]);
    phone.household(1, "殷巷村一号");
    let other = Sealer::new(&StoreKey::from_bytes([2; 32]));
    let held = journal::read(phone.directory.path(), &other).unwrap();
    assert!(held.entries.is_empty() && held.damaged_bytes > 0);
}
