//! A light phone: it holds documents in memory, signs manifests, and checks
//! everything the server says. It has no store, no back-off and no pages; the
//! real phone is `wangge-core`.

use std::collections::BTreeMap;

use wangge_model::{
    ActorId, ChangeHash, Clock, DeviceId, FieldPath, FieldValue, GridId, Incarnation, PersonId,
    RecordId, RecordKind, ReferenceVersion, ServerEpoch, derive_device_actor,
    document::{FieldEdit, LocalChange, RecordDocument, advance_heads},
    guard::{Writer, inspect, open_snapshot},
    protocol::{
        Cursor, Decision, EnrolRequest, EnrolResponse, FeedEntry, FeedPage, Frame, Grants,
        GridDigest, Manifest, PROTOCOL, PublicKey, PushItem, ReferenceNews, ReferenceStamp,
        RollAnswer, RollOutcome, Roster, Session, SessionRequest, SignedManifest, SigningKey as _,
        SnapshotEntry, SnapshotPage, SoftwareKey, SyncRequest, SyncResponse, Verdict,
        enrol_message, feed_page_message, items_digest, open, record_fingerprint, reference_digest,
        reference_message, roster_digest, seal, session_message, snapshot_path,
    },
};

use super::{Reply, TestServer};

/// A record on the phone.
#[derive(Debug, Clone)]
pub struct Held {
    /// Where it belongs.
    pub grid: GridId,
    /// With the phone's own edits.
    pub document: RecordDocument,
    /// Heads of what the server is known to have.
    pub server_heads: Vec<ChangeHash>,
}

/// A light phone.
#[derive(Debug)]
pub struct SimDevice {
    /// Which phone.
    pub id: DeviceId,
    /// Whose.
    pub person: PersonId,
    /// Its key.
    pub key: SoftwareKey,
    /// Its app life.
    pub incarnation: Incarnation,
    /// Its name in changes.
    pub actor: ActorId,
    /// The server's life it knows.
    pub server_epoch: ServerEpoch,
    /// Checks feed pages.
    pub server_key: PublicKey,
    /// Its session.
    pub token: String,
    /// Counter of its last manifest.
    pub counter: u64,
    /// Its grants.
    pub grants: Grants,
    /// How far each grid was read.
    pub cursors: BTreeMap<GridId, (u64, GridDigest)>,
    /// Its records.
    pub records: BTreeMap<RecordId, Held>,
    /// What waits to be pushed.
    pub outbox: Vec<PushItem>,
    /// Verdicts of the last push, in item order.
    pub verdicts: Vec<Verdict>,
    /// Most bytes it wants per answer.
    pub page_bytes: u32,
    /// Whether it understands moves.
    pub knows_moves: bool,
    /// The newest kind of record it says it can read.
    pub newest_kind: Option<u8>,
    /// The last decision it was told, if it asks for any.
    pub decisions_after: Option<u64>,
    /// What was decided on its changes.
    pub decisions: Vec<Decision>,
    /// Whether it knows of reference sets.
    pub knows_reference: bool,
    /// The reference sets it holds, and their contents.
    pub reference: BTreeMap<ReferenceStamp, Vec<u8>>,
    /// The versions it lacks.
    pub lacks_reference: Vec<ReferenceVersion>,
    /// Whether it asks for a roster.
    pub knows_roster: bool,
    /// The roster it holds.
    pub roster: Option<Roster>,
    /// Answers to roll calls that were not decided on.
    pub roll_answers: Vec<RollAnswer>,
    /// What was decided on others.
    pub roll_outcomes: Vec<RollOutcome>,
}

#[expect(
    clippy::expect_used,
    reason = "a phone of a test that is lied to fails the test"
)]
impl SimDevice {
    /// Enrols a new phone of this person.
    pub async fn enrol(server: &TestServer, person: PersonId) -> Self {
        let code = server.enrolment_code(person).await;
        let key = SoftwareKey::make(server.entropy.as_ref());
        let incarnation = Incarnation::make(server.entropy.as_ref());
        let request = Self::enrol_request(&code, &key, incarnation);
        let reply = server.post("/v1/enrol", None, seal(&request)).await;
        assert_eq!(reply.status, 200, "{:?}", reply.body);
        let answer: EnrolResponse = open(&reply.body).expect("an enrolment");
        Self {
            id: answer.device,
            person: answer.person,
            key,
            incarnation,
            actor: derive_device_actor(&answer.device, &incarnation),
            server_epoch: answer.server_epoch,
            server_key: answer.server_key,
            token: answer.session.token,
            counter: 0,
            cursors: answer
                .grants
                .grids
                .iter()
                .map(|g| (g.grid, Default::default()))
                .collect(),
            grants: answer.grants,
            records: BTreeMap::new(),
            outbox: Vec::new(),
            verdicts: Vec::new(),
            page_bytes: 1 << 20,
            knows_moves: true,
            newest_kind: Some(RecordKind::NEWEST),
            decisions_after: None,
            decisions: Vec::new(),
            knows_reference: false,
            reference: BTreeMap::new(),
            lacks_reference: Vec::new(),
            knows_roster: false,
            roster: None,
            roll_answers: Vec::new(),
            roll_outcomes: Vec::new(),
        }
    }

