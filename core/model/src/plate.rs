//! Vehicle plates, needed for parking and rented-garage incidents.
//!
//! Source: GA 36 plates: province character, office letter, then five
//! characters (ordinary) or six (new energy: D or F first for small vehicles,
//! last for large ones; the wider set of first letters for small ones is
//! inferred from issued series). I and O are not used.

use std::fmt;

use thiserror::Error;

use crate::text::full_width_position;

/// The characters of the 31 provinces that issue plates.
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/// Last characters of trailers, training cars, police cars and cars of Hong
/// Kong and Macao.
const LAST_SPECIAL: &str = "挂学警港澳";

/// First letters of the serial of small new-energy vehicles.
const NEW_ENERGY_SMALL: &str = "DFABCEGHJK";

/// Which series a plate belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlateKind {
    /// Five characters after the office letter.
    Ordinary,
    /// Six characters, a letter first.
    NewEnergySmall,
    /// Six characters, D or F last.
    NewEnergyLarge,
}

/// Why a text is not a plate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlateError {
    /// Nothing but spaces.
    #[error("plate is empty")]
    Empty,
    /// A full-width digit or letter.
    #[error("full-width character at position {position}")]
    FullWidth {
        /// Character position, counted from 1.
        position: usize,
    },
    /// The first character is not that of a province.
    #[error("a plate begins with the character of a province")]
    ProvinceUnknown,
    /// Not 7 or 8 characters.
    #[error("a plate has 7 or 8 characters, not {found}")]
    WrongLength {
        /// Characters found, without separators.
        found: usize,
    },
    /// I, O or another character that cannot stand there.
    #[error("character {position} cannot stand there")]
    WrongCharacter {
        /// Character position without separators, counted from 1.
        position: usize,
    },
}

impl PlateError {
    /// Stable name of the error, for message files and interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "plate_empty",
            Self::FullWidth { .. } => "plate_full_width",
            Self::ProvinceUnknown => "plate_province_unknown",
            Self::WrongLength { .. } => "plate_wrong_length",
            Self::WrongCharacter { .. } => "plate_wrong_character",
        }
    }

    /// Named values for the message of [`Self::code`].
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::FullWidth { position } | Self::WrongCharacter { position } => {
                vec![("position", position.to_string())]
            }
            Self::WrongLength { found } => vec![("found", found.to_string())],
            Self::Empty | Self::ProvinceUnknown => Vec::new(),
        }
    }
}

/// A plate in its written form, upper case, without a separator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plate {
    text: String,
    kind: PlateKind,
}

impl Plate {
    /// Normalises (spaces, the dot after the office letter, lower case) and
    /// checks a plate.
    pub fn parse(text: &str) -> Result<Self, PlateError> {
        let text: String = text
            .chars()
            .filter(|character| !matches!(character, ' ' | '·' | '•' | '-'))
            .map(|character| character.to_ascii_uppercase())
            .collect();
        let text = text.trim();
        if text.is_empty() {
            return Err(PlateError::Empty);
        }
        if let Some(position) = full_width_position(text) {
            return Err(PlateError::FullWidth { position });
        }
        let characters: Vec<char> = text.chars().collect();
        let found = characters.len();
        let [province, office, serial @ ..] = characters.as_slice() else {
            return Err(PlateError::WrongLength { found });
        };
        if !PROVINCES.contains(*province) {
            return Err(PlateError::ProvinceUnknown);
        }
        if !is_plate_letter(*office) {
            return Err(PlateError::WrongCharacter { position: 2 });
        }
        let kind = match serial.len() {
            5 => check_ordinary(serial).map(|()| PlateKind::Ordinary)?,
            6 => check_new_energy(serial)?,
            _ => return Err(PlateError::WrongLength { found }),
        };
        Ok(Self {
            text: text.to_owned(),
            kind,
        })
    }

    /// The plate, such as `鲁A12345`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The series.
    pub const fn kind(&self) -> PlateKind {
        self.kind
    }
}

impl fmt::Display for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const fn is_plate_letter(character: char) -> bool {
    character.is_ascii_uppercase() && !matches!(character, 'I' | 'O')
}

