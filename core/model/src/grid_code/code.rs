//! Reading, building and cutting codes by a scheme.

use std::fmt;

use super::{GridCodeError, GridCodeParts, GridCodeScheme, Segment, SegmentName};
use crate::province::Province;
use crate::text::{full_width_position, to_half_width};

/// How far a prefix of a code reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GridCodeScope {
    /// Up to the end of a part, such as the community.
    Part(SegmentName),
    /// The whole code.
    Full,
}

/// A code that agrees with its scheme: digits only, of the right length, in a
/// known province, without forbidden zeros.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GridCode(String);

impl GridCode {
    /// Reads `text` by `scheme`. Outer spaces are ignored; full-width digits are
    /// refused with a suggestion, never stored.
    pub fn parse(text: &str, scheme: &GridCodeScheme) -> Result<Self, GridCodeError> {
        let text = text.trim();
        if let Some(position) = full_width_position(text) {
            return Err(GridCodeError::FullWidth {
                position,
                suggestion: to_half_width(text),
            });
        }
        let found = text.chars().count();
        if found != scheme.length() {
            return Err(GridCodeError::WrongLength {
                scheme: scheme.id().to_owned(),
                expected: scheme.length(),
                found,
            });
        }
        if let Some(index) = text.chars().position(|c| !c.is_ascii_digit()) {
            return Err(GridCodeError::NotDigit {
                position: index + 1,
            });
        }
        let code = Self(text.to_owned());
        for segment in scheme.segments() {
            check_segment(segment, code.digits(segment))?;
        }
        Ok(code)
    }

    /// Puts a code together; the parts must be exactly those of `scheme`.
    pub fn from_parts(
        parts: &GridCodeParts,
        scheme: &GridCodeScheme,
    ) -> Result<Self, GridCodeError> {
        for segment in [
            SegmentName::Object,
            SegmentName::Area,
            SegmentName::Attribute,
        ] {
            if scheme.segment(segment).is_none() && parts.get(segment).is_some() {
                return Err(GridCodeError::PartUnknown { segment });
            }
        }
        let mut text = String::with_capacity(scheme.length());
        for segment in scheme.segments() {
            let Some(digits) = parts.get(segment.name) else {
                return Err(GridCodeError::PartMissing {
                    segment: segment.name,
                });
            };
            let (expected, found) = (segment.width(), digits.chars().count());
            if expected != found {
                return Err(GridCodeError::PartWidth {
                    segment: segment.name,
                    expected,
                    found,
                });
            }
            text.push_str(digits);
        }
        Self::parse(&text, scheme)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts. An error means the code was read by another scheme.
    pub fn parts(&self, scheme: &GridCodeScheme) -> Result<GridCodeParts, GridCodeError> {
        let code = Self::parse(&self.0, scheme)?;
        let mut parts = GridCodeParts::default();
        for segment in scheme.segments() {
            parts.set(segment.name, code.digits(segment));
        }
        Ok(parts)
    }

    /// The prefix that all codes of the same county, street, … share. `None`
    /// when the scheme has no such part, or when it puts the kind of object
    /// before the county so that a prefix says nothing about place.
    ///
    /// A community split over two areas has two prefixes in the 19-digit
    /// scheme, so access rules follow the links between organisation nodes and
    /// use prefixes only as a filter.
    pub fn prefix(&self, scope: GridCodeScope, scheme: &GridCodeScheme) -> Option<&str> {
        let name = match scope {
            GridCodeScope::Full => return Some(&self.0),
            GridCodeScope::Part(name) => name,
        };
        if scheme.segment(SegmentName::Object).is_some() {
            return None;
        }
        self.0.get(..scheme.segment(name)?.to)
    }

    fn digits(&self, segment: &Segment) -> &str {
        self.0
            .get(segment.from.saturating_sub(1)..segment.to)
            .unwrap_or_default()
    }
}

fn check_segment(segment: &Segment, digits: &str) -> Result<(), GridCodeError> {
    if segment.name == SegmentName::County && Province::of(digits).is_none() {
        let province = digits.chars().take(2).collect();
        return Err(GridCodeError::ProvinceUnknown { province });
    }
    if !segment.allowed.is_empty() {
        if segment.allowed.iter().any(|allowed| allowed == digits) {
            return Ok(());
        }
        return Err(GridCodeError::ValueNotAllowed {
            segment: segment.name,
            value: digits.to_owned(),
            allowed: segment.allowed.clone(),
        });
    }
    if !segment.allows_zero() && digits.bytes().all(|byte| byte == b'0') {
        return Err(GridCodeError::ZeroPart {
            segment: segment.name,
        });
    }
    Ok(())
}

impl fmt::Display for GridCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::grid_code::{DivisionLevel, GridAttribute};
    use crate::text::ascii_part;

