//! The guard's stage of a push: which changes may join their records.
//!
//! Runs on a blocking thread, and again for one record inside the storage's
//! transaction if somebody else changed that record meanwhile.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use wangge_model::{
    ActorId, ChangeHash, Clock, Entropy, GridId, PersonId, QuarantineId, RecordId, RecordKind,
    RecordSummary, Timestamp,
    boundary::GridIndex,
    document::{OpenDocuments, RecordDocument},
    guard::{GuardError, InspectedChange, Writer, admit_first, inspect},
    protocol::{PushItem, Verdict, limits},
};

use super::{
    authority::CaseAuthority,
    case::{self, Opening},
};
use crate::storage::{
    ChangeBy, CommitHooks, NewChange, NewQuarantine, Numbering, RecordWork, StorageError,
    StorageResult, StoredRecord, Unnumbered,
};

/// Code of what waits for a supervisor's decision.
pub(super) const UNDER_REVIEW: &str = "under_review";

/// What a person may write, and what they once might. The past is filled only
/// where something is out of the person's scope.
#[derive(Debug, Default)]
pub(super) struct Rights {
    /// Grids whose records the person's phone holds.
    pub(super) grids: HashSet<GridId>,
    /// Which records the person may write there.
    pub(super) writes: HashSet<(GridId, RecordKind)>,
    /// Grids the person works in or ever worked in.
    pub(super) held: HashSet<GridId>,
    /// Grids the push's records were moved out of.
    pub(super) former: HashMap<RecordId, Vec<GridId>>,
    /// What follows the closed grids that the push's records were filed in.
    pub(super) heirs: HashMap<GridId, Heirs>,
}

/// The grids in use that follow a closed one.
#[derive(Debug)]
pub(super) struct Heirs {
    /// The one that takes the rest first.
    pub(super) grids: Vec<GridId>,
    /// Their boundaries.
    pub(super) index: GridIndex,
}

impl Rights {
    /// Whether records of this kind of that grid may be written.
    pub(super) fn may_write(&self, grid: &GridId, kind: RecordKind) -> bool {
        self.writes.contains(&(*grid, kind))
    }

    /// Where a new record filed in `grid` belongs: there; or, if that was closed
    /// while the phone was away, in a grid that follows it, if the person may
    /// write there the first such.
    fn home(&self, grid: GridId, kind: RecordKind) -> GridId {
        let Some(heirs) = self.heirs.get(&grid) else {
            return grid;
        };
        let own = heirs.grids.iter().find(|heir| self.may_write(heir, kind));
        own.or(heirs.grids.first()).copied().unwrap_or(grid)
    }

    /// The same once its point is known: the grid that holds the point, if it
    /// follows the closed one and the person may write there.
    fn home_of(&self, filed: GridId, document: &RecordDocument) -> Option<GridId> {
        let heirs = self.heirs.get(&filed)?;
        let point = document.read().point()?;
        let grid = heirs.index.locate(point.longitude_latitude())?;
        self.may_write(&grid, document.kind()).then_some(grid)
    }
}

/// One push on its way through the guard. Kept until the commit is done,
/// because a record may have to be judged again inside it.
#[derive(Debug)]
pub(super) struct Admission {
    /// The items as signed.
    pub(super) items: Vec<PushItem>,
    /// The device's actor.
    pub(super) actor: ActorId,
    /// The server's own actor.
    pub(super) server_actor: ActorId,
    /// Who pushes.
    pub(super) person: PersonId,
    /// What the person may write.
    pub(super) rights: Rights,
    /// What deciding requests takes; `None`: the push has none.
    pub(super) authority: Option<CaseAuthority>,
    /// Server time of the push.
    pub(super) at: Timestamp,
    /// For ids of quarantine rows.
    pub(super) clock: Arc<dyn Clock>,
    /// For ids of quarantine rows.
    pub(super) entropy: Arc<dyn Entropy>,
    /// Documents that were pushed to lately.
    documents: Arc<Mutex<OpenDocuments>>,
    /// What became of each record's items so far.
    verdicts: Mutex<HashMap<RecordId, Vec<(usize, Verdict)>>>,
}

