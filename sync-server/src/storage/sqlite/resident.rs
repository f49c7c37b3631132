//! See [`ResidentStorage`]; also queues what a resident is told, in the
//! transaction that writes the step of the case.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use sha2::{Digest as _, Sha256};
use wangge_model::{
    GridId, MessageId, OrgNodeId, PersonId, RecordId, RecordSummary, Timestamp, case::CaseState,
    resident::ReportStage,
};

use super::{
    SqliteStorage, message, refused,
    row::{self, collect, damaged},
    scope::{DESK, in_scope, require_at},
};
use crate::storage::{
    NewReportCode, NewResidentReport, OpenCode, ReportCode, ResidentStorage, StorageError,
    StorageResult, TrackedReport,
};

/// Where a code's reports go: to the grid its place is in now, else its own.
const HOME: &str = "coalesce(place.grid, report_code.grid)";

/// Most codes of a list.
const MOST_CODES: u32 = 500;

/// Tells whoever reported this incident how far it is, if that is news.
pub(super) fn tell_reporter(
    connection: &Connection,
    id: &RecordId,
    summary: &RecordSummary,
    at: Timestamp,
) -> StorageResult<()> {
    let Some(now) = CaseState::parse(&summary.state).map(ReportStage::of) else {
        return Ok(());
    };
    let found = connection
        .prepare_cached("SELECT stage, phone FROM resident_report WHERE record = ?1")?
        .query_row([id.as_bytes()], |row| {
            Ok((stage(row, 0)?, row.get::<_, Option<String>>(1)?))
        })
        .optional()?;
    let Some((last, phone)) = found else {
        return Ok(());
    };
    if !last.is_news(now) {
        return Ok(());
    }
    connection
        .prepare_cached("UPDATE resident_report SET stage = ?2, told_at = ?3 WHERE record = ?1")?
        .execute(params![id.as_bytes(), now.as_str(), at.as_millis()])?;
    let Some(phone) = phone else {
        return Ok(());
    };
    let told = message::Told {
        id: derive_message_id(id, now, at),
        record: *id,
        notice: None,
        person: None,
        phone: &phone,
        text_id: &now.message_id(),
        arguments: &[("number", summary.number.as_str())],
    };
    message::queue(connection, &told, at)?;
    Ok(())
}

/// The id of what is told of a step: the step taken then is told once.
fn derive_message_id(record: &RecordId, stage: ReportStage, at: Timestamp) -> MessageId {
    let mut hash = Sha256::new();
    hash.update(b"told");
    hash.update(record.as_bytes());
    hash.update(stage.as_str());
    hash.update(at.as_millis().to_be_bytes());
    message::id_of(hash)
}

/// A grid is closed: its codes go to the one that follows.
pub(super) fn hand_over_codes(
    connection: &Connection,
    from: &OrgNodeId,
    to: &OrgNodeId,
) -> StorageResult<()> {
    connection
        .prepare_cached("UPDATE report_code SET grid = ?2 WHERE grid = ?1")?
        .execute(params![from.as_bytes(), to.as_bytes()])?;
    Ok(())
}

fn stage(row: &Row<'_>, column: usize) -> rusqlite::Result<ReportStage> {
    let word: String = row.get(column)?;
    ReportStage::parse(&word).ok_or_else(|| damaged(column, "report stage"))
}

fn create(connection: &Connection, new: &NewReportCode) -> StorageResult<()> {
    let node = OrgNodeId::from(new.grid);
    require_at(connection, &new.person, new.at, &node, DESK)?;
    if let Some(place) = &new.place {
        connection
            .prepare_cached(
                "SELECT 1 FROM record WHERE id = ?1 AND kind = 4 AND grid = ?2
                 AND merged_into IS NULL",
            )?
            .query_row(params![place.as_bytes(), node.as_bytes()], |_| Ok(()))
            .optional()?
            .ok_or(StorageError::Missing("org_node"))?;
    }
    connection
        .prepare_cached(
            "INSERT INTO report_code (code, grid, place, label, created_by, created_at)
             SELECT ?1, id, ?3, ?4, ?5, ?6 FROM org_node WHERE id = ?2 AND level = 'grid'",
        )?
        .execute(params![
            new.code,
            node.as_bytes(),
            new.place.as_ref().map(RecordId::as_bytes),
            new.label,
            new.person.as_bytes(),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "report_code", "person"))
        .and_then(|made| match made {
            0 => Err(StorageError::Missing("org_node")),
            _ => Ok(()),
        })
}

