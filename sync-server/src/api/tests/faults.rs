//! Faults of docs/sync-protocol.md that the server must survive.

use wangge_model::{
    Clock as _, GridId, RecordId,
    document::RecordDocument,
    protocol::{
        Directive, GiveBackRequest, GiveBackResponse, MovedRecord, PROTOCOL, Proof, ProofEntry,
        PushItem, ReturnedChange, ReturnedRecord, SigningKey, SoftwareKey, Statement, seal,
    },
};

use super::*;
use crate::{
    auth::Scope,
    ingest::review::{AcceptError, accept},
    storage::{NewMove, QuarantinedChange, Role},
};

/// What somebody else's phone wrote, and a proof of it by this key.
fn foreign(item: &PushItem, server: &TestServer, key: &dyn SigningKey) -> GiveBackRequest {
    let mut proof = Proof {
        epoch: server.state.identity.epoch,
        grid: item.grid,
        statement: Statement::Feed { after: 0, to: 1 },
        entries: vec![ProofEntry::Change {
            record: item.record,
            hash: item.hash,
        }],
        signature: key.sign(b"another message").unwrap(),
    };
    proof.signature = key.sign(&proof.message()).unwrap();
    GiveBackRequest {
        protocol: PROTOCOL,
        server_epoch: server.state.identity.epoch,
        proofs: vec![proof],
        records: vec![ReturnedRecord {
            record: item.record,
            record_epoch: 0,
            kind: item.kind,
            changes: vec![ReturnedChange {
                hash: item.hash,
                change: item.change.clone(),
            }],
        }],
    }
}

async fn give_back(
    server: &TestServer,
    phone: &SimDevice,
    request: &GiveBackRequest,
) -> GiveBackResponse {
    let reply = server
        .post("/v1/give-back", Some(&phone.token), seal(request))
        .await;
    assert_eq!(reply.status, 200, "{:?}", reply.problem());
    open(&reply.body).unwrap()
}

#[tokio::test]
async fn a_foreign_change_comes_back_on_the_servers_own_signature_and_on_nothing_else() {
    let (server, phone) = one_phone(31).await;
    let person = server.add_worker("李网格", server.grids[0]).await;
    let mut gone = SimDevice::enrol(&server, person).await;
    collect(&server, &mut gone, 1);
    let item = gone.outbox[0].clone();
    let own = server.state.identity.key.as_ref();
    let forged = foreign(&item, &server, &SoftwareKey::make(server.entropy.as_ref()));
    let mut none = forged.clone();
    none.proofs.clear();
    let mut elsewhere = foreign(&item, &server, own);
    elsewhere.proofs[0].grid = server.grids[1];
    for request in [&forged, &none, &elsewhere] {
        let answer = give_back(&server, &phone, request).await;
        assert_eq!((answer.taken, answer.unproven), (0, 1));
    }
    let storage = &server.state.storage;
    assert_eq!(storage.find_record(&item.record).await.unwrap(), None);

    let genuine = foreign(&item, &server, own);
    let answer = give_back(&server, &phone, &genuine).await;
    assert_eq!((answer.taken, answer.unproven, answer.refused), (1, 0, 0));
    let again = give_back(&server, &phone, &genuine).await;
    assert_eq!((again.taken, again.unproven, again.refused), (0, 0, 0));
    let authors = storage.list_authorship(&item.record).await.unwrap();
    assert_eq!(authors[0].person, Some(person), "not who brought it");
    assert_eq!(authors[0].device, Some(gone.id));
    let mut other_life = genuine.clone();
    other_life.server_epoch = wangge_model::ServerEpoch::from_bytes([9; 16]);
    let reply = server
        .post("/v1/give-back", Some(&phone.token), seal(&other_life))
        .await;
    assert_eq!(refused(&reply), "server_epoch_changed");
}

