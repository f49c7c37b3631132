//! [`Transport`] over HTTP/1.1: the only file that names the HTTP client.
//!
//! One kept connection, few headers, bounded answers. HTTPS with a pinned
//! certificate; plain HTTP to this machine only, unless a development build
//! says otherwise. No redirects, no proxies of the environment, no cookies.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::{
    Client, Method, Request, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use wangge_model::protocol::{MEDIA_TYPE, limits};

use super::{Connector, Response, Transport, TransportError, pin::pinned_config};

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the server may think, and how long an answer may pause.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(30);
/// Slowest uplink that is waited for, in bytes per second: a bad 2G cell.
const SLOWEST_UPLINK: u64 = 4_000;
/// How long an unused connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Makes HTTP transports.
#[derive(Debug, Clone, Copy, Default)]
pub struct HttpConnector {
    /// Allows plain HTTP to other machines; for development only.
    pub allow_plain_http: bool,
}

impl Connector for HttpConnector {
    fn connect(
        &self,
        server: &str,
        pin: Option<[u8; 32]>,
    ) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(HttpTransport::new(
            server,
            pin,
            self.allow_plain_http,
        )?))
    }
}

/// A kept connection to one server.
#[derive(Debug)]
pub struct HttpTransport {
    base: Url,
    client: Client,
}

impl HttpTransport {
    /// Prepares a transport to `server`; connects at the first request.
    pub fn new(
        server: &str,
        pin: Option<[u8; 32]>,
        allow_plain_http: bool,
    ) -> Result<Self, TransportError> {
        let base = Url::parse(server).map_err(|_| TransportError::Address("not an address"))?;
        let client = Client::builder()
            .http1_only()
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT);
        let client = match (base.scheme(), pin) {
            ("https", Some(pin)) => client.tls_backend_preconfigured(
                pinned_config(pin).map_err(|_| TransportError::Address("TLS is not available"))?,
            ),
            ("https", None) => return Err(TransportError::Address("https without a pin")),
            ("http", _) if allow_plain_http || is_loopback(&base) => {
                // Never used for plain HTTP, but the client wants a TLS backend.
                client.tls_backend_preconfigured(
                    pinned_config([0; 32])
                        .map_err(|_| TransportError::Address("TLS is not available"))?,
                )
            }
            ("http", _) => return Err(TransportError::Address("plain http to another machine")),
            _ => return Err(TransportError::Address("neither https nor http")),
        };
        let client = client
            .build()
            .map_err(|_| TransportError::Address("the client does not start"))?;
        Ok(Self { base, client })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Vec<u8>>,
    ) -> Result<Response, TransportError> {
        let url = self
            .base
            .join(path)
            .map_err(|_| TransportError::Address("not a path"))?;
        let body_bytes = body.as_ref().map_or(0, |body| body.len() as u64);
        let mut request = Request::new(method, url);
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| TransportError::Address("not a session token"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        if let Some(body) = body {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
            *request.body_mut() = Some(body.into());
        }
        let bytes_up = estimate_up(&request) + body_bytes;
        let patience = SILENCE_TIMEOUT + Duration::from_secs(body_bytes / SLOWEST_UPLINK);
        let mut answer = tokio::time::timeout(patience, self.client.execute(request))
            .await
            .map_err(|_| TransportError::Timeout)?
            .map_err(|error| explain(&error))?;
        let head = estimate_down(answer.headers());
        let status = answer.status().as_u16();
        let retry_after_s = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse().ok());
        let mut body = BytesMut::new();
        loop {
            let chunk = tokio::time::timeout(SILENCE_TIMEOUT, answer.chunk())
                .await
                .map_err(|_| TransportError::Timeout)?
                .map_err(|error| explain(&error))?;
            let Some(chunk) = chunk else { break };
            if body.len() + chunk.len() > limits::BODY_BYTES {
                return Err(TransportError::TooLarge {
                    limit: limits::BODY_BYTES,
                });
            }
            body.extend_from_slice(&chunk);
        }
        let body: Bytes = body.freeze();
        let bytes_down = head + body.len() as u64;
        Ok(Response {
            status,
            body,
            retry_after_s,
            bytes_up,
            bytes_down,
        })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn post(
        &self,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Response, TransportError> {
        self.exchange(Method::POST, path, token, Some(body)).await
    }

    async fn get(&self, path: &str, token: Option<&str>) -> Result<Response, TransportError> {
        self.exchange(Method::GET, path, token, None).await
    }
}

/// Whether the address is this machine itself.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Size of the request's head as HTTP/1.1 writes it, including the `host`,
/// `accept` and `content-length` lines that the client adds.
fn estimate_up(request: &Request) -> u64 {
    let url = request.url();
    let target = url.path().len() + url.query().map_or(0, |query| query.len() + 1);
    let line = request.method().as_str().len() + target + " HTTP/1.1\r\n".len() + 1;
    let host = url.host_str().map_or(0, str::len) + url.port().map_or(0, |_| ":65535".len());
    let added = "host: \r\n".len() + host + "accept: */*\r\n".len();
    let length = if request.body().is_some() {
        "content-length: 1000\r\n".len()
    } else {
        0
    };
    (line + added + length + "\r\n".len()) as u64 + size_of_headers(request.headers())
}

/// Size of the answer's head.
fn estimate_down(headers: &HeaderMap) -> u64 {
    "HTTP/1.1 200 OK\r\n\r\n".len() as u64 + size_of_headers(headers)
}

fn size_of_headers(headers: &HeaderMap) -> u64 {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64)
        .sum()
}

/// What went wrong, by the chain of causes.
fn explain(error: &reqwest::Error) -> TransportError {
    if certificate_refused(error) {
        return TransportError::OtherCertificate;
    }
    let text = innermost(error);
    if error.is_timeout() {
        TransportError::Timeout
    } else if error.is_connect() {
        TransportError::Connect(text)
    } else {
        TransportError::Interrupted(text)
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// Whether the pin did not match. rustls' error sits inside I/O errors inside
/// each other, whose `source` skips what they carry, so both ways are looked at.
fn certificate_refused(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return matches!(tls, rustls::Error::InvalidCertificate(_));
    }
    let carried = error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref);
    carried.is_some_and(|inner| certificate_refused(inner))
        || error.source().is_some_and(certificate_refused)
}
