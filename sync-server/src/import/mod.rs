//! Tables from elsewhere, read line by line: a bad line is reported by its
//! number and the rest goes on; running an import twice changes nothing.
//!
//! Owns reading and checking. Does not own the tables (`storage`) nor the
//! command line (`cli`).

mod division;
mod line;
mod parents;
mod progress;
mod row;

pub(crate) use division::read_division_names;
pub use division::{DivisionFiles, ImportError, ImportReport, import_divisions};
pub use line::LineError;
pub use progress::{Progress, progress_for};
pub use row::RowError;
