//! A server on a temporary database.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use wangge_model::{
    AssignmentId, Clock, Entropy, GridId, OrgNodeId, PersonId, Timestamp,
    protocol::{MEDIA_TYPE, Problem, open},
    testing::{FakeClock, SeededEntropy},
};

use crate::{
    AppState, Settings, app, enrolment,
    state::ServerIdentity,
    storage::{NewAssignment, NewOrgNode, NewPerson, OrgLevel, Role, SqliteStorage, Storage},
};

/// A server without a socket: requests go straight into its router.
#[derive(Debug)]
pub struct TestServer {
    /// What handlers share.
    pub state: AppState,
    /// Its time.
    pub clock: Arc<FakeClock>,
    /// Its randomness.
    pub entropy: Arc<SeededEntropy>,
    /// The street that all grids lie in.
    pub street: OrgNodeId,
    /// Two grids of that street.
    pub grids: [GridId; 2],
    router: Router,
    folder: tempfile::TempDir,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Reply {
    /// The body of a refusal.
    #[expect(clippy::expect_used, reason = "anything else fails the test")]
    pub fn problem(&self) -> Problem {
        open(&self.body).expect("a refusal is a problem")
    }
}

#[expect(
    clippy::expect_used,
    reason = "a test that cannot set up its server fails"
)]
impl TestServer {
    /// A server with one street of two grids and nobody in it.
    pub async fn start(seed: u64) -> Self {
        Self::start_with(seed, Settings::default()).await
    }

    /// The same with other settings.
    pub async fn start_with(seed: u64, settings: Settings) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(FakeClock::at(Timestamp::from_millis(1_767_225_600_000)));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let storage: Arc<dyn Storage> = Arc::new(
            SqliteStorage::open(&folder.path().join("wangge.sqlite")).expect("a new database"),
        );
        let identity = ServerIdentity::open(
            folder.path(),
            storage.as_ref(),
            clock.as_ref(),
            entropy.as_ref(),
        )
        .await
        .expect("a new identity");
        let state = AppState::new(
            storage,
            identity,
            settings,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&entropy) as Arc<dyn Entropy>,
        );
        let street = OrgNodeId::make(clock.as_ref(), entropy.as_ref());
        let place = |level, code: &str, name: &str, parent| NewOrgNode {
            id: OrgNodeId::make(clock.as_ref(), entropy.as_ref()),
            parent: Some(parent),
            level,
            code: Some(code.to_owned()),
            name: name.to_owned(),
            attribute: None,
            valid_from: Timestamp::from_millis(0),
        };
        let community = place(OrgLevel::Community, "379999001001", "示例社区", street);
        let one = place(
            OrgLevel::Grid,
            "3799990010010000001",
            "第一网格",
            community.id,
        );
        let two = place(
            OrgLevel::Grid,
            "3799990010010000002",
            "第二网格",
            community.id,
        );
        let grids = [GridId::from(one.id), GridId::from(two.id)];
        let root = NewOrgNode {
            id: street,
            parent: None,
            level: OrgLevel::Street,
            code: Some("379999001".to_owned()),
            name: "示例街道".to_owned(),
            attribute: None,
            valid_from: Timestamp::from_millis(0),
        };
        state
            .storage
            .create_nodes(&[root, community, one, two])
            .await
            .expect("a new street");
        let router = app::router(state.clone());
        Self {
            state,
            clock,
            entropy,
            street,
            grids,
            router,
            folder,
        }
    }

    /// The folder of database, key and epoch.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A new person with a role at a place.
    pub async fn add_person(&self, name: &str, node: OrgNodeId, role: Role) -> PersonId {
        let id = PersonId::make(self.clock.as_ref(), self.entropy.as_ref());
        let now = self.clock.now();
        let person = NewPerson {
            id,
            name: name.to_owned(),
            username: None,
            phone: String::new(),
            trained_on: now.to_china_date(),
            created_at: now,
        };
        let assignment = NewAssignment {
            id: AssignmentId::make(self.clock.as_ref(), self.entropy.as_ref()),
            person: id,
            node,
            role,
            full_time: true,
            reserve: false,
            duties: Vec::new(),
            valid_from: now,
        };
        self.state
            .storage
            .create_people(&[person], &[assignment])
            .await
            .expect("a new person");
        id
    }

    /// A grid worker of one grid.
    pub async fn add_worker(&self, name: &str, grid: GridId) -> PersonId {
        self.add_person(name, grid.into(), Role::GridWorker).await
    }

    /// A fresh enrolment code for a person.
    pub async fn enrolment_code(&self, person: PersonId) -> String {
        let storage = self.state.storage.as_ref();
        enrolment::create_code(storage, self.entropy.as_ref(), person, self.clock.now())
            .await
            .expect("a new code")
    }

    /// Sends a request straight to the router.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .header(header::CONTENT_TYPE, MEDIA_TYPE)
            .body(body.into())
            .expect("a well-formed request");
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("routers do not fail");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole answer").to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Posts a device's message.
    pub async fn post(&self, path: &str, token: Option<&str>, body: Vec<u8>) -> Reply {
        let length = body.len();
        let mut request = Request::builder().method(Method::POST).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .header(header::CONTENT_TYPE, MEDIA_TYPE)
            .header(header::CONTENT_LENGTH, length)
            .body(Body::from(body))
            .expect("a well-formed request");
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("routers do not fail");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole answer").to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// The router, for tests that need the response itself.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Serves on a port of this machine until the test ends.
    pub async fn listen(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let router = self.router.clone();
        tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await
        });
        address
    }
}
