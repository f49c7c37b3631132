//! The first change of a new record, judged from its operations alone.
//!
//! Most of what a server receives are new records of one change each, and
//! applying that change, taking it out again to prove it canonical, and
//! reading the document cost more than everything else about it. On the
//! genesis alone a change can do little: put values into fields nobody wrote,
//! and write texts from their beginning. Where it does exactly that, what the
//! document will hold is plain from the operations.
//!
//! This only ever says yes. Whatever is not plainly such a change goes the way
//! of every other, through [`RecordDocument::admit`], and tests hold the two
//! ways against each other. See docs/adr/0012.
//!
//! [`RecordDocument::admit`]: crate::document::RecordDocument::admit

use std::{collections::HashMap, num::NonZeroU64};

use automerge::{
    Change, ExpandedChange, ScalarValue,
    legacy::{ElementId, Key, Op, OpId, OpType as Action},
};

use super::{InspectedChange, Writer, contain, requests::FiledRequests, rights};
use crate::{
    ActorId, ChangeHash, FieldPath, FieldValue, RecordKind, RecordSummary, Timestamp,
    document::{
        EditError, FieldEdit, Fields, LocalChange,
        author::put_op,
        edit::check_edit,
        genesis::{genesis, genesis_actor},
        local_change,
        schema::{self, FieldOwner},
    },
};

/// A new record, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstRecord {
    /// The document as it is stored: the genesis and the changes after it.
    pub saved: Vec<u8>,
    /// Its heads.
    pub heads: Vec<ChangeHash>,
    /// Its list row.
    pub summary: RecordSummary,
    kind: RecordKind,
    /// What it holds.
    fields: Fields,
    /// The number of its last operation.
    max_op: u64,
    /// The latest time any of its changes claims.
    edited_at: Timestamp,
    /// Who wrote its changes, each one.
    actors: Vec<ActorId>,
}

impl FirstRecord {
    /// Whether it asks the server for a decision.
    pub fn has_requests(&self) -> bool {
        self.fields.iter().any(|(path, _)| {
            path.split('.')
                .next()
                .is_some_and(|root| schema::is_request(self.kind, root))
        })
    }

    /// Writes fields that only the server may write, as a change of the
    /// server's own after the record's first, to the same bytes that
    /// [`RecordDocument::edit_as_server`] would write. `None`, and nothing
    /// changed, if that cannot be done without the document: a field that is
    /// there already, or an actor that wrote before.
    ///
    /// [`RecordDocument::edit_as_server`]: crate::document::RecordDocument::edit_as_server
    pub fn edit_as_server(
        &mut self,
        edits: &[FieldEdit],
        actor: ActorId,
        at: Timestamp,
    ) -> Result<Option<LocalChange>, EditError> {
        let [head] = self.heads.as_slice() else {
            return Ok(None);
        };
        if self.actors.contains(&actor) {
            return Ok(None);
        }
        let (head, start_op) = (*head, NonZeroU64::MIN.saturating_add(self.max_op));
        let mut fields = self.fields.clone();
        let mut operations = Vec::with_capacity(edits.len());
        for edit in edits {
            let Some(op) = server_op(self.kind, edit)? else {
                return Ok(None);
            };
            if !fields.enter(&edit.path, edit.value.clone()) {
                return Ok(None);
            }
            operations.push(op);
        }
        let count = operations.len() as u64;
        let expanded = ExpandedChange {
            operations,
            actor_id: actor.to_automerge(),
            hash: None,
            seq: 1,
            start_op,
            time: at.as_seconds(),
            message: None,
            deps: vec![head.into()],
            extra_bytes: Vec::new(),
            author: None,
        };
        let change = contain(|| Change::from(expanded)).map_err(EditError::Document)?;
        let change = local_change(&change);
        self.saved.extend_from_slice(&change.bytes);
        self.heads = vec![change.hash];
        self.actors.push(actor);
        self.max_op += count;
        self.edited_at = self
            .edited_at
            .max(Timestamp::from_millis(at.as_seconds().saturating_mul(1000)));
        self.summary = RecordSummary::of(self.kind, &fields, self.edited_at);
        self.fields = fields;
        Ok(Some(change))
    }
}

