//! Work orders of the hotline 12345: what came, the incident each became, and
//! whether its result was given back.

use async_trait::async_trait;
use wangge_model::{GridId, OrgNodeId, PersonId, RecordId, Timestamp, hotline::HotlineOrder};

use super::StorageResult;

/// Where an order stands. The texts are `hotline-state-<word>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderState {
    /// Its class is on no list (unmapped).
    Unmapped,
    /// Its class is known, its grid is not.
    Unplaced,
    /// It is an incident, and something is still to be done.
    Open,
    /// Its case is over; the result is to be given back.
    Done,
    /// The result was given back.
    Exported,
}

impl OrderState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Unmapped,
        Self::Unplaced,
        Self::Open,
        Self::Done,
        Self::Exported,
    ];

    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unmapped => "unmapped",
            Self::Unplaced => "unplaced",
            Self::Open => "open",
            Self::Done => "done",
            Self::Exported => "exported",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Somebody has to say its class or grid.
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Unmapped | Self::Unplaced)
    }
}

/// An order that comes in; the caller has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHotlineOrder {
    /// What came.
    pub order: HotlineOrder,
    /// For which place.
    pub node: OrgNodeId,
    /// Where it happened, if that is known; at or below `node`.
    pub grid: Option<GridId>,
    /// Class of ours; empty: unmapped.
    pub category: String,
    /// Id of the incident it becomes.
    pub record: RecordId,
    /// Who brings it in.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// An order with what is needed to make its incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// What came first.
    pub order: HotlineOrder,
    /// For which place.
    pub node: OrgNodeId,
    /// Where it happened.
    pub grid: Option<GridId>,
    /// Class of ours; empty: unmapped.
    pub category: String,
    /// Id of its incident.
    pub record: RecordId,
    /// Whether that exists.
    pub is_opened: bool,
}

/// What became of an order that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOrder {
    /// It is new.
    New,
    /// It is there already, and says the same; class and grid are as it is kept.
    Same(Box<StoredOrder>),
    /// It is there already and said something else: what came first stands, what
    /// came now is kept beside it.
    Different(Box<StoredOrder>),
    /// Somebody brought one of this number in for a place that is not this
    /// person's.
    Elsewhere,
}

/// An order as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotlineOrderRow {
    /// What came first.
    pub order: HotlineOrder,
    /// What came last under its number, if it says otherwise, and when.
    pub later: Option<(HotlineOrder, Timestamp)>,
    /// Where it stands.
    pub state: OrderState,
    /// Class of ours.
    pub category: String,
    /// Its incident; may not exist yet.
    pub record: RecordId,
    /// Number of the case; empty before there is one.
    pub case_number: String,
    /// Name of the grid, or of the place it was brought in for.
    pub node_name: String,
    /// When it came.
    pub imported_at: Timestamp,
    /// When its result was last given back.
    pub exported_at: Option<Timestamp>,
}

/// Which orders a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderFilter {
    /// Only these.
    pub state: Option<OrderState>,
    /// Rows to leave out at the start.
    pub offset: u64,
    /// Most rows.
    pub limit: u32,
}

/// One page of them, latest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderPage {
    /// The rows.
    pub orders: Vec<HotlineOrderRow>,
    /// Rows of the whole list.
    pub total: u64,
    /// Orders of which somebody has to say the class or the grid.
    pub waiting: u64,
}

/// An order whose case is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedOrder {
    /// The hotline's number.
    pub number: String,
    /// The incident.
    pub record: RecordId,
    /// When it came.
    pub imported_at: Timestamp,
}

/// Orders of the hotline. In scope are those of grids and places at whose desk
/// the person sits.
#[async_trait]
pub trait HotlineStorage {
    /// Keeps an order that comes in. `Missing("org_node")` unless the person
    /// sits at a desk of the place.
    async fn put_hotline_order(&self, new: &NewHotlineOrder) -> StorageResult<PutOrder>;
    /// A page of the orders in scope.
    async fn list_hotline_orders(
        &self,
        filter: &OrderFilter,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<OrderPage>;
    /// The order that has or will have this incident, if it is in scope.
    async fn find_hotline_order(
        &self,
        record: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Option<StoredOrder>>;
    /// Says class and grid of an order in scope that is no incident yet.
    /// `Missing("hotline_order")`, or `Missing("org_node")` unless the person
    /// sits at a desk of the grid.
    async fn place_hotline_order(
        &self,
        record: &RecordId,
        category: &str,
        grid: &GridId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()>;
    /// Orders in scope whose case is over, oldest first: those whose result was
    /// not given back since, or all of them.
    async fn list_finished_orders(
        &self,
        person: &PersonId,
        at: Timestamp,
        again: bool,
        limit: u32,
    ) -> StorageResult<Vec<FinishedOrder>>;
    /// Notes that the results of these were given back; of those in scope whose
    /// case is over. Answers how many.
    async fn mark_orders_exported(
        &self,
        numbers: &[String],
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<u64>;
}
