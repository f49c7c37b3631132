//! The order for a re-division: a GeoJSON `FeatureCollection` whose features are
//! the new grids, with one member of our own.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    CoordinateSystem, GridAttribute, RecordId,
    boundary::{Boundary, geojson},
    message::{Language, message, message_id},
    text::TextRule,
};

const NAME: TextRule = TextRule::line(60).required();
/// Most rules of each kind.
const MOST_RULES: usize = 20_000;

/// Where households at an address belong, for those without a usable point.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressRule {
    /// Housing estate; unset matches any.
    #[serde(default)]
    pub estate: Option<String>,
    /// Building; unset matches any.
    #[serde(default)]
    pub building: Option<String>,
    /// Stairwell; unset matches any.
    #[serde(default)]
    pub unit: Option<String>,
    /// Code of the new grid.
    pub grid: String,
}

/// Where one record belongs, as a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordRule {
    /// Which.
    pub record: RecordId,
    /// Code of the new grid.
    pub grid: String,
}

/// Where everything of an old grid belongs that nothing else decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestRule {
    /// Code of the old grid.
    pub from: String,
    /// Code of the new grid.
    pub grid: String,
}

/// A new grid.
#[derive(Debug, Clone, PartialEq)]
pub struct NewGrid {
    /// Its code; checked by the scheme later.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its kind, if the file says one.
    pub attribute: Option<GridAttribute>,
    /// Its boundary.
    pub boundary: Boundary,
}

/// The order.
#[derive(Debug, Clone, PartialEq)]
pub struct RedivisionFile {
    /// Why, in words, for the register.
    pub name: String,
    /// Code or id of the community.
    pub community: String,
    /// Codes of the grids to close; empty: all of the community.
    pub close: Vec<String>,
    /// The new grids, in the order of the file.
    pub grids: Vec<NewGrid>,
    /// Addresses.
    pub addresses: Vec<AddressRule>,
    /// Single records.
    pub records: Vec<RecordRule>,
    /// The rest.
    pub rest: Vec<RestRule>,
}

/// Why a file is no order.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RedivisionFileError {
    /// Its GeoJSON is wrong.
    #[error("{} features are wrong", .0.len())]
    GeoJson(Vec<geojson::GeoJsonError>),
    /// The member `redivision` is missing or wrong.
    #[error("member redivision: {0}")]
    Member(String),
    /// A coordinate system that is none.
    #[error("no coordinate system {0}")]
    System(String),
    /// Too many rules.
    #[error("more than {0} rules")]
    TooManyRules(usize),
    /// A name or code that is missing or too long.
    #[error("feature {number}: {property}")]
    Property {
        /// Its place in the file, counted from 1.
        number: usize,
        /// Which property.
        property: &'static str,
    },
    /// An attribute that is none.
    #[error("feature {number}: no attribute {found}")]
    Attribute {
        /// Its place in the file, counted from 1.
        number: usize,
        /// What it says.
        found: String,
    },
    /// Two features with the same code.
    #[error("code {0} is there twice")]
    CodeTwice(String),
    /// A rule names a grid the file does not make.
    #[error("a rule names {0}, which is none of the new grids")]
    GridUnknown(String),
}

impl RedivisionFileError {
    /// Stable name, for interfaces; with `redivision-` its text in the message
    /// files.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::GeoJson(_) => "geojson",
            Self::Member(_) => "member",
            Self::System(_) => "system",
            Self::TooManyRules(_) => "too_many_rules",
            Self::Property { .. } => "property",
            Self::Attribute { .. } => "attribute",
            Self::CodeTwice(_) => "code_twice",
            Self::GridUnknown(_) => "grid_unknown",
        }
    }

    /// What is wrong and what to do, in words; one line per bad feature.
    pub fn text(&self, language: Language) -> String {
        let arguments: Vec<(&str, String)> = match self {
            Self::GeoJson(errors) => {
                let lines: Vec<String> = errors.iter().map(|e| e.text(language)).collect();
                return lines.join("\n");
            }
            Self::Member(reason) => vec![("reason", reason.clone())],
            Self::System(found) | Self::GridUnknown(found) | Self::CodeTwice(found) => {
                vec![("found", found.clone())]
            }
            Self::TooManyRules(limit) => vec![("limit", limit.to_string())],
            Self::Property { number, property } => vec![
                ("number", number.to_string()),
                ("property", (*property).to_owned()),
            ],
            Self::Attribute { number, found } => {
                vec![("number", number.to_string()), ("found", found.clone())]
            }
        };
        let arguments: Vec<(&str, &str)> =
            arguments.iter().map(|(n, v)| (*n, v.as_str())).collect();
        message(language, &message_id("redivision", self.code()), &arguments)
    }
}

#[derive(Deserialize)]
struct File {
    redivision: Option<Member>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    name: String,
    community: String,
    #[serde(default)]
    close: Vec<String>,
    #[serde(default)]
    coordinate_system: Option<String>,
    #[serde(default)]
    addresses: Vec<AddressRule>,
    #[serde(default)]
    records: Vec<RecordRule>,
    #[serde(default)]
    rest: Vec<RestRule>,
}

