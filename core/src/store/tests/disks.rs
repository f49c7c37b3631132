//! Full and read-only disks: real ones, small file systems in memory that only
//! a process of its own sees. Needs root; where there is none the tests say
//! that they did not run, and under `CI=true` that is a failure.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use tempfile::TempDir;
use wangge_model::{Timestamp, message::Language, testing::FakeClock};

use super::{Phone, START, set};
use crate::{Core, Error, sync::SyncStore};

const DISK: &str = "WANGGE_TEST_DISK";

/// Runs a test of this file in a process that has a disk of `size` to itself.
fn on_a_disk_of(size: &str, test: &str) {
    let may_mount = Command::new("unshare")
        .args(["-m", "true"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !may_mount {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{test} needs root, and a gate may not skip it"
        );
        eprintln!("SKIPPED: {test} needs root to mount a disk of its own");
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c"])
        .arg(format!(
            "mount -t tmpfs -o size={size} tmpfs \"$0\" && exec \"$1\" --exact \
             store::tests::disks::{test} --ignored --nocapture"
        ))
        .arg(place.path())
        .arg(std::env::current_exe().unwrap())
        .env(DISK, place.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn disk() -> PathBuf {
    PathBuf::from(std::env::var_os(DISK).unwrap())
}

fn phone_on(disk: &Path) -> Phone {
    let mut phone = Phone {
        directory: TempDir::new_in(disk).unwrap(),
        number: 1,
        clock: Arc::new(FakeClock::at(Timestamp::from_millis(START))),
        core: None,
    };
    phone.open(1);
    phone.enrol(1, &[1]);
    phone
}

/// Takes what is free but for `rest` bytes.
fn fill(disk: &Path, rest: usize) -> PathBuf {
    let path = disk.join("photos");
    let mut size = 64 << 20;
    while size > 0 {
        let mut bytes = fs::read(&path).unwrap_or_default();
        bytes.resize(bytes.len() + size, 1);
        if fs::write(&path, &bytes).is_err() {
            let held = bytes.len() - size;
            fs::write(&path, vec![1; held]).unwrap();
            size /= 2;
            if size < 4096 {
                size = 0;
            }
        }
    }
    let held = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
    fs::write(&path, vec![1; held.saturating_sub(rest)]).unwrap();
    path
}

#[test]
fn a_full_disk_refuses_a_save_whole_and_takes_the_next_one_once_there_is_room() {
    on_a_disk_of("6m", "saves_on_a_disk_that_fills_up");
}

#[test]
#[ignore = "run by the test above on a disk of its own"]
fn saves_on_a_disk_that_fills_up() {
    let disk = disk();
    let mut refused_saves = 0;
    for step in 0..6 {
        let mut phone = phone_on(&disk);
        let first = phone.household(1, "殷巷村一号");
        let photos = fill(&disk, step * 4096);
        let mut saved = vec![first];
        let error = loop {
            phone.tick();
            let title = format!("第{}户", saved.len());
            let edits = [
                set("address.detail", &title),
                set("notes", &"老人独居。".repeat(60)),
            ];
            let kind = wangge_model::RecordKind::Household;
            match phone.core().create_record(kind, super::grid(1), &edits) {
                Ok(id) => saved.push(id),
                Err(error) => break error,
            }
            assert!(saved.len() < 5_000, "the disk does not fill up");
        };
        assert!(matches!(error, Error::StorageFull), "step {step}: {error}");
        assert!(error.message(Language::Chinese).unwrap().contains("腾出"));
        refused_saves += 1;
        // Nothing half written: what was saved is there, and nothing else.
        let held = |phone: &Phone| {
            let mut ids = phone.store().list_record_ids().unwrap();
            ids.sort_unstable();
            ids
        };
        saved.sort_unstable();
        assert_eq!(held(&phone), saved, "step {step}");
        assert_eq!(
            phone.store().count_pending().unwrap(),
            saved.len() as u64,
            "step {step}"
        );
        // A smaller save may still fit; it is there whole or not at all.
        let small = phone
            .core()
            .edit_record(first, &[set("address.room", "101")]);
        let room = small.is_ok().then(|| "101".to_owned());
        assert_eq!(phone.text(first, "address.room"), room);
        fs::remove_file(photos).unwrap();
        phone.edit(first, "address.room", "501");
        phone.open(2);
        assert_eq!(held(&phone), saved, "step {step}, reopened");
        assert_eq!(phone.text(first, "address.room").as_deref(), Some("501"));
        assert_eq!(phone.core().find_recovery().unwrap(), None, "step {step}");
        phone.check();
    }
    assert_eq!(refused_saves, 6);
}

#[test]
fn a_phone_that_is_switched_on_with_a_full_disk_says_so_and_works_once_there_is_room() {
    on_a_disk_of("6m", "opens_on_a_full_disk");
}

#[test]
#[ignore = "run by the test above on a disk of its own"]
fn opens_on_a_full_disk() {
    let disk = disk();
    for step in 0..5 {
        let mut phone = phone_on(&disk);
        let id = phone.household(1, "殷巷村一号");
        phone.core = None;
        let photos = fill(&disk, step * 4096);
        match Core::open(phone.config(2)) {
            Ok(core) => phone.core = Some(core),
            Err(error) => assert!(matches!(error, Error::StorageFull), "step {step}: {error}"),
        }
        fs::remove_file(photos).unwrap();
        phone.open(3);
        phone.edit(id, "address.room", "501");
        assert_eq!(phone.core().find_recovery().unwrap(), None, "step {step}");
        phone.check();
    }
}

#[test]
fn a_read_only_disk_is_named_and_nothing_on_it_changes() {
    on_a_disk_of("6m", "opens_on_a_read_only_disk");
}

#[test]
#[ignore = "run by the test above on a disk of its own"]
fn opens_on_a_read_only_disk() {
    let disk = disk();
    let mut phone = phone_on(&disk);
    let id = phone.household(1, "殷巷村一号");
    phone.core = None;
    let remount = |how: &str| {
        let done = Command::new("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(&disk)
            .status()
            .unwrap();
        assert!(done.success());
    };
    remount("ro");
    let error = Core::open(phone.config(2)).unwrap_err();
    assert!(matches!(error, Error::ReadOnly), "{error}");
    assert!(
        error
            .message(Language::English)
            .unwrap()
            .contains("restart the phone")
    );
    remount("rw");
    phone.open(2);
    phone.edit(id, "address.room", "501");
    phone.check();
}
