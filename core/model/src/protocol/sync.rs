//! `POST /v1/sync`: one request that pushes and pulls.

use minicbor::{Decode, Encode, bytes::ByteVec};

use super::{
    Digest, PushItem, ReferenceNews, RollAnswer, RollOutcome, Roster, Signature, SignedManifest,
    SnapshotEntry,
};
use crate::{
    ChangeHash, GridId, OrgNodeId, PersonId, RecordId, RecordKind, ReferenceVersion, ServerEpoch,
    Timestamp,
};

/// What a phone says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SyncRequest {
    /// Protocol version of the phone.
    #[n(0)]
    pub protocol: u32,
    /// Version of the app, e.g. `0.1.0`.
    #[n(1)]
    pub app_version: String,
    /// The server life the phone last spoke with.
    #[n(2)]
    pub server_epoch: Option<ServerEpoch>,
    /// [`Grants::version`] the phone holds; 0 for none.
    #[n(3)]
    pub grants_version: u64,
    /// How far the phone has read each grid it holds.
    #[n(4)]
    pub cursors: Vec<Cursor>,
    /// The signature over `items`; present exactly when there are items.
    #[n(5)]
    pub manifest: Option<SignedManifest>,
    /// Changes to hand in, dependencies before dependents.
    #[n(6)]
    pub items: Vec<PushItem>,
    /// Most bytes of changes the phone wants in one answer.
    #[n(7)]
    pub page_bytes: u32,
    /// Whether the phone wants changes of its own in full as well, and not by
    /// their hash: another copy of its store may have made them.
    #[n(8)]
    pub whole: Option<bool>,
    /// Whether the phone understands [`FeedEntry::MovedOut`] and
    /// [`FeedEntry::MovedIn`]; others fetch a grid anew after a move.
    #[n(9)]
    pub knows_moves: Option<bool>,
    /// Sent by a phone that has changes under review: the number of the last
    /// decision it was told, 0 before the first.
    #[n(10)]
    pub decisions_after: Option<u64>,
    /// [`super::reference_digest`] of the reference sets the phone holds;
    /// absent from phones that know none.
    #[n(11)]
    pub reference: Option<ByteVec>,
    /// [`RecordKind::NEWEST`] of the phone; absent for
    /// [`RecordKind::NEWEST_UNSAID`]. It is not sent records of newer kinds.
    #[n(12)]
    pub newest_kind: Option<u8>,
    /// The versions of reference sets it lacks, as the last answer told it.
    #[n(13)]
    pub wants_reference: Option<Vec<ReferenceVersion>>,
    /// [`super::roster_digest`] of the roster the phone holds; absent from
    /// phones that know none.
    #[n(14)]
    pub roster: Option<ByteVec>,
    /// Answers to roll calls that the server has not decided on, in the order
    /// given.
    #[n(15)]
    pub roll_answers: Option<Vec<RollAnswer>>,
}

/// How far one grid's feed has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Cursor {
    /// The grid.
    #[n(0)]
    pub grid: GridId,
    /// The last sequence number applied; 0 before the first.
    #[n(1)]
    pub seq: u64,
    /// [`super::GridDigest::total`] of what the phone holds of the grid.
    #[n(2)]
    pub digest: Digest,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct SyncResponse {
    /// The server's present life.
    #[n(0)]
    pub server_epoch: ServerEpoch,
    /// Server time.
    #[n(1)]
    pub time: Timestamp,
    /// Verdict on the push, made after it was on disk.
    #[n(2)]
    pub receipt: Option<Receipt>,
    /// News of the phone's grids.
    #[n(3)]
    pub pages: Vec<FeedPage>,
    /// The person's grants, when the phone's version is not current.
    #[n(4)]
    pub grants: Option<Grants>,
    /// What the phone must do besides.
    #[n(5)]
    pub directives: Vec<Directive>,
    /// What a supervisor decided on this device's changes since
    /// `decisions_after`, by number; absent if there is nothing.
    #[n(6)]
    pub decisions: Option<Vec<Decision>>,
    /// What the phone is to hold of reference sets, if it holds something
    /// else.
    #[n(7)]
    pub reference: Option<ReferenceNews>,
    /// The person's roster, if the phone holds another.
    #[n(8)]
    pub roster: Option<Roster>,
    /// What was decided on the request's answers to roll calls, made after it was
    /// on disk.
    #[n(9)]
    pub roll_outcomes: Option<Vec<RollOutcome>>,
}

/// What a supervisor decided on one change that was under review.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Decision {
    /// Rises; the phone asks for what follows the last it was told.
    #[n(0)]
    pub number: u64,
    /// The record.
    #[n(1)]
    pub record: RecordId,
    /// The change.
    #[n(2)]
    pub hash: ChangeHash,
    /// Taken over into the record, or not.
    #[n(3)]
    pub accepted: bool,
    /// Why not, as the supervisor wrote it; empty if accepted.
    #[n(4)]
    pub reason: String,
    /// Where the record is now; absent if the server has no such record.
    #[n(5)]
    pub grid: Option<GridId>,
}

