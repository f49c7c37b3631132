//! The table of assessment (考核) as data.

use axum::{
    Json,
    extract::{Query, State},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wangge_model::{
    CivilDay, OrgNodeId, Timestamp,
    assessment::{AssessmentList, AssessmentPeriod},
    protocol::ProblemCode,
    visit_plan::Period,
};

use super::caller::Caller;
use crate::{
    ApiError, AppState,
    assessment::{self, Points},
    storage::{FigureQuery, PlaceFigures, Rating},
};

/// Which place and period.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AssessmentQuery {
    /// Id of a place.
    place: String,
    /// `month`, `quarter` or `year`; `month` if left out.
    #[serde(default)]
    period: Option<String>,
    /// A day in it, e.g. `2026-03-01`; today if left out.
    #[serde(default)]
    on: Option<String>,
    /// `live` to have the present figures of a month that is frozen.
    #[serde(default)]
    figures: Option<String>,
}

/// The figures of a place and of those directly below it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssessmentTable {
    /// `2026-03`, `2026-Q1` or `2026`.
    period: String,
    first: String,
    last: String,
    /// Version of the list of indicators; left out: the built-in one.
    list_version: Option<String>,
    /// When it was frozen; left out: the figures are live.
    frozen_at: Option<String>,
    /// Whether something that was handed in is still to be counted.
    is_behind: bool,
    indicators: Vec<AssessmentIndicator>,
    place: AssessmentRow,
    rows: Vec<AssessmentRow>,
}

/// An indicator of the list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssessmentIndicator {
    /// What is counted, e.g. `settled`.
    formula: String,
    /// 名称。
    name_zh: String,
    /// Its name.
    name_en: String,
    /// How much it counts, of 100.
    weight: u32,
    /// Percent; of `visits_per_worker` a number for each worker and month.
    target: u32,
    /// A low figure is a good one.
    is_lower_better: bool,
}

/// A place with its figures, in the order of the indicators.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssessmentRow {
    /// Id of the place.
    place: String,
    name: String,
    code: String,
    level: String,
    figures: Vec<AssessmentFigure>,
    /// Points by the indicators, of 100; left out: there was nothing to count.
    computed: Option<f64>,
    /// What it gave itself.
    self_rating: Option<f64>,
    /// What its peers gave it, on average.
    mutual_rating: Option<f64>,
    /// All of it, by the shares of the list.
    total: Option<f64>,
}

/// Two numbers; a `whole` of 0 means that there were no cases, and is no 0 %.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AssessmentFigure {
    formula: String,
    part: u64,
    whole: u64,
}

fn row(
    list: &AssessmentList,
    period: AssessmentPeriod,
    place: &PlaceFigures,
    ratings: &[Rating],
) -> AssessmentRow {
    let points = |hundredths: Option<u32>| hundredths.map(|points| f64::from(points) / 100.0);
    let found = Points::of(list, period, place, ratings);
    let figures = list.of(period.kind()).map(|indicator| {
        let figure = place.figures.get(&indicator.formula);
        let figure = figure.copied().unwrap_or_default();
        AssessmentFigure {
            formula: indicator.formula.as_str().to_owned(),
            part: figure.part,
            whole: figure.whole,
        }
    });
    AssessmentRow {
        place: place.place.to_string(),
        name: place.name.clone(),
        code: place.code.clone(),
        level: place.level.as_str().to_owned(),
        figures: figures.collect(),
        computed: points(found.computed),
        self_rating: points(found.own),
        mutual_rating: points(found.mutual),
        total: points(found.total),
    }
}

/// 考核表：一个单位及其下级单位的指标和得分。Figures and points of a place and those below it; what was frozen, if the month is.
#[utoipa::path(
    get,
    path = "/api/v1/assessment",
    tag = "assessment",
    params(AssessmentQuery),
    responses(
        (status = 200, body = AssessmentTable),
        (status = 400, description = "参数不对。Not a place, period or day"),
        (status = 404, description = "没有这个单位，或无权查看。No such place, or not in your scope"),
    )
)]
pub(super) async fn read_assessment(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<AssessmentQuery>,
) -> Result<Json<AssessmentTable>, ApiError> {
    let scope = &caller.scope;
    let storage = state.storage.as_ref();
    let bad = ApiError(ProblemCode::BadRequest);
    let place: OrgNodeId = query.place.parse().map_err(|_| bad)?;
    let on = match &query.on {
        Some(on) => on.parse::<CivilDay>().map_err(|_| bad)?,
        None => CivilDay::of(scope.at),
    };
    let kind = match &query.period {
        Some(kind) => Period::parse(kind).ok_or(bad)?,
        None => Period::Month,
    };
    let period = AssessmentPeriod::of(kind, on).ok_or(bad)?;
    let is_live = match query.figures.as_deref() {
        Some("live") => true,
        Some(_) => return Err(bad),
        None => kind != Period::Month,
    };
    let frozen = if is_live {
        None
    } else {
        storage
            .find_frozen(&scope.person, scope.at, &place, period)
            .await?
    };
    let (list, version, frozen_at, table) = if let Some(frozen) = frozen {
        (frozen.list, frozen.version, Some(frozen.at), frozen.table)
    } else {
        let (list, version) = assessment::find_list(storage, &place).await?;
        let figures = FigureQuery {
            place,
            period,
            formulas: assessment::formulas(&list, period),
            limits: list.limits(),
        };
        let table = storage
            .find_figures(&scope.person, scope.at, &figures)
            .await?
            .ok_or(ApiError(ProblemCode::NotFound))?;
        (list, version, None, table)
    };
    let ratings = storage
        .list_ratings(&scope.person, scope.at, period)
        .await?;
    let indicators = list.of(kind).map(|indicator| AssessmentIndicator {
        formula: indicator.formula.as_str().to_owned(),
        name_zh: indicator.name.zh.clone(),
        name_en: indicator.name.en.clone(),
        weight: indicator.weight,
        target: indicator.target,
        is_lower_better: indicator.formula.is_lower_better(),
    });
    Ok(Json(AssessmentTable {
        period: period.text(),
        first: period.first().to_string(),
        last: period.last().to_string(),
        list_version: (!version.is_empty()).then_some(version),
        frozen_at: frozen_at.map(Timestamp::to_rfc3339),
        is_behind: !assessment::is_counted(storage).await?,
        indicators: indicators.collect(),
        place: row(&list, period, &table.place, &ratings),
        rows: table
            .rows
            .iter()
            .map(|place| row(&list, period, place, &ratings))
            .collect(),
    }))
}
