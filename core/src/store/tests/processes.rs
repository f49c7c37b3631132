//! Two processes on one store: one of them writes, the other is told so.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;
use wangge_model::message::Language;

use super::{Phone, set};
use crate::{Core, Error};

const DIRECTORY: &str = "WANGGE_TEST_HOLD";

/// The other process: opens the store named in the environment and keeps it
/// open until it is killed.
#[test]
#[ignore = "run by the tests below in a process of its own"]
fn holds_a_store_open() {
    let directory = std::env::var(DIRECTORY).unwrap();
    let mut phone = Phone::new(9);
    phone.core = None;
    let mut config = phone.config(9);
    config.directory = directory.into();
    config.key = crate::StoreKey::from_bytes([1; 32]);
    let _core = Core::open(config).unwrap();
    println!("open");
    loop {
        std::thread::park();
    }
}

struct Holder {
    child: Child,
    _output: BufReader<ChildStdout>,
}

impl Holder {
    fn start(phone: &Phone) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::tests::processes::holds_a_store_open",
                "--ignored",
                "--nocapture",
            ])
            .env(DIRECTORY, phone.directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("open\n") {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "it ended");
        }
        Self {
            child,
            _output: output,
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_second_process_is_told_and_a_killed_one_leaves_no_lock() {
    let mut phone = Phone::enrolled(1, &[1]);
    let id = phone.household(1, "殷巷村一号");
    phone.core = None;
    let holder = Holder::start(&phone);
    let refused = Core::open(phone.config(1)).unwrap_err();
    assert!(matches!(refused, Error::Busy), "{refused}");
    for language in Language::ALL {
        assert!(refused.message(language).unwrap().len() > 20);
    }
    holder.kill();
    phone.open(2);
    phone.edit(id, "address.room", "501");
    assert_eq!(phone.text(id, "address.room").as_deref(), Some("501"));
}

#[test]
fn whoever_opened_first_stops_writing_when_the_lock_did_not_hold() {
    let first = Phone::enrolled(1, &[1]);
    let id = first.household(1, "殷巷村一号");
    // A cleaning tool, or a disk that does not know locks.
    std::fs::remove_file(first.directory.path().join("wangge.lock")).unwrap();
    let mut second = Phone {
        directory: TempDir::new().unwrap(),
        number: 1,
        clock: std::sync::Arc::clone(&first.clock),
        core: None,
    };
    let mut config = second.config(2);
    config.directory = first.directory.path().to_owned();
    second.core = Some(Core::open(config).unwrap());
    let refused = first.core().edit_record(id, &[set("address.room", "501")]);
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    second.edit(id, "address.floor", "5");
    assert_eq!(second.text(id, "address.room"), None, "not written");
    assert_eq!(second.text(id, "address.floor").as_deref(), Some("5"));
    assert_eq!(
        second
            .core()
            .find_record(id)
            .unwrap()
            .unwrap()
            .history
            .len(),
        2
    );
}
