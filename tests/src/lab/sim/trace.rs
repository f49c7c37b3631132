//! What happened, as one number: two runs of a seed must give the same.

use sha2::{Digest as _, Sha256};

/// A running hash over everything that was done and answered.
#[derive(Debug, Default)]
pub(super) struct Trace(Sha256);

impl Trace {
    /// Adds something that happened.
    pub(super) fn add(&mut self, what: &str, bytes: &[u8]) {
        self.0.update((what.len() as u64).to_be_bytes());
        self.0.update(what);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// Adds a number.
    pub(super) fn count(&mut self, what: &str, number: u64) {
        self.add(what, &number.to_be_bytes());
    }

    /// The hash so far, in hex.
    pub(super) fn digest(&self) -> String {
        let hash: [u8; 32] = self.0.clone().finalize().into();
        wangge_model::ChangeHash::from_bytes(hash).to_string()
    }
}
