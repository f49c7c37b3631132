//! The roster: what the server tells this phone of people. It comes with answers,
//! in the answer's transaction; nobody changes it here.

use minicbor::bytes::ByteVec;
use rusqlite::{Connection, Transaction, params};
use wangge_model::{
    Timestamp,
    protocol::{Roster, roster_digest, to_cbor},
};

use super::{Store, StoreError, columns};

fn load(db: &Connection) -> Result<Option<Roster>, StoreError> {
    let bytes: Option<Vec<u8>> = db
        .prepare_cached("SELECT roster FROM phone")?
        .query_row([], |row| row.get(0))?;
    bytes.map(|bytes| columns::decode(&bytes)).transpose()
}

/// What the next request says of it. One that a newer app wrote and this one
/// cannot read is fetched again.
pub(super) fn digest(db: &Connection) -> ByteVec {
    roster_digest(load(db).ok().flatten().as_ref())
}

/// Takes in another roster; without one, what is held was confirmed.
pub(super) fn apply(
    tx: &Transaction<'_>,
    roster: Option<&Roster>,
    at: Timestamp,
) -> Result<(), StoreError> {
    if let Some(roster) = roster {
        tx.prepare_cached("UPDATE phone SET roster = ?1")?
            .execute([to_cbor(roster)])?;
    }
    tx.prepare_cached("UPDATE phone SET roster_at = ?1 WHERE roster IS NOT NULL")?
        .execute(params![at.as_millis()])?;
    Ok(())
}

/// The phone is somebody else's now, or belongs to another server.
pub(super) fn forget(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("UPDATE phone SET roster = NULL, roster_at = NULL", [])?;
    Ok(())
}

impl Store {
    /// The roster, and when the server last said that it holds; `None` before
    /// the first one came.
    pub fn load_roster(&self) -> Result<Option<(Roster, Timestamp)>, StoreError> {
        self.read(|db| {
            let at: Option<i64> =
                db.query_row("SELECT roster_at FROM phone", [], |row| row.get(0))?;
            Ok(load(db)?.zip(at.map(Timestamp::from_millis)))
        })
    }
}
