//! An incident reported at the console from a hazard somebody found: the report
//! is new, the household or place it was found in names it from then on. One
//! commit, both or neither, with a case number like every report.

use std::sync::Arc;

use wangge_model::{
    ActorId, GridId, PersonId, RecordId, RecordKind, Timestamp,
    access::{self, Act, Data},
    document::{DocumentError, EditError, FieldEdit, RecordDocument},
    hazard::{FoundHazard, read_hazards, reported_edits},
};

use super::case::{self, Opening};
use crate::{
    AppState,
    auth::Scope,
    storage::{
        ChangeBy, Commit, CommitHooks, NewChange, Numbering, RecordWork, StorageError,
        StorageResult, StoredRecord, Unnumbered,
    },
};

/// How often a record that changes meanwhile is read again.
const ATTEMPTS: u32 = 3;

/// Why nothing was reported.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No such record in scope, or no such hazard in it.
    #[error("there is no such hazard")]
    NotFound,
    /// The person may not report there, or not write the record.
    #[error("reporting is not allowed there")]
    Forbidden,
    /// A value may not be written.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The stored document cannot be read.
    #[error(transparent)]
    Unreadable(#[from] DocumentError),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// The incident.
    pub incident: RecordId,
    /// It was made just now, not before.
    pub is_new: bool,
}

/// Reports a hazard as an incident of its grid. One that was reported already
/// is not reported again. Durable when it returns, and told to whoever listens.
pub async fn report_hazard(
    state: &AppState,
    scope: &Scope,
    record: RecordId,
    hazard: &str,
) -> Result<Reported, ReportError> {
    let storage = state.storage.as_ref();
    let incident = RecordId::make(state.clock.as_ref(), state.entropy.as_ref());
    for attempt in 1..=ATTEMPTS {
        let (stored, _) = storage
            .find_record_in_scope(&record, &scope.person, scope.at)
            .await?
            .filter(|(stored, _)| matches!(stored.kind, RecordKind::Household | RecordKind::Place))
            .ok_or(ReportError::NotFound)?;
        let seats = storage
            .list_seats(&scope.person, &stored.grid.into(), scope.at)
            .await?;
        let may = |check: &dyn Fn(access::Seat) -> bool| seats.iter().any(|seat| check(*seat));
        if !may(&|seat| access::may_write_record(seat, stored.kind))
            || !may(&|seat| access::may(seat, Data::Incident, Act::Report))
        {
            return Err(ReportError::Forbidden);
        }
        let report = Arc::new(Report {
            incident,
            hazard: hazard.to_owned(),
            actor: state.identity.actor,
            person: scope.person,
            at: state.clock.now(),
        });
        let worker = Arc::clone(&report);
        let made = tokio::task::spawn_blocking(move || worker.works(&stored))
            .await
            .map_err(|error| StorageError::Database(error.to_string()))??;
        let works = match made {
            Made::Works(works) => works,
            Made::Before(incident) => {
                return Ok(Reported {
                    incident,
                    is_new: false,
                });
            }
        };
        let commit = Commit {
            at: report.at,
            person: scope.person,
            manifest: None,
            works,
            quarantine: Vec::new(),
            hooks: report,
        };
        match storage.commit(commit).await {
            Ok(outcome) => {
                state.tell(&outcome);
                return Ok(Reported {
                    incident,
                    is_new: true,
                });
            }
            // Somebody wrote in between: read it again.
            Err(StorageError::Changed) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StorageError::Changed.into())
}

/// One report under way.
#[derive(Debug)]
struct Report {
    incident: RecordId,
    hazard: String,
    actor: ActorId,
    person: PersonId,
    at: Timestamp,
}

/// What is to be written.
enum Made {
    Works(Vec<RecordWork>),
    /// The hazard names this incident already.
    Before(RecordId),
}

impl Report {
    fn works(&self, stored: &StoredRecord) -> Result<Made, ReportError> {
        let mut document = RecordDocument::load(stored.kind, Some(&stored.document), [])?;
        let found = read_hazards(&document.read())
            .remove(&self.hazard)
            .ok_or(ReportError::NotFound)?;
        if let Some(incident) = found.incident {
            return Ok(Made::Before(incident));
        }
        let title = document.summary().title;
        let edits = FoundHazard {
            record: stored.id,
            kind: stored.kind,
            title: &title,
            id: &self.hazard,
            hazard: &found,
        }
        .report();
        let written = (self.actor, ChangeBy::Sender, self.at);
        let report = new_incident(self.incident, stored.grid, &edits, written)?;
        let link = reported_edits(&self.hazard, self.incident);
        let changes = document
            .edit(&link, self.actor, self.at)?
            .into_iter()
            .map(|written| NewChange::written(1, written, self.actor, ChangeBy::Sender))
            .collect();
        let linked = RecordWork::onto(stored, &document, changes);
        Ok(Made::Works(vec![report, linked]))
    }
}

/// A new incident; its case is opened when it gets its number.
pub(super) fn new_incident(
    id: RecordId,
    grid: GridId,
    edits: &[FieldEdit],
    written: (ActorId, ChangeBy, Timestamp),
) -> Result<RecordWork, EditError> {
    let kind = RecordKind::Incident;
    let (actor, by, at) = written;
    let mut document = RecordDocument::new(kind);
    let changes = document
        .edit(edits, actor, at)?
        .into_iter()
        .map(|written| NewChange::written(0, written, actor, by))
        .collect();
    Ok(RecordWork {
        id,
        kind,
        grid,
        record_epoch: 0,
        base_version: 0,
        base_heads: Vec::new(),
        saved: document.save(),
        heads: document.heads(),
        summary: document.summary(),
        changes,
        quarantine: Vec::new(),
        numbering: Some(Numbering {
            series: case::series(at),
            record: Unnumbered::Open(Box::new(document)),
        }),
    })
}

impl CommitHooks for Report {
    /// The record changed since it was read; whether the hazard was reported
    /// meanwhile is for a new look at all of it.
    fn rework(&self, _work: &RecordWork, _stored: &StoredRecord) -> StorageResult<RecordWork> {
        Err(StorageError::Changed)
    }

    fn number(
        &self,
        work: RecordWork,
        numbering: Numbering,
        number: u64,
    ) -> StorageResult<RecordWork> {
        let opening = Opening {
            actor: self.actor,
            at: self.at,
            reporter: Some(self.person),
            // A hazard's report asks for nothing.
            authority: None,
        };
        case::open_case(work, numbering, number, opening)
    }
}
