//! Taking in what the server says about changes: one context per transaction
//! that opens each record once and writes it once.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Mutex,
};

use rusqlite::{OptionalExtension as _, Transaction, params};
use wangge_model::{
    ChangeHash, Entropy, GridId, RecordId, Timestamp,
    document::{OpenDocuments, RecordDocument, advance_heads},
    guard::{self, GuardError, InspectedChange, Writer},
    protocol::{Decision, FeedEntry, FeedPage, Frame},
};

use super::{
    StoreError, columns,
    digest::Digests,
    document::{self, Held, Start},
    grid,
    outbox::Status,
    snapshot,
};
use crate::port::Applied;

/// Code of a refusal while a supervisor has not decided, and after one said no.
pub(super) const UNDER_REVIEW: &str = "under_review";
const REVIEW_REFUSED: &str = "review_refused";

/// Records held in memory before they are written: a feed page may touch
/// thousands, and each takes about 17 KB.
const MOST_TOUCHED: usize = 200;

/// One answer while it is taken in.
pub(super) struct Intake<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) now: Timestamp,
    pub(super) digests: Digests,
    pub(super) applied: Applied,
    /// Grids that must be fetched from the start once this is written.
    pub(super) refetch: BTreeSet<GridId>,
    touched: BTreeMap<RecordId, Touched>,
    kept: &'a Mutex<OpenDocuments>,
}

/// A record this answer is about.
pub(super) struct Touched {
    pub(super) held: Held,
    document: Option<RecordDocument>,
    /// New changes, not written yet.
    incoming: Vec<(ChangeHash, Vec<u8>)>,
    recount: bool,
}

impl<'a> Intake<'a> {
    pub(super) fn new(
        tx: &'a Transaction<'a>,
        now: Timestamp,
        kept: &'a Mutex<OpenDocuments>,
    ) -> Self {
        Self {
            tx,
            now,
            digests: Digests::default(),
            applied: Applied::default(),
            refetch: BTreeSet::new(),
            touched: BTreeMap::new(),
            kept,
        }
    }

    /// Takes a record out to work on it; [`Intake::put`] brings it back.
    pub(super) fn take(&mut self, id: &RecordId) -> Result<Option<Touched>, StoreError> {
        if let Some(touched) = self.touched.remove(id) {
            return Ok(Some(touched));
        }
        Ok(document::find(self.tx, id)?.map(Touched::new))
    }

    pub(super) fn put(&mut self, touched: Touched) {
        self.touched.insert(touched.held.id, touched);
    }

    /// Whether the record was erased for good.
    pub(super) fn is_erased(&self, id: &RecordId) -> Result<bool, StoreError> {
        Ok(self
            .tx
            .prepare_cached("SELECT 1 FROM erased WHERE record = ?1")?
            .query_row([id.as_bytes()], |_| Ok(()))
            .optional()?
            .is_some())
    }

    /// Applies one page; the caller has checked that it follows the cursor.
    pub(super) fn apply_page(
        &mut self,
        entropy: &dyn Entropy,
        page: &FeedPage,
    ) -> Result<(), StoreError> {
        for entry in &page.entries {
            match entry {
                FeedEntry::Change { frame } => self.apply_frame(page.grid, frame)?,
                FeedEntry::Yours { record, hash } => self.apply_yours(page.grid, record, hash)?,
                // The receipt of this very answer was applied before.
                FeedEntry::Receipted { .. } => {}
                FeedEntry::MovedOut { record, to, moves } => {
                    self.apply_moved_out(page.grid, record, *to, *moves)?;
                }
                FeedEntry::MovedIn { entry } => {
                    snapshot::apply_moved_in(self, entropy, page.grid, entry)?;
                }
            }
            if self.touched.len() > MOST_TOUCHED {
                self.flush()?;
            }
        }
        self.tx
            .prepare_cached("UPDATE grid SET seq = ?2 WHERE id = ?1 AND seq IS NOT NULL")?
            .execute(params![page.grid.as_bytes(), columns::signed(page.to)])?;
        Ok(())
    }

