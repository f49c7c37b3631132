//! `/screenings`: one list of everything screened (巡回排查、统一登记): visits,
//! hazards and incidents, by grid and day.

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, GridId, PersonId, RecordKind,
    message::{find_message, message_id},
};

use super::{
    error::PageError,
    field::choice,
    frame::{Frame, render},
    link::with_query,
    list::GridOption,
    page::Page,
    record::view::list_href,
    select::SelectOption,
    sheet::{csv, csv_answer},
};
use crate::{
    AppState,
    auth::{Scope, SignedIn, sign_in::audit},
    storage::{Screening, ScreeningFilter, ScreeningKind, ScreeningPage, ScreeningTopic, WorkSpan},
};

/// Rows of one page.
const PAGE_ROWS: u32 = 50;
/// Most rows of an export.
const EXPORT_ROWS: u32 = 10_000;
/// How many days are shown unless somebody says otherwise.
const USUAL_DAYS: i32 = 7;
/// Longest span, in days.
const MOST_DAYS: i32 = 366;

#[derive(Template)]
#[template(path = "screenings.html")]
pub(crate) struct ScreeningsPage {
    pub(crate) page: Page,
    pub(crate) form: ScreeningForm,
    pub(crate) kinds: Vec<SelectOption>,
    pub(crate) topics: Vec<SelectOption>,
    pub(crate) grids: Vec<GridOption>,
    pub(crate) rows: Vec<ScreeningView>,
    pub(crate) total: u64,
    pub(crate) export: String,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
    pub(crate) is_behind: bool,
}

/// One line in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ScreeningView {
    pub(crate) day: String,
    pub(crate) kind: String,
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) class: String,
    pub(crate) state: String,
    pub(crate) grid_name: String,
    pub(crate) person: String,
}

impl ScreeningView {
    pub(crate) fn new(row: &Screening, page: &Page) -> Self {
        let words =
            |pattern: &str, code: &str| choice(row.record_kind, pattern, code, page.language);
        let (class, state) = match row.kind {
            ScreeningKind::Visit => (words("kind", &row.class), words("result", &row.state)),
            ScreeningKind::Hazard => {
                let state = message_id("hazard-state", &row.state);
                let class = words("hazards.*.kind", &row.class);
                let state = find_message(page.language, &state, &[]);
                (class, state.unwrap_or_else(|| row.state.clone()))
            }
            ScreeningKind::Incident => (row.class.clone(), words("case.state", &row.state)),
        };
        let title = if row.title.is_empty() {
            page.t(&format!("kind-{}", RecordKind::as_str(row.record_kind)))
        } else {
            row.title.clone()
        };
        Self {
            day: row.day.to_string(),
            kind: kind_words(row.kind, page),
            href: format!("{}/{}", list_href(row.record_kind), row.record),
            title,
            class,
            state,
            grid_name: row.grid_name.clone(),
            person: row.person_name.clone(),
        }
    }
}

