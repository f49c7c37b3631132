//! The real server without a socket: its router over its real storage, asked
//! one request after the other, so that nothing depends on which thread is
//! faster.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use http_body_util::BodyExt as _;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use wangge_model::{
    AssignmentId, ChangeHash, Clock, Entropy, GridId, OrgNodeId, PersonId, RecordId, Timestamp,
    document::RecordDocument,
    protocol::MEDIA_TYPE,
    testing::{FakeClock, SeededEntropy},
};
use wangge_server::{
    AppState, Settings, app,
    auth::Scope,
    enrolment,
    ingest::review::{self, AcceptError},
    state::ServerIdentity,
    storage::{
        NewAssignment, NewMove, NewOrgNode, NewPerson, OrgLevel, Role, SqliteStorage, Storage,
        StorageError, StoredRecord, sqlite::verify,
    },
};

/// The street everything lies in.
const STREET: &str = "379999001";
/// Operations of the documents kept open, by each phone and the server: the
/// whole town's, because a simulated year has no nights in which to open them.
pub(super) const OPEN_OPS: u64 = 10_000_000;
/// Records read at a time when replicas are compared.
const PAGE_RECORDS: u32 = 500;
/// Bytes of documents read at a time.
const PAGE_BYTES: usize = 16 << 20;

/// A running server.
#[derive(Debug)]
struct Running {
    state: AppState,
    router: Router,
}

/// The server and its folder.
#[derive(Debug)]
pub(super) struct SimServer {
    folder: PathBuf,
    runtime: Runtime,
    clock: Arc<FakeClock>,
    entropy: Arc<SeededEntropy>,
    running: Option<Running>,
    /// Who decides on late edits.
    supervisor: Option<PersonId>,
    /// Newest backup, with the step it was taken at.
    backup: Option<(PathBuf, u64)>,
    backups: u64,
}

