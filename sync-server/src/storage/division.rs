//! The state's table of divisions.

use async_trait::async_trait;

use super::StorageResult;

/// One division as imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// 2 to 12 digits.
    pub code: String,
    /// Name.
    pub name: String,
    /// `province`, `prefecture`, `county`, `street` or `community`.
    pub level: String,
    /// Code of the division it lies in.
    pub parent: Option<String>,
}

/// The table.
#[async_trait]
pub trait DivisionStorage {
    /// Adds or renames divisions, all or none; answers how many are new.
    async fn put_divisions(&self, divisions: Vec<Division>) -> StorageResult<u64>;
    /// A division by code.
    async fn find_division(&self, code: &str) -> StorageResult<Option<Division>>;
    /// The divisions directly below (`None`: provinces), by code.
    async fn list_divisions(&self, parent: Option<&str>) -> StorageResult<Vec<Division>>;
    /// Number of divisions.
    async fn count_divisions(&self) -> StorageResult<u64>;
}
