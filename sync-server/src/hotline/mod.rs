//! Work orders of the hotline 12345 (政务服务便民热线): brought in from files and
//! by programs, matched to a class and a grid, made incidents, and their results
//! given back.
//!
//! * [`table`] finds orders in the tables that hotlines send.
//! * [`result`] is what goes back.
//!
//! An order whose class is on no list, or whose grid nobody knows, waits at the
//! desk and is never lost. Does not own pages nor the JSON API.

pub mod result;
pub mod table;

use std::collections::HashMap;

use wangge_model::{
    GridId, OrgLevel, OrgNodeId, RecordId,
    hotline::{ClassMap, HOTLINE_CLASSES, HotlineError, HotlineOrder},
};

use crate::{
    AppState,
    auth::Scope,
    ingest::outside_report::{self, OutsideReport, OutsideReportError},
    storage::{NewHotlineOrder, OrgNode, PutOrder, StorageResult, StoredOrder},
};

/// What became of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is an incident now.
    Opened,
    /// Its class is on no list: the desk says it.
    Unmapped,
    /// Its grid is not known: the desk says it.
    Unplaced,
    /// It is there already, and says the same.
    Same,
    /// It is there already and said something else, which stands; what came now
    /// is shown beside it.
    Different,
    /// Somebody brought it in for another place.
    Elsewhere,
    /// It cannot be kept, for this reason.
    Refused(HotlineError),
}

impl Taken {
    /// Stable word; the texts of those that are no refusals are
    /// `hotline-taken-<word>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Unmapped => "unmapped",
            Self::Unplaced => "unplaced",
            Self::Same => "same",
            Self::Different => "different",
            Self::Elsewhere => "elsewhere",
            Self::Refused(error) => error.code(),
        }
    }
}

/// One order of several, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOrder {
    /// Where it stands in the file or request, from 1.
    pub row: u32,
    /// Its number, as it came.
    pub number: String,
    /// Their class, as it came.
    pub class: String,
    /// What became of it.
    pub taken: Taken,
}

/// Brings orders in for a place, one after the other: what one of them is has no
/// part in what becomes of the next. Brought in again they change nothing but
/// what was not known the first time.
pub async fn take_in(
    state: &AppState,
    scope: &Scope,
    node: &OrgNode,
    orders: Vec<(u32, Result<HotlineOrder, HotlineError>)>,
) -> Result<Vec<TakenOrder>, OutsideReportError> {
    let mut places = Places {
        state,
        node,
        grids: HashMap::new(),
        maps: HashMap::new(),
    };
    let mut all = Vec::with_capacity(orders.len());
    for (row, came) in orders {
        let (number, class) = match &came {
            Ok(order) => (order.number.clone(), order.class.clone()),
            Err(_) => (String::new(), String::new()),
        };
        let taken = match came.and_then(|order| order.checked()) {
            Ok(order) => take_one(&mut places, scope, order).await?,
            Err(error) => Taken::Refused(error),
        };
        all.push(TakenOrder {
            row,
            number,
            class,
            taken,
        });
    }
    Ok(all)
}

async fn take_one(
    places: &mut Places<'_>,
    scope: &Scope,
    order: HotlineOrder,
) -> Result<Taken, OutsideReportError> {
    let state = places.state;
    let grid = places.find_grid(&order.grid_code).await?;
    let category = places.find_class(grid, &order.class).await?;
    let record = RecordId::make(state.clock.as_ref(), state.entropy.as_ref());
    let new = NewHotlineOrder {
        order,
        node: places.node.id,
        grid,
        category,
        record,
        person: scope.person,
        at: state.clock.now(),
    };
    let (stored, came) = match state.storage.put_hotline_order(&new).await? {
        PutOrder::Elsewhere => return Ok(Taken::Elsewhere),
        PutOrder::Same(stored) => (*stored, Some(Taken::Same)),
        PutOrder::Different(stored) => (*stored, Some(Taken::Different)),
        PutOrder::New => {
            let stored = StoredOrder {
                order: new.order,
                node: new.node,
                grid: new.grid,
                category: new.category,
                record: new.record,
                is_opened: false,
            };
            (stored, None)
        }
    };
    let opened = open(state, &stored).await?;
    Ok(match (came, opened) {
        // What came first and waited is an incident now.
        (Some(Taken::Same), Taken::Opened) | (None, _) => opened,
        (Some(came), _) => came,
    })
}

/// Makes the incident of an order whose class and grid are known; one that is
/// there is left as it is.
pub async fn open(state: &AppState, stored: &StoredOrder) -> Result<Taken, OutsideReportError> {
    if stored.is_opened {
        return Ok(Taken::Same);
    }
    if stored.category.is_empty() {
        return Ok(Taken::Unmapped);
    }
    let Some(grid) = stored.grid else {
        return Ok(Taken::Unplaced);
    };
    let report = OutsideReport {
        incident: stored.record,
        grid,
        edits: stored.order.edits(&stored.category),
    };
    outside_report::report(state, report).await?;
    Ok(Taken::Opened)
}

/// Grids and class maps below the place that orders are for, looked up once.
struct Places<'a> {
    state: &'a AppState,
    node: &'a OrgNode,
    grids: HashMap<String, Option<GridId>>,
    maps: HashMap<OrgNodeId, ClassMap>,
}

impl Places<'_> {
    /// The grid of an order: of its code, if that lies at or below the place;
    /// the place itself, if that is a grid.
    async fn find_grid(&mut self, code: &str) -> StorageResult<Option<GridId>> {
        if code.is_empty() {
            let is_grid = self.node.level == OrgLevel::Grid;
            return Ok(is_grid.then(|| self.node.id.into()));
        }
        if let Some(known) = self.grids.get(code) {
            return Ok(*known);
        }
        let found = self.state.storage.find_node_by_code(code).await?;
        let found = found.filter(|found| {
            found.level == OrgLevel::Grid && found.path.starts_with(&self.node.path)
        });
        let grid = found.map(|found| found.id.into());
        self.grids.insert(code.to_owned(), grid);
        Ok(grid)
    }

    /// Our class of theirs, by the map that holds there; empty: on no list.
    async fn find_class(&mut self, grid: Option<GridId>, theirs: &str) -> StorageResult<String> {
        let node = grid.map_or(self.node.id, OrgNodeId::from);
        if !self.maps.contains_key(&node) {
            let map = find_class_map(self.state, &node).await?;
            self.maps.insert(node, map);
        }
        let map = self.maps.get(&node);
        let ours = map.and_then(|map| map.find(theirs));
        Ok(ours.unwrap_or_default().to_owned())
    }
}

/// The class map that holds at a place; empty if there is none.
async fn find_class_map(state: &AppState, node: &OrgNodeId) -> StorageResult<ClassMap> {
    let set = state
        .storage
        .find_reference_above(HOTLINE_CLASSES, node)
        .await?;
    Ok(set
        .and_then(|set| set.read(ClassMap::read))
        .unwrap_or_default())
}
