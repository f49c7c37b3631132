//! Sync: starting one, following it, stopping it.

use std::{fmt, sync::Arc};

use tokio::sync::watch;
use wangge_core::sync::{CancelToken, SyncPhase, SyncProgress, SyncReport, SyncStatus};

use crate::{
    AppError, Core,
    host::{HostListener, SyncListener},
};

/// What a sync is doing.
#[uniffi::remote(Enum)]
pub enum SyncPhase {
    /// Reaching the server, opening a session.
    Connecting,
    /// Handing in changes.
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

/// How far a running sync is.
#[uniffi::remote(Record)]
pub struct SyncProgress {
    /// What it is doing.
    pub phase: SyncPhase,
    /// Changes the server has confirmed or refused so far.
    pub records_up: u64,
    /// Changes and records taken in so far.
    pub records_down: u64,
    /// What both together will reach at least, as far as known.
    pub total: u64,
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
}

/// What one sync did.
#[uniffi::remote(Record)]
pub struct SyncReport {
    /// Requests that were answered.
    pub round_trips: u64,
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
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
    /// Grids whose content still differs from the server's.
    pub mismatched_grids: u64,
    /// Changes that still wait to be sent.
    pub waiting: u64,
    /// The oldest app version that may still write, if this one is older.
    pub upgrade: Option<String>,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
}

/// What the status line shows.
#[uniffi::remote(Record)]
pub struct SyncStatus {
    /// The sync that is running, if one is.
    pub running: Option<SyncProgress>,
    /// The last one that ended well since the app started.
    pub last_report: Option<SyncReport>,
    /// Code of the last one if it did not end well;
    /// [`sync_error_text`](crate::schema::sync_error_text) explains it.
    pub last_error: Option<String>,
}

type Outcome = Option<Result<SyncReport, AppError>>;

/// One sync. It goes on without anyone waiting, also when this handle is gone.
#[derive(uniffi::Object)]
pub struct SyncSession {
    cancel: CancelToken,
    outcome: watch::Receiver<Outcome>,
}

impl fmt::Debug for SyncSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSession").finish_non_exhaustive()
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// Starts a sync: pushes what waits and pulls what is new.
    #[uniffi::method(default(listener = None))]
    #[expect(
        clippy::unused_async,
        reason = "only an async method runs where tasks can be started"
    )]
    pub async fn sync(&self, listener: Option<Arc<dyn SyncListener>>) -> Arc<SyncSession> {
        let (engine, listener) = (Arc::clone(&self.engine), Arc::new(HostListener(listener)));
        SyncSession::start(move |cancel| async move { engine.sync(listener, cancel).await })
    }

    /// What is going on and how the last sync ended.
    pub fn sync_status(&self) -> SyncStatus {
        self.engine.status()
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl SyncSession {
    /// Stops it at its next step; what has arrived stays. Stopping the wait
    /// does not stop the sync: neither does Swift pass that on, nor would it
    /// be meant whenever a screen is left.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Waits for the end; may be called more than once.
    pub async fn wait(&self) -> Result<SyncReport, AppError> {
        let mut outcome = self.outcome.clone();
        let ended = outcome.wait_for(Option::is_some).await;
        // The sender goes without an outcome only if the task panicked.
        let gone = || {
            Err(AppError::Unexpected {
                reason: "the sync task ended early".to_owned(),
            })
        };
        ended
            .ok()
            .and_then(|outcome| outcome.clone())
            .unwrap_or_else(gone)
    }
}

impl SyncSession {
    fn start<F, W>(work: W) -> Arc<Self>
    where
        W: FnOnce(CancelToken) -> F,
        F: Future<Output = Result<SyncReport, wangge_core::sync::SyncError>> + Send + 'static,
    {
        let cancel = CancelToken::new();
        let (sender, outcome) = watch::channel(None);
        let work = work(cancel.clone());
        tokio::spawn(async move { sender.send_replace(Some(work.await.map_err(AppError::from))) });
        Arc::new(Self { cancel, outcome })
    }
}

#[cfg(test)]
mod tests {
    use wangge_core::sync::SyncError;

    use super::*;

    #[tokio::test]
    async fn every_wait_gets_the_outcome() {
        let session = SyncSession::start(|_| async {
            Ok(SyncReport {
                receipted: 3,
                ..Default::default()
            })
        });
        for _ in 0..2 {
            assert_eq!(session.wait().await.unwrap().receipted, 3);
        }
    }

    #[tokio::test]
    async fn cancelling_reaches_the_work() {
        let session = SyncSession::start(|cancel| async move {
            cancel.cancelled().await;
            Err(SyncError::Cancelled)
        });
        session.cancel();
        assert_eq!(session.wait().await, Err(AppError::Cancelled));
    }

    #[tokio::test]
    async fn a_panic_in_a_sync_is_an_error() {
        let session = SyncSession::start(|_| async { panic!("in the test") });
        assert!(matches!(
            session.wait().await,
            Err(AppError::Unexpected { .. })
        ));
    }

    #[test]
    fn handles_may_cross_threads() {
        fn assert_shared<T: Send + Sync + fmt::Debug>() {}
        assert_shared::<SyncSession>();
        assert_shared::<Core>();
    }
}
