//! The tables: every field of every kind of record, in the order of a form.

use super::{
    FieldOwner, FieldSpec, FieldType,
    choices::{
        BUILDING_USE, CARE_GROUP, CARE_LEVEL, CASE_STATE, DEMANDS, GUARDIAN_RELATION, HANDLING,
        HAZARD, ILLEGAL_LETTING, LEDGER, LINK_KIND, OPINION_CATEGORY, OPINION_HANDLING, OWNERSHIP,
        PERMIT_KIND, PLACE_HAZARD, PLACE_KIND, PLACE_STATE, POPULATION_KIND, RECHECK, RELATION,
        RENTING_USE, SEX, SOURCE, STRUCTURE, URGENCY, VISIT_FORM, VISIT_KIND, VISIT_RESULT,
    },
};
use crate::{RecordKind, masking::MaskingKind};

const fn field(path: &'static str, kind: FieldType) -> FieldSpec {
    FieldSpec {
        path,
        kind,
        masking: None,
        owner: FieldOwner::People,
    }
}

const fn masked(path: &'static str, kind: FieldType, masking: MaskingKind) -> FieldSpec {
    FieldSpec {
        path,
        kind,
        masking: Some(masking),
        owner: FieldOwner::People,
    }
}

const fn authority(path: &'static str, kind: FieldType) -> FieldSpec {
    FieldSpec {
        path,
        kind,
        masking: None,
        owner: FieldOwner::Server,
    }
}

const fn request(path: &'static str, kind: FieldType) -> FieldSpec {
    FieldSpec {
        path,
        kind,
        masking: None,
        owner: FieldOwner::Requester,
    }
}

/// An id of a person, place or record.
const ID: FieldType = FieldType::Line(36);
/// A code of the machine. No choice: a code that a later build adds must not
/// be refused by phones of this one.
const WORD: FieldType = FieldType::Line(32);
/// Counts and numbers of a request. What makes sense the machine says, with a
/// reason its author can read.
const COUNT: FieldType = FieldType::Integer(-1_000_000_000, 1_000_000_000);

