//! `/assessment/ratings`: units rate themselves and those beside them (自评与互评),
//! once for each period, with a reason.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use wangge_model::{
    AssessmentRatingId, CivilDay, OrgNodeId,
    assessment::{AssessmentPeriod, RatingError, check_rating},
};

use super::{AssessmentQuery, Choice, address, choose};
use crate::{
    AppState,
    auth::{Scope, SignedForm, SignedIn, sign_in::audit},
    console::{
        error::PageError,
        frame::{Frame, render, render_refusal},
        page::Page,
        select::SelectOption,
    },
    storage::{NewRating, RateableUnit, Rating, StorageError},
};

#[derive(Template)]
#[template(path = "assessment_ratings.html")]
pub(crate) struct AssessmentRatingsPage {
    pub(crate) page: Page,
    pub(crate) choice: Choice,
    pub(crate) ratings: Vec<RatingView>,
    /// Whom one may rate; nobody: there is no form.
    pub(crate) units: Vec<SelectOption>,
    pub(crate) form: RatingForm,
}

/// A rating in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RatingView {
    pub(crate) unit: String,
    pub(crate) kind: String,
    pub(crate) rater: String,
    pub(crate) points: u8,
    pub(crate) reason: String,
    pub(crate) by: String,
}

impl RatingView {
    pub(crate) fn new(rating: &Rating, page: &Page) -> Self {
        let kind = if rating.is_self() { "self" } else { "mutual" };
        Self {
            unit: rating.unit_name.clone(),
            kind: page.t(&format!("console-assessment-{kind}")),
            rater: rating.rater_name.clone(),
            points: rating.points,
            reason: rating.reason.clone(),
            by: format!("{} {}", rating.person_name, rating.at.to_china_text()),
        }
    }
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RatingForm {
    pub(crate) period: String,
    pub(crate) on: String,
    /// Ids of the unit that rates and of the one that is rated, joined by a comma.
    pub(crate) pair: String,
    pub(crate) points: String,
    pub(crate) reason: String,
}

/// Whom one may rate, in words.
pub(crate) fn unit_options(page: &Page, units: &[RateableUnit], chosen: &str) -> Vec<SelectOption> {
    units
        .iter()
        .map(|one| {
            let id = if one.rater == one.unit {
                "console-assessment-pair-self"
            } else {
                "console-assessment-pair-mutual"
            };
            let label = page.t2(id, "rater", &one.rater_name, "unit", &one.unit_name);
            SelectOption::new(format!("{},{}", one.rater, one.unit), label, chosen)
        })
        .collect()
}

async fn page_of(
    state: &AppState,
    page: Page,
    scope: &Scope,
    period: AssessmentPeriod,
    form: RatingForm,
) -> Result<AssessmentRatingsPage, PageError> {
    let storage = &state.storage;
    let (person, at) = (&scope.person, scope.at);
    let ratings = storage.list_ratings(person, at, period).await?;
    let units = storage.list_rateable_units(person, at).await?;
    let (_, place) = choose(state, scope, "").await?;
    Ok(AssessmentRatingsPage {
        choice: Choice::new(&page, Vec::new(), place, period),
        ratings: ratings
            .iter()
            .map(|rating| RatingView::new(rating, &page))
            .collect(),
        units: unit_options(&page, &units, &form.pair),
        form: RatingForm {
            period: period.kind().as_str().to_owned(),
            on: period.first().to_string(),
            ..form
        },
        page,
    })
}

/// `GET /assessment/ratings`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(query): Query<AssessmentQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let mut page = frame.page_for(&signed_in);
    if query.done == "rated" {
        let text = page.t("console-assessment-rated-notice");
        page = page.with_notice(text);
    }
    let period = query.period(CivilDay::of(scope.at));
    render(&page_of(&state, page, scope, period, RatingForm::default()).await?)
}

/// The two units of a pair.
fn pair(text: &str) -> Option<(OrgNodeId, OrgNodeId)> {
    let (rater, unit) = text.split_once(',')?;
    Some((rater.parse().ok()?, unit.parse().ok()?))
}

/// `POST /assessment/ratings`
pub(super) async fn rate(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<RatingForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    let today = CivilDay::of(scope.at);
    let query = AssessmentQuery {
        period: form.period.clone(),
        on: form.on.clone(),
        ..AssessmentQuery::default()
    };
    let period = query.period(today);
    let checked = check_rating(&form.points, &form.reason).and_then(|(points, reason)| {
        let (rater, unit) = pair(&form.pair).ok_or(RatingError::Unit)?;
        if period.first() > today {
            return Err(RatingError::Period);
        }
        Ok(NewRating {
            id: AssessmentRatingId::make(state.clock.as_ref(), state.entropy.as_ref()),
            period,
            unit,
            rater,
            points,
            reason,
            person: scope.person,
            at: scope.at,
        })
    });
    let error = match checked {
        Ok(new) => match state.storage.rate_unit(&new).await {
            Ok(()) => {
                let target = new.unit.to_string();
                let detail = format!("{} {}", period.text(), new.rater);
                audit(
                    &state.auth,
                    scope.person,
                    "assessment_rated",
                    &target,
                    &detail,
                )
                .await?;
                let done = [("done", "rated")];
                let back = address("/assessment/ratings", "", period, &done);
                return Ok(Redirect::to(&back).into_response());
            }
            Err(StorageError::Missing(_)) => RatingError::Unit,
            Err(StorageError::Taken(_)) => RatingError::Twice,
            Err(error) => return Err(error.into()),
        },
        Err(error) => error,
    };
    let page = frame.page_for(&signed_in);
    let text = error.text(page.language);
    let page = page.with_problem(text);
    let page = page_of(&state, page, scope, period, form).await?;
    render_refusal(&page, error.code())
}
