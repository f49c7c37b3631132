//! Changing a record from the console. The server's own actor writes the
//! change, the person at the console is its author, and it reaches the phones
//! through the feed like any other.
//!
//! Owns settling a conflict. Does not own who may do it: the caller hands in a
//! [`Scope`], and a record outside it does not exist.

use std::sync::Arc;

use wangge_model::{
    ActorId, ChangeHash, FieldPath, RecordId, RecordKind, Timestamp,
    access::{Act, Data},
    document::{DocumentError, EditError, FieldEdit, RecordDocument},
};

use crate::{
    AppState,
    auth::Scope,
    storage::{
        ChangeBy, Commit, CommitHooks, NewChange, RecordWork, StorageError, StorageResult,
        StoredRecord,
    },
};

/// Why a conflict was not settled; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// No such record in scope.
    #[error("there is no such record")]
    NotFound,
    /// The person may see the record and not settle its conflicts.
    #[error("settling is not allowed there")]
    Forbidden,
    /// The field has no such value any more: somebody settled it, or wrote
    /// another.
    #[error("the value to choose is no longer there")]
    Gone,
    /// The value may not be written.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The stored document cannot be read.
    #[error(transparent)]
    Unreadable(#[from] DocumentError),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Which value is chosen, by whom it is written, and when.
#[derive(Debug, Clone)]
struct Choice {
    path: FieldPath,
    change: ChangeHash,
    actor: ActorId,
    at: Timestamp,
}

/// Makes the value that `change` wrote to `path` the only one. Durable when it
/// returns, and told to whoever listens.
pub async fn settle(
    state: &AppState,
    scope: &Scope,
    kind: RecordKind,
    id: RecordId,
    path: &FieldPath,
    change: ChangeHash,
) -> Result<(), SettleError> {
    let (stored, _) = state
        .storage
        .find_record_in_scope(&id, &scope.person, scope.at)
        .await?
        .filter(|(stored, _)| stored.kind == kind)
        .ok_or(SettleError::NotFound)?;
    let may_settle = scope
        .may_in(
            state.storage.as_ref(),
            &stored.grid.into(),
            Data::Unsettled,
            Act::Settle,
        )
        .await?;
    if !may_settle {
        return Err(SettleError::Forbidden);
    }
    let choice = Arc::new(Choice {
        path: path.clone(),
        change,
        actor: state.identity.actor,
        at: state.clock.now(),
    });
    let worker = Arc::clone(&choice);
    let work = tokio::task::spawn_blocking(move || worker.work(&stored))
        .await
        .map_err(|error| StorageError::Database(error.to_string()))??;
    let commit = Commit {
        at: choice.at,
        person: scope.person,
        manifest: None,
        works: vec![work],
        quarantine: Vec::new(),
        hooks: choice,
    };
    let outcome = state.storage.commit(commit).await?;
    state.tell(&outcome);
    let is_written = outcome
        .works
        .iter()
        .any(|outcome| !outcome.work.changes.is_empty());
    if is_written {
        Ok(())
    } else {
        Err(SettleError::Gone)
    }
}

impl Choice {
    /// The record with the choice made, computed from how it stands.
    fn work(&self, stored: &StoredRecord) -> Result<RecordWork, SettleError> {
        let mut document = RecordDocument::load(stored.kind, Some(&stored.document), [])?;
        let edit = self.edit(&document).ok_or(SettleError::Gone)?;
        let written = document
            .settle(&edit, self.actor, self.at)?
            .ok_or(SettleError::Gone)?;
        let change = NewChange::written(0, written, self.actor, ChangeBy::Sender);
        Ok(RecordWork::onto(stored, &document, vec![change]))
    }

    /// The chosen value as an edit, if it still is one of several.
    fn edit(&self, document: &RecordDocument) -> Option<FieldEdit> {
        let conflict = document
            .conflicts()
            .into_iter()
            .find(|conflict| conflict.path == self.path)?;
        let chosen = conflict
            .candidates
            .into_iter()
            .find(|candidate| candidate.change == Some(self.change))?;
        Some(FieldEdit {
            path: self.path.clone(),
            value: chosen.value,
        })
    }
}

impl CommitHooks for Choice {
    /// Somebody else wrote in between: chooses again if the value is still
    /// there, else writes nothing.
    fn rework(&self, work: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        match self.work(stored) {
            Ok(work) => Ok(work),
            Err(SettleError::Storage(error)) => Err(error),
            Err(
                SettleError::Gone
                | SettleError::NotFound
                | SettleError::Forbidden
                | SettleError::Edit(_)
                | SettleError::Unreadable(_),
            ) => Ok(RecordWork {
                changes: Vec::new(),
                ..work.clone()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wangge_model::{FieldValue, GridId};

    fn stored(document: &RecordDocument) -> StoredRecord {
        StoredRecord {
            id: RecordId::from_bytes([1; 16]),
            kind: RecordKind::Household,
            grid: GridId::from_bytes([2; 16]),
            record_epoch: 1,
            document: document.save(),
            heads: document.heads(),
            version: 3,
            moves: 0,
        }
    }

    /// A household with two phone numbers, and the changes that wrote them.
    fn conflicted() -> (RecordDocument, ChangeHash, ChangeHash) {
        let edit = |number: &str| {
            [FieldEdit::set(
                FieldPath::new("contact.phone").unwrap(),
                FieldValue::text(number),
            )]
        };
        let at = Timestamp::from_millis(1_000);
        let mut one = RecordDocument::new(RecordKind::Household);
        let mut two = one.clone();
        let a = one
            .edit(&edit("13800000001"), ActorId::from_bytes([1; 16]), at)
            .unwrap()
            .unwrap();
        let b = two
            .edit(&edit("13800000002"), ActorId::from_bytes([2; 16]), at)
            .unwrap()
            .unwrap();
        one.apply_own([b.bytes.as_slice()]).unwrap();
        (one, a.hash, b.hash)
    }

    fn choice(change: ChangeHash) -> Choice {
        Choice {
            path: FieldPath::new("contact.phone").unwrap(),
            change,
            actor: ActorId::from_bytes([9; 16]),
            at: Timestamp::from_millis(2_000),
        }
    }

    #[test]
    fn either_value_can_be_chosen_and_then_there_is_no_conflict() {
        let (document, a, b) = conflicted();
        for (change, number) in [(a, "13800000001"), (b, "13800000002")] {
            let work = choice(change).work(&stored(&document)).unwrap();
            assert_eq!(work.summary.phone, number);
            assert_eq!(work.summary.conflict_count, 0);
            assert_eq!(work.changes.len(), 1);
            assert_eq!((work.base_version, work.changes[0].actor_seq), (3, 1));
        }
    }

    #[test]
    fn a_value_settled_meanwhile_cannot_be_chosen_again() {
        let (document, a, b) = conflicted();
        let first = choice(a).work(&stored(&document)).unwrap();
        let settled = RecordDocument::load(RecordKind::Household, Some(&first.saved), []).unwrap();
        let now = stored(&settled);
        assert!(matches!(choice(b).work(&now), Err(SettleError::Gone)));
        let reworked = choice(b).rework(&first, &now).unwrap();
        assert!(reworked.changes.is_empty(), "nothing is written");
    }
}
