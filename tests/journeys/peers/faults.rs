//! Transfers that break, answers that get lost, clocks that are wrong, data
//! that is damaged.

use std::{sync::Arc, time::Duration};

use wangge_core::{RecordState, sync::CancelToken};
use wangge_model::{
    Clock, RecordId, SystemClock, SystemEntropy, Timestamp,
    protocol::{Digest, Directive, PushItem},
    testing::FakeClock,
};
use wangge_tests::{
    light_client::Refused,
    phone::{Phone, PhoneParts},
    workload::Workload,
};

use crate::support::{Place, household, text};

/// Scenario 33. CHT, e2e `initial-replication`: "should support disconnects".
#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_cut_off_again_and_again_ends_with_everything_once() {
    let mut place = Place::open();
    let first = place.phone().await;
    for room in 0..120 {
        household(&first, &room.to_string());
    }
    first.sync().await.unwrap();
    let new = place.phone().await;
    // Longer and longer until it gets through; the server dies in between.
    for turn in 0..12 {
        let sync = new.core.sync(Arc::new(()), CancelToken::new());
        let _ = tokio::time::timeout(Duration::from_millis(2 + 4 * turn), sync).await;
        if turn % 4 == 3 {
            place.server.restart(false).unwrap();
        }
    }
    // On a busy machine the last one given up may still be at its disk.
    let mut result = new.sync().await;
    for _ in 0..200 {
        match &result {
            Err(error) if error.to_string().contains("another sync is running") => {
                tokio::time::sleep(Duration::from_millis(25)).await;
                result = new.sync().await;
            }
            _ => break,
        }
    }
    result.unwrap();
    assert_eq!(new.core.store().list_record_ids().unwrap().len(), 120);
    place.assert_all_agree(&[&first, &new]).await;
}

/// Scenario 41. CHT #6143: a batch above the server's limit was answered 413
/// for ever, and nothing was ever sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_too_large_is_refused_whole_and_goes_through_in_parts() {
    let place = Place::open();
    let mut client = place.light_client().await;
    let mut workload = Workload::new(41, Timestamp::from_millis(1_767_225_600_000));
    let item = workload
        .next_authored(client.actor)
        .unwrap()
        .push_item(place.grid);
    let items: Vec<PushItem> = (0..10_001)
        .map(|_| PushItem {
            record: RecordId::make(&SystemClock, &SystemEntropy),
            ..item.clone()
        })
        .collect();
    let refused = client.push(items.clone()).await.unwrap_err();
    let refused = refused.downcast::<Refused>().unwrap();
    // By its items or by its bytes, whichever limit it meets first.
    let code = refused.problem.code.as_str();
    assert_eq!(refused.status, 413);
    assert!(
        ["too_many_items", "body_too_large"].contains(&code),
        "{code}"
    );
    assert!(!refused.problem.zh.is_empty());
    assert!(
        place.server_state().await.is_empty(),
        "nothing of it was taken"
    );
    client.counter += 1;
    client.reconnect().await.unwrap();
    for part in items[..40].chunks(20) {
        client.push(part.to_vec()).await.unwrap();
    }
    assert_eq!(place.server_state().await.len(), 40);
}

/// Scenario 45. CHT #8093, steps 1 to 9: the server is restored from a backup,
/// and phones that had synced since never send again what they had sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_restored_from_a_backup_gets_back_what_was_sent_since() {
    let mut place = Place::open();
    let (one, two) = (place.phone().await, place.phone().await);
    let before = household(&one, "501");
    one.sync().await.unwrap();
    two.sync().await.unwrap();
    let backup = place.server.data().with_file_name("backup.sqlite");
    place.admin.command("backup", &[backup.as_path()]).unwrap();
    // After the backup: a new record, an edit, and the other's edit.
    let after = household(&one, "502");
    one.set(before, "address.room", "503").unwrap();
    one.sync().await.unwrap();
    two.sync().await.unwrap();
    two.set(before, "contact.phone", "13800000009").unwrap();
    two.sync().await.unwrap();
    one.sync().await.unwrap();
    let truth = place.server_state().await;

    place.server.stop(false).unwrap();
    place.admin.command("restore", &[backup.as_path()]).unwrap();
    place.server.start_again().unwrap();
    assert_eq!(place.server_state().await.len(), 1, "the backup is older");
    // Nobody touches anything: the phones sync as they do every few minutes.
    for phone in [&one, &two, &one, &two] {
        phone.sync().await.unwrap();
    }
    assert_eq!(place.server_state().await, truth);
    assert_eq!(text(&two, after, "address.room"), "502");
    for phone in [&one, &two] {
        assert_eq!(phone.core.count_states().unwrap().on_phone, 0);
    }
    place.assert_all_agree(&[&one, &two]).await;
}

