//! `/work`: what was handed in, by grid and worker: of a day (每天上传、监督跟踪), a
//! week (每周汇总、周例会), a fortnight (双周研判) or a month, with what is left open and
//! which incidents there were more of, as a sheet for meetings (工作例会、民情通报会).
//! `/figures`: how each worker stands against the rules.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, GridId, RecordKind, Timestamp,
    document::schema::OPINION_CATEGORY,
    reference::VISIT_RULES,
    visit_plan::{Period, RuleUnit, VisitRules},
    work_period::WorkPeriod,
};

use super::{
    coverage::Share,
    error::PageError,
    field::choice,
    frame::{Frame, render},
    link::with_query,
    page::Page,
    select::SelectOption,
    sheet::{csv, csv_answer},
    study::{StudyView, study},
};
use crate::{
    AppState, assessment,
    auth::{Scope, SignedIn, sign_in::audit},
    storage::{CoverageRow, MatterRow, Storage, WorkRow, WorkSpan, WorkerFigures},
};

#[derive(Template)]
#[template(path = "work.html")]
pub(crate) struct WorkPage {
    pub(crate) page: Page,
    pub(crate) periods: Vec<SelectOption>,
    pub(crate) on: String,
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) is_day: bool,
    pub(crate) export: String,
    pub(crate) grids: Vec<GridWork>,
    pub(crate) sum: WorkView,
    /// Workers of whom nothing came.
    pub(crate) silent: usize,
    /// What came up and is open; of a week or month.
    pub(crate) matters: Vec<MatterView>,
    pub(crate) matter_sum: MatterView,
    /// Which incidents there were more or fewer of than in the period before; of
    /// a week and longer, where the reader sees figures.
    pub(crate) study: Option<StudyView>,
    pub(crate) is_behind: bool,
}

#[derive(Template)]
#[template(path = "figures.html")]
pub(crate) struct FiguresPage {
    pub(crate) page: Page,
    pub(crate) month: String,
    pub(crate) grids: Vec<GridFigures>,
    pub(crate) is_behind: bool,
}

/// A grid with its workers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GridWork {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) workers: Vec<WorkView>,
}

/// What somebody handed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WorkView {
    pub(crate) name: String,
    pub(crate) is_member: bool,
    /// Nothing came of them, and something should.
    pub(crate) is_silent: bool,
    pub(crate) days: u64,
    pub(crate) households: u64,
    pub(crate) places: u64,
    pub(crate) visits: u64,
    pub(crate) incidents: u64,
    pub(crate) last_seen_at: String,
}

impl WorkView {
    fn new(row: &WorkRow) -> Self {
        Self {
            name: row.person_name.clone(),
            is_member: row.is_member,
            is_silent: row.is_member && row.days == 0,
            days: row.days,
            households: row.households,
            places: row.places,
            visits: row.visits,
            incidents: row.incidents,
            last_seen_at: row
                .last_seen_at
                .map(Timestamp::to_china_text)
                .unwrap_or_default(),
        }
    }

    fn add(&mut self, other: &Self) {
        self.households += other.households;
        self.places += other.places;
        self.visits += other.visits;
        self.incidents += other.incidents;
    }
}

/// What came up in a grid and what is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MatterView {
    pub(crate) name: String,
    pub(crate) households: u64,
    pub(crate) visited: Share,
    pub(crate) visits: u64,
    pub(crate) incidents: u64,
    pub(crate) open_demands: u64,
    pub(crate) overdue: u64,
    pub(crate) hazards_found: u64,
    pub(crate) hazards_open: u64,
    pub(crate) rechecks_due: u64,
    /// By category: the category in words, heard, settled.
    pub(crate) opinions: Vec<(String, u64, u64)>,
}

