//! `/assessment`: the table of a place and period, live or as it was frozen.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, OrgLevel, OrgNodeId,
    access::{Act, Data},
    assessment::{AssessmentList, AssessmentPeriod, Figure, Indicator},
    visit_plan::Period,
};

use super::{AssessmentQuery, Choice, address, choose, figure_text, points_text};
use crate::{
    AppState,
    assessment::{self, Points},
    auth::{SignedForm, SignedIn},
    console::{
        error::PageError,
        frame::{Frame, render},
        page::Page,
    },
    storage::{FigureQuery, FigureTable, FrozenTable, PlaceFigures, Rating, StorageError},
};

#[derive(Template)]
#[template(path = "assessment.html")]
pub(crate) struct AssessmentPage {
    pub(crate) page: Page,
    pub(crate) choice: Choice,
    pub(crate) table: Option<TableView>,
    /// Something is still to be counted.
    pub(crate) is_behind: bool,
}

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TableView {
    pub(crate) place_name: String,
    /// The place above, if its figures may be seen.
    pub(crate) up: Option<String>,
    pub(crate) columns: Vec<ColumnView>,
    pub(crate) rows: Vec<RowView>,
    pub(crate) sum: RowView,
    /// By which list: its version, or the built-in one.
    pub(crate) version: String,
    /// When it was frozen and by whom.
    pub(crate) frozen: Option<String>,
    /// So many figures are not what they were.
    pub(crate) changed: usize,
    /// This month may be frozen by whoever looks: the place and a day of it.
    pub(crate) may_freeze: Option<(String, String)>,
    /// Shares of computed, own and peers' points.
    pub(crate) shares: [u32; 3],
}

/// One indicator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ColumnView {
    pub(crate) name: String,
    pub(crate) weight: u32,
    pub(crate) target: String,
    /// What counts, of what.
    pub(crate) of: String,
    pub(crate) source: String,
}

/// One place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowView {
    pub(crate) name: String,
    pub(crate) code: String,
    /// The table of the places below it; empty for a grid.
    pub(crate) href: String,
    pub(crate) cells: Vec<CellView>,
    pub(crate) computed: String,
    pub(crate) own: String,
    pub(crate) mutual: String,
    pub(crate) total: String,
}

/// One figure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CellView {
    pub(crate) label: String,
    pub(crate) text: String,
    /// The rows behind it; empty where there are none.
    pub(crate) href: String,
    /// The target is not reached.
    pub(crate) is_short: bool,
    /// What it is now, where that is not what was frozen.
    pub(crate) now: String,
}

/// What a table is made of.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    pub(crate) period: AssessmentPeriod,
    pub(crate) list: &'a AssessmentList,
    pub(crate) version: &'a str,
    pub(crate) live: &'a FigureTable,
    pub(crate) frozen: Option<&'a FrozenTable>,
    pub(crate) ratings: &'a [Rating],
}

impl Given<'_> {
    fn indicators(&self) -> impl Iterator<Item = &Indicator> {
        self.list.of(self.period.kind())
    }

    fn cell(
        &self,
        page: &Page,
        place: OrgNodeId,
        indicator: &Indicator,
        shown: Figure,
        live: Option<Figure>,
    ) -> CellView {
        let text = |figure| figure_text(page, indicator.formula, figure, self.period);
        let reached = shown.attainment(indicator, self.period.months());
        let href = || {
            let formula = [("formula", indicator.formula.as_str())];
            address(
                "/assessment/rows",
                &place.to_string(),
                self.period,
                &formula,
            )
        };
        CellView {
            label: indicator.name(page.language).to_owned(),
            text: text(shown),
            href: if shown.is_empty() {
                String::new()
            } else {
                href()
            },
            is_short: reached.is_some_and(|reached| reached < 10_000),
            now: live
                .filter(|live| *live != shown)
                .map(text)
                .unwrap_or_default(),
        }
    }

    fn row(&self, page: &Page, shown: &PlaceFigures, live: Option<&PlaceFigures>) -> RowView {
        let find = |of: &PlaceFigures, indicator: &Indicator| {
            let found = of.figures.get(&indicator.formula);
            found.copied().unwrap_or_default()
        };
        let cells = self.indicators().map(|indicator| {
            let live = live.map(|live| find(live, indicator));
            let shown_figure = find(shown, indicator);
            self.cell(page, shown.place, indicator, shown_figure, live)
        });
        let points = Points::of(self.list, self.period, shown, self.ratings);
        let mutual = points_text(points.mutual);
        RowView {
            name: shown.name.clone(),
            code: shown.code.clone(),
            href: if shown.level == OrgLevel::Grid {
                String::new()
            } else {
                address("/assessment", &shown.place.to_string(), self.period, &[])
            },
            cells: cells.collect(),
            computed: points_text(points.computed),
            own: points_text(points.own),
            mutual: if points.peers > 1 {
                page.t2(
                    "console-assessment-peers",
                    "points",
                    &mutual,
                    "count",
                    points.peers,
                )
            } else {
                mutual
            },
            total: points_text(points.total),
        }
    }
}

