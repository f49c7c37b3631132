//! Visits that count: coverage of grids, and campaigns.

use async_trait::async_trait;
use wangge_model::{
    CampaignId, CivilDay, GridId, OrgNodeId, PersonId, RecordId, Timestamp,
    visit_plan::{CheckItem, VisitFact},
};

use super::StorageResult;

/// How much of a grid was visited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageRow {
    /// The grid.
    pub grid: GridId,
    /// Its name.
    pub name: String,
    /// Its code; may be empty.
    pub code: String,
    /// Households there are.
    pub households: u64,
    /// Visited in the month.
    pub month: u64,
    /// Visited in the quarter.
    pub quarter: u64,
    /// Visited in the year.
    pub year: u64,
}

/// Which of a person's households to choose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HouseholdChoice {
    /// Only at or below this place.
    pub node: Option<OrgNodeId>,
    /// Only of this ledger.
    pub ledger: Option<String>,
    /// Only those without a visit that counts in this period
    /// ([`period_number`]).
    pub not_visited_in: Option<i32>,
    /// At most this many.
    pub limit: u32,
}

/// A campaign to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCampaign {
    /// Its id.
    pub id: CampaignId,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub note: String,
    /// Kind its visits are entered as.
    pub kind: String,
    /// First day.
    pub starts_on: CivilDay,
    /// Last day.
    pub ends_on: CivilDay,
    /// What to check at each household.
    pub checks: Vec<CheckItem>,
    /// Whom to visit; each is a household.
    pub households: Vec<RecordId>,
    /// Who makes it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A campaign as a list shows it, as far as the grids of whoever asks go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignRow {
    /// Its id.
    pub id: CampaignId,
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub note: String,
    /// Kind its visits are entered as.
    pub kind: String,
    /// First day.
    pub starts_on: CivilDay,
    /// Last day.
    pub ends_on: CivilDay,
    /// What to check at each household.
    pub checks: Vec<CheckItem>,
    /// Who made it.
    pub created_by: String,
    /// When it was taken from the phones.
    pub closed_at: Option<Timestamp>,
    /// Households in it.
    pub households: u64,
    /// Of these, visited.
    pub done: u64,
}

/// A campaign with how far it is in each grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignProgress {
    /// The campaign.
    pub campaign: CampaignRow,
    /// By code of the grid.
    pub grids: Vec<CampaignGrid>,
    /// Whether all its households are in grids whose campaigns the person makes.
    pub may_close: bool,
}

/// How far a campaign is in a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignGrid {
    /// The grid.
    pub grid: GridId,
    /// Its name.
    pub name: String,
    /// Its code; may be empty.
    pub code: String,
    /// Households of it in the campaign.
    pub households: u64,
    /// Of these, visited.
    pub done: u64,
}

/// The number of the period a day is in, as coverage is kept: months like
/// 202603, quarters like 20261, years like 2026.
pub fn period_number(period: wangge_model::visit_plan::Period, day: CivilDay) -> Option<i32> {
    use chrono::Datelike as _;
    use wangge_model::visit_plan::Period;
    let date = day.to_date();
    let month = date.month().cast_signed();
    match period {
        Period::Month => Some(date.year() * 100 + month),
        Period::Quarter => Some(date.year() * 10 + (month - 1) / 3 + 1),
        Period::Year => Some(date.year()),
        Period::Week | Period::HalfYear => None,
    }
}

/// Visits that count, and campaigns. Counting is not part of a push: whatever
/// changes a visit leaves word, and [`VisitStorage::count_visits`] follows.
#[async_trait]
pub trait VisitStorage {
    /// Judges and counts at most `most` of the visits that changed since they
    /// were counted, or whose rules did; answers how many that were.
    async fn count_visits(&self, most: u32, at: Timestamp) -> StorageResult<u64>;
    /// Whether anything is to be counted.
    async fn has_visits_due(&self) -> StorageResult<bool>;
    /// What is known of the visits since a day to the households of a grid, by
    /// anybody, in no order. Whether somebody may see them is the caller's matter.
    async fn list_visit_facts(
        &self,
        grid: &GridId,
        since: CivilDay,
    ) -> StorageResult<Vec<(RecordId, VisitFact)>>;
    /// How much of each grid whose figures the person may see was visited in the
    /// month, quarter and year of a day, by code.
    async fn list_coverage(
        &self,
        person: &PersonId,
        at: Timestamp,
        on: CivilDay,
    ) -> StorageResult<Vec<CoverageRow>>;
    /// Households in grids whose campaigns the person makes.
    async fn choose_households(
        &self,
        person: &PersonId,
        at: Timestamp,
        choice: &HouseholdChoice,
    ) -> StorageResult<Vec<RecordId>>;
    /// Makes a campaign and publishes it to the phones of its grids.
    /// `Missing("household")` if one of them is none.
    async fn create_campaign(&self, new: &NewCampaign) -> StorageResult<()>;
    /// Takes a campaign from the phones; what was counted stays. Answers whether
    /// it was open. `Missing("campaign")`.
    async fn close_campaign(
        &self,
        id: &CampaignId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool>;
    /// Takes campaigns whose last day is before `day` from the phones; answers
    /// how many.
    async fn close_campaigns_before(&self, day: CivilDay, at: Timestamp) -> StorageResult<u64>;
    /// Campaigns in grids the person may see them in, the latest 200, latest
    /// first.
    async fn list_campaigns(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<CampaignRow>>;
    /// One of them.
    async fn find_campaign(
        &self,
        person: &PersonId,
        at: Timestamp,
        id: &CampaignId,
    ) -> StorageResult<Option<CampaignProgress>>;
}
