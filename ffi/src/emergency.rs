//! Emergencies that hold in a grid, and answering their roll call.

use wangge_core::{HeldEmergency, RollCallAnswer};
use wangge_model::{
    EmergencyId, GridId, RequestId,
    message::{Language, message, message_id},
    roll_call,
};

use crate::{AppError, Core, schema::Texts};

/// An emergency that holds.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EmergencyInfo {
    /// Its id.
    pub id: String,
    /// 2: reinforced; 3: emergency response.
    pub level: u32,
    /// The level in words.
    pub level_text: Texts,
    /// Name of the place it was declared for; empty if the server did not say.
    pub area: String,
    /// Why.
    pub reason: String,
    /// Who ordered it.
    pub ordered_by: String,
    /// Since when, in milliseconds since 1970.
    pub starts_at_ms: i64,
    /// When it ends, in milliseconds since 1970.
    pub ends_at_ms: i64,
    /// What the person answered last; nothing: not yet.
    pub answer: Option<RollAnswer>,
}

/// What somebody answers to a roll call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RollState {
    /// At their post.
    InPlace,
    /// Under way.
    OnTheWay,
    /// Cannot come; needs a reason.
    CannotCome,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RollOutcome {
    /// The server has not decided yet.
    Pending,
    /// It counts.
    Accepted,
    /// It does not.
    Refused,
}

/// An answer to a roll call.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RollAnswer {
    /// Its id.
    pub id: String,
    /// Which emergency.
    pub emergency: String,
    /// What was answered; nothing if a newer app of this phone said it.
    pub state: Option<RollState>,
    /// The same in words.
    pub state_text: Texts,
    /// Why not; may be empty.
    pub reason: String,
    /// When it was given, in milliseconds since 1970.
    pub given_at_ms: i64,
    /// What became of it.
    pub outcome: RollOutcome,
    /// Why it does not count, in words; nothing unless it was refused.
    pub refusal: Option<Texts>,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// The emergencies that hold in a grid now, the highest level first.
    pub async fn emergencies(&self, grid: GridId) -> Result<Vec<EmergencyInfo>, AppError> {
        let held = self.run(move |core| core.emergencies(grid)).await?;
        Ok(held.into_iter().map(EmergencyInfo::from).collect())
    }

    /// Answers the roll call of an emergency, also offline; the server decides with
    /// the next sync, and the latest answer counts. Not coming needs a reason.
    /// [`AppError::Invalid`] says why an answer cannot count.
    pub async fn answer_roll_call(
        &self,
        emergency: String,
        state: RollState,
        reason: String,
    ) -> Result<String, AppError> {
        let emergency: EmergencyId = emergency.parse().map_err(|_| AppError::NotFound {
            what: "emergency".to_owned(),
        })?;
        let answer =
            move |core: &wangge_core::Core| core.answer_roll_call(emergency, state.into(), &reason);
        let id: RequestId = self.run(answer).await?;
        Ok(id.to_string())
    }

    /// Every answer given on this phone with what became of it, latest first.
    pub async fn roll_call_answers(&self) -> Result<Vec<RollAnswer>, AppError> {
        let answers = self.run(wangge_core::Core::roll_call_answers).await?;
        Ok(answers.into_iter().map(RollAnswer::from).collect())
    }
}

impl From<HeldEmergency> for EmergencyInfo {
    fn from(held: HeldEmergency) -> Self {
        let HeldEmergency {
            emergency,
            area,
            answer,
        } = held;
        let id = message_id("emergency-level", emergency.level.as_str());
        Self {
            id: emergency.id,
            level: u32::from(emergency.level.number()),
            level_text: Texts {
                zh: message(Language::Chinese, &id, &[]),
                en: message(Language::English, &id, &[]),
            },
            area,
            reason: emergency.reason,
            ordered_by: emergency.ordered_by,
            starts_at_ms: emergency.starts_at,
            ends_at_ms: emergency.ends_at,
            answer: answer.map(RollAnswer::from),
        }
    }
}

impl From<RollCallAnswer> for RollAnswer {
    fn from(answer: RollCallAnswer) -> Self {
        let text = |state: Option<roll_call::RollState>, language| {
            state.map(|state| state.text(language)).unwrap_or_default()
        };
        let (outcome, refusal) = match answer.outcome {
            None => (RollOutcome::Pending, None),
            Some(outcome) if outcome.is_accepted => (RollOutcome::Accepted, None),
            Some(outcome) => (RollOutcome::Refused, outcome.refusal),
        };
        Self {
            id: answer.id.to_string(),
            emergency: answer.emergency.to_string(),
            state: answer.state.map(RollState::from),
            state_text: Texts {
                zh: text(answer.state, Language::Chinese),
                en: text(answer.state, Language::English),
            },
            reason: answer.reason,
            given_at_ms: answer.given_at.as_millis(),
            outcome,
            refusal: refusal.map(|refusal| Texts {
                zh: refusal.text(Language::Chinese),
                en: refusal.text(Language::English),
            }),
        }
    }
}

impl From<RollState> for roll_call::RollState {
    fn from(state: RollState) -> Self {
        match state {
            RollState::InPlace => Self::InPlace,
            RollState::OnTheWay => Self::OnTheWay,
            RollState::CannotCome => Self::CannotCome,
        }
    }
}

impl From<roll_call::RollState> for RollState {
    fn from(state: roll_call::RollState) -> Self {
        match state {
            roll_call::RollState::InPlace => Self::InPlace,
            roll_call::RollState::OnTheWay => Self::OnTheWay,
            roll_call::RollState::CannotCome => Self::CannotCome,
        }
    }
}

#[cfg(test)]
mod tests {
    use wangge_core::RollCallOutcome;
    use wangge_model::Timestamp;

    use super::*;

    #[test]
    fn an_answer_is_told_with_what_became_of_it() {
        let answer = |outcome| {
            RollAnswer::from(RollCallAnswer {
                id: RequestId::from_bytes([1; 16]),
                emergency: EmergencyId::from_bytes([2; 16]),
                state: Some(roll_call::RollState::OnTheWay),
                reason: String::new(),
                given_at: Timestamp::from_millis(7),
                outcome,
            })
        };
        let decided = |refusal: Option<roll_call::RollRefusal>| {
            Some(RollCallOutcome {
                is_accepted: refusal.is_none(),
                refusal,
                at: Timestamp::from_millis(8),
            })
        };
        let pending = answer(None);
        assert_eq!(pending.outcome, RollOutcome::Pending);
        assert_eq!(pending.state_text.zh, "正在途中");
        assert_eq!(answer(decided(None)).outcome, RollOutcome::Accepted);
        let refused = answer(decided(Some(roll_call::RollRefusal::Over)));
        assert_eq!(refused.outcome, RollOutcome::Refused);
        assert!(refused.refusal.unwrap().zh.contains("已结束"));
    }
}
