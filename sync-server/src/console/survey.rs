//! `/surveys`: what is asked at the door, and what was answered: counted, without
//! names, and not broken down where only few answered.

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use wangge_model::{
    CivilDay, SurveyId,
    access::{Act, Data},
    survey::{FEWEST_SHOWN, Question, QuestionKind, Survey, SurveyError},
    text::typed_line,
};

use super::{
    campaign::state_id,
    coverage::Share,
    error::PageError,
    frame::{Frame, render, render_refusal},
    page::Page,
    select::{SelectOption, node_options},
    sheet::csv_answer,
};
use crate::{
    AppState,
    auth::{Scope, SignedForm, SignedIn, sign_in::audit},
    storage::{NewSurvey, StorageError, SurveyCounts, SurveyRow},
};

/// How long a survey is unless somebody says otherwise, in days.
const USUAL_DAYS: i32 = 30;

#[derive(Template)]
#[template(path = "surveys.html")]
pub(crate) struct SurveysPage {
    pub(crate) page: Page,
    pub(crate) surveys: Vec<SurveyView>,
    pub(crate) may_make: bool,
}

#[derive(Template)]
#[template(path = "survey.html")]
pub(crate) struct SurveyPage {
    pub(crate) page: Page,
    pub(crate) survey: SurveyView,
    pub(crate) results: Results,
    pub(crate) is_behind: bool,
}

#[derive(Template)]
#[template(path = "survey_new.html")]
pub(crate) struct NewSurveyPage {
    pub(crate) page: Page,
    pub(crate) form: SurveyForm,
    pub(crate) nodes: Vec<SelectOption>,
}

/// A survey in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SurveyView {
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) node_name: String,
    pub(crate) starts_on: String,
    pub(crate) ends_on: String,
    pub(crate) state: String,
    pub(crate) is_open: bool,
    pub(crate) created_by: String,
    pub(crate) may_close: bool,
}

impl SurveyView {
    pub(crate) fn new(row: &SurveyRow, page: &Page, today: CivilDay) -> Self {
        let state = state_id(row.closed_at.is_some(), row.starts_on, row.ends_on, today);
        Self {
            href: format!("/surveys/{}", row.id),
            title: row.title.clone(),
            note: row.note.clone(),
            node_name: row.node_name.clone(),
            starts_on: row.starts_on.to_string(),
            ends_on: row.ends_on.to_string(),
            state: page.t(state),
            is_open: row.closed_at.is_none(),
            created_by: row.created_by.clone(),
            may_close: row.may_close && row.closed_at.is_none(),
        }
    }
}

/// What was answered, as far as it may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Results {
    /// Sheets of all grids in scope.
    pub(crate) sheets: u64,
    /// Sheets that the answers below are of.
    pub(crate) counted: u64,
    /// How many answered in each grid: name, code, sheets.
    pub(crate) grids: Vec<(String, String, u64)>,
    /// By question; none where too few answered.
    pub(crate) questions: Vec<QuestionView>,
}

/// A question with its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QuestionView {
    pub(crate) text: String,
    /// The answer in words and how many chose it.
    pub(crate) answers: Vec<(String, Share)>,
}

impl Results {
    /// Of these grids. Grids with only few sheets are counted together, and not
    /// at all where together they are still few: whoever knows the rest could
    /// take it off.
    pub(crate) fn new(questions: &[Question], grids: &[SurveyCounts], page: &Page) -> Self {
        let few = |grid: &&SurveyCounts| grid.sheets < FEWEST_SHOWN;
        let hidden: u64 = grids.iter().filter(few).map(|grid| grid.sheets).sum();
        let is_counted = |grid: &&SurveyCounts| !few(grid) || hidden >= FEWEST_SHOWN;
        let counted: u64 = grids
            .iter()
            .filter(is_counted)
            .map(|grid| grid.sheets)
            .sum();
        let chosen = |question: &str, code: &str| -> u64 {
            let counts = grids
                .iter()
                .filter(is_counted)
                .flat_map(|grid| &grid.chosen);
            counts
                .filter(|(of, one, _)| of == question && one == code)
                .map(|(_, _, count)| count)
                .sum()
        };
        let question = |question: &Question| QuestionView {
            text: question.text.clone(),
            answers: question
                .codes()
                .iter()
                .map(|code| {
                    let share = Share::of(chosen(&question.id, code), counted);
                    (question.words(code, page.language), share)
                })
                .collect(),
        };
        Self {
            sheets: grids.iter().map(|grid| grid.sheets).sum(),
            counted,
            grids: grids
                .iter()
                .map(|grid| (grid.name.clone(), grid.code.clone(), grid.sheets))
                .collect(),
            questions: if counted == 0 {
                Vec::new()
            } else {
                questions.iter().map(question).collect()
            },
        }
    }

