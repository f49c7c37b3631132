//! What can still be read of a damaged database. Every read may fail; a failed
//! one is narrowed down until only what lies on damaged pages is missing.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use wangge_model::{
    ChangeHash, GridId, Incarnation, RecordId, Timestamp,
    document::{FieldEdit, RecordDocument},
    protocol::PushItem,
};

use super::{identity::Identity, journal::Entry};
use crate::{
    Draft, StoreKey,
    store::{
        KeptRollAnswer, StoreError, columns, connection,
        document::{self, Held},
        draft,
        outbox::Status,
        roll_call,
    },
};

/// How often reading is tried in all. A failed try costs about a millisecond.
const MOST_TRIES: u32 = 5_000;
/// Above every row number that occurs.
const LAST_ROW: i64 = 1 << 32;

/// What was read.
#[derive(Debug, Default)]
pub(in crate::store) struct Salvage {
    pub(in crate::store) identity: Option<Identity>,
    /// Unsent changes, in the order made.
    pub(in crate::store) entries: Vec<Entry>,
    /// All changes of the records that have unsent ones.
    pub(in crate::store) documents: HashMap<RecordId, Vec<Vec<u8>>>,
    pub(in crate::store) drafts: Vec<Draft>,
    /// Answers to roll calls, decided on or not.
    pub(in crate::store) roll_answers: Vec<KeptRollAnswer>,
    /// Erased records: id, unsent change, time.
    pub(in crate::store) erased: Vec<(Vec<u8>, Option<Vec<u8>>, i64)>,
}

/// Reads what can be read of the file at `path`; `journal` names records whose
/// documents are wanted besides those with unsent changes in the file.
pub(in crate::store) fn salvage(
    path: &Path,
    key: &StoreKey,
    vfs: Option<&'static str>,
    journal: &[Entry],
) -> Salvage {
    let mut reader = Reader {
        path: path.to_owned(),
        key: key.clone(),
        vfs,
        connection: None,
        tries: MOST_TRIES,
    };
    let mut salvage = Salvage {
        identity: reader.attempt(Identity::load),
        ..Salvage::default()
    };
    let mut documents: HashMap<i64, Option<Readable>> = HashMap::new();
    for row in reader.rows("outbox", "position", OutboxRow::COLUMNS, OutboxRow::read) {
        if row.status == Status::Receipted.number() {
            continue;
        }
        let readable = documents.entry(row.record).or_insert_with(|| {
            Readable::load(&mut reader, |db| document::load_held(db, row.record))
        });
        if let Some(entry) = readable.as_ref().and_then(|it| row.entry(&mut reader, it)) {
            salvage.entries.push(entry);
        }
    }
    let mut readables: HashMap<RecordId, Readable> = documents
        .into_values()
        .flatten()
        .map(|readable| (readable.held.id, readable))
        .collect();
    for entry in journal {
        let id = entry.item.record;
        if !readables.contains_key(&id)
            && let Some(readable) = Readable::load(&mut reader, |db| {
                document::find(db, &id)?.ok_or(StoreError::RecordNotFound(id))
            })
        {
            readables.insert(id, readable);
        }
    }
    salvage.documents = readables
        .into_iter()
        .filter_map(|(id, readable)| {
            let changes = readable.document?.changes();
            Some((id, changes.into_iter().map(|change| change.bytes).collect()))
        })
        .collect();
    salvage.drafts = reader
        .rows("draft", "rowid", draft::DraftRow::COLUMNS, |row| {
            draft::DraftRow::read_from(row, 1)
        })
        .into_iter()
        .filter_map(|row| row.into_draft().ok())
        .collect();
    salvage.erased = reader.rows("erased", "rowid", "record, hash, at", |row| {
        Ok((row.get(1)?, row.get(2)?, row.get(3)?))
    });
    // A file of an older app has no such table, and looking for its rows piece by
    // piece would cost every try.
    let sql = "SELECT 1 FROM roll_answer LIMIT 0";
    if reader.attempt(|db| Ok(db.prepare(sql).is_ok())) == Some(true) {
        salvage.roll_answers = reader.rows("roll_answer", "position", roll_call::COLUMNS, |row| {
            roll_call::read_from(row, 1)
        });
    }
    salvage
}

