//! See [`FindingStorage`]: the search index and the match keys, kept a moment
//! behind the records.
//!
//! A commit only notes which records changed; indexing their texts there would
//! cost a push more than everything else. What is noted is read and prepared on
//! a reading connection, and one short write puts it in.
//!
//! The index holds groups of three characters. A word of three or more is a
//! phrase of groups; one of two is the beginning of groups and is looked up as
//! all of them, which the two spaces at the end of each text make complete. One
//! character begins far too many groups; it is looked up in an index of the
//! characters of each text.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, params};
use wangge_model::{
    GridId, RecordId, RecordKind,
    document::RecordDocument,
    duplicate::{MatchDigest, MatchKind, MatchSecret, match_keys},
    hazard::{Hazard, read_hazards},
};

use super::{SqliteStorage, duplicate, row, work};
use crate::storage::{FindingStorage, StorageError, StorageResult};

/// Most groups that begin with one word; a word of which there are more is
/// looked for by reading.
const MOST_GROUPS: usize = 20_000;

/// A record as the index will know it.
struct Prepared {
    record: RecordId,
    version: i64,
    kind: i64,
    grid: [u8; 16],
    state: String,
    edited_at: i64,
    conflict_count: i64,
    text: String,
    is_merged: bool,
    document: Option<Vec<u8>>,
    keys: Vec<(MatchDigest, MatchKind)>,
    hazards: BTreeMap<String, Hazard>,
}

/// Leaves a record that was written or moved to [`FindingStorage::index_some`].
pub(super) fn index_later(connection: &Connection, record: &RecordId) -> StorageResult<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO unindexed (record) VALUES (?1)")?
        .execute([record.as_bytes()])?;
    Ok(())
}

fn find_secret(connection: &Connection) -> StorageResult<MatchSecret> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = 'match_secret'")?
        .query_row([], |row| row.get(0).map(MatchSecret::from_bytes))
        .optional()?
        .ok_or(StorageError::Corrupt("match secret"))
}

/// Reads what waits, up to `most`, and whether that is all.
fn read_due(connection: &Connection, most: usize) -> StorageResult<(Vec<Prepared>, bool)> {
    let limit = i64::try_from(most + 1).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT record.id, record.version, record.kind, record.grid, record.state,
             record.edited_at, record.conflict_count, record.title, record.search_text,
             record.merged_into IS NOT NULL,
             CASE WHEN record.kind IN (?2, ?3) THEN record.document END
         FROM unindexed JOIN record ON record.id = unindexed.record
         ORDER BY unindexed.record LIMIT ?1",
    )?;
    let [households, places] = [RecordKind::Household, RecordKind::Place].map(RecordKind::number);
    let rows = statement.query_map(params![limit, households, places], |row| {
        let (title, search_text): (String, String) = (row.get(7)?, row.get(8)?);
        let is_merged = row.get(9)?;
        Ok(Prepared {
            record: row::id(row, 0, RecordId::from_bytes)?,
            version: row.get(1)?,
            kind: row.get(2)?,
            grid: row.get(3)?,
            state: row.get(4)?,
            edited_at: row.get(5)?,
            conflict_count: row.get(6)?,
            // Nothing finds a merged record but the one it stands for.
            text: if is_merged {
                String::new()
            } else {
                format!("{title}\n{search_text}  ")
            },
            is_merged,
            document: row.get(10)?,
            keys: Vec::new(),
            hazards: BTreeMap::new(),
        })
    })?;
    let mut due = row::collect(rows)?;
    let more = due.len() > most;
    due.truncate(most);
    Ok((due, more))
}

/// Opens households and places for what makes them the same as others and for
/// their hazards. A document that cannot be read has neither; `verify` reports it.
fn prepare(due: &mut [Prepared], secret: &MatchSecret) {
    for one in due {
        let Some(bytes) = one.document.take() else {
            continue;
        };
        let kind = u8::try_from(one.kind)
            .ok()
            .and_then(RecordKind::from_number);
        let Some(kind) = kind else {
            continue;
        };
        if let Ok(document) = RecordDocument::load(kind, Some(&bytes), []) {
            let (grid, fields) = (GridId::from_bytes(one.grid), document.read());
            let keys = match_keys(kind, &fields);
            let digests = keys
                .iter()
                .map(|key| (secret.digest_in(&grid, key), key.kind));
            one.keys = digests.collect();
            one.keys.sort_unstable();
            one.keys.dedup();
            one.hazards = read_hazards(&fields);
        }
    }
}

