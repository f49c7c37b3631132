//! Writing as this phone: who it is, how a change enters document and outbox
//! together, and how unsent edits are authored again under another actor.

use std::collections::HashSet;

use rusqlite::{Connection, Transaction, params};
use wangge_model::{
    ActorId, ChangeHash, DeviceId, Incarnation, RecordId, Timestamp, derive_device_actor,
    document::{FieldEdit, LocalChange, RecordDocument},
    fault_point::{self, FailPoint},
    guard::{self, Writer},
    protocol::to_cbor,
};

use super::{
    StoreError, columns,
    document::{self, Held},
    draft,
    outbox::Status,
};
use crate::Draft;

/// Who this phone writes as.
#[derive(Debug, Clone, Copy)]
pub(super) struct Author {
    pub(super) actor: ActorId,
    pub(super) incarnation: Incarnation,
}

/// The present author; [`StoreError::NotEnrolled`] before there is a device.
pub(super) fn load_author(db: &Connection) -> Result<Author, StoreError> {
    let (incarnation, device): (Vec<u8>, Option<Vec<u8>>) = db
        .prepare_cached("SELECT incarnation, device FROM phone")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let device = device.ok_or(StoreError::NotEnrolled)?;
    let device =
        DeviceId::from_slice(&device).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let incarnation = columns::incarnation(&incarnation)?;
    Ok(Author {
        actor: derive_device_actor(&device, &incarnation),
        incarnation,
    })
}

/// Stores a change just made: beside the document and in the outbox.
pub(super) fn record_change(
    tx: &Transaction<'_>,
    held: &mut Held,
    author: &Author,
    change: &LocalChange,
    edits: &[FieldEdit],
    at: Timestamp,
) -> Result<(), StoreError> {
    document::append(tx, held, &change.hash, &change.bytes)?;
    fault_point::reach(FailPoint::PhoneChangeAppended)?;
    held.pending_count += 1;
    post(tx, held, author, change, edits, at)
}

/// Puts a change into the outbox.
pub(super) fn post(
    tx: &Transaction<'_>,
    held: &Held,
    author: &Author,
    change: &LocalChange,
    edits: &[FieldEdit],
    at: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO outbox (record, hash, deps, grid, record_epoch, incarnation, status, at,
             edits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)",
    )?
    .execute(params![
        held.key,
        change.hash.as_bytes(),
        columns::join_hashes(&change.deps),
        held.grid.as_bytes(),
        held.record_epoch,
        author.incarnation.as_bytes(),
        at.as_millis(),
        to_cbor(&edits.to_vec()),
    ])?;
    Ok(())
}

/// An edit of this phone that has no receipt.
#[derive(Debug)]
pub(super) struct UnsentEdit {
    pub(super) hash: ChangeHash,
    edits: Option<Vec<FieldEdit>>,
    at: Timestamp,
}

/// A record's edits in these states, in the order made.
pub(super) fn list_edits(
    tx: &Transaction<'_>,
    key: i64,
    states: &[Status],
) -> Result<Vec<UnsentEdit>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT hash, edits, at, status FROM outbox WHERE record = ?1 ORDER BY position",
    )?;
    let mut rows = statement.query([key])?;
    let mut edits = Vec::new();
    while let Some(row) = rows.next()? {
        let status: i64 = row.get(3)?;
        if states.iter().any(|state| state.number() == status) {
            let bytes: Option<Vec<u8>> = row.get(1)?;
            edits.push(UnsentEdit {
                hash: columns::change_hash(&row.get::<_, Vec<u8>>(0)?)?,
                edits: bytes.as_deref().map(columns::decode).transpose()?,
                at: Timestamp::from_millis(row.get(2)?),
            });
        }
    }
    Ok(edits)
}

/// Builds the record without these own changes and enters their edits again,
/// less `dropped`, as `author`. What nobody but this phone had seen is then in
/// new changes; what everybody has seen is untouched.
pub(super) fn author_again(
    tx: &Transaction<'_>,
    held: &mut Held,
    author: &Author,
    edits: &[UnsentEdit],
    dropped: &[UnsentEdit],
) -> Result<RecordDocument, StoreError> {
    let old = document::open(tx, held)?;
    let mut without: HashSet<ChangeHash> =
        edits.iter().chain(dropped).map(|edit| edit.hash).collect();
    let mut kept = Vec::new();
    for change in old.changes() {
        // Nothing of others builds on what they never saw; what of ours does
        // is in the list too. Should it not be, it goes with what it stands on.
        if change.deps.iter().any(|dep| without.contains(dep)) {
            without.insert(change.hash);
        }
        if !without.contains(&change.hash) {
            kept.push(change.bytes);
        }
    }
    let base =
        RecordDocument::load(held.kind, None, kept.iter().map(Vec::as_slice)).map_err(|error| {
            StoreError::Damaged {
                record: held.id,
                reason: error.to_string(),
            }
        })?;
    let edits = with_history(&old, edits);
    forget(tx, held, dropped)?;
    enter_again(tx, held, author, base, &edits)
}

