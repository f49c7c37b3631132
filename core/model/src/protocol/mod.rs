//! Wire messages between a phone and the server: types, canonical encodings
//! and limits. `docs/sync-protocol.md` is the prose of this module; the golden
//! bytes in its tests pin every encoding.
//!
//! Every message is CBOR (RFC 8949) with small integer keys inside a zstd
//! frame (RFC 8878); ids and hashes are byte strings. A key a receiver does
//! not know is skipped, so fields can be added within one protocol version.

mod codec;
mod digest;
mod enrol;
#[cfg(test)]
mod golden;
mod manifest;
mod problem;
mod proof;
mod reference;
mod roll_call;
mod roster;
mod signature;
mod snapshot;
mod sync;

pub use codec::{CodecError, deflate, inflate, open, seal};
pub use digest::{Digest, GRID_BUCKETS, GridDigest, record_fingerprint};
pub use enrol::{
    EnrolRequest, EnrolResponse, EnrolmentLink, EnrolmentLinkError, Session, SessionRequest,
    enrol_message, session_message,
};
pub use manifest::{Manifest, PushItem, SignedManifest, items_digest};
pub use problem::{Problem, ProblemCode};
pub use proof::{
    GiveBackRequest, GiveBackResponse, MovedRecord, Proof, ProofEntry, ReturnedChange,
    ReturnedRecord, Statement, feed_page_message, snapshot_page_message,
};
pub use reference::{
    ReferenceNews, ReferenceSet, ReferenceStamp, reference_digest, reference_message,
};
pub use roll_call::{RollAnswer, RollOutcome};
pub use roster::{
    ROSTER_PEOPLE, Roster, RosterCard, RosterCardPlace, RosterPerson, RosterPlace, roster_digest,
};
pub use signature::{Algorithm, PublicKey, Signature, SignatureError, SigningKey, SoftwareKey};
pub use snapshot::{SnapshotEntry, SnapshotPage, snapshot_path};
pub use sync::{
    Cursor, Decision, Directive, FeedEntry, FeedPage, Frame, Grants, GridGrant, GridLine, Receipt,
    SyncRequest, SyncResponse, Verdict, VerdictRun,
};

/// The protocol version this build speaks.
pub const PROTOCOL: u32 = 1;

/// The oldest protocol whose phones a server of this build speaks with: two
/// versions before its own, once there are any. From phones older than that it
/// takes changes in and tells them to update.
pub const OLDEST_PROTOCOL: u32 = 1;

/// Content type of every device request and response body.
pub const MEDIA_TYPE: &str = "application/vnd.wangge.v1+cbor-zstd";

/// Limits that both ends check before they allocate.
pub mod limits {
    /// Largest compressed body, in bytes.
    pub const BODY_BYTES: usize = 8 << 20;
    /// Largest inflated body, in bytes.
    pub const INFLATED_BYTES: usize = 64 << 20;
    /// Largest inflated size as a multiple of the compressed size.
    pub const INFLATE_RATIO: usize = 100;
    /// A body this small may inflate to this many bytes whatever the ratio:
    /// an honest message of a few repeated fields compresses very well.
    pub const INFLATE_FREE_BYTES: usize = 256 << 10;
    /// Largest raw change, in bytes.
    pub const CHANGE_BYTES: usize = 64 << 10;
    /// Most operations in one change.
    pub const CHANGE_OPS: usize = 5_000;
    /// Most dependencies named by one change.
    pub const CHANGE_DEPS: usize = 256;
    /// Most operations in one record's whole history.
    pub const RECORD_OPS: u64 = 50_000;
    /// Largest saved record, in bytes.
    pub const RECORD_BYTES: usize = 4 << 20;
    /// Most items in one push.
    pub const PUSH_ITEMS: usize = 10_000;
    /// Most cursors in one request: a phone holds a few grids, a supervisor's
    /// tablet a street.
    pub const CURSORS: usize = 1_000;
    /// Most proofs in one `give-back`: each costs the server a signature check.
    pub const PROOFS: usize = 200;
    /// Largest content of a reference set, in bytes.
    pub const REFERENCE_BYTES: usize = 4 << 20;
    /// Most reference sets a phone holds, and most it asks for at once: a
    /// supervisor's tablet with a thousand grids has a few for each.
    pub const REFERENCE_SETS: usize = 10_000;
    /// Most answers to roll calls in one request.
    pub const ROLL_ANSWERS: usize = 100;
    /// How far ahead of the server a phone's clock may run before it is
    /// flagged, in milliseconds.
    pub const CLOCK_AHEAD_MS: i64 = 24 * 3_600_000;
}

/// Encodes a message; the only failure of writing to memory is impossible, so
/// an empty body stands for it and every decoder refuses that.
pub fn to_cbor<T: minicbor::Encode<()>>(message: &T) -> Vec<u8> {
    minicbor::to_vec(message).unwrap_or_default()
}

/// Decodes a whole message; bytes left over are an error.
pub fn from_cbor<'b, T: minicbor::Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let message = decoder.decode()?;
    if decoder.position() == bytes.len() {
        Ok(message)
    } else {
        Err(DecodeError::Trailing)
    }
}

/// Bytes that are not the message they should be.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not CBOR, or not of this shape.
    #[error("not a valid message: {0}")]
    Cbor(#[from] minicbor::decode::Error),
    /// A valid message followed by more bytes.
    #[error("bytes after the end of the message")]
    Trailing,
}
