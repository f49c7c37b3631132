//! Taking back what an earlier life of this server had accepted or decided and
//! a restored backup does not hold.
//!
//! Nothing is believed on a phone's word: a change comes in only if a page this
//! installation signed names it or something built on it. It may be anybody's,
//! also the server's own, and of people whose phones are gone.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use wangge_model::{
    ActorId, ChangeHash, GridId, QuarantineId, RecordId, RecordKind, Timestamp,
    document::RecordDocument,
    fault_point::FailPoint,
    guard::{GuardError, InspectedChange, Writer, inspect},
    protocol::{
        GiveBackRequest, GiveBackResponse, MovedRecord, PROTOCOL, ProblemCode, Proof, ProofEntry,
        PublicKey, ReturnedRecord, limits,
    },
};

use super::{
    case::{self, Opening},
    push::reach,
};
use crate::{
    AppState, DeviceError,
    storage::{
        ChangeBy, Commit, CommitHooks, Device, DisplacedChange, NewChange, NewMove, NewQuarantine,
        Numbering, RecordWork, StorageError, StorageResult, StoredRecord, Unnumbered,
    },
};

/// What this installation once signed about a record.
#[derive(Debug, Clone)]
struct Proven {
    /// The grid it was in.
    grid: GridId,
    /// How often it had been moved by then; pages of a feed do not say.
    moves: Option<u32>,
    /// Changes it had.
    hashes: HashSet<ChangeHash>,
}

/// One request while it is judged, and again inside the commit if a record
/// changed meanwhile.
#[derive(Debug)]
struct GiveBack {
    records: HashMap<RecordId, ReturnedRecord>,
    proven: HashMap<RecordId, Proven>,
    /// Grids that exist.
    grids: HashSet<GridId>,
    actor: ActorId,
    at: Timestamp,
}

/// What is to be done about one record's changes, or all records'.
#[derive(Debug, Default)]
struct Judged {
    works: Vec<RecordWork>,
    tally: Tally,
    displaced: Vec<Displaced>,
}

/// A change that was accepted once and has no place now: another one stands
/// there, of a copied or restored phone that came first, or it builds on such a
/// one. Its author may author it again; should that phone be gone, it is not
/// lost unseen.
#[derive(Debug)]
struct Displaced {
    record: RecordId,
    kind: RecordKind,
    grid: GridId,
    change: InspectedChange,
    error: GuardError,
}

/// What became of one record's changes.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    taken: u32,
    unproven: u32,
    refused: u32,
}

