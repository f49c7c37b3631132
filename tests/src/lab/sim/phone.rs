//! A real phone without its threads: the store as shipped, and the sync state
//! machine asked one event at a time.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use anyhow::Context as _;
use wangge_core::{
    Store, StoreError, StoreKey,
    port::SyncStore,
    store::{StoreOptions, StoreParts},
    sync::{
        SyncError,
        machine::{Action, Event, Machine},
    },
};
use wangge_model::{
    Clock, Entropy, GridId, PersonId, Timestamp,
    protocol::{EnrolRequest, EnrolResponse, PROTOCOL, SigningKey, SoftwareKey, enrol_message},
    testing::{FakeClock, SeededEntropy},
};

use super::server::OPEN_OPS;

/// The file that binds a store to its installation; system backups leave it out.
const INCARNATION_FILE: &str = "incarnation";

/// A phone's clock: everybody's, plus how wrong it is.
#[derive(Debug)]
pub(super) struct PhoneClock {
    true_time: Arc<FakeClock>,
    wrong_by_ms: AtomicI64,
}

impl PhoneClock {
    /// Sets how wrong the clock is.
    pub(super) fn set_wrong_by(&self, millis: i64) {
        self.wrong_by_ms.store(millis, Ordering::SeqCst);
    }
}

impl Clock for PhoneClock {
    fn now(&self) -> Timestamp {
        self.true_time
            .now()
            .plus_millis(self.wrong_by_ms.load(Ordering::SeqCst))
    }
}

/// A sync in the middle: the machine and what it asked for last.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) machine: Machine,
    pub(super) action: Action,
}

/// A copy of a phone's files.
#[derive(Debug, Clone)]
pub(super) struct PhoneBackup {
    folder: PathBuf,
    /// The step it was taken at.
    pub(super) step: u64,
}

/// One phone.
#[derive(Debug)]
pub(super) struct SimPhone {
    folder: PathBuf,
    store: Option<Arc<Store>>,
    key: Arc<SoftwareKey>,
    pub(super) clock: Arc<PhoneClock>,
    entropy: Arc<SeededEntropy>,
    app_version: u32,
    /// Whose it is.
    pub(super) person: PersonId,
    /// The step until which it has no network.
    pub(super) offline_until: u64,
    /// A sync that was left in the middle.
    pub(super) run: Option<Run>,
    /// Records its worker is busy with, by number.
    pub(super) focus: Vec<usize>,
    /// Its grids, as of its last sync.
    pub(super) grids: Vec<GridId>,
    /// The newest backup.
    pub(super) backup: Option<PhoneBackup>,
}

impl SimPhone {
    /// A new phone of this person, with an empty store.
    pub(super) fn new(
        folder: PathBuf,
        true_time: &Arc<FakeClock>,
        seed: u64,
        person: PersonId,
    ) -> anyhow::Result<Self> {
        let entropy = Arc::new(SeededEntropy::new(seed));
        let mut phone = Self {
            folder,
            store: None,
            key: Arc::new(SoftwareKey::make(entropy.as_ref())),
            clock: Arc::new(PhoneClock {
                true_time: Arc::clone(true_time),
                wrong_by_ms: AtomicI64::new(0),
            }),
            entropy,
            app_version: 0,
            person,
            offline_until: 0,
            run: None,
            focus: Vec::new(),
            grids: Vec::new(),
            backup: None,
        };
        phone.open()?;
        Ok(phone)
    }

