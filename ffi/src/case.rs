//! Cases of incidents: lists with state and light, what was decided, and asking
//! the server for a decision, also offline. Codes carry their texts, so that a
//! shell shows them as they are.

use wangge_model::{
    OrgNodeId, PersonId, RecordId, Timestamp,
    case::{CaseArguments, CaseRefusal, CaseVerb, FiledRequest, Supervision, TimelineEntry},
    deadline::Light,
    message::{Language, message, message_id},
};

use crate::{AppError, Core, record::RecordRow};

/// Which cases to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum CaseQueue {
    /// All on this phone in which something is still to be done.
    Open,
    /// Those the person reported.
    Reported,
    /// Those that a grid of the person's has to handle.
    Assigned,
    /// Those that wait for somebody to look whether they are done.
    ToVerify,
    /// Those with a request that the server has not answered.
    Pending,
}

/// A code with its text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseWord {
    /// Stable code.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// A case in a list.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseRow {
    /// The incident.
    pub row: RecordRow,
    /// Where it stands; `None` until the report reached the server.
    pub state: Option<CaseWord>,
    /// `green`, `yellow` or `red`; `None` without a limit.
    pub light: Option<CaseWord>,
    /// When it must be done.
    pub due_at: Option<Timestamp>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseStep {
    /// What was done.
    pub verb: CaseWord,
    /// Where the case stood after it.
    pub state: CaseWord,
    /// Who asked for it; empty: the server itself.
    pub name: String,
    /// When it was decided.
    pub at: Timestamp,
    /// The unit it is about; may be empty.
    pub unit_name: String,
    /// The reason, result or remark.
    pub text: String,
}

/// Something that was asked for from a phone.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseRequest {
    /// Its id.
    pub id: String,
    /// What was asked for.
    pub verb: CaseWord,
    /// The reason, result or remark.
    pub text: String,
    /// When, by the phone's clock.
    pub asked_at: Option<Timestamp>,
    /// Whether it was done; `None`: pending.
    pub is_accepted: Option<bool>,
    /// Why not, with what to do.
    pub refusal: Option<CaseWord>,
}

/// Everything about one case.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseView {
    /// Where it stands; `None` until the report reached the server.
    pub state: Option<CaseWord>,
    /// Whose desk is responsible.
    pub level: Option<CaseWord>,
    /// How it stands against its limit.
    pub light: Option<CaseWord>,
    /// When it must be done.
    pub due_at: Option<Timestamp>,
    /// Each decision, oldest first.
    pub timeline: Vec<CaseStep>,
    /// What was asked for.
    pub requests: Vec<CaseRequest>,
    /// What the person could ask for now, as far as this phone knows.
    pub possible: Vec<CaseWord>,
}

/// What a request carries; a verb takes what it needs.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CaseDetails {
    /// A reason, a result, a remark.
    #[uniffi(default = "")]
    pub text: String,
    /// Id of a unit.
    #[uniffi(default = None)]
    pub unit: Option<String>,
    /// Ids of units to whistle for.
    #[uniffi(default = [])]
    pub units: Vec<String>,
    /// Another incident.
    #[uniffi(default = None)]
    pub into: Option<RecordId>,
    /// Id of somebody who works there.
    #[uniffi(default = None)]
    pub person: Option<String>,
    /// Working days.
    #[uniffi(default = None)]
    pub days: Option<i64>,
    /// Stars, 1 to 5.
    #[uniffi(default = None)]
    pub stars: Option<i64>,
    /// `yellow` or `red`.
    #[uniffi(default = None)]
    pub card: Option<String>,
    /// Yes or no.
    #[uniffi(default = None)]
    pub is_agreed: Option<bool>,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// Cases on this phone, most pressing first.
    pub async fn list_cases(&self, queue: CaseQueue) -> Result<Vec<CaseRow>, AppError> {
        let cases = self.run(move |core| core.list_cases(queue.into())).await?;
        Ok(cases.into_iter().map(CaseRow::from).collect())
    }

    /// A case with its timeline and requests.
    pub async fn case_view(&self, id: RecordId) -> Result<CaseView, AppError> {
        Ok(self.run(move |core| core.case(id)).await?.into())
    }

    /// Asks the server for a decision; it goes with the next sync. Answers the
    /// request's id.
    pub async fn request_case(
        &self,
        id: RecordId,
        verb: String,
        details: CaseDetails,
    ) -> Result<String, AppError> {
        let action = CaseVerb::parse(&verb)
            .ok_or(CaseRefusal::UnknownVerb)
            .and_then(|verb| details.arguments()?.action(verb))
            .map_err(wangge_core::Error::from)?;
        let request = self.run(move |core| core.request_case(id, &action)).await?;
        Ok(request.to_string())
    }
}

impl From<CaseQueue> for wangge_core::CaseQueue {
    fn from(queue: CaseQueue) -> Self {
        match queue {
            CaseQueue::Open => Self::Open,
            CaseQueue::Reported => Self::Reported,
            CaseQueue::Assigned => Self::Assigned,
            CaseQueue::ToVerify => Self::ToVerify,
            CaseQueue::Pending => Self::Pending,
        }
    }
}

