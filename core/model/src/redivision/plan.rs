//! Where each record of the old grids goes, and why; what cannot be decided.
//!
//! In this order: as a person said; the only successor; the point; the address
//! rule; the building, if everybody else in it goes to one grid (a building is
//! never cut, 整体原则); what it belongs to (a visit's or incident's household or place);
//! the rest. Visits and closed incidents that nothing decides follow most of
//! the ground.

use std::collections::{BTreeMap, HashMap};

use super::{AddressRule, NewGrid, RedivisionFile};
use crate::{
    GridId, LongitudeLatitude, RecordId, RecordKind,
    boundary::{Boundary, GridIndex, overlap_m2},
    message::{Language, message, message_id},
};

/// A point less certain than this, in metres, decides nothing.
const USABLE_ACCURACY_M: f64 = 50.0;

/// Less of an old grid's ground than this share makes no successor: lines drawn
/// anew overlap a little.
const LEAST_SHARE: f64 = 0.01;

/// A grid that is closed.
#[derive(Debug, Clone, PartialEq)]
pub struct OldGrid {
    /// Which.
    pub id: GridId,
    /// Its code.
    pub code: String,
    /// Its boundary, if it was drawn.
    pub boundary: Option<Boundary>,
}

/// The part of an address that a building is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AddressKey {
    /// Housing estate.
    pub estate: String,
    /// Building.
    pub building: String,
    /// Stairwell.
    pub unit: String,
}

/// A record of a grid that is closed, as far as its place matters.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordPlace {
    /// Which.
    pub id: RecordId,
    /// What kind.
    pub kind: RecordKind,
    /// Where it is.
    pub from: GridId,
    /// What a person knows it by.
    pub title: String,
    /// Its point, if taken.
    pub point: Option<LongitudeLatitude>,
    /// How certain the point is, in metres, if known.
    pub accuracy_m: Option<f64>,
    /// Its address in parts, if it has one.
    pub address: AddressKey,
    /// The household or place it belongs to.
    pub belongs_to: Option<RecordId>,
    /// An incident still worked on.
    pub is_open: bool,
}

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A person.
    ByHand,
    /// There is only one successor.
    Only,
    /// Its point.
    Point,
    /// A rule for its address.
    Address,
    /// Everybody else in the building.
    Building,
    /// The household or place it belongs to.
    BelongsTo,
    /// The file's word on the rest.
    Rest,
    /// The successor with most of the ground.
    MostGround,
}

impl Reason {
    /// All reasons, in the order they are asked.
    pub const ALL: [Self; 8] = [
        Self::ByHand,
        Self::Only,
        Self::Point,
        Self::Address,
        Self::Building,
        Self::BelongsTo,
        Self::Rest,
        Self::MostGround,
    ];

    /// The word in reports; with `redivision-reason-` its text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::Only => "only",
            Self::Point => "point",
            Self::Address => "address",
            Self::Building => "building",
            Self::BelongsTo => "belongs_to",
            Self::Rest => "rest",
            Self::MostGround => "most_ground",
        }
    }

    /// The reason in words.
    pub fn text(self, language: Language) -> String {
        message(
            language,
            &message_id("redivision-reason", self.as_str()),
            &[],
        )
    }
}

/// Where a record goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Which.
    pub record: RecordId,
    /// Where it was.
    pub from: GridId,
    /// Where it goes.
    pub to: GridId,
    /// Why.
    pub reason: Reason,
}

/// A record only a person can decide on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// Which.
    pub record: RecordId,
    /// What kind.
    pub kind: RecordKind,
    /// Where it is.
    pub from: GridId,
    /// What a person knows it by.
    pub title: String,
    /// It has a point, which is in none of the new grids or too uncertain.
    pub has_point: bool,
}

/// A re-division with the ids of its new grids.
#[derive(Debug)]
pub struct Redivision<'a> {
    /// The grids that are closed.
    pub old: &'a [OldGrid],
    /// The grids that are made.
    pub new: &'a [(GridId, NewGrid)],
    /// The order.
    pub file: &'a RedivisionFile,
}

