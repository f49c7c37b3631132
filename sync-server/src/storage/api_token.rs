//! Tokens by which programs use the JSON API.

use async_trait::async_trait;
use wangge_model::{ApiTokenId, PersonId, Timestamp};

use super::StorageResult;

/// A token as the administrator sees it; the token itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id, by which it is revoked.
    pub id: ApiTokenId,
    /// Hash of the token.
    pub hash: [u8; 32],
    /// Whose scope it has.
    pub person: PersonId,
    /// Which program, in the administrator's words.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Ended before its time.
    pub revoked_at: Option<Timestamp>,
    /// Last use, to the minute.
    pub seen_at: Option<Timestamp>,
}

/// Tokens of programs.
#[async_trait]
pub trait ApiTokenStorage {
    /// Adds a token. `Missing`, `Taken`.
    async fn create_api_token(&self, token: &ApiToken) -> StorageResult<()>;
    /// The token with this hash, if it is in force at `at`.
    async fn find_api_token(
        &self,
        hash: &[u8; 32],
        at: Timestamp,
    ) -> StorageResult<Option<ApiToken>>;
    /// All tokens, newest first.
    async fn list_api_tokens(&self) -> StorageResult<Vec<ApiToken>>;
    /// Ends a token at once. `Missing`.
    async fn revoke_api_token(&self, id: &ApiTokenId, at: Timestamp) -> StorageResult<()>;
    /// Notes a use.
    async fn touch_api_token(&self, id: &ApiTokenId, at: Timestamp) -> StorageResult<()>;
}