    /// What a phone says to enrol.
    pub fn enrol_request(code: &str, key: &SoftwareKey, incarnation: Incarnation) -> EnrolRequest {
        let public_key = key.public_key().expect("software keys have one");
        let message = enrol_message(code, &public_key, &incarnation);
        EnrolRequest {
            protocol: PROTOCOL,
            code: code.to_owned(),
            signature: key.sign(&message).expect("software keys sign"),
            public_key,
            incarnation,
            device_name: "测试机".to_owned(),
            app_version: "0.1.0".to_owned(),
        }
    }

    /// Collects a record with these text fields; it waits in the outbox.
    pub fn create(
        &mut self,
        server: &TestServer,
        kind: RecordKind,
        grid: GridId,
        fields: &[(&str, &str)],
    ) -> RecordId {
        let id = RecordId::make(server.clock.as_ref(), server.entropy.as_ref());
        let document = RecordDocument::new(kind);
        let server_heads = document.heads();
        self.records.insert(
            id,
            Held {
                grid,
                document,
                server_heads,
            },
        );
        self.edit(server, id, fields);
        id
    }

    /// Changes text fields of a record; the change waits in the outbox.
    pub fn edit(&mut self, server: &TestServer, id: RecordId, fields: &[(&str, &str)]) {
        let edits: Vec<FieldEdit> = fields
            .iter()
            .map(|(path, text)| {
                let path = FieldPath::new(*path).expect("a field's path");
                FieldEdit::set(path, FieldValue::text(*text))
            })
            .collect();
        let held = self.records.get_mut(&id).expect("a record of this phone");
        let change = held
            .document
            .edit(&edits, self.actor, server.clock.now())
            .expect("an edit that fits")
            .expect("an edit that changes something");
        let item = Self::item(id, held, change);
        self.outbox.push(item);
    }

    fn item(record: RecordId, held: &Held, change: LocalChange) -> PushItem {
        PushItem {
            record,
            record_epoch: 0,
            kind: held.document.kind(),
            grid: held.grid,
            hash: change.hash,
            change: change.bytes,
        }
    }

    /// What the phone says: where it stands, and these items under a new
    /// manifest.
    pub fn request(&mut self, items: Vec<PushItem>) -> SyncRequest {
        let manifest = (!items.is_empty()).then(|| {
            self.counter += 1;
            self.sign(&items, self.counter)
        });
        SyncRequest {
            protocol: PROTOCOL,
            app_version: "0.1.0".to_owned(),
            server_epoch: Some(self.server_epoch),
            grants_version: self.grants.version,
            cursors: self
                .cursors
                .iter()
                .map(|(grid, (seq, digest))| Cursor {
                    grid: *grid,
                    seq: *seq,
                    digest: digest.total(),
                })
                .collect(),
            manifest,
            items,
            page_bytes: self.page_bytes,
            whole: None,
            knows_moves: self.knows_moves.then_some(true),
            decisions_after: self.decisions_after,
            newest_kind: self.newest_kind,
            reference: self
                .knows_reference
                .then(|| reference_digest(self.reference.keys())),
            wants_reference: (!self.lacks_reference.is_empty())
                .then(|| self.lacks_reference.clone()),
            roster: self
                .knows_roster
                .then(|| roster_digest(self.roster.as_ref())),
            roll_answers: (!self.roll_answers.is_empty()).then(|| self.roll_answers.clone()),
        }
    }

    /// A signed manifest over these items.
    pub fn sign(&self, items: &[PushItem], counter: u64) -> SignedManifest {
        let manifest = Manifest {
            device: self.id,
            incarnation: self.incarnation,
            server_epoch: self.server_epoch,
            counter,
            count: u32::try_from(items.len()).expect("few items"),
            items_digest: items_digest(items).to_vec(),
            blobs: Vec::new(),
        };
        SignedManifest::sign(&manifest, &self.key).expect("software keys sign")
    }

