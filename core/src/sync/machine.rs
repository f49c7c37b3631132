//! Every decision of a sync, as a state machine: an [`Event`] goes in, an
//! [`Action`] comes out. It reads and writes the store and nothing else; the
//! network, time and threads belong to [`super::engine`], so that a test can
//! lose, repeat and delay whatever it likes.
//!
//! One sync is: exchanges (push and pull at once) until nothing waits and no
//! feed goes on; then the snapshots of grids the phone does not have yet; then
//! a last exchange for what happened meanwhile. With nothing to do that is one
//! round trip. Every loop has a bound, so that no server can keep a phone busy.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wangge_model::{
    Entropy, GridId, RecordId, ServerEpoch, Timestamp,
    protocol::{
        Cursor, Directive, Manifest, PROTOCOL, Problem, ProblemCode, Session, SessionRequest,
        SignedManifest, SigningKey, SnapshotPage, SyncRequest, SyncResponse, Verdict, items_digest,
        limits, session_message,
    },
};

use super::{
    Answer, Applied, Bootstrap, Enrolment, Position, Push, SyncError, SyncPhase, SyncProgress,
    SyncReport, SyncStore, TransportError,
    backoff::Backoff,
    verify::{check_pages, check_receipt, check_snapshot},
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
const REBUILDS: u32 = 3;
/// Most new app lives in one sync.
const ROTATIONS: u32 = 2;
/// Most lives of the server seen in one sync.
const EPOCHS: u32 = 2;
/// Most complete fetches of one grid in one sync.
const BOOTSTRAPS: u32 = 2;

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
    /// Grids whose snapshot the server does not give.
    skipped: BTreeSet<GridId>,
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
            skipped: BTreeSet::new(),
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
                if let Some(action) = self.on_refusal(store, *problem)? {
                    return Ok(action);
                }
            }
            Event::Session(session) => {
                self.on_answered();
                store.store_session(&session)?;
                self.enrolled_mut()?.session = Some(session);
                // Fresh from the server: a phone whose clock runs ahead must
                // not take it for expired.
                self.session_works = true;
            }
            Event::Answer(answer) => {
                self.on_answered();
                self.on_answer(store, &answer)?;
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
            return Err(SyncError::TooManyRounds);
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
        let push = if session_valid && !self.hold_push && !self.push_stuck {
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
                    store.drop_manifest(push.counter)?;
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
        Ok(signed)
    }

    fn fetch(&mut self, bootstrap: Bootstrap) -> Result<Action, SyncError> {
        // One more than directives may ask for: a mismatch asks as well.
        if self
            .bootstraps
            .get(&bootstrap.grid)
            .is_some_and(|times| *times > BOOTSTRAPS)
        {
            return Err(SyncError::TooManyRounds);
        }
        self.progress.phase = SyncPhase::Fetching;
        self.sent = Sent::Snapshot(bootstrap);
        let Bootstrap { grid, as_of, after } = bootstrap;
        Ok(Action::FetchSnapshot { grid, as_of, after })
    }

    // ---- answers ---------------------------------------------------------

    fn on_answer(&mut self, store: &dyn SyncStore, answer: &SyncResponse) -> Result<(), SyncError> {
        let Sent::Exchange {
            cursors,
            epoch,
            push,
        } = std::mem::replace(&mut self.sent, Sent::Nothing)
        else {
            return Err(SyncError::Internal("an answer nobody asked for".to_owned()));
        };
        match (&answer.receipt, &push) {
            (Some(receipt), Some(push)) => {
                check_receipt(receipt, &push.manifest, push.counter, push.items)?;
            }
            (None, None) => {}
            (None, Some(_)) => return Err(SyncError::BadAnswer("no receipt".to_owned())),
            (Some(_), None) => {
                return Err(SyncError::BadAnswer("a receipt for nothing".to_owned()));
            }
        }
        let same_life = answer.server_epoch == epoch;
        let pages = if same_life {
            let key = &self.enrolled()?.server_key;
            check_pages(
                &answer.pages,
                &cursors,
                answer.receipt.as_ref(),
                &epoch,
                key,
            )?;
            answer.pages.as_slice()
        } else {
            // Cursors of another life mean nothing, so neither do pages that
            // follow them.
            self.epochs += 1;
            if self.epochs > EPOCHS {
                return Err(SyncError::TooManyRounds);
            }
            &[]
        };
        let directives = self.weigh_directives(&answer.directives)?;
        let applied = store.apply_answer(&Answer {
            server_epoch: answer.server_epoch,
            time: answer.time,
            receipt: answer.receipt.as_ref(),
            pages,
            grants: answer.grants.as_ref(),
            directives: &directives,
        })?;
        self.count(&applied);
        self.progress.records_up += applied.receipted + applied.refused;
        self.progress.records_down += pages.iter().map(|page| page.to - page.after).sum::<u64>();
        self.progress.total = self
            .progress
            .total
            .max(self.progress.records_up + self.progress.records_down);

        self.enrolled_mut()?.server_epoch = answer.server_epoch;
        self.session_works = true;
        self.hold_push = false;
        self.must_exchange = !same_life
            || directives.contains(&Directive::Reoffer)
            || pages.iter().any(|page| page.more);
        let forked = answer.receipt.as_ref().is_some_and(|receipt| {
            receipt
                .verdicts
                .iter()
                .any(|run| run.verdict == Verdict::ActorFork)
        });
        if forked {
            self.rotations += 1;
            if self.rotations > ROTATIONS {
                return Err(SyncError::TooManyRounds);
            }
            store.rotate_incarnation()?;
        } else if push.is_some() && applied.receipted + applied.refused == 0 {
            // Only items that wait for other items. Those may come with the
            // next push; if it brings nothing either, another sync has to.
            self.stalls += 1;
            self.push_stuck = self.stalls > 1;
        }
        if !self.must_exchange {
            self.compare_digests(store, pages)?;
        }
        Ok(())
    }

    /// Holds the phone's own digests to the ones at the feed's head. A
    /// difference is the server's to judge, in one more exchange.
    fn compare_digests(
        &mut self,
        store: &dyn SyncStore,
        pages: &[wangge_model::protocol::FeedPage],
    ) -> Result<(), SyncError> {
        if pages.iter().all(|page| page.digest.is_none()) {
            return Ok(());
        }
        for cursor in store.position()?.cursors {
            let differs = pages.iter().any(|page| {
                page.grid == cursor.grid
                    && page.to == cursor.seq
                    && page.digest.is_some_and(|digest| digest != cursor.digest)
            });
            if differs && self.compared.insert(cursor.grid) {
                self.must_exchange = true;
            }
        }
        Ok(())
    }

    /// The directives to follow: what would go round in circles is left out
    /// and reported, or ends the sync.
    fn weigh_directives(&mut self, given: &[Directive]) -> Result<Vec<Directive>, SyncError> {
        let mut followed = Vec::with_capacity(given.len());
        for directive in given {
            match directive {
                Directive::DigestMismatch { grid } => {
                    if !self.mismatched.insert(*grid) {
                        self.unhealed.insert(*grid);
                        continue;
                    }
                }
                Directive::Bootstrap { grid } => {
                    if self
                        .bootstraps
                        .get(grid)
                        .is_some_and(|times| *times >= BOOTSTRAPS)
                    {
                        return Err(SyncError::TooManyRounds);
                    }
                }
                Directive::Reoffer => {
                    // A change of life counts as one; so may this.
                    if self.epochs > EPOCHS {
                        return Err(SyncError::TooManyRounds);
                    }
                    self.epochs += 1;
                }
                Directive::Upgrade { minimum } => self.report.upgrade = Some(minimum.clone()),
                Directive::GridLost { .. } => {}
            }
            followed.push(directive.clone());
        }
        Ok(followed)
    }

    fn on_snapshot(&mut self, store: &dyn SyncStore, page: &SnapshotPage) -> Result<(), SyncError> {
        let Sent::Snapshot(asked) = std::mem::replace(&mut self.sent, Sent::Nothing) else {
            return Err(SyncError::Internal(
                "a snapshot nobody asked for".to_owned(),
            ));
        };
        check_snapshot(page, &asked)?;
        let applied = store.apply_snapshot(page)?;
        self.count(&applied);
        if asked.after.is_none() {
            self.progress.total += page.total;
        }
        self.progress.records_down += page.entries.len() as u64;
        self.progress.total = self
            .progress
            .total
            .max(self.progress.records_up + self.progress.records_down);
        if page.next_after.is_none() {
            self.report.snapshots += 1;
            *self.bootstraps.entry(page.grid).or_default() += 1;
            self.fetched = true;
        }
        Ok(())
    }

    fn count(&mut self, applied: &Applied) {
        self.report.receipted += applied.receipted;
        self.report.refused += applied.refused;
        self.report.pulled += applied.pulled;
        self.report.new_conflicts += applied.new_conflicts;
        self.report.rejected += applied.rejected;
    }

    // ---- refusals and failures -------------------------------------------

    fn on_failure(&mut self, error: TransportError) -> Result<Action, SyncError> {
        if !error.is_transient() {
            return Err(error.into());
        }
        match self.wait(None) {
            Some(action) => Ok(action),
            None => Err(SyncError::Offline(error)),
        }
    }

    /// A wait, or `None` when it has been tried often enough.
    fn wait(&mut self, retry_after_s: Option<u32>) -> Option<Action> {
        if self.backoff.failures() + 1 >= ATTEMPTS {
            return None;
        }
        let millis = self
            .backoff
            .next_wait_ms(retry_after_s, self.entropy.as_ref());
        if millis > LONGEST_WAIT_MS {
            return None;
        }
        self.progress.phase = SyncPhase::Waiting;
        Some(Action::Wait { millis })
    }

    /// The action that answers a refusal; `None` to go on as the state says.
    fn on_refusal(
        &mut self,
        store: &dyn SyncStore,
        problem: Problem,
    ) -> Result<Option<Action>, SyncError> {
        use ProblemCode as Code;
        let sent = std::mem::replace(&mut self.sent, Sent::Nothing);
        let refused = |problem| Err(SyncError::Problem(Box::new(problem)));
        match (ProblemCode::parse(&problem.code), sent) {
            (Some(Code::SessionRequired), sent) => {
                self.session_works = false;
                self.sessions += 1;
                let Some(challenge) = problem.challenge else {
                    return Err(SyncError::BadAnswer("no challenge".to_owned()));
                };
                if self.sessions > SESSIONS || matches!(sent, Sent::Session) {
                    return Err(SyncError::SessionRefused);
                }
                self.answer_challenge(challenge).map(Some)
            }
            (Some(Code::BadSignature), Sent::Session) => Err(SyncError::SessionRefused),
            (
                Some(
                    code @ (Code::ServerEpochChanged
                    | Code::ManifestReplayed
                    | Code::ManifestItemsMismatch
                    | Code::ManifestSignatureInvalid
                    | Code::ManifestDeviceMismatch),
                ),
                Sent::Exchange {
                    push: Some(push), ..
                },
            ) => {
                self.rebuilds += 1;
                if self.rebuilds > REBUILDS {
                    return refused(problem);
                }
                store.drop_manifest(push.counter)?;
                if code == Code::ServerEpochChanged {
                    // The refusal does not say which life it is now; an
                    // exchange without a push does.
                    self.hold_push = true;
                    self.must_exchange = true;
                }
                Ok(None)
            }
            (
                Some(Code::BodyTooLarge | Code::TooManyItems),
                Sent::Exchange {
                    push: Some(push), ..
                },
            ) if push.items > 1 => {
                store.drop_manifest(push.counter)?;
                self.push_items = push.items / 2;
                self.push_bytes = (self.push_bytes / 2).max(limits::CHANGE_BYTES);
                Ok(None)
            }
            (Some(Code::QuarantineFull), Sent::Exchange { push: Some(_), .. }) => {
                // News are worth having even so.
                self.push_stuck = true;
                self.must_exchange = true;
                self.push_refused = Some(Box::new(problem));
                Ok(None)
            }
            (Some(Code::OutOfScope | Code::NotFound), Sent::Snapshot(asked)) => {
                // Lost between two requests: the next exchange says so.
                self.must_exchange = self.skipped.insert(asked.grid);
                Ok(None)
            }
            (Some(Code::Unavailable | Code::TooManyRequests | Code::Internal), _) => {
                match self.wait(problem.retry_after_s) {
                    Some(action) => Ok(Some(action)),
                    None => refused(problem),
                }
            }
            _ => refused(problem),
        }
    }

    fn answer_challenge(&mut self, challenge: Vec<u8>) -> Result<Action, SyncError> {
        let device = self.enrolled()?.device;
        let signature = self
            .key
            .sign(&session_message(&device, &challenge))
            .map_err(|_| SyncError::KeyUnavailable)?;
        self.progress.phase = SyncPhase::Connecting;
        self.sent = Sent::Session;
        Ok(Action::OpenSession(SessionRequest {
            device,
            challenge,
            signature,
        }))
    }
}
