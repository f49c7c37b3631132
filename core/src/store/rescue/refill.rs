//! Bringing unsent changes back into the database, whatever of their records
//! is there.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{OptionalExtension as _, Transaction, params};
use wangge_model::{
    ActorId, ChangeHash, RecordId, RecordSummary,
    document::{RecordDocument, advance_heads},
    guard,
    protocol::to_cbor,
};

use super::journal::Entry;
use crate::store::{
    StoreError, columns,
    document::{self, Held, Start},
    grid,
    outbox::Status,
};

/// Author of what is only shown and never stored as a change.
const PROVISIONAL: ActorId = ActorId::from_bytes([0xff; 16]);

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct Refilled {
    /// Changes entered.
    pub(in crate::store) changes: u64,
    /// Records of which only the unsent changes are here; the rest comes when
    /// their grid is fetched.
    pub(in crate::store) incomplete: u64,
}

/// A change with what it builds on.
struct Unsent {
    entry: Entry,
    deps: Vec<ChangeHash>,
}

/// Enters what the outbox does not have. `documents` are changes of these
/// records that were saved from elsewhere.
pub(in crate::store) fn refill(
    tx: &Transaction<'_>,
    entries: impl IntoIterator<Item = Entry>,
    documents: &HashMap<RecordId, Vec<Vec<u8>>>,
) -> Result<Refilled, StoreError> {
    let mut seen = HashSet::new();
    let mut records: BTreeMap<RecordId, Vec<Unsent>> = BTreeMap::new();
    for entry in entries {
        let item = &entry.item;
        if !seen.insert(item.hash) || is_known(tx, item.record, item.hash)? {
            continue;
        }
        // Sealed by this phone, so this does not fail but for a defect; then
        // the server could not take it either.
        let Ok(change) = guard::inspect(&item.hash, &item.change) else {
            tracing::error!(record = %item.record, "an unsent change is no change");
            continue;
        };
        records.entry(item.record).or_default().push(Unsent {
            deps: change.deps(),
            entry,
        });
    }
    let mut refilled = Refilled::default();
    for (id, unsent) in records {
        let unsent = in_causal_order(unsent);
        let whole = refill_record(tx, id, &unsent, documents.get(&id))?;
        refilled.changes += unsent.len() as u64;
        refilled.incomplete += u64::from(!whole);
    }
    Ok(refilled)
}

