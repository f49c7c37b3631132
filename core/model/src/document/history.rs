//! What each change did, for the history of a record.

use automerge::{PatchAction, Prop};

use super::{ActorId, FieldPath, FieldValue, RecordDocument, edit::is_shared_text, genesis};
use crate::{ChangeHash, Timestamp};

/// One change of a record, oldest first in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// The change.
    pub hash: ChangeHash,
    /// The actor it claims.
    pub actor: ActorId,
    /// The author's phone time, to the second: a claim.
    pub at: Timestamp,
    /// The fields it wrote.
    pub fields: Vec<HistoryField>,
}

/// One field a change wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryField {
    /// The field.
    pub path: FieldPath,
    /// What it became; `None` where it was cleared.
    pub value: Option<FieldValue>,
}

impl RecordDocument {
    /// Every change with the fields it wrote, dependencies first. Costs one
    /// look at the document per change: for a page about one record, not for
    /// lists.
    pub fn history(&self) -> Vec<HistoryEntry> {
        let genesis = genesis::genesis_document(self.kind).get_heads();
        self.doc
            .get_changes(&genesis)
            .into_iter()
            .map(|change| {
                let patches = self.doc.diff(change.deps(), &[change.hash()]);
                let mut fields: Vec<HistoryField> = Vec::new();
                for patch in patches {
                    let container: Vec<String> =
                        patch.path.iter().map(|(_, prop)| prop_text(prop)).collect();
                    if let Some(field) = self.history_field(&container, patch.action, &change)
                        && !fields.iter().any(|known| known.path == field.path)
                    {
                        fields.push(field);
                    }
                }
                HistoryEntry {
                    hash: change.hash().into(),
                    actor: ActorId::from_slice(change.actor_id().to_bytes())
                        .unwrap_or(super::genesis_actor()),
                    at: Timestamp::from_millis(change.timestamp().saturating_mul(1000)),
                    fields,
                }
            })
            .collect()
    }

    fn history_field(
        &self,
        container: &[String],
        action: PatchAction,
        change: &automerge::Change,
    ) -> Option<HistoryField> {
        match action {
            PatchAction::PutMap { key, value, .. } => {
                let path = join(container, &key)?;
                let value = match value.0 {
                    automerge::Value::Scalar(scalar) => FieldValue::from_scalar(&scalar),
                    // A new entry's map: its fields follow as patches of their own.
                    automerge::Value::Object(_) => return None,
                };
                Some(HistoryField { path, value })
            }
            PatchAction::SpliceText { .. } | PatchAction::DeleteSeq { .. } => {
                let path = FieldPath::new(container.join(".")).ok()?;
                if !is_shared_text(self.kind, &path) {
                    return None;
                }
                let value = self
                    .doc
                    .fork_at(&[change.hash()])
                    .ok()
                    .map(|doc| Self::of(self.kind, doc))
                    .and_then(|past| past.value(&path));
                Some(HistoryField { path, value })
            }
            _ => None,
        }
    }
}

fn join(container: &[String], key: &str) -> Option<FieldPath> {
    if container.is_empty() {
        return FieldPath::from_root_key(key);
    }
    let parts: Vec<&str> = container.iter().map(String::as_str).chain([key]).collect();
    FieldPath::new(parts.join(".")).ok()
}

fn prop_text(prop: &Prop) -> String {
    match prop {
        Prop::Map(key) => key.clone(),
        Prop::Seq(index) => index.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RecordKind, document::FieldEdit};

    #[test]
    fn each_change_lists_what_it_wrote() {
        let mut document = RecordDocument::new(RecordKind::Household);
        let actor = ActorId::from_bytes([1; 16]);
        let set = |path: &str, text: &str| {
            FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
        };
        document
            .edit(
                &[set("members.m1.name", "王小明"), set("notes", "第一次")],
                actor,
                Timestamp::from_millis(5_000),
            )
            .unwrap();
        document
            .edit(
                &[
                    FieldEdit::clear(FieldPath::of("members.m1.name")),
                    set("notes", "第二次"),
                ],
                actor,
                Timestamp::from_millis(9_000),
            )
            .unwrap();
        let history = document.history();
        assert_eq!(history.len(), 2);
        assert_eq!(history[0].at.as_millis(), 5_000);
        let find = |entry: &HistoryEntry, path: &str| {
            entry
                .fields
                .iter()
                .find(|f| f.path.as_str() == path)
                .unwrap()
                .value
                .clone()
        };
        assert_eq!(
            find(&history[0], "members.m1.name"),
            Some(FieldValue::text("王小明"))
        );
        assert_eq!(find(&history[0], "notes"), Some(FieldValue::text("第一次")));
        assert_eq!(find(&history[1], "members.m1.name"), None);
        assert_eq!(find(&history[1], "notes"), Some(FieldValue::text("第二次")));
    }
}
