//! Which fields each kind of record has: the collection list (采集清单) that is
//! built in. A field that is not here cannot be written by this build; one a
//! newer build wrote is kept untouched.

use std::{
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

use chrono::NaiveDate;

use super::{FieldPath, FieldValue};
use crate::{
    RecordId, RecordKind,
    citizen_id::{CitizenId, CitizenIdPolicy},
    masking::MaskingKind,
    phone_number::PhoneNumber,
    text::{TextError, TextRule},
};

/// Version of the layout below, written into every document's `schema`.
pub const SCHEMA: i64 = 1;

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// One line, at most this many characters.
    Line(usize),
    /// Many lines, at most this many characters; the last writer wins.
    Paragraph(usize),
    /// Many lines that two people may edit at once; merged letter by letter.
    SharedText(usize),
    /// One of these codes; their texts are `choice-<list>-<code>`.
    Choice(&'static [&'static str]),
    /// A whole number within these bounds, inclusive.
    Integer(i64, i64),
    /// A measured number within these bounds, inclusive.
    Number(i32, i32),
    /// Yes or no.
    Flag,
    /// A civil date, `YYYY-MM-DD`.
    Date,
    /// A moment.
    Time,
    /// A mainland mobile or landline number.
    PhoneNumber,
    /// A citizen identity number (GB 11643).
    CitizenId,
    /// The id of another record.
    RecordReference,
}

/// Who writes a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOwner {
    /// People, on phones and in the console; concurrent values are kept.
    People,
    /// The server alone (decision D5): a device's write is quarantined.
    Server,
}

/// One field of a kind of record.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// Its path, with `*` for an entry id.
    pub path: &'static str,
    /// What it may hold.
    pub kind: FieldType,
    /// How it is masked where a person need not see it whole.
    pub masking: Option<MaskingKind>,
    /// Who writes it.
    pub owner: FieldOwner,
}

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

/// Building use (建筑用途), GB/T 31000-2015.
pub const BUILDING_USE: &[&str] = &["01", "02", "03", "04", "05", "06", "99"];
/// How the household holds the dwelling (房屋类型).
pub const OWNERSHIP: &[&str] = &["own", "rented", "collective", "idle", "business"];
/// Hazards of a rented dwelling (隐患类型), GB/T 31000-2015 less its code 05,
/// which is about health.
pub const HAZARD: &[&str] = &["00", "01", "02", "03", "04", "99"];
/// The three resident ledgers (人户一致、人户分离、租房户).
pub const LEDGER: &[&str] = &["consistent", "separated", "tenant"];
/// Sex (GB/T 2261.1).
pub const SEX: &[&str] = &["0", "1", "2", "9"];
/// Kinds of population (实有人口).
pub const POPULATION_KIND: &[&str] = &["01", "02", "03", "04"];
/// Relation to the head of the household (GB/T 4761, first digit classes).
pub const RELATION: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8"];
/// Welfare care groups (关怀对象); nothing about crime, health or belief.
pub const CARE_GROUP: &[&str] = &[
    "dibao",
    "hardship",
    "entitled",
    "lone_elder",
    "left_child",
    "solo_elder",
    "wubao",
    "dibao_edge",
    "unemployed",
    "sudden_hardship",
];
/// Kinds of visit (走访类型).
pub const VISIT_KIND: &[&str] = &[
    "household",
    "care",
    "rental",
    "place",
    "enterprise",
    "social_org",
    "unemployed",
    "dispute",
    "patrol",
    "campaign",
    "followup",
    "publicity",
];
/// What came of a visit (走访结果).
pub const VISIT_RESULT: &[&str] = &["met", "not_at_home", "refused", "moved", "wrong_address"];
/// How the visit was made (走访形式).
pub const VISIT_FORM: &[&str] = &["door", "phone", "appointment", "other"];
/// What became of what was asked (诉求处理).
pub const DEMANDS: &[&str] = &["none", "solved_on_spot", "recorded", "turned_into_incident"];
/// Urgency of an incident (紧急程度).
pub const URGENCY: &[&str] = &["normal", "urgent", "emergency"];
/// How an incident is handled (四种处理方式).
pub const HANDLING: &[&str] = &["on_the_spot", "coordinated", "emergency", "approval"];
/// States of a case as far as this build's server sets them.
pub const CASE_STATE: &[&str] = &["reported"];

