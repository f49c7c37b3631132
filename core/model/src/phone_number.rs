//! Telephone numbers of mainland China.
//!
//! Source: the numbering plan: mobile numbers `1[3-9]` and nine digits,
//! landlines an area code of three (010, 02x) or four digits and a local number
//! of seven or eight. Owns normalising and checking. The two kinds are separate
//! types, since a text message can be sent to one of them only. `Debug` is
//! redacted.

use std::fmt;

use thiserror::Error;

use crate::text::{ascii_part, full_width_position};

/// Why a text is not a telephone number of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PhoneNumberError {
    /// Nothing but spaces.
    #[error("telephone number is empty")]
    Empty,
    /// A full-width digit or sign.
    #[error("full-width character at position {position}")]
    FullWidth {
        /// Character position, counted from 1.
        position: usize,
    },
    /// Something else than digits, spaces, hyphens and a leading +86.
    #[error("character {position} does not belong in a telephone number")]
    WrongCharacter {
        /// Character position, counted from 1.
        position: usize,
    },
    /// Not the 11 digits of a mobile number.
    #[error("a mobile number has 11 digits, not {found}")]
    MobileWrongLength {
        /// Digits found, without the country code.
        found: usize,
    },
    /// Does not begin with 13 to 19.
    #[error("a mobile number begins with 13 to 19")]
    MobilePrefix,
    /// Does not begin with an area code.
    #[error("a landline number begins with an area code such as 0531")]
    LandlineAreaCode,
    /// The part after the area code is not seven or eight digits.
    #[error("a landline number has 7 or 8 digits after the area code, not {found}")]
    LandlineWrongLength {
        /// Digits found after the area code.
        found: usize,
    },
}

impl PhoneNumberError {
    /// Stable name of the error, for message files and interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "phone_number_empty",
            Self::FullWidth { .. } => "phone_number_full_width",
            Self::WrongCharacter { .. } => "phone_number_wrong_character",
            Self::MobileWrongLength { .. } => "phone_number_mobile_wrong_length",
            Self::MobilePrefix => "phone_number_mobile_prefix",
            Self::LandlineAreaCode => "phone_number_landline_area_code",
            Self::LandlineWrongLength { .. } => "phone_number_landline_wrong_length",
        }
    }

    /// Named values for the message of [`Self::code`].
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::FullWidth { position } | Self::WrongCharacter { position } => {
                vec![("position", position.to_string())]
            }
            Self::MobileWrongLength { found } | Self::LandlineWrongLength { found } => {
                vec![("found", found.to_string())]
            }
            Self::Empty | Self::MobilePrefix | Self::LandlineAreaCode => Vec::new(),
        }
    }
}

/// A mobile number: 11 digits, no country code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MobileNumber(String);

impl MobileNumber {
    /// Normalises (+86 or 0086, spaces, hyphens) and checks a mobile number.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        let digits = national_digits(text)?.digits;
        if digits.len() != 11 {
            return Err(PhoneNumberError::MobileWrongLength {
                found: digits.len(),
            });
        }
        let mut bytes = digits.bytes();
        match (bytes.next(), bytes.next()) {
            (Some(b'1'), Some(b'3'..=b'9')) => Ok(Self(digits)),
            _ => Err(PhoneNumberError::MobilePrefix),
        }
    }

    /// The 11 digits. Personal data.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A landline number: area code with its 0, then the local number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LandlineNumber {
    digits: String,
    area_digits: usize,
}

impl LandlineNumber {
    /// Normalises and checks a landline number. After +86 or 0086 the 0 of the
    /// area code may be left out, as on business cards.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        let national = national_digits(text)?;
        let mut digits = national.digits;
        if national.had_country_code && !digits.starts_with('0') {
            digits.insert(0, '0');
        }
        let area_digits = match digits.as_bytes() {
            [b'0', b'1' | b'2', ..] => 3,
            [b'0', b'3'..=b'9', ..] => 4,
            _ => return Err(PhoneNumberError::LandlineAreaCode),
        };
        let found = digits.len().saturating_sub(area_digits);
        if !(7..=8).contains(&found) {
            return Err(PhoneNumberError::LandlineWrongLength { found });
        }
        Ok(Self {
            digits,
            area_digits,
        })
    }

    /// All digits without a hyphen, such as `053182012345`. Personal data.
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// Area code with its 0, such as `0531`.
    pub fn area_code(&self) -> &str {
        ascii_part(&self.digits, 0, self.area_digits)
    }

    /// Local number, seven or eight digits. Personal data.
    pub fn local(&self) -> &str {
        ascii_part(&self.digits, self.area_digits, self.digits.len())
    }
}

/// A number of either kind, for fields that take both.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PhoneNumber {
    /// A mobile number.
    Mobile(MobileNumber),
    /// A landline number.
    Landline(LandlineNumber),
}

impl PhoneNumber {
    /// Reads a number whose kind its first digit shows: 0 is a landline,
    /// anything else is held to the rule of mobile numbers.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        if national_digits(text)?.digits.starts_with('0') {
            LandlineNumber::parse(text).map(Self::Landline)
        } else {
            MobileNumber::parse(text).map(Self::Mobile)
        }
    }

    /// The digits. Personal data.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Mobile(number) => number.as_str(),
            Self::Landline(number) => number.as_str(),
        }
    }
}

impl fmt::Debug for MobileNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MobileNumber(redacted)")
    }
}

