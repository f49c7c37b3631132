//! Runs the machine: network here, store work on blocking threads, one sync at
//! a time. A sync may be dropped or cancelled at any await; the step that is
//! under way then finishes in the background and nothing is half done.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::OwnedMutexGuard;
use wangge_model::{
    Clock, Entropy,
    protocol::{
        CodecError, EnrolRequest, EnrolResponse, EnrolmentLink, PROTOCOL, Problem, ProblemCode,
        SigningKey, enrol_message, open, seal, snapshot_path,
    },
};

use super::{
    CancelToken, Connector, Response, Sleeper, SyncError, SyncListener, SyncReport, SyncStatus,
    SyncStore, Transport, TransportError,
    backoff::Backoff,
    machine::{ATTEMPTS, Action, Event, Machine},
};

/// What an engine is made of.
#[derive(Clone)]
pub struct EngineParts {
    /// The phone's store.
    pub store: Arc<dyn SyncStore>,
    /// The device key.
    pub key: Arc<dyn SigningKey>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for jitter.
    pub entropy: Arc<dyn Entropy>,
    /// The network.
    pub connector: Arc<dyn Connector>,
    /// Waiting.
    pub sleeper: Arc<dyn Sleeper>,
    /// Version of the app, e.g. `0.1.0`.
    pub app_version: String,
}

impl fmt::Debug for EngineParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineParts")
            .field("connector", &self.connector)
            .field("app_version", &self.app_version)
            .finish_non_exhaustive()
    }
}

/// A transport with the address it is for.
type Kept = (String, Option<[u8; 32]>, Arc<dyn Transport>);

/// Enrols and syncs one phone. Needs a tokio runtime around its async methods.
#[derive(Debug)]
pub struct SyncEngine {
    parts: EngineParts,
    /// Held by whoever syncs or enrols.
    turn: Arc<tokio::sync::Mutex<()>>,
    status: Arc<Mutex<SyncStatus>>,
    /// The transport in use, kept for its open connection.
    transport: Mutex<Option<Kept>>,
}

/// A machine with its turn: the turn ends only when no step is running any
/// more, even if the caller went away in the middle of one.
struct Run {
    machine: Machine,
    status: Arc<Mutex<SyncStatus>>,
    _turn: OwnedMutexGuard<()>,
}

impl Drop for Run {
    fn drop(&mut self) {
        lock(&self.status).running = None;
    }
}

