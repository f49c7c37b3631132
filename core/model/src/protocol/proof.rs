//! Proof of what a server once held: what it signed, kept by phones in compact
//! form, and `POST /v1/give-back`, by which a server restored from an older
//! backup gets back what it had accepted from others or decided itself.
//!
//! A change's hash covers the hashes it builds on, so a signature over one hash
//! vouches for the whole history below it.

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::{FeedEntry, FeedPage, PublicKey, Signature, SignatureError, SnapshotPage};
use crate::{ChangeHash, GridId, RecordId, RecordKind, ServerEpoch};

/// A page as the server signed it, without the changes themselves.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Proof {
    /// The server life that signed.
    #[n(0)]
    pub epoch: ServerEpoch,
    /// The grid.
    #[n(1)]
    pub grid: GridId,
    /// What kind of page.
    #[n(2)]
    pub statement: Statement,
    /// What it named, in order.
    #[n(3)]
    pub entries: Vec<ProofEntry>,
    /// Over [`Proof::message`].
    #[n(4)]
    pub signature: Signature,
}

/// What kind of page was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Statement {
    /// These changes have these places of the feed.
    #[n(0)]
    Feed {
        /// [`FeedPage::after`].
        #[n(0)]
        after: u64,
        /// [`FeedPage::to`].
        #[n(1)]
        to: u64,
    },
    /// These records stood so, at this place of the feed or later.
    #[n(1)]
    Snapshot {
        /// [`SnapshotPage::as_of`].
        #[n(0)]
        as_of: u64,
    },
}

/// One thing a signed page named.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ProofEntry {
    /// A change of the feed.
    #[n(0)]
    Change {
        /// The record.
        #[n(0)]
        record: RecordId,
        /// The change.
        #[n(1)]
        hash: ChangeHash,
    },
    /// Places of the feed that a receipt named.
    #[n(1)]
    Receipted {
        /// How many.
        #[n(0)]
        count: u32,
    },
    /// A record of a snapshot.
    #[n(2)]
    Record {
        /// The record.
        #[n(0)]
        record: RecordId,
        /// Its document epoch.
        #[n(1)]
        record_epoch: u32,
        /// What kind of record.
        #[n(2)]
        kind: RecordKind,
        /// How often it had been moved to another grid.
        #[n(3)]
        moves: u32,
        /// Its heads, ascending.
        #[n(4)]
        heads: Vec<ChangeHash>,
    },
    /// A record that had left the feed's grid.
    #[n(3)]
    MovedOut {
        /// The record.
        #[n(0)]
        record: RecordId,
        /// Where it was.
        #[n(1)]
        to: GridId,
        /// How often it had been moved.
        #[n(2)]
        moves: u32,
    },
    /// A record that had come into the feed's grid.
    #[n(4)]
    MovedIn {
        /// The record.
        #[n(0)]
        record: RecordId,
        /// Its document epoch.
        #[n(1)]
        record_epoch: u32,
        /// What kind of record.
        #[n(2)]
        kind: RecordKind,
        /// How often it had been moved.
        #[n(3)]
        moves: u32,
        /// Its heads, ascending.
        #[n(4)]
        heads: Vec<ChangeHash>,
    },
}

/// What a record's own facts add to what is signed.
fn hash_record(
    digest: &mut Sha256,
    record: &RecordId,
    record_epoch: u32,
    kind: RecordKind,
    moves: u32,
    heads: &[ChangeHash],
) {
    digest.update(record.as_bytes());
    digest.update(record_epoch.to_be_bytes());
    digest.update([kind.number()]);
    digest.update(moves.to_be_bytes());
    let count = u32::try_from(heads.len()).unwrap_or(u32::MAX);
    digest.update(count.to_be_bytes());
    for head in heads {
        digest.update(head.as_bytes());
    }
}

