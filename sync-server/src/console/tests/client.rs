//! A server with two grids, and a browser's part of talking to it.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header},
};
use tower::ServiceExt as _;
use wangge_model::{
    ActorId, AssignmentId, ChangeHash, Clock as _, DeviceId, FieldPath, FieldValue, GridId,
    Incarnation, OrgNodeId, PersonId, QuarantineId, RecordId, RecordKind, Timestamp,
    document::{FieldEdit, LocalChange, RecordDocument},
    protocol::{Algorithm, Signature},
    testing::{FakeClock, SeededEntropy},
};

use crate::{
    AppState, Settings,
    auth::password::hash_password,
    console,
    state::ServerIdentity,
    storage::{
        ChangeBy, Commit, CommitHooks, CommitManifest, NewAssignment, NewChange, NewDevice,
        NewEnrolmentCode, NewOrgNode, NewPerson, NewQuarantine, OrgLevel, RecordWork, Role,
        SqliteStorage, Storage, StorageResult, StoredRecord,
    },
};

pub(super) const PASSWORD: &str = "correct horse battery";
pub(super) const SUPERVISOR: PersonId = PersonId::from_bytes([11; 16]);
pub(super) const WORKER: PersonId = PersonId::from_bytes([12; 16]);
pub(super) const DEVICE: DeviceId = DeviceId::from_bytes([21; 16]);
pub(super) const STREET: OrgNodeId = OrgNodeId::from_bytes([1; 16]);
pub(super) const GRID: GridId = GridId::from_bytes([2; 16]);
pub(super) const OTHER_GRID: GridId = GridId::from_bytes([3; 16]);

/// A running console and what drives it.
pub(super) struct Server {
    pub(super) state: AppState,
    pub(super) clock: Arc<FakeClock>,
    pub(super) is_secure: bool,
    _folder: tempfile::TempDir,
}

