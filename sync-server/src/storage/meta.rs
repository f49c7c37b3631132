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
    /// Lets a series of numbers go on above `to`, if it is not past it.
    async fn raise_sequence(&self, name: &str, to: u64) -> StorageResult<()>;
    /// Answers quickly and fails if the database cannot be read.
    async fn ping(&self) -> StorageResult<()>;
    /// Copies the database, consistent as of now, into a new file. The copy
    /// names no life of a server that exists, so that serving it begins a new
    /// one, however it gets back into a data folder.
    async fn back_up(&self, to: &std::path::Path) -> StorageResult<()>;
    /// Finishes what is queued, makes it durable and lets go of the files.
    async fn close(&self) -> StorageResult<()>;
}
