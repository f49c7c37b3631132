//! Assessment: what is counted of incidents and visits by place and period,
//! the rows behind each number, months that were frozen, ratings, and what came
//! up more often than it should.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use wangge_model::{
    AssessmentFreezeId, AssessmentRatingId, CivilDay, OrgLevel, OrgNodeId, PersonId, RecordId,
    RecordKind, Timestamp,
    assessment::{AssessmentList, AssessmentPeriod, Figure, Formula, FormulaLimits, ProblemKind},
};

use super::{OrgNode, StorageResult, WorkSpan};

/// The figures of a place, by formula.
pub type Figures = BTreeMap<Formula, Figure>;

/// Which figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureQuery {
    /// Of this place and those directly below it.
    pub place: OrgNodeId,
    /// Of this period.
    pub period: AssessmentPeriod,
    /// These.
    pub formulas: BTreeSet<Formula>,
    /// The times and stars they need.
    pub limits: FormulaLimits,
}

/// A place and what was counted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceFigures {
    /// The place.
    pub place: OrgNodeId,
    /// Its name.
    pub name: String,
    /// Its code; may be empty.
    pub code: String,
    /// Its level.
    pub level: OrgLevel,
    /// What was counted.
    pub figures: Figures,
}

/// The figures of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureTable {
    /// The place itself.
    pub place: PlaceFigures,
    /// Those directly below it by code; of a grid, the grid.
    pub rows: Vec<PlaceFigures>,
}

/// Which rows behind a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FigurePart {
    /// All that are looked at.
    #[default]
    Whole,
    /// Those that count.
    Part,
    /// Those that do not.
    Rest,
}

impl FigurePart {
    /// All, in the order of a list.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Part, Self::Rest];

    /// The word in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Part => "part",
            Self::Rest => "rest",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == word)
    }
}

/// The rows behind one figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureRowQuery {
    /// At or below this place.
    pub place: OrgNodeId,
    /// Of this period.
    pub period: AssessmentPeriod,
    /// Behind this formula.
    pub formula: Formula,
    /// The times and stars it needs.
    pub limits: FormulaLimits,
    /// Which of them.
    pub part: FigurePart,
    /// Rows to leave out at the start.
    pub offset: u64,
    /// Most rows.
    pub limit: u32,
}

/// What a row behind a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureSubject {
    /// A record of this kind.
    Record(RecordId, RecordKind),
    /// A grid.
    Grid(OrgNodeId),
    /// A worker.
    Worker(PersonId),
}

/// One row behind a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureRow {
    /// What it is.
    pub subject: FigureSubject,
    /// Whether it counts.
    pub is_part: bool,
    /// The day it belongs to: of an incident, when it was filed.
    pub day: Option<CivilDay>,
    /// Its case number; may be empty.
    pub number: String,
    /// Title, address or name; empty where the person may count such records
    /// and not read them.
    pub title: String,
    /// An incident's class.
    pub class: String,
    /// Code of an incident's state.
    pub state: String,
    /// Its grid.
    pub grid_name: String,
}

/// A page of such rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FigureRowPage {
    /// The rows.
    pub rows: Vec<FigureRow>,
    /// Rows of all pages.
    pub total: u64,
}

/// A month to freeze.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFreeze {
    /// Its id.
    pub id: AssessmentFreezeId,
    /// The county, or the topmost place where there is none above.
    pub node: OrgNodeId,
    /// Which month.
    pub month: AssessmentPeriod,
    /// By which list.
    pub list: AssessmentList,
    /// The list's version; empty: the built-in one.
    pub version: String,
    /// Who freezes it; `None`: the server by itself.
    pub person: Option<PersonId>,
    /// When.
    pub at: Timestamp,
}

/// A month that was frozen, as far as a place goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenTable {
    /// The figures then.
    pub table: FigureTable,
    /// By which list.
    pub list: AssessmentList,
    /// The list's version; empty: the built-in one.
    pub version: String,
    /// Who froze it; empty: the server by itself.
    pub person_name: String,
    /// When.
    pub at: Timestamp,
}

/// A rating to give; the caller has checked points and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRating {
    /// Its id.
    pub id: AssessmentRatingId,
    /// For which period.
    pub period: AssessmentPeriod,
    /// Who is rated.
    pub unit: OrgNodeId,
    /// The unit that rates: the same one, or one beside it.
    pub rater: OrgNodeId,
    /// From 0 to 100.
    pub points: u8,
    /// Why.
    pub reason: String,
    /// Who speaks for the unit that rates.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A rating that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// Who is rated.
    pub unit: OrgNodeId,
    /// Its name.
    pub unit_name: String,
    /// The unit that rates.
    pub rater: OrgNodeId,
    /// Its name.
    pub rater_name: String,
    /// From 0 to 100.
    pub points: u8,
    /// Why.
    pub reason: String,
    /// Who spoke for it.
    pub person_name: String,
    /// When.
    pub at: Timestamp,
}

impl Rating {
    /// Whether the unit rated itself.
    pub fn is_self(&self) -> bool {
        self.unit == self.rater
    }
}

/// A unit that a person may rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateableUnit {
    /// For which of their units.
    pub rater: OrgNodeId,
    /// That unit's name.
    pub rater_name: String,
    /// Whom.
    pub unit: OrgNodeId,
    /// Their name.
    pub unit_name: String,
}

