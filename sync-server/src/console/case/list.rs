//! `GET /cases`: cases in scope, most pressing first.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use wangge_model::{
    RecordKind, Timestamp,
    access::Seat,
    case::{CaseLevel, CaseState, Urgency},
    deadline::Light,
    message::{Language, message, message_id},
};

use crate::{
    AppState,
    auth::SignedIn,
    console::{
        error::PageError,
        field::choice,
        frame::{Frame, render},
        link::with_query,
        list::PAGE_ROWS,
        page::Page,
        select::SelectOption,
    },
    storage::{CaseFilter, CasePage, CaseQueue, ListedCase},
};

#[derive(Template)]
#[template(path = "cases.html")]
pub(crate) struct CasesPage {
    pub(crate) page: Page,
    pub(crate) list: CaseListView,
    pub(crate) tabs: Vec<Tab>,
    pub(crate) states: Vec<SelectOption>,
    pub(crate) lights: Vec<SelectOption>,
}

/// A queue to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tab {
    pub(crate) href: String,
    pub(crate) label: String,
    pub(crate) is_current: bool,
}

/// What the page's address says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListForm {
    queue: String,
    state: String,
    light: String,
    class: String,
    page: String,
}

/// A page of the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaseListView {
    pub(crate) queue: String,
    pub(crate) class: String,
    pub(crate) rows: Vec<CaseRowView>,
    pub(crate) total: u64,
    pub(crate) is_more: bool,
    pub(crate) number: u64,
    pub(crate) form: ListForm,
}

/// A case in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CaseRowView {
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) number: String,
    pub(crate) state: String,
    pub(crate) level: String,
    pub(crate) urgency: String,
    pub(crate) is_pressing: bool,
    pub(crate) due_at: String,
    pub(crate) light: String,
    /// Class of the light's badge.
    pub(crate) light_class: &'static str,
    pub(crate) grid_name: String,
    pub(crate) has_requests: bool,
    /// People who reported it, if more than one.
    pub(crate) reporters: Option<u32>,
    /// Incidents that may be the same.
    pub(crate) alike: u32,
}

impl CaseListView {
    /// Number of pages, at least 1.
    pub(crate) fn pages(&self) -> u64 {
        self.total.div_ceil(u64::from(PAGE_ROWS)).max(1)
    }

    fn link(&self, number: u64) -> String {
        let ListForm {
            queue,
            state,
            light,
            class,
            ..
        } = &self.form;
        let page = if number > 1 {
            number.to_string()
        } else {
            String::new()
        };
        let query = [
            ("queue", queue.as_str()),
            ("state", state.as_str()),
            ("light", light.as_str()),
            ("class", class.as_str()),
            ("page", page.as_str()),
        ];
        with_query("/cases", &query)
    }

    /// Where the page before is.
    pub(crate) fn previous(&self) -> Option<String> {
        (self.number > 1).then(|| self.link(self.number - 1))
    }

    /// Where the next page is.
    pub(crate) fn next(&self) -> Option<String> {
        (self.number < self.pages()).then(|| self.link(self.number + 1))
    }

    /// Whether anything beside the queue narrows it.
    pub(crate) fn is_set(&self) -> bool {
        let form = &self.form;
        !(form.state.is_empty() && form.light.is_empty() && form.class.is_empty())
    }
}

