//! What tests of this crate and of whole journeys need of a store.

use std::{collections::BTreeSet, sync::PoisonError};

use wangge_model::{
    ChangeHash, FieldPath, FieldValue, RecordId,
    document::{FieldConflict, RecordDocument},
    protocol::{Digest, GridDigest},
};

use super::{Store, StoreError, columns};

/// A record as every replica must have it: two stores agree on it exactly if
/// these are equal.
#[derive(Debug, Clone, PartialEq)]
pub struct CanonicalState {
    /// Heads, sorted.
    pub heads: Vec<ChangeHash>,
    /// Every change.
    pub changes: BTreeSet<ChangeHash>,
    /// Every field with its value.
    pub fields: Vec<(FieldPath, FieldValue)>,
    /// Every conflict with all its values.
    pub conflicts: Vec<FieldConflict>,
}

impl CanonicalState {
    /// The canonical state of a document, wherever it is kept.
    pub fn of(document: &RecordDocument) -> Self {
        Self {
            heads: document.heads(),
            changes: document.change_hashes().into_iter().collect(),
            fields: document.fields(),
            conflicts: document.conflicts(),
        }
    }
}

impl Store {
    /// The record's canonical state; `None` if it is not here.
    pub fn canonical_state(&self, id: RecordId) -> Result<Option<CanonicalState>, StoreError> {
        Ok(self.find_document(id)?.as_ref().map(CanonicalState::of))
    }

    /// Closes what was kept open, so that the next look is at the disk.
    pub fn close_documents(&self) {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Every record on this phone, in id order.
    pub fn list_record_ids(&self) -> Result<Vec<RecordId>, StoreError> {
        self.read(|db| {
            Ok(db
                .prepare("SELECT id FROM record ORDER BY id")?
                .query_map([], |row| columns::record_id(row.get_ref(0)?.as_blob()?))?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The digest of each grid as stored, and as it would be summed anew from
    /// the records: they must be equal.
    pub fn check_digests(&self) -> Result<Vec<(Digest, Digest)>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare("SELECT id, digest FROM grid")?;
            let grids = statement
                .query_map([], |row| {
                    Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            let mut pairs = Vec::new();
            for (grid, digest) in grids {
                let mut summed = GridDigest::default();
                let mut records = db.prepare(
                    "SELECT id, record_epoch, server_heads FROM record
                     WHERE grid = ?1 AND server_heads IS NOT NULL",
                )?;
                let mut rows = records.query([grid])?;
                while let Some(row) = rows.next()? {
                    let id = columns::record_id(&row.get::<_, Vec<u8>>(0)?)?;
                    let heads = columns::split_hashes(&row.get::<_, Vec<u8>>(2)?)?;
                    let print =
                        wangge_model::protocol::record_fingerprint(&id, row.get(1)?, &heads);
                    summed.replace(&id, None, Some(print));
                }
                let stored = GridDigest::from_bytes(&digest).unwrap_or_default();
                pairs.push((stored.total(), summed.total()));
            }
            Ok(pairs)
        })
    }
}
