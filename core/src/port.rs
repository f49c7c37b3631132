//! What sync needs of the phone's store, and nothing more. Every method that
//! writes is one transaction: it happened whole or not at all.
//!
//! What [`crate::sync::machine`] relies on, besides the words at each item:
//!
//! * A cursor's digest covers what the *server* is known to hold: heads
//!   without changes that wait for a receipt or were refused. Otherwise every
//!   sync with something unsent would look like damage.
//! * A grant without a cursor shows up in [`Position::bootstraps`], whether it
//!   came with grants, enrolment or a directive.
//! * [`SyncStore::next_push`] stays within the record, dependencies first, and
//!   leaves out what the server refused.

use minicbor::bytes::ByteVec;
use wangge_model::{
    GridId, Incarnation, RecordId, ServerEpoch, Timestamp,
    protocol::{
        Cursor, Decision, Directive, EnrolResponse, FeedPage, Grants, MovedRecord, Proof,
        PublicKey, PushItem, Receipt, ReferenceNews, ReferenceStamp, ReturnedRecord, RollAnswer,
        RollOutcome, Roster, Session, SignedManifest, SnapshotPage,
    },
};

use crate::store::StoreError;

/// Where and as whom this phone syncs; present once it is enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Base address of the server, e.g. `https://10.1.2.3:8443`.
    pub server: String,
    /// SHA-256 of the server's certificate; `None` for HTTP on loopback.
    pub pin: Option<[u8; 32]>,
    /// This device.
    pub device: wangge_model::DeviceId,
    /// Whose phone it is.
    pub person: wangge_model::PersonId,
    /// That person's name.
    pub person_name: String,
    /// The server life last spoken with.
    pub server_epoch: ServerEpoch,
    /// The key that signs feed pages.
    pub server_key: PublicKey,
    /// The session last obtained; may have expired.
    pub session: Option<Session>,
}

/// What the next request says about this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The grants the phone holds; `None` before the first.
    pub grants: Option<Grants>,
    /// A cursor for each grid whose snapshot is complete.
    pub cursors: Vec<Cursor>,
    /// Grids granted but not yet (completely) fetched, with how far.
    pub bootstraps: Vec<Bootstrap>,
    /// The server lost something, and what it had signed may not all be back:
    /// that comes before this phone's own changes.
    pub gives_back: bool,
    /// Number of the last decision told, if changes of this phone are under
    /// review.
    pub decisions_after: Option<u64>,
    /// The reference sets the phone holds.
    pub reference: Vec<ReferenceStamp>,
    /// Digest of the roster the phone holds.
    pub roster: ByteVec,
    /// Answers to roll calls that the server has not decided on, in order.
    pub roll_answers: Vec<RollAnswer>,
}

/// An unfinished first fetch of a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// The grid.
    pub grid: GridId,
    /// Feed number of the snapshot; `None` before the first page.
    pub as_of: Option<u64>,
    /// Continue after this record; `None` before the first page.
    pub after: Option<RecordId>,
}

/// Changes to hand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Numbers the manifest; rises with every new one.
    pub counter: u64,
    /// The app life whose actor made the changes.
    pub incarnation: Incarnation,
    /// The changes, dependencies first.
    pub items: Vec<PushItem>,
    /// The manifest if it was signed (and perhaps sent) before; the same bytes
    /// go out again until a receipt answers them.
    pub signed: Option<SignedManifest>,
}

/// What a restored server is given back, with proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiveBack {
    /// What the server had signed.
    pub proofs: Vec<Proof>,
    /// Changes those vouch for and the server lacks.
    pub records: Vec<ReturnedRecord>,
    /// How far this is, for [`SyncStore::store_given_back`].
    pub mark: GiveBackMark,
}

/// How far giving back is; means something to the store only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiveBackMark {
    /// Place of the last proof looked at.
    pub position: i64,
    /// The last record of it that went along, if not all did.
    pub after: Option<RecordId>,
}

/// What one received answer did to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Pushed changes the server has on disk now.
    pub receipted: u64,
    /// Pushed changes the server put into quarantine or refused.
    pub refused: u64,
    /// Changes by others now on this phone.
    pub pulled: u64,
    /// Records that have a conflict now and had none before.
    pub new_conflicts: u64,
    /// Incoming changes the guard did not let through, kept apart.
    pub rejected: u64,
}