/// The operation that puts a value into a field of the server's that nobody
/// wrote; `None` if it takes more than one.
fn server_op(kind: RecordKind, edit: &FieldEdit) -> Result<Option<Op>, EditError> {
    check_edit(kind, edit, FieldOwner::Server).map_err(|reason| EditError::Field {
        path: edit.path.clone(),
        reason,
    })?;
    // A field of the root may be a shared text, which is not one operation.
    let is_plain = edit.path.as_str().contains('.');
    let value = edit.value.as_ref().filter(|_| is_plain);
    Ok(value.and_then(|value| put_op(kind, &edit.path, value)))
}

/// The record this change begins, if that is certain without applying it.
pub fn admit_first(
    kind: RecordKind,
    change: &InspectedChange,
    writer: Writer,
) -> Option<FirstRecord> {
    let genesis = genesis(kind)?;
    let is_first = change.seq() == 1
        && change.deps() == [genesis.hash]
        && change.change.start_op().get() == genesis.max_op + 1
        && change.actor != genesis_actor()
        && writer_fits(writer, change);
    if !is_first {
        return None;
    }
    let expanded = contain(|| change.change.decode()).ok()?;
    if !expanded.extra_bytes.is_empty() || expanded.author.is_some() {
        return None;
    }
    let mut written = Written::default();
    let mut number = genesis.max_op;
    for op in &expanded.operations {
        number += 1;
        written.take(kind, op, OpId::new(number, &expanded.actor_id), writer)?;
    }
    written.requests.finish().ok()?;
    let fields = written.finish(kind)?;
    // As `admit` proves by taking the change out of the document again:
    // encoded anew it is the same bytes, so a saved document stays readable.
    let again = contain(|| Change::from(expanded)).ok()?;
    if again.raw_bytes() != change.bytes() {
        return None;
    }
    let edited_at = change.at().max(Timestamp::from_millis(0));
    Some(FirstRecord {
        saved: [genesis.saved.as_slice(), change.bytes()].concat(),
        heads: vec![change.hash],
        summary: RecordSummary::of(kind, &fields, edited_at),
        kind,
        fields,
        max_op: number,
        edited_at,
        actors: vec![change.actor],
    })
}

fn writer_fits(writer: Writer, change: &InspectedChange) -> bool {
    match writer {
        Writer::Device(actor) => actor == change.actor,
        Writer::Feed => true,
    }
}

/// What the operations seen so far wrote.
#[derive(Default)]
struct Written {
    fields: Fields,
    texts: HashMap<FieldPath, Text>,
    requests: FiledRequests,
}

/// A shared text written from its beginning.
struct Text {
    content: String,
    last: OpId,
}

impl Written {
    /// Takes in one operation with its id; `None` if its outcome is not plain.
    fn take(&mut self, kind: RecordKind, op: &Op, id: OpId, writer: Writer) -> Option<()> {
        // There is nothing yet that it could supersede.
        if !op.pred.is_empty() {
            return None;
        }
        let Action::Put(scalar) = &op.action else {
            return None;
        };
        match rights::find_place(kind, op).ok()? {
            rights::Place::Text(path) => {
                rights::check_text_op(op).ok()?;
                let ScalarValue::Str(piece) = scalar else {
                    return None;
                };
                self.append(path, op, id, piece)
            }
            place => {
                if op.insert {
                    return None;
                }
                let path = rights::check_map_op(kind, place, op, writer).ok()?;
                if writer != Writer::Feed {
                    self.requests.take(kind, &path, None).ok()?;
                }
                let value = FieldValue::from_scalar(scalar);
                // The same field twice would be a conflict with itself.
                self.fields.enter(&path, value).then_some(())
            }
        }
    }

