//! How large a grid should be. The sources differ, so the rules are data: a
//! named set per deployment, of which these come built in.

use serde::{Deserialize, Serialize};

use super::GridWarning;
use crate::grid_code::GridAttribute;

/// From how many to how many, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeRange {
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
}

impl SizeRange {
    const fn new(min: u32, max: u32) -> Self {
        Self { min, max }
    }

    const fn contains(self, count: u32) -> bool {
        self.min <= count && count <= self.max
    }
}

/// The size of one kind of grid. With both parts set, one of them is enough:
/// "300 to 500 households or about 1,000 people".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridSize {
    /// Resident households.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub households: Option<SizeRange>,
    /// People who live there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<SizeRange>,
}

/// How large grids of each kind should be; what is not set is not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizingRules {
    /// Name of the set.
    pub id: String,
    /// Grids of urban communities, and those whose kind is not recorded.
    #[serde(default)]
    pub urban: GridSize,
    /// Grids of villages.
    #[serde(default)]
    pub rural: GridSize,
    /// Dedicated grids: a mall, school, hospital, park or business tower.
    #[serde(default)]
    pub dedicated: GridSize,
    /// Grids of one community.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grids_per_community: Option<SizeRange>,
}

impl SizingRules {
    /// The ids of the built-in sets.
    pub const BUILT_IN: [&'static str; 4] = [
        "gbt34300",
        "people_1000_2000",
        "households_150_300",
        "households_500_1000",
    ];

    /// GB/T 34300-2017 section 5 and the Shandong specification, item 四:
    /// 300-500 resident households or about 1,000 people ("about" read as a
    /// fifth up or down). A village group is one or more grids of any size.
    pub fn gbt34300() -> Self {
        Self {
            id: "gbt34300".to_owned(),
            urban: GridSize {
                households: Some(SizeRange::new(300, 500)),
                people: Some(SizeRange::new(800, 1_200)),
            },
            rural: GridSize::default(),
            dedicated: GridSize::default(),
            grids_per_community: None,
        }
    }

    /// The set that comes built in under `id`.
    pub fn built_in(id: &str) -> Option<Self> {
        let households = |min, max| GridSize {
            households: Some(SizeRange::new(min, max)),
            people: None,
        };
        let urban = match id {
            "gbt34300" => return Some(Self::gbt34300()),
            // A city's rules: 1,000-2,000 people a grid.
            "people_1000_2000" => GridSize {
                households: None,
                people: Some(SizeRange::new(1_000, 2_000)),
            },
            // A district's rules: 4-8 grids a community, 150-300 households and
            // 600-1,000 people each.
            "households_150_300" => GridSize {
                people: Some(SizeRange::new(600, 1_000)),
                ..households(150, 300)
            },
            // A model set of rules: 500-1,000 households a grid.
            "households_500_1000" => households(500, 1_000),
            _ => return None,
        };
        Some(Self {
            id: id.to_owned(),
            urban,
            rural: GridSize::default(),
            dedicated: GridSize::default(),
            grids_per_community: (id == "households_150_300").then_some(SizeRange::new(4, 8)),
        })
    }

    /// The size a grid of this kind should have.
    pub const fn of(&self, attribute: Option<GridAttribute>) -> &GridSize {
        match attribute {
            Some(GridAttribute::Rural) => &self.rural,
            Some(GridAttribute::Dedicated) => &self.dedicated,
            Some(GridAttribute::UrbanCommunity) | None => &self.urban,
        }
    }

    /// What to say about a grid with so many households and people.
    pub fn check(
        &self,
        attribute: Option<GridAttribute>,
        households: u32,
        people: u32,
    ) -> Option<GridWarning> {
        let size = self.of(attribute);
        let measures = [
            size.households.map(|range| (range, households)),
            size.people.map(|range| (range, people)),
        ];
        let mut set = measures.iter().flatten();
        let (range, count) = set.clone().next()?;
        if set.any(|(range, count)| range.contains(*count)) {
            return None;
        }
        let unit_is_people = size.households.is_none();
        Some(if *count < range.min {
            GridWarning::TooSmall {
                found: *count,
                min: range.min,
                people: unit_is_people,
            }
        } else {
            GridWarning::TooLarge {
                found: *count,
                max: range.max,
                people: unit_is_people,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_national_standard_asks_for_households_or_people() {
        let rules = SizingRules::built_in("gbt34300").unwrap();
        let urban = Some(GridAttribute::UrbanCommunity);
        let check = |households, people| {
            rules
                .check(urban, households, people)
                .map(|warning| warning.code())
        };
        assert_eq!(check(300, 2_000), None);
        assert_eq!(check(500, 0), None);
        assert_eq!(check(299, 700), Some("too_small"));
        assert_eq!(check(501, 1_500), Some("too_large"));
        assert_eq!(check(650, 1_000), None, "many small households");
        assert_eq!(check(280, 1_200), None);
        assert_eq!(
            rules.check(None, 10, 10).map(|warning| warning.code()),
            Some("too_small"),
            "a grid of unknown kind is judged as an urban one"
        );
        for kind in [GridAttribute::Rural, GridAttribute::Dedicated] {
            assert_eq!(rules.check(Some(kind), 5, 5), None);
        }
    }

    #[test]
    fn a_set_that_counts_people_warns_of_people() {
        let rules = SizingRules::built_in("people_1000_2000").unwrap();
        assert_eq!(
            rules.check(None, 400, 2_001),
            Some(GridWarning::TooLarge {
                found: 2_001,
                max: 2_000,
                people: true
            })
        );
        assert_eq!(rules.check(None, 1, 1_000), None);
    }

    #[test]
    fn every_built_in_set_survives_being_written_and_read() {
        for id in SizingRules::BUILT_IN {
            let rules = SizingRules::built_in(id).unwrap();
            let text = serde_json::to_string(&rules).unwrap();
            assert_eq!(serde_json::from_str::<SizingRules>(&text).unwrap(), rules);
        }
        assert_eq!(SizingRules::built_in("none"), None);
    }
}
