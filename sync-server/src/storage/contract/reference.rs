//! Reference sets and their history.

use wangge_model::{OrgNodeId, ReferenceVersion, Timestamp, protocol::ReferenceStamp};

use super::{NOW, Storage, StorageError, grid, id16, person, town};
use crate::storage::NewReference;

const RULES: &str = "visit_rules";

fn place(id: u8) -> OrgNodeId {
    OrgNodeId::from_bytes(id16(id))
}

fn set(name: &str, node: u8, body: Option<&str>) -> NewReference {
    NewReference {
        name: name.to_owned(),
        node: place(node),
        body: body.map(|body| body.as_bytes().to_vec()),
        person: None,
        at: NOW,
    }
}

async fn publish(storage: &dyn Storage, new: NewReference) -> u64 {
    storage.publish_references(&[new]).await.unwrap()
}

/// What a phone with this grid is to hold: names and places.
async fn held(storage: &dyn Storage, id: u8) -> Vec<(String, u8)> {
    storage
        .list_reference_stamps(&[grid(id)])
        .await
        .unwrap()
        .into_iter()
        .map(|stamp| (stamp.name, stamp.node.as_bytes()[0]))
        .collect()
}

pub(super) async fn every_edition_of_a_set_is_kept(storage: &dyn Storage) {
    town(storage).await;
    assert_eq!(publish(storage, set(RULES, 1, Some("{\"a\":1}"))).await, 1);
    assert_eq!(
        publish(storage, set(RULES, 1, Some("{\"a\":1}"))).await,
        0,
        "the same content is no new edition"
    );
    let later = NewReference {
        person: Some(person(12)),
        at: Timestamp::from_millis(NOW.as_millis() + 1),
        ..set(RULES, 1, Some("{\"a\":2}"))
    };
    assert_eq!(publish(storage, later).await, 1);
    let current = storage
        .find_reference(RULES, &place(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(current.body.as_deref(), Some(b"{\"a\":2}".as_slice()));
    assert_eq!((current.number, current.is_current), (2, true));
    assert_eq!(
        current.version,
        ReferenceVersion::of(RULES, &place(1), b"{\"a\":2}")
    );
    assert_eq!(current.person_name, "人12");
    let editions = storage
        .list_reference_editions(RULES, &place(1))
        .await
        .unwrap();
    let numbers: Vec<(u32, bool)> = editions
        .iter()
        .map(|edition| (edition.number, edition.is_current))
        .collect();
    assert_eq!(numbers, [(2, true), (1, false)]);
    assert!(editions.iter().all(|edition| edition.body.is_none()));
    let first = storage
        .find_reference_edition(RULES, &place(1), 1)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.body.as_deref(), Some(b"{\"a\":1}".as_slice()));
    assert_eq!(first.person_name, "");

    // Withdrawn, and given again: the history goes on.
    assert_eq!(publish(storage, set(RULES, 1, None)).await, 1);
    assert_eq!(publish(storage, set(RULES, 1, None)).await, 0);
    assert!(storage.list_references().await.unwrap().is_empty());
    let withdrawn = storage.find_reference(RULES, &place(1)).await.unwrap();
    assert_eq!(withdrawn.unwrap().body, None);
    assert_eq!(publish(storage, set(RULES, 1, Some("{\"a\":2}"))).await, 1);
    let listed = storage.list_references().await.unwrap();
    assert_eq!((listed.len(), listed[0].number), (1, 4));
    assert_eq!(listed[0].version, current.version, "by its content");
    assert_eq!(
        storage.find_reference(RULES, &place(2)).await.unwrap(),
        None
    );
}

pub(super) async fn a_phone_holds_the_sets_of_its_grids_and_above(storage: &dyn Storage) {
    town(storage).await;
    for new in [
        set(RULES, 1, Some("{\"at\":1}")),
        set(RULES, 3, Some("{\"at\":3}")),
        set("campaign.a", 4, Some("{}")),
    ] {
        publish(storage, new).await;
    }
    let rules = |node: u8| (RULES.to_owned(), node);
    assert_eq!(held(storage, 3).await, [rules(1), rules(3)]);
    assert_eq!(
        held(storage, 4).await,
        [("campaign.a".to_owned(), 4), rules(1)]
    );
    let both = storage
        .list_reference_stamps(&[grid(3), grid(4)])
        .await
        .unwrap();
    assert_eq!(both.len(), 3, "each once");
    assert!(storage.list_reference_stamps(&[]).await.unwrap().is_empty());

    // The nearest holds.
    let at = |node: u8| async move {
        let found = storage.find_reference_above(RULES, &place(node)).await;
        found.unwrap().map(|edition| edition.node.as_bytes()[0])
    };
    assert_eq!(at(3).await, Some(3));
    assert_eq!(at(4).await, Some(1));
    // Or all do, the nearest last.
    let all = storage.list_references_above("visit_", &place(3)).await;
    let all: Vec<u8> = all
        .unwrap()
        .iter()
        .map(|set| set.node.as_bytes()[0])
        .collect();
    assert_eq!(all, [1, 3]);
    let none = storage.list_references_above("campaign.", &place(3)).await;
    assert_eq!(none.unwrap(), []);
    publish(storage, set(RULES, 3, None)).await;
    assert_eq!(at(3).await, Some(1));
    publish(storage, set(RULES, 1, None)).await;
    assert_eq!(at(3).await, None);
    assert_eq!(held(storage, 3).await, []);
}

pub(super) async fn contents_come_page_by_page(storage: &dyn Storage) {
    town(storage).await;
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(90));
    for name in ["a", "b", "c"] {
        publish(storage, set(name, 1, Some(&long))).await;
    }
    let mut stamps = storage.list_reference_stamps(&[grid(3)]).await.unwrap();
    let names = |loaded: &[(ReferenceStamp, Vec<u8>)]| -> Vec<String> {
        loaded.iter().map(|(stamp, _)| stamp.name.clone()).collect()
    };
    let page = storage.load_references(&stamps, 250).await.unwrap();
    assert_eq!(names(&page), ["a", "b"]);
    assert_eq!(page[0].1, long.as_bytes());
    let page = storage.load_references(&stamps, 1).await.unwrap();
    assert_eq!(names(&page), ["a"], "one at least");
    // What is not current is not given.
    publish(storage, set("a", 1, Some("{}"))).await;
    stamps[2].version = ReferenceVersion::from_bytes([7; 16]);
    let page = storage.load_references(&stamps, 10_000).await.unwrap();
    assert_eq!(names(&page), ["b"]);
}

pub(super) async fn sets_are_published_all_or_none(storage: &dyn Storage) {
    town(storage).await;
    let error = storage
        .publish_references(&[set(RULES, 1, Some("{}")), set(RULES, 99, Some("{}"))])
        .await
        .unwrap_err();
    assert!(
        matches!(error, StorageError::Missing("org_node")),
        "{error}"
    );
    assert!(storage.list_references().await.unwrap().is_empty());
}
