//! Every decision of a sync, as a state machine: an [`Event`] goes in, an
//! [`Action`] comes out. It reads and writes the store and nothing else; the
//! network, time and threads belong to [`super::engine`], so that a test can
//! lose, repeat and delay whatever it likes.
//!
//! One sync is: exchanges (push and pull at once) until nothing waits and no
//! feed goes on; then the snapshots of grids the phone does not have yet; then
//! a last exchange for what happened meanwhile. After the server lost data, the
//! snapshots come first, then it is given back what it had signed, then the
//! phone's own changes. With nothing to do that is one
//! round trip. Every loop has a bound, so that no server can keep a phone busy.

mod answer;
mod refusal;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wangge_model::{
    Entropy, GridId, RecordId, RecordKind, ReferenceVersion, ServerEpoch, Timestamp,
    fault_point::{self, FailPoint},
    protocol::{
        Cursor, GiveBackRequest, GiveBackResponse, Manifest, PROTOCOL, Problem, Session,
        SessionRequest, SignedManifest, SigningKey, SnapshotPage, SyncRequest, SyncResponse,
        items_digest, limits, reference_digest,
    },
};

use super::{
    Bootstrap, Enrolment, GiveBack, GiveBackMark, Position, Push, SyncError, SyncPhase,
    SyncProgress, SyncReport, SyncStore, TransportError, backoff::Backoff,
};

/// Most changes in one push: about a second of a server's work, and few enough
/// that a broken connection repeats little.
pub const PUSH_ITEMS: usize = 2_000;
/// Most raw bytes of changes in one push; half of
/// [`limits::BODY_BYTES`] even if they do not compress.
pub const PUSH_BYTES: usize = 4 << 20;
/// Most bytes of changes the phone asks for in one answer.
pub const PAGE_BYTES: u32 = 1 << 20;
/// Attempts after which an unreachable server ends the sync.
pub const ATTEMPTS: u32 = 4;
/// Longest wait within a sync, in milliseconds: past it the person is told.
pub const LONGEST_WAIT_MS: u64 = 60_000;

/// Most requests of one sync.
const REQUESTS: u64 = 20_000;
/// Most challenges answered in one sync; each attempt at a flaky server may
/// need one.
const SESSIONS: u32 = ATTEMPTS + 1;
/// Most new manifests in place of refused ones in one sync.
const REBUILDS: u32 = ACCIDENTS;
/// Most accidents of a kind in one sync: it may go on for days, while nothing
/// connects, and find that the server was restored, the feed shortened and the
/// phone copied meanwhile, more than once.
const ACCIDENTS: u32 = 6;
/// Most new app lives in one sync.
const ROTATIONS: u32 = ACCIDENTS;
/// Most lives of the server seen in one sync.
const EPOCHS: u32 = ACCIDENTS;
/// Most complete fetches of one grid in one sync.
const BOOTSTRAPS: u32 = ACCIDENTS;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// The sync begins.
    Start,
    /// A session was opened.
    Session(Session),
    /// An exchange was answered.
    Answer(Box<SyncResponse>),
    /// A snapshot page came.
    Snapshot(Box<SnapshotPage>),
    /// The server took back what it could.
    GivenBack(Box<GiveBackResponse>),
    /// The server said no.
    Refused(Box<Problem>),
    /// No answer came.
    Failed(TransportError),
    /// The wait is over.
    Waited,
    /// The sync is to end.
    Cancelled,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// `POST /v1/session`.
    OpenSession(SessionRequest),
    /// `POST /v1/sync`.
    Exchange(Box<SyncRequest>),
    /// `GET /v1/grids/{grid}/snapshot`.
    FetchSnapshot {
        /// The grid.
        grid: GridId,
        /// The moment, if one is given already.
        as_of: Option<u64>,
        /// Continue after this record.
        after: Option<RecordId>,
    },
    /// `POST /v1/give-back`.
    GiveBack(Box<GiveBackRequest>),
    /// Let time pass, then [`Event::Waited`].
    Wait {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// Over.
    Done,
}

/// The request that is out.
#[derive(Debug)]
enum Sent {
    Nothing,
    Session,
    Exchange {
        cursors: Vec<Cursor>,
        epoch: ServerEpoch,
        push: Option<SentPush>,
    },
    Snapshot(Bootstrap),
    GiveBack(GiveBackMark),
}

