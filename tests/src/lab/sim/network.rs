//! What travels between phones and server, and what the network does to it:
//! requests lost, delivered late or twice or cut short, answers lost, syncs
//! left in the middle.

use std::collections::{HashMap, VecDeque};

use anyhow::{Context as _, bail, ensure};
use axum::http::Method;
use wangge_core::port::SyncStore as _;
use wangge_core::sync::{
    SyncError, SyncReport, TransportError,
    machine::{Action, Event},
};
use wangge_model::{
    ChangeHash, RecordId, guard,
    protocol::{
        Cursor, GiveBackRequest, GiveBackResponse, Problem, ProblemCode, Session, SnapshotPage,
        SyncRequest, SyncResponse, Verdict, open, seal, snapshot_path,
    },
};

use super::{server::Reply, world::World};

/// Requests on their way for long at the same time; older ones are lost for
/// good.
const LATE: usize = 50;

/// What is on its way.
#[derive(Debug, Default)]
pub(super) struct Network {
    late: VecDeque<LateRequest>,
    /// Nothing goes wrong any more.
    pub(super) calm: bool,
    /// Each phone's last answer with a receipt, less its pages, for a cache that
    /// gives it again.
    receipts: HashMap<usize, Box<SyncResponse>>,
    /// The fault lab makes things fail inside phones and server.
    pub(super) is_armed: bool,
}

impl Network {
    /// Whether nothing is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.late.is_empty()
    }
}

/// A request its phone has given up.
#[derive(Debug)]
struct LateRequest {
    phone: usize,
    request: Box<SyncRequest>,
    token: Option<String>,
    body: Vec<u8>,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    Lost,
    Late,
    AnswerLost,
    Twice,
    Torn,
    /// Something on the way gives the phone the answer to an earlier request.
    AnsweredFromCache,
}

