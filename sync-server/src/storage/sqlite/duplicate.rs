//! See [`DuplicateStorage`].

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, named_params, params};
use wangge_model::{
    ChangeHash, PersonId, RecordId, Timestamp,
    duplicate::{MatchDigest, MatchKind},
};

use super::{
    SqliteStorage,
    record::{LISTED_COLUMNS, listed},
    row::{self, SUMMARY_COLUMNS},
    scope::in_scope,
};
use crate::storage::{
    Alias, DuplicatePage, DuplicatePair, DuplicateStorage, ListedRecord, StorageResult,
};

/// Records that share one key up to which they are pairs; a key of more says
/// nothing about any two of them.
const MOST_ALIKE: i64 = 20;
/// Steps of a chain of merges that are followed.
const MOST_STEPS: usize = 100;

/// The record this one stands for. A ring, which nobody makes, stands for
/// itself.
pub(super) fn resolve(connection: &Connection, id: &RecordId) -> StorageResult<RecordId> {
    let mut statement =
        connection.prepare_cached("SELECT merged_into FROM record WHERE id = ?1")?;
    let mut at = *id;
    for _ in 0..MOST_STEPS {
        let next = statement
            .query_row([at.as_bytes()], |row| {
                row::optional_id(row, 0, RecordId::from_bytes)
            })
            .optional()?
            .flatten();
        match next {
            Some(next) => at = next,
            None => return Ok(at),
        }
    }
    Ok(*id)
}

/// A query of the ids of a record (`:household` and the like) and its aliases.
pub(super) fn with_aliases(name: &str) -> String {
    format!(
        "WITH RECURSIVE same (id) AS (
             SELECT {name} UNION SELECT alias.id FROM same
             JOIN record AS alias ON alias.merged_into = same.id)
         SELECT id FROM same"
    )
}

/// Writes anew of which records this one may be a duplicate. Its keys are in
/// the table already.
pub(super) fn pair(
    connection: &Connection,
    record: &RecordId,
    is_merged: bool,
    keys: &[(MatchDigest, MatchKind)],
) -> StorageResult<()> {
    for sql in [
        "DELETE FROM duplicate_pair WHERE one = ?1",
        "DELETE FROM duplicate_pair WHERE other = ?1",
    ] {
        connection
            .prepare_cached(sql)?
            .execute([record.as_bytes()])?;
    }
    if is_merged {
        return Ok(());
    }
    let mut shared: BTreeMap<RecordId, Vec<MatchKind>> = BTreeMap::new();
    let mut find = connection
        .prepare_cached("SELECT record FROM match_key WHERE key = ?1 AND record <> ?2 LIMIT ?3")?;
    for (key, kind) in keys {
        let rows = find.query_map(
            params![key.as_bytes(), record.as_bytes(), MOST_ALIKE + 1],
            |row| row::id(row, 0, RecordId::from_bytes),
        )?;
        let others = row::collect(rows)?;
        if row::integer(others.len() as u64) > MOST_ALIKE {
            continue;
        }
        for other in others {
            shared.entry(other).or_default().push(*kind);
        }
    }
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO duplicate_pair (one, other, surest, shared)
         SELECT min(?1, ?2), max(?1, ?2), ?3, ?4 FROM record
         WHERE id = ?2 AND merged_into IS NULL",
    )?;
    for (other, kinds) in shared {
        let bits = kinds
            .iter()
            .fold(0_i64, |bits, kind| bits | (1 << kind.number()));
        let surest = kinds.iter().map(|kind| place(*kind)).min();
        insert.execute(params![
            record.as_bytes(),
            other.as_bytes(),
            surest.unwrap_or_default(),
            bits
        ])?;
    }
    Ok(())
}

/// Place among the kinds, the surest first.
fn place(kind: MatchKind) -> i64 {
    let places = (0..).zip(MatchKind::ALL);
    let found = places.into_iter().find(|(_, one)| *one == kind);
    found.map_or(0, |(place, _)| place)
}

fn kinds(bits: i64) -> Vec<MatchKind> {
    MatchKind::ALL
        .into_iter()
        .filter(|kind| bits & (1 << kind.number()) != 0)
        .collect()
}

const PAIRS: &str = "FROM duplicate_pair AS pair INDEXED BY duplicate_pair_surest
     CROSS JOIN record AS one ON one.id = pair.one
     CROSS JOIN record AS other ON other.id = pair.other
     WHERE one.grid IN (SELECT id FROM scope_decide)
       AND other.grid IN (SELECT id FROM scope_decide)
       AND (one.grid, one.kind) IN (SELECT id, kind FROM scope_record)
       AND (other.grid, other.kind) IN (SELECT id, kind FROM scope_record)
       AND one.merged_into IS NULL AND other.merged_into IS NULL
       AND NOT EXISTS (SELECT 1 FROM not_duplicate AS said
                       WHERE said.one = pair.one AND said.other = pair.other)";

