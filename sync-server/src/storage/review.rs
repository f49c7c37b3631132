//! The review inbox: late changes of people who had a right to the record
//! once, and what supervisors decide on them. The changes themselves lie in
//! quarantine.

use async_trait::async_trait;
use wangge_model::{
    DeviceId, GridId, PersonId, QuarantineId, RecordId, RecordKind, Timestamp, protocol::Decision,
};

use super::{QuarantinedChange, StorageResult};

/// What one phone handed in late for one record and nobody has decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingReview {
    /// Its first change, which names it.
    pub id: QuarantineId,
    /// The record; the server may not have it.
    pub record: RecordId,
    /// What kind.
    pub kind: RecordKind,
    /// The record's title; empty if the server does not have it.
    pub title: String,
    /// The grid it is in, or else was filed in.
    pub grid: GridId,
    /// That grid's name; empty if there is none.
    pub grid_name: String,
    /// Whose phone.
    pub person_name: String,
    /// Its name.
    pub device_name: String,
    /// How many changes.
    pub changes: u64,
    /// When the first came.
    pub received_at: Timestamp,
}

/// A supervisor's word on changes under review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDecision {
    /// On which.
    pub changes: Vec<QuarantineId>,
    /// Taken over or not.
    pub accepted: bool,
    /// Why not.
    pub reason: String,
    /// Who decided.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// The review inbox.
#[async_trait]
pub trait ReviewStorage {
    /// What waits for a decision in the person's grids, and of their people,
    /// oldest first.
    async fn list_reviews(
        &self,
        person: &PersonId,
        at: Timestamp,
        offset: u64,
        limit: u32,
    ) -> StorageResult<Vec<PendingReview>>;
    /// How many [`Self::list_reviews`] has.
    async fn count_reviews(&self, person: &PersonId, at: Timestamp) -> StorageResult<u64>;
    /// The undecided changes that came from the same phone for the same record
    /// as this one, in the order they came, if the person may see them.
    async fn list_review_changes(
        &self,
        id: &QuarantineId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<QuarantinedChange>>;
    /// Notes a decision on each of these changes that has none; the first
    /// stands.
    async fn decide(&self, decision: &NewDecision) -> StorageResult<()>;
    /// Decisions on a device's changes after the one of this number.
    async fn list_decisions(
        &self,
        device: &DeviceId,
        after: u64,
        limit: u32,
    ) -> StorageResult<Vec<Decision>>;
}
