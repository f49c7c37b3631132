//! `/assessment` (考核): the figures of the places below one, with their points,
//! every figure with the rows behind it; months that were frozen; ratings by
//! units; what comes up again and again.

pub(crate) mod analysis;
pub(crate) mod rating;
pub(crate) mod row;
pub(crate) mod table;

use axum::{
    Router,
    routing::{get, post},
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, OrgNodeId,
    assessment::{AssessmentPeriod, Figure, Formula},
    message::{message, message_id},
    visit_plan::Period,
};

use super::{
    error::PageError,
    link::with_query,
    page::Page,
    select::{SelectOption, node_options},
};
use crate::{AppState, auth::Scope, storage::OrgNode};

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/assessment", get(table::get))
        .route("/assessment/freeze", post(table::freeze))
        .route("/assessment/rows", get(row::get))
        .route("/assessment/analysis", get(analysis::get))
        .route("/assessment/ratings", get(rating::get).post(rating::rate))
}

/// Which place and period are asked for; this month if that is none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AssessmentQuery {
    /// Id of a place.
    pub(crate) place: String,
    /// `month`, `quarter` or `year`.
    pub(crate) period: String,
    /// A day in it.
    pub(crate) on: String,
    /// What was just done.
    pub(crate) done: String,
}

impl AssessmentQuery {
    /// Nonsense is this month.
    pub(crate) fn period(&self, today: CivilDay) -> AssessmentPeriod {
        let on = self.on.parse().unwrap_or(today);
        Period::parse(&self.period)
            .and_then(|kind| AssessmentPeriod::of(kind, on))
            .unwrap_or_else(|| AssessmentPeriod::month(on))
    }
}

/// What the form on top of each page shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    pub(crate) places: Vec<SelectOption>,
    pub(crate) periods: Vec<SelectOption>,
    pub(crate) on: String,
    /// The period as people write it.
    pub(crate) period_text: String,
    /// The pages of assessment with what is chosen.
    pub(crate) table_href: String,
    pub(crate) analysis_href: String,
    pub(crate) ratings_href: String,
}

impl Choice {
    pub(crate) fn new(
        page: &Page,
        places: Vec<OrgNode>,
        place: Option<OrgNodeId>,
        period: AssessmentPeriod,
    ) -> Self {
        let chosen = place.map(|place| place.to_string()).unwrap_or_default();
        let link = |path: &str| address(path, &chosen, period, &[]);
        let option = |kind: Period| {
            let label = page.t(&message_id("assessment-period", kind.as_str()));
            SelectOption::new(kind.as_str(), label, period.kind().as_str())
        };
        Self {
            periods: AssessmentPeriod::KINDS.map(option).to_vec(),
            on: period.first().to_string(),
            period_text: period.text(),
            table_href: link("/assessment"),
            analysis_href: link("/assessment/analysis"),
            ratings_href: link("/assessment/ratings"),
            places: node_options(places, &chosen),
        }
    }
}

/// A page of assessment with place, period and more.
fn address(path: &str, place: &str, period: AssessmentPeriod, more: &[(&str, &str)]) -> String {
    let on = period.first().to_string();
    let mut pairs = vec![
        ("place", place),
        ("period", period.kind().as_str()),
        ("on", on.as_str()),
    ];
    pairs.extend_from_slice(more);
    with_query(path, &pairs)
}

/// The places to choose from, and the one that is asked for: the first, if none
/// is. `None`: the person sees no figures.
pub(super) async fn choose(
    state: &AppState,
    scope: &Scope,
    asked: &str,
) -> Result<(Vec<OrgNode>, Option<OrgNodeId>), PageError> {
    let places = state
        .storage
        .list_assessed_places(&scope.person, scope.at)
        .await?;
    let place = if asked.is_empty() {
        // Shortest path: the widest place.
        let widest = places.iter().min_by_key(|place| place.path.len());
        widest.map(|place| place.id)
    } else {
        Some(asked.parse().map_err(|_| PageError::NotFound)?)
    };
    Ok((places, place))
}

/// A figure in words: `459010 / 472807（97.0%）`, without a share where there are
/// few, and nothing but that where there is nothing to count.
pub(crate) fn figure_text(
    page: &Page,
    formula: Formula,
    figure: Figure,
    period: AssessmentPeriod,
) -> String {
    let tenths = |number: u64| format!("{}.{}", number / 10, number % 10);
    let (part, whole) = (figure.part.to_string(), figure.whole.to_string());
    let said = |id: &str, share: &str| {
        message(
            page.language,
            id,
            &[("part", &part), ("whole", &whole), ("share", share)],
        )
    };
    if figure.is_empty() {
        return page.t("console-assessment-nothing");
    }
    if formula.is_per_head() {
        let each = figure.tenths_per_head(period.months()).unwrap_or(0);
        return said("console-assessment-each", &tenths(each));
    }
    match figure.per_mille() {
        Some(share) if !figure.is_small() => said("console-assessment-share", &tenths(share)),
        _ => said("console-assessment-count", ""),
    }
}

/// Points in words, from hundredths.
pub(crate) fn points_text(points: Option<u32>) -> String {
    points.map_or_else(String::new, |points| {
        format!("{}.{:02}", points / 100, points % 100)
    })
}

#[cfg(test)]
mod tests {
    use wangge_model::message::Language;

    use super::*;

    #[test]
    fn nothing_to_count_is_no_percentage_and_few_are_a_count() {
        let page = Page {
            language: Language::Chinese,
            ..Page::default()
        };
        let month = AssessmentPeriod::month("2026-03-01".parse().unwrap());
        let text =
            |part, whole| figure_text(&page, Formula::Settled, Figure { part, whole }, month);
        assert_eq!(text(0, 0), "无案件");
        assert_eq!(text(3, 4), "3 / 4");
        assert_eq!(text(459_010, 472_807), "459010 / 472807（97.0%）");
        let each = Figure { part: 31, whole: 2 };
        assert_eq!(
            figure_text(&page, Formula::VisitsPerWorker, each, month),
            "15.5（31 户，2 人）"
        );
        assert_eq!(points_text(Some(9_705)), "97.05");
        assert_eq!(points_text(None), "");
    }

    #[test]
    fn nonsense_is_this_month() {
        let today: CivilDay = "2026-03-18".parse().unwrap();
        let period = |kind: &str, on: &str| {
            let query = AssessmentQuery {
                period: kind.to_owned(),
                on: on.to_owned(),
                ..AssessmentQuery::default()
            };
            query.period(today).text()
        };
        assert_eq!(period("", ""), "2026-03");
        assert_eq!(period("quarter", "2025-12-31"), "2025-Q4");
        assert_eq!(period("week", "x"), "2026-03");
    }
}
