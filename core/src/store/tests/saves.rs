//! What one save costs.

use std::sync::Arc;

use wangge_model::{
    RecordId, RecordKind, Timestamp,
    testing::{FakeClock, SeededEntropy},
};

use super::{Phone, START, grid, set};
use crate::{
    StoreKey,
    store::{Store, StoreOptions, StoreParts, sync_count},
};

#[test]
fn one_save_is_one_fsync_and_no_checkpoint() {
    let vfs = sync_count::register();
    let mut phone = Phone::enrolled(1, &[1]);
    let id = phone.household(1, "殷巷村一号");
    phone.core = None;
    let store = Store::open_with(
        StoreOptions {
            directory: phone.directory.path().to_owned(),
            key: StoreKey::from_bytes([1; 32]),
            clock: Arc::new(FakeClock::at(Timestamp::from_millis(START))),
            entropy: Arc::new(SeededEntropy::new(5)),
        },
        StoreParts {
            vfs: Some(vfs),
            ..StoreParts::default()
        },
    )
    .unwrap();
    let at = Timestamp::from_millis(START);
    let syncs = |work: &dyn Fn()| {
        let before = sync_count::count(phone.directory.path());
        work();
        sync_count::count(phone.directory.path()) - before
    };
    // From the very first save after opening, through compactions.
    for number in 0..60_u8 {
        let room = format!("{number}室");
        assert_eq!(
            syncs(&|| {
                assert!(
                    store
                        .edit_record(id, &[set("address.room", &room)], at, None)
                        .unwrap()
                );
            }),
            1,
            "edit {number}"
        );
        let new = RecordId::from_bytes([number; 16]);
        assert_eq!(
            syncs(&|| {
                let edits = [set("diary", "老人腿脚不便，已联系社区医生上门。")];
                store
                    .create_record(new, RecordKind::Visit, grid(1), &edits, at, None)
                    .unwrap();
            }),
            1,
            "record {number}"
        );
    }
    // An edit that changes nothing writes nothing; reading never does.
    assert_eq!(
        syncs(&|| {
            store
                .edit_record(id, &[set("address.room", "59室")], at, None)
                .unwrap();
            store.find_document(id).unwrap();
        }),
        0
    );
    // The log is folded back when nobody waits, and the next save is one again.
    assert!(syncs(&|| store.tidy().unwrap()) > 1);
    assert_eq!(
        syncs(&|| {
            store
                .edit_record(id, &[set("address.room", "1")], at, None)
                .unwrap();
        }),
        1
    );
}
