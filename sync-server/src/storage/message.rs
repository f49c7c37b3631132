//! Messages to people outside: what waits to be sent, was sent or cannot be.

use std::collections::BTreeMap;

use async_trait::async_trait;
use wangge_model::{MessageId, NoticeId, PersonId, RecordId, Timestamp};

use super::StorageResult;

/// Where a message stands. The texts are `resident-message-<word>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// Waits for its next attempt.
    Queued,
    /// A gateway took it.
    Sent,
    /// Given up.
    Failed,
}

impl MessageState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Queued, Self::Sent, Self::Failed];

    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// Its id.
    pub id: MessageId,
    /// The mobile number.
    pub phone: String,
    /// Id of its text.
    pub text_id: String,
    /// What is filled in.
    pub arguments: BTreeMap<String, String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// Attempts before this one.
    pub attempts: u32,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A gateway took it.
    Sent,
    /// Not this time, for this reason; the next attempt is then.
    Later(String, Timestamp),
    /// Never, for this reason.
    Failed(String),
}

/// A message as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// The message; its number is the whole one: whoever shows it masks it.
    pub message: OutgoingMessage,
    /// Where it stands.
    pub state: MessageState,
    /// Why the last attempt did not succeed; empty if it did or there was none.
    pub problem: String,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// The last attempt, or when it was queued.
    pub changed_at: Timestamp,
    /// The incident it tells of; `None` for a notice.
    pub incident: Option<RecordId>,
    /// Name of the grid.
    pub grid_name: String,
}

/// Which messages a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageFilter {
    /// Only these.
    pub state: Option<MessageState>,
    /// Rows to leave out at the start.
    pub offset: u64,
    /// Most rows.
    pub limit: u32,
}

/// One page of them, latest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessagePage {
    /// The rows.
    pub messages: Vec<MessageRow>,
    /// Rows of the whole list.
    pub total: u64,
}

/// A notice to residents; the caller has checked its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// Its id.
    pub id: NoticeId,
    /// What it says.
    pub text: String,
    /// To the contacts of these households.
    pub households: Vec<RecordId>,
    /// Most messages by notice the person may cause in the 24 hours before.
    pub most_a_day: u64,
    /// Who sends it.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
}

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeOutcome {
    /// So many messages are queued: one per number.
    Queued(u64),
    /// None of the households is in scope and has a mobile number.
    Nobody,
    /// More than the person may cause in a day; nothing was queued.
    TooManyToday,
}

/// Messages.
#[async_trait]
pub trait MessageStorage {
    /// Messages about records of grids at whose desk the person sits.
    async fn list_messages(
        &self,
        filter: &MessageFilter,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<MessagePage>;
    /// Queues one of these anew that was given up; `false` if it was not, or if
    /// its number is forgotten. `Missing("message")`.
    async fn retry_message(
        &self,
        id: &MessageId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool>;
    /// Queues a notice to those of the households that are in grids at whose
    /// desk the person sits and whose contact has a mobile number.
    async fn create_notice(&self, new: &NewNotice) -> StorageResult<NoticeOutcome>;
    /// What is to be tried at `at`, longest due first.
    async fn list_due_messages(
        &self,
        at: Timestamp,
        limit: u32,
    ) -> StorageResult<Vec<OutgoingMessage>>;
    /// Notes an attempt. Nothing, if the message does not wait any more.
    async fn note_delivery(
        &self,
        id: &MessageId,
        at: Timestamp,
        delivery: &Delivery,
    ) -> StorageResult<()>;
    /// Forgets the numbers of messages that were done, and of reports that were
    /// over, before `before`. Answers how many.
    async fn forget_numbers(&self, before: Timestamp) -> StorageResult<u64>;
}