    /// Text goes on right after the piece before.
    fn append(&mut self, path: &FieldPath, op: &Op, id: OpId, piece: &str) -> Option<()> {
        let Key::Seq(after) = &op.key else {
            return None;
        };
        if piece.is_empty() {
            return None;
        }
        match (self.texts.get_mut(path), after) {
            (None, ElementId::Head) => {
                let text = Text {
                    content: piece.to_owned(),
                    last: id,
                };
                self.texts.insert(path.clone(), text);
                Some(())
            }
            (Some(text), ElementId::Id(last)) if *last == text.last => {
                text.content.push_str(piece);
                text.last = id;
                Some(())
            }
            _ => None,
        }
    }

    /// Every field, the shared texts among them.
    fn finish(mut self, kind: RecordKind) -> Option<Fields> {
        for (path, text) in self.texts {
            let value = FieldValue::Text(text.content);
            if let Some(spec) = schema::find_field(kind, &path) {
                spec.check(&value).ok()?;
            }
            if !self.fields.enter(&path, Some(value)) {
                return None;
            }
        }
        Some(self.fields)
    }
}

#[cfg(test)]
mod tests {
    use automerge::{
        ActorId as AutomergeActor, ROOT, ReadDoc,
        transaction::{CommitOptions, Transactable, Transaction},
    };
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::{
        ActorId,
        document::{FieldEdit, LocalChange, RecordDocument},
        guard::inspect,
    };

    const AUTHOR: ActorId = ActorId::from_bytes([7; 16]);

    fn set(path: &str, text: &str) -> FieldEdit {
        FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
    }

    fn first(kind: RecordKind, edits: &[FieldEdit]) -> LocalChange {
        RecordDocument::new(kind)
            .edit(edits, AUTHOR, Timestamp::from_millis(1_767_225_600_000))
            .unwrap()
            .unwrap()
    }

    fn household() -> LocalChange {
        first(
            RecordKind::Household,
            &[
                set("address.estate", "阳光花园"),
                set("address.room", "501室"),
                set("contact.name", "王小明"),
                set("contact.phone", "13800138000"),
                set("notes", "养了一只狗🐕，夜里不叫"),
                set("members.a.name", "王小明"),
                set("members.b.name", "李雷"),
            ],
        )
    }

    fn visit() -> LocalChange {
        first(
            RecordKind::Visit,
            &[
                set("diary", "老人身体状况良好"),
                set("person_met", "王小明"),
            ],
        )
    }

    fn incident() -> LocalChange {
        first(
            RecordKind::Incident,
            &[
                set("title", "路灯不亮"),
                set("description", "三号楼前路灯不亮"),
            ],
        )
    }

    /// Holds the quick way against the slow one; answers whether the quick one
    /// was taken.
    fn compare(kind: RecordKind, hash: &ChangeHash, bytes: &[u8]) -> bool {
        let Ok(change) = inspect(hash, bytes) else {
            return false;
        };
        let writer = Writer::Device(AUTHOR);
        let Some(quick) = admit_first(kind, &change, writer) else {
            return false;
        };
        let slow = RecordDocument::new(kind).admit(&change, writer).unwrap();
        assert_eq!(quick.heads, slow.heads());
        assert_eq!(quick.summary, slow.summary());
        let loaded = RecordDocument::load(kind, Some(&quick.saved), []).unwrap();
        assert_eq!(loaded.read(), slow.read());
        assert_eq!(loaded.heads(), slow.heads());
        if kind == RecordKind::Incident {
            compare_case(quick, slow.clone());
        }
        // And it stays readable once it is saved whole.
        let saved = RecordDocument::load(kind, Some(&loaded.save()), []).unwrap();
        assert_eq!(saved.read(), slow.read());
        assert_eq!(saved.find_change(hash).unwrap().bytes, bytes);
        true
    }

