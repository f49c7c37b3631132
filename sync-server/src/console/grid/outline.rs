//! Boundaries as one picture: inline SVG, without a map behind it, so that it
//! works on an intranet and prints.

use std::fmt::Write as _;

use wangge_model::{
    LongitudeLatitude,
    boundary::{Boundary, Box2},
};

/// Width of the picture in its own units; the page scales it.
const WIDTH: f64 = 600.0;
/// Least and most height, so that a strip of land stays readable.
const HEIGHT: (f64, f64) = (200.0, 600.0);
/// Least width and height of what is shown, in degrees: some ten metres.
const LEAST_DEGREES: f64 = 1e-4;
/// Space around the outlines.
const MARGIN: f64 = 12.0;

/// One boundary of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The `d` of an SVG path.
    pub path: String,
    /// The name written into it; may be empty.
    pub label: String,
    /// Where the name goes.
    pub x: i64,
    /// Where the name goes.
    pub y: i64,
    /// The grid the page is about.
    pub is_own: bool,
    /// The community around the grids.
    pub is_around: bool,
}

/// The picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Its lines, the lowest first.
    pub lines: Vec<Line>,
    /// Width in its own units.
    pub width: i64,
    /// Height in its own units.
    pub height: i64,
}

/// Where a point is in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// To the right, in the picture's units.
    pub x: i64,
    /// Downwards.
    pub y: i64,
}

/// What is drawn, and how.
pub(crate) struct Drawn<'a> {
    /// The boundary.
    pub boundary: &'a Boundary,
    /// The name written into it; may be empty.
    pub label: &'a str,
    /// The grid the page is about.
    pub is_own: bool,
    /// The community around the grids.
    pub is_around: bool,
}

#[expect(clippy::cast_possible_truncation, reason = "a few hundred units")]
fn whole(number: f64) -> i64 {
    number.round() as i64
}

impl Outline {
    /// Draws the boundaries; none without any.
    pub(crate) fn draw(drawn: &[Drawn<'_>]) -> Option<Self> {
        Self::draw_with(drawn, &[]).map(|(outline, _)| outline)
    }

    /// Draws the boundaries and says where in the picture the points are; none
    /// without any of either.
    pub(crate) fn draw_with(
        drawn: &[Drawn<'_>],
        points: &[LongitudeLatitude],
    ) -> Option<(Self, Vec<Spot>)> {
        let mut bounds: Vec<_> = drawn.iter().map(|one| one.boundary.bounds()).collect();
        bounds.extend(points.iter().map(|point| Box2 {
            west: point.longitude,
            south: point.latitude,
            east: point.longitude,
            north: point.latitude,
        }));
        let first = bounds.first()?;
        let all = bounds.iter().skip(1).fold(*first, |mut all, one| {
            all.west = all.west.min(one.west);
            all.south = all.south.min(one.south);
            all.east = all.east.max(one.east);
            all.north = all.north.max(one.north);
            all
        });
        // A degree of longitude is shorter than one of latitude.
        let shrink = f64::midpoint(all.south, all.north).to_radians().cos();
        // One point has no size: it is shown as if a house stood around it.
        let wide = ((all.east - all.west) * shrink).max(LEAST_DEGREES);
        let high = (all.north - all.south).max(LEAST_DEGREES);
        let scale = ((WIDTH - 2.0 * MARGIN) / wide).min((HEIGHT.1 - 2.0 * MARGIN) / high);
        let height = (high * scale + 2.0 * MARGIN).clamp(HEIGHT.0, HEIGHT.1);
        let left = (WIDTH - wide * scale) / 2.0;
        let top = (height - high * scale) / 2.0;
        let place = |longitude: f64, latitude: f64| {
            (
                left + (longitude - all.west) * shrink * scale,
                top + (all.north - latitude) * scale,
            )
        };
        let lines = drawn
            .iter()
            .map(|one| {
                let mut path = String::new();
                for ring in one.boundary.rings().flatten() {
                    for (number, corner) in ring.coords().enumerate() {
                        let (x, y) = place(corner.x, corner.y);
                        let letter = if number == 0 { 'M' } else { 'L' };
                        // Writing to a string cannot fail.
                        let _ = write!(path, "{letter}{x:.1} {y:.1}");
                    }
                    path.push('Z');
                }
                let (x, y) = one
                    .boundary
                    .label_place()
                    .map_or((0.0, 0.0), |at| place(at.longitude, at.latitude));
                Line {
                    path,
                    label: one.label.to_owned(),
                    x: whole(x),
                    y: whole(y),
                    is_own: one.is_own,
                    is_around: one.is_around,
                }
            })
            .collect();
        let spots = points
            .iter()
            .map(|point| {
                let (x, y) = place(point.longitude, point.latitude);
                Spot {
                    x: whole(x),
                    y: whole(y),
                }
            })
            .collect();
        let outline = Self {
            lines,
            width: whole(WIDTH),
            height: whole(height),
        };
        Some((outline, spots))
    }
}

#[cfg(test)]
mod tests {
    use wangge_model::boundary::testing;

    use super::*;

    #[test]
    fn everything_drawn_lies_in_the_picture() {
        for (rows, columns) in [(1, 1), (2, 7), (9, 1)] {
            let (community, grids) = testing::community(rows, columns, 6, 4);
            let mut drawn = vec![Drawn {
                boundary: &community,
                label: "",
                is_own: false,
                is_around: true,
            }];
            drawn.extend(grids.iter().map(|boundary| Drawn {
                boundary,
                label: "第一网格",
                is_own: false,
                is_around: false,
            }));
            let outline = Outline::draw(&drawn).unwrap();
            assert_eq!(outline.lines.len(), grids.len() + 1);
            for line in &outline.lines {
                let numbers = line
                    .path
                    .split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
                    .filter(|part| !part.is_empty())
                    .map(|part| part.parse::<f64>().unwrap());
                for number in numbers {
                    assert!((0.0..=600.0).contains(&number), "{number}");
                }
                assert!((0..=outline.width).contains(&line.x));
                assert!((0..=outline.height).contains(&line.y));
            }
        }
        assert_eq!(Outline::draw(&[]), None);
    }

    #[test]
    fn points_are_where_their_boundary_is() {
        let (community, grids) = testing::community(1, 1, 4, 1);
        let drawn = [Drawn {
            boundary: &community,
            label: "",
            is_own: true,
            is_around: false,
        }];
        let inside = grids[0].label_place().unwrap();
        let (outline, spots) = Outline::draw_with(&drawn, &[inside]).unwrap();
        assert!((1..outline.width).contains(&spots[0].x));
        assert!((1..outline.height).contains(&spots[0].y));
        // Points alone are a picture too, and one point is in it.
        let (outline, spots) = Outline::draw_with(&[], &[inside]).unwrap();
        assert!(outline.lines.is_empty());
        assert!((0..=outline.width).contains(&spots[0].x));
    }
}
