//! Damaged files: whatever page goes bad, nothing that is only on this phone
//! is lost, and the rest comes back from the server.

use std::{fs, path::Path, sync::Arc};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;
use wangge_model::{RecordId, RecordKind};

use super::{Hub, Phone, assert_same, grid};
use crate::{Core, Error, RecordQuery, store::StoreError, sync::SyncStore};

const PAGE: usize = crate::store::connection::PAGE_BYTES as usize;

type Change = fn(&mut Vec<u8>);

/// A phone with records at the server and work that was not sent, as files.
struct Scene {
    files: TempDir,
    hub: Hub,
    clock: Arc<wangge_model::testing::FakeClock>,
    /// Texts that are nowhere but on the phone, with their records.
    unsent: Vec<(RecordId, &'static str, String)>,
}

impl Scene {
    /// `tidied` has everything in the database file, else it is in the log.
    fn new(tidied: bool) -> Self {
        let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
        let mut records = Vec::new();
        for number in 0..30 {
            let id = phone.household(1, &format!("殷巷村{number}号"));
            phone.edit(id, "notes", &"老人独居，每周上门。".repeat(20));
            records.push(id);
        }
        hub.sync(&phone);
        phone.core().tidy().unwrap();
        let mut unsent = Vec::new();
        for (number, id) in records.iter().enumerate().step_by(3) {
            let room = format!("{number}室");
            phone.edit(*id, "address.room", &room);
            unsent.push((*id, "address.room", room));
        }
        for number in 0..8 {
            let title = format!("新户{number}");
            let id = phone.household(1, &title);
            unsent.push((id, "address.detail", title));
            let floor = format!("{number}");
            phone.edit(id, "address.floor", &floor);
            unsent.push((id, "address.floor", floor));
        }
        let draft = phone
            .core()
            .new_draft(RecordKind::Visit, Some(grid(1)), None);
        phone.core().save_draft(&draft).unwrap();
        if tidied {
            phone.core().tidy().unwrap();
        }
        let files = tempfile::tempdir().unwrap();
        copy(phone.directory.path(), files.path());
        Self {
            files,
            hub,
            clock: Arc::clone(&phone.clock),
            unsent,
        }
    }

    fn phone(&self) -> Phone {
        let directory = tempfile::tempdir().unwrap();
        copy(self.files.path(), directory.path());
        Phone {
            directory,
            number: 1,
            clock: Arc::clone(&self.clock),
            core: None,
        }
    }

