//! Answers to roll calls, as phones hand them in with a sync.

use wangge_model::{
    AuditId,
    protocol::{RollAnswer, RollOutcome},
    roll_call::{RollRefusal, RollState, check_reason},
    text::typed_line,
};

use crate::{
    AppState, DeviceError,
    storage::{AuditEntry, Device, NewRollAnswer},
};

/// Decides on each answer in the order given; what was decided before is said
/// again.
pub(super) async fn decide(
    state: &AppState,
    device: &Device,
    answers: &[RollAnswer],
) -> Result<Vec<RollOutcome>, DeviceError> {
    let mut outcomes = Vec::with_capacity(answers.len());
    for answer in answers {
        outcomes.push(decide_one(state, device, answer).await?);
    }
    Ok(outcomes)
}

async fn decide_one(
    state: &AppState,
    device: &Device,
    answer: &RollAnswer,
) -> Result<RollOutcome, DeviceError> {
    let at = state.clock.now();
    let outcome = |refusal: Option<RollRefusal>, at| RollOutcome {
        id: answer.id,
        is_accepted: refusal.is_none(),
        code: refusal.map_or("", RollRefusal::code).to_owned(),
        at,
    };
    let Some(said) = RollState::parse(&answer.state) else {
        return Ok(outcome(Some(RollRefusal::State), at));
    };
    let reason = typed_line(&answer.reason);
    if let Err(refusal) = check_reason(said, &reason) {
        return Ok(outcome(Some(refusal), at));
    }
    let new = NewRollAnswer {
        id: answer.id,
        emergency: answer.emergency,
        person: device.person,
        state: said,
        reason,
        // A phone whose clock runs ahead has not answered in the future.
        given_at: answer.given_at.min(at),
        at,
    };
    let decision = state.storage.answer_roll_call(&new).await?;
    if decision.is_new && decision.refusal.is_none() {
        let entry = AuditEntry {
            id: AuditId::make(state.clock.as_ref(), state.entropy.as_ref()),
            at,
            person: Some(device.person),
            device: Some(device.id),
            action: "emergency_answered".to_owned(),
            target: answer.emergency.to_string(),
            detail: said.as_str().to_owned(),
        };
        state.storage.create_audit(&entry).await?;
    }
    Ok(outcome(decision.refusal, decision.at))
}