#[derive(Debug)]
struct SentPush {
    counter: u64,
    items: usize,
    manifest: SignedManifest,
}

/// One sync.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent conditions, each set by one event and read in one place"
)]
pub struct Machine {
    app_version: String,
    key: Arc<dyn SigningKey>,
    entropy: Arc<dyn Entropy>,
    enrolment: Option<Enrolment>,
    sent: Sent,
    backoff: Backoff,
    report: SyncReport,
    progress: SyncProgress,

    /// The next thing must be an exchange, whether or not there is a push.
    must_exchange: bool,
    /// A grid was fetched whole; one more exchange once all are.
    fetched: bool,
    /// The next exchange goes without a push.
    hold_push: bool,
    /// Pushing again would bring the same answer again.
    push_stuck: bool,
    /// Why the server takes no push at all; told when everything else is done.
    push_refused: Option<Box<Problem>>,
    /// The server accepted the session in this sync, whatever the clock says.
    session_works: bool,
    push_items: usize,
    push_bytes: usize,

    requests: u64,
    sessions: u32,
    rebuilds: u32,
    rotations: u32,
    epochs: u32,
    stalls: u32,
    /// How often each grid was fetched whole.
    bootstraps: BTreeMap<GridId, u32>,
    /// Grids whose digest differed once.
    mismatched: BTreeSet<GridId>,
    /// Grids whose digest still differed after that.
    unhealed: BTreeSet<GridId>,
    /// Grids whose digest the phone itself found different.
    compared: BTreeSet<GridId>,
    /// A snapshot page had another life's signature once.
    doubted: bool,
    /// Grids whose snapshot the server does not give.
    skipped: BTreeSet<GridId>,
    /// Versions of reference sets to ask for.
    lacks_reference: Vec<ReferenceVersion>,
}

