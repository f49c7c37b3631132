use std::collections::BTreeMap;

use wangge_model::{
    RecordId,
    protocol::{Directive, FeedEntry, open},
};

use super::*;

/// What a phone shows of each record, to compare phones.
pub(super) fn shown(phone: &SimDevice) -> BTreeMap<RecordId, Vec<wangge_model::ChangeHash>> {
    phone
        .records
        .iter()
        .map(|(id, held)| (*id, held.document.heads()))
        .collect()
}

#[tokio::test]
async fn nothing_new_is_one_small_round_trip() {
    let (server, mut phone) = one_phone(1).await;
    collect(&server, &mut phone, 30);
    phone.sync(&server).await;
    let request = phone.request(Vec::new());
    let body = wangge_model::protocol::seal(&request).len();
    let reply = phone.send(&server, &request).await;
    let said = answer(&reply);
    assert_eq!((said.pages.len(), said.directives.len()), (0, 0));
    assert_eq!(
        (said.grants.is_some(), said.receipt.is_some()),
        (false, false)
    );
    let head: usize = reply
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    // Status line, blank line, and the date and length that hyper adds.
    let down = 19 + head + 37 + 22 + reply.body.len();
    println!("{body} bytes of body up, {down} bytes down");
    assert!(down <= 400);
    assert!(body <= 150);
}

