//! Pairs of records that may be the same, and what merged records count for.

use wangge_model::{
    RecordId,
    document::{FieldEdit, RecordDocument},
    duplicate::MatchKind,
    merge::Merged,
};

use super::{
    ActorId, NOW, NewChange, RecordWork, Storage, commit, find, grid, id16, person, town,
    visit::{count_all, coverage, met, put, put_household, put_visit, record, today},
    work,
};
use crate::storage::{Alias, ChangeBy, RecordFilter};

async fn pairs(storage: &dyn Storage, who: u8) -> Vec<(u8, u8)> {
    while storage.index_some(2).await.unwrap() {}
    let page = storage
        .list_duplicate_pairs(&person(who), NOW, 0, 50)
        .await
        .unwrap();
    assert_eq!(page.total, page.pairs.len() as u64);
    page.pairs
        .iter()
        .map(|pair| {
            assert_eq!(pair.shared, [MatchKind::Address]);
            (pair.one.id.as_bytes()[0], pair.other.id.as_bytes()[0])
        })
        .collect()
}

/// The record with the server's mark written or cleared.
async fn mark(storage: &dyn Storage, id: u8, edits: &[FieldEdit]) {
    let stored = find(storage, id).await;
    let mut document = RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap();
    let actor = ActorId::from_bytes(id16(0xee));
    let change = document.edit_as_server(edits, actor, NOW).unwrap().unwrap();
    let change = NewChange::written(0, change, actor, ChangeBy::Server);
    put(storage, RecordWork::onto(&stored, &document, vec![change])).await;
}

async fn merge(storage: &dyn Storage, alias: u8, kept: u8) {
    let mark_of = Merged {
        into: record(kept),
        at: Some(NOW),
        by: String::new(),
    };
    mark(storage, alias, &mark_of.edits()).await;
}

async fn listed(storage: &dyn Storage, text: &str) -> Vec<u8> {
    let filter = RecordFilter {
        text: text.to_owned(),
        limit: 50,
        ..RecordFilter::default()
    };
    let page = storage.list_records(&person(12), NOW, &filter).await;
    let page = page.unwrap();
    let mut ids: Vec<u8> = page
        .records
        .iter()
        .map(|record| record.id.as_bytes()[0])
        .collect();
    ids.sort_unstable();
    ids
}

pub(super) async fn pairs_that_share_a_key_are_listed_in_scope(storage: &dyn Storage) {
    town(storage).await;
    for (id, place, room) in [
        (40, 3, "3号楼501室"),
        (41, 3, "三栋501"),
        (42, 3, "3-501"),
        (43, 4, "3-501"),
        (44, 6, "3-501"),
        (45, 6, "3-501"),
    ] {
        let new = work(None, id, place, 0, room);
        storage.commit(commit(vec![new], None)).await.unwrap();
    }
    let all = [(40, 41), (40, 42), (41, 42), (44, 45)];
    assert_eq!(pairs(storage, 12).await, all);
    assert_eq!(pairs(storage, 11).await, all[..3], "of the own grids");
    assert_eq!(pairs(storage, 10).await, [], "a worker does not decide");
    storage
        .put_not_duplicate(&record(42), &record(40), &person(11), NOW)
        .await
        .unwrap();
    assert_eq!(pairs(storage, 11).await, [(40, 41), (41, 42)]);
    // A record that changed or was merged is in no pair any more.
    let stored = find(storage, 42).await;
    let changed = work(Some(&stored), 42, 3, 0, "3-502");
    storage.commit(commit(vec![changed], None)).await.unwrap();
    assert_eq!(pairs(storage, 11).await, [(40, 41)]);
    merge(storage, 41, 40).await;
    assert_eq!(pairs(storage, 11).await, []);
    assert_eq!(listed(storage, "501").await, [40, 43, 44, 45]);
    assert_eq!(listed(storage, "").await, [40, 42, 43, 44, 45]);
    mark(storage, 41, &Merged::clear()).await;
    assert_eq!(pairs(storage, 11).await, [(40, 41)], "parted again");
    // A key of very many says nothing about any two.
    for id in 60..82 {
        let new = work(None, id, 4, 0, "8-801");
        storage.commit(commit(vec![new], None)).await.unwrap();
    }
    while storage.index_some(50).await.unwrap() {}
    let page = storage
        .list_duplicate_pairs(&person(12), NOW, 0, 500)
        .await
        .unwrap();
    assert!(page.total < 22 * 21 / 2, "{}", page.total);
}

pub(super) async fn visits_of_a_merged_household_count_for_the_other(storage: &dyn Storage) {
    town(storage).await;
    put_household(storage, 40, 3, "tenant").await;
    put_household(storage, 41, 4, "tenant").await;
    put_visit(storage, 50, 4, &met(41, 0)).await;
    count_all(storage).await;
    let before = [(3, [1, 0, 0, 0]), (4, [1, 1, 1, 1])];
    assert_eq!(coverage(storage, 11, today()).await, before);
    merge(storage, 41, 40).await;
    count_all(storage).await;
    let merged = [(3, [1, 1, 1, 1]), (4, [0, 0, 0, 0])];
    assert_eq!(coverage(storage, 11, today()).await, merged);
    let filter = RecordFilter {
        household: Some(record(40)),
        limit: 50,
        ..RecordFilter::default()
    };
    let visits = storage.list_records(&person(11), NOW, &filter).await;
    let visits: Vec<RecordId> = visits.unwrap().records.iter().map(|one| one.id).collect();
    assert_eq!(visits, [record(50)]);
    let alias = Alias {
        record: record(41),
        into: record(40),
    };
    assert_eq!(storage.list_aliases(&record(40)).await.unwrap(), [alias]);
    assert_eq!(
        storage.resolve_merged(&record(41)).await.unwrap(),
        record(40)
    );
    // It is due until its changes were brought over, and again when it changes.
    assert_eq!(storage.list_merges_due(9).await.unwrap(), [alias]);
    storage.settle_merge(&record(41), &[]).await.unwrap();
    assert_eq!(storage.list_merges_due(9).await.unwrap(), [alias]);
    let heads = find(storage, 41).await.heads;
    storage.settle_merge(&record(41), &heads).await.unwrap();
    assert_eq!(storage.list_merges_due(9).await.unwrap(), []);
    let stored = find(storage, 41).await;
    let changed = work(Some(&stored), 41, 4, 0, "502");
    storage.commit(commit(vec![changed], None)).await.unwrap();
    assert_eq!(storage.list_merges_due(9).await.unwrap(), [alias]);

    mark(storage, 41, &Merged::clear()).await;
    count_all(storage).await;
    assert_eq!(coverage(storage, 11, today()).await, before);
    assert_eq!(storage.list_merges_due(9).await.unwrap(), []);
    assert_eq!(grid(4), find(storage, 41).await.grid);
}