/// Days to count and days to compare them with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearOnYear {
    /// These.
    pub now: WorkSpan,
    /// The same a year before.
    pub before: WorkSpan,
}

/// How many there are, and were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaseCount {
    /// Now.
    pub now: u64,
    /// A year before.
    pub before: u64,
}

/// Incidents by class and by place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaseAnalysis {
    /// By class code, most first.
    pub classes: Vec<(String, CaseCount)>,
    /// By the places directly below, in the order of their codes.
    pub places: Vec<(String, CaseCount)>,
}

impl CaseAnalysis {
    /// All classes together.
    pub fn sum(&self) -> CaseCount {
        let counts = self.classes.iter().map(|(_, count)| count);
        counts.fold(CaseCount::default(), |sum, count| CaseCount {
            now: sum.now + count.now,
            before: sum.before + count.before,
        })
    }
}

/// Incidents of one class at one household or place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repetition {
    /// The household or place.
    pub subject: RecordId,
    /// Which of the two; `None` if it has not arrived.
    pub kind: Option<RecordKind>,
    /// Its address or name; empty where the person may not read it.
    pub title: String,
    /// The class.
    pub class: String,
    /// Its grid.
    pub grid_name: String,
    /// How many.
    pub count: u64,
    /// When the latest was filed.
    pub last_on: CivilDay,
}

/// What was found wanting with one person's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerProblems {
    /// Who had handed in the results.
    pub person: PersonId,
    /// Their name.
    pub person_name: String,
    /// What was found, latest first.
    pub problems: Vec<Problem>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// When it was found.
    pub day: CivilDay,
    /// What it is.
    pub kind: ProblemKind,
    /// With which incident.
    pub record: RecordId,
    /// Its case number.
    pub number: String,
    /// Its title; empty where the person may not read it.
    pub title: String,
    /// Its grid.
    pub grid_name: String,
}

/// Assessment, within the places whose figures a person may see.
#[async_trait]
pub trait AssessmentStorage {
    /// Reads at most `most` of the incidents that changed since they were read;
    /// answers how many that were.
    async fn read_cases(&self, most: u32) -> StorageResult<u64>;
    /// Whether any is to be read.
    async fn has_cases_due(&self) -> StorageResult<bool>;
    /// The places above grids whose figures the person may see; grids, where
    /// there are no others.
    async fn list_assessed_places(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<OrgNode>>;
    /// The figures of a place as they are now; `None` if it is not in sight.
    async fn find_figures(
        &self,
        person: &PersonId,
        at: Timestamp,
        query: &FigureQuery,
    ) -> StorageResult<Option<FigureTable>>;
    /// The rows behind one figure; `None` if the place is not in sight.
    async fn list_figure_rows(
        &self,
        person: &PersonId,
        at: Timestamp,
        query: &FigureRowQuery,
    ) -> StorageResult<Option<FigureRowPage>>;
    /// Freezes a month; `false` if it is frozen. `Missing("org_node")` unless the
    /// place is one whose months are frozen and the person assesses there.
    async fn freeze_month(&self, new: &NewFreeze) -> StorageResult<bool>;
    /// The places whose months are frozen and that lack this one, of those there
    /// were at its end.
    async fn list_unfrozen(&self, month: AssessmentPeriod) -> StorageResult<Vec<OrgNodeId>>;
    /// Whether months are frozen for this place, rather than for one above it.
    async fn is_frozen_by_itself(&self, place: &OrgNodeId) -> StorageResult<bool>;
    /// A place's part of a frozen month; `None` if it is not frozen or not in
    /// sight.
    async fn find_frozen(
        &self,
        person: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
        month: AssessmentPeriod,
    ) -> StorageResult<Option<FrozenTable>>;
    /// Whom the person may rate: the units they speak for, and those beside them.
    async fn list_rateable_units(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<RateableUnit>>;
    /// Keeps a rating. `Missing("unit")` if the person may not give it,
    /// `Taken("rating")` if the unit gave one for the period.
    async fn rate_unit(&self, new: &NewRating) -> StorageResult<()>;
    /// The ratings of a period that the person may see: of units whose figures
    /// they see, and those their own units gave.
    async fn list_ratings(
        &self,
        person: &PersonId,
        at: Timestamp,
        period: AssessmentPeriod,
    ) -> StorageResult<Vec<Rating>>;
    /// Incidents filed at or below a place, by class and place; all, or those
    /// that residents told. `None` if the place is not in sight.
    async fn analyse_cases(
        &self,
        person: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
        days: YearOnYear,
        is_told: bool,
    ) -> StorageResult<Option<CaseAnalysis>>;
    /// The households and places with at least so many incidents of one class,
    /// most first, at most 200. None if the place is not in sight.
    async fn list_repetitions(
        &self,
        person: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
        span: WorkSpan,
        least: u32,
    ) -> StorageResult<Vec<Repetition>>;
    /// The people with at least so many problems, most first, at most 200. None
    /// if the place is not in sight.
    async fn list_problems(
        &self,
        person: &PersonId,
        at: Timestamp,
        place: &OrgNodeId,
        span: WorkSpan,
        least: u32,
    ) -> StorageResult<Vec<WorkerProblems>>;
}