/// The server's answer to one manifest: after this, and only after this, a
/// phone may show the accepted items as sent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// The manifest's counter.
    #[n(0)]
    pub counter: u64,
    /// [`SignedManifest::digest`] of the manifest; names every hash in it.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub manifest_digest: Vec<u8>,
    /// Verdicts in item order, equal neighbours together.
    #[n(2)]
    pub verdicts: Vec<VerdictRun>,
}

/// One verdict for `count` consecutive items.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct VerdictRun {
    /// Number of items.
    #[n(0)]
    pub count: u32,
    /// What became of them.
    #[n(1)]
    pub verdict: Verdict,
}

/// What became of one pushed change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Verdict {
    /// On disk, feed number `first_seq` (+1 per further item of the run).
    #[n(0)]
    Accepted {
        /// Feed number of the run's first item.
        #[n(0)]
        first_seq: u64,
    },
    /// Was on disk already.
    #[n(1)]
    Duplicate,
    /// Kept apart with a reason; its author and a supervisor can see it.
    #[n(2)]
    Quarantined {
        /// Stable code; its texts are `quarantine-<code>` in the message files.
        #[n(0)]
        code: String,
        /// What exactly, e.g. the field; may be empty.
        #[n(1)]
        detail: String,
    },
    /// The server lacks changes this one builds on; send these first.
    #[n(3)]
    MissingDeps {
        /// The missing changes.
        #[n(0)]
        hashes: Vec<ChangeHash>,
    },
    /// Another change has this (record, actor, seq): the store was cloned or
    /// restored. Take a new incarnation and author the edit again.
    #[n(4)]
    ActorFork,
    /// The record was erased for good; delete the copy.
    #[n(5)]
    Erased,
    /// The record was rebuilt under a newer epoch; author the edit on that.
    #[n(6)]
    StaleRecordEpoch {
        /// The record's present epoch.
        #[n(0)]
        current: u32,
    },
}

impl Receipt {
    /// The verdict of each item in order, feed numbers filled in.
    pub fn each(&self) -> impl Iterator<Item = Verdict> + '_ {
        self.verdicts.iter().flat_map(|run| {
            (0..u64::from(run.count)).map(|offset| match &run.verdict {
                Verdict::Accepted { first_seq } => Verdict::Accepted {
                    first_seq: first_seq.saturating_add(offset),
                },
                other => other.clone(),
            })
        })
    }

    /// Number of items the verdicts cover.
    pub fn count(&self) -> u64 {
        self.verdicts.iter().map(|run| u64::from(run.count)).sum()
    }

    /// Joins equal or consecutive neighbours into runs.
    pub fn runs(verdicts: impl IntoIterator<Item = Verdict>) -> Vec<VerdictRun> {
        let mut runs: Vec<VerdictRun> = Vec::new();
        for verdict in verdicts {
            if let Some(last) = runs.last_mut() {
                let continues = match (&last.verdict, &verdict) {
                    (Verdict::Accepted { first_seq: a }, Verdict::Accepted { first_seq: b }) => {
                        a.saturating_add(u64::from(last.count)) == *b
                    }
                    (a, b) => a == b,
                };
                if continues && last.count < u32::MAX {
                    last.count += 1;
                    continue;
                }
            }
            runs.push(VerdictRun { count: 1, verdict });
        }
        runs
    }
}

/// A change on its way to a phone.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Frame {
    /// The record.
    #[n(0)]
    pub record: RecordId,
    /// The record's document epoch.
    #[n(1)]
    pub record_epoch: u32,
    /// What kind of record.
    #[n(2)]
    pub kind: RecordKind,
    /// SHA-256 identity of the change.
    #[n(3)]
    pub hash: ChangeHash,
    /// The raw Automerge change chunk.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

/// One or more consecutive places of a grid's feed.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum FeedEntry {
    /// A change by someone else; one place.
    #[n(0)]
    Change {
        /// The change.
        #[n(0)]
        frame: Frame,
    },
    /// The asking device's own change, whose receipt it may have missed.
    #[n(1)]
    Yours {
        /// The record.
        #[n(0)]
        record: RecordId,
        /// The change's identity.
        #[n(1)]
        hash: ChangeHash,
    },
    /// `count` places that this very answer's receipt already names.
    #[n(2)]
    Receipted {
        /// Number of places.
        #[n(0)]
        count: u32,
    },
    /// The record of this place is in another grid now; one place. Only for
    /// phones that say [`SyncRequest::knows_moves`].
    #[n(3)]
    MovedOut {
        /// The record.
        #[n(0)]
        record: RecordId,
        /// Where it is.
        #[n(1)]
        to: GridId,
        /// How often it was moved by now.
        #[n(2)]
        moves: u32,
    },
    /// The record came into this grid: all of it, as it stands; one place. Only
    /// for phones that say [`SyncRequest::knows_moves`].
    #[n(4)]
    MovedIn {
        /// The record.
        #[n(0)]
        entry: Box<SnapshotEntry>,
    },
}

