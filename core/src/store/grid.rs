//! The grids of the person: grants, how far each feed was read, and fetching a
//! grid from the start.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use wangge_model::{
    GridId, OrgNodeId, PersonId, RecordKind, access,
    protocol::{Cursor, Grants, GridDigest, GridGrant},
};

use super::{
    Store, StoreError, columns, document, feed::UNDER_REVIEW, proof, reference, roll_call, roster,
};
use crate::port::{Bootstrap, Position};

impl Store {
    /// The grids the person works in, in the server's order.
    pub fn list_grids(&self) -> Result<Vec<GridGrant>, StoreError> {
        self.read(list_granted)
    }

    /// The places above a grid, nearest first; none if the server did not say.
    pub fn list_places_above(&self, grid: GridId) -> Result<Vec<OrgNodeId>, StoreError> {
        self.read(|db| {
            let above: Option<Vec<u8>> = db
                .prepare_cached("SELECT above FROM grid WHERE id = ?1")?
                .query_row([grid.as_bytes()], |row| row.get(0))
                .optional()?;
            let ids = above.as_deref().unwrap_or_default().chunks_exact(16);
            Ok(ids
                .filter_map(|id| OrgNodeId::from_slice(id).ok())
                .collect())
        })
    }

    /// Whose phone this is and where they work; `None` before the first sync.
    pub fn load_grants(&self) -> Result<Option<Grants>, StoreError> {
        self.read(load_grants)
    }
}

