//! Opening: the right key, one process, known versions, nothing readable on
//! disk.

use std::{fs, path::Path};

use rusqlite::Connection;

use super::Phone;
use crate::{
    Core, Error, StoreKey,
    store::{connection::PAGE_BYTES, migrate::MIGRATIONS},
};

#[test]
fn a_second_opener_is_told_that_the_store_is_in_use() {
    let phone = Phone::enrolled(1, &[1]);
    assert!(matches!(Core::open(phone.config(1)), Err(Error::Busy)));
}

#[test]
fn a_wrong_key_opens_nothing_and_touches_nothing() {
    let mut phone = Phone::enrolled(1, &[1]);
    let id = phone.household(1, "殷巷村一号");
    phone.core = None;
    let path = phone.directory.path().join("wangge.db");
    let before = fs::read(&path).unwrap();
    let mut config = phone.config(1);
    config.key = StoreKey::from_bytes([99; 32]);
    assert!(matches!(Core::open(config), Err(Error::WrongKey)));
    assert_eq!(fs::read(&path).unwrap(), before);
    phone.open(1);
    assert!(phone.core().find_record(id).unwrap().is_some());
}

/// Runs SQL on a phone's file without the store.
fn run_directly(path: &Path, page_bytes: u32, sql: &str) {
    let key = hex::encode([1; 32]);
    Connection::open(path)
        .unwrap()
        .execute_batch(&format!(
            "PRAGMA key = \"x'{key}'\"; PRAGMA cipher_hmac_algorithm = HMAC_SHA256;
             PRAGMA cipher_page_size = {page_bytes}; {sql}"
        ))
        .unwrap();
}

#[test]
fn a_file_made_with_larger_pages_opens_and_keeps_them() {
    let mut phone = Phone::enrolled(1, &[1]);
    let id = phone.household(1, "殷巷村一号");
    phone.core = None;
    let path = phone.directory.path().join("wangge.db");
    let larger = phone.directory.path().join("larger.db");
    let key = hex::encode([1; 32]);
    run_directly(
        &path,
        PAGE_BYTES,
        &format!(
            "ATTACH '{}' AS larger KEY \"x'{key}'\";
             PRAGMA larger.cipher_hmac_algorithm = HMAC_SHA256;
             PRAGMA larger.cipher_page_size = 4096;
             SELECT sqlcipher_export('larger');
             PRAGMA larger.user_version = {};",
            larger.display(),
            MIGRATIONS.len()
        ),
    );
    fs::rename(&larger, &path).unwrap();
    for number in 1..4 {
        phone.open(1);
        phone.edit(id, "address.room", &format!("{number}室"));
        phone.core().tidy().unwrap();
        phone.core = None;
    }
    run_directly(&path, 4_096, "SELECT count(*) FROM record;");
}

#[test]
fn a_newer_database_is_refused_and_untouched() {
    let mut phone = Phone::enrolled(1, &[1]);
    phone.core = None;
    let path = phone.directory.path().join("wangge.db");
    run_directly(&path, PAGE_BYTES, "PRAGMA user_version = 99;");
    let before = fs::read(&path).unwrap();
    assert!(matches!(Core::open(phone.config(1)), Err(Error::NewerData)));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn nothing_of_a_record_is_readable_in_any_file() {
    let phone = Phone::enrolled(1, &[1]);
    phone.household(1, "殷巷村一号");
    let mut files = 0;
    for entry in fs::read_dir(phone.directory.path()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for word in ["殷巷村".as_bytes(), b"13800138000", b"SQLite format 3"] {
            assert!(!bytes.windows(word.len()).any(|window| window == word));
        }
    }
    assert!(files >= 3, "database, log and lock were looked at");
}

#[test]
fn a_key_is_not_shown() {
    assert_eq!(
        format!("{:?}", StoreKey::from_bytes([1; 32])),
        "StoreKey(…)"
    );
}
