//! What a commit leaves word of besides the record itself: what is to be judged,
//! counted and brought over when nobody waits, and who handed in what on which
//! day. Changed and moved records are noted by triggers of the schema; a new one
//! here, because a trigger that writes costs every push.

use rusqlite::{Connection, OptionalExtension as _, params};
use wangge_model::{CivilDay, PersonId, RecordId, RecordKind, Timestamp};

use super::visit;
use crate::storage::{RecordWork, StorageResult};

/// Leaves word of a record that was just stored for the first time.
pub(super) fn note_new(connection: &Connection, work: &RecordWork) -> StorageResult<()> {
    match work.kind {
        RecordKind::Visit => visit::put_due(connection, &work.id)?,
        RecordKind::Incident => put(connection, INCIDENT, &work.id)?,
        // Visits may have come before the household they are of.
        RecordKind::Household if exists(connection, VISITED, &work.id)? => {
            visit::put_due(connection, &work.id)?;
        }
        RecordKind::Household | RecordKind::Place => {}
    }
    if let Some(into) = &work.summary.merged_into {
        put(connection, MERGE, &work.id)?;
        if work.kind == RecordKind::Household {
            visit::put_due(connection, &work.id)?;
            if exists(connection, "SELECT 1 FROM record WHERE id = ?1", into)? {
                visit::put_due(connection, into)?;
            }
        }
    }
    // Merged records that came before the one they stand for (a restored server
    // is given records back) are brought over now that it is here.
    let mut waiting = connection.prepare_cached("SELECT id FROM record WHERE merged_into = ?1")?;
    let merged: Vec<RecordId> = waiting
        .query_map([work.id.as_bytes()], |row| {
            Ok(RecordId::from_bytes(row.get(0)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for record in merged {
        put(connection, MERGE, &record)?;
    }
    Ok(())
}

const VISITED: &str = "SELECT 1 FROM visit_fact WHERE household = ?1";
const INCIDENT: &str = "INSERT OR IGNORE INTO incident_due VALUES (?1)";
const MERGE: &str = "INSERT OR IGNORE INTO merge_due VALUES (?1)";

fn put(connection: &Connection, insert: &str, record: &RecordId) -> StorageResult<()> {
    connection
        .prepare_cached(insert)?
        .execute([record.as_bytes()])?;
    Ok(())
}

fn exists(connection: &Connection, select: &str, record: &RecordId) -> StorageResult<bool> {
    let found = connection
        .prepare_cached(select)?
        .query_row([record.as_bytes()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Notes that each of these people handed in something of a stored record, once
/// per person, grid and day.
pub(super) fn note_handed_in(
    connection: &Connection,
    work: &RecordWork,
    people: &[PersonId],
    at: Timestamp,
) -> StorageResult<()> {
    if people.is_empty() {
        return Ok(());
    }
    let created_at = if work.base_version == 0 {
        at
    } else {
        let created: i64 = connection
            .prepare_cached("SELECT created_at FROM record WHERE id = ?1")?
            .query_row([work.id.as_bytes()], |row| row.get(0))?;
        Timestamp::from_millis(created)
    };
    let day = CivilDay::of(at);
    for person in people {
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO handed_in (grid, day, person, record, kind, is_new)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                work.grid.as_bytes(),
                day.number(),
                person.as_bytes(),
                work.id.as_bytes(),
                work.kind.number(),
                CivilDay::of(created_at) == day,
            ])?;
    }
    Ok(())
}
