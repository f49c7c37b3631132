//! Looking through a whole database for damage: the file itself, references,
//! feeds without gaps, digests that fit the records, documents that hold
//! exactly the changes of their feed. Reads one state and changes nothing.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use wangge_model::{
    ChangeHash, GridId, RecordId,
    document::RecordDocument,
    protocol::{GridDigest, record_fingerprint},
};

use super::{feed, row};
use crate::storage::StorageResult;

/// The first schema version in which records move.
const FIRST_WITH_MOVES: u32 = 2;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// SQLite's own check of the file.
    Integrity(String),
    /// Rows that refer to something that is not there.
    Reference {
        /// The table.
        table: String,
        /// How many rows.
        count: u64,
    },
    /// A place of a feed that is missing.
    FeedGap {
        /// The grid.
        grid: GridId,
        /// The first missing place.
        seq: u64,
    },
    /// A digest that does not fit the records.
    FeedDigest(GridId),
    /// A change whose bytes are not those the document holds under its hash.
    ChangeBytes {
        /// The grid.
        grid: GridId,
        /// Its place.
        seq: u64,
    },
    /// A document that cannot be read.
    Document {
        /// The record.
        record: RecordId,
        /// Why.
        detail: String,
    },
    /// A document with other heads than stored beside it.
    Heads(RecordId),
    /// A document and a feed that do not hold the same changes.
    Changes(RecordId),
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// Records.
    pub records: u64,
    /// Changes.
    pub changes: u64,
    /// Grids with a feed.
    pub feeds: u64,
}

/// The schema version of a database, without changing it.
pub fn find_schema_version(path: &Path) -> StorageResult<u32> {
    let connection = open(path)?;
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn open(path: &Path) -> StorageResult<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version < FIRST_WITH_MOVES {
        // Looked through all the same, for instance before it is restored.
        connection.execute_batch(
            "PRAGMA temp_store = MEMORY;
             CREATE TEMP TABLE record_move (record, from_grid, from_seq, to_grid, to_seq);",
        )?;
    }
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Looks through the database; every finding is told to `found`.
pub fn verify(path: &Path, found: &mut dyn FnMut(Finding)) -> StorageResult<Verified> {
    let mut connection = open(path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    integrity(&transaction, found)?;
    references(&transaction, found)?;
    let mut verified = Verified::default();
    let heads = feed_heads(&transaction)?;
    verified.feeds = u64::try_from(heads.len()).unwrap_or(u64::MAX);
    for (grid, head) in &heads {
        verified.changes += places(&transaction, grid, head.floor_seq, head.head_seq, found)?;
    }
    let digests = documents(&transaction, &mut verified, found)?;
    for (grid, head) in &heads {
        if digests
            .get(grid)
            .map_or(head.digest != GridDigest::default(), |d| *d != head.digest)
        {
            found(Finding::FeedDigest(*grid));
        }
    }
    for grid in digests.keys().filter(|grid| !heads.contains_key(grid)) {
        found(Finding::FeedDigest(*grid));
    }
    Ok(verified)
}

fn integrity(connection: &Connection, found: &mut dyn FnMut(Finding)) -> StorageResult<()> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = row::collect(statement.query_map([], |row| row.get::<_, String>(0))?)?;
    for line in lines.into_iter().filter(|line| line != "ok") {
        found(Finding::Integrity(line));
    }
    Ok(())
}

fn references(connection: &Connection, found: &mut dyn FnMut(Finding)) -> StorageResult<()> {
    let mut statement = connection
        .prepare("SELECT \"table\", count(*) FROM pragma_foreign_key_check GROUP BY \"table\"")?;
    let rows = row::collect(statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row::count(row.get(1)?)))
    })?)?;
    for (table, count) in rows {
        found(Finding::Reference { table, count });
    }
    Ok(())
}

fn feed_heads(
    connection: &Connection,
) -> StorageResult<BTreeMap<GridId, crate::storage::FeedHead>> {
    let mut statement = connection.prepare("SELECT grid FROM feed")?;
    let grids = row::collect(statement.query_map([], |row| row::id(row, 0, GridId::from_bytes))?)?;
    let mut heads = BTreeMap::new();
    for grid in grids {
        if let Some(head) = feed::find_head(connection, &grid)? {
            heads.insert(grid, head);
        }
    }
    Ok(heads)
}