/// What a re-division does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedivisionPlan {
    /// Where records go.
    pub placements: Vec<Placement>,
    /// What is left to a person.
    pub undecided: Vec<Undecided>,
    /// Of each old grid those that follow it, most of the ground first.
    pub successors: Vec<(GridId, Vec<GridId>)>,
    /// Buildings whose households' points lie in several new grids: the line
    /// cuts them, or a point is wrong.
    pub cut_buildings: Vec<AddressKey>,
}

/// Decides where every record goes. The same input gives the same plan.
pub fn plan(redivision: &Redivision<'_>, records: &[RecordPlace]) -> RedivisionPlan {
    let planner = Planner::new(redivision);
    let mut decided: HashMap<RecordId, (GridId, Reason)> = HashMap::new();
    for record in records {
        if let Some(found) = planner.by_itself(record) {
            decided.insert(record.id, found);
        }
    }
    let buildings = buildings(records, &decided);
    for record in records {
        if !decided.contains_key(&record.id)
            && let Some(Some(grid)) = building_of(record).and_then(|key| buildings.get(&key))
        {
            decided.insert(record.id, (*grid, Reason::Building));
        }
    }
    // Households and places first: what belongs to them follows, whatever decided on them.
    let is_home =
        |record: &&RecordPlace| matches!(record.kind, RecordKind::Household | RecordKind::Place);
    for record in records.iter().filter(is_home) {
        if !decided.contains_key(&record.id)
            && let Some(found) = planner.otherwise(record)
        {
            decided.insert(record.id, found);
        }
    }
    let homes: HashMap<RecordId, GridId> = records
        .iter()
        .filter(is_home)
        .filter_map(|record| Some((record.id, decided.get(&record.id)?.0)))
        .collect();
    let mut placements = Vec::with_capacity(records.len());
    let mut undecided = Vec::new();
    for record in records {
        let home = || {
            let home = homes.get(&record.belongs_to?)?;
            Some((*home, Reason::BelongsTo))
        };
        let found = decided
            .get(&record.id)
            .copied()
            .or_else(home)
            .or_else(|| planner.otherwise(record));
        match found {
            Some((to, reason)) => placements.push(Placement {
                record: record.id,
                from: record.from,
                to,
                reason,
            }),
            None => undecided.push(Undecided {
                record: record.id,
                kind: record.kind,
                from: record.from,
                title: record.title.clone(),
                has_point: record.point.is_some(),
            }),
        }
    }
    RedivisionPlan {
        successors: planner.with_used(&placements),
        placements,
        undecided,
        cut_buildings: buildings
            .into_iter()
            .filter(|(_, grid)| grid.is_none())
            .map(|(key, _)| key)
            .collect(),
    }
}

/// Estate and building, where both make one building; a stairwell is part of it.
fn building_of(record: &RecordPlace) -> Option<AddressKey> {
    let AddressKey {
        estate, building, ..
    } = &record.address;
    (!building.is_empty()).then(|| AddressKey {
        estate: estate.clone(),
        building: building.clone(),
        unit: String::new(),
    })
}

/// Each building with the grid its decided households agree on, or `None` where
/// they do not. Only what their own place decided counts.
fn buildings(
    records: &[RecordPlace],
    decided: &HashMap<RecordId, (GridId, Reason)>,
) -> BTreeMap<AddressKey, Option<GridId>> {
    let mut buildings: BTreeMap<AddressKey, Option<GridId>> = BTreeMap::new();
    for record in records {
        let Some(key) = building_of(record) else {
            continue;
        };
        let Some((grid, Reason::Point | Reason::ByHand | Reason::Address)) =
            decided.get(&record.id)
        else {
            continue;
        };
        buildings
            .entry(key)
            .and_modify(|known| {
                if *known != Some(*grid) {
                    *known = None;
                }
            })
            .or_insert(Some(*grid));
    }
    buildings
}

