use wangge_model::{
    FieldPath, Incarnation, RecordId, derive_device_actor,
    document::RecordDocument,
    protocol::{Problem, SignedManifest, items_digest, open, seal},
};

use super::*;
use crate::storage::RecordFilter;

async fn places(server: &TestServer) -> u64 {
    server
        .state
        .storage
        .list_feed_heads(&server.grids)
        .await
        .unwrap()[0]
        .head_seq
}

#[tokio::test]
async fn what_is_receipted_is_stored_with_its_author() {
    let (server, mut phone) = one_phone(1).await;
    let id = phone.create(
        &server,
        RecordKind::Household,
        server.grids[0],
        &[("address.room", "501室"), ("contact.phone", "13800138000")],
    );
    let hash = phone.outbox[0].hash;
    assert_eq!(phone.sync(&server).await, 1);
    assert_eq!(phone.verdicts, [Verdict::Accepted { first_seq: 1 }]);
    let storage = &server.state.storage;
    let stored = storage.find_record(&id).await.unwrap().unwrap();
    let document = RecordDocument::load(RecordKind::Household, Some(&stored.document), []).unwrap();
    assert_eq!(document.text("address.room").as_deref(), Some("501室"));
    assert_eq!(document.heads(), stored.heads);
    let authors = storage.list_authorship(&id).await.unwrap();
    assert_eq!(authors.len(), 1);
    assert_eq!(
        (authors[0].hash, authors[0].person),
        (hash, Some(phone.person))
    );
    assert_eq!(
        (authors[0].device, authors[0].manifest_counter),
        (Some(phone.id), Some(1))
    );
    let now = wangge_model::Clock::now(server.clock.as_ref());
    let filter = RecordFilter {
        text: "501 13800138".to_owned(),
        limit: 10,
        ..Default::default()
    };
    let page = storage
        .list_records(&phone.person, now, &filter)
        .await
        .unwrap();
    assert_eq!((page.total, page.records[0].id), (1, id));
    assert_eq!(page.records[0].summary.title, "501室");
}

#[tokio::test]
async fn the_same_push_again_changes_nothing_and_says_so() {
    let (server, mut phone) = one_phone(2).await;
    collect(&server, &mut phone, 3);
    let items = std::mem::take(&mut phone.outbox);
    let request = phone.request(items.clone());
    assert_eq!(
        verdicts(&phone.send(&server, &request).await)[0],
        Verdict::Accepted { first_seq: 1 }
    );
    // The answer was lost: the very same bytes go out again.
    let reply = phone.send(&server, &request).await;
    assert_eq!(verdicts(&reply), vec![Verdict::Duplicate; 3]);
    assert_eq!(places(&server).await, 3);
    // And again under a new manifest.
    let request = phone.request(items);
    let reply = phone.send(&server, &request).await;
    assert_eq!(verdicts(&reply), vec![Verdict::Duplicate; 3]);
    assert_eq!(places(&server).await, 3);
}

#[tokio::test]
async fn an_old_or_reused_manifest_number_is_refused_and_written_down() {
    let (server, mut phone) = one_phone(3).await;
    collect(&server, &mut phone, 2);
    let items = std::mem::take(&mut phone.outbox);
    let first = phone.request(items[..1].to_vec());
    let second = phone.request(items[1..].to_vec());
    phone.send(&server, &first).await;
    phone.send(&server, &second).await;
    assert_eq!(
        refused(&phone.send(&server, &first).await),
        "manifest_replayed"
    );
    let mut reused = second.clone();
    reused.items = items[..1].to_vec();
    reused.manifest = Some(phone.sign(&reused.items, 2));
    let reply = phone.send(&server, &reused).await;
    assert_eq!(
        (reply.status.as_u16(), refused(&reply)),
        (409, "manifest_replayed".to_owned())
    );
    let problem: Problem = open(&reply.body).unwrap();
    assert_eq!(problem.last_counter, Some(2), "so that the phone can leap");
    // Whoever cannot sign for the phone is not told.
    let mut forged = reused.clone();
    forged.manifest = forged.manifest.map(|mut signed| {
        signed.manifest[0] ^= 1;
        signed
    });
    let problem: Problem = open(&phone.send(&server, &forged).await.body).unwrap();
    assert_eq!(
        (problem.code.as_str(), problem.last_counter),
        ("manifest_signature_invalid", None)
    );
    let audit = server.state.storage.list_audit(10).await.unwrap();
    let refusals = audit
        .iter()
        .filter(|entry| entry.action == "manifest_refused")
        .count();
    assert_eq!(refusals, 3);
    assert_eq!(places(&server).await, 2);
}