impl CaseDetails {
    fn arguments(&self) -> Result<CaseArguments, CaseRefusal> {
        let unit = |text: &String| {
            text.parse::<OrgNodeId>()
                .map_err(|_| CaseRefusal::Incomplete("unit"))
        };
        let person = |text: &String| {
            text.parse::<PersonId>()
                .map_err(|_| CaseRefusal::Incomplete("person"))
        };
        let card = |text: &String| Supervision::parse(text).ok_or(CaseRefusal::Incomplete("card"));
        Ok(CaseArguments {
            unit: self.unit.as_ref().map(unit).transpose()?,
            units: self.units.iter().map(unit).collect::<Result<_, _>>()?,
            into: self.into,
            person: self.person.as_ref().map(person).transpose()?,
            text: self.text.clone(),
            days: self.days,
            stars: self.stars,
            card: self.card.as_ref().map(card).transpose()?,
            is_agreed: self.is_agreed,
        })
    }
}

impl CaseWord {
    fn of(prefix: &str, code: &str) -> Self {
        let text = |language| message(language, &message_id(prefix, code), &[]);
        Self {
            code: code.to_owned(),
            zh: text(Language::Chinese),
            en: text(Language::English),
        }
    }

    fn state(code: &str) -> Option<Self> {
        (!code.is_empty()).then(|| Self::of("case-state", code))
    }

    fn light(light: Light) -> Self {
        let code = match light {
            Light::Green => "green",
            Light::Yellow => "yellow",
            Light::Red => "red",
        };
        Self::of("case-light", code)
    }
}

impl From<wangge_core::CaseRow> for CaseRow {
    fn from(case: wangge_core::CaseRow) -> Self {
        let summary = &case.row.summary;
        Self {
            state: CaseWord::state(&summary.state),
            light: case.light.map(CaseWord::light),
            due_at: summary.case.as_ref().and_then(|case| case.due_at),
            row: case.row.into(),
        }
    }
}

impl From<TimelineEntry> for CaseStep {
    fn from(entry: TimelineEntry) -> Self {
        Self {
            verb: CaseWord::of("case-verb", &entry.verb),
            state: CaseWord::of("case-state", &entry.to),
            name: entry.name,
            at: entry.at,
            unit_name: entry.unit_name,
            text: entry.text,
        }
    }
}

impl From<FiledRequest> for CaseRequest {
    fn from(request: FiledRequest) -> Self {
        let outcome = request.outcome;
        let refused = outcome.as_ref().filter(|outcome| !outcome.is_accepted);
        Self {
            verb: CaseWord::of("case-verb", &request.verb),
            refusal: refused.map(|outcome| CaseWord {
                code: outcome.code.clone(),
                zh: CaseRefusal::text_of(Language::Chinese, &outcome.code, outcome.limit),
                en: CaseRefusal::text_of(Language::English, &outcome.code, outcome.limit),
            }),
            is_accepted: outcome.as_ref().map(|outcome| outcome.is_accepted),
            id: request.id,
            text: request.arguments.text,
            asked_at: request.asked_at,
        }
    }
}

impl From<wangge_core::CaseView> for CaseView {
    fn from(view: wangge_core::CaseView) -> Self {
        let case = view.case.as_ref();
        Self {
            state: case.map(|case| CaseWord::of("case-state", case.state.as_str())),
            level: case.map(|case| CaseWord::of("case-level", case.level.as_str())),
            light: view.light.map(CaseWord::light),
            due_at: view.due_at,
            timeline: view.timeline.into_iter().map(CaseStep::from).collect(),
            requests: view.requests.into_iter().map(CaseRequest::from).collect(),
            possible: view
                .possible
                .into_iter()
                .map(|verb| CaseWord::of("case-verb", verb.as_str()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use wangge_model::case::Outcome;

    use super::*;

    #[test]
    fn a_refused_request_says_why_and_a_pending_one_has_no_answer() {
        let pending = FiledRequest {
            id: "r".to_owned(),
            verb: "assign".to_owned(),
            arguments: CaseArguments::default(),
            seen_version: None,
            asked_at: None,
            outcome: None,
        };
        let shown = CaseRequest::from(pending.clone());
        assert_eq!((shown.is_accepted, shown.refusal), (None, None));
        assert_eq!(shown.verb.zh, "派单");
        let refused = CaseRequest::from(FiledRequest {
            outcome: Some(Outcome {
                is_accepted: false,
                code: "already_assigned".to_owned(),
                limit: None,
                version: 3,
                person: None,
                at: Timestamp::from_millis(0),
            }),
            ..pending
        });
        assert_eq!(refused.is_accepted, Some(false));
        assert!(
            refused
                .refusal
                .is_some_and(|word| word.zh.contains("已经派单"))
        );
    }

    #[test]
    fn details_that_are_no_ids_or_codes_are_refused_before_anything_is_saved() {
        let details = CaseDetails {
            text: String::new(),
            unit: Some("x".to_owned()),
            units: Vec::new(),
            into: None,
            person: None,
            days: None,
            stars: None,
            card: None,
            is_agreed: None,
        };
        assert_eq!(details.arguments(), Err(CaseRefusal::Incomplete("unit")));
    }
}
