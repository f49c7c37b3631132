//! `/messages`: what residents are told, by their cases and by notices, and
//! whether it left; and a notice to residents of chosen households (短信通知).
//! Numbers are masked. For whoever sits at a desk of the grids.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use wangge_model::{
    GridId, MaskingKind, MessageId, NoticeId, RecordId, RecordKind, Timestamp,
    access::{Act, Data},
    message::{Language, find_message, message, message_id},
    resident::{MOST_A_DAY, MOST_HOUSEHOLDS, ResidentError, mobile, notice},
};

use super::{
    error::PageError,
    frame::{Frame, render, render_refusal},
    link::with_query,
    list::PAGE_ROWS,
    page::Page,
    pager::Pager,
    select::{SelectOption, node_options},
};
use crate::{
    AppState,
    auth::{Nothing, Scope, SignedForm, SignedIn, sign_in::audit},
    storage::{
        ListedRecord, MessageFilter, MessageRow, MessageState, NewNotice, NoticeOutcome,
        RecordFilter, RecordOrder, StorageError,
    },
};

/// Longest search text looked at, in characters.
const SEARCH_CHARS: usize = 60;

#[derive(Template)]
#[template(path = "messages.html")]
pub(crate) struct MessagesPage {
    pub(crate) page: Page,
    pub(crate) rows: Vec<MessageView>,
    pub(crate) list: Pager,
    pub(crate) states: Vec<SelectOption>,
    /// Whether messages leave this server.
    pub(crate) is_sending: bool,
}

#[derive(Template)]
#[template(path = "notice_new.html")]
pub(crate) struct NewNoticePage {
    pub(crate) page: Page,
    pub(crate) text: String,
    pub(crate) q: String,
    pub(crate) grid: String,
    pub(crate) grids: Vec<SelectOption>,
    pub(crate) households: Vec<NoticeHousehold>,
    /// There are more than are listed.
    pub(crate) is_more: bool,
    pub(crate) most: usize,
}

/// A message in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MessageView {
    /// Where it is tried again; only of one that was given up.
    pub(crate) retry: Option<String>,
    pub(crate) created_at: String,
    pub(crate) grid_name: String,
    /// The number, masked; empty once it is forgotten.
    pub(crate) phone: String,
    pub(crate) text: String,
    pub(crate) state: String,
    /// Class of its badge.
    pub(crate) state_class: &'static str,
    pub(crate) attempts: u32,
    pub(crate) problem: String,
    pub(crate) next_at: String,
    /// The case it tells of.
    pub(crate) case: Option<String>,
}

impl MessageView {
    pub(crate) fn new(row: &MessageRow, language: Language) -> Self {
        let sent = &row.message;
        let arguments: Vec<(&str, &str)> = sent
            .arguments
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let may_retry = row.state == MessageState::Failed && !sent.phone.is_empty();
        Self {
            retry: may_retry.then(|| format!("/messages/{}/retry", sent.id)),
            created_at: sent.created_at.to_china_text(),
            grid_name: row.grid_name.clone(),
            phone: MaskingKind::Mobile.mask(&sent.phone),
            text: message(language, &sent.text_id, &arguments),
            state: state_words(row.state, language),
            state_class: match row.state {
                MessageState::Queued => "warn",
                MessageState::Sent => "good",
                MessageState::Failed => "bad",
            },
            attempts: sent.attempts,
            problem: problem_words(&row.problem, language),
            next_at: row
                .next_at
                .map(Timestamp::to_china_text)
                .unwrap_or_default(),
            case: row.incident.map(|id| format!("/cases/{id}")),
        }
    }
}

fn state_words(state: MessageState, language: Language) -> String {
    message(
        language,
        &message_id("resident-message", state.as_str()),
        &[],
    )
}

/// Why the last attempt failed: the words of its code, and the status if there
/// was one.
fn problem_words(problem: &str, language: Language) -> String {
    let (code, status) = problem.split_once(' ').unwrap_or((problem, ""));
    let id = message_id("resident-problem", code);
    let words = find_message(language, &id, &[]).unwrap_or_else(|| code.to_owned());
    format!("{words} {status}").trim().to_owned()
}

