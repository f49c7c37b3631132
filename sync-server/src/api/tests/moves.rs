//! Records that move to another grid, and what comes late for it.

use wangge_model::{ChangeHash, Clock as _, GridId, RecordId, protocol::Directive};

use super::{feed::shown, *};
use crate::storage::NewMove;

/// A phone in each of the two grids, and a household in the first.
async fn two_grids(seed: u64) -> (TestServer, SimDevice, SimDevice, RecordId) {
    let server = TestServer::start(seed).await;
    let [one, two] = server.grids;
    let person = server.add_worker("王小明", one).await;
    let mut here = SimDevice::enrol(&server, person).await;
    let person = server.add_worker("李雷", two).await;
    let mut there = SimDevice::enrol(&server, person).await;
    let id = here.create(
        &server,
        RecordKind::Household,
        one,
        &[("address.room", "501")],
    );
    collect(&server, &mut here, 2);
    here.sync(&server).await;
    here.edit(&server, id, &[("address.unit", "2单元")]);
    here.sync(&server).await;
    collect(&server, &mut there, 0);
    there.sync(&server).await;
    (server, here, there, id)
}

async fn move_to(server: &TestServer, record: RecordId, to: GridId) {
    let new = NewMove {
        record,
        to,
        person: None,
        at: server.clock.now(),
        moves: None,
    };
    let outcome = server.state.storage.move_record(new).await.unwrap();
    assert_eq!(outcome.grids.len(), 2);
}

