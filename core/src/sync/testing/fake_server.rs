//! A server in memory that keeps the protocol's promises, or breaks them on
//! request.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wangge_model::{
    ChangeHash, DeviceId, GridId, Incarnation, OrgNodeId, RecordId, RecordKind, RecordSummary,
    ServerEpoch,
    protocol::{
        Directive, EnrolRequest, EnrolResponse, FeedEntry, FeedPage, Frame, Grants, GridGrant,
        Problem, ProblemCode, PublicKey, PushItem, Receipt, ReferenceNews, ReferenceSet,
        ReferenceStamp, RollAnswer, RollOutcome, Roster, Session, SessionRequest, SignedManifest,
        SigningKey, SnapshotEntry, SnapshotPage, SoftwareKey, SyncRequest, SyncResponse, Verdict,
        enrol_message, feed_page_message, items_digest, open, reference_digest, reference_message,
        roster_digest, seal, session_message,
    },
    testing::SeededEntropy,
};

use super::{Changes, DEVICE, NOW, PERSON, digest_of, epoch, hash_of, memory_store::texts};

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
pub(in crate::sync) struct FakeServer {
    pub(in crate::sync) epoch: ServerEpoch,
    key: SoftwareKey,
    device_key: Option<PublicKey>,
    session: Option<String>,
    sessions_made: u32,
    grids: BTreeMap<GridId, FakeGrid>,
    pub(in crate::sync) grants_version: u64,
    manifests: BTreeMap<u64, ([u8; 32], Receipt)>,
    /// Refusals to give before anything is looked at, first one first.
    pub(in crate::sync) refuse: VecDeque<Problem>,
    pub(in crate::sync) page_places: usize,
    pub(in crate::sync) snapshot_records: usize,
    pub(in crate::sync) max_items: usize,
    /// Actor lives whose changes clash.
    pub(in crate::sync) forked: BTreeSet<Incarnation>,
    /// Verdicts for texts.
    pub(in crate::sync) verdicts: BTreeMap<String, Verdict>,
    /// Requests so far, as `METHOD path`.
    pub(in crate::sync) log: Vec<String>,
    /// Items of each push.
    pub(in crate::sync) pushes: Vec<usize>,
    pub(in crate::sync) tamper: Option<Tamper<SyncResponse>>,
    pub(in crate::sync) tamper_snapshot: Option<Tamper<SnapshotPage>>,
    pub(in crate::sync) always_mismatch: bool,
    /// Servers before `last_counter` did not say how far the device had counted.
    pub(in crate::sync) tells_counter: bool,
    /// Reference sets: name and content.
    pub(in crate::sync) reference: BTreeMap<String, String>,
    /// Whether it knows of roll calls.
    pub(in crate::sync) knows_roll_calls: bool,
    /// What each phone is told of people.
    pub(in crate::sync) roster: Option<Roster>,
    /// Most reference sets in an answer.
    pub(in crate::sync) reference_sets: usize,
}

pub(in crate::sync) fn refusal(code: ProblemCode) -> Problem {
    Problem {
        code: code.as_str().to_owned(),
        zh: "不行".to_owned(),
        en: "no".to_owned(),
        retry_after_s: None,
        challenge: None,
        last_counter: None,
    }
}

const CHALLENGE: [u8; 32] = [0xc4; 32];