struct Planner<'a> {
    index: GridIndex,
    by_code: HashMap<&'a str, GridId>,
    by_hand: HashMap<RecordId, GridId>,
    rest: HashMap<GridId, GridId>,
    addresses: &'a [AddressRule],
    /// By ground, largest share first.
    successors: Vec<(GridId, Vec<GridId>)>,
}

impl<'a> Planner<'a> {
    fn new(redivision: &Redivision<'a>) -> Self {
        let Redivision { old, new, file } = redivision;
        let by_code: HashMap<&str, GridId> = new
            .iter()
            .map(|(id, grid)| (grid.code.as_str(), *id))
            .collect();
        let grid = |code: &String| by_code.get(code.as_str()).copied();
        Self {
            index: GridIndex::new(new.iter().map(|(id, grid)| (*id, grid.boundary.clone()))),
            by_hand: file
                .records
                .iter()
                .filter_map(|rule| Some((rule.record, grid(&rule.grid)?)))
                .collect(),
            rest: file
                .rest
                .iter()
                .filter_map(|rule| {
                    let from = old.iter().find(|old| old.code == rule.from)?;
                    Some((from.id, grid(&rule.grid)?))
                })
                .collect(),
            addresses: &file.addresses,
            successors: old
                .iter()
                .map(|old| (old.id, by_ground(old, new)))
                .collect(),
            by_code,
        }
    }

    fn followers(&self, of: GridId) -> &[GridId] {
        self.successors
            .iter()
            .find(|(old, _)| *old == of)
            .map_or(&[], |(_, successors)| successors)
    }

    /// What the record itself says.
    fn by_itself(&self, record: &RecordPlace) -> Option<(GridId, Reason)> {
        if let Some(grid) = self.by_hand.get(&record.id) {
            return Some((*grid, Reason::ByHand));
        }
        if let [only] = self.followers(record.from) {
            return Some((*only, Reason::Only));
        }
        let is_usable = record
            .accuracy_m
            .is_none_or(|metres| metres <= USABLE_ACCURACY_M);
        // A visit's point is where the phone was; whom it visited knows better.
        let own_point = record.point.filter(|_| {
            is_usable && (record.belongs_to.is_none() || record.kind != RecordKind::Visit)
        });
        if let Some(grid) = own_point.and_then(|point| self.index.locate(point)) {
            return Some((grid, Reason::Point));
        }
        self.addresses
            .iter()
            .find(|rule| matches(rule, &record.address))
            .and_then(|rule| self.by_code.get(rule.grid.as_str()))
            .map(|grid| (*grid, Reason::Address))
    }

    /// What is done with a record that nothing decided.
    fn otherwise(&self, record: &RecordPlace) -> Option<(GridId, Reason)> {
        if let Some(grid) = self.rest.get(&record.from) {
            return Some((*grid, Reason::Rest));
        }
        let is_past = record.kind == RecordKind::Visit
            || (record.kind == RecordKind::Incident && !record.is_open);
        let main = self.followers(record.from).first()?;
        is_past.then_some((*main, Reason::MostGround))
    }

    /// The successors by ground, and after them those that only got records.
    fn with_used(mut self, placements: &[Placement]) -> Vec<(GridId, Vec<GridId>)> {
        let mut used: BTreeMap<GridId, BTreeMap<GridId, usize>> = BTreeMap::new();
        for placement in placements {
            *used
                .entry(placement.from)
                .or_default()
                .entry(placement.to)
                .or_default() += 1;
        }
        for (old, successors) in &mut self.successors {
            let mut more: Vec<(GridId, usize)> = used
                .remove(old)
                .unwrap_or_default()
                .into_iter()
                .filter(|(grid, _)| !successors.contains(grid))
                .collect();
            more.sort_by_key(|(grid, count)| (std::cmp::Reverse(*count), *grid));
            successors.extend(more.into_iter().map(|(grid, _)| grid));
        }
        self.successors
    }
}

