//! The first change of a record, written without opening a document.
//!
//! A server that takes in a district's ledgers authors hundreds of thousands of
//! records at once. On the genesis alone a change only puts values into fields
//! nobody wrote and writes shared texts from their beginning, so its operations
//! follow from the fields, and so does everything the record will show. The
//! bytes are those [`RecordDocument::edit`] would have written, which tests
//! hold; see docs/adr/0012 for the same thought on the receiving side.

use std::{collections::HashMap, num::NonZeroU64, sync::OnceLock};

use automerge::{
    Change, ExpandedChange, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, ValueRef,
    legacy::{ElementId, Key, ObjectId, Op, OpId, OpType, SortedVec},
};

use super::{
    ActorId, EditError, FieldEdit, FieldPath, FieldValue, Fields, LocalChange, RecordDocument,
    edit::{check_edit, is_shared_text},
    genesis::{Genesis, genesis, genesis_document},
    local_change,
    schema::FieldOwner,
};
use crate::{ChangeHash, RecordKind, RecordSummary, Timestamp, guard::contain};

/// A new record and the change that is all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthoredRecord {
    /// The change, as it travels.
    pub change: LocalChange,
    /// Its operations; a receiver takes at most `limits::CHANGE_OPS`.
    pub op_count: usize,
    /// The document as it is stored: the genesis and the change after it.
    pub saved: Vec<u8>,
    /// Its heads.
    pub heads: Vec<ChangeHash>,
    /// Its list row.
    pub summary: RecordSummary,
}

impl AuthoredRecord {
    /// A new record with these fields, as `actor` enters them; `None` if they
    /// leave it empty. Of two edits of one field the later counts.
    ///
    /// The same change as [`RecordDocument::edit`] makes on
    /// [`RecordDocument::new`], at a fraction of its cost.
    pub fn write(
        kind: RecordKind,
        edits: &[FieldEdit],
        actor: ActorId,
        at: Timestamp,
    ) -> Result<Option<Self>, EditError> {
        for edit in edits {
            check_edit(kind, edit, FieldOwner::People).map_err(|reason| EditError::Field {
                path: edit.path.clone(),
                reason,
            })?;
        }
        let direct = genesis(kind).and_then(|genesis| {
            let operations = Operations::of(kind, genesis, edits, actor)?;
            Some((genesis, operations))
        });
        match direct {
            Some((_, operations)) if operations.ops.is_empty() => Ok(None),
            Some((genesis, operations)) => Self::assemble(kind, genesis, operations, actor, at),
            None => Self::write_by_document(kind, edits, actor, at),
        }
    }

    fn assemble(
        kind: RecordKind,
        genesis: &Genesis,
        operations: Operations,
        actor: ActorId,
        at: Timestamp,
    ) -> Result<Option<Self>, EditError> {
        let Operations { ops, fields } = operations;
        let start_op = NonZeroU64::MIN.saturating_add(genesis.max_op);
        let expanded = ExpandedChange {
            operations: ops,
            actor_id: actor.to_automerge(),
            hash: None,
            seq: 1,
            start_op,
            time: at.as_seconds(),
            message: None,
            deps: vec![genesis.hash.into()],
            extra_bytes: Vec::new(),
            author: None,
        };
        let change = contain(|| Change::from(expanded)).map_err(EditError::Document)?;
        let edited_at = Timestamp::from_millis(change.timestamp().saturating_mul(1000).max(0));
        let op_count = change.len();
        let change = local_change(&change);
        Ok(Some(Self {
            saved: [genesis.saved.as_slice(), &change.bytes].concat(),
            heads: vec![change.hash],
            summary: RecordSummary::of(kind, &fields, edited_at),
            change,
            op_count,
        }))
    }

    /// What is not plain goes the way of every other edit.
    fn write_by_document(
        kind: RecordKind,
        edits: &[FieldEdit],
        actor: ActorId,
        at: Timestamp,
    ) -> Result<Option<Self>, EditError> {
        let mut document = RecordDocument::new(kind);
        let Some(change) = document.edit(edits, actor, at)? else {
            return Ok(None);
        };
        let before = genesis(kind).map_or(0, |genesis| genesis.max_op);
        let operations = document.op_count().saturating_sub(before);
        Ok(Some(Self {
            change,
            op_count: usize::try_from(operations).unwrap_or(usize::MAX),
            saved: document.save(),
            heads: document.heads(),
            summary: document.summary(),
        }))
    }
}