impl ProofEntry {
    fn hash_into(&self, digest: &mut Sha256) {
        match self {
            Self::Change { record, hash } => {
                digest.update(record.as_bytes());
                digest.update(hash.as_bytes());
            }
            Self::Receipted { count } => digest.update(count.to_be_bytes()),
            Self::Record {
                record,
                record_epoch,
                kind,
                moves,
                heads,
            } => hash_record(digest, record, *record_epoch, *kind, *moves, heads),
            // Named, so that neither can be read as a change.
            Self::MovedOut { record, to, moves } => {
                digest.update(b"moved-out\0");
                digest.update(record.as_bytes());
                digest.update(to.as_bytes());
                digest.update(moves.to_be_bytes());
            }
            Self::MovedIn {
                record,
                record_epoch,
                kind,
                moves,
                heads,
            } => {
                digest.update(b"moved-in\0");
                hash_record(digest, record, *record_epoch, *kind, *moves, heads);
            }
        }
    }

    /// The record it is about.
    pub fn record(&self) -> Option<RecordId> {
        match self {
            Self::Change { record, .. }
            | Self::Record { record, .. }
            | Self::MovedOut { record, .. }
            | Self::MovedIn { record, .. } => Some(*record),
            Self::Receipted { .. } => None,
        }
    }

    /// The changes it names.
    pub fn hashes(&self) -> &[ChangeHash] {
        match self {
            Self::Change { hash, .. } => std::slice::from_ref(hash),
            Self::Record { heads, .. } | Self::MovedIn { heads, .. } => heads,
            Self::Receipted { .. } | Self::MovedOut { .. } => &[],
        }
    }
}

impl Proof {
    /// The proof in a feed page; `None` if the page is not signed.
    pub fn of_page(epoch: &ServerEpoch, page: &FeedPage) -> Option<Self> {
        Some(Self {
            epoch: *epoch,
            grid: page.grid,
            statement: feed_statement(page),
            entries: feed_entries(page),
            signature: page.signature.clone()?,
        })
    }

    /// The proof in a snapshot page; `None` if the page is not signed.
    pub fn of_snapshot(epoch: &ServerEpoch, page: &SnapshotPage) -> Option<Self> {
        Some(Self {
            epoch: *epoch,
            grid: page.grid,
            statement: Statement::Snapshot { as_of: page.as_of },
            entries: snapshot_entries(page),
            signature: page.signature.clone()?,
        })
    }

    /// What was signed.
    pub fn message(&self) -> Vec<u8> {
        message(&self.epoch, &self.grid, self.statement, &self.entries)
    }

    /// Whether the holder of `key` signed it. A feed's proof that claims
    /// entries of a snapshot, or the other way round, is none.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let of_snapshot = matches!(self.statement, Statement::Snapshot { .. });
        let fits = self
            .entries
            .iter()
            .all(|entry| matches!(entry, ProofEntry::Record { .. }) == of_snapshot);
        if !fits {
            return Err(SignatureError::Mismatch);
        }
        key.verify(&self.message(), &self.signature)
    }
}

fn feed_statement(page: &FeedPage) -> Statement {
    Statement::Feed {
        after: page.after,
        to: page.to,
    }
}

fn feed_entries(page: &FeedPage) -> Vec<ProofEntry> {
    let entries = page.entries.iter().map(|entry| match entry {
        FeedEntry::Change { frame } => ProofEntry::Change {
            record: frame.record,
            hash: frame.hash,
        },
        FeedEntry::Yours { record, hash } => ProofEntry::Change {
            record: *record,
            hash: *hash,
        },
        FeedEntry::Receipted { count } => ProofEntry::Receipted { count: *count },
        FeedEntry::MovedOut { record, to, moves } => ProofEntry::MovedOut {
            record: *record,
            to: *to,
            moves: *moves,
        },
        FeedEntry::MovedIn { entry } => ProofEntry::MovedIn {
            record: entry.record,
            record_epoch: entry.record_epoch,
            kind: entry.kind,
            moves: entry.moves.unwrap_or(0),
            heads: entry.heads.clone(),
        },
    });
    entries.collect()
}