impl MatterView {
    fn new(row: &MatterRow, page: &Page) -> Self {
        let opinions = OPINION_CATEGORY.iter().filter_map(|category| {
            let found = row.opinions.iter().find(|one| one.category == *category)?;
            let words = choice(
                RecordKind::Visit,
                "opinions.*.category",
                category,
                page.language,
            );
            Some((words, found.heard, found.settled))
        });
        Self {
            name: row.name.clone(),
            households: row.households,
            visited: Share::of(row.visited, row.households),
            visits: row.visits,
            incidents: row.incidents,
            open_demands: row.open_demands,
            overdue: row.overdue,
            hazards_found: row.hazards_found,
            hazards_open: row.hazards_open,
            rechecks_due: row.rechecks_due,
            opinions: opinions.collect(),
        }
    }

    fn sum(rows: &[Self]) -> Self {
        let mut sum = Self::default();
        let mut visited = 0;
        for row in rows {
            sum.households += row.households;
            visited += row.visited.count;
            sum.visits += row.visits;
            sum.incidents += row.incidents;
            sum.open_demands += row.open_demands;
            sum.overdue += row.overdue;
            sum.hazards_found += row.hazards_found;
            sum.hazards_open += row.hazards_open;
            sum.rechecks_due += row.rechecks_due;
            for (words, heard, settled) in &row.opinions {
                match sum.opinions.iter_mut().find(|(one, ..)| one == words) {
                    Some((_, all, done)) => {
                        *all += heard;
                        *done += settled;
                    }
                    None => sum.opinions.push((words.clone(), *heard, *settled)),
                }
            }
        }
        sum.visited = Share::of(visited, sum.households);
        sum
    }
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/work", get(work))
        .route("/work/export.csv", get(export))
        .route("/figures", get(figures))
}

/// Which days are asked for; today if that is none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WorkQuery {
    /// `day`, `week`, `fortnight` or `month`.
    period: String,
    /// A day in it.
    on: String,
}

impl WorkQuery {
    /// Asked for in these words.
    #[cfg(test)]
    pub(crate) fn of(period: &str, on: &str) -> Self {
        Self {
            period: period.to_owned(),
            on: on.to_owned(),
        }
    }

    fn period(&self) -> WorkPeriod {
        WorkPeriod::parse(&self.period).unwrap_or(WorkPeriod::Day)
    }

    /// The days asked for, up to the end of the period.
    fn span(&self, today: CivilDay) -> WorkSpan {
        let on = self.on.parse().unwrap_or(today);
        let period = self.period();
        WorkSpan {
            first: period.first(on),
            last: period.last(on),
        }
    }

    fn word(&self) -> &'static str {
        self.period().as_str()
    }
}

impl WorkPage {
    pub(crate) fn new(
        page: Page,
        query: &WorkQuery,
        span: WorkSpan,
        rows: &[WorkRow],
        matters: &[MatterRow],
        is_behind: bool,
    ) -> Self {
        let word = query.word();
        let periods = WorkPeriod::ALL.iter().map(|one| {
            let one = one.as_str();
            let label = page.t(&format!("console-work-{one}"));
            SelectOption::new(one, label, word)
        });
        let mut grids: Vec<(GridId, GridWork)> = Vec::new();
        let mut sum = WorkView::default();
        for row in rows {
            let view = WorkView::new(row);
            sum.add(&view);
            match grids.last_mut() {
                Some((grid, work)) if *grid == row.grid => work.workers.push(view),
                _ => grids.push((
                    row.grid,
                    GridWork {
                        name: row.grid_name.clone(),
                        code: row.grid_code.clone(),
                        workers: vec![view],
                    },
                )),
            }
        }
        let matters: Vec<MatterView> = matters
            .iter()
            .map(|row| MatterView::new(row, &page))
            .collect();
        let on = span.first.to_string();
        Self {
            periods: periods.collect(),
            export: with_query("/work/export.csv", &[("period", word), ("on", &on)]),
            first: span.first.to_string(),
            last: span.last.to_string(),
            is_day: query.period() == WorkPeriod::Day,
            silent: rows
                .iter()
                .filter(|row| row.is_member && row.days == 0)
                .count(),
            grids: grids.into_iter().map(|(_, work)| work).collect(),
            sum,
            matter_sum: MatterView::sum(&matters),
            matters,
            study: None,
            is_behind,
            on,
            page,
        }
    }

