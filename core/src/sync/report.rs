//! What a sync tells while it runs and when it is over.

use std::fmt;

/// What a sync is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncPhase {
    /// Reaching the server, opening a session.
    #[default]
    Connecting,
    /// Handing in changes (and taking in news along the way).
    Pushing,
    /// Taking in news.
    Pulling,
    /// Fetching a grid's records as a whole.
    Fetching,
    /// Waiting before another attempt.
    Waiting,
    /// Over.
    Done,
}

impl SyncPhase {
    /// Stable word for the outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Pushing => "pushing",
            Self::Pulling => "pulling",
            Self::Fetching => "fetching",
            Self::Waiting => "waiting",
            Self::Done => "done",
        }
    }
}

/// How far a running sync is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncProgress {
    /// What it is doing.
    pub phase: SyncPhase,
    /// Changes the server has confirmed or refused so far.
    pub records_up: u64,
    /// Changes and records taken in so far.
    pub records_down: u64,
    /// What `records_up + records_down` will reach at least, as far as known:
    /// what waited at the start and the sizes of snapshots. News of the feed
    /// are not known beforehand.
    pub total: u64,
    /// Bytes sent, headers included, TLS not.
    pub bytes_up: u64,
    /// Bytes received, headers included, TLS not.
    pub bytes_down: u64,
}

/// Hears how a sync goes. Called between steps, never from two threads at a
/// time; must return soon.
pub trait SyncListener: Send + Sync {
    /// Something moved on.
    fn progress(&self, progress: SyncProgress);
}

/// Does not listen.
impl SyncListener for () {
    fn progress(&self, _: SyncProgress) {}
}

/// What one sync did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncReport {
    /// Requests that were answered, sessions and snapshots included.
    pub round_trips: u64,
    /// Bytes sent, headers included, TLS not.
    pub bytes_up: u64,
    /// Bytes received, headers included, TLS not.
    pub bytes_down: u64,
    /// Changes the server now has on disk.
    pub receipted: u64,
    /// Changes the server keeps apart or refuses.
    pub refused: u64,
    /// Changes and records by others taken in.
    pub pulled: u64,
    /// Records with a conflict that had none before.
    pub new_conflicts: u64,
    /// Incoming changes the guard kept out.
    pub rejected: u64,
    /// Grids fetched as a whole.
    pub snapshots: u64,
    /// Grids whose content still differs from the server's after one refetch;
    /// more than 0 is worth a report to the administrator.
    pub mismatched_grids: u64,
    /// Changes that still wait to be sent: they build on ones the server lacks.
    pub waiting: u64,
    /// The oldest app version that may still write, if this one is older.
    pub upgrade: Option<String>,
    /// Wall time by the phone's clock, in milliseconds.
    pub duration_ms: u64,
}

/// What the status line shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncStatus {
    /// The sync that is running, if one is.
    pub running: Option<SyncProgress>,
    /// The last one that ended well since the app started.
    pub last_report: Option<SyncReport>,
    /// [`super::SyncError::code`] of the last one, if it did not end well.
    pub last_error: Option<String>,
}

impl fmt::Display for SyncReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} sent, {} refused, {} received, {} conflicts, {} round trips, {} B up, {} B down, {} ms",
            self.receipted,
            self.refused,
            self.pulled,
            self.new_conflicts,
            self.round_trips,
            self.bytes_up,
            self.bytes_down,
            self.duration_ms
        )
    }
}
