//! `/assessment/analysis`: incidents by class and place against the year before
//! (工单同比), what comes up again and again, and people with whose work checks
//! were not content (一年四次以上). Counts and rows: nothing follows by itself.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, RecordKind,
    assessment::{AssessmentList, AssessmentPeriod},
    message::{message, message_id},
    visit_plan::Period,
};

use super::{AssessmentQuery, Choice, choose};
use crate::{
    AppState, assessment,
    auth::{Scope, SignedIn},
    console::{
        error::PageError,
        frame::{Frame, render},
        page::Page,
        record::view::list_href,
    },
    storage::{CaseAnalysis, CaseCount, Repetition, WorkSpan, WorkerProblems, YearOnYear},
};

#[derive(Template)]
#[template(path = "assessment_analysis.html")]
pub(crate) struct AssessmentAnalysisPage {
    pub(crate) page: Page,
    pub(crate) choice: Choice,
    pub(crate) is_told: bool,
    pub(crate) analysis: Option<AnalysisView>,
    pub(crate) is_behind: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AnalysisView {
    /// Which days are compared with which.
    pub(crate) days: String,
    /// The aim of the list.
    pub(crate) aim: String,
    pub(crate) sum: ChangeView,
    pub(crate) classes: Vec<ChangeView>,
    pub(crate) places: Vec<ChangeView>,
    pub(crate) repeated_from: u32,
    pub(crate) repetitions: Vec<RepetitionView>,
    pub(crate) problems_from: u32,
    pub(crate) year: String,
    pub(crate) people: Vec<ProblemsView>,
}

/// A class or place with two counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChangeView {
    pub(crate) name: String,
    pub(crate) now: u64,
    pub(crate) before: u64,
    /// The change in percent; empty where there was none before.
    pub(crate) change: String,
    /// It is above the aim.
    pub(crate) is_above: bool,
}

impl ChangeView {
    pub(in crate::console) fn new(name: String, count: CaseCount, aim: i32) -> Self {
        let (now, before) = (i128::from(count.now), i128::from(count.before));
        let change = ((now - before) * 1_000).checked_div(before);
        let text = change.map(|tenths| {
            let sign = match tenths {
                ..0 => "−",
                0 => "",
                _ => "+",
            };
            let size = tenths.unsigned_abs();
            format!("{sign}{}.{}%", size / 10, size % 10)
        });
        Self {
            name,
            now: count.now,
            before: count.before,
            change: text.unwrap_or_default(),
            is_above: change.is_some_and(|tenths| tenths > i128::from(aim) * 10),
        }
    }
}

/// One class at one household or place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RepetitionView {
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) class: String,
    pub(crate) grid_name: String,
    pub(crate) count: u64,
    pub(crate) last_on: String,
}

/// One person with what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProblemsView {
    pub(crate) name: String,
    pub(crate) count: usize,
    pub(crate) problems: Vec<ProblemView>,
}

/// One finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProblemView {
    pub(crate) day: String,
    pub(crate) kind: String,
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) grid_name: String,
}

/// What an analysis is made of.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) days: YearOnYear,
    pub(crate) year: AssessmentPeriod,
    pub(crate) list: &'a AssessmentList,
    pub(crate) cases: &'a CaseAnalysis,
    pub(crate) repetitions: &'a [Repetition],
    pub(crate) people: &'a [WorkerProblems],
}

impl AnalysisView {
    pub(crate) fn new(page: &Page, found: &Found<'_>) -> Self {
        let aim = found.list.yearly_change;
        let view = |(name, count): &(String, CaseCount)| {
            let name = if name.is_empty() {
                page.t("console-assessment-no-class")
            } else {
                name.clone()
            };
            ChangeView::new(name, *count, aim)
        };
        let sum = found.cases.sum();
        Self {
            days: compared_text(page, &found.days),
            aim: format!("{aim}%"),
            sum: ChangeView::new(page.t("console-coverage-sum"), sum, aim),
            classes: found.cases.classes.iter().map(view).collect(),
            places: found.cases.places.iter().map(view).collect(),
            repeated_from: found.list.repeated_from,
            repetitions: found
                .repetitions
                .iter()
                .map(|one| repetition(one, page))
                .collect(),
            problems_from: found.list.problems_from,
            year: found.year.text(),
            people: found.people.iter().map(|one| problems(one, page)).collect(),
        }
    }
}

/// Which days are compared with which, in words.
pub(in crate::console) fn compared_text(page: &Page, days: &YearOnYear) -> String {
    let YearOnYear { now, before } = days;
    message(
        page.language,
        "console-assessment-compared",
        &[
            ("first", &now.first.to_string()),
            ("last", &now.last.to_string()),
            ("first_before", &before.first.to_string()),
            ("last_before", &before.last.to_string()),
        ],
    )
}

