//! The case in a document: one field for each part, written by the server
//! alone.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{
    Case, CaseClock, CaseLevel, CaseState, DelayRequest, Handling, Joint, JointState, Supervision,
    Urgency,
    request::filed_requests,
    timeline::{approvals, read_timeline},
};
use crate::{
    FieldPath, FieldValue, OrgNodeId, PersonId, RecordId, Timestamp,
    deadline::{ClockStop, Light, Limit},
    document::{FieldEdit, Fields},
    working_day::WorkingCalendar,
};

/// The collection of units that were whistled for.
const JOINT: &str = "joint";

/// What a list shows of a case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, Serialize, Deserialize)]
pub struct CaseSummary {
    /// Code of the level whose desk is responsible.
    #[n(0)]
    pub level: String,
    /// The unit that has it.
    #[n(1)]
    pub unit: Option<OrgNodeId>,
    /// Who signed for it.
    #[n(2)]
    pub handler: Option<PersonId>,
    /// Who reported it.
    #[n(3)]
    pub reporter: Option<PersonId>,
    /// When it must be done; `None` before it was filed, while the clock stands
    /// and where the calendar does not know.
    #[n(4)]
    pub due_at: Option<Timestamp>,
    /// From when on at most a fifth of the time is left.
    #[n(5)]
    pub warn_at: Option<Timestamp>,
    /// When the result was handed in; the light stays as it was then.
    #[n(6)]
    pub ended_at: Option<Timestamp>,
    /// Code of the card that was shown; may be empty.
    #[n(7)]
    pub supervision: String,
    /// Why there is no due time: code of a calendar error; may be empty.
    #[n(8)]
    pub due_problem: String,
    /// Whether it must alarm every level's desk.
    #[n(9)]
    pub is_emergency: bool,
    /// Requests without an outcome.
    #[n(10)]
    pub open_requests: u32,
    /// The case's version.
    #[n(11)]
    pub version: u64,
    /// How often the server acted by itself since the clock runs.
    #[n(12)]
    pub signals: u32,
    /// Units that were whistled for and are not done.
    #[n(13)]
    pub joint: Vec<OrgNodeId>,
    /// The incident it is a duplicate of.
    #[n(14)]
    pub merged_into: Option<RecordId>,
    /// Of papers that are approved level by level: which levels did, a bit each
    /// (community 1, street 2, county 4). `None`: no papers.
    #[n(15)]
    pub approved: Option<u8>,
    /// Who was asked first (首问责任人).
    #[n(16)]
    pub first_asked: Option<PersonId>,
    /// When the reporter was told and it was closed (销号).
    #[n(17)]
    pub closed_at: Option<Timestamp>,
}

impl CaseSummary {
    /// What a list shows of an incident with these fields; `None` if nothing
    /// was decided or asked for, and nobody is known to have reported it.
    pub(crate) fn of(fields: &Fields) -> Option<Self> {
        let pending = filed_requests(fields)
            .iter()
            .filter(|request| request.outcome.is_none())
            .count();
        let open_requests = u32::try_from(pending).unwrap_or(u32::MAX);
        let case = Case::read(fields);
        // A report from before anything beside its number was kept.
        let is_bare = |case: &Case| case.version == 0 && case.first_asked.is_none();
        let Some(case) = case.filter(|case| !is_bare(case) || pending > 0) else {
            return (pending > 0).then(|| Self {
                open_requests,
                ..Self::default()
            });
        };
        let due_at = fields.time("case.due_at");
        let clock = case.clock.as_ref();
        let warn_at = due_at.zip(clock).map(|(due, clock)| {
            let whole = due.as_millis().saturating_sub(clock.started.as_millis());
            due.plus_millis(-(whole / 5))
        });
        Some(Self {
            level: case.level.as_str().to_owned(),
            unit: case.unit,
            handler: case.handler,
            reporter: case.reporter,
            first_asked: case.first_asked,
            closed_at: case.closed_at,
            due_at,
            warn_at,
            ended_at: clock.and_then(|clock| clock.ended),
            supervision: case
                .supervision
                .map(|card| card.as_str().to_owned())
                .unwrap_or_default(),
            due_problem: fields.text("case.due_problem"),
            is_emergency: case.alarm_levels().len() > 1,
            open_requests,
            version: case.version,
            signals: count_signals(fields, clock),
            joint: case
                .joint
                .iter()
                .filter(|(_, joint)| joint.is_open())
                .map(|(unit, _)| *unit)
                .collect(),
            merged_into: case.merged_into,
            approved: (case.handling == Handling::Approval).then(|| {
                let levels = approvals(&read_timeline(fields));
                levels.keys().fold(0, |bits, level| bits | level.bit())
            }),
        })
    }

    /// The code of the level whose desk has it: the community's until it went up.
    pub fn level(&self) -> &str {
        if self.level.is_empty() {
            CaseLevel::Community.as_str()
        } else {
            &self.level
        }
    }