/// Checks that a feed has every place from its floor to its head, changes and
/// moves together; answers how many changes it holds.
fn places(
    connection: &Connection,
    grid: &GridId,
    floor: u64,
    head: u64,
    found: &mut dyn FnMut(Finding),
) -> StorageResult<u64> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, 1 FROM change WHERE grid = ?1
             UNION ALL SELECT from_seq, 0 FROM record_move WHERE from_grid = ?1 AND from_seq > ?2
             UNION ALL SELECT to_seq, 0 FROM record_move WHERE to_grid = ?1 AND to_seq > ?2
             ORDER BY 1",
    )?;
    let mut rows = statement.query((grid.as_bytes(), row::integer(floor)))?;
    let (mut expected, mut count) = (floor + 1, 0);
    while let Some(row) = rows.next()? {
        let seq = row::count(row.get(0)?);
        if seq != expected {
            found(Finding::FeedGap {
                grid: *grid,
                seq: expected,
            });
        }
        expected = seq + 1;
        count += row::count(row.get(1)?);
    }
    if expected != head + 1 {
        found(Finding::FeedGap {
            grid: *grid,
            seq: expected,
        });
    }
    Ok(count)
}

/// Opens every document and compares it with its feed; answers the digest of
/// each grid as its records make it.
fn documents(
    connection: &Connection,
    verified: &mut Verified,
    found: &mut dyn FnMut(Finding),
) -> StorageResult<BTreeMap<GridId, GridDigest>> {
    let mut digests: BTreeMap<GridId, GridDigest> = BTreeMap::new();
    let mut statement = connection
        .prepare("SELECT id, kind, grid, record_epoch, heads, document FROM record ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        verified.records += 1;
        let record = row::id(row, 0, RecordId::from_bytes)?;
        let kind = row::kind(row, 1)?;
        let grid = row::id(row, 2, GridId::from_bytes)?;
        let epoch: u32 = row.get(3)?;
        let heads = row::heads(row, 4)?;
        let fingerprint = record_fingerprint(&record, epoch, &heads);
        digests
            .entry(grid)
            .or_default()
            .replace(&record, None, Some(fingerprint));
        let bytes = row.get_ref(5)?.as_blob().unwrap_or_default();
        match RecordDocument::load(kind, Some(bytes), []) {
            Err(error) => found(Finding::Document {
                record,
                detail: error.to_string(),
            }),
            Ok(document) => {
                if document.heads() != heads {
                    found(Finding::Heads(record));
                }
                changes(connection, &record, epoch, &document, found)?;
            }
        }
    }
    Ok(digests)
}

fn changes(
    connection: &Connection,
    record: &RecordId,
    epoch: u32,
    document: &RecordDocument,
    found: &mut dyn FnMut(Finding),
) -> StorageResult<()> {
    let mut held: HashMap<ChangeHash, Vec<u8>> = document
        .changes()
        .into_iter()
        .map(|change| (change.hash, change.bytes))
        .collect();
    let mut statement = connection.prepare_cached(
        "SELECT change.grid, seq, hash, bytes FROM change
         WHERE record = ?1 AND record_epoch = ?2",
    )?;
    let mut rows = statement.query((record.as_bytes(), epoch))?;
    let mut differs = false;
    while let Some(row) = rows.next()? {
        let grid = row::id(row, 0, GridId::from_bytes)?;
        let seq = row::count(row.get(1)?);
        match held.remove(&row::hash(row, 2)?) {
            None => differs = true,
            Some(bytes) => {
                if row
                    .get_ref(3)?
                    .as_blob()
                    .is_ok_and(|stored| stored != bytes)
                {
                    found(Finding::ChangeBytes { grid, seq });
                }
            }
        }
    }
    // Below its floor a feed has forgotten changes that documents still hold.
    if differs || (!held.is_empty() && !has_floor(connection, record)?) {
        found(Finding::Changes(*record));
    }
    Ok(())
}