fn code(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Quarantined { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_moved_record_leaves_the_one_phone_and_comes_whole_to_the_other() {
    let (server, mut here, mut there, id) = two_grids(60).await;
    move_to(&server, id, server.grids[1]).await;
    // Digests are compared at the head of every page.
    here.sync(&server).await;
    there.sync(&server).await;
    assert!(!here.records.contains_key(&id));
    assert_eq!(here.records.len(), 2);
    assert_eq!(there.text(&id, "address.unit").as_deref(), Some("2单元"));
    // It is edited there, and goes back with that.
    there.edit(&server, id, &[("address.room", "502")]);
    there.sync(&server).await;
    move_to(&server, id, server.grids[0]).await;
    there.sync(&server).await;
    here.sync(&server).await;
    assert!(!there.records.contains_key(&id));
    assert_eq!(here.text(&id, "address.room").as_deref(), Some("502"));
    // Whoever reads it all at once comes out the same, by feed or by snapshot.
    let mut reader = SimDevice::enrol(&server, here.person).await;
    reader.sync(&server).await;
    let mut starter = SimDevice::enrol(&server, here.person).await;
    starter.bootstrap(&server, server.grids[0]).await;
    starter.sync(&server).await;
    assert_eq!(
        (shown(&reader), shown(&starter)),
        (shown(&here), shown(&here))
    );
}

#[tokio::test]
async fn a_phone_that_knows_no_moves_fetches_both_grids_anew() {
    let (server, mut here, mut there, id) = two_grids(61).await;
    // A chain of pages from before the move is kept by the server.
    let mut early = SimDevice::enrol(&server, here.person).await;
    early.bootstrap(&server, server.grids[0]).await;
    move_to(&server, id, server.grids[1]).await;
    for (phone, grid) in [
        (&mut here, server.grids[0]),
        (&mut there, server.grids[1]),
        (&mut early, server.grids[0]),
    ] {
        phone.knows_moves = false;
        let request = phone.request(Vec::new());
        let said = answer(&phone.send(&server, &request).await);
        assert_eq!(said.directives, [Directive::Bootstrap { grid }]);
        assert_eq!(said.pages, []);
        phone.records.clear();
        phone.bootstrap(&server, grid).await;
        assert_eq!(phone.sync(&server).await, 1);
        assert_eq!(phone.records.contains_key(&id), grid == server.grids[1]);
    }
}

#[tokio::test]
async fn a_phone_that_cannot_read_places_hands_in_its_work_and_is_asked_to_upgrade() {
    let server = TestServer::start(63).await;
    let person = server.add_worker("王小明", server.grids[0]).await;
    let mut newer = SimDevice::enrol(&server, person).await;
    let mut older = SimDevice::enrol(&server, person).await;
    older.newest_kind = None;
    let grid = server.grids[0];
    let household = newer.create(&server, RecordKind::Household, grid, &[("notes", "一")]);
    newer.sync(&server).await;
    older.sync(&server).await;
    assert!(older.records.contains_key(&household));
    // A place is withheld, with all that follows it; what the phone has goes in.
    newer.create(&server, RecordKind::Place, grid, &[("name", "便利店")]);
    newer.sync(&server).await;
    older.edit(&server, household, &[("notes", "二")]);
    let items = std::mem::take(&mut older.outbox);
    let request = older.request(items);
    let said = answer(&older.send(&server, &request).await);
    assert!(matches!(
        said.receipt.unwrap().each().next(),
        Some(Verdict::Accepted { .. })
    ));
    assert_eq!(said.pages, []);
    assert!(matches!(
        said.directives.as_slice(),
        [Directive::Upgrade { .. }]
    ));
    newer.sync(&server).await;
    assert_eq!(newer.text(&household, "notes").as_deref(), Some("二"));
    // Starting anew it gets the rest, and is not sent round and round.
    let mut early = SimDevice::enrol(&server, person).await;
    early.newest_kind = None;
    early.bootstrap(&server, grid).await;
    assert_eq!(early.records.keys().collect::<Vec<_>>(), [&household]);
    let request = early.request(Vec::new());
    let said = answer(&early.send(&server, &request).await);
    assert_eq!((said.pages, said.directives), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_late_edit_of_a_moved_record_waits_for_review_and_what_had_arrived_is_known() {
    let (server, mut here, mut there, id) = two_grids(62).await;
    // The answer to this one is lost on the way.
    here.edit(&server, id, &[("notes", "电梯坏了")]);
    let items = std::mem::take(&mut here.outbox);
    let sent = here.request(items.clone());
    here.send(&server, &sent).await;
    move_to(&server, id, server.grids[1]).await;
    here.edit(&server, id, &[("contact.name", "周敏")]);
    let late = std::mem::take(&mut here.outbox);
    here.outbox = [items, late.clone()].concat();
    here.sync(&server).await;
    assert_eq!(here.verdicts[0], Verdict::Duplicate);
    assert_eq!(code(&here.verdicts[1]), "under_review");
    there.sync(&server).await;
    assert_eq!(there.text(&id, "notes").as_deref(), Some("电梯坏了"));
    assert_eq!(there.text(&id, "contact.name"), None, "not without review");
    // Said again, it is said the same, and kept once.
    let request = here.request(late);
    let again = answer(&here.send(&server, &request).await).receipt.unwrap();
    assert_eq!(code(&again.each().next().unwrap()), "under_review");
    let storage = &server.state.storage;
    let count = storage
        .count_reviews(&there.person, server.clock.now())
        .await;
    assert_eq!(count.unwrap(), 1, "seen where the record is");
}

#[tokio::test]
async fn whoever_lost_the_grid_gets_late_work_reviewed() {
    let (server, mut here, _, id) = two_grids(63).await;
    let storage = &server.state.storage;
    here.edit(&server, id, &[("contact.name", "周敏")]);
    here.create(
        &server,
        RecordKind::Household,
        server.grids[0],
        &[("address.room", "601")],
    );
    let assignment = storage.list_assignments(&here.person).await.unwrap()[0].id;
    server.clock.advance_millis(1);
    storage
        .end_assignment(&assignment, server.clock.now())
        .await
        .unwrap();
    let items = std::mem::take(&mut here.outbox);
    let request = here.request(items);
    let receipt = answer(&here.send(&server, &request).await).receipt.unwrap();
    let codes: Vec<Verdict> = receipt.each().collect();
    assert!(codes.iter().all(|verdict| code(verdict) == "under_review"));
}

#[tokio::test]
async fn whoever_collected_a_record_is_reviewed_if_another_filed_its_id_first() {
    let (server, mut here, mut there, _) = two_grids(64).await;
    let own = here.create(
        &server,
        RecordKind::Household,
        server.grids[0],
        &[("address.room", "701")],
    );
    // Somebody learned the id and files a record of their own under it.
    let filed = there.create(
        &server,
        RecordKind::Household,
        server.grids[1],
        &[("address.room", "骗")],
    );
    let held = there.records.remove(&filed).unwrap();
    there.records.insert(own, held);
    there.outbox[0].record = own;
    there.sync(&server).await;
    assert!(matches!(there.verdicts[0], Verdict::Accepted { .. }));
    let bytes = here.outbox[0].change.clone();
    here.sync(&server).await;
    assert_eq!(code(&here.verdicts[0]), "under_review");
    let kept = server
        .state
        .storage
        .list_reviews(&here.person, server.clock.now(), 0, 10)
        .await
        .unwrap();
    let kept = server
        .state
        .storage
        .list_review_changes(&kept[0].id, &here.person, server.clock.now())
        .await
        .unwrap();
    assert_eq!(
        kept[0].change.bytes, bytes,
        "the owner's data is at the server"
    );
    // Knowing the id and having a grid of one's own is not enough: a change that
    // builds on the other's record is a stranger's.
    here.records.insert(own, there.records[&own].clone());
    here.records.get_mut(&own).unwrap().grid = server.grids[0];
    here.edit(&server, own, &[("notes", "改")]);
    here.sync(&server).await;
    assert_eq!(code(&here.verdicts[0]), "out_of_scope");
}

#[tokio::test]
async fn a_damaged_late_change_is_not_put_before_a_supervisor() {
    let (server, mut here, _, id) = two_grids(65).await;
    move_to(&server, id, server.grids[1]).await;
    here.edit(&server, id, &[("notes", "改")]);
    here.outbox[0].hash = ChangeHash::from_bytes([1; 32]);
    here.sync(&server).await;
    assert_eq!(code(&here.verdicts[0]), "hash_mismatch");
}
