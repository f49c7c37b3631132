//! Console sessions: opaque tokens that live in a cookie there and as a hash
//! here. Owns how long they live. Does not own who gets one ([`super::sign_in`]).

use std::fmt;

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};
use wangge_model::{Entropy, PersonId};

use super::{AuthState, cookie};
use crate::storage::{ConsoleSession, StorageResult};

/// A session without a request for so long is over.
pub const IDLE_MS: i64 = 30 * 60_000;
/// How exactly the last request is noted: a page must not cost a write.
const TOUCH_MS: i64 = 60_000;

/// Header of requests that a page makes by itself: they keep no session awake,
/// or an abandoned desk would never be signed out.
pub const BY_ITSELF: &str = "x-wangge-by-itself";

/// The secret in the cookie: 32 random bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken([u8; 32]);

impl SessionToken {
    /// A new one.
    pub fn make(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// From a cookie's value.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As the database knows it: a copy of the database opens no session.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"wangge/console-session/v1\0")
            .chain_update(self.0)
            .finalize()
            .into()
    }

    /// As the cookie carries it.
    pub fn reveal(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken([withheld])")
    }
}

/// The form token a sign-in page's cookie stands for. Not the cookie's value
/// itself, so that a page never contains what a cookie holds.
pub fn derive_sign_in_csrf(token: &SessionToken) -> String {
    let hash = Sha256::new()
        .chain_update(b"wangge/sign-in-form/v1\0")
        .chain_update(token.0)
        .finalize();
    hex::encode(hash)
}

/// Starts a session for a person: always a new token, never one the browser
/// brought along.
pub async fn start(
    auth: &AuthState,
    person: PersonId,
) -> StorageResult<(SessionToken, ConsoleSession)> {
    let now = auth.clock.now();
    let token = SessionToken::make(auth.entropy.as_ref());
    let session = ConsoleSession {
        token_hash: token.hash(),
        person,
        csrf_token: SessionToken::make(auth.entropy.as_ref()).reveal(),
        created_at: now,
        seen_at: now,
        expires_at: now.plus_millis(auth.session_ms),
    };
    auth.storage.create_console_session(&session).await?;
    Ok((token, session))
}

/// Whether a page asks and nobody who sits before it. A browser says of a stream
/// of events that it wants one.
fn is_by_itself(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    headers.contains_key(BY_ITSELF) || accepts == Some(b"text/event-stream")
}

/// The session of a request, if it has one that is neither over nor idle too
/// long; an idle one is deleted.
pub async fn find(auth: &AuthState, headers: &HeaderMap) -> StorageResult<Option<ConsoleSession>> {
    let cookie = auth.cookies.find(headers, cookie::SESSION);
    let Some(token) = cookie.as_deref().and_then(SessionToken::parse) else {
        return Ok(None);
    };
    let now = auth.clock.now();
    let hash = token.hash();
    let Some(session) = auth.storage.find_console_session(&hash, now).await? else {
        return Ok(None);
    };
    let idle = now.as_millis().saturating_sub(session.seen_at.as_millis());
    if idle >= IDLE_MS || now >= session.expires_at {
        auth.storage.delete_console_session(&hash).await?;
        return Ok(None);
    }
    if idle >= TOUCH_MS && !is_by_itself(headers) {
        auth.storage.touch_console_session(&hash, now).await?;
    }
    Ok(Some(session))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wangge_model::testing::SeededEntropy;

    #[test]
    fn a_token_survives_its_cookie_and_nothing_else_is_a_token() {
        let token = SessionToken::make(&SeededEntropy::new(1));
        assert_eq!(SessionToken::parse(&token.reveal()), Some(token.clone()));
        for other in ["", "00", "zz", &"0".repeat(66)] {
            assert_eq!(SessionToken::parse(other), None);
        }
        assert_ne!(hex::encode(token.hash()), token.reveal());
        assert_ne!(derive_sign_in_csrf(&token), token.reveal());
        assert!(!format!("{token:?}").contains(&token.reveal()));
    }
}
