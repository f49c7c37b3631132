//! Letting in what was kept apart: a late edit of somebody who had lost the
//! grid is not wrong, only unauthorised, and a supervisor may take it over.
//!
//! The change itself goes in, under its author's name; nobody writes in another's
//! place. Does not own who may decide: the caller has checked that the person
//! may see the change and the record.

use std::sync::Arc;

use wangge_model::{
    ActorId, ChangeHash, RecordKind, Timestamp,
    document::RecordDocument,
    guard::{GuardError, Writer, inspect},
    protocol::limits,
};

use super::case;
use crate::{
    AppState,
    auth::Scope,
    storage::{
        ChangeBy, Commit, CommitHooks, NewChange, NewQuarantine, Numbering, QuarantinedChange,
        RecordWork, StorageError, StorageResult, StoredRecord,
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

/// A kept change with those it builds on.
#[derive(Debug)]
struct Acceptance {
    /// Of one device and one record, oldest first.
    kept: Vec<NewQuarantine>,
    wanted: ChangeHash,
    actors: Vec<ActorId>,
    server_actor: ActorId,
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
    let acceptance = Arc::new(Acceptance {
        kept,
        wanted: chosen.change.hash,
        actors: storage.list_actors(&chosen.device).await?,
        server_actor: state.identity.actor,
        at: state.clock.now(),
    });
    let stored = storage.find_record(&chosen.change.record).await?;
    let worker = Arc::clone(&acceptance);
    let first = chosen.change.clone();
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
    state.send_hints(&outcome.grids);
    Ok(())
}

impl Acceptance {
    /// The record with the change and what it builds on; `None` if it has it.
    fn work(
        &self,
        first: &NewQuarantine,
        stored: Option<&StoredRecord>,
    ) -> Result<Option<RecordWork>, AcceptError> {
        let mut document = match stored {
            None => RecordDocument::new(first.kind),
            Some(stored) if stored.kind != first.kind => return Err(AcceptError::Record),
            Some(stored) => {
                RecordDocument::load(stored.kind, Some(&stored.document), []).map_err(|error| {
                    tracing::error!(record = %stored.id, %error, "a stored document cannot be read");
                    StorageError::Corrupt("document")
                })?
            }
        };
        if document.has_change(&self.wanted) {
            return Ok(None);
        }
        let mut changes = Vec::new();
        self.admit(self.wanted, &mut document, &mut changes)?;
        let saved = document.save();
        if saved.len() > limits::RECORD_BYTES {
            return Err(AcceptError::Guard(GuardError::RecordFull));
        }
        let numbering =
            (stored.is_none() && document.kind() == RecordKind::Incident).then(|| Numbering {
                series: case::series(self.at),
                document: document.clone(),
            });
        Ok(Some(RecordWork {
            id: first.record,
            kind: document.kind(),
            grid: stored.map_or(first.grid, |stored| stored.grid),
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
        let Some(first) = self.kept.iter().find(|kept| kept.hash == self.wanted) else {
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
        case::open_case(work, numbering, number, self.server_actor, self.at)
    }
}