impl Server {
    pub(super) async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    /// A street with two grids; a supervisor of the street, a worker of the
    /// first grid, and that worker's phone.
    pub(super) async fn start_with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = SqliteStorage::open(&folder.path().join("wangge.sqlite")).unwrap();
        let storage: Arc<dyn Storage> = Arc::new(sqlite);
        let clock = Arc::new(FakeClock::at(Timestamp::from_millis(1_767_225_600_000)));
        let entropy = Arc::new(SeededEntropy::new(1));
        let identity = ServerIdentity::make(entropy.as_ref()).unwrap();
        let is_secure = settings.is_secure;
        let clock_of_state = Arc::<FakeClock>::clone(&clock);
        let state = AppState::new(storage, identity, settings, clock_of_state, entropy);
        let server = Self {
            state,
            clock,
            is_secure,
            _folder: folder,
        };
        server.create_places().await;
        server.create_people().await;
        server.create_device().await;
        server
    }

    async fn create_places(&self) {
        let node = |id, parent, level, name: &str| NewOrgNode {
            id,
            parent,
            level,
            code: Some(hex::encode(id.as_bytes()).chars().take(8).collect()),
            name: name.to_owned(),
            attribute: None,
            valid_from: Timestamp::from_millis(0),
        };
        let nodes = [
            node(STREET, None, OrgLevel::Street, "泉城街道"),
            node(GRID.into(), Some(STREET), OrgLevel::Grid, "第一网格"),
            node(OTHER_GRID.into(), Some(STREET), OrgLevel::Grid, "第二网格"),
        ];
        self.state.storage.create_nodes(&nodes).await.unwrap();
    }

    async fn create_people(&self) {
        let people = [
            (SUPERVISOR, "王社区", "wang", STREET, Role::Supervisor),
            (WORKER, "李网格", "li", GRID.into(), Role::GridWorker),
        ];
        for (id, name, username, node, role) in people {
            self.add_person(id, name, username, node, role).await;
        }
    }

    /// A county of its own, with a supervisor `zhao` who has nothing to do with
    /// the street.
    pub(super) async fn add_elsewhere(&self) -> OrgNodeId {
        let county = OrgNodeId::from_bytes([9; 16]);
        let node = NewOrgNode {
            id: county,
            parent: None,
            level: OrgLevel::County,
            code: Some("09090909".to_owned()),
            name: "别的县".to_owned(),
            attribute: None,
            valid_from: Timestamp::from_millis(0),
        };
        self.state.storage.create_nodes(&[node]).await.unwrap();
        let person = PersonId::from_bytes([33; 16]);
        self.add_person(person, "别处的", "zhao", county, Role::Supervisor)
            .await;
        county
    }

    /// Somebody who works in a place.
    pub(super) async fn add_person(
        &self,
        id: PersonId,
        name: &str,
        username: &str,
        node: OrgNodeId,
        role: Role,
    ) {
        let storage = &self.state.storage;
        let person = NewPerson {
            id,
            name: name.to_owned(),
            username: Some(username.to_owned()),
            phone: String::new(),
            trained_on: Timestamp::from_millis(0).to_china_date(),
            created_at: Timestamp::from_millis(0),
        };
        storage.create_person(&person).await.unwrap();
        let hash = hash_password(PASSWORD, self.state.entropy.as_ref()).unwrap();
        storage.set_password_hash(&id, &hash).await.unwrap();
        let assignment = NewAssignment {
            id: AssignmentId::make(self.clock.as_ref(), self.state.entropy.as_ref()),
            person: id,
            node,
            role,
            full_time: true,
            reserve: false,
            duties: Vec::new(),
            valid_from: Timestamp::from_millis(0),
        };
        storage.create_assignment(&assignment).await.unwrap();
    }

    async fn create_device(&self) {
        let storage = &self.state.storage;
        let now = self.clock.now();
        let code = NewEnrolmentCode {
            code_hash: [1; 32],
            person: WORKER,
            created_at: now,
            expires_at: now.plus_millis(1_000),
        };
        storage.create_enrolment_code(&code).await.unwrap();
        let device = NewDevice {
            id: DEVICE,
            name: "1号手机".to_owned(),
            app_version: "0.1.0".to_owned(),
            public_key: self.state.identity.public_key.clone(),
            incarnation: Incarnation::from_bytes([1; 16]),
            actor: ActorId::from_bytes([1; 16]),
            session_hash: [2; 32],
            session_expires_at: now.plus_millis(1_000),
        };
        storage.enrol_device(&[1; 32], &device, now).await.unwrap();
    }

    /// Stores a record as if the worker's phone had handed in these changes.
    pub(super) async fn put_record(
        &self,
        id: RecordId,
        grid: GridId,
        document: &RecordDocument,
        changes: Vec<LocalChange>,
        quarantine: Vec<NewQuarantine>,
    ) {
        let counter = self
            .state
            .storage
            .find_device(&DEVICE)
            .await
            .unwrap()
            .unwrap()
            .last_counter;
        let actors: BTreeMap<ChangeHash, ActorId> = document
            .history()
            .iter()
            .map(|entry| (entry.hash, entry.actor))
            .collect();
        let work = RecordWork {
            id,
            kind: document.kind(),
            grid,
            record_epoch: 1,
            base_version: 0,
            base_heads: Vec::new(),
            saved: document.save(),
            heads: document.heads(),
            summary: document.summary(),
            changes: changes
                .into_iter()
                .zip(0..)
                .map(|(change, item)| {
                    let actor = actors[&change.hash];
                    NewChange::written(item, change, actor, ChangeBy::Sender)
                })
                .collect(),
            quarantine,
            numbering: None,
        };
        let manifest = CommitManifest {
            device: DEVICE,
            actor: ActorId::from_bytes([1; 16]),
            incarnation: Incarnation::from_bytes([1; 16]),
            counter: counter + 1,
            digest: [u8::try_from(counter).unwrap(); 32],
            manifest: Vec::new(),
            signature: Signature {
                algorithm: Algorithm::EcdsaP256Sha256,
                bytes: vec![0; 64],
            },
            quarantine_limit: 1 << 20,
        };
        let commit = Commit {
            at: self.clock.now(),
            person: WORKER,
            manifest: Some(manifest),
            works: vec![work],
            quarantine: Vec::new(),
            hooks: Arc::new(NoHooks),
        };
        self.state.storage.commit(commit).await.unwrap();
    }

    /// A household with these fields.
    pub(super) async fn put_household(
        &self,
        byte: u8,
        grid: GridId,
        fields: &[(&str, &str)],
    ) -> RecordId {
        let id = RecordId::from_bytes([byte; 16]);
        let mut document = RecordDocument::new(RecordKind::Household);
        let change = document
            .edit(
                &edits(fields),
                ActorId::from_bytes([1; 16]),
                self.clock.now(),
            )
            .unwrap()
            .unwrap();
        self.put_record(id, grid, &document, vec![change], Vec::new())
            .await;
        id
    }

    /// A household whose phone number two phones changed apart.
    pub(super) async fn put_conflicted_household(
        &self,
        byte: u8,
    ) -> (RecordId, ChangeHash, ChangeHash) {
        let id = RecordId::from_bytes([byte; 16]);
        let now = self.clock.now();
        let mut one = RecordDocument::new(RecordKind::Household);
        let actor = |byte| ActorId::from_bytes([byte; 16]);
        let first = one
            .edit(&edits(&[("address.room", "501室")]), actor(1), now)
            .unwrap()
            .unwrap();
        let mut two = one.clone();
        let phone = |number| edits(&[("contact.phone", number)]);
        let a = one
            .edit(&phone("13800000001"), actor(1), now)
            .unwrap()
            .unwrap();
        let b = two
            .edit(&phone("13800000002"), actor(2), now)
            .unwrap()
            .unwrap();
        one.apply_own([b.bytes.as_slice()]).unwrap();
        let hashes = (a.hash, b.hash);
        self.put_record(id, GRID, &one, vec![first, a, b], Vec::new())
            .await;
        (id, hashes.0, hashes.1)
    }

    /// A change of that grid that was kept apart.
    pub(super) async fn put_quarantine(&self, byte: u8, grid: GridId) -> QuarantineId {
        let id = QuarantineId::from_bytes([byte; 16]);
        let kept = NewQuarantine {
            id,
            record: RecordId::from_bytes([byte; 16]),
            kind: RecordKind::Household,
            grid,
            hash: ChangeHash::from_bytes([byte; 32]),
            bytes: b"raw bytes".to_vec(),
            code: "authority".to_owned(),
            detail: "case.number".to_owned(),
        };
        let mut document = RecordDocument::new(RecordKind::Household);
        let change = document
            .edit(
                &edits(&[("address.room", "1")]),
                ActorId::from_bytes([1; 16]),
                self.clock.now(),
            )
            .unwrap()
            .unwrap();
        let record = RecordId::from_bytes([byte.wrapping_add(100); 16]);
        self.put_record(record, grid, &document, vec![change], vec![kept])
            .await;
        id
    }

    /// An edit of the worker's that came when the household's grid was not the
    /// worker's any more.
    pub(super) async fn put_late_edit(
        &self,
        byte: u8,
        grid: GridId,
        fields: &[(&str, &str)],
    ) -> (RecordId, QuarantineId) {
        let id = RecordId::from_bytes([byte; 16]);
        let now = self.clock.now();
        let actor = ActorId::from_bytes([1; 16]);
        let mut document = RecordDocument::new(RecordKind::Household);
        let first = document
            .edit(&edits(&[("address.room", "501室")]), actor, now)
            .unwrap()
            .unwrap();
        let late = document
            .clone()
            .edit(&edits(fields), actor, now)
            .unwrap()
            .unwrap();
        let kept = NewQuarantine {
            id: QuarantineId::from_bytes([byte; 16]),
            record: id,
            kind: RecordKind::Household,
            grid,
            hash: late.hash,
            bytes: late.bytes,
            code: "under_review".to_owned(),
            detail: String::new(),
        };
        let kept_id = kept.id;
        self.put_record(id, grid, &document, vec![first], vec![kept])
            .await;
        (id, kept_id)
    }

    pub(super) fn browser(&self) -> Browser {
        Browser {
            router: console::router().with_state(self.state.clone()),
            cookies: BTreeMap::new(),
            site: Some("same-origin".to_owned()),
            extra: Vec::new(),
            address: "127.0.0.1:4000".to_owned(),
        }
    }

    /// A browser of the whole server, in which this person is signed in.
    pub(super) async fn signed_in_at_server(&self, username: &str) -> Browser {
        let mut browser = Browser {
            router: crate::app::router(self.state.clone()),
            ..self.browser()
        };
        let answer = browser.sign_in(username, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser
    }

    /// A browser in which this person is signed in.
    pub(super) async fn signed_in(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser.sign_in(username, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser
    }

    /// What people did, as `action target detail`, oldest first.
    pub(super) async fn audit(&self) -> Vec<String> {
        let mut entries = self.state.storage.list_audit(100).await.unwrap();
        entries.reverse();
        entries
            .iter()
            .map(|e| format!("{} {} {}", e.action, e.target, e.detail))
            .collect()
    }
}

pub(super) fn edits(fields: &[(&str, &str)]) -> Vec<FieldEdit> {
    fields
        .iter()
        .map(|(path, text)| FieldEdit::set(FieldPath::new(*path).unwrap(), FieldValue::text(*text)))
        .collect()
}

#[derive(Debug)]
struct NoHooks;

impl CommitHooks for NoHooks {
    fn rework(&self, work: &RecordWork, _: &StoredRecord) -> StorageResult<RecordWork> {
        Ok(work.clone())
    }
}

/// One browser with its cookies.
pub(super) struct Browser {
    router: Router,
    pub(super) cookies: BTreeMap<String, String>,
    /// What it says in `Sec-Fetch-Site`.
    pub(super) site: Option<String>,
    /// More headers.
    pub(super) extra: Vec<(&'static str, &'static str)>,
    pub(super) address: String,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) body: String,
}