struct Reader {
    path: PathBuf,
    key: StoreKey,
    vfs: Option<&'static str>,
    connection: Option<Connection>,
    tries: u32,
}

impl Reader {
    /// Reads something; `None` if it cannot be read. A connection that met
    /// damage stays in error, so the next attempt opens another.
    fn attempt<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Option<T> {
        self.tries = self.tries.checked_sub(1)?;
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => connection::open_reader(&self.path, &self.key, self.vfs).ok()?,
        };
        match work(&connection) {
            Ok(found) => {
                self.connection = Some(connection);
                Some(found)
            }
            Err(_) => None,
        }
    }

    /// Every readable row of a table, in the order of its row numbers.
    fn rows<T>(
        &mut self,
        table: &str,
        number: &str,
        columns: &str,
        mut read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let sql = format!(
            "SELECT {number}, {columns} FROM {table}
             WHERE {number} BETWEEN ?1 AND ?2 ORDER BY {number}"
        );
        let mut found = Vec::new();
        let mut ranges = vec![(1, LAST_ROW)];
        while let Some((first, last)) = ranges.pop() {
            let mut next = first;
            let done = self.attempt(|db| {
                let mut statement = db.prepare(&sql)?;
                let mut rows = statement.query([first, last])?;
                while let Some(row) = rows.next()? {
                    next = row.get::<_, i64>(0)? + 1;
                    // A row that is none is damage as well, of this row only.
                    if let Ok(row) = read(row) {
                        found.push(row);
                    }
                }
                Ok(())
            });
            if done.is_none() && next < last && self.tries > 0 {
                let middle = next + (last - next) / 2;
                ranges.push((middle + 1, last));
                ranges.push((next, middle));
            }
        }
        found
    }
}

/// A record of which at least the bookkeeping can be read.
struct Readable {
    held: Held,
    document: Option<RecordDocument>,
}

impl Readable {
    fn load(
        reader: &mut Reader,
        find: impl FnOnce(&Connection) -> Result<Held, StoreError>,
    ) -> Option<Self> {
        let held = reader.attempt(find)?;
        let document = reader.attempt(|db| document::open(db, &held));
        Some(Self { held, document })
    }
}

/// A row of the outbox as it is.
struct OutboxRow {
    record: i64,
    hash: ChangeHash,
    grid: GridId,
    record_epoch: u32,
    incarnation: Incarnation,
    status: i64,
    at: Timestamp,
    edits: Option<Vec<FieldEdit>>,
}

impl OutboxRow {
    const COLUMNS: &'static str =
        "record, hash, grid, record_epoch, incarnation, status, at, edits";

    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let edits: Option<Vec<u8>> = row.get(8)?;
        Ok(Self {
            record: row.get(1)?,
            hash: columns::change_hash(row.get_ref(2)?.as_blob()?)?,
            grid: columns::grid_id(row.get_ref(3)?.as_blob()?)?,
            record_epoch: row.get(4)?,
            incarnation: columns::incarnation(row.get_ref(5)?.as_blob()?)?,
            status: row.get(6)?,
            at: Timestamp::from_millis(row.get(7)?),
            edits: edits.and_then(|bytes| columns::decode(&bytes).ok()),
        })
    }

    /// The change with its bytes, from the document or from beside it.
    fn entry(self, reader: &mut Reader, readable: &Readable) -> Option<Entry> {
        let within = readable
            .document
            .as_ref()
            .and_then(|document| document.find_change(&self.hash))
            .map(|change| change.bytes);
        let change = within.or_else(|| {
            reader.attempt(|db| {
                Ok(db.query_row(
                    "SELECT bytes FROM change WHERE record = ?1 AND hash = ?2",
                    rusqlite::params![self.record, self.hash.as_bytes()],
                    |row| row.get(0),
                )?)
            })
        })?;
        Some(Entry {
            item: PushItem {
                record: readable.held.id,
                record_epoch: self.record_epoch,
                kind: readable.held.kind,
                grid: self.grid,
                hash: self.hash,
                change,
            },
            incarnation: self.incarnation,
            at: self.at,
            edits: self.edits,
        })
    }
}
