//! Calling out people who were assigned beforehand (预编): their assignments give
//! access for some days, and then no more.

use async_trait::async_trait;
use wangge_model::{AssignmentId, CallOutId, OrgNodeId, PersonId, Timestamp};

use super::StorageResult;

/// A call-out to order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCallOut {
    /// Its id.
    pub id: CallOutId,
    /// Reserves at or below this place.
    pub node: OrgNodeId,
    /// From when on they have access.
    pub starts_at: Timestamp,
    /// From when on they have none any more.
    pub ends_at: Timestamp,
    /// Why.
    pub reason: String,
    /// Who orders it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A call-out as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallOut {
    /// Its id.
    pub id: CallOutId,
    /// Whose reserves.
    pub node_name: String,
    /// From when on they have access.
    pub starts_at: Timestamp,
    /// Until when; earlier than ordered if somebody ended it.
    pub ends_at: Timestamp,
    /// Why.
    pub reason: String,
    /// Who ordered it.
    pub ordered_by: String,
    /// The reserves whom it is about, as assigned now: name and grid or place.
    pub people: Vec<(String, String)>,
    /// Whether the person may end it.
    pub may_end: bool,
}

/// Call-outs.
#[async_trait]
pub trait CallOutStorage {
    /// Calls out the reserves at or below a place. `Missing("org_node")` unless
    /// the person approves accounts there.
    async fn create_call_out(&self, new: &NewCallOut) -> StorageResult<()>;
    /// Ends a call-out now. Answers whether it was not over; `Missing("call_out")`
    /// unless the person approves accounts there.
    async fn end_call_out(
        &self,
        id: &CallOutId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool>;
    /// Call-outs of places in which the person sees accounts, the latest 200,
    /// latest first.
    async fn list_call_outs(&self, person: &PersonId, at: Timestamp)
    -> StorageResult<Vec<CallOut>>;
    /// Which of a person's reserve assignments are called out now.
    async fn list_called_out(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<AssignmentId>>;
}
