//! Two people on one record, one person with two phones, the same thing done
//! twice.

use std::sync::Arc;

use wangge_core::{
    Error, RecordState,
    sync::{CancelToken, SyncError},
};
use wangge_model::{
    RecordKind, Timestamp,
    document::FieldEdit,
    protocol::{PushItem, Verdict},
};
use wangge_tests::{light_client::item_of_bytes, phone::Phone, workload::Workload};

use crate::support::{Place, edit, household, text};

async fn sync_all(phones: &[&Phone]) {
    for phone in phones.iter().chain(phones) {
        phone.sync().await.unwrap();
    }
}

/// A household both phones have.
async fn shared(one: &Phone, two: &Phone) -> wangge_model::RecordId {
    let record = household(one, "501");
    sync_all(&[one, two]).await;
    record
}

/// Scenario 1. CHT, e2e `db-sync`: "should handle conflicts" (there the losing
/// revision of the document, with all its fields, was dropped).
#[tokio::test(flavor = "multi_thread")]
async fn offline_edits_of_three_fields_survive_edits_made_at_the_server() {
    let place = Place::open();
    let (one, two) = (place.phone().await, place.phone().await);
    let record = shared(&one, &two).await;
    one.set(record, "address.floor", "1").unwrap();
    one.set(record, "address.unit", "2").unwrap();
    one.set(record, "notes", "三").unwrap();
    two.set(record, "ledger", "tenant").unwrap();
    two.set(record, "contact.name", "王雨桐").unwrap();
    two.sync().await.unwrap();
    sync_all(&[&one, &two]).await;
    for phone in [&one, &two] {
        for (path, expected) in [
            ("address.floor", "1"),
            ("address.unit", "2"),
            ("notes", "三"),
            ("ledger", "tenant"),
            ("contact.name", "王雨桐"),
        ] {
            assert_eq!(text(phone, record, path), expected);
        }
        assert!(
            phone
                .core
                .find_record(record)
                .unwrap()
                .unwrap()
                .conflicts
                .is_empty()
        );
    }
    place.assert_all_agree(&[&one, &two]).await;
}

/// Scenario 13. ODK Collect #6392: the second update was sent first and the
/// first one lost.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_update_sent_first_waits_for_the_first_and_both_count() {
    let place = Place::open();
    let mut client = place.light_client().await;
    let phone = place.phone().await;
    let record = household(&phone, "501");
    phone.sync().await.unwrap();
    let mut document = phone.document(record).unwrap();
    let mut items = Vec::new();
    for floor in ["1", "2"] {
        let at = Timestamp::from_millis(1_767_225_600_000);
        let edits = [edit("address.floor", floor)];
        let change = document.edit(&edits, client.actor, at).unwrap().unwrap();
        items.push(PushItem {
            record,
            record_epoch: 0,
            kind: document.kind(),
            grid: place.grid,
            hash: change.hash,
            change: change.bytes,
        });
    }
    let verdicts = client.push(vec![items[1].clone()]).await.unwrap();
    assert!(
        matches!(verdicts[..], [Verdict::MissingDeps { .. }]),
        "{verdicts:?}"
    );
    let verdicts = client.push(items).await.unwrap();
    assert!(
        matches!(
            verdicts[..],
            [Verdict::Accepted { .. }, Verdict::Accepted { .. }]
        ),
        "{verdicts:?}"
    );
    phone.sync().await.unwrap();
    assert_eq!(text(&phone, record, "address.floor"), "2");
    assert_eq!(
        phone
            .core
            .find_record(record)
            .unwrap()
            .unwrap()
            .history
            .len(),
        3
    );
    place.assert_all_agree(&[&phone]).await;
}

/// Scenario 14. ODK Collect #6164: an entity created and updated offline, both
/// sent at once, lost its update.
#[tokio::test(flavor = "multi_thread")]
async fn created_and_updated_offline_then_sent_together_arrives_whole() {
    let place = Place::open();
    let phone = place.phone().await;
    let record = household(&phone, "501");
    phone.set(record, "address.room", "502").unwrap();
    let report = phone.sync().await.unwrap();
    assert_eq!(report.receipted, 2);
    assert_eq!(text(&phone, record, "address.room"), "502");
    let other = place.phone().await;
    other.sync().await.unwrap();
    assert_eq!(text(&other, record, "address.room"), "502");
    place.assert_all_agree(&[&phone, &other]).await;
}