    /// Sends a request as it is.
    pub async fn send(&self, server: &TestServer, request: &SyncRequest) -> Reply {
        server
            .post("/v1/sync", Some(&self.token), seal(request))
            .await
    }

    /// Pushes the outbox, pulls everything, and checks the digests at the head.
    /// Answers the number of round trips.
    pub async fn sync(&mut self, server: &TestServer) -> u32 {
        let mut items = std::mem::take(&mut self.outbox);
        let mut round_trips = 0;
        loop {
            let request = self.request(std::mem::take(&mut items));
            let reply = self.send(server, &request).await;
            round_trips += 1;
            assert_eq!(reply.status, 200, "{:?}", reply.problem());
            let response: SyncResponse = open(&reply.body).expect("a sync answer");
            let more = response.pages.iter().any(|page| page.more);
            assert!(response.directives.is_empty(), "{:?}", response.directives);
            self.apply(&request, response);
            if !more && self.lacks_reference.is_empty() {
                return round_trips;
            }
            assert!(round_trips < 1_000, "the sync gets on");
        }
    }

    /// Applies an answer.
    pub fn apply(&mut self, request: &SyncRequest, response: SyncResponse) {
        if let Some(receipt) = response.receipt {
            let manifest = request
                .manifest
                .as_ref()
                .expect("a receipt answers a manifest");
            assert_eq!(receipt.manifest_digest, manifest.digest());
            assert_eq!(receipt.count(), request.items.len() as u64);
            self.verdicts = receipt.each().collect();
            let accepted = |verdict: &Verdict| {
                matches!(verdict, Verdict::Accepted { .. } | Verdict::Duplicate)
            };
            let stored: Vec<PushItem> = request
                .items
                .iter()
                .zip(&self.verdicts)
                .filter(|(_, verdict)| accepted(verdict))
                .map(|(item, _)| item.clone())
                .collect();
            for item in stored {
                self.advance(&item.record, item.hash);
            }
        }
        for decision in response.decisions.into_iter().flatten() {
            self.decisions_after = Some(decision.number);
            self.decisions.push(decision);
        }
        if let Some(grants) = response.grants {
            self.grants = grants;
        }
        if let Some(news) = response.reference {
            self.apply_reference(news);
        }
        for outcome in response.roll_outcomes.into_iter().flatten() {
            self.roll_answers.retain(|answer| answer.id != outcome.id);
            self.roll_outcomes.push(outcome);
        }
        if response.roster.is_some() {
            self.roster = response.roster;
        }
        for page in response.pages {
            self.apply_page(page);
        }
    }

    fn apply_reference(&mut self, news: ReferenceNews) {
        self.reference
            .retain(|stamp, _| news.stamps.contains(stamp));
        for set in news.sets {
            let message = reference_message(&self.server_epoch, &set.name, &set.node, &set.body);
            self.server_key
                .verify(&message, &set.signature)
                .expect("the server's signature");
            let stamp = set.stamp();
            assert!(news.stamps.contains(&stamp), "a set that is not listed");
            self.reference.insert(stamp, set.body);
        }
        self.lacks_reference = news
            .stamps
            .iter()
            .filter(|stamp| !self.reference.contains_key(stamp))
            .map(|stamp| stamp.version)
            .collect();
    }

    fn apply_page(&mut self, page: FeedPage) {
        let places: u64 = page.entries.iter().map(FeedEntry::places).sum();
        assert_eq!(page.after + places, page.to, "a feed page has no gaps");
        assert_eq!(self.cursors[&page.grid].0, page.after);
        if page.entries.iter().any(FeedEntry::needs_signature) {
            let signature = page.signature.as_ref().expect("a signed page");
            let message = feed_page_message(&self.server_epoch, &page);
            self.server_key
                .verify(&message, signature)
                .expect("the server's signature");
        }
        for entry in page.entries {
            match entry {
                FeedEntry::Change { frame } => self.apply_frame(page.grid, &frame),
                FeedEntry::Yours { record, hash } => self.advance(&record, hash),
                FeedEntry::MovedOut { record, to, .. } if to != page.grid => self.forget(&record),
                FeedEntry::MovedIn { entry } => self.take_in(page.grid, *entry),
                FeedEntry::Receipted { .. } | FeedEntry::MovedOut { .. } => {}
            }
        }
        let cursor = self
            .cursors
            .get_mut(&page.grid)
            .expect("a grid that was asked for");
        cursor.0 = page.to;
        if let Some(digest) = page.digest {
            assert_eq!(cursor.1.total(), digest, "digests agree at the head");
        }
    }

