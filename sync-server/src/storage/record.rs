//! Records: lists, documents, and the one way in which they change.

use std::fmt;

use async_trait::async_trait;
use wangge_model::{
    ActorId, ChangeHash, DeviceId, GridId, PersonId, RecordId, RecordKind, RecordSummary,
    Timestamp,
    document::{LocalChange, RecordDocument},
    guard::FirstRecord,
    protocol::{Signature, record_fingerprint},
};

use super::{NewQuarantine, StorageResult};

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecord {
    /// Which.
    pub id: RecordId,
    /// What kind.
    pub kind: RecordKind,
    /// Where it belongs.
    pub grid: GridId,
    /// Its document epoch.
    pub record_epoch: u32,
    /// The saved document.
    pub document: Vec<u8>,
    /// Its heads, ascending.
    pub heads: Vec<ChangeHash>,
    /// Rises with every write, from 1.
    pub version: u64,
    /// How often it was moved to another grid.
    pub moves: u32,
}

/// A record as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedRecord {
    /// Which.
    pub id: RecordId,
    /// What kind.
    pub kind: RecordKind,
    /// Where it belongs.
    pub grid: GridId,
    /// That grid's name.
    pub grid_name: String,
    /// Its list row.
    pub summary: RecordSummary,
    /// Server time of the first change.
    pub created_at: Timestamp,
    /// Server time of the last change.
    pub changed_at: Timestamp,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordOrder {
    /// Last edited first.
    #[default]
    Edited,
    /// By title.
    Title,
}

/// Which records a list shows; unset parts do not narrow it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordFilter {
    /// Of this kind.
    pub kind: Option<RecordKind>,
    /// Of this grid.
    pub grid: Option<GridId>,
    /// Title, name, phone, number or search text contains every word of this.
    pub text: String,
    /// With this state (ledger, result, case state).
    pub state: Option<String>,
    /// Visits and incidents of this household.
    pub household: Option<RecordId>,
    /// Visits and incidents of this place.
    pub place: Option<RecordId>,
    /// Incidents that came about in this way.
    pub source: Option<String>,
    /// Only with conflicts.
    pub has_conflict: bool,
    /// In which order.
    pub order: RecordOrder,
    /// Rows to leave out at the start.
    pub offset: u64,
    /// Most rows.
    pub limit: u32,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordPage {
    /// The rows.
    pub records: Vec<ListedRecord>,
    /// Rows of the whole list.
    pub total: u64,
}

/// A record as a snapshot carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotRow {
    /// The record.
    pub record: StoredRecord,
    /// Its list row.
    pub summary: RecordSummary,
}

/// An accepted change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChange {
    /// Place among the push's items: feed numbers follow it.
    pub item: u32,
    /// Its identity.
    pub hash: ChangeHash,
    /// Who it says made it.
    pub actor: ActorId,
    /// Its number among that actor's.
    pub actor_seq: u64,
    /// The raw chunk.
    pub bytes: Vec<u8>,
    /// Whose it is.
    pub by: ChangeBy,
}

impl NewChange {
    /// A change that was just written here.
    pub fn written(item: u32, change: LocalChange, actor: ActorId, by: ChangeBy) -> Self {
        Self {
            item,
            hash: change.hash,
            actor,
            actor_seq: change.seq,
            bytes: change.bytes,
            by,
        }
    }
}

/// Whose a change is, for the table of authors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeBy {
    /// Who hands in the commit.
    Sender,
    /// The server itself.
    Server,
    /// Whoever its actor belongs to, as far as the server knows: the change came
    /// by way of somebody else.
    Actor,
}

/// A number the record must carry, given in commit order; see
/// [`CommitHooks::number`].
#[derive(Debug, Clone)]
pub struct Numbering {
    /// Name of the series.
    pub series: String,
    /// The record, to write the number into.
    pub record: Unnumbered,
}

/// A record that waits for its number. Other records are not kept while they
/// wait: they would fill the memory.
#[derive(Debug, Clone)]
pub enum Unnumbered {
    /// A new record that was judged without opening its document.
    First(Box<FirstRecord>),
    /// Any other, open.
    Open(Box<RecordDocument>),
}

/// What is to happen to one record.
#[derive(Debug, Clone)]
pub struct RecordWork {
    /// The record.
    pub id: RecordId,
    /// What kind.
    pub kind: RecordKind,
    /// Where it belongs.
    pub grid: GridId,
    /// Its document epoch.
    pub record_epoch: u32,
    /// The version this was computed from; 0 if there was no such record.
    pub base_version: u64,
    /// The heads at that version; empty if there was none.
    pub base_heads: Vec<ChangeHash>,
    /// [`RecordDocument::save`] of the record with all changes applied.
    pub saved: Vec<u8>,
    /// Its heads, ascending.
    pub heads: Vec<ChangeHash>,
    /// Its list row.
    pub summary: RecordSummary,
    /// The accepted changes in item order; empty: the record is not written.
    pub changes: Vec<NewChange>,
    /// The changes to keep apart.
    pub quarantine: Vec<NewQuarantine>,
    /// What the record still needs before it is written.
    pub numbering: Option<Numbering>,
}

impl RecordWork {
    /// These changes of a stored record, which `document` has with them.
    pub fn onto(stored: &StoredRecord, document: &RecordDocument, changes: Vec<NewChange>) -> Self {
        Self {
            id: stored.id,
            kind: stored.kind,
            grid: stored.grid,
            record_epoch: stored.record_epoch,
            base_version: stored.version,
            base_heads: stored.heads.clone(),
            saved: document.save(),
            heads: document.heads(),
            summary: document.summary(),
            changes,
            quarantine: Vec::new(),
            numbering: None,
        }
    }

