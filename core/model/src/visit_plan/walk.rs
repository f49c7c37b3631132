//! The order to walk in: households by building, buildings one after the
//! other. The same input gives the same walk on every device.

use std::collections::BTreeMap;

use super::{Door, HouseholdFact, natural::NaturalKey};
use crate::LongitudeLatitude;

/// Buildings beyond which no shortest way is looked for: nobody walks them in
/// a day, and looking takes the square of their number.
const MOST_NEAREST: usize = 2_000;

/// Decimetres in a degree of latitude (40,008 km of meridian / 360).
const DECIMETRES_A_DEGREE: f64 = 1_111_330.0;

/// Width of the strips by which very many buildings are ordered, in
/// decimetres.
const STRIP: i64 = 2_000;

/// Where somebody stops: a building, or a house that is not part of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StopKey {
    estate: NaturalKey,
    building: NaturalKey,
    /// Tells apart houses without a building.
    detail: NaturalKey,
}

/// Where a household is within its stop.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DoorKey {
    unit: NaturalKey,
    floor: NaturalKey,
    room: NaturalKey,
}

impl StopKey {
    pub(super) fn of(fact: &HouseholdFact) -> Self {
        let building = NaturalKey::of(&fact.building);
        // In a village every house is a stop of its own.
        let detail = if building.is_empty() {
            let parts = [&fact.detail, &fact.unit, &fact.floor, &fact.room];
            NaturalKey::of(&parts.map(String::as_str).concat())
        } else {
            NaturalKey::default()
        };
        Self {
            estate: NaturalKey::of(&fact.estate),
            building,
            detail,
        }
    }
}

impl DoorKey {
    pub(super) fn of(fact: &HouseholdFact) -> Self {
        Self {
            unit: NaturalKey::of(&fact.unit),
            floor: NaturalKey::of(&fact.floor),
            room: NaturalKey::of(&fact.room),
        }
    }
}

/// What to call a stop.
pub(super) fn label(fact: &HouseholdFact) -> String {
    let building = format!("{}{}", fact.estate.trim(), fact.building.trim());
    if fact.building.trim().is_empty() && !fact.detail.trim().is_empty() {
        format!("{building}{}", fact.detail.trim())
    } else {
        building
    }
}

/// A place on the local plane, in decimetres: whole numbers, so that every
/// device finds the same distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    x: i64,
    y: i64,
}

impl Spot {
    const fn square_to(self, other: Self) -> i64 {
        let (dx, dy) = (self.x - other.x, self.y - other.y);
        dx.saturating_mul(dx).saturating_add(dy.saturating_mul(dy))
    }
}

/// The plane that touches the earth at a place.
struct Plane {
    origin: LongitudeLatitude,
    /// Decimetres in a degree of longitude there.
    across: f64,
}

impl Plane {
    fn at(origin: LongitudeLatitude) -> Self {
        Self {
            origin,
            across: DECIMETRES_A_DEGREE * origin.latitude.to_radians().cos(),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "degrees times a million fit, and the cast saturates"
    )]
    fn spot(&self, longitude: f64, latitude: f64) -> Spot {
        Spot {
            x: ((longitude - self.origin.longitude) * self.across).round() as i64,
            y: ((latitude - self.origin.latitude) * DECIMETRES_A_DEGREE).round() as i64,
        }
    }
}

/// The stops in walking order: from the start always to the nearest that is
/// left; in the order of their names if no start is given. Those whose place
/// is not known follow the others of their estate. `doors` has the places of
/// each stop's households.
pub(super) fn order(
    stops: &BTreeMap<StopKey, Vec<Door>>,
    start: Option<LongitudeLatitude>,
) -> Vec<StopKey> {
    let Some(start) = start else {
        return stops.keys().cloned().collect();
    };
    let plane = Plane::at(start);
    let located: Vec<(Spot, &StopKey)> = stops
        .iter()
        .filter_map(|(key, doors)| Some((middle(&plane, doors)?, key)))
        .collect();
    let mut walk: Vec<StopKey> = if located.len() > MOST_NEAREST {
        by_strips(located)
    } else {
        by_nearest(located)
    };
    for (key, doors) in stops {
        if !doors.is_empty() {
            continue;
        }
        let last = walk.iter().rposition(|placed| placed.estate == key.estate);
        match last {
            Some(last) => walk.insert(last + 1, key.clone()),
            None => walk.push(key.clone()),
        }
    }
    walk
}

/// The middle of a stop's doors.
fn middle(plane: &Plane, doors: &[Door]) -> Option<Spot> {
    let count = i64::try_from(doors.len()).ok().filter(|count| *count > 0)?;
    let sum = doors
        .iter()
        .map(|door| plane.spot(door.longitude, door.latitude))
        .fold((0_i64, 0_i64), |(x, y), spot| {
            (x.saturating_add(spot.x), y.saturating_add(spot.y))
        });
    Some(Spot {
        x: sum.0.div_euclid(count),
        y: sum.1.div_euclid(count),
    })
}

