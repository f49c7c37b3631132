//! Answering requests: the fields by which the server says what it decided.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Case, CaseAction, CaseArguments, CaseRefusal, CaseRequest, CaseRules, CaseVerb, Handling,
    Outcome, Requester, Standing, TimelineEntry, Urgency, filed_requests, request::REQUESTS,
};
use crate::{
    ActorId, FieldPath, OrgNodeId, PersonId, RecordId, Timestamp,
    deadline::Limit,
    document::{FieldEdit, Fields, RecordDocument},
    incident_class::AGENCY_CLASS,
    text::TextRule,
};

/// What a decision on one incident takes beside the case and who asks.
#[derive(Debug, Clone, Copy)]
pub struct Decider<'a> {
    /// The incident.
    pub incident: RecordId,
    /// Its grid and every place above it.
    pub place: &'a [OrgNodeId],
    /// The rules that hold there.
    pub rules: &'a CaseRules,
    /// Places that requests name as units, with their names. One that is not
    /// here does not exist.
    pub units: &'a BTreeMap<OrgNodeId, String>,
    /// Incidents that requests name and that may be merged into.
    pub incidents: &'a BTreeSet<RecordId>,
    /// People that requests name and what they are.
    pub people: &'a BTreeMap<PersonId, Standing>,
    /// When.
    pub at: Timestamp,
    /// The server's own actor.
    pub server: ActorId,
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The entry in the document.
    pub request: String,
    /// The verb, as written.
    pub verb: String,
    /// Who asked.
    pub person: Option<PersonId>,
    /// Why it was not granted, if it was not.
    pub refusal: Option<CaseRefusal>,
}

/// The answers to the requests of one document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answered {
    /// What the server writes, as one change.
    pub edits: Vec<FieldEdit>,
    /// What became of each request, in the order they were decided.
    pub decided: Vec<Decided>,
}

/// Decides those requests in a document that have no outcome and that `is_due`
/// names, in the order in which they were made; nothing, if there is none or
/// the incident is no case yet. Deciding again what came of it changes nothing,
/// because every request then has its outcome.
///
/// `find_author` answers whose an actor is.
pub fn answer<'s>(
    document: &RecordDocument,
    decider: &Decider<'_>,
    is_due: impl Fn(&str) -> bool,
    find_author: impl Fn(&ActorId) -> Option<&'s Standing>,
) -> Answered {
    let fields = document.read();
    let mut answered = Answered::default();
    let mut open: Vec<_> = filed_requests(&fields)
        .into_iter()
        .filter(|request| request.outcome.is_none() && is_due(&request.id))
        .map(|request| {
            let verb = FieldPath::entry(REQUESTS, &request.id, "verb");
            (document.written_by(&verb), request)
        })
        .collect();
    open.sort_by_key(|(written, _)| *written);
    let Some(mut case) = Case::read(&fields).filter(|_| !open.is_empty()) else {
        return answered;
    };
    let before = case.version;
    for (author, request) in open {
        let standing = author.and_then(|(_, actor)| find_author(&actor));
        let decided = request.action().and_then(|action| {
            let standing = standing.ok_or(CaseRefusal::UnknownRequester)?;
            let asked = CaseRequest {
                action,
                seen_version: request.seen_version,
            };
            let requester = standing.requester(&case, decider.place);
            decide(&case, &asked, &requester, decider).map(|next| (asked, next))
        });
        let refusal = match decided {
            Ok((asked, next)) => {
                let name = standing.map(|standing| standing.name.as_str());
                let who = standing.map(|standing| standing.person).zip(name);
                let entry = entry(&case, &next, &asked.action, who, &request.id, decider);
                answered.edits.extend(entry.edits(decider.server));
                case = next;
                answered
                    .edits
                    .extend(route(&mut case, asked.action.verb(), &fields, decider));
                None
            }
            Err(refusal) => Some(refusal),
        };
        let outcome = Outcome {
            is_accepted: refusal.is_none(),
            code: refusal
                .as_ref()
                .map(CaseRefusal::code)
                .unwrap_or_default()
                .to_owned(),
            limit: refusal.as_ref().and_then(CaseRefusal::limit),
            version: case.version,
            person: standing.map(|standing| standing.person),
            at: decider.at,
        };
        answered.edits.extend(outcome.edits(&request.id));
        answered.decided.push(Decided {
            request: request.id,
            verb: request.verb,
            person: outcome.person,
            refusal,
        });
    }
    if case.version > before {
        answered
            .edits
            .extend(case.edits(&decider.rules.calendar, decider.at));
    }
    answered
}

/// What the server writes if it grants what somebody asks for on the server
/// itself, or why it does not. `who` is the person with their name; `None`: a
/// time ran out.
pub fn act(
    fields: &Fields,
    request: &CaseRequest,
    requester: &Requester,
    who: Option<(PersonId, &str)>,
    decider: &Decider<'_>,
) -> Result<Vec<FieldEdit>, CaseRefusal> {
    // Without a case there is no version that anybody could have seen.
    let case = Case::read(fields).ok_or(CaseRefusal::Stale { seen: 0, now: 0 })?;
    let mut next = decide(&case, request, requester, decider)?;
    let entry = entry(&case, &next, &request.action, who, "", decider);
    let mut edits = entry.edits(decider.server);
    edits.extend(route(&mut next, request.action.verb(), fields, decider));
    edits.extend(next.edits(&decider.rules.calendar, decider.at));
    Ok(edits)
}

