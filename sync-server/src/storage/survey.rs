//! Surveys, and what was answered, counted without names.

use async_trait::async_trait;
use wangge_model::{CivilDay, GridId, OrgNodeId, PersonId, SurveyId, Timestamp, survey::Question};

use super::StorageResult;

/// A survey to make; the caller has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSurvey {
    /// Its id.
    pub id: SurveyId,
    /// It is asked in the grids at or below this place.
    pub node: OrgNodeId,
    /// What it is called.
    pub title: String,
    /// What to say when asking.
    pub note: String,
    /// First day.
    pub starts_on: CivilDay,
    /// Last day.
    pub ends_on: CivilDay,
    /// What is asked.
    pub questions: Vec<Question>,
    /// Who makes it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A survey as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyRow {
    /// Its id.
    pub id: SurveyId,
    /// Where it is asked.
    pub node: OrgNodeId,
    /// What that place is called.
    pub node_name: String,
    /// What it is called.
    pub title: String,
    /// What to say when asking.
    pub note: String,
    /// First day.
    pub starts_on: CivilDay,
    /// Last day.
    pub ends_on: CivilDay,
    /// What is asked.
    pub questions: Vec<Question>,
    /// Who made it.
    pub created_by: String,
    /// When it was taken from the phones.
    pub closed_at: Option<Timestamp>,
    /// Whether the person may take it from the phones.
    pub may_close: bool,
}

/// What was answered in one grid. Of each household the latest sheet counts; a
/// visit to nobody's home counts by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyCounts {
    /// The grid.
    pub grid: GridId,
    /// Its name.
    pub name: String,
    /// Its code; may be empty.
    pub code: String,
    /// Sheets.
    pub sheets: u64,
    /// By question and answer: how many chose it.
    pub chosen: Vec<(String, String, u64)>,
}

/// Surveys.
#[async_trait]
pub trait SurveyStorage {
    /// Makes a survey and publishes it to the phones below its place.
    /// `Missing("org_node")` unless the person makes campaigns in every grid
    /// there.
    async fn create_survey(&self, new: &NewSurvey) -> StorageResult<()>;
    /// Takes a survey from the phones; what was counted stays. Answers whether it
    /// was open; `Missing("survey")` unless the person may.
    async fn close_survey(
        &self,
        id: &SurveyId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool>;
    /// Takes surveys whose last day is before `day` from the phones; answers how
    /// many.
    async fn close_surveys_before(&self, day: CivilDay, at: Timestamp) -> StorageResult<u64>;
    /// Surveys asked in a grid in which the person sees campaigns, the latest
    /// 200, latest first; only one of them if `only` is given.
    async fn list_surveys(
        &self,
        person: &PersonId,
        at: Timestamp,
        only: Option<&SurveyId>,
    ) -> StorageResult<Vec<SurveyRow>>;
    /// What was answered in each grid in which the person sees campaigns, by
    /// code; grids without a sheet are left out.
    async fn count_survey(
        &self,
        person: &PersonId,
        at: Timestamp,
        id: &SurveyId,
    ) -> StorageResult<Vec<SurveyCounts>>;
}
