//! Every edit that a phone acknowledged to its worker, and where it must still
//! be: a promise is broken if one is nowhere.

use std::collections::HashMap;

use wangge_model::{ChangeHash, FieldPath, FieldValue, Timestamp, document::FieldEdit};

/// An acknowledged edit.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each learnt by itself"
)]
pub(super) struct Acknowledged {
    /// The record, by number.
    pub(super) record: usize,
    /// When its author entered it, in seconds; no other edit of the record has
    /// the same.
    pub(super) at: i64,
    /// What it wrote, hashed.
    pub(super) values: Box<[u64]>,
    /// Whether nobody else wrote the same.
    pub(super) unique: bool,
    phone: usize,
    step: u64,
    /// Its author's phone has it.
    on_phone: bool,
    /// The step at which the server is known to have had it on disk.
    on_server: Option<u64>,
    /// The server had it once, so others may build on it.
    was_on_server: bool,
    /// The step at which the server put it into quarantine, and as which change.
    kept_apart: Option<(u64, ChangeHash)>,
    /// Its author took it back.
    taken_back: bool,
}

impl Acknowledged {
    /// The step it was made at.
    pub(super) fn step(&self) -> u64 {
        self.step
    }
}

/// Where an edit must be found at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owed {
    /// In the record, everywhere.
    InRecord,
    /// In the record or in the server's quarantine as this change.
    OrApart(ChangeHash),
    /// Nowhere: every copy was rolled back past it, or its author took it back.
    Nothing,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    edits: Vec<Acknowledged>,
    by_time: HashMap<(usize, i64), usize>,
    by_hash: HashMap<[u8; 16], usize>,
}

impl Ledger {
    /// The first moment from `at` on that no edit of the record has yet.
    pub(super) fn free_time(&self, record: usize, at: Timestamp) -> Timestamp {
        let mut seconds = at.as_millis().div_euclid(1000);
        while self.by_time.contains_key(&(record, seconds)) {
            seconds += 1;
        }
        Timestamp::from_millis(seconds * 1000)
    }

    /// Enters an edit that was acknowledged.
    pub(super) fn acknowledge(
        &mut self,
        phone: usize,
        step: u64,
        record: usize,
        at: Timestamp,
        edits: &[FieldEdit],
        unique: bool,
    ) {
        let at = at.as_millis().div_euclid(1000);
        self.by_time.insert((record, at), self.edits.len());
        self.edits.push(Acknowledged {
            record,
            at,
            values: edits
                .iter()
                .map(|edit| value_hash(&edit.path, edit.value.as_ref()))
                .collect(),
            unique,
            phone,
            step,
            on_phone: true,
            on_server: None,
            was_on_server: false,
            kept_apart: None,
            taken_back: false,
        });
    }

    /// The edit that a change carries, whichever actor authored it.
    pub(super) fn find(
        &mut self,
        record: usize,
        hash: &ChangeHash,
        at: impl FnOnce() -> Option<Timestamp>,
    ) -> Option<usize> {
        let short = short(hash);
        if let Some(known) = self.by_hash.get(&short) {
            return Some(*known);
        }
        let at = at()?.as_millis().div_euclid(1000);
        let found = *self.by_time.get(&(record, at))?;
        self.by_hash.insert(short, found);
        Some(found)
    }

    /// The edit with a known change.
    pub(super) fn find_known(&self, hash: &ChangeHash) -> Option<usize> {
        self.by_hash.get(&short(hash)).copied()
    }

    /// The server has it on disk.
    pub(super) fn on_server(&mut self, edit: usize, step: u64) {
        if let Some(edit) = self.edits.get_mut(edit) {
            edit.on_server.get_or_insert(step);
            edit.was_on_server = true;
        }
    }

    /// The server put it into quarantine.
    pub(super) fn kept_apart(&mut self, edit: usize, step: u64, hash: ChangeHash) {
        if let Some(edit) = self.edits.get_mut(edit) {
            edit.kept_apart.get_or_insert((step, hash));
        }
    }

    /// Its author took it back.
    pub(super) fn taken_back(&mut self, edit: usize) {
        if let Some(edit) = self.edits.get_mut(edit) {
            edit.taken_back = true;
        }
    }

    /// The server's data is that of `step` again.
    pub(super) fn roll_back_server(&mut self, step: u64) {
        for edit in &mut self.edits {
            edit.on_server = edit.on_server.filter(|since| *since <= step);
            edit.kept_apart = edit.kept_apart.filter(|(since, _)| *since <= step);
        }
    }

    /// The phone's data is that of `step` again.
    pub(super) fn roll_back_phone(&mut self, phone: usize, step: u64) {
        for edit in &mut self.edits {
            if edit.phone == phone && edit.step > step {
                edit.on_phone = false;
            }
        }
    }

    /// Whether a phone set back to `step` would forget something that others
    /// have seen and the server does not hold now: two disasters at once, after
    /// which nobody can hand in what the others' changes build on.
    pub(super) fn phone_holds_alone(&self, phone: usize, step: u64) -> bool {
        self.edits.iter().any(|edit| {
            edit.phone == phone
                && edit.step > step
                && edit.on_phone
                && edit.was_on_server
                && edit.on_server.is_none()
        })
    }

    /// The same for a server set back to `step`.
    pub(super) fn server_holds_alone(&self, step: u64) -> bool {
        self.edits
            .iter()
            .any(|edit| !edit.on_phone && edit.on_server.is_some_and(|since| since > step))
    }

    /// Every edit with where it must be.
    pub(super) fn owed(&self) -> impl Iterator<Item = (&Acknowledged, Owed)> {
        self.edits.iter().map(|edit| {
            let owed = match (edit.on_phone || edit.on_server.is_some(), edit.kept_apart) {
                _ if edit.taken_back && edit.kept_apart.is_none() => Owed::Nothing,
                (_, Some((_, hash))) => Owed::OrApart(hash),
                (true, None) => Owed::InRecord,
                (false, None) => Owed::Nothing,
            };
            (edit, owed)
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.edits.len()
    }
}

/// Half a hash names a change well enough here.
fn short(hash: &ChangeHash) -> [u8; 16] {
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    short
}

/// What an edit wrote into one field, as a number.
pub(super) fn value_hash(path: &FieldPath, value: Option<&FieldValue>) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    path.as_str().hash(&mut hasher);
    value.map(FieldValue::to_display).hash(&mut hasher);
    hasher.finish()
}
