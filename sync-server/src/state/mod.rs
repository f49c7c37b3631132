//! What every handler shares.

mod identity;

use std::{
    ops::Deref,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{OnceCell, Semaphore, broadcast, watch};
use wangge_model::{
    Clock, Entropy, GridCodeScheme, GridId, OrgNodeId, RecordKind,
    document::OpenDocuments,
    message::Language,
    org::{SizingRules, StaffingRules},
};

pub use identity::{IdentityError, ServerIdentity};

use crate::{
    api::{Admission, RateLimits},
    auth::AuthState,
    card::CardNumbers,
    ledger::job::LedgerJobs,
    metrics::Metrics,
    resident::ResidentLimits,
    snapshot_cache::SnapshotCache,
    storage::{CommitOutcome, Storage, StorageResult},
};

/// What differs between one server and another, as far as handlers care.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the configuration by itself"
)]
pub struct Settings {
    /// Address that enrolment links name, e.g. `https://10.1.2.3:8443`.
    pub public_url: String,
    /// SHA-256 of the certificate phones pin; `None` on plain HTTP.
    pub certificate_pin: Option<[u8; 32]>,
    /// Served over TLS, so cookies say `Secure`.
    pub is_secure: bool,
    /// Pushes whose changes are checked at the same time.
    pub guard_threads: usize,
    /// Bytes of request bodies held at the same time; beyond, devices are
    /// asked to come back.
    pub body_budget_bytes: usize,
    /// Most requests of devices at the same time.
    pub device_requests: usize,
    /// Most bytes one device may hold in quarantine.
    pub quarantine_bytes: u64,
    /// Longest life of a console session, in milliseconds.
    pub console_session_ms: i64,
    /// Language of console pages before somebody chooses.
    pub language: Language,
    /// What grid codes look like.
    pub grid_code_scheme: GridCodeScheme,
    /// How large grids should be.
    pub sizing: SizingRules,
    /// How many people grids need.
    pub staffing: StaffingRules,
    /// Anybody may see the list of grids with their codes and heads.
    pub public_register: bool,
    /// Residents may report by the codes that desks made, and look how it went.
    pub resident_reports: bool,
    /// Messages leave this server; otherwise they only wait.
    pub sends_messages: bool,
    /// Operations of the documents kept open, at most; ten thousand take some
    /// two megabytes.
    pub open_ops: u64,
    /// The page of a snapshot that a phone will ask for next is built before it
    /// does. Off where nothing may depend on which thread is faster.
    pub reads_ahead: bool,
    /// Where files without a name are kept while somebody works on them; the
    /// system's own place if there is none.
    pub scratch_folder: Option<PathBuf>,
}

impl Settings {
    /// Documents of some hundred records of the usual size: those that several
    /// people work on at the time.
    pub const OPEN_OPS: u64 = 20_000;
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            certificate_pin: None,
            is_secure: false,
            guard_threads: 2,
            body_budget_bytes: 32 << 20,
            device_requests: 512,
            quarantine_bytes: 64 << 20,
            console_session_ms: 12 * 3_600_000,
            language: Language::Chinese,
            grid_code_scheme: GridCodeScheme::shandong19(),
            sizing: SizingRules::gbt34300(),
            staffing: StaffingRules::default(),
            public_register: false,
            resident_reports: true,
            sends_messages: false,
            open_ops: Self::OPEN_OPS,
            reads_ahead: true,
            scratch_folder: None,
        }
    }
}

/// Pushes worked on at a time.
const WORKED_ON: usize = 24;

/// A grid's feed grew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridHint {
    /// The grid.
    pub grid: GridId,
    /// Its new head.
    pub head_seq: u64,
}

/// A case was reported or decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseHint {
    /// Where the incident is.
    pub grid: GridId,
    /// The units that have it or are whistled for.
    pub units: Vec<OrgNodeId>,
}

