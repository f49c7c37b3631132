//! What the server signed, kept in compact form, and giving it back to a server
//! that was restored from a backup older than what it signed.
//!
//! Own changes are offered again through the outbox; this is about everybody
//! else's and the server's own.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, Transaction, params};
use wangge_model::{
    ChangeHash, GridId, RecordId, ServerEpoch,
    document::{LocalChange, RecordDocument},
    guard,
    protocol::{
        FeedPage, Proof, ReturnedChange, ReturnedRecord, SnapshotPage, Statement, limits, to_cbor,
    },
};

use super::{
    StoreError, columns,
    document::{self, Held},
};
use crate::port::{GiveBack, GiveBackMark};

/// Most bytes of proofs kept: some 600,000 changes. The oldest go first; a
/// backup that old is not restored.
const MOST_BYTES: i64 = 32 << 20;
/// Most changes and raw bytes of them in one request.
const MOST_CHANGES: usize = 2_000;
const MOST_CHANGE_BYTES: usize = 2 << 20;

/// Keeps what a verified page proves.
pub(super) fn keep_page(
    tx: &Transaction<'_>,
    epoch: &ServerEpoch,
    page: &FeedPage,
) -> Result<(), StoreError> {
    match Proof::of_page(epoch, page) {
        Some(proof) => insert(tx, &proof),
        None => Ok(()),
    }
}

/// The same for a page of a snapshot.
pub(super) fn keep_snapshot(tx: &Transaction<'_>, page: &SnapshotPage) -> Result<(), StoreError> {
    let epoch: Option<Vec<u8>> =
        tx.query_row("SELECT server_epoch FROM phone", [], |row| row.get(0))?;
    let Some(epoch) = epoch else {
        return Ok(());
    };
    match Proof::of_snapshot(&columns::server_epoch(&epoch)?, page) {
        Some(proof) if !proof.entries.is_empty() => insert(tx, &proof),
        _ => Ok(()),
    }
}

fn insert(tx: &Transaction<'_>, proof: &Proof) -> Result<(), StoreError> {
    let as_of = match proof.statement {
        Statement::Snapshot { as_of } => Some(columns::signed(as_of)),
        Statement::Feed { .. } => None,
    };
    tx.prepare_cached("INSERT INTO proof (grid, as_of, proof) VALUES (?1, ?2, ?3)")?
        .execute(params![proof.grid.as_bytes(), as_of, to_cbor(proof)])?;
    Ok(())
}

/// A grid's snapshot is complete: its heads vouch for everything before, so
/// what was kept of the grid until then is not needed, unless it is just about
/// to be given back.
pub(super) fn supersede(tx: &Transaction<'_>, grid: GridId, as_of: i64) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM proof WHERE grid = ?1 AND as_of IS NOT ?2
             AND EXISTS (SELECT 1 FROM proof WHERE grid = ?1 AND as_of = ?2)
             AND (SELECT giving_back FROM phone) IS NULL",
        params![grid.as_bytes(), as_of],
    )?;
    Ok(())
}

/// Forgets what is too much, and what is about grids the phone does not have.
pub(super) fn trim(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM proof WHERE grid NOT IN (SELECT id FROM grid)",
        [],
    )?;
    tx.execute(
        "DELETE FROM proof WHERE position IN (
             SELECT position FROM (
                 SELECT position, sum(length(proof)) OVER (ORDER BY position DESC) AS bytes
                 FROM proof)
             WHERE bytes > ?1)",
        [MOST_BYTES],
    )?;
    Ok(())
}

/// The server lost something: everything that was proven until now is looked
/// through.
pub(super) fn begin(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE phone SET giving_back_after = NULL,
             giving_back = (SELECT coalesce(max(position), 0) + 1 FROM proof)",
        [],
    )?;
    Ok(())
}

/// Whether something may be left to give back.
pub(super) fn is_under_way(db: &Connection) -> Result<bool, StoreError> {
    Ok(db
        .prepare_cached("SELECT giving_back IS NOT NULL FROM phone")?
        .query_row([], |row| row.get(0))?)
}

/// Nothing is left, or the server does not take it.
pub(super) fn end(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE phone SET giving_back = NULL, giving_back_after = NULL",
        [],
    )?;
    Ok(())
}

/// Everything up to here is given back.
pub(super) fn store_mark(tx: &Transaction<'_>, mark: &GiveBackMark) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE phone SET giving_back = ?1, giving_back_after = ?2 WHERE giving_back IS NOT NULL",
        params![mark.position, mark.after.as_ref().map(RecordId::as_bytes)],
    )?;
    Ok(())
}

