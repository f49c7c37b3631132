//! The HTTP transport against hand-written servers on loopback: what it sends,
//! what it refuses to trust, and what it refuses to swallow.

use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use wangge_model::protocol::limits;

use super::{Connector, HttpConnector, TransportError};

/// Serves connections until dropped: reads a request, sends `answer`.
struct Server {
    address: String,
    pin: Option<[u8; 32]>,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(answer: Vec<u8>, tls: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (pin, acceptor) = if tls {
            let made = rcgen::generate_simple_self_signed(vec!["wangge".to_owned()]).unwrap();
            let der = made.cert.der().clone();
            let pin: [u8; 32] = Sha256::digest(der.as_ref()).into();
            let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der())
                .unwrap();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = rustls::ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![der], key)
                .unwrap();
            (
                Some(pin),
                Some(tokio_rustls::TlsAcceptor::from(Arc::new(config))),
            )
        } else {
            (None, None)
        };
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (seen, count) = (Arc::clone(&requests), Arc::clone(&connections));
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let (answer, seen, acceptor) =
                    (answer.clone(), Arc::clone(&seen), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(socket, &answer, &seen).await,
                        Some(acceptor) => {
                            if let Ok(socket) = acceptor.accept(socket).await {
                                serve(socket, &answer, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        let scheme = if tls { "https" } else { "http" };
        Self {
            address: format!("{scheme}://127.0.0.1:{port}"),
            pin,
            requests,
            connections,
            task,
        }
    }

    fn last_request(&self) -> String {
        self.requests.lock().unwrap().last().cloned().unwrap()
    }
}

async fn serve(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    answer: &[u8],
    seen: &Mutex<Vec<String>>,
) {
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = socket.read(&mut chunk).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        received.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse::<usize>().unwrap());
        if body.len() >= length {
            seen.lock().unwrap().push(text);
            received.clear();
            if socket.write_all(answer).await.is_err() || socket.flush().await.is_err() {
                return;
            }
        }
    }
}

fn answer(head: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn the_head_is_short_and_the_connection_kept() {
    let server = Server::start(answer("200 OK", "hello"), false).await;
    let transport = HttpConnector::default()
        .connect(&server.address, None)
        .unwrap();
    let response = transport
        .post("/v1/sync", Some("t0ken"), b"body".to_vec())
        .await
        .unwrap();
    assert_eq!(
        (response.status, response.body.as_ref()),
        (200, b"hello".as_slice())
    );
    let request = server.last_request();
    println!("{request}");
    let real = request.len() as u64;
    assert!(
        response.bytes_up.abs_diff(real) <= 4,
        "{} for {real}",
        response.bytes_up
    );
    let real = answer("200 OK", "hello").len() as u64;
    assert_eq!(response.bytes_down, real);
    let names: Vec<&str> = request
        .lines()
        .skip(1)
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect();
    for name in &names {
        let expected = [
            "authorization",
            "content-type",
            "accept",
            "host",
            "content-length",
        ];
        assert!(expected.contains(name), "{names:?}");
    }
    transport
        .get("/v1/grids/x/snapshot?as_of=3", Some("t0ken"))
        .await
        .unwrap();
    assert!(
        server
            .last_request()
            .starts_with("GET /v1/grids/x/snapshot?as_of=3 HTTP/1.1\r\n")
    );
    assert_eq!(*server.connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn the_pinned_certificate_is_trusted_and_no_other() {
    let server = Server::start(answer("200 OK", "hello"), true).await;
    let transport = HttpConnector::default()
        .connect(&server.address, server.pin)
        .unwrap();
    assert_eq!(
        transport
            .post("/", None, Vec::new())
            .await
            .unwrap()
            .body
            .as_ref(),
        b"hello"
    );
    let transport = HttpConnector::default()
        .connect(&server.address, Some([7; 32]))
        .unwrap();
    assert_eq!(
        transport.post("/", None, Vec::new()).await,
        Err(TransportError::OtherCertificate)
    );
}

#[tokio::test]
async fn a_server_without_tls_behind_an_https_address_gets_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut received = vec![0; 65_536];
        let read = socket.read(&mut received).await.unwrap();
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        received.truncate(read);
        received
    });
    let transport = HttpConnector::default()
        .connect(&address, Some([7; 32]))
        .unwrap();
    assert!(
        transport
            .post("/", Some("t0ken"), b"secret".to_vec())
            .await
            .is_err()
    );
    let received = server.await.unwrap();
    assert!(!received.windows(6).any(|window| window == b"secret"));
    assert!(!received.windows(5).any(|window| window == b"t0ken"));
}

#[tokio::test]
async fn addresses_that_are_not_safe_are_refused_before_connecting() {
    let strict = HttpConnector::default();
    for (address, pin) in [
        ("http://10.0.0.1:8080", None),
        ("http://example.org", Some([1; 32])),
        ("https://10.0.0.1:8443", None),
        ("ftp://127.0.0.1", None),
        ("not an address", None),
    ] {
        let refused = strict.connect(address, pin);
        assert!(
            matches!(refused, Err(TransportError::Address(_))),
            "{address}"
        );
    }
    for address in ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"] {
        assert!(strict.connect(address, None).is_ok(), "{address}");
    }
    let lenient = HttpConnector {
        allow_plain_http: true,
    };
    assert!(lenient.connect("http://10.0.2.2:8080", None).is_ok());
}

#[tokio::test]
async fn an_answer_past_the_limit_is_cut_off_whether_or_not_it_says_its_length() {
    let long = "x".repeat(limits::BODY_BYTES + 1);
    for answer in [
        answer("200 OK", &long),
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{long}").into_bytes(),
    ] {
        let server = Server::start(answer, false).await;
        let transport = HttpConnector::default()
            .connect(&server.address, None)
            .unwrap();
        assert!(matches!(
            transport.get("/", None).await,
            Err(TransportError::TooLarge { .. })
        ));
    }
}

#[tokio::test]
async fn refusals_and_breaks_are_told_apart() {
    let head = "503 Service Unavailable\r\nretry-after: 7";
    let server = Server::start(answer(head, "busy"), false).await;
    let transport = HttpConnector::default()
        .connect(&server.address, None)
        .unwrap();
    let response = transport.get("/", None).await.unwrap();
    assert_eq!((response.status, response.retry_after_s), (503, Some(7)));

    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let transport = HttpConnector::default()
        .connect(&format!("http://{nobody}"), None)
        .unwrap();
    assert!(matches!(
        transport.get("/", None).await,
        Err(TransportError::Connect(_))
    ));

    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut chunk = [0; 1024];
        let _ = socket.read(&mut chunk).await;
        let _ = socket.write_all(&cut).await;
    });
    let transport = HttpConnector::default()
        .connect(&format!("http://{address}"), None)
        .unwrap();
    assert!(matches!(
        transport.get("/", None).await,
        Err(TransportError::Interrupted(_))
    ));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let head = "302 Found\r\nlocation: http://127.0.0.1:1/elsewhere";
    let server = Server::start(answer(head, ""), false).await;
    let transport = HttpConnector::default()
        .connect(&server.address, None)
        .unwrap();
    assert_eq!(transport.get("/", Some("t0ken")).await.unwrap().status, 302);
}