/// The desks somebody sits at, lowest first.
fn desks(seats: &[Seat]) -> Vec<CaseLevel> {
    let mut levels: Vec<CaseLevel> = seats
        .iter()
        .filter_map(|seat| wangge_model::case::case_role(*seat)?.desk_level())
        .collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

/// `GET /cases`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(mut form): Query<ListForm>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let desks = desks(&scope.seats);
    let mut queues: Vec<(String, CaseQueue)> = desks
        .iter()
        .map(|level| (level.as_str().to_owned(), CaseQueue::Desk(*level)))
        .collect();
    queues.push(("units".to_owned(), CaseQueue::Units));
    queues.push(("all".to_owned(), CaseQueue::All));
    if !queues.iter().any(|(name, _)| *name == form.queue) {
        form.queue = queues
            .first()
            .map_or_else(String::new, |(name, _)| name.clone());
    }
    let queue = queues
        .iter()
        .find(|(name, _)| *name == form.queue)
        .map_or(CaseQueue::All, |(_, queue)| *queue);
    form.class = form.class.trim().chars().take(32).collect();
    let number: u64 = form.page.parse().unwrap_or(1).clamp(1, 1_000_000);
    let filter = CaseFilter {
        queue,
        state: CaseState::parse(&form.state),
        light: find_light(&form.light),
        class: form.class.clone(),
        grid: None,
        first_asked: None,
        received: None,
        offset: (number - 1).saturating_mul(u64::from(PAGE_ROWS)),
        limit: PAGE_ROWS,
    };
    let found = state
        .storage
        .list_cases(&filter, &scope.person, scope.at)
        .await?;
    let language = frame.language;
    let rows = found
        .cases
        .iter()
        .map(|case| case_row(case, scope.at, language));
    let list = CaseListView {
        queue: form.queue.clone(),
        class: form.class.clone(),
        rows: rows.collect(),
        is_more: found.total > CasePage::MOST,
        total: found.total.min(CasePage::MOST),
        number,
        form: form.clone(),
    };
    let tabs = queues
        .iter()
        .map(|(name, _)| Tab {
            href: with_query("/cases", &[("queue", name)]),
            label: frame.t(&message_id("console-cases-queue", name)),
            is_current: *name == form.queue,
        })
        .collect();
    let any = |id: &str| SelectOption::new("", frame.t(id), "");
    let states = CaseState::ALL.iter().map(|state| {
        let code = state.as_str();
        SelectOption::new(code, frame.t(&message_id("case-state", code)), &form.state)
    });
    let lights = LIGHTS.iter().map(|(code, _, _)| {
        SelectOption::new(*code, frame.t(&message_id("case-light", code)), &form.light)
    });
    render(&CasesPage {
        page: frame.page_for(&signed_in),
        list,
        tabs,
        states: std::iter::once(any("console-cases-open"))
            .chain(states)
            .collect(),
        lights: std::iter::once(any("console-cases-any-light"))
            .chain(lights)
            .collect(),
    })
}

/// Lights by code, with the class of their badge.
const LIGHTS: [(&str, Light, &str); 3] = [
    ("green", Light::Green, "good"),
    ("yellow", Light::Yellow, "warn"),
    ("red", Light::Red, "bad"),
];

fn find_light(code: &str) -> Option<Light> {
    LIGHTS
        .iter()
        .find(|(name, _, _)| *name == code)
        .map(|(_, light, _)| *light)
}

/// A light's text and the class of its badge; empty without one.
pub(super) fn light_words(light: Option<Light>, language: Language) -> (String, &'static str) {
    LIGHTS
        .iter()
        .find(|(_, one, _)| Some(*one) == light)
        .map_or((String::new(), ""), |(code, _, class)| {
            (
                message(language, &message_id("case-light", code), &[]),
                *class,
            )
        })
}

pub(super) fn case_row(listed: &ListedCase, now: Timestamp, language: Language) -> CaseRowView {
    let t = |id: &str| message(language, id, &[]);
    let case = &listed.record;
    let summary = &case.summary;
    let stands = summary.case.clone().unwrap_or_default();
    let (light, light_class) = light_words(stands.light(now), language);
    let due_at = match (stands.due_at, stands.due_problem.as_str()) {
        (Some(due), _) => due.to_china_text(),
        (None, "") => String::new(),
        (None, problem) => t(&message_id("case-due-problem", problem)),
    };
    let urgency = if stands.is_emergency {
        Urgency::Emergency.as_str()
    } else {
        summary.urgency.as_str()
    };
    CaseRowView {
        href: format!("/cases/{}", case.id),
        title: if summary.title.is_empty() {
            t("console-title-missing")
        } else {
            summary.title.clone()
        },
        number: summary.number.clone(),
        state: t(&message_id("case-state", &summary.state)),
        level: t(&message_id("case-level", stands.level())),
        is_pressing: !matches!(urgency, "" | "normal"),
        urgency: choice(RecordKind::Incident, "urgency", urgency, language),
        due_at,
        light,
        light_class,
        grid_name: case.grid_name.clone(),
        has_requests: stands.open_requests > 0,
        reporters: Some(listed.reporters).filter(|count| *count > 1),
        alike: listed.alike,
    }
}
