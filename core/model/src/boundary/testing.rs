//! Made-up boundaries for tests and benchmarks: a community cut into grids with
//! crooked shared lines.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::missing_panics_doc,
    reason = "tests only, numbers are small"
)]

use super::Boundary;
use crate::{CoordinateSystem, LongitudeLatitude};

/// A corner in Jinan; metres of the made-up shapes start there.
const ORIGIN: (f64, f64) = (117.02, 36.64);
/// Degrees per metre there, east and north.
const METRE: (f64, f64) = (1.0 / 89_420.0, 1.0 / 110_980.0);
/// Side of a made-up grid, in metres.
const SIDE: f64 = 220.0;

/// The place so many metres east and north of the corner, as boundaries have it.
pub fn place(east: f64, north: f64) -> LongitudeLatitude {
    let round = |degrees: f64| (degrees * super::shape::STEPS).round() / super::shape::STEPS;
    LongitudeLatitude::new(
        round(ORIGIN.0 + east * METRE.0),
        round(ORIGIN.1 + north * METRE.1),
    )
}

/// A closed ring around these metres: west, south, east, north.
pub fn rectangle([west, south, east, north]: [f64; 4]) -> Vec<LongitudeLatitude> {
    vec![
        place(west, south),
        place(east, south),
        place(east, north),
        place(west, north),
        place(west, south),
    ]
}

/// Numbers between -1 and 1 that depend on nothing but what they are for.
fn noise(seed: u64, parts: [u64; 4]) -> f64 {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    for part in parts {
        state = (state ^ part).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 29;
        state = state.wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 32;
    }
    (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

/// A crossing of streets: where the lines of the division meet.
fn crossing(seed: u64, x: u64, y: u64) -> (f64, f64) {
    (
        x as f64 * SIDE + noise(seed, [1, x, y, 0]) * SIDE * 0.2,
        y as f64 * SIDE + noise(seed, [1, x, y, 1]) * SIDE * 0.2,
    )
}

/// The line between two neighbouring crossings without its end, bent `sides`
/// times; the same from whichever grid it is looked at.
fn line(seed: u64, from: (u64, u64), to: (u64, u64), sides: usize) -> Vec<LongitudeLatitude> {
    let (low, high) = (from.min(to), from.max(to));
    let (a, b) = (crossing(seed, low.0, low.1), crossing(seed, high.0, high.1));
    let mut places: Vec<LongitudeLatitude> = (0..=sides)
        .map(|step| {
            let along = step as f64 / sides as f64;
            let bend = if step == 0 || step == sides {
                0.0
            } else {
                let parts = [2 + low.0, low.1, high.0 << 16 | high.1, step as u64];
                noise(seed, parts) * SIDE * 0.25 / sides as f64
            };
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            let length = dx.hypot(dy);
            place(
                a.0 + dx * along - dy / length * bend,
                a.1 + dy * along + dx / length * bend,
            )
        })
        .collect();
    if from != low {
        places.reverse();
    }
    places.pop();
    places
}

fn ring(seed: u64, crossings: &[(u64, u64)], sides: usize) -> Vec<LongitudeLatitude> {
    let mut ring = Vec::new();
    for pair in crossings.windows(2) {
        ring.extend(line(seed, pair[0], pair[1], sides));
    }
    let first = ring[0];
    ring.push(first);
    ring
}

/// Grids beside each other, row by row; each has `4 * sides` corners.
pub fn tessellation(rows: u64, columns: u64, sides: usize, seed: u64) -> Vec<Boundary> {
    (0..rows)
        .flat_map(|y| (0..columns).map(move |x| (x, y)))
        .map(|(x, y)| {
            let around = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1), (x, y)];
            let ring = ring(seed, &around, sides);
            Boundary::from_rings(&[vec![ring]], CoordinateSystem::Wgs84).unwrap()
        })
        .collect()
}

/// A community and its grids.
pub fn community(rows: u64, columns: u64, sides: usize, seed: u64) -> (Boundary, Vec<Boundary>) {
    let around: Vec<(u64, u64)> = (0..columns)
        .map(|x| (x, 0))
        .chain((0..rows).map(|y| (columns, y)))
        .chain((1..=columns).rev().map(|x| (x, rows)))
        .chain((0..=rows).rev().map(|y| (0, y)))
        .collect();
    let outline = ring(seed, &around, sides);
    let parent = Boundary::from_rings(&[vec![outline]], CoordinateSystem::Wgs84).unwrap();
    (parent, tessellation(rows, columns, sides, seed))
}
