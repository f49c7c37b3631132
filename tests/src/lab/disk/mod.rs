//! A disk in memory for SQLite that can lose power and fail.
//!
//! Owns what a disk is: files, what reached the platter, faults on demand, and
//! the file layer that SQLite calls. Does not know what is stored on it.
//!
//! It behaves as SQLite's own file layer for Unix: the same answers about
//! sectors, the directory forced out with the first sync of a new log. Promises
//! a disk makes here: a sector of 512 bytes is written whole or not at all, and
//! a sync that returned well keeps what was written before it. Everything else
//! may be lost, torn or reordered.

mod image;
mod locks;
mod medium;
mod vfs;

pub use image::{Files, Loss, Replay};
pub use medium::{Disk, Event, Fault, FaultKind, Mount};
pub use vfs::NAME;
