//! The server as it is shipped: the program `wangge` in a process of its own,
//! on a free port of this machine, with a data folder of its own.

use std::{
    io::{BufRead as _, BufReader, Read},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

use crate::{admin::Admin, process};

/// How long a server may take to say where it listens.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long it may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    data: PathBuf,
    tls: bool,
    address: SocketAddr,
    child: Child,
    // After the child, so that the folder goes after the process.
    folder: Option<tempfile::TempDir>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a server with an empty data folder, on plain HTTP.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_new(false)
    }

    /// Starts a server with an empty data folder and a certificate of its own.
    pub fn start_with_tls() -> anyhow::Result<Self> {
        Self::start_new(true)
    }

    /// Starts a server on plain HTTP on a data folder that `fill` made.
    pub fn start_filled(fill: impl FnOnce(&Admin) -> anyhow::Result<()>) -> anyhow::Result<Self> {
        Self::start_with(false, fill)
    }

    fn start_new(tls: bool) -> anyhow::Result<Self> {
        Self::start_with(tls, |_| Ok(()))
    }

    fn start_with(
        tls: bool,
        fill: impl FnOnce(&Admin) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        let program = find_program()?;
        fill(&Admin::new(&program, &data, "", tls))?;
        let (child, address) = spawn(&program, &data, tls, SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self {
            program,
            data,
            tls,
            address,
            child,
            folder: Some(folder),
        })
    }

    /// Stops the server (gently, or as a power cut would) and starts it again
    /// on the same port and data.
    pub fn restart(&mut self, gently: bool) -> anyhow::Result<()> {
        self.stop(gently)?;
        self.start_again()
    }

    /// Starts it again on the same port and data after [`Self::stop`].
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        let (child, address) = spawn(&self.program, &self.data, self.tls, self.address)?;
        self.child = child;
        self.address = address;
        Ok(())
    }

    /// Ends the process.
    pub fn stop(&mut self, gently: bool) -> anyhow::Result<()> {
        if gently {
            let pid = self.child.id().to_string();
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .context("running kill")?;
            let begun = Instant::now();
            while self.child.try_wait()?.is_none() {
                if begun.elapsed() > STOP_TIMEOUT {
                    bail!("the server did not stop in {STOP_TIMEOUT:?}");
                }
                thread::sleep(Duration::from_millis(10));
            }
        } else {
            self.child.kill()?;
            self.child.wait()?;
        }
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base address.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process is still there.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Memory of the process.
    pub fn memory(&self) -> anyhow::Result<process::Memory> {
        process::memory(self.pid())
    }

    /// Processor time of the process.
    pub fn processor_time(&self) -> anyhow::Result<Duration> {
        process::processor_time(self.pid())
    }

    /// The commands of an administrator on this server's data.
    pub fn admin(&self) -> Admin {
        Admin::new(&self.program, &self.data, &self.url(), self.tls)
    }

    /// Keeps the data folder when the server is dropped and says where it is.
    pub fn keep_data(&mut self) -> PathBuf {
        match self.folder.take() {
            Some(folder) => folder.keep().join("data"),
            None => self.data.clone(),
        }
    }
}

/// The program to test: `WANGGE_BIN`, or the one built beside this one.
pub fn find_program() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("WANGGE_BIN") {
        return Ok(PathBuf::from(named));
    }
    let here = std::env::current_exe()?;
    let beside = here
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("wangge"))
        .find(|program| program.is_file());
    beside
        .context("no wangge beside this program: `cargo build -p wangge-server`, or set WANGGE_BIN")
}

/// The settings every test server runs with, as variables of the environment.
pub(crate) fn settings(data: &Path, tls: bool) -> Vec<(&'static str, String)> {
    vec![
        ("WANGGE_DATA", data.display().to_string()),
        ("WANGGE_TLS", tls.to_string()),
        ("WANGGE_LANGUAGE", "en".to_owned()),
        ("WANGGE_SYNTHETIC_IDS", "true".to_owned()),
    ]
}

fn spawn(
    program: &Path,
    data: &Path,
    tls: bool,
    listen: SocketAddr,
) -> anyhow::Result<(Child, SocketAddr)> {
    let mut child = Command::new(program)
        .args(["serve", "--listen", &listen.to_string()])
        .envs(settings(data, tls))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    let (sender, lines) = mpsc::channel();
    // Both streams are read to their end, or the server would stall on a full
    // pipe.
    for stream in [
        child
            .stdout
            .take()
            .map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        child
            .stderr
            .take()
            .map(|stream| Box::new(stream) as Box<dyn Read + Send>),
    ]
    .into_iter()
    .flatten()
    {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
    }
    drop(sender);
    let begun = Instant::now();
    let mut said = String::new();
    let address = loop {
        let left = START_TIMEOUT.saturating_sub(begun.elapsed());
        let Ok(line) = lines.recv_timeout(left) else {
            let _ = child.kill();
            let _ = child.wait();
            bail!("the server did not say where it listens:\n{said}");
        };
        said.push_str(&line);
        said.push('\n');
        if let Some(address) = find_address(&line) {
            break address;
        }
    };
    while TcpStream::connect(address).is_err() {
        if begun.elapsed() > START_TIMEOUT {
            let _ = child.kill();
            let _ = child.wait();
            bail!("nothing listens at {address}:\n{said}");
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok((child, address))
}

/// The first address of this machine with a port in a line, e.g. in
/// `https://127.0.0.1:8443/`.
fn find_address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("127.0.0.1:")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let port: u16 = digits.parse().ok()?;
    (port != 0).then(|| SocketAddr::from(([127, 0, 0, 1], port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_whatever_line_says_it() {
        let address = SocketAddr::from(([127, 0, 0, 1], 40_123));
        for line in [
            "https://127.0.0.1:40123/",
            "listening on 127.0.0.1:40123.",
            "a=127.0.0.1:40123",
        ] {
            assert_eq!(find_address(line), Some(address), "{line}");
        }
        assert_eq!(find_address("listen = 127.0.0.1:0"), None);
        assert_eq!(find_address("ready"), None);
    }
}
