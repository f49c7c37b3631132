//! The grid register: boundaries, versions of grids, and re-divisions.

use async_trait::async_trait;
use wangge_model::{
    AssignmentId, GridId, OrgNodeId, PersonId, RecordId, RedivisionId, Timestamp,
    boundary::Boundary,
};

use super::{NewAssignment, NewOrgNode, OrgNode, StorageResult};

/// One version of a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridVersion {
    /// The grid.
    pub node: OrgNode,
    /// Those that follow it, the one that takes the rest first.
    pub successors: Vec<OrgNodeId>,
    /// Those it follows.
    pub predecessors: Vec<OrgNodeId>,
}

/// A boundary somebody drew.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBoundary {
    /// Whose.
    pub node: OrgNodeId,
    /// The boundary.
    pub boundary: Boundary,
    /// Number of the edition they had before them; 0 if there was none.
    pub seen: u32,
    /// Who drew it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// An outline a place has or had.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundaryEdition {
    /// Counted for each place, from 1.
    pub number: u32,
    /// The outline.
    pub boundary: Boundary,
    /// Who drew it, by name; nobody at the command line.
    pub person_name: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A re-division that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRedivision {
    /// Its id.
    pub id: RedivisionId,
    /// Whose grids.
    pub community: OrgNodeId,
    /// Why, in words.
    pub name: String,
    /// By whom, by name; nobody at the command line.
    pub person_name: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Records moved.
    pub records: u64,
}

/// How much lives in a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GridSizeCounts {
    /// Households.
    pub households: u32,
    /// Members who have not left.
    pub people: u32,
}

/// A re-division to do, all of it or nothing.
#[derive(Debug, Clone)]
pub struct NewRedivision {
    /// Its id.
    pub id: RedivisionId,
    /// Whose grids.
    pub community: OrgNodeId,
    /// Why, in words.
    pub name: String,
    /// By whom; `None` at the server's own command line.
    pub person: Option<PersonId>,
    /// When: the old end and the new begin at this moment.
    pub at: Timestamp,
    /// The grids to close.
    pub close: Vec<OrgNodeId>,
    /// The grids to make, with their boundaries.
    pub create: Vec<(NewOrgNode, Boundary)>,
    /// Which grids follow each closed one, first the one that takes the rest.
    pub successors: Vec<(OrgNodeId, Vec<OrgNodeId>)>,
    /// Where every record of the closed grids goes.
    pub moves: Vec<(RecordId, GridId)>,
    /// Assignments in the new grids. Those in the closed ones end.
    pub assignments: Vec<NewAssignment>,
}

/// What a re-division did; it is durable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RedivisionOutcome {
    /// Records moved.
    pub moved: u64,
    /// Grids whose feed grew, with their new head.
    pub grids: Vec<(GridId, u64)>,
    /// Assignments that ended.
    pub ended: Vec<AssignmentId>,
}

/// The grid register.
#[async_trait]
pub trait RegisterStorage {
    /// Puts in or replaces boundaries, all or none. `Missing("org_node")`.
    async fn put_boundaries(
        &self,
        boundaries: &[(OrgNodeId, Boundary)],
        at: Timestamp,
    ) -> StorageResult<()>;
    /// Puts a boundary in force that somebody drew; answers the number of its
    /// edition, the present one if nothing changed. `Changed` if there is a later
    /// edition than they saw; `Missing("org_node")`.
    async fn draw_boundary(&self, new: &NewBoundary) -> StorageResult<u32>;
    /// The outlines a place has and had, the latest first, `limit` at most.
    async fn list_boundary_editions(
        &self,
        node: &OrgNodeId,
        limit: u32,
    ) -> StorageResult<Vec<BoundaryEdition>>;
    /// The boundaries of these places, those that have one, in no order.
    async fn list_boundaries(
        &self,
        nodes: &[OrgNodeId],
    ) -> StorageResult<Vec<(OrgNodeId, Boundary)>>;
    /// Which of these places have a boundary.
    async fn list_mapped(&self, nodes: &[OrgNodeId]) -> StorageResult<Vec<OrgNodeId>>;
    /// Every version of the grids of a community, the latest first.
    async fn list_grid_versions(&self, community: &OrgNodeId) -> StorageResult<Vec<GridVersion>>;
    /// The re-divisions of a community, the latest first.
    async fn list_redivisions(&self, community: &OrgNodeId)
    -> StorageResult<Vec<StoredRedivision>>;
    /// How much lives in each of these grids, in their order.
    async fn list_grid_sizes(&self, grids: &[OrgNodeId]) -> StorageResult<Vec<GridSizeCounts>>;
    /// The grids in use at `at` that follow a closed one, through further
    /// re-divisions too, the one that takes the rest first; none if it is in
    /// use, or nothing follows it.
    async fn list_open_successors(
        &self,
        grid: &GridId,
        at: Timestamp,
    ) -> StorageResult<Vec<GridId>>;
    /// Does a re-division in one unit of work: closes grids and what lies in
    /// them, makes the new ones, moves every record, ends and begins
    /// assignments, and hands what was kept apart for a closed grid to the one
    /// that follows. `Changed` if a record came into or went out of a closed
    /// grid since the plan; `Missing`, `Taken("code")`.
    async fn redivide(&self, new: &NewRedivision) -> StorageResult<RedivisionOutcome>;
}
