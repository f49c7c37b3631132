//! Storing a grid's snapshot. The server's bytes and list rows are stored as
//! they come, unopened, unless the phone has something of its own in a record.

use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, Transaction, params};
use wangge_model::{
    ChangeHash, GridId, RecordId,
    document::RecordDocument,
    guard::{self, GuardError, Writer},
    protocol::{SnapshotEntry, SnapshotPage, limits},
};

use super::{
    StoreError, author, columns,
    document::{self, Held, Start},
    feed::{Intake, Touched},
    incarnation,
    outbox::Status,
    proof,
};

/// What a page needs to know of its grid.
struct Fetching {
    as_of: Option<i64>,
    keeps_absent: bool,
}

/// Stores one page and how far the fetch is. A page of a grid that is not being
/// fetched changes nothing.
pub(super) fn apply(
    intake: &mut Intake<'_>,
    entropy: &dyn wangge_model::Entropy,
    page: &SnapshotPage,
) -> Result<(), StoreError> {
    let tx = intake.tx;
    let fetching = tx
        .prepare_cached(
            "SELECT as_of, keeps_absent FROM grid
             WHERE id = ?1 AND granted = 1 AND seq IS NULL",
        )?
        .query_row([page.grid.as_bytes()], |row| {
            Ok(Fetching {
                as_of: row.get(0)?,
                keeps_absent: row.get(1)?,
            })
        })
        .optional()?;
    let Some(fetching) = fetching else {
        return Ok(());
    };
    proof::keep_snapshot(tx, page)?;
    for entry in &page.entries {
        apply_entry(intake, entropy, page.grid, &fetching, entry)?;
    }
    intake.finish()?;
    // Should the server have made the pages at different times, the earliest
    // is from where nothing is missed.
    let as_of = columns::signed(page.as_of);
    let as_of = fetching.as_of.map_or(as_of, |first| first.min(as_of));
    if let Some(after) = &page.next_after {
        tx.execute(
            "UPDATE grid SET as_of = ?2, after = ?3 WHERE id = ?1",
            params![page.grid.as_bytes(), as_of, after.as_bytes()],
        )?;
        return Ok(());
    }
    if !fetching.keeps_absent {
        drop_absent(tx, page.grid)?;
    }
    tx.execute(
        "UPDATE grid SET seq = ?2, as_of = NULL, after = NULL, keeps_absent = 0 WHERE id = ?1",
        params![page.grid.as_bytes(), as_of],
    )?;
    proof::supersede(tx, page.grid, columns::signed(page.as_of))
}

fn apply_entry(
    intake: &mut Intake<'_>,
    entropy: &dyn wangge_model::Entropy,
    grid: GridId,
    fetching: &Fetching,
    entry: &SnapshotEntry,
) -> Result<(), StoreError> {
    if entry.document.len() > limits::RECORD_BYTES || intake.is_erased(&entry.record)? {
        intake.applied.rejected += 1;
        return Ok(());
    }
    let tx = intake.tx;
    let mut heads = entry.heads.clone();
    heads.sort_unstable();
    let moves = entry.moves.unwrap_or(0);
    let Some(mut held) = document::find(tx, &entry.record)? else {
        let mut held = Held::new(entry.record, entry.kind, grid, entry.record_epoch);
        intake
            .digests
            .add(tx, grid, &entry.record, entry.record_epoch, &heads)?;
        held.server_heads = Some(heads.clone());
        held.heads = heads;
        held.moves = moves;
        document::insert(
            tx,
            &mut held,
            Start::Received(&entry.document),
            &entry.summary,
        )?;
        intake.applied.pulled += 1;
        return Ok(());
    };
    if held.is_older_news(moves) {
        return Ok(());
    }
    held.moves = moves;
    let had_conflicts = held.conflict_count > 0;
    let same_epoch = held.record_epoch == entry.record_epoch;
    // Nothing was counted for the record under its old epoch: the fetch began
    // with an empty digest.
    held.record_epoch = entry.record_epoch;
    intake
        .digests
        .set_server_heads(tx, &mut held, grid, Some(heads.clone()))?;
    let owns = held.pending_count > 0 || held.refusal_count > 0;
    // What the server has of ours is not unsent any more, nor refused: somebody
    // else may have given it back.
    if same_epoch && held.heads == heads && !held.damaged && held.kind == entry.kind && !owns {
        return document::store(tx, &mut held, None);
    }
    if owns || (fetching.keeps_absent && !held.damaged) {
        merge(intake, entropy, held, entry)?;
    } else {
        held.kind = entry.kind;
        held.heads = heads;
        document::store_snapshot(tx, &mut held, &entry.document, true)?;
        document::store(tx, &mut held, Some(&entry.summary))?;
        tx.prepare_cached("DELETE FROM quarantine WHERE record = ?1")?
            .execute([entry.record.as_bytes()])?;
    }
    intake.applied.pulled += 1;
    if !had_conflicts && entry.summary.conflict_count > 0 {
        intake.applied.new_conflicts += 1;
    }
    Ok(())
}

/// Stores a record that came into a grid whose feed is being read.
pub(super) fn apply_moved_in(
    intake: &mut Intake<'_>,
    entropy: &dyn wangge_model::Entropy,
    grid: GridId,
    entry: &SnapshotEntry,
) -> Result<(), StoreError> {
    if let Some(mut touched) = intake.take(&entry.record)? {
        let is_older = touched.held.is_older_news(entry.moves.unwrap_or(0));
        if !is_older {
            // Counted where it was, under the epoch it had.
            let from = touched.held.grid;
            intake
                .digests
                .set_server_heads(intake.tx, &mut touched.held, from, None)?;
        }
        intake.put(touched);
        if is_older {
            return Ok(());
        }
    }
    // What was worked on is read again from its row.
    intake.flush()?;
    let fetching = Fetching {
        as_of: None,
        keeps_absent: false,
    };
    apply_entry(intake, entropy, grid, &fetching, entry)
}