const HOUSEHOLD: &[FieldSpec] = &[
    field("address.estate", FieldType::Line(60)),
    field("address.building", FieldType::Line(30)),
    field("address.unit", FieldType::Line(30)),
    field("address.floor", FieldType::Line(10)),
    field("address.room", FieldType::Line(30)),
    masked("address.detail", FieldType::Line(160), MaskingKind::Address),
    field("dwelling.use", FieldType::Choice(BUILDING_USE)),
    field("dwelling.ownership", FieldType::Choice(OWNERSHIP)),
    field("dwelling.hazard", FieldType::Choice(HAZARD)),
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
    field("members.*.left_on", FieldType::Date),
    field("labels.*.group", FieldType::Choice(CARE_GROUP)),
    field("labels.*.member", FieldType::Line(36)),
    field("labels.*.since", FieldType::Date),
    field("labels.*.until", FieldType::Date),
    field("notes", FieldType::SharedText(10_000)),
];

const VISIT: &[FieldSpec] = &[
    field("household", FieldType::RecordReference),
    field("kind", FieldType::Choice(VISIT_KIND)),
    field("form", FieldType::Choice(VISIT_FORM)),
    field("started_at", FieldType::Time),
    field("ended_at", FieldType::Time),
    field("point.longitude", FieldType::Number(-180, 180)),
    field("point.latitude", FieldType::Number(-90, 90)),
    field("point.accuracy_m", FieldType::Number(0, 100_000)),
    field("result", FieldType::Choice(VISIT_RESULT)),
    masked("person_met", FieldType::Line(50), MaskingKind::Name),
    field("demands", FieldType::Choice(DEMANDS)),
    field("follow_up_on", FieldType::Date),
    field("checks.*.passed", FieldType::Flag),
    field("checks.*.remark", FieldType::Line(200)),
    field("diary", FieldType::Paragraph(4_000)),
];

const INCIDENT: &[FieldSpec] = &[
    field("category", FieldType::Line(32)),
    field("urgency", FieldType::Choice(URGENCY)),
    field("handling", FieldType::Choice(HANDLING)),
    field("title", FieldType::Line(80)),
    field("description", FieldType::SharedText(10_000)),
    field("household", FieldType::RecordReference),
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
];

/// The fields of a kind of record.
pub const fn fields(kind: RecordKind) -> &'static [FieldSpec] {
    match kind {
        RecordKind::Household => HOUSEHOLD,
        RecordKind::Visit => VISIT,
        RecordKind::Incident => INCIDENT,
    }
}

/// The map containers a kind's genesis change creates.
pub(crate) const fn containers(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::Household => &[
            "address", "contact", "dwelling", "labels", "members", "point",
        ],
        RecordKind::Visit => &["checks", "point"],
        RecordKind::Incident => &["case", "parties", "point"],
    }
}

/// The text objects a kind's genesis change creates.
pub(crate) const fn texts(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::Household => &["notes"],
        RecordKind::Visit => &[],
        RecordKind::Incident => &["description"],
    }
}

/// What is looked up once per written field, prepared once per kind.
struct KindIndex {
    by_pattern: HashMap<&'static str, &'static FieldSpec>,
    server_roots: HashSet<&'static str>,
}

fn index(kind: RecordKind) -> &'static KindIndex {
    static INDEXES: OnceLock<[KindIndex; RecordKind::ALL.len()]> = OnceLock::new();
    let [household, visit, incident] = INDEXES.get_or_init(|| RecordKind::ALL.map(build_index));
    match kind {
        RecordKind::Household => household,
        RecordKind::Visit => visit,
        RecordKind::Incident => incident,
    }
}

fn build_index(kind: RecordKind) -> KindIndex {
    let root = |spec: &FieldSpec| spec.path.split('.').next().unwrap_or(spec.path);
    let fields = fields(kind);
    KindIndex {
        by_pattern: fields.iter().map(|spec| (spec.path, spec)).collect(),
        server_roots: fields
            .iter()
            .filter(|s| s.owner == FieldOwner::Server)
            .map(root)
            .collect(),
    }
}

/// The field a path names, if this build knows it.
pub fn find_field(kind: RecordKind, path: &FieldPath) -> Option<&'static FieldSpec> {
    index(kind).by_pattern.get(path.pattern().as_ref()).copied()
}

/// Whether everything below this root key is the server's to write, also
/// fields only a newer build knows.
pub(crate) fn is_server_owned(kind: RecordKind, root: &str) -> bool {
    index(kind).server_roots.contains(root)
}

