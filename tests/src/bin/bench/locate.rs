//! Which grid a point is in, as a phone asks without a network: a thousand
//! grids beside each other, each of 160 corners.

use std::{hint::black_box, time::Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_model::{
    GridId, LongitudeLatitude,
    boundary::{Boundary, GridIndex, testing},
};
use wangge_tests::statistics::{median, micros};

use crate::report::Figures;

const ROWS: u64 = 32;
const SIDES: usize = 40;
const POINTS: usize = 20_000;

/// Builds the index from its stored form and looks up points all over it.
pub(crate) fn run(seed: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let stored: Vec<(GridId, Vec<u8>)> = testing::tessellation(ROWS, ROWS, SIDES, seed)
        .iter()
        .enumerate()
        .map(|(number, grid)| {
            let id = u128::try_from(number).map(u128::to_be_bytes)?;
            Ok((GridId::from_bytes(id), grid.to_bytes()))
        })
        .collect::<anyhow::Result<_>>()?;
    let bytes: usize = stored.iter().map(|(_, bytes)| bytes.len()).sum();
    let begun = Instant::now();
    let grids: Vec<(GridId, Boundary)> = stored
        .iter()
        .map(|(id, bytes)| Ok((*id, Boundary::from_bytes(bytes)?)))
        .collect::<anyhow::Result<_>>()?;
    let bounds: Vec<_> = grids.iter().map(|(_, grid)| grid.bounds()).collect();
    let index = GridIndex::new(grids);
    let built = begun.elapsed();
    let edge = |of: &dyn Fn(&wangge_model::boundary::Box2) -> f64,
                best: fn(f64, f64) -> f64,
                start: f64| bounds.iter().map(of).fold(start, best);
    let (west, east) = (
        edge(&|b| b.west, f64::min, f64::MAX),
        edge(&|b| b.east, f64::max, f64::MIN),
    );
    let (south, north) = (
        edge(&|b| b.south, f64::min, f64::MAX),
        edge(&|b| b.north, f64::max, f64::MIN),
    );
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut times = Vec::with_capacity(POINTS);
    let mut found = 0_usize;
    for _ in 0..POINTS {
        let point =
            LongitudeLatitude::new(rng.random_range(west..east), rng.random_range(south..north));
        // The best of three: a turn of another program says nothing of a point.
        let mut best = f64::MAX;
        for _ in 0..3 {
            let begun = Instant::now();
            let grid = black_box(index.locate(point));
            best = best.min(micros(begun.elapsed()));
            found += usize::from(grid.is_some());
        }
        times.push(best);
    }
    anyhow::ensure!(found > POINTS / 2, "points were to fall into grids");
    figures.set("locate.median_us", median(&times));
    figures.set("locate.worst_us", times.iter().copied().fold(0.0, f64::max));
    figures.set("locate.build_ms", micros(built) / 1_000.0);
    #[expect(clippy::cast_precision_loss, reason = "some hundred thousand bytes")]
    figures.set("locate.stored_kb", bytes as f64 / 1_024.0);
    Ok(())
}
