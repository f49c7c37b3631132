//! A demo phone: a real core with its own encrypted files.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use wangge_core::{
    Core, CoreConfig, RecordView, StoreKey,
    sync::{CancelToken, SyncReport},
};
use wangge_model::{
    CitizenIdPolicy, GridId, RecordId, SystemClock, SystemEntropy,
    protocol::{EnrolmentLink, SoftwareKey},
};

/// One phone, and what its syncs added up to.
pub(super) struct Phone {
    /// Whose phone it is.
    pub(super) owner: &'static str,
    /// The grid its owner works in.
    pub(super) grid: GridId,
    /// The core itself.
    pub(super) core: Core,
    /// Sum over all its syncs.
    pub(super) total: Traffic,
}

/// What syncs cost.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
pub(super) struct Traffic {
    pub(super) syncs: u64,
    pub(super) round_trips: u64,
    pub(super) bytes_up: u64,
    pub(super) bytes_down: u64,
    pub(super) changes_sent: u64,
    pub(super) changes_received: u64,
}

impl Traffic {
    fn add(&mut self, report: &SyncReport) {
        self.syncs += 1;
        self.round_trips += report.round_trips;
        self.bytes_up += report.bytes_up;
        self.bytes_down += report.bytes_down;
        self.changes_sent += report.receipted;
        self.changes_received += report.pulled;
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            syncs: self.syncs + other.syncs,
            round_trips: self.round_trips + other.round_trips,
            bytes_up: self.bytes_up + other.bytes_up,
            bytes_down: self.bytes_down + other.bytes_down,
            changes_sent: self.changes_sent + other.changes_sent,
            changes_received: self.changes_received + other.changes_received,
        }
    }
}

impl Phone {
    /// Takes a new phone out of its box and enrols it.
    pub(super) async fn enrol(
        folder: &Path,
        owner: &'static str,
        grid: GridId,
        link: &EnrolmentLink,
    ) -> anyhow::Result<Self> {
        let entropy = Arc::new(SystemEntropy);
        let core = Core::open(CoreConfig {
            directory: folder.to_path_buf(),
            key: StoreKey::make(entropy.as_ref()),
            clock: Arc::new(SystemClock),
            device_key: Arc::new(SoftwareKey::make(entropy.as_ref())),
            entropy,
            citizen_id_policy: CitizenIdPolicy::Synthetic,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            device_name: format!("{owner}的手机"),
        })
        .with_context(|| format!("{owner}: open the phone's store"))?;
        core.enrol(link)
            .await
            .with_context(|| format!("{owner}: enrol"))?;
        Ok(Self {
            owner,
            grid,
            core,
            total: Traffic::default(),
        })
    }

    /// Syncs once; the report is added to the phone's total.
    pub(super) async fn sync(&mut self) -> anyhow::Result<SyncReport> {
        let report = self
            .core
            .sync(Arc::new(()), CancelToken::new())
            .await
            .with_context(|| format!("{}: sync", self.owner))?;
        self.total.add(&report);
        Ok(report)
    }

    /// Everything about one record on this phone.
    pub(super) fn record(&self, id: RecordId) -> anyhow::Result<RecordView> {
        self.core
            .find_record(id)?
            .with_context(|| format!("{}: record {id} is not on the phone", self.owner))
    }
}
