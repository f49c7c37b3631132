//! What tells that two files are about the same home, person or place: one text
//! per sign, the same for everybody who enters the same, and its keyed hash,
//! which is what an index holds. An identity number itself never is in one.
//!
//! A sign is a reason to look, never a proof: whether two files are one, a
//! person says.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{
    RecordKind,
    document::Fields,
    household::{Address, Household, Member},
    permit::PermitKind,
    place::Place,
    text::to_half_width,
};

/// What two records have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchKind {
    /// The key in the public security's table of addresses.
    StandardAddress,
    /// The address, however it is written; within one grid.
    Address,
    /// A person's identity number, or the number of another document.
    IdentityNumber,
    /// A person's name and birth date.
    NameAndBirth,
    /// The unified social credit code.
    CreditCode,
    /// A place's name; within one grid.
    PlaceName,
}

impl MatchKind {
    /// Every kind, the surest first.
    pub const ALL: [Self; 6] = [
        Self::IdentityNumber,
        Self::CreditCode,
        Self::StandardAddress,
        Self::Address,
        Self::NameAndBirth,
        Self::PlaceName,
    ];

    /// The number in databases.
    pub const fn number(self) -> u8 {
        match self {
            Self::StandardAddress => 1,
            Self::Address => 2,
            Self::IdentityNumber => 3,
            Self::NameAndBirth => 4,
            Self::CreditCode => 5,
            Self::PlaceName => 6,
        }
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Stable word; its texts are `duplicate-<word>` in the message files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StandardAddress => "standard_address",
            Self::Address => "address",
            Self::IdentityNumber => "identity_number",
            Self::NameAndBirth => "name_and_birth",
            Self::CreditCode => "credit_code",
            Self::PlaceName => "place_name",
        }
    }

    /// Whether it says something within one grid only: every street has a 3号楼,
    /// and many a restaurant the same name.
    pub const fn is_local(self) -> bool {
        matches!(self, Self::Address | Self::PlaceName)
    }
}

/// One sign of one record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MatchKey {
    /// What it is.
    pub kind: MatchKind,
    /// The member it is about; empty for the record as a whole.
    pub entry: String,
    /// Personal data; see [`MatchSecret::digest`].
    text: String,
}

impl MatchKey {
    /// Whether both say the same about whomever they are about.
    pub fn matches(&self, other: &Self) -> bool {
        self.kind == other.kind && self.text == other.text
    }
}

impl fmt::Debug for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "MatchKey({}, {}, redacted)",
            self.kind.as_str(),
            self.entry
        )
    }
}

/// The key of the hashes of one store. Whoever has it can try every identity
/// number there is, so it never leaves the store.
#[derive(Clone)]
pub struct MatchSecret([u8; 32]);

impl fmt::Debug for MatchSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MatchSecret(…)")
    }
}

/// The first 16 bytes of HMAC-SHA-256 over a sign.
pub type MatchDigest = [u8; 16];

impl MatchSecret {
    /// Wraps the given bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What an index holds of a sign.
    pub fn digest(&self, key: &MatchKey) -> MatchDigest {
        // A key of any length is one; the branch is never taken.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return [0; 16];
        };
        mac.update(&[key.kind.number()]);
        mac.update(key.text.as_bytes());
        let whole = mac.finalize().into_bytes();
        let mut digest = [0; 16];
        for (to, from) in digest.iter_mut().zip(whole) {
            *to = from;
        }
        digest
    }
}