/// Puts in what is still as it was read.
fn put(connection: &Connection, prepared: &[Prepared]) -> StorageResult<()> {
    let mut find_version = connection.prepare_cached("SELECT version FROM record WHERE id = ?1")?;
    let mut find_known =
        connection.prepare_cached("SELECT number, keys FROM indexed WHERE record = ?1")?;
    let mut added: Vec<(MatchDigest, RecordId)> = Vec::new();
    let mut removed: Vec<(MatchDigest, RecordId)> = Vec::new();
    let mut paired: Vec<&Prepared> = Vec::new();
    for one in prepared {
        let id = one.record.as_bytes();
        let version: i64 = find_version.query_row([id], |row| row.get(0))?;
        if version != one.version {
            // Written again meanwhile; it is still noted and comes again.
            continue;
        }
        let known: Option<(i64, Vec<u8>)> = find_known
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let keys: Vec<u8> = one
            .keys
            .iter()
            .flat_map(|(key, _)| *key.as_bytes())
            .collect();
        let mut had_keys = false;
        let number = if let Some((number, old_keys)) = known {
            for delete in [
                "DELETE FROM search WHERE rowid = ?1",
                "DELETE FROM search_character WHERE rowid = ?1",
            ] {
                connection.prepare_cached(delete)?.execute([number])?;
            }
            had_keys = !old_keys.is_empty();
            removed.extend(split_keys(&old_keys).map(|key| (key, one.record)));
            Some(number)
        } else {
            None
        };
        connection
            .prepare_cached(
                "INSERT INTO indexed (number, record, kind, grid, state, edited_at,
                                      conflict_count, keys)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (record) DO UPDATE SET kind = excluded.kind, grid = excluded.grid,
                     state = excluded.state, edited_at = excluded.edited_at,
                     conflict_count = excluded.conflict_count, keys = excluded.keys",
            )?
            .execute(params![
                number,
                id,
                one.kind,
                one.grid,
                one.state,
                one.edited_at,
                one.conflict_count,
                keys,
            ])?;
        let number = number.unwrap_or_else(|| connection.last_insert_rowid());
        connection
            .prepare_cached("INSERT INTO search (rowid, text) VALUES (?1, ?2)")?
            .execute(params![number, one.text])?;
        connection
            .prepare_cached("INSERT INTO search_character (rowid, characters) VALUES (?1, ?2)")?
            .execute(params![number, codes(&one.text)])?;
        work::put_hazards(connection, &one.record, &one.grid, &one.hazards)?;
        if !one.keys.is_empty() || had_keys {
            paired.push(one);
        }
        added.extend(one.keys.iter().map(|(key, _)| (*key, one.record)));
        connection
            .prepare_cached("DELETE FROM unindexed WHERE record = ?1")?
            .execute([id])?;
    }
    // In order, so that keys of many records touch a page once and not each for
    // itself.
    added.sort_unstable();
    removed.sort_unstable();
    change_keys(
        connection,
        "DELETE FROM match_key WHERE key = ?1 AND record = ?2",
        &removed,
    )?;
    change_keys(
        connection,
        "INSERT OR IGNORE INTO match_key (key, record) VALUES (?1, ?2)",
        &added,
    )?;
    for one in paired {
        duplicate::pair(connection, &one.record, one.is_merged, &one.keys)?;
    }
    Ok(())
}

fn change_keys(
    connection: &Connection,
    sql: &str,
    keys: &[(MatchDigest, RecordId)],
) -> StorageResult<()> {
    let mut statement = connection.prepare_cached(sql)?;
    for (key, record) in keys {
        statement.execute(params![key.as_bytes(), record.as_bytes()])?;
    }
    Ok(())
}

fn split_keys(bytes: &[u8]) -> impl Iterator<Item = MatchDigest> {
    bytes
        .chunks_exact(16)
        .filter_map(|chunk| Some(MatchDigest::from_bytes(chunk.try_into().ok()?)))
}