fn snapshot_entries(page: &SnapshotPage) -> Vec<ProofEntry> {
    let entries = page.entries.iter().map(|entry| ProofEntry::Record {
        record: entry.record,
        record_epoch: entry.record_epoch,
        kind: entry.kind,
        moves: entry.moves.unwrap_or(0),
        heads: entry.heads.clone(),
    });
    entries.collect()
}

/// A name, the server's life, the grid, where the page stands, and a hash over
/// its entries.
fn message(
    epoch: &ServerEpoch,
    grid: &GridId,
    statement: Statement,
    entries: &[ProofEntry],
) -> Vec<u8> {
    let mut digest = Sha256::new();
    for entry in entries {
        entry.hash_into(&mut digest);
    }
    let (domain, place) = match statement {
        Statement::Feed { after, to } => (
            b"wangge/feed/v1\0".as_slice(),
            [after.to_be_bytes(), to.to_be_bytes()].concat(),
        ),
        Statement::Snapshot { as_of } => (
            b"wangge/snapshot/v1\0".as_slice(),
            as_of.to_be_bytes().to_vec(),
        ),
    };
    [
        domain,
        epoch.as_bytes(),
        grid.as_bytes(),
        &place,
        &digest.finalize(),
    ]
    .concat()
}

/// What the server signs for a feed page: its life, the grid, the range and
/// the hash of each change in it.
pub fn feed_page_message(epoch: &ServerEpoch, page: &FeedPage) -> Vec<u8> {
    let (statement, entries) = (feed_statement(page), feed_entries(page));
    message(epoch, &page.grid, statement, &entries)
}

/// What the server signs for a snapshot page: its life, the grid, the feed
/// number and each record with its heads.
pub fn snapshot_page_message(epoch: &ServerEpoch, page: &SnapshotPage) -> Vec<u8> {
    let statement = Statement::Snapshot { as_of: page.as_of };
    message(epoch, &page.grid, statement, &snapshot_entries(page))
}

/// `POST /v1/give-back`: what a phone holds, and the server does not any more.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GiveBackRequest {
    /// Protocol version of the phone.
    #[n(0)]
    pub protocol: u32,
    /// The life of the server this is meant for.
    #[n(1)]
    pub server_epoch: ServerEpoch,
    /// Signatures of this server's earlier lives.
    #[n(2)]
    pub proofs: Vec<Proof>,
    /// Changes that those prove.
    #[n(3)]
    pub records: Vec<ReturnedRecord>,
}

/// One record's changes that the server lacks.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReturnedRecord {
    /// The record.
    #[n(0)]
    pub record: RecordId,
    /// Its document epoch.
    #[n(1)]
    pub record_epoch: u32,
    /// What kind of record.
    #[n(2)]
    pub kind: RecordKind,
    /// The changes, dependencies first.
    #[n(3)]
    pub changes: Vec<ReturnedChange>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReturnedChange {
    /// Its identity.
    #[n(0)]
    pub hash: ChangeHash,
    /// The raw Automerge change chunk.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

/// The answer, after what it says is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GiveBackResponse {
    /// The server's present life.
    #[n(0)]
    pub server_epoch: ServerEpoch,
    /// Changes that came back with this request.
    #[n(1)]
    pub taken: u32,
    /// Changes no proof covers; their authors must hand them in themselves.
    #[n(2)]
    pub unproven: u32,
    /// Changes that are proven and do not fit the record as it is now.
    #[n(3)]
    pub refused: u32,
    /// Where those of the request's records are that were moved at some time; a
    /// snapshot cannot say that a record is in another grid.
    #[n(4)]
    pub moved: Option<Vec<MovedRecord>>,
}

/// Where a record is that was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct MovedRecord {
    /// The record.
    #[n(0)]
    pub record: RecordId,
    /// The grid it is in.
    #[n(1)]
    pub grid: GridId,
    /// How often it was moved.
    #[n(2)]
    pub moves: u32,
}
