//! People signed in to the console.

use async_trait::async_trait;
use wangge_model::{PersonId, Timestamp};

use super::StorageResult;

/// One signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSession {
    /// SHA-256 of the cookie's token.
    pub token_hash: [u8; 32],
    /// Who.
    pub person: PersonId,
    /// What forms must carry.
    pub csrf_token: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Last request.
    pub seen_at: Timestamp,
    /// Until when at the latest.
    pub expires_at: Timestamp,
}

/// Wrong passwords of one user name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignInAttempt {
    /// Wrong passwords in a row.
    pub failures: u32,
    /// No further try before this.
    pub blocked_until: Timestamp,
}

/// Console sessions and sign-in attempts.
#[async_trait]
pub trait ConsoleSessionStorage {
    /// Stores a session and forgets expired ones.
    async fn create_console_session(&self, session: &ConsoleSession) -> StorageResult<()>;
    /// A session that has not expired, of a person who is active.
    async fn find_console_session(
        &self,
        token_hash: &[u8; 32],
        at: Timestamp,
    ) -> StorageResult<Option<ConsoleSession>>;
    /// Notes a request.
    async fn touch_console_session(
        &self,
        token_hash: &[u8; 32],
        at: Timestamp,
    ) -> StorageResult<()>;
    /// Ends a session.
    async fn delete_console_session(&self, token_hash: &[u8; 32]) -> StorageResult<()>;
    /// Wrong passwords so far.
    async fn find_sign_in_attempt(&self, username: &str) -> StorageResult<Option<SignInAttempt>>;
    /// Stores the count of wrong passwords; `None` forgets it.
    async fn put_sign_in_attempt(
        &self,
        username: &str,
        attempt: Option<SignInAttempt>,
    ) -> StorageResult<()>;
}