/// Brings the server's copy and what only this phone has together.
fn merge(
    intake: &mut Intake<'_>,
    entropy: &dyn wangge_model::Entropy,
    mut held: Held,
    entry: &SnapshotEntry,
) -> Result<(), StoreError> {
    let tx = intake.tx;
    let theirs = match guard::open_snapshot(entry.kind, &entry.document) {
        Ok(theirs) => theirs,
        Err(error) => {
            // Ours stays; the server's copy is of no use.
            tracing::warn!(record = %held.id, %error, "a snapshot's document is damaged");
            intake.applied.rejected += 1;
            return document::store(tx, &mut held, None);
        }
    };
    let known: HashSet<ChangeHash> = theirs.change_hashes().into_iter().collect();
    let unsent = author::list_edits(
        tx,
        held.key,
        &[Status::Pending, Status::Refused, Status::Waiting],
    )?;
    let mut touched = Touched::new(held);
    for edit in unsent.iter().filter(|edit| known.contains(&edit.hash)) {
        intake.mark_receipted(&mut touched, &edit.hash)?;
    }
    let mut held = touched.held;
    let (ours, old) = match document::open(tx, &held) {
        Ok(old) => {
            let all = old.changes().into_iter();
            (all.map(|one| (one.hash, one.bytes)).collect(), Some(old))
        }
        // Damaged: what lies beside the snapshot can still be read.
        Err(StoreError::Damaged { .. }) => (document::loose_by_hash(tx, held.key)?, None),
        Err(error) => return Err(error),
    };
    let mut ours: Vec<(ChangeHash, Vec<u8>)> = ours;
    ours.retain(|(hash, _)| !known.contains(hash));
    let Merged { base, apart, fits } = bring_together(theirs, &ours);
    let lost: Vec<author::UnsentEdit> = unsent
        .into_iter()
        .filter(|edit| !known.contains(&edit.hash) && !base.has_change(&edit.hash))
        .collect();
    for (hash, bytes, error) in apart {
        // Of others, who author it again if they still can; until then it is
        // here, and offered to a server that lost it.
        if lost.iter().all(|edit| edit.hash != hash) {
            intake.keep_apart(entry.record, held.grid, &hash, &bytes, &error)?;
        }
    }
    if lost.is_empty() {
        store_merged(tx, &mut held, &base)?;
    } else {
        if !fits {
            // Our numbers are in use at the server, or in copies elsewhere.
            incarnation::begin(tx, entropy, intake.now)?;
        }
        let author = author::load_author(tx)?;
        let lost = match &old {
            Some(old) => author::with_history(old, &lost),
            None => lost,
        };
        author::enter_again(tx, &mut held, &author, base, &lost)?;
    }
    document::refresh_counts(tx, held.key)
}

/// The server's copy with what of ours fits onto it.
struct Merged {
    base: RecordDocument,
    /// What does not, and why: the same actor and number with another content (a
    /// copied store), and what builds on that.
    apart: Vec<(ChangeHash, Vec<u8>, GuardError)>,
    /// Whether all of it fits.
    fits: bool,
}

/// Brings the server's copy and further changes together, as many as there is
/// place for beside it.
fn bring_together(theirs: RecordDocument, ours: &[(ChangeHash, Vec<u8>)]) -> Merged {
    let both = {
        let mut both = theirs.clone();
        let ours = ours.iter().map(|(_, bytes)| bytes.as_slice());
        guard::contain(move || both.apply_own(ours).map(|()| both))
    };
    if let Ok(Ok(base)) = both {
        return Merged {
            base,
            apart: Vec::new(),
            fits: true,
        };
    }
    let (mut base, mut apart) = (theirs, Vec::new());
    for (hash, bytes) in ours {
        let admitted =
            guard::inspect(hash, bytes).and_then(|change| base.admit(&change, Writer::Feed));
        match admitted {
            Ok(admitted) => base = admitted,
            Err(error) => apart.push((*hash, bytes.clone(), error)),
        }
    }
    Merged {
        base,
        apart,
        fits: false,
    }
}

fn store_merged(
    tx: &Transaction<'_>,
    held: &mut Held,
    document: &RecordDocument,
) -> Result<(), StoreError> {
    held.heads = document.heads();
    document::store_snapshot(tx, held, &document.save(), false)?;
    document::store(tx, held, Some(&document.summary()))
}

/// Records no page named are not the grid's any more, unless something of this
/// phone is in them.
fn drop_absent(tx: &Transaction<'_>, grid: GridId) -> Result<(), StoreError> {
    let absent: Vec<(i64, RecordId)> = tx
        .prepare_cached(
            "SELECT key, id FROM record
             WHERE grid = ?1 AND server_heads IS NULL AND pending_count = 0
                 AND refusal_count = 0",
        )?
        .query_map([grid.as_bytes()], |row| {
            Ok((row.get(0)?, columns::record_id(row.get_ref(1)?.as_blob()?)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (key, id) in absent {
        tracing::info!(record = %id, "no longer in the grid");
        document::remove(tx, key)?;
    }
    Ok(())
}