impl Machine {
    /// A sync that has not begun.
    pub fn new(app_version: &str, key: Arc<dyn SigningKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            app_version: app_version.to_owned(),
            key,
            entropy,
            enrolment: None,
            sent: Sent::Nothing,
            backoff: Backoff::new(),
            report: SyncReport::default(),
            progress: SyncProgress::default(),
            must_exchange: true,
            fetched: false,
            hold_push: false,
            push_stuck: false,
            push_refused: None,
            session_works: false,
            push_items: PUSH_ITEMS,
            push_bytes: PUSH_BYTES,
            requests: 0,
            sessions: 0,
            rebuilds: 0,
            rotations: 0,
            epochs: 0,
            stalls: 0,
            bootstraps: BTreeMap::new(),
            mismatched: BTreeSet::new(),
            unhealed: BTreeSet::new(),
            compared: BTreeSet::new(),
            doubted: false,
            skipped: BTreeSet::new(),
            lacks_reference: Vec::new(),
        }
    }

    /// Where and as whom to sync; known after [`Event::Start`].
    pub fn enrolment(&self) -> Option<&Enrolment> {
        self.enrolment.as_ref()
    }

    /// The session to send with requests.
    pub fn token(&self) -> Option<&str> {
        Some(self.enrolment.as_ref()?.session.as_ref()?.token.as_str())
    }

    /// How far it is.
    pub const fn progress(&self) -> SyncProgress {
        self.progress
    }

    /// What it did so far.
    pub const fn report(&self) -> &SyncReport {
        &self.report
    }

    /// Adds what the network measured.
    pub const fn add_traffic(&mut self, up: u64, down: u64) {
        self.report.bytes_up += up;
        self.report.bytes_down += down;
        self.progress.bytes_up = self.report.bytes_up;
        self.progress.bytes_down = self.report.bytes_down;
    }

    /// Takes an event, says what to do. An error ends the sync; what the store
    /// took in before stays.
    pub fn step(
        &mut self,
        store: &dyn SyncStore,
        now: Timestamp,
        event: Event,
    ) -> Result<Action, SyncError> {
        match event {
            Event::Start => {
                self.enrolment = Some(store.find_enrolment()?.ok_or(SyncError::NotEnrolled)?);
                self.progress.total = store.count_pending()?;
            }
            Event::Cancelled => return Err(SyncError::Cancelled),
            Event::Waited => {}
            Event::Failed(error) => return self.on_failure(error),
            Event::Refused(problem) => {
                self.report.round_trips += 1;
                if let Some(action) = self.on_refusal(store, now, *problem)? {
                    return Ok(action);
                }
            }
            Event::Session(session) => {
                self.on_answered();
                store.store_session(&session)?;
                fault_point::reach(FailPoint::PhoneSessionStored)
                    .map_err(crate::StoreError::from)?;
                self.enrolled_mut()?.session = Some(session);
                // Fresh from the server: a phone whose clock runs ahead must
                // not take it for expired.
                self.session_works = true;
            }
            Event::Answer(answer) => {
                self.on_answered();
                self.on_answer(store, &answer)?;
            }
            Event::GivenBack(answer) => {
                self.on_answered();
                self.on_given_back(store, &answer)?;
            }
            Event::Snapshot(page) => {
                self.on_answered();
                self.on_snapshot(store, &page)?;
            }
        }
        self.next_action(store, now)
    }

    fn on_answered(&mut self) {
        self.report.round_trips += 1;
        self.backoff.reset();
    }

    fn enrolled(&self) -> Result<&Enrolment, SyncError> {
        self.enrolment.as_ref().ok_or(SyncError::NotEnrolled)
    }

    fn enrolled_mut(&mut self) -> Result<&mut Enrolment, SyncError> {
        self.enrolment.as_mut().ok_or(SyncError::NotEnrolled)
    }

    // ---- what next -------------------------------------------------------

    fn next_action(&mut self, store: &dyn SyncStore, now: Timestamp) -> Result<Action, SyncError> {
        self.requests += 1;
        if self.requests > REQUESTS {
            return Err(SyncError::TooManyRounds("requests"));
        }
        let position = store.position()?;
        // A session known to have expired gets a 401 in any case; let that be
        // for a small request and not for four megabytes of changes.
        let session_valid = self.session_works
            || self
                .enrolled()?
                .session
                .as_ref()
                .is_some_and(|session| session.expires_at > now);
        // What the server itself had decided must be back before this phone's
        // own changes are, or it would decide anew (give a second case number).
        let may_push = !self.hold_push && !self.push_stuck && !position.gives_back;
        let push = if session_valid && may_push {
            self.find_push(store)?
        } else {
            None
        };
        if push.is_some() || self.must_exchange {
            return self.exchange(store, position, push);
        }
        let open = position
            .bootstraps
            .iter()
            .find(|one| !self.skipped.contains(&one.grid));
        if let Some(bootstrap) = open {
            return self.fetch(*bootstrap);
        }
        if position.gives_back {
            if let Some(next) = store.next_give_back()? {
                return self.give_back(next);
            }
            store.end_giving_back()?;
            // Sees what came back before it hands in the rest.
            self.hold_push = true;
            self.fetched = true;
        }
        if self.fetched {
            self.fetched = false;
            self.must_exchange = true;
            return self.exchange(store, position, None);
        }
        self.progress.phase = SyncPhase::Done;
        self.sent = Sent::Nothing;
        self.report.mismatched_grids = self.unhealed.len() as u64;
        self.report.waiting = store.count_pending()?;
        store.store_synced_at(now)?;
        match self.push_refused.take() {
            Some(problem) => Err(SyncError::Problem(problem)),
            None => Ok(Action::Done),
        }
    }

    /// The next push, if it can be sent as it is or signed anew.
    fn find_push(&self, store: &dyn SyncStore) -> Result<Option<Push>, SyncError> {
        // Once more after a stored manifest turned out unusable.
        for _ in 0..2 {
            let Some(push) = store.next_push(self.push_items, self.push_bytes)? else {
                return Ok(None);
            };
            if push.items.is_empty() {
                return Ok(None);
            }
            match &push.signed {
                Some(signed) if !self.is_current(&push, signed)? => {
                    store.drop_manifest(push.counter, push.counter)?;
                }
                _ => return Ok(Some(push)),
            }
        }
        Err(SyncError::Internal(
            "the store keeps an unusable manifest".to_owned(),
        ))
    }

    /// Whether a manifest signed earlier still fits this enrolment and its items.
    fn is_current(&self, push: &Push, signed: &SignedManifest) -> Result<bool, SyncError> {
        let enrolment = self.enrolled()?;
        Ok(signed.decode().is_ok_and(|manifest| {
            manifest.device == enrolment.device
                && manifest.server_epoch == enrolment.server_epoch
                && manifest.incarnation == push.incarnation
                && manifest.counter == push.counter
                && manifest.items_digest == items_digest(&push.items)
        }))
    }

    fn exchange(
        &mut self,
        store: &dyn SyncStore,
        position: Position,
        push: Option<Push>,
    ) -> Result<Action, SyncError> {
        let epoch = self.enrolled()?.server_epoch;
        let (sent, manifest, items) = match push {
            None => (None, None, Vec::new()),
            Some(push) => {
                let manifest = self.sign(store, &push)?;
                let sent = SentPush {
                    counter: push.counter,
                    items: push.items.len(),
                    manifest: manifest.clone(),
                };
                (Some(sent), Some(manifest), push.items)
            }
        };
        let mut cursors = position.cursors;
        cursors.truncate(limits::CURSORS);
        self.progress.phase = match (&sent, self.report.round_trips) {
            (Some(_), _) => SyncPhase::Pushing,
            (None, 0) => SyncPhase::Connecting,
            (None, _) => SyncPhase::Pulling,
        };
        self.sent = Sent::Exchange {
            cursors: cursors.clone(),
            epoch,
            push: sent,
        };
        Ok(Action::Exchange(Box::new(SyncRequest {
            protocol: PROTOCOL,
            app_version: self.app_version.clone(),
            server_epoch: Some(epoch),
            grants_version: position.grants.map_or(0, |grants| grants.version),
            cursors,
            manifest,
            items,
            page_bytes: PAGE_BYTES,
            // A grid is also fetched because a hash of one's own named nothing
            // here; the snapshot may be older than that change.
            whole: (self.report.snapshots > 0).then_some(true),
            knows_moves: Some(true),
            decisions_after: position.decisions_after,
            newest_kind: Some(RecordKind::NEWEST),
            reference: Some(reference_digest(&position.reference)),
            wants_reference: (!self.lacks_reference.is_empty())
                .then(|| self.lacks_reference.clone()),
            roster: Some(position.roster),
            roll_answers: (!position.roll_answers.is_empty()).then_some(position.roll_answers),
        })))
    }

    /// The manifest of a push: the one that went out before, or a new one,
    /// stored before anyone sees it.
    fn sign(&self, store: &dyn SyncStore, push: &Push) -> Result<SignedManifest, SyncError> {
        if let Some(signed) = &push.signed {
            return Ok(signed.clone());
        }
        let enrolment = self.enrolled()?;
        let manifest = Manifest {
            device: enrolment.device,
            incarnation: push.incarnation,
            server_epoch: enrolment.server_epoch,
            counter: push.counter,
            count: u32::try_from(push.items.len()).unwrap_or(u32::MAX),
            items_digest: items_digest(&push.items).to_vec(),
            blobs: Vec::new(),
        };
        let signed = SignedManifest::sign(&manifest, self.key.as_ref())
            .map_err(|_| SyncError::KeyUnavailable)?;
        store.store_manifest(push, &signed)?;
        fault_point::reach(FailPoint::PhoneManifestStored).map_err(crate::StoreError::from)?;
        Ok(signed)
    }

    fn give_back(&mut self, next: GiveBack) -> Result<Action, SyncError> {
        let GiveBack {
            proofs,
            records,
            mark,
        } = next;
        self.progress.phase = SyncPhase::Pushing;
        self.sent = Sent::GiveBack(mark);
        Ok(Action::GiveBack(Box::new(GiveBackRequest {
            protocol: PROTOCOL,
            server_epoch: self.enrolled()?.server_epoch,
            proofs,
            records,
        })))
    }

    fn fetch(&mut self, bootstrap: Bootstrap) -> Result<Action, SyncError> {
        // One more than directives may ask for: a mismatch asks as well.
        if self
            .bootstraps
            .get(&bootstrap.grid)
            .is_some_and(|times| *times > BOOTSTRAPS)
        {
            return Err(SyncError::TooManyRounds("yet another fetch of a grid"));
        }
        self.progress.phase = SyncPhase::Fetching;
        self.sent = Sent::Snapshot(bootstrap);
        let Bootstrap { grid, as_of, after } = bootstrap;
        Ok(Action::FetchSnapshot { grid, as_of, after })
    }
}
