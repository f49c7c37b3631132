//! A record's document on disk: a snapshot and the loose changes since, with
//! the bookkeeping row that says what it holds.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use wangge_model::{
    ChangeHash, GridId, RecordId, RecordKind, RecordSummary, Timestamp,
    document::{DocumentError, LocalChange, OpenDocuments, RecordDocument},
    guard,
    protocol::to_cbor,
};

use super::{StoreError, alias, columns, grid, search};

/// Loose changes after which a document is compacted: measured, from about ten
/// on a compacted history is half the size, and loading twenty costs less than
/// writing a snapshot at every save.
const MOST_LOOSE: i64 = 20;

/// The bookkeeping of one record, in memory while a transaction changes it.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) key: i64,
    pub(super) id: RecordId,
    pub(super) kind: RecordKind,
    pub(super) grid: GridId,
    pub(super) record_epoch: u32,
    pub(super) heads: Vec<ChangeHash>,
    pub(super) server_heads: Option<Vec<ChangeHash>>,
    pub(super) moves: u32,
    loose_count: i64,
    loose_bytes: i64,
    snapshot_bytes: i64,
    received: bool,
    pub(super) damaged: bool,
    pub(super) conflict_count: i64,
    pub(super) pending_count: i64,
    pub(super) refusal_count: i64,
}

impl Held {
    const COLUMNS: &'static str = "key, id, kind, grid, record_epoch, heads, server_heads, \
        loose_count, loose_bytes, snapshot_bytes, received, damaged, conflict_count, \
        pending_count, refusal_count, moves";

    /// A record that is not stored yet.
    pub(super) fn new(id: RecordId, kind: RecordKind, grid: GridId, record_epoch: u32) -> Self {
        Self {
            key: 0,
            id,
            kind,
            grid,
            record_epoch,
            heads: Vec::new(),
            server_heads: None,
            moves: 0,
            loose_count: 0,
            loose_bytes: 0,
            snapshot_bytes: 0,
            received: false,
            damaged: false,
            conflict_count: 0,
            pending_count: 0,
            refusal_count: 0,
        }
    }

    /// Whether the document is what the server sent and nobody opened.
    pub(super) const fn is_unopened(&self) -> bool {
        self.received
    }

    /// Whether a word about the record that knows of so many moves is older
    /// than what this life of the server said before: grids are read one after
    /// another, and a record may come back.
    pub(super) fn is_older_news(&self, moves: u32) -> bool {
        self.server_heads.is_some() && moves < self.moves
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let server_heads = row.get_ref(6)?.as_blob_or_null()?;
        Ok(Self {
            key: row.get(0)?,
            id: columns::record_id(row.get_ref(1)?.as_blob()?)?,
            kind: columns::record_kind(row.get(2)?)?,
            grid: columns::grid_id(row.get_ref(3)?.as_blob()?)?,
            record_epoch: row.get(4)?,
            heads: columns::split_hashes(row.get_ref(5)?.as_blob()?)?,
            server_heads: server_heads.map(columns::split_hashes).transpose()?,
            loose_count: row.get(7)?,
            loose_bytes: row.get(8)?,
            snapshot_bytes: row.get(9)?,
            received: row.get(10)?,
            damaged: row.get(11)?,
            conflict_count: row.get(12)?,
            pending_count: row.get(13)?,
            refusal_count: row.get(14)?,
            moves: row.get(15)?,
        })
    }
}

/// The record's bookkeeping, if the phone has the record.
pub(super) fn find(db: &Connection, id: &RecordId) -> Result<Option<Held>, StoreError> {
    let sql = format!("SELECT {} FROM record WHERE id = ?1", Held::COLUMNS);
    Ok(db
        .prepare_cached(&sql)?
        .query_row([id.as_bytes()], Held::read)
        .optional()?)
}

/// As [`find`], by the local number.
pub(super) fn load_held(db: &Connection, key: i64) -> Result<Held, StoreError> {
    let sql = format!("SELECT {} FROM record WHERE key = ?1", Held::COLUMNS);
    Ok(db.prepare_cached(&sql)?.query_row([key], Held::read)?)
}

