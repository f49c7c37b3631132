//! What the machine does when there is no answer or a no.

use wangge_model::{
    Timestamp,
    protocol::{Problem, ProblemCode, SessionRequest, limits, session_message},
};

use super::{ATTEMPTS, Action, LONGEST_WAIT_MS, Machine, REBUILDS, SESSIONS, Sent};
use crate::sync::{SyncError, SyncPhase, SyncStore, TransportError};

/// Whether the same request may succeed later, or the device itself is refused.
fn is_passing(code: Option<ProblemCode>) -> bool {
    use ProblemCode as Code;
    matches!(
        code,
        Some(
            Code::SessionRequired
                | Code::Unavailable
                | Code::TooManyRequests
                | Code::Internal
                | Code::DeviceRevoked
                | Code::DeviceUnknown
                | Code::PersonInactive
        )
    )
}

impl Machine {
    pub(super) fn on_failure(&mut self, error: TransportError) -> Result<Action, SyncError> {
        if !error.is_transient() {
            return Err(error.into());
        }
        match self.wait(None) {
            Some(action) => Ok(action),
            None => Err(SyncError::Offline(error)),
        }
    }

    /// A wait, or `None` when it has been tried often enough.
    fn wait(&mut self, retry_after_s: Option<u32>) -> Option<Action> {
        if self.backoff.failures() + 1 >= ATTEMPTS {
            return None;
        }
        let millis = self
            .backoff
            .next_wait_ms(retry_after_s, self.entropy.as_ref());
        if millis > LONGEST_WAIT_MS {
            return None;
        }
        self.progress.phase = SyncPhase::Waiting;
        Some(Action::Wait { millis })
    }

    /// The action that answers a refusal; `None` to go on as the state says.
    pub(super) fn on_refusal(
        &mut self,
        store: &dyn SyncStore,
        now: Timestamp,
        problem: Problem,
    ) -> Result<Option<Action>, SyncError> {
        use ProblemCode as Code;
        let sent = std::mem::replace(&mut self.sent, Sent::Nothing);
        let refused = |problem| Err(SyncError::Problem(Box::new(problem)));
        match (ProblemCode::parse(&problem.code), sent) {
            (Some(Code::SessionRequired), _) => {
                self.session_works = false;
                self.sessions += 1;
                let Some(challenge) = problem.challenge else {
                    return Err(SyncError::BadAnswer("no challenge".to_owned()));
                };
                // Also in answer to a session: the phone may have slept until
                // the challenge was too old.
                if self.sessions > SESSIONS {
                    return Err(SyncError::SessionRefused);
                }
                self.answer_challenge(challenge).map(Some)
            }
            (Some(Code::BadSignature), Sent::Session) => Err(SyncError::SessionRefused),
            (
                Some(
                    code @ (Code::ServerEpochChanged
                    | Code::ManifestReplayed
                    | Code::ManifestItemsMismatch
                    | Code::ManifestSignatureInvalid
                    | Code::ManifestDeviceMismatch),
                ),
                Sent::Exchange {
                    push: Some(push), ..
                },
            ) => {
                self.rebuilds += 1;
                if self.rebuilds > REBUILDS {
                    return refused(problem);
                }
                let used = match code {
                    // A restored or copied phone does not know how far it had
                    // counted. A server that does not say it either lets it
                    // guess: most count in milliseconds.
                    Code::ManifestReplayed => problem
                        .last_counter
                        .unwrap_or_else(|| u64::try_from(now.as_millis()).unwrap_or(0)),
                    _ => push.counter,
                };
                store.drop_manifest(push.counter, used)?;
                if code == Code::ServerEpochChanged {
                    // The refusal does not say which life it is now; an
                    // exchange without a push does.
                    self.hold_push = true;
                    self.must_exchange = true;
                }
                Ok(None)
            }
            (
                Some(Code::BodyTooLarge | Code::TooManyItems),
                Sent::Exchange {
                    push: Some(push), ..
                },
            ) if push.items > 1 => {
                store.drop_manifest(push.counter, push.counter)?;
                self.push_items = push.items / 2;
                self.push_bytes = (self.push_bytes / 2).max(limits::CHANGE_BYTES);
                Ok(None)
            }
            (Some(Code::QuarantineFull), Sent::Exchange { push: Some(_), .. }) => {
                // News are worth having even so.
                self.push_stuck = true;
                self.must_exchange = true;
                self.push_refused = Some(Box::new(problem));
                Ok(None)
            }
            (Some(Code::OutOfScope | Code::NotFound), Sent::Snapshot(asked)) => {
                // Lost between two requests: the next exchange says so.
                self.must_exchange = self.skipped.insert(asked.grid);
                Ok(None)
            }
            (Some(Code::ServerEpochChanged), Sent::GiveBack(_)) => {
                self.rebuilds += 1;
                if self.rebuilds > REBUILDS {
                    return refused(problem);
                }
                self.must_exchange = true;
                Ok(None)
            }
            (code, Sent::GiveBack(mark)) if !is_passing(code) => {
                tracing::warn!(code = problem.code, "the server does not take things back");
                match code {
                    // A server that knows no such request.
                    Some(Code::NotFound | Code::ProtocolUnsupported) => store.end_giving_back()?,
                    _ => store.store_given_back(&mark, &[])?,
                }
                Ok(None)
            }
            (Some(Code::DeviceRevoked | Code::DeviceUnknown | Code::PersonInactive), _) => {
                // No card of somebody who was shut out looks valid.
                store.forget_roster()?;
                refused(problem)
            }
            (Some(Code::Unavailable | Code::TooManyRequests | Code::Internal), _) => {
                match self.wait(problem.retry_after_s) {
                    Some(action) => Ok(Some(action)),
                    None => refused(problem),
                }
            }
            _ => refused(problem),
        }
    }

    fn answer_challenge(&mut self, challenge: Vec<u8>) -> Result<Action, SyncError> {
        let device = self.enrolled()?.device;
        let signature = self
            .key
            .sign(&session_message(&device, &challenge))
            .map_err(|_| SyncError::KeyUnavailable)?;
        self.progress.phase = SyncPhase::Connecting;
        self.sent = Sent::Session;
        Ok(Action::OpenSession(SessionRequest {
            device,
            challenge,
            signature,
        }))
    }
}