/// A household that a notice may go to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NoticeHousehold {
    pub(crate) id: String,
    pub(crate) title: String,
    /// Masked.
    pub(crate) name: String,
    /// Masked.
    pub(crate) phone: String,
    pub(crate) grid_name: String,
    pub(crate) is_chosen: bool,
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/messages", get(list))
        .route("/messages/{id}/retry", post(retry))
        .route("/messages/notice", get(new_notice).post(send_notice))
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MessagesQuery {
    state: String,
    page: String,
    queued: String,
    retried: String,
}

fn require_desk(scope: &Scope) -> Result<(), PageError> {
    if scope.may(Data::Incident, Act::Assign) {
        Ok(())
    } else {
        Err(PageError::Forbidden)
    }
}

/// `GET /messages`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<MessagesQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    require_desk(scope)?;
    let wanted = MessageState::parse(&query.state);
    let word = wanted.map(MessageState::as_str).unwrap_or_default();
    let mut list = Pager::new("/messages", ("state", word), &query.page);
    let filter = MessageFilter {
        state: wanted,
        offset: list.offset(),
        limit: PAGE_ROWS,
    };
    let found = state
        .storage
        .list_messages(&filter, &scope.person, scope.at)
        .await?;
    list.total = found.total;
    let mut page = frame.page_for(&signed_in);
    if let Ok(count) = query.queued.parse::<u64>() {
        let text = page.t1("console-notice-queued", "count", count);
        page = page.with_notice(text);
    } else if query.retried == "1" {
        let text = page.t("console-message-retried");
        page = page.with_notice(text);
    }
    let option = |one: &MessageState| {
        SelectOption::new(one.as_str(), state_words(*one, page.language), word)
    };
    render(&MessagesPage {
        rows: found
            .messages
            .iter()
            .map(|row| MessageView::new(row, page.language))
            .collect(),
        states: MessageState::ALL.iter().map(option).collect(),
        is_sending: state.settings.sends_messages,
        list,
        page,
    })
}

/// `POST /messages/{id}/retry`
async fn retry(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let id: MessageId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &sent.signed_in.scope;
    let retried = state
        .storage
        .retry_message(&id, &scope.person, scope.at)
        .await;
    match retried {
        Ok(true) => {
            let target = id.to_string();
            audit(&state.auth, scope.person, "message_retried", &target, "").await?;
        }
        Ok(false) => {}
        Err(StorageError::Missing(_)) => return Err(PageError::NotFound),
        Err(error) => return Err(error.into()),
    }
    Ok(Redirect::to("/messages?retried=1").into_response())
}

/// Which households to choose from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct ChoiceQuery {
    q: String,
    grid: String,
}

/// The form of a notice with the households its search finds.
async fn notice_page(
    state: &AppState,
    page: Page,
    scope: &Scope,
    query: ChoiceQuery,
    text: String,
    chosen: &[RecordId],
) -> Result<NewNoticePage, PageError> {
    let storage = &state.storage;
    let grids = storage.list_grids_in_scope(&scope.person, scope.at).await?;
    let grid: Option<GridId> = query.grid.parse().ok();
    let filter = RecordFilter {
        kind: Some(RecordKind::Household),
        grid,
        text: query
            .q
            .chars()
            .filter(|c| !c.is_control())
            .take(SEARCH_CHARS)
            .collect(),
        order: RecordOrder::Title,
        // One more than allowed, to notice.
        limit: u32::try_from(MOST_HOUSEHOLDS + 1).unwrap_or(u32::MAX),
        ..RecordFilter::default()
    };
    // Nobody chooses from a whole street: a grid or words first.
    let found = if grid.is_some() || !filter.text.trim().is_empty() {
        let found = storage.list_records(&scope.person, scope.at, &filter);
        found.await?.records
    } else {
        Vec::new()
    };
    let is_more = found.len() > MOST_HOUSEHOLDS;
    let households = found.iter().take(MOST_HOUSEHOLDS);
    let households = households.filter(|record| mobile(&record.summary.phone).is_some());
    Ok(NewNoticePage {
        households: households.map(|record| household(record, chosen)).collect(),
        is_more,
        text,
        grids: node_options(grids, &query.grid),
        q: query.q,
        grid: query.grid,
        most: MOST_HOUSEHOLDS,
        page,
    })
}