/// The signs of a record with these fields, each once. Members who left are
/// not looked at: they may well be in another household by now.
pub fn match_keys(kind: RecordKind, fields: &Fields) -> Vec<MatchKey> {
    let mut keys = match kind {
        RecordKind::Household => household_keys(fields),
        RecordKind::Place => place_keys(fields),
        RecordKind::Visit | RecordKind::Incident => Vec::new(),
    };
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn household_keys(fields: &Fields) -> Vec<MatchKey> {
    let household = Household::of(fields);
    let mut keys = address_keys(&household.address);
    let present = household
        .members
        .iter()
        .filter(|(_, member)| member.is_present());
    for (id, member) in present {
        keys.extend(member_keys(id, member));
    }
    keys
}

fn member_keys(id: &str, member: &Member) -> impl Iterator<Item = MatchKey> {
    let key = |kind, text: String| MatchKey {
        kind,
        entry: id.to_owned(),
        text,
    };
    let number = if member.citizen_id.is_empty() {
        permit_text(member)
    } else {
        Some(member.citizen_id.clone())
    };
    let birth = if member.birth_date.is_empty() {
        birth_of_citizen_id(&member.citizen_id)
    } else {
        Some(member.birth_date.clone())
    };
    let name = plain_name(&member.name);
    let person = birth
        .filter(|_| !name.is_empty())
        .map(|birth| format!("{name}|{birth}"));
    let number = number.map(|number| key(MatchKind::IdentityNumber, number));
    let person = person.map(|person| key(MatchKind::NameAndBirth, person));
    number.into_iter().chain(person)
}

/// A document's number without what changes when it is renewed.
fn permit_text(member: &Member) -> Option<String> {
    let number = member.permit_number.as_str();
    if number.is_empty() {
        return None;
    }
    let lasts = match member.permit_kind.as_str() {
        kind if kind == PermitKind::HkMacaoTravelPermit.as_str() => number.get(..9),
        kind if kind == PermitKind::TaiwanTravelPermit.as_str() => number.get(..8),
        _ => None,
    };
    Some(lasts.unwrap_or(number).to_owned())
}

/// The birth date in a citizen number, which is stored checked.
fn birth_of_citizen_id(number: &str) -> Option<String> {
    let part = |from, to| number.get(from..to);
    let (year, month, day) = (part(6, 10)?, part(10, 12)?, part(12, 14)?);
    Some(format!("{year}-{month}-{day}"))
}

fn place_keys(fields: &Fields) -> Vec<MatchKey> {
    let place = Place::of(fields);
    let mut keys = Vec::new();
    let mut add = |kind, text: String| {
        if !text.is_empty() {
            let entry = String::new();
            keys.push(MatchKey { kind, entry, text });
        }
    };
    // That an address holds two shops is nothing to look at.
    add(MatchKind::CreditCode, place.credit_code);
    add(MatchKind::PlaceName, plain_name(&place.name));
    keys
}

fn address_keys(address: &Address) -> Vec<MatchKey> {
    let key = |kind, text| MatchKey {
        kind,
        entry: String::new(),
        text,
    };
    let mut keys = Vec::new();
    if !address.standard_key.is_empty() {
        keys.push(key(
            MatchKind::StandardAddress,
            address.standard_key.clone(),
        ));
    }
    if let Some(text) = address_text(address) {
        keys.push(key(MatchKind::Address, text));
    }
    keys
}

/// An address as everybody writes it, if it is whole enough to name one home:
/// a room with its building or estate, or a free form.
fn address_text(address: &Address) -> Option<String> {
    let [estate, building, unit, room] = [
        &address.estate,
        &address.building,
        &address.unit,
        &address.room,
    ]
    .map(|part| plain_part(part));
    let has_home = !room.is_empty() && (!estate.is_empty() || !building.is_empty());
    if has_home {
        // The floor is in the room's number as a rule, and often left out.
        return Some(format!("{estate}|{building}|{unit}|{room}"));
    }
    let has_parts = [&estate, &building, &unit, &room]
        .iter()
        .any(|part| !part.is_empty());
    let detail = plain(&address.detail);
    (!has_parts && detail.chars().count() >= LEAST_DETAIL).then_some(detail)
}

/// Characters of a free-form address below which it names no home.
const LEAST_DETAIL: usize = 4;

/// Words behind the number of a building, stairwell or room; the longer first.
const SUFFIXES: &[&str] = &[
    "号楼", "号院", "单元", "门洞", "栋", "幢", "座", "楼", "门", "层", "室", "号", "房", "户",
];

/// A part of an address without the word behind it, with its number in digits:
/// `三号楼`, `3#楼`, `03` and `3栋` are one.
fn plain_part(text: &str) -> String {
    let plain = plain(text).replace('#', "");
    let bare = SUFFIXES
        .iter()
        .find_map(|suffix| plain.strip_suffix(suffix))
        .filter(|bare| !bare.is_empty())
        .unwrap_or(&plain);
    let digits = chinese_number(bare).unwrap_or_else(|| bare.to_owned());
    let trimmed = digits.trim_start_matches('0');
    if trimmed.is_empty() {
        digits
    } else {
        trimmed.to_owned()
    }
}

/// A text without spaces and punctuation, in half width and lower case.
fn plain(text: &str) -> String {
    to_half_width(text)
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '#')
        .flat_map(char::to_lowercase)
        .collect()
}

