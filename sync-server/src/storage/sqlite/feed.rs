//! See [`FeedStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wangge_model::{
    ActorId, GridId, RecordId,
    protocol::{GridDigest, record_fingerprint},
};

use super::{SqliteStorage, record, row};
use crate::storage::{FeedChange, FeedHead, FeedPlace, FeedStorage, StorageError, StorageResult};

/// What a place costs in an answer besides its change.
const PLACE_BYTES: usize = 56;

/// Where a grid's feed stands; `None` before its first change.
pub(super) fn find_head(connection: &Connection, grid: &GridId) -> StorageResult<Option<FeedHead>> {
    Ok(connection
        .prepare_cached(
            "SELECT head_seq, floor_seq, digest,
                 max((SELECT coalesce(max(from_seq), 0) FROM record_move WHERE from_grid = ?1),
                     (SELECT coalesce(max(to_seq), 0) FROM record_move WHERE to_grid = ?1))
             FROM feed WHERE grid = ?1",
        )?
        .query_row([grid.as_bytes()], |row| {
            let digest = row
                .get_ref(2)?
                .as_blob()
                .map_err(|_| row::damaged(2, "digest"))?;
            Ok(FeedHead {
                head_seq: row::count(row.get(0)?),
                floor_seq: row::count(row.get(1)?),
                moved_seq: row::count(row.get(3)?),
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

/// What is read of a feed: places after `after` and up to `to`, until they
/// exceed `max_bytes`.
struct Range<'a> {
    grid: &'a GridId,
    after: u64,
    to: u64,
    own: Option<&'a ActorId>,
    max_bytes: usize,
}

fn list(connection: &Connection, range: &Range<'_>) -> StorageResult<Vec<FeedPlace>> {
    // Whatever place of this feed belongs to a record that has left, the
    // leaving is a later place.
    let has_moves: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM record_move WHERE from_grid = ?1 AND from_seq > ?2)
                 OR EXISTS (SELECT 1 FROM record_move WHERE to_grid = ?1 AND to_seq > ?2)",
        )?
        .query_row(
            params![range.grid.as_bytes(), row::integer(range.after)],
            |row| row.get(0),
        )?;
    if has_moves {
        list_with_moves(connection, range)
    } else {
        list_changes(connection, range)
    }
}

fn feed_change(row: &Row<'_>) -> rusqlite::Result<FeedChange> {
    Ok(FeedChange {
        seq: row::count(row.get(0)?),
        record: row::id(row, 1, RecordId::from_bytes)?,
        record_epoch: row.get(2)?,
        kind: row::kind(row, 3)?,
        hash: row::hash(row, 4)?,
        actor: row::id(row, 5, ActorId::from_bytes)?,
        bytes: row.get(6)?,
    })
}

/// Adds a place; answers whether the page is full without it.
fn overflows(
    places: &mut Vec<FeedPlace>,
    bytes: &mut usize,
    place: FeedPlace,
    max_bytes: usize,
) -> bool {
    *bytes += place.bytes() + PLACE_BYTES;
    if *bytes > max_bytes && !places.is_empty() {
        return true;
    }
    places.push(place);
    false
}

/// As [`list_changes`], where a record came or left after the range's start.
fn list_with_moves(connection: &Connection, range: &Range<'_>) -> StorageResult<Vec<FeedPlace>> {
    let mut statement = connection.prepare_cached(
        "SELECT place.seq, place.record, record.grid, record.moves, place.is_arrival
         FROM (SELECT seq, record, NULL AS is_arrival FROM change
                   WHERE grid = ?1 AND seq > ?2 AND seq <= ?3
               UNION ALL SELECT from_seq, record, 0 FROM record_move
                   WHERE from_grid = ?1 AND from_seq > ?2 AND from_seq <= ?3
               UNION ALL SELECT to_seq, record, 1 FROM record_move
                   WHERE to_grid = ?1 AND to_seq > ?2 AND to_seq <= ?3) AS place
         JOIN record ON record.id = place.record
         ORDER BY place.seq",
    )?;
    let mut change = connection.prepare_cached(
        "SELECT seq, record, record_epoch, kind, hash, actor,
                CASE WHEN actor IS ?3 THEN x'' ELSE bytes END
         FROM change WHERE grid = ?1 AND seq = ?2",
    )?;
    let mut rows = statement.query(params![
        range.grid.as_bytes(),
        row::integer(range.after),
        row::integer(range.to),
    ])?;
    let (mut places, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let record = row::id(row, 1, RecordId::from_bytes)?;
        let grid = row::id(row, 2, GridId::from_bytes)?;
        let is_arrival: Option<bool> = row.get(4)?;
        let place = match is_arrival {
            Some(true) if grid == *range.grid => FeedPlace::MovedIn {
                seq: row::count(seq),
                row: Box::new(
                    record::find_row(connection, &record)?
                        .ok_or(StorageError::Corrupt("record"))?,
                ),
            },
            None if grid == *range.grid => FeedPlace::Change(change.query_row(
                params![range.grid.as_bytes(), seq, range.own.map(ActorId::as_bytes)],
                feed_change,
            )?),
            _ => FeedPlace::MovedOut {
                seq: row::count(seq),
                record,
                to: grid,
                moves: row.get(3)?,
            },
        };
        if overflows(&mut places, &mut bytes, place, range.max_bytes) {
            break;
        }
    }
    Ok(places)
}

fn list_changes(connection: &Connection, range: &Range<'_>) -> StorageResult<Vec<FeedPlace>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, record, record_epoch, kind, hash, actor,
                CASE WHEN actor IS ?4 THEN x'' ELSE bytes END
         FROM change WHERE grid = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq",
    )?;
    let mut rows = statement.query(params![
        range.grid.as_bytes(),
        row::integer(range.after),
        row::integer(range.to),
        range.own.map(ActorId::as_bytes),
    ])?;
    let (mut places, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let place = FeedPlace::Change(feed_change(row)?);
        if overflows(&mut places, &mut bytes, place, range.max_bytes) {
            break;
        }
    }
    Ok(places)
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
    ) -> StorageResult<Vec<FeedPlace>> {
        let (grid, own) = (*grid, own.copied());
        self.read(move |connection| {
            let range = Range {
                grid: &grid,
                after,
                to,
                own: own.as_ref(),
                max_bytes,
            };
            list(connection, &range)
        })
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
                gone += floor - head.floor_seq;
                head.floor_seq = floor;
                connection
                    .prepare_cached("DELETE FROM change WHERE grid = ?1 AND seq <= ?2")?
                    .execute(params![grid.as_bytes(), row::integer(floor)])?;
            }
            Ok(gone)
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
