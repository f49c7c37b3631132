//! What was done: who handed in how much on which days, figures of workers and
//! grids, what is left open, and one list of everything screened.

use async_trait::async_trait;
use wangge_model::{CivilDay, GridId, PersonId, RecordId, RecordKind, Timestamp};

use super::StorageResult;

/// Days, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkSpan {
    /// The first.
    pub first: CivilDay,
    /// The last.
    pub last: CivilDay,
}

/// What one person handed in of one grid within some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkRow {
    /// The grid.
    pub grid: GridId,
    /// Its name.
    pub grid_name: String,
    /// Its code; may be empty.
    pub grid_code: String,
    /// The person.
    pub person: PersonId,
    /// Their name.
    pub person_name: String,
    /// They are assigned to the grid now and write its records.
    pub is_member: bool,
    /// Days on which something came.
    pub days: u64,
    /// Household files begun or changed.
    pub households: u64,
    /// Place files begun or changed.
    pub places: u64,
    /// Visits entered.
    pub visits: u64,
    /// Incidents reported.
    pub incidents: u64,
    /// When a phone of theirs last came; `None` if none ever did.
    pub last_seen_at: Option<Timestamp>,
}

/// How one worker stands in one grid within some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerFigures {
    /// The grid.
    pub grid: GridId,
    /// The worker.
    pub person: PersonId,
    /// Their name.
    pub person_name: String,
    /// Different households visited so that it counts.
    pub households: u64,
    /// Days with a visit that counts.
    pub days_out: u64,
    /// Visits that count.
    pub visits: u64,
    /// Visits that do not.
    pub not_counted: u64,
    /// Visits of theirs, of whatever time, that somebody was to come back to or
    /// that promised something by a day before the last of these, and that is
    /// not done.
    pub overdue: u64,
}

/// Opinions of one category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpinionCount {
    /// The category, see [`wangge_model::document::schema::OPINION_CATEGORY`].
    pub category: String,
    /// Heard on visits of these days.
    pub heard: u64,
    /// Of these, settled.
    pub settled: u64,
}

/// What came up in a grid within some days and what is open at their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterRow {
    /// The grid.
    pub grid: GridId,
    /// Its name.
    pub name: String,
    /// Its code; may be empty.
    pub code: String,
    /// Households there are.
    pub households: u64,
    /// Households visited within these days so that it counts.
    pub visited: u64,
    /// Visits of these days.
    pub visits: u64,
    /// Of these, with a demand that is not settled.
    pub open_demands: u64,
    /// Visits of whatever time to come back to, or with a promise to keep, by the
    /// last of these days, that is not done.
    pub overdue: u64,
    /// Opinions heard, by category.
    pub opinions: Vec<OpinionCount>,
    /// Hazards found within these days.
    pub hazards_found: u64,
    /// Hazards that are not seen to be gone.
    pub hazards_open: u64,
    /// Of these, to be looked at again by the last of these days.
    pub rechecks_due: u64,
    /// Incidents that reached the server within these days.
    pub incidents: u64,
}

/// What is screened (排查).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScreeningKind {
    /// Somebody was visited.
    Visit,
    /// A hazard was found.
    Hazard,
    /// An incident was reported.
    Incident,
}

impl ScreeningKind {
    /// All, in the order of the list.
    pub const ALL: [Self; 3] = [Self::Visit, Self::Hazard, Self::Incident];

    /// The word in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Hazard => "hazard",
            Self::Incident => "incident",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What is looked for (四排查, source 002): disputes, public order, hazards, people
/// looked after. The last is welfare alone: no list is kept of anybody for crime,
/// health or belief.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreeningTopic {
    /// Incidents of class 10 and visits for a dispute (矛盾纠纷).
    Dispute,
    /// Incidents of class 20 (治安隐患).
    Order,
    /// Hazards and incidents of class 30 (安全隐患).
    Safety,
    /// Incidents of class 60 and care visits (关怀服务对象).
    Care,
}

impl ScreeningTopic {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Dispute, Self::Order, Self::Safety, Self::Care];

    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dispute => "dispute",
            Self::Order => "order",
            Self::Safety => "safety",
            Self::Care => "care",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == word)
    }

    /// What the classes of its incidents begin with (domain document, 5.1 d).
    pub const fn class(self) -> &'static str {
        match self {
            Self::Dispute => "10",
            Self::Order => "20",
            Self::Safety => "30",
            Self::Care => "60",
        }
    }
}

/// Which of them a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreeningFilter {
    /// Of these days.
    pub span: WorkSpan,
    /// Of this grid.
    pub grid: Option<GridId>,
    /// Of this kind.
    pub kind: Option<ScreeningKind>,
    /// About this.
    pub topic: Option<ScreeningTopic>,
    /// Visits made by this person.
    pub person: Option<PersonId>,
    /// Rows to leave out at the start.
    pub offset: u64,
    /// Most rows.
    pub limit: u32,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screening {
    /// When it was.
    pub day: CivilDay,
    /// What it is.
    pub kind: ScreeningKind,
    /// The record: the visit, the incident, or the file the hazard is in.
    pub record: RecordId,
    /// Which kind that is.
    pub record_kind: RecordKind,
    /// The grid's name.
    pub grid_name: String,
    /// The address or name it is about, or the incident's title; may be empty.
    pub title: String,
    /// Code of the kind of visit or hazard, the incident's class.
    pub class: String,
    /// Code of the visit's result, the hazard's state, the case's state.
    pub state: String,
    /// Name of who made the visit; empty for others.
    pub person_name: String,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreeningPage {
    /// The rows, latest day first.
    pub rows: Vec<Screening>,
    /// Rows of all pages.
    pub total: u64,
}

/// What was done, within what the person may see of it.
#[async_trait]
pub trait WorkStorage {
    /// What each worker of the grids in sight handed in, and whoever else did;
    /// by code of the grid and name. A worker sees the own line.
    async fn list_work(
        &self,
        person: &PersonId,
        at: Timestamp,
        span: WorkSpan,
    ) -> StorageResult<Vec<WorkRow>>;
    /// How each worker stands who made a visit within these days, or left
    /// something overdue.
    async fn list_worker_figures(
        &self,
        person: &PersonId,
        at: Timestamp,
        span: WorkSpan,
    ) -> StorageResult<Vec<WorkerFigures>>;
    /// What came up and what is open in each grid in sight, by code.
    async fn list_matters(
        &self,
        person: &PersonId,
        at: Timestamp,
        span: WorkSpan,
    ) -> StorageResult<Vec<MatterRow>>;
    /// Everything screened, as far as the person may read the records.
    async fn list_screenings(
        &self,
        person: &PersonId,
        at: Timestamp,
        filter: &ScreeningFilter,
    ) -> StorageResult<ScreeningPage>;
}
