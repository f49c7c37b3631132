//! What only the console asks: figures per grid, names of records, and who looked at
//! what lies in quarantine.

use async_trait::async_trait;
use wangge_model::{OrgNodeId, PersonId, QuarantineId, RecordId, RecordKind, Timestamp};

use super::StorageResult;

/// How many of each a grid has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GridCounts {
    /// Household files.
    pub households: u64,
    /// Visits.
    pub visits: u64,
    /// Incidents.
    pub incidents: u64,
    /// Places.
    pub places: u64,
    /// Records with a field that has several values.
    pub conflicts: u64,
    /// Changes in quarantine that nobody has looked at.
    pub quarantined: u64,
}

/// How a grid stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridOverview {
    /// The grid.
    pub id: OrgNodeId,
    /// Its name.
    pub name: String,
    /// Its code; may be empty.
    pub code: String,
    /// What it has.
    pub counts: GridCounts,
    /// When a phone of somebody assigned to the grid itself last came.
    pub last_sync_at: Option<Timestamp>,
}

/// Somebody looked at a change in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineReview {
    /// The kept change.
    pub id: QuarantineId,
    /// Who.
    pub person_name: String,
    /// When.
    pub at: Timestamp,
}

/// What a record is called where another one names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordName {
    /// What kind it is.
    pub kind: RecordKind,
    /// Its title.
    pub title: String,
}

/// What only the console asks.
#[async_trait]
pub trait ConsoleStorage {
    /// How the grids in the person's scope stand, by code.
    async fn list_grid_overviews(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<GridOverview>>;
    /// What those records are called that are in the person's scope.
    async fn list_names_in_scope(
        &self,
        ids: &[RecordId],
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<(RecordId, RecordName)>>;
    /// Notes that a person looked at a kept change; the first stands.
    async fn review_quarantine(
        &self,
        id: &QuarantineId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()>;
    /// Which of these were looked at. The caller has checked that the person
    /// may see them.
    async fn list_quarantine_reviews(
        &self,
        ids: &[QuarantineId],
    ) -> StorageResult<Vec<QuarantineReview>>;
}