    /// The server's own change after the first, without and with the document.
    fn compare_case(mut quick: FirstRecord, mut slow: RecordDocument) {
        let edits = [
            set("case.number", "SJ20260101000001"),
            set("case.state", "reported"),
            FieldEdit::set(
                FieldPath::new("case.received_at").unwrap(),
                FieldValue::Time(Timestamp::from_millis(1_767_225_600_500)),
            ),
        ];
        let server = ActorId::from_bytes([9; 16]);
        let at = Timestamp::from_millis(1_767_225_600_500);
        let by_operations = quick.edit_as_server(&edits, server, at).unwrap().unwrap();
        let by_document = slow.edit_as_server(&edits, server, at).unwrap().unwrap();
        assert_eq!(by_operations, by_document);
        assert_eq!(quick.heads, slow.heads());
        assert_eq!(quick.summary, slow.summary());
        let loaded = RecordDocument::load(RecordKind::Incident, Some(&quick.saved), []).unwrap();
        assert_eq!(loaded.read(), slow.read());
        assert_eq!(loaded.save(), slow.save());
    }

    #[test]
    fn the_server_writes_only_its_own_fields_and_each_once() {
        let change = incident();
        let change = inspect(&change.hash, &change.bytes).unwrap();
        let record = admit_first(RecordKind::Incident, &change, Writer::Device(AUTHOR)).unwrap();
        let server = ActorId::from_bytes([9; 16]);
        let at = Timestamp::from_millis(0);
        let mut written = record.clone();
        for (edit, code) in [
            (set("title", "另一个"), "server_owned"),
            (set("case.nothing", "x"), "unknown"),
            (set("case.state", "nowhere"), "not_a_choice"),
        ] {
            let refused = written.edit_as_server(&[edit], server, at);
            assert!(
                matches!(&refused, Err(EditError::Field { reason, .. }) if reason.code() == code),
                "{refused:?}"
            );
        }
        assert_eq!(written, record);
        let edits = [set("case.state", "reported")];
        assert!(
            written
                .edit_as_server(&edits, server, at)
                .unwrap()
                .is_some()
        );
        // What is there already, or an actor's second change, needs the document.
        let other = ActorId::from_bytes([10; 16]);
        assert_eq!(written.edit_as_server(&edits, other, at).unwrap(), None);
        let more = [set("case.number", "a")];
        assert_eq!(written.edit_as_server(&more, server, at).unwrap(), None);
        assert!(written.edit_as_server(&more, other, at).unwrap().is_some());
        let twice = [set("case.number", "a"), set("case.number", "b")];
        assert_eq!(
            record.clone().edit_as_server(&twice, server, at).unwrap(),
            None
        );
    }

    #[test]
    fn honest_first_changes_are_taken_and_mean_the_same() {
        for (kind, change) in [
            (RecordKind::Household, household()),
            (RecordKind::Visit, visit()),
            (RecordKind::Incident, incident()),
        ] {
            assert!(compare(kind, &change.hash, &change.bytes), "{kind}");
        }
    }

