//! Whether a data folder is for real use or for tests. Only a test takes
//! identity numbers of counties that were never assigned, and only data that
//! nobody has used yet can become a test, so the two never mix.

use wangge_model::CitizenIdPolicy;

use crate::storage::{Storage, StorageResult};

/// Name of the fact in the database.
const META: &str = "profile";
/// Its value for a test; without one the data is for real use.
const TEST: &[u8] = b"test";

/// What the data is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// Real people.
    #[default]
    Production,
    /// Made-up people: tests, training, measuring.
    Test,
}

impl Profile {
    /// What this data is for.
    pub async fn find(storage: &dyn Storage) -> StorageResult<Self> {
        let marked = storage.find_meta(META).await?;
        Ok(if marked.as_deref() == Some(TEST) {
            Self::Test
        } else {
            Self::Production
        })
    }

    /// Marks data as a test, if nothing is in it yet; answers whether it is one
    /// now.
    pub async fn mark_test(storage: &dyn Storage) -> StorageResult<bool> {
        if Self::find(storage).await? == Self::Test {
            return Ok(true);
        }
        if storage.count_nodes().await? > 0 || !storage.list_people().await?.is_empty() {
            return Ok(false);
        }
        storage.put_meta(META, TEST).await?;
        Ok(true)
    }

    /// Which identity numbers are taken.
    pub const fn citizen_id_policy(self) -> CitizenIdPolicy {
        match self {
            Self::Production => CitizenIdPolicy::Production,
            Self::Test => CitizenIdPolicy::Synthetic,
        }
    }
}