impl Answer {
    /// Where it leads.
    pub(super) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The first form token on the page.
    pub(super) fn csrf(&self) -> String {
        let (_, rest) = self
            .body
            .split_once("name=\"csrf\" value=\"")
            .expect("a form");
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, Body::empty()).await
    }

    /// Sends a form with exactly these fields.
    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(key, value)| format!("{key}={}", console::link::encode(value)))
            .collect();
        self.send("POST", path, Body::from(pairs.join("&"))).await
    }

    /// Sends a form with the token of the page it is on.
    pub(super) async fn submit(
        &mut self,
        page: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let csrf = self.get(page).await.csrf();
        let with_token: Vec<(&str, &str)> = fields
            .iter()
            .copied()
            .chain([("csrf", csrf.as_str())])
            .collect();
        self.post(path, &with_token).await
    }

    pub(super) async fn sign_in(&mut self, username: &str, password: &str) -> Answer {
        let fields = [
            ("username", username),
            ("password", password),
            ("next", "/"),
        ];
        self.submit("/sign-in", "/sign-in", &fields).await
    }

    /// Sends a form with these fields and then a file.
    pub(super) async fn upload(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        name: &str,
        file: &[u8],
    ) -> Answer {
        let mut body = Vec::new();
        for (key, value) in fields {
            let part = format!(
                "--cut\r\ncontent-disposition: form-data; name=\"{key}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--cut--\r\n");
        let kind = "multipart/form-data; boundary=cut";
        self.send_as("POST", path, kind, Body::from(body)).await
    }

    async fn send(&mut self, method: &str, path: &str, body: Body) -> Answer {
        let kind = "application/x-www-form-urlencoded";
        self.send_as(method, path, kind, body).await
    }

    async fn send_as(&mut self, method: &str, path: &str, kind: &str, body: Body) -> Answer {
        let response = self.ask(method, path, kind, body).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 8 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// Opens a stream of events.
    pub(super) async fn listen(&mut self, path: &str) -> Response<Body> {
        self.extra = vec![("accept", "text/event-stream")];
        let response = self.ask("GET", path, "", Body::empty()).await;
        self.extra.clear();
        response
    }

    async fn ask(&mut self, method: &str, path: &str, kind: &str, body: Body) -> Response<Body> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::COOKIE, cookies.join("; "));
        if method == "POST" {
            request = request
                .header(header::CONTENT_TYPE, kind)
                .header(header::ORIGIN, "http://127.0.0.1:8080");
        }
        if let Some(site) = &self.site {
            request = request.header("sec-fetch-site", site);
        }
        for (name, value) in &self.extra {
            request = request.header(*name, *value);
        }
        let address: std::net::SocketAddr = self.address.parse().unwrap();
        let request = request.extension(ConnectInfo(address)).body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        self.keep_cookies(&response);
        response
    }

    fn keep_cookies(&mut self, response: &Response<Body>) {
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
