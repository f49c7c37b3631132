//! What goes back to the hotline: how the cases of its orders ended.

use wangge_model::{Timestamp, document::RecordDocument, incident::Incident};

use crate::{
    AppState,
    auth::Scope,
    storage::{FinishedOrder, StorageError, StorageResult},
};

/// Most results of one answer.
pub const MOST_RESULTS: u32 = 500;

/// Verbs whose text is the result of a case.
const RESULT_VERBS: [&str; 5] = ["hand_in", "handle_on_spot", "explain", "void", "merge"];

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderResult {
    /// The hotline's number.
    pub number: String,
    /// Number of the case.
    pub case_number: String,
    /// `closed`, `archived`, `void` or `merged`.
    pub state: String,
    /// What was done, in the words of whoever did it.
    pub result: String,
    /// When the order came.
    pub received_at: Timestamp,
    /// When that was handed in.
    pub done_at: Option<Timestamp>,
    /// When the case was closed.
    pub closed_at: Option<Timestamp>,
}

/// The results that are to be given back, oldest first; `again`: those that were
/// given back too. Nothing is marked.
pub async fn list(state: &AppState, scope: &Scope, again: bool) -> StorageResult<Vec<OrderResult>> {
    let orders = state
        .storage
        .list_finished_orders(&scope.person, scope.at, again, MOST_RESULTS)
        .await?;
    let mut results = Vec::with_capacity(orders.len());
    for order in orders {
        let stored = state.storage.find_record(&order.record).await?;
        let stored = stored.ok_or(StorageError::Corrupt("hotline order"))?;
        let read = tokio::task::spawn_blocking(move || {
            let document = RecordDocument::load(stored.kind, Some(&stored.document), [])?;
            Ok::<_, wangge_model::document::DocumentError>(Incident::read(&document))
        });
        let incident = read
            .await
            .map_err(|error| StorageError::Database(error.to_string()))?;
        match incident {
            Ok(incident) => results.push(result_of(order, &incident)),
            // For `verify` to report; the others must not wait for it.
            Err(error) => {
                tracing::warn!(record = %order.record, %error, "a case cannot be read");
            }
        }
    }
    Ok(results)
}

fn result_of(order: FinishedOrder, incident: &Incident) -> OrderResult {
    let case = &incident.case;
    let last = case
        .timeline
        .iter()
        .rev()
        .find(|entry| RESULT_VERBS.contains(&entry.verb.as_str()));
    OrderResult {
        number: order.number,
        case_number: case.number.clone(),
        state: case.state.clone(),
        result: last.map(|entry| entry.text.clone()).unwrap_or_default(),
        received_at: order.imported_at,
        done_at: last.map(|entry| entry.at),
        closed_at: case.decided.as_ref().and_then(|case| case.closed_at),
    }
}
