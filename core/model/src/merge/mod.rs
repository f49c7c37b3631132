//! Two files of one household or place, merged: the one that stays and the one
//! that becomes its alias. Nothing is copied away or deleted, so a merge can be
//! taken back.
//!
//! * The alias carries the mark ([`Merged`]): into which record, when, by whom.
//! * The record that stays remembers of each alias what came over
//!   ([`Absorbed`]).
//! * `land`: what of the alias comes over, at the merge and whenever
//!   the alias changes later, because a phone was out.
//! * `difference`: what the alias says otherwise, until a person settles it.
//! * `part`: the way back.
//!
//! All of it is computed from the two documents, so a server restored from a
//! backup, and a phone, come to the same. Only the server writes the marks.

mod difference;
mod land;
mod part;
mod unit;

use std::collections::{BTreeMap, BTreeSet};

pub use difference::{Difference, differences, settle};
pub use land::{Landing, land};
pub use part::{Parting, part};

use crate::{
    ChangeHash, FieldPath, FieldValue, RecordId, RecordKind, Timestamp,
    document::{FieldEdit, Fields},
};

/// Root of the mark in an alias.
const MERGED: &str = "merged";
/// Root of what a record remembers of its aliases.
pub const ABSORBED: &str = "absorbed";

/// Whether records of this kind may be merged.
pub const fn is_mergeable(kind: RecordKind) -> bool {
    matches!(kind, RecordKind::Household | RecordKind::Place)
}

/// Whether a field, by its path or pattern, is bookkeeping of merges: shown in
/// words of its own and not among the fields people fill in.
pub fn is_mark_root(path: &str) -> bool {
    matches!(path.split('.').next(), Some(MERGED | ABSORBED))
}

/// The mark of an alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The record it stands for; that one may be merged itself.
    pub into: RecordId,
    /// When.
    pub at: Option<Timestamp>,
    /// Id of the person who merged it; empty where it is not known.
    pub by: String,
}

impl Merged {
    /// The mark of a record with these fields, if it is an alias.
    pub fn of(fields: &Fields) -> Option<Self> {
        Some(Self {
            into: fields.text("merged.into").parse().ok()?,
            at: fields.time("merged.at"),
            by: fields.text("merged.by"),
        })
    }

    /// What the server writes into the alias.
    pub fn edits(&self) -> Vec<FieldEdit> {
        let into = FieldValue::Text(self.into.to_string());
        let by = Some(self.by.clone()).filter(|by| !by.is_empty());
        [
            ("into", Some(into)),
            ("at", self.at.map(FieldValue::Time)),
            ("by", by.map(FieldValue::Text)),
        ]
        .into_iter()
        .filter_map(|(field, value)| edit(&format!("{MERGED}.{field}"), value))
        .collect()
    }

    /// What the server writes into an alias that is one no more.
    pub fn clear() -> Vec<FieldEdit> {
        ["into", "at", "by"]
            .into_iter()
            .filter_map(|field| edit(&format!("{MERGED}.{field}"), None))
            .collect()
    }
}

/// What a record remembers of one of its aliases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absorbed {
    /// The alias.
    pub alias: RecordId,
    /// Its heads when its changes last came over.
    pub heads: Vec<ChangeHash>,
    /// What came over: units of this record, see `unit`.
    pub carried: BTreeSet<String>,
    /// Entries that are one: of the alias, with those of this record.
    pub same: BTreeMap<String, String>,
    /// Fields of this record of which a person said that they are right.
    pub settled: BTreeSet<String>,
}

impl Absorbed {
    fn new(alias: RecordId) -> Self {
        Self {
            alias,
            heads: Vec::new(),
            carried: BTreeSet::new(),
            same: BTreeMap::new(),
            settled: BTreeSet::new(),
        }
    }

    /// What a record with these fields remembers of an alias; `None` if it is
    /// none.
    pub fn of(kept: &Fields, alias: RecordId) -> Option<Self> {
        let text = |field: &str| kept.text(&format!("{ABSORBED}.{alias}.{field}"));
        let lines =
            |field: &str| -> BTreeSet<String> { text(field).lines().map(str::to_owned).collect() };
        let heads = text("heads");
        if heads.is_empty() {
            return None;
        }
        Some(Self {
            alias,
            heads: heads.lines().filter_map(|head| head.parse().ok()).collect(),
            carried: lines("carried"),
            same: text("same")
                .lines()
                .filter_map(|line| line.split_once(' '))
                .map(|(theirs, mine)| (theirs.to_owned(), mine.to_owned()))
                .collect(),
            settled: lines("settled"),
        })
    }

    /// The aliases of a record with these fields.
    pub fn list(kept: &Fields) -> Vec<Self> {
        kept.entries(ABSORBED)
            .into_iter()
            .filter_map(|alias| Self::of(kept, alias.parse().ok()?))
            .collect()
    }

    /// What the server writes into the record that stays.
    fn edits(&self) -> Vec<FieldEdit> {
        let heads: Vec<String> = self.heads.iter().map(ToString::to_string).collect();
        let join = |lines: &BTreeSet<String>| {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            lines.join("\n")
        };
        let same: Vec<String> = self
            .same
            .iter()
            .map(|(theirs, mine)| format!("{theirs} {mine}"))
            .collect();
        [
            ("heads", heads.join("\n")),
            ("carried", join(&self.carried)),
            ("same", same.join("\n")),
            ("settled", join(&self.settled)),
        ]
        .into_iter()
        .filter_map(|(field, text)| {
            let value = (!text.is_empty()).then_some(FieldValue::Text(text));
            edit(&format!("{ABSORBED}.{}.{field}", self.alias), value)
        })
        .collect()
    }

    /// What the server writes once the alias is one no more.
    fn clear(&self) -> Vec<FieldEdit> {
        ["heads", "carried", "same", "settled"]
            .into_iter()
            .filter_map(|field| edit(&format!("{ABSORBED}.{}.{field}", self.alias), None))
            .collect()
    }
}

/// An edit of a path that is written in this module.
fn edit(path: &str, value: Option<FieldValue>) -> Option<FieldEdit> {
    let path = FieldPath::new(path).ok()?;
    Some(FieldEdit { path, value })
}

#[cfg(test)]
mod tests;