pub(in crate::console) fn repetition(one: &Repetition, page: &Page) -> RepetitionView {
    let kind = one.kind.unwrap_or(RecordKind::Household);
    let fallback = page.t(&format!("kind-{}", kind.as_str()));
    RepetitionView {
        href: if one.title.is_empty() {
            String::new()
        } else {
            format!("{}/{}", list_href(kind), one.subject)
        },
        title: if one.title.is_empty() {
            fallback
        } else {
            one.title.clone()
        },
        class: one.class.clone(),
        grid_name: one.grid_name.clone(),
        count: one.count,
        last_on: one.last_on.to_string(),
    }
}

fn problems(one: &WorkerProblems, page: &Page) -> ProblemsView {
    let problems = one.problems.iter().map(|problem| ProblemView {
        day: problem.day.to_string(),
        kind: page.t(&message_id("assessment-problem", problem.kind.as_str())),
        href: if problem.title.is_empty() {
            String::new()
        } else {
            format!("/cases/{}", problem.record)
        },
        title: format!("{} {}", problem.number, problem.title)
            .trim()
            .to_owned(),
        grid_name: problem.grid_name.clone(),
    });
    ProblemsView {
        name: one.person_name.clone(),
        count: one.problems.len(),
        problems: problems.collect(),
    }
}

/// The days of a period so far, and the same a year before: of a month that is
/// half over, half of the other.
pub(crate) fn compared(period: AssessmentPeriod, today: CivilDay) -> YearOnYear {
    let before = period.year_before();
    let now = WorkSpan {
        first: period.first(),
        last: period.last().min(today).max(period.first()),
    };
    let last = if now.last == period.last() {
        before.last()
    } else {
        let into = now.last.days_since(now.first);
        before.first().plus(into).min(before.last())
    };
    YearOnYear {
        now,
        before: WorkSpan {
            first: before.first(),
            last,
        },
    }
}

/// Whether only what residents told is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    told: String,
}

async fn load(
    state: &AppState,
    page: &Page,
    scope: &Scope,
    place: wangge_model::OrgNodeId,
    period: AssessmentPeriod,
    is_told: bool,
) -> Result<AnalysisView, PageError> {
    let storage = state.storage.as_ref();
    let (person, at) = (&scope.person, scope.at);
    let (list, _) = assessment::find_list(storage, &place).await?;
    let days = compared(period, CivilDay::of(at));
    let cases = storage
        .analyse_cases(person, at, &place, days, is_told)
        .await?
        .ok_or(PageError::NotFound)?;
    let repetitions = storage
        .list_repetitions(person, at, &place, days.now, list.repeated_from)
        .await?;
    let year = AssessmentPeriod::of(Period::Year, period.first()).ok_or(PageError::Internal)?;
    let of_year = WorkSpan {
        first: year.first(),
        last: year.last(),
    };
    let people = storage
        .list_problems(person, at, &place, of_year, list.problems_from)
        .await?;
    Ok(AnalysisView::new(
        page,
        &Found {
            days,
            year,
            list: &list,
            cases: &cases,
            repetitions: &repetitions,
            people: &people,
        },
    ))
}

/// `GET /assessment/analysis`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<AssessmentQuery>,
    Query(told): Query<Told>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let page = frame.page_for(&signed_in);
    let period = query.period(CivilDay::of(scope.at));
    let is_told = told.told == "1";
    let (places, place) = choose(&state, scope, &query.place).await?;
    let analysis = match place {
        Some(place) => Some(load(&state, &page, scope, place, period, is_told).await?),
        None => None,
    };
    let is_behind = !assessment::is_counted(state.storage.as_ref()).await?;
    render(&AssessmentAnalysisPage {
        choice: Choice::new(&page, places, place, period),
        is_told,
        analysis,
        is_behind,
        page,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_month_is_compared_with_half_of_the_other() {
        let days = |kind, on: &str, today: &str| {
            let period = AssessmentPeriod::of(kind, on.parse().unwrap()).unwrap();
            let YearOnYear { now, before } = compared(period, today.parse().unwrap());
            [now.first, now.last, before.first, before.last].map(|day| day.to_string())
        };
        assert_eq!(
            days(Period::Month, "2026-03-01", "2026-03-18"),
            ["2026-03-01", "2026-03-18", "2025-03-01", "2025-03-18"]
        );
        assert_eq!(
            days(Period::Month, "2025-02-01", "2026-03-18"),
            ["2025-02-01", "2025-02-28", "2024-02-01", "2024-02-29"]
        );
        assert_eq!(
            days(Period::Quarter, "2026-05-01", "2026-03-18"),
            ["2026-04-01", "2026-04-01", "2025-04-01", "2025-04-01"],
            "to come"
        );
    }

    #[test]
    fn a_change_is_told_only_where_there_was_something_before() {
        let change = |now, before| {
            let view = ChangeView::new(String::new(), CaseCount { now, before }, -10);
            (view.change, view.is_above)
        };
        assert_eq!(change(90, 100), ("−10.0%".to_owned(), false));
        assert_eq!(change(91, 100), ("−9.0%".to_owned(), true));
        assert_eq!(change(3, 2), ("+50.0%".to_owned(), true));
        assert_eq!(change(5, 0), (String::new(), false));
    }
}
