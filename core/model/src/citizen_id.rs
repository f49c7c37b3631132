//! Citizen identity numbers (公民身份号码).
//!
//! Source: GB 11643-1999: six digits of GB/T 2260, eight of the birth date,
//! three of sequence (the last odd for men), one check character by ISO 7064
//! MOD 11-2. Owns: normalising, checking, what a number says about its holder,
//! and synthetic numbers for tests and the demo. Does not own storage: a number
//! is encrypted and looked up by keyed hash elsewhere.
//!
//! The county part is not looked up: abolished codes stay in the numbers of the
//! people who got them. Nothing here prints a number; `Debug` is redacted.

use std::fmt;

use chrono::{Datelike, NaiveDate};
use thiserror::Error;

use crate::province::Province;
use crate::text::{ascii_part, full_width_position};

/// Weights of digits 1 to 17 (GB 11643, 2^(18-i) mod 11).
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// Check character for each remainder.
const CHECK_CHARACTERS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

/// The first birth year a number can carry; nobody numbered was born earlier.
const EARLIEST_BIRTH_YEAR: i32 = 1850;

/// County codes that begin so were never given to a place, so numbers made with
/// them can be nobody's.
const NEVER_ASSIGNED_COUNTY: &str = "379";

/// Which numbers a deployment takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CitizenIdPolicy {
    /// Real use: numbers with a county that was never assigned are refused.
    #[default]
    Production,
    /// Tests and the demo: synthetic counties are allowed too.
    Synthetic,
}

/// Sex as digit 17 says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// Odd digit.
    Male,
    /// Even digit.
    Female,
}

/// Why a text is not a citizen number. Neither the text nor the right check
/// character is in the error: it would end up in a log, or help to invent a
/// number that passes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CitizenIdError {
    /// Nothing but spaces.
    #[error("citizen number is empty")]
    Empty,
    /// Neither 18 characters nor the 15 of an old number.
    #[error("a citizen number has 18 characters, not {found}")]
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
    /// Something else than a digit, or than X at the end.
    #[error("character {position} does not belong in a citizen number")]
    WrongCharacter {
        /// Character position, counted from 1.
        position: usize,
    },
    /// The first two digits are no province.
    #[error("the first two digits are no province")]
    ProvinceUnknown,
    /// A county code that exists only in synthetic numbers.
    #[error("this county code was never assigned")]
    CountyNeverAssigned,
    /// Digits 7 to 14 are no day of the calendar.
    #[error("the birth date does not exist")]
    BirthDateInvalid,
    /// A birth year before 1850.
    #[error("the birth year is before {EARLIEST_BIRTH_YEAR}")]
    BirthDateTooEarly,
    /// A birth date after today.
    #[error("the birth date is in the future")]
    BirthDateInFuture,
    /// The last character does not fit the others.
    #[error("the check character does not fit")]
    CheckCharacterWrong,
    /// A correct number of the old 15-digit form; `converted` is to be offered
    /// and stored only when the person entering it agrees.
    #[error("this is an old number of 15 digits")]
    OldNumber {
        /// The 18-character number of the same person.
        converted: CitizenId,
    },
}

impl CitizenIdError {
    /// Stable name of the error, for message files and interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "citizen_id_empty",
            Self::WrongLength { .. } => "citizen_id_wrong_length",
            Self::FullWidth { .. } => "citizen_id_full_width",
            Self::WrongCharacter { .. } => "citizen_id_wrong_character",
            Self::ProvinceUnknown => "citizen_id_province_unknown",
            Self::CountyNeverAssigned => "citizen_id_county_never_assigned",
            Self::BirthDateInvalid => "citizen_id_birth_date_invalid",
            Self::BirthDateTooEarly => "citizen_id_birth_date_too_early",
            Self::BirthDateInFuture => "citizen_id_birth_date_in_future",
            Self::CheckCharacterWrong => "citizen_id_check_character_wrong",
            Self::OldNumber { .. } => "citizen_id_old_number",
        }
    }

    /// Named values for the message of [`Self::code`].
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::WrongLength { found } => vec![("found", found.to_string())],
            Self::FullWidth { position } | Self::WrongCharacter { position } => {
                vec![("position", position.to_string())]
            }
            _ => Vec::new(),
        }
    }
}

