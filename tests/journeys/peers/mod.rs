//! Scenarios by which other field-collection systems lost or blocked people's
//! data, or which their own suites hold, replayed here. Each test names its
//! source: project and issue or test.
//!
//! * [`branches`]: work that arrives in any order.
//! * [`conflicts`]: two people on one record, and one person on two phones.
//! * [`faults`]: broken transfers, clocks, damage.

mod branches;
mod conflicts;
mod faults;
