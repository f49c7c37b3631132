//! The organisation tree.

use async_trait::async_trait;
use wangge_model::{
    GridAttribute, GridId, OrgLevel, OrgNodeId, PersonId, RecordKind, Role, Timestamp,
    access::Seat, org::Validity,
};

use super::StorageResult;

/// One place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgNode {
    /// Its id; of a grid also its [`GridId`].
    pub id: OrgNodeId,
    /// The place it lies in.
    pub parent: Option<OrgNodeId>,
    /// What kind of place.
    pub level: OrgLevel,
    /// Public code.
    pub code: Option<String>,
    /// Name.
    pub name: String,
    /// `/<hex id>/<hex id>/` from the root to this node.
    pub path: String,
    /// What kind of grid, if it is one and that is known.
    pub attribute: Option<GridAttribute>,
    /// Since when.
    pub valid_from: Timestamp,
    /// Until when, if it is over.
    pub valid_to: Option<Timestamp>,
}

impl OrgNode {
    /// From when to when it is in use.
    pub const fn validity(&self) -> Validity {
        Validity {
            from: self.valid_from,
            to: self.valid_to,
        }
    }
}

/// A place to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrgNode {
    /// Its id.
    pub id: OrgNodeId,
    /// The place it lies in.
    pub parent: Option<OrgNodeId>,
    /// What kind of place.
    pub level: OrgLevel,
    /// Public code.
    pub code: Option<String>,
    /// Name.
    pub name: String,
    /// What kind of grid, if it is one and that is known.
    pub attribute: Option<GridAttribute>,
    /// Since when.
    pub valid_from: Timestamp,
}

/// A grid of a person, as a phone is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedGrid {
    /// The grid.
    pub grid: GridId,
    /// Its public code; empty if it has none.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Street and community above it, joined.
    pub place: String,
    /// The person's role there: of several the one that may write most, then
    /// the one of the assignment nearest to the grid.
    pub role: Role,
    /// Which records the person may write there, by all assignments together.
    pub writes: Vec<RecordKind>,
    /// The places above it, nearest first.
    pub above: Vec<OrgNodeId>,
}

/// The organisation tree.
#[async_trait]
pub trait OrgStorage {
    /// Creates a node below its parent. `Taken("code")`, `Missing("org_node")`.
    async fn create_node(&self, node: &NewOrgNode) -> StorageResult<OrgNode>;
    /// Creates many nodes, parents before children, all or none.
    async fn create_nodes(&self, nodes: &[NewOrgNode]) -> StorageResult<()>;
    /// A node by id.
    async fn find_node(&self, id: &OrgNodeId) -> StorageResult<Option<OrgNode>>;
    /// The node in use with this public code.
    async fn find_node_by_code(&self, code: &str) -> StorageResult<Option<OrgNode>>;
    /// The nodes directly below (`None`: the roots), by code.
    async fn list_children(&self, parent: Option<&OrgNodeId>) -> StorageResult<Vec<OrgNode>>;
    /// From the root down to the node itself.
    async fn list_ancestors(&self, id: &OrgNodeId) -> StorageResult<Vec<OrgNode>>;
    /// Every node at or below the person's assignments valid at `at`, by path.
    async fn list_nodes_in_scope(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<OrgNode>>;
    /// The grids of [`Self::list_nodes_in_scope`], by code.
    async fn list_grids_in_scope(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<OrgNode>>;
    /// Whether the person's phone may hold the grid's records.
    async fn is_grid_held(
        &self,
        person: &PersonId,
        grid: &GridId,
        at: Timestamp,
    ) -> StorageResult<bool>;
    /// The grids of which the person may see figures.
    async fn list_countable_grids(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<OrgNodeId>>;
    /// A page of all grids in use whose name or code contains `text`, by code,
    /// and how many there are; whoever asks: for the public list.
    async fn list_grids_in_use(
        &self,
        text: &str,
        at: Timestamp,
        offset: u64,
        limit: u32,
    ) -> StorageResult<(Vec<OrgNode>, u64)>;
    /// What the person's assignments valid at `at` make of them in this place,
    /// in no order, each once. Empty: it is not in their scope.
    async fn list_seats(
        &self,
        person: &PersonId,
        node: &OrgNodeId,
        at: Timestamp,
    ) -> StorageResult<Vec<Seat>>;
    /// The grids a person's phone holds at `at`, by id.
    async fn list_granted_grids(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<GrantedGrid>>;
    /// Every grid that the person's phone could hold by any assignment, past ones
    /// too.
    async fn list_held_grids(&self, person: &PersonId) -> StorageResult<Vec<GridId>>;
    /// Number of nodes.
    async fn count_nodes(&self) -> StorageResult<u64>;
}