impl FeedEntry {
    /// Whether it says something only the server's signature can vouch for.
    pub fn needs_signature(&self) -> bool {
        match self {
            Self::Change { .. } | Self::MovedOut { .. } | Self::MovedIn { .. } => true,
            Self::Yours { .. } | Self::Receipted { .. } => false,
        }
    }

    /// Number of feed places the entry covers.
    pub fn places(&self) -> u64 {
        match self {
            Self::Change { .. }
            | Self::Yours { .. }
            | Self::MovedOut { .. }
            | Self::MovedIn { .. } => 1,
            Self::Receipted { count } => u64::from(*count),
        }
    }
}

/// Consecutive feed entries of one grid.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct FeedPage {
    /// The grid.
    #[n(0)]
    pub grid: GridId,
    /// Entries follow this sequence number.
    #[n(1)]
    pub after: u64,
    /// The sequence number of the last entry; the phone's next cursor.
    #[n(2)]
    pub to: u64,
    /// The entries, in order, without gaps.
    #[n(3)]
    pub entries: Vec<FeedEntry>,
    /// Whether the feed goes on beyond `to`.
    #[n(4)]
    pub more: bool,
    /// The grid's digest at `to`; present when `more` is false.
    #[n(5)]
    pub digest: Option<Digest>,
    /// The server's signature over [`super::feed_page_message`]; absent on a page
    /// on which no entry needs one.
    #[n(6)]
    pub signature: Option<Signature>,
}

/// Who the person is and which grids are theirs, at one version.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Grants {
    /// Changes whenever anything below changes; never 0.
    #[n(0)]
    pub version: u64,
    /// The person.
    #[n(1)]
    pub person: PersonId,
    /// The person's name.
    #[n(2)]
    pub person_name: String,
    /// The grids the phone holds.
    #[n(3)]
    pub grids: Vec<GridGrant>,
    /// The places above each grid; servers before 0.2 did not say. Whoever
    /// holds reference sets of several of them takes the nearest.
    #[n(4)]
    pub lines: Option<Vec<GridLine>>,
}

/// The places above a grid.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct GridLine {
    /// The grid.
    #[n(0)]
    pub grid: GridId,
    /// The places above, nearest first.
    #[n(1)]
    pub above: Vec<OrgNodeId>,
}

/// One grid of a person.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct GridGrant {
    /// The grid.
    #[n(0)]
    pub grid: GridId,
    /// Its public code, e.g. 19 digits.
    #[n(1)]
    pub code: String,
    /// Its name, e.g. 第一网格.
    #[n(2)]
    pub name: String,
    /// Community and street above it, e.g. 千佛山街道千佛山社区.
    #[n(3)]
    pub place: String,
    /// The person's role there, e.g. `grid_worker`.
    #[n(4)]
    pub role: String,
}

/// Something the server asks of the phone.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Directive {
    /// Fetch the grid's snapshot, then go on from `as_of`: the phone has no
    /// cursor, or one the feed no longer reaches.
    #[n(0)]
    Bootstrap {
        /// The grid.
        #[n(0)]
        grid: GridId,
    },
    /// The grid's digest differs at the head: something was lost or forged.
    /// Fetch the snapshot again; unsent edits stay.
    #[n(1)]
    DigestMismatch {
        /// The grid.
        #[n(0)]
        grid: GridId,
    },
    /// The server started a new life (restored from a backup): forget cursors
    /// and offer again every change of this device.
    #[n(2)]
    Reoffer,
    /// The app is too old to write; it may still push what it holds.
    #[n(3)]
    Upgrade {
        /// The oldest version that may write.
        #[n(0)]
        minimum: String,
    },
    /// The grid is no longer the person's; push what is unsent, then drop it.
    #[n(4)]
    GridLost {
        /// The grid.
        #[n(0)]
        grid: GridId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_runs_fold_and_unfold() {
        let verdicts = vec![
            Verdict::Accepted { first_seq: 7 },
            Verdict::Accepted { first_seq: 8 },
            Verdict::Duplicate,
            Verdict::Duplicate,
            Verdict::Accepted { first_seq: 10 },
        ];
        let receipt = Receipt {
            counter: 1,
            manifest_digest: vec![0; 32],
            verdicts: Receipt::runs(verdicts.clone()),
        };
        assert_eq!(receipt.verdicts.len(), 3);
        assert_eq!(receipt.each().collect::<Vec<_>>(), verdicts);
        assert_eq!(receipt.count(), 5);
    }
}
