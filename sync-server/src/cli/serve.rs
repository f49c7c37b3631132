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
    let bound = Bound::bind(&config.listen, tls).await?;
    let storage = Arc::new(SqliteStorage::open(&data.database())?);
    let identity = ServerIdentity::open(data.path(), storage.as_ref(), entropy.as_ref()).await?;
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
    bound
        .run(router, Limits::from(config), async {
            stop.await;
            tracing::info!("stopping");
            state.stop();
        })
        .await;
    drop(address_file);
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
