//! How a push becomes records, feed places and a receipt.
//!
//! 1. [`manifest`]: the push is what the device signed, and is not replayed.
//! 2. [`admit`]: each change passes the guard, in item order, record by record,
//!    on a blocking thread. One bad change never stops the others.
//! 3. The storage commits what was admitted; [`case`] gives a new incident its
//!    number there.
//! 4. Only then [`push()`] says what became of each item.
//!
//! Other ways in: [`give_back()`], what an earlier life of the server held;
//! [`review`], what was kept apart and a supervisor lets in; [`console_edit`] and
//! [`record_edit`], what people write on the server itself; [`report`], an incident
//! reported there; [`outside_report`], one that a resident or the hotline did;
//! [`case_action`], what they decide on a case there; [`merge`],
//! records that turned out to be one.

mod admit;
pub(crate) mod authority;
pub mod bulk;
pub(crate) mod case;
pub mod case_action;
pub mod console_edit;
mod give_back;
mod manifest;
pub mod merge;
#[cfg(test)]
mod merge_tests;
pub mod outside_report;
mod push;
pub mod record_edit;
pub mod report;
pub mod review;

pub use give_back::give_back;
pub use push::{Pushed, push};