/// A checked number of 18 characters, X in upper case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CitizenId {
    text: String,
    birth_date: NaiveDate,
}

impl CitizenId {
    /// Normalises (outer spaces, lower-case x) and checks a number. `today` is
    /// the date where the number is entered.
    pub fn parse(
        text: &str,
        today: NaiveDate,
        policy: CitizenIdPolicy,
    ) -> Result<Self, CitizenIdError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(CitizenIdError::Empty);
        }
        if let Some(position) = full_width_position(text) {
            return Err(CitizenIdError::FullWidth { position });
        }
        match text.chars().count() {
            18 => Self::parse_18(&text.to_ascii_uppercase(), today, policy),
            15 => {
                refuse_non_digits(text)?;
                let (county, rest) = (ascii_part(text, 0, 6), ascii_part(text, 6, 15));
                let converted = with_check_character(&format!("{county}19{rest}"));
                let converted = Self::parse_18(&converted, today, policy)?;
                Err(CitizenIdError::OldNumber { converted })
            }
            found => Err(CitizenIdError::WrongLength { found }),
        }
    }

    fn parse_18(
        text: &str,
        today: NaiveDate,
        policy: CitizenIdPolicy,
    ) -> Result<Self, CitizenIdError> {
        let body: String = text.chars().take(17).collect();
        refuse_non_digits(&body)?;
        let last = text.chars().last().unwrap_or_default();
        if !(last.is_ascii_digit() || last == 'X') {
            return Err(CitizenIdError::WrongCharacter { position: 18 });
        }
        if Province::of(text).is_none() {
            return Err(CitizenIdError::ProvinceUnknown);
        }
        if policy == CitizenIdPolicy::Production && text.starts_with(NEVER_ASSIGNED_COUNTY) {
            return Err(CitizenIdError::CountyNeverAssigned);
        }
        let birth_date = birth_date_of(text).ok_or(CitizenIdError::BirthDateInvalid)?;
        if birth_date.year() < EARLIEST_BIRTH_YEAR {
            return Err(CitizenIdError::BirthDateTooEarly);
        }
        if birth_date > today {
            return Err(CitizenIdError::BirthDateInFuture);
        }
        if check_character(&body) != Some(last) {
            return Err(CitizenIdError::CheckCharacterWrong);
        }
        Ok(Self {
            text: text.to_owned(),
            birth_date,
        })
    }

    /// Makes a number that can be nobody's: the county begins with 379, which
    /// was never assigned, or the birth year is 1880 to 1900. `None` for any
    /// other county or date, or a `sequence` over 999 (odd for men).
    pub fn synthetic(county: u32, birth_date: NaiveDate, sequence: u16) -> Option<Self> {
        let county = format!("{county:06}");
        let nobody_alive = (1880..=1900).contains(&birth_date.year());
        let never_assigned = county.starts_with(NEVER_ASSIGNED_COUNTY);
        let plausible = (EARLIEST_BIRTH_YEAR..10_000).contains(&birth_date.year());
        if county.len() != 6 || sequence > 999 || !plausible || !(nobody_alive || never_assigned) {
            return None;
        }
        Province::of(&county)?;
        let date = birth_date.format("%Y%m%d");
        let text = with_check_character(&format!("{county}{date}{sequence:03}"));
        Some(Self { text, birth_date })
    }

    /// The 18 characters. Personal data: encrypt before storing, mask before
    /// showing, never log.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Birth date in the number.
    pub const fn birth_date(&self) -> NaiveDate {
        self.birth_date
    }

    /// Sex in the number.
    pub fn sex(&self) -> Sex {
        let odd = self
            .text
            .as_bytes()
            .get(16)
            .is_some_and(|digit| digit % 2 == 1);
        if odd { Sex::Male } else { Sex::Female }
    }

    /// The six digits of the county the number was first given in.
    pub fn county(&self) -> &str {
        ascii_part(&self.text, 0, 6)
    }
}

impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CitizenId(redacted)")
    }
}

/// The check character of `digits` by ISO 7064 MOD 11-2 with the weights of GB
/// 11643; `None` unless there are 17 digits.
pub(crate) fn check_character(digits: &str) -> Option<char> {
    if digits.len() != WEIGHTS.len() {
        return None;
    }
    let mut sum = 0;
    for (character, weight) in digits.chars().zip(WEIGHTS) {
        sum += character.to_digit(10)? * weight;
    }
    CHECK_CHARACTERS.get((sum % 11) as usize).copied()
}

fn with_check_character(digits: &str) -> String {
    let check = check_character(digits)
        .map(String::from)
        .unwrap_or_default();
    format!("{digits}{check}")
}

fn refuse_non_digits(text: &str) -> Result<(), CitizenIdError> {
    match text
        .chars()
        .position(|character| !character.is_ascii_digit())
    {
        Some(index) => Err(CitizenIdError::WrongCharacter {
            position: index + 1,
        }),
        None => Ok(()),
    }
}

fn birth_date_of(text: &str) -> Option<NaiveDate> {
    let number = |from, to| ascii_part(text, from, to).parse::<u32>().ok();
    let year = i32::try_from(number(6, 10)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(10, 12)?, number(12, 14)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 1).unwrap()
    }

    fn parse(text: &str) -> Result<CitizenId, CitizenIdError> {
        CitizenId::parse(text, today(), CitizenIdPolicy::Production)
    }

    fn vectors() -> Vec<Value> {
        let file: Value =
            serde_json::from_str(include_str!("../vectors/test_vectors.json")).unwrap();
        file["id_card"].as_array().unwrap().clone()
    }

    #[test]
    fn every_vector_is_taken_refused_or_offered_converted() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 17);
        for vector in vectors {
            let text = vector["in"].as_str().unwrap();
            let found = parse(text);
            match &vector["ok"] {
                Value::Bool(true) => {
                    let id = found.unwrap_or_else(|error| panic!("{text}: {error}"));
                    let normalised = vector["normalised"].as_str().unwrap_or(text);
                    assert_eq!(id.as_str(), normalised);
                    if let Some(birth) = vector["birth"].as_str() {
                        assert_eq!(
                            id.birth_date().format("%Y%m%d").to_string(),
                            birth,
                            "{text}"
                        );
                        let sex = if id.sex() == Sex::Male { "M" } else { "F" };
                        assert_eq!(Some(sex), vector["sex"].as_str(), "{text}");
                        assert_eq!(Some(id.county()), vector["county"].as_str(), "{text}");
                    }
                }
                Value::Bool(false) => {
                    let why = vector["why"].as_str().unwrap();
                    let code = match why {
                        "check digit" => "citizen_id_check_character_wrong",
                        "16 characters" => "citizen_id_wrong_length",
                        "province 99 does not exist" => "citizen_id_province_unknown",
                        "birth date in the future" => "citizen_id_birth_date_in_future",
                        date if date.starts_with("date ") || date.starts_with("1900 ") => {
                            "citizen_id_birth_date_invalid"
                        }
                        other => panic!("vector with an unknown reason: {other}"),
                    };
                    assert_eq!(found.unwrap_err().code(), code, "{text}");
                }
                _ => {
                    let Err(CitizenIdError::OldNumber { converted }) = found else {
                        panic!("{text}: {found:?}");
                    };
                    assert!(
                        vector["note"]
                            .as_str()
                            .unwrap()
                            .ends_with(converted.as_str())
                    );
                }
            }
        }
    }

    #[test]
    fn an_old_number_with_an_impossible_date_is_not_offered_converted() {
        assert_eq!(
            parse("110105490231002"),
            Err(CitizenIdError::BirthDateInvalid)
        );
        assert_eq!(
            parse("11010549123100X").map_err(|e| e.code()),
            Err("citizen_id_wrong_character")
        );
    }

    #[test]
    fn full_width_and_foreign_characters_are_refused_where_they_stand() {
        assert_eq!(parse("  "), Err(CitizenIdError::Empty));
        let full = parse("37010219000101002７");
        assert_eq!(full, Err(CitizenIdError::FullWidth { position: 18 }));
        let letter = parse("3701021900O1010027");
        assert_eq!(letter, Err(CitizenIdError::WrongCharacter { position: 11 }));
        let last = parse("37010219000101002Y");
        assert_eq!(last, Err(CitizenIdError::WrongCharacter { position: 18 }));
        assert_eq!(
            parse("370102184912310010"),
            Err(CitizenIdError::BirthDateTooEarly)
        );
    }

    #[test]
    fn a_birth_date_of_today_is_taken_and_of_tomorrow_refused() {
        let born = |date| CitizenId::synthetic(379_001, date, 1).unwrap();
        let check = |id: &CitizenId| {
            CitizenId::parse(id.as_str(), today(), CitizenIdPolicy::Synthetic).map(|_| ())
        };
        assert_eq!(check(&born(today())), Ok(()));
        let tomorrow = born(today().succ_opt().unwrap());
        assert_eq!(check(&tomorrow), Err(CitizenIdError::BirthDateInFuture));
    }

    #[test]
    fn never_assigned_counties_are_taken_only_from_synthetic_data() {
        let date = NaiveDate::from_ymd_opt(1988, 2, 29).unwrap();
        let id = CitizenId::synthetic(379_101, date, 120).unwrap();
        assert_eq!(id.sex(), Sex::Female);
        let again = CitizenId::parse(id.as_str(), today(), CitizenIdPolicy::Synthetic);
        assert_eq!(again, Ok(id.clone()));
        assert_eq!(parse(id.as_str()), Err(CitizenIdError::CountyNeverAssigned));
    }

    #[test]
    fn no_number_of_a_living_person_can_be_made() {
        let date = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        assert!(CitizenId::synthetic(370_102, date(1900), 1).is_some());
        assert_eq!(CitizenId::synthetic(370_102, date(1901), 1), None);
        assert_eq!(CitizenId::synthetic(370_102, date(1879), 1), None);
        assert_eq!(CitizenId::synthetic(990_102, date(1900), 1), None);
        assert_eq!(CitizenId::synthetic(379_001, date(1990), 1000), None);
        assert_eq!(CitizenId::synthetic(3_790_011, date(1990), 1), None);
    }

    #[test]
    fn debug_output_shows_no_digit() {
        let error = parse("110105491231002").unwrap_err();
        let text = format!("{error:?} {error}");
        assert!(!text.contains("1949") && !text.contains("1101"), "{text}");
    }

    proptest! {
        #[test]
        fn a_single_wrong_character_is_always_refused(
            county in 379_000u32..379_999,
            days in 0u64..50_000,
            sequence in 0u16..1000,
            place in 0usize..18,
            shift in 1u8..10,
        ) {
            let birth = NaiveDate::from_ymd_opt(1880, 1, 1).unwrap() + chrono::Days::new(days);
            let id = CitizenId::synthetic(county, birth, sequence).unwrap();
            let taken = CitizenId::parse(id.as_str(), today(), CitizenIdPolicy::Synthetic);
            prop_assert_eq!(taken, Ok(id.clone()));
            let mut wrong = id.as_str().as_bytes().to_vec();
            wrong[place] = match wrong[place] {
                b'X' => b'0' + shift,
                digit => b'0' + (digit - b'0' + shift) % 10,
            };
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert!(CitizenId::parse(&wrong, today(), CitizenIdPolicy::Synthetic).is_err());
        }

        #[test]
        fn no_text_makes_parsing_panic(text in any::<String>(), near in "[0-9０-９xX王]{14,19}") {
            let _ = parse(&text);
            let _ = parse(&near);
        }
    }
}