    fn apply_frame(&mut self, grid: GridId, frame: &Frame) -> Result<(), StoreError> {
        if self.is_erased(&frame.record)? {
            return Ok(());
        }
        let change = match guard::inspect(&frame.hash, &frame.change) {
            Ok(change) => change,
            // What it builds on is unknown, so the record's heads at the server
            // are: the grid's digest will differ and bring a fresh copy.
            Err(error) => return self.set_aside(grid, frame, &error),
        };
        let mut touched = match self.take(&frame.record)? {
            Some(touched) => touched,
            None => Touched::new(Held::new(
                frame.record,
                frame.kind,
                grid,
                frame.record_epoch,
            )),
        };
        if frame.kind != touched.held.kind {
            self.set_aside(
                grid,
                frame,
                &GuardError::Structure("another kind of record"),
            )?;
        } else if frame.record_epoch > touched.held.record_epoch {
            // Rebuilt on the server; the changes before it are void.
            self.refetch.insert(grid);
        } else if frame.record_epoch == touched.held.record_epoch {
            self.apply_change(grid, &mut touched, frame, &change)?;
        }
        if touched.held.key != 0 || !touched.incoming.is_empty() {
            self.put(touched);
        }
        Ok(())
    }

    fn apply_change(
        &mut self,
        grid: GridId,
        touched: &mut Touched,
        frame: &Frame,
        change: &InspectedChange,
    ) -> Result<(), StoreError> {
        // Already part of what the server had when the snapshot was made.
        if touched
            .held
            .server_heads
            .as_ref()
            .is_some_and(|heads| heads.contains(&frame.hash))
        {
            return Ok(());
        }
        let document = match touched.open(self.tx, self.kept) {
            Ok(document) => document,
            Err(StoreError::Damaged { .. }) => {
                touched.held.damaged = true;
                self.refetch.insert(grid);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if document.has_change(&frame.hash) {
            self.mark_receipted(touched, &frame.hash)?;
            return self.server_has(touched, grid, &frame.hash, &change.deps());
        }
        match document.admit(change, Writer::Feed) {
            Ok(admitted) => {
                touched.document = Some(admitted);
                touched.incoming.push((frame.hash, change.bytes().to_vec()));
                self.applied.pulled += 1;
            }
            Err(error) => {
                self.set_aside(grid, frame, &error)?;
                if matches!(error, GuardError::ActorFork(_)) {
                    // What stands in its place here, and everything on top of it,
                    // has no place in the server's history: a copied phone and a
                    // server that lost something. The server's copy shows what
                    // has; what is unsent is authored again on that.
                    self.refetch.insert(grid);
                }
            }
        }
        if touched.held.key == 0 && touched.incoming.is_empty() {
            // Nothing of the record is here; the digest will bring it.
            return Ok(());
        }
        // Also if it was set aside: the server does have it.
        self.advance_server(touched, grid, &frame.hash, &change.deps())
    }

    /// Our own change, named by its hash only.
    fn apply_yours(
        &mut self,
        grid: GridId,
        record: &RecordId,
        hash: &ChangeHash,
    ) -> Result<(), StoreError> {
        if self.is_erased(record)? {
            return Ok(());
        }
        let Some(mut touched) = self.take(record)? else {
            // Made in a former life that a restored store knows nothing of.
            self.refetch.insert(grid);
            return Ok(());
        };
        let known = match touched.open(self.tx, self.kept) {
            Ok(document) => document.find_deps(hash),
            Err(StoreError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        match known {
            Some(deps) => {
                self.mark_receipted(&mut touched, hash)?;
                self.server_has(&mut touched, grid, hash, &deps)?;
            }
            None => {
                self.refetch.insert(grid);
            }
        }
        self.put(touched);
        Ok(())
    }

    /// The record is in another grid: it goes with that one, at once if the
    /// person does not have it. What is unsent in it stays until it is sent.
    fn apply_moved_out(
        &mut self,
        from: GridId,
        record: &RecordId,
        to: GridId,
        moves: u32,
    ) -> Result<(), StoreError> {
        // If it came back here, a later place brings it.
        if to == from {
            return Ok(());
        }
        self.apply_moved(record, to, moves)
    }

    /// The server says that the record is in this grid; it will say more of it
    /// there, if the person has that grid.
    pub(super) fn apply_moved(
        &mut self,
        record: &RecordId,
        to: GridId,
        moves: u32,
    ) -> Result<(), StoreError> {
        let Some(mut touched) = self.take(record)? else {
            return Ok(());
        };
        let held = &mut touched.held;
        // The other grid may have been read first.
        if held.grid != to && !held.is_older_news(moves) {
            grid::note(self.tx, to)?;
            self.digests.set_server_heads(self.tx, held, to, None)?;
            held.moves = moves;
        }
        self.put(touched);
        Ok(())
    }

    /// A supervisor decided on a change of ours that was under review.
    pub(super) fn apply_decision(&mut self, decision: &Decision) -> Result<(), StoreError> {
        let Some(mut touched) = self.take(&decision.record)? else {
            return Ok(());
        };
        if decision.accepted {
            self.mark_receipted(&mut touched, &decision.hash)?;
            // It stays only where the person may see it.
            let held = &mut touched.held;
            if let Some(to) = decision.grid
                && held.server_heads.is_none()
                && held.grid != to
            {
                grid::note(self.tx, to)?;
                self.digests.set_server_heads(self.tx, held, to, None)?;
            }
        } else {
            self.tx
                .prepare_cached(
                    "UPDATE refusal SET code = ?3, detail = ?4 WHERE record = ?1 AND hash = ?2",
                )?
                .execute(params![
                    touched.held.key,
                    decision.hash.as_bytes(),
                    REVIEW_REFUSED,
                    decision.reason,
                ])?;
        }
        self.put(touched);
        Ok(())
    }

    /// The server has this change of ours on disk.
    pub(super) fn mark_receipted(
        &mut self,
        touched: &mut Touched,
        hash: &ChangeHash,
    ) -> Result<(), StoreError> {
        let changed = self
            .tx
            .prepare_cached(
                "UPDATE outbox SET status = 1, receipted_at = ?3, attempts = 0, edits = NULL
                 WHERE record = ?1 AND hash = ?2 AND status <> 1",
            )?
            .execute(params![
                touched.held.key,
                hash.as_bytes(),
                self.now.as_millis()
            ])?;
        if changed > 0 {
            self.tx
                .prepare_cached("DELETE FROM refusal WHERE record = ?1 AND hash = ?2")?
                .execute(params![touched.held.key, hash.as_bytes()])?;
            touched.recount = true;
            self.applied.receipted += 1;
        }
        Ok(())
    }

    /// The server did not take this change of ours.
    pub(super) fn mark_refused(
        &mut self,
        touched: &mut Touched,
        hash: &ChangeHash,
        code: &str,
        detail: &str,
    ) -> Result<(), StoreError> {
        self.set_status(touched, hash, Status::Refused)?;
        self.tx
            .prepare_cached(
                "INSERT OR REPLACE INTO refusal (record, hash, code, detail, at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                touched.held.key,
                hash.as_bytes(),
                code,
                detail,
                self.now.as_millis()
            ])?;
        self.applied.refused += 1;
        Ok(())
    }

    pub(super) fn set_status(
        &self,
        touched: &mut Touched,
        hash: &ChangeHash,
        status: Status,
    ) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE outbox SET status = ?3 WHERE record = ?1 AND hash = ?2")?
            .execute(params![touched.held.key, hash.as_bytes(), status.number()])?;
        touched.recount = true;
        Ok(())
    }

    /// Notes that the server has a change that may already be among what it is
    /// known to have.
    pub(super) fn server_has(
        &mut self,
        touched: &mut Touched,
        grid: GridId,
        hash: &ChangeHash,
        deps: &[ChangeHash],
    ) -> Result<(), StoreError> {
        if let Some(heads) = touched.held.server_heads.clone() {
            let is_known = heads.contains(hash) || {
                let document = touched.open(self.tx, self.kept)?;
                is_ancestor(document, hash, &heads)
            };
            if is_known {
                // It is where this feed says: a grid may have been closed while
                // the record was on its way, and another taken it in.
                return self.digests.set_server_heads(
                    self.tx,
                    &mut touched.held,
                    grid,
                    Some(heads),
                );
            }
        }
        self.advance_server(touched, grid, hash, deps)
    }

    /// The server has one change more.
    pub(super) fn advance_server(
        &mut self,
        touched: &mut Touched,
        grid: GridId,
        hash: &ChangeHash,
        deps: &[ChangeHash],
    ) -> Result<(), StoreError> {
        let mut heads = match &touched.held.server_heads {
            Some(heads) => heads.clone(),
            None => RecordDocument::new(touched.held.kind).heads(),
        };
        advance_heads(&mut heads, *hash, deps);
        self.digests
            .set_server_heads(self.tx, &mut touched.held, grid, Some(heads))
    }

    /// Keeps apart what did not pass the guard; the feed goes on.
    fn set_aside(
        &mut self,
        grid: GridId,
        frame: &Frame,
        error: &GuardError,
    ) -> Result<(), StoreError> {
        tracing::warn!(record = %frame.record, code = error.code(), "incoming change set aside");
        self.applied.rejected += 1;
        self.keep_apart(frame.record, grid, &frame.hash, &frame.change, error)
    }

    /// Keeps a change of a record that has no place in its document, once.
    pub(super) fn keep_apart(
        &self,
        record: RecordId,
        grid: GridId,
        hash: &ChangeHash,
        bytes: &[u8],
        error: &GuardError,
    ) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "INSERT INTO quarantine (record, grid, hash, bytes, code, detail, at)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
                 WHERE NOT EXISTS (SELECT 1 FROM quarantine WHERE record = ?1 AND hash = ?3)",
            )?
            .execute(params![
                record.as_bytes(),
                grid.as_bytes(),
                hash.as_bytes(),
                bytes,
                error.code(),
                error.detail(),
                self.now.as_millis(),
            ])?;
        Ok(())
    }

