//! Incidents that may be about one thing, and the reports that were merged into
//! one.

use async_trait::async_trait;
use wangge_model::{PersonId, RecordId, Timestamp, likeness::Likeness};

use super::{ListedRecord, StorageResult};

/// An incident that may be the same as another.
#[derive(Debug, Clone, PartialEq)]
pub struct AlikeCase {
    /// The incident.
    pub record: ListedRecord,
    /// How alike the two are.
    pub likeness: Likeness,
}

/// What one step of comparing did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// Incidents that were compared.
    pub count: u32,
    /// Incidents that two people merged into one another at the same moment: one
    /// of each ring, to be taken back.
    pub tangled: Vec<RecordId>,
}

/// Reports that may be one.
#[async_trait]
pub trait LikenessStorage {
    /// Compares up to `limit` incidents that changed with those that are not
    /// over, by the rules that hold in their grids.
    async fn compare_incidents(&self, limit: u32) -> StorageResult<Compared>;
    /// Incidents in the person's scope that may be the same as this one, the
    /// likeliest first, at most ten. A moment behind the records.
    async fn list_alike(
        &self,
        id: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<AlikeCase>>;
    /// The reports in the person's scope that were merged into this one, also by
    /// way of others, earliest first, at most 100.
    async fn list_merged(
        &self,
        id: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<ListedRecord>>;
    /// How many people reported it: whoever reported it itself or something that
    /// was merged into it; each report of somebody without an account is one.
    async fn count_reporters(&self, id: &RecordId) -> StorageResult<u32>;
    /// Those of these incidents that others may be merged into: in the person's
    /// scope, and not merged or void themselves.
    async fn list_merge_targets(
        &self,
        ids: &[RecordId],
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<RecordId>>;
}
