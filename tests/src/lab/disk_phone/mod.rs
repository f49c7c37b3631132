//! A phone whose database is on a disk of the lab, and the server as far as its
//! store sees one.
//!
//! Owns how both are set up; what they do is each machine's own. The lock and
//! the token beside the database are real files in a folder of their own.

mod office;

use std::{fs, path::Path, sync::Arc};

use tempfile::TempDir;
use wangge_core::{
    Core, CoreConfig, StoreError, StoreKey,
    store::{Store, StoreOptions, StoreParts},
    sync::{HttpConnector, TokioSleeper},
};
use wangge_model::{
    CitizenIdPolicy, Clock, Timestamp,
    protocol::SoftwareKey,
    testing::{FakeClock, SeededEntropy},
};

use super::disk::{self, Disk, Files, Mount};

pub use office::{Office, REFUSED};

/// When every run begins.
pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// A migration step: its name and its SQL.
pub type Step = (&'static str, &'static str);

/// Steps that a newer app might bring: a table built anew, a column filled in
/// every row, an index over texts.
pub const FURTHER_STEPS: &[Step] = &[
    (
        "lab_rebuild",
        "CREATE TABLE lab_change (record INTEGER NOT NULL, position INTEGER NOT NULL,
             hash BLOB NOT NULL, bytes BLOB NOT NULL, seen INTEGER NOT NULL DEFAULT 0,
             PRIMARY KEY (record, position)) STRICT, WITHOUT ROWID;
         INSERT INTO lab_change (record, position, hash, bytes)
             SELECT record, position, hash, bytes FROM change;
         DROP TABLE lab_change;
         CREATE TABLE lab_copy AS SELECT * FROM record;",
    ),
    (
        "lab_fill",
        "ALTER TABLE record ADD COLUMN lab TEXT NOT NULL DEFAULT '';
         UPDATE record SET lab = title || search_text;
         CREATE INDEX lab_by_title ON record (lab);
         DROP TABLE lab_copy;",
    ),
];

/// Where a phone's files are.
#[derive(Debug)]
pub struct Site {
    /// The disk of the database.
    pub disk: Disk,
    /// The phone's clock.
    pub clock: Arc<FakeClock>,
    mount: Mount,
    // Last, so that the folder goes when nothing uses it.
    folder: TempDir,
}

impl Site {
    /// A phone with an empty disk.
    pub fn new() -> anyhow::Result<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            TempDir::new_in(memory)?
        } else {
            TempDir::new()?
        };
        let disk = Disk::default();
        Ok(Self {
            mount: disk.mount(folder.path())?,
            disk,
            clock: Arc::new(FakeClock::at(START)),
            folder,
        })
    }

    /// Takes the disk out and puts another in; nothing may be open.
    pub fn insert(&mut self, files: Files) {
        self.disk = Disk::with(files);
        self.mount.swap(&self.disk);
    }

    /// The token that binds the database to this installation.
    pub fn token(&self) -> Option<Vec<u8>> {
        fs::read(self.folder.path().join("incarnation")).ok()
    }

    /// Sets or removes the token.
    pub fn set_token(&self, token: Option<&[u8]>) -> anyhow::Result<()> {
        let path = self.folder.path().join("incarnation");
        match token {
            Some(token) => fs::write(path, token)?,
            None if path.exists() => fs::remove_file(path)?,
            None => {}
        }
        Ok(())
    }

    /// Opens the store alone; `seed` is its randomness.
    pub fn open_store(&self, seed: u64, further: &'static [Step]) -> Result<Store, StoreError> {
        let config = self.config(seed);
        let options = StoreOptions {
            directory: config.directory,
            key: config.key,
            clock: config.clock,
            entropy: config.entropy,
        };
        Store::open_with(options, parts(further))
    }

    /// Opens the whole phone, as an app that knows `further` migration steps.
    pub fn open_core(&self, seed: u64, further: &'static [Step]) -> wangge_core::Result<Core> {
        Core::open_with(
            self.config(seed),
            Arc::new(HttpConnector::default()),
            Arc::new(TokioSleeper),
            parts(further),
        )
    }

    fn config(&self, seed: u64) -> CoreConfig {
        let entropy = Arc::new(SeededEntropy::new(seed));
        CoreConfig {
            directory: self.folder.path().to_owned(),
            key: StoreKey::from_bytes([7; 32]),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            device_key: Arc::new(device_key()),
            entropy,
            citizen_id_policy: CitizenIdPolicy::Synthetic,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            device_name: "lab".to_owned(),
        }
    }
}

/// The key of the lab's phone.
fn device_key() -> SoftwareKey {
    SoftwareKey::make(&SeededEntropy::new(1))
}

fn parts(further_steps: &'static [Step]) -> StoreParts {
    StoreParts {
        open_ops: None,
        vfs: Some(disk::NAME),
        further_steps,
        no_copies: true,
    }
}
