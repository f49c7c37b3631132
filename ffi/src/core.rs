//! Opening the core, and who this phone belongs to.

use std::{fmt, path::PathBuf, sync::Arc};

use wangge_core::{
    CoreConfig, Recovery,
    sync::{EngineParts, HttpConnector, SyncEngine, SyncStore, TokioSleeper},
};
use wangge_model::{
    CitizenIdPolicy, Clock, DeviceId, Entropy, MemberId, PersonId, SystemClock, SystemEntropy,
    message::{Language, message},
    protocol::{EnrolmentLink, SigningKey},
};

use crate::{
    AppError,
    blocking::{blocking, finish},
    database_key,
    host::{DeviceKey, HostClock, HostKey, SecretStore, ShellClock},
};

/// How to open the core.
#[derive(Debug, Clone, uniffi::Record)]
pub struct OpenOptions {
    /// A directory of this app alone, outside what the system backs up. Made
    /// if it is not there.
    pub directory: String,
    /// Version of the app, e.g. `0.1.0`.
    pub app_version: String,
    /// What the owner calls the phone, e.g. its model name.
    pub device_name: String,
    /// Accepts made-up identity numbers; for tests and demonstrations only.
    #[uniffi(default = false)]
    pub synthetic_ids: bool,
}

/// Whose phone this is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Enrolment {
    /// Base address of the server.
    pub server: String,
    /// This device.
    pub device: DeviceId,
    /// The person.
    pub person: PersonId,
    /// The person's name.
    pub person_name: String,
}

/// One phone: its store, its records and its sync. Open one, keep it while the
/// app runs, close it at the end.
#[derive(uniffi::Object)]
pub struct Core {
    pub(crate) inner: Arc<wangge_core::Core>,
    pub(crate) engine: Arc<SyncEngine>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    device_name: String,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}

impl Core {
    /// Runs a method of the core where it may wait.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&wangge_core::Core) -> wangge_core::Result<T> + Send + 'static,
    ) -> Result<T, AppError> {
        let core = Arc::clone(&self.inner);
        blocking(move || work(&core)).await
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// Opens the phone's data, or makes it at the first start. Waits for disk
    /// and secret store: not on the main thread.
    ///
    /// [`AppError::Storage`] if it is open already or the disk fails,
    /// [`AppError::WrongKey`] or [`AppError::NewerData`] if it cannot be used;
    /// it is untouched then.
    #[uniffi::constructor(default(clock = None))]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "foreign objects cross by value"
    )]
    pub fn open(
        options: OpenOptions,
        secrets: Arc<dyn SecretStore>,
        device_key: Arc<dyn DeviceKey>,
        clock: Option<Arc<dyn HostClock>>,
    ) -> Result<Arc<Self>, AppError> {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let clock: Arc<dyn Clock> = match clock {
            Some(clock) => Arc::new(ShellClock(clock)),
            None => Arc::new(SystemClock),
        };
        let directory = PathBuf::from(options.directory);
        let key = database_key::load_or_make(secrets.as_ref(), &directory, entropy.as_ref())?;
        let device_key: Arc<dyn SigningKey> = Arc::new(HostKey(device_key));
        let core = wangge_core::Core::open(CoreConfig {
            directory,
            key,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            device_key: Arc::clone(&device_key),
            citizen_id_policy: citizen_id_policy(options.synthetic_ids),
            app_version: options.app_version.clone(),
            device_name: options.device_name.clone(),
        })?;
        let engine = SyncEngine::new(EngineParts {
            store: Arc::clone(core.store()) as Arc<dyn SyncStore>,
            key: device_key,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            connector: Arc::new(HttpConnector::default()),
            sleeper: Arc::new(TokioSleeper),
            app_version: options.app_version,
        });
        Ok(Arc::new(Self {
            inner: Arc::new(core),
            engine: Arc::new(engine),
            clock,
            entropy,
            device_name: options.device_name,
        }))
    }

    /// Makes this phone a known device, with the text of the QR code.
    pub async fn enrol(&self, link: String) -> Result<Enrolment, AppError> {
        let link: EnrolmentLink = link.parse()?;
        let (engine, name) = (Arc::clone(&self.engine), self.device_name.clone());
        // A task of its own: given up half-way, the code would be used up for nothing.
        let task = tokio::spawn(async move {
            let answer = engine.enrol(&link, &name).await?;
            Ok(Enrolment::new(
                link.server,
                answer.device,
                answer.person,
                answer.person_name,
            ))
        });
        finish(task).await?
    }

    /// Whose phone this is; nothing before it is enrolled.
    pub async fn enrolment(&self) -> Result<Option<Enrolment>, AppError> {
        let store = Arc::clone(self.inner.store());
        let found = blocking(move || store.find_enrolment()).await?;
        Ok(found.map(|it| Enrolment::new(it.server, it.device, it.person, it.person_name)))
    }

    /// A fresh id for a new member, label or party, to be used in the paths of
    /// its fields.
    pub fn new_entry_id(&self) -> MemberId {
        MemberId::make(self.clock.as_ref(), self.entropy.as_ref())
    }

    /// What to tell the person about damage to the phone's files that was made
    /// good; nothing if there was none. Ask after opening and after each sync,
    /// show the text, then call [`Core::acknowledge_recovery`].
    pub async fn find_recovery(&self) -> Result<Option<RecoveryNotice>, AppError> {
        let found = self.run(wangge_core::Core::find_recovery).await?;
        Ok(found.map(|recovery| RecoveryNotice::new(&recovery)))
    }

    /// The person was told.
    pub async fn acknowledge_recovery(&self) -> Result<(), AppError> {
        self.run(wangge_core::Core::acknowledge_recovery).await
    }

    /// Tidies up while nobody waits: when the app goes to the background.
    pub async fn tidy(&self) -> Result<(), AppError> {
        self.run(wangge_core::Core::tidy).await
    }
}

