//! Units that were whistled for (街道吹哨、部门报到).

use serde::{Deserialize, Serialize};

use super::state::codes;
use crate::{PersonId, Timestamp};

codes! {
    /// How far a unit that was whistled for is.
    JointState {
        /// A handler asked for it; the desk has not decided.
        Asked = "asked",
        /// It is to come.
        Called = "called",
        /// The desk found that it need not come.
        Declined = "declined",
        /// It signed in.
        Arrived = "arrived",
        /// It said what it did.
        Done = "done",
    }
}

/// One unit's part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joint {
    /// How far it is.
    pub state: JointState,
    /// Who whistled, and may rate.
    pub asked_by: PersonId,
    /// When it signed in.
    pub arrived_at: Option<Timestamp>,
    /// What it did.
    pub result: Option<String>,
    /// 1 to 5.
    pub stars: Option<u8>,
}

impl Joint {
    pub(super) fn new(state: JointState, asked_by: PersonId) -> Self {
        Self {
            state,
            asked_by,
            arrived_at: None,
            result: None,
            stars: None,
        }
    }

    /// Whether the case still waits for it.
    pub const fn is_open(&self) -> bool {
        matches!(
            self.state,
            JointState::Asked | JointState::Called | JointState::Arrived
        )
    }
}
