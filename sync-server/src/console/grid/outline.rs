//! Boundaries as one picture: inline SVG, without a map behind it, so that it
//! works on an intranet and prints.

use std::fmt::Write as _;

use wangge_model::boundary::Boundary;

/// Width of the picture in its own units; the page scales it.
const WIDTH: f64 = 600.0;
/// Least and most height, so that a strip of land stays readable.
const HEIGHT: (f64, f64) = (200.0, 600.0);
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
        let bounds: Vec<_> = drawn.iter().map(|one| one.boundary.bounds()).collect();
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
        let wide = ((all.east - all.west) * shrink).max(f64::EPSILON);
        let high = (all.north - all.south).max(f64::EPSILON);
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
        Some(Self {
            lines,
            width: whole(WIDTH),
            height: whole(height),
        })
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
}
