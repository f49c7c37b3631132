//! How grids fit their community: each inside it, none over another, together
//! all of it (网格划分: 全面覆盖, 不交叉、不重叠、不遗漏).

use geo::{Area as _, BooleanOps as _, Centroid as _, MultiPolygon, unary_union};

use super::{Boundary, plane::Plane};
use crate::{
    GridAttribute, LongitudeLatitude,
    message::{Language, message, message_id},
};

/// A grid with its boundary.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Its code or name, for the report.
    pub name: String,
    /// What kind of grid.
    pub attribute: Option<GridAttribute>,
    /// Its boundary.
    pub boundary: Boundary,
}

/// What lines drawn by hand may be off by, in square metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Common to two grids.
    pub overlap_m2: f64,
    /// Of a grid, outside its community.
    pub outside_m2: f64,
    /// In one place, in no grid.
    pub gap_m2: f64,
}

impl Default for Tolerance {
    /// A parking place.
    fn default() -> Self {
        Self {
            overlap_m2: 10.0,
            outside_m2: 10.0,
            gap_m2: 10.0,
        }
    }
}

/// Something wrong with how grids fit their community.
#[derive(Debug, Clone, PartialEq)]
pub enum CoverageFinding {
    /// A grid reaches out of its community.
    Outside {
        /// Which.
        name: String,
        /// How far, in square metres.
        area_m2: f64,
        /// About where.
        at: LongitudeLatitude,
    },
    /// Two grids share ground.
    Overlap {
        /// One.
        one: String,
        /// The other.
        two: String,
        /// How much, in square metres.
        area_m2: f64,
        /// About where.
        at: LongitudeLatitude,
    },
    /// A dedicated grid lies in an ordinary one that has no hole for it.
    NoHole {
        /// The dedicated grid.
        dedicated: String,
        /// The one around it.
        around: String,
        /// How much lies over each other, in square metres.
        area_m2: f64,
    },
    /// Ground that belongs to no grid.
    Gap {
        /// How much, in square metres.
        area_m2: f64,
        /// About where.
        at: LongitudeLatitude,
    },
}

impl CoverageFinding {
    /// Stable name, for interfaces; with `coverage-` its text in the message
    /// files.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Outside { .. } => "outside",
            Self::Overlap { .. } => "overlap",
            Self::NoHole { .. } => "no_hole",
            Self::Gap { .. } => "gap",
        }
    }

    /// What is wrong, in words.
    pub fn text(&self, language: Language) -> String {
        let area = |area_m2: &f64| format!("{area_m2:.0}");
        let place = |at: &LongitudeLatitude| format!("{:.6}, {:.6}", at.longitude, at.latitude);
        let arguments: Vec<(&str, String)> = match self {
            Self::Outside { name, area_m2, at } => vec![
                ("name", name.clone()),
                ("area", area(area_m2)),
                ("place", place(at)),
            ],
            Self::Overlap {
                one,
                two,
                area_m2,
                at,
            } => vec![
                ("one", one.clone()),
                ("two", two.clone()),
                ("area", area(area_m2)),
                ("place", place(at)),
            ],
            Self::NoHole {
                dedicated,
                around,
                area_m2,
            } => vec![
                ("dedicated", dedicated.clone()),
                ("around", around.clone()),
                ("area", area(area_m2)),
            ],
            Self::Gap { area_m2, at } => vec![("area", area(area_m2)), ("place", place(at))],
        };
        let arguments: Vec<(&str, &str)> =
            arguments.iter().map(|(n, v)| (*n, v.as_str())).collect();
        message(language, &message_id("coverage", self.code()), &arguments)
    }
}

/// How grids fit their community.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The community's area in square metres.
    pub parent_m2: f64,
    /// Of it, in no grid, however little in one place.
    pub gap_m2: f64,
    /// What is beyond the tolerance.
    pub findings: Vec<CoverageFinding>,
}

/// Common ground of two boundaries, in square metres.
pub fn overlap_m2(one: &Boundary, two: &Boundary) -> f64 {
    if !touch(one, two) {
        return 0.0;
    }
    let plane = one.plane();
    plane
        .flatten(one.shape())
        .intersection(&plane.flatten(two.shape()))
        .unsigned_area()
}

/// Whether the rectangles around them meet.
fn touch(one: &Boundary, two: &Boundary) -> bool {
    let (a, b) = (one.bounds(), two.bounds());
    a.west <= b.east && b.west <= a.east && a.south <= b.north && b.south <= a.north
}

