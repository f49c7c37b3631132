//! What counting needs of one incident: read from its document, nothing added.

use serde::{Deserialize, Serialize};

use crate::{
    PersonId, RecordId, Timestamp,
    case::{Case, CaseState, CaseVerb, Handling, codes, read_timeline},
    document::Fields,
};

/// How reports come about that residents made and nobody went to find.
const TOLD: [&str; 4] = ["hotline", "reception", "resident", "online"];

/// What counting needs of an incident that was filed and is neither void nor
/// merged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each of which a formula asks for by itself"
)]
pub struct CaseFact {
    /// When it was filed, or done on the spot.
    pub filed_at: Timestamp,
    /// Its class; may be empty.
    pub class: String,
    /// Whether a worker found it, rather than a resident told it.
    pub is_found: bool,
    /// The household or place it is about, if it names one.
    pub subject: Option<RecordId>,
    /// Who reported it.
    pub reporter: Option<PersonId>,
    /// It is an emergency.
    pub is_emergency: bool,
    /// When it was first given to a unit.
    pub assigned_at: Option<Timestamp>,
    /// When somebody first signed for it after that.
    pub signed_at: Option<Timestamp>,
    /// It waits to be given to a unit.
    pub waits_for_unit: bool,
    /// When it is due; `None` while the clock stands.
    pub due_at: Option<Timestamp>,
    /// When the result was handed in; `None` while it is not, or was found wanting.
    pub ended_at: Option<Timestamp>,
    /// It is closed or in the archive.
    pub is_closed: bool,
    /// The reporter's rating, 1 to 5.
    pub rating: Option<u8>,
    /// Whether the first check found it done.
    pub first_check: Option<bool>,
    /// How often a unit sent it back.
    pub refusals: u16,
    /// How often it was opened again.
    pub reopened: u16,
    /// What checks found wanting, and with whose work.
    pub problems: Vec<CaseProblem>,
}

codes! {
    /// What was wrong with somebody's work. The texts are
    /// `assessment-problem-<code>`.
    ProblemKind {
        /// The result was checked and found wanting (核查不通过).
        CheckFailed = "check_failed",
        /// The case was opened again after it was closed (重新办理).
        Reopened = "reopened",
    }
}

/// One finding about somebody's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseProblem {
    /// The case's version by which it was found.
    pub version: u64,
    /// Who had handed in the result.
    pub person: PersonId,
    /// When it was found.
    pub at: Timestamp,
    /// What it is.
    pub kind: ProblemKind,
}

