//! Cases of incidents on the phone: which are open and how they stand, what a
//! person may ask for, asking, and what came of it.
//!
//! The server decides. Until it has, a request is pending; what the phone says
//! is possible is the same machine's forecast from what it knows.

use wangge_model::{
    OrgLevel, OrgNodeId, PersonId, RecordId, RecordKind, RequestId, Role, Timestamp,
    case::{
        Case, CaseAction, CaseRefusal, CaseRequest, CaseRules, CaseState, CaseVerb, FiledRequest,
        Handling, Post, Standing, TimelineEntry, Urgency, file_request,
    },
    deadline::Light,
    document::Fields,
    incident::Incident,
};

use crate::{
    Core, Error, Result,
    record::{RecordQuery, RecordRow},
};

/// Most rows of one page of records that are looked through at a time.
const STEP: u32 = 500;

/// Which cases to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CaseQueue {
    /// All on this phone in which something is still to be done.
    #[default]
    Open,
    /// Those the person reported, also when they are over.
    Reported,
    /// Those that a grid of the person's has to handle.
    Assigned,
    /// Those that wait for somebody to look whether they are done (核查).
    ToVerify,
    /// Those with a request of any phone that the server has not answered.
    Pending,
}

/// A case in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// The incident.
    pub row: RecordRow,
    /// How it stands against its limit; `None` without one.
    pub light: Option<Light>,
}

/// Everything about one case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseView {
    /// As the server decided; `None` until the report reached it.
    pub case: Option<Case>,
    /// When it must be done.
    pub due_at: Option<Timestamp>,
    /// How it stands.
    pub light: Option<Light>,
    /// Each decision, oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// What was asked for from phones; without an outcome it is pending.
    pub requests: Vec<FiledRequest>,
    /// What the person could ask for now, as far as this phone knows.
    pub possible: Vec<CaseVerb>,
}

impl Core {
    /// Cases on this phone, most pressing first: those without a limit yet by
    /// when they were last edited, the rest by when they are due.
    pub fn list_cases(&self, queue: CaseQueue) -> Result<Vec<CaseRow>> {
        let now = self.clock.now();
        let me = self.standing()?;
        let units: Vec<OrgNodeId> = me.posts.iter().map(|post| post.node).collect();
        let mut cases = Vec::new();
        let mut query = RecordQuery {
            kind: Some(RecordKind::Incident),
            limit: STEP,
            ..RecordQuery::default()
        };
        loop {
            let rows = self.store.list_records(&query)?;
            query.after = rows.last().map(|row| row.id);
            let is_last = u32::try_from(rows.len()).unwrap_or(u32::MAX) < STEP;
            cases.extend(
                rows.into_iter()
                    .filter(|row| is_in(queue, row, me.person, &units))
                    .map(|row| CaseRow {
                        light: row.summary.case.as_ref().and_then(|case| case.light(now)),
                        row,
                    }),
            );
            if is_last {
                break;
            }
        }
        let due = |case: &CaseRow| case.row.summary.case.as_ref().and_then(|case| case.due_at);
        cases.sort_by_key(|case| due(case).unwrap_or(case.row.summary.edited_at));
        Ok(cases)
    }

    /// A case with its timeline and requests.
    pub fn case(&self, id: RecordId) -> Result<CaseView> {
        let document = self.load_document(id, RecordKind::Incident)?;
        let fields = document.read();
        let summary = document.summary().case.unwrap_or_default();
        let Incident { case, .. } = Incident::read(&document);
        Ok(CaseView {
            light: summary.light(self.clock.now()),
            possible: self.possible(id, &fields)?,
            due_at: case.due_at,
            timeline: case.timeline,
            requests: case.requests,
            case: case.decided,
        })
    }