/// Whether the phone knows this change: in its outbox, erased with its record,
/// or come back with the feed.
fn is_known(tx: &Transaction<'_>, record: RecordId, hash: ChangeHash) -> Result<bool, StoreError> {
    let known = tx
        .prepare_cached(
            "SELECT 1 FROM outbox JOIN record ON record.key = outbox.record
             WHERE record.id = ?1 AND outbox.hash = ?2
             UNION ALL SELECT 1 FROM erased WHERE erased.record = ?1",
        )?
        .query_row(params![record.as_bytes(), hash.as_bytes()], |_| Ok(()))
        .optional()?
        .is_some();
    if known {
        return Ok(true);
    }
    let Some(held) = document::find(tx, &record)? else {
        return Ok(false);
    };
    match document::open(tx, &held) {
        Ok(document) => Ok(document.has_change(&hash)),
        Err(StoreError::Damaged { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What builds on another comes after it; else as it was.
fn in_causal_order(mut unsent: Vec<Unsent>) -> Vec<Unsent> {
    let mut ordered = Vec::with_capacity(unsent.len());
    while !unsent.is_empty() {
        let waiting: HashSet<ChangeHash> =
            unsent.iter().map(|change| change.entry.item.hash).collect();
        let (ready, rest): (Vec<_>, Vec<_>) = unsent
            .into_iter()
            .partition(|change| !change.deps.iter().any(|dep| waiting.contains(dep)));
        unsent = rest;
        // Hashes cannot name each other in a ring.
        if ready.is_empty() {
            break;
        }
        ordered.extend(ready);
    }
    ordered
}

/// Answers whether the record is whole.
fn refill_record(
    tx: &Transaction<'_>,
    id: RecordId,
    unsent: &[Unsent],
    salvaged: Option<&Vec<Vec<u8>>>,
) -> Result<bool, StoreError> {
    let Some(first) = unsent.first().map(|change| &change.entry.item) else {
        return Ok(true);
    };
    let mut held = match document::find(tx, &id)? {
        Some(held) => held,
        None => Held::new(id, first.kind, first.grid, first.record_epoch),
    };
    let base = if held.key == 0 {
        salvaged.map_or_else(
            || Some(RecordDocument::new(held.kind)),
            |changes| RecordDocument::load(held.kind, None, changes.iter().map(Vec::as_slice)).ok(),
        )
    } else {
        match document::open(tx, &held) {
            Ok(document) => Some(document),
            Err(StoreError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        }
    };
    let whole = base.and_then(|base| with_changes(&base, unsent));
    held.pending_count += columns::length(unsent.len());
    let is_whole = whole.is_some();
    if let Some(document) = &whole {
        held.heads = document.heads();
        if held.key == 0 {
            document::insert(tx, &mut held, Start::Empty, &document.summary())?;
        }
        document::store_snapshot(tx, &mut held, &document.save(), false)?;
        document::store(tx, &mut held, Some(&document.summary()))?;
    } else {
        for change in unsent {
            advance_heads(&mut held.heads, change.entry.item.hash, &change.deps);
        }
        if held.key == 0 {
            let summary = provisional(&held, unsent);
            document::insert(tx, &mut held, Start::Empty, &summary)?;
        }
        for change in unsent {
            let item = &change.entry.item;
            document::append(tx, &mut held, &item.hash, &item.change)?;
        }
        let known_as_damaged = held.damaged;
        held.damaged = true;
        document::store(tx, &mut held, None)?;
        if !known_as_damaged {
            grid::start_bootstrap(tx, held.grid)?;
        }
    }
    grid::note(tx, held.grid)?;
    for change in unsent {
        post(tx, held.key, change)?;
    }
    document::refresh_counts(tx, held.key)?;
    Ok(is_whole)
}

/// The document with these changes, if it has all they build on.
fn with_changes(base: &RecordDocument, unsent: &[Unsent]) -> Option<RecordDocument> {
    let mut changes: Vec<Vec<u8>> = base
        .changes()
        .into_iter()
        .map(|change| change.bytes)
        .collect();
    let missing = unsent
        .iter()
        .filter(|change| !base.has_change(&change.entry.item.hash));
    changes.extend(missing.map(|change| change.entry.item.change.clone()));
    RecordDocument::load(base.kind(), None, changes.iter().map(Vec::as_slice)).ok()
}

/// What to show of a record until its older part was fetched: what was entered.
fn provisional(held: &Held, unsent: &[Unsent]) -> RecordSummary {
    let mut document = RecordDocument::new(held.kind);
    for change in unsent {
        if let Some(edits) = &change.entry.edits {
            // Values were checked when they were entered; one that no longer
            // fits is missing from a list for a while.
            if let Err(error) = document.edit(edits, PROVISIONAL, change.entry.at) {
                tracing::debug!(%error, "not shown for now");
            }
        }
    }
    document.summary()
}

fn post(tx: &Transaction<'_>, key: i64, change: &Unsent) -> Result<(), StoreError> {
    let entry = &change.entry;
    tx.prepare_cached(
        "INSERT INTO outbox (record, hash, deps, grid, record_epoch, incarnation, status, at,
             edits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        key,
        entry.item.hash.as_bytes(),
        columns::join_hashes(&change.deps),
        entry.item.grid.as_bytes(),
        entry.item.record_epoch,
        entry.incarnation.as_bytes(),
        Status::Pending.number(),
        entry.at.as_millis(),
        entry.edits.as_ref().map(to_cbor),
    ])?;
    Ok(())
}
