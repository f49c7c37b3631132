//! Masking (脱敏) of personal data before it is shown.
//!
//! Source: GB/T 35273-2020 section 7.2 asks for de-identified display; how much
//! stays follows common government practice (6+4 for numbers, and 1+1 where 6+4
//! would still point at one person). Owns how much of a value may be seen. Does
//! not own who may lift a mask. The server masks before a page is built, never
//! the page itself. A value that does not have the shape its kind should have
//! is masked harder, never less.

use serde::{Deserialize, Serialize};

use crate::phone_number::PhoneNumber;

/// What kind of value is masked, and how hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaskingKind {
    /// A person's name: the surname stays, also one of two characters.
    Name,
    /// A citizen number on ordinary pages: first six and last four stay.
    CitizenIdLevel1,
    /// A citizen number on pages of special groups, where county and birth year
    /// would give the person away: first and last character stay.
    CitizenIdLevel2,
    /// A mobile number: first three and last four stay. A landline in a field
    /// that takes both is masked as one.
    Mobile,
    /// A landline number: area code and last four stay; a mobile number as such.
    Landline,
    /// A passport or permit: first two and last stay.
    Permit,
    /// An address: everything up to the building stays.
    Address,
    /// Any of these on its way to a log: nothing stays. Log the record id.
    Log,
}

impl MaskingKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::CitizenIdLevel1,
        Self::CitizenIdLevel2,
        Self::Mobile,
        Self::Landline,
        Self::Permit,
        Self::Address,
        Self::Log,
    ];

    /// `value` with the rule of this kind applied. Outer spaces are dropped; an
    /// empty value stays empty, except in logs.
    pub fn mask(self, value: &str) -> String {
        let value = value.trim();
        if self == Self::Log {
            return WITHHELD.to_owned();
        }
        if value.is_empty() {
            return String::new();
        }
        match self {
            Self::Name => mask_name(value),
            Self::CitizenIdLevel1 if is_citizen_number(value) => keep_ends(value, 6, 4),
            Self::CitizenIdLevel1 | Self::CitizenIdLevel2 => keep_ends(value, 1, 1),
            Self::Mobile | Self::Landline => mask_phone(value),
            Self::Permit => keep_ends(value, 2, 1),
            Self::Address => mask_address(value),
            Self::Log => WITHHELD.to_owned(),
        }
    }
}

/// What a log gets instead of a value.
const WITHHELD: &str = "[withheld]";

/// What hides the end of an address, whatever its length.
const ADDRESS_TAIL: &str = "***";

/// Longest part of an address without a building that stays, in characters.
const ADDRESS_HEAD_MAX: usize = 6;

/// Surnames of two characters (百家姓 and those in use today).
const COMPOUND_SURNAMES: [&str; 48] = [
    "欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛",
    "尉迟", "公羊", "赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容",
    "仲孙", "钟离", "长孙", "宇文", "司徒", "鲜于", "司空", "闾丘", "子车", "亓官", "司寇", "巫马",
    "公西", "颛孙", "壤驷", "公良", "漆雕", "乐正", "宰父", "谷梁", "拓跋", "轩辕", "令狐", "呼延",
];

/// Signs that end the number of a building when a number stands before them.
const BUILDING_SIGNS: [&str; 5] = ["号楼", "#楼", "栋", "幢", "座"];

/// Keeps `head` and `tail` characters and puts a star for each one between. A
/// value too short to hide at least half as much as it shows loses all but its
/// first character; one of up to two characters loses all.
fn keep_ends(value: &str, head: usize, tail: usize) -> String {
    let characters: Vec<char> = value.chars().collect();
    let count = characters.len();
    let (head, tail) = match count {
        0..=2 => (0, 0),
        _ if (head + tail) * 3 > count * 2 => (1, 0),
        _ => (head, tail),
    };
    characters
        .iter()
        .enumerate()
        .map(|(index, &character)| {
            if index < head || index >= count - tail {
                character
            } else {
                '*'
            }
        })
        .collect()
}

fn mask_phone(value: &str) -> String {
    match PhoneNumber::parse(value) {
        Ok(PhoneNumber::Mobile(number)) => keep_ends(number.as_str(), 3, 4),
        // The area code is no secret, so only the local number counts.
        Ok(PhoneNumber::Landline(number)) => {
            format!("{}{}", number.area_code(), keep_last_four(number.local()))
        }
        Err(_) => keep_ends(value, 1, 1),
    }
}

fn keep_last_four(digits: &str) -> String {
    let hidden = digits.len().saturating_sub(4);
    let kept = digits.chars().skip(hidden);
    std::iter::repeat_n('*', hidden).chain(kept).collect()
}

fn is_citizen_number(value: &str) -> bool {
    value.chars().count() == 18 && value.bytes().take(17).all(|byte| byte.is_ascii_digit())
}

fn mask_name(name: &str) -> String {
    let count = name.chars().count();
    let compound = count > 2
        && COMPOUND_SURNAMES
            .iter()
            .any(|surname| name.starts_with(surname));
    let kept = match count {
        0 | 1 => 0,
        _ if compound => 2,
        _ => 1,
    };
    name.chars()
        .enumerate()
        .map(|(index, character)| if index < kept { character } else { '*' })
        .collect()
}

