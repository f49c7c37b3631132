//! Answers to the roll call of an emergency on their way to the server, and what
//! it decided. Whether an answer counts is [`crate::roll_call`]'s.

use minicbor::{Decode, Encode};

use crate::{EmergencyId, RequestId, Timestamp};

/// What somebody answered. Who is known by the session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RollAnswer {
    /// By which phone and server know it again: sent twice it counts once.
    #[n(0)]
    pub id: RequestId,
    /// Which emergency.
    #[n(1)]
    pub emergency: EmergencyId,
    /// A word of [`crate::roll_call::RollState`].
    #[n(2)]
    pub state: String,
    /// Why not; may be empty.
    #[n(3)]
    pub reason: String,
    /// When it was given, by the phone's clock.
    #[n(4)]
    pub given_at: Timestamp,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RollOutcome {
    /// Which answer.
    #[n(0)]
    pub id: RequestId,
    /// Whether it counts.
    #[n(1)]
    pub is_accepted: bool,
    /// Why not, a code of [`crate::roll_call::RollRefusal`]; empty if it counts.
    #[n(2)]
    pub code: String,
    /// When that was decided.
    #[n(3)]
    pub at: Timestamp,
}