/// Puts `base` in place of the record's document and enters the edits on it.
pub(super) fn enter_again(
    tx: &Transaction<'_>,
    held: &mut Held,
    author: &Author,
    base: RecordDocument,
    edits: &[UnsentEdit],
) -> Result<RecordDocument, StoreError> {
    let mut document = admit_kept(tx, held, base)?;
    forget(tx, held, edits)?;
    for edit in edits {
        let Some(fields) = &edit.edits else { continue };
        match document.edit(fields, author.actor, edit.at) {
            Ok(Some(change)) => post(tx, held, author, &change, fields, edit.at)?,
            Ok(None) => {}
            Err(error) => {
                // Rules that became stricter, or a record that is full: what
                // was entered becomes a form again, for its author to correct.
                tracing::warn!(record = %held.id, %error, "an edit was kept as a draft");
                keep_as_draft(tx, held, edit, fields)?;
            }
        }
    }
    document::store_snapshot(tx, held, &document.save(), false)?;
    held.heads = document.heads();
    document::store(tx, held, Some(&document.summary()))?;
    document::refresh_counts(tx, held.key)?;
    Ok(document)
}

fn keep_as_draft(
    tx: &Transaction<'_>,
    held: &Held,
    edit: &UnsentEdit,
    fields: &[FieldEdit],
) -> Result<(), StoreError> {
    // The change's hash is as good as random.
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(edit.hash.as_bytes()) {
        *to = *from;
    }
    draft::save(
        tx,
        &Draft {
            id: RecordId::from_bytes(id),
            kind: held.kind,
            grid: Some(held.grid),
            record: Some(held.id),
            edits: fields.to_vec(),
            saved_at: edit.at,
        },
    )
}

/// Edits that were receipted once have lost their fields in the outbox; the
/// document's history still knows them.
pub(super) fn with_history(document: &RecordDocument, edits: &[UnsentEdit]) -> Vec<UnsentEdit> {
    let history = if edits.iter().any(|edit| edit.edits.is_none()) {
        document.history()
    } else {
        Vec::new()
    };
    edits
        .iter()
        .map(|edit| {
            let fields = edit.edits.clone().or_else(|| {
                let entry = history.iter().find(|entry| entry.hash == edit.hash)?;
                Some(
                    entry
                        .fields
                        .iter()
                        .map(|field| FieldEdit {
                            path: field.path.clone(),
                            value: field.value.clone(),
                        })
                        .collect(),
                )
            });
            UnsentEdit {
                hash: edit.hash,
                edits: fields,
                at: edit.at,
            }
        })
        .collect()
}

fn forget(tx: &Transaction<'_>, held: &Held, edits: &[UnsentEdit]) -> Result<(), StoreError> {
    for edit in edits {
        for table in ["outbox", "refusal"] {
            tx.execute(
                &format!("DELETE FROM {table} WHERE record = ?1 AND hash = ?2"),
                params![held.key, edit.hash.as_bytes()],
            )?;
        }
    }
    Ok(())
}

/// Others' changes that did not fit beside ours (the same actor and number in a
/// copied store) may fit now that ours are out of the way.
fn admit_kept(
    tx: &Transaction<'_>,
    held: &Held,
    mut document: RecordDocument,
) -> Result<RecordDocument, StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT id, hash, bytes FROM quarantine WHERE record = ?1 ORDER BY id")?;
    let kept = statement
        .query_map([held.id.as_bytes()], |row| {
            let hash = columns::change_hash(row.get_ref(1)?.as_blob()?)?;
            Ok((row.get::<_, i64>(0)?, hash, row.get::<_, Vec<u8>>(2)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (id, hash, bytes) in kept {
        let admitted =
            guard::inspect(&hash, &bytes).and_then(|change| document.admit(&change, Writer::Feed));
        if let Ok(admitted) = admitted {
            document = admitted;
            tx.execute("DELETE FROM quarantine WHERE id = ?1", [id])?;
        }
    }
    Ok(document)
}

/// Authors again, under `author`, everything unsent of every record.
pub(super) fn author_everything_again(
    tx: &Transaction<'_>,
    author: &Author,
) -> Result<(), StoreError> {
    // Signed for the old actor; nobody will answer it any more.
    tx.execute("DELETE FROM manifest", [])?;
    tx.execute(
        "UPDATE outbox SET counter = NULL WHERE counter IS NOT NULL",
        [],
    )?;
    let keys = tx
        .prepare_cached("SELECT DISTINCT record FROM outbox WHERE status IN (0, 3)")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    for key in keys {
        let mut held = document::load_held(tx, key)?;
        // What was refused stands between; it is entered again as well, and
        // its author hears about it again.
        let edits = list_edits(
            tx,
            key,
            &[Status::Pending, Status::Refused, Status::Waiting],
        )?;
        match author_again(tx, &mut held, author, &edits, &[]) {
            Ok(_) => {}
            // Stays as it is until the record was fetched again.
            Err(StoreError::Damaged { .. }) => document::mark_damaged(tx, &held.id)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
