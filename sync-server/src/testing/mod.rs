//! A whole server for tests and benches, and a light phone that speaks its
//! protocol. Time and randomness are driven by the test.

mod device;
mod server;

pub use device::{Held, SimDevice};
pub use server::{Reply, TestServer};