/// Damage to the phone's files that was made good.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RecoveryNotice {
    /// Unsent changes that were kept.
    pub unsent: u64,
    /// Records whose older part comes with the next sync.
    pub incomplete: u64,
    /// What to tell in Chinese.
    pub zh: String,
    /// What to tell in English.
    pub en: String,
}

impl RecoveryNotice {
    fn new(recovery: &Recovery) -> Self {
        let at = recovery
            .at
            .to_china_date()
            .map(|date| date.to_string())
            .unwrap_or_default();
        let unsent = recovery.unsent.to_string();
        let arguments = [("at", at.as_str()), ("unsent", unsent.as_str())];
        let text = |language| message(language, "store-recovery", &arguments);
        Self {
            unsent: recovery.unsent,
            incomplete: recovery.incomplete,
            zh: text(Language::Chinese),
            en: text(Language::English),
        }
    }
}

impl Enrolment {
    const fn new(server: String, device: DeviceId, person: PersonId, person_name: String) -> Self {
        Self {
            server,
            device,
            person,
            person_name,
        }
    }
}

const fn citizen_id_policy(synthetic_ids: bool) -> CitizenIdPolicy {
    if synthetic_ids {
        CitizenIdPolicy::Synthetic
    } else {
        CitizenIdPolicy::Production
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_is_told_with_its_day_and_what_was_kept() {
        let notice = RecoveryNotice::new(&Recovery {
            at: wangge_model::Timestamp::from_millis(1_767_225_600_000),
            file: None,
            unsent: 7,
            incomplete: 1,
        });
        assert!(notice.zh.contains("2026-01-01") && notice.zh.contains("7 处"));
        assert!(notice.en.contains("All 7 unsent changes were kept"));
    }

    #[test]
    fn made_up_identity_numbers_are_taken_only_when_asked_for() {
        assert_eq!(citizen_id_policy(true), CitizenIdPolicy::Synthetic);
        assert_eq!(citizen_id_policy(false), CitizenIdPolicy::Production);
    }
}