    /// As a text file: a line per grid and worker.
    fn csv(&self) -> String {
        let heading = [
            "console-grid",
            "console-grid-code",
            "console-work-person",
            "console-work-days",
            "console-households",
            "console-places",
            "console-visits",
            "console-incidents",
            "console-work-last-seen",
        ];
        let mut rows = vec![heading.map(|id| self.page.t(id)).to_vec()];
        for grid in &self.grids {
            for worker in &grid.workers {
                rows.push(vec![
                    grid.name.clone(),
                    grid.code.clone(),
                    worker.name.clone(),
                    worker.days.to_string(),
                    worker.households.to_string(),
                    worker.places.to_string(),
                    worker.visits.to_string(),
                    worker.incidents.to_string(),
                    worker.last_seen_at.clone(),
                ]);
            }
        }
        csv(&rows)
    }
}

async fn load(
    state: &AppState,
    scope: &Scope,
    page: Page,
    query: &WorkQuery,
) -> Result<WorkPage, PageError> {
    let span = query.span(CivilDay::of(scope.at));
    let storage = &state.storage;
    let rows = storage.list_work(&scope.person, scope.at, span).await?;
    if query.period() == WorkPeriod::Day {
        let is_behind = storage.has_visits_due().await?;
        return Ok(WorkPage::new(page, query, span, &rows, &[], is_behind));
    }
    let matters = storage.list_matters(&scope.person, scope.at, span).await?;
    let is_behind = !assessment::is_counted(storage.as_ref()).await?;
    let study = study(state, scope, &page, query.period(), span).await?;
    let mut page = WorkPage::new(page, query, span, &rows, &matters, is_behind);
    page.study = study;
    Ok(page)
}

/// `GET /work`
async fn work(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<WorkQuery>,
) -> Result<Response, PageError> {
    let page = frame.page_for(&signed_in);
    render(&load(&state, &signed_in.scope, page, &query).await?)
}

/// `GET /work/export.csv`
async fn export(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<WorkQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let page = load(&state, scope, frame.page_for(&signed_in), &query).await?;
    let detail = format!("{} {}", query.word(), page.on);
    audit(&state.auth, scope.person, "work_exported", "", &detail).await?;
    Ok(csv_answer("work", page.csv()))
}

/// A grid's figures of a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GridFigures {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) households: u64,
    pub(crate) visited: Share,
    /// The rows behind the figure.
    pub(crate) visits_href: String,
    pub(crate) workers: Vec<WorkerView>,
}

/// A worker's figures of a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WorkerView {
    pub(crate) name: String,
    pub(crate) households: u64,
    /// How many there should be; nothing if no rule says so.
    pub(crate) households_wanted: Option<u32>,
    pub(crate) days_out: u64,
    pub(crate) days_wanted: Option<u32>,
    pub(crate) visits: u64,
    pub(crate) not_counted: u64,
    pub(crate) overdue: u64,
    /// The rows behind the figures.
    pub(crate) visits_href: String,
}

impl WorkerView {
    /// Fewer households than a rule asks for.
    pub(crate) fn lacks_households(&self) -> bool {
        self.households_wanted
            .is_some_and(|wanted| self.households < u64::from(wanted))
    }

    /// Fewer days than a rule asks for.
    pub(crate) fn lacks_days(&self) -> bool {
        self.days_wanted
            .is_some_and(|wanted| self.days_out < u64::from(wanted))
    }
}

/// Which month is asked for; this one if that is none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FiguresQuery {
    month: String,
}

/// What rules ask of a worker in a month: households and days.
type Wanted = (Option<u32>, Option<u32>);

/// What the rules that hold in a grid ask.
async fn wanted(storage: &dyn Storage, grid: GridId) -> Result<Wanted, PageError> {
    let set = storage
        .find_reference_above(VISIT_RULES, &grid.into())
        .await?;
    let rules: VisitRules = set
        .and_then(|set| set.read(|body| serde_json::from_slice(body)))
        .unwrap_or_default();
    let count = |unit| {
        let rule = rules.for_worker(unit);
        rule.filter(|rule| rule.period == Period::Month)
            .map(|rule| rule.count)
    };
    Ok((count(RuleUnit::Household), count(RuleUnit::Day)))
}

