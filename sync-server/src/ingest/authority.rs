//! What the server has to know before it decides requests: who asks, as their
//! assignments say, where the incident is, which rules hold there, what the
//! requests name. Gathered before the commit, because inside it nobody waits.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, hash_map::Entry},
    sync::{Mutex, PoisonError},
};

use wangge_model::{
    ActorId, AuditId, GridId, OrgLevel, OrgNodeId, PersonId, RecordId, Timestamp,
    case::{CaseRules, Decided, Decider, Post, Standing, answer},
    document::RecordDocument,
    guard::{inspect, may_hold_request},
    protocol::PushItem,
};

use super::case;
use crate::{
    AppState,
    storage::{AuditEntry, NewChange, Storage, StorageResult},
};

/// Where an incident is, as far as its case needs it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CasePlace {
    /// Its grid and every place above it.
    pub(crate) nodes: Vec<OrgNodeId>,
    /// The rules that hold there.
    pub(crate) rules: CaseRules,
}

/// Everything a decision takes beside the document.
#[derive(Debug)]
pub(crate) struct CaseAuthority {
    /// Whose an actor is and what they are.
    pub(crate) standings: HashMap<ActorId, Standing>,
    /// Grids.
    pub(crate) places: HashMap<GridId, CasePlace>,
    /// The requests that are to be decided. Others in a document wait for what
    /// an earlier life of the server may have decided, see `crate::clockwork`.
    entries: HashSet<String>,
    /// Names of places that requests name.
    pub(crate) units: BTreeMap<OrgNodeId, String>,
    /// Incidents that may be merged into.
    pub(crate) incidents: BTreeSet<RecordId>,
    /// What the people are that requests name.
    pub(crate) people: BTreeMap<PersonId, Standing>,
    /// When.
    pub(crate) at: Timestamp,
    /// The server's own actor.
    pub(crate) server: ActorId,
    /// What became of the requests of each record.
    decided: Mutex<HashMap<RecordId, Vec<Decided>>>,
}

/// A change that may hold requests.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    /// Where the record is.
    pub(crate) grid: GridId,
    /// The change's hash.
    pub(crate) hash: &'a wangge_model::ChangeHash,
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
}

impl<'a> Asking<'a> {
    /// The change of an item, if it may hold a request.
    pub(crate) fn of(item: &'a PushItem, grid: GridId) -> Option<Self> {
        may_hold_request(&item.change).then_some(Self {
            grid,
            hash: &item.hash,
            bytes: &item.change,
        })
    }
}

