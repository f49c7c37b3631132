//! See [`RecordStorage`].

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{
    GridId, PersonId, RecordId, RecordKind, Timestamp, document::RecordDocument, protocol::to_cbor,
};

use super::{
    SqliteStorage, case, commit, finding, list, moves,
    row::{self, SUMMARY_COLUMNS, SUMMARY_WIDTH},
    scope::in_scope,
};
use crate::storage::{
    Commit, CommitOutcome, ListedRecord, MoveOutcome, NewMove, RecordFilter, RecordPage,
    RecordStorage, SnapshotRow, StorageError, StorageResult, StoredRecord,
};

const STORED_COLUMNS: &str = "record.id, record.kind, record.grid, record.record_epoch, \
     record.document, record.heads, record.version, record.moves";
const STORED_WIDTH: usize = 8;

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredRecord> {
    Ok(StoredRecord {
        id: row::id(row, 0, RecordId::from_bytes)?,
        kind: row::kind(row, 1)?,
        grid: row::id(row, 2, GridId::from_bytes)?,
        record_epoch: row.get(3)?,
        document: row.get(4)?,
        heads: row::heads(row, 5)?,
        version: row::count(row.get(6)?),
        moves: row.get(7)?,
    })
}

pub(super) const LISTED_COLUMNS: &str =
    "record.id, record.kind, record.grid, scope_record.name, record.created_at, record.changed_at";
pub(super) const LISTED_WIDTH: usize = 6;

/// A list row whose columns start at `first`, followed by the summary's.
pub(super) fn listed(row: &Row<'_>, first: usize) -> rusqlite::Result<ListedRecord> {
    Ok(ListedRecord {
        id: row::id(row, first, RecordId::from_bytes)?,
        kind: row::kind(row, first + 1)?,
        grid: row::id(row, first + 2, GridId::from_bytes)?,
        grid_name: row.get(first + 3)?,
        created_at: row::time(row, first + 4)?,
        changed_at: row::time(row, first + 5)?,
        summary: row::summary(row, first + LISTED_WIDTH)?,
    })
}

/// A record, whoever asks.
pub(super) fn find(connection: &Connection, id: &RecordId) -> StorageResult<Option<StoredRecord>> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {STORED_COLUMNS} FROM record WHERE id = ?1"
        ))?
        .query_row([id.as_bytes()], stored)
        .optional()?)
}

/// A record as a snapshot carries it, whatever its grid.
pub(super) fn find_row(
    connection: &Connection,
    id: &RecordId,
) -> StorageResult<Option<SnapshotRow>> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {STORED_COLUMNS}, {SUMMARY_COLUMNS} FROM record WHERE id = ?1"
        ))?
        .query_row([id.as_bytes()], |row| {
            Ok(SnapshotRow {
                record: stored(row)?,
                summary: row::summary(row, STORED_WIDTH)?,
            })
        })
        .optional()?)
}

fn list_snapshot(
    connection: &Connection,
    grid: &GridId,
    after: Option<&RecordId>,
    max_records: u32,
    max_bytes: usize,
) -> StorageResult<Vec<SnapshotRow>> {
    let sql = format!(
        "SELECT {STORED_COLUMNS}, {SUMMARY_COLUMNS} FROM record
         WHERE grid = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    let after: &[u8] = after.map_or(&[], |id| id.as_bytes());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![grid.as_bytes(), after, max_records])?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let record = stored(row)?;
        bytes += record.document.len();
        if bytes > max_bytes && !page.is_empty() {
            break;
        }
        page.push(SnapshotRow {
            record,
            summary: row::summary(row, STORED_WIDTH)?,
        });
    }
    Ok(page)
}

/// Opens every document and writes the list rows that are not what it says.
fn rebuild(connection: &Connection) -> StorageResult<u64> {
    let mut wrong = 0;
    let sql = format!(
        "SELECT {STORED_COLUMNS}, {SUMMARY_COLUMNS} FROM record WHERE id > ?1 ORDER BY id LIMIT 1"
    );
    let mut after: Vec<u8> = Vec::new();
    loop {
        let next = connection
            .prepare_cached(&sql)?
            .query_row([&after], |row| {
                Ok((stored(row)?, row::summary(row, STORED_WIDTH)?))
            })
            .optional()?;
        let Some((record, summary)) = next else {
            return Ok(wrong);
        };
        after = record.id.as_bytes().to_vec();
        let document = RecordDocument::load(record.kind, Some(&record.document), [])
            .map_err(|_| StorageError::Corrupt("document"))?;
        let right = document.summary();
        if right == summary && document.heads() == record.heads {
            continue;
        }
        wrong += 1;
        finding::index_later(connection, &record.id)?;
        connection
            .prepare_cached(
                "UPDATE record SET heads = ?2, title = ?3, person_name = ?4, phone = ?5,
                     state = ?6, category = ?7, urgency = ?8, number = ?9, household = ?10,
                     occurred_at = ?11, member_count = ?12, conflict_count = ?13, edited_at = ?14,
                     search_text = ?15, place = ?16, residence = ?17, merged_into = ?18,
                     source = ?19, case_summary = ?20, version = version + 1
                 WHERE id = ?1",
            )?
            .execute(params![
                record.id.as_bytes(),
                row::heads_to_blob(&document.heads()),
                right.title,
                right.person_name,
                right.phone,
                right.state,
                right.category,
                right.urgency,
                right.number,
                right.household.as_ref().map(RecordId::as_bytes),
                right.occurred_at.map(Timestamp::as_millis),
                right.member_count,
                right.conflict_count,
                right.edited_at.as_millis(),
                right.search_text,
                right.place.as_ref().map(RecordId::as_bytes),
                right.residence,
                right.merged_into.as_ref().map(RecordId::as_bytes),
                right.source,
                right.case.as_ref().map(to_cbor),
            ])?;
        if record.kind == RecordKind::Incident {
            case::put(
                connection,
                &record.id,
                &record.grid,
                &right,
                right.edited_at,
            )?;
        }
    }
}

