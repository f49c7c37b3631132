//! What waits for the server: every change made on this phone, batched under
//! signed manifests.

use std::sync::Mutex;

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use wangge_model::{
    ChangeHash, GridId, Incarnation, RecordId, RecordKind, Timestamp,
    document::{OpenDocuments, RecordDocument},
    fault_point,
    protocol::{PushItem, SignedManifest, to_cbor},
};

use super::{
    StoreError, columns, document, proof,
    rescue::journal::{Entry, Journal},
};
use crate::port::Push;

/// Where a change of this phone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Goes with the next push.
    Pending,
    /// The server has it on disk.
    Receipted,
    /// The server did not take it.
    Refused,
    /// Builds on others' changes that the server lacks; tried again at the
    /// next sync.
    Waiting,
}

impl Status {
    pub(super) const fn number(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Receipted => 1,
            Self::Refused => 2,
            Self::Waiting => 3,
        }
    }
}

/// One row of the outbox, ready to become an item.
struct Waiting {
    key: i64,
    record: RecordId,
    record_epoch: u32,
    kind: RecordKind,
    grid: GridId,
    hash: ChangeHash,
    incarnation: Incarnation,
    /// From the loose changes; `None` once compacted.
    bytes: Option<Vec<u8>>,
}

impl Waiting {
    const SELECT: &'static str =
        "SELECT outbox.record, record.id, outbox.record_epoch, record.kind, outbox.grid,
             outbox.hash, outbox.incarnation,
             (SELECT bytes FROM change
              WHERE change.record = outbox.record AND change.hash = outbox.hash)
         FROM outbox JOIN record ON record.key = outbox.record";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            key: row.get(0)?,
            record: columns::record_id(row.get_ref(1)?.as_blob()?)?,
            record_epoch: row.get(2)?,
            kind: columns::record_kind(row.get(3)?)?,
            grid: columns::grid_id(row.get_ref(4)?.as_blob()?)?,
            hash: columns::change_hash(row.get_ref(5)?.as_blob()?)?,
            incarnation: columns::incarnation(row.get_ref(6)?.as_blob()?)?,
            bytes: row.get(7)?,
        })
    }

    /// The item with its bytes, wherever they are; `None` if the document
    /// cannot be read just now.
    fn into_item(
        self,
        db: &Connection,
        opened: &mut Opened<'_>,
    ) -> Result<Option<PushItem>, StoreError> {
        let change = match self.bytes {
            Some(bytes) => bytes,
            None => match opened.find_change(db, self.key, &self.hash)? {
                Some(bytes) => bytes,
                None => return Ok(None),
            },
        };
        Ok(Some(PushItem {
            record: self.record,
            record_epoch: self.record_epoch,
            kind: self.kind,
            grid: self.grid,
            hash: self.hash,
            change,
        }))
    }
}

/// The document opened last: changes of one record often follow each other.
struct Opened<'a> {
    last: Option<(i64, Option<RecordDocument>)>,
    kept: &'a Mutex<OpenDocuments>,
}

impl<'a> Opened<'a> {
    fn new(kept: &'a Mutex<OpenDocuments>) -> Self {
        Self { last: None, kept }
    }

    fn find_change(
        &mut self,
        db: &Connection,
        key: i64,
        hash: &ChangeHash,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if self.last.as_ref().is_none_or(|(opened, _)| *opened != key) {
            let held = document::load_held(db, key)?;
            let document = match document::open_kept(db, &held, self.kept) {
                Ok(document) => Some(document),
                Err(StoreError::Damaged { .. }) => None,
                Err(error) => return Err(error),
            };
            self.last = Some((key, document));
        }
        let document = self
            .last
            .as_ref()
            .and_then(|(_, document)| document.as_ref());
        Ok(document
            .and_then(|document| document.find_change(hash))
            .map(|change| change.bytes))
    }
}

