//! Finding records at the size of a district: the search index, and the keys by
//! which two households may be the same.

use std::fmt;

use async_trait::async_trait;
use wangge_model::RecordId;

use super::StorageResult;

/// A keyed hash of something that makes two households the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchKey([u8; 16]);

impl MatchKey {
    /// Wraps the given bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatchKey({})", hex::encode(self.0))
    }
}

/// Finding records.
#[async_trait]
pub trait FindingStorage {
    /// Brings the index up to date for at most this many records; answers
    /// whether more wait. Until then those are found by reading them.
    async fn index_some(&self, most: usize) -> StorageResult<bool>;
    /// Records whose index waits to be brought up to date.
    async fn count_unindexed(&self) -> StorageResult<u64>;
    /// The households that have one of these keys, as far as the index knows.
    async fn list_matches(&self, keys: &[MatchKey]) -> StorageResult<Vec<(MatchKey, RecordId)>>;
    /// The secret behind [`MatchKey`]s.
    async fn find_match_secret(&self) -> StorageResult<[u8; 32]>;
}
