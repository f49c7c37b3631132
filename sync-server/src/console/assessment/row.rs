//! `/assessment/rows`: the rows behind one figure.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, RecordKind,
    assessment::{AssessmentPeriod, Formula},
    message::{find_message, message_id},
};

use super::{AssessmentQuery, address};
use crate::{
    AppState, assessment,
    auth::SignedIn,
    console::{
        class::class_words,
        error::PageError,
        frame::{Frame, render},
        page::Page,
        record::view::list_href,
        select::SelectOption,
    },
    storage::{FigurePart, FigureRow, FigureRowPage, FigureRowQuery, FigureSubject},
};

/// Rows of one page.
const PAGE_ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "assessment_rows.html")]
pub(crate) struct AssessmentRowsPage {
    pub(crate) page: Page,
    pub(crate) place: String,
    pub(crate) place_name: String,
    pub(crate) period: String,
    pub(crate) period_text: String,
    pub(crate) on: String,
    pub(crate) formula: String,
    pub(crate) formula_name: String,
    pub(crate) of: String,
    pub(crate) parts: Vec<SelectOption>,
    pub(crate) rows: Vec<FigureRowView>,
    pub(crate) total: u64,
    pub(crate) back: String,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
}

/// One row in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FigureRowView {
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) day: String,
    pub(crate) class: String,
    pub(crate) state: String,
    pub(crate) grid_name: String,
    pub(crate) is_part: bool,
}

impl FigureRowView {
    fn new(row: &FigureRow, page: &Page) -> Self {
        let (href, fallback) = match row.subject {
            FigureSubject::Record(id, kind) => {
                let fallback = page.t(&format!("kind-{}", kind.as_str()));
                let href = if row.title.is_empty() && row.number.is_empty() {
                    String::new()
                } else if kind == RecordKind::Incident {
                    format!("/cases/{id}")
                } else {
                    format!("{}/{id}", list_href(kind))
                };
                (href, fallback)
            }
            FigureSubject::Grid(id) => (format!("/grids/{id}"), String::new()),
            FigureSubject::Worker(_) => (String::new(), String::new()),
        };
        let title = [&row.number, &row.title]
            .into_iter()
            .filter(|text| !text.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(" ");
        Self {
            href,
            title: if title.is_empty() { fallback } else { title },
            day: row.day.map(|day| day.to_string()).unwrap_or_default(),
            class: class_words(&row.class, page.language),
            state: if row.state.is_empty() {
                String::new()
            } else {
                let id = message_id("case-state", &row.state);
                find_message(page.language, &id, &[]).unwrap_or_else(|| row.state.clone())
            },
            grid_name: row.grid_name.clone(),
            is_part: row.is_part,
        }
    }
}

/// Which rows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RowsQuery {
    place: String,
    period: String,
    on: String,
    formula: String,
    part: String,
    page: String,
}

/// What a page of rows is made of.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) place: String,
    pub(crate) place_name: String,
    pub(crate) period: AssessmentPeriod,
    pub(crate) formula: Formula,
    pub(crate) part: FigurePart,
    /// Number of the page, from 1.
    pub(crate) number: u64,
}

impl AssessmentRowsPage {
    pub(crate) fn new(page: Page, asked: &Asked, found: &FigureRowPage) -> Self {
        let pages = found.total.div_ceil(u64::from(PAGE_ROWS)).max(1);
        let link = |number: u64| {
            let number = number.to_string();
            let more = [
                ("formula", asked.formula.as_str()),
                ("part", asked.part.as_str()),
                ("page", number.as_str()),
            ];
            address("/assessment/rows", &asked.place, asked.period, &more)
        };
        let id = message_id("assessment-formula", asked.formula.as_str());
        let part = |part: FigurePart| {
            let label = match part {
                FigurePart::Whole => page.t(&format!("{id}-whole")),
                FigurePart::Part => page.t(&format!("{id}-part")),
                FigurePart::Rest => page.t("console-assessment-rest"),
            };
            SelectOption::new(part.as_str(), label, asked.part.as_str())
        };
        Self {
            place: asked.place.clone(),
            place_name: asked.place_name.clone(),
            period: asked.period.kind().as_str().to_owned(),
            period_text: asked.period.text(),
            on: asked.period.first().to_string(),
            formula: asked.formula.as_str().to_owned(),
            formula_name: asked.formula.name(page.language),
            of: page.t2(
                "console-assessment-of",
                "part",
                page.t(&format!("{id}-part")),
                "whole",
                page.t(&format!("{id}-whole")),
            ),
            parts: FigurePart::ALL.map(part).to_vec(),
            rows: found
                .rows
                .iter()
                .map(|row| FigureRowView::new(row, &page))
                .collect(),
            total: found.total,
            back: address("/assessment", &asked.place, asked.period, &[]),
            previous: (asked.number > 1).then(|| link(asked.number - 1)),
            next: (asked.number < pages).then(|| link(asked.number + 1)),
            page,
        }
    }
}

/// `GET /assessment/rows`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<RowsQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let storage = state.storage.as_ref();
    let place = query.place.parse().map_err(|_| PageError::NotFound)?;
    let formula = Formula::parse(&query.formula).ok_or(PageError::NotFound)?;
    let when = AssessmentQuery {
        period: query.period,
        on: query.on,
        ..AssessmentQuery::default()
    };
    let node = storage
        .find_node(&place)
        .await?
        .ok_or(PageError::NotFound)?;
    let asked = Asked {
        place: query.place,
        place_name: node.name,
        period: when.period(CivilDay::of(scope.at)),
        formula,
        part: FigurePart::parse(&query.part).unwrap_or_default(),
        number: query.page.parse().unwrap_or(1).clamp(1, 1_000_000),
    };
    let (list, _) = assessment::find_list(storage, &place).await?;
    let rows = FigureRowQuery {
        place,
        period: asked.period,
        formula,
        limits: list.limits(),
        part: asked.part,
        offset: (asked.number - 1).saturating_mul(u64::from(PAGE_ROWS)),
        limit: PAGE_ROWS,
    };
    let found = storage
        .list_figure_rows(&scope.person, scope.at, &rows)
        .await?
        .ok_or(PageError::NotFound)?;
    let page = frame.page_for(&signed_in);
    render(&AssessmentRowsPage::new(page, &asked, &found))
}
