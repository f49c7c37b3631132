//! The grids' digests while one transaction changes them: read once, summed in
//! memory, written once.

use std::collections::{BTreeMap, btree_map::Entry};

use rusqlite::{OptionalExtension as _, Transaction, params};
use wangge_model::{
    ChangeHash, GridId, RecordId,
    protocol::{GridDigest, record_fingerprint},
};

use super::{StoreError, document::Held};

/// Digests touched by one transaction.
#[derive(Debug, Default)]
pub(super) struct Digests(BTreeMap<GridId, Option<GridDigest>>);

impl Digests {
    /// Sets what the server is known to have of a record, and in which grid.
    pub(super) fn set_server_heads(
        &mut self,
        tx: &Transaction<'_>,
        held: &mut Held,
        grid: GridId,
        heads: Option<Vec<ChangeHash>>,
    ) -> Result<(), StoreError> {
        if held.grid == grid && held.server_heads == heads {
            return Ok(());
        }
        let print = |epoch: u32, heads: &Option<Vec<ChangeHash>>| {
            heads
                .as_ref()
                .map(|heads| record_fingerprint(&held.id, epoch, heads))
        };
        let old = print(held.record_epoch, &held.server_heads);
        let new = print(held.record_epoch, &heads);
        let (id, from) = (held.id, held.grid);
        if let Some(digest) = self.digest(tx, from)? {
            digest.replace(&id, old, None);
        }
        if let Some(digest) = self.digest(tx, grid)? {
            digest.replace(&id, None, new);
        }
        held.grid = grid;
        held.server_heads = heads;
        Ok(())
    }

    /// Adds a record that was not here before.
    pub(super) fn add(
        &mut self,
        tx: &Transaction<'_>,
        grid: GridId,
        id: &RecordId,
        epoch: u32,
        heads: &[ChangeHash],
    ) -> Result<(), StoreError> {
        if let Some(digest) = self.digest(tx, grid)? {
            digest.replace(id, None, Some(record_fingerprint(id, epoch, heads)));
        }
        Ok(())
    }

    /// The digest of a grid, if the phone has the grid.
    pub(super) fn digest(
        &mut self,
        tx: &Transaction<'_>,
        grid: GridId,
    ) -> Result<Option<&mut GridDigest>, StoreError> {
        let digest = match self.0.entry(grid) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let bytes: Option<Vec<u8>> = tx
                    .prepare_cached("SELECT digest FROM grid WHERE id = ?1")?
                    .query_row([grid.as_bytes()], |row| row.get(0))
                    .optional()?;
                let digest = bytes.map(|bytes| {
                    GridDigest::from_bytes(&bytes).ok_or_else(|| {
                        StoreError::Corrupt("a grid's digest has another size".to_owned())
                    })
                });
                unknown.insert(digest.transpose()?)
            }
        };
        Ok(digest.as_mut())
    }

    /// Writes every digest that was looked at.
    pub(super) fn store(&self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        let mut update = tx.prepare_cached("UPDATE grid SET digest = ?2 WHERE id = ?1")?;
        for (grid, digest) in &self.0 {
            if let Some(digest) = digest {
                update.execute(params![grid.as_bytes(), digest.to_bytes()])?;
            }
        }
        Ok(())
    }
}
