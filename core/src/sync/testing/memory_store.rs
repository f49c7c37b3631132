//! A phone's store in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};

use wangge_model::{
    ChangeHash, GridId, Incarnation, OrgNodeId, RecordId, RecordKind, Timestamp,
    protocol::{
        Cursor, Directive, EnrolResponse, FeedEntry, Grants, MovedRecord, PushItem, ReferenceStamp,
        RollAnswer, RollOutcome, Roster, Session, SignedManifest, SnapshotPage, Verdict,
        roster_digest,
    },
};

use super::{Changes, digest_of, hash_of};
use crate::{
    store::StoreError,
    sync::{
        Answer, Applied, Bootstrap, Enrolment, GiveBack, GiveBackMark, Position, Push, SyncStore,
    },
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum ItemState {
    Waiting,
    Receipted,
    Refused,
}

#[derive(Debug)]
struct StoreState {
    enrolment: Option<Enrolment>,
    incarnation: u8,
    grants: Option<Grants>,
    cursors: BTreeMap<GridId, u64>,
    bootstraps: BTreeMap<GridId, Bootstrap>,
    records: BTreeMap<GridId, BTreeMap<RecordId, Changes>>,
    outbox: Vec<(PushItem, Vec<u8>, ItemState)>,
    counter: u64,
    unanswered: Option<Push>,
    synced_at: Option<Timestamp>,
    reference: BTreeMap<(String, OrgNodeId), (ReferenceStamp, Vec<u8>)>,
    roster: Option<Roster>,
    roll_answers: Vec<(RollAnswer, Option<RollOutcome>)>,
}

/// A phone's store in memory.
#[derive(Debug)]
pub(in crate::sync) struct MemoryStore(Mutex<StoreState>);

impl MemoryStore {
    pub(in crate::sync) fn new() -> Self {
        Self(Mutex::new(StoreState {
            enrolment: None,
            incarnation: 1,
            grants: None,
            cursors: BTreeMap::new(),
            bootstraps: BTreeMap::new(),
            records: BTreeMap::new(),
            outbox: Vec::new(),
            counter: 0,
            unanswered: None,
            synced_at: None,
            reference: BTreeMap::new(),
            roster: None,
            roll_answers: Vec::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, StoreState> {
        self.0.lock().unwrap()
    }

    /// An edit by the person: waits for the next sync.
    pub(in crate::sync) fn edit(&self, grid: GridId, record: RecordId, text: &str) {
        let mut state = self.state();
        let item = author(state.incarnation, grid, record, text.as_bytes());
        state
            .outbox
            .push((item, text.as_bytes().to_vec(), ItemState::Waiting));
    }

    pub(in crate::sync) fn states(&self) -> Vec<ItemState> {
        self.state()
            .outbox
            .iter()
            .map(|(_, _, state)| *state)
            .collect()
    }

    /// Every text of a grid that is both here and at the server.
    pub(in crate::sync) fn texts(&self, grid: GridId) -> BTreeSet<String> {
        texts(self.state().records.get(&grid))
    }

    /// The reference sets held, as `name: content`.
    pub(in crate::sync) fn reference(&self) -> Vec<String> {
        self.state()
            .reference
            .values()
            .map(|(stamp, body)| format!("{}: {}", stamp.name, String::from_utf8_lossy(body)))
            .collect()
    }

    pub(in crate::sync) fn roster(&self) -> Option<Roster> {
        self.state().roster.clone()
    }

    /// The person answers a roll call.
    pub(in crate::sync) fn answer_roll_call(&self, answer: RollAnswer) {
        self.state().roll_answers.push((answer, None));
    }

    /// What became of each answer: nothing yet, or its code.
    pub(in crate::sync) fn roll_codes(&self) -> Vec<Option<String>> {
        let state = self.state();
        let code = |outcome: &RollOutcome| outcome.code.clone();
        let outcomes = state.roll_answers.iter().map(|(_, outcome)| outcome);
        outcomes.map(|outcome| outcome.as_ref().map(code)).collect()
    }

    pub(in crate::sync) fn set_counter(&self, counter: u64) {
        self.state().counter = counter;
    }

    pub(in crate::sync) fn synced_at(&self) -> Option<Timestamp> {
        self.state().synced_at
    }

    pub(in crate::sync) fn expire_session(&self, at: Timestamp) {
        let mut state = self.state();
        let session = state.enrolment.as_mut().unwrap().session.as_mut().unwrap();
        session.expires_at = at;
    }

    pub(in crate::sync) fn forget_session(&self) {
        self.state().enrolment.as_mut().unwrap().session = None;
    }

    /// Silent damage: a record loses its changes, the cursor stays.
    pub(in crate::sync) fn lose_record(&self, grid: GridId, record: RecordId) {
        self.state().records.get_mut(&grid).unwrap().remove(&record);
    }

    pub(in crate::sync) fn cursor(&self, grid: GridId) -> Option<u64> {
        self.state().cursors.get(&grid).copied()
    }
}

pub(super) fn texts(records: Option<&BTreeMap<RecordId, Changes>>) -> BTreeSet<String> {
    records
        .into_iter()
        .flatten()
        .flat_map(|(_, changes)| changes.values())
        .map(|bytes| String::from_utf8_lossy(&bytes[1..]).into_owned())
        .collect()
}

fn author(incarnation: u8, grid: GridId, record: RecordId, text: &[u8]) -> PushItem {
    let change = [&[incarnation], text].concat();
    PushItem {
        record,
        record_epoch: 0,
        kind: RecordKind::Visit,
        grid,
        hash: hash_of(&change),
        change,
    }
}

impl StoreState {
    fn start_over(&mut self, grid: GridId) {
        self.cursors.remove(&grid);
        self.bootstraps.insert(
            grid,
            Bootstrap {
                grid,
                as_of: None,
                after: None,
            },
        );
    }

    fn take_grants(&mut self, grants: &Grants) {
        for granted in &grants.grids {
            if !self.cursors.contains_key(&granted.grid) {
                self.bootstraps.entry(granted.grid).or_insert(Bootstrap {
                    grid: granted.grid,
                    as_of: None,
                    after: None,
                });
            }
        }
        self.grants = Some(grants.clone());
    }

    fn reoffer(&mut self) {
        for grid in self.cursors.keys().copied().collect::<Vec<_>>() {
            self.start_over(grid);
        }
        for (_, _, state) in &mut self.outbox {
            *state = ItemState::Waiting;
        }
        self.unanswered = None;
    }

    fn put(&mut self, grid: GridId, record: RecordId, hash: ChangeHash, change: &[u8]) -> bool {
        let changes = self
            .records
            .entry(grid)
            .or_default()
            .entry(record)
            .or_default();
        changes.insert(hash, change.to_vec()).is_none()
    }
}

impl SyncStore for MemoryStore {
    fn find_enrolment(&self) -> Result<Option<Enrolment>, StoreError> {
        Ok(self.state().enrolment.clone())
    }

    fn store_enrolment(
        &self,
        server: &str,
        pin: Option<[u8; 32]>,
        response: &EnrolResponse,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        state.enrolment = Some(Enrolment {
            server: server.to_owned(),
            pin,
            device: response.device,
            person: response.person,
            person_name: response.person_name.clone(),
            server_epoch: response.server_epoch,
            server_key: response.server_key.clone(),
            session: Some(response.session.clone()),
        });
        state.take_grants(&response.grants);
        Ok(())
    }

    fn store_session(&self, session: &Session) -> Result<(), StoreError> {
        self.state().enrolment.as_mut().unwrap().session = Some(session.clone());
        Ok(())
    }

    fn incarnation(&self) -> Result<Incarnation, StoreError> {
        Ok(Incarnation::from_bytes([self.state().incarnation; 16]))
    }

    fn position(&self) -> Result<Position, StoreError> {
        let state = self.state();
        let none = BTreeMap::new();
        Ok(Position {
            grants: state.grants.clone(),
            cursors: state
                .cursors
                .iter()
                .map(|(grid, seq)| Cursor {
                    grid: *grid,
                    seq: *seq,
                    digest: digest_of(state.records.get(grid).unwrap_or(&none)),
                })
                .collect(),
            bootstraps: state.bootstraps.values().copied().collect(),
            gives_back: false,
            decisions_after: None,
            reference: state
                .reference
                .values()
                .map(|(stamp, _)| stamp.clone())
                .collect(),
            roster: roster_digest(state.roster.as_ref()),
            roll_answers: state
                .roll_answers
                .iter()
                .filter(|(_, outcome)| outcome.is_none())
                .map(|(answer, _)| answer.clone())
                .collect(),
        })
    }

    fn next_give_back(&self) -> Result<Option<GiveBack>, StoreError> {
        Ok(None)
    }

    fn store_given_back(
        &self,
        _mark: &GiveBackMark,
        _moved: &[MovedRecord],
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn end_giving_back(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn next_push(&self, max_items: usize, max_bytes: usize) -> Result<Option<Push>, StoreError> {
        let mut state = self.state();
        if let Some(push) = &state.unanswered {
            return Ok(Some(push.clone()));
        }
        let mut bytes = 0;
        let items: Vec<PushItem> = state
            .outbox
            .iter()
            .filter(|(_, _, state)| *state == ItemState::Waiting)
            .map(|(item, _, _)| item.clone())
            .take_while(|item| {
                bytes += item.change.len();
                bytes <= max_bytes
            })
            .take(max_items)
            .collect();
        if items.is_empty() {
            return Ok(None);
        }
        state.counter += 1;
        let incarnation = Incarnation::from_bytes([state.incarnation; 16]);
        Ok(Some(Push {
            counter: state.counter,
            incarnation,
            items,
            signed: None,
        }))
    }

    fn store_manifest(&self, push: &Push, manifest: &SignedManifest) -> Result<(), StoreError> {
        self.state().unanswered = Some(Push {
            signed: Some(manifest.clone()),
            ..push.clone()
        });
        Ok(())
    }

    fn drop_manifest(&self, counter: u64, used: u64) -> Result<(), StoreError> {
        let mut state = self.state();
        assert_eq!(
            state.unanswered.as_ref().map(|push| push.counter),
            Some(counter)
        );
        state.unanswered = None;
        state.counter = state.counter.max(counter).max(used);
        Ok(())
    }

    fn apply_answer(&self, answer: &Answer<'_>) -> Result<Applied, StoreError> {
        let mut state = self.state();
        let mut applied = Applied::default();
        if let Some(receipt) = answer.receipt {
            let push = state.unanswered.take().unwrap();
            for (item, verdict) in push.items.iter().zip(receipt.each()) {
                let next = match verdict {
                    Verdict::Accepted { .. } | Verdict::Duplicate => ItemState::Receipted,
                    Verdict::MissingDeps { .. } | Verdict::ActorFork => ItemState::Waiting,
                    _ => ItemState::Refused,
                };
                match next {
                    ItemState::Receipted => {
                        applied.receipted += 1;
                        state.put(item.grid, item.record, item.hash, &item.change);
                    }
                    ItemState::Refused => applied.refused += 1,
                    ItemState::Waiting => {}
                }
                let place = state
                    .outbox
                    .iter()
                    .position(|(one, _, _)| one.hash == item.hash);
                state.outbox[place.unwrap()].2 = next;
            }
        }
        for page in answer.pages {
            for entry in &page.entries {
                match entry {
                    FeedEntry::Change { frame } => {
                        if state.put(page.grid, frame.record, frame.hash, &frame.change) {
                            applied.pulled += 1;
                        }
                    }
                    FeedEntry::Yours { record, hash } => {
                        let own = state
                            .outbox
                            .iter()
                            .position(|(item, _, _)| item.hash == *hash);
                        let change = own.map(|own| state.outbox[own].0.change.clone());
                        if let Some(change) = change {
                            state.put(page.grid, *record, *hash, &change);
                        }
                    }
                    // The server of these tests moves nothing.
                    FeedEntry::Receipted { .. }
                    | FeedEntry::MovedOut { .. }
                    | FeedEntry::MovedIn { .. } => {}
                }
            }
            state.cursors.insert(page.grid, page.to);
        }
        if let Some(grants) = answer.grants {
            state.take_grants(grants);
        }
        if let Some(news) = answer.reference {
            let listed = |name: &str, node: &OrgNodeId| {
                news.stamps
                    .iter()
                    .any(|stamp| stamp.name == name && stamp.node == *node)
            };
            state.reference.retain(|(name, node), _| listed(name, node));
            for set in &news.sets {
                let key = (set.name.clone(), set.node);
                state.reference.insert(key, (set.stamp(), set.body.clone()));
            }
        }
        if let Some(roster) = answer.roster {
            state.roster = Some(roster.clone());
        }
        for outcome in answer.roll_outcomes {
            for (asked, decided) in &mut state.roll_answers {
                if asked.id == outcome.id {
                    *decided = Some(outcome.clone());
                }
            }
        }
        for directive in answer.directives {
            match directive {
                Directive::Bootstrap { grid } | Directive::DigestMismatch { grid } => {
                    state.start_over(*grid);
                }
                Directive::Reoffer => state.reoffer(),
                Directive::GridLost { grid } => {
                    state.cursors.remove(grid);
                    state.bootstraps.remove(grid);
                    state.records.remove(grid);
                }
                Directive::Upgrade { .. } => {}
            }
        }
        if state.enrolment.as_ref().unwrap().server_epoch != answer.server_epoch {
            state.reoffer();
            state.enrolment.as_mut().unwrap().server_epoch = answer.server_epoch;
        }
        Ok(applied)
    }

    fn apply_snapshot(&self, page: &SnapshotPage) -> Result<Applied, StoreError> {
        let mut state = self.state();
        if state.bootstraps[&page.grid].after.is_none() {
            state.records.remove(&page.grid);
        }
        for entry in &page.entries {
            for change in entry
                .document
                .split(|byte| *byte == 0)
                .filter(|bytes| !bytes.is_empty())
            {
                state.put(page.grid, entry.record, hash_of(change), change);
            }
        }
        if page.next_after.is_some() {
            let (grid, as_of) = (page.grid, Some(page.as_of));
            state.bootstraps.insert(
                grid,
                Bootstrap {
                    grid,
                    as_of,
                    after: page.next_after,
                },
            );
        } else {
            state.bootstraps.remove(&page.grid);
            state.cursors.insert(page.grid, page.as_of);
        }
        Ok(Applied {
            pulled: page.entries.len() as u64,
            ..Applied::default()
        })
    }

    fn forget_roster(&self) -> Result<(), StoreError> {
        self.state().roster = None;
        Ok(())
    }

    fn rotate_incarnation(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        state.incarnation += 1;
        let incarnation = state.incarnation;
        for (item, text, _) in state
            .outbox
            .iter_mut()
            .filter(|(_, _, state)| *state == ItemState::Waiting)
        {
            *item = author(incarnation, item.grid, item.record, text);
        }
        Ok(())
    }

    fn store_synced_at(&self, at: Timestamp) -> Result<(), StoreError> {
        self.state().synced_at = Some(at);
        Ok(())
    }

    fn count_pending(&self) -> Result<u64, StoreError> {
        let waiting = |state: &ItemState| *state == ItemState::Waiting;
        Ok(self
            .state()
            .outbox
            .iter()
            .filter(|(_, _, state)| waiting(state))
            .count() as u64)
    }
}