    /// The record is gone for good, here too.
    pub(super) fn erase(&mut self, mut touched: Touched) -> Result<(), StoreError> {
        let unsent: Option<Vec<u8>> = self
            .tx
            .prepare_cached(
                "SELECT hash FROM outbox WHERE record = ?1 AND status <> 1
                 ORDER BY position LIMIT 1",
            )?
            .query_row([touched.held.key], |row| row.get(0))
            .optional()?;
        let grid = touched.held.grid;
        self.digests
            .set_server_heads(self.tx, &mut touched.held, grid, None)?;
        document::remove(self.tx, touched.held.key)?;
        self.tx.execute(
            "INSERT OR REPLACE INTO erased (record, hash, at) VALUES (?1, ?2, ?3)",
            params![touched.held.id.as_bytes(), unsent, self.now.as_millis()],
        )?;
        Ok(())
    }

    /// Writes every record that was worked on.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        for (_, mut touched) in std::mem::take(&mut self.touched) {
            let incoming = std::mem::take(&mut touched.incoming);
            let held = &mut touched.held;
            if let Some(document) = touched.document.as_ref().filter(|_| !incoming.is_empty()) {
                let summary = document.summary();
                if held.conflict_count == 0 && summary.conflict_count > 0 {
                    self.applied.new_conflicts += 1;
                }
                held.heads = document.heads();
                if held.key == 0 {
                    document::insert(self.tx, held, Start::Empty, &summary)?;
                }
                for (hash, bytes) in &incoming {
                    document::append(self.tx, held, hash, bytes)?;
                }
                document::compact_if_due(self.tx, held, document)?;
                document::store(self.tx, held, Some(&summary))?;
            } else {
                document::store(self.tx, held, None)?;
            }
            if let Some(document) = touched.document.take() {
                document::keep_open(self.kept, held.id, document);
            }
            if touched.recount {
                document::refresh_counts(self.tx, touched.held.key)?;
            }
        }
        Ok(())
    }

    /// Writes records and digests.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        self.flush()?;
        self.digests.store(self.tx)
    }
}

impl Touched {
    pub(super) fn new(held: Held) -> Self {
        Self {
            held,
            document: None,
            incoming: Vec::new(),
            recount: false,
        }
    }

    fn open(
        &mut self,
        tx: &Transaction<'_>,
        kept: &Mutex<OpenDocuments>,
    ) -> Result<&RecordDocument, StoreError> {
        let document = match self.document.take() {
            Some(document) => document,
            None if self.held.key == 0 => RecordDocument::new(self.held.kind),
            None => document::take_kept(tx, &self.held, kept)?,
        };
        Ok(self.document.insert(document))
    }
}

/// Whether `hash` is one of `heads` or something they build on.
fn is_ancestor(document: &RecordDocument, hash: &ChangeHash, heads: &[ChangeHash]) -> bool {
    let changes: HashMap<ChangeHash, Vec<ChangeHash>> =
        document.change_deps().into_iter().collect();
    let mut seen: HashSet<ChangeHash> = HashSet::new();
    let mut next: Vec<ChangeHash> = heads.to_vec();
    while let Some(one) = next.pop() {
        if one == *hash {
            return true;
        }
        if seen.insert(one) {
            next.extend(changes.get(&one).into_iter().flatten());
        }
    }
    false
}
