//! The incidents of a week, fortnight or month against the period before (双周研判), as
//! a part of the sheets for meetings at `/work`. Figures with points and years are
//! at `/assessment`.

use wangge_model::{CivilDay, work_period::WorkPeriod};

use super::{
    assessment::{
        analysis::{ChangeView, RepetitionView, compared_text, repetition},
        choose,
    },
    class::class_words,
    error::PageError,
    page::Page,
};
use crate::{
    AppState, assessment,
    auth::Scope,
    storage::{CaseAnalysis, CaseCount, Repetition, WorkSpan, YearOnYear},
};

/// Classes a sheet names, most incidents first.
const MOST_CHANGES: usize = 20;

/// The incidents of a period against the one before it (研判).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StudyView {
    pub(crate) place_name: String,
    /// Which days are compared with which.
    pub(crate) days: String,
    pub(crate) sum: ChangeView,
    pub(crate) classes: Vec<ChangeView>,
    pub(crate) places: Vec<ChangeView>,
    pub(crate) repeated_from: u32,
    pub(crate) repetitions: Vec<RepetitionView>,
}

/// What such a comparison is made of.
#[derive(Debug)]
pub(crate) struct Studied<'a> {
    pub(crate) place_name: &'a str,
    pub(crate) days: YearOnYear,
    pub(crate) cases: &'a CaseAnalysis,
    pub(crate) repeated_from: u32,
    pub(crate) repetitions: &'a [Repetition],
}

impl StudyView {
    pub(crate) fn new(page: &Page, studied: &Studied<'_>) -> Self {
        // There is no aim from fortnight to fortnight: nothing is above it.
        let view = |name: String, count: CaseCount| ChangeView::new(name, count, i32::MAX);
        let cases = studied.cases;
        let class = |(code, count): &(String, CaseCount)| {
            let name = if code.is_empty() {
                page.t("console-assessment-no-class")
            } else {
                class_words(code, page.language)
            };
            view(name, *count)
        };
        let place = |(name, count): &(String, CaseCount)| view(name.clone(), *count);
        let repetitions = studied.repetitions.iter();
        Self {
            place_name: studied.place_name.to_owned(),
            days: compared_text(page, &studied.days),
            sum: view(page.t("console-coverage-sum"), cases.sum()),
            classes: cases.classes.iter().take(MOST_CHANGES).map(class).collect(),
            places: cases.places.iter().map(place).collect(),
            repeated_from: studied.repeated_from,
            repetitions: repetitions.map(|one| repetition(one, page)).collect(),
        }
    }
}

/// The incidents of the widest place of which the reader sees figures; `None`
/// without any.
pub(super) async fn study(
    state: &AppState,
    scope: &Scope,
    page: &Page,
    period: WorkPeriod,
    span: WorkSpan,
) -> Result<Option<StudyView>, PageError> {
    let storage = state.storage.as_ref();
    let (places, place) = choose(state, scope, "").await?;
    let Some(place) = places.into_iter().find(|one| Some(one.id) == place) else {
        return Ok(None);
    };
    let today = CivilDay::of(scope.at);
    let now = WorkSpan {
        last: span.last.min(today).max(span.first),
        ..span
    };
    let (first, last) = period.before(now.first, now.last);
    let days = YearOnYear {
        now,
        before: WorkSpan { first, last },
    };
    let (person, at) = (&scope.person, scope.at);
    let (list, _) = assessment::find_list(storage, &place.id).await?;
    let cases = storage
        .analyse_cases(person, at, &place.id, days, false)
        .await?;
    let Some(cases) = cases else { return Ok(None) };
    let repetitions = storage
        .list_repetitions(person, at, &place.id, now, list.repeated_from)
        .await?;
    let studied = Studied {
        place_name: &place.name,
        days,
        cases: &cases,
        repeated_from: list.repeated_from,
        repetitions: &repetitions,
    };
    Ok(Some(StudyView::new(page, &studied)))
}