    /// Uses everything, syncs, and proves that nothing is missing; answers
    /// whether damage was noticed.
    fn prove(&self, mut phone: Phone, seed: u64, what: &str) -> bool {
        phone.core =
            Some(Core::open(phone.config(seed)).unwrap_or_else(|error| panic!("{what}: {error}")));
        let mut turns = 0;
        while let Err(error) = use_everything(&phone) {
            assert!(
                matches!(error, StoreError::Rebuilt | StoreError::Damaged { .. }),
                "{what}: {error}"
            );
            turns += 1;
            assert!(turns < 80, "{what}: no end");
            if matches!(error, StoreError::Damaged { .. }) {
                break;
            }
        }
        let recovery = phone.core().find_recovery().unwrap();
        let mut hub = self.hub.clone();
        hub.sync(&phone);
        hub.sync(&phone);
        for (id, field, text) in &self.unsent {
            assert_eq!(phone.text(*id, field).as_ref(), Some(text), "{what}, phone");
            let at_server = hub.records[id].1.text(field);
            assert_eq!(at_server.as_ref(), Some(text), "{what}, server");
        }
        assert_eq!(phone.store().count_pending().unwrap(), 0);
        let other = Phone::enrolled(2, &[1]);
        hub.sync(&other);
        assert_same(&phone, &other);
        // And work goes on, on the phone's own feet.
        let id = phone.household(1, "之后");
        hub.sync(&phone);
        assert!(hub.records.contains_key(&id), "{what}");
        if let Some(recovery) = &recovery {
            if let Some(file) = &recovery.file {
                assert!(phone.directory.path().join(file).exists(), "{what}: kept");
            }
            phone.core().acknowledge_recovery().unwrap();
            assert_eq!(phone.core().find_recovery().unwrap(), None);
        }
        recovery.is_some()
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // The index of the log is made anew after a crash.
        if !entry.file_name().to_str().unwrap().ends_with("-shm") {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Reads every page, every document and the search index.
fn use_everything(phone: &Phone) -> Result<(), StoreError> {
    let store = phone.store();
    store.read(|db| {
        let found = db
            .prepare("PRAGMA integrity_check")?
            .query_map([], |row| row.get::<_, String>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        if found == ["ok"] {
            Ok(())
        } else {
            Err(StoreError::FileDamaged(found.join(", ")))
        }
    })?;
    for text in ["殷巷村", "新户", "老人"] {
        let query = RecordQuery {
            text: Some(text.to_owned()),
            ..RecordQuery::default()
        };
        store.list_records(&query)?;
    }
    store.rebuild_projections()?;
    Ok(())
}

fn change_file(phone: &Phone, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = phone.directory.path().join(name);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
}

#[test]
fn whatever_page_goes_bad_nothing_unsent_is_lost() {
    let scene = Scene::new(true);
    let pages = fs::metadata(scene.files.path().join("wangge.db"))
        .unwrap()
        .len();
    let pages = usize::try_from(pages).unwrap() / PAGE;
    let seed = 20_261_122;
    println!("seed {seed}, {pages} pages");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut noticed = 0;
    let trials = 16;
    for trial in 0..trials {
        let phone = scene.phone();
        let page = if trial < 4 {
            trial
        } else {
            random.random_range(0..pages)
        };
        let at = page * PAGE + random.random_range(0..PAGE);
        let kind = trial % 3;
        change_file(&phone, "wangge.db", |bytes| match kind {
            0 => bytes[at] ^= 1 << random.random_range(0..8_u8),
            1 => bytes[page * PAGE..(page + 1) * PAGE].fill(0),
            _ => random.fill(&mut bytes[page * PAGE..(page + 1) * PAGE]),
        });
        let what = format!("seed {seed}, trial {trial}, page {page}, kind {kind}");
        noticed += usize::from(scene.prove(phone, 100 + trial as u64, &what));
    }
    // A free page may be bad without harm; most are not free.
    assert!(noticed * 4 > trials * 3, "{noticed} of {trials} noticed");
}

#[test]
fn a_torn_or_overwritten_or_missing_database_is_made_anew() {
    let scene = Scene::new(true);
    let changes: [(&str, Change); 5] = [
        ("half of it", |bytes| bytes.truncate(bytes.len() / 2)),
        ("a torn page", |bytes| bytes.truncate(bytes.len() / 2 + 777)),
        ("garbage", |bytes| bytes.fill(0x5a)),
        ("nothing", Vec::clear),
        ("zeros", |bytes| bytes.fill(0)),
    ];
    for (number, (what, change)) in changes.into_iter().enumerate() {
        let phone = scene.phone();
        change_file(&phone, "wangge.db", change);
        assert!(scene.prove(phone, 200 + number as u64, what), "{what}");
    }
    let phone = scene.phone();
    fs::remove_file(phone.directory.path().join("wangge.db")).unwrap();
    assert!(scene.prove(phone, 210, "missing"));
}

#[test]
fn a_damaged_log_loses_commits_of_which_the_journal_brings_back_every_unsent_change() {
    let scene = Scene::new(false);
    let length = fs::metadata(scene.files.path().join("wangge.db-wal"))
        .unwrap()
        .len();
    let length = usize::try_from(length).unwrap();
    let seed = 7;
    println!("seed {seed}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut noticed = 0;
    for trial in 0..12 {
        let phone = scene.phone();
        let at = random.random_range(32..length);
        change_file(&phone, "wangge.db-wal", |bytes| match trial % 3 {
            0 => bytes[at] ^= 1,
            1 => bytes.truncate(at),
            _ => bytes[at..].fill(0),
        });
        let what = format!("seed {seed}, trial {trial}, byte {at}");
        noticed += usize::from(scene.prove(phone, 300 + trial, &what));
    }
    assert!(noticed > 6, "{noticed} noticed");
}

#[test]
fn without_the_journal_the_readable_part_of_the_database_still_gives_its_unsent_changes() {
    let scene = Scene::new(true);
    let phone = scene.phone();
    fs::remove_file(phone.directory.path().join("outbox.journal")).unwrap();
    // The last page is of the search index or of something just entered; the
    // first one must be readable for anything to be.
    change_file(&phone, "wangge.db", |bytes| {
        let page = search_page(&scene, bytes.len() / PAGE);
        bytes[page * PAGE..(page + 1) * PAGE].fill(0xff);
    });
    assert!(scene.prove(phone, 400, "salvaged"));
}

/// A page of the search index, which holds nothing that is unsent.
fn search_page(scene: &Scene, pages: usize) -> usize {
    let mut phone = scene.phone();
    phone.open(1);
    let root: u32 = phone
        .store()
        .read(|db| {
            Ok(db.query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'search_data'",
                [],
                |row| row.get(0),
            )?)
        })
        .unwrap();
    let root = root as usize;
    assert!(root <= pages);
    root - 1
}

#[test]
fn damage_met_while_the_app_runs_is_made_good_and_said() {
    let scene = Scene::new(true);
    let mut phone = scene.phone();
    phone.open(1);
    // Everything but the first page, which the open connections know.
    change_file(&phone, "wangge.db", |bytes| bytes[PAGE..].fill(0x55));
    let (id, field, text) = &scene.unsent[0];
    let mut ids = scene.unsent.iter().map(|(id, ..)| *id);
    let error = ids
        .find_map(|id| phone.core().find_record(id).err())
        .unwrap();
    // What works in the background may meet it first; then the record is one
    // that waits for its grid.
    let is_told = matches!(error, Error::Rebuilt | Error::Damaged { .. });
    assert!(is_told, "{error}");
    let recovery = phone.core().find_recovery().unwrap().unwrap();
    assert_eq!(recovery.unsent, scene.unsent.len() as u64);
    let file = recovery.file.unwrap();
    assert!(file.starts_with("wangge.db.damaged-"), "{file}");
    assert!(phone.directory.path().join(file).exists());
    let mut hub = scene.hub.clone();
    hub.sync(&phone);
    assert_eq!(phone.text(*id, field).as_ref(), Some(text));
    phone.edit(*id, "notes", "再试");
    hub.sync(&phone);
    assert_eq!(hub.records[id].1.text("notes").as_deref(), Some("再试"));
}

#[test]
fn a_replacement_that_broke_off_is_finished_or_done_again() {
    let scene = Scene::new(true);
    // Before the old file was moved: the new one is thrown away.
    let phone = scene.phone();
    fs::write(phone.directory.path().join("wangge.db.ready"), b"half").unwrap();
    fs::write(phone.directory.path().join("wangge.db.new"), b"half").unwrap();
    assert!(!scene.prove(phone, 500, "not moved yet"));
    // After: it is put in place.
    let phone = scene.phone();
    let path = |name: &str| phone.directory.path().join(name);
    fs::rename(path("wangge.db"), path("wangge.db.ready")).unwrap();
    assert!(!scene.prove(phone, 501, "moved"));
}

#[test]
fn a_wrong_key_is_not_taken_for_damage() {
    let scene = Scene::new(true);
    let mut phone = scene.phone();
    // Folds the log in, which any opening does.
    phone.open(1);
    phone.core = None;
    let mut config = phone.config(1);
    config.key = crate::StoreKey::from_bytes([77; 32]);
    let read = || fs::read(phone.directory.path().join("wangge.db")).unwrap();
    let before = read();
    assert!(matches!(Core::open(config), Err(Error::WrongKey)));
    assert!(read() == before, "touched");
}