/// Scenario 16. geodiff #152: the same change made on both sides was reported
/// as a conflict of a value with itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_value_entered_on_two_phones_is_no_conflict() {
    let place = Place::open();
    let (one, two) = (place.phone().await, place.phone().await);
    let record = shared(&one, &two).await;
    one.set(record, "contact.phone", "13800000008").unwrap();
    two.set(record, "contact.phone", "13800000008").unwrap();
    sync_all(&[&one, &two]).await;
    for phone in [&one, &two] {
        let view = phone.core.find_record(record).unwrap().unwrap();
        assert_eq!(view.row.state, RecordState::AtServer, "nobody is asked");
        assert!(view.conflicts.is_empty());
        assert_eq!(text(phone, record, "contact.phone"), "13800000008");
    }
    // What one of them changes on afterwards is no conflict either.
    two.set(record, "contact.phone", "13800000009").unwrap();
    sync_all(&[&two, &one]).await;
    assert_eq!(text(&one, record, "contact.phone"), "13800000009");
    let view = one.core.find_record(record).unwrap().unwrap();
    assert!(view.conflicts.is_empty());
    place.assert_all_agree(&[&one, &two]).await;
}

/// Scenario 17. geodiff #146: different columns of one row, changed on both
/// sides, clashed.
#[tokio::test(flavor = "multi_thread")]
async fn different_fields_of_one_member_changed_on_two_phones_both_stay() {
    let place = Place::open();
    let (one, two) = (place.phone().await, place.phone().await);
    let record = shared(&one, &two).await;
    one.set(record, "members.a.name", "李秀兰").unwrap();
    two.set(record, "members.a.phone", "13800000008").unwrap();
    sync_all(&[&one, &two]).await;
    for phone in [&one, &two] {
        assert_eq!(text(phone, record, "members.a.name"), "李秀兰");
        assert_eq!(text(phone, record, "members.a.phone"), "13800000008");
        assert!(
            phone
                .core
                .find_record(record)
                .unwrap()
                .unwrap()
                .conflicts
                .is_empty()
        );
    }
    place.assert_all_agree(&[&one, &two]).await;
}

/// Scenario 18. geodiff #248, Mergin mobile #4363: a row deleted on one side
/// and changed on the other stopped every further sync.
#[tokio::test(flavor = "multi_thread")]
async fn clearing_what_another_changes_shows_both_and_sync_goes_on() {
    let place = Place::open();
    let (one, two) = (place.phone().await, place.phone().await);
    let record = shared(&one, &two).await;
    let path = "contact.phone".parse().unwrap();
    one.core
        .edit_record(record, &[FieldEdit::clear(path)])
        .unwrap();
    two.set(record, "contact.phone", "13800000007").unwrap();
    sync_all(&[&one, &two]).await;
    for phone in [&one, &two] {
        let view = phone.core.find_record(record).unwrap().unwrap();
        assert_eq!(
            view.row.state,
            RecordState::NeedsAttention,
            "shown, not hidden"
        );
        assert_eq!(view.conflicts[0].candidates.len(), 2);
    }
    let later = household(&one, "502");
    sync_all(&[&one, &two]).await;
    assert_eq!(text(&two, later, "address.room"), "502");
    place.assert_all_agree(&[&one, &two]).await;
}

/// Scenarios 19 and 20. geodiff #210 (a UNIQUE constraint broke the rebase) and
/// its `test_2_inserts` (two inserts took the same key).
#[tokio::test(flavor = "multi_thread")]
async fn two_records_of_the_same_address_made_at_once_are_both_there() {
    let place = Place::open();
    let (one, two) = (place.phone().await, place.phone().await);
    let (mine, theirs) = (household(&one, "501"), household(&two, "501"));
    assert_ne!(mine, theirs);
    sync_all(&[&one, &two]).await;
    for phone in [&one, &two] {
        assert_eq!(phone.core.store().list_record_ids().unwrap().len(), 2);
        assert_eq!(text(phone, mine, "address.room"), "501");
        assert_eq!(text(phone, theirs, "address.room"), "501");
    }
    place.assert_all_agree(&[&one, &two]).await;
}

/// Scenario 22. `QFieldCloud`, `test_delta.py`: the same delta pushed twice.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_changes_pushed_twice_are_stored_once() {
    let place = Place::open();
    let mut client = place.light_client().await;
    let mut workload = Workload::new(22, Timestamp::from_millis(1_767_225_600_000));
    let items: Vec<PushItem> = (0..5)
        .map(|_| {
            workload
                .next_authored(client.actor)
                .unwrap()
                .push_item(place.grid)
        })
        .collect();
    client.push(items.clone()).await.unwrap();
    let before = place.server_state().await;
    for verdict in client.push(items).await.unwrap() {
        assert_eq!(verdict, Verdict::Duplicate);
    }
    assert_eq!(place.server_state().await, before);
}

