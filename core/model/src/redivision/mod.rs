//! Re-division (网格调整): old grids of a community are closed, new ones take
//! their place, and every record of the old ones gets a new home.
//!
//! Pure: [`file`](self) reads the order, [`plan`](self) decides from points,
//! addresses and what belongs together, and lists what only a person can
//! decide. Does not own the doing; that is one unit of work of the server.

mod file;
mod plan;

pub use file::{AddressRule, NewGrid, RecordRule, RedivisionFile, RedivisionFileError, RestRule};
pub use plan::{
    AddressKey, OldGrid, Placement, Reason, RecordPlace, Redivision, RedivisionPlan, Undecided,
    plan,
};
