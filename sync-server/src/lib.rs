//! The Wangge server: where phones hand in what they collected offline and
//! learn what others did.
//!
//! * [`storage`]: what is kept, one trait per concept, SQLite behind them.
//! * [`ingest`]: how a push becomes records, feed places and a receipt.
//! * [`clockwork`]: what happens to cases because a time ran out.
//! * [`resident`] and [`hotline`]: what people outside report; [`courier`]: what they
//!   are told.
//! * [`api`]: the device API and what machines ask.
//! * [`division`]: boundaries of grids and dividing them anew.
//! * [`auth`] and [`console`]: people in front of a browser.
//! * [`state`] ties them together; [`app`] is the list of routes.
//!
//! The binary `wangge` adds configuration, TLS and the command line.

pub mod api;
pub mod app;
mod assessment;
pub mod auth;
pub mod bucket;
pub mod card;
pub mod case_archive;
pub mod cli;
pub mod clockwork;
pub mod config;
pub mod console;
pub mod courier;
pub mod data_folder;
#[cfg(feature = "demo")]
pub mod demo;
pub mod division;
pub mod enrolment;
pub mod error;
pub mod explain;
pub mod generate;
pub mod hotline;
pub mod import;
pub mod indexer;
pub mod ingest;
pub mod ledger;
pub mod logging;
pub mod memory;
pub mod metrics;
pub mod profile;
mod refusal;
pub mod resident;
pub mod serve;
pub mod snapshot_cache;
pub mod state;
pub mod storage;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tls;
pub mod visit_map;

pub use error::{ApiError, DeviceError};
pub use state::{AppState, Settings};
