//! The gate every change from elsewhere passes: on the server for each pushed
//! change, on the phone for each pulled one.
//!
//! Automerge's decoders trust lengths, panic on many malformed inputs and
//! apply a well-formed change whatever it writes. So a change is looked at in
//! four steps, cheapest first, each bounded before it allocates:
//!
//! 1. [`inspect`]: size, magic bytes, chunk type 1, SHA-256 against the hash
//!    carried beside it; then our own [`scan`] of the columns (operation
//!    count, string and value lengths, actor indexes); then Automerge's parser
//!    inside [`contain()`].
//! 2. Identity: actor, sequence number, dependencies against the record.
//! 3. [`rights`]: what each operation writes, against the schema and what the
//!    writer may write.
//! 4. Application to a clone inside [`contain()`].
//!
//! A new record's only change can be judged without the fourth, see
//! [`admit_first`].
//!
//! What fails is not lost: the server keeps it in quarantine under
//! [`GuardError::code`].

mod contain;
mod first;
pub mod requests;
mod rights;
mod scan;

use automerge::Change;
use sha2::{Digest, Sha256};

pub use contain::contain;
pub use first::{FirstRecord, admit_first};

use crate::{
    ActorId, ChangeHash, FieldPath, Timestamp,
    document::{RecordDocument, schema::FieldError},
    protocol::limits,
};

/// Why a change from elsewhere is not applied. The texts are
/// `quarantine-<code with hyphens>` in the message files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// Larger than [`limits::CHANGE_BYTES`].
    #[error("the change has {bytes} bytes")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// No Automerge chunk, or not a plain change (a document, a compressed
    /// change or a bundle).
    #[error("not a plain change: {0}")]
    NotAChange(&'static str),
    /// The bytes are not the ones the hash names.
    #[error("the bytes do not match their hash")]
    HashMismatch,
    /// More operations than [`limits::CHANGE_OPS`].
    #[error("more than {} operations", limits::CHANGE_OPS)]
    TooManyOps,
    /// A chunk whose inside contradicts itself.
    #[error("malformed change: {0}")]
    Malformed(String),
    /// Made by another actor than the pushing device's.
    #[error("made by another actor")]
    OtherActor,
    /// The actor's numbering has a gap.
    #[error("sequence number {found} after {last}")]
    SeqGap {
        /// Last known.
        last: u64,
        /// The change's.
        found: u64,
    },
    /// Another change already has this actor and sequence number.
    #[error("the actor used sequence number {0} twice")]
    ActorFork(u64),
    /// Builds on changes this end does not have.
    #[error("{} earlier changes are missing", .0.len())]
    MissingDeps(Vec<ChangeHash>),
    /// Operation numbers far from those of the record.
    #[error("operation numbers do not follow the record's")]
    OpNumbers,
    /// Writes something no record has: a list, a table, a deleted field, an
    /// object in place of a container.
    #[error("changes the record's structure: {0}")]
    Structure(&'static str),
    /// Writes a field that only the server may write.
    #[error("{0} is written by the server only")]
    Authority(String),
    /// Writes into a request that was filed, or files part of one.
    #[error("{0} is part of a request, which is filed whole and never changed")]
    Request(String),
    /// A value that does not fit its field.
    #[error("{path}: {reason}")]
    Field {
        /// The field.
        path: String,
        /// Why.
        #[source]
        reason: FieldError,
    },
    /// The record would have more than [`limits::RECORD_OPS`] operations or
    /// [`limits::RECORD_BYTES`] bytes.
    #[error("the record is full")]
    RecordFull,
}

impl GuardError {
    /// Stable code for quarantine rows, receipts and message files.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotAChange(_) => "not_a_change",
            Self::HashMismatch => "hash_mismatch",
            Self::TooManyOps => "too_many_ops",
            Self::Malformed(_) => "malformed",
            Self::OtherActor => "other_actor",
            Self::SeqGap { .. } => "seq_gap",
            Self::ActorFork(_) => "actor_fork",
            Self::MissingDeps(_) => "missing_deps",
            Self::OpNumbers => "op_numbers",
            Self::Structure(_) => "structure",
            Self::Authority(_) => "authority",
            Self::Request(_) => "request",
            Self::Field { .. } => "field",
            Self::RecordFull => "record_full",
        }
    }

    /// What exactly, without any of the record's content: a field's path and
    /// the field error's code, or nothing.
    pub fn detail(&self) -> String {
        match self {
            Self::Authority(path) | Self::Request(path) => path.clone(),
            Self::Field { path, reason } => format!("{path} {}", reason.code()),
            Self::Structure(what) | Self::NotAChange(what) => (*what).to_owned(),
            _ => String::new(),
        }
    }

    /// Every code, so that a test can hold the message files to them.
    pub const CODES: &'static [&'static str] = &[
        "too_large",
        "not_a_change",
        "hash_mismatch",
        "too_many_ops",
        "malformed",
        "other_actor",
        "seq_gap",
        "actor_fork",
        "missing_deps",
        "op_numbers",
        "structure",
        "authority",
        "request",
        "field",
        "record_full",
    ];
}

