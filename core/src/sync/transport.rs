//! What sync needs of a network, so that tests can be one.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

/// An answer of the server, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The body as it came, at most
    /// [`wangge_model::protocol::limits::BODY_BYTES`].
    pub body: Bytes,
    /// The `Retry-After` header, in seconds.
    pub retry_after_s: Option<u32>,
    /// Bytes of the request with its headers.
    pub bytes_up: u64,
    /// Bytes of the answer with its headers.
    pub bytes_down: u64,
}

/// Why there was no (whole) answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection; the request was not sent.
    #[error("no connection: {0}")]
    Connect(String),
    /// Nothing came for too long.
    #[error("the server did not answer in time")]
    Timeout,
    /// The connection broke; the server may or may not have acted.
    #[error("the connection broke: {0}")]
    Interrupted(String),
    /// The server has another certificate than the one pinned.
    #[error("the server's certificate is not the pinned one")]
    OtherCertificate,
    /// The answer was larger than a body may be.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// Plain HTTP to another machine, HTTPS without a pin, or no address.
    #[error("will not connect to this address: {0}")]
    Address(&'static str),
}

impl TransportError {
    /// Whether trying again may help.
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Connect(_) | Self::Timeout | Self::Interrupted(_)
        )
    }
}

/// A connection to one server.
#[async_trait]
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends `body` to `path` (which begins with `/`).
    async fn post(
        &self,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Response, TransportError>;
    /// Fetches `path` with its query.
    async fn get(&self, path: &str, token: Option<&str>) -> Result<Response, TransportError>;
}

/// Makes [`Transport`]s.
pub trait Connector: Send + Sync + fmt::Debug {
    /// A transport to the server at this base address, whose certificate has
    /// this SHA-256. Does not touch the network yet.
    fn connect(
        &self,
        server: &str,
        pin: Option<[u8; 32]>,
    ) -> Result<Arc<dyn Transport>, TransportError>;
}

/// Passes time.
#[async_trait]
pub trait Sleeper: Send + Sync + fmt::Debug {
    /// Ends after `duration`.
    async fn sleep(&self, duration: Duration);
}

/// Really waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioSleeper;

#[async_trait]
impl Sleeper for TokioSleeper {
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