#[tokio::test]
async fn a_manifest_of_another_phone_key_life_or_list_is_refused() {
    let (server, mut phone) = one_phone(4).await;
    let other_person = server.add_worker("李雷", server.grids[0]).await;
    let other = SimDevice::enrol(&server, other_person).await;
    collect(&server, &mut phone, 2);
    let items = std::mem::take(&mut phone.outbox);
    let good = phone.request(items.clone());

    let mut foreign = good.clone();
    foreign.manifest = Some(other.sign(&items, 1));
    assert_eq!(
        refused(&phone.send(&server, &foreign).await),
        "manifest_signature_invalid"
    );

    let mut named = good.clone();
    let mut manifest = good.manifest.as_ref().unwrap().decode().unwrap();
    manifest.device = other.id;
    named.manifest = Some(SignedManifest::sign(&manifest, &phone.key).unwrap());
    assert_eq!(
        refused(&phone.send(&server, &named).await),
        "manifest_device_mismatch"
    );

    let mut fewer = good.clone();
    fewer.items.pop();
    assert_eq!(
        refused(&phone.send(&server, &fewer).await),
        "manifest_items_mismatch"
    );

    let mut elsewhere = good.clone();
    elsewhere.items[0].grid = server.grids[1];
    assert_ne!(items_digest(&elsewhere.items), items_digest(&items));
    assert_eq!(
        refused(&phone.send(&server, &elsewhere).await),
        "manifest_items_mismatch"
    );

    let mut before = good.clone();
    let mut manifest = good.manifest.as_ref().unwrap().decode().unwrap();
    manifest.server_epoch = wangge_model::ServerEpoch::from_bytes([7; 16]);
    before.manifest = Some(SignedManifest::sign(&manifest, &phone.key).unwrap());
    assert_eq!(
        refused(&phone.send(&server, &before).await),
        "server_epoch_changed"
    );

    assert_eq!(places(&server).await, 0, "nothing was changed");
    assert_eq!(
        verdicts(&phone.send(&server, &good).await).len(),
        2,
        "and the real one is taken"
    );
}

#[tokio::test]
async fn one_bad_change_is_kept_apart_and_the_rest_goes_on() {
    let (server, mut phone) = one_phone(5).await;
    collect(&server, &mut phone, 3);
    let mut items = std::mem::take(&mut phone.outbox);
    items[1].change[20] ^= 0xff;
    let bad = items[1].clone();
    let request = phone.request(items);
    let reply = phone.send(&server, &request).await;
    let verdicts = verdicts(&reply);
    assert_eq!(verdicts[0], Verdict::Accepted { first_seq: 1 });
    assert_eq!(
        verdicts[1],
        Verdict::Quarantined {
            code: "hash_mismatch".to_owned(),
            detail: String::new()
        }
    );
    assert_eq!(verdicts[2], Verdict::Accepted { first_seq: 2 });
    let now = wangge_model::Clock::now(server.clock.as_ref());
    let kept = server
        .state
        .storage
        .list_quarantine(&phone.person, now, 0, 10)
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (kept[0].change.bytes.as_slice(), kept[0].device),
        (&*bad.change, phone.id)
    );
}

#[tokio::test]
async fn fields_of_the_server_and_bad_values_are_kept_apart_with_the_field_named() {
    let (server, mut phone) = one_phone(6).await;
    let grid = server.grids[0];
    let id = phone.create(
        &server,
        RecordKind::Incident,
        grid,
        &[("title", "路灯不亮")],
    );
    phone.sync(&server).await;
    let document = &mut phone.records.get_mut(&id).unwrap().document;
    let path = FieldPath::new("case.number").unwrap();
    let edit = wangge_model::document::FieldEdit::set(path, wangge_model::FieldValue::text("SJ0"));
    let now = wangge_model::Clock::now(server.clock.as_ref());
    let change = document
        .edit_as_server(&[edit], phone.actor, now)
        .unwrap()
        .unwrap();
    let item = wangge_model::protocol::PushItem {
        record: id,
        record_epoch: 0,
        kind: RecordKind::Incident,
        grid,
        hash: change.hash,
        change: change.bytes,
    };
    let request = phone.request(vec![item]);
    let reply = phone.send(&server, &request).await;
    assert_eq!(
        verdicts(&reply),
        [Verdict::Quarantined {
            code: "authority".to_owned(),
            detail: "case.number".to_owned()
        }]
    );
}

