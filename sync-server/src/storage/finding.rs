//! Finding records at the size of a district: the search index, and the keys by
//! which two households may be the same.

use async_trait::async_trait;
use wangge_model::{
    RecordId,
    duplicate::{MatchDigest, MatchSecret},
};

use super::StorageResult;

/// Finding records.
#[async_trait]
pub trait FindingStorage {
    /// Brings the index up to date for at most this many records; answers
    /// whether more wait. Until then those are found by reading them.
    async fn index_some(&self, most: usize) -> StorageResult<bool>;
    /// Records whose index waits to be brought up to date.
    async fn count_unindexed(&self) -> StorageResult<u64>;
    /// The households and places that have one of these keys, as far as the index knows.
    async fn list_matches(
        &self,
        keys: &[MatchDigest],
    ) -> StorageResult<Vec<(MatchDigest, RecordId)>>;
    /// The secret behind the keys.
    async fn find_match_secret(&self) -> StorageResult<MatchSecret>;
}