/// What the indexes are asked for a text; at least one of the two.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct MatchQuery {
    /// Query of `search`: every word of two and more characters.
    pub(super) groups: Option<String>,
    /// Query of `search_character`: every word of one.
    pub(super) characters: Option<String>,
}

/// The queries that every word of a text answers; `None` where a word begins too
/// many groups.
pub(super) fn match_query(
    connection: &Connection,
    words: &[String],
) -> StorageResult<Option<MatchQuery>> {
    let mut groups = Vec::new();
    let mut characters = Vec::new();
    for word in words {
        let mut letters = word.chars();
        match (letters.next(), letters.next(), letters.next()) {
            (Some(one), None, _) => characters.push(code(one)),
            (_, _, Some(_)) => groups.push(quoted(word)),
            _ => {
                let found = list_groups(connection, word)?;
                if found.len() > MOST_GROUPS {
                    return Ok(None);
                }
                let any: Vec<String> = found.iter().map(|group| quoted(group)).collect();
                // A group nobody has: the word is nowhere, and neither is the text.
                groups.push(if any.is_empty() {
                    quoted("\u{1}\u{1}\u{1}")
                } else {
                    format!("({})", any.join(" OR "))
                });
            }
        }
    }
    let all = |parts: Vec<String>| (!parts.is_empty()).then(|| parts.join(" AND "));
    Ok(Some(MatchQuery {
        groups: all(groups),
        characters: all(characters),
    }))
}

/// A character as `search_character` has it.
fn code(character: char) -> String {
    format!("u{:x}", u32::from(character))
}

/// The characters of a text, each once, as `search_character` has them.
fn codes(text: &str) -> String {
    let characters: BTreeSet<char> = text
        .to_lowercase()
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    let codes: Vec<String> = characters.into_iter().map(code).collect();
    codes.join(" ")
}

fn quoted(phrase: &str) -> String {
    format!("\"{}\"", phrase.replace('"', "\"\""))
}

fn list_groups(connection: &Connection, word: &str) -> StorageResult<Vec<String>> {
    let limit = i64::try_from(MOST_GROUPS + 1).unwrap_or(i64::MAX);
    let mut statement = connection
        .prepare_cached("SELECT term FROM search_term WHERE term >= ?1 AND term < ?2 LIMIT ?3")?;
    row::collect(
        statement.query_map(params![word, format!("{word}\u{10FFFF}"), limit], |row| {
            row.get(0)
        })?,
    )
}

#[async_trait]
impl FindingStorage for SqliteStorage {
    async fn index_some(&self, most: usize) -> StorageResult<bool> {
        let (prepared, more) = self
            .read(move |connection| {
                let (mut due, more) = read_due(connection, most)?;
                if !due.is_empty() {
                    prepare(&mut due, &find_secret(connection)?);
                }
                Ok((due, more))
            })
            .await?;
        if !prepared.is_empty() {
            let prepared = Arc::new(prepared);
            self.write(move |connection, _| put(connection, &prepared))
                .await?;
        }
        Ok(more)
    }

    async fn count_unindexed(&self) -> StorageResult<u64> {
        self.read(|connection| {
            let count = connection
                .prepare_cached("SELECT count(*) FROM unindexed")?
                .query_row([], |row| row.get(0))?;
            Ok(row::count(count))
        })
        .await
    }

    async fn list_matches(
        &self,
        keys: &[MatchDigest],
    ) -> StorageResult<Vec<(MatchDigest, RecordId)>> {
        let keys = keys.to_vec();
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT record FROM match_key WHERE key = ?1")?;
            let mut matches = Vec::new();
            for key in keys {
                let records = statement.query_map([key.as_bytes()], |row| {
                    row::id(row, 0, RecordId::from_bytes)
                })?;
                for record in records {
                    // A merged record is known by the one it stands for.
                    matches.push((key, duplicate::resolve(connection, &record?)?));
                }
            }
            Ok(matches)
        })
        .await
    }

    async fn find_match_secret(&self) -> StorageResult<MatchSecret> {
        self.read(find_secret).await
    }
}
