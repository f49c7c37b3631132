//! Enrolment and sync as a shell calls them.

use std::sync::Arc;

use wangge_model::protocol::{EnrolmentLink, Grants};

use super::{CancelToken, SyncListener, SyncReport, SyncStatus};
use crate::{Core, Result};

impl Core {
    /// Makes this phone known to the server in the link and takes over the
    /// person's grids; the records come with the first [`Core::sync`].
    ///
    /// A phone that lost its place (key gone, server new) may enrol again:
    /// what it holds unsent stays and is sent as the new device.
    pub async fn enrol(&self, link: &EnrolmentLink) -> Result<Grants> {
        Ok(self.sync.enrol(link, &self.device_name).await?.grants)
    }

    /// Sends what waits and takes in what is new. Needs a tokio runtime; may be
    /// dropped at any time. One at a time: a second call gets the `busy` error
    /// of [`super::SyncError`].
    pub async fn sync(
        &self,
        listener: Arc<dyn SyncListener>,
        cancel: CancelToken,
    ) -> Result<SyncReport> {
        let result = self.sync.sync(listener, cancel).await;
        // Also after one that was cut short.
        self.indexer.start(&self.store);
        Ok(result?)
    }

    /// What sync is doing and how it last ended. Never waits.
    pub fn sync_status(&self) -> SyncStatus {
        self.sync.status()
    }
}
