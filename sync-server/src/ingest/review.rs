//! Letting in what was kept apart: a late edit of somebody who had lost the
//! grid is not wrong, only unauthorised, and a supervisor may take it over; or
//! not, which its author is told with the reason.
//!
//! The change itself goes in, under its author's name; nobody writes in another's
//! place. Does not own who may decide: the caller has checked that the person
//! may see the change and the record.

use std::sync::Arc;

use wangge_model::{
    ActorId, ChangeHash, PersonId, RecordKind, Timestamp,
    document::RecordDocument,
    guard::{GuardError, Writer, inspect, may_hold_request},
    protocol::limits,
};

use super::{
    authority::{Asking, CaseAuthority},
    case::{self, Opening},
};
use crate::{
    AppState,
    auth::Scope,
    storage::{
        ChangeBy, Commit, CommitHooks, NewChange, NewDecision, NewQuarantine, Numbering,
        QuarantinedChange, RecordWork, StorageError, StorageResult, StoredRecord, Unnumbered,
    },
};

/// Most kept changes of one phone that are looked at for what one builds on.
const MOST_KEPT: u32 = 10_000;

/// Why a kept change was not let in; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// It still does not pass the guard.
    #[error("the change does not fit: {0}")]
    Guard(GuardError),
    /// The record was rebuilt or has another kind.
    #[error("the record is another one by now")]
    Record,
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Kept changes with those they build on.
#[derive(Debug)]
struct Acceptance {
    /// Of one device and one record, oldest first.
    kept: Vec<NewQuarantine>,
    wanted: Vec<ChangeHash>,
    actors: Vec<ActorId>,
    server_actor: ActorId,
    /// Who made them.
    author: PersonId,
    /// What deciding their requests takes; `None`: they have none.
    authority: Option<CaseAuthority>,
    at: Timestamp,
}

/// Lets a kept change in, and before it what it builds on of the same phone.
/// Durable when it returns, and on its way to the phones of the grid.
pub async fn accept(
    state: &AppState,
    scope: &Scope,
    chosen: &QuarantinedChange,
) -> Result<(), AcceptError> {
    let storage = &state.storage;
    let mut kept: Vec<NewQuarantine> = storage
        .list_quarantine(&scope.person, scope.at, 0, MOST_KEPT)
        .await?
        .into_iter()
        .filter(|one| one.device == chosen.device && one.change.record == chosen.change.record)
        .map(|one| one.change)
        .collect();
    // Newest first as listed.
    kept.reverse();
    let wanted = vec![chosen.change.hash];
    let acceptance = acceptance(state, chosen, kept, wanted).await?;
    let_in(state, scope, chosen, acceptance).await
}

/// Lets in everything one phone handed in late for a record, and notes the
/// decision, which the phone is told at its next sync.
pub async fn accept_all(
    state: &AppState,
    scope: &Scope,
    late: &[QuarantinedChange],
) -> Result<(), AcceptError> {
    let Some(first) = late.first() else {
        return Ok(());
    };
    let kept: Vec<NewQuarantine> = late.iter().map(|one| one.change.clone()).collect();
    let wanted = kept.iter().map(|kept| kept.hash).collect();
    // Should the server stop in between, the decision is made again and finds
    // the changes in the record.
    let acceptance = acceptance(state, first, kept, wanted).await?;
    let_in(state, scope, first, acceptance).await?;
    decide(state, scope, late, true, "").await?;
    Ok(())
}

/// Leaves the record as it is; the author keeps the edit and is told why.
pub async fn refuse_all(
    state: &AppState,
    scope: &Scope,
    late: &[QuarantinedChange],
    reason: &str,
) -> StorageResult<()> {
    decide(state, scope, late, false, reason).await
}

async fn decide(
    state: &AppState,
    scope: &Scope,
    late: &[QuarantinedChange],
    accepted: bool,
    reason: &str,
) -> StorageResult<()> {
    let decision = NewDecision {
        changes: late.iter().map(|one| one.change.id).collect(),
        accepted,
        reason: reason.to_owned(),
        person: scope.person,
        at: state.clock.now(),
    };
    state.storage.decide(&decision).await
}