fn mask_address(address: &str) -> String {
    let head = match end_of_building(address) {
        Some(end) => address.get(..end).unwrap_or_default().to_owned(),
        None => head_without_number(address),
    };
    format!("{head}{ADDRESS_TAIL}")
}

/// Byte after the first building such as `3号楼`, `十二栋`, `A座`.
fn end_of_building(address: &str) -> Option<usize> {
    let numbered = |before: &str| {
        before.chars().next_back().is_some_and(|character| {
            character.is_ascii_alphanumeric() || "一二三四五六七八九十百".contains(character)
        })
    };
    BUILDING_SIGNS
        .iter()
        .flat_map(|sign| address.match_indices(sign))
        .filter(|(start, _)| numbered(address.get(..*start).unwrap_or_default()))
        .map(|(start, sign)| start + sign.len())
        .min()
}

/// The start of an address that names no building: up to the first digit, at
/// most half of it and at most six characters.
fn head_without_number(address: &str) -> String {
    let most = (address.chars().count() / 2).min(ADDRESS_HEAD_MAX);
    address
        .chars()
        .take(most)
        .take_while(|character| !character.is_numeric())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_vector_is_masked_as_published() {
        let file: Value =
            serde_json::from_str(include_str!("../vectors/test_vectors.json")).unwrap();
        let vectors = file["masking"].as_array().unwrap();
        assert_eq!(vectors.len(), 10);
        for vector in vectors {
            let text = vector["in"].as_str().unwrap();
            let kind = match vector["kind"].as_str().unwrap() {
                "name" => MaskingKind::Name,
                "id_l1" => MaskingKind::CitizenIdLevel1,
                "id_l2" => MaskingKind::CitizenIdLevel2,
                "phone" => MaskingKind::Mobile,
                "landline" => MaskingKind::Landline,
                "permit" => MaskingKind::Permit,
                "address" => MaskingKind::Address,
                "log" => {
                    // "never written to a log, even masked": nothing is left of any of them.
                    for other in vectors {
                        let value = other["in"].as_str().unwrap();
                        assert_eq!(MaskingKind::Log.mask(value), WITHHELD);
                    }
                    continue;
                }
                other => panic!("unknown kind {other}"),
            };
            assert_eq!(
                Some(kind.mask(text).as_str()),
                vector["out"].as_str(),
                "{text}"
            );
        }
    }

    #[test]
    fn names_keep_their_surname_and_nothing_else() {
        for (name, masked) in [
            ("王", "*"),
            ("欧阳", "欧*"),
            ("司马光", "司马*"),
            ("阿依古丽·买买提", "阿*******"),
            ("John Smith", "J*********"),
            (" 李雷 ", "李*"),
            ("", ""),
        ] {
            assert_eq!(MaskingKind::Name.mask(name), masked, "{name}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_shape_is_masked_harder() {
        assert_eq!(
            MaskingKind::CitizenIdLevel1.mask("110105491231002"),
            "1*************2"
        );
        assert_eq!(
            MaskingKind::CitizenIdLevel1.mask("王小明的号码"),
            "王****码"
        );
        assert_eq!(MaskingKind::Mobile.mask("110"), "1*0");
        assert_eq!(MaskingKind::Mobile.mask("12"), "**");
        assert_eq!(MaskingKind::Mobile.mask("+85260000000"), "+**********0");
        assert_eq!(MaskingKind::Permit.mask("H12"), "H**");
    }

    #[test]
    fn written_numbers_are_masked_by_their_digits() {
        assert_eq!(MaskingKind::Mobile.mask("+86 138-0013-8000"), "138****8000");
        assert_eq!(MaskingKind::Landline.mask("0531-82012345"), "0531****2345");
        assert_eq!(MaskingKind::Landline.mask("010-6000000"), "010***0000");
        assert_eq!(MaskingKind::Mobile.mask("053182012345"), "0531****2345");
    }

    #[test]
    fn addresses_stop_at_the_building() {
        for (address, masked) in [
            ("殷巷村十二栋301", "殷巷村十二栋***"),
            ("中山路12号A座3层", "中山路12号A座***"),
            ("中山路12号", "中山路***"),
            ("三座店村5号", "三座***"),
            ("银座花园2幢1单元", "银座花园2幢***"),
            ("千佛山社区东侧平房院内南屋", "千佛山社区东***"),
            ("村", "***"),
            ("101室", "***"),
        ] {
            assert_eq!(MaskingKind::Address.mask(address), masked, "{address}");
        }
    }

    proptest! {
        #[test]
        fn a_citizen_number_never_shows_its_birth_day(body in "[0-9]{17}", last in "[0-9X]") {
            let number = format!("{body}{last}");
            let masked = MaskingKind::CitizenIdLevel1.mask(&number);
            let hidden: String = masked.chars().skip(6).take(8).collect();
            prop_assert_eq!(hidden, "********");
            let masked = MaskingKind::CitizenIdLevel2.mask(&number);
            prop_assert_eq!(masked.matches('*').count(), 16);
        }

        #[test]
        fn something_is_always_hidden(value in "\\PC{1,30}") {
            for kind in MaskingKind::ALL {
                let masked = kind.mask(&value);
                prop_assert!(value.trim().is_empty() || masked != value.trim() || value.contains('*'));
            }
        }
    }
}
