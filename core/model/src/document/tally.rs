//! What a whole history comes to, counted once and then carried on from change
//! to change, so that a change costs the same however long the history is.

use std::collections::HashMap;

use automerge::{Change, ChangeMetadata};

use super::ActorId;

/// A history in three figures.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    seqs: HashMap<ActorId, u64>,
    /// The highest operation number in use.
    pub(super) last_op: u64,
    /// The latest time any change claims, in seconds; at least 0, the genesis's.
    pub(super) edited_at: i64,
}

impl Tally {
    pub(super) fn of(changes: &[ChangeMetadata<'_>]) -> Self {
        let mut tally = Self::default();
        for meta in changes {
            let actor = ActorId::from_slice(meta.actor.to_bytes());
            tally.note(actor, meta.seq, meta.max_op, meta.timestamp);
        }
        tally
    }

    /// Counts one change more.
    pub(super) fn add(&mut self, change: &Change) {
        let actor = ActorId::from_slice(change.actor_id().to_bytes());
        self.note(actor, change.seq(), change.max_op(), change.timestamp());
    }

    fn note(&mut self, actor: Option<ActorId>, seq: u64, last_op: u64, at: i64) {
        if let Some(actor) = actor {
            let last = self.seqs.entry(actor).or_default();
            *last = seq.max(*last);
        }
        self.last_op = self.last_op.max(last_op);
        self.edited_at = self.edited_at.max(at);
    }

    /// The number of changes an actor has made.
    pub(super) fn last_seq(&self, actor: &ActorId) -> u64 {
        self.seqs.get(actor).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        RecordKind, Timestamp,
        document::{FieldEdit, FieldPath, FieldValue, RecordDocument},
        guard::{Writer, inspect},
    };

    fn tallies(document: &RecordDocument) -> (Vec<u64>, u64, Timestamp) {
        let seqs = (0..4).map(|number| document.last_seq(&ActorId::from_bytes([number; 16])));
        (seqs.collect(), document.last_op(), document.edited_at())
    }

    proptest! {
        /// Edits by three actors in two copies, given to each other at times, at
        /// clocks that jump.
        #[test]
        fn a_tally_carried_on_is_what_counting_anew_gives(
            steps in prop::collection::vec((1..4_u8, 0..3_i64, any::<bool>()), 1..25)
        ) {
            let mut copies = [
                RecordDocument::new(RecordKind::Household),
                RecordDocument::new(RecordKind::Household),
            ];
            for (number, (actor, at, gives)) in steps.into_iter().enumerate() {
                // An actor writes in one place only.
                let place = usize::from(actor == 2);
                let edit = FieldEdit::set(
                    FieldPath::of("address.room"),
                    FieldValue::text(number.to_string()),
                );
                let at = Timestamp::from_millis(at * 1_000);
                let actor = ActorId::from_bytes([actor; 16]);
                let change = copies[place].edit(&[edit], actor, at).unwrap().unwrap();
                if gives {
                    let all = copies[place].changes();
                    let other = &mut copies[1 - place];
                    for one in all {
                        let inspected = inspect(&one.hash, &one.bytes).unwrap();
                        if let Ok(admitted) = other.admit(&inspected, Writer::Feed) {
                            *other = admitted;
                        }
                    }
                }
                prop_assert!(copies[place].has_change(&change.hash));
                for copy in &copies {
                    let anew =
                        RecordDocument::load(RecordKind::Household, Some(&copy.save()), []).unwrap();
                    prop_assert_eq!(tallies(copy), tallies(&anew));
                }
            }
        }
    }
}
