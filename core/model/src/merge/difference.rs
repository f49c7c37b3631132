//! What an alias says otherwise than the record it stands for.

use super::{Absorbed, Landing, unit::is_peoples};
use crate::{
    FieldPath, FieldValue, RecordId,
    document::{
        FieldEdit, Fields, RecordDocument,
        schema::{self, FieldType},
    },
};

/// A field of which an alias has another value.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The field of the record that stays.
    pub path: FieldPath,
    /// What that record says; `None` for nothing.
    pub mine: Option<FieldValue>,
    /// What the alias says: several values where people disagreed in it.
    pub theirs: Vec<FieldValue>,
}

/// Every field of which the alias has another value, except those a person has
/// settled, in path order.
pub fn differences(kept: &Fields, alias_id: RecordId, alias: &RecordDocument) -> Vec<Difference> {
    let Some(absorbed) = Absorbed::of(kept, alias_id) else {
        return Vec::new();
    };
    let kind = alias.kind();
    let theirs = alias.read();
    let conflicts = alias.conflicts_of(&theirs);
    let mut found: Vec<Difference> = theirs
        .iter()
        .filter_map(|(path, value)| Some((FieldPath::new(path).ok()?, value)))
        .filter(|(path, _)| is_peoples(kind, path))
        .filter_map(|(path, value)| {
            let target = absorbed.to_kept(&path);
            if absorbed.settled.contains(target.as_str()) {
                return None;
            }
            let mine = kept.value(target.as_str()).cloned();
            let conflict = conflicts.iter().find(|conflict| conflict.path == path);
            let values = match conflict {
                Some(conflict) => conflict
                    .candidates
                    .iter()
                    .filter_map(|candidate| candidate.value.clone())
                    .collect(),
                None => vec![value.clone()],
            };
            let theirs: Vec<FieldValue> = values
                .into_iter()
                .map(|value| absorbed.value_to_kept(&path, value))
                .filter(|value| Some(value) != mine.as_ref())
                .collect();
            (!theirs.is_empty()).then_some(Difference {
                path: target,
                mine,
                theirs,
            })
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// What is written when a person settles a difference: with `choice` the field
/// gets that value, without it stays as it is; either way the difference is
/// shown no more, until the alias changes there. A text of several authors gets
/// the other text appended. `None` if the record has no such alias.
pub fn settle(
    kept: &Fields,
    alias: &RecordDocument,
    alias_id: RecordId,
    path: &FieldPath,
    choice: Option<&FieldValue>,
) -> Option<Landing> {
    let mut absorbed = Absorbed::of(kept, alias_id)?;
    absorbed.settled.insert(path.to_string());
    let shared = schema::find_field(alias.kind(), path)
        .is_some_and(|spec| matches!(spec.kind, FieldType::SharedText(_)));
    let value = match (choice, kept.value(path.as_str())) {
        (Some(FieldValue::Text(theirs)), Some(FieldValue::Text(mine))) if shared => {
            Some(FieldValue::Text(format!("{mine}\n{theirs}")))
        }
        (choice, _) => choice.cloned(),
    };
    let fields = value.map(|value| FieldEdit::set(path.clone(), value));
    Some(Landing {
        fields: fields.into_iter().collect(),
        marks: absorbed.edits(),
    })
}