/// A change that is what its hash says, parsed within bounds.
#[derive(Debug, Clone)]
pub struct InspectedChange {
    change: Change,
    hash: ChangeHash,
    actor: ActorId,
}

impl InspectedChange {
    /// Its identity.
    pub fn hash(&self) -> ChangeHash {
        self.hash
    }

    /// The actor it claims.
    pub fn actor(&self) -> ActorId {
        self.actor
    }

    /// Its number among its actor's changes of the record, from 1.
    pub fn seq(&self) -> u64 {
        self.change.seq()
    }

    /// The changes it directly builds on.
    pub fn deps(&self) -> Vec<ChangeHash> {
        self.change
            .deps()
            .iter()
            .copied()
            .map(ChangeHash::from)
            .collect()
    }

    /// The author's clock, to the second: a claim.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.change.timestamp().saturating_mul(1000))
    }

    /// Number of operations.
    pub fn op_count(&self) -> usize {
        self.change.len()
    }

    /// The raw chunk.
    pub fn bytes(&self) -> &[u8] {
        self.change.raw_bytes()
    }

    /// The ids that requests in this change name: units, and incidents. What a
    /// server looks up before it decides.
    pub fn named_by_requests(&self) -> requests::Named {
        requests::named(&self.change)
    }
}

/// Whether a change may hold a request: a cheap look at its bytes that says no
/// only if there is none.
pub fn may_hold_request(bytes: &[u8]) -> bool {
    bytes
        .windows(requests::MARK.len())
        .any(|window| window == requests::MARK)
}

/// First nine bytes of a plain change: magic, four checksum bytes, type 1.
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHANGE_CHUNK: u8 = 1;

/// Checks and parses one change; allocates no more than a small multiple of
/// its size.
pub fn inspect(hash: &ChangeHash, bytes: &[u8]) -> Result<InspectedChange, GuardError> {
    if bytes.len() > limits::CHANGE_BYTES {
        return Err(GuardError::TooLarge { bytes: bytes.len() });
    }
    let (Some(magic), Some(checksum), Some(&chunk_type), Some(hashed)) = (
        bytes.get(..4),
        bytes.get(4..8),
        bytes.get(8),
        bytes.get(8..),
    ) else {
        return Err(GuardError::NotAChange("too short"));
    };
    if magic != MAGIC {
        return Err(GuardError::NotAChange("no chunk"));
    }
    if chunk_type != CHANGE_CHUNK {
        return Err(GuardError::NotAChange("another chunk type"));
    }
    let actual: [u8; 32] = Sha256::digest(hashed).into();
    if actual != *hash.as_bytes() || actual.get(..4) != Some(checksum) {
        return Err(GuardError::HashMismatch);
    }
    scan::scan(bytes)?;
    let owned = bytes.to_vec();
    let change = contain(move || Change::from_bytes(owned))
        .map_err(GuardError::Malformed)?
        .map_err(|error| GuardError::Malformed(error.to_string()))?;
    if change.raw_bytes() != bytes || ChangeHash::from(change.hash()) != *hash {
        return Err(GuardError::Malformed(
            "does not read back the same".to_owned(),
        ));
    }
    if change.len() > limits::CHANGE_OPS {
        return Err(GuardError::TooManyOps);
    }
    let actor = ActorId::from_slice(change.actor_id().to_bytes())
        .ok_or_else(|| GuardError::Malformed("an actor has 16 bytes".to_owned()))?;
    Ok(InspectedChange {
        change,
        hash: *hash,
        actor,
    })
}

