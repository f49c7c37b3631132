//! Reference sets: what the server authors and this phone holds whole. They come
//! and go with answers, in the answer's transaction; nobody changes them here.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, Transaction, params};
use wangge_model::{
    OrgNodeId, ReferenceVersion,
    protocol::{ReferenceNews, ReferenceStamp},
};

use super::{Store, StoreError};

/// A set on this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReference {
    /// What kind of data.
    pub name: String,
    /// The place it is about.
    pub node: OrgNodeId,
    /// The content: one JSON object.
    pub body: Vec<u8>,
}

fn node(row: &Row<'_>, index: usize) -> rusqlite::Result<OrgNodeId> {
    Ok(OrgNodeId::from_bytes(row.get(index)?))
}

/// Which sets the phone holds.
pub(super) fn list_stamps(db: &Connection) -> Result<Vec<ReferenceStamp>, StoreError> {
    Ok(db
        .prepare_cached("SELECT name, node, version FROM reference_set ORDER BY name, node")?
        .query_map([], |row| {
            Ok(ReferenceStamp {
                name: row.get(0)?,
                node: node(row, 1)?,
                version: ReferenceVersion::from_bytes(row.get(2)?),
            })
        })?
        .collect::<rusqlite::Result<_>>()?)
}

/// Drops what is not listed any more and takes in what came.
pub(super) fn apply(tx: &Transaction<'_>, news: &ReferenceNews) -> Result<(), StoreError> {
    let listed: BTreeSet<&ReferenceStamp> = news.stamps.iter().collect();
    // One that changed stays until its new content is here: better rules of
    // yesterday than none.
    let names: BTreeSet<(&str, OrgNodeId)> = news
        .stamps
        .iter()
        .map(|stamp| (stamp.name.as_str(), stamp.node))
        .collect();
    for held in list_stamps(tx)? {
        if !names.contains(&(held.name.as_str(), held.node)) {
            tx.prepare_cached("DELETE FROM reference_set WHERE name = ?1 AND node = ?2")?
                .execute(params![held.name, held.node.as_bytes()])?;
        }
    }
    for set in &news.sets {
        let stamp = set.stamp();
        if !listed.contains(&stamp) {
            continue;
        }
        tx.prepare_cached(
            "INSERT INTO reference_set (name, node, version, body) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name, node) DO UPDATE SET version = excluded.version,
                 body = excluded.body",
        )?
        .execute(params![
            stamp.name,
            stamp.node.as_bytes(),
            stamp.version.as_bytes(),
            set.body,
        ])?;
    }
    Ok(())
}

/// The sets whose names begin so, by name and node.
pub(super) fn list(db: &Connection, prefix: &str) -> Result<Vec<HeldReference>, StoreError> {
    Ok(db
        .prepare_cached(
            "SELECT name, node, body FROM reference_set
             WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name, node",
        )?
        .query_map([prefix], |row| {
            Ok(HeldReference {
                name: row.get(0)?,
                node: node(row, 1)?,
                body: row.get(2)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?)
}

impl Store {
    /// The reference sets whose names begin so, by name and node.
    pub fn list_references(&self, prefix: &str) -> Result<Vec<HeldReference>, StoreError> {
        self.read(|db| list(db, prefix))
    }

    /// Which reference sets of this name the phone holds, by node. Cheap: reads no
    /// content.
    pub fn list_reference_stamps(&self, name: &str) -> Result<Vec<ReferenceStamp>, StoreError> {
        let mut stamps = self.read(list_stamps)?;
        stamps.retain(|stamp| stamp.name == name);
        Ok(stamps)
    }
}
