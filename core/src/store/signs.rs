//! What tells that two records on this phone are about the same, as keyed
//! hashes. A save writes them with the list row; what a snapshot brought is
//! opened for them in an idle moment, or when somebody asks.
//!
//! They are looked through from end to end: a few hundred kilobytes for the
//! 4,000 households a phone may hold, while an index by hash would scatter a
//! household's ten signs over as many pages at each save.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use wangge_model::{
    Entropy, RecordId, RecordKind,
    document::Fields,
    duplicate::{MatchKey, MatchSecret},
};

use super::{
    Store, StoreError, columns,
    document::{self, Projection},
    tidy,
};

/// Bytes of a hash that are kept: with ten thousand people on a phone two agree
/// by chance once in a hundred billion phones, and then are compared whole.
const HASH: usize = 8;
/// Documents opened in one transaction: a save waits no longer than for these.
const MOST_AT_ONCE: usize = 100;
/// Records that are opened to be compared whole.
const MOST_OPENED: usize = 50;
/// A sign: its kind and its hash.
const SIGN: usize = 1 + HASH;

/// Kinds of record that have signs.
pub(super) const fn has_signs(kind: RecordKind) -> bool {
    matches!(kind, RecordKind::Household | RecordKind::Place)
}

/// Makes the key of the hashes, once.
pub(super) fn make_secret(tx: &Transaction<'_>, entropy: &dyn Entropy) -> Result<(), StoreError> {
    let has_one: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM phone WHERE match_secret IS NOT NULL)",
        [],
        |row| row.get(0),
    )?;
    if !has_one {
        let mut secret = [0; 32];
        entropy.fill(&mut secret);
        tx.execute("UPDATE phone SET match_secret = ?1", [secret])?;
    }
    Ok(())
}

fn load_secret(db: &Connection) -> Result<MatchSecret, StoreError> {
    let secret: Option<[u8; 32]> = db
        .prepare_cached("SELECT match_secret FROM phone")?
        .query_row([], |row| row.get(0))?;
    secret
        .map(MatchSecret::from_bytes)
        .ok_or_else(|| StoreError::Corrupt("no key for signs".to_owned()))
}

fn join(secret: &MatchSecret, keys: &[MatchKey]) -> Vec<u8> {
    keys.iter().flat_map(|key| sign(secret, key)).collect()
}

fn sign(secret: &MatchSecret, key: &MatchKey) -> impl Iterator<Item = u8> {
    let digest = secret.digest(key);
    std::iter::once(key.kind.number()).chain(digest.as_bytes().to_vec().into_iter().take(HASH))
}

/// Writes the signs of a record; `None` if its document was not opened.
pub(super) fn put(
    tx: &Transaction<'_>,
    record: i64,
    kind: RecordKind,
    keys: Option<&[MatchKey]>,
) -> Result<(), StoreError> {
    if !has_signs(kind) {
        return Ok(());
    }
    let signs = match keys {
        Some(keys) => Some(join(&load_secret(tx)?, keys)),
        None => None,
    };
    tx.prepare_cached(
        "INSERT INTO match_key (record, signs) VALUES (?1, ?2)
         ON CONFLICT (record) DO UPDATE SET signs = excluded.signs
         WHERE signs IS NOT excluded.signs",
    )?
    .execute(params![record, signs])?;
    Ok(())
}

/// Opens at most `most` documents whose signs are not known; answers whether
/// there were any. Their list rows are brought up to date on the way: an older
/// app or server may have computed them.
pub(super) fn complete_some(tx: &Transaction<'_>, most: usize) -> Result<bool, StoreError> {
    let records = tx
        .prepare_cached("SELECT record FROM match_key WHERE signs IS NULL LIMIT ?1")?
        .query_map([columns::length(most)], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    for record in &records {
        let mut held = document::load_held(tx, *record)?;
        match document::open(tx, &held) {
            Ok(document) => {
                let projection = Projection::of(&document);
                if tidy::is_outdated(tx, *record, &projection.summary)? {
                    document::store(tx, &mut held, Some(&projection))?;
                } else {
                    put(tx, *record, held.kind, projection.keys.as_deref())?;
                }
            }
            Err(StoreError::Damaged { .. }) => {
                put(tx, *record, held.kind, Some(&[]))?;
                document::mark_damaged(tx, &held.id)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(!records.is_empty())
}

/// Whether signs are not known of some record.
pub(super) fn are_due(db: &Connection) -> Result<bool, StoreError> {
    Ok(db
        .prepare_cached("SELECT 1 FROM match_key WHERE signs IS NULL LIMIT 1")?
        .query_row([], |_| Ok(()))
        .optional()?
        .is_some())
}

impl Store {
    /// Records that have one of these signs in common, with their fields, read
    /// only now: a hash may agree by chance.
    pub(crate) fn find_matching(
        &self,
        keys: &[MatchKey],
    ) -> Result<Vec<(RecordId, Fields)>, StoreError> {
        while self.read(are_due)? {
            self.write(|tx| complete_some(tx, MOST_AT_ONCE))?;
        }
        self.read(|db| {
            let mut matching = Vec::new();
            for record in find(db, keys)?.into_iter().take(MOST_OPENED) {
                let held = document::load_held(db, record)?;
                match document::open(db, &held) {
                    Ok(document) => matching.push((held.id, document.read())),
                    // Whoever opens it is told.
                    Err(StoreError::Damaged { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(matching)
        })
    }
}

/// Records that have one of these signs, by their hashes.
fn find(db: &Connection, keys: &[MatchKey]) -> Result<Vec<i64>, StoreError> {
    let secret = load_secret(db)?;
    let wanted: Vec<Vec<u8>> = keys
        .iter()
        .map(|key| sign(&secret, key).collect())
        .collect();
    let mut found = Vec::new();
    let mut statement = db.prepare_cached("SELECT record, signs FROM match_key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let signs: Option<Vec<u8>> = row.get(1)?;
        let signs = signs.unwrap_or_default();
        let has_one = signs
            .chunks_exact(SIGN)
            .any(|sign| wanted.iter().any(|wanted| wanted == sign));
        if has_one {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}