/// Why a value does not fit its field. The texts are `field-<code>` in the
/// message files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// This build knows no such field.
    #[error("there is no such field")]
    Unknown,
    /// Text where a number belongs, or the like.
    #[error("the value is of the wrong type")]
    WrongType,
    /// More characters than allowed.
    #[error("longer than {max} characters")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// Control or direction-changing characters.
    #[error("contains characters that cannot be shown")]
    BadCharacters,
    /// A code that is not in the list.
    #[error("not one of the choices")]
    NotAChoice,
    /// Outside its bounds.
    #[error("outside {min} to {max}")]
    OutOfRange {
        /// Smallest allowed.
        min: i64,
        /// Largest allowed.
        max: i64,
    },
    /// A measured number that is none (NaN) or has no end.
    #[error("not a finite number")]
    NotANumber,
    /// Not a calendar date written `YYYY-MM-DD`.
    #[error("not a date")]
    NotADate,
    /// Not a phone number.
    #[error("not a phone number")]
    NotAPhoneNumber,
    /// Not a citizen identity number.
    #[error("not a citizen identity number: {0}")]
    NotACitizenId(String),
    /// Not a record's id.
    #[error("not a record id")]
    NotARecordId,
    /// A field that only the server writes.
    #[error("only the server writes this field")]
    ServerOwned,
}

impl FieldError {
    /// Stable code for messages and receipts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::WrongType => "wrong_type",
            Self::TooLong { .. } => "too_long",
            Self::BadCharacters => "bad_characters",
            Self::NotAChoice => "not_a_choice",
            Self::OutOfRange { .. } => "out_of_range",
            Self::NotANumber => "not_a_number",
            Self::NotADate => "not_a_date",
            Self::NotAPhoneNumber => "not_a_phone_number",
            Self::NotACitizenId(_) => "not_a_citizen_id",
            Self::NotARecordId => "not_a_record_id",
            Self::ServerOwned => "server_owned",
        }
    }
}

impl FieldSpec {
    /// Whether `value` may be stored in this field by anyone. Both ends run
    /// exactly this, so what a phone saved the server accepts.
    pub fn check(&self, value: &FieldValue) -> Result<(), FieldError> {
        match (self.kind, value) {
            (FieldType::Line(max), FieldValue::Text(text)) => check_text(text, max, false),
            (FieldType::Paragraph(max) | FieldType::SharedText(max), FieldValue::Text(text)) => {
                check_text(text, max, true)
            }
            (FieldType::Choice(codes), FieldValue::Text(code)) => codes
                .contains(&code.as_str())
                .then_some(())
                .ok_or(FieldError::NotAChoice),
            (FieldType::Integer(min, max), FieldValue::Integer(number)) => (min..=max)
                .contains(number)
                .then_some(())
                .ok_or(FieldError::OutOfRange { min, max }),
            (FieldType::Number(min, max), value) => {
                let number = value.as_number().ok_or(FieldError::WrongType)?;
                (f64::from(min)..=f64::from(max))
                    .contains(&number)
                    .then_some(())
                    .ok_or(FieldError::OutOfRange {
                        min: i64::from(min),
                        max: i64::from(max),
                    })
            }
            (FieldType::Flag, FieldValue::Flag(_)) | (FieldType::Time, FieldValue::Time(_)) => {
                Ok(())
            }
            (FieldType::Date, FieldValue::Text(text)) => {
                check_date(text).ok_or(FieldError::NotADate)
            }
            (FieldType::PhoneNumber, FieldValue::Text(text)) => {
                let number = PhoneNumber::parse(text).map_err(|_| FieldError::NotAPhoneNumber)?;
                (number.as_str() == text)
                    .then_some(())
                    .ok_or(FieldError::NotAPhoneNumber)
            }
            (FieldType::CitizenId, FieldValue::Text(text)) => {
                // Shape, date and check digit only: a stored number must not
                // become wrong with time or with a deployment's policy.
                let id = parse_citizen_id(text, NaiveDate::MAX, CitizenIdPolicy::Synthetic)?;
                (id.as_str() == text)
                    .then_some(())
                    .ok_or_else(|| FieldError::NotACitizenId("citizen_id_not_normal".to_owned()))
            }
            (FieldType::RecordReference, FieldValue::Text(text)) => text
                .parse::<RecordId>()
                .map(|_| ())
                .map_err(|_| FieldError::NotARecordId),
            _ => Err(FieldError::WrongType),
        }
    }
}

