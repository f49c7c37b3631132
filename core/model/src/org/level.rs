//! Levels of the tree, as one table.
//!
//! Source: the five levels of the NBS division codes (统计用区划代码), the area
//! and grid of the 19-digit Shandong code, and the micro-grid of the guide in
//! GB/T 34300's annexes. Some places number them otherwise (四级网格, 五级网格);
//! a number is a matter of display, the level is what it is for.

use std::{fmt, str::FromStr};

use crate::grid_code::DivisionLevel;

/// What kind of place an organisation node is, from the top down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgLevel {
    /// 省
    Province,
    /// 市
    Prefecture,
    /// 县、区
    County,
    /// 街道、乡镇
    Street,
    /// 片区
    Area,
    /// 社区、村
    Community,
    /// 网格: holds records, is a feed.
    Grid,
    /// 微网格
    MicroGrid,
}

/// Which codes places of a level have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelCode {
    /// The NBS division code of this level.
    Division(DivisionLevel),
    /// A grid code by the deployment's scheme; needed.
    Grid,
    /// Whatever the place calls it, or none.
    Free,
}

/// What a level is, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelSpec {
    /// Which.
    pub level: OrgLevel,
    /// The word in the database, in addresses and on the command line.
    pub word: &'static str,
    /// Which codes its places have.
    pub code: LevelCode,
    /// The only levels its places may lie directly in; empty: any above it, or
    /// none.
    pub lies_in: &'static [OrgLevel],
    /// Whether records belong to its places.
    pub holds_records: bool,
}

const fn spec(
    level: OrgLevel,
    word: &'static str,
    code: LevelCode,
    lies_in: &'static [OrgLevel],
) -> LevelSpec {
    LevelSpec {
        level,
        word,
        code,
        lies_in,
        holds_records: matches!(level, OrgLevel::Grid),
    }
}

/// The table; a level's place in it is its rank.
const LEVELS: [LevelSpec; 8] = [
    spec(
        OrgLevel::Province,
        "province",
        LevelCode::Division(DivisionLevel::Province),
        &[],
    ),
    spec(
        OrgLevel::Prefecture,
        "prefecture",
        LevelCode::Division(DivisionLevel::Prefecture),
        &[],
    ),
    spec(
        OrgLevel::County,
        "county",
        LevelCode::Division(DivisionLevel::County),
        &[],
    ),
    spec(
        OrgLevel::Street,
        "street",
        LevelCode::Division(DivisionLevel::Street),
        &[],
    ),
    spec(OrgLevel::Area, "area", LevelCode::Free, &[]),
    spec(
        OrgLevel::Community,
        "community",
        LevelCode::Division(DivisionLevel::Village),
        &[],
    ),
    // Every grid belongs to one village or community, never directly to a town
    // or county (DB6101/T 3185-2024; GB/T 34300-2017 section 5).
    spec(
        OrgLevel::Grid,
        "grid",
        LevelCode::Grid,
        &[OrgLevel::Community],
    ),
    spec(
        OrgLevel::MicroGrid,
        "micro_grid",
        LevelCode::Free,
        &[OrgLevel::Grid],
    ),
];

impl OrgLevel {
    /// All levels, top first.
    pub const ALL: [Self; 8] = [
        Self::Province,
        Self::Prefecture,
        Self::County,
        Self::Street,
        Self::Area,
        Self::Community,
        Self::Grid,
        Self::MicroGrid,
    ];

    /// Its row of the table.
    pub const fn spec(self) -> &'static LevelSpec {
        let [
            province,
            prefecture,
            county,
            street,
            area,
            community,
            grid,
            micro_grid,
        ] = &LEVELS;
        match self {
            Self::Province => province,
            Self::Prefecture => prefecture,
            Self::County => county,
            Self::Street => street,
            Self::Area => area,
            Self::Community => community,
            Self::Grid => grid,
            Self::MicroGrid => micro_grid,
        }
    }

    /// The word in the database and on the command line.
    pub const fn as_str(self) -> &'static str {
        self.spec().word
    }

    /// Id of its name's text.
    pub fn message_id(self) -> String {
        crate::message::message_id("level", self.as_str())
    }

    /// The level of a division's places.
    pub fn of_division(level: DivisionLevel) -> Self {
        match level {
            DivisionLevel::Province => Self::Province,
            DivisionLevel::Prefecture => Self::Prefecture,
            DivisionLevel::County => Self::County,
            DivisionLevel::Street => Self::Street,
            DivisionLevel::Village => Self::Community,
        }
    }

    /// The level of division codes its places have, if they have them.
    pub const fn division(self) -> Option<DivisionLevel> {
        match self.spec().code {
            LevelCode::Division(level) => Some(level),
            LevelCode::Grid | LevelCode::Free => None,
        }
    }
}

impl fmt::Display for OrgLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such level: {0:?}")]
pub struct UnknownOrgLevel(pub String);

impl FromStr for OrgLevel {
    type Err = UnknownOrgLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| UnknownOrgLevel(text.chars().take(32).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_levels_and_has_the_published_code_lengths() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../vectors/grid_codes.json")).unwrap();
        let published = file["levels"].as_array().unwrap();
        for (rank, level) in (1_u64..).zip(OrgLevel::ALL) {
            assert_eq!(level.spec().level, level);
            assert_eq!(level.as_str().parse(), Ok(level));
            let row = published.iter().find(|row| row["n"] == rank).unwrap();
            let digits = level.division().map(|division| division.digits() as u64);
            assert_eq!(digits, row["digits"].as_u64(), "{level}");
            if let Some(division) = level.division() {
                assert_eq!(OrgLevel::of_division(division), level);
            }
            assert_eq!(level.spec().holds_records, level == OrgLevel::Grid);
        }
        assert!("nation".parse::<OrgLevel>().is_err());
    }
}
