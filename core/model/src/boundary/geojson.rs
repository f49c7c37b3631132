//! Reading boundaries from GeoJSON (RFC 7946) and writing them.
//!
//! What Shapefile converters and drawing tools give: a `FeatureCollection` of
//! `Polygon` and `MultiPolygon`. Every feature is judged, and each problem names
//! its feature, so that a file is mended in one go.

use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

use super::{Boundary, BoundaryError};
use crate::{
    CoordinateSystem, LongitudeLatitude,
    message::{Language, message, message_id},
};

/// Largest file, in bytes.
pub const MOST_BYTES: usize = 32 << 20;
/// Most features of a file.
pub const MOST_FEATURES: usize = 5_000;

/// One feature of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Its place in the file, counted from 1.
    pub number: usize,
    /// Its properties.
    pub properties: Map<String, Value>,
    /// Its boundary.
    pub boundary: Boundary,
}

impl Feature {
    /// A property as text; a number as its digits. Empty if there is none.
    pub fn text(&self, property: &str) -> String {
        text(&self.properties, property)
    }
}

fn text(properties: &Map<String, Value>, property: &str) -> String {
    match properties.get(property) {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Why a file, or one feature of it, cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GeoJsonError {
    /// The file is too large.
    #[error("the file has {found} bytes, at most {limit} are read")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// Most bytes.
        limit: usize,
    },
    /// Not JSON.
    #[error("line {line}, column {column}: {reason}")]
    NotJson {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// What the parser said.
        reason: String,
    },
    /// Another kind of GeoJSON.
    #[error("a FeatureCollection is needed, not {found}")]
    NotACollection {
        /// The `type` found.
        found: String,
    },
    /// No features.
    #[error("there is no feature")]
    NoFeatures,
    /// Too many features.
    #[error("there are {found} features, at most {limit} are read")]
    TooManyFeatures {
        /// Features found.
        found: usize,
        /// Most features.
        limit: usize,
    },
    /// Coordinates in a system that is none of ours.
    #[error("coordinate system {0}")]
    System(String),
    /// A feature that is none, or has no geometry.
    #[error("feature {number} is not a feature with a geometry: {reason}")]
    NotAFeature {
        /// Its place in the file, counted from 1.
        number: usize,
        /// What is missing.
        reason: String,
    },
    /// A feature of another kind of geometry.
    #[error("feature {number} ({name}) is a {found}")]
    Geometry {
        /// Its place in the file, counted from 1.
        number: usize,
        /// Its name or code.
        name: String,
        /// The `type` found.
        found: String,
    },
    /// A feature whose coordinates are not nested as its type asks for.
    #[error("feature {number} ({name}): the coordinates cannot be read")]
    Coordinates {
        /// Its place in the file, counted from 1.
        number: usize,
        /// Its name or code.
        name: String,
    },
    /// A feature that is no boundary.
    #[error("feature {number} ({name}): {reason}")]
    Boundary {
        /// Its place in the file, counted from 1.
        number: usize,
        /// Its name or code.
        name: String,
        /// Why.
        #[source]
        reason: BoundaryError,
    },
}

impl GeoJsonError {
    /// Stable name, for interfaces; with `geojson-` its text in the message
    /// files.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotJson { .. } => "not_json",
            Self::NotACollection { .. } => "not_a_collection",
            Self::NoFeatures => "no_features",
            Self::TooManyFeatures { .. } => "too_many_features",
            Self::System(_) => "system",
            Self::NotAFeature { .. } => "not_a_feature",
            Self::Geometry { .. } => "geometry",
            Self::Coordinates { .. } => "coordinates",
            Self::Boundary { .. } => "boundary",
        }
    }

    /// What is wrong and what to do, in words.
    pub fn text(&self, language: Language) -> String {
        let number = |number: &usize| ("number", number.to_string());
        let arguments: Vec<(&str, String)> = match self {
            Self::TooLarge { found, limit } => vec![
                ("found", (found >> 20).to_string()),
                ("limit", (limit >> 20).to_string()),
            ],
            Self::NotJson {
                line,
                column,
                reason,
            } => vec![
                ("line", line.to_string()),
                ("column", column.to_string()),
                ("reason", reason.clone()),
            ],
            Self::NotACollection { found } | Self::System(found) => {
                vec![("found", found.clone())]
            }
            Self::NoFeatures => Vec::new(),
            Self::TooManyFeatures { found, limit } => {
                vec![("found", found.to_string()), ("limit", limit.to_string())]
            }
            Self::NotAFeature { number: n, reason } => {
                vec![number(n), ("reason", reason.clone())]
            }
            Self::Geometry {
                number: n,
                name,
                found,
            } => vec![number(n), ("name", name.clone()), ("found", found.clone())],
            Self::Coordinates { number: n, name } => vec![number(n), ("name", name.clone())],
            Self::Boundary {
                number: n,
                name,
                reason,
            } => vec![
                number(n),
                ("name", name.clone()),
                ("reason", reason.text(language)),
            ],
        };
        let arguments: Vec<(&str, &str)> =
            arguments.iter().map(|(n, v)| (*n, v.as_str())).collect();
        message(language, &message_id("geojson", self.code()), &arguments)
    }
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(borrow, default)]
    features: Vec<&'a RawValue>,
    #[serde(default)]
    crs: Value,
}

