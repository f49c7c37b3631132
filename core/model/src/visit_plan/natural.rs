//! Names of buildings and rooms in the order people count them: 2号楼 before
//! 10号楼, whether written 10, １０ or 十.

/// A name taken apart into numbers and the text between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct NaturalKey(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Number(u64),
    Text(String),
}

impl NaturalKey {
    /// The key of a name; spaces at its ends do not count.
    pub(super) fn of(name: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = name.trim().chars().peekable();
        while let Some(first) = rest.peek().copied() {
            if to_digit(first).is_some() {
                let mut number = 0_u64;
                while let Some(digit) = rest.peek().copied().and_then(to_digit) {
                    number = number.saturating_mul(10).saturating_add(digit);
                    rest.next();
                }
                parts.push(Part::Number(number));
            } else if to_numeral(first).is_some() {
                let mut numeral = Vec::new();
                while let Some(one) = rest.peek().copied().and_then(to_numeral) {
                    numeral.push(one);
                    rest.next();
                }
                parts.push(Part::Number(read_numeral(&numeral)));
            } else {
                let mut text = String::new();
                while let Some(c) = rest.peek().copied()
                    && to_digit(c).is_none()
                    && to_numeral(c).is_none()
                {
                    text.extend(narrow(c).to_lowercase());
                    rest.next();
                }
                parts.push(Part::Text(text));
            }
        }
        Self(parts)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A full-width letter, digit or sign as the ordinary one (U+FF01 to U+FF5E).
fn narrow(c: char) -> char {
    match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

fn to_digit(c: char) -> Option<u64> {
    narrow(c).to_digit(10).map(u64::from)
}

#[derive(Debug, Clone, Copy)]
enum Numeral {
    Digit(u64),
    Unit(u64),
}

fn to_numeral(c: char) -> Option<Numeral> {
    Some(match c {
        '零' | '〇' => Numeral::Digit(0),
        '一' => Numeral::Digit(1),
        '二' | '两' => Numeral::Digit(2),
        '三' => Numeral::Digit(3),
        '四' => Numeral::Digit(4),
        '五' => Numeral::Digit(5),
        '六' => Numeral::Digit(6),
        '七' => Numeral::Digit(7),
        '八' => Numeral::Digit(8),
        '九' => Numeral::Digit(9),
        '十' => Numeral::Unit(10),
        '百' => Numeral::Unit(100),
        _ => return None,
    })
}

/// 十二 is 12, 一百零三 is 103, and 一二 (as on some door plates) is 12.
fn read_numeral(numeral: &[Numeral]) -> u64 {
    let mut sum = 0_u64;
    let mut digits: Option<u64> = None;
    for one in numeral {
        match one {
            Numeral::Digit(digit) => {
                let before = digits.unwrap_or(0);
                digits = Some(before.saturating_mul(10).saturating_add(*digit));
            }
            Numeral::Unit(unit) => {
                let times = digits.take().filter(|digits| *digits > 0).unwrap_or(1);
                sum = sum.saturating_add(times.saturating_mul(*unit));
            }
        }
    }
    sum.saturating_add(digits.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_the_order_of_their_numbers() {
        let mut names = [
            "10号楼",
            "2号楼",
            "B座",
            "３号楼",
            "a座",
            "十一号楼",
            "1号楼",
        ];
        names.sort_by_key(|name| NaturalKey::of(name));
        assert_eq!(
            names,
            [
                "1号楼",
                "2号楼",
                "３号楼",
                "10号楼",
                "十一号楼",
                "a座",
                "B座"
            ]
        );
    }

    #[test]
    fn ways_to_write_one_number_are_one_name() {
        for (one, two) in [
            ("12号楼", "十二号楼"),
            ("１２号楼", " 12号楼"),
            ("103室", "一百零三室"),
            ("20", "二十"),
            ("12", "一二"),
            ("Ａ座", "a座"),
        ] {
            assert_eq!(NaturalKey::of(one), NaturalKey::of(two), "{one} {two}");
        }
        assert_ne!(NaturalKey::of("12号楼"), NaturalKey::of("12号院"));
        assert!(NaturalKey::of("  ").is_empty());
        let long = "9".repeat(60);
        assert!(!NaturalKey::of(&long).is_empty(), "and no overflow");
    }
}
