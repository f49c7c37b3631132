//! Layout of a grid code, as data.
//!
//! GB/T 34300-2017 section 5 gives every grid one unique code and leaves the
//! layout to the province, so a scheme is configuration: a list of segments
//! with a few rules. The layouts known to us come built in; a deployment may
//! give its own as JSON or TOML with the same fields.

use serde::{Deserialize, Serialize};

use super::GridCodeSchemeError;

/// Which part of the address of a grid a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentName {
    /// Kind of managed object (CJ/T 349 only).
    Object,
    /// County, district or city zone; six digits of GB/T 2260 or the NBS list.
    County,
    /// Street or town.
    Street,
    /// Area between street and community (片区).
    Area,
    /// Community or village.
    Community,
    /// Serial number of the grid.
    Grid,
    /// Kind of grid, see [`super::GridAttribute`].
    Attribute,
}

impl SegmentName {
    /// The name as configuration and message files write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::County => "county",
            Self::Street => "street",
            Self::Area => "area",
            Self::Community => "community",
            Self::Grid => "grid",
            Self::Attribute => "attribute",
        }
    }

    /// Segments every scheme must have.
    const REQUIRED: [Self; 4] = [Self::County, Self::Street, Self::Community, Self::Grid];

    /// Whether all zeros mean "none" rather than a mistake when the scheme does
    /// not say.
    const fn zero_by_default(self) -> bool {
        matches!(self, Self::Object | Self::Area)
    }
}

/// One run of digits of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// What the digits mean.
    pub name: SegmentName,
    /// First digit, counted from 1.
    pub from: usize,
    /// Last digit, counted from 1, included.
    pub to: usize,
    /// Whether all zeros are a valid value. Without it: only for area and object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_allowed: Option<bool>,
    /// The only values allowed; empty means every value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

impl Segment {
    /// A segment of the digits `from..=to` with the usual rules of its name.
    pub const fn new(name: SegmentName, from: usize, to: usize) -> Self {
        Self {
            name,
            from,
            to,
            zero_allowed: None,
            allowed: Vec::new(),
        }
    }

    /// Number of digits.
    pub const fn width(&self) -> usize {
        (self.to + 1).saturating_sub(self.from)
    }

    /// Whether all zeros are a valid value.
    pub fn allows_zero(&self) -> bool {
        self.zero_allowed.unwrap_or(self.name.zero_by_default())
    }
}

/// Layout and rules of the grid codes of one province or city.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedScheme")]
pub struct GridCodeScheme {
    id: String,
    length: usize,
    segments: Vec<Segment>,
}

/// A scheme as configuration gives it, before [`GridCodeScheme::new`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UncheckedScheme {
    id: String,
    length: usize,
    segments: Vec<Segment>,
}

impl TryFrom<UncheckedScheme> for GridCodeScheme {
    type Error = GridCodeSchemeError;

    fn try_from(scheme: UncheckedScheme) -> Result<Self, Self::Error> {
        Self::new(scheme.id, scheme.length, scheme.segments)
    }
}

impl GridCodeScheme {
    /// Checks and makes a scheme; `segments` are in the order of the digits.
    pub fn new(
        id: impl Into<String>,
        length: usize,
        segments: Vec<Segment>,
    ) -> Result<Self, GridCodeSchemeError> {
        let scheme = Self {
            id: id.into(),
            length,
            segments,
        };
        scheme.check()?;
        Ok(scheme)
    }