/// What somebody is at this moment; nothing at all, if they have left.
pub(crate) async fn find_standing(
    storage: &dyn Storage,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<Standing> {
    let mut standing = Standing {
        person: *person,
        name: String::new(),
        posts: Vec::new(),
    };
    let Some(found) = storage.find_person(person).await? else {
        return Ok(standing);
    };
    standing.name.clone_from(&found.name);
    if !found.active {
        return Ok(standing);
    }
    let called_out = storage.list_called_out(person, at).await?;
    for assignment in storage.list_assignments(person).await? {
        let is_ready = found.is_trained(at) || !assignment.role.spec().needs_training;
        // Whoever waits beforehand is nobody here until called out.
        let is_called = !assignment.reserve || called_out.contains(&assignment.id);
        if !assignment.validity().contains(at) || !is_called || !is_ready {
            continue;
        }
        if let Some(node) = storage.find_node(&assignment.node).await? {
            let grid = node.parent.filter(|_| node.level == OrgLevel::MicroGrid);
            standing.posts.push(Post {
                node: grid.unwrap_or(node.id),
                seat: assignment.role.seat(node.level),
            });
        }
    }
    Ok(standing)
}

/// Where a grid is and which rules hold there.
pub(crate) async fn find_place(
    storage: &dyn Storage,
    grid: &GridId,
    at: Timestamp,
) -> StorageResult<CasePlace> {
    let node = OrgNodeId::from(*grid);
    let above = storage.list_ancestors(&node).await?;
    Ok(CasePlace {
        nodes: above.into_iter().map(|node| node.id).collect(),
        rules: find_rules(storage, &node, at).await?,
    })
}

/// The rules of cases that hold at a place at that moment: shorter while there
/// is an emergency.
pub(crate) async fn find_rules(
    storage: &dyn Storage,
    node: &OrgNodeId,
    at: Timestamp,
) -> StorageResult<CaseRules> {
    let mut rules = CaseRules::default();
    for name in CaseRules::SETS {
        let set = storage.find_reference_above(name, node).await?;
        if let Some(set) = set {
            set.read(|body| rules.read(name, body));
        }
    }
    Ok(match storage.find_emergency_level(node, at).await? {
        Some(level) => rules.in_emergency(level),
        None => rules,
    })
}

/// Names of those places that are in use.
pub(crate) async fn find_units(
    storage: &dyn Storage,
    units: impl IntoIterator<Item = OrgNodeId>,
    at: Timestamp,
) -> StorageResult<BTreeMap<OrgNodeId, String>> {
    let mut names = BTreeMap::new();
    for unit in units {
        if let Some(node) = storage.find_node(&unit).await?
            && node.validity().contains(at)
        {
            names.insert(unit, node.name);
        }
    }
    Ok(names)
}

impl CaseAuthority {
    /// Gathers what these changes ask for; `None` if they hold no request.
    /// `owners` says whose their actors are.
    pub(crate) async fn gather(
        state: &AppState,
        changes: &[Asking<'_>],
        owners: &[(ActorId, PersonId)],
        at: Timestamp,
    ) -> StorageResult<Option<Self>> {
        if changes.is_empty() {
            return Ok(None);
        }
        let storage = state.storage.as_ref();
        let mut authority = Self {
            standings: HashMap::new(),
            places: HashMap::new(),
            entries: HashSet::new(),
            units: BTreeMap::new(),
            incidents: BTreeSet::new(),
            people: BTreeMap::new(),
            at,
            server: state.identity.actor,
            decided: Mutex::new(HashMap::new()),
        };
        let (mut units, mut incidents) = (BTreeSet::new(), BTreeSet::new());
        let mut people: HashSet<PersonId> = HashSet::new();
        for change in changes {
            // What is no change is kept apart later on.
            if let Ok(inspected) = inspect(change.hash, change.bytes) {
                let named = inspected.named_by_requests();
                authority.entries.extend(named.entries);
                units.extend(named.units);
                incidents.extend(named.incidents);
                authority
                    .people
                    .extend(find_people(storage, named.people, at).await?);
            }
            if let Entry::Vacant(vacant) = authority.places.entry(change.grid) {
                let place = find_place(storage, &change.grid, at).await?;
                units.extend(place.rules.units());
                units.insert(change.grid.into());
                vacant.insert(place);
            }
        }
        for (actor, person) in owners {
            let standing = find_standing(storage, person, at).await?;
            people.insert(*person);
            authority.standings.insert(*actor, standing);
        }
        authority.units = find_units(storage, units, at).await?;
        let wanted: Vec<RecordId> = incidents.into_iter().collect();
        for person in people {
            authority
                .incidents
                .extend(find_incidents(storage, &wanted, &person, at).await?);
        }
        Ok(Some(authority))
    }

    /// Answers the open requests of an incident: writes the outcomes into the
    /// document and adds the server's change after those that ask.
    pub(crate) fn answer(
        &self,
        record: RecordId,
        grid: &GridId,
        document: &mut RecordDocument,
        changes: &mut Vec<NewChange>,
    ) {
        let Some(place) = self.places.get(grid) else {
            return;
        };
        let decider = Decider {
            incident: record,
            place: &place.nodes,
            rules: &place.rules,
            units: &self.units,
            incidents: &self.incidents,
            people: &self.people,
            at: self.at,
            server: self.server,
        };
        let answered = answer(
            document,
            &decider,
            |request| self.entries.contains(request),
            |actor| self.standings.get(actor),
        );
        if answered.edits.is_empty() {
            return;
        }
        match document.edit_as_server(&answered.edits, self.server, self.at) {
            Ok(Some(change)) => {
                case::push_change(changes, change, self.server);
                self.lock().insert(record, answered.decided);
            }
            Ok(None) => {}
            // Full records: they stay pending and are told in the log.
            Err(error) => tracing::error!(%record, %error, "requests could not be answered"),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RecordId, Vec<Decided>>> {
        self.decided.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down who was refused what. The refusals stand even if that fails.
    pub(crate) async fn note_refusals(
        &self,
        state: &AppState,
        device: Option<wangge_model::DeviceId>,
    ) {
        let decided = std::mem::take(&mut *self.lock());
        for (record, decided) in decided {
            for one in decided {
                let Some(refusal) = one.refusal else { continue };
                let (verb, code) = (one.verb, refusal.code());
                note_refusal(state, one.person, device, record, &verb, code).await;
            }
        }
    }
}

/// Those of these incidents that the person may merge others into.
pub(crate) async fn find_incidents(
    storage: &dyn Storage,
    wanted: &[RecordId],
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<BTreeSet<RecordId>> {
    if wanted.is_empty() {
        return Ok(BTreeSet::new());
    }
    let found = storage.list_merge_targets(wanted, person, at).await?;
    Ok(found.into_iter().collect())
}

/// What these people are, of those who are still here.
pub(crate) async fn find_people(
    storage: &dyn Storage,
    people: impl IntoIterator<Item = PersonId>,
    at: Timestamp,
) -> StorageResult<BTreeMap<PersonId, Standing>> {
    let mut found = BTreeMap::new();
    for person in people {
        found.insert(person, find_standing(storage, &person, at).await?);
    }
    Ok(found)
}

/// Writes down that a request was refused.
pub(crate) async fn note_refusal(
    state: &AppState,
    person: Option<PersonId>,
    device: Option<wangge_model::DeviceId>,
    record: RecordId,
    verb: &str,
    code: &str,
) {
    let entry = AuditEntry {
        id: AuditId::make(state.clock.as_ref(), state.entropy.as_ref()),
        at: state.clock.now(),
        person,
        device,
        action: "case_request_refused".to_owned(),
        target: record.to_string(),
        detail: format!("{verb} {code}"),
    };
    if let Err(error) = state.storage.create_audit(&entry).await {
        tracing::error!(%error, "a refused request could not be written down");
    }
}