    /// As a text file: question, answer, how many, of how many.
    fn csv(&self, page: &Page) -> String {
        let heading = [
            "console-survey-question",
            "console-survey-answer",
            "console-survey-chosen",
            "console-survey-sheets",
        ];
        let mut rows = vec![heading.map(|id| page.t(id)).to_vec()];
        for question in &self.questions {
            for (answer, share) in &question.answers {
                rows.push(vec![
                    question.text.clone(),
                    answer.clone(),
                    share.count.to_string(),
                    self.counted.to_string(),
                ]);
            }
        }
        super::sheet::csv(&rows)
    }
}

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/surveys", get(list))
        .route("/surveys/new", get(new).post(create))
        .route("/surveys/{id}", get(one))
        .route("/surveys/{id}/export.csv", get(export))
        .route("/surveys/{id}/close", post(close))
}

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SurveyForm {
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) node: String,
    pub(crate) starts_on: String,
    pub(crate) ends_on: String,
    /// One question a line: the question, then its answers behind bars. Without
    /// answers it asks for satisfaction; a star before it allows several.
    pub(crate) questions: String,
}

/// The questions that somebody typed, one a line.
fn questions(text: &str) -> Vec<Question> {
    let lines = text.lines().map(typed_line).filter(|line| !line.is_empty());
    (1_u32..)
        .zip(lines)
        .map(|(number, line)| {
            let mut parts = line.split(['|', '｜']).map(str::trim);
            let asked = parts.next().unwrap_or_default();
            let choices: Vec<String> = parts
                .filter(|choice| !choice.is_empty())
                .map(ToOwned::to_owned)
                .collect();
            let plain = asked.trim_start_matches(['*', '＊']).trim();
            let kind = if choices.is_empty() {
                QuestionKind::Satisfaction
            } else if plain.len() < asked.len() {
                QuestionKind::Several
            } else {
                QuestionKind::One
            };
            Question {
                id: number.to_string(),
                text: plain.to_owned(),
                kind,
                choices,
            }
        })
        .collect()
}

impl SurveyForm {
    fn survey(&self, id: &SurveyId) -> Result<Survey, SurveyError> {
        let day = |text: &str| text.parse::<CivilDay>().map_err(|_| SurveyError::Days);
        let survey = Survey {
            id: id.to_string(),
            title: typed_line(&self.title),
            note: self.note.trim().replace("\r\n", "\n"),
            starts_on: day(&self.starts_on)?,
            ends_on: day(&self.ends_on)?,
            questions: questions(&self.questions),
        };
        survey.check()?;
        Ok(survey)
    }
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SurveyQuery {
    made: String,
    closed: String,
}

/// `GET /surveys`
async fn list(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let page = frame.page_for(&signed_in);
    let today = CivilDay::of(scope.at);
    let found = state
        .storage
        .list_surveys(&scope.person, scope.at, None)
        .await?;
    let view = |row: &SurveyRow| SurveyView::new(row, &page, today);
    render(&SurveysPage {
        surveys: found.iter().map(view).collect(),
        may_make: scope.may(Data::Campaign, Act::Write),
        page,
    })
}

/// A survey in scope with what was answered.
async fn find(
    state: &AppState,
    scope: &Scope,
    id: &str,
    page: &Page,
) -> Result<(SurveyRow, Results), PageError> {
    let id: SurveyId = id.parse().map_err(|_| PageError::NotFound)?;
    let storage = &state.storage;
    let row = storage
        .list_surveys(&scope.person, scope.at, Some(&id))
        .await?
        .pop()
        .ok_or(PageError::NotFound)?;
    let grids = storage.count_survey(&scope.person, scope.at, &id).await?;
    let results = Results::new(&row.questions, &grids, page);
    Ok((row, results))
}

/// `GET /surveys/{id}`
async fn one(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Query(query): Query<SurveyQuery>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let mut page = frame.page_for(&signed_in);
    let (row, results) = find(&state, scope, &id, &page).await?;
    let notice = match (query.made.as_str(), query.closed.as_str()) {
        ("1", _) => Some("console-survey-made-notice"),
        (_, "1") => Some("console-survey-closed-notice"),
        _ => None,
    };
    if let Some(notice) = notice {
        let text = page.t(notice);
        page = page.with_notice(text);
    }
    render(&SurveyPage {
        survey: SurveyView::new(&row, &page, CivilDay::of(scope.at)),
        results,
        is_behind: state.storage.has_visits_due().await?,
        page,
    })
}

/// `GET /surveys/{id}/export.csv`
async fn export(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    let page = frame.page_for(&signed_in);
    let (row, results) = find(&state, scope, &id, &page).await?;
    let target = row.id.to_string();
    audit(&state.auth, scope.person, "survey_exported", &target, "").await?;
    Ok(csv_answer("survey", results.csv(&page)))
}

async fn form_page(
    state: &AppState,
    page: Page,
    scope: &Scope,
    form: SurveyForm,
) -> Result<NewSurveyPage, PageError> {
    let nodes = state
        .storage
        .list_nodes_in_scope(&scope.person, scope.at)
        .await?;
    Ok(NewSurveyPage {
        nodes: node_options(nodes, &form.node),
        form,
        page,
    })
}

/// `GET /surveys/new`
async fn new(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
) -> Result<Response, PageError> {
    let scope = &signed_in.scope;
    if !scope.may(Data::Campaign, Act::Write) {
        return Err(PageError::Forbidden);
    }
    let today = CivilDay::of(scope.at);
    let form = SurveyForm {
        starts_on: today.to_string(),
        ends_on: today.plus(USUAL_DAYS).to_string(),
        ..SurveyForm::default()
    };
    let page = frame.page_for(&signed_in);
    render(&form_page(&state, page, scope, form).await?)
}

/// `POST /surveys/new`
async fn create(
    State(state): State<AppState>,
    frame: Frame,
    sent: SignedForm<SurveyForm>,
) -> Result<Response, PageError> {
    let SignedForm { signed_in, form } = sent;
    let scope = &signed_in.scope;
    if !scope.may(Data::Campaign, Act::Write) {
        return Err(PageError::Forbidden);
    }
    let page = frame.page_for(&signed_in);
    let id = SurveyId::make(state.clock.as_ref(), state.entropy.as_ref());
    let node = form.node.parse().ok();
    let problem = match (form.survey(&id), node) {
        (Ok(survey), Some(node)) => {
            let new = NewSurvey {
                id,
                node,
                title: survey.title,
                note: survey.note,
                starts_on: survey.starts_on,
                ends_on: survey.ends_on,
                questions: survey.questions,
                person: scope.person,
                at: scope.at,
            };
            match state.storage.create_survey(&new).await {
                Ok(()) => None,
                Err(StorageError::Missing(_)) => Some(page.t("console-survey-node-missing")),
                Err(error) => return Err(error.into()),
            }
        }
        (Ok(_), None) => Some(page.t("console-survey-node-missing")),
        (Err(error), _) => Some(error.text(page.language)),
    };
    if let Some(problem) = problem {
        let page = form_page(&state, page.with_problem(problem), scope, form).await?;
        return render_refusal(&page, "survey");
    }
    let target = id.to_string();
    audit(&state.auth, scope.person, "survey_made", &target, "").await?;
    Ok(Redirect::to(&format!("/surveys/{id}?made=1")).into_response())
}

/// Nothing but the token.
#[derive(Debug, Deserialize)]
struct Nothing {}

/// `POST /surveys/{id}/close`
async fn close(
    State(state): State<AppState>,
    Path(id): Path<String>,
    sent: SignedForm<Nothing>,
) -> Result<Response, PageError> {
    let id: SurveyId = id.parse().map_err(|_| PageError::NotFound)?;
    let scope = &sent.signed_in.scope;
    match state
        .storage
        .close_survey(&id, &scope.person, scope.at)
        .await
    {
        Ok(true) => {
            let target = id.to_string();
            audit(&state.auth, scope.person, "survey_closed", &target, "").await?;
        }
        Ok(false) => {}
        Err(StorageError::Missing(_)) => return Err(PageError::NotFound),
        Err(error) => return Err(error.into()),
    }
    Ok(Redirect::to(&format!("/surveys/{id}?closed=1")).into_response())
}

#[cfg(test)]
mod tests {
    use wangge_model::GridId;

