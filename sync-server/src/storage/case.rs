//! Cases of incidents: inboxes of desks and units, and what is due by itself.

use std::collections::HashSet;

use async_trait::async_trait;
use wangge_model::{
    GridId, OrgNodeId, PersonId, RecordId, Timestamp,
    case::{CaseLevel, CaseState},
    deadline::Light,
};

use super::{ListedRecord, StorageResult, StoredRecord};

/// Whose cases a list shows; always within the person's scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CaseQueue {
    /// All of them.
    #[default]
    All,
    /// Those that a unit of the person's has, or that it was whistled for.
    Units,
    /// Those that a desk of this level is responsible for.
    Desk(CaseLevel),
}

/// Which cases a list shows; unset parts do not narrow it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaseFilter {
    /// Whose.
    pub queue: CaseQueue,
    /// In this state; not given: those where something is still to be done, or
    /// all of them if `first_asked` narrows it.
    pub state: Option<CaseState>,
    /// With this light.
    pub light: Option<Light>,
    /// Of classes whose codes begin so.
    pub class: String,
    /// Of this grid.
    pub grid: Option<GridId>,
    /// Whose tracker this person is, because they were asked first (首问责任).
    pub first_asked: Option<PersonId>,
    /// Received from then on and before then.
    pub received: Option<(Timestamp, Timestamp)>,
    /// Rows to leave out at the start.
    pub offset: u64,
    /// Most rows.
    pub limit: u32,
}

/// A case as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedCase {
    /// The incident.
    pub record: ListedRecord,
    /// How many people reported it, see
    /// [`LikenessStorage::count_reporters`](super::LikenessStorage::count_reporters).
    pub reporters: u32,
    /// Incidents that may be the same.
    pub alike: u32,
}

/// One page of a list, most pressing first; every reporter more brings a case
/// forward.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CasePage {
    /// The rows.
    pub cases: Vec<ListedCase>,
    /// Rows of the whole list, counted up to [`CasePage::MOST`].
    pub total: u64,
}

impl CasePage {
    /// Rows beyond this are not counted: nobody reads that far.
    pub const MOST: u64 = 10_000;
}

/// What somebody was asked first, as a supervisor sees it (跟踪问效).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstAskedSum {
    /// Who was asked.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Cases in all.
    pub total: u64,
    /// Of those in which something is still to be done.
    pub open: u64,
    /// Of the open ones beyond their time.
    pub overdue: u64,
    /// Done, and the reporter was not told yet.
    pub untold: u64,
    /// Closed: the reporter was told.
    pub told: u64,
}

/// A case the clockwork has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCase {
    /// The incident.
    pub record: RecordId,
    /// Requests without an outcome.
    pub open_requests: u32,
}

/// Whose cases somebody sees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaseScope {
    /// Those of these grids.
    pub grids: HashSet<GridId>,
    /// Those these units have or are whistled for.
    pub units: HashSet<OrgNodeId>,
}

/// Cases.
#[async_trait]
pub trait CaseStorage {
    /// What [`Self::list_cases`] lists from.
    async fn find_case_scope(&self, person: &PersonId, at: Timestamp) -> StorageResult<CaseScope>;
    /// A page of the cases in the person's scope: of grids whose incidents they
    /// may read, and of units they work for.
    async fn list_cases(
        &self,
        filter: &CaseFilter,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<CasePage>;
    /// How many of the cases received in that time each person was asked first
    /// about, of those in the viewer's scope; most open ones first. Whoever may
    /// not see who did how much sees themselves alone.
    async fn sum_first_asked(
        &self,
        received: (Timestamp, Timestamp),
        viewer: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<FirstAskedSum>>;
    /// An incident, if it is in that scope.
    async fn find_case(
        &self,
        id: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Option<StoredRecord>>;
    /// Papers of places in the person's scope that this level approved, those
    /// that changed last first, 1,000 at most.
    async fn list_approved(
        &self,
        level: CaseLevel,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<StoredRecord>>;
    /// Cases whose time has come at `at`, longest ago first.
    async fn list_due_cases(&self, at: Timestamp, limit: u32) -> StorageResult<Vec<DueCase>>;
    /// Cases with requests that have no outcome, of records nobody changed since
    /// `before`.
    async fn list_unanswered_cases(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> StorageResult<Vec<DueCase>>;
    /// Puts off a case that could not be dealt with.
    async fn put_off_case(&self, id: &RecordId, until: Timestamp) -> StorageResult<()>;
    /// Takes or keeps a job until `until`; `false` if somebody else has it at
    /// `at`.
    async fn lease_job(
        &self,
        name: &str,
        holder: &[u8; 16],
        at: Timestamp,
        until: Timestamp,
    ) -> StorageResult<bool>;
}
