//! Moving a record from one grid to another.

use rusqlite::{Connection, OptionalExtension as _, params};
use wangge_model::{GridId, PersonId, protocol::record_fingerprint};

use super::{Batch, finding, record, row};
use crate::storage::{MoveOutcome, NewMove, StorageError, StorageResult};

/// Takes a place in both feeds, changes both digests and the record's home, or
/// changes nothing if the record is there.
pub(super) fn move_record(
    connection: &Connection,
    batch: &mut Batch,
    new: &NewMove,
) -> StorageResult<MoveOutcome> {
    let stored = record::find(connection, &new.record)?.ok_or(StorageError::Missing("record"))?;
    let moves = new.moves.unwrap_or(stored.moves + 1);
    if stored.grid == new.to || moves <= stored.moves {
        return Ok(MoveOutcome {
            from: stored.grid,
            grids: Vec::new(),
        });
    }
    require_grid(connection, new)?;
    let fingerprint = record_fingerprint(&stored.id, stored.record_epoch, &stored.heads);
    let left = batch.feed(connection, &stored.grid)?;
    left.head_seq += 1;
    left.moved_seq = left.head_seq;
    left.digest.replace(&stored.id, Some(fingerprint), None);
    let from_seq = left.head_seq;
    let entered = batch.feed(connection, &new.to)?;
    entered.head_seq += 1;
    entered.moved_seq = entered.head_seq;
    entered.digest.replace(&stored.id, None, Some(fingerprint));
    let to_seq = entered.head_seq;
    connection
        .prepare_cached(
            "INSERT INTO record_move (record, moves, from_grid, from_seq, to_grid, to_seq, person,
                                      moved_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            new.record.as_bytes(),
            moves,
            stored.grid.as_bytes(),
            row::integer(from_seq),
            new.to.as_bytes(),
            row::integer(to_seq),
            new.person.as_ref().map(PersonId::as_bytes),
            new.at.as_millis(),
        ])?;
    // The version rises, so that a push judged before the move is judged again.
    connection
        .prepare_cached(
            "UPDATE record SET grid = ?2, moves = ?3, version = version + 1, changed_at = ?4
             WHERE id = ?1",
        )?
        .execute(params![
            new.record.as_bytes(),
            new.to.as_bytes(),
            moves,
            new.at.as_millis(),
        ])?;
    finding::index_later(connection, &new.record)?;
    Ok(MoveOutcome {
        from: stored.grid,
        grids: vec![(stored.grid, from_seq), (new.to, to_seq)],
    })
}

fn require_grid(connection: &Connection, new: &NewMove) -> StorageResult<()> {
    connection
        .prepare_cached(
            "SELECT 1 FROM org_node WHERE id = ?1 AND level = 'grid'
                 AND valid_from <= ?2 AND (valid_to IS NULL OR valid_to > ?2)",
        )?
        .query_row(
            params![GridId::as_bytes(&new.to), new.at.as_millis()],
            |_| Ok(()),
        )
        .optional()?
        .ok_or(StorageError::Missing("grid"))
}
