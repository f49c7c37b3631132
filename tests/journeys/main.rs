//! Journeys through the whole product: the real server in a process of its
//! own, real phones with their encrypted files, real sockets. Each test starts
//! a server of its own and needs nothing from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a journey that cannot go on has failed"
)]

mod enrolment;
mod faults;
mod hostile;
mod merge;
mod merges;
mod peers;
mod redivision;
mod scope;
mod support;
mod tls;