/// Scenario 23. `QFieldCloud`, `test_delta.py`: a delta that is broken, no JSON
/// or against the schema is kept for inspection and blocks nobody.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_change_is_kept_for_inspection_and_the_rest_goes_through() {
    let place = Place::open();
    let mut client = place.light_client().await;
    let mut workload = Workload::new(23, Timestamp::from_millis(1_767_225_600_000));
    let mut good = || {
        workload
            .next_authored(client.actor)
            .unwrap()
            .push_item(place.grid)
    };
    let (first, last, cut) = (good(), good(), good());
    let record = cut.record;
    let half = &cut.change[..cut.change.len() / 2];
    let items = vec![
        first,
        item_of_bytes(
            record,
            RecordKind::Household,
            place.grid,
            b"{\"not\":\"a change\"}",
        ),
        item_of_bytes(record, RecordKind::Household, place.grid, half),
        last,
    ];
    let verdicts = client.push(items).await.unwrap();
    for (number, verdict) in verdicts.iter().enumerate() {
        match number {
            0 | 3 => assert!(matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}"),
            _ => assert!(
                matches!(verdict, Verdict::Quarantined { .. }),
                "{verdict:?}"
            ),
        }
    }
    assert_eq!(place.count_quarantined(), 2, "with their bytes");
    assert_eq!(place.server_state().await.len(), 2);
}

/// Scenarios 24 and 25. `CommCare`, `CaseSharingTest` (A creates, B updates, A
/// closes, B sees it closed) and an update that arrives after the close.
#[tokio::test(flavor = "multi_thread")]
async fn a_shared_case_goes_from_hand_to_hand_and_an_update_after_its_close_still_counts() {
    let place = Place::open();
    let (a, b) = (place.phone().await, place.phone().await);
    let case = a
        .core
        .create_record(
            RecordKind::Visit,
            place.grid,
            &[edit("diary", "首次走访。"), edit("result", "met")],
        )
        .unwrap();
    sync_all(&[&a, &b]).await;
    b.set(case, "diary", "已联系家属。").unwrap();
    sync_all(&[&b, &a]).await;
    assert_eq!(text(&a, case, "diary"), "已联系家属。");
    // A closes; B, offline, adds something before it hears of that.
    a.set(case, "result", "refused").unwrap();
    b.set(case, "diary", "已联系家属，明日再去。").unwrap();
    a.sync().await.unwrap();
    sync_all(&[&b, &a]).await;
    for phone in [&a, &b] {
        assert_eq!(text(phone, case, "result"), "refused", "both see it closed");
        assert_eq!(text(phone, case, "diary"), "已联系家属，明日再去。");
        let view = phone.core.find_record(case).unwrap().unwrap();
        assert_eq!(view.row.state, RecordState::AtServer);
    }
    place.assert_all_agree(&[&a, &b]).await;
}

/// Scenario 26. Avni #902: two workers register the same person offline.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_person_registered_twice_offline_is_there_twice_and_both_are_found() {
    let place = Place::open();
    let (one, two) = (place.phone().await, place.phone().await);
    household(&one, "501");
    household(&two, "五零一");
    sync_all(&[&one, &two]).await;
    for phone in [&one, &two] {
        let query = wangge_core::RecordQuery {
            text: Some("李秀英".to_owned()),
            limit: 10,
            ..wangge_core::RecordQuery::default()
        };
        let found = phone.core.list_records(&query).unwrap();
        assert_eq!(
            found.len(),
            2,
            "both are found by the name, to be merged by a person"
        );
    }
    place.assert_all_agree(&[&one, &two]).await;
}

/// Scenario 27. Avni #1734: a manual and a background sync at once sent things
/// twice.
#[tokio::test(flavor = "multi_thread")]
async fn two_syncs_at_once_send_everything_once() {
    let place = Place::open();
    let phone = place.phone().await;
    for room in 0..30 {
        household(&phone, &room.to_string());
    }
    let sync = || phone.core.sync(Arc::new(()), CancelToken::new());
    let (manual, background) = tokio::join!(sync(), sync());
    let results = [manual, background];
    let busy = results
        .iter()
        .filter(|result| matches!(result, Err(Error::Sync(SyncError::Busy))))
        .count();
    assert_eq!(busy, 1, "{results:?}");
    let report = results.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(report.receipted, 30);
    assert!(
        place
            .server_state()
            .await
            .values()
            .all(|state| state.changes.len() == 1)
    );
    place.assert_all_agree(&[&phone]).await;
}
