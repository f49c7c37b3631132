//! Lists and search give the same whether the index knows the records or not,
//! and what makes households the same is found.

use std::collections::BTreeMap;

use wangge_model::{
    Entropy as _, FieldPath, FieldValue, RecordId, RecordKind, document::Fields,
    duplicate::match_keys, testing::SeededEntropy,
};

use super::{NOW, NewMove, OrgLevel, Storage, commit, find, grid, id16, node, person, town, work};
use crate::storage::{RecordFilter, RecordOrder};

/// Grids below community 5 beside its first: more than are read one by one.
const GRIDS: std::ops::Range<u8> = 100..180;
const RECORDS: std::ops::RangeInclusive<u8> = 1..=90;
const WORDS: [&str; 12] = [
    "阳光", "花园", "3号楼", "小区", "王", "王伟", "欧阳", "13800", "a\"b", "50%", "南", "OLD",
];
const QUERIES: [&str; 14] = [
    "阳光",
    "阳光花园",
    "园",
    "王",
    "王伟",
    "伟",
    "3号",
    "13800",
    "old",
    "阳光 王",
    "a\"b",
    "50%",
    "查无此词",
    "南 3号楼 欧阳",
];

/// What the records are called, and the grid each is in.
type Register = BTreeMap<u8, (u8, String)>;

fn title(entropy: &SeededEntropy) -> String {
    let mut bytes = [0; 5];
    entropy.fill(&mut bytes);
    let count = 1 + usize::from(bytes[4]) % 4;
    bytes
        .iter()
        .take(count)
        .map(|byte| WORDS[usize::from(*byte) % WORDS.len()])
        .collect()
}

fn expected(register: &Register, grids: &[u8], text: &str) -> Vec<u8> {
    let words: Vec<String> = text.split(' ').map(str::to_lowercase).collect();
    let fits = |title: &str| {
        let title = title.to_lowercase();
        words.iter().all(|word| title.contains(word.as_str()))
    };
    register
        .iter()
        .rev()
        .filter(|(_, (place, title))| grids.contains(place) && fits(title))
        .map(|(id, _)| *id)
        .collect()
}

async fn compare(storage: &dyn Storage, register: &Register, when: &str) {
    let all: Vec<u8> = [3, 4, 6].into_iter().chain(GRIDS).collect();
    let scopes: [(u8, &[u8]); 3] = [(10, &[3]), (11, &[3, 4]), (12, &all)];
    for (viewer, grids) in scopes {
        for text in QUERIES.into_iter().chain([""]) {
            let wanted = expected(register, grids, text);
            for (offset, limit) in [(0, 5_u32), (3, 4), (0, 500)] {
                let filter = RecordFilter {
                    kind: Some(RecordKind::Household),
                    text: text.to_owned(),
                    offset,
                    limit,
                    order: RecordOrder::Edited,
                    ..RecordFilter::default()
                };
                let page = storage
                    .list_records(&person(viewer), NOW, &filter)
                    .await
                    .unwrap();
                let found: Vec<u8> = page.records.iter().map(|r| r.id.as_bytes()[0]).collect();
                let part: Vec<u8> = wanted
                    .iter()
                    .copied()
                    .skip(usize::try_from(offset).unwrap())
                    .take(limit as usize)
                    .collect();
                assert_eq!(
                    found, part,
                    "{when}: {viewer} looks for {text:?} at {offset}"
                );
                assert_eq!(page.total, wanted.len() as u64, "{when}: {viewer} {text:?}");
            }
        }
    }
}

pub(super) async fn lists_are_the_same_indexed_or_not(storage: &dyn Storage) {
    town(storage).await;
    let nodes: Vec<_> = GRIDS.map(|id| node(id, Some(5), OrgLevel::Grid)).collect();
    storage.create_nodes(&nodes).await.unwrap();
    let entropy = SeededEntropy::new(7);
    let mut register = Register::new();
    for id in RECORDS {
        let place = match id % 4 {
            0 => 3,
            1 => 4,
            _ => GRIDS.start + id % 80,
        };
        register.insert(id, (place, title(&entropy)));
    }
    let works = (0_u32..)
        .zip(&register)
        .map(|(item, (id, (place, title)))| work(None, *id, *place, item, title))
        .collect();
    storage.commit(commit(works, None)).await.unwrap();
    compare(storage, &register, "nothing indexed").await;
    assert!(storage.index_some(30).await.unwrap());
    compare(storage, &register, "a third indexed").await;
    while storage.index_some(30).await.unwrap() {}
    assert_eq!(storage.count_unindexed().await.unwrap(), 0);
    compare(storage, &register, "all indexed").await;

    for id in [4, 5, 30, 77] {
        let title = title(&entropy);
        let stored = find(storage, id).await;
        let place = stored.grid.as_bytes()[0];
        let new = work(Some(&stored), id, place, 0, &title);
        storage.commit(commit(vec![new], None)).await.unwrap();
        register.insert(id, (place, title));
    }
    for (id, to) in [(8, 4), (9, GRIDS.start), (78, 3)] {
        let new = NewMove {
            record: RecordId::from_bytes(id16(id)),
            to: grid(to),
            person: None,
            at: NOW,
            moves: None,
        };
        storage.move_record(new).await.unwrap();
        register.get_mut(&id).unwrap().0 = to;
    }
    compare(storage, &register, "some changed and moved").await;
    while storage.index_some(3).await.unwrap() {}
    compare(storage, &register, "indexed again").await;
}

pub(super) async fn what_makes_households_the_same_is_found(storage: &dyn Storage) {
    town(storage).await;
    let secret = storage.find_match_secret().await.unwrap();
    let new = commit(vec![work(None, 40, 3, 0, "3号楼501室")], None);
    storage.commit(new).await.unwrap();
    let mut fields = Fields::default();
    fields.set(
        FieldPath::new("address.room").unwrap(),
        Some(FieldValue::text("3-501")),
    );
    let signs = match_keys(RecordKind::Household, &fields);
    let key = secret.digest_in(&grid(3), &signs[0]);
    let there = secret.digest_in(&grid(4), &signs[0]);
    assert_eq!(storage.list_matches(&[key]).await.unwrap(), []);
    assert!(!storage.index_some(10).await.unwrap());
    let record = RecordId::from_bytes(id16(40));
    assert_eq!(
        storage.list_matches(&[there, key]).await.unwrap(),
        [(key, record)]
    );
    // It follows the record, and what the record no longer is matches nothing.
    let new = NewMove {
        record,
        to: grid(4),
        person: None,
        at: NOW,
        moves: None,
    };
    storage.move_record(new).await.unwrap();
    storage.index_some(10).await.unwrap();
    assert_eq!(
        storage.list_matches(&[there, key]).await.unwrap(),
        [(there, record)]
    );
    let stored = find(storage, 40).await;
    let changed = work(Some(&stored), 40, 4, 0, "3号楼502室");
    storage.commit(commit(vec![changed], None)).await.unwrap();
    storage.index_some(10).await.unwrap();
    assert_eq!(storage.list_matches(&[there, key]).await.unwrap(), []);
}