    /// Asks the server for a decision on an incident's case; also offline. It
    /// is sent with the next sync and pending until the answer comes. A text
    /// that is missing or too long is said at once, everything else the server
    /// says.
    pub fn request_case(&self, id: RecordId, action: &CaseAction) -> Result<RequestId> {
        action.check_text()?;
        self.load_document(id, RecordKind::Incident)?;
        let now = self.clock.now();
        let request = RequestId::make(self.clock.as_ref(), self.entropy.as_ref());
        // Whether it is still possible says the machine, by the state. To insist
        // on the version seen would refuse a result because of a remark.
        let edits = file_request(request, action, None, now);
        self.store.edit_record(id, &edits, now, None)?;
        self.indexer.note_save(&self.store);
        Ok(request)
    }

    /// The verbs the machine would let the person use now, if what waits is
    /// granted.
    fn possible(&self, id: RecordId, fields: &Fields) -> Result<Vec<CaseVerb>> {
        let Some(row) = self.store.find_row(id)? else {
            return Ok(Vec::new());
        };
        let standing = self.standing()?;
        let place = [OrgNodeId::from(row.grid)];
        let (rules, at) = (CaseRules::default(), self.clock.now());
        let mut case = Case::read(fields).unwrap_or_else(|| reported(fields, standing.person));
        for request in pending(fields) {
            let Ok(action) = request.action() else {
                continue;
            };
            let requester = standing.requester(&case, &place);
            let asked = CaseRequest {
                action,
                seen_version: None,
            };
            if let Ok(next) = case.decide(id, &asked, &requester, &rules.limits, at) {
                case = next;
            }
        }
        let requester = standing.requester(&case, &place);
        Ok(case
            .possible(id, &requester, &rules.limits, at)
            .into_iter()
            .filter(|(_, refusal)| refusal.is_none())
            .map(|(verb, _)| verb)
            .collect())
    }

    /// What the person is, as the grants say: the server knows better.
    fn standing(&self) -> Result<Standing> {
        let grants = self.store.load_grants()?;
        let posts = self.store.list_grids()?.into_iter().filter_map(|grid| {
            let role: Role = grid.role.parse().ok()?;
            Some(Post {
                node: OrgNodeId::from(grid.grid),
                seat: role.seat(role_level(role)),
            })
        });
        Ok(Standing {
            person: grants
                .as_ref()
                .map_or(PersonId::from_bytes([0; 16]), |grants| grants.person),
            name: grants.map(|grants| grants.person_name).unwrap_or_default(),
            posts: posts.collect(),
        })
    }
}

/// What the server has not answered.
fn pending(fields: &Fields) -> Vec<FiledRequest> {
    wangge_model::case::filed_requests(fields)
        .into_iter()
        .filter(|request| request.outcome.is_none())
        .collect()
}

/// The level of the place a role is most likely of: grants name grids only.
fn role_level(role: Role) -> OrgLevel {
    let levels = role.spec().levels;
    if levels.contains(&OrgLevel::Grid) {
        OrgLevel::Grid
    } else {
        levels.last().copied().unwrap_or(OrgLevel::Grid)
    }
}

/// A report that has not reached the server, as it will stand there.
fn reported(fields: &Fields, person: PersonId) -> Case {
    let code = |path: &str| fields.text(path);
    Case::reported(
        Handling::parse(&code("handling")).unwrap_or(Handling::Coordinated),
        Urgency::reported(&code("category"), &code("urgency")),
        Some(person),
        Some(person),
    )
}

fn is_in(queue: CaseQueue, row: &RecordRow, me: PersonId, units: &[OrgNodeId]) -> bool {
    let state = CaseState::parse(&row.summary.state);
    let is_open = state.is_none_or(|state| !state.is_over());
    let case = row.summary.case.as_ref();
    match queue {
        CaseQueue::Open => is_open,
        CaseQueue::Reported => case.is_none_or(|case| case.reporter.is_none_or(|id| id == me)),
        CaseQueue::Assigned => {
            let has_unit = case
                .and_then(|case| case.unit)
                .is_some_and(|unit| units.contains(&unit));
            is_open && has_unit
        }
        CaseQueue::ToVerify => state == Some(CaseState::Handled),
        CaseQueue::Pending => case.is_some_and(|case| case.open_requests > 0),
    }
}

impl From<CaseRefusal> for Error {
    fn from(refusal: CaseRefusal) -> Self {
        Self::CaseRefused(refusal)
    }
}