impl Admission {
    #[expect(
        clippy::too_many_arguments,
        reason = "named once, in the one place that makes it"
    )]
    pub(super) fn new(
        items: Vec<PushItem>,
        actor: ActorId,
        server_actor: ActorId,
        person: PersonId,
        rights: Rights,
        authority: Option<CaseAuthority>,
        at: Timestamp,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        documents: Arc<Mutex<OpenDocuments>>,
    ) -> Self {
        Self {
            items,
            actor,
            server_actor,
            person,
            rights,
            authority,
            at,
            clock,
            entropy,
            documents,
            verdicts: Mutex::new(HashMap::new()),
        }
    }

    /// Judges every item against the records as they were read.
    pub(super) fn admit_all(&self, stored: &[StoredRecord]) -> StorageResult<Vec<RecordWork>> {
        let stored: HashMap<RecordId, &StoredRecord> =
            stored.iter().map(|record| (record.id, record)).collect();
        let mut places: HashMap<RecordId, Vec<usize>> = HashMap::new();
        for (place, item) in self.items.iter().enumerate() {
            places.entry(item.record).or_default().push(place);
        }
        records(&self.items)
            .iter()
            .filter_map(|id| Some((id, places.get(id)?)))
            .map(|(id, places)| self.admit_record(id, places, stored.get(id).copied(), None))
            .collect()
    }

    /// The verdict of each item in order; accepted ones without their feed
    /// number yet.
    pub(super) fn take_verdicts(&self) -> Vec<Verdict> {
        let by_record = std::mem::take(&mut *self.lock());
        let mut verdicts = vec![Verdict::Duplicate; self.items.len()];
        for (place, verdict) in by_record.into_values().flatten() {
            if let Some(slot) = verdicts.get_mut(place) {
                *slot = verdict;
            }
        }
        verdicts
    }

    /// The record's document, opened.
    fn open(&self, stored: &StoredRecord) -> StorageResult<RecordDocument> {
        let kept = self.documents().find(&stored.id, &stored.heads);
        if let Some(document) = kept.filter(|document| document.kind() == stored.kind) {
            return Ok(document);
        }
        RecordDocument::load(stored.kind, Some(&stored.document), []).map_err(|error| {
            tracing::error!(record = %stored.id, %error, "a stored document cannot be read");
            StorageError::Corrupt("document")
        })
    }

    /// What is kept is as good after a panic elsewhere as before.
    fn documents(&self) -> std::sync::MutexGuard<'_, OpenDocuments> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RecordId, Vec<(usize, Verdict)>>> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new record of one change, the commonest push of all: admitted without
    /// opening a document, if that can be done.
    fn admit_new(&self, place: usize, item: &PushItem) -> Option<RecordWork> {
        if item.record_epoch != 0 || !self.rights.may_write(&item.grid, item.kind) {
            return None;
        }
        let change = inspect(&item.hash, &item.change).ok()?;
        let mut record = admit_first(item.kind, &change, Writer::Device(self.actor))?;
        // What was asked for with a report is answered in its open document.
        let has_requests = self.authority.is_some() && record.has_requests();
        if record.saved.len() > limits::RECORD_BYTES || has_requests {
            return None;
        }
        let (saved, heads, summary, numbering) = if item.kind == RecordKind::Incident {
            // Written whole once its case is open; see `case::open_case`.
            let numbering = Numbering {
                series: case::series(self.at),
                record: Unnumbered::First(Box::new(record)),
            };
            (
                Vec::new(),
                Vec::new(),
                RecordSummary::default(),
                Some(numbering),
            )
        } else {
            let saved = std::mem::take(&mut record.saved);
            (saved, record.heads, record.summary, None)
        };
        Some(RecordWork {
            id: item.record,
            kind: item.kind,
            grid: item.grid,
            record_epoch: 0,
            base_version: 0,
            base_heads: Vec::new(),
            saved,
            heads,
            summary,
            changes: vec![new_change(place, item, &change)],
            quarantine: Vec::new(),
            numbering,
        })
    }

    /// Whether the person once had a right to the record: to the grid it is in,
    /// or to one it was in.
    fn had_right(&self, id: &RecordId, grid: &GridId, before: Option<GridId>) -> bool {
        let held =
            |grid: &GridId| self.rights.grids.contains(grid) || self.rights.held.contains(grid);
        held(grid)
            || before.as_ref().is_some_and(held)
            || self
                .rights
                .former
                .get(id)
                .is_some_and(|former| former.iter().any(held))
    }

    /// Judges the items of one record and remembers the verdicts. `before` is
    /// the grid it was in when it was judged first.
    fn admit_record(
        &self,
        id: &RecordId,
        places: &[usize],
        stored: Option<&StoredRecord>,
        before: Option<GridId>,
    ) -> StorageResult<RecordWork> {
        let items: Vec<(usize, &PushItem)> = places
            .iter()
            .filter_map(|place| Some((*place, self.items.get(*place)?)))
            .collect();
        let Some((_, first)) = items.first() else {
            return Err(StorageError::Corrupt("push"));
        };
        if let (None, [(place, item)]) = (stored, items.as_slice())
            && let Some(work) = self.admit_new(*place, item)
        {
            let verdict = Verdict::Accepted { first_seq: 0 };
            self.lock().insert(*id, vec![(*place, verdict)]);
            return Ok(work);
        }
        let mut judge = Judge::new(self, *id, first, stored, before)?;
        for (place, item) in &items {
            judge.judge(*place, item);
        }
        let (work, verdicts) = judge.finish(&items);
        self.lock().insert(*id, verdicts);
        Ok(work)
    }

    fn quarantined(
        &self,
        item: &PushItem,
        grid: GridId,
        code: &str,
        detail: String,
    ) -> NewQuarantine {
        NewQuarantine {
            id: QuarantineId::make(self.clock.as_ref(), self.entropy.as_ref()),
            record: item.record,
            kind: item.kind,
            grid,
            hash: item.hash,
            bytes: item.change.clone(),
            code: code.to_owned(),
            detail,
        }
    }
}

