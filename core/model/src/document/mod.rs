//! One record as one Automerge document: creating, editing, reading and
//! merging it. The document is the truth; every SQL row is derived from it.
//!
//! * [`schema`] says which fields exist and what they may hold.
//! * [`RecordDocument`] edits with targeted writes, so that two people who
//!   change different fields never touch each other's value.
//! * [`FieldConflict`] lists every candidate where two people changed the same
//!   field without knowing of each other.
//!
//! Bytes that come from elsewhere enter through [`crate::guard`] only.

pub(crate) mod author;
mod conflict;
pub(crate) mod edit;
pub(crate) mod genesis;
mod history;
#[cfg(test)]
mod merge_tests;
mod open;
mod path;
mod read;
pub mod schema;
mod tally;
mod value;

use std::sync::OnceLock;

use automerge::{ActorId as AutomergeActor, Automerge, Change, ReadDoc, SaveOptions};
use sha2::{Digest as _, Sha256};

pub use author::AuthoredRecord;
pub use conflict::{Candidate, FieldConflict};
pub use edit::EditError;
pub use genesis::genesis_actor;
pub use history::{HistoryEntry, HistoryField};
pub use open::OpenDocuments;
pub use path::{FieldPath, InvalidFieldPath};
pub use read::Fields;
pub(crate) use read::{Below, read_each};
pub use value::{FieldEdit, FieldValue};

use tally::Tally;

use crate::{ChangeHash, DeviceId, Incarnation, RecordKind, ServerEpoch};

/// Who made a change, as far as the change itself says: 16 bytes. Which person
/// that is, the server's authorship table knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId([u8; 16]);

impl ActorId {
    /// Wraps the given bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The actor in a 16-byte slice.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn to_automerge(self) -> AutomergeActor {
        AutomergeActor::from(self.0)
    }
}

impl std::fmt::Display for ActorId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for ActorId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ActorId({self})")
    }
}

/// The actor of one app life on one phone: the first 16 bytes of
/// SHA-256("wangge/actor/v1" ‖ device ‖ incarnation). Both ends derive it, so
/// nobody can claim another device's.
pub fn derive_device_actor(device: &DeviceId, incarnation: &Incarnation) -> ActorId {
    derive_actor(
        b"wangge/actor/v1\0",
        device.as_bytes(),
        incarnation.as_bytes(),
    )
}

/// The actor of one life of the server, by which it writes the fields only it
/// may write. A restored server is a new life and never reuses an actor.
pub fn derive_server_actor(epoch: &ServerEpoch) -> ActorId {
    derive_actor(b"wangge/server-actor/v1\0", epoch.as_bytes(), &[])
}

fn derive_actor(domain: &[u8], first: &[u8], second: &[u8]) -> ActorId {
    let hash = Sha256::new()
        .chain_update(domain)
        .chain_update(first)
        .chain_update(second)
        .finalize();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash.iter()) {
        *to = *from;
    }
    ActorId(bytes)
}

/// Stored bytes that are not the document they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Automerge cannot read them, or panicked trying.
    #[error("the stored document cannot be read: {0}")]
    Unreadable(String),
    /// They say they are another kind of record.
    #[error("the stored document is not a {expected}")]
    OtherKind {
        /// The kind asked for.
        expected: RecordKind,
    },
    /// Changes whose dependencies are not there.
    #[error("the stored document lacks {0} earlier changes")]
    Incomplete(usize),
}

/// A change just made on this end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalChange {
    /// Its identity.
    pub hash: ChangeHash,
    /// The raw chunk that travels.
    pub bytes: Vec<u8>,
    /// The changes it directly builds on.
    pub deps: Vec<ChangeHash>,
    /// Its number among its actor's changes of this record, from 1.
    pub seq: u64,
}

/// One record, loaded.
#[derive(Debug, Clone)]
pub struct RecordDocument {
    kind: RecordKind,
    pub(crate) doc: Automerge,
    /// Summed up when it is first asked for.
    tally: OnceLock<Tally>,
}

impl RecordDocument {
    /// A record of this kind with nothing in it but the containers that every
    /// copy everywhere shares.
    pub fn new(kind: RecordKind) -> Self {
        Self::of(kind, genesis::genesis_document(kind).clone())
    }

    fn of(kind: RecordKind, doc: Automerge) -> Self {
        Self {
            kind,
            doc,
            tally: OnceLock::new(),
        }
    }

