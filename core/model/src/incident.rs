//! A reported incident (事件上报), read from its document: what people wrote,
//! and the case that only the server writes.

use std::collections::BTreeMap;

use crate::{
    RecordId, Timestamp,
    case::{FiledRequest, TimelineEntry, filed_requests, read_timeline},
    document::RecordDocument,
    summary::case_state,
};

/// One incident as it stands. Empty text means: not recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Incident {
    /// Class code of the incident.
    pub category: String,
    /// Urgency, see [`crate::document::schema::URGENCY`].
    pub urgency: String,
    /// Handling kind, see [`crate::document::schema::HANDLING`].
    pub handling: String,
    /// How the report came about, see [`crate::document::schema::SOURCE`].
    pub source: String,
    /// The visit that led to it, if one did.
    pub visit: Option<RecordId>,
    /// One line.
    pub title: String,
    /// What happened; two people may write at once.
    pub description: String,
    /// The household it concerns, if any.
    pub household: Option<RecordId>,
    /// The place it concerns, if any.
    pub concerned_place: Option<RecordId>,
    /// Id of the hazard it is about, in the file of that household or place;
    /// empty if none.
    pub hazard: String,
    /// Where, in words.
    pub place: String,
    /// Where, WGS-84.
    pub point: Option<crate::coordinate::Point>,
    /// When.
    pub occurred_at: Option<Timestamp>,
    /// People concerned, by id.
    pub parties: BTreeMap<String, Party>,
    /// The server's part.
    pub case: Case,
}

/// A person concerned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// Name.
    pub name: String,
    /// Phone number.
    pub phone: String,
}

/// What the server decided; empty until the report reached it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Case {
    /// The case number.
    pub number: String,
    /// Code of [`crate::case::CaseState`].
    pub state: String,
    /// When the report reached the server.
    pub received_at: Option<Timestamp>,
    /// When it must be done, see [`crate::case::CaseSummary::due_at`].
    pub due_at: Option<Timestamp>,
    /// Everything that was decided, as the machine has it; `None` until the
    /// report reached the server.
    pub decided: Option<crate::case::Case>,
    /// Each decision, oldest first.
    pub timeline: Vec<TimelineEntry>,
    /// What was asked for from phones, with its outcome once there is one.
    pub requests: Vec<FiledRequest>,
}

impl Incident {
    /// Reads the whole record.
    pub fn read(document: &RecordDocument) -> Self {
        let fields = document.read();
        let text = |path: &str| fields.text(path);
        Self {
            category: text("category"),
            urgency: text("urgency"),
            handling: text("handling"),
            source: text("source"),
            visit: text("visit").parse().ok(),
            title: text("title"),
            description: text("description"),
            household: text("household").parse().ok(),
            concerned_place: text("concerned_place").parse().ok(),
            hazard: text("hazard"),
            place: text("place"),
            point: fields.point(),
            occurred_at: fields.time("occurred_at"),
            parties: fields
                .entries("parties")
                .into_iter()
                .map(|id| {
                    let party = Party {
                        name: text(&format!("parties.{id}.name")),
                        phone: text(&format!("parties.{id}.phone")),
                    };
                    (id.to_owned(), party)
                })
                .collect(),
            case: Case {
                number: text("case.number"),
                state: case_state(&fields),
                received_at: fields.time("case.received_at"),
                due_at: fields.time("case.due_at"),
                decided: crate::case::Case::read(&fields),
                timeline: read_timeline(&fields),
                requests: filed_requests(&fields),
            },
        }
    }
}
