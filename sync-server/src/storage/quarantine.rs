//! Changes that could not be applied, kept with the reason.

use async_trait::async_trait;
use wangge_model::{
    ActorId, ChangeHash, DeviceId, GridId, PersonId, QuarantineId, RecordId, RecordKind, Timestamp,
};

use super::StorageResult;

/// A change to keep apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewQuarantine {
    /// Id of the row.
    pub id: QuarantineId,
    /// The record, as the phone said.
    pub record: RecordId,
    /// Its kind, as the phone said.
    pub kind: RecordKind,
    /// The record's grid if it is known, else as the phone said.
    pub grid: GridId,
    /// The change's hash, as the phone said.
    pub hash: ChangeHash,
    /// The bytes as they came.
    pub bytes: Vec<u8>,
    /// Why; texts are `quarantine-<code>`.
    pub code: String,
    /// What exactly.
    pub detail: String,
}

/// A change that an earlier life of the server had and that has no place in its
/// record now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplacedChange {
    /// Who it says made it.
    pub actor: ActorId,
    /// What to keep.
    pub change: NewQuarantine,
}

/// One kept change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedChange {
    /// What was kept and why.
    pub change: NewQuarantine,
    /// Who handed it in.
    pub device: DeviceId,
    /// That phone's name.
    pub device_name: String,
    /// Whose phone it is.
    pub person: PersonId,
    /// That person's name.
    pub person_name: String,
    /// When.
    pub received_at: Timestamp,
}

/// Looking at quarantine; pushes write it through [`super::RecordStorage`].
#[async_trait]
pub trait QuarantineStorage {
    /// Keeps displaced changes, each under its author's device if that is known
    /// here and else under the one that brought it; once, whoever brings it.
    /// They do not count towards what a device may hold: they were accepted
    /// before.
    async fn keep_displaced(
        &self,
        changes: Vec<DisplacedChange>,
        device: &DeviceId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()>;
    /// Kept changes of grids in the person's scope, and the person's own,
    /// newest first.
    async fn list_quarantine(
        &self,
        person: &PersonId,
        at: Timestamp,
        offset: u64,
        limit: u32,
    ) -> StorageResult<Vec<QuarantinedChange>>;
    /// How many [`Self::list_quarantine`] has.
    async fn count_quarantine(&self, person: &PersonId, at: Timestamp) -> StorageResult<u64>;
    /// One kept change, if the person may see it.
    async fn find_quarantine(
        &self,
        id: &QuarantineId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Option<QuarantinedChange>>;
}