const fn is_plate_character(character: char) -> bool {
    is_plate_letter(character) || character.is_ascii_digit()
}

/// Position of the first character of the serial that `fits` refuses.
fn first_wrong(serial: &[char], fits: impl Fn(usize, char) -> bool) -> Result<(), PlateError> {
    match serial
        .iter()
        .enumerate()
        .find(|(index, character)| !fits(*index, **character))
    {
        Some((index, _)) => Err(PlateError::WrongCharacter {
            position: index + 3,
        }),
        None => Ok(()),
    }
}

fn check_ordinary(serial: &[char]) -> Result<(), PlateError> {
    first_wrong(serial, |index, character| {
        is_plate_character(character) || (index == 4 && LAST_SPECIAL.contains(character))
    })
}

fn check_new_energy(serial: &[char]) -> Result<PlateKind, PlateError> {
    if serial.first().is_some_and(char::is_ascii_digit) {
        first_wrong(serial, |index, character| match index {
            5 => matches!(character, 'D' | 'F'),
            _ => character.is_ascii_digit(),
        })?;
        return Ok(PlateKind::NewEnergyLarge);
    }
    first_wrong(serial, |index, character| match index {
        0 => NEW_ENERGY_SMALL.contains(character),
        1 => is_plate_character(character),
        _ => character.is_ascii_digit(),
    })?;
    Ok(PlateKind::NewEnergySmall)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        let file: Value =
            serde_json::from_str(include_str!("../vectors/test_vectors.json")).unwrap();
        file["plates"].clone()
    }

    #[test]
    fn every_vector_is_taken_or_refused() {
        let vectors = vectors();
        let good = vectors["ok"].as_array().unwrap();
        let bad = vectors["bad"].as_array().unwrap();
        assert_eq!((good.len(), bad.len()), (4, 3));
        for text in good.iter().map(|text| text.as_str().unwrap()) {
            assert_eq!(Plate::parse(text).unwrap().as_str(), text);
        }
        for text in bad.iter().map(|text| text.as_str().unwrap()) {
            assert!(Plate::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn everything_the_published_patterns_describe_is_taken_as_its_series() {
        let vectors = vectors();
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        for (key, kind) in [
            ("regex_ordinary", PlateKind::Ordinary),
            ("regex_new_energy_small", PlateKind::NewEnergySmall),
            ("regex_new_energy_large", PlateKind::NewEnergyLarge),
        ] {
            let pattern = vectors[key].as_str().unwrap().trim_matches(['^', '$']);
            let pattern = pattern.replace(r"\d", "[0-9]").replace('省', PROVINCES);
            runner
                .run(&string_regex(&pattern).unwrap(), |text| {
                    prop_assert_eq!(Plate::parse(&text).map(|plate| plate.kind()), Ok(kind));
                    Ok(())
                })
                .unwrap();
        }
    }

    #[test]
    fn separators_and_lower_case_are_normalised() {
        assert_eq!(Plate::parse(" 鲁a·12345 ").unwrap().as_str(), "鲁A12345");
        assert_eq!(
            Plate::parse("京A-D12345").unwrap().kind(),
            PlateKind::NewEnergySmall
        );
        assert_eq!(
            Plate::parse("鲁A12345D").unwrap().kind(),
            PlateKind::NewEnergyLarge
        );
    }

    #[test]
    fn a_bad_plate_is_refused_with_the_reason() {
        for (text, error) in [
            (" · ", PlateError::Empty),
            ("鲁", PlateError::WrongLength { found: 1 }),
            ("鲁A1234", PlateError::WrongLength { found: 6 }),
            ("AB12345", PlateError::ProvinceUnknown),
            ("鲁I12345", PlateError::WrongCharacter { position: 2 }),
            ("鲁A1O345", PlateError::WrongCharacter { position: 4 }),
            ("鲁A1234挂5", PlateError::WrongCharacter { position: 7 }),
            ("鲁AL12345", PlateError::WrongCharacter { position: 3 }),
            ("鲁Ａ12345", PlateError::FullWidth { position: 2 }),
        ] {
            assert_eq!(Plate::parse(text), Err(error), "{text}");
        }
    }
}
