//! One boundary: what it may be, and the questions one asks of it.

use geo::{
    Area as _, BoundingRect as _, Centroid as _, Coord, CoordsIter as _, InteriorPoint as _,
    LineString, MultiPolygon, Polygon,
    coordinate_position::{CoordPos, CoordinatePosition as _},
    orient::{Direction, Orient as _},
};

use super::{
    BoundaryError, RingName, codec,
    plane::Plane,
    ring::{self, rings},
};
use crate::{CoordinateSystem, LongitudeLatitude, Point};

/// Most corners of one boundary: a community's along a rocky coast has some
/// thousands.
pub(super) const MOST_POINTS: usize = 20_000;

/// Steps per degree that positions are rounded to: 1 cm on the ground.
pub(super) const STEPS: f64 = 1e7;

/// Where a point lies as seen from a boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// Within.
    Inside,
    /// On its line, a hole's too.
    Edge,
    /// Outside, or in a hole.
    Outside,
}

/// A rectangle along the degrees: west, south, east, north.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Box2 {
    /// Degrees east of its left side.
    pub west: f64,
    /// Degrees north of its lower side.
    pub south: f64,
    /// Degrees east of its right side.
    pub east: f64,
    /// Degrees north of its upper side.
    pub north: f64,
}

/// A valid boundary in WGS-84. Outlines run counter-clockwise, holes clockwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary(MultiPolygon<f64>);

impl Boundary {
    /// Checks and makes a boundary from rings in degrees of `system`: polygons,
    /// of each its rings, outline first.
    pub fn from_rings(
        polygons: &[Vec<Vec<LongitudeLatitude>>],
        system: CoordinateSystem,
    ) -> Result<Self, BoundaryError> {
        let points: usize = polygons.iter().flatten().map(Vec::len).sum();
        if points > MOST_POINTS {
            return Err(BoundaryError::TooManyPoints {
                found: points,
                limit: MOST_POINTS,
            });
        }
        let is_projected = |place: &LongitudeLatitude| {
            place.longitude.abs() > 360.0 || place.latitude.abs() > 360.0
        };
        if polygons.iter().flatten().flatten().any(is_projected) {
            return Err(BoundaryError::Projected);
        }
        let mut shape = Vec::with_capacity(polygons.len());
        for (rings, part) in polygons.iter().zip(1..) {
            let mut lines = Vec::with_capacity(rings.len());
            for (ring, number) in rings.iter().zip(1..) {
                let name = RingName { part, ring: number };
                lines.push(read_ring(ring, name, system)?);
            }
            let mut lines = lines.into_iter();
            let Some(outline) = lines.next() else {
                continue;
            };
            shape.push(Polygon::new(outline, lines.collect()));
        }
        Self::checked(&MultiPolygon(shape))
    }

    /// Checks a shape whose positions are rounded already.
    fn checked(shape: &MultiPolygon<f64>) -> Result<Self, BoundaryError> {
        if shape.0.is_empty() {
            return Err(BoundaryError::Empty);
        }
        for (name, line) in rings(shape) {
            // The first corner closes the ring and is counted once.
            if line.coords_count() < 4 {
                return Err(BoundaryError::TooFewPoints(name));
            }
        }
        ring::check(shape)?;
        Ok(Self(shape.orient(Direction::Default)))
    }

    /// The stored form: positions as differences, a few bytes a corner.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(&self.0)
    }

    /// Reads the stored form. Bytes from elsewhere are checked like a drawing.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BoundaryError> {
        Self::checked(&codec::decode(bytes)?)
    }

    /// Corners, closing ones included.
    pub fn count_points(&self) -> usize {
        self.0.coords_count()
    }

    /// Its polygons, of each its rings, outline first; positions in degrees.
    pub fn rings(&self) -> impl Iterator<Item = impl Iterator<Item = &LineString<f64>>> {
        self.0
            .iter()
            .map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
    }

    pub(super) const fn shape(&self) -> &MultiPolygon<f64> {
        &self.0
    }

    /// Where the point lies.
    pub fn locate(&self, point: LongitudeLatitude) -> Location {
        let place = coord(point);
        let mut is_inside = false;
        for polygon in &self.0 {
            match polygon.coordinate_position(&place) {
                CoordPos::OnBoundary => return Location::Edge,
                CoordPos::Inside => is_inside = true,
                CoordPos::Outside => {}
            }
        }
        if is_inside {
            Location::Inside
        } else {
            Location::Outside
        }
    }

    /// The rectangle around it.
    pub fn bounds(&self) -> Box2 {
        let rect = self.0.bounding_rect();
        let (low, high) = rect.map_or_else(Default::default, |rect| (rect.min(), rect.max()));
        Box2 {
            west: low.x,
            south: low.y,
            east: high.x,
            north: high.y,
        }
    }

    pub(super) fn plane(&self) -> Plane {
        let bounds = self.bounds();
        Plane::around(Coord {
            x: f64::midpoint(bounds.west, bounds.east),
            y: f64::midpoint(bounds.south, bounds.north),
        })
    }

    /// Its area in square metres.
    pub fn area_m2(&self) -> f64 {
        self.plane().flatten(&self.0).unsigned_area()
    }

    /// A place within it, for a label.
    pub fn label_place(&self) -> Option<LongitudeLatitude> {
        let centre = self.0.centroid()?;
        let centre = LongitudeLatitude::new(centre.x(), centre.y());
        if self.locate(centre) == Location::Inside {
            return Some(centre);
        }
        let inside = self.0.interior_point()?;
        Some(LongitudeLatitude::new(inside.x(), inside.y()))
    }
}

fn coord(place: LongitudeLatitude) -> Coord<f64> {
    Coord {
        x: place.longitude,
        y: place.latitude,
    }
}

/// Rounds to [`STEPS`]; the same degrees always give the same number.
fn round(degrees: f64) -> f64 {
    (degrees * STEPS).round() / STEPS
}

fn read_ring(
    ring: &[LongitudeLatitude],
    name: RingName,
    system: CoordinateSystem,
) -> Result<LineString<f64>, BoundaryError> {
    if ring.is_empty() {
        return Err(BoundaryError::TooFewPoints(name));
    }
    if ring.first() != ring.last() {
        return Err(BoundaryError::NotClosed(name));
    }
    let mut corners: Vec<Coord<f64>> = Vec::with_capacity(ring.len());
    for (place, position) in ring.iter().zip(1..) {
        let point =
            Point::from_system(system, *place, None).map_err(|reason| BoundaryError::Position {
                ring: name,
                position,
                reason,
            })?;
        let corner = Coord {
            x: round(point.longitude),
            y: round(point.latitude),
        };
        if corners.last() != Some(&corner) {
            corners.push(corner);
        }
    }
    // Closed again, should rounding have swallowed the last corner.
    if let Some(first) = corners.first().copied()
        && corners.last() != Some(&first)
    {
        corners.push(first);
    }
    Ok(LineString(corners))
}
