//! Statistical division codes of the National Bureau of Statistics.
//!
//! Source: 统计用区划代码 (NBS), built on GB/T 2260 (2, 4, 6 digits) and
//! GB/T 10114 (9 digits). Owns shape and parent chain. Does not own which codes
//! exist in a given year; that is the imported list.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::province::Province;
use crate::text::{ascii_part, full_width_position};

/// Level of a division code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DivisionLevel {
    /// Province, autonomous region or municipality; 2 digits.
    Province,
    /// Prefecture or city; 4 digits.
    Prefecture,
    /// County, city district or banner; 6 digits.
    County,
    /// Town or street; 9 digits.
    Street,
    /// Village or community; 12 digits.
    Village,
}

impl DivisionLevel {
    /// All levels from the widest to the narrowest.
    pub const ALL: [Self; 5] = [
        Self::Province,
        Self::Prefecture,
        Self::County,
        Self::Street,
        Self::Village,
    ];

    /// Digits of a code of this level.
    pub const fn digits(self) -> usize {
        match self {
            Self::Province => 2,
            Self::Prefecture => 4,
            Self::County => 6,
            Self::Street => 9,
            Self::Village => 12,
        }
    }

    /// The level whose codes have `digits` digits.
    pub fn from_digits(digits: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.digits() == digits)
    }

    /// The next wider level.
    pub const fn parent(self) -> Option<Self> {
        match self {
            Self::Province => None,
            Self::Prefecture => Some(Self::Province),
            Self::County => Some(Self::Prefecture),
            Self::Street => Some(Self::County),
            Self::Village => Some(Self::Street),
        }
    }
}

/// Why a text is not a division code.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DivisionCodeError {
    /// Not 2, 4, 6, 9 or 12 digits.
    #[error("a division code has 2, 4, 6, 9 or 12 digits, not {found}")]
    WrongLength {
        /// Characters found.
        found: usize,
    },
    /// A full-width digit such as `３`.
    #[error("full-width character at position {position}")]
    FullWidth {
        /// Character position, counted from 1.
        position: usize,
    },
    /// Something else than a digit.
    #[error("character {position} is not a digit")]
    NotDigit {
        /// Character position, counted from 1.
        position: usize,
    },
    /// The first two digits are no province.
    #[error("no province has the code {province}")]
    ProvinceUnknown {
        /// The two digits.
        province: String,
    },
    /// Street or village 000, which the list uses only as padding.
    #[error("the {} part is 000", level_name(*level))]
    ZeroPart {
        /// The level that is all zeros.
        level: DivisionLevel,
    },
}

const fn level_name(level: DivisionLevel) -> &'static str {
    match level {
        DivisionLevel::Province => "province",
        DivisionLevel::Prefecture => "prefecture",
        DivisionLevel::County => "county",
        DivisionLevel::Street => "street",
        DivisionLevel::Village => "village",
    }
}

impl DivisionCodeError {
    /// Stable name of the error, for message files and interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongLength { .. } => "division_code_wrong_length",
            Self::FullWidth { .. } => "division_code_full_width",
            Self::NotDigit { .. } => "division_code_not_digit",
            Self::ProvinceUnknown { .. } => "division_code_province_unknown",
            Self::ZeroPart {
                level: DivisionLevel::Street,
                ..
            } => "division_code_street_zero",
            Self::ZeroPart { .. } => "division_code_village_zero",
        }
    }

    /// Named values for the message of [`Self::code`].
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::WrongLength { found } => vec![("found", found.to_string())],
            Self::FullWidth { position } | Self::NotDigit { position } => {
                vec![("position", position.to_string())]
            }
            Self::ProvinceUnknown { province } => vec![("province", province.clone())],
            Self::ZeroPart { .. } => Vec::new(),
        }
    }
}

/// A code of 2, 4, 6, 9 or 12 digits with a known province. A parent's code is
/// a prefix of its children's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode(String);

