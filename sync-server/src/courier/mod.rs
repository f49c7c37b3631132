//! Messages to people outside on their way: takes what waits from the queue and
//! hands it to the outlet, again later if that fails.
//!
//! * [`Outlet`]: where messages go; [`mod@file`] and [`webhook`] are the two there
//!   are, an SMS gateway is put behind the second.
//! * One server at a time does this, by a lease, as the clockwork does.
//!
//! At least once: a server that stops between handing over and noting it hands
//! over again, with the same id. Does not own what is queued
//! ([`crate::storage::MessageStorage`]).

pub mod file;
pub mod setup;
pub mod webhook;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde::Serialize;
use tokio::time::timeout;
use wangge_model::{
    Timestamp,
    message::{Language, message},
};

use crate::{
    AppState,
    storage::{Delivery, OutgoingMessage, StorageResult},
};

/// The lease's name.
const JOB: &str = "courier";
/// How often it looks.
const PAUSE: Duration = Duration::from_secs(5);
/// How long the lease holds.
const LEASE_MS: i64 = 120_000;
/// So long one look goes on at most: half a lease, so that the last message it
/// begins with ends within.
const LOOK_MS: i64 = LEASE_MS / 2;
/// Messages of one look.
const STEP: u32 = 100;
/// Attempts in a row that fail, after which the outlet is left alone until the
/// next look.
const FAILURES: u32 = 3;
/// Attempts after which a message is given up.
pub const MOST_ATTEMPTS: u32 = 12;
/// The first pause before a message is tried again; doubles each time.
const FIRST_PAUSE_MS: i64 = 30_000;
/// The longest.
const LONGEST_PAUSE_MS: i64 = 6 * 3_600_000;
/// A message that waited so long says what is not true any more.
const LIFE_MS: i64 = 7 * 86_400_000;
/// Numbers are forgotten so long after nothing more was to be told.
const NUMBERS_KEPT_MS: i64 = 90 * 86_400_000;

/// A message as it leaves: what a gateway gets. Its JSON is the interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// The same for every attempt: whoever got it once drops it.
    pub id: String,
    /// The mobile number.
    pub to: String,
    /// The whole text, in Chinese.
    pub text: String,
    /// Which text it is, for gateways that have templates of their own.
    pub template: String,
    /// What is filled in there.
    pub arguments: std::collections::BTreeMap<String, String>,
    /// When it was queued, RFC 3339.
    pub created_at: String,
}

impl Letter {
    fn new(outgoing: OutgoingMessage) -> Self {
        let arguments: Vec<(&str, &str)> = outgoing
            .arguments
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        Self {
            id: outgoing.id.to_string(),
            to: outgoing.phone,
            text: message(Language::Chinese, &outgoing.text_id, &arguments),
            template: outgoing.text_id,
            arguments: outgoing.arguments.clone(),
            created_at: outgoing.created_at.to_rfc3339(),
        }
    }
}

/// Why a message was not taken. The texts are `resident-problem-<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutletError {
    /// The gateway does not want this message (HTTP 400, 410, 413, 422).
    Refused(u16),
    /// The gateway cannot now, or does not know us (any other status).
    Busy(u16),
    /// There is no gateway at that address.
    Unreachable,
    /// It did not answer in time.
    TimedOut,
    /// The file cannot be written.
    File,
}

impl OutletError {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Busy(_) => "busy",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::File => "file",
        }
    }
}

/// As the queue keeps it: the code and, after a space, the status.
impl fmt::Display for OutletError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) | Self::Busy(status) => write!(f, "{} {status}", self.code()),
            Self::Unreachable | Self::TimedOut | Self::File => f.write_str(self.code()),
        }
    }
}

/// Where messages go.
#[async_trait]
pub trait Outlet: fmt::Debug + Send + Sync {
    /// Hands a message over; `Ok` once it is not ours to lose any more.
    async fn send(&self, letter: &Letter) -> Result<(), OutletError>;
}

/// Sends what waits until the server stops.
pub async fn keep_sending(state: AppState, outlet: Option<Box<dyn Outlet>>) {
    let mut stopped = state.stopped();
    loop {
        if let Err(error) = look(&state, outlet.as_deref()).await {
            tracing::error!(%error, "messages were not looked after; next try in a moment");
        }
        if timeout(PAUSE, stopped.wait_for(|stopped| *stopped))
            .await
            .is_ok()
        {
            return;
        }
    }
}

/// Sends what is due now and forgets numbers that nobody needs; answers how many
/// messages it dealt with. Nothing, while another server has the job.
pub async fn look(state: &AppState, outlet: Option<&dyn Outlet>) -> StorageResult<u32> {
    let storage = state.storage.as_ref();
    let began = state.clock.now();
    let holder = *state.identity.actor.as_bytes();
    let until = began.plus_millis(LEASE_MS);
    if !storage.lease_job(JOB, &holder, began, until).await? {
        return Ok(0);
    }
    storage
        .forget_numbers(began.plus_millis(-NUMBERS_KEPT_MS))
        .await?;
    let (mut done, mut failures) = (0, 0);
    for outgoing in storage.list_due_messages(began, STEP).await? {
        let now = state.clock.now();
        let is_late = now.as_millis() - began.as_millis() > LOOK_MS;
        if is_late || failures >= FAILURES || state.is_stopping() {
            break;
        }
        let (id, attempts) = (outgoing.id, outgoing.attempts);
        let is_old = outgoing.created_at.plus_millis(LIFE_MS) <= now;
        let delivery = if is_old {
            Delivery::Failed("expired".to_owned())
        } else if let Some(outlet) = outlet {
            let sent = outlet.send(&Letter::new(outgoing)).await;
            failures = match sent {
                Err(error) if !matches!(error, OutletError::Refused(_)) => failures + 1,
                _ => 0,
            };
            delivery(sent, attempts, state.clock.now())
        } else {
            // No outlet: it waits for one, or until it is too old.
            continue;
        };
        if let Delivery::Later(problem, _) | Delivery::Failed(problem) = &delivery {
            tracing::warn!(message = %id, problem, "a message was not sent");
        }
        storage
            .note_delivery(&id, state.clock.now(), &delivery)
            .await?;
        done += 1;
    }
    Ok(done)
}

/// What an attempt means for a message that was tried `attempts` times before.
fn delivery(sent: Result<(), OutletError>, attempts: u32, now: Timestamp) -> Delivery {
    let Err(error) = sent else {
        return Delivery::Sent;
    };
    let is_last = attempts + 1 >= MOST_ATTEMPTS;
    if is_last || matches!(error, OutletError::Refused(_)) {
        return Delivery::Failed(error.to_string());
    }
    let pause = FIRST_PAUSE_MS
        .saturating_mul(1_i64 << attempts.min(20))
        .min(LONGEST_PAUSE_MS);
    Delivery::Later(error.to_string(), now.plus_millis(pause))
}

#[cfg(test)]
mod tests;
