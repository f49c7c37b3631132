//! What of an alias comes over to the record it stands for.

use std::collections::BTreeSet;

use super::{
    Absorbed,
    unit::{is_peoples, unit_of},
};
use crate::{
    FieldPath, FieldValue, RecordId, RecordKind,
    document::{FieldEdit, Fields, RecordDocument},
};

/// What is written into the record that stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Landing {
    /// Fields of people, as the alias has them.
    pub fields: Vec<FieldEdit>,
    /// What is remembered of the alias; the server's.
    pub marks: Vec<FieldEdit>,
}

impl Landing {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.marks.is_empty()
    }
}

/// What changed in the alias since its changes last came over, as edits of the
/// record that stays. A field comes over where the record has nothing, or still
/// has what came over before. Whatever else the alias says stays with it and is
/// one of the [`super::differences`].
pub fn land(kept: &Fields, alias_id: RecordId, alias: &RecordDocument) -> Landing {
    let kind = alias.kind();
    let theirs = alias.read();
    let heads = alias.heads();
    let known = Absorbed::of(kept, alias_id);
    if known.as_ref().is_some_and(|known| known.heads == heads) {
        return Landing::default();
    }
    let before = known
        .as_ref()
        .and_then(|known| alias.read_at(&known.heads))
        .unwrap_or_default();
    let mut absorbed = known.unwrap_or_else(|| Absorbed::new(alias_id));
    absorbed.find_same(kind, kept, &theirs);
    let fields = carry(kind, kept, &theirs, &before, &mut absorbed);
    absorbed.heads = heads;
    Landing {
        fields,
        marks: absorbed.edits(),
    }
}

fn carry(
    kind: RecordKind,
    kept: &Fields,
    theirs: &Fields,
    before: &Fields,
    absorbed: &mut Absorbed,
) -> Vec<FieldEdit> {
    let paths: BTreeSet<FieldPath> = theirs
        .iter()
        .chain(before.iter())
        .filter_map(|(path, _)| FieldPath::new(path).ok())
        .filter(|path| is_peoples(kind, path))
        .collect();
    // What the record had before this landing decides for a unit as a whole.
    let earlier = absorbed.carried.clone();
    let filled = filled(kind, kept, &earlier);
    let mut edits = Vec::new();
    for path in paths {
        let value = |fields: &Fields| -> Option<FieldValue> {
            let value = fields.value(path.as_str())?.clone();
            Some(absorbed.value_to_kept(&path, value))
        };
        let (wanted, was) = (value(theirs), value(before));
        if wanted == was {
            continue;
        }
        let target = absorbed.to_kept(&path);
        absorbed.settled.remove(target.as_str());
        let current = kept.value(target.as_str());
        let unit = unit_of(&target, kept, &earlier);
        let may_come_over = if earlier.contains(&unit) {
            current == was.as_ref()
        } else {
            !filled.contains(&unit) && wanted.is_some()
        };
        if may_come_over && current != wanted.as_ref() {
            absorbed.carried.insert(unit);
            edits.push(FieldEdit {
                path: target,
                value: wanted,
            });
        }
    }
    edits
}

/// The units in which the record has something.
fn filled(kind: RecordKind, kept: &Fields, carried: &BTreeSet<String>) -> BTreeSet<String> {
    kept.iter()
        .filter_map(|(path, _)| FieldPath::new(path).ok())
        .filter(|path| is_peoples(kind, path))
        .map(|path| unit_of(&path, kept, carried))
        .collect()
}
