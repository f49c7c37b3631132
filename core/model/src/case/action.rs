//! What can be asked for.

use serde::{Deserialize, Serialize};

use super::state::{Supervision, codes};
use crate::{OrgNodeId, PersonId, RecordId};

codes! {
    /// The verb of a request, without what it carries. The texts are
    /// `case-verb-<code>`.
    CaseVerb {
        /// Take it in: number, class and limit (受理、立案).
        File = "file",
        /// It is no incident (退回、作废).
        Void = "void",
        /// It is a duplicate (合并).
        Merge = "merge",
        /// It is none after all (撤销合并).
        Unmerge = "unmerge",
        /// Done on the spot (现场办结).
        HandleOnSpot = "handle_on_spot",
        /// Give it to a unit (交办、派单).
        Assign = "assign",
        /// Take it back from a unit that has not signed (撤回).
        Recall = "recall",
        /// Give it to another unit (流转).
        Transfer = "transfer",
        /// The county says whose it is (裁定).
        Arbitrate = "arbitrate",
        /// To the level above (上报).
        Escalate = "escalate",
        /// To the level below (下派).
        HandDown = "hand_down",
        /// Sign for it (签收、接单).
        Sign = "sign",
        /// Send it back (退单).
        Refuse = "refuse",
        /// Whistle for other units (吹哨、协同请求).
        RequestJoint = "request_joint",
        /// Let a handler's whistle through, or not (协同审核).
        DecideJoint = "decide_joint",
        /// A unit signs in on the spot (报到).
        Arrive = "arrive",
        /// A unit says what it did.
        ReportJoint = "report_joint",
        /// Who whistled rates a unit (评价).
        RateJoint = "rate_joint",
        /// Ask for a later end (延期申请).
        RequestDelay = "request_delay",
        /// Grant it or not (延期审批).
        DecideDelay = "decide_delay",
        /// Stop the clock while the reporter is waited for.
        Pause = "pause",
        /// Let it run again.
        Continue = "continue",
        /// Hand in the result (处置反馈).
        HandIn = "hand_in",
        /// It cannot be solved for now (解释说明).
        Explain = "explain",
        /// Go on with it.
        Resume = "resume",
        /// This level approves the papers (审批通过).
        Approve = "approve",
        /// This level does not (审批不通过).
        Disapprove = "disapprove",
        /// Found done (核查通过).
        VerifyPass = "verify_pass",
        /// Found not done (核查不通过).
        VerifyFail = "verify_fail",
        /// The reporter was told (反馈、销号).
        Feedback = "feedback",
        /// The reporter's rating (满意度评价).
        Rate = "rate",
        /// Into the archive (归档).
        Archive = "archive",
        /// Open it again (重开).
        Reopen = "reopen",
        /// Show a card (挂牌督办).
        Supervise = "supervise",
        /// Take the card back (取消督办).
        Unsupervise = "unsupervise",
        /// A remark (批注).
        Note = "note",
        /// Say who was asked first, if that is somebody else (更正首问责任人).
        NameFirstAsked = "name_first_asked",
    }
}

/// A verb with what it carries. Texts are checked for length and characters by
/// [`super::Case::decide`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the verbs are described at CaseVerb")]
pub enum CaseAction {
    File,
    Void {
        reason: String,
    },
    Merge {
        into: RecordId,
    },
    Unmerge {
        reason: String,
    },
    HandleOnSpot {
        result: String,
    },
    Assign {
        unit: OrgNodeId,
    },
    Recall {
        reason: String,
    },
    Transfer {
        unit: OrgNodeId,
        reason: String,
    },
    Arbitrate {
        unit: OrgNodeId,
        reason: String,
    },
    Escalate {
        reason: String,
    },
    HandDown {
        reason: String,
    },
    Sign,
    Refuse {
        reason: String,
    },
    RequestJoint {
        units: Vec<OrgNodeId>,
        reason: String,
    },
    DecideJoint {
        unit: OrgNodeId,
        is_agreed: bool,
    },
    Arrive {
        unit: OrgNodeId,
    },
    ReportJoint {
        unit: OrgNodeId,
        result: String,
    },
    RateJoint {
        unit: OrgNodeId,
        stars: u8,
    },
    RequestDelay {
        days: u16,
        reason: String,
    },
    DecideDelay {
        is_granted: bool,
        reason: String,
    },
    Pause {
        reason: String,
    },
    Continue,
    HandIn {
        result: String,
    },
    Explain {
        text: String,
    },
    Resume,
    Approve,
    Disapprove {
        reason: String,
    },
    VerifyPass,
    VerifyFail {
        reason: String,
    },
    Feedback {
        text: String,
    },
    Rate {
        stars: u8,
    },
    Archive,
    Reopen {
        reason: String,
    },
    Supervise {
        card: Supervision,
        reason: String,
    },
    Unsupervise {
        reason: String,
    },
    Note {
        text: String,
    },
    NameFirstAsked {
        person: PersonId,
        reason: String,
    },
}