/// Shared by every handler; cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of an [`AppState`].
#[derive(Debug)]
pub struct Parts {
    /// What is kept.
    pub storage: Arc<dyn Storage>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// This life of the server and its keys.
    pub identity: ServerIdentity,
    /// What differs between servers.
    pub settings: Settings,
    /// Counters for `/metrics`.
    pub metrics: Metrics,
    /// Compressed snapshot pages.
    pub snapshots: SnapshotCache,
    /// Documents that were pushed to lately.
    pub documents: Arc<Mutex<OpenDocuments>>,
    /// Who may come in now.
    pub admission: Admission,
    /// Ledgers that somebody brings in or takes out.
    pub ledgers: LedgerJobs,
    /// Enrolment attempts.
    pub rate_limits: RateLimits,
    /// Reports of residents.
    pub resident_limits: ResidentLimits,
    /// Signing in at the console.
    pub auth: AuthState,
    /// One permit per push that is being checked.
    pub guard_permits: Arc<Semaphore>,
    /// One permit per push that is being worked on, from its body to its answer:
    /// opened and judged it takes many times the bytes that came. Enough that the
    /// writer never waits for work.
    pub work_permits: Semaphore,
    card_numbers: OnceCell<CardNumbers>,
    hints: broadcast::Sender<GridHint>,
    case_hints: broadcast::Sender<Arc<CaseHint>>,
    is_stopping: AtomicBool,
    stop: watch::Sender<bool>,
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl AppState {
    /// Ties the parts together.
    pub fn new(
        storage: Arc<dyn Storage>,
        identity: ServerIdentity,
        settings: Settings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let auth = AuthState::new(
            Arc::clone(&storage),
            Arc::clone(&clock),
            Arc::clone(&entropy),
            &settings,
        );
        Self(Arc::new(Parts {
            auth,
            storage,
            clock,
            entropy,
            identity,
            metrics: Metrics::default(),
            snapshots: SnapshotCache::new(16 << 20),
            documents: Arc::new(Mutex::new(OpenDocuments::new(settings.open_ops))),
            admission: Admission::new(settings.device_requests, settings.body_budget_bytes),
            ledgers: LedgerJobs::default(),
            rate_limits: RateLimits::default(),
            resident_limits: ResidentLimits::default(),
            guard_permits: Arc::new(Semaphore::new(settings.guard_threads.max(1))),
            work_permits: Semaphore::new(WORKED_ON),
            card_numbers: OnceCell::new(),
            hints: broadcast::channel(256).0,
            case_hints: broadcast::channel(256).0,
            is_stopping: AtomicBool::new(false),
            stop: watch::channel(false).0,
            settings,
        }))
    }

    /// What makes the numbers of work cards; its secret never changes, so it is
    /// read once.
    pub async fn card_numbers(&self) -> StorageResult<&CardNumbers> {
        let find = || CardNumbers::find(self.storage.as_ref());
        self.card_numbers.get_or_try_init(find).await
    }

    /// Tells whoever listens what a commit did; called after it.
    pub fn tell(&self, outcome: &CommitOutcome) {
        self.send_hints(&outcome.grids);
        if self.case_hints.receiver_count() == 0 {
            return;
        }
        let written = outcome.works.iter().map(|done| &done.work);
        for work in written.filter(|work| work.kind == RecordKind::Incident) {
            if work.changes.is_empty() {
                continue;
            }
            let case = work.summary.case.as_ref();
            let units = case.map(|case| case.unit.iter().chain(&case.joint).copied());
            // Nobody listening is no failure.
            let _ = self.case_hints.send(Arc::new(CaseHint {
                grid: work.grid,
                units: units.into_iter().flatten().collect(),
            }));
        }
    }

    /// News of cases from now on.
    pub fn case_hints(&self) -> broadcast::Receiver<Arc<CaseHint>> {
        self.case_hints.subscribe()
    }

    /// Tells whoever listens that these feeds grew; called after the commit.
    pub fn send_hints(&self, grids: &[(GridId, u64)]) {
        for (grid, head_seq) in grids {
            // Nobody listening is no failure.
            let _ = self.hints.send(GridHint {
                grid: *grid,
                head_seq: *head_seq,
            });
        }
    }

    /// News of feeds from now on.
    pub fn hints(&self) -> broadcast::Receiver<GridHint> {
        self.hints.subscribe()
    }

    /// Ends event streams and makes `/readyz` say no, so that open connections
    /// finish and nobody sends new ones.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        self.stop.send_replace(true);
    }

    /// Whether [`Self::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    /// Changes to `true` when the server stops.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}