    fn open(&mut self) -> Result<(), StoreError> {
        let options = StoreOptions {
            directory: self.folder.clone(),
            key: StoreKey::from_bytes([7; 32]),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&self.entropy) as Arc<dyn Entropy>,
        };
        let parts = StoreParts {
            open_ops: Some(OPEN_OPS),
            ..StoreParts::default()
        };
        self.store = Some(Arc::new(Store::open_with(options, parts)?));
        Ok(())
    }

    /// The store.
    pub(super) fn store(&self) -> anyhow::Result<&Store> {
        self.store.as_deref().context("the app is not running")
    }

    /// What the phone says to enrol with this code.
    pub(super) fn enrol_request(&self, code: String) -> anyhow::Result<EnrolRequest> {
        let incarnation = self.store()?.incarnation()?;
        let public_key = self.key.public_key()?;
        let message = enrol_message(&code, &public_key, &incarnation);
        Ok(EnrolRequest {
            protocol: PROTOCOL,
            code,
            signature: self.key.sign(&message)?,
            public_key,
            incarnation,
            device_name: "测试机".to_owned(),
            app_version: self.version(),
        })
    }

    /// Takes the answer to it.
    pub(super) fn enrolled(&mut self, response: &EnrolResponse) -> anyhow::Result<()> {
        self.store()?
            .store_enrolment("http://127.0.0.1:1", None, response)?;
        self.refresh_grids()
    }

    /// Reads again which grids it has.
    pub(super) fn refresh_grids(&mut self) -> anyhow::Result<()> {
        let grids = self.store()?.list_grids()?;
        self.grids = grids.into_iter().map(|grant| grant.grid).collect();
        Ok(())
    }

    fn version(&self) -> String {
        format!("0.{}.0", self.app_version + 1)
    }

    // ---- sync --------------------------------------------------------------

    /// Begins a sync; the first action is in [`Self::run`].
    pub(super) fn begin(&mut self) -> Result<(), SyncError> {
        let machine = Machine::new(
            &self.version(),
            Arc::clone(&self.key) as Arc<dyn SigningKey>,
            Arc::clone(&self.entropy) as Arc<dyn Entropy>,
        );
        self.run = Some(Run {
            machine,
            action: Action::Done,
        });
        self.tell(Event::Start)
    }

    /// Tells the machine what happened; its next action is in [`Self::run`],
    /// which is empty once the sync failed.
    pub(super) fn tell(&mut self, event: Event) -> Result<(), SyncError> {
        let now = self.clock.now();
        let (Some(mut run), Some(store)) = (self.run.take(), self.store.as_deref()) else {
            return Err(SyncError::Internal("no sync is running".to_owned()));
        };
        run.action = run.machine.step(store, now, event)?;
        self.run = Some(run);
        Ok(())
    }

    // ---- lives -------------------------------------------------------------

    /// Ends the app as a kill does, without a word.
    fn close(&mut self) {
        self.run = None;
        self.store = None;
    }

    /// Kills the app and starts it again.
    pub(super) fn restart(&mut self) -> anyhow::Result<()> {
        self.close();
        Ok(self.open()?)
    }

    /// Replaces the app by the next version.
    pub(super) fn upgrade(&mut self) -> anyhow::Result<()> {
        self.app_version += 1;
        self.restart()
    }

    /// Backs the phone up as its system does: the files, less what it is told
    /// to leave out.
    pub(super) fn back_up(&mut self, to: PathBuf, step: u64) -> anyhow::Result<()> {
        copy_store(&self.folder, &to, Copying::WithoutIncarnation)?;
        let new = PhoneBackup { folder: to, step };
        if let Some(old) = self.backup.replace(new) {
            fs::remove_dir_all(old.folder)?;
        }
        Ok(())
    }

    /// Sets the phone up from its backup, which is used up.
    pub(super) fn restore(&mut self) -> anyhow::Result<()> {
        let backup = self.backup.take().context("no backup")?;
        self.close();
        fs::remove_dir_all(&self.folder)?;
        fs::rename(&backup.folder, &self.folder)?;
        self.open()?;
        self.focus.clear();
        self.refresh_grids()
    }

    /// A copy of the phone, key and all, as if its storage had been copied
    /// bit by bit.
    pub(super) fn copy(&self, folder: PathBuf, seed: u64) -> anyhow::Result<Self> {
        copy_store(&self.folder, &folder, Copying::Everything)?;
        let mut copy = Self {
            folder,
            store: None,
            key: Arc::clone(&self.key),
            clock: Arc::new(PhoneClock {
                true_time: Arc::clone(&self.clock.true_time),
                wrong_by_ms: AtomicI64::new(0),
            }),
            entropy: Arc::new(SeededEntropy::new(seed)),
            app_version: self.app_version,
            person: self.person,
            offline_until: 0,
            run: None,
            focus: self.focus.clone(),
            grids: self.grids.clone(),
            backup: None,
        };
        copy.open()?;
        Ok(copy)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copying {
    Everything,
    WithoutIncarnation,
}

/// Copies a store's files while nobody writes them.
fn copy_store(from: &Path, to: &Path, copying: Copying) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        let name = file.file_name();
        if copying == Copying::WithoutIncarnation && name == INCARNATION_FILE {
            continue;
        }
        if file.file_type()?.is_file() {
            fs::copy(file.path(), to.join(&name))?;
        }
    }
    Ok(())
}