/// Whether a feed that may have held the record's changes was shortened: of the
/// grid it is in, or of one it was in.
fn has_floor(connection: &Connection, record: &RecordId) -> StorageResult<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM feed WHERE floor_seq > 0 AND grid IN (
                 SELECT grid FROM record WHERE id = ?1
                 UNION ALL SELECT from_grid FROM record_move WHERE record = ?1))",
        )?
        .query_row([record.as_bytes()], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use wangge_model::RecordKind;

    use super::*;
    use crate::storage::{MetaStorage as _, SqliteStorage};

    const HERE: [u8; 16] = [1; 16];

    /// A database with one grid and one record of one change, as the server
    /// would have left it, and then whatever `damage` does to it.
    async fn findings(damage: &str) -> (Verified, Vec<Finding>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.sqlite");
        SqliteStorage::open(&path).unwrap().close().await.unwrap();
        fill(&Connection::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        connection
            .pragma_update(None, "foreign_keys", false)
            .unwrap();
        connection.execute_batch(damage).unwrap();
        drop(connection);
        let mut all = Vec::new();
        let verified = verify(&path, &mut |finding| all.push(finding)).unwrap();
        (verified, all)
    }

    fn fill(connection: &Connection) {
        use wangge_model::{ActorId, FieldPath, FieldValue, Timestamp, document::FieldEdit};
        let record = RecordId::from_bytes([2; 16]);
        let mut document = RecordDocument::new(RecordKind::Household);
        let edit = FieldEdit::set(
            FieldPath::new("address.room").unwrap(),
            FieldValue::text("501"),
        );
        let actor = ActorId::from_bytes([3; 16]);
        let change = document
            .edit(&[edit], actor, Timestamp::from_millis(0))
            .unwrap()
            .unwrap();
        let mut digest = GridDigest::default();
        let heads = document.heads();
        digest.replace(&record, None, Some(record_fingerprint(&record, 0, &heads)));
        connection
            .execute(
                "INSERT INTO org_node (id, level, name, path, valid_from)
                 VALUES (?1, 'grid', 'g', '/', 0)",
                [HERE],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO record (id, kind, grid, record_epoch, document, heads, version,
                     title, person_name, phone, state, category, urgency, number, member_count,
                     conflict_count, edited_at, search_text, created_at, changed_at)
                 VALUES (?1, ?2, ?3, 0, ?4, ?5, 1, '', '', '', '', '', '', '', 0, 0, 0, '', 0, 0)",
                rusqlite::params![
                    record.as_bytes(),
                    RecordKind::Household.number(),
                    HERE,
                    document.save(),
                    row::heads_to_blob(&heads),
                ],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO change (grid, seq, record, record_epoch, kind, hash, actor,
                     actor_seq, bytes) VALUES (?1, 1, ?2, 0, ?3, ?4, ?5, 1, ?6)",
                rusqlite::params![
                    HERE,
                    record.as_bytes(),
                    RecordKind::Household.number(),
                    change.hash.as_bytes(),
                    actor.as_bytes(),
                    change.bytes,
                ],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO feed (grid, head_seq, floor_seq, digest) VALUES (?1, 1, 0, ?2)",
                rusqlite::params![HERE, digest.to_bytes()],
            )
            .unwrap();
    }

    #[tokio::test]
    async fn a_sound_database_has_no_findings() {
        let (verified, findings) = findings("").await;
        assert_eq!(findings, []);
        assert_eq!(
            verified,
            Verified {
                records: 1,
                changes: 1,
                feeds: 1
            }
        );
    }

    #[tokio::test]
    async fn each_kind_of_damage_is_found() {
        let grid = GridId::from_bytes(HERE);
        let record = RecordId::from_bytes([2; 16]);
        for (damage, expected) in [
            (
                "UPDATE change SET seq = 2",
                Finding::FeedGap { grid, seq: 1 },
            ),
            (
                "UPDATE feed SET head_seq = 2",
                Finding::FeedGap { grid, seq: 2 },
            ),
            (
                "UPDATE feed SET digest = zeroblob(8192)",
                Finding::FeedDigest(grid),
            ),
            ("DELETE FROM feed", Finding::FeedDigest(grid)),
            (
                "UPDATE change SET bytes = x'00'",
                Finding::ChangeBytes { grid, seq: 1 },
            ),
            (
                "UPDATE record SET heads = zeroblob(32)",
                Finding::Heads(record),
            ),
            ("DELETE FROM change", Finding::Changes(record)),
            (
                "UPDATE change SET hash = zeroblob(32)",
                Finding::Changes(record),
            ),
            (
                "UPDATE record SET grid = zeroblob(16)",
                Finding::Reference {
                    table: "record".to_owned(),
                    count: 1,
                },
            ),
        ] {
            let (_, found) = findings(damage).await;
            assert!(found.contains(&expected), "{damage}: {found:?}");
        }
        let (_, found) = findings("UPDATE record SET document = x'00'").await;
        assert!(
            matches!(found.as_slice(), [Finding::Document { .. }]),
            "{found:?}"
        );
    }
}