async fn acceptance(
    state: &AppState,
    chosen: &QuarantinedChange,
    kept: Vec<NewQuarantine>,
    wanted: Vec<ChangeHash>,
) -> StorageResult<Acceptance> {
    let at = state.clock.now();
    let actors = state.storage.list_actors(&chosen.device).await?;
    let stored = state.storage.find_record(&chosen.change.record).await?;
    let grid = stored.map_or(chosen.change.grid, |stored| stored.grid);
    let asking: Vec<Asking<'_>> = kept
        .iter()
        .filter(|change| change.kind == RecordKind::Incident && may_hold_request(&change.bytes))
        .map(|change| Asking {
            grid,
            hash: &change.hash,
            bytes: &change.bytes,
        })
        .collect();
    let owners: Vec<_> = actors.iter().map(|actor| (*actor, chosen.person)).collect();
    let authority = CaseAuthority::gather(state, &asking, &owners, at).await?;
    Ok(Acceptance {
        kept,
        wanted,
        actors,
        server_actor: state.identity.actor,
        author: chosen.person,
        authority,
        at,
    })
}

/// What the record would be with these changes, for a supervisor to look at;
/// the record as it is comes first.
pub async fn preview(
    state: &AppState,
    late: &[QuarantinedChange],
) -> Result<Option<Preview>, AcceptError> {
    let Some(first) = late.first() else {
        return Ok(None);
    };
    let kept: Vec<NewQuarantine> = late.iter().map(|one| one.change.clone()).collect();
    let wanted = kept.iter().map(|kept| kept.hash).collect();
    let acceptance = acceptance(state, first, kept, wanted).await?;
    let stored = state.storage.find_record(&first.change.record).await?;
    let first = first.change.clone();
    let preview = tokio::task::spawn_blocking(move || {
        let before = open(&first, stored.as_ref())?;
        let after = acceptance.apply(&before);
        Ok::<_, AcceptError>(Preview {
            before,
            after,
            stored,
        })
    })
    .await
    .map_err(|error| StorageError::Database(error.to_string()))??;
    Ok(Some(preview))
}

/// A record before and after late changes.
#[derive(Debug)]
pub struct Preview {
    /// As the server has it; empty if it does not.
    pub before: RecordDocument,
    /// With the changes, or why they do not fit.
    pub after: Result<RecordDocument, AcceptError>,
    /// Where it is.
    pub stored: Option<StoredRecord>,
}

async fn let_in(
    state: &AppState,
    scope: &Scope,
    first: &QuarantinedChange,
    acceptance: Acceptance,
) -> Result<(), AcceptError> {
    let storage = &state.storage;
    let acceptance = Arc::new(acceptance);
    let first = first.change.clone();
    let stored = storage.find_record(&first.record).await?;
    let worker = Arc::clone(&acceptance);
    let work = tokio::task::spawn_blocking(move || worker.work(&first, stored.as_ref()))
        .await
        .map_err(|error| StorageError::Database(error.to_string()))??;
    let Some(work) = work else {
        return Ok(()); // It came in some other way meanwhile.
    };
    let commit = Commit {
        at: acceptance.at,
        person: scope.person,
        manifest: None,
        works: vec![work],
        quarantine: Vec::new(),
        hooks: acceptance,
    };
    let outcome = storage.commit(commit).await?;
    state.tell(&outcome);
    Ok(())
}

fn open(
    first: &NewQuarantine,
    stored: Option<&StoredRecord>,
) -> Result<RecordDocument, AcceptError> {
    match stored {
        None => Ok(RecordDocument::new(first.kind)),
        Some(stored) if stored.kind != first.kind => Err(AcceptError::Record),
        Some(stored) => Ok(
            RecordDocument::load(stored.kind, Some(&stored.document), []).map_err(|error| {
                tracing::error!(record = %stored.id, %error, "a stored document cannot be read");
                StorageError::Corrupt("document")
            })?,
        ),
    }
}