#[async_trait]
impl RecordStorage for SqliteStorage {
    async fn commit(&self, commit: Commit) -> StorageResult<CommitOutcome> {
        self.write(move |connection, batch| commit::commit(connection, batch, commit))
            .await
    }

    async fn move_record(&self, new: NewMove) -> StorageResult<MoveOutcome> {
        self.write(move |connection, batch| moves::move_record(connection, batch, &new))
            .await
    }

    async fn find_record(&self, id: &RecordId) -> StorageResult<Option<StoredRecord>> {
        let id = *id;
        self.read(move |connection| find(connection, &id)).await
    }

    async fn list_stored_records(&self, ids: &[RecordId]) -> StorageResult<Vec<StoredRecord>> {
        let ids = ids.to_vec();
        self.read(move |connection| {
            let mut records = Vec::new();
            for id in &ids {
                records.extend(find(connection, id)?);
            }
            Ok(records)
        })
        .await
    }

    async fn list_former_grids(&self, ids: &[RecordId]) -> StorageResult<Vec<(RecordId, GridId)>> {
        let ids = ids.to_vec();
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT from_grid FROM record_move WHERE record = ?1")?;
            let mut former = Vec::new();
            for id in ids {
                let grids = statement
                    .query_map([id.as_bytes()], |row| row::id(row, 0, GridId::from_bytes))?;
                for grid in grids {
                    former.push((id, grid?));
                }
            }
            Ok(former)
        })
        .await
    }

    async fn find_record_in_scope(
        &self,
        id: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Option<(StoredRecord, ListedRecord)>> {
        let (id, person) = (*id, *person);
        self.read(move |connection| {
            let sql = in_scope(&format!(
                "SELECT {STORED_COLUMNS}, {LISTED_COLUMNS}, {SUMMARY_COLUMNS}
                 FROM record JOIN scope_record ON scope_record.id = record.grid AND scope_record.kind = record.kind
                 WHERE record.id = :id"
            ));
            Ok(connection
                .prepare_cached(&sql)?
                .query_row(
                    named_params! {
                        ":person": person.as_bytes(),
                        ":at": at.as_millis(),
                        ":id": id.as_bytes(),
                    },
                    |row| Ok((stored(row)?, listed(row, STORED_WIDTH)?)),
                )
                .optional()?)
        })
        .await
    }

    async fn list_records(
        &self,
        person: &PersonId,
        at: Timestamp,
        filter: &RecordFilter,
    ) -> StorageResult<RecordPage> {
        let (person, filter) = (*person, filter.clone());
        self.read(move |connection| list::list(connection, &person, at, &filter))
            .await
    }

    async fn list_snapshot(
        &self,
        grid: &GridId,
        after: Option<&RecordId>,
        max_records: u32,
        max_bytes: usize,
    ) -> StorageResult<Vec<SnapshotRow>> {
        let (grid, after) = (*grid, after.copied());
        self.read(move |connection| {
            list_snapshot(connection, &grid, after.as_ref(), max_records, max_bytes)
        })
        .await
    }

    async fn count_records(&self, grid: &GridId) -> StorageResult<u64> {
        let grid = *grid;
        self.read(move |connection| {
            Ok(row::count(
                connection
                    .prepare_cached("SELECT count(*) FROM record WHERE grid = ?1")?
                    .query_row([grid.as_bytes()], |row| row.get(0))?,
            ))
        })
        .await
    }

    async fn newest_kind(&self, grid: &GridId) -> StorageResult<u8> {
        let grid = *grid;
        self.read(move |connection| {
            Ok(connection
                .prepare_cached("SELECT coalesce(max(kind), 0) FROM record WHERE grid = ?1")?
                .query_row([grid.as_bytes()], |row| row.get(0))?)
        })
        .await
    }

    async fn rebuild_summaries(&self) -> StorageResult<u64> {
        self.write(|connection, _| rebuild(connection)).await
    }
}

// The list row's columns and the summary's follow each other in every query.
const _: () = assert!(LISTED_WIDTH == 6 && SUMMARY_WIDTH == 18);
