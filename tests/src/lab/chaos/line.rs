//! A bad line: an HTTP proxy that drops, repeats, cuts, delays and slows down
//! exchanges, each decided by a seed.
//!
//! It knows just enough of HTTP/1.1 to tell one exchange from the next: heads
//! end in an empty line, bodies have a `content-length`. Event streams are not
//! for it.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Weather {
    /// Nothing goes wrong.
    Clear,
    /// One exchange in ten is disturbed.
    Mild,
    /// Three exchanges in ten are.
    Harsh,
}

/// What goes wrong with one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The server acts, its answer is lost.
    AnswerLost,
    /// The request arrives twice.
    Twice,
    /// The request breaks off in the middle.
    RequestCut,
    /// The answer breaks off in the middle.
    AnswerCut,
    /// The phone gives up, and the request arrives later, after others.
    Late,
    /// Nothing moves for a while.
    Stalled,
    /// Two kilobytes a second, for as long as [`SLOW_PIECES`] last.
    Slow,
}

/// Each fault with how often it comes in harsh weather, in percent.
const FAULTS: [(Fault, u32); 7] = [
    (Fault::AnswerLost, 7),
    (Fault::Twice, 5),
    (Fault::RequestCut, 4),
    (Fault::AnswerCut, 4),
    (Fault::Late, 4),
    (Fault::Stalled, 3),
    (Fault::Slow, 3),
];

/// A slow exchange goes in pieces of 512 bytes, four a second; after so many
/// the line recovers.
const SLOW_PIECES: usize = 8;
/// Largest head that is read.
const MOST_HEAD: usize = 16 << 10;

impl Weather {
    fn draw(self, random: &mut ChaCha8Rng) -> Option<Fault> {
        let scale = match self {
            Self::Clear => return None,
            Self::Mild => 300,
            Self::Harsh => 100,
        };
        let mut place = random.random_range(0..scale);
        for (fault, percent) in FAULTS {
            if place < percent {
                return Some(fault);
            }
            place -= percent;
        }
        None
    }
}

/// What passed the line.
#[derive(Debug, Clone, Default)]
pub struct Passed {
    /// Bytes from phones, whether or not they arrived.
    pub up: u64,
    /// Bytes to phones, whether or not all of them arrived.
    pub down: u64,
    /// Exchanges.
    pub exchanges: u64,
    /// What went wrong, and how often.
    pub faults: BTreeMap<Fault, u64>,
}

impl Passed {
    /// Both ways.
    pub fn bytes(&self) -> u64 {
        self.up + self.down
    }
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    weather: Mutex<Weather>,
    random: Mutex<ChaCha8Rng>,
    passed: Mutex<Passed>,
}

impl Shared {
    fn count(&self, count: impl FnOnce(&mut Passed)) {
        count(&mut self.passed.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn draw(&self) -> (Option<Fault>, u64) {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let weather = *self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = weather.draw(&mut random);
        (fault, random.random_range(50..400))
    }
}

/// A running line; ends when dropped.
#[derive(Debug)]
pub struct Line {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// Listens on a free port and passes exchanges on to `server`.
    /// The weather is clear at first.
    pub async fn lay(server: SocketAddr, seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server,
            weather: Mutex::new(Weather::Clear),
            random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
            passed: Mutex::default(),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// Base address for phones.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on the weather is this.
    pub fn turn(&self, weather: Weather) {
        *self
            .shared
            .weather
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// What passed so far.
    pub fn passed(&self) -> Passed {
        self.shared
            .passed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let _ = client.set_nodelay(true);
            // A broken connection is what the line is for.
            let _ = serve(client, &shared).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Exchanges of one phone's connection, until one breaks it.
async fn serve(mut client: TcpStream, shared: &Arc<Shared>) -> anyhow::Result<()> {
    loop {
        let request = read_message(&mut client).await?;
        let (fault, millis) = shared.draw();
        shared.count(|passed| {
            passed.up += request.len() as u64;
            passed.exchanges += 1;
            if let Some(fault) = fault {
                *passed.faults.entry(fault).or_default() += 1;
            }
        });
        let pause = Duration::from_millis(millis);
        let answer = match fault {
            None | Some(Fault::AnswerCut | Fault::Slow) => ask(shared.server, &request).await?,
            Some(Fault::AnswerLost) => {
                ask(shared.server, &request).await?;
                return Ok(());
            }
            Some(Fault::Twice) => {
                ask(shared.server, &request).await?;
                ask(shared.server, &request).await?
            }
            Some(Fault::RequestCut) => {
                let half = request.get(..request.len() / 2).unwrap_or_default();
                TcpStream::connect(shared.server)
                    .await?
                    .write_all(half)
                    .await?;
                return Ok(());
            }
            Some(Fault::Late) => {
                let server = shared.server;
                tokio::spawn(async move {
                    tokio::time::sleep(pause * 4).await;
                    let _ = ask(server, &request).await;
                });
                return Ok(());
            }
            Some(Fault::Stalled) => {
                tokio::time::sleep(pause * 4).await;
                ask(shared.server, &request).await?
            }
        };
        let sent = if fault == Some(Fault::AnswerCut) {
            answer.get(..answer.len() / 2).unwrap_or_default()
        } else {
            answer.as_slice()
        };
        shared.count(|passed| passed.down += sent.len() as u64);
        let mut rest = sent;
        if fault == Some(Fault::Slow) {
            for _ in 0..SLOW_PIECES {
                let (piece, left) = rest.split_at(rest.len().min(512));
                client.write_all(piece).await?;
                rest = left;
                if rest.is_empty() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
        client.write_all(rest).await?;
        if fault == Some(Fault::AnswerCut) {
            return Ok(());
        }
    }
}

/// One exchange with the server, on a connection of its own.
async fn ask(server: SocketAddr, request: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    stream.write_all(request).await?;
    read_message(&mut stream).await
}

/// One head with its body.
async fn read_message(from: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<Vec<u8>> {
    let mut message = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let head = loop {
        if let Some(end) = find_end(&message) {
            break end;
        }
        if message.len() > MOST_HEAD {
            bail!("a head without an end");
        }
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            bail!("the connection ended");
        }
        message.extend_from_slice(buffer.get(..count).unwrap_or_default());
    };
    let length = content_length(message.get(..head).unwrap_or_default())?;
    while message.len() < head + length {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            bail!("the body broke off");
        }
        message.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    Ok(message)
}

fn find_end(bytes: &[u8]) -> Option<usize> {
    let place = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(place + 4)
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head)?;
    for line in head.lines() {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            return value.trim().parse().context("a length");
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_brings_the_same_weather_and_harsh_is_three_in_ten() {
        let draw = |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let faults = (0..2_000).map(|_| Weather::Harsh.draw(&mut random));
            faults.collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        let faults = draw(1).iter().filter(|fault| fault.is_some()).count();
        assert!((500..700).contains(&faults), "{faults} of 2,000");
    }

    #[tokio::test]
    async fn a_message_is_read_whole_whatever_pieces_it_comes_in() {
        let (mut write, mut read) = tokio::io::duplex(7);
        let message = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello".to_vec();
        let sent = message.clone();
        tokio::spawn(async move { write.write_all(&sent).await.unwrap() });
        assert_eq!(read_message(&mut read).await.unwrap(), message);
    }
}
