//! What a request carries beside its verb, in the form in which documents,
//! console forms and the JSON API carry it.

use serde::{Deserialize, Serialize};

use super::{CaseAction, CaseRefusal, CaseVerb, Supervision};
use crate::{OrgNodeId, PersonId, RecordId};

/// What a verb may carry. Which of these a verb takes, [`CaseAction`] says; the
/// rest is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaseArguments {
    /// A unit.
    pub unit: Option<OrgNodeId>,
    /// Several units.
    pub units: Vec<OrgNodeId>,
    /// Another incident.
    pub into: Option<RecordId>,
    /// Somebody who works there.
    pub person: Option<PersonId>,
    /// A reason, a result, a remark.
    pub text: String,
    /// Working days.
    pub days: Option<i64>,
    /// Stars, 1 to 5.
    pub stars: Option<i64>,
    /// Which card.
    pub card: Option<Supervision>,
    /// Yes or no.
    pub is_agreed: Option<bool>,
}

impl CaseArguments {
    /// The action of this verb, or what it lacks.
    pub fn action(&self, verb: CaseVerb) -> Result<CaseAction, CaseRefusal> {
        let lacks = CaseRefusal::Incomplete;
        let text = || self.text.clone();
        let unit = || self.unit.ok_or(lacks("unit"));
        let is_agreed = || self.is_agreed.ok_or(lacks("is_agreed"));
        // What is no such number at all, the machine refuses as it does zero.
        let stars = || self.stars.and_then(|stars| u8::try_from(stars).ok());
        let days = || self.days.and_then(|days| u16::try_from(days).ok());
        Ok(match verb {
            CaseVerb::File => CaseAction::File,
            CaseVerb::Void => CaseAction::Void { reason: text() },
            CaseVerb::Merge => CaseAction::Merge {
                into: self.into.ok_or(lacks("into"))?,
            },
            CaseVerb::Unmerge => CaseAction::Unmerge { reason: text() },
            CaseVerb::HandleOnSpot => CaseAction::HandleOnSpot { result: text() },
            CaseVerb::Assign => CaseAction::Assign { unit: unit()? },
            CaseVerb::Recall => CaseAction::Recall { reason: text() },
            CaseVerb::Transfer => CaseAction::Transfer {
                unit: unit()?,
                reason: text(),
            },
            CaseVerb::Arbitrate => CaseAction::Arbitrate {
                unit: unit()?,
                reason: text(),
            },
            CaseVerb::Escalate => CaseAction::Escalate { reason: text() },
            CaseVerb::HandDown => CaseAction::HandDown { reason: text() },
            CaseVerb::Sign => CaseAction::Sign,
            CaseVerb::Refuse => CaseAction::Refuse { reason: text() },
            CaseVerb::RequestJoint => CaseAction::RequestJoint {
                units: self.units.clone(),
                reason: text(),
            },
            CaseVerb::DecideJoint => CaseAction::DecideJoint {
                unit: unit()?,
                is_agreed: is_agreed()?,
            },
            CaseVerb::Arrive => CaseAction::Arrive { unit: unit()? },
            CaseVerb::ReportJoint => CaseAction::ReportJoint {
                unit: unit()?,
                result: text(),
            },
            CaseVerb::RateJoint => CaseAction::RateJoint {
                unit: unit()?,
                stars: stars().unwrap_or(0),
            },
            CaseVerb::RequestDelay => CaseAction::RequestDelay {
                days: days().unwrap_or(0),
                reason: text(),
            },
            CaseVerb::DecideDelay => CaseAction::DecideDelay {
                is_granted: is_agreed()?,
                reason: text(),
            },
            CaseVerb::Pause => CaseAction::Pause { reason: text() },
            CaseVerb::Continue => CaseAction::Continue,
            CaseVerb::HandIn => CaseAction::HandIn { result: text() },
            CaseVerb::Explain => CaseAction::Explain { text: text() },
            CaseVerb::Resume => CaseAction::Resume,
            CaseVerb::Approve => CaseAction::Approve,
            CaseVerb::Disapprove => CaseAction::Disapprove { reason: text() },
            CaseVerb::VerifyPass => CaseAction::VerifyPass,
            CaseVerb::VerifyFail => CaseAction::VerifyFail { reason: text() },
            CaseVerb::Feedback => CaseAction::Feedback { text: text() },
            CaseVerb::Rate => CaseAction::Rate {
                stars: stars().unwrap_or(0),
            },
            CaseVerb::Archive => CaseAction::Archive,
            CaseVerb::Reopen => CaseAction::Reopen { reason: text() },
            CaseVerb::Supervise => CaseAction::Supervise {
                card: self.card.ok_or(lacks("card"))?,
                reason: text(),
            },
            CaseVerb::Unsupervise => CaseAction::Unsupervise { reason: text() },
            CaseVerb::Note => CaseAction::Note { text: text() },
            CaseVerb::NameFirstAsked => CaseAction::NameFirstAsked {
                person: self.person.ok_or(lacks("person"))?,
                reason: text(),
            },
        })
    }

    /// What an action carries.
    pub fn of(action: &CaseAction) -> Self {
        let mut arguments = Self {
            text: action.text().unwrap_or_default().to_owned(),
            ..Self::default()
        };
        match action {
            CaseAction::Merge { into } => arguments.into = Some(*into),
            CaseAction::NameFirstAsked { person, .. } => arguments.person = Some(*person),
            CaseAction::Assign { unit }
            | CaseAction::Transfer { unit, .. }
            | CaseAction::Arbitrate { unit, .. }
            | CaseAction::Arrive { unit }
            | CaseAction::ReportJoint { unit, .. } => arguments.unit = Some(*unit),
            CaseAction::RequestJoint { units, .. } => arguments.units.clone_from(units),
            CaseAction::DecideJoint { unit, is_agreed } => {
                arguments.unit = Some(*unit);
                arguments.is_agreed = Some(*is_agreed);
            }
            CaseAction::RateJoint { unit, stars } => {
                arguments.unit = Some(*unit);
                arguments.stars = Some(i64::from(*stars));
            }
            CaseAction::RequestDelay { days, .. } => arguments.days = Some(i64::from(*days)),
            CaseAction::DecideDelay { is_granted, .. } => arguments.is_agreed = Some(*is_granted),
            CaseAction::Rate { stars } => arguments.stars = Some(i64::from(*stars)),
            CaseAction::Supervise { card, .. } => arguments.card = Some(*card),
            _ => {}
        }
        arguments
    }
}