#[derive(Deserialize)]
struct RawFeature<'a> {
    #[serde(borrow)]
    geometry: Option<RawGeometry<'a>>,
    #[serde(default)]
    properties: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct RawGeometry<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow, default)]
    coordinates: Option<&'a RawValue>,
}

/// A position: two numbers, and a height that is not used.
type Position = Vec<f64>;

/// Reads every feature of a file whose coordinates are in `system`. Answers all
/// problems at once.
pub fn read(bytes: &[u8], system: CoordinateSystem) -> Result<Vec<Feature>, Vec<GeoJsonError>> {
    let file = read_file(bytes).map_err(|error| vec![error])?;
    let mut features = Vec::with_capacity(file.features.len());
    let mut errors = Vec::new();
    for (raw, number) in file.features.iter().zip(1..) {
        match read_feature(raw, number, system) {
            Ok(feature) => features.push(feature),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(features)
    } else {
        Err(errors)
    }
}

fn read_file(bytes: &[u8]) -> Result<File<'_>, GeoJsonError> {
    if bytes.len() > MOST_BYTES {
        return Err(GeoJsonError::TooLarge {
            found: bytes.len(),
            limit: MOST_BYTES,
        });
    }
    // Some tools on Windows begin a file with a mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let file: File<'_> = serde_json::from_slice(bytes).map_err(|error| GeoJsonError::NotJson {
        line: error.line(),
        column: error.column(),
        reason: error.to_string(),
    })?;
    if file.kind != "FeatureCollection" {
        return Err(GeoJsonError::NotACollection { found: file.kind });
    }
    check_system(&file.crs)?;
    if file.features.is_empty() {
        return Err(GeoJsonError::NoFeatures);
    }
    if file.features.len() > MOST_FEATURES {
        return Err(GeoJsonError::TooManyFeatures {
            found: file.features.len(),
            limit: MOST_FEATURES,
        });
    }
    Ok(file)
}

/// Files of before RFC 7946 may name a system: longitude and latitude in WGS-84
/// or CGCS2000, whatever their real system is said to be elsewhere.
fn check_system(crs: &Value) -> Result<(), GeoJsonError> {
    const DEGREES: [&str; 4] = ["CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4490"];
    if crs.is_null() {
        return Ok(());
    }
    let name = crs.pointer("/properties/name").and_then(Value::as_str);
    match name {
        Some(name) if DEGREES.iter().any(|known| name.ends_with(known)) => Ok(()),
        Some(name) => Err(GeoJsonError::System(name.to_owned())),
        None => Err(GeoJsonError::System(
            crs.to_string().chars().take(60).collect(),
        )),
    }
}

