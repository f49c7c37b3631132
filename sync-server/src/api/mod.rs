//! What phones and programs ask. One file per group of endpoints; nothing here
//! writes SQL.

mod admission;
mod rate_limit;

use axum::Router;

pub use admission::Admission;
pub use rate_limit::RateLimits;

use crate::AppState;

/// The routes of devices and programs.
pub fn router() -> Router<AppState> {
    Router::new()
}
