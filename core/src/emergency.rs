//! Emergencies that hold where the person works, as the phone was last told, and
//! answering their roll call (点名). The server decides on an answer; until it has,
//! the answer is pending, like any request.

use wangge_model::{
    EmergencyId, GridId, RequestId, Timestamp,
    emergency::{EMERGENCY, Emergency},
    protocol::RollAnswer,
    roll_call::{RollRefusal, RollState, check_reason},
    text::typed_line,
};

use crate::{Core, Error, Result, store::KeptRollAnswer};

/// An emergency that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldEmergency {
    /// What the server told.
    pub emergency: Emergency,
    /// Name of the place it was declared for; empty if the server did not say.
    pub area: String,
    /// What the person answered last; `None`: nothing yet.
    pub answer: Option<RollCallAnswer>,
}

/// An answer to a roll call, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollCallAnswer {
    /// By which phone and server know it.
    pub id: RequestId,
    /// Which emergency.
    pub emergency: EmergencyId,
    /// What was answered; `None` if a newer app of this phone said it.
    pub state: Option<RollState>,
    /// Why not; may be empty.
    pub reason: String,
    /// When it was given.
    pub given_at: Timestamp,
    /// What the server decided; `None`: it is pending.
    pub outcome: Option<RollCallOutcome>,
}

/// What the server decided on an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollCallOutcome {
    /// Whether it counts.
    pub is_accepted: bool,
    /// Why not; `None` if it counts, or for a reason of a newer server.
    pub refusal: Option<RollRefusal>,
    /// When.
    pub at: Timestamp,
}

impl Core {
    /// The emergencies that hold in a grid now: its own and those of the places
    /// above it, the highest level first. Each has the moment at which it ends, so
    /// that it is over without a network too.
    pub fn emergencies(&self, grid: GridId) -> Result<Vec<HeldEmergency>> {
        let now = self.clock.now();
        let roster = self.store.load_roster()?.map(|(roster, _)| roster);
        let places = roster.map(|roster| roster.places).unwrap_or_default();
        let answers = self.roll_call_answers()?;
        let mut held: Vec<HeldEmergency> = self
            .read_references_of::<Emergency>(EMERGENCY, grid)?
            .into_iter()
            .filter(|(_, emergency)| emergency.holds(now))
            .map(|(node, emergency)| HeldEmergency {
                area: places
                    .iter()
                    .find(|place| place.node == node)
                    .map(|place| place.name.clone())
                    .unwrap_or_default(),
                answer: answers
                    .iter()
                    .find(|answer| answer.emergency.to_string() == emergency.id)
                    .cloned(),
                emergency,
            })
            .collect();
        held.sort_by(|one, two| {
            let key = |held: &HeldEmergency| (held.emergency.level, held.emergency.ends_at);
            let (one, two) = (key(one), key(two));
            (two.0, one.1).cmp(&(one.0, two.1))
        });
        Ok(held)
    }

    /// Answers the roll call of an emergency that holds where the person works;
    /// also offline. It is sent with the next sync and pending until the server
    /// decided. Another answer may follow: the latest counts.
    ///
    /// [`Error::RollCall`] if it cannot count, as far as this phone knows.
    pub fn answer_roll_call(
        &self,
        emergency: EmergencyId,
        state: RollState,
        reason: &str,
    ) -> Result<RequestId> {
        let reason = typed_line(reason);
        check_reason(state, &reason).map_err(Error::RollCall)?;
        let grants = self.store.load_grants()?.ok_or(Error::NotEnrolled)?;
        let given_at = self.clock.now();
        let (mut is_known, mut holds) = (false, false);
        for grant in &grants.grids {
            let found: Vec<Emergency> = self.read_references(EMERGENCY, grant.grid)?;
            let one = found.iter().find(|one| one.id == emergency.to_string());
            is_known |= one.is_some();
            holds |= one.is_some_and(|one| one.holds(given_at));
        }
        if !holds {
            let refusal = if is_known {
                RollRefusal::Over
            } else {
                RollRefusal::Unknown
            };
            return Err(Error::RollCall(refusal));
        }
        let id = RequestId::make(self.clock.as_ref(), self.entropy.as_ref());
        self.store.save_roll_answer(RollAnswer {
            id,
            emergency,
            state: state.as_str().to_owned(),
            reason,
            given_at,
        })?;
        Ok(id)
    }

    /// Every answer given on this phone with what became of it, latest first; also
    /// those of emergencies that are over.
    pub fn roll_call_answers(&self) -> Result<Vec<RollCallAnswer>> {
        let kept = self.store.list_roll_answers()?;
        Ok(kept.into_iter().map(RollCallAnswer::from).collect())
    }
}

impl From<KeptRollAnswer> for RollCallAnswer {
    fn from(kept: KeptRollAnswer) -> Self {
        let KeptRollAnswer { answer, outcome } = kept;
        Self {
            id: answer.id,
            emergency: answer.emergency,
            state: RollState::parse(&answer.state),
            reason: answer.reason,
            given_at: answer.given_at,
            outcome: outcome.map(|outcome| RollCallOutcome {
                is_accepted: outcome.is_accepted,
                refusal: RollRefusal::parse(&outcome.code),
                at: outcome.at,
            }),
        }
    }
}
