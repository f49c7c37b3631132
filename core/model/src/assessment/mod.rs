//! Assessment (考核): what is counted of grids and units, how it becomes a
//! score, and the list of indicators (考评清单) a county sets.
//!
//! * [`Formula`] is what can be counted; each is a share of something or a count
//!   per head, and always a pair of numbers that opens to its rows.
//! * [`CaseFact`] is what counting needs of one incident, read from its document.
//! * [`AssessmentList`] says which formulas count how much, as a reference set.
//! * [`Figure`] and [`score()`] turn pairs of numbers into points; where there is
//!   nothing to count there is no figure, and neither 0 nor 100 %.
//!
//! Source: the domain document, section 6. Everything is a pure function; what is
//! counted and frozen is the server's storage.

mod fact;
mod formula;
mod list;
mod period;
mod score;

pub use fact::{CaseFact, CaseProblem, ProblemKind};
pub use formula::{Formula, RowKind};
pub use list::{
    ASSESSMENT_LIST, AssessmentList, AssessmentListError, FormulaLimits, Indicator, IndicatorName,
};
pub use period::AssessmentPeriod;
pub use score::{Figure, RATING_MAX, RatingError, check_rating, combine, may_rate, score};
