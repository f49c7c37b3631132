//! Requests as documents hold them: what somebody asks the server to decide,
//! perhaps while offline, and what came of it.

use super::{CaseAction, CaseArguments, CaseRefusal, CaseVerb, Supervision};
use crate::{
    FieldPath, FieldValue, OrgNodeId, PersonId, RequestId, Timestamp,
    document::{FieldEdit, Fields},
};

/// The collection of requests.
pub(super) const REQUESTS: &str = "requests";
/// The collection of their outcomes, under the same ids.
pub(super) const OUTCOMES: &str = "outcomes";

/// A request in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledRequest {
    /// Its entry, as its author named it.
    pub id: String,
    /// The verb, as written; a newer phone may know more.
    pub verb: String,
    /// What it carries.
    pub arguments: CaseArguments,
    /// The case's version its author saw.
    pub seen_version: Option<u64>,
    /// When it was made, as the phone's clock says.
    pub asked_at: Option<Timestamp>,
    /// What came of it; `None`: it is pending.
    pub outcome: Option<Outcome>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it was done.
    pub is_accepted: bool,
    /// Why not: code of [`CaseRefusal`]; empty if it was.
    pub code: String,
    /// The number that the reason names, if it names one.
    pub limit: Option<i64>,
    /// The case's version after it: of a refused one that which stood in its
    /// way.
    pub version: u64,
    /// Who asked, as the server knows.
    pub person: Option<PersonId>,
    /// When it was decided.
    pub at: Timestamp,
}

impl FiledRequest {
    /// What is asked for, or what it lacks.
    pub fn action(&self) -> Result<CaseAction, CaseRefusal> {
        let verb = CaseVerb::parse(&self.verb).ok_or(CaseRefusal::UnknownVerb)?;
        self.arguments.action(verb)
    }
}

/// The edits that file a request. They are one change of their own or part of
/// the report's; nobody edits them later.
pub fn file_request(
    id: RequestId,
    action: &CaseAction,
    seen_version: Option<u64>,
    at: Timestamp,
) -> Vec<FieldEdit> {
    let arguments = CaseArguments::of(action);
    let mut edits = Vec::new();
    let mut set = |field: &str, value: Option<FieldValue>| {
        edits.extend(
            value.map(|value| FieldEdit::set(FieldPath::entry(REQUESTS, &id, field), value)),
        );
    };
    set("verb", Some(FieldValue::text(action.verb().as_str())));
    set(
        "unit",
        arguments
            .unit
            .map(|unit| FieldValue::text(unit.to_string())),
    );
    let units: Vec<String> = arguments.units.iter().map(ToString::to_string).collect();
    set(
        "units",
        (!units.is_empty()).then(|| FieldValue::Text(units.join(","))),
    );
    set(
        "into",
        arguments
            .into
            .map(|into| FieldValue::text(into.to_string())),
    );
    set(
        "person",
        arguments
            .person
            .map(|person| FieldValue::text(person.to_string())),
    );
    let text = arguments.text;
    set("text", (!text.is_empty()).then_some(FieldValue::Text(text)));
    set("days", arguments.days.map(FieldValue::Integer));
    set("stars", arguments.stars.map(FieldValue::Integer));
    set(
        "card",
        arguments.card.map(|card| FieldValue::text(card.as_str())),
    );
    set("is_agreed", arguments.is_agreed.map(FieldValue::Flag));
    let seen = seen_version.and_then(|version| i64::try_from(version).ok());
    set("seen_version", seen.map(FieldValue::Integer));
    set("asked_at", Some(FieldValue::Time(at)));
    edits
}

/// Every request in a record, by id: as they were made, each phone's in its
/// own order.
pub fn filed_requests(fields: &Fields) -> Vec<FiledRequest> {
    fields
        .entries(REQUESTS)
        .into_iter()
        .map(|id| read(fields, id))
        .collect()
}

fn read(fields: &Fields, id: &str) -> FiledRequest {
    let at = |field: &str| format!("{REQUESTS}.{id}.{field}");
    let text = |field: &str| fields.text(&at(field));
    FiledRequest {
        id: id.to_owned(),
        verb: text("verb"),
        arguments: CaseArguments {
            unit: text("unit").parse().ok(),
            units: text("units")
                .split(',')
                .filter_map(|unit| unit.parse::<OrgNodeId>().ok())
                .collect(),
            into: text("into").parse().ok(),
            person: text("person").parse().ok(),
            text: text("text"),
            days: fields.integer(&at("days")),
            stars: fields.integer(&at("stars")),
            card: Supervision::parse(&text("card")),
            is_agreed: fields.flag(&at("is_agreed")),
        },
        seen_version: fields
            .integer(&at("seen_version"))
            .and_then(|version| u64::try_from(version).ok()),
        asked_at: fields.time(&at("asked_at")),
        outcome: Outcome::read(fields, id),
    }
}

impl Outcome {
    fn read(fields: &Fields, id: &str) -> Option<Self> {
        let at = |field: &str| format!("{OUTCOMES}.{id}.{field}");
        let version = fields.integer(&at("version")).unwrap_or(0);
        Some(Self {
            is_accepted: fields.flag(&at("is_accepted"))?,
            code: fields.text(&at("code")),
            limit: fields.integer(&at("limit")),
            version: u64::try_from(version).unwrap_or(0),
            person: fields.text(&at("person")).parse().ok(),
            at: fields.time(&at("at"))?,
        })
    }

    pub(super) fn edits(&self, id: &str) -> Vec<FieldEdit> {
        let mut edits = Vec::new();
        let mut set = |field: &str, value: Option<FieldValue>| {
            edits.extend(
                value.map(|value| FieldEdit::set(FieldPath::entry(OUTCOMES, &id, field), value)),
            );
        };
        set("is_accepted", Some(FieldValue::Flag(self.is_accepted)));
        set(
            "code",
            (!self.code.is_empty()).then(|| FieldValue::text(&self.code)),
        );
        set("limit", self.limit.map(FieldValue::Integer));
        let version = i64::try_from(self.version).unwrap_or(i64::MAX);
        set("version", Some(FieldValue::Integer(version)));
        set(
            "person",
            self.person
                .map(|person| FieldValue::text(person.to_string())),
        );
        set("at", Some(FieldValue::Time(self.at)));
        edits
    }
}
