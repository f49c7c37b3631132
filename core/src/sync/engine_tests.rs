//! The engine against the fake server through a fake network: the async side,
//! with cancelling, dropping and several callers.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Semaphore;
use wangge_model::{
    protocol::{EnrolmentLink, ProblemCode, SigningKey, SoftwareKey},
    testing::{FakeClock, SeededEntropy},
};

use super::{
    CancelToken, Connector, EngineParts, Response, Sleeper, SyncEngine, SyncError, SyncListener,
    SyncPhase, SyncProgress, SyncStore, Transport, TransportError,
    testing::{DEVICE, FakeServer, MemoryStore, NOW, grid, record, refusal},
};

/// A network to one server. Requests pass while the gate has permits.
struct FakeNetwork {
    server: Mutex<FakeServer>,
    gate: Semaphore,
    /// Answers to give instead of the server's, `None` for the server's own.
    instead: Mutex<VecDeque<Option<Result<Response, TransportError>>>>,
    connects: AtomicUsize,
}

impl std::fmt::Debug for FakeNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeNetwork")
    }
}

#[derive(Debug)]
struct Line(Arc<FakeNetwork>);

impl Line {
    async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &[u8],
    ) -> Result<Response, TransportError> {
        self.0.gate.acquire().await.unwrap().forget();
        if let Some(Some(answer)) = self.0.instead.lock().unwrap().pop_front() {
            return answer;
        }
        let (status, answer) = self
            .0
            .server
            .lock()
            .unwrap()
            .handle(method, path, token, body);
        Ok(Response {
            status,
            bytes_up: body.len() as u64,
            bytes_down: answer.len() as u64,
            body: Bytes::from(answer),
            retry_after_s: None,
        })
    }
}

#[async_trait]
impl Transport for Line {
    async fn post(
        &self,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Response, TransportError> {
        self.call("POST", path, token, &body).await
    }

    async fn get(&self, path: &str, token: Option<&str>) -> Result<Response, TransportError> {
        self.call("GET", path, token, &[]).await
    }
}

#[derive(Debug)]
struct ToNetwork(Arc<FakeNetwork>);

impl Connector for ToNetwork {
    fn connect(&self, _: &str, _: Option<[u8; 32]>) -> Result<Arc<dyn Transport>, TransportError> {
        self.0.connects.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(Line(Arc::clone(&self.0))))
    }
}

/// Lets no time pass but remembers how much it would have been.
#[derive(Debug, Default)]
struct NoSleep(Mutex<Vec<Duration>>);

#[async_trait]
impl Sleeper for NoSleep {
    async fn sleep(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration);
        tokio::task::yield_now().await;
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<SyncProgress>>);

impl SyncListener for Heard {
    fn progress(&self, progress: SyncProgress) {
        self.0.lock().unwrap().push(progress);
    }
}

struct Phone {
    engine: Arc<SyncEngine>,
    store: Arc<MemoryStore>,
    network: Arc<FakeNetwork>,
    sleeper: Arc<NoSleep>,
}

const MANY: usize = 1_000_000;

fn phone() -> Phone {
    let network = Arc::new(FakeNetwork {
        server: Mutex::new(FakeServer::new(&[grid(1)])),
        gate: Semaphore::new(MANY),
        instead: Mutex::default(),
        connects: AtomicUsize::new(0),
    });
    let store = Arc::new(MemoryStore::new());
    let sleeper = Arc::new(NoSleep::default());
    let engine = Arc::new(SyncEngine::new(EngineParts {
        store: Arc::clone(&store) as Arc<dyn SyncStore>,
        key: Arc::new(SoftwareKey::make(&SeededEntropy::new(1))) as Arc<dyn SigningKey>,
        clock: Arc::new(FakeClock::at(NOW)),
        entropy: Arc::new(SeededEntropy::new(2)),
        connector: Arc::new(ToNetwork(Arc::clone(&network))),
        sleeper: Arc::clone(&sleeper) as Arc<dyn Sleeper>,
        app_version: "0.1.0".to_owned(),
    }));
    Phone {
        engine,
        store,
        network,
        sleeper,
    }
}

