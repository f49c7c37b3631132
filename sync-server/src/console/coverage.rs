//! `/coverage`: how much of each grid was visited in a month, its quarter and
//! its year.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use wangge_model::CivilDay;

use super::{
    error::PageError,
    frame::{Frame, render},
    page::Page,
};
use crate::{AppState, auth::SignedIn, storage::CoverageRow};

#[derive(Template)]
#[template(path = "coverage.html")]
pub(crate) struct CoveragePage {
    pub(crate) page: Page,
    /// Which month, e.g. `2026-03`.
    pub(crate) month: String,
    pub(crate) rows: Vec<CoverageView>,
    pub(crate) sum: CoverageView,
    /// The latest visits are not counted yet.
    pub(crate) is_behind: bool,
}

/// A grid, or all of them together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CoverageView {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) households: u64,
    pub(crate) month: Share,
    pub(crate) quarter: Share,
    pub(crate) year: Share,
}

/// So many of them, and in percent, rounded down: 100 is all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) count: u64,
    pub(crate) percent: u64,
}

impl Share {
    /// `count` of `all`.
    pub(crate) fn of(count: u64, all: u64) -> Self {
        let percent = count.saturating_mul(100).checked_div(all);
        Self {
            count,
            percent: percent.unwrap_or(0),
        }
    }
}

impl CoverageView {
    fn new(row: &CoverageRow) -> Self {
        Self {
            href: format!("/households?grid={}", row.grid),
            name: row.name.clone(),
            code: row.code.clone(),
            households: row.households,
            month: Share::of(row.month, row.households),
            quarter: Share::of(row.quarter, row.households),
            year: Share::of(row.year, row.households),
        }
    }
}

impl CoveragePage {
    /// The page of these grids.
    pub(crate) fn new(page: Page, on: CivilDay, rows: &[CoverageRow], is_behind: bool) -> Self {
        let sum = |figure: fn(&CoverageRow) -> u64| rows.iter().map(figure).sum::<u64>();
        let households = sum(|row| row.households);
        Self {
            page,
            month: month_text(on),
            sum: CoverageView {
                households,
                month: Share::of(sum(|row| row.month), households),
                quarter: Share::of(sum(|row| row.quarter), households),
                year: Share::of(sum(|row| row.year), households),
                ..CoverageView::default()
            },
            rows: rows.iter().map(CoverageView::new).collect(),
            is_behind,
        }
    }
}

fn month_text(day: CivilDay) -> String {
    day.to_date().format("%Y-%m").to_string()
}

/// Which month is asked for; this one if that is none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CoverageQuery {
    month: String,
}

/// `GET /coverage`
pub(crate) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<CoverageQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let asked = format!("{}-01", query.month).parse::<CivilDay>();
    let on = asked.unwrap_or_else(|_| CivilDay::of(scope.at));
    let rows = state
        .storage
        .list_coverage(&scope.person, scope.at, on)
        .await?;
    let is_behind = state.storage.has_visits_due().await?;
    render(&CoveragePage::new(
        frame.page_for(&signed_in),
        on,
        &rows,
        is_behind,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_whole_only_when_nothing_is_left() {
        assert_eq!(Share::of(0, 0).percent, 0);
        assert_eq!(Share::of(999, 1_000).percent, 99);
        assert_eq!(Share::of(1_000, 1_000).percent, 100);
    }
}
