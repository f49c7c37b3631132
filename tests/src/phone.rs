//! A real phone: the core with its own encrypted files in a folder of its own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use wangge_core::{
    Core, CoreConfig, StoreKey,
    sync::{CancelToken, SyncReport, SyncStore as _},
};
use wangge_model::{
    CitizenIdPolicy, Clock, DeviceId, Entropy, FieldPath, FieldValue, GridId, PersonId, RecordId,
    ServerEpoch, SystemClock, SystemEntropy,
    document::{FieldEdit, RecordDocument},
    protocol::{EnrolResponse, EnrolmentLink, Grants, GridGrant, Session, SigningKey, SoftwareKey},
};

/// One phone; its files go when it is dropped.
#[derive(Debug)]
pub struct Phone {
    /// The core.
    pub core: Core,
    config: CoreConfig,
    // After the core, so that it is dropped after it.
    folder: Option<tempfile::TempDir>,
}

/// What a phone is made of that a test may want otherwise.
#[derive(Debug, Clone)]
pub struct PhoneParts {
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Its randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for PhoneParts {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

impl Phone {
    /// A new phone that belongs to nobody yet.
    pub fn unpack() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let phone = Self::unpack_in(&folder.path().join("phone"), PhoneParts::default())?;
        Ok(Self {
            folder: Some(folder),
            ..phone
        })
    }

    /// The same in a given folder.
    pub fn unpack_in(folder: &Path, parts: PhoneParts) -> anyhow::Result<Self> {
        let config = CoreConfig {
            directory: folder.to_path_buf(),
            key: StoreKey::make(parts.entropy.as_ref()),
            device_key: Arc::new(SoftwareKey::make(parts.entropy.as_ref())),
            clock: parts.clock,
            entropy: parts.entropy,
            citizen_id_policy: CitizenIdPolicy::Synthetic,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            device_name: "test".to_owned(),
        };
        let core = Core::open(config.clone()).context("opening the phone's store")?;
        Ok(Self {
            core,
            config,
            folder: None,
        })
    }

    /// A new phone, made known to the server.
    pub async fn enrol(link: &EnrolmentLink) -> anyhow::Result<Self> {
        let phone = Self::unpack()?;
        phone.core.enrol(link).await.context("enrolling")?;
        Ok(phone)
    }

    /// A new phone that was told it works in `grid`, without a server: for
    /// what a phone does alone.
    pub fn enrol_alone(grid: GridId) -> anyhow::Result<Self> {
        let phone = Self::unpack()?;
        let (clock, entropy) = (phone.config.clock.as_ref(), phone.config.entropy.as_ref());
        let person = PersonId::make(clock, entropy);
        let grants = Grants {
            lines: None,
            version: 1,
            person,
            person_name: "名册员".to_owned(),
            grids: vec![GridGrant {
                grid,
                code: "3701020020000800101".to_owned(),
                name: "第一网格".to_owned(),
                place: "千佛山街道千佛山社区".to_owned(),
                role: "grid_worker".to_owned(),
            }],
        };
        let response = EnrolResponse {
            device: DeviceId::make(clock, entropy),
            person,
            person_name: "名册员".to_owned(),
            server_epoch: ServerEpoch::make(entropy),
            server_key: SoftwareKey::make(entropy).public_key()?,
            time: clock.now(),
            session: Session {
                token: "none".to_owned(),
                expires_at: clock.now(),
            },
            grants,
        };
        phone
            .core
            .store()
            .store_enrolment("http://127.0.0.1:1", None, &response)?;
        Ok(phone)
    }

    /// Switches on a phone whose files are there already.
    pub fn open(config: CoreConfig) -> anyhow::Result<Self> {
        let core = Core::open(config.clone()).context("opening the phone's store")?;
        Ok(Self {
            core,
            config,
            folder: None,
        })
    }

    /// Switches the phone off, so that its files can be copied.
    pub fn switch_off(self) -> SwitchedOff {
        SwitchedOff {
            config: self.config,
            folder: self.folder,
        }
    }

    /// Switches the phone off and on again.
    pub fn restart(self) -> anyhow::Result<Self> {
        Ok(self.restart_timed()?.0)
    }

    /// The same, with how long switching on took.
    pub fn restart_timed(self) -> anyhow::Result<(Self, Duration)> {
        let Self {
            core,
            config,
            folder,
        } = self;
        drop(core);
        let begun = Instant::now();
        let core = Core::open(config.clone()).context("opening the phone's store again")?;
        let took = begun.elapsed();
        Ok((
            Self {
                core,
                config,
                folder,
            },
            took,
        ))
    }

    /// Where its files are.
    pub fn folder(&self) -> PathBuf {
        self.config.directory.clone()
    }

    /// What it was opened with.
    pub fn config(&self) -> &CoreConfig {
        &self.config
    }

    /// Its key.
    pub fn device_key(&self) -> &dyn SigningKey {
        self.config.device_key.as_ref()
    }

    /// Pushes and pulls.
    pub async fn sync(&self) -> anyhow::Result<SyncReport> {
        Ok(self.core.sync(Arc::new(()), CancelToken::new()).await?)
    }

    /// The only grid its owner works in.
    pub fn grid(&self) -> anyhow::Result<GridId> {
        let grids = self.core.grids()?;
        Ok(grids.first().context("the phone has no grid")?.grid)
    }

    /// Sets one text field.
    pub fn set(&self, record: RecordId, path: &str, text: &str) -> anyhow::Result<()> {
        Ok(self.core.edit_record(record, &[text_edit(path, text)?])?)
    }

    /// A record's document.
    pub fn document(&self, record: RecordId) -> anyhow::Result<RecordDocument> {
        self.core
            .store()
            .find_document(record)?
            .with_context(|| format!("record {record} is not on the phone"))
    }
}

/// A phone that is switched off; its files go when it is dropped.
#[derive(Debug)]
pub struct SwitchedOff {
    config: CoreConfig,
    folder: Option<tempfile::TempDir>,
}

impl SwitchedOff {
    /// Switches it on again.
    pub fn switch_on(self) -> anyhow::Result<Phone> {
        Ok(Phone {
            folder: self.folder,
            ..Phone::open(self.config)?
        })
    }
}

/// An edit that sets a text field.
pub fn text_edit(path: &str, text: &str) -> anyhow::Result<FieldEdit> {
    Ok(FieldEdit::set(
        FieldPath::new(path)?,
        FieldValue::text(text),
    ))
}