impl Acceptance {
    /// The record with the change and what it builds on; `None` if it has it.
    fn work(
        &self,
        first: &NewQuarantine,
        stored: Option<&StoredRecord>,
    ) -> Result<Option<RecordWork>, AcceptError> {
        let mut document = open(first, stored)?;
        let mut changes = Vec::new();
        for wanted in &self.wanted {
            self.admit(*wanted, &mut document, &mut changes)?;
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let grid = stored.map_or(first.grid, |stored| stored.grid);
        if let (Some(authority), Some(_)) = (&self.authority, stored) {
            authority.answer(first.record, &grid, &mut document, &mut changes);
        }
        let saved = document.save();
        if saved.len() > limits::RECORD_BYTES {
            return Err(AcceptError::Guard(GuardError::RecordFull));
        }
        let numbering =
            (stored.is_none() && document.kind() == RecordKind::Incident).then(|| Numbering {
                series: case::series(self.at),
                record: Unnumbered::Open(Box::new(document.clone())),
            });
        Ok(Some(RecordWork {
            id: first.record,
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
        }))
    }

    fn apply(&self, before: &RecordDocument) -> Result<RecordDocument, AcceptError> {
        let mut document = before.clone();
        let mut changes = Vec::new();
        for wanted in &self.wanted {
            self.admit(*wanted, &mut document, &mut changes)?;
        }
        Ok(document)
    }

    /// Admits a kept change after the kept ones it builds on.
    fn admit(
        &self,
        wanted: ChangeHash,
        document: &mut RecordDocument,
        changes: &mut Vec<NewChange>,
    ) -> Result<(), AcceptError> {
        // Instead of recursion: what is wanted last comes first off the end.
        let mut stack = vec![wanted];
        while let Some(hash) = stack.last().copied() {
            if document.has_change(&hash) {
                stack.pop();
                continue;
            }
            let kept = self.kept.iter().find(|kept| kept.hash == hash);
            let Some(kept) = kept.filter(|_| stack.len() <= self.kept.len()) else {
                return Err(AcceptError::Guard(GuardError::MissingDeps(vec![hash])));
            };
            let change = inspect(&kept.hash, &kept.bytes).map_err(AcceptError::Guard)?;
            if !self.actors.contains(&change.actor()) {
                return Err(AcceptError::Guard(GuardError::OtherActor));
            }
            match document.admit(&change, Writer::Device(change.actor())) {
                Ok(admitted) => {
                    *document = admitted;
                    changes.push(NewChange {
                        item: u32::try_from(changes.len()).unwrap_or(u32::MAX),
                        hash: change.hash(),
                        actor: change.actor(),
                        actor_seq: change.seq(),
                        bytes: kept.bytes.clone(),
                        by: ChangeBy::Actor,
                    });
                }
                Err(GuardError::MissingDeps(missing)) => stack.extend(missing),
                Err(error) => return Err(AcceptError::Guard(error)),
            }
        }
        Ok(())
    }
}

impl CommitHooks for Acceptance {
    /// Somebody else wrote in between: judged again on how it stands now.
    fn rework(&self, work: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        let unchanged = || RecordWork {
            changes: Vec::new(),
            numbering: None,
            ..work.clone()
        };
        let Some(first) = self.kept.first() else {
            return Ok(unchanged());
        };
        match self.work(first, Some(stored)) {
            Ok(again) => Ok(again.unwrap_or_else(unchanged)),
            Err(AcceptError::Storage(error)) => Err(error),
            Err(AcceptError::Guard(_) | AcceptError::Record) => {
                Err(StorageError::Missing("change this one builds on"))
            }
        }
    }

    fn number(
        &self,
        work: RecordWork,
        numbering: Numbering,
        number: u64,
    ) -> StorageResult<RecordWork> {
        let opening = Opening {
            actor: self.server_actor,
            at: self.at,
            reporter: Some(self.author),
            authority: self.authority.as_ref(),
        };
        case::open_case(work, numbering, number, opening)
    }
}
