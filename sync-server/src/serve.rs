//! Listening: addresses, TLS, limits per connection, and the orderly end.
//!
//! Does not own what is answered (`app`) nor what is kept (`storage`): it is
//! given a router and a future that says when to stop. Answers without an end
//! (live hints) have to end themselves when the server stops.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;
use wangge_model::message::{Language, message};

use crate::{
    config::Config,
    explain::{Explain, exit_status, io_reason},
};

/// How long a client may take for its side of the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Pause after the system refused to accept, e.g. for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be taken.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Explain for ServeError {
    fn text(&self, language: Language) -> String {
        let Self::Listen { address, source } = self;
        message(
            language,
            "serve-listen",
            &[
                ("address", &address.to_string()),
                ("reason", &io_reason(source, language)),
            ],
        )
    }

    fn exit_status(&self) -> u8 {
        exit_status::NETWORK
    }
}

/// Limits of connections, from the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections open at a time.
    pub connections: usize,
    /// Time for the head of a request, and of an idle connection.
    pub header_timeout: Duration,
    /// Bytes of the head of a request.
    pub header_bytes: usize,
    /// Time for requests under way at the end.
    pub shutdown: Duration,
}

impl From<&Config> for Limits {
    fn from(config: &Config) -> Self {
        Self {
            connections: config.max_connections.as_usize(),
            header_timeout: config.header_timeout_seconds.as_seconds(),
            header_bytes: config.max_header_bytes.as_usize(),
            shutdown: config.shutdown_seconds.as_seconds(),
        }
    }
}

/// Addresses that are taken but not yet answered on.
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
    tls: Option<Arc<rustls::ServerConfig>>,
}

impl Bound {
    /// Takes all addresses, or none.
    pub async fn bind(
        addresses: &[SocketAddr],
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Result<Self, ServeError> {
        let mut bound = Self {
            listeners: Vec::new(),
            addresses: Vec::new(),
            tls,
        };
        for address in addresses {
            let failed = |source| ServeError::Listen {
                address: *address,
                source,
            };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            bound.addresses.push(listener.local_addr().map_err(failed)?);
            bound.listeners.push(listener);
        }
        Ok(bound)
    }

    /// The addresses with the ports the system chose.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Base address of each, such as `https://127.0.0.1:8443`.
    pub fn urls(&self) -> Vec<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.addresses
            .iter()
            .map(|address| format!("{scheme}://{address}"))
            .collect()
    }

    /// Answers with `router` until `stop` completes; then takes no more
    /// connections and gives requests under way the time the limits allow.
    /// Answers whether all of them finished.
    pub async fn run(
        self,
        router: Router,
        limits: Limits,
        stop: impl Future<Output = ()> + Send,
    ) -> bool {
        let (stopping, stopped) = watch::channel(false);
        let server = Arc::new(Server {
            router,
            limits,
            tls: self.tls.map(TlsAcceptor::from),
            places: Arc::new(Semaphore::new(limits.connections)),
            stopped,
        });
        let mut loops = Vec::new();
        for listener in self.listeners {
            loops.push(tokio::spawn(Arc::clone(&server).accept(listener)));
        }
        stop.await;
        // Receivers live in the server itself, so this cannot fail.
        let _ = stopping.send(true);
        for accepting in loops {
            accepting.abort();
        }
        let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
        let finished = timeout(limits.shutdown, server.places.acquire_many(all))
            .await
            .is_ok();
        if !finished {
            tracing::warn!("requests were cut off because they took too long to finish");
        }
        finished
    }
}

struct Server {
    router: Router,
    limits: Limits,
    tls: Option<TlsAcceptor>,
    places: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
}