impl CaseAction {
    /// Its verb.
    pub const fn verb(&self) -> CaseVerb {
        match self {
            Self::File => CaseVerb::File,
            Self::Void { .. } => CaseVerb::Void,
            Self::Merge { .. } => CaseVerb::Merge,
            Self::Unmerge { .. } => CaseVerb::Unmerge,
            Self::HandleOnSpot { .. } => CaseVerb::HandleOnSpot,
            Self::Assign { .. } => CaseVerb::Assign,
            Self::Recall { .. } => CaseVerb::Recall,
            Self::Transfer { .. } => CaseVerb::Transfer,
            Self::Arbitrate { .. } => CaseVerb::Arbitrate,
            Self::Escalate { .. } => CaseVerb::Escalate,
            Self::HandDown { .. } => CaseVerb::HandDown,
            Self::Sign => CaseVerb::Sign,
            Self::Refuse { .. } => CaseVerb::Refuse,
            Self::RequestJoint { .. } => CaseVerb::RequestJoint,
            Self::DecideJoint { .. } => CaseVerb::DecideJoint,
            Self::Arrive { .. } => CaseVerb::Arrive,
            Self::ReportJoint { .. } => CaseVerb::ReportJoint,
            Self::RateJoint { .. } => CaseVerb::RateJoint,
            Self::RequestDelay { .. } => CaseVerb::RequestDelay,
            Self::DecideDelay { .. } => CaseVerb::DecideDelay,
            Self::Pause { .. } => CaseVerb::Pause,
            Self::Continue => CaseVerb::Continue,
            Self::HandIn { .. } => CaseVerb::HandIn,
            Self::Explain { .. } => CaseVerb::Explain,
            Self::Resume => CaseVerb::Resume,
            Self::Approve => CaseVerb::Approve,
            Self::Disapprove { .. } => CaseVerb::Disapprove,
            Self::VerifyPass => CaseVerb::VerifyPass,
            Self::VerifyFail { .. } => CaseVerb::VerifyFail,
            Self::Feedback { .. } => CaseVerb::Feedback,
            Self::Rate { .. } => CaseVerb::Rate,
            Self::Archive => CaseVerb::Archive,
            Self::Reopen { .. } => CaseVerb::Reopen,
            Self::Supervise { .. } => CaseVerb::Supervise,
            Self::Unsupervise { .. } => CaseVerb::Unsupervise,
            Self::Note { .. } => CaseVerb::Note,
            Self::NameFirstAsked { .. } => CaseVerb::NameFirstAsked,
        }
    }

    /// The text it carries: a reason, a result, what was said.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Void { reason: text }
            | Self::Unmerge { reason: text }
            | Self::HandleOnSpot { result: text }
            | Self::Recall { reason: text }
            | Self::Transfer { reason: text, .. }
            | Self::Arbitrate { reason: text, .. }
            | Self::Escalate { reason: text }
            | Self::HandDown { reason: text }
            | Self::Refuse { reason: text }
            | Self::RequestJoint { reason: text, .. }
            | Self::ReportJoint { result: text, .. }
            | Self::RequestDelay { reason: text, .. }
            | Self::DecideDelay { reason: text, .. }
            | Self::Pause { reason: text }
            | Self::HandIn { result: text }
            | Self::Explain { text }
            | Self::Disapprove { reason: text }
            | Self::VerifyFail { reason: text }
            | Self::Feedback { text }
            | Self::Reopen { reason: text }
            | Self::Supervise { reason: text, .. }
            | Self::Unsupervise { reason: text }
            | Self::Note { text }
            | Self::NameFirstAsked { reason: text, .. } => Some(text),
            Self::File
            | Self::Merge { .. }
            | Self::Assign { .. }
            | Self::Sign
            | Self::DecideJoint { .. }
            | Self::Arrive { .. }
            | Self::RateJoint { .. }
            | Self::Continue
            | Self::Resume
            | Self::Approve
            | Self::VerifyPass
            | Self::Rate { .. }
            | Self::Archive => None,
        }
    }
}
