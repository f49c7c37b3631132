//! What residents report by the code on a wall, and how it went.

use async_trait::async_trait;
use wangge_model::{GridId, PersonId, RecordId, Timestamp, case::CaseState, resident::ReportStage};

use super::StorageResult;

/// A code to make; the caller has checked its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReportCode {
    /// The code.
    pub code: String,
    /// Where its reports go.
    pub grid: GridId,
    /// The place it hangs at, in that grid now.
    pub place: Option<RecordId>,
    /// Where it hangs, in words.
    pub label: String,
    /// Who makes it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A code as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportCode {
    /// The code.
    pub code: String,
    /// Where it hangs.
    pub label: String,
    /// Name of the grid its reports go to.
    pub grid_name: String,
    /// Name of the place it hangs at; empty if at none.
    pub place_name: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Reports that came by it.
    pub reports: u64,
}

/// A code that is open, as whoever reads it off a wall gets to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCode {
    /// Where reports go now.
    pub grid: GridId,
    /// The place it hangs at.
    pub place: Option<RecordId>,
    /// Where it hangs.
    pub label: String,
}

/// A report that comes in; its incident is written afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResidentReport {
    /// Id of the incident.
    pub record: RecordId,
    /// By which code.
    pub code: String,
    /// SHA-256 of the tracking code.
    pub tracking: [u8; 32],
    /// Whom to tell.
    pub phone: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A report as whoever made it may see it: nothing about people or places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackedReport {
    /// How far it is.
    pub stage: ReportStage,
    /// When it came.
    pub received_at: Timestamp,
}

impl TrackedReport {
    /// From a case's state; one that a later build writes is told as the last
    /// that this one knows.
    pub(super) fn of(state: Option<&str>, told: ReportStage, received_at: Timestamp) -> Self {
        let state = state.and_then(CaseState::parse);
        Self {
            stage: state.map_or(told, ReportStage::of),
            received_at,
        }
    }
}

/// Codes and reports of residents.
#[async_trait]
pub trait ResidentStorage {
    /// Makes a code. `Missing("org_node")` unless the person sits at a desk of
    /// the grid, and the place, if one is named, is in it.
    async fn create_report_code(&self, new: &NewReportCode) -> StorageResult<()>;
    /// The codes of grids at whose desk the person sits, the latest 500, those
    /// that are open first.
    async fn list_report_codes(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<ReportCode>>;
    /// One of these.
    async fn find_report_code(
        &self,
        code: &str,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Option<ReportCode>>;
    /// Revokes one of these; `false` if somebody did. `Missing("report_code")`.
    async fn revoke_report_code(
        &self,
        code: &str,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool>;
    /// A code that is open, whoever asks.
    async fn find_open_code(&self, code: &str) -> StorageResult<Option<OpenCode>>;
    /// Keeps a report and answers the id its incident is to have: of one with
    /// this tracking code that is there already the id it got then.
    async fn put_resident_report(&self, new: &NewResidentReport) -> StorageResult<RecordId>;
    /// The report with this tracking code, whoever asks.
    async fn find_tracked_report(
        &self,
        tracking: &[u8; 32],
    ) -> StorageResult<Option<TrackedReport>>;
}
