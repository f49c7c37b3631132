//! What tells that two files are about the same home, person or place: one text
//! per sign, the same for everybody who enters the same, and its keyed hash,
//! which is what an index holds. An identity number itself never is in one.
//!
//! A sign is a reason to look, never a proof: whether two files are one, a
//! person says.
//!
//! * `address`: an address as it is compared.
//! * `secret`: the keyed hashes.

mod address;
mod secret;

use std::fmt;

use address::address_text;
pub use address::normalise_address;
pub use secret::{MatchDigest, MatchSecret};

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
    /// Personal data; see [`MatchSecret`].
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

/// A text without spaces and punctuation, in half width and lower case.
fn plain_name(text: &str) -> String {
    to_half_width(text)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
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