    fn vectors(id: &str) -> Value {
        let file: Value =
            serde_json::from_str(include_str!("../../vectors/grid_codes.json")).unwrap();
        let schemes = file["schemes"].as_array().unwrap();
        schemes
            .iter()
            .find(|scheme| scheme["id"] == id)
            .unwrap()
            .clone()
    }

    #[test]
    fn every_valid_vector_is_taken_apart_and_put_together_again() {
        let scheme = GridCodeScheme::shandong19();
        let vectors = vectors("shandong19");
        let valid = vectors["valid"].as_array().unwrap();
        assert_eq!(valid.len(), 4);
        for vector in valid {
            let text = vector["code"].as_str().unwrap();
            let code = GridCode::parse(text, &scheme).unwrap();
            let parts = code.parts(&scheme).unwrap();
            let expected = &vector["parts"];
            for name in ["county", "street", "area", "community", "grid", "attribute"] {
                let segment = scheme
                    .segments()
                    .iter()
                    .find(|s| s.name.as_str() == name)
                    .unwrap();
                assert_eq!(
                    parts.get(segment.name),
                    expected[name].as_str(),
                    "{text} {name}"
                );
            }
            let village = parts.village12().unwrap();
            assert_eq!(
                Some(village.as_str()),
                expected["village12"].as_str(),
                "{text}"
            );
            assert_eq!(village.level(), DivisionLevel::Village);
            let attribute = parts
                .attribute
                .as_deref()
                .and_then(GridAttribute::from_code);
            assert!(attribute.is_some(), "{text}");
            assert_eq!(GridCode::from_parts(&parts, &scheme).unwrap(), code);
        }
    }

    #[test]
    fn every_invalid_vector_is_refused_for_its_reason() {
        let scheme = GridCodeScheme::shandong19();
        let vectors = vectors("shandong19");
        let invalid = vectors["invalid"].as_array().unwrap();
        assert_eq!(invalid.len(), 8);
        for vector in invalid {
            let text = vector["code"].as_str().unwrap();
            let why = vector["why"].as_str().unwrap();
            let error = GridCode::parse(text, &scheme).unwrap_err();
            let code = match why {
                "18 digits" | "20 digits" => "grid_code_wrong_length",
                "letter" => "grid_code_not_digit",
                "attribute 04 is not 01-03" => "grid_code_attribute_unknown",
                "grid 000" => "grid_code_grid_zero",
                "province 00" => "grid_code_province_unknown",
                "street 000" => "grid_code_street_zero",
                other if other.starts_with("full-width") => "grid_code_full_width",
                other => panic!("vector with an unknown reason: {other}"),
            };
            assert_eq!(error.code(), code, "{text}");
        }
    }

    #[test]
    fn community_zero_and_digits_of_other_scripts_are_refused() {
        let scheme = GridCodeScheme::shandong19();
        for (text, code) in [
            ("3701020020000000101", "grid_code_community_zero"),
            ("37010200200008001٠1", "grid_code_not_digit"),
            ("3701020020000800100", "grid_code_attribute_unknown"),
            ("", "grid_code_wrong_length"),
        ] {
            let error = GridCode::parse(text, &scheme).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
        }
    }