/// Scenario 46. `CommCare`, state hash mismatch (HTTP 412): the phone's state
/// differs from what the server thinks it has.
#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_differs_is_named_by_the_server_and_the_phone_heals_itself() {
    let place = Place::open();
    let phone = place.phone().await;
    let records: Vec<_> = (0..8)
        .map(|room| household(&phone, &room.to_string()))
        .collect();
    phone.sync().await.unwrap();
    // What the server says to a cursor at the head with another digest.
    let mut client = place.light_client().await;
    client.replicate(place.grid).await.unwrap();
    let mut request = client.empty_request();
    for cursor in &mut request.cursors {
        cursor.digest = Digest::default();
    }
    let response = client.sync(&request).await.unwrap();
    assert!(
        response.directives.iter().any(
            |directive| matches!(directive, Directive::DigestMismatch { grid } if *grid == place.grid)
        ),
        "{:?}",
        response.directives
    );
    // A phone that lost records without knowing.
    let key = hex::encode(phone.config().key.as_bytes());
    let file = phone.folder().join("wangge.db");
    let phone = {
        let config = phone.config().clone();
        let switched_off = phone.restart().unwrap();
        let database = rusqlite::Connection::open(&file).unwrap();
        database
            .execute_batch(&format!(
                "PRAGMA key = \"x'{key}'\"; PRAGMA cipher_hmac_algorithm = HMAC_SHA256;
                 PRAGMA cipher_page_size = 1024;
                 PRAGMA foreign_keys = ON;
                 DELETE FROM outbox; DELETE FROM record WHERE key % 2 = 0;
                 UPDATE grid SET digest = zeroblob(8192);"
            ))
            .unwrap();
        drop(database);
        assert_eq!(config.directory, switched_off.folder());
        switched_off
    };
    assert_eq!(phone.core.store().list_record_ids().unwrap().len(), 4);
    phone.sync().await.unwrap();
    for (room, record) in records.iter().enumerate() {
        assert_eq!(text(&phone, *record, "address.room"), room.to_string());
    }
    place.assert_all_agree(&[&phone]).await;
}

/// A phone of the worker whose clock is off by so many milliseconds.
async fn phone_off_by(
    place: &Place,
    folder: &std::path::Path,
    millis: i64,
) -> (Phone, Arc<FakeClock>) {
    let clock = Arc::new(FakeClock::at(SystemClock.now().plus_millis(millis)));
    let parts = PhoneParts {
        clock: Arc::<FakeClock>::clone(&clock),
        ..PhoneParts::default()
    };
    let phone = Phone::unpack_in(folder, parts).unwrap();
    phone.core.enrol(&place.link()).await.unwrap();
    (phone, clock)
}

/// Scenario 47. CHT #3205: a phone with a wrong clock could not sync, or its
/// edits won by being "later".
#[tokio::test(flavor = "multi_thread")]
async fn wrong_and_jumping_clocks_neither_stop_a_sync_nor_decide_whose_edit_counts() {
    const DAY: i64 = 86_400_000;
    let place = Place::open();
    let folder = tempfile::tempdir().unwrap();
    let (ahead, ahead_clock) = phone_off_by(&place, &folder.path().join("ahead"), DAY).await;
    let (behind, behind_clock) =
        phone_off_by(&place, &folder.path().join("behind"), -365 * DAY).await;
    let record = household(&ahead, "501");
    for phone in [&ahead, &behind, &ahead] {
        phone.sync().await.unwrap();
    }
    // Entered knowing the other's value, so it counts, a year "earlier" or not.
    behind.set(record, "address.room", "502").unwrap();
    behind.sync().await.unwrap();
    ahead.sync().await.unwrap();
    assert_eq!(text(&ahead, record, "address.room"), "502");
    // Both jump, also back over their own pushes and sessions.
    ahead_clock.advance_millis(-366 * DAY);
    behind_clock.advance_millis(2 * 365 * DAY);
    ahead.set(record, "address.floor", "5").unwrap();
    behind.set(record, "address.unit", "2").unwrap();
    for phone in [&ahead, &behind, &ahead] {
        phone.sync().await.unwrap();
        let row = phone.core.find_record(record).unwrap().unwrap().row;
        assert_eq!(row.state, RecordState::AtServer);
    }
    for phone in [&ahead, &behind] {
        assert_eq!(text(phone, record, "address.floor"), "5");
        assert_eq!(text(phone, record, "address.unit"), "2");
    }
    place.assert_all_agree(&[&ahead, &behind]).await;
}

/// Scenario 53. CHT #8303 and `CommCare` HQ PR #22111: the answer was lost after
/// the commit, and the retry applied everything a second time.
#[tokio::test(flavor = "multi_thread")]
async fn answers_lost_after_the_commit_apply_nothing_twice() {
    let place = Place::open();
    let (phone, proxy) = place.phone_behind_proxy().await;
    phone.sync().await.unwrap();
    let records: Vec<_> = (0..10)
        .map(|room| household(&phone, &room.to_string()))
        .collect();
    for (turn, record) in records.iter().enumerate() {
        proxy.lose_answers(1 + u32::try_from(turn % 2).unwrap());
        phone
            .set(*record, "address.floor", &turn.to_string())
            .unwrap();
        phone.sync().await.unwrap();
        assert_eq!(proxy.answers_to_lose(), 0, "they were lost");
    }
    let server = place.server_state().await;
    assert_eq!(server.len(), 10);
    assert!(server.values().all(|state| state.changes.len() == 2));
    place.assert_all_agree(&[&phone]).await;
}