/// The new grids that share ground with an old one, most first. Without a
/// boundary nobody can tell: then all of them, in the order of the file.
fn by_ground(old: &OldGrid, new: &[(GridId, NewGrid)]) -> Vec<GridId> {
    let Some(boundary) = &old.boundary else {
        return new.iter().map(|(id, _)| *id).collect();
    };
    let least = boundary.area_m2() * LEAST_SHARE;
    let mut shares: Vec<(GridId, f64)> = new
        .iter()
        .map(|(id, grid)| (*id, overlap_m2(boundary, &grid.boundary)))
        .filter(|(_, share)| *share > least)
        .collect();
    shares.sort_by(|(one, a), (two, b)| b.total_cmp(a).then(one.cmp(two)));
    shares.into_iter().map(|(id, _)| id).collect()
}

fn matches(rule: &AddressRule, address: &AddressKey) -> bool {
    let part = |wanted: &Option<String>, found: &str| {
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.trim() == found.trim())
    };
    let says_something = rule.estate.is_some() || rule.building.is_some() || rule.unit.is_some();
    says_something
        && part(&rule.estate, &address.estate)
        && part(&rule.building, &address.building)
        && part(&rule.unit, &address.unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        CoordinateSystem,
        boundary::testing,
        redivision::{RecordRule, RestRule},
    };

    fn grid(number: u8) -> GridId {
        GridId::from_bytes([number; 16])
    }

    fn id(number: u8) -> RecordId {
        RecordId::from_bytes([number; 16])
    }

    fn boundary(side: [f64; 4]) -> Boundary {
        Boundary::from_rings(&[vec![testing::rectangle(side)]], CoordinateSystem::Wgs84).unwrap()
    }

    fn new_grid(code: &str, side: [f64; 4]) -> NewGrid {
        NewGrid {
            code: code.to_owned(),
            name: code.to_owned(),
            attribute: None,
            boundary: boundary(side),
        }
    }

    fn order() -> RedivisionFile {
        RedivisionFile {
            name: "调整".to_owned(),
            community: "370102002008".to_owned(),
            close: Vec::new(),
            grids: Vec::new(),
            addresses: Vec::new(),
            records: Vec::new(),
            rest: Vec::new(),
        }
    }

    fn record(number: u8, kind: RecordKind) -> RecordPlace {
        RecordPlace {
            id: id(number),
            kind,
            from: grid(1),
            title: format!("{number}"),
            point: None,
            accuracy_m: None,
            address: AddressKey::default(),
            belongs_to: None,
            is_open: true,
        }
    }

    fn in_building(number: u8, building: &str) -> RecordPlace {
        RecordPlace {
            address: AddressKey {
                building: building.to_owned(),
                ..AddressKey::default()
            },
            ..record(number, RecordKind::Household)
        }
    }

    fn at(number: u8, kind: RecordKind, east: f64) -> RecordPlace {
        RecordPlace {
            point: Some(testing::place(east, 50.0)),
            ..record(number, kind)
        }
    }

    /// Grid 1, 200 m wide, is cut into grid 11 (120 m, west) and 12.
    fn halves() -> ([OldGrid; 1], [(GridId, NewGrid); 2]) {
        let old = OldGrid {
            id: grid(1),
            code: "old".to_owned(),
            boundary: Some(boundary([0.0, 0.0, 200.0, 100.0])),
        };
        let west = new_grid("west", [0.0, 0.0, 120.0, 100.0]);
        let east = new_grid("east", [120.0, 0.0, 200.0, 100.0]);
        ([old], [(grid(11), west), (grid(12), east)])
    }

    fn decide(file: &RedivisionFile, records: &[RecordPlace]) -> RedivisionPlan {
        let (old, new) = halves();
        plan(
            &Redivision {
                old: &old,
                new: &new,
                file,
            },
            records,
        )
    }

    fn found(plan: &RedivisionPlan) -> Vec<(u8, u8, &'static str)> {
        plan.placements
            .iter()
            .map(|placement| {
                (
                    placement.record.as_bytes()[0],
                    placement.to.as_bytes()[0],
                    placement.reason.as_str(),
                )
            })
            .collect()
    }

    #[test]
    fn points_addresses_buildings_and_what_it_belongs_to_decide_in_this_order() {
        use RecordKind::{Household, Incident, Place, Visit};
        let mut file = order();
        file.addresses.push(AddressRule {
            estate: None,
            building: Some("7".to_owned()),
            unit: None,
            grid: "east".to_owned(),
        });
        file.records.push(RecordRule {
            record: id(9),
            grid: "east".to_owned(),
        });
        let mut point_in_building = in_building(3, "2");
        point_in_building.point = Some(testing::place(150.0, 20.0));
        let mut visit = at(5, Visit, 10.0);
        visit.belongs_to = Some(id(3));
        let mut incident = record(6, Incident);
        incident.belongs_to = Some(id(4));
        let mut inspection = record(8, Visit);
        inspection.belongs_to = Some(id(7));
        let plan = decide(
            &file,
            &[
                at(1, Household, 30.0),
                in_building(2, "7"),
                point_in_building,
                in_building(4, "2"),
                visit,
                incident,
                at(7, Place, 160.0),
                inspection,
                at(9, Household, 30.0),
            ],
        );
        assert_eq!(
            found(&plan),
            [
                (1, 11, "point"),
                (2, 12, "address"),
                (3, 12, "point"),
                (4, 12, "building"),
                (5, 12, "belongs_to"),
                (6, 12, "belongs_to"),
                (7, 12, "point"),
                (8, 12, "belongs_to"),
                (9, 12, "by_hand"),
            ]
        );
        assert!(plan.undecided.is_empty());
        assert_eq!(plan.successors, [(grid(1), vec![grid(11), grid(12)])]);
    }

    #[test]
    fn what_nothing_decides_is_left_to_a_person_unless_it_is_over() {
        use RecordKind::{Household, Incident, Visit};
        let uncertain = RecordPlace {
            accuracy_m: Some(200.0),
            ..at(3, Household, 30.0)
        };
        let closed = RecordPlace {
            is_open: false,
            ..record(6, Incident)
        };
        let records = [
            record(1, Household),
            at(2, Household, 900.0),
            uncertain,
            record(4, Visit),
            record(5, Incident),
            closed,
        ];
        let plan = decide(&order(), &records);
        let left: Vec<(u8, bool)> = plan
            .undecided
            .iter()
            .map(|left| (left.record.as_bytes()[0], left.has_point))
            .collect();
        assert_eq!(left, [(1, false), (2, true), (3, true), (5, false)]);
        assert_eq!(
            found(&plan),
            [(4, 11, "most_ground"), (6, 11, "most_ground")]
        );
        // The file can say what to do with the rest.
        let mut file = order();
        file.rest.push(RestRule {
            from: "old".to_owned(),
            grid: "east".to_owned(),
        });
        let plan = decide(&file, &records);
        assert!(plan.undecided.is_empty());
        assert!(
            plan.placements
                .iter()
                .all(|placement| { placement.to == grid(12) && placement.reason == Reason::Rest })
        );
    }

    #[test]
    fn a_building_the_line_cuts_is_told_and_decides_for_nobody() {
        let with_point = |number, east| RecordPlace {
            point: Some(testing::place(east, 10.0)),
            ..in_building(number, "5")
        };
        let plan = decide(
            &order(),
            &[
                with_point(1, 100.0),
                with_point(2, 140.0),
                in_building(3, "5"),
            ],
        );
        assert_eq!(plan.cut_buildings.len(), 1);
        assert_eq!(plan.cut_buildings[0].building, "5");
        assert_eq!(plan.undecided.len(), 1);
    }

    #[test]
    fn grids_that_are_joined_need_no_points() {
        let old = [1, 2].map(|number| OldGrid {
            id: grid(number),
            code: format!("old{number}"),
            boundary: Some(boundary([
                f64::from(number) * 100.0,
                0.0,
                f64::from(number) * 100.0 + 100.0,
                100.0,
            ])),
        });
        let new = [(grid(11), new_grid("both", [100.0, 0.0, 300.0, 100.0]))];
        let file = order();
        let records = [
            record(1, RecordKind::Household),
            record(2, RecordKind::Incident),
        ];
        let plan = plan(
            &Redivision {
                old: &old,
                new: &new,
                file: &file,
            },
            &records,
        );
        assert_eq!(found(&plan), [(1, 11, "only"), (2, 11, "only")]);
        assert_eq!(plan.successors.len(), 2);
    }

    #[test]
    fn every_reason_has_its_words() {
        for reason in Reason::ALL {
            for language in Language::ALL {
                assert!(!reason.text(language).contains("redivision"));
            }
        }
    }

    proptest! {
        /// Whatever is there, each record is placed or left to a person, once;
        /// and only in grids that are made.
        #[test]
        fn nothing_is_lost_or_placed_twice(
            seed in any::<u64>(),
            places in prop::collection::vec(
                (0_u8..3, 0.0..900_f64, 0.0..900_f64, 0_u8..6, any::<bool>(), any::<bool>()),
                0..60,
            ),
        ) {
            let old: Vec<OldGrid> = testing::tessellation(2, 2, 4, seed)
                .into_iter()
                .zip(1..)
                .map(|(boundary, number)| OldGrid {
                    id: grid(number),
                    code: number.to_string(),
                    boundary: Some(boundary),
                })
                .collect();
            let new: Vec<(GridId, NewGrid)> = testing::tessellation(2, 2, 4, seed ^ 1)
                .into_iter()
                .zip(11..)
                .map(|(boundary, number)| {
                    let grid_of = NewGrid {
                        code: number.to_string(),
                        name: number.to_string(),
                        attribute: None,
                        boundary,
                    };
                    (grid(number), grid_of)
                })
                .collect();
            let records: Vec<RecordPlace> = places
                .iter()
                .zip(1..)
                .map(|((kind, east, north, building, has_point, belongs), number)| RecordPlace {
                    kind: RecordKind::ALL[usize::from(*kind)],
                    from: grid(1 + building % 4),
                    point: has_point.then(|| testing::place(*east, *north)),
                    address: AddressKey {
                        building: building.to_string(),
                        ..AddressKey::default()
                    },
                    belongs_to: belongs.then(|| id(number - 1)),
                    ..record(number, RecordKind::Household)
                })
                .collect();
            let file = order();
            let redivision = Redivision { old: &old, new: &new, file: &file };
            let planned = plan(&redivision, &records);
            let mut seen: Vec<RecordId> = planned.placements.iter().map(|p| p.record)
                .chain(planned.undecided.iter().map(|u| u.record))
                .collect();
            seen.sort_unstable();
            let mut all: Vec<RecordId> = records.iter().map(|record| record.id).collect();
            all.sort_unstable();
            prop_assert_eq!(seen, all);
            for placement in &planned.placements {
                prop_assert!(new.iter().any(|(id, _)| *id == placement.to));
                let (_, successors) = planned
                    .successors
                    .iter()
                    .find(|(old, _)| *old == placement.from)
                    .unwrap();
                prop_assert!(successors.contains(&placement.to));
            }
            let mut shuffled = records.clone();
            shuffled.reverse();
            let again = plan(&redivision, &shuffled);
            let mut one = planned.placements.clone();
            let mut two = again.placements;
            one.sort_by_key(|placement| placement.record);
            two.sort_by_key(|placement| placement.record);
            prop_assert_eq!(one, two, "the order of records does not matter");
        }
    }
}