#[tokio::test]
async fn own_changes_come_back_as_names_only() {
    let (server, mut phone) = one_phone(2).await;
    collect(&server, &mut phone, 5);
    let items = std::mem::take(&mut phone.outbox);
    let request = phone.request(items.clone());
    let said = answer(&phone.send(&server, &request).await);
    assert_eq!(said.pages[0].entries, [FeedEntry::Receipted { count: 5 }]);
    assert!(said.pages[0].signature.is_none());
    // The answer was lost: the feed says which of them arrived.
    let again = phone.request(Vec::new());
    let said = answer(&phone.send(&server, &again).await);
    let yours: Vec<_> = said.pages[0]
        .entries
        .iter()
        .map(|entry| match entry {
            FeedEntry::Yours { hash, .. } => *hash,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        yours,
        items.iter().map(|item| item.hash).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_phones_at_once_leave_a_feed_without_gaps() {
    let server = TestServer::start(3).await;
    let person = server.add_worker("王小明", server.grids[0]).await;
    let mut phones = Vec::new();
    for _ in 0..8 {
        phones.push(SimDevice::enrol(&server, person).await);
    }
    // All edit one record, besides their own.
    let shared = phones[0].create(
        &server,
        RecordKind::Household,
        server.grids[0],
        &[("notes", "共")],
    );
    phones[0].sync(&server).await;
    for phone in &mut phones {
        phone.sync(&server).await;
    }
    let tasks = phones.iter_mut().enumerate().map(|(number, phone)| {
        let server = &server;
        async move {
            for round in 0..5 {
                let text = format!("{number}-{round}");
                phone.edit(server, shared, &[("address.room", &text)]);
                collect(server, phone, 3);
                phone.sync(server).await;
            }
        }
    });
    futures_util::future::join_all(tasks).await;
    for phone in &mut phones {
        phone.sync(&server).await;
    }
    for phone in &phones[1..] {
        assert_eq!(shown(phone), shown(&phones[0]));
    }
    let storage = &server.state.storage;
    let head = storage
        .list_feed_heads(&server.grids[..1])
        .await
        .unwrap()
        .remove(0);
    assert_eq!(head.head_seq, 1 + 8 * 5 * 4);
    assert_eq!(
        storage.compute_digest(&server.grids[0]).await.unwrap(),
        head.digest
    );
    let feed = storage
        .list_feed(&server.grids[0], 0, head.head_seq, None, usize::MAX)
        .await
        .unwrap();
    assert!(
        feed.iter()
            .map(crate::storage::FeedPlace::seq)
            .eq(1..=head.head_seq)
    );
    let mut stored = storage.find_record(&shared).await.unwrap().unwrap();
    stored.heads.sort();
    assert_eq!(stored.heads, phones[0].records[&shared].document.heads());
    assert_eq!(
        storage.rebuild_summaries().await.unwrap(),
        0,
        "list rows follow the documents"
    );
}

#[tokio::test]
async fn a_snapshot_and_the_feed_after_it_equal_the_whole_feed() {
    let (server, mut phone) = one_phone(4).await;
    collect(&server, &mut phone, 40);
    phone.sync(&server).await;
    let mut by_feed = SimDevice::enrol(&server, phone.person).await;
    let mut by_snapshot = SimDevice::enrol(&server, phone.person).await;
    by_snapshot.bootstrap(&server, server.grids[0]).await;
    // More happens after the snapshot; a later phone gets the kept pages.
    let first = *phone.records.keys().next().unwrap();
    phone.edit(&server, first, &[("address.unit", "3单元")]);
    collect(&server, &mut phone, 5);
    phone.sync(&server).await;
    let mut by_kept_pages = SimDevice::enrol(&server, phone.person).await;
    by_kept_pages.bootstrap(&server, server.grids[0]).await;
    assert!(server.state.metrics.snapshot_hits.value() > 0);
    by_feed.sync(&server).await;
    by_snapshot.sync(&server).await;
    by_kept_pages.sync(&server).await;
    for other in [&by_feed, &by_snapshot, &by_kept_pages] {
        assert_eq!(shown(other), shown(&phone));
        assert_eq!(other.cursors, phone.cursors);
    }
}

#[tokio::test]
async fn the_next_page_of_a_snapshot_is_built_before_it_is_asked_for() {
    let (server, mut phone) = one_phone(8).await;
    let grid = server.grids[0];
    collect(&server, &mut phone, 1_001);
    phone.sync(&server).await;
    let path = format!("/v1/grids/{grid}/snapshot");
    let reply = server
        .request(axum::http::Method::GET, &path, Some(&phone.token), "")
        .await;
    let first: wangge_model::protocol::SnapshotPage = open(&reply.body).unwrap();
    let next = crate::snapshot_cache::PageKey {
        grid,
        as_of: first.as_of,
        after: Some(first.next_after.unwrap()),
        newest_kind: RecordKind::NEWEST_UNSAID,
    };
    // It comes by itself, on other threads.
    while server.state.snapshots.get(&next).is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let path = format!("{path}?as_of={}&after={}", first.as_of, next.after.unwrap());
    let hits = server.state.metrics.snapshot_hits.value();
    let reply = server
        .request(axum::http::Method::GET, &path, Some(&phone.token), "")
        .await;
    let second: wangge_model::protocol::SnapshotPage = open(&reply.body).unwrap();
    assert_eq!(server.state.metrics.snapshot_hits.value(), hits + 1);
    assert_eq!((second.entries.len(), second.next_after), (1, None));
    // A phone that names a moment of its own does not take the kept chain's place.
    let path = format!("/v1/grids/{grid}/snapshot?as_of={}", first.as_of - 1);
    let reply = server
        .request(axum::http::Method::GET, &path, Some(&phone.token), "")
        .await;
    let other: wangge_model::protocol::SnapshotPage = open(&reply.body).unwrap();
    assert_eq!(other.as_of, first.as_of - 1);
    assert_eq!(server.state.snapshots.chain(&grid), Some(first.as_of));
    assert!(server.state.snapshots.get(&next).is_some());
}

#[tokio::test]
async fn long_news_come_in_pages_of_the_asked_size() {
    let (server, mut phone) = one_phone(5).await;
    collect(&server, &mut phone, 300);
    phone.sync(&server).await;
    let mut reader = SimDevice::enrol(&server, phone.person).await;
    reader.page_bytes = 16 << 10;
    assert!(reader.sync(&server).await > 3);
    assert_eq!(shown(&reader), shown(&phone));
}

#[tokio::test]
async fn positions_the_server_cannot_follow_are_answered_with_what_to_do() {
    let (server, mut phone) = one_phone(6).await;
    collect(&server, &mut phone, 2);
    phone.sync(&server).await;
    let (grid, other) = (server.grids[0], server.grids[1]);
    let good = phone.request(Vec::new());
    let directives = |request| {
        let (server, phone) = (&server, &phone);
        async move { answer(&phone.send(server, &request).await).directives }
    };

    let mut lost = good.clone();
    lost.cursors[0].grid = other;
    assert_eq!(
        directives(lost).await,
        [Directive::GridLost { grid: other }]
    );

    let mut ahead = good.clone();
    ahead.cursors[0].seq = 99;
    assert_eq!(directives(ahead).await, [Directive::Reoffer]);

    let mut differs = good.clone();
    differs.cursors[0].digest = wangge_model::protocol::Digest::from_bytes([1; 32]);
    assert_eq!(
        directives(differs).await,
        [Directive::DigestMismatch { grid }]
    );

    let mut before = good.clone();
    before.server_epoch = Some(wangge_model::ServerEpoch::from_bytes([1; 16]));
    let said = answer(&phone.send(&server, &before).await);
    assert_eq!(said.directives, [Directive::Reoffer]);
    assert_eq!(said.server_epoch, phone.server_epoch);

    let mut twice = good.clone();
    twice.cursors.push(twice.cursors[0]);
    assert_eq!(refused(&phone.send(&server, &twice).await), "bad_request");
}

#[tokio::test]
async fn grants_follow_assignments() {
    let (server, mut phone) = one_phone(7).await;
    let assignment = server
        .state
        .storage
        .list_assignments(&phone.person)
        .await
        .unwrap()
        .remove(0);
    server.clock.advance_millis(1);
    let now = wangge_model::Clock::now(server.clock.as_ref());
    server
        .state
        .storage
        .end_assignment(&assignment.id, now)
        .await
        .unwrap();
    let request = phone.request(Vec::new());
    let said = answer(&phone.send(&server, &request).await);
    assert_eq!(said.grants.unwrap().grids, []);
    assert_eq!(
        said.directives,
        [Directive::GridLost {
            grid: server.grids[0]
        }]
    );
    let path = format!("/v1/grids/{}/snapshot", server.grids[0]);
    let reply = server
        .request(axum::http::Method::GET, &path, Some(&phone.token), "")
        .await;
    assert_eq!(refused(&reply), "out_of_scope");
}
