//! One case after two lives of a server decided apart: a server restored from a
//! backup may decide before phones bring back what its earlier life decided.

use std::collections::BTreeSet;

use crate::{
    FieldPath, FieldValue,
    document::{FieldConflict, FieldEdit, Fields, RecordDocument},
};

/// What the server alone writes.
const OWN: [&str; 4] = ["case", "joint", "outcomes", "timeline"];

/// What a report got when it came in. Two numbers for one report are both in
/// use and stay, for people to see.
const RECEIVED: [&str; 3] = ["case.number", "case.received_at", "case.state"];

/// The edits that make a case whole again: of the decisions that were made
/// apart the one stands that the most decisions led to, with every field as it
/// was then. Nothing, if no two decisions stand against each other. Both stay
/// in the timeline.
pub fn reconcile(document: &RecordDocument) -> Vec<FieldEdit> {
    let conflicts: Vec<FieldConflict> = document
        .conflicts()
        .into_iter()
        .filter(|conflict| {
            OWN.contains(&conflict.path.root()) && !RECEIVED.contains(&conflict.path.as_str())
        })
        .collect();
    let Some(first) = conflicts.first() else {
        return Vec::new();
    };
    let version = |value: Option<&FieldValue>| match value {
        Some(FieldValue::Integer(version)) => *version,
        _ => 0,
    };
    let by_version = conflicts
        .iter()
        .find(|conflict| conflict.path.as_str() == "case.version")
        .and_then(|conflict| {
            // The last of equal ones would win; the one that is shown should.
            let candidates = conflict.candidates.iter().rev();
            candidates.max_by_key(|candidate| version(candidate.value.as_ref()))
        });
    let standing = by_version.or_else(|| first.candidates.first());
    let fields = standing
        .and_then(|candidate| candidate.change)
        .and_then(|change| document.read_at(&[change]))
        .unwrap_or_default();
    let stands_whole = by_version.is_some();
    let mut edits: Vec<FieldEdit> = conflicts
        .into_iter()
        .map(|conflict| {
            let then = fields.value(conflict.path.as_str()).cloned();
            let shown = conflict.candidates.into_iter().next();
            // What that life did not write at all, the other one did.
            let is_entry = conflict.path.root() != "case";
            let value = match then {
                None if is_entry => shown.and_then(|candidate| candidate.value),
                then => then,
            };
            FieldEdit {
                path: conflict.path,
                value,
            }
        })
        .collect();
    if stands_whole {
        take_back(&document.read(), &fields, &mut edits);
    }
    edits
}

/// What only the other life wrote of the case is no conflict, and does not
/// stand either.
fn take_back(shown: &Fields, then: &Fields, edits: &mut Vec<FieldEdit>) {
    let paths: BTreeSet<&str> = shown
        .iter()
        .chain(then.iter())
        .map(|(path, _)| path)
        .filter(|path| path.starts_with("case.") && !RECEIVED.contains(path))
        .filter(|path| shown.value(path) != then.value(path))
        .collect();
    for path in paths {
        if edits.iter().any(|edit| edit.path.as_str() == path) {
            continue;
        }
        if let Ok(field) = FieldPath::new(path) {
            edits.push(FieldEdit {
                path: field,
                value: then.value(path).cloned(),
            });
        }
    }
}
