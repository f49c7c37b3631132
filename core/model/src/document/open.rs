//! Documents kept open for the next time.

use std::collections::{BTreeMap, HashMap};

use super::RecordDocument;
use crate::{ChangeHash, RecordId, RecordKind};

/// What an open document costs besides its operations: as much memory as so
/// many of them.
const BASE: u64 = 100;

/// Documents that were opened lately. Opening one puts its whole history
/// together again, which costs more than everything else that is done with it.
///
/// A document is asked for with the heads it must have, and heads name a whole
/// history: what is found is right, whoever put it here and whether or not what
/// it was put here for came to be.
#[derive(Debug)]
pub struct OpenDocuments {
    most: u64,
    weight: u64,
    /// Counts the uses.
    now: u64,
    documents: HashMap<RecordId, Kept>,
    /// Which was used when.
    by_use: BTreeMap<u64, RecordId>,
}

#[derive(Debug)]
struct Kept {
    document: RecordDocument,
    used: u64,
    weight: u64,
}

impl OpenDocuments {
    /// Keeps documents of at most so many operations together, each counted with
    /// a hundred on top; some two megabytes for ten thousand.
    pub fn new(most_ops: u64) -> Self {
        Self {
            most: most_ops,
            weight: 0,
            now: 0,
            documents: HashMap::new(),
            by_use: BTreeMap::new(),
        }
    }

    /// The record's document, if it is here with exactly these heads, sorted.
    pub fn find(&mut self, id: &RecordId, heads: &[ChangeHash]) -> Option<RecordDocument> {
        let kept = self.documents.get_mut(id)?;
        if kept.document.heads() != heads {
            return None;
        }
        self.now += 1;
        self.by_use.remove(&kept.used);
        self.by_use.insert(self.now, *id);
        kept.used = self.now;
        Some(kept.document.clone())
    }

    /// As [`Self::find`], for whoever changes the document: it is not kept any
    /// more.
    pub fn take(&mut self, id: &RecordId, heads: &[ChangeHash]) -> Option<RecordDocument> {
        if self.documents.get(id)?.document.heads() != heads {
            return None;
        }
        self.forget(id)
    }

    /// The kind of a record that is open, whatever its heads: it never changes.
    pub fn find_kind(&self, id: &RecordId) -> Option<RecordKind> {
        Some(self.documents.get(id)?.document.kind())
    }

    /// Keeps this document of the record and no other.
    pub fn keep(&mut self, id: RecordId, document: RecordDocument) {
        self.forget(&id);
        let weight = document.op_count() + BASE;
        if weight > self.most {
            return;
        }
        self.now += 1;
        self.weight += weight;
        self.by_use.insert(self.now, id);
        let used = self.now;
        let kept = Kept {
            document,
            used,
            weight,
        };
        self.documents.insert(id, kept);
        while self.weight > self.most {
            let Some((_, oldest)) = self.by_use.pop_first() else {
                return;
            };
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, id: &RecordId) -> Option<RecordDocument> {
        let kept = self.documents.remove(id)?;
        self.by_use.remove(&kept.used);
        self.weight -= kept.weight;
        Some(kept.document)
    }

    /// Closes all of them.
    pub fn clear(&mut self) {
        *self = Self::new(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ActorId, RecordKind, Timestamp,
        document::{FieldEdit, FieldPath, FieldValue},
    };

    fn id(number: u8) -> RecordId {
        RecordId::from_bytes([number; 16])
    }

    fn document(rooms: u8) -> RecordDocument {
        let mut document = RecordDocument::new(RecordKind::Household);
        for room in 0..rooms {
            let path = FieldPath::of("address.room");
            let edit = FieldEdit::set(path, FieldValue::text(room.to_string()));
            let actor = ActorId::from_bytes([1; 16]);
            let at = Timestamp::from_millis(0);
            document.edit(&[edit], actor, at).unwrap();
        }
        document
    }

    #[test]
    fn a_document_is_found_by_the_heads_it_has_and_by_no_others() {
        let mut open = OpenDocuments::new(10_000);
        let (before, after) = (document(1), document(2));
        open.keep(id(1), before.clone());
        assert_eq!(open.find(&id(1), &after.heads()).map(|d| d.heads()), None);
        let found = open.find(&id(1), &before.heads()).unwrap();
        assert_eq!(found.save(), before.save());
        open.keep(id(1), after.clone());
        assert!(open.find(&id(1), &before.heads()).is_none());
        assert!(open.find(&id(1), &after.heads()).is_some());
        assert_eq!(open.find_kind(&id(1)), Some(RecordKind::Household));
        assert!(open.take(&id(1), &before.heads()).is_none());
        assert_eq!(
            open.take(&id(1), &after.heads()).map(|d| d.heads()),
            Some(after.heads())
        );
        assert!(open.find(&id(1), &after.heads()).is_none());
        assert_eq!(open.find_kind(&id(1)), None);
        open.keep(id(1), after.clone());
        assert!(open.find(&id(2), &after.heads()).is_none());
        open.clear();
        assert!(open.find(&id(1), &after.heads()).is_none());
    }

    #[test]
    fn the_least_recently_used_go_first_and_a_huge_one_is_not_kept() {
        let one = document(1);
        let each = one.op_count() + BASE;
        let mut open = OpenDocuments::new(3 * each);
        for number in 1..=3 {
            open.keep(id(number), one.clone());
        }
        assert!(open.find(&id(1), &one.heads()).is_some());
        open.keep(id(4), one.clone());
        let is_open = [1, 2, 3, 4].map(|number| open.find(&id(number), &one.heads()).is_some());
        assert_eq!(is_open, [true, false, true, true]);
        let mut none = OpenDocuments::new(each - 1);
        none.keep(id(1), one.clone());
        assert!(none.find(&id(1), &one.heads()).is_none());
    }
}