const HOUSEHOLD: &[FieldSpec] = &[
    field("address.estate", FieldType::Line(60)),
    field("address.building", FieldType::Line(30)),
    field("address.unit", FieldType::Line(30)),
    field("address.floor", FieldType::Line(10)),
    field("address.room", FieldType::Line(30)),
    masked("address.detail", FieldType::Line(160), MaskingKind::Address),
    field("address.standard_key", FieldType::Code(60)),
    field("dwelling.use", FieldType::Choice(BUILDING_USE)),
    field("dwelling.structure", FieldType::Choice(STRUCTURE)),
    field("dwelling.area_m2", FieldType::Number(0, 100_000)),
    field("dwelling.ownership", FieldType::Choice(OWNERSHIP)),
    masked(
        "dwelling.owner_name",
        FieldType::Line(50),
        MaskingKind::Name,
    ),
    masked(
        "dwelling.owner_phone",
        FieldType::PhoneNumber,
        MaskingKind::Mobile,
    ),
    field("dwelling.rented", FieldType::Flag),
    field("dwelling.owner_lives_here", FieldType::Flag),
    field("dwelling.renting_use", FieldType::Choice(RENTING_USE)),
    field("dwelling.let_rooms", FieldType::Integer(0, 500)),
    field("dwelling.occupants", FieldType::Integer(0, 1_000)),
    field("dwelling.hazard", FieldType::Choice(HAZARD)),
    field(
        "dwelling.illegal_letting",
        FieldType::Choice(ILLEGAL_LETTING),
    ),
    field("dwelling.checked_on", FieldType::Date),
    masked(
        "dwelling.landlord_name",
        FieldType::Line(50),
        MaskingKind::Name,
    ),
    masked(
        "dwelling.landlord_phone",
        FieldType::PhoneNumber,
        MaskingKind::Mobile,
    ),
    field("point.longitude", FieldType::Number(-180, 180)),
    field("point.latitude", FieldType::Number(-90, 90)),
    field("point.accuracy_m", FieldType::Number(0, 100_000)),
    field("ledger", FieldType::Choice(LEDGER)),
    masked("contact.name", FieldType::Line(50), MaskingKind::Name),
    masked("contact.phone", FieldType::PhoneNumber, MaskingKind::Mobile),
    masked("members.*.name", FieldType::Line(50), MaskingKind::Name),
    field("members.*.sex", FieldType::Choice(SEX)),
    field("members.*.birth_date", FieldType::Date),
    masked(
        "members.*.citizen_id",
        FieldType::CitizenId,
        MaskingKind::CitizenIdLevel1,
    ),
    masked(
        "members.*.phone",
        FieldType::PhoneNumber,
        MaskingKind::Mobile,
    ),
    field("members.*.relation", FieldType::Choice(RELATION)),
    field(
        "members.*.population_kind",
        FieldType::Choice(POPULATION_KIND),
    ),
    masked(
        "members.*.registered_address",
        FieldType::Line(160),
        MaskingKind::Address,
    ),
    field("members.*.joined_on", FieldType::Date),
    field("members.*.left_on", FieldType::Date),
    field("members.*.registered_here", FieldType::Flag),
    field("members.*.lives_here", FieldType::Flag),
    field("members.*.tenant", FieldType::Flag),
    field("members.*.permit_kind", FieldType::Choice(PERMIT_KIND)),
    masked(
        "members.*.permit_number",
        FieldType::PermitNumber,
        MaskingKind::Permit,
    ),
    field("members.*.guardian", FieldType::Line(36)),
    masked(
        "members.*.guardian_name",
        FieldType::Line(50),
        MaskingKind::Name,
    ),
    masked(
        "members.*.guardian_phone",
        FieldType::PhoneNumber,
        MaskingKind::Mobile,
    ),
    field(
        "members.*.guardian_relation",
        FieldType::Choice(GUARDIAN_RELATION),
    ),
    field("members.*.moved_from", FieldType::RecordReference),
    field("members.*.moved_to", FieldType::RecordReference),
    field("labels.*.group", FieldType::Choice(CARE_GROUP)),
    field("labels.*.member", FieldType::Line(36)),
    field("labels.*.since", FieldType::Date),
    field("labels.*.until", FieldType::Date),
    field("labels.*.level", FieldType::Choice(CARE_LEVEL)),
    field("handover.to", FieldType::Line(36)),
    field("handover.by", FieldType::Line(36)),
    field("handover.on", FieldType::Date),
    field("links.*.kind", FieldType::Choice(LINK_KIND)),
    masked("links.*.name", FieldType::Line(50), MaskingKind::Name),
    masked("links.*.phone", FieldType::PhoneNumber, MaskingKind::Mobile),
    field("links.*.since", FieldType::Date),
    field("links.*.until", FieldType::Date),
    field("hazards.*.kind", FieldType::Choice(HAZARD)),
    field("hazards.*.remark", FieldType::Line(200)),
    field("hazards.*.found_on", FieldType::Date),
    field("hazards.*.fix_by", FieldType::Date),
    field("hazards.*.fixed_on", FieldType::Date),
    field("hazards.*.rechecked_on", FieldType::Date),
    field("hazards.*.recheck", FieldType::Choice(RECHECK)),
    field("hazards.*.rechecked_by", FieldType::Line(36)),
    field("hazards.*.incident", FieldType::RecordReference),
    field("notes", FieldType::SharedText(10_000)),
    authority("merged.into", FieldType::RecordReference),
    authority("merged.at", FieldType::Time),
    authority("merged.by", FieldType::Line(36)),
    authority("absorbed.*.heads", FieldType::Paragraph(10_000)),
    authority("absorbed.*.carried", FieldType::Paragraph(10_000)),
    authority("absorbed.*.same", FieldType::Paragraph(10_000)),
    authority("absorbed.*.settled", FieldType::Paragraph(10_000)),
];

const VISIT: &[FieldSpec] = &[
    field("household", FieldType::RecordReference),
    field("place", FieldType::RecordReference),
    field("kind", FieldType::Choice(VISIT_KIND)),
    field("planned", FieldType::Flag),
    field("plan", FieldType::Line(64)),
    field("form", FieldType::Choice(VISIT_FORM)),
    field("started_at", FieldType::Time),
    field("ended_at", FieldType::Time),
    field("point.longitude", FieldType::Number(-180, 180)),
    field("point.latitude", FieldType::Number(-90, 90)),
    field("point.accuracy_m", FieldType::Number(0, 100_000)),
    field("point.mock", FieldType::Flag),
    field("door_distance_m", FieldType::Number(0, 100_000)),
    field("distance_reason", FieldType::Line(100)),
    field("visitor", FieldType::Line(36)),
    masked("companions", FieldType::Line(100), MaskingKind::Name),
    field("result", FieldType::Choice(VISIT_RESULT)),
    masked("person_met", FieldType::Line(50), MaskingKind::Name),
    field("demands", FieldType::Choice(DEMANDS)),
    field("follow_up_on", FieldType::Date),
    field("checks.*.item", FieldType::Line(60)),
    field("checks.*.passed", FieldType::Flag),
    field("checks.*.remark", FieldType::Line(200)),
    field("opinions.*.category", FieldType::Choice(OPINION_CATEGORY)),
    field("opinions.*.text", FieldType::Paragraph(1_000)),
    field("opinions.*.handling", FieldType::Choice(OPINION_HANDLING)),
    field("opinions.*.due_on", FieldType::Date),
    field("opinions.*.done_on", FieldType::Date),
    field("opinions.*.incident", FieldType::RecordReference),
    field("promises.*.text", FieldType::Paragraph(500)),
    field("promises.*.due_on", FieldType::Date),
    field("promises.*.kept_on", FieldType::Date),
    field("photos.*.sha256", FieldType::Sha256),
    field("photos.*.taken_at", FieldType::Time),
    field("photos.*.remark", FieldType::Line(100)),
    field("answers.*.chosen", FieldType::Line(60)),
    field("diary", FieldType::Paragraph(4_000)),
];

