//! Tokens of programs: made at the command line for a person, shown once, and
//! kept as a hash. A program has exactly that person's scope.

use std::fmt;

use sha2::{Digest, Sha256};
use wangge_model::{ApiTokenId, Clock, Entropy, PersonId, Timestamp};

use crate::storage::{ApiToken, Storage, StorageResult};

/// What every token begins with, so that one found in a file can be told.
pub const PREFIX: &str = "wangge_";
/// A use is noted at most once in this many milliseconds.
const SEEN_STEP_MS: i64 = 60_000;

/// A token itself: 32 random bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiTokenSecret([u8; 32]);

impl ApiTokenSecret {
    /// A new one.
    pub fn make(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// From the text a program sends.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.strip_prefix(PREFIX)?, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As the database knows it: a copy of the database opens nothing.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"wangge/api-token/v1\0")
            .chain_update(self.0)
            .finalize()
            .into()
    }

    /// As a program carries it.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", hex::encode(self.0))
    }
}

impl fmt::Debug for ApiTokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiTokenSecret([withheld])")
    }
}

/// Makes a token for a person; the secret is known to the caller alone.
pub async fn create(
    storage: &dyn Storage,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    person: PersonId,
    name: &str,
    expires_at: Timestamp,
) -> StorageResult<(ApiTokenSecret, ApiToken)> {
    let secret = ApiTokenSecret::make(entropy);
    let token = ApiToken {
        id: ApiTokenId::make(clock, entropy),
        hash: secret.hash(),
        person,
        name: name.to_owned(),
        created_at: clock.now(),
        expires_at,
        revoked_at: None,
        seen_at: None,
    };
    storage.create_api_token(&token).await?;
    Ok((secret, token))
}

/// The token in this text, if it is in force.
pub async fn find(
    storage: &dyn Storage,
    text: &str,
    at: Timestamp,
) -> StorageResult<Option<ApiToken>> {
    let Some(secret) = ApiTokenSecret::parse(text) else {
        return Ok(None);
    };
    let Some(token) = storage.find_api_token(&secret.hash(), at).await? else {
        return Ok(None);
    };
    let is_fresh = token
        .seen_at
        .is_some_and(|seen| at.as_millis().saturating_sub(seen.as_millis()) < SEEN_STEP_MS);
    if !is_fresh {
        storage.touch_api_token(&token.id, at).await?;
    }
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wangge_model::testing::SeededEntropy;

    #[test]
    fn a_token_reads_back_and_nothing_else_is_one() {
        let token = ApiTokenSecret::make(&SeededEntropy::new(1));
        assert_eq!(ApiTokenSecret::parse(&token.reveal()), Some(token.clone()));
        let bare = hex::encode([7; 32]);
        for other in ["", PREFIX, bare.as_str(), "wangge_zz"] {
            assert_eq!(ApiTokenSecret::parse(other), None);
        }
        assert!(!format!("{token:?}").contains(&token.reveal()));
        assert_ne!(hex::encode(token.hash()), token.reveal());
    }
}
