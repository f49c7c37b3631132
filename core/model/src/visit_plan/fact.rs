//! What a plan needs to know of a household and of a visit: read from the
//! document once, when it changes, and kept beside it by both ends, so that a
//! plan opens no document.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use crate::{CivilDay, RecordId, RecordKind, Timestamp, document::Fields};

/// Rises when facts are read from documents in another way: stored ones of a
/// lower number are read again.
pub const FACTS: i64 = 1;

/// The group of every household whose dwelling is let (租房户).
pub const TENANT: &str = "tenant";
/// The group of households with floating population (流动人口).
pub const FLOATING: &str = "floating";
/// The groups of households with somebody whose care label has a level, each
/// with the level (探访关爱: 高风险、重点、一般).
pub const CARE_LEVELS: &[(&str, &str)] = &[
    ("care_high", "high"),
    ("care_key", "key"),
    ("care_general", "general"),
];

/// A household, as far as planning goes.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct HouseholdFact {
    /// Housing estate (小区).
    #[n(0)]
    pub estate: String,
    /// Building (楼栋).
    #[n(1)]
    pub building: String,
    /// Stairwell (单元).
    #[n(2)]
    pub unit: String,
    /// Floor (层).
    #[n(3)]
    pub floor: String,
    /// Room (室).
    #[n(4)]
    pub room: String,
    /// The address in free form, where it has no parts.
    #[n(5)]
    pub detail: String,
    /// Where the door is: degrees east and north.
    #[n(6)]
    pub door: Option<Door>,
    /// Care-group labels with the days they hold.
    #[n(7)]
    pub labels: Vec<LabelSpan>,
    /// The dwelling is let.
    #[n(8)]
    pub is_tenant: bool,
    /// Somebody of the floating population lives there.
    #[n(9)]
    pub is_floating: bool,
    /// When the latest of its members moved in, if that was noted.
    #[n(10)]
    pub moved_in_on: Option<CivilDay>,
    /// When its file was begun, as the file's id tells.
    #[n(11)]
    pub filed_on: Option<CivilDay>,
    /// The visit due was handed to a colleague.
    #[n(12)]
    pub handover: Option<Handover>,
}

/// Where a household's door is, in WGS-84 degrees.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub struct Door {
    /// Degrees east.
    #[n(0)]
    pub longitude: f64,
    /// Degrees north.
    #[n(1)]
    pub latitude: f64,
}

/// A care-group label and when it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct LabelSpan {
    /// The group, see [`crate::document::schema::CARE_GROUP`].
    #[n(0)]
    pub group: String,
    /// How closely, see [`CARE_LEVELS`]; may be empty.
    #[n(1)]
    pub level: String,
    /// First day; from ever if absent.
    #[n(2)]
    pub since: Option<CivilDay>,
    /// Last day; for good if absent.
    #[n(3)]
    pub until: Option<CivilDay>,
}

/// A visit handed to a colleague: from a day on, until somebody made it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Handover {
    /// Id of the person who is to go.
    #[n(0)]
    pub to: String,
    /// Id of the person who handed it over.
    #[n(1)]
    pub by: String,
    /// Since when.
    #[n(2)]
    pub on: CivilDay,
}

/// A visit, as far as planning goes.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct VisitFact {
    /// The household visited.
    #[n(0)]
    pub household: Option<RecordId>,
    /// Kind, see [`crate::document::schema::VISIT_KIND`].
    #[n(1)]
    pub kind: String,
    /// What came of it, see [`crate::document::schema::VISIT_RESULT`].
    #[n(2)]
    pub result: String,
    /// Start by the phone's clock.
    #[n(3)]
    pub started_at: Option<Timestamp>,
    /// End by the phone's clock.
    #[n(4)]
    pub ended_at: Option<Timestamp>,
    /// The day it was entered, as its id tells.
    #[n(5)]
    pub entered_on: Option<CivilDay>,
    /// Where it was made.
    #[n(6)]
    pub place: VisitPlace,
    /// When to come again.
    #[n(7)]
    pub follow_up_on: Option<CivilDay>,
    /// Something was asked for and is not settled.
    #[n(8)]
    pub has_open_demand: bool,
    /// What was promised and is not kept yet, and what was heard and is to be
    /// settled by a day: these days.
    #[n(9)]
    pub promised_for: Vec<CivilDay>,
    /// The plan or campaign it was on; empty if none.
    #[n(10)]
    pub plan: String,
}

/// Where a visit was made, as far as judging it goes.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct VisitPlace {
    /// A position was taken.
    #[n(0)]
    pub has_point: bool,
    /// Its radius in metres, if the phone told.
    #[n(1)]
    pub accuracy_m: Option<f64>,
    /// How far from the household's door, in metres; absent if the door's place
    /// was not known.
    #[n(2)]
    pub distance_m: Option<f64>,
    /// The system said that a program makes positions up.
    #[n(3)]
    pub is_mocked: bool,
    /// A reason was stated for being far away or for having no position.
    #[n(4)]
    pub has_reason: bool,
}

