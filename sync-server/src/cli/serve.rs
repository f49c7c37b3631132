//! `wangge serve`: puts the parts together, says where it listens, and ends in
//! order.

use std::{
    fs,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use wangge_model::{Clock, Entropy, SystemClock, SystemEntropy, message::message};

use super::{CliError, Outcome};
use crate::{
    AppState, Settings, app,
    config::{Config, SettingFlags},
    courier,
    data_folder::{DataFolder, DataFolderError, ServerLock},
    logging,
    serve::{Bound, Limits, stop_signal},
    state::ServerIdentity,
    storage::{MetaStorage as _, PersonStorage as _, SqliteStorage},
    tls::Identity,
};

/// Arguments of `wangge serve`.
#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// Threads for answering and for blocking work, as configured.
pub(super) fn runtime(config: &Config) -> Result<tokio::runtime::Runtime, CliError> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    match config.worker_threads.as_usize() {
        0 => {}
        threads => {
            builder.worker_threads(threads);
        }
    }
    builder
        .max_blocking_threads(config.blocking_threads.as_usize())
        .enable_all()
        .build()
        .map_err(CliError::Runtime)
}

pub(super) fn run(config: &Config) -> Result<Outcome, CliError> {
    logging::install(config.log_format, &config.log_filter);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    runtime(config)?.block_on(serve(
        config,
        clock,
        entropy,
        stop_signal(),
        &mut io::stdout(),
    ))
}

/// Serves until `stop` completes.
async fn serve(
    config: &Config,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    stop: impl Future<Output = ()> + Send,
    out: &mut (dyn Write + Send),
) -> Result<Outcome, CliError> {
    let data = DataFolder::create(&config.data)?;
    let _lock = lock(&data).await?;
    let certificate = Identity::load_or_make(config, &data, clock.as_ref())?;
    let tls = certificate
        .as_ref()
        .map(Identity::server_config)
        .transpose()?;
    let outlet = courier::setup::open(config, data.path(), Arc::clone(&clock))?;
    let bound = Bound::bind(&config.listen, tls).await?;
    let storage = Arc::new(SqliteStorage::open(&data.database())?);
    let identity = ServerIdentity::open(
        data.path(),
        storage.as_ref(),
        clock.as_ref(),
        entropy.as_ref(),
    )
    .await?;
    let settings = Settings {
        public_url: public_url(config, bound.addresses()),
        certificate_pin: certificate
            .as_ref()
            .map(|identity| identity.fingerprint().0),
        is_secure: is_secure(config),
        guard_threads: config.guard_threads.as_usize(),
        body_budget_bytes: config.body_budget_mib.as_usize() << 20,
        device_requests: config.device_requests.as_usize(),
        quarantine_bytes: config.quarantine_mib.get() << 20,
        console_session_ms: i64::try_from(config.console_session_hours.get())
            .map_or(i64::MAX, |hours| hours * 3_600_000),
        language: config.language,
        grid_code_scheme: config.grid_code_scheme.clone(),
        sizing: config.grid_sizing.rules().clone(),
        staffing: config.staffing(),
        public_register: config.public_register,
        resident_reports: config.resident_reports,
        sends_messages: outlet.is_some(),
        open_ops: Settings::OPEN_OPS,
        reads_ahead: true,
        scratch_folder: Some(data.path().to_owned()),
    };
    let state = AppState::new(
        Arc::clone(&storage) as _,
        identity,
        settings,
        clock,
        Arc::clone(&entropy),
    );
    let router = logging::log_requests(app::router(state.clone()), entropy.as_ref());

    announce(config, &bound, certificate.as_ref(), out)?;
    if storage.list_people().await?.is_empty() {
        note(config, "serve-no-people-note");
    }
    let address_file = AddressFile::write(&data, &public_url(config, bound.addresses()))?;
    tracing::info!(addresses = ?bound.addresses(), version = env!("CARGO_PKG_VERSION"), "serving");
    let indexer = tokio::spawn(crate::indexer::keep_indexed(state.clone()));
    let clockwork = tokio::spawn(crate::clockwork::keep_time(state.clone()));
    let courier = tokio::spawn(courier::keep_sending(state.clone(), outlet));
    bound
        .run(router, Limits::from(config), async {
            stop.await;
            tracing::info!("stopping");
            state.stop();
        })
        .await;
    drop(address_file);
    // Ends at its next step, because the server stops.
    if indexer.await.is_err() {
        tracing::error!("the indexer panicked");
    }
    if clockwork.await.is_err() {
        tracing::error!("the clockwork panicked");
    }
    if courier.await.is_err() {
        tracing::error!("the courier panicked");
    }
    storage.close().await?;
    tracing::info!("stopped");
    Ok(Outcome::Done)
}

/// An admin command that looks whether a server runs holds the lock for a
/// moment, so one refusal is not the last word.
async fn lock(data: &DataFolder) -> Result<ServerLock, DataFolderError> {
    for _ in 0..5 {
        match data.lock() {
            Err(DataFolderError::InUse { .. }) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            done => return done,
        }
    }
    data.lock()
}

/// Two lines that scripts read: where it listens, and what phones pin.
fn announce(
    config: &Config,
    bound: &Bound,
    certificate: Option<&Identity>,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    for url in bound.urls() {
        writeln!(out, "listening {url}")?;
    }
    if let Some(certificate) = certificate {
        writeln!(out, "fingerprint {}", certificate.fingerprint())?;
    }
    out.flush()?;
    let open = config
        .listen
        .iter()
        .any(|address| !address.ip().is_loopback());
    if !config.tls && open {
        note(config, "serve-plain-http-note");
    }
    Ok(())
}

/// A hint for whoever started the server.
fn note(config: &Config, id: &str) {
    // Nobody may be reading.
    let _ = writeln!(io::stderr(), "{}", message(config.language, id, &[]));
}