/// From the origin of the plane always to the nearest stop; of two equally
/// near ones to the one that is first by name.
fn by_nearest(mut left: Vec<(Spot, &StopKey)>) -> Vec<StopKey> {
    let mut walk = Vec::with_capacity(left.len());
    let mut at = Spot { x: 0, y: 0 };
    while let Some((place, _)) = left
        .iter()
        .enumerate()
        .map(|(place, (spot, key))| (place, (at.square_to(*spot), *key)))
        .min_by(|(_, one), (_, two)| one.cmp(two))
    {
        // The order of what is left does not matter: ties go by name.
        let (spot, key) = left.swap_remove(place);
        at = spot;
        walk.push(key.clone());
    }
    walk
}

/// Up one strip and down the next.
fn by_strips(mut left: Vec<(Spot, &StopKey)>) -> Vec<StopKey> {
    left.sort_by_key(|(spot, key)| {
        let strip = spot.x.div_euclid(STRIP);
        let along = if strip.rem_euclid(2) == 0 {
            spot.y
        } else {
            -spot.y
        };
        (strip, along, (*key).clone())
    });
    left.into_iter().map(|(_, key)| key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(estate: &str, building: &str) -> HouseholdFact {
        HouseholdFact {
            estate: estate.to_owned(),
            building: building.to_owned(),
            ..HouseholdFact::default()
        }
    }

    fn stop(estate: &str, building: &str, door: Option<(f64, f64)>) -> (StopKey, Vec<Door>) {
        let doors = door.map(|(longitude, latitude)| Door {
            longitude,
            latitude,
        });
        (
            StopKey::of(&fact(estate, building)),
            doors.into_iter().collect(),
        )
    }

    fn walk(stops: &[(StopKey, Vec<Door>)], start: Option<LongitudeLatitude>) -> Vec<usize> {
        let all: BTreeMap<_, _> = stops.iter().cloned().collect();
        order(&all, start)
            .iter()
            .map(|key| stops.iter().position(|(one, _)| one == key).unwrap())
            .collect()
    }

    #[test]
    fn without_a_start_buildings_come_by_their_numbers() {
        let stops = [
            stop("花园", "10号楼", Some((117.0, 36.0))),
            stop("花园", "2号楼", None),
            stop("花园", "1号楼", Some((117.1, 36.0))),
        ];
        assert_eq!(walk(&stops, None), [2, 1, 0]);
    }

    #[test]
    fn from_a_start_the_nearest_building_is_next() {
        let stops = [
            stop("花园", "1号楼", Some((117.0030, 36.0))),
            stop("花园", "2号楼", Some((117.0010, 36.0))),
            stop("花园", "3号楼", Some((117.0020, 36.0))),
            stop("花园", "4号楼", None),
            stop("远处", "1号楼", None),
        ];
        let start = LongitudeLatitude::new(117.0, 36.0);
        assert_eq!(walk(&stops, Some(start)), [1, 2, 0, 3, 4]);
        let other = LongitudeLatitude::new(117.004, 36.0);
        assert_eq!(walk(&stops, Some(other)), [0, 2, 1, 3, 4]);
    }

    #[test]
    fn houses_of_a_village_are_stops_of_their_own() {
        let mut one = fact("", "");
        one.detail = "殷巷村东头第2家".to_owned();
        let mut two = one.clone();
        two.detail = "殷巷村东头第10家".to_owned();
        assert!(StopKey::of(&one) < StopKey::of(&two));
        assert_eq!(label(&one), "殷巷村东头第2家");
        assert_eq!(label(&fact("花园", "3号楼")), "花园3号楼");
    }

    #[test]
    fn one_building_written_in_two_ways_is_one_stop() {
        assert_eq!(
            StopKey::of(&fact("花园", "3号楼")),
            StopKey::of(&fact("花园 ", "三号楼"))
        );
    }

    #[test]
    fn very_many_buildings_are_ordered_too_and_each_once() {
        let stops: BTreeMap<_, _> = (0..MOST_NEAREST + 500)
            .map(|number| {
                let far = f64::from(u32::try_from(number).unwrap());
                let place = (117.0 + far % 71.0 / 1e3, 36.0 + far / 1e5);
                stop("花园", &format!("{number}号楼"), Some(place))
            })
            .collect();
        let start = LongitudeLatitude::new(117.0, 36.0);
        let mut walk = order(&stops, Some(start));
        assert_eq!(walk.len(), stops.len());
        walk.sort();
        assert!(walk.iter().eq(stops.keys()));
    }
}
