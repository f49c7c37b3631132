//! The made-up district as places: which communities of the table of divisions,
//! how many grids each, how many households each. Fixed by table, number of
//! grids and seed.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::GenerateError;

/// Grids of one community, fewest and most [S 003].
const GRIDS_OF_COMMUNITY: std::ops::RangeInclusive<usize> = 4..=8;
/// Serial numbers a grid code has room for.
const MOST_GRIDS_OF_COMMUNITY: usize = 999;
/// Households of a grid, fewest and most (GB/T 34300-2017 section 5).
const HOUSEHOLDS_OF_GRID: std::ops::RangeInclusive<u32> = 300..=500;
/// Of a table without villages, one community in this many is made one.
const VILLAGE_ONE_IN: usize = 8;
/// How the numbers of households lean towards the fewest: the mean is
/// 300 + 200 / (1 + this) = 353, so that 708 grids hold 250,000.
const LEANING: f64 = 2.77;

/// A community that grids are cut from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Community {
    /// 12 digits.
    pub(super) code: String,
    /// As the table has it.
    pub(super) name: String,
    /// A village: addresses in free form.
    pub(super) is_village: bool,
    /// Its grids.
    pub(super) grids: Vec<GridPlan>,
}

/// A grid to be filled.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GridPlan {
    /// Its number among all grids, from 0: the stream of its random numbers.
    pub(super) number: u32,
    /// 19 digits (Shandong scheme).
    pub(super) code: String,
    /// Its name.
    pub(super) name: String,
    /// Households in it.
    pub(super) households: u32,
    /// Longitude and latitude of its south-west corner, WGS-84.
    pub(super) corner: (f64, f64),
}

/// The district.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// The seed.
    pub(super) seed: u64,
    /// Communities in order of their codes.
    pub(super) communities: Vec<Community>,
}

/// Side of a grid in degrees of longitude and latitude: about 300 m.
pub(super) const GRID_SIDE: f64 = 0.003;
/// South-west corner of the district; over Jinan, whatever the table.
const DISTRICT_CORNER: (f64, f64) = (116.9, 36.5);
/// Communities side by side.
const COMMUNITIES_IN_A_ROW: usize = 16;

impl Layout {
    /// Plans so many grids over the communities (code and name) of a table.
    pub(super) fn plan(
        mut table: Vec<(String, String)>,
        grids: usize,
        seed: u64,
    ) -> Result<Self, GenerateError> {
        table.sort();
        table.dedup_by(|one, other| one.0 == other.0);
        if table.is_empty() {
            return Err(GenerateError::NoCommunities);
        }
        let room = table.len() * MOST_GRIDS_OF_COMMUNITY;
        if grids == 0 || grids > room {
            return Err(GenerateError::Grids { grids, room });
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let sizes = sizes(table.len(), grids, &mut rng);
        let has_villages = table.iter().any(|(_, name)| is_village_name(name));
        let mut number = 0;
        let communities = table
            .into_iter()
            .zip(sizes)
            .enumerate()
            .map(|(place, ((code, name), size))| {
                let is_village = if has_villages {
                    is_village_name(&name)
                } else {
                    place % VILLAGE_ONE_IN == VILLAGE_ONE_IN - 1
                };
                let grids = (1..=size)
                    .map(|serial| {
                        let plan = grid(&code, is_village, serial, number, place, &mut rng);
                        number += 1;
                        plan
                    })
                    .collect();
                Community {
                    code,
                    name,
                    is_village,
                    grids,
                }
            })
            .collect();
        Ok(Self { seed, communities })
    }

    /// Every grid with its community.
    pub(super) fn grids(&self) -> impl Iterator<Item = (&Community, &GridPlan)> {
        self.communities
            .iter()
            .flat_map(|community| community.grids.iter().map(move |grid| (community, grid)))
    }

    /// Households of all grids.
    pub(super) fn households(&self) -> u64 {
        self.grids()
            .map(|(_, grid)| u64::from(grid.households))
            .sum()
    }
}

fn is_village_name(name: &str) -> bool {
    name.ends_with("村民委员会") || name.ends_with("村委会")
}

/// How many grids each community gets: four to eight while there are enough
/// communities, evenly more otherwise. The last ones get none if fewer do.
fn sizes(communities: usize, grids: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut sizes = Vec::with_capacity(communities);
    let mut left = grids;
    for place in 0..communities {
        let behind = communities - place - 1;
        // What must be taken here, should all behind take the most they may.
        let least = left.saturating_sub(behind * GRIDS_OF_COMMUNITY.end());
        let wished = rng.random_range(GRIDS_OF_COMMUNITY);
        let even = left.div_ceil(behind + 1);
        let size = if least > *GRIDS_OF_COMMUNITY.end() {
            even
        } else {
            wished.max(least)
        };
        let size = size.min(left);
        sizes.push(size);
        left -= size;
    }
    sizes
}

fn grid(
    community: &str,
    is_village: bool,
    serial: usize,
    number: u32,
    place: usize,
    rng: &mut ChaCha8Rng,
) -> GridPlan {
    // 6 county, 3 street, 2 area (none), 3 community, 3 grid, 2 attribute.
    let (street, village) = community.split_at_checked(9).unwrap_or((community, ""));
    let attribute = if is_village { "02" } else { "01" };
    let share: f64 = rng.random();
    let (fewest, most) = (*HOUSEHOLDS_OF_GRID.start(), *HOUSEHOLDS_OF_GRID.end());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 200"
    )]
    let more = (f64::from(most - fewest) * share.powf(LEANING)).round() as u32;
    GridPlan {
        number,
        code: format!("{street}00{village}{serial:03}{attribute}"),
        name: format!("第{}网格", chinese_number(serial)),
        households: fewest + more,
        corner: corner(place, serial),
    }
}