impl CommitHooks for Admission {
    fn rework(&self, work: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        let places: Vec<usize> = self
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.record == work.id)
            .map(|(place, _)| place)
            .collect();
        self.admit_record(&work.id, &places, Some(stored), Some(work.grid))
    }

    fn number(
        &self,
        work: RecordWork,
        numbering: Numbering,
        number: u64,
    ) -> StorageResult<RecordWork> {
        let opening = Opening {
            actor: self.server_actor,
            at: self.at,
            reporter: Some(self.person),
            authority: self.authority.as_ref(),
        };
        case::open_case(work, numbering, number, opening)
    }
}

/// Each record of a push once, in order of its first item.
pub(super) fn records(items: &[PushItem]) -> Vec<RecordId> {
    let mut seen = HashSet::with_capacity(items.len());
    items
        .iter()
        .map(|item| item.record)
        .filter(|id| seen.insert(*id))
        .collect()
}

fn new_change(place: usize, item: &PushItem, change: &InspectedChange) -> NewChange {
    NewChange {
        item: u32::try_from(place).unwrap_or(u32::MAX),
        hash: change.hash(),
        actor: change.actor(),
        actor_seq: change.seq(),
        bytes: item.change.clone(),
        by: ChangeBy::Sender,
    }
}

/// One record while its items are judged.
struct Judge<'a> {
    push: &'a Admission,
    id: RecordId,
    kind: RecordKind,
    grid: GridId,
    /// As the phone filed it.
    filed: GridId,
    stored: Option<&'a StoredRecord>,
    is_in_scope: bool,
    had_right: bool,
    /// `None` only for what is neither stored nor in the person's scope.
    document: Option<RecordDocument>,
    changes: Vec<NewChange>,
    quarantine: Vec<NewQuarantine>,
    verdicts: Vec<(usize, Verdict)>,
}

impl<'a> Judge<'a> {
    fn new(
        push: &'a Admission,
        id: RecordId,
        first: &PushItem,
        stored: Option<&'a StoredRecord>,
        before: Option<GridId>,
    ) -> StorageResult<Self> {
        // The server's own table says where a known record belongs.
        let (kind, grid) = match stored {
            Some(stored) => (stored.kind, stored.grid),
            None => (first.kind, push.rights.home(first.grid, first.kind)),
        };
        let is_in_scope = push.rights.may_write(&grid, kind);
        let document = match stored {
            None => is_in_scope.then(|| RecordDocument::new(kind)),
            Some(stored) => Some(push.open(stored)?),
        };
        Ok(Self {
            push,
            id,
            kind,
            grid,
            filed: first.grid,
            stored,
            is_in_scope,
            had_right: push.had_right(&id, &grid, before),
            document,
            changes: Vec::new(),
            quarantine: Vec::new(),
            verdicts: Vec::new(),
        })
    }

    fn judge(&mut self, place: usize, item: &PushItem) {
        let verdict = self.verdict(place, item);
        self.verdicts.push((place, verdict));
    }

    fn verdict(&mut self, place: usize, item: &PushItem) -> Verdict {
        if let Some(document) = &self.document
            && document.has_change(&item.hash)
        {
            return Verdict::Duplicate;
        }
        let document = match &self.document {
            Some(document) if self.is_in_scope => document,
            _ => return self.judge_late(item),
        };
        let record_epoch = self.stored.map_or(0, |stored| stored.record_epoch);
        if item.record_epoch != record_epoch {
            return Verdict::StaleRecordEpoch {
                current: record_epoch,
            };
        }
        if item.kind != self.kind || (self.stored.is_none() && item.grid != self.filed) {
            return self.keep_apart(item, "structure", "another kind or grid".to_owned());
        }
        let change = match inspect(&item.hash, &item.change) {
            Ok(change) => change,
            Err(error) => return self.refuse(item, error),
        };
        match document.admit(&change, Writer::Device(self.push.actor)) {
            Ok(admitted) => {
                self.document = Some(admitted);
                self.changes.push(new_change(place, item, &change));
                Verdict::Accepted { first_seq: 0 }
            }
            Err(error) => self.refuse(item, error),
        }
    }