#[tokio::test]
async fn a_new_incident_gets_its_case_number_at_once() {
    let (server, mut phone) = one_phone(7).await;
    let grid = server.grids[0];
    let first = phone.create(
        &server,
        RecordKind::Incident,
        grid,
        &[("title", "路灯不亮")],
    );
    let second = phone.create(
        &server,
        RecordKind::Incident,
        grid,
        &[("title", "井盖缺失")],
    );
    assert_eq!(phone.sync(&server).await, 1);
    // Numbers came back in the same answer, signed by the server.
    assert_eq!(
        phone.text(&first, "case.number").as_deref(),
        Some("SJ20260101000001")
    );
    assert_eq!(
        phone.text(&second, "case.number").as_deref(),
        Some("SJ20260101000002")
    );
    assert_eq!(
        phone.text(&first, "case.state").as_deref(),
        Some("reported")
    );
    assert_eq!(places(&server).await, 4);
    let authors = server.state.storage.list_authorship(&first).await.unwrap();
    assert_eq!(authors.len(), 2);
    assert_eq!(
        (authors[1].person, authors[1].device),
        (None, None),
        "the server itself"
    );
    // An edit of it later opens no second case.
    phone.edit(&server, first, &[("place", "人民路")]);
    phone.sync(&server).await;
    assert_eq!(places(&server).await, 5);
}

