//! Facts about the database as a whole.

use async_trait::async_trait;

use super::StorageResult;

/// Small values by name.
#[async_trait]
pub trait MetaStorage {
    /// The value, if it was ever set.
    async fn find_meta(&self, key: &str) -> StorageResult<Option<Vec<u8>>>;
    /// Sets it.
    async fn put_meta(&self, key: &str, value: &[u8]) -> StorageResult<()>;
    /// Answers quickly and fails if the database cannot be read.
    async fn ping(&self) -> StorageResult<()>;
    /// Copies the database, consistent as of now, into a new file.
    async fn back_up(&self, to: &std::path::Path) -> StorageResult<()>;
    /// Finishes what is queued, makes it durable and lets go of the files.
    async fn close(&self) -> StorageResult<()>;
}