const INCIDENT: &[FieldSpec] = &[
    field("category", FieldType::Line(32)),
    field("urgency", FieldType::Choice(URGENCY)),
    field("handling", FieldType::Choice(HANDLING)),
    field("source", FieldType::Choice(SOURCE)),
    field("visit", FieldType::RecordReference),
    field("title", FieldType::Line(80)),
    field("description", FieldType::SharedText(10_000)),
    field("household", FieldType::RecordReference),
    field("concerned_place", FieldType::RecordReference),
    field("hazard", FieldType::Line(36)),
    field("place", FieldType::Line(160)),
    field("point.longitude", FieldType::Number(-180, 180)),
    field("point.latitude", FieldType::Number(-90, 90)),
    field("point.accuracy_m", FieldType::Number(0, 100_000)),
    field("occurred_at", FieldType::Time),
    masked("parties.*.name", FieldType::Line(50), MaskingKind::Name),
    masked(
        "parties.*.phone",
        FieldType::PhoneNumber,
        MaskingKind::Mobile,
    ),
    authority("case.number", FieldType::Line(32)),
    authority("case.state", FieldType::Choice(CASE_STATE)),
    authority("case.received_at", FieldType::Time),
    // `case.state` says to phones of the first version that the report was
    // received; where the case stands is in `case.stage`.
    authority("case.stage", WORD),
    authority("case.level", WORD),
    authority("case.handling", WORD),
    authority("case.urgency", WORD),
    authority("case.reporter", ID),
    authority("case.first_asked", ID),
    authority("case.unit", ID),
    authority("case.handler", ID),
    authority("case.first_handler", ID),
    authority("case.limit", WORD),
    authority("case.started_at", FieldType::Time),
    authority("case.stops", FieldType::Line(4_000)),
    authority("case.extra_days", COUNT),
    authority("case.ended_at", FieldType::Time),
    authority("case.due_at", FieldType::Time),
    authority("case.due_problem", WORD),
    authority("case.delay_days", COUNT),
    authority("case.delay_reason", FieldType::Paragraph(500)),
    authority("case.supervision", WORD),
    authority("case.rating", COUNT),
    authority("case.merged_into", ID),
    authority("case.before_merge", WORD),
    authority("case.refusals", COUNT),
    authority("case.arbitrated", FieldType::Flag),
    authority("case.reopened", COUNT),
    authority("case.closed_at", FieldType::Time),
    authority("case.version", FieldType::Integer(0, i64::MAX)),
    authority("joint.*.state", WORD),
    authority("joint.*.asked_by", ID),
    authority("joint.*.arrived_at", FieldType::Time),
    authority("joint.*.result", FieldType::Paragraph(500)),
    authority("joint.*.stars", COUNT),
    request("requests.*.verb", WORD),
    request("requests.*.unit", ID),
    request("requests.*.units", FieldType::Line(1_000)),
    request("requests.*.into", ID),
    request("requests.*.person", ID),
    request("requests.*.text", FieldType::Paragraph(500)),
    request("requests.*.days", COUNT),
    request("requests.*.stars", COUNT),
    request("requests.*.card", WORD),
    request("requests.*.is_agreed", FieldType::Flag),
    request("requests.*.seen_version", FieldType::Integer(0, i64::MAX)),
    request("requests.*.asked_at", FieldType::Time),
    authority("outcomes.*.is_accepted", FieldType::Flag),
    authority("outcomes.*.code", WORD),
    authority("outcomes.*.limit", COUNT),
    authority("outcomes.*.version", FieldType::Integer(0, i64::MAX)),
    authority("outcomes.*.person", ID),
    authority("outcomes.*.at", FieldType::Time),
    authority("timeline.*.verb", WORD),
    authority("timeline.*.person", ID),
    authority("timeline.*.name", FieldType::Line(50)),
    authority("timeline.*.at", FieldType::Time),
    authority("timeline.*.from", WORD),
    authority("timeline.*.to", WORD),
    authority("timeline.*.level", WORD),
    authority("timeline.*.unit", ID),
    authority("timeline.*.unit_name", FieldType::Line(100)),
    authority("timeline.*.text", FieldType::Paragraph(500)),
    authority("timeline.*.number", COUNT),
    authority("timeline.*.named", ID),
    authority("timeline.*.named_name", FieldType::Line(50)),
    authority("timeline.*.request", ID),
    authority("timeline.*.version", FieldType::Integer(0, i64::MAX)),
];