impl FiguresPage {
    pub(crate) fn new(
        page: Page,
        span: WorkSpan,
        coverage: &[CoverageRow],
        workers: &[(WorkerFigures, Wanted)],
        is_behind: bool,
    ) -> Self {
        let (first, last) = (span.first.to_string(), span.last.to_string());
        let href = |grid: GridId, person: &str| {
            let grid = grid.to_string();
            let query = [
                ("what", "visit"),
                ("grid", grid.as_str()),
                ("from", &first),
                ("to", &last),
                ("person", person),
            ];
            with_query("/screenings", &query)
        };
        let mut by_grid: BTreeMap<GridId, Vec<WorkerView>> = BTreeMap::new();
        for (figures, (households_wanted, days_wanted)) in workers {
            by_grid.entry(figures.grid).or_default().push(WorkerView {
                name: figures.person_name.clone(),
                households: figures.households,
                households_wanted: *households_wanted,
                days_out: figures.days_out,
                days_wanted: *days_wanted,
                visits: figures.visits,
                not_counted: figures.not_counted,
                overdue: figures.overdue,
                visits_href: href(figures.grid, &figures.person.to_string()),
            });
        }
        Self {
            month: span.first.to_date().format("%Y-%m").to_string(),
            grids: coverage
                .iter()
                .map(|row| GridFigures {
                    name: row.name.clone(),
                    code: row.code.clone(),
                    households: row.households,
                    visited: Share::of(row.month, row.households),
                    visits_href: href(row.grid, ""),
                    workers: by_grid.remove(&row.grid).unwrap_or_default(),
                })
                .collect(),
            is_behind,
            page,
        }
    }
}

/// `GET /figures`
async fn figures(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<FiguresQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let today = CivilDay::of(scope.at);
    let asked = format!("{}-01", query.month).parse::<CivilDay>();
    let first = asked.unwrap_or(today).month_start();
    let span = WorkSpan {
        first,
        // What is overdue is so today, not at the end of a month to come.
        last: Period::Month.last_day(first).min(today).max(first),
    };
    let storage = &state.storage;
    let coverage = storage
        .list_coverage(&scope.person, scope.at, first)
        .await?;
    let figures = storage
        .list_worker_figures(&scope.person, scope.at, span)
        .await?;
    let mut rules: BTreeMap<GridId, Wanted> = BTreeMap::new();
    let mut workers = Vec::with_capacity(figures.len());
    for one in figures {
        let wanted = if let Some(wanted) = rules.get(&one.grid) {
            *wanted
        } else {
            let wanted = wanted(storage.as_ref(), one.grid).await?;
            rules.insert(one.grid, wanted);
            wanted
        };
        workers.push((one, wanted));
    }
    let is_behind = storage.has_visits_due().await?;
    let page = frame.page_for(&signed_in);
    render(&FiguresPage::new(
        page, span, &coverage, &workers, is_behind,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_of_a_period_are_whole_and_nonsense_is_today() {
        let today: CivilDay = "2026-03-18".parse().unwrap();
        let span = |period: &str, on: &str| {
            let span = WorkQuery::of(period, on).span(today);
            (span.first.to_string(), span.last.to_string())
        };
        let days = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        assert_eq!(span("", ""), days("2026-03-18", "2026-03-18"));
        assert_eq!(span("week", "2026-03-18"), days("2026-03-16", "2026-03-22"));
        assert_eq!(
            span("month", "2026-02-10"),
            days("2026-02-01", "2026-02-28")
        );
        assert_eq!(
            span("fortnight", "2026-03-18"),
            days("2026-03-09", "2026-03-22")
        );
        assert_eq!(span("year", "x"), days("2026-03-18", "2026-03-18"));
    }
}
