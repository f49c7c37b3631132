//! Writing fields of a record on the server, on behalf of a person: what the
//! JSON API does. As with every edit made here, the server's own actor writes
//! the change, the person is its author, and phones get it with the feed.
//!
//! An edit joins the record as it stands when it is committed, so it never
//! overwrites what somebody wrote to another field meanwhile. Who must not miss
//! a change to the same field names the heads they saw.

use std::sync::{Arc, Mutex, PoisonError};

use wangge_model::{
    ActorId, ChangeHash, RecordId, Timestamp,
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

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RecordEditError {
    /// No such record in scope.
    #[error("there is no such record")]
    NotFound,
    /// The record is not as the caller last saw it.
    #[error("the record changed meanwhile")]
    Changed,
    /// A value may not be written.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The stored document cannot be read.
    #[error(transparent)]
    Unreadable(#[from] DocumentError),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What to write, by whom, and to which record.
#[derive(Debug)]
struct Edits {
    fields: Vec<FieldEdit>,
    /// The heads the caller saw, if they must still be the record's.
    expected: Option<Vec<ChangeHash>>,
    actor: ActorId,
    at: Timestamp,
    /// Why the edit was given up inside the commit.
    given_up: Mutex<Option<RecordEditError>>,
}

/// Writes the fields as one change. Durable when it returns, and told to
/// whoever listens. Answers the record as it stands then; values that are
/// there already are not written again.
pub async fn edit(
    state: &AppState,
    scope: &Scope,
    id: RecordId,
    fields: Vec<FieldEdit>,
    expected: Option<Vec<ChangeHash>>,
) -> Result<StoredRecord, RecordEditError> {
    let (stored, _) = state
        .storage
        .find_record_in_scope(&id, &scope.person, scope.at)
        .await?
        .ok_or(RecordEditError::NotFound)?;
    let edits = Arc::new(Edits {
        fields,
        expected,
        actor: state.identity.actor,
        at: state.clock.now(),
        given_up: Mutex::new(None),
    });
    let worker = Arc::clone(&edits);
    let work = tokio::task::spawn_blocking(move || worker.work(&stored))
        .await
        .map_err(|error| StorageError::Database(error.to_string()))??;
    let commit = Commit {
        at: edits.at,
        person: scope.person,
        manifest: None,
        works: vec![work],
        quarantine: Vec::new(),
        hooks: Arc::clone(&edits) as Arc<dyn CommitHooks>,
    };
    let outcome = state.storage.commit(commit).await?;
    if let Some(error) = edits.take_error() {
        return Err(error);
    }
    state.tell(&outcome);
    state
        .storage
        .find_record(&id)
        .await?
        .ok_or(RecordEditError::NotFound)
}

impl Edits {
    /// The record with the fields written, computed from how it stands.
    fn work(&self, stored: &StoredRecord) -> Result<RecordWork, RecordEditError> {
        if self
            .expected
            .as_ref()
            .is_some_and(|expected| *expected != stored.heads)
        {
            return Err(RecordEditError::Changed);
        }
        let mut document = RecordDocument::load(stored.kind, Some(&stored.document), [])?;
        let written = document.edit(&self.fields, self.actor, self.at)?;
        let changes = written
            .into_iter()
            .map(|written| NewChange::written(0, written, self.actor, ChangeBy::Sender))
            .collect();
        Ok(RecordWork::onto(stored, &document, changes))
    }

    fn take_error(&self) -> Option<RecordEditError> {
        self.given_up
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl CommitHooks for Edits {
    /// Somebody else wrote in between: writes onto what they left, or nothing
    /// if the caller asked not to.
    fn rework(&self, work: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        match self.work(stored) {
            Ok(work) => Ok(work),
            Err(RecordEditError::Storage(error)) => Err(error),
            Err(error) => {
                *self.given_up.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Ok(RecordWork {
                    changes: Vec::new(),
                    ..work.clone()
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wangge_model::{FieldPath, FieldValue, GridId, RecordKind};

    fn set(path: &str, text: &str) -> FieldEdit {
        FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
    }

    fn stored(document: &RecordDocument, version: u64) -> StoredRecord {
        StoredRecord {
            id: RecordId::from_bytes([1; 16]),
            kind: RecordKind::Household,
            grid: GridId::from_bytes([2; 16]),
            record_epoch: 0,
            document: document.save(),
            heads: document.heads(),
            version,
            moves: 0,
        }
    }

    fn edits(expected: Option<Vec<ChangeHash>>) -> Edits {
        Edits {
            fields: vec![set("contact.phone", "13800000001")],
            expected,
            actor: ActorId::from_bytes([9; 16]),
            at: Timestamp::from_millis(2_000),
            given_up: Mutex::new(None),
        }
    }

    #[test]
    fn an_edit_joins_what_was_written_meanwhile() {
        let mut document = RecordDocument::new(RecordKind::Household);
        let first = edits(None).work(&stored(&document, 1)).unwrap();
        let at = Timestamp::from_millis(1_000);
        document
            .edit(
                &[set("contact.name", "王小明")],
                ActorId::from_bytes([1; 16]),
                at,
            )
            .unwrap();
        let again = edits(None).rework(&first, &stored(&document, 2)).unwrap();
        assert_eq!(again.summary.person_name, "王小明");
        assert_eq!(again.summary.phone, "13800000001");
        assert_eq!((again.base_version, again.changes.len()), (2, 1));
    }

    #[test]
    fn an_edit_of_a_record_seen_otherwise_is_given_up() {
        let mut document = RecordDocument::new(RecordKind::Household);
        let seen = document.heads();
        let first = edits(Some(seen.clone()))
            .work(&stored(&document, 1))
            .unwrap();
        let at = Timestamp::from_millis(1_000);
        document
            .edit(
                &[set("contact.name", "王小明")],
                ActorId::from_bytes([1; 16]),
                at,
            )
            .unwrap();
        let careful = edits(Some(seen));
        let again = careful.rework(&first, &stored(&document, 2)).unwrap();
        assert!(again.changes.is_empty(), "nothing is written");
        assert!(matches!(
            careful.take_error(),
            Some(RecordEditError::Changed)
        ));
    }

    #[test]
    fn what_is_there_already_is_not_written_again() {
        let mut document = RecordDocument::new(RecordKind::Household);
        let at = Timestamp::from_millis(1_000);
        document
            .edit(
                &[set("contact.phone", "13800000001")],
                ActorId::from_bytes([1; 16]),
                at,
            )
            .unwrap();
        let work = edits(None).work(&stored(&document, 1)).unwrap();
        assert!(work.changes.is_empty());
    }
}