/// Opens the document. What the server sent is as foreign as a change and goes
/// through the guard; either way the result must have the heads it claims.
pub(super) fn open(db: &Connection, held: &Held) -> Result<RecordDocument, StoreError> {
    let damaged = |reason: String| StoreError::Damaged {
        record: held.id,
        reason,
    };
    let snapshot: Option<Vec<u8>> = db
        .prepare_cached("SELECT snapshot FROM document WHERE record = ?1")?
        .query_row([held.key], |row| row.get(0))
        .optional()?;
    let loose = loose_changes(db, held.key)?;
    let opened = match snapshot {
        Some(bytes) if held.received && loose.is_empty() => guard::open_snapshot(held.kind, &bytes),
        snapshot => RecordDocument::load(
            held.kind,
            snapshot.as_deref(),
            loose.iter().map(Vec::as_slice),
        ),
    };
    let document = opened.map_err(|error: DocumentError| damaged(error.to_string()))?;
    if document.heads() != held.heads {
        return Err(damaged("it does not hold what its row says".to_owned()));
    }
    Ok(document)
}

/// As [`open`], if need be: from the documents kept open if it is one of them.
pub(super) fn open_kept(
    db: &Connection,
    held: &Held,
    kept: &Mutex<OpenDocuments>,
) -> Result<RecordDocument, StoreError> {
    match find_kept(held, kept) {
        Some(document) => Ok(document),
        None => open(db, held),
    }
}

/// As [`open_kept`], and kept open from then on.
pub(super) fn open_to_keep(
    db: &Connection,
    held: &Held,
    kept: &Mutex<OpenDocuments>,
) -> Result<RecordDocument, StoreError> {
    if let Some(document) = find_kept(held, kept) {
        return Ok(document);
    }
    let document = open(db, held)?;
    keep_open(kept, held.id, document.clone());
    Ok(document)
}

fn find_kept(held: &Held, kept: &Mutex<OpenDocuments>) -> Option<RecordDocument> {
    // What a damaged record holds is to be seen on the disk.
    if held.damaged {
        return None;
    }
    let found = lock(kept).find(&held.id, &held.heads);
    found.filter(|document| document.kind() == held.kind)
}

/// As [`open_kept`], for whoever changes the document and keeps it open again.
pub(super) fn take_kept(
    db: &Connection,
    held: &Held,
    kept: &Mutex<OpenDocuments>,
) -> Result<RecordDocument, StoreError> {
    if held.damaged {
        return open(db, held);
    }
    let found = lock(kept).take(&held.id, &held.heads);
    match found.filter(|document| document.kind() == held.kind) {
        Some(document) => Ok(document),
        None => open(db, held),
    }
}

/// Keeps a document open for the next time. May come before the commit it is a
/// part of: it is found by its heads only.
pub(super) fn keep_open(kept: &Mutex<OpenDocuments>, id: RecordId, document: RecordDocument) {
    lock(kept).keep(id, document);
}

/// The kind of a record whose document is open.
pub(super) fn kind_of_kept(kept: &Mutex<OpenDocuments>, id: &RecordId) -> Option<RecordKind> {
    lock(kept).find_kind(id)
}

