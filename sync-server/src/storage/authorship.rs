//! Who handed in a change, as the server knows it.

use async_trait::async_trait;
use wangge_model::{ActorId, ChangeHash, DeviceId, PersonId, RecordId, Timestamp};

use super::StorageResult;

/// Who handed in one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorship {
    /// The change.
    pub hash: ChangeHash,
    /// Who; `None` for the server itself.
    pub person: Option<PersonId>,
    /// That person's name.
    pub person_name: Option<String>,
    /// With which phone; `None` at the console.
    pub device: Option<DeviceId>,
    /// That phone's name.
    pub device_name: Option<String>,
    /// The signed manifest that named it.
    pub manifest_counter: Option<u64>,
    /// When it reached the server.
    pub received_at: Timestamp,
}

/// Evidence of authors.
#[async_trait]
pub trait AuthorshipStorage {
    /// Everybody who changed a record, in order of arrival.
    async fn list_authorship(&self, record: &RecordId) -> StorageResult<Vec<Authorship>>;
    /// The person behind an actor.
    async fn find_person_of_actor(&self, actor: &ActorId) -> StorageResult<Option<PersonId>>;
}
