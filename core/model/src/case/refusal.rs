//! Why a request is not granted; nothing was changed.

use super::{
    action::CaseVerb,
    state::{CaseLevel, CaseState},
};
use crate::{
    OrgNodeId,
    message::{Language, find_message, message_id},
};

/// Why not. The texts are `case-refused-<code>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseRefusal {
    /// The verb is not possible where the case stands.
    #[error("{verb:?} is not possible in state {state:?}")]
    WrongState {
        /// What was asked.
        verb: CaseVerb,
        /// Where it stands.
        state: CaseState,
    },
    /// Somebody else gave it to a unit first.
    #[error("it was already given to a unit")]
    AlreadyAssigned {
        /// That unit.
        unit: OrgNodeId,
    },
    /// The requester is not one who may.
    #[error("{verb:?} is not this person's to ask")]
    NotYours {
        /// What was asked.
        verb: CaseVerb,
    },
    /// The case was decided on since the requester saw it.
    #[error("decided on meanwhile: version {now}, seen {seen}")]
    Stale {
        /// The version they saw.
        seen: u64,
        /// The version now.
        now: u64,
    },
    /// A reason, result or remark is missing.
    #[error("a text is missing")]
    TextMissing,
    /// It is too long.
    #[error("the text is longer than {max} characters")]
    TextTooLong {
        /// The limit.
        max: usize,
    },
    /// It holds characters that cannot be shown.
    #[error("the text has characters that cannot be shown")]
    BadCharacters,
    /// Not 1 to 5.
    #[error("not 1 to 5 stars")]
    Stars,
    /// No such number of days, or more than delays may add.
    #[error("a delay is 1 to {max} working days")]
    DelayTooLong {
        /// What is left to grant.
        max: u16,
    },
    /// A delay is asked for already, or none is.
    #[error("there is a delay to decide on already, or none")]
    Delay,
    /// The clock stands already, or runs.
    #[error("the clock stands already, or runs")]
    Clock,
    /// The unit was not whistled for, or is further than that.
    #[error("the unit's part is not at that point")]
    Joint {
        /// Which.
        unit: OrgNodeId,
    },
    /// Units that were whistled for are not done.
    #[error("{0} units are not done yet")]
    JointOpen(usize),
    /// Too many units, or none.
    #[error("1 to {max} units")]
    Units {
        /// The limit.
        max: usize,
    },
    /// Nobody finds their own work done.
    #[error("the verifier handled it")]
    OwnWork,
    /// There is no level above or below.
    #[error("there is no further level from {0:?}")]
    NoLevel(CaseLevel),
    /// An incident is no duplicate of itself.
    #[error("a duplicate of itself")]
    OfItself,
    /// The county decided whose it is.
    #[error("the county decided whose it is")]
    Arbitrated,
    /// Closed for too long.
    #[error("closed for more than {days} days")]
    TooLate {
        /// The limit.
        days: u16,
    },
    /// Papers are approved, nothing else is.
    #[error("another kind of handling")]
    OtherHandling,
    /// A verb that this server does not know.
    #[error("no such verb")]
    UnknownVerb,
    /// Something the verb needs is missing or no id, code or number of that
    /// kind.
    #[error("{0} is missing or malformed")]
    Incomplete(&'static str),
    /// It is no longer known who asked: the request was made before a server
    /// was restored.
    #[error("nobody knows who asked")]
    UnknownRequester,
    /// There is no such unit.
    #[error("there is no such unit")]
    NoUnit,
    /// Nobody of that id works at the incident's grid or a place above it.
    #[error("nobody of that id works there")]
    NoPerson,
    /// That is the person who was asked first already.
    #[error("already the one who was asked first")]
    SamePerson,
}

impl CaseRefusal {
    /// Stable code for receipts and messages.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "wrong_state",
            Self::AlreadyAssigned { .. } => "already_assigned",
            Self::NotYours { .. } => "not_yours",
            Self::Stale { .. } => "stale",
            Self::TextMissing => "text_missing",
            Self::TextTooLong { .. } => "text_too_long",
            Self::BadCharacters => "bad_characters",
            Self::Stars => "stars",
            Self::DelayTooLong { .. } => "delay_too_long",
            Self::Delay => "delay",
            Self::Clock => "clock",
            Self::Joint { .. } => "joint",
            Self::JointOpen(_) => "joint_open",
            Self::Units { .. } => "units",
            Self::OwnWork => "own_work",
            Self::NoLevel(_) => "no_level",
            Self::OfItself => "of_itself",
            Self::Arbitrated => "arbitrated",
            Self::TooLate { .. } => "too_late",
            Self::OtherHandling => "other_handling",
            Self::UnknownVerb => "unknown_verb",
            Self::Incomplete(_) => "incomplete",
            Self::UnknownRequester => "unknown_requester",
            Self::NoUnit => "no_unit",
            Self::NoPerson => "no_person",
            Self::SamePerson => "same_person",
        }
    }

    /// The number its text names, if it names one.
    pub fn limit(&self) -> Option<i64> {
        match self {
            Self::TextTooLong { max } | Self::Units { max } => i64::try_from(*max).ok(),
            Self::DelayTooLong { max } => Some(i64::from(*max)),
            Self::TooLate { days } => Some(i64::from(*days)),
            _ => None,
        }
    }

    /// Why, and what to do about it. `code` and `limit` are those of a refusal
    /// or of an outcome.
    pub fn text_of(language: Language, code: &str, limit: Option<i64>) -> String {
        let limit = limit.unwrap_or(0).to_string();
        let id = message_id("case-refused", code);
        let arguments = [("max", limit.as_str()), ("days", limit.as_str())];
        find_message(language, &id, &arguments).unwrap_or_else(|| code.to_owned())
    }

    /// Why, and what to do about it.
    pub fn text(&self, language: Language) -> String {
        Self::text_of(language, self.code(), self.limit())
    }

    /// Every code, so that a test can hold the message files to them.
    pub const CODES: &'static [&'static str] = &[
        "wrong_state",
        "already_assigned",
        "not_yours",
        "stale",
        "text_missing",
        "text_too_long",
        "bad_characters",
        "stars",
        "delay_too_long",
        "delay",
        "clock",
        "joint",
        "joint_open",
        "units",
        "own_work",
        "no_level",
        "of_itself",
        "arbitrated",
        "too_late",
        "other_handling",
        "unknown_verb",
        "incomplete",
        "unknown_requester",
        "no_unit",
        "no_person",
        "same_person",
    ];
}