/// Whose change is being admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// A device's push: the change must be by this actor and stay within what
    /// people may write.
    Device(ActorId),
    /// The server's signed feed: any actor, also the server's own fields.
    Feed,
}

impl RecordDocument {
    /// The record with one more change, or why not. `self` is untouched: the
    /// change is applied to a clone.
    ///
    /// A change the record already has is given back as the record unchanged.
    pub fn admit(&self, change: &InspectedChange, writer: Writer) -> Result<Self, GuardError> {
        if self.has_change(&change.hash) {
            return Ok(self.clone());
        }
        if let Writer::Device(actor) = writer
            && actor != change.actor
        {
            return Err(GuardError::OtherActor);
        }
        let missing: Vec<ChangeHash> = change
            .deps()
            .into_iter()
            .filter(|dep| !self.has_change(dep))
            .collect();
        if !missing.is_empty() {
            return Err(GuardError::MissingDeps(missing));
        }
        let last = self.last_seq(&change.actor);
        if change.seq() <= last {
            return Err(GuardError::ActorFork(change.seq()));
        }
        if change.seq() != last + 1 {
            return Err(GuardError::SeqGap {
                last,
                found: change.seq(),
            });
        }
        self.check_op_numbers(change)?;
        let texts = rights::check(self, &change.change, writer)?;
        let mut trial = self.clone();
        let parsed = change.change.clone();
        let trial = contain(move || trial.apply(vec![parsed]).map(|()| trial))
            .map_err(GuardError::Malformed)?
            .map_err(|error| GuardError::Malformed(error.to_string()))?;
        // Automerge stores operations, not chunks, and encodes the chunk anew
        // when asked. One that does not come back the same would make the
        // saved record unreadable ("mismatching heads").
        let stored = contain(|| trial.find_change(&change.hash)).map_err(GuardError::Malformed)?;
        if stored.is_none_or(|stored| stored.bytes != change.bytes()) {
            return Err(GuardError::Malformed("not in canonical form".to_owned()));
        }
        for path in texts {
            trial.check_text(&path)?;
        }
        if trial.op_count() > limits::RECORD_OPS {
            return Err(GuardError::RecordFull);
        }
        Ok(trial)
    }

    /// An honest author numbers its operations right after the last it knew,
    /// so never past the record's last; a huge number would win every later
    /// conflict.
    fn check_op_numbers(&self, change: &InspectedChange) -> Result<(), GuardError> {
        let start = change.change.start_op().get();
        let last = self.last_op();
        let known = change
            .change
            .deps()
            .iter()
            .filter_map(|dep| self.doc.get_change_meta_by_hash(dep))
            .map(|meta| meta.max_op)
            .max()
            .unwrap_or(0);
        if start > last + 1 || start <= known {
            return Err(GuardError::OpNumbers);
        }
        Ok(())
    }

    fn check_text(&self, path: &FieldPath) -> Result<(), GuardError> {
        let Some(spec) = crate::document::schema::find_field(self.kind(), path) else {
            return Ok(());
        };
        match self.value(path) {
            Some(value) => spec.check(&value).map_err(|reason| GuardError::Field {
                path: path.to_string(),
                reason,
            }),
            None => Ok(()),
        }
    }
}

/// Reads a whole document that came from the server's snapshot. Its bytes are
/// as foreign as a change's: opened in [`contain()`], and only if they claim a
/// size a record may have.
pub fn open_snapshot(
    kind: crate::RecordKind,
    bytes: &[u8],
) -> Result<RecordDocument, crate::document::DocumentError> {
    if bytes.len() > limits::RECORD_BYTES {
        return Err(crate::document::DocumentError::Unreadable(
            "too large".to_owned(),
        ));
    }
    RecordDocument::load(kind, Some(bytes), [])
}

#[cfg(test)]
mod tests;
