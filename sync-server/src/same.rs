//! By what two households may be the same: their address in their grid, and the
//! people in them by identity number or by name and birth date.
//!
//! Kept as keyed hashes, so that whoever reads the table of keys alone learns no
//! number and no name. Owns what is hashed and how it is written first. Does not
//! own where keys are kept (`storage`) nor what is done about a match.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use wangge_model::{GridId, document::Fields, text::to_half_width};

use crate::storage::MatchKey;

/// Makes keys with the data's secret.
#[derive(Clone)]
pub struct Matcher {
    hmac: Hmac<Sha256>,
}

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Matcher(…)")
    }
}

impl Matcher {
    /// With this secret.
    #[expect(clippy::expect_used, reason = "a key of any length is taken")]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            hmac: Hmac::new_from_slice(secret).expect("a key of any length"),
        }
    }

    /// The key of an address in a grid; `None` for an empty one.
    pub fn address(&self, grid: &GridId, address: &str) -> Option<MatchKey> {
        let address = normalise_address(address);
        (!address.is_empty()).then(|| self.key("address", &[grid.as_bytes(), address.as_bytes()]))
    }

    /// The key of a citizen identity number of 18 characters.
    pub fn citizen_id(&self, number: &str) -> Option<MatchKey> {
        (!number.is_empty()).then(|| self.key("citizen_id", &[number.as_bytes()]))
    }

    /// The key of a name with a birth date (`YYYY-MM-DD`); `None` without both:
    /// a name alone says too little.
    pub fn person(&self, name: &str, birth_date: &str) -> Option<MatchKey> {
        (!name.is_empty() && !birth_date.is_empty())
            .then(|| self.key("person", &[name.as_bytes(), birth_date.as_bytes()]))
    }

    /// Every key of a household; those who left are no longer in it.
    pub fn household(&self, grid: &GridId, fields: &Fields) -> Vec<MatchKey> {
        let mut keys: Vec<MatchKey> = self
            .address(grid, &address_of(|path| fields.text(path)))
            .into_iter()
            .collect();
        for member in fields.entries("members") {
            let text = |field: &str| fields.text(&format!("members.{member}.{field}"));
            if !text("left_on").is_empty() {
                continue;
            }
            keys.extend(self.citizen_id(&text("citizen_id")));
            keys.extend(self.person(&text("name"), &text("birth_date")));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// A hash of anything else under the same secret, e.g. of a row as it was
    /// imported.
    pub fn key(&self, domain: &str, parts: &[&[u8]]) -> MatchKey {
        let mut hmac = self.hmac.clone();
        hmac.update(domain.as_bytes());
        for part in parts {
            hmac.update(&(part.len() as u64).to_be_bytes());
            hmac.update(part);
        }
        let hash = hmac.finalize().into_bytes();
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(hash.iter()) {
            *to = *from;
        }
        MatchKey::from_bytes(bytes)
    }
}

/// The address of a household as one line: its parts, or the free form.
pub fn address_of(text: impl Fn(&str) -> String) -> String {
    let parts: String = ["estate", "building", "unit", "floor", "room"]
        .iter()
        .map(|part| text(&format!("address.{part}")))
        .collect();
    if parts.is_empty() {
        text("address.detail")
    } else {
        parts
    }
}

/// An address as it is compared: narrow forms, no spaces or signs, numbers
/// without the words that only say what they number, and without the floor where
/// a room follows. So 阳光花园3号楼2单元5层501室, 阳光花园 三栋2单元501 and
/// 阳光花园3-2-501 are the same.
pub fn normalise_address(address: &str) -> String {
    let narrow: Vec<char> = to_half_width(address).to_lowercase().chars().collect();
    let mut key = String::new();
    let mut numbers = 0;
    let mut at = 0;
    while let Some(&character) = narrow.get(at) {
        let rest = narrow.get(at..).unwrap_or_default();
        if let Some((number, length)) = leading_number(rest) {
            let signs: String = narrow
                .iter()
                .skip(at + length)
                .take_while(|c| is_number_sign(**c))
                .collect();
            at += length + signs.chars().count();
            let is_followed = narrow
                .get(at..)
                .is_some_and(|rest| leading_number(rest).is_some());
            // 5层 before 501室; 5楼 only where building and stairwell are said.
            let is_floor = signs == "层" || (signs == "楼" && numbers > 1);
            if is_floor && is_followed {
                continue;
            }
            if numbers > 0 {
                key.push('-');
            }
            key.push_str(&number.to_string());
            numbers += 1;
            continue;
        }
        if character.is_alphanumeric() {
            if numbers > 0 {
                key.push('-');
                numbers = 0;
            }
            key.push(character);
            // A座 and A栋 are one building.
            let is_letter = character.is_ascii_alphabetic();
            if is_letter && narrow.get(at + 1).is_some_and(|c| "栋幢座楼".contains(*c)) {
                at += 1;
            }
        }
        at += 1;
    }
    key
}

/// Words after a number that only say what it numbers.
const fn is_number_sign(character: char) -> bool {
    matches!(
        character,
        '号' | '楼'
            | '栋'
            | '幢'
            | '座'
            | '单'
            | '元'
            | '门'
            | '层'
            | '室'
            | '户'
            | '#'
            | '-'
            | '－'
    )
}

/// A number at the beginning and how many characters it takes: digits, or a
/// number in words up to 99 before a sign, such as 十二 in 十二栋.
fn leading_number(text: &[char]) -> Option<(u64, usize)> {
    let digits: String = text
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .take(18)
        .collect();
    if let Ok(number) = digits.parse() {
        return Some((number, digits.len()));
    }
    let words: Vec<u64> = text.iter().map_while(|c| numeral(*c)).take(3).collect();
    let number = match words.as_slice() {
        [one @ 1..=10] => *one,
        [10, one @ 1..=9] => 10 + one,
        [tens @ 1..=9, 10] => tens * 10,
        [tens @ 1..=9, 10, one @ 1..=9] => tens * 10 + one,
        _ => return None,
    };
    let after: String = text.iter().skip(words.len()).take(2).collect();
    let is_numbering = ["号", "栋", "幢", "单元", "层"]
        .iter()
        .any(|sign| after.starts_with(sign));
    is_numbering.then_some((number, words.len()))
}

const fn numeral(character: char) -> Option<u64> {
    Some(match character {
        '一' => 1,
        '二' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' => 10,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_written_differently_are_the_same_and_others_are_not() {
        let same = [
            "阳光花园3号楼2单元5层501室",
            "阳光花园 三栋2单元501",
            "阳光花园3-2-501",
            "阳光花园３号楼２单元5楼５０１室",
            "阳光花园03号楼02单元0501",
        ];
        for address in same {
            assert_eq!(normalise_address(address), "阳光花园3-2-501", "{address}");
        }
        for (address, key) in [
            ("阳光花园3楼2单元501", "阳光花园3-2-501"),
            ("中山路12号A座301", "中山路12-a301"),
            ("中山路12号A栋301室", "中山路12-a301"),
            ("三座店村5号", "三座店村5"),
            ("殷巷村东头第二家", "殷巷村东头第二家"),
            ("殷巷村一组南街第三排27号", "殷巷村一组南街第三排27"),
            ("幸福里十二栋301", "幸福里12-301"),
            ("", ""),
            (" - ", ""),
        ] {
            assert_eq!(normalise_address(address), key, "{address}");
        }
        assert_ne!(
            normalise_address("阳光花园3号楼501"),
            normalise_address("阳光花园3号楼502")
        );
        assert_ne!(
            normalise_address("阳光花园1号楼11室"),
            normalise_address("阳光花园11号楼1室")
        );
    }

    #[test]
    fn keys_depend_on_secret_grid_and_kind() {
        let (one, two) = (Matcher::new(&[1; 32]), Matcher::new(&[2; 32]));
        let (here, there) = (GridId::from_bytes([1; 16]), GridId::from_bytes([2; 16]));
        let key = one.address(&here, "3-501").unwrap();
        assert_eq!(one.address(&here, "3号楼501室"), Some(key));
        assert_ne!(one.address(&there, "3-501"), Some(key));
        assert_ne!(two.address(&here, "3-501"), Some(key));
        assert_eq!(one.address(&here, " "), None);
        assert_eq!(one.person("王小明", ""), None);
        assert_ne!(
            one.person("王小明", "2000-01-01"),
            one.person("王小", "明2000-01-01")
        );
    }
}
