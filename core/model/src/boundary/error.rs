//! Why a shape is no boundary.

use std::fmt;

use crate::{
    PointError,
    message::{Language, message, message_id},
};

/// A ring of a shape, both counted from 1; ring 1 of a part is its outline, the
/// others are holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingName {
    /// Which polygon.
    pub part: usize,
    /// Which ring of it.
    pub ring: usize,
}

impl RingName {
    /// The ring in words.
    pub fn text(self, language: Language) -> String {
        let id = if self.ring == 1 {
            "boundary-ring-outline"
        } else {
            "boundary-ring-hole"
        };
        message(
            language,
            id,
            &[
                ("part", &self.part.to_string()),
                ("hole", &self.ring.saturating_sub(1).to_string()),
            ],
        )
    }
}

impl fmt::Display for RingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {} ring {}", self.part, self.ring)
    }
}

/// Why a shape is no boundary.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BoundaryError {
    /// There is no polygon.
    #[error("the shape is empty")]
    Empty,
    /// Larger than anything drawn by hand.
    #[error("the shape has {found} corners, at most {limit} are taken")]
    TooManyPoints {
        /// Corners found.
        found: usize,
        /// Most corners.
        limit: usize,
    },
    /// Fewer than three different corners.
    #[error("{0} has fewer than three different corners")]
    TooFewPoints(RingName),
    /// The last position is not the first (RFC 7946 section 3.1.6).
    #[error("{0} is not closed")]
    NotClosed(RingName),
    /// A position that cannot be in China.
    #[error("{ring}, position {position}: {reason}")]
    Position {
        /// Where.
        ring: RingName,
        /// Which position, counted from 1.
        position: usize,
        /// Why.
        #[source]
        reason: PointError,
    },
    /// Metres of a projection where degrees belong.
    #[error("the coordinates are not degrees")]
    Projected,
    /// A ring that crosses or touches itself.
    #[error("{ring} crosses or touches itself near {longitude}, {latitude}")]
    SelfIntersection {
        /// Which.
        ring: RingName,
        /// Where, degrees east.
        longitude: f64,
        /// Where, degrees north.
        latitude: f64,
    },
    /// Two rings that cross or run along each other.
    #[error("{ring} and {other} cross near {longitude}, {latitude}")]
    RingsCross {
        /// One.
        ring: RingName,
        /// The other.
        other: RingName,
        /// Where, degrees east.
        longitude: f64,
        /// Where, degrees north.
        latitude: f64,
    },
    /// A hole outside its outline, or inside another hole.
    #[error("{0} does not lie inside its outline")]
    HoleOutside(RingName),
    /// Two parts that lie over each other.
    #[error("part {one} and part {two} lie over each other")]
    PartsOverlap {
        /// One, counted from 1.
        one: usize,
        /// The other.
        two: usize,
    },
    /// Stored bytes that are no boundary.
    #[error("the stored boundary cannot be read")]
    Stored,
}

impl BoundaryError {
    /// Stable name, for interfaces; with `boundary-` its text in the message
    /// files.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooManyPoints { .. } => "too_many_points",
            Self::TooFewPoints(_) => "too_few_points",
            Self::NotClosed(_) => "not_closed",
            Self::Position { .. } => "position",
            Self::Projected => "projected",
            Self::SelfIntersection { .. } => "self_intersection",
            Self::RingsCross { .. } => "rings_cross",
            Self::HoleOutside(_) => "hole_outside",
            Self::PartsOverlap { .. } => "parts_overlap",
            Self::Stored => "stored",
        }
    }

    /// What is wrong and what to do, in words.
    pub fn text(&self, language: Language) -> String {
        let place = |longitude: f64, latitude: f64| format!("{longitude:.6}, {latitude:.6}");
        let arguments: Vec<(&str, String)> = match self {
            Self::Empty | Self::Projected | Self::Stored => Vec::new(),
            Self::TooManyPoints { found, limit } => {
                vec![("found", found.to_string()), ("limit", limit.to_string())]
            }
            Self::TooFewPoints(ring) | Self::NotClosed(ring) | Self::HoleOutside(ring) => {
                vec![("ring", ring.text(language))]
            }
            Self::Position {
                ring,
                position,
                reason,
            } => vec![
                ("ring", ring.text(language)),
                ("position", position.to_string()),
                (
                    "reason",
                    message(language, &reason.code().replace('_', "-"), &[]),
                ),
            ],
            Self::SelfIntersection {
                ring,
                longitude,
                latitude,
            } => vec![
                ("ring", ring.text(language)),
                ("place", place(*longitude, *latitude)),
            ],
            Self::RingsCross {
                ring,
                other,
                longitude,
                latitude,
            } => vec![
                ("ring", ring.text(language)),
                ("other", other.text(language)),
                ("place", place(*longitude, *latitude)),
            ],
            Self::PartsOverlap { one, two } => {
                vec![("one", one.to_string()), ("two", two.to_string())]
            }
        };
        let arguments: Vec<(&str, &str)> =
            arguments.iter().map(|(n, v)| (*n, v.as_str())).collect();
        message(language, &message_id("boundary", self.code()), &arguments)
    }
}