fn list_pairs(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    offset: u64,
    limit: u32,
) -> StorageResult<DuplicatePage> {
    let (person, at) = (person.as_bytes(), at.as_millis());
    let total = connection
        .prepare_cached(&in_scope(&format!("SELECT count(*) {PAIRS}")))?
        .query_row(named_params! { ":person": person, ":at": at }, |row| {
            row.get(0)
        })?;
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT pair.one, pair.other, pair.shared {PAIRS}
         ORDER BY pair.surest, pair.one, pair.other LIMIT :limit OFFSET :offset"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person, ":at": at, ":limit": limit, ":offset": row::integer(offset),
        },
        |row| {
            Ok((
                row::id(row, 0, RecordId::from_bytes)?,
                row::id(row, 1, RecordId::from_bytes)?,
                row.get::<_, i64>(2)?,
            ))
        },
    )?;
    let found = row::collect(rows)?;
    let ids: Vec<String> = found
        .iter()
        .flat_map(|(one, other, _)| [one, other])
        .map(|id| format!("\"{}\"", hex::encode(id.as_bytes())))
        .collect();
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT {LISTED_COLUMNS}, {SUMMARY_COLUMNS}
         FROM (SELECT DISTINCT unhex(value) AS id FROM json_each(:ids)) AS page
         JOIN record ON record.id = page.id
         JOIN scope_record
             ON scope_record.id = record.grid AND scope_record.kind = record.kind"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person, ":at": at, ":ids": format!("[{}]", ids.join(",")),
        },
        |row| listed(row, 0),
    )?;
    let records: HashMap<RecordId, ListedRecord> = row::collect(rows)?
        .into_iter()
        .map(|record| (record.id, record))
        .collect();
    let pairs = found
        .into_iter()
        .filter_map(|(one, other, bits)| {
            Some(DuplicatePair {
                one: records.get(&one)?.clone(),
                other: records.get(&other)?.clone(),
                shared: kinds(bits),
            })
        })
        .collect();
    Ok(DuplicatePage {
        pairs,
        total: row::count(total),
    })
}

fn alias(row: &rusqlite::Row<'_>) -> rusqlite::Result<Alias> {
    Ok(Alias {
        record: row::id(row, 0, RecordId::from_bytes)?,
        into: row::id(row, 1, RecordId::from_bytes)?,
    })
}

#[async_trait]
impl DuplicateStorage for SqliteStorage {
    async fn list_duplicate_pairs(
        &self,
        person: &PersonId,
        at: Timestamp,
        offset: u64,
        limit: u32,
    ) -> StorageResult<DuplicatePage> {
        let person = *person;
        self.read(move |connection| list_pairs(connection, &person, at, offset, limit))
            .await
    }

    async fn put_not_duplicate(
        &self,
        one: &RecordId,
        other: &RecordId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<()> {
        let (one, other) = if one < other {
            (*one, *other)
        } else {
            (*other, *one)
        };
        let person = *person;
        self.write(move |connection, _| {
            connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO not_duplicate (one, other, person, at)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    one.as_bytes(),
                    other.as_bytes(),
                    person.as_bytes(),
                    at.as_millis()
                ])?;
            Ok(())
        })
        .await
    }

    async fn resolve_merged(&self, id: &RecordId) -> StorageResult<RecordId> {
        let id = *id;
        self.read(move |connection| resolve(connection, &id)).await
    }

    async fn list_aliases(&self, id: &RecordId) -> StorageResult<Vec<Alias>> {
        let id = *id;
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "WITH RECURSIVE alias (id, into_id) AS (
                     SELECT id, merged_into FROM record WHERE merged_into = ?1
                     UNION SELECT record.id, record.merged_into
                     FROM alias JOIN record ON record.merged_into = alias.id)
                 SELECT id, into_id FROM alias WHERE id <> ?1",
            )?;
            row::collect(statement.query_map([id.as_bytes()], alias)?)
        })
        .await
    }

    async fn list_merges_due(&self, most: u32) -> StorageResult<Vec<Alias>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT record.id, record.merged_into FROM merge_due
                 JOIN record ON record.id = merge_due.record
                 WHERE record.merged_into IS NOT NULL LIMIT ?1",
            )?;
            row::collect(statement.query_map([most], alias)?)
        })
        .await
    }

    async fn settle_merge(&self, alias: &RecordId, heads: &[ChangeHash]) -> StorageResult<()> {
        let (alias, heads) = (*alias, row::heads_to_blob(heads));
        self.write(move |connection, _| {
            connection
                .prepare_cached(
                    "DELETE FROM merge_due WHERE record = ?1
                       AND EXISTS (SELECT 1 FROM record WHERE id = ?1 AND heads = ?2)",
                )?
                .execute(params![alias.as_bytes(), heads])?;
            Ok(())
        })
        .await
    }
}
