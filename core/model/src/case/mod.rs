//! The case of an incident: the six-step closed loop (六步闭环) from report to
//! archive as a pure machine. Phones use it to say at once what is possible,
//! the server to decide.
//!
//! * [`CaseState`] and [`CaseAction`] are the states and verbs; [`moves`] is the
//!   one table of which verb leads where and who may use it.
//! * [`Case::decide`] answers what a case becomes, or why not.
//! * [`Standing`] says what somebody is to a case, by their assignments.
//! * [`answer()`] decides every request in a document that has no outcome, and
//!   [`act`] one that is asked for on the server; both give the fields that the
//!   server writes: the case, the timeline and the outcomes.
//!
//! Sources: the states and verbs of the domain document, sections 5.2 to 5.5
//! (Shanxi's six steps, GB/T 34300-2017 6.4, the verbs of systems in use).

mod action;
mod answer;
mod arguments;
mod clock;
mod decide;
mod joint;
pub mod moves;
mod possible;
mod reconcile;
mod refusal;
mod request;
pub mod rules;
mod standing;
mod state;
mod stored;
#[cfg(test)]
mod stored_tests;
#[cfg(test)]
mod tests;
mod timeline;

pub use action::{CaseAction, CaseVerb};
pub use answer::{Answered, Decided, Decider, act, answer};
pub use arguments::CaseArguments;
pub use clock::{CaseClock, CaseLimits};
pub use joint::{Joint, JointState};
pub use possible::Needs;
pub use reconcile::reconcile;
pub use refusal::CaseRefusal;
pub use request::{FiledRequest, Outcome, file_request, filed_requests};
pub use rules::{CaseRules, CaseRulesError, Responsibility, ResponsibilityList};
pub use standing::{Post, Standing, case_role};
pub(crate) use state::codes;
pub use state::{CaseLevel, CaseRole, CaseState, Handling, Supervision, Urgency};
pub use stored::CaseSummary;
pub use timeline::{TimelineEntry, approvals, read_timeline};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{OrgNodeId, PersonId, RecordId, Timestamp};

/// Everything the server decides about one incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Where it stands.
    pub state: CaseState,
    /// Which level's desk is responsible.
    pub level: CaseLevel,
    /// How it is handled (四种处理方式).
    pub handling: Handling,
    /// How urgent it is.
    pub urgency: Urgency,
    /// Who reported it; `None` for a resident without an account.
    pub reporter: Option<PersonId>,
    /// Who was asked first and stays its tracker (首问责任); `None` if that is
    /// not known, as of reports from before it was kept.
    pub first_asked: Option<PersonId>,
    /// The unit that handles it.
    pub unit: Option<OrgNodeId>,
    /// The person of that unit who signed for it or handed in the result.
    pub handler: Option<PersonId>,
    /// Whoever handled it first and answers for it to the end (首办负责), however
    /// many follow; of an agency service whoever was asked.
    pub first_handler: Option<PersonId>,
    /// Units that were whistled for (吹哨报到), by id.
    pub joint: BTreeMap<OrgNodeId, Joint>,
    /// The clock, once it was filed.
    pub clock: Option<CaseClock>,
    /// A later end that was asked for and not decided on.
    pub delay: Option<DelayRequest>,
    /// Yellow or red card (督办).
    pub supervision: Option<Supervision>,
    /// The reporter's rating, 1 to 5.
    pub rating: Option<u8>,
    /// The incident it is a duplicate of.
    pub merged_into: Option<RecordId>,
    /// Where it stood before it was merged, so that merging can be undone.
    pub before_merge: Option<CaseState>,
    /// How often units sent it back.
    pub refusals: u16,
    /// The county decided whose it is: it cannot be sent back again.
    pub is_arbitrated: bool,
    /// How often it was opened again.
    pub reopened: u16,
    /// When it was closed last.
    pub closed_at: Option<Timestamp>,
    /// Rises by one with every decision; a request may name the one it was
    /// made for.
    pub version: u64,
}

/// A later end that a handler asks for (延期).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelayRequest {
    /// Working days more.
    pub days: u16,
    /// Why.
    pub reason: String,
}

/// Who asks for a decision, as the server knows them: never as a phone says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requester {
    /// The person.
    pub person: PersonId,
    /// Every role they have towards this case, by their assignments.
    pub roles: Vec<CaseRole>,
    /// The units they belong to.
    pub units: Vec<OrgNodeId>,
}

/// One request (D5): people ask, the server decides in one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRequest {
    /// What is asked for.
    pub action: CaseAction,
    /// The case's version the requester saw; `None`: whatever it is now.
    pub seen_version: Option<u64>,
}

impl Case {
    /// A report as it comes in.
    pub fn reported(
        handling: Handling,
        urgency: Urgency,
        reporter: Option<PersonId>,
        first_asked: Option<PersonId>,
    ) -> Self {
        Self {
            state: CaseState::Reported,
            // Emergencies are everybody's at once (突发性); see `alarm_levels`.
            level: CaseLevel::Community,
            handling,
            urgency,
            reporter,
            first_asked,
            unit: None,
            handler: None,
            first_handler: None,
            joint: BTreeMap::new(),
            clock: None,
            delay: None,
            supervision: None,
            rating: None,
            merged_into: None,
            before_merge: None,
            refusals: 0,
            is_arbitrated: false,
            reopened: 0,
            closed_at: None,
            version: 0,
        }
    }

    /// The levels whose desks are alarmed when it is reported: all three for an
    /// emergency (现场第一时间同时报街道和区职能部门), its own for the rest.
    pub fn alarm_levels(&self) -> &'static [CaseLevel] {
        if self.handling == Handling::Emergency || self.urgency == Urgency::Emergency {
            &[CaseLevel::Community, CaseLevel::Street, CaseLevel::County]
        } else {
            &[CaseLevel::Community]
        }
    }
}
