//! A bare HTTP/1.1 client over one kept connection: it sends what a phone
//! sends, costs next to nothing beside the server it measures, and can send
//! what no honest client would.

use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
};

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// One kept connection.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    /// Connects, from the given address of this machine if there is one: the
    /// server counts attempts per address, and all of 127.0.0.0/8 is ours.
    pub async fn open(server: SocketAddr, from: Option<IpAddr>) -> anyhow::Result<Self> {
        let stream = connect(server, from).await?;
        Ok(Self {
            stream: BufReader::new(stream),
            host: server.to_string(),
        })
    }

    /// Sends a request and reads its answer.
    pub async fn exchange(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> anyhow::Result<Answer> {
        let request = encode(&self.host, method, path, headers, body);
        self.send(&request).await?;
        self.receive().await
    }

    /// Sends raw bytes.
    pub async fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes).await?;
        Ok(stream.flush().await?)
    }

    /// Asks for a stream of events; the connection is the stream's from then on.
    pub async fn listen(
        mut self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<EventStream> {
        let mut all = headers.to_vec();
        all.push(("accept", "text/event-stream"));
        let request = encode(&self.host, "GET", path, &all, None);
        self.send(&request).await?;
        let answer = self.receive_head().await?;
        if answer.status != 200 {
            bail!("{path} was answered {}", answer.status);
        }
        Ok(EventStream {
            connection: self,
            read: String::new(),
        })
    }

    /// Reads one answer.
    pub async fn receive(&mut self) -> anyhow::Result<Answer> {
        let mut answer = self.receive_head().await?;
        if answer.header("transfer-encoding").is_some() {
            answer.body = self.receive_chunks().await?;
        } else {
            let length = answer.header("content-length").map_or(Ok(0), str::parse)?;
            answer.body = vec![0; length];
            self.stream.read_exact(&mut answer.body).await?;
        }
        Ok(answer)
    }

    /// Reads an answer up to its body.
    async fn receive_head(&mut self) -> anyhow::Result<Answer> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                bail!("the server closed the connection");
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            head.push(line.to_owned());
        }
        let status = head
            .first()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .context("no HTTP status line")?;
        let headers: Vec<(String, String)> = head
            .iter()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Answer {
            status,
            headers,
            body: Vec::new(),
        })
    }

    async fn receive_chunks(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut body = Vec::new();
        while self.receive_chunk(&mut body).await? > 0 {}
        Ok(body)
    }

    /// Reads one chunk of a body; answers its length, 0 at the end.
    async fn receive_chunk(&mut self, body: &mut Vec<u8>) -> anyhow::Result<usize> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await?;
        let length = usize::from_str_radix(line.trim(), 16).context("not a chunk length")?;
        let start = body.len();
        body.resize(start + length, 0);
        self.stream
            .read_exact(body.get_mut(start..).unwrap_or_default())
            .await?;
        self.stream.read_line(&mut line).await?;
        Ok(length)
    }
}

/// A stream of events that is open.
#[derive(Debug)]
pub struct EventStream {
    connection: Connection,
    read: String,
}

impl EventStream {
    /// The kind of the next event; not to be dropped while it waits.
    pub async fn next(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some((event, _)) = self.read.split_once("\n\n") {
                let name = event.lines().find_map(|line| line.strip_prefix("event: "));
                let (name, length) = (name.map(ToOwned::to_owned), event.len() + 2);
                self.read.drain(..length);
                // Others are there to keep the connection open.
                if let Some(name) = name {
                    return Ok(name);
                }
                continue;
            }
            let mut chunk = Vec::new();
            if self.connection.receive_chunk(&mut chunk).await? == 0 {
                bail!("the stream ended");
            }
            self.read.push_str(&String::from_utf8(chunk)?);
        }
    }
}

/// The bytes of a request.
pub fn encode(
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if let Some(body) = body {
        let _ = write!(head, "content-length: {}\r\n", body.len());
    }
    head.push_str("\r\n");
    let mut request = head.into_bytes();
    request.extend_from_slice(body.unwrap_or_default());
    request
}

/// Connects without Nagle's delay.
pub(crate) async fn connect(server: SocketAddr, from: Option<IpAddr>) -> anyhow::Result<TcpStream> {
    let socket = if server.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if let Some(from) = from {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    let stream = socket
        .connect(server)
        .await
        .with_context(|| format!("connecting to {server}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