    use super::*;

    fn grid(byte: u8, sheets: u64, chosen: &[(&str, u64)]) -> SurveyCounts {
        SurveyCounts {
            grid: GridId::from_bytes([byte; 16]),
            name: format!("第{byte}网格"),
            code: byte.to_string(),
            sheets,
            chosen: chosen
                .iter()
                .map(|(code, count)| ("1".to_owned(), (*code).to_owned(), *count))
                .collect(),
        }
    }

    #[test]
    fn a_line_is_a_question_with_its_answers() {
        let asked =
            questions("对社区满意吗\r\n\n需要助餐吗｜需要|不需要\n* 需要哪些服务｜助餐｜家政");
        let kinds: Vec<QuestionKind> = asked.iter().map(|one| one.kind).collect();
        assert_eq!(
            kinds,
            [
                QuestionKind::Satisfaction,
                QuestionKind::One,
                QuestionKind::Several
            ]
        );
        assert_eq!(asked[1].choices, ["需要", "不需要"]);
        assert_eq!(
            (asked[2].id.as_str(), asked[2].text.as_str()),
            ("3", "需要哪些服务")
        );
    }

    #[test]
    fn few_answers_are_counted_together_or_not_at_all() {
        let asked = questions("对社区满意吗");
        let page = Page::default();
        let results = |grids: &[SurveyCounts]| Results::new(&asked, grids, &page);
        let many = grid(1, 6, &[("5", 4), ("1", 2)]);
        let few = grid(2, 4, &[("1", 4)]);
        let alone = results(std::slice::from_ref(&few));
        assert_eq!((alone.sheets, alone.counted), (4, 0));
        assert!(alone.questions.is_empty());
        let beside = results(&[many.clone(), few.clone()]);
        assert_eq!((beside.sheets, beside.counted), (10, 6));
        assert_eq!(
            beside.questions[0].answers[4].1.count, 2,
            "not those of the four"
        );
        let other = grid(3, 1, &[("5", 1)]);
        let together = results(&[many, few, other]);
        assert_eq!((together.sheets, together.counted), (11, 11));
        assert_eq!(together.questions[0].answers[4].1.count, 6);
        assert!(together.csv(&page).contains("很不满意,6,11"));
    }
}