impl FakeServer {
    pub(in crate::sync) fn new(grids: &[GridId]) -> Self {
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
            tells_counter: true,
            reference: BTreeMap::new(),
            knows_roll_calls: true,
            roster: None,
            reference_sets: 100,
        }
    }

    /// Another copy of the phone was here and counted this far.
    pub(in crate::sync) fn twin_counted_to(&mut self, counter: u64) {
        let receipt = Receipt {
            counter,
            manifest_digest: Vec::new(),
            verdicts: Vec::new(),
        };
        self.manifests.insert(counter, ([0; 32], receipt));
    }

    fn replayed(&self) -> Problem {
        let last = self.manifests.keys().next_back().copied();
        Problem {
            last_counter: last.filter(|_| self.tells_counter),
            ..refusal(ProblemCode::ManifestReplayed)
        }
    }

    /// A change by someone else.
    pub(in crate::sync) fn insert(&mut self, grid: GridId, record: RecordId, text: &str) {
        let change = [b"x", text.as_bytes()].concat();
        let place = Place {
            record,
            hash: hash_of(&change),
            change,
            device: None,
        };
        self.grids.get_mut(&grid).unwrap().feed.push(place);
    }

    pub(in crate::sync) fn texts(&self, grid: GridId) -> BTreeSet<String> {
        texts(Some(&self.grids[&grid].records()))
    }

    pub(in crate::sync) fn add_grid(&mut self, grid: GridId) {
        self.grids.insert(grid, FakeGrid::default());
        self.grants_version += 1;
    }

    pub(in crate::sync) fn forget_session(&mut self) {
        self.session = None;
    }

    pub(in crate::sync) fn compact(&mut self, grid: GridId) {
        let grid = self.grids.get_mut(&grid).unwrap();
        grid.floor = grid.feed.len() as u64;
    }

    /// Restored from a backup that knows only the first `places` of each feed.
    pub(in crate::sync) fn restore(&mut self, places: usize) {
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
            lines: None,
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
    pub(in crate::sync) fn handle(
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

    pub(super) fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolResponse, Problem> {
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

    fn reference_news(&self, request: &SyncRequest) -> Option<ReferenceNews> {
        let node = OrgNodeId::from_bytes([7; 16]);
        let sets: Vec<ReferenceSet> = self
            .reference
            .iter()
            .map(|(name, body)| {
                let message = reference_message(&self.epoch, name, &node, body.as_bytes());
                ReferenceSet {
                    name: name.clone(),
                    node,
                    body: body.as_bytes().to_vec(),
                    signature: self.key.sign(&message).unwrap(),
                }
            })
            .collect();
        let stamps: Vec<ReferenceStamp> = sets.iter().map(ReferenceSet::stamp).collect();
        let held = request.reference.as_ref()?;
        if request.server_epoch != Some(self.epoch) || *held == reference_digest(&stamps) {
            return None;
        }
        let wanted = |set: &ReferenceSet| match &request.wants_reference {
            Some(wanted) => wanted.contains(&set.stamp().version),
            None => held.is_empty(),
        };
        let sets = sets.into_iter().filter(wanted);
        Some(ReferenceNews {
            sets: sets.take(self.reference_sets).collect(),
            stamps,
        })
    }

    /// Accepts answers without a reason, refuses the others with it as code.
    fn decide_roll(&self, request: &SyncRequest) -> Option<Vec<RollOutcome>> {
        let answers = request.roll_answers.as_ref()?;
        let decide = |answer: &RollAnswer| RollOutcome {
            id: answer.id,
            is_accepted: answer.reason.is_empty(),
            code: answer.reason.clone(),
            at: NOW,
        };
        self.knows_roll_calls
            .then(|| answers.iter().map(decide).collect())
    }

    fn roster_news(&self, request: &SyncRequest) -> Option<Roster> {
        let held = request.roster.as_ref()?;
        let is_same = *held == roster_digest(self.roster.as_ref());
        (request.server_epoch == Some(self.epoch) && !is_same)
            .then(|| self.roster.clone())
            .flatten()
    }

    fn sync(&mut self, request: &SyncRequest) -> Result<SyncResponse, Problem> {
        let mut response = SyncResponse {
            server_epoch: self.epoch,
            time: NOW,
            receipt: None,
            pages: Vec::new(),
            grants: None,
            directives: Vec::new(),
            decisions: None,
            reference: self.reference_news(request),
            roster: self.roster_news(request),
            roll_outcomes: self.decide_roll(request),
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
                Err(self.replayed())
            };
        }
        if self
            .manifests
            .keys()
            .next_back()
            .is_some_and(|last| *last > manifest.counter)
        {
            return Err(self.replayed());
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
                moves: None,
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
            signature: None,
            grid,
            as_of,
            entries,
            next_after,
            total: records.len() as u64,
        })
    }
}