fn read_feature(
    raw: &RawValue,
    number: usize,
    system: CoordinateSystem,
) -> Result<Feature, GeoJsonError> {
    let feature: RawFeature<'_> =
        serde_json::from_str(raw.get()).map_err(|error| GeoJsonError::NotAFeature {
            number,
            reason: error.to_string(),
        })?;
    let properties = feature.properties.unwrap_or_default();
    let name = ["name", "code"]
        .into_iter()
        .map(|property| text(&properties, property))
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    let geometry = feature.geometry.ok_or_else(|| GeoJsonError::NotAFeature {
        number,
        reason: "geometry: null".to_owned(),
    })?;
    let unreadable = || GeoJsonError::Coordinates {
        number,
        name: name.clone(),
    };
    let coordinates = geometry.coordinates.map_or("[]", RawValue::get);
    let polygons: Vec<Vec<Vec<Position>>> = match geometry.kind.as_str() {
        "Polygon" => vec![serde_json::from_str(coordinates).map_err(|_| unreadable())?],
        "MultiPolygon" => serde_json::from_str(coordinates).map_err(|_| unreadable())?,
        _ => {
            return Err(GeoJsonError::Geometry {
                number,
                name,
                found: geometry.kind,
            });
        }
    };
    let polygons: Option<Vec<Vec<Vec<LongitudeLatitude>>>> = polygons
        .iter()
        .map(|rings| {
            rings
                .iter()
                .map(|ring| ring.iter().map(position).collect())
                .collect()
        })
        .collect();
    let polygons = polygons.ok_or_else(unreadable)?;
    let boundary =
        Boundary::from_rings(&polygons, system).map_err(|reason| GeoJsonError::Boundary {
            number,
            name,
            reason,
        })?;
    Ok(Feature {
        number,
        properties,
        boundary,
    })
}

fn position(position: &Position) -> Option<LongitudeLatitude> {
    match position.as_slice() {
        [longitude, latitude] | [longitude, latitude, _] => {
            Some(LongitudeLatitude::new(*longitude, *latitude))
        }
        _ => None,
    }
}

/// A boundary as a GeoJSON geometry, always a `MultiPolygon`.
pub fn geometry(boundary: &Boundary) -> Value {
    let polygons: Vec<Vec<Vec<[f64; 2]>>> = boundary
        .rings()
        .map(|rings| {
            rings
                .map(|ring| ring.coords().map(|place| [place.x, place.y]).collect())
                .collect()
        })
        .collect();
    json!({ "type": "MultiPolygon", "coordinates": polygons })
}