/// Browsers reach the server over TLS, its own or a proxy's.
fn is_secure(config: &Config) -> bool {
    let public = config.public_url.as_ref();
    public.map_or(config.tls, |url| url.as_str().starts_with("https://"))
}

/// Where phones reach the server: as configured, or the first address.
pub(super) fn public_url(config: &Config, addresses: &[SocketAddr]) -> String {
    if let Some(url) = &config.public_url {
        return url.as_str().to_owned();
    }
    let scheme = if config.tls { "https" } else { "http" };
    let mut address = addresses
        .first()
        .copied()
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    format!("{scheme}://{address}")
}

/// A file with the address of the running server, so that `wangge admin enrol`
/// knows the port the system chose.
#[derive(Debug)]
struct AddressFile(std::path::PathBuf);

impl AddressFile {
    fn write(data: &DataFolder, url: &str) -> Result<Self, DataFolderError> {
        let path = data.address_file();
        fs::write(&path, format!("{url}\n")).map_err(|source| DataFolderError::Unusable {
            path: path.clone(),
            source,
        })?;
        Ok(Self(path))
    }
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        // A stale file is ignored when no server holds the folder.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
        net::TcpStream,
        sync::{mpsc, oneshot},
        task::JoinHandle,
    };

    use super::*;
    use crate::explain::{Explain as _, exit_status};

    /// Standard output of a server, line by line.
    struct Said(mpsc::UnboundedSender<String>, Vec<u8>);

    impl Write for Said {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.extend_from_slice(bytes);
            while let Some(end) = self.1.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.1.drain(..=end).collect();
                self.0
                    .send(String::from_utf8(line).unwrap().trim().to_owned())
                    .unwrap();
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Running {
        said: mpsc::UnboundedReceiver<String>,
        stop: oneshot::Sender<()>,
        ended: JoinHandle<Result<Outcome, CliError>>,
    }

    fn start(config: &Config) -> Running {
        let (lines, said) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let config = config.clone();
        let ended = tokio::spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            let mut out = Said(lines, Vec::new());
            serve(
                &config,
                Arc::new(SystemClock),
                Arc::new(SystemEntropy),
                stop,
                &mut out,
            )
            .await
        });
        Running { said, stop, ended }
    }

    fn config(folder: &tempfile::TempDir, tls: bool) -> Config {
        Config {
            data: folder.path().join("data"),
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
            tls,
            ..Config::default()
        }
    }

    async fn health<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> String {
        let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_server_says_where_it_is_answers_and_ends_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder, false);
        let mut running = start(&config);
        let line = running.said.recv().await.unwrap();
        let address = line.strip_prefix("listening http://").unwrap().to_owned();
        let answer = health(TcpStream::connect(&address).await.unwrap()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let told = fs::read_to_string(config.data.join("server.address")).unwrap();
        assert_eq!(told.trim(), format!("http://{address}"));

        let second = start(&config).ended.await.unwrap().unwrap_err();
        assert!(matches!(
            second,
            CliError::DataFolder(DataFolderError::InUse { .. })
        ));
        let other = tempfile::tempdir().unwrap();
        let taken = Config {
            data: other.path().join("data"),
            listen: vec![address.parse().unwrap()],
            ..config.clone()
        };
        let error = start(&taken).ended.await.unwrap().unwrap_err();
        assert_eq!(error.exit_status(), exit_status::NETWORK, "{error}");

        running.stop.send(()).unwrap();
        assert_eq!(running.ended.await.unwrap().unwrap(), Outcome::Done);
        assert!(!config.data.join("server.address").exists());
    }

    #[tokio::test]
    async fn the_fingerprint_is_that_of_the_certificate_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder, true);
        let mut fingerprints = Vec::new();
        for _ in 0..2 {
            let mut running = start(&config);
            let line = running.said.recv().await.unwrap();
            let address = line.strip_prefix("listening https://").unwrap().to_owned();
            let line = running.said.recv().await.unwrap();
            let fingerprint = line.strip_prefix("fingerprint ").unwrap().to_owned();

            let data = DataFolder::find(&config.data).unwrap();
            let own = Identity::find(&config, &data).unwrap().unwrap();
            let mut trusted = rustls::RootCertStore::empty();
            trusted.add(own.chain()[0].clone()).unwrap();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let client = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(trusted)
                .with_no_client_auth();
            let stream = tokio_rustls::TlsConnector::from(Arc::new(client))
                .connect(
                    "localhost".try_into().unwrap(),
                    TcpStream::connect(&address).await.unwrap(),
                )
                .await
                .unwrap();
            let seen = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
            assert_eq!(crate::tls::Fingerprint::of(&seen).to_string(), fingerprint);
            assert!(health(stream).await.starts_with("HTTP/1.1 200"));
            fingerprints.push(fingerprint);
            running.stop.send(()).unwrap();
            running.ended.await.unwrap().unwrap();
        }
        assert_eq!(fingerprints[0], fingerprints[1]);
    }

    #[test]
    fn phones_are_sent_to_the_public_address_or_the_first_that_works() {
        let mut config = Config::default();
        let any = [SocketAddr::from(([0, 0, 0, 0], 8443))];
        assert_eq!(public_url(&config, &any), "https://127.0.0.1:8443");
        config.tls = false;
        assert_eq!(
            public_url(&config, &["10.0.0.7:80".parse().unwrap()]),
            "http://10.0.0.7:80"
        );
        assert!(!is_secure(&config));
        config.public_url = crate::config::BaseUrl::parse("https://grid.example.org").ok();
        assert_eq!(public_url(&config, &any), "https://grid.example.org");
        assert!(is_secure(&config), "a proxy ends TLS");
    }
}
