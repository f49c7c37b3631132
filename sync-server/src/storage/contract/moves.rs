//! Records that move between grids.

use super::{
    Arc, CommitHooks, NOW, Numbering, RecordId, RecordWork, Storage, StorageError, StorageResult,
    StoredRecord, commit, find, grid, head, id16, town, work,
};
use crate::storage::{FeedPlace, NewMove};

fn moved(id: u8, to: u8) -> NewMove {
    NewMove {
        record: RecordId::from_bytes(id16(id)),
        to: grid(to),
        person: None,
        at: NOW,
        moves: None,
    }
}

/// Places of a feed in short: a change, or where the record is or came in.
async fn places(storage: &dyn Storage, place: u8, after: u64) -> Vec<String> {
    let head = head(storage, place).await;
    let feed = storage
        .list_feed(&grid(place), after, head.head_seq, None, usize::MAX)
        .await
        .unwrap();
    assert!(
        feed.iter()
            .map(FeedPlace::seq)
            .eq(after + 1..=head.head_seq)
    );
    assert_eq!(
        storage.compute_digest(&grid(place)).await.unwrap(),
        head.digest
    );
    feed.iter()
        .map(|place| match place {
            FeedPlace::Change(_) => "change".to_owned(),
            FeedPlace::MovedIn { row, .. } => format!("in {}", row.record.moves),
            FeedPlace::MovedOut { to, moves, .. } => {
                format!("to {} {moves}", to.as_bytes()[0])
            }
        })
        .collect()
}

pub(super) async fn a_move_leaves_one_feed_and_enters_the_other(storage: &dyn Storage) {
    town(storage).await;
    for id in [40, 41] {
        let new = commit(vec![work(None, id, 3, 0, "一")], None);
        storage.commit(new).await.unwrap();
    }
    let outcome = storage.move_record(moved(40, 4)).await.unwrap();
    assert_eq!(
        (outcome.from, outcome.grids),
        (grid(3), vec![(grid(3), 3), (grid(4), 1)])
    );
    let stored = find(storage, 40).await;
    assert_eq!((stored.grid, stored.moves, stored.version), (grid(4), 1, 2));
    // What it was in the grid it left is not told there any more.
    assert_eq!(places(storage, 3, 0).await, ["to 4 1", "change", "to 4 1"]);
    assert_eq!(places(storage, 4, 0).await, ["in 1"]);
    assert_eq!(head(storage, 3).await.moved_seq, 3);
    // To where it is: nothing.
    let again = storage.move_record(moved(40, 4)).await.unwrap();
    assert_eq!(again.grids, []);
    // Changed there, and back.
    let there = commit(vec![work(Some(&stored), 40, 4, 0, "二")], None);
    storage.commit(there).await.unwrap();
    storage.move_record(moved(40, 3)).await.unwrap();
    assert_eq!(places(storage, 4, 0).await, ["to 3 2", "to 3 2", "to 3 2"]);
    assert_eq!(
        places(storage, 3, 0).await,
        ["change", "change", "to 3 2", "in 2"]
    );
    // From before a restore: only what is newer counts.
    let old = NewMove {
        moves: Some(2),
        ..moved(40, 4)
    };
    assert_eq!(storage.move_record(old).await.unwrap().grids, []);
    let newer = NewMove {
        moves: Some(5),
        ..moved(40, 4)
    };
    storage.move_record(newer).await.unwrap();
    assert_eq!(find(storage, 40).await.moves, 5);
    for (id, to, what) in [(99, 4, "record"), (41, 2, "grid")] {
        let wrong = storage.move_record(moved(id, to)).await;
        assert!(
            matches!(wrong, Err(StorageError::Missing(said)) if said == what),
            "{wrong:?}"
        );
    }
    // Below the floor nothing is left, and nothing is missing above it.
    assert_eq!(storage.compact_feeds(1).await.unwrap(), 4 + 3);
    assert_eq!(places(storage, 3, 4).await, ["to 4 5"]);
}

#[derive(Debug)]
struct Elsewhere;

impl CommitHooks for Elsewhere {
    fn rework(&self, _: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        assert_eq!(stored.grid, grid(4), "it sees where the record is");
        Ok(work(Some(stored), stored.id.as_bytes()[0], 4, 0, "后来"))
    }
    fn number(&self, _: RecordWork, _: Numbering, _: u64) -> StorageResult<RecordWork> {
        Err(StorageError::Corrupt("unexpected number"))
    }
}

pub(super) async fn what_was_judged_before_a_move_is_judged_again(storage: &dyn Storage) {
    town(storage).await;
    storage
        .commit(commit(vec![work(None, 40, 3, 0, "先")], None))
        .await
        .unwrap();
    let before = find(storage, 40).await;
    storage.move_record(moved(40, 4)).await.unwrap();
    let mut late = commit(vec![work(Some(&before), 40, 3, 0, "后")], None);
    late.hooks = Arc::new(Elsewhere);
    storage.commit(late).await.unwrap();
    assert_eq!(places(storage, 3, 0).await, ["to 4 1", "to 4 1"]);
    assert_eq!(places(storage, 4, 0).await, ["in 1", "change"]);
}
