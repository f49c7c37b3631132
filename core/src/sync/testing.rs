//! Doubles of both ends for sync's own tests: a store in memory whose changes
//! are opaque bytes, and a server that keeps the protocol's promises. Neither
//! knows documents; `wangge-tests` puts the real ones together.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use sha2::{Digest as _, Sha256};
use wangge_model::{
    ChangeHash, DeviceId, GridId, Incarnation, PersonId, RecordId, RecordKind, RecordSummary,
    ServerEpoch, Timestamp,
    protocol::{
        Cursor, Digest, Directive, EnrolRequest, EnrolResponse, FeedEntry, FeedPage, Frame, Grants,
        GridGrant, Problem, ProblemCode, PublicKey, PushItem, Receipt, Session, SessionRequest,
        SignedManifest, SigningKey, SnapshotEntry, SnapshotPage, SoftwareKey, SyncRequest,
        SyncResponse, Verdict, enrol_message, feed_page_message, items_digest, open,
        record_fingerprint, seal, session_message,
    },
    testing::SeededEntropy,
};

use super::{Answer, Applied, Bootstrap, Enrolment, Position, Push, SyncStore};
use crate::store::StoreError;

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
pub(super) const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const PERSON: PersonId = PersonId::from_bytes([0x9e; 16]);

pub(super) fn grid(number: u8) -> GridId {
    GridId::from_bytes([number; 16])
}

pub(super) fn record(number: u8) -> RecordId {
    RecordId::from_bytes([number; 16])
}

fn hash_of(bytes: &[u8]) -> ChangeHash {
    ChangeHash::from_bytes(Sha256::digest(bytes).into())
}

fn epoch(number: u8) -> ServerEpoch {
    ServerEpoch::from_bytes([number; 16])
}

type Changes = BTreeMap<ChangeHash, Vec<u8>>;

/// Of opaque changes every one counts as a head.
fn digest_of<'a>(records: impl IntoIterator<Item = (&'a RecordId, &'a Changes)>) -> Digest {
    records
        .into_iter()
        .fold(Digest::default(), |sum, (record, changes)| {
            let heads: Vec<ChangeHash> = changes.keys().copied().collect();
            sum.plus(record_fingerprint(record, 0, &heads))
        })
}

// ---- the phone ------------------------------------------------------------

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemState {
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
}

/// A phone's store in memory.
#[derive(Debug)]
pub(super) struct MemoryStore(Mutex<StoreState>);

impl MemoryStore {
    pub(super) fn new() -> Self {
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
        }))
    }

    fn state(&self) -> MutexGuard<'_, StoreState> {
        self.0.lock().unwrap()
    }

    /// An edit by the person: waits for the next sync.
    pub(super) fn edit(&self, grid: GridId, record: RecordId, text: &str) {
        let mut state = self.state();
        let item = author(state.incarnation, grid, record, text.as_bytes());
        state
            .outbox
            .push((item, text.as_bytes().to_vec(), ItemState::Waiting));
    }

    pub(super) fn states(&self) -> Vec<ItemState> {
        self.state()
            .outbox
            .iter()
            .map(|(_, _, state)| *state)
            .collect()
    }

    /// Every text of a grid that is both here and at the server.
    pub(super) fn texts(&self, grid: GridId) -> BTreeSet<String> {
        texts(self.state().records.get(&grid))
    }

    pub(super) fn set_counter(&self, counter: u64) {
        self.state().counter = counter;
    }

    pub(super) fn synced_at(&self) -> Option<Timestamp> {
        self.state().synced_at
    }

    pub(super) fn expire_session(&self, at: Timestamp) {
        let mut state = self.state();
        let session = state.enrolment.as_mut().unwrap().session.as_mut().unwrap();
        session.expires_at = at;
    }

    pub(super) fn forget_session(&self) {
        self.state().enrolment.as_mut().unwrap().session = None;
    }

    /// Silent damage: a record loses its changes, the cursor stays.
    pub(super) fn lose_record(&self, grid: GridId, record: RecordId) {
        self.state().records.get_mut(&grid).unwrap().remove(&record);
    }

    pub(super) fn cursor(&self, grid: GridId) -> Option<u64> {
        self.state().cursors.get(&grid).copied()
    }
}

