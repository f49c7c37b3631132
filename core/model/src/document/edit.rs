//! Writing fields.

use automerge::{
    Automerge, AutomergeError, ObjId, ObjType, ROOT, ReadDoc, Value,
    transaction::{CommitOptions, Transactable, Transaction},
};

use super::{
    ActorId, FieldEdit, FieldPath, LocalChange, RecordDocument, local_change,
    schema::{self, FieldError, FieldOwner, FieldType},
};
use crate::Timestamp;

/// Why an edit was not made; the document is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A value does not fit its field.
    #[error("{path}: {reason}")]
    Field {
        /// Which field.
        path: FieldPath,
        /// Why.
        #[source]
        reason: FieldError,
    },
    /// The record has grown past what a phone can be asked to load.
    #[error("the record has too long a history")]
    RecordFull,
    /// Automerge refused.
    #[error("the document cannot be changed: {0}")]
    Document(String),
}

impl From<AutomergeError> for EditError {
    fn from(error: AutomergeError) -> Self {
        Self::Document(error.to_string())
    }
}

impl RecordDocument {
    /// Writes a person's edits as one change; `None` if they change nothing.
    ///
    /// Every value is checked before anything is written. Fields that are not
    /// named stay untouched, so concurrent edits of other fields merge.
    pub fn edit(
        &mut self,
        edits: &[FieldEdit],
        actor: ActorId,
        at: Timestamp,
    ) -> Result<Option<LocalChange>, EditError> {
        self.write(edits, actor, at, FieldOwner::People)
    }

    /// Writes fields that only the server may write, e.g. `case.number`.
    pub fn edit_as_server(
        &mut self,
        edits: &[FieldEdit],
        actor: ActorId,
        at: Timestamp,
    ) -> Result<Option<LocalChange>, EditError> {
        self.write(edits, actor, at, FieldOwner::Server)
    }

    /// Settles a conflict: the chosen value replaces every candidate, as a new
    /// change that says so to everyone. Also writes when the value is the one
    /// already showing.
    pub fn settle(
        &mut self,
        edit: &FieldEdit,
        actor: ActorId,
        at: Timestamp,
    ) -> Result<Option<LocalChange>, EditError> {
        self.write(std::slice::from_ref(edit), actor, at, FieldOwner::People)
    }

    fn write(
        &mut self,
        edits: &[FieldEdit],
        actor: ActorId,
        at: Timestamp,
        writer: FieldOwner,
    ) -> Result<Option<LocalChange>, EditError> {
        for edit in edits {
            self.check_edit(edit, writer)
                .map_err(|reason| EditError::Field {
                    path: edit.path.clone(),
                    reason,
                })?;
        }
        if self.op_count() >= crate::protocol::limits::RECORD_OPS {
            return Err(EditError::RecordFull);
        }
        self.doc.set_actor(actor.to_automerge());
        let mut transaction = self.doc.transaction();
        for edit in edits {
            write_field(&mut transaction, edit)?;
        }
        let options = CommitOptions::default().with_time(at.as_seconds());
        let (hash, _) = transaction.commit_with(options);
        Ok(hash
            .and_then(|hash| self.doc.get_change_by_hash(&hash))
            .map(|c| local_change(&c)))
    }

    fn check_edit(&self, edit: &FieldEdit, writer: FieldOwner) -> Result<(), FieldError> {
        let spec = schema::find_field(self.kind, &edit.path).ok_or(FieldError::Unknown)?;
        if spec.owner != writer {
            return Err(FieldError::ServerOwned);
        }
        match &edit.value {
            Some(value) => spec.check(value),
            // A shared text is emptied, which is a value of its own.
            None => Ok(()),
        }
    }
}

fn write_field(transaction: &mut Transaction<'_>, edit: &FieldEdit) -> Result<(), AutomergeError> {
    let parts: Vec<&str> = edit.path.parts().collect();
    let (object, key) = match parts.as_slice() {
        [key] => (ROOT, *key),
        [container, key] => (child(transaction, &ROOT, container)?, *key),
        [collection, entry, key] => {
            let collection = child(transaction, &ROOT, collection)?;
            (child(transaction, &collection, entry)?, *key)
        }
        _ => return Ok(()),
    };
    if let Some(text) = find_text(transaction, &object, key)? {
        let new = edit
            .value
            .as_ref()
            .and_then(super::FieldValue::as_text)
            .unwrap_or_default();
        if transaction.text(&text)? != new {
            transaction.update_text(&text, new)?;
        }
        return Ok(());
    }
    match &edit.value {
        Some(value) => transaction.put(&object, key, value.to_scalar()),
        // Clearing what was never set would only grow the history.
        None if transaction.get(&object, key)?.is_none() => Ok(()),
        None => transaction.put(&object, key, ()),
    }
}

fn find_text(
    transaction: &Transaction<'_>,
    object: &ObjId,
    key: &str,
) -> Result<Option<ObjId>, AutomergeError> {
    Ok(match transaction.get(object, key)? {
        Some((Value::Object(ObjType::Text), id)) => Some(id),
        _ => None,
    })
}

/// The map under `key`, created if it is not there: only entries of
/// collections ever are, and their ids are unique to the phone that made them.
fn child(
    transaction: &mut Transaction<'_>,
    object: &ObjId,
    key: &str,
) -> Result<ObjId, AutomergeError> {
    match transaction.get(object, key)? {
        Some((Value::Object(ObjType::Map), id)) => Ok(id),
        _ => transaction.put_object(object, key, ObjType::Map),
    }
}

/// What [`SchemaType`](FieldType) of field a shared text is; used by readers.
pub(super) fn is_shared_text(kind: crate::RecordKind, path: &FieldPath) -> bool {
    schema::find_field(kind, path).is_some_and(|spec| matches!(spec.kind, FieldType::SharedText(_)))
}

/// Finds the object and key a path names, without creating anything.
pub(super) fn locate(doc: &Automerge, path: &FieldPath) -> Option<(ObjId, String)> {
    let parts: Vec<&str> = path.parts().collect();
    let (last, containers) = parts.split_last()?;
    let mut object = ROOT;
    for name in containers {
        object = match doc.get(&object, *name).ok()?? {
            (Value::Object(ObjType::Map), id) => id,
            _ => return None,
        };
    }
    Some((object, (*last).to_owned()))
}