/// What is kept is as good after a panic elsewhere as before.
fn lock(kept: &Mutex<OpenDocuments>) -> MutexGuard<'_, OpenDocuments> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The changes beside the snapshot, in order.
pub(super) fn loose_changes(db: &Connection, key: i64) -> Result<Vec<Vec<u8>>, StoreError> {
    Ok(db
        .prepare_cached("SELECT bytes FROM change WHERE record = ?1 ORDER BY position")?
        .query_map([key], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

/// As [`loose_changes`], each with its hash.
pub(super) fn loose_by_hash(
    db: &Connection,
    key: i64,
) -> Result<Vec<(ChangeHash, Vec<u8>)>, StoreError> {
    Ok(db
        .prepare_cached("SELECT hash, bytes FROM change WHERE record = ?1 ORDER BY position")?
        .query_map([key], |row| {
            Ok((
                columns::change_hash(row.get_ref(0)?.as_blob()?)?,
                row.get(1)?,
            ))
        })?
        .collect::<rusqlite::Result<_>>()?)
}

/// What a new record starts with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start<'a> {
    /// Its first change, made here.
    Change(&'a LocalChange),
    /// The server's bytes, unopened.
    Received(&'a [u8]),
    /// Changes that [`append`] adds.
    Empty,
}

/// Adds a record with its list row and what its document starts with. What
/// else is derived from it is read at leisure, see [`super::fact`].
pub(super) fn insert(
    tx: &Transaction<'_>,
    held: &mut Held,
    start: Start<'_>,
    summary: &RecordSummary,
) -> Result<(), StoreError> {
    held.conflict_count = i64::from(summary.conflict_count);
    match start {
        Start::Change(change) => {
            held.loose_count = 1;
            held.loose_bytes = columns::length(change.bytes.len());
            held.pending_count = 1;
        }
        Start::Received(bytes) => {
            held.snapshot_bytes = columns::length(bytes.len());
            held.received = true;
        }
        Start::Empty => {}
    }
    tx.prepare_cached(
        "INSERT INTO record (id, kind, grid, record_epoch, heads, server_heads, loose_count,
             loose_bytes, snapshot_bytes, received, pending_count, conflict_count, household,
             occurred_at, edited_at, member_count, title, person_name, phone, state, category,
             urgency, number, search_text, moves)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             ?19, ?20, ?21, ?22, ?23, ?24, ?25)",
    )?
    .execute(params![
        held.id.as_bytes(),
        held.kind.number(),
        held.grid.as_bytes(),
        held.record_epoch,
        columns::join_hashes(&held.heads),
        held.server_heads.as_deref().map(columns::join_hashes),
        held.loose_count,
        held.loose_bytes,
        held.snapshot_bytes,
        held.received,
        held.pending_count,
        summary.conflict_count,
        summary.household.as_ref().map(RecordId::as_bytes),
        summary.occurred_at.map(Timestamp::as_millis),
        summary.edited_at.as_millis(),
        summary.member_count,
        summary.title,
        summary.person_name,
        summary.phone,
        summary.state,
        summary.category,
        summary.urgency,
        summary.number,
        summary.search_text,
        held.moves,
    ])?;
    held.key = tx.last_insert_rowid();
    if has_detail(summary) {
        put_detail(tx, held.key, summary)?;
    }
    if summary.merged_into.is_some() {
        alias::put(tx, held.key, summary.merged_into)?;
    }
    search::add_later(tx, held.key)?;
    match start {
        Start::Change(change) => {
            insert_change(tx, held.key, &change.hash, &change.bytes)?;
        }
        Start::Received(bytes) => {
            tx.prepare_cached("INSERT INTO document (record, snapshot) VALUES (?1, ?2)")?
                .execute(params![held.key, bytes])?;
        }
        Start::Empty => {}
    }
    Ok(())
}

fn has_detail(summary: &RecordSummary) -> bool {
    summary.place.is_some() || summary.residence.is_some() || summary.case.is_some()
}

/// Writes what few list rows have.
fn put_detail(tx: &Transaction<'_>, key: i64, summary: &RecordSummary) -> Result<(), StoreError> {
    if !has_detail(summary) {
        tx.prepare_cached("DELETE FROM list_detail WHERE record = ?1")?
            .execute([key])?;
        return Ok(());
    }
    tx.prepare_cached(
        "INSERT INTO list_detail (record, place, residence, case_summary) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (record) DO UPDATE SET place = excluded.place,
             residence = excluded.residence, case_summary = excluded.case_summary
         WHERE place IS NOT excluded.place OR residence IS NOT excluded.residence
             OR case_summary IS NOT excluded.case_summary",
    )?
    .execute(params![
        key,
        summary.place.as_ref().map(RecordId::as_bytes),
        summary.residence,
        summary.case.as_ref().map(to_cbor),
    ])?;
    Ok(())
}

fn insert_change(
    tx: &Transaction<'_>,
    key: i64,
    hash: &ChangeHash,
    bytes: &[u8],
) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO change (record, hash, bytes) VALUES (?1, ?2, ?3)")?
        .execute(params![key, hash.as_bytes(), bytes])?;
    Ok(())
}

/// Adds a change to the loose ones.
pub(super) fn append(
    tx: &Transaction<'_>,
    held: &mut Held,
    hash: &ChangeHash,
    bytes: &[u8],
) -> Result<(), StoreError> {
    held.loose_count += 1;
    held.loose_bytes += columns::length(bytes.len());
    insert_change(tx, held.key, hash, bytes)
}

/// Folds the loose changes into the snapshot once there are many.
pub(super) fn compact_if_due(
    tx: &Transaction<'_>,
    held: &mut Held,
    document: &RecordDocument,
) -> Result<(), StoreError> {
    let outgrown = held.snapshot_bytes > 0 && held.loose_bytes > held.snapshot_bytes;
    if held.loose_count >= MOST_LOOSE || outgrown {
        store_snapshot(tx, held, &document.save(), false)?;
    }
    Ok(())
}

/// Replaces everything stored of the document; `received` if these are the
/// server's bytes that nobody has opened.
pub(super) fn store_snapshot(
    tx: &Transaction<'_>,
    held: &mut Held,
    bytes: &[u8],
    received: bool,
) -> Result<(), StoreError> {
    if held.loose_count > 0 {
        tx.prepare_cached("DELETE FROM change WHERE record = ?1")?
            .execute([held.key])?;
    }
    tx.prepare_cached("INSERT OR REPLACE INTO document (record, snapshot) VALUES (?1, ?2)")?
        .execute(params![held.key, bytes])?;
    held.loose_count = 0;
    held.loose_bytes = 0;
    held.snapshot_bytes = columns::length(bytes.len());
    held.received = received;
    held.damaged = false;
    Ok(())
}

/// Writes the bookkeeping back, and the list row if it may have changed; then
/// what else is derived from the document is due.
pub(super) fn store(
    tx: &Transaction<'_>,
    held: &mut Held,
    summary: Option<&RecordSummary>,
) -> Result<(), StoreError> {
    let heads = columns::join_hashes(&held.heads);
    let server_heads = held.server_heads.as_deref().map(columns::join_hashes);
    let Some(summary) = summary else {
        tx.prepare_cached(
            "UPDATE record SET grid = ?2, record_epoch = ?3, heads = ?4, server_heads = ?5,
                 loose_count = ?6, loose_bytes = ?7, snapshot_bytes = ?8, received = ?9,
                 damaged = ?10, pending_count = ?11, moves = ?12
             WHERE key = ?1",
        )?
        .execute(params![
            held.key,
            held.grid.as_bytes(),
            held.record_epoch,
            heads,
            server_heads,
            held.loose_count,
            held.loose_bytes,
            held.snapshot_bytes,
            held.received,
            held.damaged,
            held.pending_count,
            held.moves,
        ])?;
        return Ok(());
    };
    search::replace_later(tx, held.key, &summary.title, &summary.search_text)?;
    put_detail(tx, held.key, summary)?;
    alias::put(tx, held.key, summary.merged_into)?;
    held.conflict_count = i64::from(summary.conflict_count);
    tx.prepare_cached(
        "UPDATE record SET grid = ?2, record_epoch = ?3, heads = ?4, server_heads = ?5,
             loose_count = ?6, loose_bytes = ?7, snapshot_bytes = ?8, received = ?9,
             damaged = ?10, conflict_count = ?11, household = ?12, occurred_at = ?13,
             edited_at = ?14, member_count = ?15, title = ?16, person_name = ?17, phone = ?18,
             state = ?19, category = ?20, urgency = ?21, number = ?22, search_text = ?23,
             pending_count = ?24, moves = ?25
         WHERE key = ?1",
    )?
    .execute(params![
        held.key,
        held.grid.as_bytes(),
        held.record_epoch,
        heads,
        server_heads,
        held.loose_count,
        held.loose_bytes,
        held.snapshot_bytes,
        held.received,
        held.damaged,
        summary.conflict_count,
        summary.household.as_ref().map(RecordId::as_bytes),
        summary.occurred_at.map(Timestamp::as_millis),
        summary.edited_at.as_millis(),
        summary.member_count,
        summary.title,
        summary.person_name,
        summary.phone,
        summary.state,
        summary.category,
        summary.urgency,
        summary.number,
        summary.search_text,
        held.pending_count,
        held.moves,
    ])?;
    Ok(())
}

/// Counts anew what is unsent and what was refused of a record.
pub(super) fn refresh_counts(tx: &Transaction<'_>, key: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE record SET
             pending_count = (SELECT count(*) FROM outbox
                              WHERE outbox.record = key AND status IN (0, 3)),
             refusal_count = (SELECT count(*) FROM refusal WHERE refusal.record = key)
         WHERE key = ?1",
    )?
    .execute([key])?;
    Ok(())
}

/// Removes a record and everything about it.
pub(super) fn remove(tx: &Transaction<'_>, key: i64) -> Result<(), StoreError> {
    search::remove(tx, key)?;
    tx.prepare_cached(
        "DELETE FROM quarantine WHERE record = (SELECT id FROM record WHERE key = ?1)",
    )?
    .execute([key])?;
    tx.prepare_cached("DELETE FROM record WHERE key = ?1")?
        .execute([key])?;
    Ok(())
}

/// Marks a record that cannot be read; its grid is fetched again. Once only:
/// if what comes is as bad, asking again would never end.
pub(super) fn mark_damaged(tx: &Transaction<'_>, id: &RecordId) -> Result<(), StoreError> {
    let Some(held) = find(tx, id)? else {
        return Ok(());
    };
    if !held.damaged {
        tx.execute("UPDATE record SET damaged = 1 WHERE key = ?1", [held.key])?;
        grid::start_bootstrap(tx, held.grid)?;
    }
    Ok(())
}