    /// Opens a document that this end saved: a snapshot (or none, for a record
    /// that was never compacted) and the raw changes since.
    ///
    /// Not for bytes from elsewhere: those go through [`crate::guard`]. Damage
    /// on disk is still an error and never a panic.
    pub fn load<'a>(
        kind: RecordKind,
        snapshot: Option<&[u8]>,
        changes: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, DocumentError> {
        let mut loose = Vec::new();
        for bytes in changes {
            loose.push(
                Change::from_bytes(bytes.to_vec())
                    .map_err(|error| DocumentError::Unreadable(error.to_string()))?,
            );
        }
        let loaded = crate::guard::contain(move || -> Result<Automerge, DocumentError> {
            let mut doc = match snapshot {
                Some(bytes) => Automerge::load(bytes)
                    .map_err(|error| DocumentError::Unreadable(error.to_string()))?,
                None => Self::new(kind).doc,
            };
            doc.apply_changes(loose)
                .map_err(|error| DocumentError::Unreadable(error.to_string()))?;
            Ok(doc)
        });
        let doc = loaded.unwrap_or_else(|panic| Err(DocumentError::Unreadable(panic)))?;
        let missing = doc.get_missing_deps(&[]).len();
        if missing > 0 {
            return Err(DocumentError::Incomplete(missing));
        }
        let document = Self::of(kind, doc);
        if document.written_kind().as_deref() == Some(kind.as_str()) {
            Ok(document)
        } else {
            Err(DocumentError::OtherKind { expected: kind })
        }
    }

    /// What kind of record this is.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// The whole document, uncompressed: the form that is stored and sent
    /// (compressed together with its neighbours, never alone).
    pub fn save(&self) -> Vec<u8> {
        self.doc.save_with_options(SaveOptions {
            deflate: false,
            retain_orphans: false,
        })
    }

    /// The whole document as a standard, compressed Automerge file, for other
    /// programs.
    pub fn save_compressed(&self) -> Vec<u8> {
        self.doc.save()
    }

    /// The changes nothing else builds on yet, sorted.
    pub fn heads(&self) -> Vec<ChangeHash> {
        let mut heads: Vec<ChangeHash> = self
            .doc
            .get_heads()
            .into_iter()
            .map(ChangeHash::from)
            .collect();
        heads.sort_unstable();
        heads
    }

    /// Every change except the genesis, dependencies first.
    pub fn changes(&self) -> Vec<LocalChange> {
        let genesis = genesis::genesis_document(self.kind).get_heads();
        self.doc
            .get_changes(&genesis)
            .into_iter()
            .map(|change| local_change(&change))
            .collect()
    }

    /// The hash of every change except the genesis, dependencies first: without
    /// the changes' bytes, which have to be put together anew.
    pub fn change_hashes(&self) -> Vec<ChangeHash> {
        let genesis = genesis::genesis_document(self.kind).get_heads();
        self.doc
            .get_changes_meta(&genesis)
            .iter()
            .map(|meta| meta.hash.into())
            .collect()
    }

    /// What each change directly builds on, the genesis left out; as
    /// [`Self::change_hashes`].
    pub fn change_deps(&self) -> Vec<(ChangeHash, Vec<ChangeHash>)> {
        let genesis = genesis::genesis_document(self.kind).get_heads();
        self.doc
            .get_changes_meta(&genesis)
            .iter()
            .map(|meta| {
                let deps = meta.deps.iter().copied().map(ChangeHash::from);
                (meta.hash.into(), deps.collect())
            })
            .collect()
    }

    /// One change's raw bytes, also after it was compacted into a snapshot.
    pub fn find_change(&self, hash: &ChangeHash) -> Option<LocalChange> {
        self.doc
            .get_change_by_hash(&(*hash).into())
            .map(|change| local_change(&change))
    }

    /// What a change of this document builds on; `None`: it holds no such change.
    pub fn find_deps(&self, hash: &ChangeHash) -> Option<Vec<ChangeHash>> {
        let meta = self.doc.get_change_meta_by_hash(&(*hash).into())?;
        Some(meta.deps.iter().copied().map(ChangeHash::from).collect())
    }

    /// Whether the document holds this change.
    pub fn has_change(&self, hash: &ChangeHash) -> bool {
        self.doc.get_change_meta_by_hash(&(*hash).into()).is_some()
    }

    /// The actor that began the record. Of copies that two actors began apart
    /// (a copied phone), the same one everywhere.
    pub fn creator(&self) -> Option<ActorId> {
        let genesis = genesis::genesis_document(self.kind).get_heads();
        self.doc
            .get_changes_meta(&genesis)
            .iter()
            .filter(|meta| meta.deps == genesis)
            .min_by_key(|meta| meta.hash)
            .and_then(|meta| ActorId::from_slice(meta.actor.to_bytes()))
    }

    /// The number of changes an actor has made to this record.
    pub fn last_seq(&self, actor: &ActorId) -> u64 {
        self.tally().last_seq(actor)
    }

    /// The highest operation number in use.
    pub(crate) fn last_op(&self) -> u64 {
        self.tally().last_op
    }

    fn tally(&self) -> &Tally {
        self.tally
            .get_or_init(|| Tally::of(&self.doc.get_changes_meta(&[])))
    }

