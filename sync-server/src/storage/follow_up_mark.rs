//! Restricted follow-up marks: who is to be visited by one named worker. Never
//! part of a record, a list, an export or what phones get (docs/adr/0030).

use async_trait::async_trait;
use wangge_model::{
    CivilDay, FollowUpMarkId, GridId, PersonId, RecordId, Timestamp, follow_up_mark::FollowUpRule,
};

use super::StorageResult;

/// A mark to order; the caller has checked its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFollowUpMark {
    /// Its id.
    pub id: FollowUpMarkId,
    /// At which household.
    pub household: RecordId,
    /// Whom there: an entry of `members`; empty for the household.
    pub member: String,
    /// Who is to go.
    pub assignee: PersonId,
    /// How often, and until when.
    pub rule: FollowUpRule,
    /// The law or order that allows it.
    pub basis: String,
    /// What the assignee is to know; may be empty.
    pub note: String,
    /// Who orders it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A mark as whoever may see it sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUpMark {
    /// Its id.
    pub id: FollowUpMarkId,
    /// At which household.
    pub household: RecordId,
    /// What that is called.
    pub household_title: String,
    /// Its grid's name.
    pub grid_name: String,
    /// Whom there: an entry of `members`; empty for the household.
    pub member: String,
    /// Who is to go.
    pub assignee_name: String,
    /// Who ordered it.
    pub officer: PersonId,
    /// That person's name.
    pub officer_name: String,
    /// How often, and until when.
    pub rule: FollowUpRule,
    /// The law or order that allows it; empty in a list.
    pub basis: String,
    /// What the assignee is to know; empty in a list.
    pub note: String,
    /// Days of the present period on which the assignee made a visit there that
    /// counts, earliest first.
    pub visited_on: Vec<CivilDay>,
}

/// How many marks a grid has, for whoever sees figures only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUpCount {
    /// The grid.
    pub grid: GridId,
    /// Its name.
    pub name: String,
    /// Its code; may be empty.
    pub code: String,
    /// Marks that hold.
    pub marks: u64,
    /// Of these, visited as often as asked in the present period.
    pub met: u64,
}

/// Restricted follow-up marks. Every query takes whoever asks, and answers the
/// named assignee and the ordering officer, in grids where the access matrix
/// still lets them; nobody else.
#[async_trait]
pub trait FollowUpMarkStorage {
    /// Who may be named for a household: whoever works in its grid and may be
    /// shown marks they are named for. Empty unless the person may order there.
    async fn list_follow_up_assignees(
        &self,
        person: &PersonId,
        at: Timestamp,
        household: &RecordId,
    ) -> StorageResult<Vec<(PersonId, String)>>;
    /// Orders a mark. `Missing("household")` where the person may not order,
    /// `Missing("assignee")` where the named one may not be.
    async fn order_follow_up_mark(&self, new: &NewFollowUpMark) -> StorageResult<()>;
    /// The marks the person may see on this day, without basis and note: those
    /// that hold, soonest end first.
    async fn list_follow_up_marks(
        &self,
        person: &PersonId,
        at: Timestamp,
        on: CivilDay,
    ) -> StorageResult<Vec<FollowUpMark>>;
    /// One of them, whole.
    async fn find_follow_up_mark(
        &self,
        person: &PersonId,
        at: Timestamp,
        on: CivilDay,
        id: &FollowUpMarkId,
    ) -> StorageResult<Option<FollowUpMark>>;
    /// Ends a mark the person ordered: it is deleted. Answers whether there was
    /// one.
    async fn end_follow_up_mark(
        &self,
        person: &PersonId,
        at: Timestamp,
        id: &FollowUpMarkId,
    ) -> StorageResult<bool>;
    /// Deletes marks whose last day is before `day`; answers how many.
    async fn end_follow_up_marks_before(&self, day: CivilDay) -> StorageResult<u64>;
    /// How many marks there are in each grid of which the person may see that.
    async fn count_follow_up_marks(
        &self,
        person: &PersonId,
        at: Timestamp,
        on: CivilDay,
    ) -> StorageResult<Vec<FollowUpCount>>;
}