/// Checks the grids of a community against it and each other.
pub fn check_coverage(parent: &Boundary, pieces: &[Piece], tolerance: &Tolerance) -> Coverage {
    let plane = parent.plane();
    let community = plane.flatten(parent.shape());
    let flat: Vec<MultiPolygon<f64>> = pieces
        .iter()
        .map(|piece| plane.flatten(piece.boundary.shape()))
        .collect();
    let mut findings = Vec::new();
    for (piece, shape) in pieces.iter().zip(&flat) {
        let outside = shape.difference(&community);
        let area_m2 = outside.unsigned_area();
        if area_m2 > tolerance.outside_m2 {
            findings.push(CoverageFinding::Outside {
                name: piece.name.clone(),
                area_m2,
                at: middle(&outside, &plane),
            });
        }
    }
    for (number, (one, shape)) in pieces.iter().zip(&flat).enumerate() {
        for (two, other) in pieces.iter().zip(&flat).skip(number + 1) {
            if !touch(&one.boundary, &two.boundary) {
                continue;
            }
            let common = shape.intersection(other);
            let area_m2 = common.unsigned_area();
            if area_m2 > tolerance.overlap_m2 {
                let at = middle(&common, &plane);
                findings.push(overlap((one, shape), (two, other), area_m2, at));
            }
        }
    }
    let covered = unary_union(&flat);
    let gaps = community.difference(&covered);
    for gap in &gaps {
        let area_m2 = gap.unsigned_area();
        if area_m2 > tolerance.gap_m2 {
            findings.push(CoverageFinding::Gap {
                area_m2,
                at: middle(&gap.clone().into(), &plane),
            });
        }
    }
    Coverage {
        parent_m2: community.unsigned_area(),
        gap_m2: gaps.unsigned_area(),
        findings,
    }
}

/// Two grids over each other; a dedicated one that lies mostly in an ordinary
/// one lacks its hole there.
fn overlap(
    (one, shape): (&Piece, &MultiPolygon<f64>),
    (two, other): (&Piece, &MultiPolygon<f64>),
    area_m2: f64,
    at: LongitudeLatitude,
) -> CoverageFinding {
    let is_dedicated = |piece: &Piece| piece.attribute == Some(GridAttribute::Dedicated);
    let lies_in = |inner: &MultiPolygon<f64>| area_m2 > inner.unsigned_area() / 2.0;
    let hole = |dedicated: &Piece, around: &Piece| CoverageFinding::NoHole {
        dedicated: dedicated.name.clone(),
        around: around.name.clone(),
        area_m2,
    };
    match (is_dedicated(one), is_dedicated(two)) {
        (true, false) if lies_in(shape) => hole(one, two),
        (false, true) if lies_in(other) => hole(two, one),
        _ => CoverageFinding::Overlap {
            one: one.name.clone(),
            two: two.name.clone(),
            area_m2,
            at,
        },
    }
}

