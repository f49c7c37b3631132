//! Boundaries and re-divisions as an administrator or supervisor does them: a
//! file is checked against the register and the records, and if nothing stands
//! in the way it is applied in one unit of work.
//!
//! Does not own the rules (`wangge_model::boundary`, `wangge_model::redivision`)
//! nor the writing ([`crate::storage`]).

mod apply;
mod check;
mod place;
mod report;
mod staff;

pub use apply::{ApplyError, apply};
pub use check::{CheckError, CheckRules, Checked, Problem, check};
pub use place::load_places;