impl CaseFact {
    /// Reads an incident; `None` as long as it is not filed, and of one that is
    /// void or merged.
    pub fn of(fields: &Fields) -> Option<Self> {
        let case = Case::read(fields)?;
        if matches!(
            case.state,
            CaseState::Reported | CaseState::Void | CaseState::Merged
        ) {
            return None;
        }
        let timeline = read_timeline(fields);
        let word = |state: CaseState| state.as_str();
        let filed = timeline.iter().find(|entry| {
            entry.from == word(CaseState::Reported)
                && ![CaseState::Reported, CaseState::Void, CaseState::Merged]
                    .map(word)
                    .contains(&entry.to.as_str())
        })?;
        let assigned = timeline
            .iter()
            .find(|entry| entry.to == word(CaseState::Assigned));
        let signed = assigned.and_then(|order| {
            timeline.iter().find(|entry| {
                entry.known_verb() == Some(CaseVerb::Sign) && entry.version > order.version
            })
        });
        let mut first_check = None;
        let mut problems = Vec::new();
        // Whose result was handed in last.
        let mut done_by = None;
        for entry in &timeline {
            let problem = match entry.known_verb() {
                Some(CaseVerb::HandIn | CaseVerb::HandleOnSpot | CaseVerb::Approve) => {
                    done_by = entry.person;
                    None
                }
                Some(CaseVerb::VerifyPass) => {
                    first_check.get_or_insert(true);
                    None
                }
                Some(CaseVerb::VerifyFail) => {
                    first_check.get_or_insert(false);
                    Some(ProblemKind::CheckFailed)
                }
                Some(CaseVerb::Reopen) => Some(ProblemKind::Reopened),
                _ => None,
            };
            if let (Some(kind), Some(person)) = (problem, done_by) {
                problems.push(CaseProblem {
                    version: entry.version,
                    person,
                    at: entry.at,
                    kind,
                });
            }
        }
        let source = fields.text("source");
        let is_found = if source.is_empty() {
            // Of reports from before it was asked: those of people with an account.
            case.reporter.is_some()
        } else {
            !TOLD.contains(&source.as_str())
        };
        let id = |path: &str| fields.text(path).parse::<RecordId>().ok();
        Some(Self {
            filed_at: filed.at,
            class: fields.text("category"),
            is_found,
            subject: id("household").or_else(|| id("concerned_place")),
            reporter: case.reporter,
            is_emergency: case.alarm_levels().len() > 1,
            assigned_at: assigned.map(|entry| entry.at),
            signed_at: signed.map(|entry| entry.at),
            waits_for_unit: case.state == CaseState::Filed && case.handling != Handling::Approval,
            due_at: fields.time("case.due_at"),
            ended_at: case.clock.as_ref().and_then(|clock| clock.ended),
            is_closed: matches!(case.state, CaseState::Closed | CaseState::Archived),
            rating: case.rating,
            first_check,
            refusals: case.refusals,
            reopened: case.reopened,
            problems,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        ActorId, FieldPath, FieldValue, OrgNodeId, RecordKind,
        access::Seat,
        case::{CaseAction, CaseRequest, CaseRules, Decider, Post, Standing, act},
        document::{FieldEdit, RecordDocument},
    };

    const GRID: OrgNodeId = OrgNodeId::from_bytes([3; 16]);
    const UNIT: OrgNodeId = OrgNodeId::from_bytes([4; 16]);

    fn at(minute: i64) -> Timestamp {
        // A Monday morning, 2026-03-02 in China.
        Timestamp::from_millis(1_772_413_200_000 + minute * 60_000)
    }

    fn person(byte: u8) -> PersonId {
        PersonId::from_bytes([byte; 16])
    }

    fn reported(source: &str) -> RecordDocument {
        let mut document = RecordDocument::new(RecordKind::Incident);
        let set = |path: &str, text: &str| {
            FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
        };
        let edits = [
            set("title", "路灯不亮"),
            set("category", "4006"),
            set("source", source),
            set("household", &RecordId::from_bytes([40; 16]).to_string()),
        ];
        let phone = ActorId::from_bytes([7; 16]);
        document.edit(&edits, phone, at(0)).unwrap();
        let case = [
            set("case.number", "SJ1"),
            set("case.state", "reported"),
            set("case.reporter", &person(9).to_string()),
        ];
        let server = ActorId::from_bytes([1; 16]);
        document.edit_as_server(&case, server, at(0)).unwrap();
        document
    }

    /// The desk (8) does this; or the unit's person (9 and above).
    fn decide(document: &mut RecordDocument, who: u8, minute: i64, action: CaseAction) {
        let posts = if who == 8 {
            [Seat::GridWorker, Seat::Community, Seat::County]
                .map(|seat| Post { node: GRID, seat })
                .to_vec()
        } else {
            vec![Post {
                node: UNIT,
                seat: Seat::Department,
            }]
        };
        let standing = Standing {
            person: person(who),
            name: "某".to_owned(),
            posts,
        };
        let rules = CaseRules::default();
        let units = BTreeMap::from([(UNIT, "执法队".to_owned())]);
        let incidents = BTreeSet::new();
        let decider = Decider {
            incident: RecordId::from_bytes([1; 16]),
            place: &[GRID],
            rules: &rules,
            units: &units,
            incidents: &incidents,
            people: &BTreeMap::new(),
            at: at(minute),
            server: ActorId::from_bytes([1; 16]),
        };
        let request = CaseRequest {
            action,
            seen_version: None,
        };
        let fields = document.read();
        let case = Case::read(&fields).unwrap();
        let requester = standing.requester(&case, &[GRID]);
        let who = Some((standing.person, standing.name.as_str()));
        let edits = act(&fields, &request, &requester, who, &decider).unwrap();
        document
            .edit_as_server(&edits, decider.server, at(minute))
            .unwrap();
    }

    #[test]
    fn a_case_that_came_back_twice_tells_when_and_whose_work_it_was() {
        let text = || "说明".to_owned();
        let mut document = reported("patrol");
        assert_eq!(CaseFact::of(&document.read()), None, "not filed");
        decide(&mut document, 8, 10, CaseAction::File);
        let fact = CaseFact::of(&document.read()).unwrap();
        assert_eq!((fact.filed_at, fact.waits_for_unit), (at(10), true));
        assert_eq!(fact.class, "4006");
        assert!(fact.is_found && fact.due_at.is_some());
        assert_eq!(fact.subject, Some(RecordId::from_bytes([40; 16])));
        decide(&mut document, 8, 20, CaseAction::Assign { unit: UNIT });
        decide(&mut document, 9, 30, CaseAction::Refuse { reason: text() });
        decide(&mut document, 8, 35, CaseAction::Assign { unit: UNIT });
        decide(&mut document, 9, 45, CaseAction::Sign);
        decide(&mut document, 9, 60, CaseAction::HandIn { result: text() });
        decide(
            &mut document,
            8,
            70,
            CaseAction::VerifyFail { reason: text() },
        );
        decide(&mut document, 10, 80, CaseAction::HandIn { result: text() });
        decide(&mut document, 8, 90, CaseAction::VerifyPass);
        decide(&mut document, 8, 95, CaseAction::Feedback { text: text() });
        let fact = CaseFact::of(&document.read()).unwrap();
        assert_eq!(
            (fact.assigned_at, fact.signed_at),
            (Some(at(20)), Some(at(45)))
        );
        assert_eq!((fact.refusals, fact.first_check), (1, Some(false)));
        assert!(fact.is_closed && !fact.waits_for_unit);
        assert_eq!(fact.ended_at, Some(at(80)));
        decide(&mut document, 8, 99, CaseAction::Reopen { reason: text() });
        let fact = CaseFact::of(&document.read()).unwrap();
        assert_eq!(
            (fact.is_closed, fact.reopened, fact.ended_at),
            (false, 1, None)
        );
        let problems = fact.problems.iter();
        let problems: Vec<_> = problems.map(|one| (one.person, one.at, one.kind)).collect();
        assert_eq!(
            problems,
            [
                (person(9), at(70), ProblemKind::CheckFailed),
                (person(10), at(99), ProblemKind::Reopened)
            ]
        );
    }

    #[test]
    fn void_and_merged_ones_are_no_facts_and_residents_tell() {
        let mut document = reported("hotline");
        decide(&mut document, 8, 1, CaseAction::File);
        assert!(!CaseFact::of(&document.read()).unwrap().is_found);
        let reason = "重复来电".to_owned();
        decide(&mut document, 8, 2, CaseAction::Void { reason });
        assert_eq!(CaseFact::of(&document.read()), None);
    }
}