/// The store as sync sees it.
pub trait SyncStore: Send + Sync {
    /// The enrolment, if the phone has one.
    fn find_enrolment(&self) -> Result<Option<Enrolment>, StoreError>;
    /// Stores the outcome of enrolling: server, pin, device, grants, session.
    /// A phone may be enrolled again as another device (its key was lost, it
    /// was unknown to a new server): then every unsent edit is authored again
    /// under the new device's actor, and cursors start over.
    fn store_enrolment(
        &self,
        server: &str,
        pin: Option<[u8; 32]>,
        response: &EnrolResponse,
    ) -> Result<(), StoreError>;
    /// Stores a new session.
    fn store_session(&self, session: &Session) -> Result<(), StoreError>;
    /// The app life this store is in.
    fn incarnation(&self) -> Result<Incarnation, StoreError>;
    /// Grants, cursors and unfinished bootstraps.
    fn position(&self) -> Result<Position, StoreError>;
    /// The next changes to push, within these limits; `None` when nothing
    /// waits. An unanswered manifest comes first, unchanged.
    fn next_push(&self, max_items: usize, max_bytes: usize) -> Result<Option<Push>, StoreError>;
    /// The next changes to give back to a server that lost them; `None` when
    /// nothing is left. Complete only once every grid's snapshot is there.
    fn next_give_back(&self) -> Result<Option<GiveBack>, StoreError>;
    /// The server took this, or will never take it; the next one follows.
    /// Records that turn out to be in another grid go with it, unless something
    /// unsent is in them.
    fn store_given_back(
        &self,
        mark: &GiveBackMark,
        moved: &[MovedRecord],
    ) -> Result<(), StoreError>;
    /// Nothing is left to give back, or the server does not want it.
    fn end_giving_back(&self) -> Result<(), StoreError>;
    /// Remembers a signed manifest before it is sent.
    fn store_manifest(&self, push: &Push, manifest: &SignedManifest) -> Result<(), StoreError>;
    /// Gives up an unanswered manifest that the server will never accept
    /// (other epoch, replayed counter); its items wait for the next one, whose
    /// counter is above both this one and `used`, the highest that anyone is
    /// known to have used.
    fn drop_manifest(&self, counter: u64, used: u64) -> Result<(), StoreError>;
    /// Applies one answer: receipt, grants, feed pages with their cursors and
    /// directives and reference sets, all in one transaction. Feed pages were verified before:
    /// signed, of this grid's cursor, without a gap. An answer of another
    /// server epoch than the enrolment's stores that epoch; its pages were
    /// taken out, and it forgets every cursor and offers every change of this
    /// device again, as [`Directive::Reoffer`] does.
    ///
    /// Items with `missing_deps` wait again, with their dependencies before
    /// them; items with `actor_fork` wait until
    /// [`SyncStore::rotate_incarnation`], which follows at once.
    fn apply_answer(&self, answer: &Answer<'_>) -> Result<Applied, StoreError>;
    /// Stores one page of a grid's snapshot and how far the bootstrap is; the
    /// last page turns it into a cursor at `as_of`. Records the phone holds of
    /// the grid that no page named are gone unless they have unsent edits.
    fn apply_snapshot(&self, page: &SnapshotPage) -> Result<Applied, StoreError>;
    /// The server shut this phone or its person out: what it was told of people,
    /// the work card too, does not hold any more.
    fn forget_roster(&self) -> Result<(), StoreError>;
    /// Starts over with a new app life after `actor_fork`: new actor, and every
    /// unreceipted edit authored again under it.
    fn rotate_incarnation(&self) -> Result<(), StoreError>;
    /// When the last complete sync ended.
    fn store_synced_at(&self, at: Timestamp) -> Result<(), StoreError>;
    /// Changes that wait to be pushed.
    fn count_pending(&self) -> Result<u64, StoreError>;
}

/// One server answer, ready to apply.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The server's life.
    pub server_epoch: ServerEpoch,
    /// Server time.
    pub time: Timestamp,
    /// Verdicts on the manifest that was pushed.
    pub receipt: Option<&'a Receipt>,
    /// News, verified against the server's key.
    pub pages: &'a [FeedPage],
    /// New grants.
    pub grants: Option<&'a Grants>,
    /// What else to do.
    pub directives: &'a [Directive],
    /// What was decided on changes of this phone that were under review.
    pub decisions: &'a [Decision],
    /// What the phone is to hold of reference sets, and those that came; the
    /// sets were verified before.
    pub reference: Option<&'a ReferenceNews>,
    /// Another roster than the phone holds; without one that one is confirmed.
    pub roster: Option<&'a Roster>,
    /// What was decided on answers to roll calls.
    pub roll_outcomes: &'a [RollOutcome],
}