impl TableView {
    pub(crate) fn new(page: &Page, given: &Given<'_>) -> Self {
        let shown = given.frozen.map_or(given.live, |frozen| &frozen.table);
        let live = |place: OrgNodeId| {
            given.frozen?;
            let row = given.live.rows.iter().find(|row| row.place == place);
            row.or_else(|| Some(&given.live.place).filter(|row| row.place == place))
        };
        let column = |indicator: &Indicator| {
            let formula = indicator.formula;
            let id = format!("assessment-formula-{}", formula.as_str().replace('_', "-"));
            let target = if formula.is_per_head() {
                indicator.target.to_string()
            } else {
                format!("{}%", indicator.target)
            };
            let sign = if formula.is_lower_better() {
                "≤"
            } else {
                "≥"
            };
            ColumnView {
                name: indicator.name(page.language).to_owned(),
                weight: indicator.weight,
                target: format!("{sign} {target}"),
                of: page.t2(
                    "console-assessment-of",
                    "part",
                    page.t(&format!("{id}-part")),
                    "whole",
                    page.t(&format!("{id}-whole")),
                ),
                source: indicator.source.clone(),
            }
        };
        let rows: Vec<RowView> = shown
            .rows
            .iter()
            .map(|row| given.row(page, row, live(row.place)))
            .collect();
        let sum = given.row(page, &shown.place, live(shown.place.place));
        let all = rows.iter().chain([&sum]).flat_map(|row| &row.cells);
        let changed = all.filter(|cell| !cell.now.is_empty()).count();
        let frozen = given.frozen.map(|frozen| {
            let by = if frozen.person_name.is_empty() {
                page.t("console-assessment-by-itself")
            } else {
                frozen.person_name.clone()
            };
            page.t2(
                "console-assessment-frozen",
                "at",
                frozen.at.to_china_text(),
                "by",
                by,
            )
        });
        Self {
            place_name: shown.place.name.clone(),
            up: None,
            columns: given.indicators().map(column).collect(),
            rows,
            sum,
            version: if given.version.is_empty() {
                page.t("console-assessment-built-in")
            } else {
                given.version.chars().take(12).collect()
            },
            frozen,
            changed,
            may_freeze: None,
            shares: [
                given.list.computed_share(),
                given.list.self_share,
                given.list.mutual_share,
            ],
        }
    }
}

async fn load(
    state: &AppState,
    page: &Page,
    signed_in: &SignedIn,
    place: OrgNodeId,
    period: AssessmentPeriod,
) -> Result<TableView, PageError> {
    let storage = state.storage.as_ref();
    let scope = &signed_in.scope;
    let frozen = if period.kind() == Period::Month {
        storage
            .find_frozen(&scope.person, scope.at, &place, period)
            .await?
    } else {
        None
    };
    // A frozen month is compared by the list it was counted by.
    let (list, version) = match &frozen {
        Some(frozen) => (frozen.list.clone(), frozen.version.clone()),
        None => assessment::find_list(storage, &place).await?,
    };
    let query = FigureQuery {
        place,
        period,
        formulas: assessment::formulas(&list, period),
        limits: list.limits(),
    };
    let live = storage
        .find_figures(&scope.person, scope.at, &query)
        .await?
        .ok_or(PageError::NotFound)?;
    let ratings = storage
        .list_ratings(&scope.person, scope.at, period)
        .await?;
    let mut table = TableView::new(
        page,
        &Given {
            period,
            list: &list,
            version: &version,
            live: &live,
            frozen: frozen.as_ref(),
            ratings: &ratings,
        },
    );
    let is_over = period.kind() == Period::Month && period.last() < CivilDay::of(scope.at);
    if frozen.is_none() && is_over && storage.is_frozen_by_itself(&place).await? {
        let may = scope
            .may_in(storage, &place, Data::Assessment, Act::Write)
            .await?;
        table.may_freeze = may.then(|| (place.to_string(), period.first().to_string()));
    }
    let node = storage.find_node(&place).await?;
    if let Some(parent) = node.and_then(|node| node.parent)
        && scope
            .may_in(storage, &parent, Data::Assessment, Act::Read)
            .await?
    {
        table.up = Some(address("/assessment", &parent.to_string(), period, &[]));
    }
    Ok(table)
}

/// `GET /assessment`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<AssessmentQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let mut page = frame.page_for(&signed_in);
    if ["frozen", "frozen_before"].contains(&query.done.as_str()) {
        let id = format!("console-assessment-{}-notice", query.done.replace('_', "-"));
        let text = page.t(&id);
        page = page.with_notice(text);
    }
    let period = query.period(CivilDay::of(scope.at));
    let (places, place) = choose(&state, scope, &query.place).await?;
    let table = match place {
        Some(place) => Some(load(&state, &page, &signed_in, place, period).await?),
        None => None,
    };
    let is_behind = !assessment::is_counted(state.storage.as_ref()).await?;
    render(&AssessmentPage {
        choice: Choice::new(&page, places, place, period),
        table,
        is_behind,
        page,
    })
}

/// Which month is to be frozen.
#[derive(Debug, Deserialize)]
pub(super) struct FreezeForm {
    place: String,
    on: String,
}

/// `POST /assessment/freeze`
pub(super) async fn freeze(
    State(state): State<AppState>,
    sent: SignedForm<FreezeForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    let place: OrgNodeId = form.place.parse().map_err(|_| PageError::NotFound)?;
    let on: CivilDay = form.on.parse().map_err(|_| PageError::BadRequest)?;
    let month = AssessmentPeriod::month(on);
    if month.last() >= CivilDay::of(scope.at) {
        return Err(PageError::BadRequest);
    }
    let frozen = assessment::freeze(&state, place, month, Some(scope.person)).await;
    let done = match frozen {
        Ok(true) => "frozen",
        Ok(false) => "frozen_before",
        Err(StorageError::Missing(_)) => return Err(PageError::NotFound),
        Err(error) => return Err(error.into()),
    };
    let back = address("/assessment", &form.place, month, &[("done", done)]);
    Ok(Redirect::to(&back).into_response())
}