impl Server {
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                // Closing at once tells the client to come back later; waiting
                // would let everybody time out.
                tracing::warn!("too many connections; one was closed");
                continue;
            };
            let server = Arc::clone(&self);
            tokio::spawn(async move {
                server.connection(stream, peer).await;
                drop(place);
            });
        }
    }

    async fn connection(&self, stream: TcpStream, peer: SocketAddr) {
        // Answers are small; without it each waits for the client's
        // acknowledgement.
        let _ = stream.set_nodelay(true);
        let mut stopped = self.stopped.clone();
        match &self.tls {
            None => self.talk(stream, peer).await,
            Some(acceptor) => {
                let accepted = tokio::select! {
                    accepted = timeout(HANDSHAKE, acceptor.accept(stream)) => accepted,
                    () = is_stopped(&mut stopped) => return,
                };
                match accepted {
                    Ok(Ok(stream)) => self.talk(stream, peer).await,
                    Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                }
            }
        }
    }

    async fn talk<S>(&self, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            self.router.clone().oneshot(request)
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_timeout)
            .max_buf_size(self.limits.header_bytes);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut stopped = self.stopped.clone();
        let finished = tokio::select! {
            result = connection.as_mut() => Some(result),
            () = is_stopped(&mut stopped) => None,
        };
        let result = if let Some(result) = finished {
            result
        } else {
            connection.as_mut().graceful_shutdown();
            connection.await
        };
        if let Err(error) = result {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// Completes when the server stops; a closed channel means the same.
async fn is_stopped(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Completes when the process is asked to end (SIGTERM, SIGINT, Ctrl-C).
pub async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    interrupt.await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::{Notify, oneshot},
        task::JoinHandle,
    };

    use super::*;

    const LIMITS: Limits = Limits {
        connections: 2,
        header_timeout: Duration::from_secs(5),
        header_bytes: 8192,
        shutdown: Duration::from_secs(5),
    };

    struct Running {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: JoinHandle<bool>,
    }

    async fn start(router: Router, limits: Limits) -> Running {
        let bound = Bound::bind(&["127.0.0.1:0".parse().unwrap()], None)
            .await
            .unwrap();
        let address = bound.addresses()[0];
        assert_ne!(address.port(), 0);
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(bound.run(router, limits, async {
            let _ = stopped.await;
        }));
        Running {
            address,
            stop,
            ended,
        }
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    fn get_request(path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    }

    #[tokio::test]
    async fn a_port_in_use_is_explained() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = Bound::bind(&[address], None).await.unwrap_err();
        assert_eq!(error.exit_status(), exit_status::NETWORK);
        for language in Language::ALL {
            assert!(error.text(language).contains(&address.to_string()));
        }
    }

    #[tokio::test]
    async fn a_request_under_way_is_finished_before_the_end() {
        let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (entering, going_on) = (Arc::clone(&entered), Arc::clone(&go_on));
        let router = Router::new().route(
            "/",
            get(move || async move {
                entering.notify_one();
                going_on.notified().await;
                "done"
            }),
        );
        let running = start(router, LIMITS).await;
        let asking = tokio::spawn(async move { ask(running.address, &get_request("/")).await });
        entered.notified().await;
        running.stop.send(()).unwrap();
        go_on.notify_one();
        assert!(asking.await.unwrap().ends_with("done"));
        assert!(running.ended.await.unwrap());
        assert!(TcpStream::connect(running.address).await.is_err());
    }

    #[tokio::test]
    async fn a_request_that_never_ends_is_cut_off() {
        let router = Router::new().route("/", get(std::future::pending::<()>));
        let limits = Limits {
            shutdown: Duration::from_millis(50),
            ..LIMITS
        };
        let running = start(router, limits).await;
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(get_request("/").as_bytes()).await.unwrap();
        running.stop.send(()).unwrap();
        let _ = running.ended.await.unwrap();
    }

    #[tokio::test]
    async fn too_many_connections_and_too_large_heads_are_turned_away() {
        let router = Router::new().route("/", get(|| async { "ok" }));
        let running = start(router, LIMITS).await;
        let huge = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(20_000));
        let answer = ask(running.address, &huge).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );

        let one = TcpStream::connect(running.address).await.unwrap();
        let two = TcpStream::connect(running.address).await.unwrap();
        // The third is accepted after the first two and closed without answer.
        let answer = ask(running.address, &get_request("/")).await;
        drop((one, two));
        assert_eq!(answer, "");
        running.stop.send(()).unwrap();
        assert!(running.ended.await.unwrap());
    }
}
