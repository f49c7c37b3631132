//! With the feature `planted-faults`: faults planted on purpose are found. `cargo xtask test` builds and runs this after everything else.

mod planted;
mod points;
mod walk;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Fail points are the whole process's; one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
