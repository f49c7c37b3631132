//! The table of the machine: from which states a verb is possible, where it
//! leads and who may use it. What a verb needs beside that is in `decide`.

use super::{
    action::CaseVerb as V,
    state::{CaseLevel, CaseRole as R, CaseState as S},
};

/// Where a verb leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// The case stays where it is.
    Same,
    /// To this state.
    State(S),
    /// Back to where it stood before it was merged.
    BeforeMerge,
    /// As far as `decide` says: the last level's approval ends it.
    NextApproval,
}

/// Which desks may use a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desk {
    /// None.
    None,
    /// The one that is responsible, and no other.
    Own,
    /// That and those above it.
    OwnOrAbove,
    /// Those above it; at the county the county's own.
    Above,
    /// The county's.
    County,
}

impl Desk {
    /// Whether the desk of this level may, for a case at `case`.
    pub fn admits(self, desk: CaseLevel, case: CaseLevel) -> bool {
        match self {
            Self::None => false,
            Self::Own => desk == case,
            Self::OwnOrAbove => desk >= case,
            Self::Above => desk > case || desk == CaseLevel::County,
            Self::County => desk == CaseLevel::County,
        }
    }
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Move {
    /// The verb.
    pub verb: V,
    /// From which states.
    pub from: &'static [S],
    /// Where it leads.
    pub to: To,
    /// Which desks may use it.
    pub desk: Desk,
    /// Who else may.
    pub roles: &'static [R],
}

const fn row(verb: V, from: &'static [S], to: To, desk: Desk, roles: &'static [R]) -> Move {
    Move {
        verb,
        from,
        to,
        desk,
        roles,
    }
}

/// States in which somebody works on it.
const OPEN: &[S] = &[
    S::Filed,
    S::Assigned,
    S::InProgress,
    S::Handled,
    S::Explained,
];

/// Every move there is. A verb has one row for each place it leads to.
pub const MOVES: &[Move] = &[
    row(
        V::File,
        &[S::Reported],
        To::State(S::Filed),
        Desk::OwnOrAbove,
        &[R::GridHead],
    ),
    row(
        V::Void,
        &[S::Reported, S::Filed],
        To::State(S::Void),
        Desk::OwnOrAbove,
        &[],
    ),
    row(
        V::Merge,
        &[S::Reported, S::Filed],
        To::State(S::Merged),
        Desk::OwnOrAbove,
        &[],
    ),
    row(
        V::Unmerge,
        &[S::Merged],
        To::BeforeMerge,
        Desk::OwnOrAbove,
        &[],
    ),
    row(
        V::HandleOnSpot,
        &[S::Reported, S::Filed],
        To::State(S::Handled),
        Desk::None,
        &[R::GridWorker, R::GridHead],
    ),
    row(
        V::Assign,
        &[S::Filed],
        To::State(S::Assigned),
        Desk::Own,
        &[],
    ),
    row(
        V::Recall,
        &[S::Assigned],
        To::State(S::Filed),
        Desk::OwnOrAbove,
        &[],
    ),
    row(
        V::Transfer,
        &[S::Assigned, S::InProgress],
        To::State(S::Assigned),
        Desk::OwnOrAbove,
        &[],
    ),
    row(
        V::Arbitrate,
        &[S::Filed, S::Assigned, S::InProgress],
        To::State(S::Assigned),
        Desk::County,
        &[],
    ),
    row(
        V::Escalate,
        &[S::Reported, S::Filed, S::InProgress, S::Explained],
        To::State(S::Filed),
        Desk::Own,
        &[R::GridHead, R::Handler],
    ),
    row(
        V::HandDown,
        &[S::Filed],
        To::State(S::Filed),
        Desk::Own,
        &[],
    ),
    row(
        V::Sign,
        &[S::Assigned],
        To::State(S::InProgress),
        Desk::None,
        &[R::Handler],
    ),
    row(
        V::Refuse,
        &[S::Assigned],
        To::State(S::Filed),
        Desk::None,
        &[R::Handler],
    ),
    row(
        V::RequestJoint,
        &[S::InProgress],
        To::Same,
        Desk::OwnOrAbove,
        &[R::Handler],
    ),
    row(
        V::DecideJoint,
        &[S::InProgress],
        To::Same,
        Desk::OwnOrAbove,
        &[],
    ),
    row(
        V::Arrive,
        &[S::InProgress],
        To::Same,
        Desk::None,
        &[R::JointHandler],
    ),
    row(
        V::ReportJoint,
        &[S::InProgress],
        To::Same,
        Desk::None,
        &[R::JointHandler],
    ),
    row(
        V::RateJoint,
        &[S::InProgress, S::Handled, S::Verified, S::Closed],
        To::Same,
        Desk::OwnOrAbove,
        &[R::Handler],
    ),
    row(
        V::RequestDelay,
        &[S::InProgress],
        To::Same,
        Desk::None,
        &[R::Handler],
    ),
    row(
        V::DecideDelay,
        &[S::InProgress],
        To::Same,
        Desk::OwnOrAbove,
        &[],
    ),
    row(
        V::Pause,
        &[S::InProgress],
        To::Same,
        Desk::OwnOrAbove,
        &[R::Handler],
    ),
    row(
        V::Continue,
        &[S::InProgress],
        To::Same,
        Desk::OwnOrAbove,
        &[R::Handler],
    ),
    row(
        V::HandIn,
        &[S::InProgress],
        To::State(S::Handled),
        Desk::None,
        &[R::Handler],
    ),
    row(
        V::Explain,
        &[S::InProgress],
        To::State(S::Explained),
        Desk::OwnOrAbove,
        &[R::Handler],
    ),
    row(
        V::Resume,
        &[S::Explained],
        To::State(S::InProgress),
        Desk::OwnOrAbove,
        &[R::Handler],
    ),
    row(V::Approve, &[S::Filed], To::NextApproval, Desk::Own, &[]),
    row(
        V::Disapprove,
        &[S::Filed],
        To::State(S::Handled),
        Desk::Own,
        &[],
    ),
    row(
        V::VerifyPass,
        &[S::Handled],
        To::State(S::Verified),
        Desk::OwnOrAbove,
        &[R::GridWorker, R::GridHead, R::Assessor],
    ),
    row(
        V::VerifyFail,
        &[S::Handled],
        To::State(S::InProgress),
        Desk::OwnOrAbove,
        &[R::GridWorker, R::GridHead, R::Assessor],
    ),
    row(
        V::Feedback,
        &[S::Verified],
        To::State(S::Closed),
        Desk::OwnOrAbove,
        &[R::GridWorker, R::GridHead],
    ),
    row(
        V::Rate,
        &[S::Verified, S::Closed],
        To::Same,
        Desk::None,
        &[R::Reporter, R::GridWorker],
    ),
    row(
        V::Archive,
        &[S::Closed],
        To::State(S::Archived),
        Desk::OwnOrAbove,
        &[],
    ),
    row(
        V::Reopen,
        &[S::Closed],
        To::State(S::InProgress),
        Desk::OwnOrAbove,
        &[R::Reporter],
    ),
    row(V::Supervise, OPEN, To::Same, Desk::Above, &[R::Assessor]),
    row(V::Unsupervise, OPEN, To::Same, Desk::Above, &[R::Assessor]),
    row(
        V::Note,
        &[
            S::Reported,
            S::Filed,
            S::Assigned,
            S::InProgress,
            S::Handled,
            S::Verified,
            S::Explained,
            S::Closed,
        ],
        To::Same,
        Desk::OwnOrAbove,
        &[R::GridWorker, R::GridHead, R::Handler, R::JointHandler],
    ),
    row(
        V::NameFirstAsked,
        &[
            S::Reported,
            S::Filed,
            S::Assigned,
            S::InProgress,
            S::Handled,
            S::Verified,
            S::Explained,
        ],
        To::Same,
        Desk::OwnOrAbove,
        &[],
    ),
];

/// The row of a verb from a state.
pub fn find_move(verb: V, from: S) -> Option<&'static Move> {
    MOVES
        .iter()
        .find(|row| row.verb == verb && row.from.contains(&from))
}

impl Move {
    /// Whether somebody with this role may, for a case at this level.
    pub fn admits(&self, role: R, level: CaseLevel) -> bool {
        match role.desk_level() {
            Some(desk) => self.desk.admits(desk, level),
            None => self.roles.contains(&role),
        }
    }
}
