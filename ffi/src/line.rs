//! Whom one reports to (逐级报告), without a network.

use wangge_model::{
    GridId, Role,
    message::{Language, message, message_id},
    org::LineStep,
};

use crate::{AppError, Core, schema::Texts};

/// Whom the person reports to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LineOfReport {
    /// The steps above the person, the lowest first; the first is whom to report
    /// to.
    pub steps: Vec<ReportStep>,
    /// When the server last confirmed it, in milliseconds since 1970; nothing if
    /// it never told.
    pub confirmed_at_ms: Option<i64>,
}

/// A step of the line.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ReportStep {
    /// `head`, `community`, `street` or `county`.
    pub code: String,
    /// What it is called.
    pub name: Texts,
    /// Who; the nearest to the grid first.
    pub people: Vec<ReportPerson>,
}

/// Somebody to report to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ReportPerson {
    /// Name.
    pub name: String,
    /// As what.
    pub role: Texts,
    /// The place they answer for.
    pub place: String,
    /// The phone number to show; empty if there is none.
    pub masked_phone: String,
    /// The address that dials it, `tel:…`; empty if there is none.
    pub call_link: String,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// Whom the person reports to in one of their grids, as the last sync told.
    pub async fn line_of_report(&self, grid: GridId) -> Result<LineOfReport, AppError> {
        let line = self.run(move |core| core.line_of_report(grid)).await?;
        Ok(line.into())
    }
}

impl From<wangge_core::LineOfReport> for LineOfReport {
    fn from(line: wangge_core::LineOfReport) -> Self {
        Self {
            steps: line.steps.into_iter().map(ReportStep::from).collect(),
            confirmed_at_ms: line.confirmed_at.map(wangge_model::Timestamp::as_millis),
        }
    }
}

impl From<wangge_core::ReportStep> for ReportStep {
    fn from(step: wangge_core::ReportStep) -> Self {
        let people = step.people.into_iter().map(|person| ReportPerson {
            name: person.name,
            role: role_name(person.role),
            place: person.place,
            masked_phone: person.masked_phone,
            call_link: person.call_link,
        });
        Self {
            code: step.step.as_str().to_owned(),
            name: step_name(step.step),
            people: people.collect(),
        }
    }
}

/// A role in words.
pub(crate) fn role_name(role: Role) -> Texts {
    let text = |language| message(language, &role.message_id(), &[]);
    Texts {
        zh: text(Language::Chinese),
        en: text(Language::English),
    }
}

fn step_name(step: LineStep) -> Texts {
    let text = |language| message(language, &message_id("line", step.as_str()), &[]);
    Texts {
        zh: text(Language::Chinese),
        en: text(Language::English),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_roles_are_told_in_words() {
        let step = ReportStep::from(wangge_core::ReportStep {
            step: LineStep::Head,
            people: vec![wangge_core::ReportPerson {
                name: "王网格".to_owned(),
                role: Role::GridHead,
                place: "第一网格".to_owned(),
                masked_phone: "138****8000".to_owned(),
                call_link: "tel:13800138000".to_owned(),
            }],
        });
        assert_eq!(
            (step.code.as_str(), step.name.zh.as_str()),
            ("head", "网格长")
        );
        assert_eq!(step.people[0].role.zh, "网格长");
        assert!(!step.people[0].role.en.contains("role-"));
    }
}
