//! Tasks that departments push down, filed, and let in or not.

use async_trait::async_trait;
use wangge_model::{
    CampaignId, OrgNodeId, PersonId, TaskId, Timestamp,
    task::{TaskOrder, TaskState},
};

use super::StorageResult;

/// A task to file; the caller has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Its id.
    pub id: TaskId,
    /// For the grids at or below this place.
    pub node: OrgNodeId,
    /// What is asked.
    pub order: TaskOrder,
    /// The campaign it becomes at once, because it is on the list; `None`: the
    /// county decides.
    pub listed: Option<CampaignId>,
    /// Who files it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A task as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// For which place.
    pub node_name: String,
    /// What is asked.
    pub order: TaskOrder,
    /// Who filed it.
    pub filed_by: String,
    /// When.
    pub filed_at: Timestamp,
    /// Where it stands.
    pub state: TaskState,
    /// Why it was let in though it is on no list, or why it was not; empty
    /// otherwise.
    pub reason: String,
    /// Who decided; empty before.
    pub decided_by: String,
    /// The campaign it became.
    pub campaign: Option<CampaignId>,
    /// Households of that campaign.
    pub households: u64,
    /// Of these, visited.
    pub done: u64,
    /// Whether the person may decide on it.
    pub may_decide: bool,
}

/// What is decided on a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskDecision {
    /// It is let in and becomes this campaign, for this reason.
    Admit(CampaignId, String),
    /// It is not, for this reason.
    Refuse(String),
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOutcome {
    /// It was carried out.
    Done,
    /// Somebody decided before.
    Decided,
    /// There is no household in its grids.
    Nobody,
    /// There are more than a campaign may name.
    TooMany,
}

/// Tasks.
#[async_trait]
pub trait TaskStorage {
    /// Files a task, and lets in one that is on the list. `Missing("org_node")`
    /// unless the person proposes tasks there; nothing is filed unless `Done`.
    async fn file_task(&self, new: &NewTask) -> StorageResult<TaskOutcome>;
    /// Decides on a task. `Missing("task")` unless the person approves tasks at
    /// its place.
    async fn decide_task(
        &self,
        id: &TaskId,
        person: &PersonId,
        at: Timestamp,
        decision: &TaskDecision,
    ) -> StorageResult<TaskOutcome>;
    /// Tasks for places in which the person sees them, the latest 200, latest
    /// first.
    async fn list_tasks(&self, person: &PersonId, at: Timestamp) -> StorageResult<Vec<Task>>;
}
