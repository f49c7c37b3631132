//! The duty roster, the counts of its rates, and where workers were last seen.

use async_trait::async_trait;
use wangge_model::{
    DutyId, GridId, OrgNodeId, PersonId, RateCountId, RecordKind, Timestamp,
    assessment::Figure,
    duty::{DutyRate, RateCount, Shift},
};

use super::{StorageResult, WorkSpan};

/// A duty to plan; the caller has checked its note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDuty {
    /// Its id.
    pub id: DutyId,
    /// Where.
    pub node: OrgNodeId,
    /// Who.
    pub person: PersonId,
    /// When.
    pub shift: Shift,
    /// What else to know.
    pub note: String,
    /// Who plans it.
    pub planned_by: PersonId,
    /// When that is.
    pub at: Timestamp,
}

/// A duty of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// Its id.
    pub id: DutyId,
    /// Where.
    pub node: OrgNodeId,
    /// That place's name.
    pub node_name: String,
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub person_name: String,
    /// Their number for residents; may be empty.
    pub phone: String,
    /// When.
    pub shift: Shift,
    /// What else to know.
    pub note: String,
    /// Name of who planned it.
    pub planned_by: String,
    /// Whether the reader plans the duties of that place.
    pub may_plan: bool,
}

/// A count for a rate to keep; the caller has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRateCount {
    /// Its id.
    pub id: RateCountId,
    /// Where it was counted.
    pub node: OrgNodeId,
    /// What was counted.
    pub count: RateCount,
    /// Who enters it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A count that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnteredCount {
    /// Its id.
    pub id: RateCountId,
    /// Where it was counted.
    pub node_name: String,
    /// What was counted.
    pub count: RateCount,
    /// Name of who entered it.
    pub person_name: String,
    /// Whether the reader may withdraw it.
    pub may_withdraw: bool,
}

/// The four rates of a place, in the order of [`DutyRate::ALL`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceRates {
    /// The place.
    pub node: OrgNodeId,
    /// Its name.
    pub name: String,
    /// The rates; nothing counted is no rate.
    pub rates: [Figure; DutyRate::ALL.len()],
}

/// Where a worker was last, as what they handed in says.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerSpot {
    /// Who.
    pub person: PersonId,
    /// Their name; masked for whoever neither leads them nor sits at a desk.
    pub person_name: String,
    /// The grid of the record that says so.
    pub grid: GridId,
    /// That grid's name.
    pub grid_name: String,
    /// When they were there.
    pub at: Timestamp,
    /// What kind of record says so.
    pub kind: RecordKind,
    /// Degrees east (WGS-84), rounded to about a hundred metres.
    pub longitude: f64,
    /// Degrees north, rounded likewise.
    pub latitude: f64,
}

/// The duty roster.
#[async_trait]
pub trait DutyStorage {
    /// Plans a duty. `Missing("org_node")` unless the planner sits at the desk of
    /// that place or above it, `Missing("person")` unless that person works in
    /// the planner's area, `Taken("duty")` if they are on duty then.
    async fn plan_duty(&self, new: &NewDuty) -> StorageResult<()>;
    /// Takes a duty back; it is kept and does not count. `Missing("duty")` if
    /// there is none that the person plans.
    async fn cancel_duty(&self, id: &DutyId, person: &PersonId, at: Timestamp)
    -> StorageResult<()>;
    /// The duties that overlap this time, by place and time: of places whose
    /// staff the viewer may see, and the viewer's own. At most 1,000.
    async fn list_duties(
        &self,
        viewer: &PersonId,
        at: Timestamp,
        within: Shift,
    ) -> StorageResult<Vec<Duty>>;
    /// Keeps a count. `Missing("org_node")` unless the person sits at the desk of
    /// that place or above it, or assesses there.
    async fn create_rate_count(&self, new: &NewRateCount) -> StorageResult<()>;
    /// Takes a count back; it is kept and does not count. `Missing("rate_count")`
    /// if there is none that the person may enter.
    async fn withdraw_rate_count(
        &self,
        id: &RateCountId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()>;
    /// The counts of these days at or below places whose figures the viewer may
    /// see, latest first, at most 500.
    async fn list_rate_counts(
        &self,
        viewer: &PersonId,
        at: Timestamp,
        days: WorkSpan,
    ) -> StorageResult<Vec<EnteredCount>>;
    /// The four rates of a place and those directly below it; `None` if the
    /// viewer may not see its figures. The place itself comes first.
    async fn find_rates(
        &self,
        viewer: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
        days: WorkSpan,
    ) -> StorageResult<Option<Vec<PlaceRates>>>;
    /// Where workers were last since then, in grids whose work the viewer may
    /// see, and the viewer themselves; latest first, at most 2,000.
    async fn list_worker_spots(
        &self,
        viewer: &PersonId,
        at: Timestamp,
        since: Timestamp,
    ) -> StorageResult<Vec<WorkerSpot>>;
}