fn plain_name(name: &str) -> String {
    plain(name).replace('#', "")
}

/// A number from 1 to 99 written in Chinese characters.
fn chinese_number(text: &str) -> Option<String> {
    let digit = |c: char| {
        let place = "零一二三四五六七八九".chars().position(|one| one == c)?;
        u32::try_from(place).ok()
    };
    let number = match text.split_once('十') {
        None => {
            let mut characters = text.chars();
            let number = digit(characters.next()?)?;
            if characters.next().is_some() {
                return None;
            }
            number
        }
        Some((tens, ones)) => {
            let read = |text: &str, empty: u32| match text.chars().collect::<Vec<_>>().as_slice() {
                [] => Some(empty),
                [one] => digit(*one),
                _ => None,
            };
            read(tens, 1)? * 10 + read(ones, 0)?
        }
    };
    Some(number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FieldPath, FieldValue};

    fn fields(values: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (path, text) in values {
            fields.set(
                FieldPath::new(*path).unwrap(),
                Some(FieldValue::text(*text)),
            );
        }
        fields
    }

    fn keys(values: &[(&str, &str)]) -> Vec<MatchKey> {
        match_keys(RecordKind::Household, &fields(values))
    }

    fn kinds(one: &[MatchKey], two: &[MatchKey]) -> Vec<MatchKind> {
        let same = |key: &&MatchKey| two.iter().any(|other| other.matches(key));
        one.iter().filter(same).map(|key| key.kind).collect()
    }

    #[test]
    fn one_home_is_one_however_its_address_is_written() {
        let home = |estate, building, unit, room| {
            keys(&[
                ("address.estate", estate),
                ("address.building", building),
                ("address.unit", unit),
                ("address.room", room),
            ])
        };
        let one = home("阳光花园", "3号楼", "2单元", "501室");
        for two in [
            home("阳光花园", "三号楼", "二单元", "501"),
            home("阳光 花园", "3#楼", "２单元", "０501"),
            home("阳光花园", "03栋", "2", "501 室"),
        ] {
            assert_eq!(kinds(&one, &two), [MatchKind::Address]);
        }
        for other in [
            home("阳光花园", "3号楼", "1单元", "501室"),
            home("阳光花园", "13号楼", "2单元", "501室"),
            home("月光花园", "3号楼", "2单元", "501室"),
            home("阳光花园", "3号楼", "2单元", ""),
        ] {
            assert_eq!(kinds(&one, &other), []);
        }
        let village = |detail| keys(&[("address.detail", detail)]);
        assert_eq!(
            kinds(&village("殷巷村东头,第二家"), &village("殷巷村 东头第二家")),
            [MatchKind::Address]
        );
        assert_eq!(village("东头"), [], "that is no home's name");
    }

    #[test]
    fn a_person_is_known_by_number_or_by_name_and_birth() {
        let person = |id: &str, values: &[(&str, &str)]| {
            let paths: Vec<String> = values
                .iter()
                .map(|(field, _)| format!("members.{id}.{field}"))
                .collect();
            let values: Vec<(&str, &str)> = paths
                .iter()
                .zip(values)
                .map(|(path, (_, text))| (path.as_str(), *text))
                .collect();
            keys(&values)
        };
        let one = person(
            "a",
            &[("name", "李雷"), ("citizen_id", "370102189912319991")],
        );
        let named = person("b", &[("name", "李 雷"), ("birth_date", "1899-12-31")]);
        assert_eq!(kinds(&one, &named), [MatchKind::NameAndBirth]);
        let same = person(
            "c",
            &[("name", "李磊"), ("citizen_id", "370102189912319991")],
        );
        assert_eq!(kinds(&one, &same), [MatchKind::IdentityNumber]);
        assert_eq!((one[0].entry.as_str(), same[0].entry.as_str()), ("a", "c"));
        let gone = person(
            "d",
            &[
                ("citizen_id", "370102189912319991"),
                ("left_on", "2026-01-01"),
            ],
        );
        assert_eq!(kinds(&one, &gone), []);
        // Renewed: the last two digits count renewals.
        let permit = |number| {
            person(
                "e",
                &[
                    ("permit_kind", "hk_macao_travel_permit"),
                    ("permit_number", number),
                ],
            )
        };
        assert_eq!(
            kinds(&permit("H1234567800"), &permit("H1234567801")),
            [MatchKind::IdentityNumber]
        );
        assert_eq!(
            person("f", &[("name", "李雷")]),
            [],
            "a name alone says nothing"
        );
    }

    #[test]
    fn a_digest_depends_on_the_secret_and_on_what_it_is_of() {
        let key = |kind, text: &str| MatchKey {
            kind,
            entry: "m".to_owned(),
            text: text.to_owned(),
        };
        let number = key(MatchKind::IdentityNumber, "370102189912319991");
        let one = MatchSecret::from_bytes([1; 32]);
        let two = MatchSecret::from_bytes([2; 32]);
        assert_eq!(one.digest(&number), one.digest(&number));
        assert_ne!(one.digest(&number), two.digest(&number));
        let other = key(MatchKind::NameAndBirth, "370102189912319991");
        assert_ne!(one.digest(&number), one.digest(&other));
        assert!(!format!("{number:?}").contains("3701"));
    }

    #[test]
    fn the_digest_is_hmac_sha_256() {
        // Test case 2 of RFC 4231, whose key is shorter than ours may be.
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        mac.update(b"what do ya want for nothing?");
        let whole = mac.finalize().into_bytes();
        assert!(hex::encode(whole).starts_with("5bdcc146bf60754e6a042426089575c7"));
    }

    #[test]
    fn numbers_in_chinese_are_read() {
        for (text, number) in [
            ("一", "1"),
            ("十", "10"),
            ("十二", "12"),
            ("二十", "20"),
            ("九十九", "99"),
        ] {
            assert_eq!(chinese_number(text).as_deref(), Some(number), "{text}");
        }
        for text in ["", "三五", "百", "十一二", "甲"] {
            assert_eq!(chinese_number(text), None, "{text}");
        }
    }

    #[test]
    fn a_place_is_known_by_its_code_or_its_name() {
        let place = |values: &[(&str, &str)]| match_keys(RecordKind::Place, &fields(values));
        let one = place(&[
            ("name", "好邻居便利店"),
            ("credit_code", "91370102000000000N"),
        ]);
        let two = place(&[("name", "好邻居 便利店（千佛山店）")]);
        let three = place(&[("name", "好邻居·便利店")]);
        assert_eq!(kinds(&one, &two), []);
        assert_eq!(kinds(&one, &three), [MatchKind::PlaceName]);
        let four = place(&[("credit_code", "91370102000000000N")]);
        assert_eq!(kinds(&one, &four), [MatchKind::CreditCode]);
    }
}