impl World {
    /// Syncs a phone, or goes on with the sync it is in; it may be left in the
    /// middle.
    pub(super) fn sync(&mut self, number: usize) -> anyhow::Result<()> {
        let now = self.now;
        if self.phone(number)?.offline_until > now {
            self.count("syncs_without_network");
            return Ok(());
        }
        if self.phone(number)?.run.is_none() {
            let begun = self.phone(number)?.begin();
            if !self.went_well(begun)? {
                return Ok(());
            }
        }
        while self.round_trip(number)?.is_none() {
            if !self.network.calm && self.dice.chance(1, 25) {
                self.count("syncs_left_in_the_middle");
                return Ok(());
            }
            if self.phone(number)?.run.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Syncs a phone to its end on a network that works.
    pub(super) fn sync_calmly(&mut self, number: usize) -> anyhow::Result<SyncReport> {
        let phone = self.phone(number)?;
        phone.begin()?;
        loop {
            if let Some(report) = self.round_trip(number)? {
                return Ok(report);
            }
            if self.phone(number)?.run.is_none() {
                bail!("phone {number} cannot sync on a network that works");
            }
        }
    }

    /// Does what the machine asked for and tells it how that went; the report
    /// if it was the end.
    fn round_trip(&mut self, number: usize) -> anyhow::Result<Option<SyncReport>> {
        let phone = self.phone(number)?;
        let run = phone.run.as_mut().context("no sync is running")?;
        let action = std::mem::replace(&mut run.action, Action::Done);
        let token = run.machine.token().map(str::to_owned);
        let event = match action {
            Action::Done => {
                let report = run.machine.report().clone();
                phone.run = None;
                phone.refresh_grids()?;
                self.count("syncs_ended_well");
                self.trace.add("report", report.to_string().as_bytes());
                return Ok(Some(report));
            }
            Action::Wait { .. } => Event::Waited,
            Action::OpenSession(request) => {
                let reply = self.server.post("/v1/session", None, seal(&request))?;
                self.receive(&reply, |session: Session| Event::Session(session))?
            }
            Action::Exchange(request) => {
                let (event, is_false) = self.exchange(number, request, token)?;
                let before = self.cursors_if_armed(number)?;
                let told = self.phone(number)?.tell(event);
                if told.is_err() && before != self.cursors_if_armed(number)? {
                    Self::check_atomic(&told)?;
                }
                if is_false && told.is_err() {
                    self.count("false_answers_refused");
                } else {
                    self.went_well(told)?;
                }
                return Ok(None);
            }
            Action::GiveBack(request) => {
                self.count("give_backs");
                let body = seal(&*request);
                let reply = self.server.post("/v1/give-back", token.as_deref(), body)?;
                let event = self.receive(&reply, |answer: GiveBackResponse| {
                    Event::GivenBack(Box::new(answer))
                })?;
                self.note_displaced(&request)?;
                event
            }
            Action::FetchSnapshot { grid, as_of, after } => {
                let path = snapshot_path(&grid, as_of, after.as_ref());
                if self.fate() == Fate::Arrives {
                    let reply =
                        self.server
                            .request(Method::GET, &path, token.as_deref(), Vec::new())?;
                    self.receive(&reply, |page: SnapshotPage| Event::Snapshot(Box::new(page)))?
                } else {
                    Event::Failed(TransportError::Timeout)
                }
            }
        };
        let told = self.phone(number)?.tell(event);
        self.went_well(told)?;
        Ok(None)
    }

    /// Whether a sync may go on; one that ended as syncs may end is counted,
    /// anything else is a failure of the product.
    fn went_well(&mut self, result: Result<(), SyncError>) -> anyhow::Result<bool> {
        match result {
            Ok(()) => Ok(true),
            Err(error) if error.is_transient() => {
                self.count("syncs_given_up");
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn cursors_if_armed(&mut self, number: usize) -> anyhow::Result<Vec<Cursor>> {
        if !self.network.is_armed {
            return Ok(Vec::new());
        }
        Ok(self.phone(number)?.store()?.position()?.cursors)
    }

    /// A step that failed inside its transaction must have changed nothing.
    fn check_atomic(told: &Result<(), SyncError>) -> anyhow::Result<()> {
        let inside = ["phone.page.applied", "phone.receipt.applied"];
        if let Err(error) = told {
            let error = error.to_string();
            ensure!(
                inside.iter().all(|point| !error.contains(point)),
                "a cursor moved although its page was not stored"
            );
        }
        Ok(())
    }

    fn fate(&mut self) -> Fate {
        if self.network.calm {
            return Fate::Arrives;
        }
        if self.network.is_armed && self.dice.chance(1, 5) {
            return Fate::AnsweredFromCache;
        }
        match self.dice.below(1_000) {
            0..20 => Fate::Lost,
            20..40 => Fate::Late,
            40..70 => Fate::AnswerLost,
            70..90 => Fate::Twice,
            90..100 => Fate::Torn,
            100..110 => Fate::AnsweredFromCache,
            _ => Fate::Arrives,
        }
    }

    /// Sends a request; the event, and whether it is an answer to another one.
    fn exchange(
        &mut self,
        number: usize,
        request: Box<SyncRequest>,
        token: Option<String>,
    ) -> anyhow::Result<(Event, bool)> {
        let body = seal(&*request);
        self.trace.add("request", &body);
        let fate = self.fate();
        match fate {
            Fate::Lost => {
                self.count("requests_lost");
                return Ok((Event::Failed(TransportError::Timeout), false));
            }
            Fate::Late => {
                self.count("requests_late");
                self.network.late.push_back(LateRequest {
                    phone: number,
                    request,
                    token,
                    body,
                });
                if self.network.late.len() > LATE {
                    self.network.late.pop_front();
                }
                return Ok((Event::Failed(TransportError::Timeout), false));
            }
            Fate::Torn => {
                self.count("requests_torn");
                let half = body.iter().take(body.len() / 2).copied().collect();
                self.server.post("/v1/sync", token.as_deref(), half)?;
                return Ok((
                    Event::Failed(TransportError::Interrupted("torn".to_owned())),
                    false,
                ));
            }
            Fate::Twice => {
                self.count("requests_doubled");
                self.deliver(number, &request, token.as_deref(), body.clone())?;
            }
            Fate::AnsweredFromCache => {
                if let Some(answer) = self.network.receipts.get(&number).cloned() {
                    self.count("requests_answered_from_cache");
                    return Ok((Event::Answer(answer), true));
                }
            }
            Fate::Arrives | Fate::AnswerLost => {}
        }
        let event = self.deliver(number, &request, token.as_deref(), body)?;
        if fate == Fate::AnswerLost {
            self.count("answers_lost");
            return Ok((
                Event::Failed(TransportError::Interrupted("lost".to_owned())),
                false,
            ));
        }
        Ok((event, false))
    }

    /// Brings a request to the server and notes what became of its items.
    fn deliver(
        &mut self,
        number: usize,
        request: &SyncRequest,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> anyhow::Result<Event> {
        self.count("exchanges");
        let reply = self.server.post("/v1/sync", token, body)?;
        let event = self.receive(&reply, |answer: SyncResponse| {
            Event::Answer(Box::new(answer))
        })?;
        if let Event::Answer(answer) = &event {
            self.note_receipt(request, answer);
            if answer.receipt.is_some() {
                let mut kept = answer.clone();
                kept.pages.clear();
                kept.directives.clear();
                self.network.receipts.insert(number, kept);
            }
        }
        Ok(event)
    }

    /// A request arrives that its phone thinks lost; nobody hears the answer.
    pub(super) fn deliver_late(&mut self) -> anyhow::Result<()> {
        let place = self.dice.below(self.network.late.len());
        let Some(late) = self.network.late.remove(place) else {
            return Ok(());
        };
        self.count("late_arrivals");
        self.deliver(late.phone, &late.request, late.token.as_deref(), late.body)?;
        Ok(())
    }

    fn note_receipt(&mut self, request: &SyncRequest, answer: &SyncResponse) {
        let Some(receipt) = &answer.receipt else {
            return;
        };
        let now = self.now;
        for (item, verdict) in request.items.iter().zip(receipt.each()) {
            let edit = self.edit_of(&item.record, &item.hash, &item.change);
            match verdict {
                Verdict::Accepted { .. } | Verdict::Duplicate => {
                    let is_new = verdict != Verdict::Duplicate;
                    self.count(if is_new { "accepted" } else { "duplicates" });
                    if let Some(edit) = edit {
                        self.ledger.on_server(edit, now);
                    }
                }
                Verdict::Quarantined { .. } => {
                    self.count("quarantined");
                    if let Some(edit) = edit {
                        self.ledger.kept_apart(edit, now, item.hash);
                    }
                }
                Verdict::MissingDeps { .. } => self.count("missing_deps"),
                Verdict::ActorFork => self.count("actor_forks"),
                Verdict::Erased | Verdict::StaleRecordEpoch { .. } => self.count("other_verdicts"),
            }
        }
    }

    /// Notes which of the changes given back the server keeps apart: proven, but
    /// with another one in their place by now. Its answer only counts them.
    fn note_displaced(&mut self, request: &GiveBackRequest) -> anyhow::Result<()> {
        let quarantined = self.server.list_quarantined()?;
        let now = self.now;
        for returned in &request.records {
            for change in &returned.changes {
                if !quarantined.contains(&change.hash) {
                    continue;
                }
                self.count("displaced");
                if let Some(edit) = self.edit_of(&returned.record, &change.hash, &change.change) {
                    self.ledger.kept_apart(edit, now, change.hash);
                }
            }
        }
        Ok(())
    }

    /// The acknowledged edit that a change carries.
    fn edit_of(&mut self, record: &RecordId, hash: &ChangeHash, change: &[u8]) -> Option<usize> {
        let record = self.numbers.get(record).copied()?;
        self.ledger.find(record, hash, || {
            let change = guard::inspect(hash, change).ok()?;
            Some(change.at())
        })
    }

    /// An answer as the event it is.
    fn receive<T: for<'b> minicbor::Decode<'b, ()>>(
        &mut self,
        reply: &Reply,
        event: impl FnOnce(T) -> Event,
    ) -> anyhow::Result<Event> {
        self.trace.add("answer", &reply.body);
        if reply.status == 200 {
            return Ok(event(open(&reply.body)?));
        }
        let problem: Problem = open(&reply.body)?;
        let failed = ProblemCode::parse(&problem.code) == Some(ProblemCode::Internal);
        if failed && !self.network.is_armed {
            bail!("the server answered that it failed");
        }
        if failed {
            self.count("server_failures");
        }
        self.count("refusals");
        Ok(Event::Refused(Box::new(problem)))
    }
}
