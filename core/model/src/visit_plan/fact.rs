//! What a plan needs to know of a household and of a visit: read from the
//! document once, when it changes, and kept beside it by both ends, so that a
//! plan opens no document.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use crate::{
    CivilDay, RecordId, RecordKind, Timestamp,
    document::Fields,
    hazard::Hazard,
    household::{Address, Household, LedgerKind},
    place::Place,
    visit::Visit,
};

/// Rises when facts are read from documents in another way: stored ones of a
/// lower number are read again.
pub const FACTS: i64 = 3;

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

/// A household, as far as planning goes; or a place at which a hazard is to be
/// looked at again.
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
    /// Hazards to be looked at again.
    #[n(13)]
    #[cbor(default)]
    pub rechecks: Vec<RecheckDue>,
    /// It is a place: nothing but its hazards asks for a visit.
    #[n(14)]
    #[cbor(default)]
    pub is_place: bool,
}

/// A hazard that somebody is to look at again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct RecheckDue {
    /// From this day on.
    #[n(0)]
    pub due_on: CivilDay,
    /// Its entry in `hazards`.
    #[n(1)]
    pub hazard: String,
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
    /// Id of the person who made it; empty if it does not say.
    #[n(11)]
    pub visitor: String,
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
        let household = Household::of(fields);
        let is_tenant = household.ledger_kind() == Some(LedgerKind::Tenant);
        let present = || household.members.values().filter(|one| one.is_present());
        let mut labels: Vec<LabelSpan> = household
            .labels
            .values()
            .filter(|label| !label.group.is_empty())
            .map(|label| LabelSpan {
                group: label.group.clone(),
                level: label.level.clone(),
                since: label.since.parse().ok(),
                until: label.until.parse().ok(),
            })
            .collect();
        labels.sort();
        let handover = household.handover.on.parse().ok();
        let Address {
            estate,
            building,
            unit,
            floor,
            room,
            detail,
            standard_key: _,
        } = household.address.clone();
        Self {
            estate,
            building,
            unit,
            floor,
            room,
            detail,
            door: household.point.map(|point| Door {
                longitude: point.longitude,
                latitude: point.latitude,
            }),
            labels,
            is_tenant,
            // 02 is the floating population, see POPULATION_KIND.
            is_floating: present().any(|member| member.population_kind == "02"),
            // Whoever joined last is whom nobody may know yet.
            moved_in_on: present()
                .filter_map(|member| member.joined_on.parse().ok())
                .max(),
            filed_on: id.made_at().map(CivilDay::of),
            handover: handover
                .filter(|_| !household.handover.to.is_empty())
                .map(|on| Handover {
                    to: household.handover.to.clone(),
                    by: household.handover.by.clone(),
                    on,
                }),
            rechecks: rechecks(&household.hazards),
            is_place: false,
        }
    }

    /// Reads it from a place's fields; `None` if nothing is to be looked at.
    pub fn of_place(fields: &Fields) -> Option<Self> {
        let place = Place::of(fields);
        let rechecks = rechecks(&place.hazards);
        let Address {
            estate,
            building,
            unit,
            floor,
            room,
            detail,
            standard_key: _,
        } = place.address;
        (!rechecks.is_empty()).then(|| Self {
            estate,
            building,
            unit,
            floor,
            room,
            detail,
            door: place.point.map(|point| Door {
                longitude: point.longitude,
                latitude: point.latitude,
            }),
            rechecks,
            is_place: true,
            ..Self::default()
        })
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

/// The hazards to be looked at again, earliest first.
fn rechecks(hazards: &BTreeMap<String, Hazard>) -> Vec<RecheckDue> {
    let due = hazards.iter().filter_map(|(id, hazard)| {
        Some(RecheckDue {
            due_on: hazard.recheck_due_on()?,
            hazard: id.clone(),
        })
    });
    let mut due: Vec<RecheckDue> = due.collect();
    due.sort();
    due
}

impl VisitFact {
    /// Reads it from a visit's fields.
    pub fn of(id: &RecordId, fields: &Fields) -> Self {
        let visit = Visit::of(fields);
        let promises = visit
            .promises
            .values()
            .filter(|promise| promise.kept_on.is_empty())
            .map(|promise| &promise.due_on);
        let opinions = visit
            .opinions
            .values()
            .filter(|opinion| opinion.done_on.is_empty() && opinion.incident.is_none())
            .map(|opinion| &opinion.due_on);
        let mut promised_for: Vec<CivilDay> = promises
            .chain(opinions)
            .filter_map(|due_on| due_on.parse().ok())
            .collect();
        promised_for.sort_unstable();
        promised_for.dedup();
        Self {
            household: visit.household,
            kind: visit.kind,
            result: visit.result,
            started_at: visit.started_at,
            ended_at: visit.ended_at,
            entered_on: id.made_at().map(CivilDay::of),
            place: VisitPlace {
                has_point: visit.point.is_some(),
                accuracy_m: visit.point.and_then(|point| point.accuracy_m),
                distance_m: visit.door_distance_m,
                is_mocked: visit.is_mocked,
                has_reason: !visit.distance_reason.is_empty(),
            },
            follow_up_on: visit.follow_up_on.parse().ok(),
            has_open_demand: visit.demands == "recorded",
            promised_for,
            plan: visit.plan,
            visitor: visit.visitor,
        }
    }

    /// The day it was made.
    pub fn day(&self) -> Option<CivilDay> {
        self.started_at.map(CivilDay::of)
    }
}

/// What is kept of a record for planning.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordFact {
    /// Of a household, or of a place with a hazard to be looked at again.
    Household(Box<HouseholdFact>),
    /// Of a visit.
    Visit(Box<VisitFact>),
}

impl RecordFact {
    /// Reads it from a record's fields; incidents have none, nor have places
    /// where nothing is to be looked at again.
    pub fn of(kind: RecordKind, id: &RecordId, fields: &Fields) -> Option<Self> {
        match kind {
            RecordKind::Household => Some(Self::Household(Box::new(HouseholdFact::of(id, fields)))),
            RecordKind::Visit => Some(Self::Visit(Box::new(VisitFact::of(id, fields)))),
            RecordKind::Place => {
                let fact = HouseholdFact::of_place(fields)?;
                Some(Self::Household(Box::new(fact)))
            }
            RecordKind::Incident => None,
        }
    }
}
