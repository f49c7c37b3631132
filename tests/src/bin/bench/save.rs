//! Saving: what a person waits for after tapping "save", against the bare
//! commit of the same bytes.

use std::{path::Path, time::Instant};

use anyhow::{Context as _, ensure};
use rusqlite::{Connection, params};
use wangge_core::RecordQuery;
use wangge_model::{RecordId, RecordKind, protocol::PushItem};
use wangge_tests::{
    phone::Phone,
    statistics::{count, median, micros, percentile},
    workload::Workload,
};

use crate::{fsync_count, report::Figures};

/// Pages of write-ahead log (4 KiB each) the floor lets grow; in bytes as many as
/// the phone's store.
const LOG_PAGES: u32 = 8_000;
/// Saves after which the phone tidies up, as it does after each sync and when
/// the app goes to the background; not timed.
const TIDY_EVERY: usize = 100;

/// SQLCipher with a raw key, write-ahead log, an fsync per commit; one row per
/// change and nothing else.
struct BareStore(Connection);

impl BareStore {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(&format!(
            "PRAGMA key = \"x'{}'\";
             PRAGMA cipher_hmac_algorithm = HMAC_SHA256;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = {LOG_PAGES};
             CREATE TABLE change (
                 n INTEGER PRIMARY KEY, record BLOB NOT NULL, hash BLOB NOT NULL,
                 bytes BLOB NOT NULL
             );",
            "5a".repeat(32)
        ))?;
        Ok(Self(connection))
    }

    fn commit(&self, change: &PushItem) -> anyhow::Result<()> {
        let mut insert = self
            .0
            .prepare_cached("INSERT INTO change (record, hash, bytes) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![
            change.record.as_bytes(),
            change.hash.as_bytes(),
            change.change
        ])?;
        Ok(())
    }

    fn checkpoint(&self) -> anyhow::Result<()> {
        Ok(self
            .0
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}

/// Times in microseconds of one kind of save, with its floor.
#[derive(Default)]
struct Pairs {
    save: Vec<f64>,
    floor: Vec<f64>,
    bytes: Vec<f64>,
    pages: Vec<f64>,
}

impl Pairs {
    fn ratio(&self) -> f64 {
        median(&self.save) / median(&self.floor)
    }

    fn report(&self, name: &str, figures: &mut Figures) {
        figures.set(format!("{name}_p50_us"), median(&self.save));
        figures.set(format!("{name}_p99_us"), percentile(&self.save, 0.99));
        figures.set(format!("{name}_floor_p50_us"), median(&self.floor));
        figures.set(format!("{name}_p50_ratio"), self.ratio());
        figures.set(format!("{name}_bytes"), median(&self.bytes));
        figures.set(format!("{name}_pages"), median(&self.pages));
    }
}

/// Saves `pairs` edits of a household's field and `pairs` new visits, each
/// followed at once by the bare commit of its change; figures go under `name`.
pub(crate) fn run(
    name: &str,
    phone: &Phone,
    folder: &Path,
    pairs: usize,
    workload: &mut Workload,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let bare = BareStore::create(&folder.join(format!("{name}.floor.sqlite")))?;
    let grid = phone.grid()?;
    let query = RecordQuery {
        kind: Some(RecordKind::Household),
        limit: 500,
        ..RecordQuery::default()
    };
    let households: Vec<RecordId> = phone
        .core
        .list_records(&query)?
        .into_iter()
        .map(|row| row.id)
        .collect();
    ensure!(!households.is_empty(), "the phone has no household to edit");
    let (mut edits, mut creates) = (Pairs::default(), Pairs::default());
    let mut fsyncs = Vec::new();
    phone.core.tidy()?;
    for (turn, household) in households.iter().cycle().take(pairs).enumerate() {
        let edit = [workload.household_edit()?];
        // Nobody changes what no form has shown.
        phone.core.find_record(*household)?;
        let log = log_pages(phone)?;
        let before = fsync_count::calls();
        let begun = Instant::now();
        phone.core.edit_record(*household, &edit)?;
        let took = micros(begun.elapsed());
        let calls = fsync_count::calls() - before;
        // The random number may be the one that is there: nothing to save.
        if calls > 0 {
            fsyncs.push(calls);
            edits.save.push(took);
            edits.pages.push(log_pages(phone)? - log);
            floor(phone, &bare, *household, &mut edits)?;
        }
        let visit = workload.visit()?;
        let log = log_pages(phone)?;
        let before = fsync_count::calls();
        let begun = Instant::now();
        let id = phone.core.create_record(RecordKind::Visit, grid, &visit)?;
        creates.save.push(micros(begun.elapsed()));
        creates.pages.push(log_pages(phone)? - log);
        fsyncs.push(fsync_count::calls() - before);
        floor(phone, &bare, id, &mut creates)?;
        if turn % TIDY_EVERY == TIDY_EVERY - 1 {
            phone.core.tidy()?;
            bare.checkpoint()?;
        }
    }
    edits.report(&format!("{name}.edit"), figures);
    creates.report(&format!("{name}.create"), figures);
    let all: Vec<f64> = edits.save.iter().chain(&creates.save).copied().collect();
    figures.set(format!("{name}.p50_us"), median(&all));
    figures.set(format!("{name}.p99_us"), percentile(&all, 0.99));
    // The worse of the two: a mean of both would hide it.
    figures.set(
        format!("{name}.p50_ratio"),
        edits.ratio().max(creates.ratio()),
    );
    let most = fsyncs.iter().max().copied().context("nothing was saved")?;
    let least = fsyncs.iter().min().copied().context("nothing was saved")?;
    // A save without an fsync would be worse than one with two.
    figures.set(
        format!("{name}.fsyncs"),
        if least == 0 { 0.0 } else { count(most) },
    );
    Ok(())
}

/// Pages in the phone's write-ahead log: what a save adds to them, it wrote. The
/// log's file keeps its length, so the number is taken from the log's index
/// (`mxFrame`, at byte 16; SQLite's "WAL-index Format").
fn log_pages(phone: &Phone) -> anyhow::Result<f64> {
    let index = std::fs::read(phone.folder().join("wangge.db-shm"))?;
    let (_, frames) = index.split_at_checked(16).context("the index is cut")?;
    let frames = frames.first_chunk::<4>().context("the index is cut")?;
    Ok(f64::from(u32::from_ne_bytes(*frames)))
}

/// Commits, bare, what the last save of this record wrote.
fn floor(
    phone: &Phone,
    bare: &BareStore,
    record: RecordId,
    pairs: &mut Pairs,
) -> anyhow::Result<()> {
    let document = phone.document(record)?;
    let change = document
        .changes()
        .pop()
        .context("the record has no change")?;
    let item = PushItem {
        record,
        record_epoch: 0,
        kind: document.kind(),
        grid: phone.grid()?,
        hash: change.hash,
        change: change.bytes,
    };
    pairs.bytes.push(count(item.change.len() as u64));
    let begun = Instant::now();
    bare.commit(&item)?;
    pairs.floor.push(micros(begun.elapsed()));
    Ok(())
}