/// The next push: the unanswered one unchanged, or else what waits, in the
/// order made (so dependencies come first), of one app life, within limits.
pub(super) fn next_push(
    db: &Connection,
    max_items: usize,
    max_bytes: usize,
    kept: &Mutex<OpenDocuments>,
) -> Result<Option<Push>, StoreError> {
    if let Some(push) = unanswered(db, kept)? {
        return Ok(Some(push));
    }
    let sql = format!(
        "{} WHERE outbox.status = 0 AND outbox.status IN (0, 3)
         ORDER BY outbox.position LIMIT ?1",
        Waiting::SELECT
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([columns::length(max_items)])?;
    let mut items = Vec::new();
    let mut life = None;
    let mut bytes = 0;
    let mut opened = Opened::new(kept);
    while let Some(row) = rows.next()? {
        let waiting = Waiting::read(row)?;
        let incarnation = waiting.incarnation;
        if life.is_some_and(|life| life != incarnation) {
            break;
        }
        let Some(item) = waiting.into_item(db, &mut opened)? else {
            continue;
        };
        life = Some(incarnation);
        bytes += item.change.len();
        if bytes > max_bytes && !items.is_empty() {
            break;
        }
        items.push(item);
    }
    let Some(incarnation) = life else {
        return Ok(None);
    };
    let last: i64 = db
        .prepare_cached("SELECT counter FROM phone")?
        .query_row([], |row| row.get(0))?;
    Ok(Some(Push {
        counter: columns::unsigned(last.saturating_add(1)),
        incarnation,
        items,
        signed: None,
    }))
}

fn unanswered(db: &Connection, kept: &Mutex<OpenDocuments>) -> Result<Option<Push>, StoreError> {
    let row: Option<(i64, Vec<u8>, Vec<u8>, i64)> = db
        .prepare_cached(
            "SELECT counter, incarnation, signed, count FROM manifest ORDER BY counter LIMIT 1",
        )?
        .query_row([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((counter, incarnation, signed, count)) = row else {
        return Ok(None);
    };
    let sql = format!(
        "{} WHERE outbox.counter = ?1 ORDER BY outbox.position",
        Waiting::SELECT
    );
    let waiting = db
        .prepare_cached(&sql)?
        .query_map([counter], Waiting::read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut opened = Opened::new(kept);
    let items: Vec<PushItem> = waiting
        .into_iter()
        .map(|waiting| waiting.into_item(db, &mut opened))
        .collect::<Result<Option<_>, _>>()?
        .unwrap_or_default();
    if columns::length(items.len()) != count {
        // A record of it was erased or cannot be read: what was signed cannot
        // be sent again. A new manifest takes its place, with a new counter.
        return Ok(None);
    }
    Ok(Some(Push {
        counter: columns::unsigned(counter),
        incarnation: columns::incarnation(&incarnation)?,
        items,
        signed: Some(columns::decode::<SignedManifest>(&signed)?),
    }))
}

/// Remembers what is about to be sent.
pub(super) fn store_manifest(
    tx: &Transaction<'_>,
    push: &Push,
    manifest: &SignedManifest,
) -> Result<(), StoreError> {
    // One at a time: one that could not be sent again is given up here.
    tx.execute(
        "DELETE FROM manifest WHERE counter <> ?1",
        [columns::signed(push.counter)],
    )?;
    tx.execute(
        "UPDATE outbox SET counter = NULL WHERE counter IS NOT NULL",
        [],
    )?;
    tx.execute(
        "INSERT OR REPLACE INTO manifest (counter, incarnation, signed, count)
         VALUES (?1, ?2, ?3, ?4)",
        params![
            columns::signed(push.counter),
            push.incarnation.as_bytes(),
            to_cbor(manifest),
            columns::length(push.items.len()),
        ],
    )?;
    tx.execute(
        "UPDATE phone SET counter = max(counter, ?1)",
        [columns::signed(push.counter)],
    )?;
    if fault_point::is_planted("phone.marks_as_sent_before_the_receipt") {
        tx.execute("UPDATE outbox SET status = 1 WHERE status = 0", [])?;
    }
    let mut update = tx.prepare_cached(
        "UPDATE outbox SET counter = ?1
         WHERE record = (SELECT key FROM record WHERE id = ?2) AND hash = ?3",
    )?;
    for item in &push.items {
        update.execute(params![
            columns::signed(push.counter),
            item.record.as_bytes(),
            item.hash.as_bytes(),
        ])?;
    }
    Ok(())
}

/// Gives up a manifest; its items wait for the next one, above `used`.
pub(super) fn drop_manifest(
    tx: &Transaction<'_>,
    counter: u64,
    used: u64,
) -> Result<(), StoreError> {
    let used = columns::signed(used.max(counter));
    let counter = columns::signed(counter);
    tx.execute("DELETE FROM manifest WHERE counter = ?1", [counter])?;
    tx.execute(
        "UPDATE outbox SET counter = NULL WHERE counter = ?1",
        [counter],
    )?;
    tx.execute("UPDATE phone SET counter = max(counter, ?1)", [used])?;
    Ok(())
}

/// Changes without a receipt.
pub(super) fn count_pending(db: &Connection) -> Result<u64, StoreError> {
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM outbox WHERE status IN (0, 3)")?
        .query_row([], |row| row.get(0))?;
    Ok(columns::unsigned(count))
}

/// Every change the server has not taken: where it is in the outbox, and its
/// hash.
pub(super) fn list_unsettled(db: &Connection) -> Result<Vec<(i64, ChangeHash)>, StoreError> {
    Ok(db
        .prepare_cached(
            "SELECT position, hash FROM outbox WHERE status IN (0, 3)
             UNION SELECT outbox.position, outbox.hash
             FROM refusal JOIN outbox USING (record, hash) WHERE outbox.status = 2
             ORDER BY 1",
        )?
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                columns::change_hash(row.get_ref(1)?.as_blob()?)?,
            ))
        })?
        .collect::<rusqlite::Result<_>>()?)
}