    fn forged(kind: RecordKind, write: impl FnOnce(&mut Transaction<'_>)) -> (ChangeHash, Vec<u8>) {
        let mut doc = RecordDocument::new(kind).doc;
        doc.set_actor(AutomergeActor::from(*AUTHOR.as_bytes()));
        let mut transaction = doc.transaction();
        write(&mut transaction);
        transaction.commit_with(CommitOptions::default().with_time(0));
        let change = doc.get_last_local_change().unwrap();
        (change.hash().into(), change.raw_bytes().to_vec())
    }

    #[test]
    fn what_is_not_plain_goes_the_usual_way() {
        let kind = RecordKind::Household;
        let cases: [fn(&mut Transaction<'_>); 5] = [
            // The same field twice.
            |t| {
                t.put(ROOT, "ledger", "tenant").unwrap();
                t.put(ROOT, "ledger", "resident").unwrap();
            },
            // A text written and shortened.
            |t| {
                let (_, notes) = t.get(ROOT, "notes").unwrap().unwrap();
                t.splice_text(&notes, 0, 0, "abc").unwrap();
                t.splice_text(&notes, 1, 1, "").unwrap();
            },
            // A text written backwards.
            |t| {
                let (_, notes) = t.get(ROOT, "notes").unwrap().unwrap();
                t.splice_text(&notes, 0, 0, "b").unwrap();
                t.splice_text(&notes, 0, 0, "a").unwrap();
            },
            // A container replaced.
            |t| t.put(ROOT, "address", "none").unwrap(),
            // A field deleted that was just written.
            |t| {
                t.put(ROOT, "ledger", "tenant").unwrap();
                t.delete(ROOT, "ledger").unwrap();
            },
        ];
        for (index, write) in cases.into_iter().enumerate() {
            let (hash, bytes) = forged(kind, write);
            assert!(!compare(kind, &hash, &bytes), "case {index}");
        }
    }

    #[test]
    fn only_the_device_itself_and_only_what_people_may_write() {
        let change = household();
        let change = inspect(&change.hash, &change.bytes).unwrap();
        let other = Writer::Device(ActorId::from_bytes([8; 16]));
        assert_eq!(admit_first(RecordKind::Household, &change, other), None);
        let (hash, bytes) = forged(RecordKind::Incident, |t| {
            let (_, case) = t.get(ROOT, "case").unwrap().unwrap();
            t.put(&case, "state", "closed").unwrap();
        });
        let change = inspect(&hash, &bytes).unwrap();
        assert_eq!(
            admit_first(RecordKind::Incident, &change, Writer::Device(AUTHOR)),
            None
        );
        // A second change is no first one.
        let mut document = RecordDocument::new(RecordKind::Visit);
        let at = Timestamp::from_millis(0);
        document.edit(&[set("diary", "一")], AUTHOR, at).unwrap();
        let second = document
            .edit(&[set("diary", "二")], AUTHOR, at)
            .unwrap()
            .unwrap();
        let second = inspect(&second.hash, &second.bytes).unwrap();
        assert_eq!(
            admit_first(RecordKind::Visit, &second, Writer::Device(AUTHOR)),
            None
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Whatever bytes are changed, and the checksum made right again: if
        /// the quick way says yes, so does the slow one, and both mean the
        /// same.
        #[test]
        fn mutated_changes_never_pass_only_the_quick_way(
            which in 0_usize..3,
            flips in prop::collection::vec((0_usize..4_096, any::<u8>()), 1..4),
        ) {
            let (kind, change) = match which {
                0 => (RecordKind::Household, household()),
                1 => (RecordKind::Visit, visit()),
                _ => (RecordKind::Incident, incident()),
            };
            let mut bytes = change.bytes;
            for (at, value) in flips {
                // Behind magic, checksum and type.
                let at = 9 + at % (bytes.len() - 9);
                bytes[at] = value;
            }
            let hash: [u8; 32] = Sha256::digest(&bytes[8..]).into();
            bytes[4..8].copy_from_slice(&hash[..4]);
            compare(kind, &ChangeHash::from_bytes(hash), &bytes);
        }

        /// Random honest first changes take the quick way.
        #[test]
        fn any_honest_text_is_taken(text in "\\PC{1,40}", diary in "\\PC{1,80}") {
            prop_assume!(!text.trim().is_empty() && !diary.trim().is_empty());
            let mut edits = vec![set("title", &text), set("description", &diary)];
            edits.retain(|edit| {
                RecordDocument::new(RecordKind::Incident)
                    .edit(std::slice::from_ref(edit), AUTHOR, Timestamp::from_millis(0))
                    .is_ok_and(|change| change.is_some())
            });
            prop_assume!(!edits.is_empty());
            let change = first(RecordKind::Incident, &edits);
            prop_assert!(compare(RecordKind::Incident, &change.hash, &change.bytes));
        }
    }
}