    fn check(&self) -> Result<(), GridCodeSchemeError> {
        if self.id.trim().is_empty() {
            return Err(GridCodeSchemeError::IdMissing);
        }
        let mut covered = 0;
        for (index, segment) in self.segments.iter().enumerate() {
            let name = segment.name.as_str();
            if segment.from != covered + 1 || segment.to < segment.from {
                return Err(GridCodeSchemeError::Gap {
                    segment: name,
                    expected: covered + 1,
                });
            }
            if self
                .segments
                .iter()
                .take(index)
                .any(|earlier| earlier.name == segment.name)
            {
                return Err(GridCodeSchemeError::SegmentTwice { segment: name });
            }
            if segment.name == SegmentName::County && segment.width() != 6 {
                return Err(GridCodeSchemeError::CountyWidth);
            }
            let width = segment.width();
            let wrong = |value: &&String| {
                value.len() != width || !value.bytes().all(|byte| byte.is_ascii_digit())
            };
            if let Some(value) = segment.allowed.iter().find(wrong) {
                return Err(GridCodeSchemeError::AllowedValue {
                    segment: name,
                    value: value.clone(),
                    width,
                });
            }
            covered = segment.to;
        }
        if covered != self.length {
            return Err(GridCodeSchemeError::LengthMismatch {
                covered,
                length: self.length,
            });
        }
        match SegmentName::REQUIRED
            .into_iter()
            .find(|name| self.segment(*name).is_none())
        {
            Some(missing) => Err(GridCodeSchemeError::SegmentMissing {
                segment: missing.as_str(),
            }),
            None => Ok(()),
        }
    }

