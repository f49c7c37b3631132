//! Where two people changed one field without knowing of each other.

use automerge::{ObjId, ReadDoc};

use super::{ActorId, FieldPath, FieldValue, RecordDocument, edit::locate};
use crate::{ChangeHash, Timestamp};

/// A field with more than one current value. All are kept until somebody
/// chooses; meanwhile every copy shows the same one.
///
/// Two people who enter the same value apart agree: equal values are one
/// candidate, and a field with one candidate is no conflict.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldConflict {
    /// The field.
    pub path: FieldPath,
    /// The values, each once; the one that is shown comes first.
    pub candidates: Vec<Candidate>,
}

/// One of the values of a [`FieldConflict`]. Of several people who entered
/// it apart, the one whose entry every copy ranks first is named; the history
/// lists all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The value; `None` where somebody cleared the field.
    pub value: Option<FieldValue>,
    /// The actor the change claims; the server knows the person.
    pub actor: ActorId,
    /// The change that wrote it, if it can be named.
    pub change: Option<ChangeHash>,
    /// The author's phone time, to the second: a claim, not an order.
    pub at: Timestamp,
}

impl RecordDocument {
    /// Every field that has more than one current value, in path order.
    pub fn conflicts(&self) -> Vec<FieldConflict> {
        self.conflicts_of(&self.read())
    }

    /// As [`Self::conflicts`], for a caller that has read the fields already.
    pub fn conflicts_of(&self, fields: &super::Fields) -> Vec<FieldConflict> {
        fields
            .conflicting()
            .filter_map(|path| self.find_conflict(path))
            .collect()
    }

    fn find_conflict(&self, path: &str) -> Option<FieldConflict> {
        let path = FieldPath::new(path).ok()?;
        let (object, key) = locate(&self.doc, &path)?;
        let values = self.doc.get_all(&object, key.as_str()).ok()?;
        // Automerge lists the winner last.
        let mut candidates: Vec<Candidate> = Vec::new();
        for (value, id) in values.iter().rev() {
            let value = self.to_field_value(value, id);
            if candidates.iter().all(|candidate| candidate.value != value) {
                candidates.push(self.candidate(value, id));
            }
        }
        (candidates.len() > 1).then_some(FieldConflict { path, candidates })
    }

    /// Whether the current values of a key that has several differ.
    pub(super) fn differ(&self, object: &ObjId, key: &str) -> bool {
        let Ok(values) = self.doc.get_all(object, key) else {
            return false;
        };
        let mut values = values
            .iter()
            .map(|(value, id)| self.to_field_value(value, id));
        let first = values.next();
        values.any(|value| Some(&value) != first.as_ref())
    }