fn household(record: &ListedRecord, chosen: &[RecordId]) -> NoticeHousehold {
    let summary = &record.summary;
    NoticeHousehold {
        id: record.id.to_string(),
        title: summary.title.clone(),
        name: MaskingKind::Name.mask(&summary.person_name),
        phone: MaskingKind::Mobile.mask(&summary.phone),
        grid_name: record.grid_name.clone(),
        is_chosen: chosen.contains(&record.id),
    }
}

/// `GET /messages/notice`
async fn new_notice(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<ChoiceQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    require_desk(scope)?;
    let page = frame.page_for(&signed_in);
    render(&notice_page(&state, page, scope, query, String::new(), &[]).await?)
}

/// What the form of a notice sends, taken apart.
#[derive(Debug, Default)]
struct NoticeForm {
    text: String,
    query: ChoiceQuery,
    households: Vec<RecordId>,
}

impl NoticeForm {
    /// Of the fields as they came: one `household` for each that was chosen.
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "text" => form.text = value,
                "q" => form.query.q = value,
                "grid" => form.query.grid = value,
                "household" => form.households.extend(value.parse::<RecordId>()),
                _ => {}
            }
        }
        form.households.sort_unstable();
        form.households.dedup();
        form
    }

    fn checked(&self) -> Result<String, ResidentError> {
        let text = notice(&self.text)?;
        match self.households.len() {
            0 => Err(ResidentError::Nobody),
            1..=MOST_HOUSEHOLDS => Ok(text),
            _ => Err(ResidentError::TooManyHouseholds),
        }
    }
}

/// `POST /messages/notice`
async fn send_notice(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    require_desk(scope)?;
    let form = NoticeForm::of(form);
    let error = match form.checked() {
        Ok(text) => {
            let new = NewNotice {
                id: NoticeId::make(state.clock.as_ref(), state.entropy.as_ref()),
                text,
                households: form.households.clone(),
                most_a_day: MOST_A_DAY as u64,
                person: scope.person,
                at: scope.at,
            };
            match state.storage.create_notice(&new).await? {
                NoticeOutcome::Queued(count) => {
                    let (target, count) = (new.id.to_string(), count.to_string());
                    audit(&state.auth, scope.person, "notice_sent", &target, &count).await?;
                    let link = with_query("/messages", &[("queued", &count)]);
                    return Ok(Redirect::to(&link).into_response());
                }
                NoticeOutcome::Nobody => ResidentError::Nobody,
                NoticeOutcome::TooManyToday => ResidentError::TooManyToday,
            }
        }
        Err(error) => error,
    };
    let code = error.code();
    let page = frame.page_for(&signed_in);
    let page = page.with_problem(error.text(frame.language));
    let NoticeForm {
        text,
        query,
        households,
    } = form;
    let page = notice_page(&state, page, scope, query, text, &households).await?;
    render_refusal(&page, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_of_an_outlet_has_words_in_both_languages() {
        use crate::courier::OutletError as E;
        let problems = [
            E::Refused(422),
            E::Busy(503),
            E::Unreachable,
            E::TimedOut,
            E::File,
        ];
        for language in Language::ALL {
            for problem in problems {
                let words = problem_words(&problem.to_string(), language);
                assert_ne!(words, problem.to_string());
            }
            assert_ne!(problem_words("expired", language), "expired");
            for state in MessageState::ALL {
                assert!(!state_words(state, language).contains("resident-"));
            }
        }
        assert!(problem_words("busy 503", Language::Chinese).ends_with(" 503"));
        assert_eq!(problem_words("", Language::Chinese), "");
    }
}
