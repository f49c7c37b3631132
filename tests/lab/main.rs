//! The fault lab at a size that fits every commit; `cargo xtask soak` runs it large.
mod chaos;
mod clone;
mod crash;
mod forge;
mod hostile;
mod nth_fault;
mod planted_faults;
mod powerloss;
mod restore;
mod sim;