const PLACE: &[FieldSpec] = &[
    field("name", FieldType::Line(100)),
    field("kind", FieldType::Choice(PLACE_KIND)),
    field("state", FieldType::Choice(PLACE_STATE)),
    field("address.estate", FieldType::Line(60)),
    field("address.building", FieldType::Line(30)),
    field("address.unit", FieldType::Line(30)),
    field("address.floor", FieldType::Line(10)),
    field("address.room", FieldType::Line(30)),
    masked("address.detail", FieldType::Line(160), MaskingKind::Address),
    field("address.standard_key", FieldType::Code(60)),
    field("point.longitude", FieldType::Number(-180, 180)),
    field("point.latitude", FieldType::Number(-90, 90)),
    field("point.accuracy_m", FieldType::Number(0, 100_000)),
    field("credit_code", FieldType::CreditCode),
    field("employee_count", FieldType::Integer(0, 1_000_000)),
    field("area_m2", FieldType::Number(0, 10_000_000)),
    masked("contact.name", FieldType::Line(50), MaskingKind::Name),
    masked("contact.phone", FieldType::PhoneNumber, MaskingKind::Mobile),
    field("party_organisation", FieldType::Flag),
    field("party_member_count", FieldType::Integer(0, 100_000)),
    field("checks.*.item", FieldType::Line(60)),
    field("checks.*.passed", FieldType::Flag),
    field("checks.*.remark", FieldType::Line(200)),
    field("checks.*.checked_on", FieldType::Date),
    field("hazards.*.kind", FieldType::Choice(PLACE_HAZARD)),
    field("hazards.*.remark", FieldType::Line(200)),
    field("hazards.*.found_on", FieldType::Date),
    field("hazards.*.fix_by", FieldType::Date),
    field("hazards.*.fixed_on", FieldType::Date),
    field("hazards.*.rechecked_on", FieldType::Date),
    field("hazards.*.recheck", FieldType::Choice(RECHECK)),
    field("hazards.*.rechecked_by", FieldType::Line(36)),
    field("hazards.*.incident", FieldType::RecordReference),
    field("notes", FieldType::SharedText(10_000)),
    authority("merged.into", FieldType::RecordReference),
    authority("merged.at", FieldType::Time),
    authority("merged.by", FieldType::Line(36)),
    authority("absorbed.*.heads", FieldType::Paragraph(10_000)),
    authority("absorbed.*.carried", FieldType::Paragraph(10_000)),
    authority("absorbed.*.same", FieldType::Paragraph(10_000)),
    authority("absorbed.*.settled", FieldType::Paragraph(10_000)),
];

/// The collection of the fields that a collection list adds: `extra.<field>`
/// of the record, `extra.<entry>.<field>` of one of its entries.
pub const EXTRA: &str = "extra";

pub(super) const EXTRA_SPEC: FieldSpec = field(EXTRA, FieldType::Extra(2_000));

/// The fields of a kind of record.
pub const fn fields(kind: RecordKind) -> &'static [FieldSpec] {
    match kind {
        RecordKind::Household => HOUSEHOLD,
        RecordKind::Visit => VISIT,
        RecordKind::Incident => INCIDENT,
        RecordKind::Place => PLACE,
    }
}

/// The map containers a kind's genesis change creates; every other collection
/// lies in the root. Released, so never changed for a kind that exists.
pub(crate) const fn containers(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::Household => &[
            "address", "contact", "dwelling", "labels", "members", "point",
        ],
        RecordKind::Visit => &["checks", "point"],
        RecordKind::Incident => &["case", "parties", "point"],
        RecordKind::Place => &["address", "checks", "contact", "hazards", "point"],
    }
}

/// The text objects a kind's genesis change creates; as [`containers`].
pub(crate) const fn texts(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::Household | RecordKind::Place => &["notes"],
        RecordKind::Visit => &[],
        RecordKind::Incident => &["description"],
    }
}
