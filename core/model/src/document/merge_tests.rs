//! Merging is commutative, associative and idempotent: whatever order changes
//! arrive in, and however often, every copy ends with the same heads, values
//! and conflicts.

use proptest::prelude::*;

use super::*;
use crate::{
    Timestamp,
    guard::{GuardError, Writer, inspect},
};

/// One edit by one of three people.
#[derive(Debug, Clone)]
struct Step {
    author: usize,
    path: usize,
    value: u8,
    /// After it, everything known to the author goes to this person.
    tell: Option<usize>,
}

const PATHS: &[&str] = &[
    "address.room",
    "contact.phone",
    "ledger",
    "extra.water_meter",
    "extra.a.shoe_size",
    "members.a.name",
    "members.b.name",
    "notes",
];

fn value_for(path: &str, value: u8) -> Option<FieldValue> {
    let text = match path {
        "contact.phone" => format!("1380000{value:04}"),
        "ledger" => schema::LEDGER[usize::from(value) % schema::LEDGER.len()].to_owned(),
        _ => format!("值{value}"),
    };
    (!value.is_multiple_of(7)).then_some(FieldValue::Text(text))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..3_usize,
        0..PATHS.len(),
        any::<u8>(),
        prop::option::of(0..3_usize),
    )
        .prop_map(|(author, path, value, tell)| Step {
            author,
            path,
            value,
            tell,
        });
    prop::collection::vec(step, 1..40)
}

/// Plays the steps; answers the three copies and every change made.
fn play(steps: &[Step]) -> (Vec<RecordDocument>, Vec<LocalChange>) {
    let mut copies = vec![RecordDocument::new(RecordKind::Household); 3];
    let mut made = Vec::new();
    for (time, step) in steps.iter().enumerate() {
        let path = FieldPath::new(PATHS[step.path]).unwrap();
        let edit = FieldEdit {
            value: value_for(path.as_str(), step.value),
            path,
        };
        let actor = ActorId::from_bytes([u8::try_from(step.author).unwrap() + 1; 16]);
        let at = Timestamp::from_millis(i64::try_from(time).unwrap() * 1000);
        if let Some(change) = copies[step.author].edit(&[edit], actor, at).unwrap() {
            made.push(change);
        }
        if let Some(tell) = step.tell {
            let known = copies[step.author].changes();
            admit_all(&mut copies[tell], &known);
        }
    }
    (copies, made)
}

/// Admits changes in the given order, again and again until nothing more fits,
/// as a receiver that sees them out of order does.
fn admit_all(copy: &mut RecordDocument, changes: &[LocalChange]) {
    let mut left: Vec<&LocalChange> = changes.iter().collect();
    while !left.is_empty() {
        let before = left.len();
        left.retain(|change| {
            let inspected = inspect(&change.hash, &change.bytes).unwrap();
            match copy.admit(&inspected, Writer::Feed) {
                Ok(admitted) => {
                    *copy = admitted;
                    false
                }
                Err(GuardError::MissingDeps(_)) => true,
                Err(error) => panic!("an honest change was refused: {error}"),
            }
        });
        assert!(left.len() < before, "changes that never fit");
    }
}

fn assert_same(one: &RecordDocument, two: &RecordDocument) {
    assert_eq!(one.heads(), two.heads());
    assert_eq!(one.read(), two.read());
    assert_eq!(one.conflicts(), two.conflicts());
    assert_eq!(one.summary(), two.summary());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn every_order_of_arrival_ends_the_same(
        steps in steps(),
        orders in prop::collection::vec(any::<u64>(), 3),
    ) {
        let (mut copies, made) = play(&steps);
        for (copy, order) in copies.iter_mut().zip(orders) {
            let mut shuffled = made.clone();
            shuffled.sort_by_key(|change| {
                let head = change.hash.as_bytes()[..8].try_into().unwrap();
                u64::from_be_bytes(head).wrapping_mul(order | 1)
            });
            // Everything twice: a repeated change changes nothing.
            admit_all(copy, &shuffled);
            admit_all(copy, &shuffled);
        }
        assert_same(&copies[0], &copies[1]);
        assert_same(&copies[1], &copies[2]);
        let saved = copies[0].save();
        let loaded = RecordDocument::load(RecordKind::Household, Some(&saved), []).unwrap();
        assert_same(&copies[0], &loaded);
    }

    #[test]
    fn heads_kept_beside_the_document_are_its_heads(steps in steps()) {
        let (_, made) = play(&steps);
        let mut copy = RecordDocument::new(RecordKind::Household);
        let mut heads = copy.heads();
        for change in &made {
            admit_all(&mut copy, std::slice::from_ref(change));
            advance_heads(&mut heads, change.hash, &change.deps);
        }
        prop_assert_eq!(heads, copy.heads());
    }
}
