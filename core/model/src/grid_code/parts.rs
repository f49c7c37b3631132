//! The parts of a grid code, taken apart.

use super::{DivisionCode, SegmentName};

/// Kind of grid in the 19-digit scheme (digits 18-19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GridAttribute {
    /// 01, 城市社区.
    UrbanCommunity,
    /// 02, 农村地区.
    Rural,
    /// 03, 专属网格: a mall, school, hospital, park or business tower.
    Dedicated,
}

impl GridAttribute {
    /// All attributes.
    pub const ALL: [Self; 3] = [Self::UrbanCommunity, Self::Rural, Self::Dedicated];

    /// The word in the database, in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UrbanCommunity => "urban",
            Self::Rural => "rural",
            Self::Dedicated => "dedicated",
        }
    }

    /// Id of its name's text.
    pub fn message_id(self) -> String {
        crate::message::message_id("attribute", self.as_str())
    }

    /// The two digits.
    pub const fn as_code(self) -> &'static str {
        match self {
            Self::UrbanCommunity => "01",
            Self::Rural => "02",
            Self::Dedicated => "03",
        }
    }

    /// The attribute with the two digits `code`.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|attribute| attribute.as_code() == code)
    }
}

/// A word that names no attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such grid attribute: {0:?}")]
pub struct UnknownGridAttribute(pub String);

impl std::str::FromStr for GridAttribute {
    type Err = UnknownGridAttribute;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|attribute| attribute.as_str() == text)
            .ok_or_else(|| UnknownGridAttribute(text.chars().take(32).collect()))
    }
}

/// The parts of a code. A part the scheme does not have is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GridCodeParts {
    /// Kind of managed object (CJ/T 349 only).
    pub object: Option<String>,
    /// County, six digits.
    pub county: String,
    /// Street or town.
    pub street: String,
    /// Area; all zeros where there is none.
    pub area: Option<String>,
    /// Community or village.
    pub community: String,
    /// Serial number of the grid.
    pub grid: String,
    /// Kind of grid, see [`GridAttribute::from_code`].
    pub attribute: Option<String>,
}

impl GridCodeParts {
    pub(super) fn get(&self, name: SegmentName) -> Option<&str> {
        match name {
            SegmentName::Object => self.object.as_deref(),
            SegmentName::County => Some(&self.county),
            SegmentName::Street => Some(&self.street),
            SegmentName::Area => self.area.as_deref(),
            SegmentName::Community => Some(&self.community),
            SegmentName::Grid => Some(&self.grid),
            SegmentName::Attribute => self.attribute.as_deref(),
        }
    }

    pub(super) fn set(&mut self, name: SegmentName, digits: &str) {
        let digits = digits.to_owned();
        match name {
            SegmentName::Object => self.object = Some(digits),
            SegmentName::County => self.county = digits,
            SegmentName::Street => self.street = digits,
            SegmentName::Area => self.area = Some(digits),
            SegmentName::Community => self.community = digits,
            SegmentName::Grid => self.grid = digits,
            SegmentName::Attribute => self.attribute = Some(digits),
        }
    }

    /// The 12-digit NBS code of the village or community: county, street and
    /// community, without the area. `None` in schemes whose widths are not the
    /// 6+3+3 of NBS.
    pub fn village12(&self) -> Option<DivisionCode> {
        let code = format!("{}{}{}", self.county, self.street, self.community);
        if self.street.len() == 3 && self.community.len() == 3 {
            DivisionCode::parse(&code).ok()
        } else {
            None
        }
    }
}