fn list_granted(db: &Connection) -> Result<Vec<GridGrant>, StoreError> {
    Ok(db
        .prepare_cached(
            "SELECT id, code, name, place, role FROM grid WHERE granted = 1 ORDER BY position",
        )?
        .query_map([], |row| {
            Ok(GridGrant {
                grid: columns::grid_id(row.get_ref(0)?.as_blob()?)?,
                code: row.get(1)?,
                name: row.get(2)?,
                place: row.get(3)?,
                role: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?)
}

/// [`StoreError::NotGranted`] unless the person works in the grid,
/// [`StoreError::NotAllowed`] if their role there may not write such records.
pub(super) fn require_granted(
    db: &Connection,
    grid: GridId,
    kind: RecordKind,
) -> Result<(), StoreError> {
    if find_writable(db, grid, kind)? {
        Ok(())
    } else {
        Err(StoreError::NotGranted)
    }
}

/// The same for a record that is here: what was the person's once is still
/// edited, and the server decides.
pub(super) fn require_writable(
    db: &Connection,
    grid: GridId,
    kind: RecordKind,
) -> Result<(), StoreError> {
    find_writable(db, grid, kind).map(|_| ())
}

/// Whether the grid is granted; an error if it is and the role may not.
fn find_writable(db: &Connection, grid: GridId, kind: RecordKind) -> Result<bool, StoreError> {
    let role: Option<String> = db
        .prepare_cached("SELECT role FROM grid WHERE id = ?1 AND granted = 1")?
        .query_row([grid.as_bytes()], |row| row.get(0))
        .optional()?;
    match role {
        Some(role) if !access::may_role_write(&role, kind) => Err(StoreError::NotAllowed),
        role => Ok(role.is_some()),
    }
}

/// The grants the phone holds; `None` before the first.
pub(super) fn load_grants(db: &Connection) -> Result<Option<Grants>, StoreError> {
    let (version, person, person_name): (i64, Option<Vec<u8>>, Option<String>) = db
        .prepare_cached("SELECT grants_version, person, person_name FROM phone")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(match (version, person, person_name) {
        (0, ..) | (_, None, _) | (_, _, None) => None,
        (version, Some(person), Some(person_name)) => Some(Grants {
            version: columns::unsigned(version),
            person: PersonId::from_slice(&person)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?,
            person_name,
            grids: list_granted(db)?,
            // Nobody asks the phone's copy for these.
            lines: None,
        }),
    })
}

/// What the next request says about this phone.
pub(super) fn position(db: &Connection) -> Result<Position, StoreError> {
    let grants = load_grants(db)?;
    let mut cursors = Vec::new();
    let mut bootstraps = Vec::new();
    let mut statement = db.prepare_cached(
        "SELECT id, seq, as_of, after, digest FROM grid WHERE granted = 1 ORDER BY position",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let grid = columns::grid_id(&row.get::<_, Vec<u8>>(0)?)?;
        if let Some(seq) = row.get::<_, Option<i64>>(1)? {
            let digest = GridDigest::from_bytes(&row.get::<_, Vec<u8>>(4)?)
                .ok_or_else(|| StoreError::Corrupt("a grid's digest".to_owned()))?;
            cursors.push(Cursor {
                grid,
                seq: columns::unsigned(seq),
                digest: digest.total(),
            });
        } else {
            let after: Option<Vec<u8>> = row.get(3)?;
            bootstraps.push(Bootstrap {
                grid,
                as_of: row.get::<_, Option<i64>>(2)?.map(columns::unsigned),
                after: after.as_deref().map(columns::record_id).transpose()?,
            });
        }
    }
    Ok(Position {
        grants,
        cursors,
        bootstraps,
        gives_back: proof::is_under_way(db)?,
        decisions_after: decisions_after(db)?,
        reference: reference::list_stamps(db)?,
        roster: roster::digest(db),
        roll_answers: roll_call::pending(db)?,
    })
}

/// The last decision told, if anything of this phone is under review.
fn decisions_after(db: &Connection) -> Result<Option<u64>, StoreError> {
    let last: Option<i64> = db
        .prepare_cached(
            "SELECT last_decision FROM phone
             WHERE EXISTS (SELECT 1 FROM refusal WHERE code = ?1)",
        )?
        .query_row([UNDER_REVIEW], |row| row.get(0))
        .optional()?;
    Ok(last.map(columns::unsigned))
}

/// Takes over new grants: grids gained are fetched, grids lost are dropped.
pub(super) fn store_grants(tx: &Transaction<'_>, grants: &Grants) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE phone SET grants_version = ?1, person = ?2, person_name = ?3",
        params![
            columns::signed(grants.version),
            grants.person.as_bytes(),
            grants.person_name
        ],
    )?;
    for (position, grant) in grants.grids.iter().enumerate() {
        let regained: Option<bool> = tx
            .prepare_cached("SELECT granted = 0 FROM grid WHERE id = ?1")?
            .query_row([grant.grid.as_bytes()], |row| row.get(0))
            .optional()?;
        if regained == Some(true) {
            reset(tx, grant.grid, false)?;
        }
        tx.prepare_cached(
            "INSERT INTO grid (id, code, name, place, role, granted, position, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, zeroblob(8192))
             ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name,
                 place = excluded.place, role = excluded.role, granted = 1,
                 position = excluded.position",
        )?
        .execute(params![
            grant.grid.as_bytes(),
            grant.code,
            grant.name,
            grant.place,
            grant.role,
            columns::length(position),
        ])?;
    }
    for line in grants.lines.iter().flatten() {
        let above: Vec<u8> = line.above.iter().flat_map(|id| *id.as_bytes()).collect();
        tx.prepare_cached("UPDATE grid SET above = ?2 WHERE id = ?1")?
            .execute(params![line.grid.as_bytes(), above])?;
    }
    let held = tx
        .prepare_cached("SELECT id FROM grid WHERE granted = 1")?
        .query_map([], |row| columns::grid_id(row.get_ref(0)?.as_blob()?))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for grid in held {
        if !grants.grids.iter().any(|grant| grant.grid == grid) {
            lose(tx, grid)?;
        }
    }
    Ok(())
}

/// Makes sure that a grid with records is known, if only as one that is no
/// longer the person's.
pub(super) fn note(tx: &Transaction<'_>, grid: GridId) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO grid (id, code, name, place, role, granted, position, digest)
         VALUES (?1, '', '', '', '', 0, 0, zeroblob(8192))",
    )?
    .execute([grid.as_bytes()])?;
    Ok(())
}

/// The grid is no longer the person's: what is unsent stays until it is sent,
/// the rest goes at once.
pub(super) fn lose(tx: &Transaction<'_>, grid: GridId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE grid SET granted = 0 WHERE id = ?1",
        [grid.as_bytes()],
    )?;
    reset(tx, grid, false)?;
    drop_lost(tx)
}

/// Removes what is left of lost grids once nothing of it is unsent or refused.
pub(super) fn drop_lost(tx: &Transaction<'_>) -> Result<(), StoreError> {
    let keys = tx
        .prepare_cached(
            "SELECT key FROM record
             WHERE grid IN (SELECT id FROM grid WHERE granted = 0)
                 AND pending_count = 0 AND refusal_count = 0",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    for key in keys {
        document::remove(tx, key)?;
    }
    tx.execute(
        "DELETE FROM grid WHERE granted = 0
             AND NOT EXISTS (SELECT 1 FROM record WHERE record.grid = grid.id)",
        [],
    )?;
    Ok(())
}

/// Fetches a grid from the start; does nothing if that is under way.
pub(super) fn start_bootstrap(tx: &Transaction<'_>, grid: GridId) -> Result<(), StoreError> {
    let under_way: Option<bool> = tx
        .query_row(
            "SELECT seq IS NULL FROM grid WHERE id = ?1",
            [grid.as_bytes()],
            |row| row.get(0),
        )
        .optional()?;
    if under_way == Some(false) {
        reset(tx, grid, false)?;
    }
    Ok(())
}

/// Forgets cursor and digest of a grid, and with them what the server is known
/// to have of its records. While a server that lost something is given back what
/// it had, nothing goes for being absent there.
pub(super) fn reset(
    tx: &Transaction<'_>,
    grid: GridId,
    keeps_absent: bool,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE grid SET seq = NULL, as_of = NULL, after = NULL,
             keeps_absent = ?2 OR (SELECT giving_back FROM phone) IS NOT NULL,
             digest = zeroblob(8192)
         WHERE id = ?1",
        params![grid.as_bytes(), keeps_absent],
    )?;
    tx.execute(
        "UPDATE record SET server_heads = NULL WHERE grid = ?1",
        [grid.as_bytes()],
    )?;
    Ok(())
}
