//! The stored form of a boundary: a version, then counts and positions as
//! variable-length numbers, each position as its difference from the one
//! before. About four bytes a corner; a thousand grids fit into 400 KB.

use geo::{Coord, LineString, MultiPolygon, Polygon};

use super::{
    BoundaryError,
    shape::{MOST_POINTS, STEPS},
};

/// First byte; another means a form this build does not know.
const VERSION: u8 = 1;

pub(super) fn encode(shape: &MultiPolygon<f64>) -> Vec<u8> {
    let mut out = vec![VERSION];
    let mut last = (0, 0);
    put(&mut out, shape.0.len() as u64);
    for polygon in shape {
        put(&mut out, polygon.interiors().len() as u64 + 1);
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            // The last corner is the first.
            let corners = ring.0.len().saturating_sub(1);
            put(&mut out, corners as u64);
            for corner in ring.0.iter().take(corners) {
                let here = (steps(corner.x), steps(corner.y));
                put(&mut out, fold(here.0 - last.0));
                put(&mut out, fold(here.1 - last.1));
                last = here;
            }
        }
    }
    out
}

pub(super) fn decode(bytes: &[u8]) -> Result<MultiPolygon<f64>, BoundaryError> {
    let Some((&VERSION, mut rest)) = bytes.split_first() else {
        return Err(BoundaryError::Stored);
    };
    let mut last = (0_i64, 0_i64);
    let mut left = MOST_POINTS;
    let mut polygons = Vec::new();
    for _ in 0..count(&mut rest, left)? {
        let mut rings = Vec::new();
        for _ in 0..count(&mut rest, left)? {
            let corners = count(&mut rest, left)?;
            left -= corners;
            let mut ring = Vec::with_capacity(corners + 1);
            for _ in 0..corners {
                let step = |rest: &mut &[u8], from: i64| {
                    from.checked_add(unfold(take(rest)?))
                        .ok_or(BoundaryError::Stored)
                };
                last = (step(&mut rest, last.0)?, step(&mut rest, last.1)?);
                ring.push(Coord {
                    x: degrees(last.0)?,
                    y: degrees(last.1)?,
                });
            }
            ring.extend(ring.first().copied());
            rings.push(LineString(ring));
        }
        let mut rings = rings.into_iter();
        let outline = rings.next().ok_or(BoundaryError::Stored)?;
        polygons.push(Polygon::new(outline, rings.collect()));
    }
    if rest.is_empty() {
        Ok(MultiPolygon(polygons))
    } else {
        Err(BoundaryError::Stored)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "degrees are below 180, so this is below 2^31"
)]
fn steps(degrees: f64) -> i64 {
    (degrees * STEPS).round() as i64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "checked to be below 2^31 in magnitude"
)]
fn degrees(steps: i64) -> Result<f64, BoundaryError> {
    const LIMIT: i64 = 1_800_000_000;
    if (-LIMIT..=LIMIT).contains(&steps) {
        Ok(steps as f64 / STEPS)
    } else {
        Err(BoundaryError::Stored)
    }
}

/// Small numbers of either sign become small ones without sign.
const fn fold(number: i64) -> u64 {
    (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned()
}

const fn unfold(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Seven bits a byte, lowest first; the top bit says that more follow.
fn put(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(0x80 | (number & 0x7f).to_le_bytes()[0]);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn take(rest: &mut &[u8]) -> Result<u64, BoundaryError> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or(BoundaryError::Stored)?;
        *rest = tail;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(BoundaryError::Stored)
}

fn count(rest: &mut &[u8], limit: usize) -> Result<usize, BoundaryError> {
    usize::try_from(take(rest)?)
        .ok()
        .filter(|count| *count <= limit)
        .ok_or(BoundaryError::Stored)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::boundary::{Boundary, testing};

    proptest! {
        #[test]
        fn what_is_stored_is_read_back_exactly(seed in any::<u64>(), sides in 1_usize..20) {
            for piece in testing::tessellation(2, 2, sides, seed) {
                let bytes = piece.to_bytes();
                prop_assert_eq!(Boundary::from_bytes(&bytes).unwrap(), piece);
            }
        }

        #[test]
        fn damaged_bytes_are_refused_or_read_but_nothing_worse(
            seed in any::<u64>(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = testing::tessellation(1, 1, 6, seed)[0].to_bytes();
            let place = at.index(bytes.len());
            bytes[place] = byte;
            bytes.truncate(cut.index(bytes.len()) + 1);
            let _ = Boundary::from_bytes(&bytes);
        }
    }

    #[test]
    fn a_corner_takes_about_four_bytes() {
        let piece = &testing::tessellation(3, 3, 25, 1)[4];
        assert!(piece.to_bytes().len() < piece.count_points() * 5 + 16);
    }

    #[test]
    fn counts_that_promise_more_than_there_can_be_are_refused() {
        let mut bytes = vec![VERSION, 1, 1];
        put(&mut bytes, u64::MAX >> 1);
        assert_eq!(decode(&bytes), Err(BoundaryError::Stored));
        assert_eq!(decode(&[2, 0]), Err(BoundaryError::Stored));
        assert_eq!(decode(&[]), Err(BoundaryError::Stored));
    }
}
