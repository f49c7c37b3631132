//! `POST /cases/{id}/act`: asking for a decision. What is refused is said in
//! words on the case's page, and nothing was changed.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use wangge_model::{
    OrgNodeId, RecordId, RecordKind,
    case::{CaseArguments, CaseRefusal, CaseVerb, Supervision},
};

use super::detail::{CasePageView, view};
use crate::{
    AppState,
    auth::{Scope, SignedForm},
    console::{
        error::PageError,
        frame::{Frame, render},
        link::with_query,
    },
    ingest::case_action::{self, CaseActionError},
    refusal::Refusal,
    storage::{RecordFilter, StorageResult},
};

/// What the form sends; what a verb does not need is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ActForm {
    verb: String,
    /// The version the page showed.
    version: String,
    unit: String,
    unit2: String,
    unit3: String,
    /// Number of another incident.
    into: String,
    person: String,
    text: String,
    days: String,
    stars: String,
    card: String,
    agreed: String,
}

/// `POST /cases/{id}/act`
pub(super) async fn post(
    State(state): State<AppState>,
    frame: Frame,
    Path(id): Path<String>,
    SignedForm { signed_in, form }: SignedForm<ActForm>,
) -> Result<Response, PageError> {
    let record: RecordId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &signed_in.scope;
    let verb = CaseVerb::parse(&form.verb).ok_or(PageError::BadRequest)?;
    let arguments = arguments(&state, scope, &form).await?;
    let seen = form.version.parse().ok();
    let decided = match arguments.action(verb) {
        Ok(action) => case_action::decide(&state, scope, record, action, seen).await,
        Err(refusal) => Err(refusal.into()),
    };
    match decided {
        Ok(()) => {
            let link = with_query(&format!("/cases/{record}"), &[("done", verb.as_str())]);
            Ok(Redirect::to(&link).into_response())
        }
        Err(CaseActionError::Refused(refusal)) => {
            refused(&state, &frame, &signed_in, &id, &refusal).await
        }
        Err(CaseActionError::NotFound) => Err(PageError::NotFound),
        Err(CaseActionError::Storage(error)) => Err(error.into()),
        Err(error) => Err(PageError::internal(&error)),
    }
}

async fn refused(
    state: &AppState,
    frame: &Frame,
    signed_in: &crate::auth::SignedIn,
    id: &str,
    refusal: &CaseRefusal,
) -> Result<Response, PageError> {
    let case = view(state, frame, signed_in, id).await?;
    let mut page = frame
        .page_for(signed_in)
        .with_problem(refusal.text(frame.language));
    // The address of a form is none to come back to.
    page.path.clone_from(&case.href);
    let mut answer = render(&CasePageView { page, case })?;
    *answer.status_mut() = StatusCode::CONFLICT;
    // The decision that was not made is in the audit list, with its verb.
    let noted = Refusal::noted(refusal.code());
    answer.extensions_mut().insert(noted);
    Ok(answer)
}

async fn arguments(
    state: &AppState,
    scope: &Scope,
    form: &ActForm,
) -> Result<CaseArguments, PageError> {
    let units = [&form.unit, &form.unit2, &form.unit3];
    let mut units: Vec<OrgNodeId> = units.iter().filter_map(|unit| unit.parse().ok()).collect();
    units.dedup();
    Ok(CaseArguments {
        unit: units.first().copied(),
        units,
        into: find_incident(state, scope, form.into.trim()).await?,
        person: form.person.parse().ok(),
        text: form.text.clone(),
        days: form.days.trim().parse().ok(),
        stars: form.stars.parse().ok(),
        card: Supervision::parse(&form.card),
        is_agreed: match form.agreed.as_str() {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        },
    })
}

/// The incident of this number, if it is in scope.
async fn find_incident(
    state: &AppState,
    scope: &Scope,
    number: &str,
) -> StorageResult<Option<RecordId>> {
    if number.is_empty() {
        return Ok(None);
    }
    let filter = RecordFilter {
        kind: Some(RecordKind::Incident),
        text: number.chars().take(32).collect(),
        limit: 20,
        ..RecordFilter::default()
    };
    let found = state
        .storage
        .list_records(&scope.person, scope.at, &filter)
        .await?;
    Ok(found
        .records
        .into_iter()
        .find(|record| record.summary.number == number)
        .map(|record| record.id))
}
