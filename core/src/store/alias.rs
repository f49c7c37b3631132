//! Records the server merged into others: their documents stay, lists and plans
//! show the record they stand for.
//!
//! Few records of a phone are aliases, so whoever needs them reads all.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction, params};
use wangge_model::RecordId;

use super::{Store, StoreError, columns};

/// Condition on `record`: it stands for itself.
pub(super) const IS_NONE: &str = "record.key NOT IN (SELECT record FROM alias)";

/// Writes or takes back what a record was merged into.
pub(super) fn put(
    tx: &Transaction<'_>,
    key: i64,
    merged_into: Option<RecordId>,
) -> Result<(), StoreError> {
    match merged_into {
        Some(into) => tx
            .prepare_cached(
                "INSERT INTO alias (record, merged_into) VALUES (?1, ?2)
                 ON CONFLICT (record) DO UPDATE SET merged_into = excluded.merged_into
                 WHERE merged_into <> excluded.merged_into",
            )?
            .execute(params![key, into.as_bytes()])?,
        None => tx
            .prepare_cached("DELETE FROM alias WHERE record = ?1")?
            .execute([key])?,
    };
    Ok(())
}

/// Every alias on the phone, with what it was merged into.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aliases(BTreeMap<RecordId, RecordId>);

impl Aliases {
    pub(super) fn load(db: &Connection) -> Result<Self, StoreError> {
        let mut statement = db.prepare_cached(
            "SELECT record.id, alias.merged_into FROM alias JOIN record ON record.key = alias.record",
        )?;
        let aliases = statement
            .query_map([], |row| {
                Ok((
                    columns::record_id(row.get_ref(0)?.as_blob()?)?,
                    columns::record_id(row.get_ref(1)?.as_blob()?)?,
                ))
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self(aliases))
    }

    /// The record this one stands for: itself, or the last it was merged into.
    pub fn resolve(&self, id: RecordId) -> RecordId {
        let mut seen = BTreeSet::new();
        let mut at = id;
        while let Some(next) = self.0.get(&at) {
            // Nobody makes a ring; a damaged one must not be walked for ever.
            if !seen.insert(at) {
                return id;
            }
            at = *next;
        }
        at
    }

    /// The aliases of a record, those of its aliases too, each with what it was
    /// merged into.
    pub fn of(&self, id: RecordId) -> Vec<(RecordId, RecordId)> {
        self.0
            .iter()
            .filter(|(alias, _)| **alias != id && self.resolve(**alias) == id)
            .map(|(alias, into)| (*alias, *into))
            .collect()
    }

    /// A record and its aliases.
    pub(super) fn with_aliases(&self, id: RecordId) -> Vec<RecordId> {
        std::iter::once(id)
            .chain(self.of(id).into_iter().map(|(alias, _)| alias))
            .collect()
    }
}

impl Store {
    /// The aliases on this phone.
    pub fn load_aliases(&self) -> Result<Aliases, StoreError> {
        self.read(Aliases::load)
    }
}