/// Grids tile their community, three in a row, and communities the district.
fn corner(place: usize, serial: usize) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let at = |number: usize, size: f64| number as f64 * size;
    let community = 4.0 * GRID_SIDE;
    let (column, row) = (place % COMMUNITIES_IN_A_ROW, place / COMMUNITIES_IN_A_ROW);
    let (x, y) = ((serial - 1) % 3, (serial - 1) / 3);
    (
        DISTRICT_CORNER.0 + at(column, community) + at(x, GRID_SIDE),
        DISTRICT_CORNER.1 + at(row, community) + at(y, GRID_SIDE),
    )
}

/// A number up to 999 as grids are named.
pub(super) fn chinese_number(number: usize) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |value: usize| DIGITS.get(value % 10).copied().unwrap_or_default();
    let (hundreds, tens, ones) = (number / 100 % 10, number / 10 % 10, number % 10);
    let mut text = String::new();
    if hundreds > 0 {
        text.push_str(digit(hundreds));
        text.push('百');
        if tens == 0 && ones > 0 {
            text.push('零');
        }
    }
    if tens > 0 {
        // 十二, but 一百一十二 and 二十二.
        if tens > 1 || hundreds > 0 {
            text.push_str(digit(tens));
        }
        text.push('十');
    }
    text.push_str(digit(ones));
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use wangge_model::grid_code::{GridCode, GridCodeScheme};

    use super::*;

    fn table(count: usize) -> Vec<(String, String)> {
        (1..=count)
            .map(|n| {
                (
                    format!("370102{:03}{:03}", n / 10 + 1, n % 10 + 1),
                    format!("{n}社区"),
                )
            })
            .collect()
    }

    #[test]
    fn a_district_of_708_grids_has_the_figures_of_the_sources() {
        let layout = Layout::plan(table(138), 708, 7).unwrap();
        assert_eq!(layout.grids().count(), 708);
        let households = layout.households();
        assert!((240_000..=260_000).contains(&households), "{households}");
        for community in layout.communities.iter().filter(|c| !c.grids.is_empty()) {
            assert!(community.grids.len() <= 8, "{}", community.grids.len());
        }
        let scheme = GridCodeScheme::shandong19();
        let mut codes = HashSet::new();
        for (community, grid) in layout.grids() {
            assert!((300..=500).contains(&grid.households));
            let parts = GridCode::parse(&grid.code, &scheme)
                .unwrap()
                .parts(&scheme)
                .unwrap();
            assert_eq!(parts.village12().unwrap().to_string(), community.code);
            assert!(codes.insert(&grid.code), "{}", grid.code);
        }
        assert!(layout.communities.iter().any(|c| c.is_village));
    }

    #[test]
    fn any_number_of_grids_is_planned_whole() {
        for grids in [1, 3, 17, 60, 2_000] {
            let layout = Layout::plan(table(9), grids, 1).unwrap();
            assert_eq!(layout.grids().count(), grids);
        }
        assert!(Layout::plan(table(1), 1_000, 1).is_err());
        assert!(Layout::plan(Vec::new(), 1, 1).is_err());
    }

    #[test]
    fn the_seed_alone_decides() {
        assert_eq!(
            Layout::plan(table(9), 40, 5).unwrap(),
            Layout::plan(table(9), 40, 5).unwrap()
        );
        assert_ne!(
            Layout::plan(table(9), 40, 5).unwrap(),
            Layout::plan(table(9), 40, 6).unwrap()
        );
    }

    #[test]
    fn numbers_read_as_grids_are_named() {
        for (number, text) in [
            (1, "一"),
            (10, "十"),
            (12, "十二"),
            (20, "二十"),
            (101, "一百零一"),
            (112, "一百一十二"),
        ] {
            assert_eq!(chinese_number(number), text);
        }
    }
}
