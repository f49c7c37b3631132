//! Forms that are not finished: kept as typed, so that a call, a crash or an
//! empty battery costs nothing. A draft is not a record and never leaves the
//! phone.

use wangge_model::{GridId, RecordId, RecordKind, Timestamp, document::FieldEdit};

use crate::{Core, Error, Result};

/// One unfinished form.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The draft's own id.
    pub id: RecordId,
    /// What kind of record the form is for.
    pub kind: RecordKind,
    /// The grid a new record will be filed under, once chosen.
    pub grid: Option<GridId>,
    /// The record being edited; `None` for a new one.
    pub record: Option<RecordId>,
    /// What was typed, unchecked.
    pub edits: Vec<FieldEdit>,
    /// When it was last saved.
    pub saved_at: Timestamp,
}

impl Core {
    /// An empty draft with a fresh id; nothing is stored before
    /// [`Core::save_draft`].
    pub fn new_draft(
        &self,
        kind: RecordKind,
        grid: Option<GridId>,
        record: Option<RecordId>,
    ) -> Draft {
        Draft {
            id: RecordId::make(self.clock.as_ref(), self.entropy.as_ref()),
            kind,
            grid,
            record,
            edits: Vec::new(),
            saved_at: self.clock.now(),
        }
    }

    /// Stores a draft over its earlier form; `saved_at` becomes now.
    pub fn save_draft(&self, draft: &Draft) -> Result<()> {
        let draft = Draft {
            saved_at: self.clock.now(),
            ..draft.clone()
        };
        Ok(self.store.save_draft(&draft)?)
    }

    /// Every draft, latest first.
    pub fn list_drafts(&self) -> Result<Vec<Draft>> {
        Ok(self.store.list_drafts()?)
    }

    /// One draft, if it is there.
    pub fn find_draft(&self, id: RecordId) -> Result<Option<Draft>> {
        Ok(self.store.find_draft(id)?)
    }

    /// Throws a draft away; fine if it is gone already.
    pub fn delete_draft(&self, id: RecordId) -> Result<()> {
        Ok(self.store.delete_draft(id)?)
    }

    /// Turns a draft into what it was for, a new record or an edit, and
    /// removes the draft in the same transaction: it can neither be lost nor
    /// be entered twice.
    pub fn finish_draft(&self, id: RecordId) -> Result<RecordId> {
        let draft = self
            .store
            .find_draft(id)?
            .ok_or(Error::NotFound { what: "draft" })?;
        let mut edits = self.normalise(draft.kind, &draft.edits)?;
        if let Some(record) = draft.record {
            if draft.kind == RecordKind::Visit {
                self.complete_visit(&mut edits, Some(record))?;
            }
            self.store
                .edit_record(record, &edits, self.clock.now(), Some(id))?;
            return Ok(record);
        }
        let grid = draft.grid.ok_or(Error::NotFound { what: "grid" })?;
        self.create_normalised(draft.kind, grid, &edits, Some(id))
    }
}