/// How long an agency service takes unless the list of responsibilities says
/// otherwise: as what needs other units does (3 days, 社区限时办结制度), because an
/// errand leads to them (our own choice).
const AGENCY_LIMIT: Limit = Limit::WorkingDays(3);

/// Where a case that was just filed goes, and how long it has there; `None`: the
/// desk says.
fn find_way(case: &Case, class: &str, decider: &Decider<'_>) -> Option<(OrgNodeId, Option<Limit>)> {
    let row = decider.rules.responsibility.find(class);
    let is_agency = class.starts_with(AGENCY_CLASS)
        // Of a worker of that grid; what others reported the desk gives to somebody.
        && case.reporter.is_some()
        && row.is_none_or(|row| !row.class.starts_with(AGENCY_CLASS));
    if is_agency && let Some(grid) = decider.place.last() {
        return Some((*grid, Some(AGENCY_LIMIT)));
    }
    row.map(|row| (row.unit, row.limit))
}

/// Gives a case that was just filed to whoever the list of responsibilities
/// names for its class, and an agency service back to whoever was asked for it;
/// nothing, if that names nobody or the unit is gone: the desk assigns it then.
fn route(
    case: &mut Case,
    verb: CaseVerb,
    fields: &Fields,
    decider: &Decider<'_>,
) -> Vec<FieldEdit> {
    let class = fields.text("category");
    let Some((unit, limit)) = find_way(case, &class, decider)
        .filter(|_| verb == CaseVerb::File && case.handling != Handling::Approval)
    else {
        return Vec::new();
    };
    let asked = CaseRequest {
        action: CaseAction::Assign { unit },
        seen_version: None,
    };
    let Ok(mut next) = decide(case, &asked, &Requester::clockwork(case.level), decider) else {
        return Vec::new();
    };
    if class.starts_with(AGENCY_CLASS) && next.first_handler.is_none() {
        next.first_handler = next.reporter;
    }
    if let (Some(clock), Some(limit)) = (&mut next.clock, limit)
        && case.urgency != Urgency::Emergency
    {
        clock.limit = limit;
    }
    let entry = entry(case, &next, &asked.action, None, "", decider);
    *case = next;
    entry.edits(decider.server)
}

fn decide(
    case: &Case,
    request: &CaseRequest,
    requester: &Requester,
    decider: &Decider<'_>,
) -> Result<Case, CaseRefusal> {
    let (incident, limits, at) = (decider.incident, &decider.rules.limits, decider.at);
    let next = case.decide(incident, request, requester, limits, at)?;
    let arguments = CaseArguments::of(&request.action);
    let mut units = arguments.unit.iter().chain(&arguments.units);
    if units.any(|unit| !decider.units.contains_key(unit)) {
        return Err(CaseRefusal::NoUnit);
    }
    if let Some(person) = arguments.person {
        let named = decider.people.get(&person);
        if !named.is_some_and(|named| named.works_at(decider.place)) {
            return Err(CaseRefusal::NoPerson);
        }
    }
    match arguments.into {
        Some(into) if !decider.incidents.contains(&into) => Err(CaseRefusal::Incomplete("into")),
        _ => Ok(next),
    }
}

fn entry(
    case: &Case,
    next: &Case,
    action: &CaseAction,
    who: Option<(PersonId, &str)>,
    request: &str,
    decider: &Decider<'_>,
) -> TimelineEntry {
    let arguments = CaseArguments::of(action);
    let unit = arguments.unit.or(next.unit);
    let named = arguments
        .person
        .and_then(|person| decider.people.get(&person));
    // Checked by the machine; a text it lets through fits.
    let text = TextRule::lines(500)
        .apply(&arguments.text)
        .unwrap_or_default();
    let yes_no = arguments.is_agreed.map(i64::from);
    let card = arguments.card.map(|card| card as i64);
    TimelineEntry {
        version: next.version,
        verb: action.verb().as_str().to_owned(),
        person: who.map(|(person, _)| person),
        name: who
            .map(|(_, name)| name.chars().take(50).collect())
            .unwrap_or_default(),
        at: decider.at,
        from: case.state.as_str().to_owned(),
        to: next.state.as_str().to_owned(),
        level: next.level.as_str().to_owned(),
        unit,
        unit_name: unit
            .and_then(|unit| decider.units.get(&unit))
            .map(|name| name.chars().take(100).collect())
            .unwrap_or_default(),
        text,
        number: arguments.days.or(arguments.stars).or(yes_no).or(card),
        named: arguments.person,
        named_name: named
            .map(|named| named.name.chars().take(50).collect())
            .unwrap_or_default(),
        request: request.to_owned(),
    }
}
