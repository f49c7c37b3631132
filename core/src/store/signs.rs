//! What tells that two records on this phone are about the same, as keyed
//! hashes. Written with a record's facts, see [`super::fact`]: in an idle moment,
//! or when somebody asks.
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

use super::{Store, StoreError, document, fact::Due};

/// Bytes of a hash that are kept: with ten thousand people on a phone two agree
/// by chance once in a hundred billion phones, and then are compared whole.
const HASH: usize = 8;
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

/// Writes the signs of a record.
pub(super) fn put(
    tx: &Transaction<'_>,
    record: i64,
    kind: RecordKind,
    keys: &[MatchKey],
) -> Result<(), StoreError> {
    if !has_signs(kind) {
        return Ok(());
    }
    tx.prepare_cached(
        "INSERT INTO match_key (record, signs) VALUES (?1, ?2)
         ON CONFLICT (record) DO UPDATE SET signs = excluded.signs
         WHERE signs IS NOT excluded.signs",
    )?
    .execute(params![record, join(&load_secret(tx)?, keys)])?;
    Ok(())
}

/// Whether the signs kept of a record are others than these.
pub(super) fn are_wrong(
    tx: &Transaction<'_>,
    record: i64,
    kind: RecordKind,
    keys: &[MatchKey],
) -> Result<bool, StoreError> {
    if !has_signs(kind) {
        return Ok(false);
    }
    let kept: Option<Option<Vec<u8>>> = tx
        .prepare_cached("SELECT signs FROM match_key WHERE record = ?1")?
        .query_row([record], |row| row.get(0))
        .optional()?;
    Ok(kept.flatten() != Some(join(&load_secret(tx)?, keys)))
}

impl Store {
    /// Records that have one of these signs in common, with their fields, read
    /// only now: a hash may agree by chance.
    pub(crate) fn find_matching(
        &self,
        keys: &[MatchKey],
    ) -> Result<Vec<(RecordId, Fields)>, StoreError> {
        self.complete_facts(Due::Signs)?;
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
