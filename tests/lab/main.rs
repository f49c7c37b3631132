//! The fault lab at a size that fits every commit; `cargo xtask soak` runs it large.
mod crash;
mod nth_fault;
mod powerloss;
