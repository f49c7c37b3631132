//! From a push to its receipt.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use wangge_model::{
    ActorId, AuditId, GridId, OrgNodeId, RecordId, RecordKind, Timestamp,
    boundary::GridIndex,
    fault_point::{self, FailPoint},
    guard::may_hold_request,
    protocol::{ProblemCode, PushItem, Receipt, SignedManifest, Verdict},
};

use super::{
    admit::{Admission, Heirs, Rights, records},
    authority::{self, Asking, CaseAuthority},
    manifest::{self, CheckedManifest},
};
use crate::{
    AppState, DeviceError,
    storage::{
        AuditEntry, ChangeBy, Commit, CommitHooks, CommitManifest, CommitOutcome, Device,
        GrantedGrid, StoredRecord,
    },
};

/// What a push did, after it is on disk.
#[derive(Debug)]
pub struct Pushed {
    /// The answer to the manifest.
    pub receipt: Receipt,
    /// The device's actor in this app life.
    pub actor: ActorId,
    /// Feed places the receipt names.
    pub places: HashSet<(GridId, u64)>,
}

/// Takes a push in. The receipt exists only once everything it says is
/// durable.
pub async fn push(
    state: &AppState,
    device: &Device,
    granted: &[GrantedGrid],
    signed: SignedManifest,
    items: Vec<PushItem>,
) -> Result<Pushed, DeviceError> {
    let at = state.clock.now();
    let permit = Arc::clone(&state.guard_permits)
        .acquire_owned()
        .await
        .map_err(|_| ProblemCode::Unavailable)?;
    let epoch = state.identity.epoch;
    let (checked, signed, items) = {
        let device = device.clone();
        blocking(move || {
            (
                manifest::check(&signed, &items, &device, &epoch),
                signed,
                items,
            )
        })
        .await?
    };
    let CheckedManifest {
        manifest,
        digest,
        actor,
    } = match checked {
        Ok(checked) => checked,
        Err(code) => {
            note_refusal(state, device, code).await;
            return Err(DeviceError {
                // Its signature was good, so it is told how far it had
                // counted; a restored or copied phone cannot know.
                last_counter: (code == ProblemCode::ManifestReplayed)
                    .then_some(device.last_counter),
                ..code.into()
            });
        }
    };
    let stored = state.storage.list_stored_records(&records(&items)).await?;
    let rights = rights(state, device, granted, &items, &stored).await?;
    let authority = gather(state, device, actor, &items, &stored, at).await?;
    let admission = Arc::new(Admission::new(
        items,
        actor,
        state.identity.actor,
        device.person,
        rights,
        authority,
        at,
        Arc::clone(&state.clock),
        Arc::clone(&state.entropy),
        Arc::clone(&state.documents),
    ));
    let guard = Arc::clone(&admission);
    let works = blocking(move || guard.admit_all(&stored)).await??;
    drop(permit);
    let commit = Commit {
        at,
        person: device.person,
        manifest: Some(CommitManifest {
            device: device.id,
            actor,
            incarnation: manifest.incarnation,
            counter: manifest.counter,
            digest,
            manifest: signed.manifest,
            signature: signed.signature,
            quarantine_limit: state.settings.quarantine_bytes,
        }),
        works,
        quarantine: Vec::new(),
        hooks: Arc::clone(&admission) as Arc<dyn CommitHooks>,
    };
    reach(FailPoint::ServerPushAdmitted)?;
    let outcome = state.storage.commit(commit).await?;
    reach(FailPoint::ServerPushCommitted)?;
    state.tell(&outcome);
    if let Some(authority) = &admission.authority {
        authority.note_refusals(state, Some(device.id)).await;
    }
    let (verdicts, places) = number_verdicts(admission.take_verdicts(), &outcome);
    note_kept_requests(state, device, &admission, &verdicts).await;
    count(state, &verdicts);
    let receipt = Receipt {
        counter: manifest.counter,
        manifest_digest: digest.to_vec(),
        verdicts: Receipt::runs(verdicts),
    };
    reach(FailPoint::ServerReceiptMade)?;
    Ok(Pushed {
        receipt,
        actor,
        places,
    })
}

