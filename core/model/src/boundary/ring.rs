//! Whether rings are drawn properly: no ring crosses or touches itself, no two
//! cross. Segments are compared through a tree, so that a coast of thousands of
//! corners does not take seconds.

use geo::{
    Coord, CoordsIter as _, Line, LineString, MultiPolygon,
    coordinate_position::{CoordPos, CoordinatePosition as _},
    line_intersection::{LineIntersection, line_intersection},
};
use rstar::{AABB, RTree, RTreeObject};

use super::{BoundaryError, RingName};

/// One side of a ring.
#[derive(Debug, Clone, Copy)]
struct Side {
    line: Line<f64>,
    ring: RingName,
    /// Its place in the ring.
    place: usize,
    /// How many sides the ring has.
    sides: usize,
}

impl RTreeObject for Side {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        let Line { start, end } = self.line;
        AABB::from_corners([start.x, start.y], [end.x, end.y])
    }
}

/// Every ring with its name.
pub(super) fn rings(
    shape: &MultiPolygon<f64>,
) -> impl Iterator<Item = (RingName, &LineString<f64>)> {
    shape.iter().zip(1..).flat_map(|(polygon, part)| {
        std::iter::once(polygon.exterior())
            .chain(polygon.interiors())
            .zip(1..)
            .map(move |(line, ring)| (RingName { part, ring }, line))
    })
}

/// Checks a shape whose rings are closed and have at least three different
/// corners, none twice in a row.
pub(super) fn check(shape: &MultiPolygon<f64>) -> Result<(), BoundaryError> {
    let sides: Vec<Side> = rings(shape)
        .flat_map(|(ring, line)| {
            let sides = line.coords_count().saturating_sub(1);
            line.lines().zip(0..).map(move |(line, place)| Side {
                line,
                ring,
                place,
                sides,
            })
        })
        .collect();
    let tree = RTree::bulk_load(sides);
    for (one, two) in tree.intersection_candidates_with_other_tree(&tree) {
        // Each pair comes both ways round.
        if (two.ring.part, two.ring.ring, two.place) <= (one.ring.part, one.ring.ring, one.place) {
            continue;
        }
        if one.ring == two.ring {
            check_same_ring(one, two)?;
        } else {
            check_two_rings(one, two)?;
        }
    }
    check_holes(shape)?;
    check_parts(shape)
}

fn check_same_ring(one: &Side, two: &Side) -> Result<(), BoundaryError> {
    let Some(crossing) = line_intersection(one.line, two.line) else {
        return Ok(());
    };
    let follows = two.place == one.place + 1;
    let closes = one.place == 0 && two.place + 1 == two.sides;
    let at = match crossing {
        // Neighbours share the corner between them and nothing else.
        LineIntersection::SinglePoint { .. } if follows || closes => return Ok(()),
        LineIntersection::SinglePoint { intersection, .. } => intersection,
        LineIntersection::Collinear { intersection } => intersection.start,
    };
    Err(BoundaryError::SelfIntersection {
        ring: one.ring,
        longitude: at.x,
        latitude: at.y,
    })
}

/// Two rings may touch in single points only.
fn check_two_rings(one: &Side, two: &Side) -> Result<(), BoundaryError> {
    let at = match line_intersection(one.line, two.line) {
        None
        | Some(LineIntersection::SinglePoint {
            is_proper: false, ..
        }) => return Ok(()),
        Some(LineIntersection::SinglePoint { intersection, .. }) => intersection,
        Some(LineIntersection::Collinear { intersection }) => intersection.start,
    };
    Err(BoundaryError::RingsCross {
        ring: one.ring,
        other: two.ring,
        longitude: at.x,
        latitude: at.y,
    })
}

fn is_any(corners: &LineString<f64>, of: &LineString<f64>, position: CoordPos) -> bool {
    let area = geo::Polygon::new(of.clone(), Vec::new());
    corners
        .coords()
        .any(|corner: &Coord<f64>| area.coordinate_position(corner) == position)
}

fn check_holes(shape: &MultiPolygon<f64>) -> Result<(), BoundaryError> {
    for (polygon, part) in shape.iter().zip(1..) {
        for (hole, ring) in polygon.interiors().iter().zip(2..) {
            let name = RingName { part, ring };
            if is_any(hole, polygon.exterior(), CoordPos::Outside) {
                return Err(BoundaryError::HoleOutside(name));
            }
            let other = polygon.interiors().iter().zip(2..);
            for (other, number) in other {
                if number != ring && is_any(hole, other, CoordPos::Inside) {
                    return Err(BoundaryError::HoleOutside(name));
                }
            }
        }
    }
    Ok(())
}

fn check_parts(shape: &MultiPolygon<f64>) -> Result<(), BoundaryError> {
    for (one, number) in shape.iter().zip(1..) {
        for (two, other) in shape.iter().zip(1..) {
            // A part may lie in a hole of another, so the hole counts.
            let is_inside = number != other
                && one
                    .exterior()
                    .coords()
                    .any(|corner| two.coordinate_position(corner) == CoordPos::Inside);
            if is_inside {
                return Err(BoundaryError::PartsOverlap {
                    one: number.min(other),
                    two: number.max(other),
                });
            }
        }
    }
    Ok(())
}
