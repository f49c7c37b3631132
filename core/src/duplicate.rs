//! Looking, while somebody types, whether the home, person or place is on file
//! already. Works without a network, over what this phone holds.

use std::cmp::Reverse;

use wangge_model::{
    GridId, RecordId, RecordKind,
    document::{FieldEdit, Fields, schema},
    duplicate::{MatchKey, MatchKind, match_keys},
};

use crate::{Core, Error, RecordRow, Result};

/// Most records that are shown: more have nothing to do with each other.
const MOST: usize = 20;

/// A record that may be about the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// It.
    pub row: RecordRow,
    /// What it has in common, the surest first.
    pub signs: Vec<DuplicateSign>,
}

/// One thing two records have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateSign {
    /// What.
    pub kind: MatchKind,
    /// The member it is about in what is being typed; empty for the record.
    pub mine: String,
    /// The member it is about in the other record; empty for the record.
    pub theirs: String,
    /// That member's name; empty for the record.
    pub name: String,
}

impl Core {
    /// Records of this kind that may be about the same as what is being typed.
    /// `record` is the one being edited, if any; `grid` where a new one will be
    /// filed. What is not complete yet is left out of account.
    pub fn find_duplicates(
        &self,
        kind: RecordKind,
        grid: Option<GridId>,
        record: Option<RecordId>,
        edits: &[FieldEdit],
    ) -> Result<Vec<Duplicate>> {
        let (mut fields, mut grid) = (Fields::default(), grid);
        if let Some(record) = record {
            let row = self.store.find_row(record)?;
            grid = row.map(|row| row.grid).or(grid);
            fields = self
                .store
                .find_document(record)?
                .ok_or(Error::NotFound { what: "record" })?
                .read();
        }
        for edit in edits {
            self.enter(kind, &mut fields, edit);
        }
        let mine = match_keys(kind, &fields);
        if mine.is_empty() {
            return Ok(Vec::new());
        }
        let aliases = self.store.load_aliases()?;
        let record = record.map(|record| aliases.resolve(record));
        let mut found: Vec<Duplicate> = Vec::new();
        for (id, fields) in self.store.find_matching(&mine)? {
            // What an alias has in common leads to the record it stands for.
            let id = aliases.resolve(id);
            if record == Some(id) || found.iter().any(|known| known.row.id == id) {
                continue;
            }
            let Some(row) = self.store.find_row(id)?.filter(|row| row.kind == kind) else {
                continue;
            };
            let is_same_grid = grid.is_none() || grid == Some(row.grid);
            let signs = common(&mine, &match_keys(kind, &fields), is_same_grid, &fields);
            if !signs.is_empty() {
                found.push(Duplicate { row, signs });
            }
        }
        found.sort_by_key(|duplicate| {
            let surest = duplicate.signs.first().map(|sign| rank(sign.kind));
            (surest, Reverse(duplicate.row.summary.edited_at))
        });
        found.truncate(MOST);
        Ok(found)
    }

    /// Enters what was typed as it would be stored; what would not be is no
    /// sign of anything.
    fn enter(&self, kind: RecordKind, fields: &mut Fields, edit: &FieldEdit) {
        let is_known = schema::find_field(kind, &edit.path).is_some();
        if let Ok(normal) = self.normalise(kind, std::slice::from_ref(edit)) {
            for edit in normal {
                fields.set(edit.path, edit.value);
            }
        } else if is_known {
            fields.set(edit.path.clone(), None);
        }
    }
}

/// Place among the kinds, the surest first.
fn rank(kind: MatchKind) -> usize {
    let place = MatchKind::ALL.iter().position(|one| *one == kind);
    place.unwrap_or(MatchKind::ALL.len())
}

fn common(
    mine: &[MatchKey],
    theirs: &[MatchKey],
    is_same_grid: bool,
    fields: &Fields,
) -> Vec<DuplicateSign> {
    let mut signs: Vec<DuplicateSign> = mine
        .iter()
        .filter(|key| is_same_grid || !key.kind.is_local())
        .flat_map(|key| {
            let same = theirs.iter().filter(|other| other.matches(key));
            same.map(|other| DuplicateSign {
                kind: key.kind,
                mine: key.entry.clone(),
                theirs: other.entry.clone(),
                name: fields.text(&format!("members.{}.name", other.entry)),
            })
        })
        .collect();
    signs.sort_by_key(|sign| rank(sign.kind));
    signs
}
