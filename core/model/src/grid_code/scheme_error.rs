//! Why a configured scheme of grid codes makes no sense.

use thiserror::Error;

/// Why a configured scheme makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GridCodeSchemeError {
    /// The scheme has no name to store beside the codes.
    #[error("a grid code scheme needs an id")]
    IdMissing,
    /// A segment does not begin right after the one before, or is reversed.
    #[error("segment {segment} should begin at digit {expected} and end at or after it")]
    Gap {
        /// The segment out of place.
        segment: &'static str,
        /// The digit it should begin at, counted from 1.
        expected: usize,
    },
    /// The segments do not add up to the length.
    #[error("the segments cover {covered} digits, the length is {length}")]
    LengthMismatch {
        /// Digits covered by segments.
        covered: usize,
        /// Length given.
        length: usize,
    },
    /// Two segments have the same name.
    #[error("segment {segment} is given twice")]
    SegmentTwice {
        /// The repeated name.
        segment: &'static str,
    },
    /// A segment every scheme needs is not there.
    #[error("segment {segment} is missing")]
    SegmentMissing {
        /// The missing name.
        segment: &'static str,
    },
    /// The county is not the six digits of GB/T 2260.
    #[error("the county segment must have 6 digits")]
    CountyWidth,
    /// An allowed value could never match its segment.
    #[error("allowed value {value:?} of segment {segment} must be {width} digits")]
    AllowedValue {
        /// The segment.
        segment: &'static str,
        /// The value given.
        value: String,
        /// Digits of the segment.
        width: usize,
    },
}

impl GridCodeSchemeError {
    /// Stable name of the error, for message files and interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::IdMissing => "grid_code_scheme_id_missing",
            Self::Gap { .. } => "grid_code_scheme_gap",
            Self::LengthMismatch { .. } => "grid_code_scheme_length_mismatch",
            Self::SegmentTwice { .. } => "grid_code_scheme_segment_twice",
            Self::SegmentMissing { .. } => "grid_code_scheme_segment_missing",
            Self::CountyWidth => "grid_code_scheme_county_width",
            Self::AllowedValue { .. } => "grid_code_scheme_allowed_value",
        }
    }

    /// Named values for the message of [`Self::code`].
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::IdMissing | Self::CountyWidth => Vec::new(),
            Self::Gap { segment, expected } => {
                vec![
                    ("segment", (*segment).to_owned()),
                    ("expected", expected.to_string()),
                ]
            }
            Self::LengthMismatch { covered, length } => {
                vec![
                    ("covered", covered.to_string()),
                    ("length", length.to_string()),
                ]
            }
            Self::SegmentTwice { segment } | Self::SegmentMissing { segment } => {
                vec![("segment", (*segment).to_owned())]
            }
            Self::AllowedValue {
                segment,
                value,
                width,
            } => vec![
                ("segment", (*segment).to_owned()),
                ("value", value.clone()),
                ("width", width.to_string()),
            ],
        }
    }
}
