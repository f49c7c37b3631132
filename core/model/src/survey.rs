//! Surveys of service needs and satisfaction (服务需求与满意度调查, source 004): a
//! few questions with fixed answers, asked at the door. A survey is the body of a
//! reference set `survey.<id>` of a place; a sheet is part of the visit it was
//! filled in on. There is no free text: what cannot be counted without names
//! belongs into the diary.

use serde::{Deserialize, Serialize};

use crate::{
    CivilDay, FieldPath, FieldValue,
    document::{FieldEdit, Fields},
    message::{Language, message, message_id},
};

/// What the names of surveys begin with; the survey's id follows.
pub const SURVEY: &str = "survey.";
/// The collection of answers in a visit: one entry per question, named by
/// [`answer_entry`].
pub const ANSWERS: &str = "answers";
/// Most questions of a survey.
pub const MOST_QUESTIONS: usize = 20;
/// Most answers to choose from.
pub const MOST_CHOICES: usize = 20;
/// Answers below which figures are not broken down: with fewer, somebody who
/// knows the grid may guess who said what.
pub const FEWEST_SHOWN: u64 = 5;
/// Steps of satisfaction, best first; their texts are `survey-satisfaction-<n>`.
pub const SATISFACTION: [&str; 5] = ["5", "4", "3", "2", "1"];

/// A survey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// Names it.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What to say when asking.
    #[serde(default)]
    pub note: String,
    /// First day.
    pub starts_on: CivilDay,
    /// Last day.
    pub ends_on: CivilDay,
    /// What is asked, in order.
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Names it within the survey: letters and digits.
    pub id: String,
    /// The question.
    pub text: String,
    /// How it is answered.
    pub kind: QuestionKind,
    /// The answers to choose from, numbered from 1; none for satisfaction.
    #[serde(default)]
    pub choices: Vec<String>,
}

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// How content somebody is, in five steps.
    Satisfaction,
    /// One of the answers.
    One,
    /// Any of the answers.
    Several,
}

impl QuestionKind {
    /// The word in sets and interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Satisfaction => "satisfaction",
            Self::One => "one",
            Self::Several => "several",
        }
    }
}

/// What is wrong with a survey, or with a sheet. The texts are `survey-<code>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SurveyError {
    /// No title, or one too long.
    #[error("the title must have 1 to 60 characters")]
    Title,
    /// A note too long.
    #[error("the note may have 500 characters")]
    Note,
    /// The last day before the first, or more than a year after it.
    #[error("the days must be in order and within a year")]
    Days,
    /// No question, or too many.
    #[error("1 to {MOST_QUESTIONS} questions")]
    Questions,
    /// A question without text or with an id that is taken or malformed.
    #[error("question {0}: 1 to 100 characters, and an id of its own")]
    Question(usize),
    /// Answers that do not fit the kind of question.
    #[error("question {0}: 2 to {MOST_CHOICES} answers of 1 to 40 characters")]
    Choices(usize),
    /// A sheet answers something that was not asked, or as it cannot be.
    #[error("question {0} cannot be answered so")]
    Answer(String),
}

impl SurveyError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Note => "note",
            Self::Days => "days",
            Self::Questions => "questions",
            Self::Question(_) => "question",
            Self::Choices(_) => "choices",
            Self::Answer(_) => "answer",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(&self, language: Language) -> String {
        let place = match self {
            Self::Question(place) | Self::Choices(place) => place.to_string(),
            Self::Answer(question) => question.clone(),
            Self::Title | Self::Note | Self::Days | Self::Questions => String::new(),
        };
        message(
            language,
            &message_id("survey", self.code()),
            &[("place", &place)],
        )
    }
}

/// The entry of [`ANSWERS`] that holds the answer to a question.
pub fn answer_entry(survey: &str, question: &str) -> String {
    format!("{survey}_{question}")
}

/// One answer of a sheet: a question of a survey and what was chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// The survey.
    pub survey: String,
    /// The question.
    pub question: String,
    /// The codes of what was chosen.
    pub chosen: Vec<String>,
}

/// The answers in a visit.
pub fn read_answers(fields: &Fields) -> Vec<Answer> {
    let entries = fields.entries(ANSWERS).into_iter();
    let mut answers: Vec<Answer> = entries
        .filter_map(|entry| {
            let (survey, question) = entry.rsplit_once('_')?;
            let chosen = fields.text(&format!("{ANSWERS}.{entry}.chosen"));
            let chosen = chosen.split(',').filter(|code| !code.is_empty());
            let chosen: Vec<String> = chosen.map(ToOwned::to_owned).collect();
            (!chosen.is_empty()).then(|| Answer {
                survey: survey.to_owned(),
                question: question.to_owned(),
                chosen,
            })
        })
        .collect();
    answers.sort();
    answers
}

