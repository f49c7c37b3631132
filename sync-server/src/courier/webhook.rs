//! Messages to a program over HTTP: one `POST` each, signed, and taken when it
//! answers 2xx. A gateway of text messages is put behind this.
//!
//! `x-wangge-signature` is `hmac-sha256=` and the hexadecimal HMAC of the
//! timestamp in `x-wangge-timestamp` (seconds since 1970), a dot and the body,
//! under the shared secret. Whoever checks it refuses old timestamps.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::http::{
    Request, StatusCode, Uri, header,
    uri::{Authority, PathAndQuery},
};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use sha2::Sha256;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use wangge_model::{Clock, Timestamp};

use super::{Letter, Outlet, OutletError};

/// Fewest bytes of a secret: less can be guessed.
pub const SECRET_BYTES: usize = 16;

/// Why a webhook cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Not an address with a host.
    #[error("not an address: {0}")]
    Address(String),
    /// Too short a secret.
    #[error("the secret must have at least {SECRET_BYTES} bytes")]
    Secret,
    /// TLS cannot be set up.
    #[error("TLS is not available: {0}")]
    Tls(String),
}

/// Posts to one address.
pub struct Webhook {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<TlsConnector>,
    key: Hmac<Sha256>,
    patience: Duration,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Webhook {
    /// To this address; waits `patience` for each answer.
    pub fn open(
        address: &str,
        secret: &[u8],
        patience: Duration,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebhookError> {
        let wrong = || WebhookError::Address(address.chars().take(80).collect());
        let uri: Uri = address.parse().map_err(|_| wrong())?;
        let host = uri.host().ok_or_else(wrong)?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        if secret.len() < SECRET_BYTES {
            return Err(WebhookError::Secret);
        }
        Ok(Self {
            port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
            tls: is_secure.then(connector).transpose()?,
            key: Hmac::new_from_slice(secret).map_err(|_| WebhookError::Secret)?,
            uri,
            host,
            patience,
            clock,
        })
    }

    fn request(&self, body: Vec<u8>, at: Timestamp) -> Result<Request<Full<Bytes>>, OutletError> {
        let seconds = at.as_millis().div_euclid(1_000);
        let path = self.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let host = self.uri.authority().map_or("", Authority::as_str);
        Request::post(path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .header("x-wangge-timestamp", seconds.to_string())
            .header("x-wangge-signature", signature(&self.key, seconds, &body))
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| OutletError::Unreachable)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<StatusCode, OutletError> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|_| OutletError::Unreachable)?;
        let Some(tls) = &self.tls else {
            return ask(tcp, request).await;
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|_| OutletError::Unreachable)?;
        let stream = tls.connect(name, tcp).await.map_err(|error| {
            tracing::error!(%error, "the webhook's certificate or TLS is not accepted");
            OutletError::Unreachable
        })?;
        ask(stream, request).await
    }
}

/// TLS that trusts what this machine trusts, or `SSL_CERT_FILE`.
fn connector() -> Result<TlsConnector, WebhookError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| WebhookError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// What proves that a body is ours.
fn signature(key: &Hmac<Sha256>, seconds: i64, body: &[u8]) -> String {
    let mut hmac = key.clone();
    hmac.update(seconds.to_string().as_bytes());
    hmac.update(b".");
    hmac.update(body);
    format!("hmac-sha256={}", hex::encode(hmac.finalize().into_bytes()))
}

/// One request on a connection of its own; of the answer only the status counts.
async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, OutletError> {
    let unreachable = |_: hyper::Error| OutletError::Unreachable;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(unreachable)?;
    let driving = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(unreachable);
    let status = answer.map(|answer| answer.status());
    driving.abort();
    status
}

#[async_trait]
impl Outlet for Webhook {
    async fn send(&self, letter: &Letter) -> Result<(), OutletError> {
        let body = serde_json::to_vec(letter).map_err(|_| OutletError::Refused(0))?;
        let request = self.request(body, self.clock.now())?;
        let status = timeout(self.patience, self.exchange(request))
            .await
            .map_err(|_| OutletError::TimedOut)??;
        match status.as_u16() {
            200..=299 => Ok(()),
            // What no further attempt changes.
            refused @ (400 | 410 | 413 | 422) => Err(OutletError::Refused(refused)),
            other => Err(OutletError::Busy(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wangge_model::testing::FakeClock;

    fn open(address: &str, secret: &[u8]) -> Result<Webhook, WebhookError> {
        let clock = Arc::new(FakeClock::at(Timestamp::from_millis(0)));
        Webhook::open(address, secret, Duration::from_secs(1), clock)
    }

    #[test]
    fn an_address_and_a_secret_are_checked_before_anything_is_sent() {
        let secret = [7; SECRET_BYTES];
        assert!(open("http://127.0.0.1:9000/sms?key=1", &secret).is_ok());
        assert!(open("http://[::1]:9000/", &secret).is_ok());
        for wrong in ["", "/sms", "ftp://example.org/", "example.org"] {
            let error = open(wrong, &secret).unwrap_err();
            assert!(matches!(error, WebhookError::Address(_)), "{wrong}");
        }
        let short = open("http://127.0.0.1/", &secret[1..]).unwrap_err();
        assert!(matches!(short, WebhookError::Secret));
    }

    /// As any program checks it: `printf '1767225600.{}' | openssl dgst -sha256
    /// -hmac 0123456789abcdef`.
    #[test]
    fn the_signature_is_the_hmac_of_timestamp_and_body() {
        let key = Hmac::<Sha256>::new_from_slice(b"0123456789abcdef").unwrap();
        assert_eq!(signature(&key, 1_767_225_600, b"{}"), EXPECTED);
    }

    const EXPECTED: &str =
        "hmac-sha256=99902517b3069f78750aa0520b0493482454c2d30a579c7acc839f3363ca1b88";
}
