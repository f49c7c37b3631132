//! Sync of the phone with its server: push what waits, pull what is new.
//! `docs/sync-protocol.md` says what travels; this module says in which order
//! and what happens when it does not arrive.
//!
//! * [`SyncStore`]: what sync needs of the store.
//! * [`machine`]: every decision, without network, time or threads.
//! * [`engine`]: runs the machine against a [`Transport`]; one sync at a time.
//! * [`http`]: the only file that knows the HTTP client.
//! * [`backoff`]: how long to wait after a failure.
//!
//! Not here: what a change does to a record (the store) and the messages
//! themselves (`wangge_model::protocol`).

pub mod backoff;
mod cancel;
pub mod engine;
#[cfg(test)]
mod engine_tests;
mod error;
mod facade;
pub mod http;
#[cfg(test)]
mod http_tests;
pub mod machine;
mod pin;
mod report;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod transport;
mod verify;

pub use crate::port::{
    Answer, Applied, Bootstrap, Enrolment, GiveBack, GiveBackMark, Position, Push, SyncStore,
};
pub use cancel::CancelToken;
pub use engine::{EngineParts, SyncEngine};
pub use error::SyncError;
pub use http::HttpConnector;
pub use report::{SyncListener, SyncPhase, SyncProgress, SyncReport, SyncStatus};
pub use transport::{Connector, Response, Sleeper, TokioSleeper, Transport, TransportError};
