//! What the server keeps, behind one trait per concept. Each method is one
//! atomic unit of work: a backend needs no transaction that outlives a call,
//! so a second one (PostgreSQL) can follow and is held to [`contract`].
//!
//! Looking something up answers `Ok(None)` when it is not there. Every list
//! that a person sees takes that person and the time: scope is part of the
//! query and cannot be forgotten.

mod api_token;
mod assessment;
mod audit;
mod authorship;
mod call_out;
mod case;
mod console;
mod console_session;
#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod device;
mod division;
mod duplicate;
mod duty;
mod emergency;
mod feed;
mod finding;
mod follow_up_mark;
mod hotline;
mod ledger;
mod likeness;
mod message;
mod meta;
mod org;
mod person;
mod quarantine;
mod record;
mod reference;
mod register;
mod resident;
mod review;
pub mod sqlite;
mod survey;
mod task;
mod visit;
mod work;

pub use api_token::{ApiToken, ApiTokenStorage};
pub use assessment::{
    AssessmentStorage, CaseAnalysis, CaseCount, FigurePart, FigureQuery, FigureRow, FigureRowPage,
    FigureRowQuery, FigureSubject, FigureTable, Figures, FrozenTable, NewFreeze, NewRating,
    PlaceFigures, Problem, RateableUnit, Rating, Repetition, WorkerProblems, YearOnYear,
};
pub use audit::{AuditEntry, AuditStorage};
pub use authorship::{Authorship, AuthorshipStorage};
pub use call_out::{CallOut, CallOutStorage, NewCallOut};
pub use case::{
    CaseFilter, CasePage, CaseQueue, CaseScope, CaseStorage, DueCase, FirstAskedSum, ListedCase,
};
pub use console::{ConsoleStorage, GridCounts, GridOverview, QuarantineReview, RecordName};
pub use console_session::{ConsoleSession, ConsoleSessionStorage, SignInAttempt};
pub use device::{
    Device, DeviceStorage, EnrolmentCode, EnrolmentOutcome, NewDevice, NewEnrolmentCode,
};
pub use division::{Division, DivisionStorage};
pub use duplicate::{Alias, DuplicatePage, DuplicatePair, DuplicateStorage};
pub use duty::{Duty, DutyStorage, EnteredCount, NewDuty, NewRateCount, PlaceRates, WorkerSpot};
pub use emergency::{
    EmergencyRow, EmergencyStorage, NewEmergency, NewRollAnswer, RollDecision, RollRow, RollSaid,
};
pub use feed::{FeedChange, FeedHead, FeedPlace, FeedStorage};
pub use finding::FindingStorage;
pub use follow_up_mark::{FollowUpCount, FollowUpMark, FollowUpMarkStorage, NewFollowUpMark};
pub use hotline::{
    FinishedOrder, HotlineOrderRow, HotlineStorage, NewHotlineOrder, OrderFilter, OrderPage,
    OrderState, PutOrder, StoredOrder,
};
pub use ledger::{LedgerRow, LedgerStorage, LedgerTemplate};
pub use likeness::{AlikeCase, Compared, LikenessStorage};
pub use message::{
    Delivery, MessageFilter, MessagePage, MessageRow, MessageState, MessageStorage, NewNotice,
    NoticeOutcome, OutgoingMessage,
};
pub use meta::MetaStorage;
pub use org::{GrantedGrid, NewOrgNode, OrgNode, OrgStorage};
pub use person::{
    Assignment, NewAssignment, NewPerson, Person, PersonChange, PersonPosts, PersonStorage,
    PlaceStaff, TeamMember,
};
pub use quarantine::{DisplacedChange, NewQuarantine, QuarantineStorage, QuarantinedChange};
pub use record::{
    ChangeBy, Commit, CommitHooks, CommitManifest, CommitOutcome, ListedRecord, MoveOutcome,
    NewChange, NewMove, Numbering, RecordFilter, RecordOrder, RecordPage, RecordStorage,
    RecordWork, SnapshotRow, StoredRecord, Unnumbered, WorkOutcome,
};
pub use reference::{NewReference, ReferenceEdition, ReferenceStorage};
pub use register::{
    BoundaryEdition, GridSizeCounts, GridVersion, NewBoundary, NewRedivision, RedivisionOutcome,
    RegisterStorage, StoredRedivision,
};
pub use resident::{
    NewReportCode, NewResidentReport, OpenCode, ReportCode, ResidentStorage, TrackedReport,
};
pub use review::{NewDecision, PendingReview, ReviewStorage};
pub use sqlite::SqliteStorage;
pub use survey::{NewSurvey, SurveyCounts, SurveyRow, SurveyStorage};
pub use task::{NewTask, Task, TaskDecision, TaskOutcome, TaskStorage};
pub use visit::{
    CampaignGrid, CampaignProgress, CampaignRow, CoverageRow, HouseholdChoice, NewCampaign,
    VisitStorage, period_number,
};
pub use wangge_model::{OrgLevel, Role};
pub use work::{
    MatterRow, OpinionCount, Screening, ScreeningFilter, ScreeningKind, ScreeningPage,
    ScreeningTopic, WorkRow, WorkSpan, WorkStorage, WorkerFigures,
};

