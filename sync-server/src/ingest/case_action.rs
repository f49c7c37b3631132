//! Deciding on a case on the server itself: what somebody asks for in the
//! console or through the JSON API, and what the clockwork does when a time
//! runs out. The same machine as for requests of phones decides; the server's
//! own actor writes what it decided, and phones get it with the feed.
//!
//! A refusal writes nothing to the record and is noted in the audit list.

use std::sync::{Arc, Mutex, PoisonError};

use wangge_model::{
    ActorId, OrgNodeId, PersonId, RecordId, RecordKind, Timestamp,
    case::{
        Case, CaseAction, CaseArguments, CaseRefusal, CaseRequest, Decider, Requester, Standing,
        act,
    },
    document::{DocumentError, EditError, RecordDocument},
    guard::{inspect, may_hold_request},
    message::{Language, message},
};

use super::authority::{self, Asking, CaseAuthority, CasePlace};
use crate::{
    AppState,
    auth::Scope,
    storage::{
        ChangeBy, Commit, CommitHooks, NewChange, Numbering, RecordWork, StorageError,
        StorageResult, StoredRecord,
    },
};

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum CaseActionError {
    /// No such incident in scope.
    #[error("there is no such incident")]
    NotFound,
    /// The machine says no.
    #[error(transparent)]
    Refused(#[from] CaseRefusal),
    /// The record is full.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The stored document cannot be read.
    #[error(transparent)]
    Unreadable(#[from] DocumentError),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Everything around a case that a decision takes.
#[derive(Debug, Clone)]
pub(crate) struct CaseContext {
    pub(crate) place: CasePlace,
    pub(crate) units: std::collections::BTreeMap<OrgNodeId, String>,
    pub(crate) incidents: std::collections::BTreeSet<RecordId>,
    pub(crate) people: std::collections::BTreeMap<PersonId, Standing>,
    pub(crate) at: Timestamp,
    pub(crate) server: ActorId,
}

impl CaseContext {
    pub(crate) fn decider(&self, incident: RecordId) -> Decider<'_> {
        Decider {
            incident,
            place: &self.place.nodes,
            rules: &self.place.rules,
            units: &self.units,
            incidents: &self.incidents,
            people: &self.people,
            at: self.at,
            server: self.server,
        }
    }
}

/// Who acts.
#[derive(Debug, Clone)]
enum Actor {
    /// Somebody, with what they are.
    Person(Standing),
    /// A time ran out.
    Clockwork,
}

/// One decision on its way.
#[derive(Debug)]
struct Decision {
    request: CaseRequest,
    actor: Actor,
    context: CaseContext,
    /// Why it was given up inside the commit.
    given_up: Mutex<Option<CaseActionError>>,
}

/// Decides what a person asks for. Durable when it returns, and told to whoever
/// listens.
pub async fn decide(
    state: &AppState,
    scope: &Scope,
    id: RecordId,
    action: CaseAction,
    seen_version: Option<u64>,
) -> Result<(), CaseActionError> {
    let storage = state.storage.as_ref();
    let stored = storage
        .find_case(&id, &scope.person, scope.at)
        .await?
        .ok_or(CaseActionError::NotFound)?;
    let verb = action.verb();
    let standing = authority::find_standing(storage, &scope.person, scope.at).await?;
    let arguments = CaseArguments::of(&action);
    let named: Vec<RecordId> = arguments.into.into_iter().collect();
    let incidents = authority::find_incidents(storage, &named, &scope.person, scope.at).await?;
    let (document, unit) = open(&stored)?;
    let named = arguments.unit.into_iter().chain(arguments.units);
    let mut context = gather(state, &stored, named.chain(unit)).await?;
    context.incidents = incidents;
    context.people = authority::find_people(storage, arguments.person, scope.at).await?;
    let request = CaseRequest {
        action,
        seen_version,
    };
    let outcome = commit(
        state,
        &scope.person,
        (stored, document),
        request,
        Actor::Person(standing),
        context,
    )
    .await;
    if let Err(CaseActionError::Refused(refusal)) = &outcome {
        let (person, code) = (Some(scope.person), refusal.code());
        authority::note_refusal(state, person, None, id, verb.as_str(), code).await;
    }
    outcome
}

/// Does what is due by itself. `Refused` if somebody was faster.
pub async fn decide_by_clock(
    state: &AppState,
    id: RecordId,
    action: CaseAction,
    seen_version: u64,
) -> Result<(), CaseActionError> {
    let stored = state
        .storage
        .find_record(&id)
        .await?
        .filter(|stored| stored.kind == RecordKind::Incident)
        .ok_or(CaseActionError::NotFound)?;
    let (document, unit) = open(&stored)?;
    let context = gather(state, &stored, unit).await?;
    let request = CaseRequest {
        action,
        seen_version: Some(seen_version),
    };
    // Nobody: the authorship of a change by the server names no person.
    let nobody = PersonId::from_bytes([0; 16]);
    let opened = (stored, document);
    commit(state, &nobody, opened, request, Actor::Clockwork, context).await
}

/// Takes back that an incident was merged, because that one was merged into it.
pub async fn untangle(state: &AppState, id: RecordId) -> Result<(), CaseActionError> {
    let stored = state.storage.find_record(&id).await?;
    let stored = stored.ok_or(CaseActionError::NotFound)?;
    let case = read_case(&stored)?.ok_or(CaseActionError::NotFound)?;
    let reason = message(Language::Chinese, "case-signal-untangle", &[]);
    decide_by_clock(state, id, CaseAction::Unmerge { reason }, case.version).await
}

/// The document, which is opened once for all that is asked of it, and the unit
/// that has the case.
fn open(stored: &StoredRecord) -> Result<(RecordDocument, Option<OrgNodeId>), CaseActionError> {
    let document = RecordDocument::load(stored.kind, Some(&stored.document), [])?;
    let case = Case::read(&document.read());
    Ok((document, case.and_then(|case| case.unit)))
}

/// What a decision on this incident takes; `units` are those it names and the one
/// that has it.
pub(crate) async fn gather(
    state: &AppState,
    stored: &StoredRecord,
    units: impl IntoIterator<Item = OrgNodeId>,
) -> StorageResult<CaseContext> {
    let storage = state.storage.as_ref();
    let at = state.clock.now();
    let place = authority::find_place(storage, &stored.grid, at).await?;
    let mut wanted: std::collections::BTreeSet<_> = place.rules.units().collect();
    wanted.extend(units);
    // What a worker was asked for goes back to their grid.
    wanted.insert(stored.grid.into());
    Ok(CaseContext {
        units: authority::find_units(storage, wanted, at).await?,
        place,
        incidents: std::collections::BTreeSet::new(),
        people: std::collections::BTreeMap::new(),
        at,
        server: state.identity.actor,
    })
}

fn read_case(stored: &StoredRecord) -> StorageResult<Option<Case>> {
    Ok(Case::read(&load(stored)?.read()))
}

async fn commit(
    state: &AppState,
    person: &PersonId,
    (stored, document): (StoredRecord, RecordDocument),
    request: CaseRequest,
    actor: Actor,
    context: CaseContext,
) -> Result<(), CaseActionError> {
    let decision = Arc::new(Decision {
        request,
        actor,
        context,
        given_up: Mutex::new(None),
    });
    let worker = Arc::clone(&decision);
    let work = tokio::task::spawn_blocking(move || worker.work(&stored, document))
        .await
        .map_err(|error| StorageError::Database(error.to_string()))??;
    let commit = Commit {
        at: decision.context.at,
        person: *person,
        manifest: None,
        works: vec![work],
        quarantine: Vec::new(),
        hooks: Arc::clone(&decision) as Arc<dyn CommitHooks>,
    };
    let outcome = state.storage.commit(commit).await?;
    if let Some(error) = decision.take_error() {
        return Err(error);
    }
    state.tell(&outcome);
    Ok(())
}

impl Decision {
    /// The record with what is decided, computed from how it stands.
    fn work(
        &self,
        stored: &StoredRecord,
        mut document: RecordDocument,
    ) -> Result<RecordWork, CaseActionError> {
        let fields = document.read();
        let case = Case::read(&fields).ok_or(CaseActionError::NotFound)?;
        let decider = self.context.decider(stored.id);
        let (requester, who, by) = match &self.actor {
            Actor::Person(standing) => (
                standing.requester(&case, decider.place),
                Some((standing.person, standing.name.as_str())),
                ChangeBy::Sender,
            ),
            Actor::Clockwork => (Requester::clockwork(case.level), None, ChangeBy::Server),
        };
        let edits = act(&fields, &self.request, &requester, who, &decider)?;
        let actor = self.context.server;
        let written = document.edit_as_server(&edits, actor, self.context.at)?;
        let changes = written
            .into_iter()
            .map(|written| NewChange::written(0, written, actor, by))
            .collect();
        Ok(RecordWork::onto(stored, &document, changes))
    }

    fn take_error(&self) -> Option<CaseActionError> {
        self.given_up
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl CommitHooks for Decision {
    /// Somebody else decided in between: decides on how it stands now.
    fn rework(&self, work: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        match self.work(stored, load(stored)?) {
            Ok(work) => Ok(work),
            Err(CaseActionError::Storage(error)) => Err(error),
            Err(error) => {
                *self.given_up.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Ok(RecordWork {
                    changes: Vec::new(),
                    ..work.clone()
                })
            }
        }
    }

    fn number(&self, work: RecordWork, _: Numbering, _: u64) -> StorageResult<RecordWork> {
        Ok(work)
    }
}

/// Answers every request of an incident that has no outcome, whoever asked.
/// What an earlier life of the server decided would have come back by now.
pub async fn answer_late(state: &AppState, id: RecordId) -> StorageResult<()> {
    let Some(stored) = state.storage.find_record(&id).await? else {
        return Ok(());
    };
    let Some(answers) = LateAnswers::gather(state, &stored).await? else {
        return Ok(());
    };
    let answers = Arc::new(answers);
    let work = answers.work(&stored)?;
    let commit = Commit {
        at: answers.authority.at,
        person: PersonId::from_bytes([0; 16]),
        manifest: None,
        works: vec![work],
        quarantine: Vec::new(),
        hooks: Arc::clone(&answers) as Arc<dyn CommitHooks>,
    };
    let outcome = state.storage.commit(commit).await?;
    answers.authority.note_refusals(state, None).await;
    state.tell(&outcome);
    Ok(())
}

/// Answers that are late.
#[derive(Debug)]
struct LateAnswers {
    authority: CaseAuthority,
}

impl LateAnswers {
    async fn gather(state: &AppState, stored: &StoredRecord) -> StorageResult<Option<Self>> {
        let document = load(stored)?;
        let storage = state.storage.as_ref();
        let hashes = document.change_hashes();
        let changes: Vec<_> = hashes
            .iter()
            .filter_map(|hash| Some((*hash, document.find_change(hash)?)))
            .filter(|(_, change)| may_hold_request(&change.bytes))
            .collect();
        let asking: Vec<Asking<'_>> = changes
            .iter()
            .map(|(hash, change)| Asking {
                grid: stored.grid,
                hash,
                bytes: &change.bytes,
            })
            .collect();
        let mut owners = Vec::new();
        for (hash, change) in &changes {
            let Ok(inspected) = inspect(hash, &change.bytes) else {
                continue;
            };
            if let Some(device) = storage.find_actor(&inspected.actor()).await?
                && let Some(device) = storage.find_device(&device).await?
            {
                owners.push((inspected.actor(), device.person));
            }
        }
        let at = state.clock.now();
        let authority = CaseAuthority::gather(state, &asking, &owners, at).await?;
        Ok(authority.map(|authority| Self { authority }))
    }

    fn work(&self, stored: &StoredRecord) -> StorageResult<RecordWork> {
        let mut document = load(stored)?;
        let mut changes = Vec::new();
        self.authority
            .answer(stored.id, &stored.grid, &mut document, &mut changes);
        Ok(RecordWork::onto(stored, &document, changes))
    }
}

impl CommitHooks for LateAnswers {
    fn rework(&self, _: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        self.work(stored)
    }

    fn number(&self, work: RecordWork, _: Numbering, _: u64) -> StorageResult<RecordWork> {
        Ok(work)
    }
}

fn load(stored: &StoredRecord) -> StorageResult<RecordDocument> {
    RecordDocument::load(stored.kind, Some(&stored.document), []).map_err(|error| {
        tracing::error!(record = %stored.id, %error, "a stored document cannot be read");
        StorageError::Corrupt("document")
    })
}
