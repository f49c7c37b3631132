//! What a bad network and a dying server do: nothing is lost, nothing is there
//! twice.

use std::time::Duration;

use wangge_core::{Error, RecordState, sync::CancelToken};
use wangge_model::{
    ActorId, RecordKind, Timestamp,
    protocol::{Verdict, seal},
};
use wangge_tests::{
    light_client::{Refused, read},
    workload::Workload,
};

use crate::support::{Place, edit, household, text};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_gets_lost_duplicates_nothing() {
    let place = Place::open();
    let (phone, proxy) = place.phone_behind_proxy().await;
    phone.sync().await.unwrap();
    let records: Vec<_> = (0..3)
        .map(|n| household(&phone, &format!("{n}01")))
        .collect();
    proxy.lose_answers(1);
    let report = phone.sync().await.unwrap();
    assert_eq!(proxy.answers_to_lose(), 0, "the answer was lost");
    assert_eq!(report.receipted, 3, "{report:?}");
    for record in &records {
        let row = phone.core.find_record(*record).unwrap().unwrap().row;
        assert_eq!(row.state, RecordState::AtServer);
    }
    let server = place.server_state().await;
    assert_eq!(server.len(), 3);
    assert!(server.values().all(|state| state.changes.len() == 1));
    place.assert_all_agree(&[&phone]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_costs_nothing_but_time() {
    let mut place = Place::open();
    let phone = place.phone().await;
    let record = household(&phone, "501");
    phone.sync().await.unwrap();
    place.server.stop(false).unwrap();
    phone.set(record, "address.room", "502").unwrap();
    let error = phone
        .core
        .sync(std::sync::Arc::new(()), CancelToken::new())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Sync(sync) if sync.code() == "offline"),
        "{error}"
    );
    assert_eq!(
        phone.core.find_record(record).unwrap().unwrap().row.state,
        RecordState::OnPhone,
        "shown as what it is"
    );
    place.server.restart(false).unwrap();
    phone.sync().await.unwrap();
    assert_eq!(text(&phone, record, "address.room"), "502");
    place.assert_all_agree(&[&phone]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_middle_of_a_push_takes_every_record_once() {
    let mut place = Place::open();
    let phone = place.phone().await;
    let mut workload = Workload::new(11, Timestamp::from_millis(1_767_225_600_000));
    for _ in 0..300 {
        let record = workload.next_record().unwrap();
        phone
            .core
            .create_record(record.kind, place.grid, &record.edits)
            .unwrap();
    }
    let phone = std::sync::Arc::new(phone);
    let syncing = tokio::spawn({
        let phone = std::sync::Arc::clone(&phone);
        async move { phone.sync().await }
    });
    tokio::time::sleep(Duration::from_millis(60)).await;
    place.server.restart(false).unwrap();
    // The first sync may have ended either way; the second one settles it.
    let _ = syncing.await.unwrap();
    phone.sync().await.unwrap();
    let counts = phone.core.count_states().unwrap();
    assert_eq!((counts.on_phone, counts.at_server), (0, 300));
    assert_eq!(place.server_state().await.len(), 300);
    phone.sync().await.unwrap();
    place.assert_all_agree(&[&phone]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gentle_restart_in_between_is_not_noticed() {
    let mut place = Place::open();
    let (one, two) = (place.phone().await, place.phone().await);
    let record = household(&one, "501");
    one.sync().await.unwrap();
    place.server.restart(true).unwrap();
    two.sync().await.unwrap();
    two.set(record, "address.room", "502").unwrap();
    two.sync().await.unwrap();
    place.server.restart(true).unwrap();
    one.sync().await.unwrap();
    assert_eq!(text(&one, record, "address.room"), "502");
    place.assert_all_agree(&[&one, &two]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_switched_off_between_save_and_sync_keeps_everything() {
    let place = Place::open();
    let phone = place.phone().await;
    let record = household(&phone, "501");
    let phone = phone.restart().unwrap();
    assert_eq!(text(&phone, record, "address.room"), "501");
    phone.sync().await.unwrap();
    let phone = phone.restart().unwrap();
    phone.set(record, "address.room", "502").unwrap();
    phone.sync().await.unwrap();
    place.assert_all_agree(&[&phone]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_push_again_is_answered_and_changes_nothing_and_another_under_its_number_is_refused()
 {
    let place = Place::open();
    let mut client = place.light_client().await;
    let mut workload = Workload::new(3, Timestamp::from_millis(1_767_225_600_000));
    let item = |workload: &mut Workload, actor: ActorId| {
        workload.next_authored(actor).unwrap().push_item(place.grid)
    };
    let first = item(&mut workload, client.actor);
    let request = client.push_request(vec![first]).unwrap();
    let body = seal(&request);
    for turn in 0..3 {
        let response = client.sync(&request).await.unwrap();
        let verdict = response.receipt.unwrap().each().next().unwrap();
        if turn == 0 {
            assert!(matches!(verdict, Verdict::Accepted { .. }), "{verdict:?}");
        } else {
            assert!(
                matches!(verdict, Verdict::Accepted { .. } | Verdict::Duplicate),
                "{verdict:?}"
            );
        }
    }
    assert_eq!(place.server_state().await.len(), 1);
    let second = item(&mut workload, client.actor);
    client.counter -= 1;
    let forged = client.push_request(vec![second]).unwrap();
    let refused = client
        .sync(&forged)
        .await
        .unwrap_err()
        .downcast::<Refused>()
        .unwrap();
    assert_eq!(refused.problem.code, "manifest_replayed");
    assert!(!refused.problem.zh.is_empty() && !refused.problem.en.is_empty());
    assert_eq!(place.server_state().await.len(), 1);
    // Another device cannot send it as its own.
    let mut other = place.light_client().await;
    let answer = other.send(&body).await.unwrap();
    let refused = read::<wangge_model::protocol::SyncResponse>(&answer)
        .unwrap_err()
        .downcast::<Refused>()
        .unwrap();
    assert_eq!(
        (refused.status, refused.problem.code.as_str()),
        (422, "manifest_signature_invalid")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_torn_garbage_or_tampered_with_is_refused_and_the_next_one_works() {
    let place = Place::open();
    let mut client = place.light_client().await;
    let mut workload = Workload::new(5, Timestamp::from_millis(1_767_225_600_000));
    let item = workload
        .next_authored(client.actor)
        .unwrap()
        .push_item(place.grid);
    let request = client.push_request(vec![item]).unwrap();
    let body = seal(&request);
    for bad in [
        &body[..body.len() / 2],
        b"garbage".as_slice(),
        b"".as_slice(),
    ] {
        let refused = refusal(&mut client, bad).await;
        assert_eq!(
            (refused.status, refused.problem.code.as_str()),
            (400, "bad_request")
        );
        assert!(!refused.problem.zh.is_empty() && !refused.problem.en.is_empty());
    }
    let mut tampered = request.clone();
    tampered.items[0].kind = match tampered.items[0].kind {
        RecordKind::Visit => RecordKind::Incident,
        _ => RecordKind::Visit,
    };
    let refused = refusal(&mut client, &seal(&tampered)).await;
    assert_eq!(refused.problem.code, "manifest_items_mismatch");
    let mut forged = request.clone();
    if let Some(manifest) = &mut forged.manifest {
        manifest.signature.bytes[10] ^= 1;
    }
    let refused = refusal(&mut client, &seal(&forged)).await;
    assert_eq!(refused.problem.code, "manifest_signature_invalid");
    let response = client.sync(&request).await.unwrap();
    assert!(matches!(
        response.receipt.unwrap().each().next(),
        Some(Verdict::Accepted { .. })
    ));
}

async fn refusal(client: &mut wangge_tests::light_client::LightClient, body: &[u8]) -> Refused {
    let answer = if let Ok(answer) = client.send(body).await {
        answer
    } else {
        client.reconnect().await.unwrap();
        client.send(body).await.unwrap()
    };
    let refused = read::<wangge_model::protocol::SyncResponse>(&answer)
        .unwrap_err()
        .downcast::<Refused>()
        .unwrap();
    if answer.header("connection") == Some("close") {
        client.reconnect().await.unwrap();
    }
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_number_is_caught_before_it_is_saved() {
    let place = Place::open();
    let phone = place.phone().await;
    let record = household(&phone, "501");
    let refused = phone
        .core
        .edit_record(
            record,
            &[edit("members.a.citizen_id", "379001188001010011")],
        )
        .unwrap_err();
    assert!(matches!(refused, Error::Invalid { .. }), "{refused}");
    assert_eq!(text(&phone, record, "members.a.citizen_id"), "");
}