#[tokio::test]
async fn whoever_gives_a_record_back_is_told_which_grid_it_was_moved_to() {
    let (server, phone) = one_phone(32).await;
    let person = server.add_worker("李网格", server.grids[0]).await;
    let mut author = SimDevice::enrol(&server, person).await;
    collect(&server, &mut author, 2);
    let [moved, stayed] = [0, 1].map(|place| author.outbox[place].clone());
    author.sync(&server).await;
    let new = NewMove {
        record: moved.record,
        to: server.grids[1],
        person: None,
        at: server.clock.now(),
        moves: None,
    };
    server.state.storage.move_record(new).await.unwrap();
    let own = server.state.identity.key.as_ref();
    let there = Some(vec![MovedRecord {
        record: moved.record,
        grid: server.grids[1],
        moves: 1,
    }]);
    let told = give_back(&server, &phone, &foreign(&moved, &server, own)).await;
    assert_eq!((told.taken, told.moved), (0, there));
    let told = give_back(&server, &phone, &foreign(&stayed, &server, own)).await;
    assert_eq!(told.moved, None);
    let stranger = SoftwareKey::make(server.entropy.as_ref());
    let told = give_back(&server, &phone, &foreign(&moved, &server, &stranger)).await;
    assert_eq!(told.moved, None, "without proof nobody is told anything");
}

#[tokio::test]
async fn a_proven_change_in_whose_place_another_stands_is_kept_for_people_to_see() {
    let (server, bringer) = one_phone(38).await;
    let grid = server.grids[0];
    let person = server.add_worker("李网格", grid).await;
    let mut author = SimDevice::enrol(&server, person).await;
    let id = author.create(&server, RecordKind::Household, grid, &[("notes", "共")]);
    author.sync(&server).await;
    // What a lost life of the server had of this phone, before it was copied.
    let before = author.records[&id].clone();
    author.edit(&server, id, &[("address.room", "501室")]);
    author.edit(&server, id, &[("address.floor", "5")]);
    let lost: Vec<PushItem> = std::mem::take(&mut author.outbox);
    // Its copy was faster in the new life.
    author.records.insert(id, before);
    author.edit(&server, id, &[("address.room", "502室")]);
    author.sync(&server).await;
    let own = server.state.identity.key.as_ref();
    let mut request = foreign(&lost[1], &server, own);
    request.records[0].changes = lost
        .iter()
        .map(|item| ReturnedChange {
            hash: item.hash,
            change: item.change.clone(),
        })
        .collect();
    for _ in 0..2 {
        let answer = give_back(&server, &bringer, &request).await;
        assert_eq!((answer.taken, answer.unproven, answer.refused), (0, 0, 2));
    }
    let document = document_of(&server, &id).await;
    assert_eq!(document.text("address.room").as_deref(), Some("502室"));
    let storage = &server.state.storage;
    let kept = storage
        .list_quarantine(&person, server.clock.now(), 0, 10)
        .await
        .unwrap();
    let mut kept: Vec<_> = kept
        .iter()
        .map(|kept| (kept.change.hash, kept.change.code.as_str(), kept.device))
        .collect();
    kept.sort_by_key(|(_, code, _)| code.to_owned());
    let expected = [
        (lost[0].hash, "actor_fork", author.id),
        (lost[1].hash, "missing_deps", author.id),
    ];
    assert_eq!(kept, expected, "once each, as their author's");
}

async fn document_of(server: &TestServer, id: &RecordId) -> RecordDocument {
    let stored = server.state.storage.find_record(id).await.unwrap().unwrap();
    RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap()
}

#[tokio::test]
async fn a_phone_of_an_older_protocol_hands_in_and_is_told_to_update() {
    let (server, mut phone) = one_phone(33).await;
    collect(&server, &mut phone, 2);
    let items = std::mem::take(&mut phone.outbox);
    let mut request = phone.request(items);
    request.protocol = 0;
    let reply = phone.send(&server, &request).await;
    assert_eq!(
        verdicts(&reply),
        [
            Verdict::Accepted { first_seq: 1 },
            Verdict::Accepted { first_seq: 2 }
        ]
    );
    let answer = answer(&reply);
    assert!(matches!(
        answer.directives.as_slice(),
        [Directive::Upgrade { .. }]
    ));
    assert!(answer.pages.is_empty() && answer.grants.is_none());
    assert_eq!(
        server
            .state
            .storage
            .count_records(&server.grids[0])
            .await
            .unwrap(),
        2
    );
}