/// The codes of a person's desks, `condition` narrowing them.
fn list(
    connection: &Connection,
    code: Option<&str>,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<Vec<ReportCode>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT report_code.code, report_code.label, home.name, coalesce(place.title, ''),
                maker.name, report_code.created_at, report_code.revoked_at,
                (SELECT count(*) FROM resident_report
                 WHERE resident_report.code = report_code.code)
         FROM report_code
         LEFT JOIN record AS place ON place.id = report_code.place
         JOIN org_node AS home ON home.id = {HOME}
         JOIN person AS maker ON maker.id = report_code.created_by
         WHERE (:code IS NULL OR report_code.code = :code)
           AND EXISTS (SELECT 1 FROM scope WHERE scope.id = {HOME} AND may_assign_incident)
         ORDER BY report_code.revoked_at IS NOT NULL, report_code.created_at DESC,
                  report_code.code
         LIMIT {MOST_CODES}"
    )))?;
    let rows = statement.query_map(
        named_params! { ":person": person.as_bytes(), ":at": at.as_millis(), ":code": code },
        |row| {
            Ok(ReportCode {
                code: row.get(0)?,
                label: row.get(1)?,
                grid_name: row.get(2)?,
                place_name: row.get(3)?,
                created_by: row.get(4)?,
                created_at: row::time(row, 5)?,
                revoked_at: row::optional_time(row, 6)?,
                reports: row::count(row.get(7)?),
            })
        },
    )?;
    collect(rows)
}

fn put_report(connection: &Connection, new: &NewResidentReport) -> StorageResult<RecordId> {
    connection
        .prepare_cached(
            "INSERT INTO resident_report (record, code, tracking, phone, stage, received_at,
                 told_at)
             VALUES (?1, ?2, ?3, ?4, 'received', ?5, ?5)
             ON CONFLICT (tracking) DO NOTHING",
        )?
        .execute(params![
            new.record.as_bytes(),
            new.code,
            new.tracking,
            new.phone,
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "record", "report_code"))?;
    let record = connection
        .prepare_cached("SELECT record FROM resident_report WHERE tracking = ?1")?
        .query_row([new.tracking], |row| row::id(row, 0, RecordId::from_bytes))?;
    Ok(record)
}

#[async_trait]
impl ResidentStorage for SqliteStorage {
    async fn create_report_code(&self, new: &NewReportCode) -> StorageResult<()> {
        let new = new.clone();
        self.write(move |connection, _| create(connection, &new))
            .await
    }

    async fn list_report_codes(
        &self,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<ReportCode>> {
        let person = *person;
        self.read(move |connection| list(connection, None, &person, at))
            .await
    }

    async fn find_report_code(
        &self,
        code: &str,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Option<ReportCode>> {
        let (code, person) = (code.to_owned(), *person);
        self.read(move |connection| Ok(list(connection, Some(&code), &person, at)?.pop()))
            .await
    }

    async fn revoke_report_code(
        &self,
        code: &str,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool> {
        let (code, person) = (code.to_owned(), *person);
        self.write(move |connection, _| {
            let found = list(connection, Some(&code), &person, at)?.pop();
            found.ok_or(StorageError::Missing("report_code"))?;
            let revoked = connection
                .prepare_cached(
                    "UPDATE report_code SET revoked_by = ?2, revoked_at = ?3
                     WHERE code = ?1 AND revoked_at IS NULL",
                )?
                .execute(params![code, person.as_bytes(), at.as_millis()])?;
            Ok(revoked > 0)
        })
        .await
    }

    async fn find_open_code(&self, code: &str) -> StorageResult<Option<OpenCode>> {
        let code = code.to_owned();
        self.read(move |connection| {
            let sql = format!(
                "SELECT {HOME}, report_code.place, report_code.label FROM report_code
                 LEFT JOIN record AS place ON place.id = report_code.place
                 WHERE report_code.code = ?1 AND report_code.revoked_at IS NULL"
            );
            let found = connection
                .prepare_cached(&sql)?
                .query_row([code], |row| {
                    Ok(OpenCode {
                        grid: row::id(row, 0, GridId::from_bytes)?,
                        place: row::optional_id(row, 1, RecordId::from_bytes)?,
                        label: row.get(2)?,
                    })
                })
                .optional()?;
            Ok(found)
        })
        .await
    }

    async fn put_resident_report(&self, new: &NewResidentReport) -> StorageResult<RecordId> {
        let new = new.clone();
        self.write(move |connection, _| put_report(connection, &new))
            .await
    }

    async fn find_tracked_report(
        &self,
        tracking: &[u8; 32],
    ) -> StorageResult<Option<TrackedReport>> {
        let tracking = *tracking;
        self.read(move |connection| {
            let found = connection
                .prepare_cached(
                    "SELECT record.state, report.stage, report.received_at
                     FROM resident_report AS report
                     LEFT JOIN record ON record.id = report.record
                     WHERE report.tracking = ?1",
                )?
                .query_row([tracking], |row| {
                    let state: Option<String> = row.get(0)?;
                    let (told, at) = (stage(row, 1)?, row::time(row, 2)?);
                    Ok(TrackedReport::of(state.as_deref(), told, at))
                })
                .optional()?;
            Ok(found)
        })
        .await
    }
}