fn kind_words(kind: ScreeningKind, page: &Page) -> String {
    page.t(&format!("console-screening-{}", kind.as_str()))
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ScreeningForm {
    /// `visit`, `hazard`, `incident`; empty for all.
    pub(crate) what: String,
    /// `dispute`, `order`, `safety`, `care`; empty for all.
    pub(crate) topic: String,
    /// Id of a grid; empty for all.
    pub(crate) grid: String,
    /// Visits of this person only.
    pub(crate) person: String,
    pub(crate) from: String,
    pub(crate) to: String,
    /// Number of the page, from 1.
    pub(crate) page: String,
}

impl ScreeningForm {
    /// Fills in what was left out, and takes nonsense for nothing.
    fn settled(self, today: CivilDay) -> Self {
        let last = self.to.parse().unwrap_or(today);
        let first = self.from.parse().unwrap_or(last.plus(1 - USUAL_DAYS));
        let first = first.min(last).max(last.plus(-MOST_DAYS));
        let kind = ScreeningKind::parse(&self.what);
        let topic = ScreeningTopic::parse(&self.topic);
        Self {
            topic: topic
                .map(ScreeningTopic::as_str)
                .unwrap_or_default()
                .to_owned(),
            what: kind
                .map(ScreeningKind::as_str)
                .unwrap_or_default()
                .to_owned(),
            grid: self
                .grid
                .parse::<GridId>()
                .map_or(String::new(), |id| id.to_string()),
            person: self
                .person
                .parse::<PersonId>()
                .map_or(String::new(), |id| id.to_string()),
            from: first.to_string(),
            to: last.to_string(),
            page: self.number().to_string(),
        }
    }

    fn number(&self) -> u64 {
        self.page.parse().unwrap_or(1).clamp(1, 1_000_000)
    }

    /// What storage is asked; of a settled form.
    fn filter(&self, today: CivilDay, limit: u32) -> ScreeningFilter {
        ScreeningFilter {
            span: WorkSpan {
                first: self.from.parse().unwrap_or(today),
                last: self.to.parse().unwrap_or(today),
            },
            grid: self.grid.parse().ok(),
            kind: ScreeningKind::parse(&self.what),
            topic: ScreeningTopic::parse(&self.topic),
            person: self.person.parse().ok(),
            offset: (self.number() - 1).saturating_mul(u64::from(limit)),
            limit,
        }
    }

    fn link(&self, action: &str, page: u64) -> String {
        let page = if page > 1 {
            page.to_string()
        } else {
            String::new()
        };
        with_query(
            action,
            &[
                ("what", &self.what),
                ("topic", &self.topic),
                ("grid", &self.grid),
                ("person", &self.person),
                ("from", &self.from),
                ("to", &self.to),
                ("page", &page),
            ],
        )
    }
}

impl ScreeningsPage {
    pub(crate) fn new(
        page: Page,
        form: ScreeningForm,
        grids: Vec<GridOption>,
        found: &ScreeningPage,
        is_behind: bool,
    ) -> Self {
        let number = form.number();
        let pages = found.total.div_ceil(u64::from(PAGE_ROWS)).max(1);
        let topics = ScreeningTopic::ALL.map(|topic| {
            let label = page.t(&format!("console-screening-topic-{}", topic.as_str()));
            SelectOption::new(topic.as_str(), label, &form.topic)
        });
        let kinds = ScreeningKind::ALL
            .map(|kind| SelectOption::new(kind.as_str(), kind_words(kind, &page), &form.what));
        Self {
            kinds: kinds.to_vec(),
            topics: topics.to_vec(),
            grids,
            rows: found
                .rows
                .iter()
                .map(|row| ScreeningView::new(row, &page))
                .collect(),
            total: found.total,
            export: form.link("/screenings/export.csv", 1),
            previous: (number > 1).then(|| form.link("/screenings", number - 1)),
            next: (number < pages).then(|| form.link("/screenings", number + 1)),
            is_behind,
            form,
            page,
        }
    }
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/screenings", get(list))
        .route("/screenings/export.csv", get(export))
}

async fn find(
    state: &AppState,
    scope: &Scope,
    form: &ScreeningForm,
    limit: u32,
) -> Result<ScreeningPage, PageError> {
    let filter = form.filter(CivilDay::of(scope.at), limit);
    Ok(state
        .storage
        .list_screenings(&scope.person, scope.at, &filter)
        .await?)
}

/// `GET /screenings`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<ScreeningForm>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let form = form.settled(CivilDay::of(scope.at));
    let found = find(&state, scope, &form, PAGE_ROWS).await?;
    let grids = state
        .storage
        .list_grids_in_scope(&scope.person, scope.at)
        .await?;
    let grids = grids.iter().map(GridOption::from).collect();
    let is_behind = state.storage.has_visits_due().await?;
    let page = frame.page_for(&signed_in);
    render(&ScreeningsPage::new(page, form, grids, &found, is_behind))
}

/// `GET /screenings/export.csv`
async fn export(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<ScreeningForm>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let form = ScreeningForm {
        page: String::new(),
        ..form
    };
    let form = form.settled(CivilDay::of(scope.at));
    let found = find(&state, scope, &form, EXPORT_ROWS).await?;
    let page = frame.page_for(&signed_in);
    let heading = [
        "console-screening-day",
        "console-screening-what",
        "console-grid",
        "console-screening-title",
        "console-screening-class",
        "console-screening-state",
        "console-work-person",
    ];
    let mut rows = vec![heading.map(|id| page.t(id)).to_vec()];
    rows.extend(found.rows.iter().map(|row| {
        let view = ScreeningView::new(row, &page);
        vec![
            view.day,
            view.kind,
            view.grid_name,
            view.title,
            view.class,
            view.state,
            view.person,
        ]
    }));
    let detail = format!("{} {} {}", form.from, form.to, found.rows.len());
    audit(
        &state.auth,
        scope.person,
        "screenings_exported",
        "",
        &detail,
    )
    .await?;
    Ok(csv_answer("screenings", csv(&rows)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_left_out_are_the_last_week_and_nonsense_is_left_out() {
        let today: CivilDay = "2026-03-18".parse().unwrap();
        let form = |from: &str, to: &str| {
            let form = ScreeningForm {
                from: from.to_owned(),
                to: to.to_owned(),
                what: "raid".to_owned(),
                grid: "x".to_owned(),
                page: "-1".to_owned(),
                ..ScreeningForm::default()
            };
            let form = form.settled(today);
            assert_eq!((form.what.as_str(), form.grid.as_str()), ("", ""));
            assert_eq!(form.page, "1");
            (form.from, form.to)
        };
        let days = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert_eq!(form("", ""), days("2026-03-12", "2026-03-18"));
        assert_eq!(
            form("2026-03-20", "2026-03-01"),
            days("2026-03-01", "2026-03-01")
        );
        assert_eq!(
            form("1999-01-01", "2026-03-01"),
            days("2025-02-28", "2026-03-01")
        );
    }
}
