//! The floor: the least anything that keeps records durably could do with the
//! same bytes. No permissions, no merging, no schema, no search: raw changes
//! in one zstd body over HTTP, checked against their hashes and parsed as
//! changes on arrival, stored by one SQLite transaction with one fsync.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, ensure};
use automerge::Change;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::{get, post},
};
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};

/// zstd's default, which the protocol uses too.
const LEVEL: i32 = 3;

/// One change as it travels: 16 bytes of record, 32 of hash, 4 of length, the
/// bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawChange {
    pub(crate) record: [u8; 16],
    pub(crate) hash: [u8; 32],
    pub(crate) bytes: Vec<u8>,
}

/// Frames and compresses.
pub(crate) fn pack(changes: &[RawChange]) -> anyhow::Result<Vec<u8>> {
    let mut framed = Vec::new();
    for change in changes {
        framed.extend_from_slice(&change.record);
        framed.extend_from_slice(&change.hash);
        framed.extend_from_slice(&u32::try_from(change.bytes.len())?.to_be_bytes());
        framed.extend_from_slice(&change.bytes);
    }
    Ok(zstd::bulk::compress(&framed, LEVEL)?)
}

/// Inflates, unframes, checks each hash and parses each change.
pub(crate) fn unpack(body: &[u8]) -> anyhow::Result<Vec<RawChange>> {
    let framed = zstd::stream::decode_all(body)?;
    let mut rest = framed.as_slice();
    let mut changes = Vec::new();
    while !rest.is_empty() {
        let (record, after) = rest.split_first_chunk::<16>().context("cut in a record")?;
        let (hash, after) = after.split_first_chunk::<32>().context("cut in a hash")?;
        let (length, after) = after.split_first_chunk::<4>().context("cut in a length")?;
        let length = usize::try_from(u32::from_be_bytes(*length))?;
        let (bytes, after) = after.split_at_checked(length).context("cut in a change")?;
        let found: [u8; 32] = Sha256::digest(bytes.get(8..).unwrap_or_default()).into();
        ensure!(found == *hash, "a change does not match its hash");
        Change::from_bytes(bytes.to_vec()).context("not a change")?;
        changes.push(RawChange {
            record: *record,
            hash: *hash,
            bytes: bytes.to_vec(),
        });
        rest = after;
    }
    Ok(changes)
}

/// Plain SQLite, write-ahead log, an fsync per commit.
#[derive(Debug, Clone)]
pub(crate) struct FloorStore(Arc<Mutex<Connection>>);

impl FloorStore {
    /// An empty store in a file.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             CREATE TABLE change (
                 n INTEGER PRIMARY KEY, record BLOB NOT NULL, hash BLOB NOT NULL UNIQUE,
                 bytes BLOB NOT NULL
             );",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Stores all in one transaction.
    pub(crate) fn store(&self, changes: &[RawChange]) -> anyhow::Result<()> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT OR IGNORE INTO change (record, hash, bytes) VALUES (?1, ?2, ?3)",
            )?;
            for change in changes {
                insert.execute(params![change.record, change.hash, change.bytes])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn load(&self) -> anyhow::Result<Vec<RawChange>> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut select =
            connection.prepare_cached("SELECT record, hash, bytes FROM change ORDER BY n")?;
        let rows = select.query_map([], |row| {
            Ok(RawChange {
                record: row.get(0)?,
                hash: row.get(1)?,
                bytes: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The floor's server; ends when dropped.
#[derive(Debug)]
pub(crate) struct FloorServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for FloorServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FloorServer {
    /// Serves a store: `GET /changes` gives all, `POST /changes` stores some.
    pub(crate) async fn start(store: FloorStore) -> anyhow::Result<Self> {
        let routes = Router::new()
            .route("/changes", get(pull))
            .route("/changes", post(push))
            .layer(DefaultBodyLimit::disable())
            .with_state(store);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn pull(State(store): State<FloorStore>) -> Result<Vec<u8>, StatusCode> {
    blocking(move || pack(&store.load()?)).await
}

async fn push(State(store): State<FloorStore>, body: Bytes) -> Result<(), StatusCode> {
    blocking(move || store.store(&unpack(&body)?)).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, StatusCode> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tampered_change_is_noticed() {
        let change = RawChange {
            record: [1; 16],
            hash: [2; 32],
            bytes: vec![3; 40],
        };
        let body = pack(&[change]).unwrap();
        assert!(unpack(&body).is_err());
    }
}
