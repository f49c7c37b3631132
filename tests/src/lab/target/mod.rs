//! A server to be attacked, behind one face: a real process over its socket, or
//! the same router and storage in this process, which takes a hundred thousand
//! pushes in minutes. In both the tables can be looked at from outside.

mod device;

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use rusqlite::{Connection as Database, params, types::ValueRef};
use sha2::{Digest as _, Sha256};
use wangge_model::{
    ChangeHash, DeviceId, GridId, PersonId, RecordId,
    protocol::{MEDIA_TYPE, Problem, Receipt, SyncResponse, Verdict, open},
};
use wangge_server::{Settings, testing::TestServer};

pub use device::Device;

use crate::{admin::Admin, http::Connection, server::Server};

/// Room in quarantine, so that a full one does not hide what comes after.
const QUARANTINE_BYTES: u64 = 1 << 40;

/// What every answer of the server comes down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The request as a whole was refused, with this code.
    Refused(String),
    /// One verdict per item; none if it had no push.
    Answered(Vec<Verdict>),
    /// Something no client could read.
    Nonsense(u16),
}

/// A server with two grids.
#[derive(Debug)]
pub struct Target {
    place: Place,
    database: Database,
    /// Its grids.
    pub grids: [GridId; 2],
}

#[derive(Debug)]
enum Place {
    Here(Box<TestServer>),
    Process(Box<Process>),
}

#[derive(Debug)]
struct Process {
    server: Server,
    admin: Admin,
    connection: Option<Connection>,
}

impl Target {
    /// The server's router and storage in this process.
    pub async fn here(seed: u64) -> anyhow::Result<Self> {
        let settings = Settings {
            quarantine_bytes: QUARANTINE_BYTES,
            ..Settings::default()
        };
        let server = TestServer::start_with(seed, settings).await;
        let database = look_into(server.folder().join("wangge.sqlite"))?;
        Ok(Self {
            grids: server.grids,
            place: Place::Here(Box::new(server)),
            database,
        })
    }

    /// A real server process.
    pub fn process() -> anyhow::Result<Self> {
        let server = Server::start()?;
        let admin = server.admin();
        let grids = [
            admin.create_grid("第一网格")?,
            admin.create_grid("第二网格")?,
        ];
        let database = look_into(server.data().join("wangge.sqlite"))?;
        Ok(Self {
            place: Place::Process(Box::new(Process {
                server,
                admin,
                connection: None,
            })),
            grids,
            database,
        })
    }

    /// The process, if it is one.
    pub fn server(&mut self) -> Option<&mut Server> {
        match &mut self.place {
            Place::Here(_) => None,
            Place::Process(process) => Some(&mut process.server),
        }
    }

    /// Whether the server goes on.
    pub fn is_alive(&mut self) -> bool {
        self.server().is_none_or(Server::is_alive)
    }

    /// A new worker of a grid, and a code for their phone.
    async fn worker(&mut self, name: &str, grid: GridId) -> anyhow::Result<(PersonId, String)> {
        match &mut self.place {
            Place::Here(server) => {
                let person = server.add_worker(name, grid).await;
                let code = server.enrolment_code(person).await;
                Ok((person, code))
            }
            Place::Process(process) => {
                let person = process.admin.create_worker(name, grid)?;
                let link = process.admin.enrolment_link(person)?;
                Ok((person, link.code))
            }
        }
    }

    /// A new connection, if the server is a process: it closes idle ones.
    pub async fn reconnect(&mut self) -> anyhow::Result<()> {
        if let Place::Process(process) = &mut self.place {
            let address = process.server.address();
            process.connection = Some(Connection::open(address, None).await?);
        }
        Ok(())
    }

