//! `/call-outs`: calling out people who were assigned beforehand (预编网格), for
//! some days, after which their access ends by itself.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use wangge_model::{
    CallOutId, CivilDay, OrgNodeId, Timestamp,
    access::{Act, Data},
    text::typed_line,
};

use super::{
    error::PageError,
    frame::{Frame, render, render_refusal},
    page::Page,
    select::{SelectOption, node_options},
};
use crate::{
    AppState,
    auth::{Scope, SignedForm, SignedIn, sign_in::audit},
    storage::{CallOut, NewCallOut, StorageError},
};

/// Longest call-out, in days: what lasts longer is no longer part-time, and
/// somebody decides anew.
const MOST_DAYS: i32 = 90;
/// Longest reason, in characters; it must have two.
const REASON_CHARS: usize = 200;
/// How long it is unless somebody says otherwise, in days.
const USUAL_DAYS: i32 = 7;

#[derive(Template)]
#[template(path = "call_outs.html")]
pub(crate) struct CallOutsPage {
    pub(crate) page: Page,
    pub(crate) call_outs: Vec<CallOutView>,
    pub(crate) may_call: bool,
    pub(crate) form: CallOutForm,
    pub(crate) nodes: Vec<SelectOption>,
}

/// A call-out in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CallOutView {
    pub(crate) href: String,
    pub(crate) node_name: String,
    pub(crate) starts_at: String,
    pub(crate) ends_at: String,
    pub(crate) state: String,
    pub(crate) is_on: bool,
    pub(crate) reason: String,
    pub(crate) ordered_by: String,
    pub(crate) people: Vec<(String, String)>,
    pub(crate) may_end: bool,
}

impl CallOutView {
    pub(crate) fn new(call_out: &CallOut, now: Timestamp, page: &Page) -> Self {
        let state = if call_out.ends_at <= now {
            "console-call-out-over"
        } else if call_out.starts_at > now {
            "console-call-out-coming"
        } else {
            "console-call-out-on"
        };
        Self {
            href: format!("/call-outs/{}", call_out.id),
            node_name: call_out.node_name.clone(),
            starts_at: call_out.starts_at.to_china_text(),
            ends_at: call_out.ends_at.to_china_text(),
            state: page.t(state),
            is_on: call_out.starts_at <= now && call_out.ends_at > now,
            reason: call_out.reason.clone(),
            ordered_by: call_out.ordered_by.clone(),
            people: call_out.people.clone(),
            may_end: call_out.may_end,
        }
    }
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/call-outs", get(list).post(create))
        .route("/call-outs/{id}/end", post(end))
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CallOutForm {
    pub(crate) node: String,
    pub(crate) starts_on: String,
    pub(crate) ends_on: String,
    pub(crate) reason: String,
}

/// A checked form: where, from when, until when, why.
struct Order {
    node: OrgNodeId,
    starts_at: Timestamp,
    ends_at: Timestamp,
    reason: String,
}

impl CallOutForm {
    /// What it orders; or the text of what is wrong.
    fn order(&self, now: Timestamp) -> Result<Order, &'static str> {
        let today = CivilDay::of(now);
        let node = self.node.parse();
        let node = node.map_err(|_| "console-call-out-node-missing")?;
        let days = self.starts_on.parse::<CivilDay>().ok();
        let days = days.zip(self.ends_on.parse::<CivilDay>().ok());
        let (first, last) = days
            .filter(|(first, last)| {
                *first >= today && (0..MOST_DAYS).contains(&last.days_since(*first))
            })
            .ok_or("console-call-out-days")?;
        let reason = typed_line(&self.reason);
        if !(2..=REASON_CHARS).contains(&reason.chars().count()) {
            return Err("console-call-out-reason-missing");
        }
        Ok(Order {
            node,
            // Today means at once.
            starts_at: first.start().max(now),
            ends_at: last.plus(1).start(),
            reason,
        })
    }
}