fn middle(shape: &MultiPolygon<f64>, plane: &Plane) -> LongitudeLatitude {
    let largest = shape
        .iter()
        .max_by(|one, two| one.unsigned_area().total_cmp(&two.unsigned_area()));
    let place = largest
        .and_then(geo::Centroid::centroid)
        .or_else(|| shape.centroid())
        .map_or_else(Default::default, |point| point.0);
    let place = plane.degrees(place);
    LongitudeLatitude::new(place.x, place.y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CoordinateSystem, boundary::testing};

    /// A rectangle of metres around a corner in Jinan.
    fn boundary(rings: &[[f64; 4]]) -> Boundary {
        let rings = rings
            .iter()
            .map(|side| testing::rectangle(*side))
            .collect::<Vec<_>>();
        Boundary::from_rings(&[rings], CoordinateSystem::Wgs84).unwrap()
    }

    fn piece(name: &str, attribute: GridAttribute, rings: &[[f64; 4]]) -> Piece {
        Piece {
            name: name.to_owned(),
            attribute: Some(attribute),
            boundary: boundary(rings),
        }
    }

    use GridAttribute::{Dedicated, UrbanCommunity as Urban};

    #[test]
    fn grids_that_fit_have_no_findings() {
        let parent = boundary(&[[0.0, 0.0, 600.0, 400.0]]);
        let pieces = [
            piece(
                "1",
                Urban,
                &[[0.0, 0.0, 300.0, 400.0], [50.0, 50.0, 100.0, 120.0]],
            ),
            piece("2", Urban, &[[300.0, 0.0, 600.0, 400.0]]),
            piece("3", Dedicated, &[[50.0, 50.0, 100.0, 120.0]]),
        ];
        let coverage = check_coverage(&parent, &pieces, &Tolerance::default());
        assert!(coverage.findings.is_empty(), "{:?}", coverage.findings);
        assert!((coverage.parent_m2 / 240_000.0 - 1.0).abs() < 1e-3);
        assert!(coverage.gap_m2 < 1.0, "{}", coverage.gap_m2);
    }

    #[test]
    fn a_gap_an_overlap_and_a_grid_outside_are_told_with_their_areas() {
        let parent = boundary(&[[0.0, 0.0, 600.0, 400.0]]);
        let pieces = [
            piece("1", Urban, &[[-20.0, 0.0, 310.0, 400.0]]),
            piece("2", Urban, &[[300.0, 0.0, 600.0, 350.0]]),
        ];
        let coverage = check_coverage(&parent, &pieces, &Tolerance::default());
        let found: Vec<(&str, f64)> = coverage
            .findings
            .iter()
            .map(|finding| {
                let area = match finding {
                    CoverageFinding::Outside { area_m2, .. }
                    | CoverageFinding::Overlap { area_m2, .. }
                    | CoverageFinding::NoHole { area_m2, .. }
                    | CoverageFinding::Gap { area_m2, .. } => *area_m2,
                };
                (finding.code(), area)
            })
            .collect();
        for ((code, area), (expected, true_area)) in found.iter().zip([
            ("outside", 20.0 * 400.0),
            ("overlap", 10.0 * 350.0),
            ("gap", 290.0 * 50.0),
        ]) {
            assert_eq!(*code, expected);
            assert!((area / true_area - 1.0).abs() < 1e-2, "{code} {area}");
        }
        assert_eq!(found.len(), 3);
        assert!((coverage.gap_m2 - 14_500.0).abs() < 150.0);
    }

    #[test]
    fn slivers_below_the_tolerance_are_counted_and_not_told() {
        let parent = boundary(&[[0.0, 0.0, 600.0, 400.0]]);
        let pieces = [
            piece("1", Urban, &[[0.0, 0.0, 299.99, 400.0]]),
            piece("2", Urban, &[[300.0, 0.0, 600.0, 400.0]]),
        ];
        let coverage = check_coverage(&parent, &pieces, &Tolerance::default());
        assert!(coverage.findings.is_empty(), "{:?}", coverage.findings);
        assert!(coverage.gap_m2 > 1.0 && coverage.gap_m2 < 8.0);
    }

    #[test]
    fn a_dedicated_grid_needs_its_hole() {
        let parent = boundary(&[[0.0, 0.0, 600.0, 400.0]]);
        let pieces = [
            piece("1", Urban, &[[0.0, 0.0, 600.0, 400.0]]),
            piece("mall", Dedicated, &[[50.0, 50.0, 100.0, 120.0]]),
        ];
        let coverage = check_coverage(&parent, &pieces, &Tolerance::default());
        let [
            CoverageFinding::NoHole {
                dedicated, around, ..
            },
        ] = coverage.findings.as_slice()
        else {
            panic!("{:?}", coverage.findings);
        };
        assert_eq!((dedicated.as_str(), around.as_str()), ("mall", "1"));
    }

    #[test]
    fn a_community_divided_at_random_is_covered_exactly() {
        for seed in 0..20 {
            let (parent, grids) = testing::community(3, 4, 9, seed);
            let pieces: Vec<Piece> = grids
                .into_iter()
                .zip(1..)
                .map(|(boundary, number)| Piece {
                    name: number.to_string(),
                    attribute: None,
                    boundary,
                })
                .collect();
            let coverage = check_coverage(&parent, &pieces, &Tolerance::default());
            assert!(
                coverage.findings.is_empty(),
                "{seed}: {:?}",
                coverage.findings
            );
            let areas: f64 = pieces.iter().map(|piece| piece.boundary.area_m2()).sum();
            assert!((areas / coverage.parent_m2 - 1.0).abs() < 1e-3, "{seed}");
            // Without one of them, its area is the gap.
            let missing = pieces[5].boundary.area_m2();
            let rest = [&pieces[..5], &pieces[6..]].concat();
            let coverage = check_coverage(&parent, &rest, &Tolerance::default());
            assert_eq!(
                coverage.findings.len(),
                1,
                "{seed}: {:?}",
                coverage.findings
            );
            assert!((coverage.gap_m2 / missing - 1.0).abs() < 1e-2, "{seed}");
        }
    }

    #[test]
    fn common_ground_is_measured() {
        let one = boundary(&[[0.0, 0.0, 100.0, 100.0]]);
        let two = boundary(&[[50.0, 50.0, 150.0, 150.0]]);
        let far = boundary(&[[500.0, 500.0, 600.0, 600.0]]);
        assert!((overlap_m2(&one, &two) / 2_500.0 - 1.0).abs() < 1e-2);
        assert!(overlap_m2(&one, &far).abs() < f64::EPSILON);
    }

    #[test]
    fn every_finding_has_its_words_in_both_languages() {
        let at = LongitudeLatitude::new(117.0, 36.6);
        for finding in [
            CoverageFinding::Outside {
                name: "1".into(),
                area_m2: 20.4,
                at,
            },
            CoverageFinding::Overlap {
                one: "1".into(),
                two: "2".into(),
                area_m2: 20.4,
                at,
            },
            CoverageFinding::NoHole {
                dedicated: "1".into(),
                around: "2".into(),
                area_m2: 20.4,
            },
            CoverageFinding::Gap { area_m2: 20.4, at },
        ] {
            for language in Language::ALL {
                let text = finding.text(language);
                assert!(text.contains("20") && !text.contains('{'), "{text}");
            }
        }
    }
}