    #[test]
    fn full_width_digits_are_refused_with_the_code_to_use_instead() {
        let scheme = GridCodeScheme::shandong19();
        let error = GridCode::parse("３７０１０２００２００００８００１０１", &scheme).unwrap_err();
        let GridCodeError::FullWidth {
            position,
            suggestion,
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(position, 1);
        assert!(
            suggestion.bytes().all(|byte| byte.is_ascii_digit()),
            "{suggestion}"
        );
    }

    #[test]
    fn prefixes_reach_as_far_as_the_published_scopes() {
        let scheme = GridCodeScheme::shandong19();
        let vectors = vectors("shandong19");
        let code = GridCode::parse("3701020020300801201", &scheme).unwrap();
        for (name, scope) in [
            ("county", GridCodeScope::Part(SegmentName::County)),
            ("street", GridCodeScope::Part(SegmentName::Street)),
            ("area", GridCodeScope::Part(SegmentName::Area)),
            ("community", GridCodeScope::Part(SegmentName::Community)),
            ("grid", GridCodeScope::Part(SegmentName::Grid)),
            ("full", GridCodeScope::Full),
        ] {
            let prefix = code.prefix(scope, &scheme).unwrap();
            assert_eq!(
                Some(prefix.len() as u64),
                vectors["prefix_scope"][name].as_u64()
            );
            assert!(code.as_str().starts_with(prefix));
        }
    }

    #[test]
    fn the_examples_of_the_other_schemes_are_read() {
        for (id, village) in [
            ("shanxi14", Some("140105001001")),
            ("template12", None),
            ("beijing15", Some("110101001001")),
        ] {
            let scheme = GridCodeScheme::built_in(id).unwrap();
            let vectors = vectors(id);
            let code = GridCode::parse(vectors["example"].as_str().unwrap(), &scheme).unwrap();
            let parts = code.parts(&scheme).unwrap();
            assert_eq!(
                parts.village12().map(|v| v.to_string()).as_deref(),
                village,
                "{id}"
            );
            assert_eq!(GridCode::from_parts(&parts, &scheme).unwrap(), code);
        }
    }

    #[test]
    fn cjt349_allows_a_community_that_is_not_split_and_has_no_place_prefix() {
        let scheme = GridCodeScheme::cjt349_20();
        let code = GridCode::parse("01000137010200200800", &scheme).unwrap();
        let parts = code.parts(&scheme).unwrap();
        assert_eq!(parts.grid, "00");
        assert_eq!(parts.village12().unwrap().as_str(), "370102002008");
        assert_eq!(
            code.prefix(GridCodeScope::Part(SegmentName::County), &scheme),
            None
        );
    }

    #[test]
    fn building_from_wrong_parts_names_the_part() {
        let shandong = GridCodeScheme::shandong19();
        let code = GridCode::parse("3701020020000800101", &shandong).unwrap();
        let good = code.parts(&shandong).unwrap();
        let wide = GridCodeParts {
            grid: "0001".into(),
            ..good.clone()
        };
        let missing = GridCodeParts {
            area: None,
            ..good.clone()
        };
        let extra = GridCodeParts {
            object: Some("010001".into()),
            ..good.clone()
        };
        let build = |parts| GridCode::from_parts(parts, &shandong).map_err(|error| error.code());
        assert_eq!(build(&wide), Err("grid_code_part_width"));
        assert_eq!(build(&missing), Err("grid_code_part_missing"));
        assert_eq!(build(&extra), Err("grid_code_part_unknown"));
        let other = GridCodeScheme::beijing15();
        assert_eq!(
            code.parts(&other).map_err(|e| e.code()),
            Err("grid_code_wrong_length")
        );
    }

    proptest! {
        #[test]
        fn parts_and_code_round_trip(
            district in 1u32..100,
            street in 1u32..1000,
            area in 0u32..100,
            community in 1u32..1000,
            grid in 1u32..1000,
            attribute in 1u32..4,
        ) {
            let scheme = GridCodeScheme::shandong19();
            let parts = GridCodeParts {
                object: None,
                county: format!("3701{district:02}"),
                street: format!("{street:03}"),
                area: Some(format!("{area:02}")),
                community: format!("{community:03}"),
                grid: format!("{grid:03}"),
                attribute: Some(format!("{attribute:02}")),
            };
            let code = GridCode::from_parts(&parts, &scheme).unwrap();
            prop_assert_eq!(code.parts(&scheme).unwrap(), parts.clone());
            let village = parts.village12().unwrap();
            prop_assert_eq!(
                village.as_str(),
                format!("{}{}", ascii_part(code.as_str(), 0, 9), ascii_part(code.as_str(), 11, 14))
            );
        }

        #[test]
        fn no_text_makes_parsing_panic(text in any::<String>(), digits in "[0-9０-９A]{0,22}") {
            for id in ["shandong19", "shanxi14", "template12", "beijing15", "cjt349_20"] {
                let scheme = GridCodeScheme::built_in(id).unwrap();
                for text in [&text, &digits] {
                    if let Ok(code) = GridCode::parse(text, &scheme) {
                        prop_assert_eq!(code.as_str().len(), scheme.length());
                    }
                }
            }
        }
    }
}