impl Question {
    /// The codes of its answers, in order.
    pub fn codes(&self) -> Vec<String> {
        match self.kind {
            QuestionKind::Satisfaction => SATISFACTION.map(ToOwned::to_owned).to_vec(),
            QuestionKind::One | QuestionKind::Several => (1..=self.choices.len())
                .map(|number| number.to_string())
                .collect(),
        }
    }

    /// An answer in words; the code of one that is no longer there.
    pub fn words(&self, code: &str, language: Language) -> String {
        if self.kind == QuestionKind::Satisfaction {
            return if SATISFACTION.contains(&code) {
                message(language, &format!("survey-satisfaction-{code}"), &[])
            } else {
                code.to_owned()
            };
        }
        let place = code.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        let words = place.and_then(|place| self.choices.get(place));
        words.cloned().unwrap_or_else(|| code.to_owned())
    }

    fn check(&self, place: usize) -> Result<(), SurveyError> {
        let length = |text: &str| text.trim().chars().count();
        let is_id = (1..=8).contains(&self.id.len())
            && self.id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_id || !(1..=100).contains(&length(&self.text)) {
            return Err(SurveyError::Question(place));
        }
        let fits = match self.kind {
            QuestionKind::Satisfaction => self.choices.is_empty(),
            QuestionKind::One | QuestionKind::Several => {
                (2..=MOST_CHOICES).contains(&self.choices.len())
                    && self
                        .choices
                        .iter()
                        .all(|choice| (1..=40).contains(&length(choice)))
            }
        };
        fits.then_some(()).ok_or(SurveyError::Choices(place))
    }

    /// Whether these codes answer it; each once, in the order of the question.
    fn answer(&self, chosen: &[String]) -> Option<Vec<String>> {
        let codes = self.codes();
        let is_known = chosen.iter().all(|code| codes.contains(code));
        let at_most = match self.kind {
            QuestionKind::Several => codes.len(),
            QuestionKind::Satisfaction | QuestionKind::One => 1,
        };
        let kept: Vec<String> = codes
            .into_iter()
            .filter(|code| chosen.contains(code))
            .collect();
        (is_known && kept.len() <= at_most).then_some(kept)
    }
}

impl Survey {
    /// Whether it may be published; the first thing that is wrong.
    pub fn check(&self) -> Result<(), SurveyError> {
        let length = |text: &str| text.trim().chars().count();
        if !(1..=60).contains(&length(&self.title)) {
            return Err(SurveyError::Title);
        }
        if length(&self.note) > 500 {
            return Err(SurveyError::Note);
        }
        if !(0..=366).contains(&self.ends_on.days_since(self.starts_on)) {
            return Err(SurveyError::Days);
        }
        if !(1..=MOST_QUESTIONS).contains(&self.questions.len()) {
            return Err(SurveyError::Questions);
        }
        for (place, question) in (1..).zip(&self.questions) {
            question.check(place)?;
            let same = self.questions.iter().filter(|one| one.id == question.id);
            if same.count() > 1 {
                return Err(SurveyError::Question(place));
            }
        }
        Ok(())
    }

    /// Whether it is asked on this day.
    pub fn is_open(&self, on: CivilDay) -> bool {
        on >= self.starts_on && on <= self.ends_on
    }