    /// Posts a body; answers status and body.
    pub async fn post(
        &mut self,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> anyhow::Result<(u16, Vec<u8>)> {
        match &mut self.place {
            Place::Here(server) => {
                let reply = server.post(path, token, body).await;
                Ok((reply.status.as_u16(), reply.body.to_vec()))
            }
            Place::Process(process) => {
                let mut connection = match process.connection.take() {
                    Some(connection) => connection,
                    None => Connection::open(process.server.address(), None).await?,
                };
                let bearer = token.map(|token| format!("Bearer {token}"));
                let mut headers = vec![("content-type", MEDIA_TYPE)];
                if let Some(bearer) = &bearer {
                    headers.push(("authorization", bearer));
                }
                let answer = connection
                    .exchange("POST", path, &headers, Some(&body))
                    .await
                    .with_context(|| format!("POST {path}"))?;
                if answer.header("connection") != Some("close") {
                    process.connection = Some(connection);
                }
                Ok((answer.status, answer.body))
            }
        }
    }

    /// Posts a body to `/v1/sync`.
    pub async fn push(&mut self, token: &str, body: Vec<u8>) -> anyhow::Result<Said> {
        let (status, body) = self.post("/v1/sync", Some(token), body).await?;
        if status != 200 {
            return Ok(match open::<Problem>(&body) {
                Ok(problem) if !problem.zh.is_empty() && !problem.en.is_empty() => {
                    Said::Refused(problem.code)
                }
                _ => Said::Nonsense(status),
            });
        }
        let Ok(response) = open::<SyncResponse>(&body) else {
            return Ok(Said::Nonsense(status));
        };
        let receipt = response.receipt.iter();
        Ok(Said::Answered(receipt.flat_map(Receipt::each).collect()))
    }

    /// A digest over every row that says what people did and may do: records,
    /// changes with their places, feeds, authors, people, keys, numbers given.
    /// Left out is what a refused push may add to: the audit, quarantine,
    /// stored manifests, actors and the devices' counters.
    pub fn state(&self) -> anyhow::Result<[u8; 32]> {
        let mut sum = Sha256::new();
        for query in [
            "SELECT * FROM meta ORDER BY key",
            "SELECT * FROM org_node ORDER BY id",
            "SELECT * FROM person ORDER BY id",
            "SELECT * FROM assignment ORDER BY id",
            "SELECT id, person, name, algorithm, public_key, enrolled_at, revoked_at
             FROM device ORDER BY id",
            "SELECT * FROM device_session ORDER BY token_hash",
            "SELECT * FROM enrolment_code ORDER BY code_hash",
            "SELECT * FROM record ORDER BY id",
            "SELECT * FROM change ORDER BY grid, seq",
            "SELECT * FROM feed ORDER BY grid",
            "SELECT * FROM authorship ORDER BY record, hash",
            "SELECT * FROM division ORDER BY code",
            "SELECT * FROM sequence ORDER BY name",
        ] {
            sum.update(query);
            add_rows(&self.database, query, &mut sum)?;
        }
        Ok(sum.finalize().into())
    }

    /// Refused pushes that were written down.
    pub fn count_refusals(&self) -> anyhow::Result<u64> {
        let count: i64 = self.database.query_row(
            "SELECT count(*) FROM audit WHERE action = 'manifest_refused'",
            [],
            |row| row.get(0),
        )?;
        Ok(u64::try_from(count)?)
    }

    /// Whether a device's change is kept apart.
    pub fn is_kept_apart(
        &self,
        device: &DeviceId,
        record: &RecordId,
        hash: &ChangeHash,
    ) -> anyhow::Result<bool> {
        Ok(self
            .database
            .prepare_cached(
                "SELECT 1 FROM quarantine WHERE device = ?1 AND record = ?2 AND hash = ?3",
            )?
            .exists(params![
                device.as_bytes(),
                record.as_bytes(),
                hash.as_bytes()
            ])?)
    }
}

fn look_into(path: PathBuf) -> anyhow::Result<Database> {
    let database = Database::open(path)?;
    database.busy_timeout(Duration::from_secs(10))?;
    Ok(database)
}

/// Every value with its type and length, so that no two tables look alike.
fn add_rows(database: &Database, query: &str, sum: &mut Sha256) -> anyhow::Result<()> {
    let mut statement = database.prepare_cached(query)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            let (kind, bytes) = match row.get_ref(column)? {
                ValueRef::Null => (0, Vec::new()),
                ValueRef::Integer(number) => (1, number.to_be_bytes().to_vec()),
                ValueRef::Real(number) => (2, number.to_be_bytes().to_vec()),
                ValueRef::Text(text) => (3, text.to_vec()),
                ValueRef::Blob(blob) => (4, blob.to_vec()),
            };
            sum.update([kind]);
            sum.update((bytes.len() as u64).to_be_bytes());
            sum.update(&bytes);
        }
    }
    Ok(())
}
