//! An address as it is compared: what several people write of one home in
//! several ways becomes one text.

use crate::{household::Address, text::to_half_width};

/// Characters of a free-form address below which it names no home.
const LEAST_DETAIL: usize = 4;

/// An address as everybody writes it, if it is whole enough to name one home:
/// a room with its building or estate, or a free form.
pub(super) fn address_text(address: &Address) -> Option<String> {
    // The floor is in the room's number as a rule, and often left out.
    let [estate, building, unit, room] = [
        &address.estate,
        &address.building,
        &address.unit,
        &address.room,
    ]
    .map(|part| numbered(part));
    if !room.is_empty() {
        let line = format!("{estate}-{building}-{unit}-{room}");
        let text = normalise_address(&line);
        // Some write the building into the room's field, as in 3-2-501.
        let is_whole = !estate.is_empty() || !building.is_empty() || text.contains('-');
        return is_whole.then_some(text);
    }
    let has_parts = [&estate, &building, &unit]
        .iter()
        .any(|part| !part.is_empty());
    let detail = normalise_address(&address.detail);
    (!has_parts && detail.chars().count() >= LEAST_DETAIL).then_some(detail)
}

/// A part without spaces; a bare number in words with a sign, by which it is
/// known for one: 三 is 3.
fn numbered(part: &str) -> String {
    let mut plain: String = part.split_whitespace().collect();
    if !plain.is_empty() && plain.chars().all(|c| numeral(c).is_some()) {
        plain.push('号');
    }
    plain
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
    fn numbers_in_words_are_numbers_in_every_part() {
        let home = |building: &str, room: &str| {
            address_text(&Address {
                building: building.to_owned(),
                room: room.to_owned(),
                ..Address::default()
            })
        };
        for (words, digits) in [
            ("三", "3"),
            ("十", "10"),
            ("十二栋", "12"),
            ("九十九号", "99"),
        ] {
            assert_eq!(home(words, "501"), home(digits, "501"), "{words}");
            assert_eq!(home("3", words), home("3", digits), "{words}");
        }
        assert_ne!(home("三五", "501"), home("35", "501"), "that is no number");
        assert_eq!(home("", "501"), None, "many homes have that number");
        assert!(home("", "3-501").is_some());
    }

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
}
