//! Hazards on the page of a household or place: how far each is, reporting one
//! as an incident, noting a second look.

use std::collections::HashMap;

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, RecordId, RecordKind,
    access::{self, Act, Data, Seat},
    document::{RecordDocument, schema::RECHECK},
    hazard::{HazardState, Recheck, read_hazards, recheck_edits},
    message::{Language, message, message_id},
};

use super::view::list_href;
use crate::{
    AppState,
    auth::{SignedForm, sign_in::audit},
    console::{error::PageError, field::choice, link::with_query, select::SelectOption},
    ingest::{
        record_edit::{self, RecordEditError},
        report::{self, ReportError},
    },
    storage::RecordName,
};

/// The kinds of record that have hazards.
const KINDS: [RecordKind; 2] = [RecordKind::Household, RecordKind::Place];

/// A hazard with what to do about it.
#[derive(Debug)]
pub(crate) struct HazardView {
    /// Its entry in the record.
    pub id: String,
    /// What kind.
    pub kind: String,
    /// What exactly.
    pub remark: String,
    /// How far it is.
    pub state: String,
    /// Nobody has seen that it is gone.
    pub is_open: bool,
    /// From when on somebody is to look again, if anybody is, and whether that
    /// day has come.
    pub due: Option<(String, bool)>,
    /// The incident it became: address and title.
    pub incident: Option<(String, String)>,
    /// The reader may report it.
    pub may_report: bool,
    /// The reader may note a second look.
    pub may_recheck: bool,
}

/// The hazards of a record, open ones first.
pub(crate) fn hazard_views(
    document: &RecordDocument,
    names: &HashMap<RecordId, RecordName>,
    seats: &[Seat],
    today: CivilDay,
    language: Language,
) -> Vec<HazardView> {
    let kind = document.kind();
    if !KINDS.contains(&kind) {
        return Vec::new();
    }
    let may_write = seats
        .iter()
        .any(|seat| access::may_write_record(*seat, kind));
    let may_report = seats
        .iter()
        .any(|seat| access::may(*seat, Data::Incident, Act::Report));
    let mut views: Vec<HazardView> = read_hazards(&document.read())
        .into_iter()
        .map(|(id, hazard)| {
            let due_on = hazard.recheck_due_on();
            let is_open = hazard.state() != HazardState::Closed;
            HazardView {
                kind: choice(kind, "hazards.*.kind", &hazard.kind, language),
                state: message(
                    language,
                    &message_id("hazard-state", hazard.state().as_str()),
                    &[],
                ),
                is_open,
                due: due_on.map(|on| (on.to_string(), on <= today)),
                incident: hazard.incident.map(|incident| {
                    let title = names.get(&incident).map(|name| name.title.clone());
                    let href = format!("{}/{incident}", list_href(RecordKind::Incident));
                    (href, title.unwrap_or_else(|| incident.to_string()))
                }),
                may_report: may_write && may_report && is_open && hazard.incident.is_none(),
                may_recheck: may_write && is_open,
                remark: hazard.remark,
                id,
            }
        })
        .collect();
    views.sort_by(|a, b| (!a.is_open, &a.due, &a.id).cmp(&(!b.is_open, &b.due, &b.id)));
    views
}

/// What a second look may have found, to choose from.
pub(crate) fn recheck_options(language: Language) -> Vec<SelectOption> {
    let option = |code: &&str| {
        let label = choice(RecordKind::Place, "hazards.*.recheck", code, language);
        SelectOption::new(*code, label, "")
    };
    RECHECK.iter().map(option).collect()
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    KINDS.into_iter().fold(Router::new(), |router, kind| {
        let base = format!("{}/{{id}}/hazards/{{hazard}}", list_href(kind));
        router
            .route(
                &format!("{base}/report"),
                post(move |state, path, form| report(kind, state, path, form)),
            )
            .route(
                &format!("{base}/recheck"),
                post(move |state, path, form| recheck(kind, state, path, form)),
            )
    })
}

/// Nothing but the token.
#[derive(Debug, Deserialize)]
struct Nothing {}

