//! Surveys asked at the door.

use wangge_model::{GridId, message::Language, survey::Survey};

use crate::{AppError, Core, plan::day, value::FieldEdit};

/// A survey that is asked.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SurveyInfo {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What to say when asking.
    pub note: String,
    /// The last day, `YYYY-MM-DD`.
    pub ends_on: String,
    /// What is asked, in order.
    pub questions: Vec<SurveyQuestion>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SurveyQuestion {
    /// Names it within the survey.
    pub id: String,
    /// The question.
    pub text: String,
    /// Whether several answers may be chosen.
    pub is_several: bool,
    /// The answers to choose from.
    pub choices: Vec<SurveyChoice>,
}

/// One answer to choose.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SurveyChoice {
    /// Its code.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English; as written where somebody wrote it in one language.
    pub en: String,
}

/// The answer to a question: what was chosen; nothing takes it back.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SurveyAnswer {
    /// The question.
    pub question: String,
    /// Codes of what was chosen.
    pub chosen: Vec<String>,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// The surveys that are asked in a grid on a day; today if not given.
    pub async fn surveys(
        &self,
        grid: GridId,
        on: Option<String>,
    ) -> Result<Vec<SurveyInfo>, AppError> {
        let on = day(on)?;
        let surveys = self.run(move |core| core.surveys(grid, on)).await?;
        Ok(surveys.into_iter().map(SurveyInfo::from).collect())
    }

    /// What to write into a visit in this grid for the answers to a survey.
    pub async fn survey_edits(
        &self,
        grid: GridId,
        survey: String,
        answers: Vec<SurveyAnswer>,
    ) -> Result<Vec<FieldEdit>, AppError> {
        let answers: Vec<(String, Vec<String>)> = answers
            .into_iter()
            .map(|answer| (answer.question, answer.chosen))
            .collect();
        let edits = self.run(move |core| core.survey_edits(grid, &survey, &answers));
        Ok(edits.await?.into_iter().map(FieldEdit::from).collect())
    }
}

impl From<Survey> for SurveyInfo {
    fn from(survey: Survey) -> Self {
        let question = |question: &wangge_model::survey::Question| SurveyQuestion {
            id: question.id.clone(),
            text: question.text.clone(),
            is_several: question.kind == wangge_model::survey::QuestionKind::Several,
            choices: question
                .codes()
                .into_iter()
                .map(|code| SurveyChoice {
                    zh: question.words(&code, Language::Chinese),
                    en: question.words(&code, Language::English),
                    code,
                })
                .collect(),
        };
        Self {
            questions: survey.questions.iter().map(question).collect(),
            id: survey.id,
            title: survey.title,
            note: survey.note,
            ends_on: survey.ends_on.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use wangge_model::survey::{Question, QuestionKind};

    use super::*;

    #[test]
    fn a_question_of_satisfaction_has_five_answers_in_words() {
        let survey = SurveyInfo::from(Survey {
            id: "s".to_owned(),
            title: "满意度".to_owned(),
            note: String::new(),
            starts_on: "2026-03-01".parse().unwrap(),
            ends_on: "2026-03-31".parse().unwrap(),
            questions: vec![Question {
                id: "1".to_owned(),
                text: "对社区服务满意吗".to_owned(),
                kind: QuestionKind::Satisfaction,
                choices: Vec::new(),
            }],
        });
        let question = &survey.questions[0];
        assert!(!question.is_several);
        assert_eq!(question.choices.len(), 5);
        assert_eq!(question.choices[0].zh, "很满意");
        assert_eq!(question.choices[0].en, "Very content");
        assert_eq!(survey.ends_on, "2026-03-31");
    }
}
