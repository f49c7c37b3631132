//! Taking back what an earlier life of this server had accepted or decided and
//! a restored backup does not hold.
//!
//! Nothing is believed on a phone's word: a change comes in only if a page this
//! installation signed names it or something built on it. It may be anybody's,
//! also the server's own, and of people whose phones are gone.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use wangge_model::{
    ActorId, ChangeHash, GridId, RecordId, RecordKind, Timestamp,
    document::RecordDocument,
    fault_point::FailPoint,
    guard::{GuardError, InspectedChange, Writer, inspect},
    protocol::{
        GiveBackRequest, GiveBackResponse, PROTOCOL, ProblemCode, Proof, ProofEntry, PublicKey,
        ReturnedRecord, limits,
    },
};

use super::{case, push::reach};
use crate::{
    AppState, DeviceError,
    storage::{
        ChangeBy, Commit, CommitHooks, Device, NewChange, NewMove, Numbering, RecordWork,
        StorageError, StorageResult, StoredRecord, Unnumbered,
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
    let (works, tally) = blocking(move || judge.judge_all(&ids, &stored)).await??;
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
    state.send_hints(&outcome.grids);
    // A move is the server's own decision like any other.
    for again in moves {
        match state.storage.move_record(again).await {
            Ok(outcome) => state.send_hints(&outcome.grids),
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

    fn judge_all(
        &self,
        ids: &[RecordId],
        stored: &[StoredRecord],
    ) -> StorageResult<(Vec<RecordWork>, Tally)> {
        let stored: HashMap<RecordId, &StoredRecord> =
            stored.iter().map(|record| (record.id, record)).collect();
        let (mut works, mut total) = (Vec::new(), Tally::default());
        for id in ids {
            let (work, tally) = self.judge(id, stored.get(id).copied())?;
            works.extend(work);
            total.taken += tally.taken;
            total.unproven += tally.unproven;
            total.refused += tally.refused;
        }
        Ok((works, total))
    }

    /// Judges one record's changes; no work if none of them is new and proven.
    fn judge(
        &self,
        id: &RecordId,
        stored: Option<&StoredRecord>,
    ) -> StorageResult<(Option<RecordWork>, Tally)> {
        let mut tally = Tally::default();
        let Some(returned) = self.records.get(id) else {
            return Ok((None, tally));
        };
        let all = u32::try_from(returned.changes.len()).unwrap_or(u32::MAX);
        let Some(proven) = self.proven.get(id) else {
            tally.unproven = all;
            return Ok((None, tally));
        };
        let (kind, epoch) = stored.map_or((returned.kind, 0), |s| (s.kind, s.record_epoch));
        let grid = stored.map_or(proven.grid, |stored| stored.grid);
        if kind != returned.kind
            || epoch != returned.record_epoch
            || (stored.is_none() && !self.grids.contains(&grid))
        {
            tally.refused = all;
            return Ok((None, tally));
        }
        let before = open(kind, stored)?;
        let (sound, refused) = sound_changes(returned, proven, &mut tally);
        tally.refused += refused;
        let (document, changes, refused) = admit_all(&before, sound);
        tally.refused += refused;
        tally.taken = u32::try_from(changes.len()).unwrap_or(u32::MAX);
        if changes.is_empty() {
            return Ok((None, tally));
        }
        let Some(work) = self.work(*id, grid, stored, &document, changes) else {
            tally.refused += tally.taken;
            tally.taken = 0;
            return Ok((None, tally));
        };
        Ok((Some(work), tally))
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

/// Applies what fits, dependencies first whatever the order given; answers how
/// many do not fit.
fn admit_all(
    before: &RecordDocument,
    sound: Vec<(InspectedChange, &[u8])>,
) -> (RecordDocument, Vec<NewChange>, u32) {
    let mut document = before.clone();
    let (mut changes, mut refused) = (Vec::new(), 0);
    let mut waiting = sound;
    loop {
        let mut later = Vec::new();
        let count = waiting.len();
        for (change, bytes) in waiting {
            if document.has_change(&change.hash()) {
                continue;
            }
            match document.admit(&change, Writer::Feed) {
                Ok(admitted) => {
                    document = admitted;
                    changes.push(NewChange {
                        item: place(changes.len()),
                        hash: change.hash(),
                        actor: change.actor(),
                        actor_seq: change.seq(),
                        bytes: bytes.to_vec(),
                        by: ChangeBy::Actor,
                    });
                }
                Err(GuardError::MissingDeps(_)) => later.push((change, bytes)),
                Err(error) => {
                    tracing::warn!(code = error.code(), "a returned change does not fit");
                    refused += 1;
                }
            }
        }
        if later.is_empty() || later.len() == count {
            return (document, changes, refused + place(later.len()));
        }
        waiting = later;
    }
}

impl CommitHooks for GiveBack {
    fn rework(&self, work: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        let (again, _) = self.judge(&work.id, Some(stored))?;
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
        case::open_case(work, numbering, number, self.actor, self.at)
    }
}
