//! What to look at in a grid. A warning stops nothing.

use crate::message::{Language, message, message_id};

/// Something about a grid that should not stay so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GridWarning {
    /// Fewer households, or people, than the rules ask for.
    TooSmall {
        /// Counted.
        found: u32,
        /// Fewest.
        min: u32,
        /// People were counted, not households.
        people: bool,
    },
    /// More households, or people, than the rules allow.
    TooLarge {
        /// Counted.
        found: u32,
        /// Most.
        max: u32,
        /// People were counted, not households.
        people: bool,
    },
    /// No grid head.
    NoHead,
    /// Several grid heads.
    SeveralHeads {
        /// How many.
        found: u32,
    },
    /// Fewer people than the rules ask for.
    TooFewStaff {
        /// Counted.
        found: u32,
        /// Fewest.
        min: u32,
    },
    /// No boundary was drawn.
    NoBoundary,
}

impl GridWarning {
    /// Stable name, for interfaces; with `grid-warning-` its text in the
    /// message files.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooSmall { .. } => "too_small",
            Self::TooLarge { .. } => "too_large",
            Self::NoHead => "no_head",
            Self::SeveralHeads { .. } => "several_heads",
            Self::TooFewStaff { .. } => "too_few_staff",
            Self::NoBoundary => "no_boundary",
        }
    }

    /// The warning in words.
    pub fn text(&self, language: Language) -> String {
        let unit = |people: bool| {
            let id = if people {
                "unit-people"
            } else {
                "unit-households"
            };
            message(language, id, &[])
        };
        let arguments: Vec<(&str, String)> = match self {
            Self::TooSmall { found, min, people } => vec![
                ("found", found.to_string()),
                ("min", min.to_string()),
                ("unit", unit(*people)),
            ],
            Self::TooLarge { found, max, people } => vec![
                ("found", found.to_string()),
                ("max", max.to_string()),
                ("unit", unit(*people)),
            ],
            Self::SeveralHeads { found } => vec![("found", found.to_string())],
            Self::TooFewStaff { found, min } => {
                vec![("found", found.to_string()), ("min", min.to_string())]
            }
            Self::NoHead | Self::NoBoundary => Vec::new(),
        };
        let arguments: Vec<(&str, &str)> =
            arguments.iter().map(|(n, v)| (*n, v.as_str())).collect();
        message(
            language,
            &message_id("grid-warning", self.code()),
            &arguments,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_warning_has_its_words_in_both_languages() {
        for warning in [
            GridWarning::TooSmall {
                found: 1,
                min: 300,
                people: false,
            },
            GridWarning::TooLarge {
                found: 9,
                max: 5,
                people: true,
            },
            GridWarning::NoHead,
            GridWarning::SeveralHeads { found: 2 },
            GridWarning::TooFewStaff { found: 1, min: 3 },
            GridWarning::NoBoundary,
        ] {
            for language in Language::ALL {
                let text = warning.text(language);
                assert!(
                    !text.contains("grid-warning") && !text.contains('{') && text.len() > 6,
                    "{text}"
                );
            }
        }
    }
}
