//! Made-up addresses of one grid: estates with buildings, stairwells, floors
//! and rooms in towns; in villages a line in free form, as people there say it.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{
    layout::{Community, GRID_SIDE, GridPlan, chinese_number},
    name::pick,
};

const ESTATES: [&str; 10] = [
    "小区", "花园", "新居", "家园", "东苑", "西苑", "南里", "北里", "公寓", "宿舍",
];
const VILLAGE_PARTS: [&str; 6] = ["东头", "西头", "南街", "北街", "前街", "后街"];

/// Where one household lives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Address {
    /// Field paths with their values.
    pub(super) parts: Vec<(&'static str, String)>,
    /// The same as one line.
    pub(super) line: String,
    /// Longitude and latitude, WGS-84.
    pub(super) point: (f64, f64),
}

/// Gives one address after the other, each once.
#[derive(Debug)]
pub(super) struct Addresses<'a> {
    grid: &'a GridPlan,
    base: String,
    is_village: bool,
    estate: String,
    building: u32,
    shape: Shape,
    place: u32,
    given: u32,
}

/// What a building is like.
#[derive(Debug, Clone, Copy)]
struct Shape {
    units: u32,
    floors: u32,
    rooms: u32,
}

impl Shape {
    const fn dwellings(self) -> u32 {
        self.units * self.floors * self.rooms
    }
}

impl<'a> Addresses<'a> {
    pub(super) fn new(community: &Community, grid: &'a GridPlan, rng: &mut ChaCha8Rng) -> Self {
        let base = base_name(&community.name);
        let serial = grid.name.trim_start_matches('第').trim_end_matches("网格");
        // The serial keeps estates of neighbouring grids apart.
        let estate = format!("{base}{}{serial}区", pick(rng, &ESTATES));
        Self {
            grid,
            base,
            is_village: community.is_village,
            estate,
            building: 1,
            shape: shape(rng),
            place: 0,
            given: 0,
        }
    }

    pub(super) fn next(&mut self, rng: &mut ChaCha8Rng) -> Address {
        self.given += 1;
        if self.is_village {
            return self.in_village(rng);
        }
        // Some dwellings stand empty.
        while rng.random_range(0..25) == 0 {
            self.step(rng);
        }
        let address = self.in_estate(rng);
        self.step(rng);
        address
    }

    fn step(&mut self, rng: &mut ChaCha8Rng) {
        self.place += 1;
        if self.place >= self.shape.dwellings() {
            self.place = 0;
            self.building += 1;
            self.shape = shape(rng);
        }
    }

    fn in_estate(&self, rng: &mut ChaCha8Rng) -> Address {
        let Shape { floors, rooms, .. } = self.shape;
        let unit = self.place / (floors * rooms) + 1;
        let floor = self.place / rooms % floors + 1;
        let room = self.place % rooms + 1;
        let parts = vec![
            ("address.estate", self.estate.clone()),
            ("address.building", format!("{}号楼", self.building)),
            ("address.unit", format!("{unit}单元")),
            ("address.floor", format!("{floor}层")),
            ("address.room", format!("{floor}{room:02}室")),
        ];
        Address {
            line: parts.iter().map(|(_, part)| part.as_str()).collect(),
            parts,
            point: self.near(self.building % 6, self.building / 6 % 6, rng),
        }
    }

    fn in_village(&self, rng: &mut ChaCha8Rng) -> Address {
        let serial = self
            .grid
            .name
            .trim_start_matches('第')
            .trim_end_matches("网格");
        let part = VILLAGE_PARTS
            .get((self.given / 60 % 6) as usize)
            .copied()
            .unwrap_or_default();
        let row = self.given / 12 % 5 + 1;
        let line = format!(
            "{}{serial}组{part}第{}排{}号",
            self.base,
            chinese_number(row as usize),
            self.given
        );
        Address {
            parts: vec![("address.detail", line.clone())],
            line,
            point: self.near(self.given % 6, self.given / 6 % 6, rng),
        }
    }

    /// A place inside the grid, the same building near the same place.
    fn near(&self, x: u32, y: u32, rng: &mut ChaCha8Rng) -> (f64, f64) {
        let cell = GRID_SIDE / 7.0;
        let mut along = |start: f64, at: u32| {
            let scatter = f64::from(rng.random_range(0..100)) / 100.0 * cell / 2.0;
            let exact = start + cell * (f64::from(at) + 0.5) + scatter;
            (exact * 1e6).round() / 1e6
        };
        let (west, south) = self.grid.corner;
        (along(west, x), along(south, y))
    }
}

fn shape(rng: &mut ChaCha8Rng) -> Shape {
    Shape {
        units: rng.random_range(2..=4),
        floors: if rng.random_range(0..3) == 0 { 11 } else { 6 },
        rooms: rng.random_range(2..=3),
    }
}

/// What a community is called for short.
fn base_name(name: &str) -> String {
    let mut base = name;
    for ending in ["居民委员会", "村民委员会", "村委会", "居委会", "社区"] {
        base = base.strip_suffix(ending).unwrap_or(base);
    }
    if base.is_empty() { name } else { base }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn communities_are_called_as_people_call_them() {
        assert_eq!(base_name("千佛山社区居民委员会"), "千佛山");
        assert_eq!(base_name("殷巷村民委员会"), "殷巷");
        assert_eq!(base_name("社区"), "社区");
    }
}