/// The person's rights; of past ones nothing, if all is within the present.
async fn rights(
    state: &AppState,
    device: &Device,
    granted: &[GrantedGrid],
    items: &[PushItem],
    stored: &[StoredRecord],
) -> Result<Rights, DeviceError> {
    let rights = Rights {
        grids: granted.iter().map(|granted| granted.grid).collect(),
        writes: granted
            .iter()
            .flat_map(|granted| granted.writes.iter().map(|kind| (granted.grid, *kind)))
            .collect(),
        ..Rights::default()
    };
    let late: Vec<RecordId> = stored
        .iter()
        .filter(|record| !rights.may_write(&record.grid, record.kind))
        .map(|record| record.id)
        .collect();
    let is_allowed = |item: &PushItem| rights.may_write(&item.grid, item.kind);
    if late.is_empty() && items.iter().all(is_allowed) {
        return Ok(rights);
    }
    let storage = &state.storage;
    let held = storage.list_held_grids(&device.person).await?;
    let mut former: HashMap<RecordId, Vec<GridId>> = HashMap::new();
    for (record, grid) in storage.list_former_grids(&late).await? {
        former.entry(record).or_default().push(grid);
    }
    let known: HashSet<RecordId> = stored.iter().map(|record| record.id).collect();
    let mut heirs = HashMap::new();
    for item in items {
        if known.contains(&item.record) || is_allowed(item) || heirs.contains_key(&item.grid) {
            continue;
        }
        let grids = storage
            .list_open_successors(&item.grid, state.clock.now())
            .await?;
        if grids.is_empty() {
            continue;
        }
        let nodes: Vec<OrgNodeId> = grids.iter().map(|grid| (*grid).into()).collect();
        let shapes = storage.list_boundaries(&nodes).await?;
        let index = GridIndex::new(
            shapes
                .into_iter()
                .map(|(node, boundary)| (node.into(), boundary)),
        );
        heirs.insert(item.grid, Heirs { grids, index });
    }
    Ok(Rights {
        held: held.into_iter().collect(),
        former,
        heirs,
        ..rights
    })
}

/// What deciding the push's requests takes; `None` if it has none.
async fn gather(
    state: &AppState,
    device: &Device,
    actor: ActorId,
    items: &[PushItem],
    stored: &[StoredRecord],
    at: Timestamp,
) -> Result<Option<CaseAuthority>, DeviceError> {
    let homes: HashMap<RecordId, GridId> = stored
        .iter()
        .map(|record| (record.id, record.grid))
        .collect();
    let asking: Vec<Asking<'_>> = items
        .iter()
        .filter(|item| item.kind == RecordKind::Incident)
        .filter_map(|item| {
            let home = homes.get(&item.record).copied();
            Asking::of(item, home.unwrap_or(item.grid))
        })
        .collect();
    Ok(CaseAuthority::gather(state, &asking, &[(actor, device.person)], at).await?)
}

/// Requests that were kept apart (out of scope, malformed, too large) are
/// written down like those that were refused.
async fn note_kept_requests(
    state: &AppState,
    device: &Device,
    admission: &Admission,
    verdicts: &[Verdict],
) {
    for (item, verdict) in admission.items.iter().zip(verdicts) {
        let Verdict::Quarantined { code, .. } = verdict else {
            continue;
        };
        if item.kind == RecordKind::Incident && may_hold_request(&item.change) {
            let (person, phone) = (Some(device.person), Some(device.id));
            authority::note_refusal(state, person, phone, item.record, "-", code).await;
        }
    }
}

/// A fail point of this stage.
pub(super) fn reach(point: FailPoint) -> Result<(), DeviceError> {
    fault_point::reach(point).map_err(|error| {
        tracing::error!(%error, "a push failed");
        ProblemCode::Internal.into()
    })
}

/// Runs work that holds a processor, off the threads that serve connections.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DeviceError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "checking a push failed");
        ProblemCode::Internal.into()
    })
}

/// Fills in the feed numbers the commit gave.
fn number_verdicts(
    mut verdicts: Vec<Verdict>,
    outcome: &CommitOutcome,
) -> (Vec<Verdict>, HashSet<(GridId, u64)>) {
    let mut seqs: HashMap<usize, u64> = HashMap::new();
    let mut places = HashSet::new();
    for done in &outcome.works {
        for (change, seq) in done.work.changes.iter().zip(&done.seqs) {
            if change.by == ChangeBy::Sender {
                seqs.insert(change.item as usize, *seq);
                places.insert((done.work.grid, *seq));
            }
        }
    }
    for (place, verdict) in verdicts.iter_mut().enumerate() {
        if let (Verdict::Accepted { first_seq }, Some(seq)) = (verdict, seqs.get(&place)) {
            *first_seq = *seq;
        }
    }
    (verdicts, places)
}

fn count(state: &AppState, verdicts: &[Verdict]) {
    let metrics = &state.metrics;
    for verdict in verdicts {
        match verdict {
            Verdict::Accepted { .. } => metrics.accepted_changes.add(1),
            Verdict::Duplicate => metrics.duplicate_changes.add(1),
            Verdict::Quarantined { .. } => metrics.quarantined_changes.add(1),
            Verdict::MissingDeps { .. } => metrics.missing_deps_changes.add(1),
            Verdict::ActorFork => metrics.actor_forks.add(1),
            Verdict::Erased | Verdict::StaleRecordEpoch { .. } => {}
        }
    }
}

/// A push that is not what its device signed may be an attack: it is written
/// down. The refusal stands even if that fails.
async fn note_refusal(state: &AppState, device: &Device, code: ProblemCode) {
    let entry = AuditEntry {
        id: AuditId::make(state.clock.as_ref(), state.entropy.as_ref()),
        at: state.clock.now(),
        person: Some(device.person),
        device: Some(device.id),
        action: "manifest_refused".to_owned(),
        target: String::new(),
        detail: code.as_str().to_owned(),
    };
    if let Err(error) = state.storage.create_audit(&entry).await {
        tracing::error!(%error, "a refused push could not be written down");
    }
}
