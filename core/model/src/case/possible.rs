//! What somebody could ask for now: for forms that offer only what the machine
//! would grant, and that explain the rest.

use super::{
    Case, CaseAction, CaseArguments, CaseLimits, CaseRefusal, CaseRequest, CaseVerb, JointState,
    Requester, Supervision,
};
use crate::{OrgNodeId, PersonId, RecordId, Timestamp};

/// What a form has to ask for before a verb can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of one field of a form whether it is there"
)]
pub struct Needs {
    /// A reason, result or remark.
    pub text: bool,
    /// A unit the case could go to.
    pub unit: bool,
    /// Units to whistle for.
    pub units: bool,
    /// One of the units that were whistled for, which must be as far as this.
    pub joint: Option<JointState>,
    /// Another incident.
    pub into: bool,
    /// Somebody who works there.
    pub person: bool,
    /// Working days.
    pub days: bool,
    /// 1 to 5 stars.
    pub stars: bool,
    /// Which card.
    pub card: bool,
    /// Yes or no.
    pub is_agreed: bool,
}

impl CaseVerb {
    /// What it needs.
    pub fn needs(self) -> Needs {
        let none = Needs::default();
        let text = Needs { text: true, ..none };
        match self {
            Self::File
            | Self::Sign
            | Self::Continue
            | Self::Resume
            | Self::Approve
            | Self::VerifyPass
            | Self::Archive => none,
            Self::Assign => Needs { unit: true, ..none },
            Self::Transfer | Self::Arbitrate => Needs { unit: true, ..text },
            Self::RequestJoint => Needs {
                units: true,
                ..text
            },
            Self::DecideJoint => Needs {
                joint: Some(JointState::Asked),
                is_agreed: true,
                ..none
            },
            Self::Arrive => Needs {
                joint: Some(JointState::Called),
                ..none
            },
            Self::ReportJoint => Needs {
                joint: Some(JointState::Arrived),
                ..text
            },
            Self::RateJoint => Needs {
                joint: Some(JointState::Done),
                stars: true,
                ..none
            },
            Self::Merge => Needs { into: true, ..none },
            Self::RequestDelay => Needs { days: true, ..text },
            Self::DecideDelay => Needs {
                is_agreed: true,
                ..text
            },
            Self::Rate => Needs {
                stars: true,
                ..none
            },
            Self::Supervise => Needs { card: true, ..text },
            Self::NameFirstAsked => Needs {
                person: true,
                ..text
            },
            _ => text,
        }
    }
}

impl Case {
    /// Every verb with why it cannot be asked for now by this person; `None`:
    /// it can, with what its form asks for.
    pub fn possible(
        &self,
        incident: RecordId,
        requester: &Requester,
        limits: &CaseLimits,
        at: Timestamp,
    ) -> Vec<(CaseVerb, Option<CaseRefusal>)> {
        CaseVerb::ALL
            .iter()
            .map(|verb| {
                let refusal = match self.probe(*verb, incident, requester) {
                    Ok(action) => {
                        let request = CaseRequest {
                            action,
                            seen_version: None,
                        };
                        self.decide(incident, &request, requester, limits, at).err()
                    }
                    Err(refusal) => Some(refusal),
                };
                (*verb, refusal)
            })
            .collect()
    }

    /// The verb as a form would send it, filled in so that only the case and
    /// the person can be in the way.
    fn probe(
        &self,
        verb: CaseVerb,
        incident: RecordId,
        requester: &Requester,
    ) -> Result<CaseAction, CaseRefusal> {
        let elsewhere = OrgNodeId::from_bytes([0xff; 16]);
        let joint = verb
            .needs()
            .joint
            .and_then(|state| self.joint_of(state, verb, requester));
        let mut other = *incident.as_bytes();
        other[0] = !other[0];
        CaseArguments {
            unit: Some(joint.unwrap_or(elsewhere)),
            units: vec![elsewhere],
            into: Some(RecordId::from_bytes(other)),
            person: Some(PersonId::from_bytes([0xff; 16])),
            text: "-".to_owned(),
            days: Some(1),
            stars: Some(5),
            card: Some(Supervision::Yellow),
            is_agreed: Some(true),
        }
        .action(verb)
    }

    /// A unit whose part is as far as the verb needs, and is the person's to
    /// speak of.
    fn joint_of(
        &self,
        state: JointState,
        verb: CaseVerb,
        requester: &Requester,
    ) -> Option<OrgNodeId> {
        let is_own = matches!(verb, CaseVerb::Arrive | CaseVerb::ReportJoint);
        self.joint
            .iter()
            .filter(|(unit, joint)| {
                joint.state == state && (!is_own || requester.units.contains(unit))
            })
            .map(|(unit, _)| *unit)
            .next()
    }
}