impl RedivisionFile {
    /// Reads and checks a file as far as that needs no database.
    pub fn read(bytes: &[u8]) -> Result<Self, RedivisionFileError> {
        let member = serde_json::from_slice::<File>(bytes)
            .map_err(|error| RedivisionFileError::Member(error.to_string()))
            .and_then(|file| {
                file.redivision
                    .ok_or_else(|| RedivisionFileError::Member("missing".to_owned()))
            })?;
        let rules = [
            member.addresses.len(),
            member.records.len(),
            member.rest.len(),
            member.close.len(),
        ];
        if rules.into_iter().any(|count| count > MOST_RULES) {
            return Err(RedivisionFileError::TooManyRules(MOST_RULES));
        }
        let name = NAME
            .apply(&member.name)
            .map_err(|error| RedivisionFileError::Member(error.to_string()))?;
        let system = match member.coordinate_system.as_deref() {
            None => CoordinateSystem::Wgs84,
            Some(text) => text
                .parse()
                .map_err(|_| RedivisionFileError::System(text.to_owned()))?,
        };
        let features = geojson::read(bytes, system).map_err(RedivisionFileError::GeoJson)?;
        let mut grids: Vec<NewGrid> = Vec::with_capacity(features.len());
        for feature in features {
            let grid = new_grid(feature)?;
            if grids.iter().any(|known| known.code == grid.code) {
                return Err(RedivisionFileError::CodeTwice(grid.code));
            }
            grids.push(grid);
        }
        let named = member
            .addresses
            .iter()
            .map(|rule| &rule.grid)
            .chain(member.records.iter().map(|rule| &rule.grid))
            .chain(member.rest.iter().map(|rule| &rule.grid));
        for code in named {
            if !grids.iter().any(|grid| grid.code == *code) {
                return Err(RedivisionFileError::GridUnknown(code.clone()));
            }
        }
        Ok(Self {
            name,
            community: member.community.trim().to_owned(),
            close: member.close,
            grids,
            addresses: member.addresses,
            records: member.records,
            rest: member.rest,
        })
    }
}

fn new_grid(feature: geojson::Feature) -> Result<NewGrid, RedivisionFileError> {
    let number = feature.number;
    let property = |property| RedivisionFileError::Property { number, property };
    let code = feature.text("code");
    if code.is_empty() || code.len() > 64 {
        return Err(property("code"));
    }
    let name = NAME
        .apply(&feature.text("name"))
        .map_err(|_| property("name"))?;
    let attribute = match feature.properties.get("attribute") {
        None | Some(Value::Null) => None,
        Some(_) => {
            let found = feature.text("attribute");
            Some(
                found
                    .parse::<GridAttribute>()
                    .map_err(|_| RedivisionFileError::Attribute { number, found })?,
            )
        }
    };
    Ok(NewGrid {
        code,
        name,
        attribute,
        boundary: feature.boundary,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::boundary::testing;

    fn file(change: impl FnOnce(&mut Value)) -> Vec<u8> {
        let grids = testing::tessellation(1, 2, 3, 1);
        let mut file = geojson::collection(grids.iter().zip(1..).map(|(grid, number)| {
            let properties = json!({
                "code": format!("37010200200008{number:03}01"),
                "name": format!("第{number}网格"),
                "attribute": "urban",
            });
            let Value::Object(properties) = properties else {
                unreachable!()
            };
            (properties, Some(grid))
        }));
        file["redivision"] = json!({
            "name": "一分为二",
            "community": "370102002008",
            "addresses": [{ "building": "3号楼", "grid": "3701020020000800201" }],
        });
        change(&mut file);
        file.to_string().into_bytes()
    }

    #[test]
    fn a_file_says_what_is_made_and_where_things_go() {
        let read = RedivisionFile::read(&file(|_| {})).unwrap();
        assert_eq!(read.name, "一分为二");
        assert_eq!(read.grids.len(), 2);
        assert_eq!(read.grids[1].attribute, Some(GridAttribute::UrbanCommunity));
        assert_eq!(read.addresses[0].building.as_deref(), Some("3号楼"));
        assert!(read.close.is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let code = |change: fn(&mut Value)| {
            let error = RedivisionFile::read(&file(change)).unwrap_err();
            for language in Language::ALL {
                let text = error.text(language);
                assert!(
                    !text.contains("redivision-") && !text.contains("geojson-"),
                    "{text}"
                );
            }
            error.code()
        };
        assert_eq!(code(|file| file["redivision"] = Value::Null), "member");
        assert_eq!(
            code(|file| file["redivision"]["nmae"] = json!("x")),
            "member"
        );
        assert_eq!(
            code(|file| file["redivision"]["name"] = json!(" ")),
            "member"
        );
        assert_eq!(
            code(|file| file["redivision"]["coordinate_system"] = json!("mars")),
            "system"
        );
        assert_eq!(
            code(|file| file["redivision"]["addresses"][0]["grid"] = json!("1")),
            "grid_unknown"
        );
        assert_eq!(
            code(|file| file["features"][0]["properties"]["name"] = Value::Null),
            "property"
        );
        assert_eq!(
            code(|file| file["features"][0]["properties"]["attribute"] = json!("x")),
            "attribute"
        );
        assert_eq!(
            code(|file| {
                file["features"][1]["properties"]["code"] = json!("3701020020000800101");
            }),
            "code_twice"
        );
        assert_eq!(
            code(|file| file["features"][1]["geometry"] = json!({ "type": "Point" })),
            "geojson"
        );
    }
}
