//! People in front of a browser: who they are and that they mean what they
//! send. Owns passwords, sessions, back-off, the forgery checks and the
//! extractors. Does not own pages ([`crate::console`]) nor devices, which
//! prove themselves with keys ([`crate::api`]). Programs have tokens
//! ([`api_token`]).

pub mod api_token;
pub mod backoff;
pub mod cookie;
pub mod origin;
pub mod password;
pub mod session;
pub mod sign_in;
mod signed_in;

use std::sync::Arc;

use axum::extract::FromRef;
use tokio::sync::Mutex;
use wangge_model::{Clock, Entropy, message::Language};

pub use signed_in::{
    NotSignedIn, Nothing, OwnForm, Scope, SignedForm, SignedIn, SignedUpload, is_equal,
};

use crate::{AppState, Settings, storage::Storage};

/// What signing in needs; cheap to clone.
#[derive(Debug, Clone)]
pub struct AuthState {
    /// People, sessions, attempts.
    pub storage: Arc<dyn Storage>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Tokens.
    pub entropy: Arc<dyn Entropy>,
    /// Verifies passwords, a few at a time.
    pub passwords: password::PasswordVerifier,
    /// Lets one attempt at a time be counted.
    pub attempts: Arc<Mutex<()>>,
    /// How cookies are set.
    pub cookies: cookie::CookiePolicy,
    /// `https://host[:port]` under which browsers may reach us through a proxy
    /// that rewrites the host.
    pub public_origin: String,
    /// Longest life of a session, in milliseconds.
    pub session_ms: i64,
    /// Language of pages before somebody chooses.
    pub language: Language,
}

impl AuthState {
    /// For this server.
    pub fn new(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settings: &Settings,
    ) -> Self {
        Self {
            passwords: password::PasswordVerifier::new(Arc::clone(&entropy)),
            storage,
            clock,
            entropy,
            attempts: Arc::new(Mutex::new(())),
            cookies: cookie::CookiePolicy {
                is_secure: settings.is_secure,
            },
            public_origin: settings.public_url.trim_end_matches('/').to_owned(),
            session_ms: settings.console_session_ms,
            language: settings.language,
        }
    }
}

impl FromRef<AppState> for AuthState {
    fn from_ref(state: &AppState) -> Self {
        state.auth.clone()
    }
}
