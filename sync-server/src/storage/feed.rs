//! Feeds: each grid's accepted changes in the order they were committed.

use async_trait::async_trait;
use wangge_model::{ActorId, ChangeHash, GridId, RecordId, RecordKind, protocol::GridDigest};

use super::{SnapshotRow, StorageResult};

/// Where a grid's feed stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedHead {
    /// Last place taken; 0 for an empty feed.
    pub head_seq: u64,
    /// Places up to here are gone.
    pub floor_seq: u64,
    /// The last place at which a record came or left; 0 for none.
    pub moved_seq: u64,
    /// Digest of the grid's records at `head_seq`.
    pub digest: GridDigest,
}

/// A change at its place of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedChange {
    /// Its number.
    pub seq: u64,
    /// The record.
    pub record: RecordId,
    /// The record's document epoch.
    pub record_epoch: u32,
    /// What kind of record.
    pub kind: RecordKind,
    /// The change.
    pub hash: ChangeHash,
    /// Who the change says made it.
    pub actor: ActorId,
    /// The raw chunk; empty where the asker is known to have it.
    pub bytes: Vec<u8>,
}

/// One place of a feed, as it is to be told now.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedPlace {
    /// A change of a record that is in the grid.
    Change(FeedChange),
    /// The record came into the grid here, and is in it: as it stands now.
    MovedIn {
        /// Its number.
        seq: u64,
        /// The record.
        row: Box<SnapshotRow>,
    },
    /// The record of this place, whatever the place was, is in another grid; or
    /// it left here and has come back since, which a later place tells.
    MovedOut {
        /// Its number.
        seq: u64,
        /// The record.
        record: RecordId,
        /// Where it is.
        to: GridId,
        /// How often it was moved.
        moves: u32,
    },
}

impl FeedPlace {
    /// Its number.
    pub const fn seq(&self) -> u64 {
        match self {
            Self::Change(change) => change.seq,
            Self::MovedIn { seq, .. } | Self::MovedOut { seq, .. } => *seq,
        }
    }

    /// Bytes of changes or documents it brings.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Change(change) => change.bytes.len(),
            Self::MovedIn { row, .. } => row.record.document.len(),
            Self::MovedOut { .. } => 0,
        }
    }
}

/// Reading feeds and shortening them; records are written through [`super::RecordStorage`].
#[async_trait]
pub trait FeedStorage {
    /// Where each of the grids stands, in the order asked; empty feeds too.
    async fn list_feed_heads(&self, grids: &[GridId]) -> StorageResult<Vec<FeedHead>>;
    /// Places after `after` and up to `to`, in order, until they exceed
    /// `max_bytes`; at least one if there is one. Changes by the actor `own`
    /// come without their bytes.
    async fn list_feed(
        &self,
        grid: &GridId,
        after: u64,
        to: u64,
        own: Option<&ActorId>,
        max_bytes: usize,
    ) -> StorageResult<Vec<FeedPlace>>;
    /// Forgets the places of every feed but the last `keep`; their changes stay
    /// in the documents, and a phone that has not read so far fetches the grid
    /// anew. Answers how many places went.
    async fn compact_feeds(&self, keep: u64) -> StorageResult<u64>;
    /// Computes a grid's digest from its records, to check the stored one.
    async fn compute_digest(&self, grid: &GridId) -> StorageResult<GridDigest>;
}