impl HouseholdFact {
    /// Reads it from a household's fields.
    pub fn of(id: &RecordId, fields: &Fields) -> Self {
        let text = |path: &str| fields.text(path);
        let mut labels: Vec<LabelSpan> = fields
            .entries("labels")
            .into_iter()
            .map(|entry| LabelSpan {
                group: text(&format!("labels.{entry}.group")),
                level: text(&format!("labels.{entry}.level")),
                since: text(&format!("labels.{entry}.since")).parse().ok(),
                until: text(&format!("labels.{entry}.until")).parse().ok(),
            })
            .filter(|label| !label.group.is_empty())
            .collect();
        labels.sort();
        let lives_there = |entry: &&str| text(&format!("members.{entry}.left_on")).is_empty();
        let is_floating = fields
            .entries("members")
            .into_iter()
            .filter(lives_there)
            // 02 is the floating population, see POPULATION_KIND.
            .any(|entry| text(&format!("members.{entry}.population_kind")) == "02");
        // Whoever joined last is whom nobody may know yet.
        let moved_in_on = fields
            .entries("members")
            .into_iter()
            .filter(lives_there)
            .filter_map(|entry| text(&format!("members.{entry}.joined_on")).parse().ok())
            .max();
        let on: Option<CivilDay> = text("handover.on").parse().ok();
        let to = text("handover.to");
        Self {
            estate: text("address.estate"),
            building: text("address.building"),
            unit: text("address.unit"),
            floor: text("address.floor"),
            room: text("address.room"),
            detail: text("address.detail"),
            door: fields.point().map(|point| Door {
                longitude: point.longitude,
                latitude: point.latitude,
            }),
            labels,
            is_tenant: text("ledger") == "tenant"
                || text("dwelling.ownership") == "rented"
                || flag(fields, "dwelling.rented"),
            is_floating,
            moved_in_on,
            filed_on: id.made_at().map(CivilDay::of),
            handover: on.filter(|_| !to.is_empty()).map(|on| Handover {
                to,
                by: text("handover.by"),
                on,
            }),
        }
    }

    /// The groups the household belongs to on a day.
    pub fn groups_on(&self, day: CivilDay) -> BTreeSet<&str> {
        let holds = |label: &&LabelSpan| {
            label.since.is_none_or(|since| since <= day)
                && label.until.is_none_or(|until| until >= day)
        };
        let mut groups = BTreeSet::new();
        for label in self.labels.iter().filter(holds) {
            groups.insert(label.group.as_str());
            let level = CARE_LEVELS.iter().find(|(_, level)| *level == label.level);
            groups.extend(level.map(|(group, _)| *group));
        }
        groups.extend(self.is_tenant.then_some(TENANT));
        groups.extend(self.is_floating.then_some(FLOATING));
        groups
    }

    /// Since when the household could have been visited; `None` for ever. A
    /// member who joins later does not make the household new.
    pub fn known_on(&self) -> Option<CivilDay> {
        self.filed_on
    }
}

impl VisitFact {
    /// Reads it from a visit's fields.
    pub fn of(id: &RecordId, fields: &Fields) -> Self {
        let text = |path: &str| fields.text(path);
        let open = |collection: &str, done: &[&str]| -> Vec<CivilDay> {
            fields
                .entries(collection)
                .into_iter()
                .filter(|entry| {
                    let is_empty =
                        |name: &&str| text(&format!("{collection}.{entry}.{name}")).is_empty();
                    done.iter().all(is_empty)
                })
                .filter_map(|entry| text(&format!("{collection}.{entry}.due_on")).parse().ok())
                .collect()
        };
        let mut promised_for = open("promises", &["kept_on"]);
        promised_for.extend(open("opinions", &["done_on", "incident"]));
        promised_for.sort_unstable();
        promised_for.dedup();
        let point = fields.point();
        Self {
            household: text("household").parse().ok(),
            kind: text("kind"),
            result: text("result"),
            started_at: fields.time("started_at"),
            ended_at: fields.time("ended_at"),
            entered_on: id.made_at().map(CivilDay::of),
            place: VisitPlace {
                has_point: point.is_some(),
                accuracy_m: point.and_then(|point| point.accuracy_m),
                distance_m: fields.number("door_distance_m"),
                is_mocked: flag(fields, "point.mock"),
                has_reason: !text("distance_reason").is_empty(),
            },
            follow_up_on: text("follow_up_on").parse().ok(),
            has_open_demand: text("demands") == "recorded",
            promised_for,
            plan: text("plan"),
        }
    }

    /// The day it was made.
    pub fn day(&self) -> Option<CivilDay> {
        self.started_at.map(CivilDay::of)
    }
}

fn flag(fields: &Fields, path: &str) -> bool {
    fields.value(path).and_then(crate::FieldValue::as_flag) == Some(true)
}

/// What is kept of a record for planning.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordFact {
    /// Of a household.
    Household(Box<HouseholdFact>),
    /// Of a visit.
    Visit(Box<VisitFact>),
}

impl RecordFact {
    /// Reads it from a record's fields; incidents have none.
    pub fn of(kind: RecordKind, id: &RecordId, fields: &Fields) -> Option<Self> {
        match kind {
            RecordKind::Household => Some(Self::Household(Box::new(HouseholdFact::of(id, fields)))),
            RecordKind::Visit => Some(Self::Visit(Box::new(VisitFact::of(id, fields)))),
            RecordKind::Incident => None,
        }
    }
}