    fn apply_frame(&mut self, grid: GridId, frame: &Frame) {
        let change = inspect(&frame.hash, &frame.change).expect("a change of the feed");
        let held = self.records.entry(frame.record).or_insert_with(|| {
            let document = RecordDocument::new(frame.kind);
            Held {
                grid,
                server_heads: document.heads(),
                document,
            }
        });
        held.document = held
            .document
            .admit(&change, Writer::Feed)
            .expect("a fitting change");
        self.advance(&frame.record, frame.hash);
    }

    /// A record left its grid.
    fn forget(&mut self, id: &RecordId) {
        if let Some(held) = self.records.remove(id)
            && let Some((_, digest)) = self.cursors.get_mut(&held.grid)
        {
            let print = record_fingerprint(id, 0, &held.server_heads);
            digest.replace(id, Some(print), None);
        }
    }

    /// A whole record came into a grid.
    fn take_in(&mut self, grid: GridId, entry: SnapshotEntry) {
        self.forget(&entry.record);
        let print = record_fingerprint(&entry.record, entry.record_epoch, &entry.heads);
        if let Some((_, digest)) = self.cursors.get_mut(&grid) {
            digest.replace(&entry.record, None, Some(print));
        }
        self.keep(grid, entry);
    }

    fn keep(&mut self, grid: GridId, entry: SnapshotEntry) {
        let document = open_snapshot(entry.kind, &entry.document).expect("a document");
        assert_eq!(document.heads(), entry.heads);
        assert_eq!(document.summary(), entry.summary);
        self.records.insert(
            entry.record,
            Held {
                grid,
                document,
                server_heads: entry.heads,
            },
        );
    }

    /// The server has this change of a record.
    fn advance(&mut self, id: &RecordId, hash: ChangeHash) {
        let held = self.records.get_mut(id).expect("a record of this phone");
        let change = held
            .document
            .find_change(&hash)
            .expect("a change of this phone");
        let fresh = RecordDocument::new(held.document.kind()).heads();
        let old =
            (held.server_heads != fresh).then(|| record_fingerprint(id, 0, &held.server_heads));
        advance_heads(&mut held.server_heads, hash, &change.deps);
        let new = record_fingerprint(id, 0, &held.server_heads);
        if let Some((_, digest)) = self.cursors.get_mut(&held.grid) {
            digest.replace(id, old, Some(new));
        }
    }

    /// Fetches a grid's snapshot and reads on from there.
    pub async fn bootstrap(&mut self, server: &TestServer, grid: GridId) {
        let mut after: Option<RecordId> = None;
        let mut as_of = None;
        let mut digest = GridDigest::default();
        loop {
            let path = if self.newest_kind.is_some() {
                snapshot_path(&grid, as_of, after.as_ref())
            } else {
                let next = as_of.zip(after);
                let query = next.map(|(as_of, after)| format!("?as_of={as_of}&after={after}"));
                format!("/v1/grids/{grid}/snapshot{}", query.unwrap_or_default())
            };
            let reply = server
                .request(axum::http::Method::GET, &path, Some(&self.token), "")
                .await;
            assert_eq!(reply.status, 200, "{:?}", reply.problem());
            let page: SnapshotPage = open(&reply.body).expect("a snapshot page");
            assert_eq!(*as_of.get_or_insert(page.as_of), page.as_of);
            for entry in page.entries {
                let print = record_fingerprint(&entry.record, entry.record_epoch, &entry.heads);
                digest.replace(&entry.record, None, Some(print));
                self.keep(grid, entry);
            }
            after = page.next_after;
            if after.is_none() {
                self.cursors.insert(grid, (page.as_of, digest));
                return;
            }
        }
    }

    /// Opens a new session by answering a challenge.
    pub async fn open_session(&mut self, server: &TestServer) -> Reply {
        let refused = server.post("/v1/sync", None, Vec::new()).await;
        let challenge = refused.problem().challenge.expect("a challenge");
        let request = SessionRequest {
            device: self.id,
            signature: self
                .key
                .sign(&session_message(&self.id, &challenge))
                .expect("software keys sign"),
            challenge,
        };
        let reply = server.post("/v1/session", None, seal(&request)).await;
        if reply.status == 200 {
            let session: Session = open(&reply.body).expect("a session");
            self.token = session.token;
        }
        reply
    }

    /// A text field as the phone shows it.
    pub fn text(&self, id: &RecordId, path: &str) -> Option<String> {
        self.records.get(id)?.document.text(path)
    }
}