    /// Applies changes that are sound.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever applies changes has no more use for them"
    )]
    pub(crate) fn apply(&mut self, changes: Vec<Change>) -> Result<(), automerge::AutomergeError> {
        let tally = self.tally.get_mut().map(std::mem::take);
        // Until it is counted again: an error may leave some of them applied.
        self.tally = OnceLock::new();
        self.doc.apply_changes(changes.iter().cloned())?;
        if let Some(mut tally) = tally
            && self.doc.get_missing_deps(&[]).is_empty()
        {
            for change in &changes {
                tally.add(change);
            }
            self.tally = tally.into();
        }
        Ok(())
    }

    /// Operations in the whole history, which is what loading costs.
    pub fn op_count(&self) -> u64 {
        self.doc.stats().num_ops
    }

    /// Applies changes this end already trusts (its own, from its store).
    pub fn apply_own<'a>(
        &mut self,
        changes: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), DocumentError> {
        let mut parsed = Vec::new();
        for bytes in changes {
            parsed.push(
                Change::from_bytes(bytes.to_vec())
                    .map_err(|error| DocumentError::Unreadable(error.to_string()))?,
            );
        }
        self.apply(parsed)
            .map_err(|error| DocumentError::Unreadable(error.to_string()))
    }

    fn written_kind(&self) -> Option<String> {
        match self.doc.get(automerge::ROOT, genesis::KIND_KEY) {
            Ok(Some((value, _))) => value.as_str().map(str::to_owned),
            _ => None,
        }
    }
}

/// Root keys that say what a document is and are no fields.
pub(crate) fn is_root_reserved(key: &str) -> bool {
    [genesis::KIND_KEY, genesis::SCHEMA_KEY].contains(&key)
}

pub(crate) fn local_change(change: &Change) -> LocalChange {
    LocalChange {
        hash: change.hash().into(),
        bytes: change.raw_bytes().to_vec(),
        deps: change
            .deps()
            .iter()
            .copied()
            .map(ChangeHash::from)
            .collect(),
        seq: change.seq(),
    }
}

/// The heads after a change joins: what it builds on is no longer a head. Lets
/// both ends keep heads without opening the document.
pub fn advance_heads(heads: &mut Vec<ChangeHash>, hash: ChangeHash, deps: &[ChangeHash]) {
    heads.retain(|head| !deps.contains(head));
    if !heads.contains(&hash) {
        heads.push(hash);
    }
    heads.sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Timestamp, document::FieldEdit};

    fn edit(path: &str, text: &str) -> FieldEdit {
        FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
    }

    fn actor(byte: u8) -> ActorId {
        ActorId::from_bytes([byte; 16])
    }

    #[test]
    fn a_saved_document_loads_with_its_loose_changes() {
        let mut document = RecordDocument::new(RecordKind::Household);
        let first = document
            .edit(
                &[edit("address.room", "501")],
                actor(1),
                Timestamp::from_millis(0),
            )
            .unwrap()
            .unwrap();
        let snapshot = document.save();
        let second = document
            .edit(
                &[edit("address.unit", "2单元")],
                actor(1),
                Timestamp::from_millis(1),
            )
            .unwrap()
            .unwrap();
        assert_eq!((first.seq, second.seq), (1, 2));
        let loaded = RecordDocument::load(
            RecordKind::Household,
            Some(&snapshot),
            [second.bytes.as_slice()],
        )
        .unwrap();
        assert_eq!(loaded.heads(), document.heads());
        let loose_only = RecordDocument::load(
            RecordKind::Household,
            None,
            [first.bytes.as_slice(), second.bytes.as_slice()],
        )
        .unwrap();
        assert_eq!(loose_only.heads(), document.heads());
        assert_eq!(loaded.find_change(&first.hash).unwrap().bytes, first.bytes);
        assert_eq!(loaded.find_deps(&first.hash).unwrap(), first.deps);
        assert_eq!(loaded.last_seq(&actor(1)), 2);
    }

    #[test]
    fn damaged_or_foreign_bytes_are_errors() {
        let mut document = RecordDocument::new(RecordKind::Visit);
        let change = document
            .edit(
                &[edit("diary", "一切平安")],
                actor(1),
                Timestamp::from_millis(0),
            )
            .unwrap()
            .unwrap();
        let saved = document.save();
        assert_eq!(
            RecordDocument::load(RecordKind::Household, Some(&saved), []).unwrap_err(),
            DocumentError::OtherKind {
                expected: RecordKind::Household
            }
        );
        assert!(RecordDocument::load(RecordKind::Visit, Some(&saved[..40]), []).is_err());
        assert!(matches!(
            RecordDocument::load(RecordKind::Household, None, [change.bytes.as_slice()]),
            Err(DocumentError::Incomplete(1))
        ));
    }

    #[test]
    fn heads_follow_changes_without_the_document() {
        let mut document = RecordDocument::new(RecordKind::Household);
        let mut heads = document.heads();
        for room in ["1", "2", "3"] {
            let change = document
                .edit(
                    &[edit("address.room", room)],
                    actor(1),
                    Timestamp::from_millis(0),
                )
                .unwrap()
                .unwrap();
            advance_heads(&mut heads, change.hash, &change.deps);
        }
        assert_eq!(heads, document.heads());
    }

    #[test]
    fn actors_differ_by_device_and_by_app_life() {
        let device = DeviceId::from_bytes([1; 16]);
        let one = derive_device_actor(&device, &Incarnation::from_bytes([1; 16]));
        let two = derive_device_actor(&device, &Incarnation::from_bytes([2; 16]));
        assert_ne!(one, two);
        assert_ne!(one, derive_server_actor(&ServerEpoch::from_bytes([1; 16])));
    }
}
