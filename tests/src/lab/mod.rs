//! The fault lab: machines that try to break the promises of
//! `docs/reliability.md` and count what broke.
//!
//! Owns how every machine is asked and how it answers; each machine has a
//! module of its own. All are seeded: the seed is printed and gives the same
//! run again. The program `lab` runs them large, the tests in `tests/lab` small.

pub mod chaos;
pub mod clone;
pub mod crash;
pub mod disk;
pub mod disk_phone;
pub mod forge;
pub mod fuzz;
pub mod hostile;
pub mod mutate;
pub mod nth_fault;
pub mod outcome;
pub mod powerloss;
pub mod restore;
pub mod sim;
pub mod target;
pub mod world;

pub use outcome::Outcome;