    /// What the record adds to its grid's digest, before and after.
    pub fn fingerprints(
        &self,
    ) -> (
        Option<wangge_model::protocol::Digest>,
        wangge_model::protocol::Digest,
    ) {
        let before = (self.base_version > 0)
            .then(|| record_fingerprint(&self.id, self.record_epoch, &self.base_heads));
        (
            before,
            record_fingerprint(&self.id, self.record_epoch, &self.heads),
        )
    }
}

/// The signed manifest of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitManifest {
    /// The device.
    pub device: DeviceId,
    /// Its actor in this app life, registered if new.
    pub actor: ActorId,
    /// That app life.
    pub incarnation: wangge_model::Incarnation,
    /// The counter.
    pub counter: u64,
    /// SHA-256 of the manifest.
    pub digest: [u8; 32],
    /// The bytes as signed.
    pub manifest: Vec<u8>,
    /// The signature.
    pub signature: Signature,
    /// Most bytes the device may hold in quarantine.
    pub quarantine_limit: u64,
}

/// What must be computed while the transaction is open. Runs on the storage's
/// own thread: no waiting, no storage calls.
pub trait CommitHooks: Send + Sync + fmt::Debug {
    /// The record changed since `work` was computed: compute it again from how
    /// it stands now.
    fn rework(&self, work: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork>;
    /// The next number of the series `work` asked for. Most commits ask for
    /// none.
    fn number(
        &self,
        work: RecordWork,
        numbering: Numbering,
        number: u64,
    ) -> StorageResult<RecordWork> {
        let _ = (numbering, number);
        Ok(work)
    }
}

/// One unit of work: a push, or an edit at the console.
#[derive(Debug)]
pub struct Commit {
    /// When it arrived.
    pub at: Timestamp,
    /// Who handed it in.
    pub person: PersonId,
    /// The signed manifest; `None` for an edit at the console.
    pub manifest: Option<CommitManifest>,
    /// One entry per record.
    pub works: Vec<RecordWork>,
    /// Changes to keep apart that belong to no entry of `works`.
    pub quarantine: Vec<NewQuarantine>,
    /// What to compute on the way.
    pub hooks: std::sync::Arc<dyn CommitHooks>,
}

/// What became of one record.
#[derive(Debug)]
pub struct WorkOutcome {
    /// As committed; differs from what was handed in if it was reworked.
    pub work: RecordWork,
    /// The feed number of each of `work.changes`.
    pub seqs: Vec<u64>,
}

/// What became of a [`Commit`]; it is durable.
#[derive(Debug, Default)]
pub struct CommitOutcome {
    /// In the order handed in.
    pub works: Vec<WorkOutcome>,
    /// Grids whose feed grew, with their new head.
    pub grids: Vec<(GridId, u64)>,
}

/// A record that is to be in another grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMove {
    /// Which.
    pub record: RecordId,
    /// Where it is to be; a grid that is in use.
    pub to: GridId,
    /// By whom; `None` at the server's own command line.
    pub person: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// How often it was moved by then, if it is known from before a restore:
    /// not moved unless that is more than the server knows. `None`: once more.
    pub moves: Option<u32>,
}

/// What became of a [`NewMove`]; it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveOutcome {
    /// Where the record was.
    pub from: GridId,
    /// Grids whose feed grew, with their new head; none if the record was there
    /// already.
    pub grids: Vec<(GridId, u64)>,
}

/// Records.
#[async_trait]
pub trait RecordStorage {
    /// Commits one unit of work, durably, or changes nothing. `QuarantineFull`,
    /// `CounterMoved`.
    async fn commit(&self, commit: Commit) -> StorageResult<CommitOutcome>;
    /// Moves a record to another grid: in one transaction it leaves the one feed
    /// and enters the other, and both digests follow. `Missing`.
    async fn move_record(&self, new: NewMove) -> StorageResult<MoveOutcome>;
    /// A record, whoever asks: for the machinery, not for people.
    async fn find_record(&self, id: &RecordId) -> StorageResult<Option<StoredRecord>>;
    /// Several records at once, those that exist, in no order.
    async fn list_stored_records(&self, ids: &[RecordId]) -> StorageResult<Vec<StoredRecord>>;
    /// The grids these records were moved out of, in no order.
    async fn list_former_grids(&self, ids: &[RecordId]) -> StorageResult<Vec<(RecordId, GridId)>>;
    /// A record, if it is in the person's scope.
    async fn find_record_in_scope(
        &self,
        id: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Option<(StoredRecord, ListedRecord)>>;
    /// A page of the records in the person's scope.
    async fn list_records(
        &self,
        person: &PersonId,
        at: Timestamp,
        filter: &RecordFilter,
    ) -> StorageResult<RecordPage>;
    /// Records of a grid by id, after `after`, until `max_records` or
    /// `max_bytes` of documents; at least one if there is one.
    async fn list_snapshot(
        &self,
        grid: &GridId,
        after: Option<&RecordId>,
        max_records: u32,
        max_bytes: usize,
    ) -> StorageResult<Vec<SnapshotRow>>;
    /// Records of a grid.
    async fn count_records(&self, grid: &GridId) -> StorageResult<u64>;
    /// Number of the newest kind of record in a grid; 0 for none.
    async fn newest_kind(&self, grid: &GridId) -> StorageResult<u8>;
    /// Computes every list row again from its document; answers how many were
    /// not as they should be.
    async fn rebuild_summaries(&self) -> StorageResult<u64>;
}
