//! Writing fields.

use automerge::{
    AutomergeError, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, Value,
    transaction::{CommitOptions, Transactable, Transaction},
};

use super::{
    ActorId, FieldEdit, FieldPath, FieldValue, LocalChange, RecordDocument, is_root_reserved,
    local_change,
    schema::{self, FieldError, FieldOwner, FieldType},
};
use crate::{Timestamp, fault_point};

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
        self.write(edits, actor, at, FieldOwner::People, Same::Skip)
    }

    /// Writes fields that only the server may write, e.g. `case.number`.
    pub fn edit_as_server(
        &mut self,
        edits: &[FieldEdit],
        actor: ActorId,
        at: Timestamp,
    ) -> Result<Option<LocalChange>, EditError> {
        self.write(edits, actor, at, FieldOwner::Server, Same::Skip)
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
        self.write(
            std::slice::from_ref(edit),
            actor,
            at,
            FieldOwner::People,
            Same::Write,
        )
    }

    /// Settles conflicts between fields that only the server may write.
    pub fn settle_as_server(
        &mut self,
        edits: &[FieldEdit],
        actor: ActorId,
        at: Timestamp,
    ) -> Result<Option<LocalChange>, EditError> {
        self.write(edits, actor, at, FieldOwner::Server, Same::Write)
    }

    fn write(
        &mut self,
        edits: &[FieldEdit],
        actor: ActorId,
        at: Timestamp,
        writer: FieldOwner,
        same: Same,
    ) -> Result<Option<LocalChange>, EditError> {
        for edit in edits {
            check_edit(self.kind, edit, writer).map_err(|reason| EditError::Field {
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
            write_field(&mut transaction, edit, same)?;
        }
        let options = CommitOptions::default().with_time(at.as_seconds());
        let (hash, _) = transaction.commit_with(options);
        let change = hash.and_then(|hash| self.doc.get_change_by_hash(&hash));
        if let (Some(tally), Some(change)) = (self.tally.get_mut(), &change) {
            tally.add(change);
        }
        Ok(change.as_ref().map(local_change))
    }
}

/// Whether `writer` may make this edit of a record of this kind.
pub(crate) fn check_edit(
    kind: crate::RecordKind,
    edit: &FieldEdit,
    writer: FieldOwner,
) -> Result<(), FieldError> {
    let spec = schema::find_field(kind, &edit.path).ok_or(FieldError::Unknown)?;
    let owner = match spec.owner {
        // A request is filed like any other entry.
        FieldOwner::Requester => FieldOwner::People,
        owner => owner,
    };
    if owner != writer {
        return Err(FieldError::ServerOwned);
    }
    match &edit.value {
        Some(value) => spec.check(value),
        // A shared text is emptied, which is a value of its own.
        None => Ok(()),
    }
}

/// What to do with a value that a field shows already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Same {
    /// Nothing: an edit must not settle a conflict its author did not look at.
    Skip,
    /// Write it, if there are other candidates to replace.
    Write,
}

fn write_field(
    transaction: &mut Transaction<'_>,
    edit: &FieldEdit,
    same: Same,
) -> Result<(), AutomergeError> {
    let Some((object, key)) = locate(transaction, &edit.path) else {
        return Err(AutomergeError::InvalidObjId(edit.path.root().to_owned()));
    };
    let key = key.as_str();
    if let Some(text) = find_text(transaction, &object, key)? {
        let new = edit
            .value
            .as_ref()
            .and_then(FieldValue::as_text)
            .unwrap_or_default();
        if transaction.text(&text)? != new {
            transaction.update_text(&text, new)?;
        }
        return Ok(());
    }
    let candidates = transaction.get_all(&object, key)?;
    let new = edit
        .value
        .as_ref()
        .map_or(ScalarValue::Null, FieldValue::to_scalar);
    // Automerge lists the winner last. What was never set reads as null, and
    // clearing it would only grow the history.
    let is_shown = match candidates.last() {
        Some((Value::Scalar(shown), _)) => **shown == new,
        Some((Value::Object(_), _)) => false,
        None => new == ScalarValue::Null,
    };
    if is_shown {
        if same == Same::Skip || candidates.len() < 2 {
            return Ok(());
        }
        if fault_point::is_planted("model.settles_without_an_operation_of_its_own") {
            return transaction.put(&object, key, new);
        }
        // Automerge writes no operation for a value that is there, it only
        // deletes the other candidates; two people who settle apart would then
        // not see each other's choice. Another value in between makes the
        // choice an operation of its own.
        let between = if new == ScalarValue::Null {
            ScalarValue::Boolean(true)
        } else {
            ScalarValue::Null
        };
        transaction.put(&object, key, between)?;
    }
    transaction.put(&object, key, new)
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

/// Whether the field is a shared text.
pub(super) fn is_shared_text(kind: crate::RecordKind, path: &FieldPath) -> bool {
    schema::find_field(kind, path).is_some_and(|spec| matches!(spec.kind, FieldType::SharedText(_)))
}

/// The object and key a path names. An entry's fields lie flat in their
/// collection under `<entry id>.<field>`: a map of its own for each entry would
/// have to be created, two copies that both create it (a cloned phone, an edit
/// authored again) would create two, and one would hide the other. For the same
/// reason a collection that the genesis did not create lies flat in the root,
/// see [`FieldPath::to_root_key`] and docs/adr/0019.
pub(super) fn locate(doc: &impl ReadDoc, path: &FieldPath) -> Option<(ObjId, String)> {
    if let Some((container, key)) = path.as_str().split_once('.') {
        match doc.get(ROOT, container).ok()? {
            Some((Value::Object(ObjType::Map), id)) => return Some((id, key.to_owned())),
            Some((Value::Object(_), _)) => return None,
            Some((Value::Scalar(_), _)) | None => {}
        }
    }
    if is_root_reserved(path.root()) {
        return None;
    }
    Some((ROOT, path.to_root_key()?))
}
