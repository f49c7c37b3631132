//! A TCP proxy that counts what passes, in bytes and in round trips, and can
//! lose an answer on the way.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
    task::JoinHandle,
};

use crate::http::connect;

/// What passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes from clients to the server.
    pub up: u64,
    /// Bytes from the server to clients.
    pub down: u64,
    /// How often a client spoke after the server had (or at the beginning):
    /// requests that had to wait for the one before.
    pub round_trips: u64,
    /// Connections made.
    pub connections: u64,
}

#[derive(Debug, Default)]
struct Shared {
    traffic: Mutex<Traffic>,
    answers_to_lose: AtomicU32,
}

impl Shared {
    fn count(&self, count: impl FnOnce(&mut Traffic)) {
        count(&mut self.traffic.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether this answer is one to lose; takes one off the number.
    fn loses_answer(&self) -> bool {
        self.answers_to_lose
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }
}

/// A running proxy; ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Listens on a free port of this machine and passes everything on to
    /// `server`, connecting from `from` if that is given.
    pub async fn start(server: SocketAddr, from: Option<IpAddr>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(accept(listener, server, from, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base address for clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What passed since the start or the last [`Self::take`].
    pub fn traffic(&self) -> Traffic {
        *self
            .shared
            .traffic
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What passed; counting starts over.
    pub fn take(&self) -> Traffic {
        std::mem::take(
            &mut *self
                .shared
                .traffic
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Loses the next `count` answers: the request arrives, the server acts,
    /// and the connection breaks before a byte of the answer comes back.
    pub fn lose_answers(&self, count: u32) {
        self.shared.answers_to_lose.store(count, Ordering::SeqCst);
    }

    /// How many of those answers are still to be lost.
    pub fn answers_to_lose(&self) -> u32 {
        self.shared.answers_to_lose.load(Ordering::SeqCst)
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    from: Option<IpAddr>,
    shared: Arc<Shared>,
) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // A server that is away looks to the client as it would directly.
            let Ok(upstream) = connect(server, from).await else {
                return;
            };
            shared.count(|traffic| traffic.connections += 1);
            pass(client, upstream, &shared).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn pass(client: TcpStream, server: TcpStream, shared: &Shared) {
    let _ = client.set_nodelay(true);
    let (mut client_read, mut client_write) = client.into_split();
    let (mut server_read, mut server_write) = server.into_split();
    // Whether the server spoke last: then the next word of the client begins a
    // round trip.
    let server_spoke = std::sync::atomic::AtomicBool::new(true);
    let up = copy(&mut client_read, &mut server_write, |count| {
        let begins = server_spoke.swap(false, Ordering::SeqCst);
        shared.count(|traffic| {
            traffic.up += count;
            traffic.round_trips += u64::from(begins);
        });
        true
    });
    let down = copy(&mut server_read, &mut client_write, |count| {
        let is_first = !server_spoke.swap(true, Ordering::SeqCst);
        if is_first && shared.loses_answer() {
            return false;
        }
        shared.count(|traffic| traffic.down += count);
        true
    });
    // Whichever side ends first ends both: HTTP has no half-closed exchanges.
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

/// Copies until the end or until `passes` says no to a piece.
async fn copy(
    from: &mut tcp::OwnedReadHalf,
    to: &mut tcp::OwnedWriteHalf,
    passes: impl Fn(u64) -> bool,
) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        if !passes(count as u64) {
            return;
        }
        if to
            .write_all(buffer.get(..count).unwrap_or_default())
            .await
            .is_err()
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo_server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut buffer = [0; 16];
                    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                        stream.write_all(&buffer[..count]).await.unwrap();
                    }
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn bytes_and_round_trips_are_counted() {
        let proxy = Proxy::start(echo_server().await, None).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        let mut answer = [0; 4];
        for _ in 0..3 {
            stream.write_all(b"ping").await.unwrap();
            stream.read_exact(&mut answer).await.unwrap();
        }
        let traffic = proxy.take();
        assert_eq!((traffic.up, traffic.down, traffic.round_trips), (12, 12, 3));
        assert_eq!(proxy.traffic(), Traffic::default());
    }

    #[tokio::test]
    async fn a_lost_answer_breaks_the_connection_and_the_next_one_works() {
        let proxy = Proxy::start(echo_server().await, None).await.unwrap();
        proxy.lose_answers(1);
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        stream.write_all(b"ping").await.unwrap();
        assert_eq!(stream.read(&mut [0; 4]).await.unwrap_or(0), 0);
        assert_eq!(proxy.answers_to_lose(), 0);
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        stream.write_all(b"ping").await.unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"ping");
    }
}