impl fmt::Debug for LandlineNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LandlineNumber(redacted)")
    }
}

struct NationalDigits {
    digits: String,
    had_country_code: bool,
}

/// Digits without spaces, hyphens and the country code of China.
fn national_digits(text: &str) -> Result<NationalDigits, PhoneNumberError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(PhoneNumberError::Empty);
    }
    if let Some(position) = full_width_position(text) {
        return Err(PhoneNumberError::FullWidth { position });
    }
    let mut digits = String::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        match character {
            '0'..='9' => digits.push(character),
            '+' if index == 0 => digits.push(character),
            // Hyphens and spaces, also the unbreakable ones of contact lists.
            ' ' | '\u{A0}' | '-' | '\u{2010}' | '\u{2011}' | '\u{2013}' => {}
            _ => {
                return Err(PhoneNumberError::WrongCharacter {
                    position: index + 1,
                });
            }
        }
    }
    let stripped = digits
        .strip_prefix("+86")
        .or_else(|| digits.strip_prefix("0086"));
    match stripped {
        Some(rest) => Ok(NationalDigits {
            digits: rest.to_owned(),
            had_country_code: true,
        }),
        // Another country's number: the sign is what does not fit.
        None if digits.starts_with('+') => Err(PhoneNumberError::WrongCharacter { position: 1 }),
        None => Ok(NationalDigits {
            digits,
            had_country_code: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_vector_is_taken_or_refused() {
        let file: Value =
            serde_json::from_str(include_str!("../vectors/test_vectors.json")).unwrap();
        let vectors = file["phone"].as_array().unwrap();
        assert_eq!(vectors.len(), 9);
        for vector in vectors {
            let text = vector["in"].as_str().unwrap();
            if let Some(ok) = vector["ok"].as_bool() {
                assert_eq!(MobileNumber::parse(text).is_ok(), ok, "{text}");
            } else {
                assert!(MobileNumber::parse(text).is_err(), "{text}");
                assert_eq!(LandlineNumber::parse(text).unwrap().as_str(), text);
            }
        }
    }

    #[test]
    fn all_ways_of_writing_a_number_give_the_same_digits() {
        for text in [
            "13800138000",
            "+8613800138000",
            "0086 138-0013-8000",
            " +86\u{A0}138 0013 8000 ",
        ] {
            assert_eq!(
                MobileNumber::parse(text).unwrap().as_str(),
                "13800138000",
                "{text}"
            );
        }
        for text in [
            "053182012345",
            "0531-8201 2345",
            "+86 531 82012345",
            "0086-0531-82012345",
        ] {
            let number = LandlineNumber::parse(text).unwrap();
            assert_eq!(
                (number.area_code(), number.local()),
                ("0531", "82012345"),
                "{text}"
            );
        }
        let beijing = LandlineNumber::parse("010-6000000").unwrap();
        assert_eq!((beijing.area_code(), beijing.local()), ("010", "6000000"));
    }

    #[test]
    fn a_bad_number_is_refused_with_the_reason() {
        for (text, code) in [
            (" ", "phone_number_empty"),
            ("１３８００１３８０００", "phone_number_full_width"),
            ("138001380OO", "phone_number_wrong_character"),
            ("138+0013800", "phone_number_wrong_character"),
            ("+85260000000", "phone_number_wrong_character"),
            ("1380013800", "phone_number_mobile_wrong_length"),
            ("12345678901", "phone_number_mobile_prefix"),
            ("053112345", "phone_number_landline_wrong_length"),
            ("0531123456789", "phone_number_landline_wrong_length"),
            ("0012345678", "phone_number_landline_area_code"),
        ] {
            assert_eq!(
                PhoneNumber::parse(text).map_err(|e| e.code()),
                Err(code),
                "{text}"
            );
        }
        let landline = LandlineNumber::parse("82012345").map_err(|e| e.code());
        assert_eq!(landline, Err("phone_number_landline_area_code"));
    }

    #[test]
    fn the_kind_is_recognised_by_the_first_digit() {
        let mobile = PhoneNumber::parse("+86 199 0000 0000").unwrap();
        assert!(matches!(mobile, PhoneNumber::Mobile(_)));
        let landline = PhoneNumber::parse("0531-82012345").unwrap();
        assert!(matches!(landline, PhoneNumber::Landline(_)));
        assert_eq!(landline.as_str(), "053182012345");
        assert_eq!(
            format!("{landline:?}"),
            "Landline(LandlineNumber(redacted))"
        );
    }

    proptest! {
        #[test]
        fn separators_never_change_a_mobile_number(
            digits in "1[3-9][0-9]{9}",
            gaps in proptest::collection::vec("[ -]{0,2}", 11),
            country in prop_oneof![Just(""), Just("+86"), Just("0086 ")],
        ) {
            let mut spaced = String::new();
            for (digit, gap) in digits.chars().zip(&gaps) {
                spaced.push(digit);
                spaced.push_str(gap);
            }
            let number = MobileNumber::parse(&format!("{country}{spaced}")).unwrap();
            prop_assert_eq!(number.as_str(), &digits);
            let again = MobileNumber::parse(number.as_str()).unwrap();
            prop_assert_eq!(again, number);
        }

        #[test]
        fn no_text_makes_parsing_panic(text in any::<String>(), near in "[+0-9 -]{0,16}") {
            for text in [text, near] {
                let _ = PhoneNumber::parse(&text);
                let _ = LandlineNumber::parse(&text);
            }
        }
    }
}