    /// Name of the scheme, stored beside the codes.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Digits of a code.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// The segments in the order of the digits.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment called `name`, if the scheme has it.
    pub fn segment(&self, name: SegmentName) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.name == name)
    }

    /// The scheme that comes built in under `id`.
    pub fn built_in(id: &str) -> Option<Self> {
        [
            Self::shandong19,
            Self::shanxi14,
            Self::template12,
            Self::beijing15,
            Self::cjt349_20,
        ]
        .into_iter()
        .map(|make| make())
        .find(|scheme| scheme.id == id)
    }

    /// 19 digits of the Shandong specification
    /// (山东省城乡社区网格化服务管理规范, item 五): county 6, street 3, area 2
    /// (00 where there is none), community 3, grid 3, attribute 2.
    pub fn shandong19() -> Self {
        let mut attribute = Segment::new(SegmentName::Attribute, 18, 19);
        attribute.allowed = ["01", "02", "03"].map(str::to_owned).to_vec();
        Self {
            id: "shandong19".to_owned(),
            length: 19,
            segments: vec![
                Segment::new(SegmentName::County, 1, 6),
                Segment::new(SegmentName::Street, 7, 9),
                Segment::new(SegmentName::Area, 10, 11),
                Segment::new(SegmentName::Community, 12, 14),
                Segment::new(SegmentName::Grid, 15, 17),
                attribute,
            ],
        }
    }

    /// 14 digits used across Shanxi (全省统一的14位网格编码). Only the length is
    /// published; the layout is inferred: NBS village code 12, grid 2.
    pub fn shanxi14() -> Self {
        Self::plain("shanxi14", 14, [9, 12])
    }

    /// 12 digits of the model rules for grid work (网格化制度模板, article 6):
    /// county, street, community, grid. The widths 6+2+2+2 are inferred. Not the
    /// NBS village code, which has 12 digits too.
    pub fn template12() -> Self {
        Self::plain("template12", 12, [8, 10])
    }

    /// 15 digits of the Beijing standard for unit grids of city management:
    /// county 6, street 3, community 3, grid 3 from west to east and north to
    /// south.
    pub fn beijing15() -> Self {
        Self::plain("beijing15", 15, [9, 12])
    }

    /// 20 digits of CJ/T 349-2010: managed object 6, county 6, street 3,
    /// community 3, grid 2, where grid 00 is a community that is not split.
    pub fn cjt349_20() -> Self {
        let mut grid = Segment::new(SegmentName::Grid, 19, 20);
        grid.zero_allowed = Some(true);
        Self {
            id: "cjt349_20".to_owned(),
            length: 20,
            segments: vec![
                Segment::new(SegmentName::Object, 1, 6),
                Segment::new(SegmentName::County, 7, 12),
                Segment::new(SegmentName::Street, 13, 15),
                Segment::new(SegmentName::Community, 16, 18),
                grid,
            ],
        }
    }

    /// County 6, then street, community and grid ending at `ends` and `length`.
    fn plain(id: &str, length: usize, [street_end, community_end]: [usize; 2]) -> Self {
        Self {
            id: id.to_owned(),
            length,
            segments: vec![
                Segment::new(SegmentName::County, 1, 6),
                Segment::new(SegmentName::Street, 7, street_end),
                Segment::new(SegmentName::Community, street_end + 1, community_end),
                Segment::new(SegmentName::Grid, community_end + 1, length),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_built_in_schemes_have_the_published_segments() {
        let file: Value =
            serde_json::from_str(include_str!("../../vectors/grid_codes.json")).unwrap();
        let schemes = file["schemes"].as_array().unwrap();
        assert_eq!(schemes.len(), 5);
        for scheme in schemes {
            let id = scheme["id"].as_str().unwrap();
            let segments = match &scheme["segments"] {
                Value::Null => &scheme["segments_inferred"],
                given => given,
            };
            let published: GridCodeScheme = serde_json::from_value(
                json!({ "id": id, "length": scheme["length"], "segments": segments }),
            )
            .unwrap();
            let built_in = GridCodeScheme::built_in(id).unwrap();
            assert_eq!(built_in.check(), Ok(()), "{id}");
            let shape = |scheme: &GridCodeScheme| -> Vec<_> {
                scheme
                    .segments
                    .iter()
                    .map(|s| (s.name, s.from, s.to))
                    .collect()
            };
            assert_eq!(shape(&built_in), shape(&published), "{id}");
            assert_eq!(built_in.length(), published.length(), "{id}");
        }
        assert_eq!(GridCodeScheme::built_in("unknown"), None);
    }

    #[test]
    fn a_scheme_survives_being_written_and_read() {
        for id in ["shandong19", "cjt349_20"] {
            let scheme = GridCodeScheme::built_in(id).unwrap();
            let text = serde_json::to_string(&scheme).unwrap();
            assert_eq!(
                serde_json::from_str::<GridCodeScheme>(&text).unwrap(),
                scheme
            );
        }
    }

    #[test]
    fn a_scheme_that_makes_no_sense_is_refused_by_name() {
        use SegmentName::{Area, Attribute, Community, County, Grid, Street};
        let make = |length, parts: &[(SegmentName, usize, usize)]| {
            let segments = parts
                .iter()
                .map(|&(n, from, to)| Segment::new(n, from, to))
                .collect();
            GridCodeScheme::new("x", length, segments).map_err(|error| error.code())
        };
        let good = [
            (County, 1, 6),
            (Street, 7, 9),
            (Community, 10, 12),
            (Grid, 13, 14),
        ];
        assert!(make(14, &good).is_ok());
        assert_eq!(
            make(15, &good).unwrap_err(),
            "grid_code_scheme_length_mismatch"
        );
        assert_eq!(
            make(9, &good[..2]).unwrap_err(),
            "grid_code_scheme_segment_missing"
        );
        assert_eq!(
            make(9, &[good[0], (Area, 8, 9)]).unwrap_err(),
            "grid_code_scheme_gap"
        );
        assert_eq!(
            make(5, &[(County, 1, 5)]).unwrap_err(),
            "grid_code_scheme_county_width"
        );
        let twice = [good[0], good[1], (Street, 10, 12)];
        assert_eq!(
            make(12, &twice).unwrap_err(),
            "grid_code_scheme_segment_twice"
        );
        assert_eq!(
            GridCodeScheme::new(" ", 0, Vec::new()),
            Err(GridCodeSchemeError::IdMissing)
        );
        let mut attribute = Segment::new(Attribute, 15, 16);
        attribute.allowed = vec!["1".to_owned()];
        let mut segments: Vec<_> = good
            .iter()
            .map(|&(n, a, b)| Segment::new(n, a, b))
            .collect();
        segments.push(attribute);
        assert_eq!(
            GridCodeScheme::new("x", 16, segments).unwrap_err().code(),
            "grid_code_scheme_allowed_value"
        );
    }

    #[test]
    fn a_typing_mistake_in_the_configuration_is_an_error() {
        let text = r#"{"id":"x","length":14,"segmets":[]}"#;
        assert!(serde_json::from_str::<GridCodeScheme>(text).is_err());
    }
}