/// The operations of a first change and what they will show.
struct Operations {
    ops: Vec<Op>,
    fields: Fields,
}

impl Operations {
    /// `None` if what the edits leave is not plain: a field given twice.
    fn of(
        kind: RecordKind,
        genesis: &Genesis,
        edits: &[FieldEdit],
        actor: ActorId,
    ) -> Option<Self> {
        let mut operations = Self {
            ops: Vec::with_capacity(edits.len()),
            fields: Fields::default(),
        };
        for edit in edits {
            let is_text = is_shared_text(kind, &edit.path);
            let value = edit
                .value
                .as_ref()
                .filter(|value| !is_text || value.as_text().is_some_and(|text| !text.is_empty()));
            match value {
                // What was never set reads as empty, so clearing it writes
                // nothing.
                None if operations.fields.value(edit.path.as_str()).is_none() => {}
                None => return None,
                Some(value) => {
                    if !operations.fields.enter(&edit.path, Some(value.clone())) {
                        return None;
                    }
                    if is_text {
                        let text = value.as_text()?;
                        operations.splice(kind, &edit.path, text, genesis.max_op, actor)?;
                    } else {
                        operations.ops.push(put_op(kind, &edit.path, value)?);
                    }
                }
            }
        }
        Some(operations)
    }

    /// One operation a character, each after the one before.
    fn splice(
        &mut self,
        kind: RecordKind,
        path: &FieldPath,
        text: &str,
        genesis_ops: u64,
        actor: ActorId,
    ) -> Option<()> {
        let obj = object(kind, path.as_str())?;
        let actor = actor.to_automerge();
        let mut after = ElementId::Head;
        for character in text.chars() {
            self.ops.push(Op {
                action: OpType::Put(ScalarValue::from(character)),
                obj: obj.clone(),
                key: Key::Seq(after),
                pred: SortedVec::new(),
                insert: true,
            });
            let number = genesis_ops + self.ops.len() as u64;
            after = ElementId::Id(OpId::new(number, &actor));
        }
        Some(())
    }
}

/// The operation that puts a value into a field that nobody wrote.
pub(crate) fn put_op(kind: RecordKind, path: &FieldPath, value: &FieldValue) -> Option<Op> {
    let (obj, key) = match path.as_str().split_once('.') {
        None => (ObjectId::Root, path.as_str()),
        Some((container, key)) => (object(kind, container)?, key),
    };
    Some(Op {
        action: OpType::Put(value.to_scalar()),
        obj,
        key: Key::Map(key.into()),
        pred: SortedVec::new(),
        insert: false,
    })
}

/// The object of a container or shared text, which the genesis made.
fn object(kind: RecordKind, name: &str) -> Option<ObjectId> {
    static OBJECTS: OnceLock<HashMap<(RecordKind, String), ObjectId>> = OnceLock::new();
    let objects = OBJECTS.get_or_init(|| {
        RecordKind::ALL
            .into_iter()
            .flat_map(|kind| list_objects(kind).into_iter())
            .collect()
    });
    objects.get(&(kind, name.to_owned())).cloned()
}