#[tokio::test]
async fn a_phone_of_a_newer_protocol_keeps_what_it_has_and_is_told_why() {
    let (server, mut phone) = one_phone(34).await;
    collect(&server, &mut phone, 1);
    let items = std::mem::take(&mut phone.outbox);
    let mut request = phone.request(items);
    request.protocol = PROTOCOL + 1;
    let reply = phone.send(&server, &request).await;
    assert_eq!(reply.status, 426);
    assert_eq!(refused(&reply), "protocol_unsupported");
}

#[tokio::test]
async fn a_phone_behind_a_shortened_feed_starts_over_and_others_read_on() {
    let (server, mut writer) = one_phone(35).await;
    let person = server.add_worker("李网格", server.grids[0]).await;
    let mut behind = SimDevice::enrol(&server, person).await;
    let mut ahead = SimDevice::enrol(&server, person).await;
    collect(&server, &mut writer, 10);
    writer.sync(&server).await;
    ahead.sync(&server).await;
    collect(&server, &mut writer, 2);
    writer.sync(&server).await;
    let storage = &server.state.storage;
    assert_eq!(storage.compact_feeds(3).await.unwrap(), 9);
    assert_eq!(storage.compact_feeds(3).await.unwrap(), 0);
    ahead.sync(&server).await;
    assert_eq!(ahead.records.len(), 12);
    let request = behind.request(Vec::new());
    let told = answer(&behind.send(&server, &request).await).directives;
    let grid = server.grids[0];
    assert_eq!(told, [Directive::Bootstrap { grid }]);
    behind.bootstrap(&server, grid).await;
    assert_eq!(behind.sync(&server).await, 1);
    assert_eq!(behind.records.len(), 12);
    collect(&server, &mut writer, 1);
    writer.sync(&server).await;
    assert_eq!(
        storage.compute_digest(&grid).await.unwrap(),
        head(&server, grid).await
    );
}

async fn head(server: &TestServer, grid: GridId) -> wangge_model::protocol::GridDigest {
    let heads = server.state.storage.list_feed_heads(&[grid]).await.unwrap();
    heads[0].digest.clone()
}

/// Two edits of a worker who had lost the grid, as a supervisor sees them,
/// newest first.
async fn late_edits(server: &TestServer) -> (SimDevice, RecordId, Scope, Vec<QuarantinedChange>) {
    let grid = server.grids[1];
    let owner = server.add_worker("王小明", grid).await;
    let mut owner = SimDevice::enrol(server, owner).await;
    let id = owner.create(server, RecordKind::Household, grid, &[("notes", "共")]);
    owner.sync(server).await;
    let late = server.add_worker("李网格", server.grids[0]).await;
    let mut late = SimDevice::enrol(server, late).await;
    late.records.insert(id, owner.records[&id].clone());
    late.edit(server, id, &[("address.room", "501室")]);
    late.edit(server, id, &[("address.floor", "5")]);
    late.sync(server).await;
    assert!(late.verdicts.iter().all(
        |verdict| matches!(verdict, Verdict::Quarantined { code, .. } if code == "out_of_scope")
    ));
    let desk = server
        .add_person("赵社区", server.grids[1].into(), Role::GridHead)
        .await;
    let scope = Scope {
        person: desk,
        at: server.clock.now(),
        role: Some(Role::GridHead),
        seats: vec![wangge_model::access::Seat::GridHead],
    };
    let storage = &server.state.storage;
    let kept = storage
        .list_quarantine(&desk, scope.at, 0, 10)
        .await
        .unwrap();
    assert_eq!(kept.len(), 2);
    (owner, id, scope, kept)
}