fn link(code: &str) -> EnrolmentLink {
    EnrolmentLink {
        server: "http://127.0.0.1:1".to_owned(),
        pin: None,
        code: code.to_owned(),
    }
}

async fn enrolled() -> Phone {
    let phone = phone();
    phone
        .engine
        .enrol(&link("K7QM-2XPA"), "测试手机")
        .await
        .unwrap();
    phone
}

impl Phone {
    async fn sync(&self) -> Result<super::SyncReport, SyncError> {
        self.engine.sync(Arc::new(()), CancelToken::new()).await
    }

    fn close_gate(&self) {
        self.network.gate.forget_permits(MANY);
    }

    fn open_gate(&self) {
        self.network.gate.add_permits(MANY);
    }
}

#[tokio::test]
async fn enrolling_then_syncing_brings_everything_across() {
    let phone = enrolled().await;
    assert_eq!(
        phone.store.find_enrolment().unwrap().unwrap().device,
        DEVICE
    );
    phone
        .network
        .server
        .lock()
        .unwrap()
        .insert(grid(1), record(1), "theirs");
    phone.store.edit(grid(1), record(2), "mine");
    let heard = Arc::new(Heard::default());
    let listener: Arc<dyn SyncListener> = Arc::clone(&heard) as Arc<dyn SyncListener>;
    let report = phone
        .engine
        .sync(listener, CancelToken::new())
        .await
        .unwrap();
    assert_eq!(
        (report.receipted, report.pulled, report.snapshots),
        (1, 2, 1)
    );
    assert!(report.bytes_up > 0 && report.bytes_down > 0);
    let heard = heard.0.lock().unwrap();
    let phases: Vec<SyncPhase> = heard.iter().map(|progress| progress.phase).collect();
    assert_eq!(
        phases,
        [
            SyncPhase::Pushing,
            SyncPhase::Fetching,
            SyncPhase::Pulling,
            SyncPhase::Done
        ]
    );
    let last = heard.last().unwrap();
    assert!(
        last.records_up + last.records_down <= last.total,
        "{last:?}"
    );
    let status = phone.engine.status();
    assert_eq!((status.running, status.last_report), (None, Some(report)));
    assert_eq!(
        phone.network.connects.load(Ordering::SeqCst),
        1,
        "one connection is kept"
    );
}

#[tokio::test]
async fn a_used_code_is_told_as_such_and_leaves_the_phone_as_it_was() {
    let phone = phone();
    let error = phone
        .engine
        .enrol(&link("USED"), "测试手机")
        .await
        .unwrap_err();
    assert_eq!(error.code(), ProblemCode::EnrolmentCodeInvalid.as_str());
    assert!(phone.store.find_enrolment().unwrap().is_none());
    assert_eq!(phone.sync().await.unwrap_err().code(), "not_enrolled");
}

#[tokio::test]
async fn enrolling_tries_again_only_while_nothing_was_sent() {
    let phone = phone();
    let no_line = || Some(Err(TransportError::Connect("test".to_owned())));
    phone
        .network
        .instead
        .lock()
        .unwrap()
        .extend([no_line(), no_line()]);
    phone
        .engine
        .enrol(&link("K7QM-2XPA"), "测试手机")
        .await
        .unwrap();
    assert_eq!(phone.sleeper.0.lock().unwrap().len(), 2);
    let broken = Some(Err(TransportError::Interrupted("test".to_owned())));
    phone.network.instead.lock().unwrap().push_back(broken);
    let error = phone
        .engine
        .enrol(&link("K7QM-2XPA"), "测试手机")
        .await
        .unwrap_err();
    assert_eq!(error.code(), "offline");
}

#[tokio::test]
async fn a_second_sync_is_told_to_wait() {
    let phone = enrolled().await;
    phone.close_gate();
    let engine = Arc::clone(&phone.engine);
    let first = tokio::spawn(async move { engine.sync(Arc::new(()), CancelToken::new()).await });
    while phone.engine.status().running.is_none() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(phone.sync().await, Err(SyncError::Busy)));
    phone.open_gate();
    first.await.unwrap().unwrap();
    assert!(phone.engine.status().running.is_none());
    phone.sync().await.unwrap();
}