    /// When the clockwork has to look at it next: as a fifth of the time is
    /// left, when it is due, and a day later. `None`: not at all.
    pub fn next_signal_at(&self) -> Option<Timestamp> {
        let due = self.due_at.filter(|_| self.ended_at.is_none())?;
        match self.signals {
            0 => self.warn_at,
            1 => Some(due.plus_millis(1)),
            2 => Some(due.plus_days(1)),
            _ => None,
        }
    }

    /// How it stands at `now`; `None` without a due time.
    pub fn light(&self, now: Timestamp) -> Option<Light> {
        let (due, warn) = self.due_at.zip(self.warn_at)?;
        let at = self.ended_at.unwrap_or(now);
        Some(if at > due {
            Light::Red
        } else if at >= warn {
            Light::Yellow
        } else {
            Light::Green
        })
    }
}

/// Decisions that nobody asked for, since the clock runs.
fn count_signals(fields: &Fields, clock: Option<&CaseClock>) -> u32 {
    let since = clock.map(|clock| clock.started);
    let own = read_timeline(fields)
        .into_iter()
        .filter(|entry| entry.person.is_none() && since.is_some_and(|since| entry.at > since))
        .count();
    u32::try_from(own).unwrap_or(u32::MAX)
}

/// `2d` or `2h`.
fn limit_text(limit: Limit) -> String {
    match limit {
        Limit::WorkingDays(days) => format!("{days}d"),
        Limit::Hours(hours) => format!("{hours}h"),
    }
}

fn parse_limit(text: &str) -> Option<Limit> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number = number.parse().ok()?;
    match unit {
        "d" => Some(Limit::WorkingDays(number)),
        "h" => Some(Limit::Hours(number)),
        _ => None,
    }
}

/// `from-until` in milliseconds, joined by commas; no end: it still stands.
fn stops_text(stops: &[ClockStop]) -> String {
    let one = |stop: &ClockStop| {
        let until = stop.until.map(|until| until.as_millis().to_string());
        format!("{}-{}", stop.from.as_millis(), until.unwrap_or_default())
    };
    stops.iter().map(one).collect::<Vec<_>>().join(",")
}

fn parse_stops(text: &str) -> Vec<ClockStop> {
    text.split(',')
        .filter_map(|stop| {
            let (from, until) = stop.split_once('-')?;
            Some(ClockStop {
                from: Timestamp::from_millis(from.parse().ok()?),
                until: until.parse().ok().map(Timestamp::from_millis),
            })
        })
        .collect()
}

fn number<T: TryFrom<i64> + Default>(fields: &Fields, path: &str) -> T {
    fields
        .integer(path)
        .and_then(|number| T::try_from(number).ok())
        .unwrap_or_default()
}

impl Case {
    /// The case of an incident with these fields; `None` until the report
    /// reached the server. What people wrote counts until the first decision.
    pub fn read(fields: &Fields) -> Option<Self> {
        if fields.text("case.number").is_empty() {
            return None;
        }
        let text = |path: &str| fields.text(path);
        let either = |path: &str| {
            let decided = text(&format!("case.{path}"));
            if decided.is_empty() {
                text(path)
            } else {
                decided
            }
        };
        let id = |path: &str| text(path).parse::<PersonId>().ok();
        let clock = parse_limit(&text("case.limit"))
            .zip(fields.time("case.started_at"))
            .map(|(limit, started)| CaseClock {
                limit,
                started,
                stops: parse_stops(&text("case.stops")),
                extra_days: number(fields, "case.extra_days"),
                ended: fields.time("case.ended_at"),
            });
        let delay_days: u16 = number(fields, "case.delay_days");
        let rating: u8 = number(fields, "case.rating");
        Some(Self {
            state: CaseState::parse(&text("case.stage")).unwrap_or(CaseState::Reported),
            level: CaseLevel::parse(&text("case.level")).unwrap_or(CaseLevel::Community),
            handling: Handling::parse(&either("handling")).unwrap_or(Handling::Coordinated),
            urgency: match Urgency::parse(&text("case.urgency")) {
                Some(decided) => decided,
                None => Urgency::reported(&text("category"), &text("urgency")),
            },
            reporter: id("case.reporter"),
            first_asked: id("case.first_asked").or_else(|| id("case.reporter")),
            unit: text("case.unit").parse().ok(),
            handler: id("case.handler"),
            first_handler: id("case.first_handler"),
            joint: read_joint(fields),
            clock,
            delay: (delay_days > 0).then(|| DelayRequest {
                days: delay_days,
                reason: text("case.delay_reason"),
            }),
            supervision: Supervision::parse(&text("case.supervision")),
            rating: (rating > 0).then_some(rating),
            merged_into: text("case.merged_into").parse().ok(),
            before_merge: CaseState::parse(&text("case.before_merge")),
            refusals: number(fields, "case.refusals"),
            is_arbitrated: fields.flag("case.arbitrated").unwrap_or(false),
            reopened: number(fields, "case.reopened"),
            closed_at: fields.time("case.closed_at"),
            version: number(fields, "case.version"),
        })
    }