    /// What to write into a visit for these answers, each a question and what
    /// was chosen; an empty choice takes an answer back.
    pub fn edits(&self, answers: &[(String, Vec<String>)]) -> Result<Vec<FieldEdit>, SurveyError> {
        answers
            .iter()
            .map(|(question, chosen)| {
                let refuse = || SurveyError::Answer(question.clone());
                let asked = self.questions.iter().find(|one| one.id == *question);
                let chosen = asked.and_then(|asked| asked.answer(chosen));
                let chosen = chosen.ok_or_else(refuse)?.join(",");
                let entry = answer_entry(&self.id, question);
                let path = FieldPath::new(format!("{ANSWERS}.{entry}.chosen"));
                let path = path.map_err(|_| refuse())?;
                Ok(if chosen.is_empty() {
                    FieldEdit::clear(path)
                } else {
                    FieldEdit::set(path, FieldValue::Text(chosen))
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, RecordKind, Timestamp, document::RecordDocument};

    fn survey() -> Survey {
        let question = |id: &str, kind, choices: &[&str]| Question {
            id: id.to_owned(),
            text: "问题".to_owned(),
            kind,
            choices: choices.iter().map(|text| (*text).to_owned()).collect(),
        };
        Survey {
            id: "0190a7c2-0000-7000-8000-000000000001".to_owned(),
            title: "为老服务需求".to_owned(),
            note: String::new(),
            starts_on: "2026-03-01".parse().unwrap(),
            ends_on: "2026-03-31".parse().unwrap(),
            questions: vec![
                question("1", QuestionKind::Satisfaction, &[]),
                question("2", QuestionKind::One, &["需要", "不需要"]),
                question("3", QuestionKind::Several, &["助餐", "家政", "陪诊"]),
            ],
        }
    }

    #[test]
    fn each_mistake_is_named() {
        let code = |change: &dyn Fn(&mut Survey)| {
            let mut survey = survey();
            change(&mut survey);
            survey.check().err().map(|error| error.code())
        };
        assert_eq!(code(&|_| ()), None);
        assert_eq!(code(&|s| s.title = " ".to_owned()), Some("title"));
        assert_eq!(code(&|s| s.note = "平".repeat(501)), Some("note"));
        assert_eq!(code(&|s| s.ends_on = s.starts_on.plus(-1)), Some("days"));
        assert_eq!(code(&|s| s.questions.clear()), Some("questions"));
        assert_eq!(code(&|s| s.questions[1].text.clear()), Some("question"));
        assert_eq!(
            code(&|s| s.questions[1].id = "1".to_owned()),
            Some("question")
        );
        assert_eq!(
            code(&|s| s.questions[1].id = "a_b".to_owned()),
            Some("question")
        );
        assert_eq!(
            code(&|s| s.questions[1].choices.truncate(1)),
            Some("choices")
        );
        let choices = |s: &mut Survey| s.questions[0].choices.push("好".to_owned());
        assert_eq!(code(&choices), Some("choices"));
        for language in Language::ALL {
            let text = SurveyError::Choices(2).text(language);
            assert!(text.contains('2') && !text.contains("survey-"), "{text}");
        }
    }

    #[test]
    fn a_sheet_is_read_back_from_its_visit_and_changed_apart() {
        let survey = survey();
        let chosen = |codes: &[&str]| codes.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        let sheet = [
            ("1".to_owned(), chosen(&["4"])),
            ("3".to_owned(), chosen(&["3", "1"])),
        ];
        let mut visit = RecordDocument::new(RecordKind::Visit);
        let actor = ActorId::from_bytes([1; 16]);
        let at = Timestamp::from_millis(0);
        visit
            .edit(&survey.edits(&sheet).unwrap(), actor, at)
            .unwrap();
        let answers = read_answers(&visit.read());
        let found: Vec<(&str, Vec<String>)> = answers
            .iter()
            .map(|answer| (answer.question.as_str(), answer.chosen.clone()))
            .collect();
        assert_eq!(
            found,
            [("1", chosen(&["4"])), ("3", chosen(&["1", "3"]))],
            "in the order of the question"
        );
        assert!(answers.iter().all(|answer| answer.survey == survey.id));
        let back = [("1".to_owned(), Vec::new())];
        visit
            .edit(&survey.edits(&back).unwrap(), actor, at)
            .unwrap();
        assert_eq!(read_answers(&visit.read()).len(), 1);
    }

    #[test]
    fn what_was_not_asked_is_no_answer() {
        let survey = survey();
        let refused = |question: &str, codes: &[&str]| {
            let codes = codes.iter().map(|code| (*code).to_owned()).collect();
            let error = survey.edits(&[(question.to_owned(), codes)]);
            error.err().map(|error| error.code())
        };
        assert_eq!(refused("9", &["1"]), Some("answer"));
        assert_eq!(refused("2", &["3"]), Some("answer"));
        assert_eq!(refused("2", &["1", "2"]), Some("answer"), "one only");
        assert_eq!(refused("1", &["0"]), Some("answer"));
        assert_eq!(refused("3", &["1", "2"]), None);
        assert_eq!(survey.questions[2].words("2", Language::Chinese), "家政");
        assert_eq!(survey.questions[2].words("9", Language::Chinese), "9");
        assert_eq!(survey.questions[0].words("5", Language::Chinese), "很满意");
    }
}