fn list_objects(kind: RecordKind) -> Vec<((RecordKind, String), ObjectId)> {
    let mut objects = Vec::new();
    for item in genesis_document(kind).map_range(ROOT, ..) {
        if let (ValueRef::Object(ObjType::Map | ObjType::Text), ObjId::Id(counter, actor, _)) =
            (&item.value, item.id())
        {
            let object = ObjectId::Id(OpId::new(counter, &actor));
            objects.push(((kind, item.key.to_string()), object));
        }
    }
    objects
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::schema::{self, FieldType};

    const ACTOR: ActorId = ActorId::from_bytes([7; 16]);
    const AT: Timestamp = Timestamp::from_millis(1_767_225_600_500);

    fn set(path: &str, value: FieldValue) -> FieldEdit {
        FieldEdit::set(FieldPath::new(path).unwrap(), value)
    }

    fn text(path: &str, text: &str) -> FieldEdit {
        set(path, FieldValue::text(text))
    }

    /// Writes both ways and holds them against each other.
    fn compare(kind: RecordKind, edits: &[FieldEdit]) -> Option<AuthoredRecord> {
        let quick = AuthoredRecord::write(kind, edits, ACTOR, AT).unwrap();
        let mut slow = RecordDocument::new(kind);
        let change = slow.edit(edits, ACTOR, AT).unwrap();
        let Some(quick) = quick else {
            assert_eq!(change, None);
            return None;
        };
        let loaded = RecordDocument::load(kind, Some(&quick.saved), []).unwrap();
        assert_eq!(loaded.read(), slow.read());
        assert_eq!(loaded.heads(), quick.heads);
        assert_eq!(loaded.summary(), quick.summary);
        assert_eq!(quick.summary, slow.summary());
        assert_eq!(Some(&quick.change), change.as_ref());
        Some(quick)
    }

    fn household() -> Vec<FieldEdit> {
        vec![
            text("address.estate", "阳光花园"),
            text("address.room", "501室"),
            text("ledger", "tenant"),
            set("point.longitude", FieldValue::Number(117.031)),
            text("members.b.name", "李雷"),
            text("members.a.name", "王小明"),
            text("members.a.relation", "0"),
            text("contact.phone", "13800138000"),
            text("notes", "养了一只狗🐕，夜里不叫\n第二行"),
        ]
    }

    #[test]
    fn the_change_is_byte_for_byte_the_one_an_edit_makes() {
        assert!(compare(RecordKind::Household, &household()).is_some());
        let visit = [
            text("diary", "老人身体状况良好"),
            set("started_at", FieldValue::Time(AT)),
            set("checks.gas.passed", FieldValue::Flag(true)),
        ];
        assert!(compare(RecordKind::Visit, &visit).is_some());
    }

    #[test]
    fn a_receiver_judges_it_as_a_first_change_too() {
        let authored = compare(RecordKind::Household, &household()).unwrap();
        let inspected =
            crate::guard::inspect(&authored.change.hash, &authored.change.bytes).unwrap();
        let judged = crate::guard::admit_first(
            RecordKind::Household,
            &inspected,
            crate::guard::Writer::Feed,
        );
        let judged = judged.unwrap();
        assert_eq!(
            (judged.saved, judged.heads, judged.summary),
            (authored.saved, authored.heads, authored.summary)
        );
    }

    #[test]
    fn nothing_to_write_is_no_record() {
        let clear = FieldEdit::clear(FieldPath::new("contact.phone").unwrap());
        assert!(compare(RecordKind::Household, &[]).is_none());
        assert!(compare(RecordKind::Household, &[clear, text("notes", "")]).is_none());
    }

    #[test]
    fn of_two_values_for_one_field_the_later_counts() {
        let twice = [text("ledger", "tenant"), text("ledger", "separated")];
        let authored = compare(RecordKind::Household, &twice).unwrap();
        assert_eq!(authored.summary.state, "separated");
    }

    #[test]
    fn wrong_values_and_the_servers_fields_are_refused() {
        let write = |kind, edit| AuthoredRecord::write(kind, &[edit], ACTOR, AT);
        assert!(matches!(
            write(RecordKind::Household, text("ledger", "own")),
            Err(EditError::Field { .. })
        ));
        assert!(matches!(
            write(RecordKind::Incident, text("case.number", "1")),
            Err(EditError::Field { .. })
        ));
    }

    fn value_for(kind: FieldType, words: &str, number: u16) -> Option<FieldValue> {
        Some(match kind {
            FieldType::Line(max) | FieldType::Paragraph(max) | FieldType::SharedText(max) => {
                FieldValue::Text(words.chars().take(max).collect())
            }
            FieldType::Choice(codes) => FieldValue::text(codes[usize::from(number) % codes.len()]),
            FieldType::Number(..) => FieldValue::Number(f64::from(number) / 1e3),
            FieldType::Flag => FieldValue::Flag(number.is_multiple_of(2)),
            FieldType::Date => FieldValue::text("2024-02-29"),
            FieldType::Time => FieldValue::Time(Timestamp::from_millis(i64::from(number))),
            _ => return None,
        })
    }

    proptest! {
        /// Any fields of any kind in any order.
        #[test]
        fn any_fields_give_the_same_record_both_ways(
            which in 0_usize..3,
            picked in prop::collection::vec((0_usize..64, "[a-c]", "[ -~一-龥🐕]{0,12}", any::<u16>()), 0..24),
        ) {
            let kind = RecordKind::ALL[which];
            let fields = schema::fields(kind);
            let mut edits: Vec<FieldEdit> = Vec::new();
            for (field, entry, words, number) in picked {
                let spec = &fields[field % fields.len()];
                if spec.owner != FieldOwner::People {
                    continue;
                }
                let path = FieldPath::new(spec.path.replace('*', &entry)).unwrap();
                let value = value_for(spec.kind, &words, number);
                edits.push(FieldEdit { path, value });
            }
            compare(kind, &edits);
        }
    }
}
