//! The server of today on a data folder of then: its router over its storage,
//! with the clock and the challenge secret of the recording.

use std::{fs, sync::Arc};

use anyhow::Context as _;
use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use http_body_util::BodyExt as _;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use wangge_model::{
    Clock, Entropy, FieldValue, GridId, Timestamp,
    document::RecordDocument,
    protocol::MEDIA_TYPE,
    testing::{FakeClock, SeededEntropy},
};
use wangge_server::{
    AppState, Settings, app,
    state::ServerIdentity,
    storage::{SqliteStorage, Storage},
};

use crate::fixture::{self, Effect, RecordEffect, Recorded};

const DATABASE: &str = "wangge.sqlite";
const PACKED: &str = "wangge.sqlite.zst";
/// Records read at a time.
const PAGE: u32 = 1_000;

/// A running server and its folder.
pub(crate) struct WireServer {
    runtime: Runtime,
    pub(crate) state: AppState,
    router: Router,
    folder: tempfile::TempDir,
}

/// What it answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl WireServer {
    /// A server with an empty folder.
    pub(crate) fn start(at: i64, challenge_secret: &[u8]) -> anyhow::Result<Self> {
        Self::open(tempfile::tempdir()?, at, challenge_secret)
    }

    /// A server on the folder recorded for a version.
    pub(crate) fn recorded(version: u32, recorded: &Recorded) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        for entry in fs::read_dir(fixture::folder(version).join("server"))? {
            let path = entry?.path();
            let name = path.file_name().context("a file has a name")?;
            if name == PACKED {
                let database = zstd::stream::decode_all(fs::File::open(&path)?)?;
                fs::write(folder.path().join(DATABASE), database)?;
            } else {
                fs::write(folder.path().join(name), fs::read(&path)?)?;
            }
        }
        Self::open(folder, recorded.at, &recorded.challenge_secret)
    }

    fn open(folder: tempfile::TempDir, at: i64, challenge_secret: &[u8]) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let clock = Arc::new(FakeClock::at(Timestamp::from_millis(at)));
        let entropy = Arc::new(SeededEntropy::new(1));
        let storage: Arc<dyn Storage> =
            Arc::new(SqliteStorage::open(&folder.path().join(DATABASE))?);
        let mut identity = runtime.block_on(ServerIdentity::open(
            folder.path(),
            storage.as_ref(),
            clock.as_ref(),
            entropy.as_ref(),
        ))?;
        identity.challenge_secret = challenge_secret.try_into()?;
        let state = AppState::new(
            storage,
            identity,
            Settings::default(),
            clock as Arc<dyn Clock>,
            entropy as Arc<dyn Entropy>,
        );
        let router = app::router(state.clone());
        Ok(Self {
            runtime,
            state,
            router,
            folder,
        })
    }

    /// Stops it and writes its folder as that of a version.
    pub(crate) fn store_folder(self, version: u32) -> anyhow::Result<()> {
        self.runtime.block_on(self.state.storage.close())?;
        let to = fixture::folder(version).join("server");
        fs::create_dir_all(&to)?;
        for entry in fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            let name = path.file_name().context("a file has a name")?;
            if name == DATABASE {
                let packed = zstd::bulk::compress(&fs::read(&path)?, 19)?;
                fs::write(to.join(PACKED), packed)?;
            } else if path
                .extension()
                .is_none_or(|ending| !ending.to_string_lossy().contains('-'))
            {
                fs::write(to.join(name), fs::read(&path)?)?;
            }
        }
        Ok(())
    }

    /// Waits for something the server does.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Delivers a request.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &[u8],
    ) -> anyhow::Result<Reply> {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes())?)
            .uri(path)
            .header(header::CONTENT_TYPE, MEDIA_TYPE)
            .header(header::CONTENT_LENGTH, body.len());
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body.to_vec()))?;
        let router = self.router.clone();
        self.runtime.block_on(async move {
            let response = router.oneshot(request).await?;
            let (parts, body) = response.into_parts();
            Ok(Reply {
                status: parts.status.as_u16(),
                body: body.collect().await?.to_bytes().to_vec(),
            })
        })
    }

    /// What it holds, as far as people entered it.
    pub(crate) fn effect(&self, grid: &str) -> anyhow::Result<Effect> {
        let grid: GridId = grid.parse()?;
        let storage = &self.state.storage;
        let rows = self.wait(storage.list_snapshot(&grid, None, PAGE, usize::MAX))?;
        let mut effect = Effect::default();
        for row in rows {
            let record = row.record;
            let document = RecordDocument::load(record.kind, Some(&record.document), [])?;
            let mut held = RecordEffect {
                kind: record.kind.as_str().to_owned(),
                ..RecordEffect::default()
            };
            for (path, value) in document.fields() {
                // What the server decides is another's promise.
                if path.root() != "case" {
                    held.fields.insert(path.to_string(), value.to_display());
                }
            }
            for conflict in document.conflicts() {
                let mut values: Vec<String> = conflict
                    .candidates
                    .iter()
                    .map(|one| one.value.as_ref().map(FieldValue::to_display))
                    .map(Option::unwrap_or_default)
                    .collect();
                values.sort();
                held.conflicts.insert(conflict.path.to_string(), values);
            }
            effect.records.insert(record.id.to_string(), held);
        }
        let database = rusqlite::Connection::open(self.folder.path().join(DATABASE))?;
        let mut statement = database
            .prepare("SELECT code, count(*) FROM quarantine GROUP BY code ORDER BY code")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for row in rows {
            let (code, count): (String, i64) = row?;
            effect.kept_apart.insert(code, count.try_into()?);
        }
        Ok(effect)
    }
}
