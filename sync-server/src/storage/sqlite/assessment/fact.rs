//! Reading incidents for what is counted of them.

use rusqlite::{Connection, params};
use wangge_model::{
    CivilDay, PersonId, RecordId, RecordKind, Timestamp, assessment::CaseFact,
    document::RecordDocument,
};

use super::super::{
    record,
    row::{collect, id},
};
use crate::storage::{StorageResult, StoredRecord};

/// Reads what waits, at most so many; answers how many that were.
pub(super) fn read_due(connection: &Connection, most: u32) -> StorageResult<u64> {
    let due: Vec<RecordId> = collect(
        connection
            .prepare_cached("SELECT record FROM incident_due LIMIT ?1")?
            .query_map([most], |row| id(row, 0, RecordId::from_bytes))?,
    )?;
    for record in &due {
        if let Some(stored) = record::find(connection, record)? {
            read(connection, &stored)?;
        }
        connection
            .prepare_cached("DELETE FROM incident_due WHERE record = ?1")?
            .execute([record.as_bytes()])?;
    }
    Ok(due.len() as u64)
}

fn read(connection: &Connection, stored: &StoredRecord) -> StorageResult<()> {
    if stored.kind != RecordKind::Incident {
        return Ok(());
    }
    // A damaged document is for `verify` to report; what was known of it stays.
    let document = match RecordDocument::load(stored.kind, Some(&stored.document), []) {
        Ok(document) => document,
        Err(error) => {
            tracing::warn!(%error, record = %stored.id, "an incident cannot be read");
            return Ok(());
        }
    };
    for table in ["incident_fact", "incident_problem"] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE record = ?1"))?
            .execute([stored.id.as_bytes()])?;
    }
    match CaseFact::of(&document.read()) {
        Some(fact) => put(connection, stored, &fact),
        None => Ok(()),
    }
}

fn put(connection: &Connection, stored: &StoredRecord, fact: &CaseFact) -> StorageResult<()> {
    let day = |at: Timestamp| CivilDay::of(at).number();
    let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millis);
    connection
        .prepare_cached(
            "INSERT INTO incident_fact (grid, filed_on, record, filed_at, assigned_at, signed_at,
                 due_at, ended_at, is_emergency, waits_for_unit, is_closed, is_found, rating,
                 first_check, refusals, reopened, class, subject, reporter)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                     ?18, ?19)",
        )?
        .execute(params![
            stored.grid.as_bytes(),
            day(fact.filed_at),
            stored.id.as_bytes(),
            fact.filed_at.as_millis(),
            millis(fact.assigned_at),
            millis(fact.signed_at),
            millis(fact.due_at),
            millis(fact.ended_at),
            fact.is_emergency,
            fact.waits_for_unit,
            fact.is_closed,
            fact.is_found,
            fact.rating,
            fact.first_check,
            fact.refusals,
            fact.reopened,
            fact.class,
            fact.subject.as_ref().map(RecordId::as_bytes),
            fact.reporter.as_ref().map(PersonId::as_bytes),
        ])?;
    for problem in &fact.problems {
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO incident_problem (grid, day, record, version, person, kind)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                stored.grid.as_bytes(),
                day(problem.at),
                stored.id.as_bytes(),
                super::super::row::integer(problem.version),
                problem.person.as_bytes(),
                problem.kind.as_str(),
            ])?;
    }
    Ok(())
}