/// The next request: newest proofs first, because one hash vouches for
/// everything below it. `None` once there is nothing left.
pub(super) fn next(db: &Connection) -> Result<Option<GiveBack>, StoreError> {
    let (below, after): (Option<i64>, Option<Vec<u8>>) = db.query_row(
        "SELECT giving_back, giving_back_after FROM phone",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some(below) = below else {
        return Ok(None);
    };
    let mut after = after.as_deref().map(columns::record_id).transpose()?;
    let mut statement = db.prepare(
        "SELECT position, proof FROM proof
         WHERE position < ?1 OR (position = ?1 AND ?2) ORDER BY position DESC",
    )?;
    let mut rows = statement.query(params![below, after.is_some()])?;
    let mut load = Load::default();
    while let Some(row) = rows.next()? {
        let position: i64 = row.get(0)?;
        let proof: Proof = columns::decode(row.get_ref(1)?.as_blob().unwrap_or_default())?;
        let stopped = load.add(db, proof, after.take())?;
        load.mark = Some(GiveBackMark {
            position,
            after: stopped,
        });
        if load.is_full() || stopped.is_some() {
            break;
        }
    }
    Ok(load.finish())
}

/// A request in the making.
#[derive(Default)]
struct Load {
    proofs: Vec<Proof>,
    records: HashMap<RecordId, Option<Lacking>>,
    changes: usize,
    bytes: usize,
    mark: Option<GiveBackMark>,
}

/// What the server lacks of a record, and what of it goes with the request.
struct Lacking {
    held: Held,
    /// In the order they were applied.
    changes: Vec<LocalChange>,
    chosen: HashSet<ChangeHash>,
}

impl Load {
    /// Adds what a proof covers and the server lacks, of the records after
    /// `after`; answers the last record taken if not all found room.
    fn add(
        &mut self,
        db: &Connection,
        proof: Proof,
        after: Option<RecordId>,
    ) -> Result<Option<RecordId>, StoreError> {
        let mut named: BTreeMap<RecordId, Vec<ChangeHash>> = BTreeMap::new();
        for entry in &proof.entries {
            if let Some(record) = entry.record()
                && after.is_none_or(|after| record > after)
            {
                named.entry(record).or_default().extend(entry.hashes());
            }
        }
        let (mut last, mut stopped, mut useful) = (after, None, false);
        for (record, hashes) in named {
            if self.is_full() && last.is_some() {
                stopped = last;
                break;
            }
            useful |= self.choose(db, record, hashes)?;
            last = Some(record);
        }
        if useful {
            self.proofs.push(proof);
        }
        Ok(stopped)
    }

    /// Chooses what these hashes vouch for; answers whether that is anything
    /// new.
    fn choose(
        &mut self,
        db: &Connection,
        record: RecordId,
        hashes: Vec<ChangeHash>,
    ) -> Result<bool, StoreError> {
        let lacking = match self.records.entry(record) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(unknown) => {
                unknown.insert(find_lacking(db, &record)?)
            }
        };
        let Some(lacking) = lacking else {
            return Ok(false);
        };
        let covered = ancestors(&lacking.changes, hashes);
        let mut any = false;
        for change in &lacking.changes {
            if covered.contains(&change.hash) && lacking.chosen.insert(change.hash) {
                any = true;
                self.changes += 1;
                self.bytes += change.bytes.len();
            }
        }
        Ok(any)
    }

    fn is_full(&self) -> bool {
        self.changes >= MOST_CHANGES
            || self.bytes >= MOST_CHANGE_BYTES
            || self.proofs.len() >= limits::PROOFS - 1
    }

    fn finish(self) -> Option<GiveBack> {
        let mark = self.mark.filter(|_| !self.proofs.is_empty())?;
        let mut records: Vec<ReturnedRecord> = self
            .records
            .into_iter()
            .filter_map(|(record, lacking)| {
                let lacking = lacking.filter(|lacking| !lacking.chosen.is_empty())?;
                let changes = lacking
                    .changes
                    .into_iter()
                    .filter(|change| lacking.chosen.contains(&change.hash))
                    .map(|change| ReturnedChange {
                        hash: change.hash,
                        change: change.bytes,
                    });
                Some(ReturnedRecord {
                    record,
                    record_epoch: lacking.held.record_epoch,
                    kind: lacking.held.kind,
                    changes: changes.collect(),
                })
            })
            .collect();
        // The same request from the same data.
        records.sort_by_key(|returned| returned.record);
        Some(GiveBack {
            proofs: self.proofs,
            records,
            mark,
        })
    }
}

/// What the server is not known to have of a record; `None` if it has all, or
/// if the phone cannot read its own.
fn find_lacking(db: &Connection, record: &RecordId) -> Result<Option<Lacking>, StoreError> {
    let Some(held) = document::find(db, record)? else {
        return Ok(None);
    };
    // What has no place in the document (another change stands there) may have
    // one at the server.
    let apart = list_apart(db, record)?;
    if apart.is_empty() && held.server_heads.as_ref() == Some(&held.heads) {
        return Ok(None);
    }
    let document = match document::open(db, &held) {
        Ok(document) => document,
        Err(StoreError::Damaged { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let all = document.changes();
    let mut has = ancestors(&all, held.server_heads.clone().unwrap_or_default());
    has.extend(RecordDocument::new(held.kind).heads());
    let changes: Vec<LocalChange> = all
        .into_iter()
        .chain(apart)
        .filter(|change| !has.contains(&change.hash))
        .collect();
    Ok(Some(Lacking {
        held,
        changes,
        chosen: HashSet::new(),
    }))
}

/// What was kept apart of a record.
fn list_apart(db: &Connection, record: &RecordId) -> Result<Vec<LocalChange>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT hash, bytes FROM quarantine WHERE record = ?1 ORDER BY id")?;
    let mut rows = statement.query([record.as_bytes()])?;
    let mut apart = Vec::new();
    while let Some(row) = rows.next()? {
        let hash = columns::change_hash(&row.get::<_, Vec<u8>>(0)?)?;
        let bytes: Vec<u8> = row.get(1)?;
        // What cannot be read is of no use to anybody.
        if let Ok(change) = guard::inspect(&hash, &bytes) {
            apart.push(LocalChange {
                hash,
                deps: change.deps(),
                seq: change.seq(),
                bytes,
            });
        }
    }
    Ok(apart)
}

/// These hashes and everything below them, as far as it is among the changes.
fn ancestors(changes: &[LocalChange], mut next: Vec<ChangeHash>) -> HashSet<ChangeHash> {
    let deps: HashMap<ChangeHash, &[ChangeHash]> = changes
        .iter()
        .map(|change| (change.hash, change.deps.as_slice()))
        .collect();
    let mut found = HashSet::new();
    while let Some(hash) = next.pop() {
        if let Some(deps) = deps.get(&hash)
            && found.insert(hash)
        {
            next.extend(*deps);
        }
    }
    found
}