/// Plain data is as good after a panic elsewhere as before.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SyncEngine {
    /// An engine at rest.
    pub fn new(parts: EngineParts) -> Self {
        Self {
            parts,
            turn: Arc::default(),
            status: Arc::default(),
            transport: Mutex::new(None),
        }
    }

    /// What is going on and how the last sync ended.
    pub fn status(&self) -> SyncStatus {
        lock(&self.status).clone()
    }

    /// Makes this phone a known device of the server in the link. Only a
    /// failed connection is tried again: once sent, the code may be used up.
    pub async fn enrol(
        &self,
        link: &EnrolmentLink,
        device_name: &str,
    ) -> Result<EnrolResponse, SyncError> {
        let _turn = Arc::clone(&self.turn)
            .try_lock_owned()
            .map_err(|_| SyncError::Busy)?;
        let transport = self.transport(&link.server, link.pin)?;
        let request = {
            let (parts, link) = (self.parts.clone(), link.clone());
            let device_name = device_name.to_owned();
            blocking(move || enrol_request(&parts, &link, device_name)).await??
        };
        let body = seal(&request);
        let mut backoff = Backoff::new();
        let answer = loop {
            match transport.post("/v1/enrol", None, body.clone()).await {
                Ok(answer) => break answer,
                Err(TransportError::Connect(_)) if backoff.failures() + 1 < ATTEMPTS => {
                    let millis = backoff.next_wait_ms(None, self.parts.entropy.as_ref());
                    self.parts
                        .sleeper
                        .sleep(Duration::from_millis(millis))
                        .await;
                }
                Err(error) => return Err(error.into()),
            }
        };
        let response = match read::<EnrolResponse>(&answer)? {
            Read::Message(response) => response,
            Read::Refused(problem) => return Err(SyncError::Problem(Box::new(problem))),
            Read::Failed(error) => return Err(error.into()),
        };
        if response.server_key.check().is_err() {
            return Err(SyncError::BadAnswer("the server's key is none".to_owned()));
        }
        let store = Arc::clone(&self.parts.store);
        let (server, pin) = (link.server.clone(), link.pin);
        blocking(move || {
            store.store_enrolment(&server, pin, &response)?;
            Ok(response)
        })
        .await?
    }

    /// Pushes what waits and pulls what is new. [`SyncError::Busy`] while
    /// another sync runs.
    pub async fn sync(
        &self,
        listener: Arc<dyn SyncListener>,
        cancel: CancelToken,
    ) -> Result<SyncReport, SyncError> {
        let turn = Arc::clone(&self.turn)
            .try_lock_owned()
            .map_err(|_| SyncError::Busy)?;
        let machine = Machine::new(
            &self.parts.app_version,
            Arc::clone(&self.parts.key),
            Arc::clone(&self.parts.entropy),
        );
        let started = self.parts.clock.now();
        let run = Run {
            machine,
            status: Arc::clone(&self.status),
            _turn: turn,
        };
        let result = self
            .run(run, listener.as_ref(), &cancel)
            .await
            .map(|mut report| {
                // The clock may have been set back meanwhile.
                let elapsed = self.parts.clock.now().as_millis() - started.as_millis();
                report.duration_ms = u64::try_from(elapsed).unwrap_or(0);
                report
            });
        let mut status = lock(&self.status);
        match &result {
            Ok(report) => {
                tracing::info!(%report, "sync ended");
                status.last_report = Some(report.clone());
                status.last_error = None;
            }
            Err(error) => {
                tracing::info!(code = error.code(), "sync did not end well");
                status.last_error = Some(error.code().to_owned());
            }
        }
        result
    }

    async fn run(
        &self,
        mut run: Run,
        listener: &dyn SyncListener,
        cancel: &CancelToken,
    ) -> Result<SyncReport, SyncError> {
        let mut event = Event::Start;
        loop {
            if cancel.is_cancelled() {
                event = Event::Cancelled;
            }
            let action;
            (run, action) = self.step(run, event).await?;
            let progress = run.machine.progress();
            lock(&self.status).running = Some(progress);
            listener.progress(progress);
            if action == Action::Done {
                return Ok(run.machine.report().clone());
            }
            event = tokio::select! {
                biased;
                () = cancel.cancelled() => Event::Cancelled,
                event = self.act(&mut run.machine, action) => event?,
            };
        }
    }

    /// One step on a blocking thread; the machine goes there and comes back.
    async fn step(&self, mut run: Run, event: Event) -> Result<(Run, Action), SyncError> {
        let store = Arc::clone(&self.parts.store);
        let now = self.parts.clock.now();
        blocking(move || {
            let action = run.machine.step(store.as_ref(), now, event)?;
            Ok((run, action))
        })
        .await?
    }

    /// Does what the machine asks for.
    async fn act(&self, machine: &mut Machine, action: Action) -> Result<Event, SyncError> {
        let enrolment = machine.enrolment().ok_or(SyncError::NotEnrolled)?;
        let transport = self.transport(&enrolment.server, enrolment.pin)?;
        let token = machine.token().map(str::to_owned);
        let token = token.as_deref();
        match action {
            Action::OpenSession(request) => {
                let answer = transport.post("/v1/session", None, seal(&request)).await;
                receive(machine, answer, Event::Session)
            }
            Action::Exchange(request) => {
                // Compressing four megabytes takes a phone some 50 ms.
                let body = blocking(move || seal(&*request)).await?;
                let answer = transport.post("/v1/sync", token, body).await;
                receive(machine, answer, |answer| Event::Answer(Box::new(answer)))
            }
            Action::GiveBack(request) => {
                let body = blocking(move || seal(&*request)).await?;
                let answer = transport.post("/v1/give-back", token, body).await;
                receive(machine, answer, |answer| Event::GivenBack(Box::new(answer)))
            }
            Action::FetchSnapshot { grid, as_of, after } => {
                let path = snapshot_path(&grid, as_of, after.as_ref());
                let answer = transport.get(&path, token).await;
                receive(machine, answer, |page| Event::Snapshot(Box::new(page)))
            }
            Action::Wait { millis } => {
                self.parts
                    .sleeper
                    .sleep(Duration::from_millis(millis))
                    .await;
                Ok(Event::Waited)
            }
            Action::Done => Err(SyncError::Internal(
                "nothing to do after the end".to_owned(),
            )),
        }
    }

    /// The kept transport if it is for this address, or a new one.
    fn transport(
        &self,
        server: &str,
        pin: Option<[u8; 32]>,
    ) -> Result<Arc<dyn Transport>, SyncError> {
        let mut kept = lock(&self.transport);
        if let Some((at, with, transport)) = kept.as_ref()
            && at == server
            && *with == pin
        {
            return Ok(Arc::clone(transport));
        }
        let transport = self.parts.connector.connect(server, pin)?;
        *kept = Some((server.to_owned(), pin, Arc::clone(&transport)));
        Ok(transport)
    }
}

