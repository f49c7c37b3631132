//! What the server writes into its log, and what it never does.
//!
//! One line per request with its id, method, route, status and time. The route
//! is the pattern (`/households/{id}`), never the address as sent: a query may
//! hold a name somebody searched for. Bodies, headers and tokens are not
//! logged anywhere. `docs/logging.md` lists the fields.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::{self, Next},
    response::Response,
};
use tracing::{Instrument as _, Subscriber};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};
use wangge_model::Entropy;

use crate::config::LogFormat;

/// Response header with the id that the log has for a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Routes that machines ask all the time; logged only at `debug`.
const CHATTY: &[&str] = &["/healthz", "/readyz", "/metrics"];

/// A subscriber that writes lines of the given form.
pub fn subscriber<W>(
    format: LogFormat,
    filter: &str,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    // Later directives win. Automerge opens a span for every column it reads.
    let filter = EnvFilter::builder().parse_lossy(format!("info,automerge=warn,{filter}"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    match format {
        LogFormat::Text => Box::new(builder.with_ansi(false).finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
    }
}

/// Sends the whole process's log to standard error. Does nothing if a log is
/// already set up, as in tests.
pub fn install(format: LogFormat, filter: &str) {
    let _ = tracing::subscriber::set_global_default(subscriber(format, filter, io::stderr));
    // A panic's own text may quote what was being worked on, so only the place
    // is logged. Panics on hostile documents are expected and caught.
    std::panic::set_hook(Box::new(|panic| {
        let (file, line) = panic
            .location()
            .map_or(("unknown", 0), |place| (place.file(), place.line()));
        tracing::error!(file, line, "a panic stopped one piece of work");
    }));
}

/// The id of a request, among its extensions: an error page shows it, so that
/// somebody can find the line in the log.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Gives requests ids that no other start of the server gave.
#[derive(Debug)]
struct RequestIds {
    start: String,
    next: AtomicU64,
}

impl RequestIds {
    fn make(&self) -> String {
        format!(
            "{}-{}",
            self.start,
            self.next.fetch_add(1, Ordering::Relaxed)
        )
    }
}

/// Adds request ids and the line per request to all routes.
pub fn log_requests(router: Router, entropy: &dyn Entropy) -> Router {
    let mut start = [0; 4];
    entropy.fill(&mut start);
    let ids = std::sync::Arc::new(RequestIds {
        start: hex::encode(start),
        next: 1.into(),
    });
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let id = ids.make();
        async move { log_request(id, request, next).await }
    }))
}

async fn log_request(id: String, mut request: Request, next: Next) -> Response {
    let started = tokio::time::Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", id = %id);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let millis = started.elapsed().as_secs_f64() * 1000.0;
    let millis = (millis * 10.0).round() / 10.0;
    span.in_scope(|| {
        if CHATTY.contains(&route.as_str()) {
            tracing::debug!(%method, route, status, millis, "answered");
        } else {
            tracing::info!(%method, route, status, millis, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{body::Body, routing::post};
    use tower::ServiceExt as _;
    use wangge_model::testing::SeededEntropy;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'writer> MakeWriter<'writer> for Lines {
        type Writer = Self;

        fn make_writer(&'writer self) -> Self {
            self.clone()
        }
    }

    async fn logged(format: LogFormat, filter: &str, uri: &str) -> (String, Response) {
        let lines = Lines::default();
        let guard = tracing::subscriber::set_default(subscriber(format, filter, lines.clone()));
        let router = Router::new()
            .route("/households/{id}", post(|body: String| async move { body }))
            .route("/healthz", post(|| async {}));
        let request = axum::http::Request::post(uri)
            .header("authorization", "Bearer CANARY")
            .header("cookie", "session=CANARY")
            .header("user-agent", "CANARY")
            .body(Body::from("CANARY"))
            .unwrap();
        let router = log_requests(router, &SeededEntropy::new(1));
        let response = router.oneshot(request).await.unwrap();
        drop(guard);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        (text, response)
    }

    #[tokio::test]
    async fn a_request_is_one_line_without_what_people_sent() {
        for format in [LogFormat::Text, LogFormat::Json] {
            for uri in ["/households/CANARY?q=CANARY", "/CANARY?name=CANARY"] {
                let (text, response) = logged(format, "trace", uri).await;
                let answered: Vec<_> = text
                    .lines()
                    .filter(|line| line.contains("answered"))
                    .collect();
                assert_eq!(answered.len(), 1, "{text}");
                assert!(!text.contains("CANARY"), "{text}");
                let id = response.headers()[REQUEST_ID].to_str().unwrap();
                assert!(answered[0].contains(id), "{text}");
            }
        }
    }

    #[tokio::test]
    async fn json_lines_have_the_documented_fields() {
        let (text, _) = logged(LogFormat::Json, "info", "/households/7").await;
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["message"], "answered");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["method"], "POST");
        assert_eq!(line["route"], "/households/{id}");
        assert_eq!(line["status"], 200);
        assert!(line["millis"].is_number() && line["span"]["id"].is_string());
    }

    #[tokio::test]
    async fn health_checks_do_not_fill_the_log() {
        assert_eq!(logged(LogFormat::Text, "info", "/healthz").await.0, "");
        assert!(
            logged(LogFormat::Text, "debug", "/healthz")
                .await
                .0
                .contains("/healthz")
        );
    }
}