/// Takes changes back. The answer exists only once they are on disk.
pub async fn give_back(
    state: &AppState,
    device: &Device,
    request: GiveBackRequest,
) -> Result<GiveBackResponse, DeviceError> {
    check(state, &request)?;
    let permit = Arc::clone(&state.guard_permits)
        .acquire_owned()
        .await
        .map_err(|_| ProblemCode::Unavailable)?;
    let key = state.identity.public_key.clone();
    let GiveBackRequest {
        proofs, records, ..
    } = request;
    let proven = blocking(move || prove(&proofs, &key)).await?;
    let mut grids = HashSet::new();
    for grid in proven.values().map(|proven| proven.grid) {
        if !grids.contains(&grid) && state.storage.find_node(&grid.into()).await?.is_some() {
            grids.insert(grid);
        }
    }
    let ids: Vec<RecordId> = records.iter().map(|returned| returned.record).collect();
    let stored = state.storage.list_stored_records(&ids).await?;
    let worker = Arc::new(GiveBack {
        records: records
            .into_iter()
            .map(|returned| (returned.record, returned))
            .collect(),
        proven,
        grids,
        actor: state.identity.actor,
        at: state.clock.now(),
    });
    let judge = Arc::clone(&worker);
    let moves = worker.moves();
    let mut moved = worker.list_moved(&stored);
    let Judged {
        works,
        tally,
        displaced,
    } = blocking(move || judge.judge_all(&ids, &stored)).await??;
    drop(permit);
    let commit = Commit {
        at: worker.at,
        person: device.person,
        manifest: None,
        works,
        quarantine: Vec::new(),
        hooks: worker,
    };
    let outcome = state.storage.commit(commit).await?;
    reach(FailPoint::ServerGiveBackCommitted)?;
    if !displaced.is_empty() {
        keep_displaced(state, device, displaced).await?;
    }
    state.tell(&outcome);
    // A move is the server's own decision like any other.
    for again in moves {
        let now = MovedRecord {
            record: again.record,
            grid: again.to,
            moves: again.moves.unwrap_or(0),
        };
        match state.storage.move_record(again).await {
            Ok(outcome) => {
                if !outcome.grids.is_empty() {
                    moved.insert(now.record, now);
                }
                state.send_hints(&outcome.grids);
            }
            // Nothing of the record came back, or the grid is closed.
            Err(StorageError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    tracing::info!(device = %device.id, ?tally, "changes of an earlier life came back");
    Ok(GiveBackResponse {
        server_epoch: state.identity.epoch,
        taken: tally.taken,
        unproven: tally.unproven,
        refused: tally.refused,
        moved: (!moved.is_empty()).then(|| moved.into_values().collect()),
    })
}

fn check(state: &AppState, request: &GiveBackRequest) -> Result<(), DeviceError> {
    // What an older phone brings back is proven all the same.
    if request.protocol > PROTOCOL {
        return Err(ProblemCode::ProtocolUnsupported.into());
    }
    if request.server_epoch != state.identity.epoch {
        return Err(ProblemCode::ServerEpochChanged.into());
    }
    let changes: usize = request
        .records
        .iter()
        .map(|returned| returned.changes.len())
        .sum();
    if changes > limits::PUSH_ITEMS || request.proofs.len() > limits::PROOFS {
        return Err(ProblemCode::TooManyItems.into());
    }
    let ids: HashSet<RecordId> = request.records.iter().map(|one| one.record).collect();
    if ids.len() != request.records.len() {
        return Err(ProblemCode::BadRequest.into());
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DeviceError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "taking changes back failed");
        ProblemCode::Internal.into()
    })
}

/// What the genuine proofs say about each record. A statement that says how
/// often the record had been moved knows better where it belongs than one that
/// does not.
fn prove(proofs: &[Proof], key: &PublicKey) -> HashMap<RecordId, Proven> {
    let mut proven: HashMap<RecordId, Proven> = HashMap::new();
    for proof in proofs.iter().filter(|proof| proof.verify(key).is_ok()) {
        for entry in &proof.entries {
            let Some(record) = entry.record() else {
                continue;
            };
            let (grid, moves) = match entry {
                ProofEntry::Record { moves, .. } | ProofEntry::MovedIn { moves, .. } => {
                    (proof.grid, Some(*moves))
                }
                ProofEntry::MovedOut { to, moves, .. } => (*to, Some(*moves)),
                ProofEntry::Change { .. } | ProofEntry::Receipted { .. } => (proof.grid, None),
            };
            let known = proven.entry(record).or_insert_with(|| Proven {
                grid,
                moves,
                hashes: HashSet::new(),
            });
            if moves > known.moves {
                known.grid = grid;
                known.moves = moves;
            }
            known.hashes.extend(entry.hashes());
        }
    }
    proven
}

impl GiveBack {
    /// Where the proven records of this request are that were moved before it.
    fn list_moved(&self, stored: &[StoredRecord]) -> BTreeMap<RecordId, MovedRecord> {
        let moved = stored
            .iter()
            .filter(|record| record.moves > 0 && self.proven.contains_key(&record.id));
        moved
            .map(|record| MovedRecord {
                record: record.id,
                grid: record.grid,
                moves: record.moves,
            })
            .map(|moved| (moved.record, moved))
            .collect()
    }

    /// Where proofs say that the records of this request had been moved to.
    fn moves(&self) -> Vec<NewMove> {
        let moved = self.records.keys().filter_map(|record| {
            let proven = self.proven.get(record)?;
            Some(NewMove {
                record: *record,
                to: proven.grid,
                person: None,
                at: self.at,
                moves: Some(proven.moves.filter(|moves| *moves > 0)?),
            })
        });
        moved.collect()
    }

    fn judge_all(&self, ids: &[RecordId], stored: &[StoredRecord]) -> StorageResult<Judged> {
        let stored: HashMap<RecordId, &StoredRecord> =
            stored.iter().map(|record| (record.id, record)).collect();
        let mut all = Judged::default();
        for id in ids {
            let one = self.judge(id, stored.get(id).copied())?;
            all.works.extend(one.works);
            all.displaced.extend(one.displaced);
            all.tally.taken += one.tally.taken;
            all.tally.unproven += one.tally.unproven;
            all.tally.refused += one.tally.refused;
        }
        Ok(all)
    }

    /// Judges one record's changes; no work if none of them is new and proven.
    fn judge(&self, id: &RecordId, stored: Option<&StoredRecord>) -> StorageResult<Judged> {
        let mut judged = Judged::default();
        let tally = &mut judged.tally;
        let Some(returned) = self.records.get(id) else {
            return Ok(judged);
        };
        let all = place(returned.changes.len());
        let Some(proven) = self.proven.get(id) else {
            tally.unproven = all;
            return Ok(judged);
        };
        let (kind, epoch) = stored.map_or((returned.kind, 0), |s| (s.kind, s.record_epoch));
        let grid = stored.map_or(proven.grid, |stored| stored.grid);
        if kind != returned.kind
            || epoch != returned.record_epoch
            || (stored.is_none() && !self.grids.contains(&grid))
        {
            tally.refused = all;
            return Ok(judged);
        }
        let before = open(kind, stored)?;
        let (sound, refused) = sound_changes(returned, proven, tally);
        let Admitted {
            mut document,
            mut changes,
            displaced,
            homeless,
        } = admit_all(&before, sound);
        tally.refused += refused + place(displaced.len()) + homeless;
        judged.displaced = displaced
            .into_iter()
            .map(|(change, error)| Displaced {
                record: *id,
                kind,
                grid,
                change,
                error,
            })
            .collect();
        if changes.is_empty() {
            return Ok(judged);
        }
        let taken = place(changes.len());
        self.reconcile(id, &mut document, &mut changes);
        match self.work(*id, grid, stored, &document, changes) {
            Some(work) => {
                tally.taken = taken;
                judged.works.push(work);
            }
            None => tally.refused += taken,
        }
        Ok(judged)
    }

    /// This life of the server may have decided on the case what an earlier one
    /// had decided otherwise.
    fn reconcile(
        &self,
        record: &RecordId,
        document: &mut RecordDocument,
        changes: &mut Vec<NewChange>,
    ) {
        if document.kind() != RecordKind::Incident {
            return;
        }
        let edits = wangge_model::case::reconcile(document);
        match document.settle_as_server(&edits, self.actor, self.at) {
            Ok(Some(change)) => case::push_change(changes, change, self.actor),
            Ok(None) => {}
            Err(error) => tracing::error!(%record, %error, "two decisions stand in one case"),
        }
    }

    fn work(
        &self,
        id: RecordId,
        grid: GridId,
        stored: Option<&StoredRecord>,
        document: &RecordDocument,
        changes: Vec<NewChange>,
    ) -> Option<RecordWork> {
        let saved = document.save();
        if saved.len() > limits::RECORD_BYTES {
            return None;
        }
        let numbering = case::is_missing(document).then(|| Numbering {
            series: case::series(self.at),
            record: Unnumbered::Open(Box::new(document.clone())),
        });
        Some(RecordWork {
            id,
            kind: document.kind(),
            grid,
            record_epoch: stored.map_or(0, |stored| stored.record_epoch),
            base_version: stored.map_or(0, |stored| stored.version),
            base_heads: stored
                .map(|stored| stored.heads.clone())
                .unwrap_or_default(),
            saved,
            heads: document.heads(),
            summary: document.summary(),
            changes,
            quarantine: Vec::new(),
            numbering,
        })
    }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn open(kind: RecordKind, stored: Option<&StoredRecord>) -> StorageResult<RecordDocument> {
    match stored {
        None => Ok(RecordDocument::new(kind)),
        Some(stored) => {
            RecordDocument::load(stored.kind, Some(&stored.document), []).map_err(|error| {
                tracing::error!(record = %stored.id, %error, "a stored document cannot be read");
                StorageError::Corrupt("document")
            })
        }
    }
}

/// The changes that are what their hashes say and that a proof covers, and how
/// many are not what they say.
fn sound_changes<'a>(
    returned: &'a ReturnedRecord,
    proven: &Proven,
    tally: &mut Tally,
) -> (Vec<(InspectedChange, &'a [u8])>, u32) {
    let mut refused = 0;
    let mut inspected = Vec::with_capacity(returned.changes.len());
    for change in &returned.changes {
        match inspect(&change.hash, &change.change) {
            Ok(sound) => inspected.push((sound, change.change.as_slice())),
            Err(error) => {
                tracing::warn!(code = error.code(), "a returned change is none");
                refused += 1;
            }
        }
    }
    let deps: HashMap<ChangeHash, Vec<ChangeHash>> = inspected
        .iter()
        .map(|(change, _)| (change.hash(), change.deps()))
        .collect();
    let mut covered = HashSet::new();
    let mut next: Vec<ChangeHash> = proven.hashes.iter().copied().collect();
    while let Some(hash) = next.pop() {
        if let Some(deps) = deps.get(&hash)
            && covered.insert(hash)
        {
            next.extend(deps);
        }
    }
    let before = inspected.len();
    inspected.retain(|(change, _)| covered.contains(&change.hash()));
    tally.unproven += place(before - inspected.len());
    (inspected, refused)
}

/// A record with what fits of what was given back.
struct Admitted {
    document: RecordDocument,
    changes: Vec<NewChange>,
    displaced: Vec<(InspectedChange, GuardError)>,
    /// Changes whose dependencies may come from somebody else.
    homeless: u32,
}

/// Applies what fits, dependencies first whatever the order given.
fn admit_all(before: &RecordDocument, sound: Vec<(InspectedChange, &[u8])>) -> Admitted {
    let mut all = Admitted {
        document: before.clone(),
        changes: Vec::new(),
        displaced: Vec::new(),
        homeless: 0,
    };
    let mut waiting = sound;
    loop {
        let mut later = Vec::new();
        let count = waiting.len();
        for (change, bytes) in waiting {
            if all.document.has_change(&change.hash()) {
                continue;
            }
            match all.document.admit(&change, Writer::Feed) {
                Ok(admitted) => {
                    all.document = admitted;
                    all.changes.push(NewChange {
                        item: place(all.changes.len()),
                        hash: change.hash(),
                        actor: change.actor(),
                        actor_seq: change.seq(),
                        bytes: bytes.to_vec(),
                        by: ChangeBy::Actor,
                    });
                }
                Err(error) if all.has_displaced(&error) => all.displaced.push((change, error)),
                Err(GuardError::MissingDeps(_)) => later.push((change, bytes)),
                Err(error) => {
                    tracing::warn!(code = error.code(), "a returned change does not fit");
                    all.displaced.push((change, error));
                }
            }
        }
        if later.is_empty() || later.len() == count {
            all.homeless = place(later.len());
            return all;
        }
        waiting = later;
    }
}

impl Admitted {
    /// Whether what a change lacks has no place either.
    fn has_displaced(&self, error: &GuardError) -> bool {
        let GuardError::MissingDeps(lacking) = error else {
            return false;
        };
        self.displaced
            .iter()
            .any(|(change, _)| lacking.contains(&change.hash()))
    }
}

async fn keep_displaced(
    state: &AppState,
    device: &Device,
    displaced: Vec<Displaced>,
) -> Result<(), DeviceError> {
    let changes = displaced.into_iter().map(|one| DisplacedChange {
        actor: one.change.actor(),
        change: NewQuarantine {
            id: QuarantineId::make(state.clock.as_ref(), state.entropy.as_ref()),
            record: one.record,
            kind: one.kind,
            grid: one.grid,
            hash: one.change.hash(),
            bytes: one.change.bytes().to_vec(),
            code: one.error.code().to_owned(),
            detail: one.error.detail(),
        },
    });
    let storage = &state.storage;
    storage
        .keep_displaced(
            changes.collect(),
            &device.id,
            &device.person,
            state.clock.now(),
        )
        .await?;
    Ok(())
}

impl CommitHooks for GiveBack {
    fn rework(&self, work: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        let again = self.judge(&work.id, Some(stored))?.works.pop();
        // Somebody else brought the same back meanwhile: nothing is left to do.
        Ok(again.unwrap_or_else(|| RecordWork {
            changes: Vec::new(),
            numbering: None,
            ..work.clone()
        }))
    }

    fn number(
        &self,
        work: RecordWork,
        numbering: Numbering,
        number: u64,
    ) -> StorageResult<RecordWork> {
        let opening = Opening {
            actor: self.actor,
            at: self.at,
            reporter: None,
            // What they asked for may have been decided, and the answer be still
            // on its way here.
            authority: None,
        };
        case::open_case(work, numbering, number, opening)
    }
}
