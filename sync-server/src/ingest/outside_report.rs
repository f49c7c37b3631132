//! An incident that somebody outside reported, a resident by the code on a wall
//! or the hotline by a work order: written by the server's own actor, with a
//! case number like every report. Does not own what residents and orders are.

use std::sync::Arc;

use wangge_model::{
    ActorId, GridId, PersonId, RecordId, Timestamp,
    document::{EditError, FieldEdit},
};

use super::{
    case::{self, Opening},
    report::new_incident,
};
use crate::{
    AppState,
    storage::{
        ChangeBy, Commit, CommitHooks, Numbering, RecordWork, StorageError, StorageResult,
        StoredRecord,
    },
};

/// Why nothing was reported.
#[derive(Debug, thiserror::Error)]
pub enum OutsideReportError {
    /// A value may not be written.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A report from outside.
#[derive(Debug, Clone)]
pub struct OutsideReport {
    /// Id of the incident: one that exists already is left as it is.
    pub incident: RecordId,
    /// Where it goes; if that grid is closed, to the one that follows.
    pub grid: GridId,
    /// What it says.
    pub edits: Vec<FieldEdit>,
}

/// Writes the incident and opens its case. Durable when it returns, and told to
/// whoever listens; `false` if it was there.
pub async fn report(state: &AppState, report: OutsideReport) -> Result<bool, OutsideReportError> {
    let OutsideReport {
        incident,
        grid,
        edits,
    } = report;
    if state.storage.find_record(&incident).await?.is_some() {
        return Ok(false);
    }
    let opening = Arc::new(OpenOutside {
        actor: state.identity.actor,
        at: state.clock.now(),
    });
    let writer = Arc::clone(&opening);
    let work = tokio::task::spawn_blocking(move || {
        new_incident(
            incident,
            grid,
            &edits,
            (writer.actor, ChangeBy::Server, writer.at),
        )
    })
    .await
    .map_err(|error| StorageError::Database(error.to_string()))??;
    let commit = Commit {
        at: opening.at,
        // Nobody: the authorship of a change by the server names no person.
        person: PersonId::from_bytes([0; 16]),
        manifest: None,
        works: vec![work],
        quarantine: Vec::new(),
        hooks: opening,
    };
    let outcome = state.storage.commit(commit).await?;
    state.tell(&outcome);
    let is_written = |outcome: &crate::storage::WorkOutcome| !outcome.work.changes.is_empty();
    Ok(outcome.works.iter().any(is_written))
}

#[derive(Debug)]
struct OpenOutside {
    actor: ActorId,
    at: Timestamp,
}

impl CommitHooks for OpenOutside {
    /// Somebody sent the same at the same time: that one stands.
    fn rework(&self, work: &RecordWork, _: &StoredRecord) -> StorageResult<RecordWork> {
        Ok(RecordWork {
            changes: Vec::new(),
            ..work.clone()
        })
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
            // Nobody with an account: the desk tells whom it concerns.
            reporter: None,
            authority: None,
        };
        case::open_case(work, numbering, number, opening)
    }
}
