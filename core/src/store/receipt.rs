//! Applying the server's verdicts on what was pushed.

use rusqlite::{OptionalExtension as _, params};
use wangge_model::{
    ChangeHash, RecordId, fault_point,
    protocol::{Receipt, SignedManifest, Verdict},
};

use super::{
    StoreError, columns,
    feed::{Intake, Touched},
    outbox::{self, Status},
};

/// How often a change is sent again after the server asked for what it builds
/// on; then it waits for the next sync.
const MOST_ATTEMPTS: i64 = 3;

struct Item {
    record: RecordId,
    hash: ChangeHash,
    deps: Vec<ChangeHash>,
    attempts: i64,
}

/// Applies a receipt. One that answers no manifest of ours is an echo of one
/// that was answered already.
pub(super) fn apply(intake: &mut Intake<'_>, receipt: &Receipt) -> Result<(), StoreError> {
    let tx = intake.tx;
    let counter = if fault_point::is_planted("phone.believes_any_receipt") {
        tx.query_row(
            "SELECT coalesce(max(counter), 0) FROM manifest",
            [],
            |row| row.get(0),
        )?
    } else {
        columns::signed(receipt.counter)
    };
    let manifest: Option<(Vec<u8>, i64)> = tx
        .prepare_cached("SELECT signed, count FROM manifest WHERE counter = ?1")?
        .query_row([counter], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((signed, count)) = manifest else {
        return Ok(());
    };
    let signed: SignedManifest = columns::decode(&signed)?;
    let is_ours =
        receipt.manifest_digest == signed.digest() && columns::signed(receipt.count()) == count;
    if !is_ours && !fault_point::is_planted("phone.believes_any_receipt") {
        return Err(StoreError::ForeignReceipt(receipt.counter));
    }
    let items = tx
        .prepare_cached(
            "SELECT record.id, outbox.hash, outbox.deps, outbox.attempts
             FROM outbox JOIN record ON record.key = outbox.record
             WHERE outbox.counter = ?1 ORDER BY outbox.position",
        )?
        .query_map([counter], |row| {
            Ok(Item {
                record: columns::record_id(row.get_ref(0)?.as_blob()?)?,
                hash: columns::change_hash(row.get_ref(1)?.as_blob()?)?,
                deps: columns::split_hashes(row.get_ref(2)?.as_blob()?)?,
                attempts: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let counter = columns::unsigned(counter);
    outbox::drop_manifest(tx, counter, counter)?;
    if columns::length(items.len()) != count {
        // Items went with a record since: which verdict is whose is unknown.
        // The rest is sent again and answered as duplicates.
        return Ok(());
    }
    for (item, verdict) in items.iter().zip(receipt.each()) {
        if let Some(touched) = intake.take(&item.record)?
            && let Some(touched) = apply_verdict(intake, touched, item, &verdict)?
        {
            intake.put(touched);
        }
    }
    Ok(())
}

/// Applies one verdict; gives the record back unless it is gone.
fn apply_verdict(
    intake: &mut Intake<'_>,
    mut touched: Touched,
    item: &Item,
    verdict: &Verdict,
) -> Result<Option<Touched>, StoreError> {
    let grid = touched.held.grid;
    match verdict {
        Verdict::Accepted { .. } => {
            intake.mark_receipted(&mut touched, &item.hash)?;
            intake.advance_server(&mut touched, grid, &item.hash, &item.deps)?;
        }
        Verdict::Duplicate => {
            intake.mark_receipted(&mut touched, &item.hash)?;
            match intake.server_has(&mut touched, grid, &item.hash, &item.deps) {
                // The digest will tell; the receipt counts all the same.
                Err(StoreError::Damaged { .. }) => {
                    intake.refetch.insert(grid);
                }
                other => other?,
            }
        }
        Verdict::Quarantined { code, detail } => {
            intake.mark_refused(&mut touched, &item.hash, code, detail)?;
        }
        Verdict::MissingDeps { hashes } => wait_for(intake, &mut touched, item, hashes)?,
        // Waits for `rotate_incarnation`, which authors it again.
        Verdict::ActorFork => intake.set_status(&mut touched, &item.hash, Status::Pending)?,
        Verdict::Erased => {
            intake.erase(touched)?;
            return Ok(None);
        }
        Verdict::StaleRecordEpoch { .. } => {
            intake.mark_refused(&mut touched, &item.hash, "stale_record_epoch", "")?;
            intake.refetch.insert(grid);
        }
    }
    Ok(Some(touched))
}

/// The server lacks something the change builds on: our own goes first, others'
/// must come from their authors.
fn wait_for(
    intake: &mut Intake<'_>,
    touched: &mut Touched,
    item: &Item,
    missing: &[ChangeHash],
) -> Result<(), StoreError> {
    let mut refused = false;
    let mut ours = false;
    for hash in missing {
        let status: Option<i64> = intake
            .tx
            .prepare_cached("SELECT status FROM outbox WHERE record = ?1 AND hash = ?2")?
            .query_row(params![touched.held.key, hash.as_bytes()], |row| row.get(0))
            .optional()?;
        match status {
            Some(status) if status == Status::Refused.number() => refused = true,
            Some(status) if status == Status::Receipted.number() => {
                ours = true;
                intake.set_status(touched, hash, Status::Pending)?;
            }
            Some(status) if status == Status::Pending.number() => ours = true,
            _ => {}
        }
    }
    if refused {
        return intake.mark_refused(touched, &item.hash, "missing_deps", "");
    }
    let status = if ours && item.attempts < MOST_ATTEMPTS {
        Status::Pending
    } else {
        Status::Waiting
    };
    intake.set_status(touched, &item.hash, status)?;
    intake
        .tx
        .prepare_cached(
            "UPDATE outbox SET attempts = attempts + 1 WHERE record = ?1 AND hash = ?2",
        )?
        .execute(params![touched.held.key, item.hash.as_bytes()])?;
    Ok(())
}