fn enrol_request(
    parts: &EngineParts,
    link: &EnrolmentLink,
    device_name: String,
) -> Result<EnrolRequest, SyncError> {
    let unavailable = |_| SyncError::KeyUnavailable;
    let incarnation = parts.store.incarnation()?;
    let public_key = parts.key.public_key().map_err(unavailable)?;
    let message = enrol_message(&link.code, &public_key, &incarnation);
    let signature = parts.key.sign(&message).map_err(unavailable)?;
    Ok(EnrolRequest {
        protocol: PROTOCOL,
        code: link.code.clone(),
        public_key,
        incarnation,
        device_name,
        app_version: parts.app_version.clone(),
        signature,
    })
}

/// Runs store and signing work where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SyncError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| SyncError::Internal(error.to_string()))
}

/// An answer as the event it is.
fn receive<T: for<'b> minicbor::Decode<'b, ()>>(
    machine: &mut Machine,
    answer: Result<Response, TransportError>,
    event: impl FnOnce(T) -> Event,
) -> Result<Event, SyncError> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Ok(Event::Failed(error)),
    };
    machine.add_traffic(answer.bytes_up, answer.bytes_down);
    Ok(match read(&answer)? {
        Read::Message(message) => event(message),
        Read::Refused(problem) => Event::Refused(Box::new(problem)),
        Read::Failed(error) => Event::Failed(error),
    })
}

enum Read<T> {
    Message(T),
    Refused(Problem),
    Failed(TransportError),
}

/// Reads an answer. A body cut or damaged on the way counts as a failure of
/// the network; a whole body that is no message counts against the server.
fn read<T: for<'b> minicbor::Decode<'b, ()>>(answer: &Response) -> Result<Read<T>, SyncError> {
    if (200..300).contains(&answer.status) {
        return match open(&answer.body) {
            Ok(message) => Ok(Read::Message(message)),
            Err(CodecError::Frame(error)) => {
                Ok(Read::Failed(TransportError::Interrupted(error.to_string())))
            }
            Err(error) => Err(SyncError::BadAnswer(error.to_string())),
        };
    }
    let Ok(mut problem) = open::<Problem>(&answer.body) else {
        // Not from the server itself: a proxy or a portal before it.
        return match answer.status {
            429 | 500.. => Ok(Read::Failed(TransportError::Interrupted(format!(
                "HTTP status {}",
                answer.status
            )))),
            status => Err(SyncError::BadAnswer(format!("HTTP status {status}"))),
        };
    };
    problem.retry_after_s = problem.retry_after_s.max(answer.retry_after_s);
    if ProblemCode::parse(&problem.code).is_none() && matches!(answer.status, 429 | 500..) {
        // A newer server's reason; the status says what to do about it.
        let known = if answer.status == 429 {
            ProblemCode::TooManyRequests
        } else {
            ProblemCode::Unavailable
        };
        tracing::debug!(code = problem.code, "unknown problem code");
        known.as_str().clone_into(&mut problem.code);
    }
    Ok(Read::Refused(problem))
}