    /// The fields that hold the case, those that are empty cleared. What a
    /// document shows already is not written again.
    pub fn edits(&self, calendar: &WorkingCalendar, at: Timestamp) -> Vec<FieldEdit> {
        let mut edits = Vec::new();
        let mut set = |field: &str, value: Option<FieldValue>| {
            if let Ok(path) = FieldPath::new(format!("case.{field}")) {
                edits.push(FieldEdit { path, value });
            }
        };
        let word = |code: &str| Some(FieldValue::text(code));
        let person = |person: Option<PersonId>| person.map(|id| FieldValue::text(id.to_string()));
        let count = |count: u16| (count > 0).then(|| FieldValue::Integer(i64::from(count)));
        set("stage", word(self.state.as_str()));
        set("level", word(self.level.as_str()));
        set("handling", word(self.handling.as_str()));
        set("urgency", word(self.urgency.as_str()));
        set("reporter", person(self.reporter));
        // Who reported it was asked first, unless something else is known.
        let first_asked = self
            .first_asked
            .filter(|_| self.first_asked != self.reporter);
        set("first_asked", person(first_asked));
        set(
            "unit",
            self.unit.map(|unit| FieldValue::text(unit.to_string())),
        );
        set("handler", person(self.handler));
        set("first_handler", person(self.first_handler));
        let clock = self.clock.as_ref();
        set(
            "limit",
            clock.map(|clock| FieldValue::Text(limit_text(clock.limit))),
        );
        set(
            "started_at",
            clock.map(|clock| FieldValue::Time(clock.started)),
        );
        let stops = clock
            .map(|clock| stops_text(&clock.stops))
            .unwrap_or_default();
        set(
            "stops",
            (!stops.is_empty()).then_some(FieldValue::Text(stops)),
        );
        set(
            "extra_days",
            clock.and_then(|clock| count(clock.extra_days)),
        );
        set(
            "ended_at",
            clock.and_then(|clock| clock.ended).map(FieldValue::Time),
        );
        let (due, problem) = match clock {
            Some(clock) if !clock.is_stopped() => match clock.due_at(at, calendar) {
                Ok(due) => (Some(due), None),
                Err(error) => (None, word(error.code())),
            },
            _ => (None, None),
        };
        set("due_at", due.map(FieldValue::Time));
        set("due_problem", problem);
        let delay = self.delay.as_ref();
        set("delay_days", delay.and_then(|delay| count(delay.days)));
        set(
            "delay_reason",
            delay.map(|delay| FieldValue::text(&delay.reason)),
        );
        set(
            "supervision",
            self.supervision.and_then(|card| word(card.as_str())),
        );
        set(
            "rating",
            self.rating
                .map(|stars| FieldValue::Integer(i64::from(stars))),
        );
        set(
            "merged_into",
            self.merged_into.map(|id| FieldValue::text(id.to_string())),
        );
        set(
            "before_merge",
            self.before_merge.and_then(|state| word(state.as_str())),
        );
        set("refusals", count(self.refusals));
        set(
            "arbitrated",
            self.is_arbitrated.then_some(FieldValue::Flag(true)),
        );
        set("reopened", count(self.reopened));
        set("closed_at", self.closed_at.map(FieldValue::Time));
        let version = i64::try_from(self.version).unwrap_or(i64::MAX);
        set("version", Some(FieldValue::Integer(version)));
        for (unit, joint) in &self.joint {
            edits.extend(joint_edits(unit, joint));
        }
        edits
    }
}

fn read_joint(fields: &Fields) -> BTreeMap<OrgNodeId, Joint> {
    fields
        .entries(JOINT)
        .into_iter()
        .filter_map(|unit| {
            let at = |field: &str| format!("{JOINT}.{unit}.{field}");
            let stars: u8 = number(fields, &at("stars"));
            let joint = Joint {
                state: JointState::parse(&fields.text(&at("state")))?,
                asked_by: fields.text(&at("asked_by")).parse().ok()?,
                arrived_at: fields.time(&at("arrived_at")),
                result: Some(fields.text(&at("result"))).filter(|text| !text.is_empty()),
                stars: (stars > 0).then_some(stars),
            };
            Some((unit.parse().ok()?, joint))
        })
        .collect()
}

fn joint_edits(unit: &OrgNodeId, joint: &Joint) -> Vec<FieldEdit> {
    let edit = |field: &str, value: Option<FieldValue>| FieldEdit {
        path: FieldPath::entry(JOINT, unit, field),
        value,
    };
    vec![
        edit("state", Some(FieldValue::text(joint.state.as_str()))),
        edit(
            "asked_by",
            Some(FieldValue::text(joint.asked_by.to_string())),
        ),
        edit("arrived_at", joint.arrived_at.map(FieldValue::Time)),
        edit("result", joint.result.clone().map(FieldValue::Text)),
        edit(
            "stars",
            joint
                .stars
                .map(|stars| FieldValue::Integer(i64::from(stars))),
        ),
    ]
}
