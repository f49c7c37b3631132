//! See [`FeedStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use wangge_model::{
    ActorId, GridId, RecordId,
    protocol::{GridDigest, record_fingerprint},
};

use super::{SqliteStorage, row};
use crate::storage::{FeedChange, FeedHead, FeedStorage, StorageResult};

/// What a place costs in an answer besides its change.
const PLACE_BYTES: usize = 56;

/// Where a grid's feed stands; `None` before its first change.
pub(super) fn find_head(connection: &Connection, grid: &GridId) -> StorageResult<Option<FeedHead>> {
    Ok(connection
        .prepare_cached("SELECT head_seq, floor_seq, digest FROM feed WHERE grid = ?1")?
        .query_row([grid.as_bytes()], |row| {
            let digest = row
                .get_ref(2)?
                .as_blob()
                .map_err(|_| row::damaged(2, "digest"))?;
            Ok(FeedHead {
                head_seq: row::count(row.get(0)?),
                floor_seq: row::count(row.get(1)?),
                digest: GridDigest::from_bytes(digest).ok_or_else(|| row::damaged(2, "digest"))?,
            })
        })
        .optional()?)
}

/// Stores where a grid's feed stands.
pub(super) fn put_head(
    connection: &Connection,
    grid: &GridId,
    head: &FeedHead,
) -> StorageResult<()> {
    connection
        .prepare_cached(
            "INSERT INTO feed (grid, head_seq, floor_seq, digest) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (grid) DO UPDATE SET head_seq = excluded.head_seq,
                 floor_seq = excluded.floor_seq, digest = excluded.digest",
        )?
        .execute(params![
            grid.as_bytes(),
            row::integer(head.head_seq),
            row::integer(head.floor_seq),
            head.digest.to_bytes(),
        ])?;
    Ok(())
}

fn list(
    connection: &Connection,
    grid: &GridId,
    after: u64,
    to: u64,
    own: Option<&ActorId>,
    max_bytes: usize,
) -> StorageResult<Vec<FeedChange>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, record, record_epoch, kind, hash, actor,
                CASE WHEN actor IS ?4 THEN x'' ELSE bytes END
         FROM change WHERE grid = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq",
    )?;
    let mut rows = statement.query(params![
        grid.as_bytes(),
        row::integer(after),
        row::integer(to),
        own.map(ActorId::as_bytes),
    ])?;
    let (mut changes, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let change = FeedChange {
            seq: row::count(row.get(0)?),
            record: row::id(row, 1, RecordId::from_bytes)?,
            record_epoch: row.get(2)?,
            kind: row::kind(row, 3)?,
            hash: row::hash(row, 4)?,
            actor: row::id(row, 5, ActorId::from_bytes)?,
            bytes: row.get(6)?,
        };
        bytes += change.bytes.len() + PLACE_BYTES;
        if bytes > max_bytes && !changes.is_empty() {
            break;
        }
        changes.push(change);
    }
    Ok(changes)
}

#[async_trait]
impl FeedStorage for SqliteStorage {
    async fn list_feed_heads(&self, grids: &[GridId]) -> StorageResult<Vec<FeedHead>> {
        let grids = grids.to_vec();
        self.read(move |connection| {
            grids
                .iter()
                .map(|grid| Ok(find_head(connection, grid)?.unwrap_or_default()))
                .collect()
        })
        .await
    }

    async fn list_feed(
        &self,
        grid: &GridId,
        after: u64,
        to: u64,
        own: Option<&ActorId>,
        max_bytes: usize,
    ) -> StorageResult<Vec<FeedChange>> {
        let (grid, own) = (*grid, own.copied());
        self.read(move |connection| list(connection, &grid, after, to, own.as_ref(), max_bytes))
            .await
    }

    async fn compact_feeds(&self, keep: u64) -> StorageResult<u64> {
        self.write(move |connection, batch| {
            let grids = row::collect(
                connection
                    .prepare_cached("SELECT grid FROM feed")?
                    .query_map([], |row| row::id(row, 0, GridId::from_bytes))?,
            )?;
            let mut gone = 0;
            for grid in grids {
                // Through the batch, which may know a head that no row has yet.
                let head = batch.feed(connection, &grid)?;
                let floor = head.head_seq.saturating_sub(keep);
                if floor <= head.floor_seq {
                    continue;
                }
                head.floor_seq = floor;
                gone += connection
                    .prepare_cached("DELETE FROM change WHERE grid = ?1 AND seq <= ?2")?
                    .execute(params![grid.as_bytes(), row::integer(floor)])?;
            }
            Ok(gone as u64)
        })
        .await
    }

    async fn compute_digest(&self, grid: &GridId) -> StorageResult<GridDigest> {
        let grid = *grid;
        self.read(move |connection| {
            let mut statement = connection
                .prepare_cached("SELECT id, record_epoch, heads FROM record WHERE grid = ?1")?;
            let mut rows = statement.query([grid.as_bytes()])?;
            let mut digest = GridDigest::default();
            while let Some(row) = rows.next()? {
                let record = row::id(row, 0, RecordId::from_bytes)?;
                let fingerprint = record_fingerprint(&record, row.get(1)?, &row::heads(row, 2)?);
                digest.replace(&record, None, Some(fingerprint));
            }
            Ok(digest)
        })
        .await
    }
}