#[tokio::test]
async fn records_of_another_grid_are_kept_apart_for_whoever_has_that_grid() {
    let (server, mut phone) = one_phone(8).await;
    let other_person = server.add_worker("李雷", server.grids[1]).await;
    let mut other = SimDevice::enrol(&server, other_person).await;
    let id = other.create(
        &server,
        RecordKind::Household,
        server.grids[1],
        &[("notes", "乙")],
    );
    other.sync(&server).await;
    // A stranger's edit of that record, filed under the stranger's own grid.
    phone.records.insert(id, other.records[&id].clone());
    phone.records.get_mut(&id).unwrap().grid = server.grids[0];
    phone.edit(&server, id, &[("notes", "改")]);
    // And a new record in a grid that is not theirs.
    phone.create(
        &server,
        RecordKind::Household,
        server.grids[1],
        &[("notes", "新")],
    );
    let items = std::mem::take(&mut phone.outbox);
    let request = phone.request(items);
    let reply = phone.send(&server, &request).await;
    let out = Verdict::Quarantined {
        code: "out_of_scope".to_owned(),
        detail: String::new(),
    };
    assert_eq!(verdicts(&reply), [out.clone(), out]);
    let now = wangge_model::Clock::now(server.clock.as_ref());
    let storage = &server.state.storage;
    for person in [phone.person, other_person] {
        assert_eq!(storage.count_quarantine(&person, now).await.unwrap(), 2);
    }
    let third = server.add_worker("韩梅梅", server.grids[0]).await;
    assert_eq!(storage.count_quarantine(&third, now).await.unwrap(), 0);
    assert!(
        storage
            .find_record_in_scope(&id, &phone.person, now)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        storage
            .find_record_in_scope(&id, &other_person, now)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn two_phones_that_changed_one_field_keep_both_values() {
    let (server, mut one) = one_phone(9).await;
    let mut two = SimDevice::enrol(&server, one.person).await;
    let id = one.create(
        &server,
        RecordKind::Household,
        server.grids[0],
        &[("address.room", "501"), ("contact.phone", "13800000000")],
    );
    one.sync(&server).await;
    two.sync(&server).await;
    one.edit(&server, id, &[("contact.phone", "13800000001")]);
    two.edit(&server, id, &[("contact.phone", "13800000002")]);
    two.edit(&server, id, &[("address.unit", "2单元")]);
    one.sync(&server).await;
    two.sync(&server).await;
    one.sync(&server).await;
    let now = wangge_model::Clock::now(server.clock.as_ref());
    let (stored, listed) = server
        .state
        .storage
        .find_record_in_scope(&id, &one.person, now)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(listed.summary.conflict_count, 1);
    for phone in [&one, &two] {
        assert_eq!(phone.records[&id].document.heads(), stored.heads);
        assert_eq!(
            phone.records[&id].document.conflicts()[0].candidates.len(),
            2
        );
        assert_eq!(phone.text(&id, "address.unit").as_deref(), Some("2单元"));
    }
}

#[tokio::test]
async fn a_cloned_phone_is_told_and_both_contents_are_kept() {
    let (server, mut phone) = one_phone(10).await;
    let id = phone.create(
        &server,
        RecordKind::Household,
        server.grids[0],
        &[("notes", "原")],
    );
    phone.sync(&server).await;
    let before = phone.records[&id].clone();
    phone.edit(&server, id, &[("address.room", "甲")]);
    let kept = phone.outbox[0].hash;
    phone.sync(&server).await;
    // The clone goes on from the same state with the same actor.
    phone.records.insert(id, before);
    phone.edit(&server, id, &[("address.room", "乙")]);
    let forked = std::mem::take(&mut phone.outbox);
    let hash = forked[0].hash;
    let request = phone.request(forked);
    let reply = phone.send(&server, &request).await;
    assert_eq!(verdicts(&reply), [Verdict::ActorFork]);
    let now = wangge_model::Clock::now(server.clock.as_ref());
    let quarantine = server
        .state
        .storage
        .list_quarantine(&phone.person, now, 0, 10)
        .await
        .unwrap();
    assert_eq!(
        quarantine.iter().map(|q| q.change.hash).collect::<Vec<_>>(),
        [hash]
    );
    let stored = server
        .state
        .storage
        .find_record(&id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.heads, [kept]);
    // Under a new app life the same edit is taken.
    phone.incarnation = Incarnation::from_bytes([0x55; 16]);
    phone.actor = derive_device_actor(&phone.id, &phone.incarnation);
    let stored = RecordDocument::load(RecordKind::Household, Some(&stored.document), []).unwrap();
    phone.records.get_mut(&id).unwrap().document = stored;
    phone.edit(&server, id, &[("address.room", "乙")]);
    let items = std::mem::take(&mut phone.outbox);
    let request = phone.request(items);
    let reply = phone.send(&server, &request).await;
    assert!(matches!(verdicts(&reply)[0], Verdict::Accepted { .. }));
}

#[tokio::test]
async fn missing_earlier_changes_are_named_and_taken_later() {
    let (server, mut phone) = one_phone(11).await;
    let id = phone.create(
        &server,
        RecordKind::Household,
        server.grids[0],
        &[("notes", "一")],
    );
    phone.edit(&server, id, &[("address.room", "二")]);
    let items = std::mem::take(&mut phone.outbox);
    let request = phone.request(items[1..].to_vec());
    let reply = phone.send(&server, &request).await;
    assert_eq!(
        verdicts(&reply),
        [Verdict::MissingDeps {
            hashes: vec![items[0].hash]
        }]
    );
    let request = phone.request(items);
    let reply = phone.send(&server, &request).await;
    assert_eq!(verdicts(&reply).len(), 2);
    assert_eq!(places(&server).await, 2);
}

#[tokio::test]
async fn what_builds_on_a_change_kept_apart_is_kept_beside_it() {
    let (server, mut phone) = one_phone(12).await;
    let id = phone.create(
        &server,
        RecordKind::Household,
        server.grids[0],
        &[("notes", "一")],
    );
    phone.edit(&server, id, &[("address.room", "二")]);
    let mut items = std::mem::take(&mut phone.outbox);
    items[0].change.truncate(30);
    let request = phone.request(items);
    let reply = phone.send(&server, &request).await;
    let codes: Vec<String> = verdicts(&reply)
        .into_iter()
        .map(|verdict| match verdict {
            Verdict::Quarantined { code, .. } => code,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(codes, ["hash_mismatch", "missing_deps"]);
}

#[tokio::test]
async fn a_full_quarantine_refuses_the_push_and_keeps_what_it_has() {
    let settings = crate::Settings {
        quarantine_bytes: 1_000,
        ..crate::Settings::default()
    };
    let server = TestServer::start_with(13, settings).await;
    let person = server.add_worker("王小明", server.grids[0]).await;
    let mut phone = SimDevice::enrol(&server, person).await;
    let garbage = |byte: u8| wangge_model::protocol::PushItem {
        record: RecordId::from_bytes([byte; 16]),
        record_epoch: 0,
        kind: RecordKind::Household,
        grid: server.grids[0],
        hash: wangge_model::ChangeHash::from_bytes([byte; 32]),
        change: vec![byte; 600],
    };
    let request = phone.request(vec![garbage(1)]);
    let reply = phone.send(&server, &request).await;
    assert_eq!(verdicts(&reply).len(), 1);
    let request = phone.request(vec![garbage(2)]);
    let reply = server
        .post("/v1/sync", Some(&phone.token), seal(&request))
        .await;
    assert_eq!(refused(&reply), "quarantine_full");
    let now = wangge_model::Clock::now(server.clock.as_ref());
    assert_eq!(
        server
            .state
            .storage
            .count_quarantine(&person, now)
            .await
            .unwrap(),
        1
    );
}