/// A file of features with their properties.
pub fn collection<'a>(
    features: impl IntoIterator<Item = (Map<String, Value>, Option<&'a Boundary>)>,
) -> Value {
    let features: Vec<Value> = features
        .into_iter()
        .map(|(properties, boundary)| {
            json!({
                "type": "Feature",
                "properties": properties,
                "geometry": boundary.map(geometry),
            })
        })
        .collect();
    json!({ "type": "FeatureCollection", "features": features })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::boundary::{Location, testing};

    fn file(features: &str) -> String {
        format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#)
    }

    fn polygon(name: &str, coordinates: &str) -> String {
        format!(
            r#"{{"type":"Feature","properties":{{"name":"{name}"}},
               "geometry":{{"type":"Polygon","coordinates":{coordinates}}}}}"#
        )
    }

    const SQUARE: &str = "[[[117.0,36.6],[117.01,36.6],[117.01,36.61],[117.0,36.61],[117.0,36.6]]]";

    fn codes(text: &str) -> Vec<String> {
        read(text.as_bytes(), CoordinateSystem::Wgs84)
            .err()
            .unwrap_or_default()
            .iter()
            .map(|error| match error {
                GeoJsonError::Boundary { number, reason, .. } => {
                    format!("{number} {}", reason.code())
                }
                GeoJsonError::NotAFeature { number, .. }
                | GeoJsonError::Geometry { number, .. }
                | GeoJsonError::Coordinates { number, .. } => {
                    format!("{number} {}", error.code())
                }
                other => other.code().to_owned(),
            })
            .collect()
    }

    #[test]
    fn polygons_with_properties_holes_and_heights_are_read() {
        let text = file(&format!(
            "{},{}",
            polygon(
                "一",
                "[[[117.0,36.6,31],[117.01,36.6,31],[117.01,36.61,30],[117.0,36.61,30],\
                 [117.0,36.6,31]],[[117.002,36.602],[117.002,36.604],[117.004,36.604],\
                 [117.002,36.602]]]"
            ),
            r#"{"type":"Feature","properties":{"code":3701020020000800101},"geometry":
               {"type":"MultiPolygon","coordinates":[[[[117.1,36.6],[117.11,36.6],[117.1,36.61],
               [117.1,36.6]]],[[[117.2,36.6],[117.21,36.6],[117.2,36.61],[117.2,36.6]]]]}}"#,
        ));
        let marked = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        let features = read(&marked, CoordinateSystem::Wgs84).unwrap();
        assert_eq!(features.len(), 2);
        assert_eq!(features[0].text("name"), "一");
        assert_eq!(features[1].text("code"), "3701020020000800101");
        assert_eq!(features[1].number, 2);
        let at = |longitude, latitude| {
            let place = LongitudeLatitude::new(longitude, latitude);
            features[0].boundary.locate(place)
        };
        assert_eq!(at(117.002_5, 36.603_5), Location::Outside, "in the hole");
        assert_eq!(at(117.002, 36.603), Location::Edge);
        assert_eq!(at(117.008, 36.603), Location::Inside);
        assert_eq!(features[1].boundary.rings().count(), 2);
    }

    #[test]
    fn every_bad_feature_is_named_with_its_reason() {
        let bad = [
            polygon("好", SQUARE),
            polygon("未闭合", "[[[117.0,36.6],[117.01,36.6],[117.01,36.61],[117.0,36.61]]]"),
            polygon(
                "自相交",
                "[[[117.0,36.6],[117.01,36.61],[117.01,36.6],[117.0,36.61],[117.0,36.6]]]",
            ),
            polygon("反了", "[[[36.6,117.0],[36.6,117.01],[36.61,117.01],[36.6,117.0]]]"),
            polygon("米", "[[[500000,4050000],[500100,4050000],[500100,4050100],[500000,4050000]]]"),
            polygon("线", "[[[117.0,36.6],[117.01,36.6],[117.0,36.6],[117.0,36.6]]]"),
            polygon("折返", "[[[117.0,36.6],[117.02,36.6],[117.01,36.6],[117.0,36.61],[117.0,36.6]]]"),
            polygon(
                "洞在外",
                "[[[117.0,36.6],[117.01,36.6],[117.01,36.61],[117.0,36.6]],\
                 [[117.1,36.6],[117.11,36.6],[117.11,36.61],[117.1,36.6]]]",
            ),
            polygon(
                "洞相交",
                "[[[117.0,36.6],[117.01,36.6],[117.01,36.61],[117.0,36.61],[117.0,36.6]],\
                 [[117.005,36.605],[117.02,36.605],[117.02,36.606],[117.005,36.605]]]",
            ),
            polygon("空", "[]"),
            polygon("文字", r#"[[["a","b"]]]"#),
            polygon("一维", "[[[117.0]]]"),
            r#"{"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[117,36]}}"#
                .to_owned(),
            r#"{"type":"Feature","properties":{},"geometry":null}"#.to_owned(),
            "7".to_owned(),
            r#"{"type":"Feature","properties":{},"geometry":{"type":"MultiPolygon","coordinates":
               [[[[117.0,36.6],[117.01,36.6],[117.01,36.61],[117.0,36.61],[117.0,36.6]]],
                [[[117.002,36.602],[117.004,36.602],[117.004,36.604],[117.002,36.602]]]]}}"#
                .to_owned(),
        ];
        assert_eq!(
            codes(&file(&bad.join(","))),
            [
                "2 not_closed",
                "3 self_intersection",
                "4 position",
                "5 projected",
                "6 too_few_points",
                "7 self_intersection",
                "8 hole_outside",
                "9 rings_cross",
                "10 empty",
                "11 coordinates",
                "12 coordinates",
                "13 geometry",
                "14 not_a_feature",
                "15 not_a_feature",
                "16 parts_overlap",
            ]
        );
        let errors = read(file(&bad.join(",")).as_bytes(), CoordinateSystem::Wgs84).unwrap_err();
        for error in errors {
            for language in Language::ALL {
                let text = error.text(language);
                assert!(
                    !text.contains("geojson-")
                        && !text.contains("boundary-")
                        && !text.contains("point-")
                        && !text.contains('{'),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn files_that_are_something_else_are_refused_as_a_whole() {
        assert_eq!(codes(""), ["not_json"]);
        assert_eq!(
            codes("{\"type\":\"FeatureCollection\",\n\"features\":[1,}"),
            ["not_json"]
        );
        assert_eq!(codes(r#"{"type":"Topology"}"#), ["not_a_collection"]);
        assert_eq!(codes(&file("")), ["no_features"]);
        assert_eq!(
            codes(&file(&vec!["1"; MOST_FEATURES + 1].join(","))),
            ["too_many_features"]
        );
        let system = |name: &str| {
            format!(
                r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":
                   {{"name":"{name}"}}}},"features":[{}]}}"#,
                polygon("一", SQUARE)
            )
        };
        assert_eq!(codes(&system("EPSG:3857")), ["system"]);
        assert!(codes(&system("urn:ogc:def:crs:OGC:1.3:CRS84")).is_empty());
        assert!(codes(&system("urn:ogc:def:crs:EPSG::4490")).is_empty());
        let large = vec![b' '; MOST_BYTES + 1];
        assert_eq!(
            read(&large, CoordinateSystem::Wgs84).unwrap_err()[0].code(),
            "too_large"
        );
        for error in [
            GeoJsonError::TooLarge {
                found: 40 << 20,
                limit: MOST_BYTES,
            },
            GeoJsonError::NotJson {
                line: 1,
                column: 2,
                reason: "x".into(),
            },
            GeoJsonError::NotACollection {
                found: "Topology".into(),
            },
            GeoJsonError::NoFeatures,
            GeoJsonError::TooManyFeatures { found: 9, limit: 5 },
            GeoJsonError::System("EPSG:3857".into()),
        ] {
            for language in Language::ALL {
                let text = error.text(language);
                assert!(!text.contains("geojson-") && !text.contains('{'), "{text}");
            }
        }
    }

    #[test]
    fn a_map_of_another_system_is_brought_to_wgs84() {
        let (_, grids) = testing::community(1, 1, 4, 3);
        let original = &grids[0];
        for system in [CoordinateSystem::Gcj02, CoordinateSystem::Bd09] {
            let mut drawn = geometry(original);
            for place in drawn["coordinates"][0][0].as_array_mut().unwrap() {
                let there =
                    LongitudeLatitude::new(place[0].as_f64().unwrap(), place[1].as_f64().unwrap())
                        .convert(CoordinateSystem::Wgs84, system);
                *place = json!([there.longitude, there.latitude]);
            }
            let text = json!({ "type": "FeatureCollection", "features": [
                { "type": "Feature", "properties": {}, "geometry": drawn }
            ]});
            let read = read(text.to_string().as_bytes(), system).unwrap();
            let far = read[0]
                .boundary
                .rings()
                .flatten()
                .zip(original.rings().flatten())
                .flat_map(|(a, b)| a.coords().zip(b.coords()))
                .map(|(a, b)| (a.x - b.x).abs().max((a.y - b.y).abs()))
                .fold(0.0, f64::max);
            assert!(far < 1e-6, "{system:?}: {far}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(seed in any::<u64>()) {
            let grids = testing::tessellation(2, 2, 5, seed);
            let text = collection(grids.iter().map(|grid| (Map::new(), Some(grid)))).to_string();
            let read = read(text.as_bytes(), CoordinateSystem::Wgs84).unwrap();
            let read: Vec<Boundary> = read.into_iter().map(|feature| feature.boundary).collect();
            prop_assert_eq!(read, grids);
        }

        #[test]
        fn no_text_makes_reading_panic(text in "[\\[\\]{},:\"a-z0-9.eE-]{0,200}") {
            let _ = read(text.as_bytes(), CoordinateSystem::Wgs84);
            let _ = read(file(&polygon("x", &text)).as_bytes(), CoordinateSystem::Wgs84);
        }
    }
}
