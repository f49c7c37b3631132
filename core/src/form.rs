//! The form of a record: which fields its place collects, what for, and what is
//! wrong with what stands in them.

use wangge_model::{
    GridId, RecordId, RecordKind,
    collection::{CollectionLists, Form, SET_PREFIX, evaluate},
    document::{FieldEdit, Fields},
};

use crate::{Core, Error, Result};

impl Core {
    /// The collection lists that hold in a grid: the built-in one, then those of
    /// the places above it from the widest to the nearest, then its own.
    pub fn collection_lists(&self, grid: GridId) -> Result<CollectionLists> {
        Ok(self.form_place(grid)?.1)
    }

    /// The form of a new record of this kind in `grid`, or of `record`, with
    /// what was typed so far on top. Shows what is missing and what does not fit
    /// and refuses nothing: a draft, and what others entered, may be anything.
    pub fn form(
        &self,
        kind: RecordKind,
        grid: GridId,
        record: Option<RecordId>,
        edits: &[FieldEdit],
    ) -> Result<Form> {
        let (mut fields, mut grid) = (Fields::default(), grid);
        if let Some(record) = record {
            let not_found = || Error::NotFound { what: "record" };
            grid = self.store.find_row(record)?.ok_or_else(not_found)?.grid;
            let document = self.store.find_document(record)?;
            fields = document.ok_or_else(not_found)?.read();
        }
        for edit in edits {
            // As typed where it is wrong: the form is to say so.
            let normal = self.normalise(kind, std::slice::from_ref(edit));
            let normal = normal.unwrap_or_else(|_| vec![edit.clone()]);
            for edit in normal {
                fields.set(edit.path, edit.value);
            }
        }
        let today = self.today()?.to_date();
        let (code, lists) = self.form_place(grid)?;
        Ok(evaluate(&lists, kind, &code, &fields, today))
    }

    /// The code of a grid, and the lists that hold there.
    fn form_place(&self, grid: GridId) -> Result<(String, CollectionLists)> {
        let source = self.store.load_rule_source(SET_PREFIX)?;
        let Some(place) = source.grids.get(&grid) else {
            return Ok((String::new(), CollectionLists::default()));
        };
        // The nearest place is named first.
        let nodes = place.above.iter().rev().copied().chain([grid.into()]);
        let definitions = nodes.flat_map(|node| {
            let sets = source.reference.iter();
            sets.filter(move |set| set.node == node)
        });
        let lists = CollectionLists::read(definitions.map(|set| set.body.as_slice()));
        Ok((place.code.clone(), lists))
    }
}
