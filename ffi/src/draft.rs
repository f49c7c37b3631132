//! Unfinished forms.

use wangge_model::{GridId, RecordId, RecordKind, Timestamp};

use crate::{
    AppError, Core,
    value::{FieldEdit, to_core},
};

/// One unfinished form. Never leaves the phone.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Draft {
    /// The draft's own id.
    pub id: RecordId,
    /// What kind of record the form is for.
    pub kind: RecordKind,
    /// The grid a new record will be filed under, once chosen.
    pub grid: Option<GridId>,
    /// The record being edited; nothing for a new one.
    pub record: Option<RecordId>,
    /// What was typed, unchecked.
    pub edits: Vec<FieldEdit>,
    /// When it was last saved.
    pub saved_at: Timestamp,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// An empty draft with a fresh id; nothing is stored before it is saved.
    #[uniffi::method(default(grid = None, record = None))]
    pub fn new_draft(
        &self,
        kind: RecordKind,
        grid: Option<GridId>,
        record: Option<RecordId>,
    ) -> Draft {
        self.inner.new_draft(kind, grid, record).into()
    }

    /// Stores a draft over its earlier form; `saved_at` becomes now.
    pub async fn save_draft(&self, draft: Draft) -> Result<(), AppError> {
        self.run(move |core| core.save_draft(&draft.into())).await
    }

    /// Every draft, latest first.
    pub async fn list_drafts(&self) -> Result<Vec<Draft>, AppError> {
        let drafts = self.run(wangge_core::Core::list_drafts).await?;
        Ok(drafts.into_iter().map(Draft::from).collect())
    }

    /// One draft, if it is there.
    pub async fn find_draft(&self, id: RecordId) -> Result<Option<Draft>, AppError> {
        Ok(self
            .run(move |core| core.find_draft(id))
            .await?
            .map(Draft::from))
    }

    /// Throws a draft away; fine if it is gone already.
    pub async fn delete_draft(&self, id: RecordId) -> Result<(), AppError> {
        self.run(move |core| core.delete_draft(id)).await
    }

    /// Turns a draft into the record or edit it was for, and removes it.
    pub async fn finish_draft(&self, id: RecordId) -> Result<RecordId, AppError> {
        self.run(move |core| core.finish_draft(id)).await
    }
}

impl From<wangge_core::Draft> for Draft {
    fn from(draft: wangge_core::Draft) -> Self {
        Self {
            id: draft.id,
            kind: draft.kind,
            grid: draft.grid,
            record: draft.record,
            edits: draft.edits.into_iter().map(FieldEdit::from).collect(),
            saved_at: draft.saved_at,
        }
    }
}

impl From<Draft> for wangge_core::Draft {
    fn from(draft: Draft) -> Self {
        Self {
            id: draft.id,
            kind: draft.kind,
            grid: draft.grid,
            record: draft.record,
            edits: to_core(draft.edits),
            saved_at: draft.saved_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use wangge_model::{FieldPath, FieldValue};

    use super::*;

    #[test]
    fn a_draft_comes_back_as_it_went() {
        let draft = wangge_core::Draft {
            id: RecordId::from_bytes([1; 16]),
            kind: RecordKind::Visit,
            grid: Some(GridId::from_bytes([2; 16])),
            record: Some(RecordId::from_bytes([3; 16])),
            edits: vec![wangge_model::document::FieldEdit::set(
                FieldPath::new("diary").unwrap(),
                FieldValue::text("半句"),
            )],
            saved_at: Timestamp::from_millis(4),
        };
        assert_eq!(wangge_core::Draft::from(Draft::from(draft.clone())), draft);
    }
}