#[tokio::test]
async fn cancelling_ends_a_sync_that_waits_for_the_network() {
    let phone = enrolled().await;
    phone.store.edit(grid(1), record(2), "mine");
    phone.close_gate();
    let cancel = CancelToken::new();
    let (engine, token) = (Arc::clone(&phone.engine), cancel.clone());
    let running = tokio::spawn(async move { engine.sync(Arc::new(()), token).await });
    while phone.engine.status().running.is_none() {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    assert!(matches!(running.await.unwrap(), Err(SyncError::Cancelled)));
    assert_eq!(
        phone.engine.status().last_error.as_deref(),
        Some("cancelled")
    );
    phone.open_gate();
    assert_eq!(phone.sync().await.unwrap().receipted, 1);
}

#[tokio::test]
async fn a_dropped_sync_gives_its_turn_back() {
    let phone = enrolled().await;
    phone.store.edit(grid(1), record(2), "mine");
    phone.close_gate();
    for _ in 0..5 {
        let engine = Arc::clone(&phone.engine);
        let running =
            tokio::spawn(async move { engine.sync(Arc::new(()), CancelToken::new()).await });
        while phone.engine.status().running.is_none() {
            tokio::task::yield_now().await;
        }
        running.abort();
        let _ = running.await;
    }
    phone.open_gate();
    // A step of the dropped sync may still be finishing.
    let report = loop {
        match phone.sync().await {
            Err(SyncError::Busy) => tokio::task::yield_now().await,
            other => break other.unwrap(),
        }
    };
    assert_eq!(report.receipted, 1);
    assert!(phone.engine.status().running.is_none());
}

#[tokio::test]
async fn a_damaged_body_counts_as_a_broken_line() {
    let phone = enrolled().await;
    let response = |status: u16, body: &'static [u8]| {
        Some(Ok(Response {
            status,
            body: Bytes::from_static(body),
            retry_after_s: None,
            bytes_up: 1,
            bytes_down: 1,
        }))
    };
    phone.network.instead.lock().unwrap().extend([
        response(200, b"\x28\xb5\x2f\xfd\x04"),
        response(502, b"<html>bad gateway</html>"),
    ]);
    phone.sync().await.unwrap();
    assert_eq!(phone.sleeper.0.lock().unwrap().len(), 2);
    // A portal that answers everything with a page is not the server.
    phone
        .network
        .instead
        .lock()
        .unwrap()
        .push_back(response(404, b"<html>log in</html>"));
    assert_eq!(phone.sync().await.unwrap_err().code(), "bad_answer");
}

#[tokio::test]
async fn a_reason_this_build_does_not_know_is_judged_by_its_status() {
    let phone = enrolled().await;
    let mut problem = refusal(ProblemCode::Unavailable);
    problem.code = "moon_phase".to_owned();
    phone
        .network
        .server
        .lock()
        .unwrap()
        .refuse
        .push_back(problem.clone());
    phone.sync().await.unwrap(); // status 500: tried again
    problem.code = "tea_time".to_owned();
    let body = Bytes::from(wangge_model::protocol::seal(&problem));
    let answer = Response {
        status: 418,
        body,
        retry_after_s: None,
        bytes_up: 1,
        bytes_down: 1,
    };
    phone
        .network
        .instead
        .lock()
        .unwrap()
        .push_back(Some(Ok(answer)));
    let error = phone.sync().await.unwrap_err();
    assert_eq!(error.code(), "tea_time");
    assert_eq!(
        error.message(wangge_model::message::Language::English),
        "no"
    );
}

#[tokio::test]
async fn another_certificate_stops_at_once() {
    let phone = enrolled().await;
    phone
        .network
        .instead
        .lock()
        .unwrap()
        .push_back(Some(Err(TransportError::OtherCertificate)));
    assert_eq!(phone.sync().await.unwrap_err().code(), "other_certificate");
    assert!(phone.sleeper.0.lock().unwrap().is_empty());
}