#[tokio::test]
async fn late_edits_of_somebody_who_lost_the_grid_can_be_let_in_as_theirs() {
    let server = TestServer::start(36).await;
    let (mut owner, id, scope, kept) = late_edits(&server).await;
    // The second builds on the first, which comes along.
    let second = kept.iter().max_by_key(|kept| actor_seq(kept)).unwrap();
    accept(&server.state, &scope, second).await.unwrap();
    accept(&server.state, &scope, second).await.unwrap();
    let document = document_of(&server, &id).await;
    assert_eq!(document.text("address.room").as_deref(), Some("501室"));
    assert_eq!(document.text("address.floor").as_deref(), Some("5"));
    let authors = server.state.storage.list_authorship(&id).await.unwrap();
    assert_eq!(authors.len(), 3);
    assert_eq!(authors[2].person, Some(second.person));
    assert_eq!(authors[2].device, Some(second.device));
    owner.sync(&server).await;
    assert_eq!(owner.text(&id, "address.floor").as_deref(), Some("5"));
}

fn actor_seq(kept: &QuarantinedChange) -> u64 {
    wangge_model::guard::inspect(&kept.change.hash, &kept.change.bytes)
        .unwrap()
        .seq()
}

#[tokio::test]
async fn a_kept_change_that_is_wrong_cannot_be_let_in() {
    let server = TestServer::start(37).await;
    let (_, id, scope, kept) = late_edits(&server).await;
    let mut wrong = kept[0].clone();
    // Somebody else's, by the look of it.
    let other = server.add_worker("周网格", server.grids[1]).await;
    wrong.device = SimDevice::enrol(&server, other).await.id;
    let refused = accept(&server.state, &scope, &wrong).await;
    assert!(matches!(refused, Err(AcceptError::Guard(_))), "{refused:?}");
    let authors = server.state.storage.list_authorship(&id).await.unwrap();
    assert_eq!(authors.len(), 1);
}

/// A pull of several pages during which the server forgets what the phone has
/// not read yet: at every page, the last one included.
#[tokio::test]
async fn a_feed_shortened_at_any_page_of_a_pull_costs_a_fresh_start_and_nothing_unsent() {
    let mut boundary = 0;
    loop {
        let server = TestServer::start(70 + boundary).await;
        let grid = server.grids[0];
        let person = server.add_worker("王小明", grid).await;
        let mut writer = SimDevice::enrol(&server, person).await;
        let mut reader = SimDevice::enrol(&server, person).await;
        reader.page_bytes = 16 << 10;
        collect(&server, &mut writer, 250);
        writer.sync(&server).await;
        collect(&server, &mut reader, 1);
        let unsent = std::mem::take(&mut reader.outbox);
        let mut more = true;
        for _ in 0..boundary {
            let request = reader.request(Vec::new());
            let said = answer(&reader.send(&server, &request).await);
            more = said.pages.iter().any(|page| page.more);
            reader.apply(&request, said);
        }
        assert!(server.state.storage.compact_feeds(0).await.unwrap() > 0);
        let request = reader.request(Vec::new());
        let said = answer(&reader.send(&server, &request).await);
        if more {
            assert_eq!(said.directives, [Directive::Bootstrap { grid }]);
            reader.bootstrap(&server, grid).await;
        } else {
            assert_eq!(said.directives, [], "it had read everything");
        }
        reader.outbox = unsent;
        reader.sync(&server).await;
        assert!(matches!(reader.verdicts[0], Verdict::Accepted { .. }));
        writer.sync(&server).await;
        assert_eq!(reader.records.len(), 251);
        assert_eq!(feed::shown(&reader), feed::shown(&writer));
        if !more {
            assert!(boundary > 2, "there were several pages");
            break;
        }
        boundary += 1;
    }
}
