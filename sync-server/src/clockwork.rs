//! What happens to cases because a time ran out: a reminder as a fifth of the
//! time is left, a yellow card when it is over, a day later the case goes up a
//! level or is shown a red card. Decided by the same machine as what people ask
//! for, and told in the same timeline.
//!
//! Also answers requests that have waited for too long: those an older server
//! took in, and those that came back after a restore without the answer they
//! once had.
//!
//! Beside that, months of assessment are frozen some days after their end
//! ([`crate::assessment`]).
//!
//! One server at a time does each, by a lease.

use std::time::Duration;

use tokio::time::timeout;
use wangge_model::{
    RecordId, Timestamp,
    case::{Case, CaseAction, CaseSummary, Supervision},
    document::RecordDocument,
    message::{Language, message},
};

use crate::{
    AppState, assessment,
    ingest::case_action::{self, CaseActionError},
    storage::StorageResult,
};

/// The lease's name.
const JOB: &str = "clockwork";
/// How often it looks.
const PAUSE: Duration = Duration::from_secs(20);
/// How long the lease holds; longer than a look takes.
const LEASE_MS: i64 = 120_000;
/// Cases of one look.
const STEP: u32 = 200;
/// For so long a case is left alone that could not be dealt with.
const PUT_OFF_MS: i64 = 3_600_000;
/// For so long a request waits for an answer that may still come back from a
/// phone, before it is decided after all.
const WAIT_MS: i64 = 15 * 60_000;

/// Looks after times until the server stops.
pub async fn keep_time(state: AppState) {
    let mut stopped = state.stopped();
    loop {
        if let Err(error) = look(&state).await {
            tracing::error!(%error, "times of cases were not looked after; next try in a moment");
        }
        if let Err(error) = assessment::freeze_what_is_over(&state).await {
            tracing::error!(%error, "last month was not frozen; next try in a moment");
        }
        if timeout(PAUSE, stopped.wait_for(|stopped| *stopped))
            .await
            .is_ok()
        {
            return;
        }
    }
}

/// Does what is due now; answers how many cases it dealt with. Nothing, while
/// another server has the job.
pub async fn look(state: &AppState) -> StorageResult<usize> {
    let storage = &state.storage;
    let mut done = 0;
    let holder = *state.identity.actor.as_bytes();
    while !state.is_stopping() {
        let now = state.clock.now();
        let until = now.plus_millis(LEASE_MS);
        if !storage.lease_job(JOB, &holder, now, until).await? {
            return Ok(done);
        }
        let due = storage.list_due_cases(now, STEP).await?;
        let before = now.plus_millis(-WAIT_MS);
        let unanswered = storage.list_unanswered_cases(before, STEP).await?;
        let count = due.len() + unanswered.len();
        for case in due {
            signal(state, case.record, now).await?;
        }
        for case in unanswered {
            case_action::answer_late(state, case.record).await?;
        }
        done += count;
        if count < STEP as usize {
            return Ok(done);
        }
    }
    Ok(done)
}

/// Deals with one case whose time has come.
async fn signal(state: &AppState, record: RecordId, now: Timestamp) -> StorageResult<()> {
    let Some(stored) = state.storage.find_record(&record).await? else {
        return Ok(());
    };
    let document = RecordDocument::load(stored.kind, Some(&stored.document), []);
    let steps = match &document {
        Ok(document) => {
            let fields = document.read();
            let summary = document.summary().case.unwrap_or_default();
            Case::read(&fields).map(|case| (case.version, steps(&case, &summary)))
        }
        Err(error) => {
            // For `verify` to report; the others must not wait for it.
            tracing::warn!(%record, %error, "a case cannot be read");
            None
        }
    };
    for action in steps.iter().flat_map(|(_, steps)| steps) {
        let version = steps.as_ref().map_or(0, |(version, _)| *version);
        match case_action::decide_by_clock(state, record, action.clone(), version).await {
            Ok(()) => return Ok(()),
            // Not possible as it stands: the next best.
            Err(CaseActionError::Refused(refusal)) => {
                tracing::debug!(%record, code = refusal.code(), "not by itself");
            }
            Err(CaseActionError::NotFound) => break,
            Err(CaseActionError::Storage(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(%record, %error, "a case could not be dealt with");
                break;
            }
        }
    }
    state
        .storage
        .put_off_case(&record, now.plus_millis(PUT_OFF_MS))
        .await
}

/// What to try, best first.
fn steps(case: &Case, summary: &CaseSummary) -> Vec<CaseAction> {
    let text = |id: &str| message(Language::Chinese, id, &[]);
    let note = |id: &str| CaseAction::Note { text: text(id) };
    let card = |card| CaseAction::Supervise {
        card,
        reason: text("case-signal-overdue"),
    };
    match summary.signals {
        0 => vec![note("case-signal-warn")],
        1 => vec![card(Supervision::Yellow), note("case-signal-overdue")],
        _ => {
            let up = case.level.above().map(|_| CaseAction::Escalate {
                reason: text("case-signal-escalate"),
            });
            up.into_iter()
                .chain([card(Supervision::Red), note("case-signal-overdue")])
                .collect()
        }
    }
}