/// Those of the given changes that the journal lacks, with their bytes.
pub(super) fn load_entries(
    db: &Connection,
    unsettled: &[(i64, ChangeHash)],
    journal: &Journal,
    kept: &Mutex<OpenDocuments>,
) -> Result<Vec<Entry>, StoreError> {
    let sql = format!("{} WHERE outbox.position = ?1", Waiting::SELECT);
    let mut opened = Opened::new(kept);
    let mut entries = Vec::new();
    for (position, _) in unsettled.iter().filter(|(_, hash)| !journal.holds(hash)) {
        let waiting = db
            .prepare_cached(&sql)?
            .query_row([position], Waiting::read)?;
        let incarnation = waiting.incarnation;
        let Some(item) = waiting.into_item(db, &mut opened)? else {
            continue;
        };
        let (at, edits): (i64, Option<Vec<u8>>) = db
            .prepare_cached("SELECT at, edits FROM outbox WHERE position = ?1")?
            .query_row([position], |row| Ok((row.get(0)?, row.get(1)?)))?;
        entries.push(Entry {
            item,
            incarnation,
            at: Timestamp::from_millis(at),
            edits: edits.as_deref().map(columns::decode).transpose()?,
        });
    }
    Ok(entries)
}

/// What waited for others' changes is tried again.
pub(super) fn wake(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET status = 0, attempts = 0 WHERE status IN (0, 3) AND status = 3",
        [],
    )?;
    Ok(())
}

/// The server lost what it had (restored from a backup): offer everything of
/// this device again, and read every grid from the start.
pub(super) fn offer_again(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM manifest", [])?;
    tx.execute(
        "UPDATE outbox SET status = 0, counter = NULL, attempts = 0",
        [],
    )?;
    tx.execute("DELETE FROM refusal", [])?;
    forget_server(tx)
}

/// Forgets what the server is known to have: every grid is read from the
/// start, nothing is dropped for being absent there, and what it had signed is
/// given back.
pub(super) fn forget_server(tx: &Transaction<'_>) -> Result<(), StoreError> {
    proof::begin(tx)?;
    tx.execute("UPDATE phone SET last_decision = 0", [])?;
    tx.execute(
        "UPDATE grid SET seq = NULL, as_of = NULL, after = NULL, keeps_absent = 1,
             digest = zeroblob(8192)",
        [],
    )?;
    tx.execute(
        "UPDATE record SET server_heads = NULL,
             refusal_count = (SELECT count(*) FROM refusal WHERE refusal.record = record.key),
             pending_count = (SELECT count(*) FROM outbox
                              WHERE outbox.record = record.key AND status IN (0, 3))",
        [],
    )?;
    Ok(())
}
