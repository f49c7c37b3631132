//! From a step of a case to a gateway: what fails is tried again, what was taken
//! is not sent twice.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wangge_model::{Clock as _, case::CaseAction, resident::ResidentReport};

use super::{file::FileOutlet, webhook::Webhook, *};
use crate::{
    auth::Scope,
    ingest::case_action,
    resident,
    storage::{CaseFilter, MessageFilter, MessageRow, MessageState, NewReportCode, OpenCode, Role},
    testing::TestServer,
};

const SECRET: &[u8] = b"0123456789abcdef";
const PHONE: &str = "13800000001";

/// What a gateway got, and what it answers.
#[derive(Debug)]
struct Gateway {
    status: AtomicU16,
    got: Mutex<Vec<serde_json::Value>>,
}

impl Gateway {
    fn ids(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter()
            .map(|letter| letter["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

async fn receive(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let at = headers["x-wangge-timestamp"].to_str().unwrap();
    let mut hmac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    hmac.update(format!("{at}.").as_bytes());
    hmac.update(&body);
    let sent = headers["x-wangge-signature"].to_str().unwrap();
    let sent = hex::decode(sent.strip_prefix("hmac-sha256=").unwrap()).unwrap();
    hmac.verify_slice(&sent).expect("the signature is ours");
    let letter = serde_json::from_slice(&body).unwrap();
    gateway.got.lock().unwrap().push(letter);
    StatusCode::from_u16(gateway.status.load(Ordering::SeqCst)).unwrap()
}

/// A gateway on a port of this machine that answers with this status.
async fn listen(status: u16) -> (Arc<Gateway>, SocketAddr) {
    let gateway = Arc::new(Gateway {
        status: AtomicU16::new(status),
        got: Mutex::new(Vec::new()),
    });
    let router = Router::new()
        .route("/sms", post(receive))
        .with_state(Arc::clone(&gateway));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (gateway, address)
}

fn webhook(server: &TestServer, address: SocketAddr) -> Webhook {
    let clock: Arc<dyn wangge_model::Clock> =
        Arc::<wangge_model::testing::FakeClock>::clone(&server.clock);
    let url = format!("http://{address}/sms");
    Webhook::open(&url, SECRET, Duration::from_secs(5), clock).unwrap()
}

/// A server with one report of a resident that the desk has taken in, so that
/// one message waits.
async fn server_with_a_message(seed: u64) -> (TestServer, Scope) {
    let server = TestServer::start(seed).await;
    let desk = server
        .add_person("周受理", server.street, Role::Supervisor)
        .await;
    let state = &server.state;
    let person = state.storage.find_person(&desk).await.unwrap().unwrap();
    let scope = Scope::find(state.storage.as_ref(), &person, state.clock.now());
    let scope = scope.await.unwrap();
    let code = resident::make_code(state.entropy.as_ref());
    let new = NewReportCode {
        code: code.clone(),
        grid: server.grids[0],
        place: None,
        label: "平安里东门".to_owned(),
        person: desk,
        at: scope.at,
    };
    state.storage.create_report_code(&new).await.unwrap();
    let open = OpenCode {
        grid: server.grids[0],
        place: None,
        label: "平安里东门".to_owned(),
    };
    let report = ResidentReport {
        class: "4006".to_owned(),
        place: "平安里东门".to_owned(),
        description: "路灯不亮".to_owned(),
        phone: PHONE.to_owned(),
    };
    resident::file(state, &code, &open, &report, "mark")
        .await
        .unwrap();
    let all = CaseFilter {
        limit: 10,
        ..CaseFilter::default()
    };
    let cases = state
        .storage
        .list_cases(&all, &desk, scope.at)
        .await
        .unwrap();
    let id = cases.cases[0].record.id;
    case_action::decide(state, &scope, id, CaseAction::File, None)
        .await
        .unwrap();
    (server, scope)
}

async fn row(server: &TestServer, scope: &Scope) -> MessageRow {
    let filter = MessageFilter {
        limit: 10,
        ..MessageFilter::default()
    };
    let page = server
        .state
        .storage
        .list_messages(&filter, &scope.person, scope.at);
    let mut page = page.await.unwrap();
    assert_eq!(page.messages.len(), 1);
    page.messages.remove(0)
}

#[tokio::test]
async fn a_webhook_that_fails_is_tried_again_later_and_then_works() {
    let (server, scope) = server_with_a_message(1).await;
    let (gateway, address) = listen(503).await;
    let outlet = webhook(&server, address);
    let look = async || look(&server.state, Some(&outlet)).await.unwrap();
    assert_eq!(look().await, 1);
    let waiting = row(&server, &scope).await;
    assert_eq!(
        (waiting.state, waiting.problem.as_str()),
        (MessageState::Queued, "busy 503")
    );
    let now = server.clock.now();
    assert_eq!(waiting.next_at, Some(now.plus_millis(30_000)));
    // Not before its time, and twice as long after the second failure.
    server.clock.advance_millis(29_000);
    assert_eq!(look().await, 0);
    server.clock.advance_millis(1_000);
    assert_eq!(look().await, 1);
    let next = row(&server, &scope).await.next_at;
    assert_eq!(next, Some(server.clock.now().plus_millis(60_000)));
    gateway.status.store(200, Ordering::SeqCst);
    server.clock.advance_millis(60_000);
    assert_eq!(look().await, 1);
    assert_eq!(row(&server, &scope).await.state, MessageState::Sent);
    server.clock.advance_millis(86_400_000);
    assert_eq!(look().await, 0, "sent is sent");
    let ids = gateway.ids();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]), "one id, to be known by");
    let letter = gateway.got.lock().unwrap().remove(0);
    assert_eq!(letter["to"], PHONE);
    assert_eq!(letter["template"], "resident-told-taken-in");
    let text = letter["text"].as_str().unwrap();
    assert!(text.contains("已受理") && text.contains("SJ2026"), "{text}");
}

#[tokio::test]
async fn what_a_gateway_refuses_is_given_up_and_what_never_works_too() {
    let (server, scope) = server_with_a_message(2).await;
    let (gateway, address) = listen(422).await;
    let outlet = webhook(&server, address);
    look(&server.state, Some(&outlet)).await.unwrap();
    let refused = row(&server, &scope).await;
    assert_eq!(
        (refused.state, refused.problem.as_str()),
        (MessageState::Failed, "refused 422")
    );
    // Somebody sends it again; nobody listens any more.
    gateway.status.store(500, Ordering::SeqCst);
    let id = refused.message.id;
    let storage = &server.state.storage;
    let now = server.clock.now();
    assert!(
        storage
            .retry_message(&id, &scope.person, now)
            .await
            .unwrap()
    );
    for _ in 0..MOST_ATTEMPTS {
        look(&server.state, Some(&outlet)).await.unwrap();
        server.clock.advance_millis(LONGEST_PAUSE_MS);
    }
    let failed = row(&server, &scope).await;
    assert_eq!(
        (failed.state, failed.message.attempts),
        (MessageState::Failed, MOST_ATTEMPTS)
    );
    assert_eq!(failed.problem, "busy 500");
}

#[tokio::test]
async fn nobody_at_the_address_is_no_loss() {
    let (server, scope) = server_with_a_message(3).await;
    // A port that was free a moment ago.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outlet = webhook(&server, address);
    look(&server.state, Some(&outlet)).await.unwrap();
    let waiting = row(&server, &scope).await;
    assert_eq!(
        (waiting.state, waiting.problem.as_str()),
        (MessageState::Queued, "unreachable")
    );
}

#[tokio::test]
async fn without_an_outlet_a_message_waits_a_week() {
    let (server, scope) = server_with_a_message(4).await;
    assert_eq!(look(&server.state, None).await.unwrap(), 0);
    assert_eq!(row(&server, &scope).await.state, MessageState::Queued);
    server.clock.advance_millis(LIFE_MS);
    assert_eq!(look(&server.state, None).await.unwrap(), 1);
    let expired = row(&server, &scope).await;
    assert_eq!(
        (expired.state, expired.problem.as_str()),
        (MessageState::Failed, "expired")
    );
}

#[tokio::test]
async fn a_file_gets_one_line_a_message_that_only_its_owner_reads() {
    let (server, scope) = server_with_a_message(5).await;
    let outlet = FileOutlet::in_folder(server.folder());
    assert_eq!(look(&server.state, Some(&outlet)).await.unwrap(), 1);
    assert_eq!(row(&server, &scope).await.state, MessageState::Sent);
    let path = server.folder().join(file::FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<BTreeMap<String, serde_json::Value>> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["to"], PHONE);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // A folder that is gone: it is tried again.
    let gone = FileOutlet::in_folder(&server.folder().join("gone"));
    let letter = Letter::new(row(&server, &scope).await.message);
    assert_eq!(gone.send(&letter).await, Err(OutletError::File));
}

#[tokio::test]
async fn another_server_that_has_the_job_sends_alone() {
    let (server, _) = server_with_a_message(6).await;
    let now = server.clock.now();
    let storage = &server.state.storage;
    let other = [9; 16];
    let until = now.plus_millis(LEASE_MS);
    assert!(storage.lease_job(JOB, &other, now, until).await.unwrap());
    let (gateway, address) = listen(200).await;
    let outlet = webhook(&server, address);
    assert_eq!(look(&server.state, Some(&outlet)).await.unwrap(), 0);
    assert!(gateway.ids().is_empty());
    server.clock.advance_millis(LEASE_MS);
    assert_eq!(look(&server.state, Some(&outlet)).await.unwrap(), 1);
}

/// The order of a resident (百姓点单) is sent by the centre (中心派单), taken by a
/// department (部门接单), and the resident is told at each step.
#[tokio::test]
async fn a_residents_order_is_sent_taken_done_and_told_step_by_step() {
    let (server, _) = server_with_a_message(7).await;
    let state = &server.state;
    let storage = state.storage.as_ref();
    let line = storage
        .list_ancestors(&server.grids[0].into())
        .await
        .unwrap();
    let community = line[line.len() - 2].id;
    let desk = server
        .add_person("周受理", community, Role::ServiceDesk)
        .await;
    let department = server
        .add_person("执法队员", server.street, Role::Handler)
        .await;
    let worker = server.add_worker("李网格", server.grids[0]).await;
    let all = CaseFilter {
        limit: 10,
        ..CaseFilter::default()
    };
    let now = state.clock.now();
    let cases = storage.list_cases(&all, &desk, now).await.unwrap();
    let id = cases.cases[0].record.id;
    let act = async |who, action: CaseAction| {
        server.clock.advance_millis(1_000);
        let person = storage.find_person(&who).await.unwrap().unwrap();
        let scope = Scope::find(storage, &person, state.clock.now());
        let scope = scope.await.unwrap();
        case_action::decide(state, &scope, id, action, None)
            .await
            .unwrap();
    };
    let text = |text: &str| text.to_owned();
    let unit = server.street;
    act(desk, CaseAction::Assign { unit }).await;
    act(department, CaseAction::Sign).await;
    let result = text("已更换灯泡");
    act(department, CaseAction::HandIn { result }).await;
    act(worker, CaseAction::VerifyPass).await;
    let told = text("已告知");
    act(desk, CaseAction::Feedback { text: told }).await;
    let (gateway, address) = listen(200).await;
    let outlet = webhook(&server, address);
    assert_eq!(look(state, Some(&outlet)).await.unwrap(), 4);
    let got = gateway.got.lock().unwrap();
    let templates: Vec<_> = got
        .iter()
        .map(|one| one["template"].as_str().unwrap())
        .collect();
    assert_eq!(
        templates,
        [
            "resident-told-taken-in",
            "resident-told-assigned",
            "resident-told-done",
            "resident-told-closed"
        ]
    );
    let whole = format!("{got:?}");
    assert!(
        !whole.contains("更换灯泡"),
        "what was done may name people: {whole}"
    );
}
