//! Records that may be the same, and records that were merged.

use async_trait::async_trait;
use wangge_model::{ChangeHash, PersonId, RecordId, Timestamp, duplicate::MatchKind};

use super::{ListedRecord, StorageResult};

/// Two records that share a match key.
#[derive(Debug, Clone, PartialEq)]
pub struct DuplicatePair {
    /// The one entered first.
    pub one: ListedRecord,
    /// The other.
    pub other: ListedRecord,
    /// What they share, the surest first.
    pub shared: Vec<MatchKind>,
}

/// One page of such pairs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DuplicatePage {
    /// The pairs, the surest first.
    pub pairs: Vec<DuplicatePair>,
    /// Pairs of the whole list.
    pub total: u64,
}

/// A record that was merged into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// It.
    pub record: RecordId,
    /// What it was merged into; that may be an alias itself.
    pub into: RecordId,
}

/// Duplicates. Pairs follow the records a moment later, as the search index
/// does.
#[async_trait]
pub trait DuplicateStorage {
    /// Pairs in grids where the person decides on what others wrote, without
    /// those that are merged or were found to be two.
    async fn list_duplicate_pairs(
        &self,
        person: &PersonId,
        at: Timestamp,
        offset: u64,
        limit: u32,
    ) -> StorageResult<DuplicatePage>;
    /// Remembers that two records are not the same, so that they are not listed
    /// again. The first word stands.
    async fn put_not_duplicate(
        &self,
        one: &RecordId,
        other: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()>;
    /// The record this one stands for: itself, or the last it was merged into.
    async fn resolve_merged(&self, id: &RecordId) -> StorageResult<RecordId>;
    /// The aliases of a record, those of its aliases too, nearest first.
    async fn list_aliases(&self, id: &RecordId) -> StorageResult<Vec<Alias>>;
    /// Aliases that changed since their changes were brought to the record they
    /// stand for, at most `most`.
    async fn list_merges_due(&self, most: u32) -> StorageResult<Vec<Alias>>;
    /// An alias's changes were brought over as far as these heads; it stays due
    /// if it has others by now.
    async fn settle_merge(&self, alias: &RecordId, heads: &[ChangeHash]) -> StorageResult<()>;
}