fn texts(records: Option<&BTreeMap<RecordId, Changes>>) -> BTreeSet<String> {
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
        })
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

    fn drop_manifest(&self, counter: u64) -> Result<(), StoreError> {
        let mut state = self.state();
        assert_eq!(
            state.unanswered.as_ref().map(|push| push.counter),
            Some(counter)
        );
        state.unanswered = None;
        state.counter = state.counter.max(NOW.as_millis().unsigned_abs());
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
                    FeedEntry::Receipted { .. } => {}
                }
            }
            state.cursors.insert(page.grid, page.to);
        }
        if let Some(grants) = answer.grants {
            state.take_grants(grants);
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

// ---- the server -----------------------------------------------------------

struct Place {
    record: RecordId,
    hash: ChangeHash,
    change: Vec<u8>,
    device: Option<DeviceId>,
}

#[derive(Default)]
struct FakeGrid {
    feed: Vec<Place>,
    /// Feed places up to here are gone.
    floor: u64,
}

impl FakeGrid {
    fn records(&self) -> BTreeMap<RecordId, Changes> {
        let mut records: BTreeMap<RecordId, Changes> = BTreeMap::new();
        for place in &self.feed {
            let changes = records.entry(place.record).or_default();
            changes.insert(place.hash, place.change.clone());
        }
        records
    }
}

type Tamper<T> = Box<dyn Fn(&mut T) + Send>;

/// A server in memory.
pub(super) struct FakeServer {
    pub(super) epoch: ServerEpoch,
    key: SoftwareKey,
    device_key: Option<PublicKey>,
    session: Option<String>,
    sessions_made: u32,
    grids: BTreeMap<GridId, FakeGrid>,
    pub(super) grants_version: u64,
    manifests: BTreeMap<u64, ([u8; 32], Receipt)>,
    /// Refusals to give before anything is looked at, first one first.
    pub(super) refuse: VecDeque<Problem>,
    pub(super) page_places: usize,
    pub(super) snapshot_records: usize,
    pub(super) max_items: usize,
    /// Actor lives whose changes clash.
    pub(super) forked: BTreeSet<Incarnation>,
    /// Verdicts for texts.
    pub(super) verdicts: BTreeMap<String, Verdict>,
    /// Requests so far, as `METHOD path`.
    pub(super) log: Vec<String>,
    /// Items of each push.
    pub(super) pushes: Vec<usize>,
    pub(super) tamper: Option<Tamper<SyncResponse>>,
    pub(super) tamper_snapshot: Option<Tamper<SnapshotPage>>,
    pub(super) always_mismatch: bool,
}

pub(super) fn refusal(code: ProblemCode) -> Problem {
    Problem {
        code: code.as_str().to_owned(),
        zh: "不行".to_owned(),
        en: "no".to_owned(),
        retry_after_s: None,
        challenge: None,
    }
}

const CHALLENGE: [u8; 32] = [0xc4; 32];

impl FakeServer {
    pub(super) fn new(grids: &[GridId]) -> Self {
        Self {
            epoch: epoch(0xe0),
            key: SoftwareKey::make(&SeededEntropy::new(99)),
            device_key: None,
            session: None,
            sessions_made: 0,
            grids: grids
                .iter()
                .map(|grid| (*grid, FakeGrid::default()))
                .collect(),
            grants_version: 1,
            manifests: BTreeMap::new(),
            refuse: VecDeque::new(),
            page_places: 1_000,
            snapshot_records: 1_000,
            max_items: 10_000,
            forked: BTreeSet::new(),
            verdicts: BTreeMap::new(),
            log: Vec::new(),
            pushes: Vec::new(),
            tamper: None,
            tamper_snapshot: None,
            always_mismatch: false,
        }
    }

    /// A change by someone else.
    pub(super) fn insert(&mut self, grid: GridId, record: RecordId, text: &str) {
        let change = [b"x", text.as_bytes()].concat();
        let place = Place {
            record,
            hash: hash_of(&change),
            change,
            device: None,
        };
        self.grids.get_mut(&grid).unwrap().feed.push(place);
    }

    pub(super) fn texts(&self, grid: GridId) -> BTreeSet<String> {
        texts(Some(&self.grids[&grid].records()))
    }

    pub(super) fn add_grid(&mut self, grid: GridId) {
        self.grids.insert(grid, FakeGrid::default());
        self.grants_version += 1;
    }

    pub(super) fn forget_session(&mut self) {
        self.session = None;
    }

    pub(super) fn compact(&mut self, grid: GridId) {
        let grid = self.grids.get_mut(&grid).unwrap();
        grid.floor = grid.feed.len() as u64;
    }

    /// Restored from a backup that knows only the first `places` of each feed.
    pub(super) fn restore(&mut self, places: usize) {
        self.epoch = ServerEpoch::from_bytes(self.epoch.as_bytes().map(|byte| byte + 1));
        self.manifests.clear();
        self.session = None;
        for grid in self.grids.values_mut() {
            grid.feed.truncate(places);
            grid.floor = 0;
        }
    }

    fn grants(&self) -> Grants {
        Grants {
            version: self.grants_version,
            person: PERSON,
            person_name: "测试员".to_owned(),
            grids: self
                .grids
                .keys()
                .map(|grid| GridGrant {
                    grid: *grid,
                    code: "3799990010010000001".to_owned(),
                    name: "第一网格".to_owned(),
                    place: "示例社区".to_owned(),
                    role: "grid_worker".to_owned(),
                })
                .collect(),
        }
    }

    fn open_session(&mut self) -> Session {
        self.sessions_made += 1;
        // As long as a real one: 32 random bytes in base64.
        let token = format!("{:043}", self.sessions_made);
        self.session = Some(token.clone());
        Session {
            token,
            expires_at: NOW.plus_millis(3_600_000),
        }
    }

    /// Answers one request with a status and a sealed body.
    pub(super) fn handle(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &[u8],
    ) -> (u16, Vec<u8>) {
        self.log.push(format!("{method} {path}"));
        match self.answer(path, token, body) {
            Ok(body) => (200, body),
            Err(problem) => {
                let status = ProblemCode::parse(&problem.code).map_or(500, ProblemCode::status);
                (status, seal(&problem))
            }
        }
    }

    fn answer(&mut self, path: &str, token: Option<&str>, body: &[u8]) -> Result<Vec<u8>, Problem> {
        if let Some(problem) = self.refuse.pop_front() {
            return Err(problem);
        }
        let broken = |_| refusal(ProblemCode::BadRequest);
        match path {
            "/v1/enrol" => {
                let request: EnrolRequest = open(body).map_err(broken)?;
                self.enrol(&request).map(|response| seal(&response))
            }
            "/v1/session" => {
                let request: SessionRequest = open(body).map_err(broken)?;
                let key = self
                    .device_key
                    .clone()
                    .ok_or(refusal(ProblemCode::DeviceUnknown))?;
                let message = session_message(&DEVICE, &CHALLENGE);
                if request.challenge != CHALLENGE
                    || key.verify(&message, &request.signature).is_err()
                {
                    return Err(refusal(ProblemCode::BadSignature));
                }
                Ok(seal(&self.open_session()))
            }
            _ if token.is_none() || token != self.session.as_deref() => {
                let mut problem = refusal(ProblemCode::SessionRequired);
                problem.challenge = Some(CHALLENGE.to_vec());
                Err(problem)
            }
            "/v1/sync" => {
                let request: SyncRequest = open(body).map_err(broken)?;
                let mut response = self.sync(&request)?;
                if let Some(tamper) = &self.tamper {
                    tamper(&mut response);
                }
                Ok(seal(&response))
            }
            _ => {
                let mut page = self.snapshot(path)?;
                if let Some(tamper) = &self.tamper_snapshot {
                    tamper(&mut page);
                }
                Ok(seal(&page))
            }
        }
    }

    fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolResponse, Problem> {
        if request.code != "K7QM-2XPA" {
            return Err(refusal(ProblemCode::EnrolmentCodeInvalid));
        }
        let message = enrol_message(&request.code, &request.public_key, &request.incarnation);
        if request
            .public_key
            .verify(&message, &request.signature)
            .is_err()
        {
            return Err(refusal(ProblemCode::BadSignature));
        }
        self.device_key = Some(request.public_key.clone());
        Ok(EnrolResponse {
            device: DEVICE,
            person: PERSON,
            person_name: "测试员".to_owned(),
            server_epoch: self.epoch,
            server_key: self.key.public_key().unwrap(),
            time: NOW,
            session: self.open_session(),
            grants: self.grants(),
        })
    }

    fn sync(&mut self, request: &SyncRequest) -> Result<SyncResponse, Problem> {
        let mut response = SyncResponse {
            server_epoch: self.epoch,
            time: NOW,
            receipt: None,
            pages: Vec::new(),
            grants: None,
            directives: Vec::new(),
        };
        let before: BTreeMap<GridId, usize> = self
            .grids
            .iter()
            .map(|(grid, held)| (*grid, held.feed.len()))
            .collect();
        if let Some(manifest) = &request.manifest {
            response.receipt = Some(self.push(manifest, &request.items)?);
        }
        if request.grants_version != self.grants_version {
            response.grants = Some(self.grants());
        }
        if request.server_epoch != Some(self.epoch) {
            response.directives.push(Directive::Reoffer);
            return Ok(response);
        }
        for cursor in &request.cursors {
            let Some(grid) = self.grids.get(&cursor.grid) else {
                response
                    .directives
                    .push(Directive::GridLost { grid: cursor.grid });
                continue;
            };
            if cursor.seq < grid.floor {
                response
                    .directives
                    .push(Directive::Bootstrap { grid: cursor.grid });
                continue;
            }
            let digest = digest_of(&grid.records());
            if cursor.seq == grid.feed.len() as u64 {
                if cursor.digest != digest || self.always_mismatch {
                    response
                        .directives
                        .push(Directive::DigestMismatch { grid: cursor.grid });
                }
                continue;
            }
            let from = usize::try_from(cursor.seq).unwrap();
            let to = grid.feed.len().min(from + self.page_places);
            let mut entries: Vec<FeedEntry> = Vec::new();
            for (place, entry) in grid.feed.iter().enumerate().take(to).skip(from) {
                if entry.device == Some(DEVICE) && place >= before[&cursor.grid] {
                    if let Some(FeedEntry::Receipted { count }) = entries.last_mut() {
                        *count += 1;
                    } else {
                        entries.push(FeedEntry::Receipted { count: 1 });
                    }
                } else if entry.device == Some(DEVICE) {
                    entries.push(FeedEntry::Yours {
                        record: entry.record,
                        hash: entry.hash,
                    });
                } else {
                    entries.push(FeedEntry::Change {
                        frame: Frame {
                            record: entry.record,
                            record_epoch: 0,
                            kind: RecordKind::Visit,
                            hash: entry.hash,
                            change: entry.change.clone(),
                        },
                    });
                }
            }
            let more = to < grid.feed.len();
            let mut page = FeedPage {
                grid: cursor.grid,
                after: cursor.seq,
                to: to as u64,
                entries,
                more,
                digest: (!more).then_some(digest),
                signature: None,
            };
            if page
                .entries
                .iter()
                .any(|entry| matches!(entry, FeedEntry::Change { .. }))
            {
                page.signature = self.key.sign(&feed_page_message(&self.epoch, &page)).ok();
            }
            response.pages.push(page);
        }
        Ok(response)
    }

    fn push(&mut self, signed: &SignedManifest, items: &[PushItem]) -> Result<Receipt, Problem> {
        let manifest = signed
            .decode()
            .map_err(|_| refusal(ProblemCode::BadRequest))?;
        let key = self.device_key.clone().unwrap();
        if key
            .verify(
                &SignedManifest::message(&signed.manifest),
                &signed.signature,
            )
            .is_err()
        {
            return Err(refusal(ProblemCode::ManifestSignatureInvalid));
        }
        if items.len() > self.max_items {
            return Err(refusal(ProblemCode::TooManyItems));
        }
        if manifest.items_digest != items_digest(items) {
            return Err(refusal(ProblemCode::ManifestItemsMismatch));
        }
        if manifest.server_epoch != self.epoch {
            return Err(refusal(ProblemCode::ServerEpochChanged));
        }
        if let Some((digest, receipt)) = self.manifests.get(&manifest.counter) {
            return if *digest == signed.digest() {
                Ok(receipt.clone())
            } else {
                Err(refusal(ProblemCode::ManifestReplayed))
            };
        }
        if self
            .manifests
            .keys()
            .next_back()
            .is_some_and(|last| *last > manifest.counter)
        {
            return Err(refusal(ProblemCode::ManifestReplayed));
        }
        self.pushes.push(items.len());
        let mut verdicts = Vec::new();
        for item in items {
            let text = String::from_utf8_lossy(&item.change[1..]).into_owned();
            let grid = self.grids.get_mut(&item.grid).unwrap();
            verdicts.push(if self.forked.contains(&manifest.incarnation) {
                Verdict::ActorFork
            } else if let Some(verdict) = self.verdicts.get(&text) {
                verdict.clone()
            } else if grid.feed.iter().any(|place| place.hash == item.hash) {
                Verdict::Duplicate
            } else {
                grid.feed.push(Place {
                    record: item.record,
                    hash: item.hash,
                    change: item.change.clone(),
                    device: Some(manifest.device),
                });
                Verdict::Accepted {
                    first_seq: grid.feed.len() as u64,
                }
            });
        }
        let receipt = Receipt {
            counter: manifest.counter,
            manifest_digest: signed.digest().to_vec(),
            verdicts: Receipt::runs(verdicts),
        };
        self.manifests
            .insert(manifest.counter, (signed.digest(), receipt.clone()));
        Ok(receipt)
    }

    fn snapshot(&self, path: &str) -> Result<SnapshotPage, Problem> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let grid: GridId = path
            .trim_start_matches("/v1/grids/")
            .trim_end_matches("/snapshot")
            .parse()
            .map_err(|_| refusal(ProblemCode::NotFound))?;
        let part = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let after: Option<RecordId> = part("after").map(|text| text.parse().unwrap());
        let held = self
            .grids
            .get(&grid)
            .ok_or(refusal(ProblemCode::OutOfScope))?;
        let as_of = part("as_of").map_or(held.feed.len() as u64, |text| text.parse().unwrap());
        let records = held.records();
        let mut left = records
            .iter()
            .filter(|(record, _)| after.is_none_or(|id| **record > id));
        let entries: Vec<SnapshotEntry> = left
            .by_ref()
            .take(self.snapshot_records)
            .map(|(record, changes)| SnapshotEntry {
                record: *record,
                record_epoch: 0,
                kind: RecordKind::Visit,
                heads: changes.keys().copied().collect(),
                document: changes.values().cloned().collect::<Vec<_>>().join(&0),
                summary: RecordSummary::default(),
            })
            .collect();
        let next_after = left.next().and(entries.last()).map(|entry| entry.record);
        Ok(SnapshotPage {
            grid,
            as_of,
            entries,
            next_after,
            total: records.len() as u64,
        })
    }
}

/// A phone and a server that know each other; the grids' snapshots are still
/// to be fetched.
pub(super) fn enrolled(server: &mut FakeServer) -> (Arc<MemoryStore>, Arc<SoftwareKey>) {
    let key = Arc::new(SoftwareKey::make(&SeededEntropy::new(1)));
    let store = Arc::new(MemoryStore::new());
    let public_key = key.public_key().unwrap();
    let incarnation = store.incarnation().unwrap();
    let code = "K7QM-2XPA".to_owned();
    let signature = key
        .sign(&enrol_message(&code, &public_key, &incarnation))
        .unwrap();
    let response = server
        .enrol(&EnrolRequest {
            protocol: 1,
            code,
            public_key,
            incarnation,
            device_name: "test".to_owned(),
            app_version: "0.1.0".to_owned(),
            signature,
        })
        .unwrap();
    store
        .store_enrolment("http://127.0.0.1:1", None, &response)
        .unwrap();
    (store, key)
}