    /// A change of a record that is not in the person's scope. Whoever had a
    /// right to it gets it looked at by a supervisor; so does whoever collected
    /// the record, if somebody else filed one under its id.
    fn judge_late(&mut self, item: &PushItem) -> Verdict {
        let change = match inspect(&item.hash, &item.change) {
            Ok(change) if change.actor() == self.push.actor => change,
            Ok(_) => return self.refuse(item, GuardError::OtherActor),
            Err(error) => return self.refuse(item, error),
        };
        let is_reviewed = self.had_right
            || (self.push.rights.grids.contains(&item.grid) && self.is_apart(&change));
        let code = if is_reviewed {
            UNDER_REVIEW
        } else {
            "out_of_scope"
        };
        self.keep_apart(item, code, String::new())
    }

    /// Whether a change builds on nothing that the stored record holds: its
    /// author never saw that record.
    fn is_apart(&self, change: &InspectedChange) -> bool {
        let genesis = RecordDocument::new(self.kind).heads();
        change.deps().iter().all(|dep| {
            genesis.contains(dep)
                || self
                    .document
                    .as_ref()
                    .is_some_and(|document| !document.has_change(dep))
        })
    }

    fn refuse(&mut self, item: &PushItem, error: GuardError) -> Verdict {
        let detail = error.detail();
        match error {
            // What builds on a change of this push that was kept apart cannot
            // come in later either; it is kept beside it.
            GuardError::MissingDeps(mut hashes) if !self.is_kept_apart(&hashes) => {
                hashes.truncate(limits::CHANGE_DEPS);
                Verdict::MissingDeps { hashes }
            }
            GuardError::ActorFork(_) => {
                self.keep_apart(item, error.code(), detail);
                Verdict::ActorFork
            }
            error => self.keep_apart(item, error.code(), detail),
        }
    }

    fn is_kept_apart(&self, hashes: &[ChangeHash]) -> bool {
        self.quarantine
            .iter()
            .any(|kept| hashes.contains(&kept.hash))
    }

    fn keep_apart(&mut self, item: &PushItem, code: &str, detail: String) -> Verdict {
        self.quarantine
            .push(self.push.quarantined(item, self.grid, code, detail.clone()));
        Verdict::Quarantined {
            code: code.to_owned(),
            detail,
        }
    }

    fn finish(mut self, items: &[(usize, &PushItem)]) -> (RecordWork, Vec<(usize, Verdict)>) {
        let mut work = RecordWork {
            id: self.id,
            kind: self.kind,
            grid: self.grid,
            record_epoch: self.stored.map_or(0, |stored| stored.record_epoch),
            base_version: self.stored.map_or(0, |stored| stored.version),
            base_heads: self
                .stored
                .map(|stored| stored.heads.clone())
                .unwrap_or_default(),
            saved: Vec::new(),
            heads: Vec::new(),
            summary: RecordSummary::default(),
            changes: Vec::new(),
            quarantine: Vec::new(),
            numbering: None,
        };
        if let Some(mut document) = self.document.take()
            && self.is_in_scope
            && !self.changes.is_empty()
        {
            let mut saved = document.save();
            if saved.len() > limits::RECORD_BYTES {
                self.give_back(items);
            } else {
                if let Some(authority) = &self.push.authority
                    && self.stored.is_some()
                    && self.kind == RecordKind::Incident
                {
                    let before = self.changes.len();
                    authority.answer(self.id, &self.grid, &mut document, &mut self.changes);
                    if self.changes.len() > before {
                        saved = document.save();
                    }
                }
                if self.stored.is_none()
                    && let Some(home) = self.push.rights.home_of(self.filed, &document)
                {
                    work.grid = home;
                }
                work.heads = document.heads();
                work.summary = document.summary();
                work.saved = saved;
                // The next push of the record is likely to come soon.
                self.push.documents().keep(self.id, document.clone());
                if self.stored.is_none() && self.kind == RecordKind::Incident {
                    work.numbering = Some(Numbering {
                        series: case::series(self.push.at),
                        record: Unnumbered::Open(Box::new(document)),
                    });
                }
            }
        }
        work.changes = self.changes;
        work.quarantine = self.quarantine;
        (work, self.verdicts)
    }

    /// The record would be too large to store: what was admitted is kept apart
    /// after all.
    fn give_back(&mut self, items: &[(usize, &PushItem)]) {
        let code = GuardError::RecordFull.code();
        for change in std::mem::take(&mut self.changes) {
            let place = change.item as usize;
            let Some((_, item)) = items.iter().find(|(at, _)| *at == place) else {
                continue;
            };
            let verdict = self.keep_apart(item, code, String::new());
            if let Some(slot) = self.verdicts.iter_mut().find(|(at, _)| *at == place) {
                slot.1 = verdict;
            }
        }
    }
}
