//! Unfinished forms.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use wangge_model::{GridId, RecordId, RecordKind, Timestamp, protocol::to_cbor};

use super::{Store, StoreError, columns};
use crate::Draft;

pub(super) struct DraftRow {
    id: RecordId,
    kind: RecordKind,
    grid: Option<Vec<u8>>,
    record: Option<Vec<u8>>,
    edits: Vec<u8>,
    saved_at: i64,
}

impl DraftRow {
    pub(super) const COLUMNS: &'static str = "id, kind, grid, record, edits, saved_at";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Self::read_from(row, 0)
    }

    /// Reads the columns from the `first` on.
    pub(super) fn read_from(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            id: columns::record_id(row.get_ref(first)?.as_blob()?)?,
            kind: columns::record_kind(row.get(first + 1)?)?,
            grid: row.get(first + 2)?,
            record: row.get(first + 3)?,
            edits: row.get(first + 4)?,
            saved_at: row.get(first + 5)?,
        })
    }

    pub(super) fn into_draft(self) -> Result<Draft, StoreError> {
        Ok(Draft {
            id: self.id,
            kind: self.kind,
            grid: self.grid.as_deref().map(columns::grid_id).transpose()?,
            record: self.record.as_deref().map(columns::record_id).transpose()?,
            edits: columns::decode(&self.edits)?,
            saved_at: Timestamp::from_millis(self.saved_at),
        })
    }
}

impl Store {
    /// Stores a draft over its earlier form.
    pub fn save_draft(&self, draft: &Draft) -> Result<(), StoreError> {
        self.write(|tx| save(tx, draft))
    }

    /// Every draft, latest first.
    pub fn list_drafts(&self) -> Result<Vec<Draft>, StoreError> {
        self.read(|db| {
            let sql = format!(
                "SELECT {} FROM draft ORDER BY saved_at DESC, id DESC",
                DraftRow::COLUMNS
            );
            let rows = db
                .prepare_cached(&sql)?
                .query_map([], DraftRow::read)?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            rows.into_iter().map(DraftRow::into_draft).collect()
        })
    }

    /// One draft.
    pub fn find_draft(&self, id: RecordId) -> Result<Option<Draft>, StoreError> {
        self.read(|db| {
            let sql = format!("SELECT {} FROM draft WHERE id = ?1", DraftRow::COLUMNS);
            db.prepare_cached(&sql)?
                .query_row([id.as_bytes()], DraftRow::read)
                .optional()?
                .map(DraftRow::into_draft)
                .transpose()
        })
    }

    /// Removes a draft.
    pub fn delete_draft(&self, id: RecordId) -> Result<(), StoreError> {
        self.write(|tx| delete(tx, id))
    }
}

/// Removes a draft within the transaction that used it.
pub(super) fn delete(tx: &Transaction<'_>, id: RecordId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM draft WHERE id = ?1", [id.as_bytes()])?;
    Ok(())
}

/// Stores a draft within a transaction.
pub(super) fn save(tx: &Transaction<'_>, draft: &Draft) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO draft (id, kind, grid, record, edits, saved_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, grid = excluded.grid,
             record = excluded.record, edits = excluded.edits, saved_at = excluded.saved_at",
    )?
    .execute(params![
        draft.id.as_bytes(),
        draft.kind.number(),
        draft.grid.as_ref().map(GridId::as_bytes),
        draft.record.as_ref().map(RecordId::as_bytes),
        to_cbor(&draft.edits),
        draft.saved_at.as_millis(),
    ])?;
    Ok(())
}