/// What the server answered.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl SimServer {
    /// A new server in this folder.
    pub(super) fn start(folder: &Path, clock: &Arc<FakeClock>, seed: u64) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut server = Self {
            folder: folder.to_owned(),
            runtime: tokio::runtime::Builder::new_current_thread().build()?,
            clock: Arc::clone(clock),
            entropy: Arc::new(SeededEntropy::new(seed)),
            running: None,
            supervisor: None,
            backup: None,
            backups: 0,
        };
        server.open()?;
        server.seed_secret()?;
        Ok(server)
    }

    /// Phones are told a number that is made with a secret; a new database draws
    /// one of its own, and no two runs would say the same.
    fn seed_secret(&self) -> anyhow::Result<()> {
        let mut secret = [0; 32];
        self.entropy.fill(&mut secret);
        let storage = &self.state()?.storage;
        Ok(self
            .runtime
            .block_on(storage.put_meta("card_secret", &secret))?)
    }

    fn database(&self) -> PathBuf {
        self.folder.join("wangge.sqlite")
    }

    fn open(&mut self) -> anyhow::Result<()> {
        let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&self.database())?);
        let identity = self.runtime.block_on(ServerIdentity::open(
            &self.folder,
            storage.as_ref(),
            self.clock.as_ref(),
            self.entropy.as_ref(),
        ))?;
        let settings = Settings {
            // Phones of a simulation are refused far more often than real ones.
            quarantine_bytes: 1 << 40,
            open_ops: OPEN_OPS,
            reads_ahead: false,
            ..Settings::default()
        };
        let state = AppState::new(
            storage,
            identity,
            settings,
            Arc::clone(&self.clock) as Arc<dyn Clock>,
            Arc::clone(&self.entropy) as Arc<dyn Entropy>,
        );
        let router = app::router(state.clone());
        self.running = Some(Running { state, router });
        Ok(())
    }

    fn close(&mut self) -> anyhow::Result<()> {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.state.storage.close())?;
        }
        Ok(())
    }

    fn running(&self) -> anyhow::Result<&Running> {
        self.running.as_ref().context("the server is down")
    }

    fn state(&self) -> anyhow::Result<&AppState> {
        Ok(&self.running()?.state)
    }

    /// Stops it and starts it again.
    pub(super) fn restart(&mut self) -> anyhow::Result<()> {
        self.close()?;
        self.open()
    }

    /// Takes a backup as `wangge backup` does.
    pub(super) fn back_up(&mut self, step: u64) -> anyhow::Result<()> {
        let to = self.folder.join(format!("backup-{}", self.backups));
        self.backups += 1;
        let storage = Arc::clone(&self.state()?.storage);
        self.runtime.block_on(storage.back_up(&to))?;
        if let Some((old, _)) = self.backup.replace((to, step)) {
            fs::remove_file(old)?;
        }
        Ok(())
    }

    /// The step of the newest backup.
    pub(super) fn backup_step(&self) -> Option<u64> {
        self.backup.as_ref().map(|(_, step)| *step)
    }

    /// Starts over from the newest backup, which stays.
    pub(super) fn restore(&mut self) -> anyhow::Result<()> {
        let (from, _) = self.backup.clone().context("no backup")?;
        self.close()?;
        for suffix in ["-wal", "-shm"] {
            let path = self.folder.join(format!("wangge.sqlite{suffix}"));
            if path.exists() {
                fs::remove_file(path)?;
            }
        }
        fs::copy(from, self.database())?;
        // A backup holds no epoch file, and the one that is here was the lost
        // data's: without it a new life begins.
        fs::remove_file(self.folder.join("server.epoch"))?;
        self.open()
    }

    /// Delivers a request and waits for the answer.
    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> anyhow::Result<Reply> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, MEDIA_TYPE)
            .header(header::CONTENT_LENGTH, body.len());
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body))?;
        let router = self.running()?.router.clone();
        self.runtime.block_on(async move {
            let response = router.oneshot(request).await?;
            let (parts, body) = response.into_parts();
            Ok(Reply {
                status: parts.status.as_u16(),
                body: body.collect().await?.to_bytes().to_vec(),
            })
        })
    }

    /// Delivers a device's message.
    pub(super) fn post(
        &self,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> anyhow::Result<Reply> {
        self.request(Method::POST, path, token, body)
    }

    // ---- people and places -------------------------------------------------

    /// Makes a street with this many grids.
    pub(super) fn create_grids(&mut self, count: usize) -> anyhow::Result<Vec<GridId>> {
        let place = |level, code: String, name: String, parent| NewOrgNode {
            id: OrgNodeId::make(self.clock.as_ref(), self.entropy.as_ref()),
            parent,
            level,
            code: Some(code),
            name,
            attribute: None,
            valid_from: Timestamp::from_millis(0),
        };
        let street = place(
            OrgLevel::Street,
            STREET.to_owned(),
            "示例街道".to_owned(),
            None,
        );
        let community = place(
            OrgLevel::Community,
            format!("{STREET}001"),
            "示例社区".to_owned(),
            Some(street.id),
        );
        let mut nodes = vec![street, community.clone()];
        for number in 1..=count {
            nodes.push(place(
                OrgLevel::Grid,
                format!("{STREET}001{number:07}"),
                format!("第{number}网格"),
                Some(community.id),
            ));
        }
        self.runtime
            .block_on(self.state()?.storage.create_nodes(&nodes))?;
        self.supervisor = Some(self.create_supervisor(community.id)?);
        Ok(nodes.iter().skip(2).map(|node| node.id.into()).collect())
    }

    fn create_supervisor(&self, community: OrgNodeId) -> anyhow::Result<PersonId> {
        let person = PersonId::make(self.clock.as_ref(), self.entropy.as_ref());
        let new = NewPerson {
            id: person,
            name: "主管".to_owned(),
            username: None,
            phone: String::new(),
            trained_on: self.clock.now().to_china_date(),
            created_at: self.clock.now(),
        };
        let assignment = NewAssignment {
            node: community,
            role: Role::Supervisor,
            ..self.assignment(person, GridId::from_bytes(*community.as_bytes()))
        };
        self.runtime
            .block_on(self.state()?.storage.create_people(&[new], &[assignment]))?;
        Ok(person)
    }

    /// A new grid worker of these grids.
    pub(super) fn create_worker(
        &self,
        number: usize,
        grids: &[GridId],
    ) -> anyhow::Result<PersonId> {
        let person = PersonId::make(self.clock.as_ref(), self.entropy.as_ref());
        let created_at = self.clock.now();
        let new = NewPerson {
            id: person,
            name: format!("网格员{number}"),
            username: None,
            phone: String::new(),
            trained_on: created_at.to_china_date(),
            created_at,
        };
        let assignments: Vec<NewAssignment> = grids
            .iter()
            .map(|grid| self.assignment(person, *grid))
            .collect();
        self.runtime
            .block_on(self.state()?.storage.create_people(&[new], &assignments))?;
        Ok(person)
    }

    fn assignment(&self, person: PersonId, grid: GridId) -> NewAssignment {
        NewAssignment {
            id: AssignmentId::make(self.clock.as_ref(), self.entropy.as_ref()),
            person,
            node: grid.into(),
            role: Role::GridWorker,
            full_time: true,
            reserve: false,
            duties: Vec::new(),
            valid_from: self.clock.now(),
        }
    }

    /// A fresh enrolment code.
    pub(super) fn enrolment_code(&self, person: PersonId) -> anyhow::Result<String> {
        let state = self.state()?;
        Ok(self.runtime.block_on(enrolment::create_code(
            state.storage.as_ref(),
            self.entropy.as_ref(),
            person,
            self.clock.now(),
        ))?)
    }

    /// The grids of a person now.
    pub(super) fn granted(&self, person: &PersonId) -> anyhow::Result<Vec<GridId>> {
        let storage = &self.state()?.storage;
        let grids = self
            .runtime
            .block_on(storage.list_granted_grids(person, self.clock.now()))?;
        Ok(grids.into_iter().map(|grid| grid.grid).collect())
    }

    /// Gives a grid to a person who does not have it, or takes it away.
    /// Answers whether the person has it now.
    pub(super) fn turn_grant(&self, person: PersonId, grid: GridId) -> anyhow::Result<bool> {
        let storage = &self.state()?.storage;
        let now = self.clock.now();
        self.runtime.block_on(async {
            let node: OrgNodeId = grid.into();
            let held = storage
                .list_assignments(&person)
                .await?
                .into_iter()
                .find(|one| one.node == node && one.valid_to.is_none_or(|until| until > now));
            if let Some(held) = held {
                storage.end_assignment(&held.id, now).await?;
                return Ok(false);
            }
            let assignment = self.assignment(person, grid);
            storage.create_assignment(&assignment).await?;
            Ok(true)
        })
    }

    /// Moves a record; answers where it was, or nothing if the server does not
    /// have it or it is there.
    pub(super) fn move_record(
        &self,
        record: RecordId,
        to: GridId,
    ) -> anyhow::Result<Option<GridId>> {
        let new = NewMove {
            record,
            to,
            person: None,
            at: self.clock.now(),
            moves: None,
        };
        let storage = &self.state()?.storage;
        match self.runtime.block_on(storage.move_record(new)) {
            Ok(outcome) if outcome.grids.is_empty() => Ok(None),
            Ok(outcome) => Ok(Some(outcome.from)),
            Err(StorageError::Missing("record")) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The supervisor takes the oldest late edits of a phone and a record over,
    /// or refuses them; refuses what does not fit. Answers what was done, or
    /// nothing if nothing waits.
    pub(super) fn decide_one(&self, accepts: bool) -> anyhow::Result<Option<bool>> {
        let state = self.state()?;
        let supervisor = self.supervisor.context("nobody supervises")?;
        let scope = Scope {
            person: supervisor,
            at: self.clock.now(),
            role: Some(Role::Supervisor),
            seats: vec![wangge_model::access::Seat::Community],
        };
        self.runtime.block_on(async {
            let storage = &state.storage;
            let waiting = storage.list_reviews(&supervisor, scope.at, 0, 1).await?;
            let Some(first) = waiting.first() else {
                return Ok(None);
            };
            let late = storage
                .list_review_changes(&first.id, &supervisor, scope.at)
                .await?;
            ensure!(!late.is_empty(), "a late edit is listed and not found");
            if accepts {
                match review::accept_all(state, &scope, &late).await {
                    Ok(()) => return Ok(Some(true)),
                    Err(AcceptError::Storage(error)) => return Err(error.into()),
                    Err(AcceptError::Guard(_) | AcceptError::Record) => {}
                }
            }
            review::refuse_all(state, &scope, &late, "不采用").await?;
            Ok(Some(false))
        })
    }

    /// Shortens every feed to its last places; answers how many went.
    pub(super) fn compact(&self, keep: u64) -> anyhow::Result<u64> {
        let storage = &self.state()?.storage;
        Ok(self.runtime.block_on(storage.compact_feeds(keep))?)
    }

    // ---- what it holds -----------------------------------------------------

    /// Every record of a grid, opened, in id order.
    pub(super) fn for_each_record(
        &self,
        grid: &GridId,
        mut each: impl FnMut(RecordId, RecordDocument) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let storage = &self.state()?.storage;
        let mut after = None;
        loop {
            let rows = self.runtime.block_on(storage.list_snapshot(
                grid,
                after.as_ref(),
                PAGE_RECORDS,
                PAGE_BYTES,
            ))?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = Some(last.record.id);
            for row in rows {
                let record = row.record;
                let document = RecordDocument::load(record.kind, Some(&record.document), [])?;
                let mut heads = record.heads.clone();
                heads.sort_unstable();
                ensure!(
                    document.heads() == heads,
                    "the server's row of record {} names other heads than its document has",
                    record.id
                );
                ensure!(
                    document.summary() == row.summary,
                    "the server's list row of record {} is not what its document says",
                    record.id
                );
                each(record.id, document)?;
            }
        }
    }

    /// The hashes of every change kept in quarantine.
    pub(super) fn list_quarantined(&self) -> anyhow::Result<HashSet<ChangeHash>> {
        let connection = rusqlite::Connection::open(self.database())?;
        let mut statement = connection.prepare("SELECT hash FROM quarantine")?;
        let rows = statement.query_map([], |row| row.get::<_, [u8; 32]>(0))?;
        let mut hashes = HashSet::new();
        for hash in rows {
            hashes.insert(ChangeHash::from_bytes(hash?));
        }
        Ok(hashes)
    }

    /// What it holds of a record, in words.
    pub(super) fn describe(&self, record: &RecordId) -> anyhow::Result<Vec<String>> {
        let storage = &self.state()?.storage;
        let stored = self
            .runtime
            .block_on(storage.list_stored_records(&[*record]))?;
        let describe = |record: StoredRecord| {
            let heads: Vec<String> = record.heads.iter().map(ToString::to_string).collect();
            format!(
                "record grid {} moves {} heads {}",
                record.grid.to_string().replace('-', ""),
                record.moves,
                heads.join(" ")
            )
        };
        Ok(stored.into_iter().map(describe).collect())
    }

    /// What `wangge verify` finds, as text.
    pub(super) fn verify(&self) -> anyhow::Result<Vec<String>> {
        let mut findings = Vec::new();
        verify(&self.database(), &mut |finding| {
            findings.push(format!("{finding:?}"));
        })?;
        Ok(findings)
    }

    /// The number of the present life, for the trace.
    pub(super) fn epoch(&self) -> anyhow::Result<[u8; 16]> {
        Ok(*self.state()?.identity.epoch.as_bytes())
    }
}

impl Drop for SimServer {
    fn drop(&mut self) {
        // The writer's thread must not outlive the folder.
        let _ = self.close();
    }
}
