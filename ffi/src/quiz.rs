//! A self-test on the own grid (三个一口清), made and kept on this phone.

use wangge_model::{GridId, message::Language};

use crate::{AppError, Core, plan::size, schema::Texts};

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct QuizQuestion {
    /// `who_lives`, `tenants`, `care_group` or `care_households`.
    pub kind: String,
    /// The question.
    pub text: Texts,
    /// What to choose from.
    pub options: Vec<Texts>,
    /// Which of them is right.
    pub right: u32,
}

/// How a quiz went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct QuizResult {
    /// When it was done, in milliseconds since 1970.
    pub at_ms: i64,
    /// How many questions.
    pub asked: u32,
    /// How many answers were right.
    pub right: u32,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// Questions on a grid, made from the files on this phone; fewer than asked for
    /// if these do not give more. Another seed, other questions. Nothing of it is
    /// sent.
    pub async fn quiz(
        &self,
        grid: GridId,
        seed: u64,
        questions: u32,
    ) -> Result<Vec<QuizQuestion>, AppError> {
        let made = self
            .run(move |core| core.quiz(grid, seed, questions))
            .await?;
        Ok(made.into_iter().map(QuizQuestion::from).collect())
    }

    /// Keeps how a quiz went, on this phone only.
    pub async fn note_quiz(&self, grid: GridId, asked: u32, right: u32) -> Result<(), AppError> {
        self.run(move |core| core.note_quiz(grid, asked, right))
            .await
    }

    /// How quizzes of a grid went, latest first.
    pub async fn quiz_results(&self, grid: GridId) -> Result<Vec<QuizResult>, AppError> {
        let results = self.run(move |core| core.quiz_results(grid)).await?;
        let told = results.into_iter().map(|result| QuizResult {
            at_ms: result.at.as_millis(),
            asked: result.asked,
            right: result.right,
        });
        Ok(told.collect())
    }
}

impl From<wangge_core::QuizQuestion> for QuizQuestion {
    fn from(question: wangge_core::QuizQuestion) -> Self {
        let option = |option: &String| Texts {
            zh: question.option_text(option, Language::Chinese),
            en: question.option_text(option, Language::English),
        };
        Self {
            kind: question.kind.as_str().to_owned(),
            text: Texts {
                zh: question.text(Language::Chinese),
                en: question.text(Language::English),
            },
            options: question.options.iter().map(option).collect(),
            right: size(question.right),
        }
    }
}

#[cfg(test)]
mod tests {
    use wangge_core::QuizKind;

    use super::*;

    #[test]
    fn a_question_crosses_with_its_words() {
        let question = QuizQuestion::from(wangge_core::QuizQuestion {
            kind: QuizKind::CareGroup,
            about: String::new(),
            options: vec!["dibao".to_owned(), "wubao".to_owned()],
            right: 1,
        });
        assert_eq!(question.options[1].zh, "五保对象");
        assert_eq!((question.kind.as_str(), question.right), ("care_group", 1));
        assert!(question.text.en.ends_with('?'));
    }
}
