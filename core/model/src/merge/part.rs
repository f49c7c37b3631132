//! Taking a merge back: both records are whole again.

use std::collections::BTreeSet;

use super::{
    Absorbed, Merged,
    unit::{is_entry, is_peoples, unit_of},
};
use crate::{
    FieldPath, RecordId, RecordKind,
    document::{FieldEdit, Fields},
};

/// What is written into both records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parting {
    /// Fields of people in the record that stayed.
    pub kept: Vec<FieldEdit>,
    /// What that record remembered; the server's.
    pub kept_marks: Vec<FieldEdit>,
    /// Fields of people in the alias: what was changed at the record that stayed
    /// and belongs to the alias.
    pub alias: Vec<FieldEdit>,
    /// The mark of the alias; the server's.
    pub alias_marks: Vec<FieldEdit>,
}

/// The edits that take a merge back. What came over goes, unless somebody
/// changed it since. An entry that only the alias had goes back to it with
/// whatever was changed in it since. To be asked when nothing is left to
/// [`super::land()`].
pub fn part(kind: RecordKind, kept: &Fields, alias_id: RecordId, alias: &Fields) -> Parting {
    let mut parting = Parting {
        alias_marks: Merged::clear(),
        ..Parting::default()
    };
    let Some(absorbed) = Absorbed::of(kept, alias_id) else {
        return parting;
    };
    let theirs = alias
        .iter()
        .filter_map(|(path, _)| Some(absorbed.to_kept(&FieldPath::new(path).ok()?)));
    let mine = kept
        .iter()
        .filter_map(|(path, _)| FieldPath::new(path).ok());
    let paths: BTreeSet<FieldPath> = theirs
        .chain(mine)
        .filter(|path| is_peoples(kind, path))
        .collect();
    for path in paths {
        let unit = unit_of(&path, kept, &absorbed.carried);
        if !absorbed.carried.contains(&unit) {
            continue;
        }
        let source = absorbed.to_alias(&path);
        let theirs = alias
            .value(source.as_str())
            .map(|value| absorbed.value_to_kept(&source, value.clone()));
        let mine = kept.value(path.as_str());
        if mine != theirs.as_ref() {
            if !is_entry(&unit) {
                continue;
            }
            let value = mine.map(|value| absorbed.value_to_alias(&path, value.clone()));
            parting.alias.push(FieldEdit {
                path: source,
                value,
            });
        }
        if mine.is_some() {
            parting.kept.push(FieldEdit::clear(path));
        }
    }
    parting.kept_marks = absorbed.clear();
    parting
}