impl FieldSpec {
    /// The form in which a value a person typed is stored, or why it cannot
    /// be: spaces trimmed, phone and identity numbers normalised and checked.
    pub fn normalise(
        &self,
        value: FieldValue,
        today: NaiveDate,
        policy: CitizenIdPolicy,
    ) -> Result<FieldValue, FieldError> {
        let normal = match (self.kind, value) {
            (FieldType::Line(max), FieldValue::Text(text)) => {
                FieldValue::Text(TextRule::line(max).apply(&text).map_err(FieldError::from)?)
            }
            (FieldType::Paragraph(max) | FieldType::SharedText(max), FieldValue::Text(text)) => {
                FieldValue::Text(
                    TextRule::lines(max)
                        .apply(&text)
                        .map_err(FieldError::from)?,
                )
            }
            (FieldType::PhoneNumber, FieldValue::Text(text)) => {
                let number = PhoneNumber::parse(&text).map_err(|_| FieldError::NotAPhoneNumber)?;
                FieldValue::Text(number.as_str().to_owned())
            }
            (FieldType::CitizenId, FieldValue::Text(text)) => {
                let id = parse_citizen_id(&text, today, policy)?;
                FieldValue::Text(id.as_str().to_owned())
            }
            (_, value) => value,
        };
        self.check(&normal)?;
        Ok(normal)
    }
}

fn parse_citizen_id(
    text: &str,
    today: NaiveDate,
    policy: CitizenIdPolicy,
) -> Result<CitizenId, FieldError> {
    CitizenId::parse(text, today, policy)
        .map_err(|error| FieldError::NotACitizenId(error.code().to_owned()))
}

impl From<TextError> for FieldError {
    fn from(error: TextError) -> Self {
        match error {
            TextError::TooLong { limit, .. } => Self::TooLong { max: limit },
            TextError::Empty | TextError::Nul { .. } | TextError::DirectionOverride { .. } => {
                Self::BadCharacters
            }
        }
    }
}

fn check_text(text: &str, max: usize, lines: bool) -> Result<(), FieldError> {
    if text.chars().count() > max {
        return Err(FieldError::TooLong { max });
    }
    if text.chars().any(|c| is_unshowable(c, lines)) {
        return Err(FieldError::BadCharacters);
    }
    Ok(())
}

/// Control characters, and the marks that make text read in another order
/// than it is stored (Unicode bidirectional overrides and isolates).
fn is_unshowable(c: char, lines: bool) -> bool {
    (c.is_control() && !(lines && matches!(c, '\n' | '\t')))
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

fn check_date(text: &str) -> Option<()> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (date.format("%Y-%m-%d").to_string() == text).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a value written where it is checked reads better"
    )]
    fn check(kind: RecordKind, path: &str, value: FieldValue) -> Result<(), FieldError> {
        find_field(kind, &FieldPath::new(path).unwrap())
            .unwrap()
            .check(&value)
    }

    #[test]
    fn values_are_checked_against_their_field() {
        use RecordKind::{Household, Visit};
        assert_eq!(
            check(Household, "address.room", FieldValue::text("501")),
            Ok(())
        );
        assert_eq!(
            check(
                Household,
                "address.floor",
                FieldValue::text("一".repeat(11))
            ),
            Err(FieldError::TooLong { max: 10 })
        );
        assert_eq!(
            check(Household, "address.room", FieldValue::text("5\n01")),
            Err(FieldError::BadCharacters)
        );
        assert_eq!(
            check(Household, "contact.name", FieldValue::text("王\u{202E}小")),
            Err(FieldError::BadCharacters)
        );
        assert_eq!(
            check(Household, "ledger", FieldValue::text("?")),
            Err(FieldError::NotAChoice)
        );
        assert_eq!(
            check(Household, "point.latitude", FieldValue::Number(91.0)),
            Err(FieldError::OutOfRange { min: -90, max: 90 })
        );
        assert_eq!(
            check(Household, "point.latitude", FieldValue::Number(f64::NAN)),
            Err(FieldError::OutOfRange { min: -90, max: 90 })
        );
        assert_eq!(
            check(Visit, "follow_up_on", FieldValue::text("2026-02-30")),
            Err(FieldError::NotADate)
        );
        assert_eq!(check(Visit, "diary", FieldValue::text("一\n二")), Ok(()));
        assert_eq!(
            check(Visit, "household", FieldValue::Flag(true)),
            Err(FieldError::WrongType)
        );
    }

    #[test]
    fn every_field_lives_in_a_container_of_its_genesis() {
        for kind in RecordKind::ALL {
            for spec in fields(kind) {
                if let Some((container, _)) = spec.path.split_once('.') {
                    assert!(containers(kind).contains(&container), "{}", spec.path);
                }
                if matches!(spec.kind, FieldType::SharedText(_)) {
                    assert!(texts(kind).contains(&spec.path), "{}", spec.path);
                }
            }
        }
    }

    #[test]
    fn no_field_is_named_as_what_says_which_record_it_is() {
        for kind in RecordKind::ALL {
            for spec in fields(kind) {
                let root = spec.path.split('.').next().unwrap_or_default();
                assert!(!crate::document::is_root_reserved(root), "{}", spec.path);
            }
        }
    }
}