    fn candidate(&self, value: Option<FieldValue>, id: &ObjId) -> Candidate {
        let actor = match id {
            ObjId::Id(_, actor, _) => ActorId::from_slice(actor.to_bytes()),
            ObjId::Root => None,
        };
        let change = self.doc.hash_for_opid(id);
        let at = change
            .and_then(|hash| {
                self.doc
                    .get_change_meta_by_hash(&hash)
                    .map(|meta| meta.timestamp)
            })
            .unwrap_or(0);
        Candidate {
            value,
            actor: actor.unwrap_or(super::genesis_actor()),
            change: change.map(ChangeHash::from),
            at: Timestamp::from_millis(at.saturating_mul(1000)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RecordKind, document::FieldEdit};

    fn phone(number: &str) -> FieldEdit {
        FieldEdit::set(FieldPath::of("contact.phone"), FieldValue::text(number))
    }

    fn actor(byte: u8) -> ActorId {
        ActorId::from_bytes([byte; 16])
    }

    /// Two copies that changed the phone number apart and then merged.
    fn diverged() -> (RecordDocument, RecordDocument) {
        let mut one = RecordDocument::new(RecordKind::Household);
        let mut two = one.clone();
        let a = one
            .edit(
                &[phone("13800000001")],
                actor(1),
                Timestamp::from_millis(1_000),
            )
            .unwrap()
            .unwrap();
        let b = two
            .edit(
                &[phone("13800000002")],
                actor(2),
                Timestamp::from_millis(2_000),
            )
            .unwrap()
            .unwrap();
        one.apply_own([b.bytes.as_slice()]).unwrap();
        two.apply_own([a.bytes.as_slice()]).unwrap();
        (one, two)
    }

    #[test]
    fn both_values_author_and_time_are_listed_the_same_everywhere() {
        let (one, two) = diverged();
        assert_eq!(one.conflicts(), two.conflicts());
        let conflict = &one.conflicts()[0];
        assert_eq!(conflict.path.as_str(), "contact.phone");
        let seen: Vec<_> = conflict
            .candidates
            .iter()
            .map(|c| {
                (
                    c.value.clone().unwrap().to_display(),
                    c.actor,
                    c.at.as_millis(),
                )
            })
            .collect();
        assert!(seen.contains(&("13800000001".to_owned(), actor(1), 1_000)));
        assert!(seen.contains(&("13800000002".to_owned(), actor(2), 2_000)));
        assert_eq!(
            one.value(&FieldPath::of("contact.phone")),
            conflict.candidates[0].value,
            "the shown value comes first"
        );
    }

    #[test]
    fn settling_on_the_shown_value_also_ends_the_conflict() {
        let (mut one, mut two) = diverged();
        let shown = one.conflicts()[0].candidates[0].value.clone();
        let settled = one
            .settle(
                &FieldEdit {
                    path: FieldPath::of("contact.phone"),
                    value: shown.clone(),
                },
                actor(1),
                Timestamp::from_millis(3_000),
            )
            .unwrap()
            .unwrap();
        two.apply_own([settled.bytes.as_slice()]).unwrap();
        for document in [&one, &two] {
            assert!(document.conflicts().is_empty());
            assert_eq!(document.value(&FieldPath::of("contact.phone")), shown);
        }
    }

    /// Copies by `count` people who each set the phone number, merged.
    fn entered_apart(numbers: &[&str]) -> Vec<RecordDocument> {
        let base = RecordDocument::new(RecordKind::Household);
        let mut copies = vec![base; numbers.len()];
        let mut changes = Vec::new();
        for (number, copy) in numbers.iter().zip(&mut copies) {
            let author = actor(u8::try_from(changes.len() + 1).unwrap());
            let at = Timestamp::from_millis(1_000);
            let change = copy.edit(&[phone(number)], author, at).unwrap().unwrap();
            changes.push(change.bytes);
        }
        for copy in &mut copies {
            let others = changes.iter().map(Vec::as_slice);
            copy.apply_own(others).unwrap();
        }
        copies
    }

    #[test]
    fn the_same_value_entered_by_two_people_is_no_conflict() {
        for copy in entered_apart(&["13800000001", "13800000001"]) {
            assert!(copy.conflicts().is_empty());
            assert_eq!(copy.summary().conflict_count, 0);
            assert_eq!(copy.text("contact.phone").unwrap(), "13800000001");
            let authors: Vec<_> = copy.history().iter().map(|entry| entry.actor).collect();
            assert!(authors.contains(&actor(1)) && authors.contains(&actor(2)));
        }
    }

    #[test]
    fn equal_values_are_one_candidate_among_others() {
        let copies = entered_apart(&["13800000001", "13800000002", "13800000001"]);
        for copy in &copies {
            assert_eq!(
                copy.conflicts(),
                copies[0].conflicts(),
                "the same everywhere"
            );
            assert_eq!(copy.summary().conflict_count, 1);
            let [conflict] = copy.conflicts().try_into().unwrap();
            let values: Vec<_> = conflict
                .candidates
                .iter()
                .map(|c| c.value.clone())
                .collect();
            assert_eq!(values.len(), 2);
            assert_ne!(values[0], values[1]);
            assert_eq!(values[0], copy.value(&conflict.path), "the shown one first");
        }
        // One choice settles all of them, whichever it is.
        for number in ["13800000001", "13800000002"] {
            let mut copy = copies[0].clone();
            let at = Timestamp::from_millis(3_000);
            copy.settle(&phone(number), actor(9), at).unwrap().unwrap();
            assert!(copy.conflicts().is_empty());
            assert_eq!(copy.text("contact.phone").unwrap(), number);
        }
    }

    #[test]
    fn agreeing_first_and_parting_later_is_a_conflict_again() {
        let mut apart = RecordDocument::new(RecordKind::Household);
        let mut other = apart.clone();
        let at = Timestamp::from_millis(1_000);
        let mine = apart.edit(&[phone("13800000001")], actor(1), at).unwrap();
        let same = other.edit(&[phone("13800000001")], actor(2), at).unwrap();
        // The first goes on without having seen the second's.
        let later = apart.edit(&[phone("13800000003")], actor(1), at).unwrap();
        let (mine, same, later) = (mine.unwrap(), same.unwrap(), later.unwrap());
        apart.apply_own([same.bytes.as_slice()]).unwrap();
        other
            .apply_own([mine.bytes.as_slice(), later.bytes.as_slice()])
            .unwrap();
        assert_eq!(apart.conflicts(), other.conflicts());
        assert_eq!(apart.conflicts()[0].candidates.len(), 2);
    }

    #[test]
    fn different_fields_and_different_members_do_not_conflict() {
        let mut one = RecordDocument::new(RecordKind::Household);
        let mut two = one.clone();
        let set = |path: &str, text: &str| {
            FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
        };
        let a = one
            .edit(
                &[
                    set("address.room", "501"),
                    set("members.a.name", "王小明"),
                    set("notes", "甲"),
                ],
                actor(1),
                Timestamp::from_millis(0),
            )
            .unwrap()
            .unwrap();
        let b = two
            .edit(
                &[
                    set("ledger", "tenant"),
                    set("members.b.name", "李雷"),
                    set("notes", "乙"),
                ],
                actor(2),
                Timestamp::from_millis(0),
            )
            .unwrap()
            .unwrap();
        one.apply_own([b.bytes.as_slice()]).unwrap();
        two.apply_own([a.bytes.as_slice()]).unwrap();
        assert!(one.conflicts().is_empty());
        assert_eq!(one.read(), two.read());
        assert_eq!(one.entries("members"), ["a", "b"]);
        let notes = one.text("notes").unwrap();
        assert!(notes.contains('甲') && notes.contains('乙'));
    }
}
