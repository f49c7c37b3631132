//! Unified social credit codes of legal persons and organisations.
//!
//! Source: GB 32100-2015: registering department 1, kind 1, county 6 digits,
//! organisation code 9 (GB 11714), check character 1 (MOD 31-3). Owns
//! normalising and checking. The inner check of the organisation code is only
//! reported: codes that break it have been issued.

use std::fmt;

use thiserror::Error;

use crate::text::{ascii_part, full_width_position};

/// The characters of GB 32100 in the order of their values; I, O, S, V and Z
/// are left out because they look like digits or each other.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Weights of characters 1 to 17, 3^(i-1) mod 31.
const WEIGHTS: [usize; 17] = [
    1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
];

/// Weights of the first eight characters of an organisation code (GB 11714).
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// Why a text is not a credit code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreditCodeError {
    /// Nothing but spaces.
    #[error("credit code is empty")]
    Empty,
    /// Not 18 characters.
    #[error("a credit code has 18 characters, not {found}")]
    WrongLength {
        /// Characters found.
        found: usize,
    },
    /// A full-width digit or letter.
    #[error("full-width character at position {position}")]
    FullWidth {
        /// Character position, counted from 1.
        position: usize,
    },
    /// I, O, S, V or Z, another sign, or a letter in the county part.
    #[error("character {position} does not belong in a credit code")]
    WrongCharacter {
        /// Character position, counted from 1.
        position: usize,
    },
    /// The last character does not fit the others.
    #[error("the check character does not fit")]
    CheckCharacterWrong,
}

impl CreditCodeError {
    /// Stable name of the error, for message files and interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "credit_code_empty",
            Self::WrongLength { .. } => "credit_code_wrong_length",
            Self::FullWidth { .. } => "credit_code_full_width",
            Self::WrongCharacter { .. } => "credit_code_wrong_character",
            Self::CheckCharacterWrong => "credit_code_check_character_wrong",
        }
    }

    /// Named values for the message of [`Self::code`].
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::WrongLength { found } => vec![("found", found.to_string())],
            Self::FullWidth { position } | Self::WrongCharacter { position } => {
                vec![("position", position.to_string())]
            }
            Self::Empty | Self::CheckCharacterWrong => Vec::new(),
        }
    }
}

/// A checked code of 18 upper-case characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditCode(String);

impl CreditCode {
    /// Normalises (outer spaces, lower case) and checks a code.
    pub fn parse(text: &str) -> Result<Self, CreditCodeError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(CreditCodeError::Empty);
        }
        if let Some(position) = full_width_position(text) {
            return Err(CreditCodeError::FullWidth { position });
        }
        let found = text.chars().count();
        if found != 18 {
            return Err(CreditCodeError::WrongLength { found });
        }
        let text = text.to_ascii_uppercase();
        let mut sum = 0;
        let mut last = 0;
        for (index, character) in text.chars().enumerate() {
            let position = index + 1;
            let in_county = (3..=8).contains(&position);
            let value = ALPHABET
                .find(character)
                .filter(|_| !in_county || character.is_ascii_digit())
                .ok_or(CreditCodeError::WrongCharacter { position })?;
            match WEIGHTS.get(index) {
                Some(weight) => sum += value * weight,
                None => last = value,
            }
        }
        if (31 - sum % 31) % 31 == last {
            Ok(Self(text))
        } else {
            Err(CreditCodeError::CheckCharacterWrong)
        }
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The department that registered the organisation, such as `9` for market
    /// regulation.
    pub fn department(&self) -> &str {
        ascii_part(&self.0, 0, 1)
    }

    /// Six digits of the county of registration.
    pub fn county(&self) -> &str {
        ascii_part(&self.0, 2, 8)
    }

    /// The nine characters of the organisation code.
    pub fn organisation(&self) -> &str {
        ascii_part(&self.0, 8, 17)
    }

    /// Whether the organisation code passes its own check of GB 11714. Worth a
    /// warning, not a refusal.
    pub fn organisation_check_fits(&self) -> bool {
        let organisation = self.organisation();
        let sum: u32 = organisation
            .chars()
            .zip(ORGANISATION_WEIGHTS)
            .map(|(character, weight)| character.to_digit(36).unwrap_or_default() * weight)
            .sum();
        let expected = match 11 - sum % 11 {
            10 => Some('X'),
            11 => Some('0'),
            digit => char::from_digit(digit, 10),
        };
        organisation.chars().last() == expected
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_vector_is_taken_or_refused_for_its_reason() {
        let file: Value =
            serde_json::from_str(include_str!("../vectors/test_vectors.json")).unwrap();
        let vectors = file["uscc"].as_array().unwrap();
        assert_eq!(vectors.len(), 10);
        for vector in vectors {
            let text = vector["in"].as_str().unwrap();
            let found = CreditCode::parse(text);
            if vector["ok"].as_bool().unwrap() {
                assert_eq!(found.unwrap().as_str(), text);
                continue;
            }
            let code = match vector["why"].as_str().unwrap() {
                why if why.starts_with("Z is not") => "credit_code_wrong_character",
                "letter O" => "credit_code_wrong_character",
                "17 characters" => "credit_code_wrong_length",
                why if why.ends_with("check is 7") => "credit_code_check_character_wrong",
                other => panic!("vector with an unknown reason: {other}"),
            };
            assert_eq!(found.unwrap_err().code(), code, "{text}");
        }
    }

    #[test]
    fn the_parts_of_the_worked_example_are_those_of_the_standard() {
        let code = CreditCode::parse(" 91350100m000100y43 ").unwrap();
        assert_eq!(
            (code.department(), code.county(), code.organisation()),
            ("9", "350100", "M000100Y4")
        );
        assert!(code.organisation_check_fits());
        assert!(
            CreditCode::parse("11320000MB151840XJ")
                .unwrap()
                .organisation_check_fits()
        );
        assert!(
            !CreditCode::parse("54370102000000001L")
                .unwrap()
                .organisation_check_fits()
        );
    }

    #[test]
    fn empty_full_width_and_letters_in_the_county_are_refused() {
        assert_eq!(CreditCode::parse(" "), Err(CreditCodeError::Empty));
        let full = CreditCode::parse("9１350100M000100Y43");
        assert_eq!(full, Err(CreditCodeError::FullWidth { position: 2 }));
        let county = CreditCode::parse("91A50100M000100Y43");
        assert_eq!(county, Err(CreditCodeError::WrongCharacter { position: 3 }));
    }

    proptest! {
        #[test]
        fn a_single_wrong_character_is_always_refused(
            body in "[0-9A-HJ-NP-RT-UW-Y]{2}[0-9]{6}[0-9A-HJ-NP-RT-UW-Y]{9}",
            place in 0usize..17,
            shift in 1usize..31,
        ) {
            let value = |c: char| ALPHABET.find(c).unwrap();
            let sum: usize = body.chars().zip(WEIGHTS).map(|(c, w)| value(c) * w).sum();
            let at = |value: usize| ALPHABET.chars().nth(value % 31).unwrap();
            let good = format!("{body}{}", at(31 - sum % 31));
            prop_assert!(CreditCode::parse(&good).is_ok(), "{}", good);
            let wrong: String = good
                .chars()
                .enumerate()
                .map(|(i, c)| if i == place { at(value(c) + shift) } else { c })
                .collect();
            prop_assert!(CreditCode::parse(&wrong).is_err(), "{} {}", good, wrong);
        }
    }
}