impl DivisionCode {
    /// Reads a code as lists and grid codes write it, without zeros added at
    /// the end. Outer spaces are ignored.
    pub fn parse(text: &str) -> Result<Self, DivisionCodeError> {
        let text = text.trim();
        if let Some(position) = full_width_position(text) {
            return Err(DivisionCodeError::FullWidth { position });
        }
        if let Some(index) = text.chars().position(|c| !c.is_ascii_digit()) {
            return Err(DivisionCodeError::NotDigit {
                position: index + 1,
            });
        }
        if DivisionLevel::from_digits(text.len()).is_none() {
            return Err(DivisionCodeError::WrongLength { found: text.len() });
        }
        if Province::of(text).is_none() {
            let province = ascii_part(text, 0, 2).to_owned();
            return Err(DivisionCodeError::ProvinceUnknown { province });
        }
        if ascii_part(text, 6, 9) == "000" {
            return Err(DivisionCodeError::ZeroPart {
                level: DivisionLevel::Street,
            });
        }
        if ascii_part(text, 9, 12) == "000" {
            return Err(DivisionCodeError::ZeroPart {
                level: DivisionLevel::Village,
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The level the number of digits says.
    pub const fn level(&self) -> DivisionLevel {
        match self.0.len() {
            2 => DivisionLevel::Province,
            4 => DivisionLevel::Prefecture,
            6 => DivisionLevel::County,
            9 => DivisionLevel::Street,
            _ => DivisionLevel::Village,
        }
    }

    /// The code of the division this one lies in; `None` for a province.
    pub fn parent(&self) -> Option<Self> {
        let digits = self.level().parent()?.digits();
        Some(Self(ascii_part(&self.0, 0, digits).to_owned()))
    }

    /// The code cut to `level`; `None` when this code is wider than `level`.
    pub fn at(&self, level: DivisionLevel) -> Option<Self> {
        self.0
            .get(..level.digits())
            .map(|digits| Self(digits.to_owned()))
    }

    /// Whether `other` is this division or lies in it.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The code filled with zeros to the 12 digits NBS publishes.
    pub fn padded(&self) -> String {
        format!("{:0<12}", self.0)
    }

    /// The province.
    pub fn province(&self) -> Option<Province> {
        Province::of(&self.0)
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DivisionCode {
    type Err = DivisionCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_chain_runs_from_village_to_province() {
        let mut code = DivisionCode::parse(" 370102002008 ").unwrap();
        let mut chain = vec![code.to_string()];
        while let Some(parent) = code.parent() {
            assert!(parent.contains(&code));
            assert!(!code.contains(&parent));
            chain.push(parent.to_string());
            code = parent;
        }
        assert_eq!(chain, ["370102002008", "370102002", "370102", "3701", "37"]);
    }

    #[test]
    fn the_number_of_digits_gives_the_level() {
        for level in DivisionLevel::ALL {
            let text = ascii_part("370102002008", 0, level.digits());
            let code = DivisionCode::parse(text).unwrap();
            assert_eq!(code.level(), level);
            assert_eq!(
                DivisionCode::parse("370102002008").unwrap().at(level),
                Some(code)
            );
        }
        let county = DivisionCode::parse("370102").unwrap();
        assert_eq!(county.at(DivisionLevel::Street), None);
        assert_eq!(county.padded(), "370102000000");
    }

    #[test]
    fn a_city_without_districts_is_a_county_too() {
        assert!(DivisionCode::parse("441900003001").is_ok());
    }

    #[test]
    fn the_levels_agree_with_the_published_table() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../vectors/grid_codes.json")).unwrap();
        let digits: Vec<usize> = file["levels"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|level| level["digits"].as_u64())
            .map(|digits| usize::try_from(digits).unwrap())
            .collect();
        assert_eq!(digits, DivisionLevel::ALL.map(DivisionLevel::digits));
    }

    #[test]
    fn a_bad_code_is_refused_with_the_reason() {
        for (text, code) in [
            ("", "division_code_wrong_length"),
            ("37010", "division_code_wrong_length"),
            ("37010A", "division_code_not_digit"),
            ("３７０１", "division_code_full_width"),
            ("990102", "division_code_province_unknown"),
            ("370102000", "division_code_street_zero"),
            ("370102002000", "division_code_village_zero"),
        ] {
            assert_eq!(
                DivisionCode::parse(text).map_err(|e| e.code()),
                Err(code),
                "{text}"
            );
        }
    }
}