/// Everything the server keeps.
pub trait Storage:
    MetaStorage
    + OrgStorage
    + RegisterStorage
    + PersonStorage
    + DeviceStorage
    + RecordStorage
    + FeedStorage
    + FindingStorage
    + DuplicateStorage
    + DutyStorage
    + EmergencyStorage
    + FollowUpMarkStorage
    + LedgerStorage
    + LikenessStorage
    + AuthorshipStorage
    + QuarantineStorage
    + ReviewStorage
    + CallOutStorage
    + ReferenceStorage
    + SurveyStorage
    + TaskStorage
    + CaseStorage
    + ResidentStorage
    + MessageStorage
    + HotlineStorage
    + VisitStorage
    + WorkStorage
    + AssessmentStorage
    + ConsoleSessionStorage
    + ConsoleStorage
    + DivisionStorage
    + ApiTokenStorage
    + AuditStorage
    + Send
    + Sync
    + std::fmt::Debug
{
}

impl<T> Storage for T where
    T: MetaStorage
        + OrgStorage
        + RegisterStorage
        + PersonStorage
        + DeviceStorage
        + RecordStorage
        + FeedStorage
        + FindingStorage
        + DuplicateStorage
        + DutyStorage
        + EmergencyStorage
        + FollowUpMarkStorage
        + LedgerStorage
        + LikenessStorage
        + AuthorshipStorage
        + QuarantineStorage
        + ReviewStorage
        + CallOutStorage
        + ReferenceStorage
        + SurveyStorage
        + TaskStorage
        + CaseStorage
        + ResidentStorage
        + MessageStorage
        + HotlineStorage
        + VisitStorage
        + WorkStorage
        + AssessmentStorage
        + ConsoleSessionStorage
        + ConsoleStorage
        + DivisionStorage
        + ApiTokenStorage
        + AuditStorage
        + Send
        + Sync
        + std::fmt::Debug
{
}

/// Why storage could not do what it was asked; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database said no.
    #[error("the database failed: {0}")]
    Database(String),
    /// The database is of a newer build; it was not touched.
    #[error("the data is of schema version {found}, this build knows up to {known}")]
    NewerData {
        /// Version of the data.
        found: u32,
        /// Newest this build knows.
        known: u32,
    },
    /// The linked SQLite is too old to be safe.
    #[error("SQLite {found} has a known fault; {needed} or later is needed")]
    SqliteTooOld {
        /// Linked version.
        found: String,
        /// Oldest acceptable.
        needed: &'static str,
    },
    /// A step of the schema failed; the version before it stands.
    #[error("schema step {step} failed: {reason}")]
    Migration {
        /// Name of the step.
        step: &'static str,
        /// What the database said.
        reason: String,
    },
    /// A name, code or id that must be unique is taken.
    #[error("{0} is already taken")]
    Taken(&'static str),
    /// Something the new row refers to does not exist.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// A stored value is not of its type: the database was damaged or edited.
    #[error("a stored {0} cannot be read")]
    Corrupt(&'static str),
    /// The device holds as much in quarantine as it may.
    #[error("the device's quarantine is full")]
    QuarantineFull,
    /// The manifest counter was overtaken while this push was being checked.
    #[error("the device's manifest counter moved on meanwhile")]
    CounterMoved,
    /// What a plan was made from is not as it was: make it again.
    #[error("the data changed since the plan was made")]
    Changed,
    /// The storage is shutting down.
    #[error("the storage is closed")]
    Closed,
}

/// What storage answers.
pub type StorageResult<T> = Result<T, StorageError>;
