//! Why a text or a set of parts is not a grid code. Owns the reasons and their
//! stable names; the words are in the message files.

use thiserror::Error;

use super::SegmentName;

/// Why a text is not a code of the scheme.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GridCodeError {
    /// Too short or too long.
    #[error("a code of scheme {scheme} has {expected} digits, not {found}")]
    WrongLength {
        /// Scheme the code was read by.
        scheme: String,
        /// Digits of the scheme.
        expected: usize,
        /// Characters found.
        found: usize,
    },
    /// Full-width digits; `suggestion` is the same code in ordinary digits.
    #[error("full-width character at position {position}")]
    FullWidth {
        /// Character position, counted from 1.
        position: usize,
        /// The code to offer instead.
        suggestion: String,
    },
    /// Something else than a digit.
    #[error("character {position} is not a digit")]
    NotDigit {
        /// Character position, counted from 1.
        position: usize,
    },
    /// The county does not begin with a province.
    #[error("no province has the code {province}")]
    ProvinceUnknown {
        /// The two digits.
        province: String,
    },
    /// A part that must not be all zeros is.
    #[error("the {} part is all zeros", segment.as_str())]
    ZeroPart {
        /// The part.
        segment: SegmentName,
    },
    /// A part has a value the scheme does not list.
    #[error("the {} part cannot be {value}", segment.as_str())]
    ValueNotAllowed {
        /// The part.
        segment: SegmentName,
        /// The value found.
        value: String,
        /// The values the scheme lists.
        allowed: Vec<String>,
    },
    /// A code is built without a part the scheme has.
    #[error("the {} part is missing", segment.as_str())]
    PartMissing {
        /// The part.
        segment: SegmentName,
    },
    /// A code is built with a part the scheme does not have.
    #[error("the scheme has no {} part", segment.as_str())]
    PartUnknown {
        /// The part.
        segment: SegmentName,
    },
    /// A code is built from a part of the wrong width.
    #[error("the {} part has {expected} digits, not {found}", segment.as_str())]
    PartWidth {
        /// The part.
        segment: SegmentName,
        /// Digits of the scheme.
        expected: usize,
        /// Characters found.
        found: usize,
    },
}

impl GridCodeError {
    /// Stable name of the error, for message files and interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongLength { .. } => "grid_code_wrong_length",
            Self::FullWidth { .. } => "grid_code_full_width",
            Self::NotDigit { .. } => "grid_code_not_digit",
            Self::ProvinceUnknown { .. } => "grid_code_province_unknown",
            Self::ZeroPart { segment } => match segment {
                SegmentName::Street => "grid_code_street_zero",
                SegmentName::Community => "grid_code_community_zero",
                SegmentName::Grid => "grid_code_grid_zero",
                _ => "grid_code_part_zero",
            },
            Self::ValueNotAllowed {
                segment: SegmentName::Attribute,
                ..
            } => "grid_code_attribute_unknown",
            Self::ValueNotAllowed { .. } => "grid_code_value_not_allowed",
            Self::PartMissing { .. } => "grid_code_part_missing",
            Self::PartUnknown { .. } => "grid_code_part_unknown",
            Self::PartWidth { .. } => "grid_code_part_width",
        }
    }

    /// Named values for the message of [`Self::code`].
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::WrongLength {
                scheme,
                expected,
                found,
            } => vec![
                ("scheme", scheme.clone()),
                ("expected", expected.to_string()),
                ("found", found.to_string()),
            ],
            Self::FullWidth {
                position,
                suggestion,
            } => {
                vec![
                    ("position", position.to_string()),
                    ("suggestion", suggestion.clone()),
                ]
            }
            Self::NotDigit { position } => vec![("position", position.to_string())],
            Self::ProvinceUnknown { province } => vec![("province", province.clone())],
            Self::ZeroPart { segment }
            | Self::PartMissing { segment }
            | Self::PartUnknown { segment } => vec![("segment", segment.as_str().to_owned())],
            Self::ValueNotAllowed {
                segment,
                value,
                allowed,
            } => vec![
                ("segment", segment.as_str().to_owned()),
                ("value", value.clone()),
                ("allowed", allowed.join(", ")),
            ],
            Self::PartWidth {
                segment,
                expected,
                found,
            } => vec![
                ("segment", segment.as_str().to_owned()),
                ("expected", expected.to_string()),
                ("found", found.to_string()),
            ],
        }
    }
}
