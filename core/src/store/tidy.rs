//! Housekeeping that must not happen while a person waits for a save.

use rusqlite::{Transaction, params, types::Value};
use wangge_model::{RecordSummary, protocol::to_cbor};

use super::{
    Store, StoreError,
    connection::OldLog,
    document,
    fact::{self, Due},
    search,
};

/// Documents compacted in one idle moment.
const MOST_AT_ONCE: i64 = 200;

/// Records indexed in one transaction while the app is in use: a save waits no
/// longer than for these.
const MOST_INDEXED: usize = 100;

/// The same while it is not: each transaction costs an fsync and a piece of the
/// index to be merged later.
const MOST_INDEXED_IDLE: usize = 1_000;

impl Store {
    /// Completes the search index, compacts documents and folds the write-ahead
    /// log back. Called by the shell when the app goes to the background.
    pub fn tidy(&self) -> Result<(), StoreError> {
        while self.index_up_to(MOST_INDEXED_IDLE)? {}
        self.tidy_documents()
    }

    /// Brings some of what is new into the search index; when all of it is
    /// there, reads the facts of some of what is new; and when these are read,
    /// merges some of the index's pieces. Answers whether there may be more to
    /// do.
    pub(crate) fn index_some(&self) -> Result<bool, StoreError> {
        self.index_up_to(MOST_INDEXED)
    }

    fn index_up_to(&self, most: usize) -> Result<bool, StoreError> {
        if self.read(|db| search::due(db, 0))?.is_some() {
            if self.read(|db| fact::is_due(db, Due::Any))? {
                self.write(|tx| fact::read_some(tx, Due::Any, most))?;
                return Ok(true);
            }
            return self.write(search::merge_some);
        }
        self.write(|tx| search::index_some(tx, most))?;
        Ok(true)
    }

    /// The part of [`Self::tidy`] that follows every sync.
    pub(super) fn tidy_documents(&self) -> Result<(), StoreError> {
        let erased = self.write(|tx| {
            let keys = tx
                .prepare_cached(
                    // From six loose changes on an idle moment is used to
                    // compact; the index `record_loose` names just those.
                    "SELECT key FROM record WHERE loose_count > 5 AND damaged = 0
                     ORDER BY loose_count DESC LIMIT ?1",
                )?
                .query_map([MOST_AT_ONCE], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            for key in keys {
                let mut held = document::load_held(tx, key)?;
                let document = match document::open_kept(tx, &held, &self.documents) {
                    Ok(document) => document,
                    Err(StoreError::Damaged { .. }) => {
                        document::mark_damaged(tx, &held.id)?;
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                document::store_snapshot(tx, &mut held, &document.save(), false)?;
                document::store(tx, &mut held, None)?;
            }
            purge_erased(tx)
        })?;
        self.checkpoint(if erased { OldLog::Cut } else { OldLog::Kept })
    }

    /// Folds the write-ahead log back and starts it anew with a small write of
    /// our own: the first commit of a new log costs a second fsync, and that
    /// should not be a person's save.
    pub(super) fn checkpoint(&self, log: OldLog) -> Result<(), StoreError> {
        self.fold_log(log)?;
        // A number that grows: SQLite does not write a value that is there.
        self.write(|tx| {
            tx.execute("UPDATE phone SET log_starts = log_starts + 1", [])?;
            Ok(())
        })
    }

    /// Computes every list row and the search index from the documents anew.
    /// For support, after a defect in a projection; answers how many rows
    /// differed.
    pub fn rebuild_projections(&self) -> Result<u64, StoreError> {
        let mut differed = 0;
        let mut last = 0;
        loop {
            let (done, next) = self.write(|tx| rebuild_some(tx, last))?;
            differed += done;
            match next {
                Some(next) => last = next,
                None => return Ok(differed),
            }
        }
    }
}

/// The search index forgets what was deleted only when it is merged; for what
/// was erased that must not wait. Answers whether there was something.
fn purge_erased(tx: &Transaction<'_>) -> Result<bool, StoreError> {
    let erased = tx.execute("UPDATE erased SET purged = 1 WHERE purged = 0", [])?;
    if erased > 0 {
        tx.execute("INSERT INTO search (search) VALUES ('optimize')", [])?;
    }
    Ok(erased > 0)
}

/// Rebuilds the records after `last`; answers how many differed and where to
/// go on.
fn rebuild_some(tx: &Transaction<'_>, last: i64) -> Result<(u64, Option<i64>), StoreError> {
    let keys = tx
        .prepare_cached(
            "SELECT key FROM record WHERE damaged = 0 AND key > ?1 ORDER BY key LIMIT ?2",
        )?
        .query_map([last, MOST_AT_ONCE], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut differed = 0;
    for key in &keys {
        let mut held = document::load_held(tx, *key)?;
        let document = document::open(tx, &held)?;
        let summary = document.summary();
        let is_wrong = fact::are_wrong(tx, &held, &document)?;
        let before = columns_of(tx, *key)?;
        document::store(tx, &mut held, Some(&summary))?;
        search::index_now(tx, *key, &summary.title, &summary.search_text)?;
        differed += u64::from(is_wrong || before != columns_of(tx, *key)?);
    }
    Ok((differed, keys.last().copied()))
}

/// Whether the list row of a record is another than this.
pub(super) fn is_outdated(
    tx: &Transaction<'_>,
    key: i64,
    summary: &RecordSummary,
) -> Result<bool, StoreError> {
    Ok(!tx
        .prepare_cached(
            "SELECT conflict_count = ?2 AND edited_at = ?3 AND member_count = ?4 AND title = ?5
                 AND person_name = ?6 AND phone = ?7 AND state = ?8 AND category = ?9
                 AND search_text = ?10
                 AND (SELECT residence FROM list_detail WHERE record = key) IS ?11
                 AND (SELECT merged_into FROM alias WHERE record = key) IS ?12
                 AND (SELECT case_summary FROM list_detail WHERE record = key) IS ?13
             FROM record WHERE key = ?1",
        )?
        .query_row(
            params![
                key,
                summary.conflict_count,
                summary.edited_at.as_millis(),
                summary.member_count,
                summary.title,
                summary.person_name,
                summary.phone,
                summary.state,
                summary.category,
                summary.search_text,
                summary.residence,
                summary
                    .merged_into
                    .as_ref()
                    .map(wangge_model::RecordId::as_bytes),
                summary.case.as_ref().map(to_cbor),
            ],
            |row| row.get(0),
        )?)
}

fn columns_of(tx: &Transaction<'_>, key: i64) -> Result<Vec<Value>, StoreError> {
    Ok(tx
        .prepare_cached(
            "SELECT conflict_count, household, occurred_at, edited_at, member_count, title,
                 person_name, phone, state, category, urgency, number, search_text,
                 (SELECT place FROM list_detail WHERE list_detail.record = record.key),
                 (SELECT residence FROM list_detail WHERE list_detail.record = record.key),
                 (SELECT merged_into FROM alias WHERE alias.record = record.key),
                 (SELECT case_summary FROM list_detail WHERE list_detail.record = record.key)
             FROM record WHERE key = ?1",
        )?
        .query_row([key], |row| (0..17).map(|column| row.get(column)).collect())?)
}