/// `POST /places/{id}/hazards/{hazard}/report` and the like.
async fn report(
    kind: RecordKind,
    State(state): State<AppState>,
    Path((id, hazard)): Path<(String, String)>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let id: RecordId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &sent.signed_in.scope;
    let reported = match report::report_hazard(&state, scope, id, &hazard).await {
        Ok(reported) => reported,
        Err(ReportError::NotFound) => return Err(PageError::NotFound),
        Err(ReportError::Forbidden) => return Err(PageError::Forbidden),
        Err(ReportError::Storage(error)) => return Err(error.into()),
        Err(error @ (ReportError::Edit(_) | ReportError::Unreadable(_))) => {
            return Err(PageError::internal(&error));
        }
    };
    if reported.is_new {
        let target = reported.incident.to_string();
        let detail = id.to_string();
        audit(
            &state.auth,
            scope.person,
            "hazard_reported",
            &target,
            &detail,
        )
        .await?;
    }
    let back = format!("{}/{id}", list_href(kind));
    let said = if reported.is_new { "reported" } else { "known" };
    Ok(Redirect::to(&with_query(&back, &[("hazard", said)])).into_response())
}

/// What the form of a second look sends.
#[derive(Debug, Deserialize)]
struct RecheckForm {
    result: String,
    /// The day; today if empty.
    #[serde(default)]
    on: String,
}

/// `POST /places/{id}/hazards/{hazard}/recheck` and the like.
async fn recheck(
    kind: RecordKind,
    State(state): State<AppState>,
    Path((id, hazard)): Path<(String, String)>,
    sent: SignedForm<RecheckForm>,
) -> Result<Response, PageError> {
    let id: RecordId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &sent.signed_in.scope;
    let back = format!("{}/{id}", list_href(kind));
    let today = CivilDay::of(scope.at);
    let on = match sent.form.on.trim() {
        "" => Some(today),
        text => text.parse().ok().filter(|on| *on <= today),
    };
    let (Some(result), Some(on)) = (Recheck::from_code(&sent.form.result), on) else {
        return Ok(Redirect::to(&with_query(&back, &[("hazard", "unfit")])).into_response());
    };
    let (stored, _) = state
        .storage
        .find_record_in_scope(&id, &scope.person, scope.at)
        .await?
        .filter(|(stored, _)| stored.kind == kind)
        .ok_or(PageError::NotFound)?;
    let seats = state
        .storage
        .list_seats(&scope.person, &stored.grid.into(), scope.at)
        .await?;
    if !seats
        .iter()
        .any(|seat| access::may_write_record(*seat, kind))
    {
        return Err(PageError::Forbidden);
    }
    let opened =
        tokio::task::spawn_blocking(move || RecordDocument::load(kind, Some(&stored.document), []));
    let document = opened
        .await
        .map_err(|error| PageError::internal(&error))?
        .map_err(|error| PageError::internal(&error))?;
    let found = read_hazards(&document.read())
        .remove(&hazard)
        .ok_or(PageError::NotFound)?;
    let by = scope.person.to_string();
    let edits = recheck_edits(&hazard, &found, result, &by, on);
    match record_edit::edit(&state, scope, id, edits, None).await {
        Ok(_) => {}
        Err(RecordEditError::NotFound) => return Err(PageError::NotFound),
        Err(RecordEditError::Storage(error)) => return Err(error.into()),
        Err(error) => return Err(PageError::internal(&error)),
    }
    Ok(Redirect::to(&with_query(&back, &[("hazard", "checked")])).into_response())
}

/// What to say about what was just done; the second part is whether it went
/// wrong.
pub(super) fn notice(code: &str) -> Option<(&'static str, bool)> {
    match code {
        "reported" => Some(("console-hazard-reported-notice", false)),
        "known" => Some(("console-hazard-known-notice", false)),
        "checked" => Some(("console-hazard-checked-notice", false)),
        "unfit" => Some(("console-hazard-unfit", true)),
        _ => None,
    }
}