async fn page_of(
    state: &AppState,
    page: Page,
    scope: &Scope,
    form: CallOutForm,
) -> Result<CallOutsPage, PageError> {
    let storage = &state.storage;
    let may_call = scope.may(Data::Account, Act::Approve);
    let nodes = if may_call {
        storage.list_nodes_in_scope(&scope.person, scope.at).await?
    } else {
        Vec::new()
    };
    let call_outs = storage.list_call_outs(&scope.person, scope.at).await?;
    Ok(CallOutsPage {
        call_outs: call_outs
            .iter()
            .map(|call_out| CallOutView::new(call_out, scope.at, &page))
            .collect(),
        may_call,
        nodes: node_options(nodes, &form.node),
        form,
        page,
    })
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CallOutQuery {
    called: String,
    ended: String,
}

/// `GET /call-outs`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<CallOutQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let mut page = frame.page_for(&signed_in);
    let notice = match (query.called.as_str(), query.ended.as_str()) {
        ("1", _) => Some("console-call-out-called-notice"),
        (_, "1") => Some("console-call-out-ended-notice"),
        _ => None,
    };
    if let Some(notice) = notice {
        let text = page.t(notice);
        page = page.with_notice(text);
    }
    let today = CivilDay::of(scope.at);
    let form = CallOutForm {
        starts_on: today.to_string(),
        ends_on: today.plus(USUAL_DAYS - 1).to_string(),
        ..CallOutForm::default()
    };
    render(&page_of(&state, page, scope, form).await?)
}

/// `POST /call-outs`
async fn create(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<CallOutForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    if !scope.may(Data::Account, Act::Approve) {
        return Err(PageError::Forbidden);
    }
    let page = frame.page_for(&signed_in);
    let id = CallOutId::make(state.clock.as_ref(), state.entropy.as_ref());
    let problem = match form.order(scope.at) {
        Err(problem) => Some(problem),
        Ok(order) => {
            let new = NewCallOut {
                id,
                node: order.node,
                starts_at: order.starts_at,
                ends_at: order.ends_at,
                reason: order.reason,
                person: scope.person,
                at: scope.at,
            };
            match state.storage.create_call_out(&new).await {
                Ok(()) => None,
                Err(StorageError::Missing(_)) => Some("console-call-out-node-missing"),
                Err(error) => return Err(error.into()),
            }
        }
    };
    if let Some(problem) = problem {
        let text = page.t(problem);
        let page = page_of(&state, page.with_problem(text), scope, form).await?;
        return render_refusal(&page, "call_out");
    }
    let (target, detail) = (id.to_string(), form.node.clone());
    audit(
        &state.auth,
        scope.person,
        "call_out_ordered",
        &target,
        &detail,
    )
    .await?;
    Ok(Redirect::to("/call-outs?called=1").into_response())
}

/// Nothing but the token.
#[derive(Debug, Deserialize)]
struct Nothing {}

/// `POST /call-outs/{id}/end`
async fn end(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let id: CallOutId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &sent.signed_in.scope;
    match state
        .storage
        .end_call_out(&id, &scope.person, scope.at)
        .await
    {
        Ok(true) => {
            let target = id.to_string();
            audit(&state.auth, scope.person, "call_out_ended", &target, "").await?;
        }
        Ok(false) => {}
        Err(StorageError::Missing(_)) => return Err(PageError::NotFound),
        Err(error) => return Err(error.into()),
    }
    Ok(Redirect::to("/call-outs?ended=1").into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_out_begins_at_once_and_ends_with_its_last_day() {
        // 2026-01-01T08:00 in China.
        let now = Timestamp::from_millis(1_767_225_600_000);
        let form = |from: &str, to: &str, reason: &str| CallOutForm {
            node: OrgNodeId::from_bytes([1; 16]).to_string(),
            starts_on: from.to_owned(),
            ends_on: to.to_owned(),
            reason: reason.to_owned(),
        };
        let order = form("2026-01-01", "2026-01-02", "防汛")
            .order(now)
            .ok()
            .unwrap();
        assert_eq!(order.starts_at, now);
        assert_eq!(order.ends_at.to_china_text(), "2026-01-03 00:00");
        let later = form("2026-01-02", "2026-01-02", "防汛")
            .order(now)
            .ok()
            .unwrap();
        assert_eq!(later.starts_at.to_china_text(), "2026-01-02 00:00");
        for (from, to, reason, wrong) in [
            ("2025-12-31", "2026-01-02", "防汛", "console-call-out-days"),
            ("2026-01-03", "2026-01-02", "防汛", "console-call-out-days"),
            ("2026-01-01", "2026-04-02", "防汛", "console-call-out-days"),
            (
                "2026-01-01",
                "2026-01-02",
                " ",
                "console-call-out-reason-missing",
            ),
        ] {
            assert_eq!(form(from, to, reason).order(now).err(), Some(wrong));
        }
        let nowhere = CallOutForm::default().order(now);
        assert_eq!(nowhere.err(), Some("console-call-out-node-missing"));
    }
}
