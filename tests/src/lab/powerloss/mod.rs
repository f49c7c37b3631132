//! Cuts the power while a phone saves, pulls, compacts or migrates.
//!
//! The store's work is recorded on a disk of the lab. At random points of the
//! recording the disk is made as a power cut may leave it; the whole phone is
//! opened on that and compared with what was acknowledged: it holds exactly the
//! work up to the last acknowledgement, or one piece more, never half of one.

mod check;
mod work;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use clap::Args;
use rand::{RngExt as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;

use super::{
    Outcome,
    disk::{Loss, Replay},
};
use check::{Checker, Verdict};
use work::{Recording, Workload};

/// What to try.
#[derive(Debug, Clone, Args)]
pub struct PowerlossArguments {
    /// Disks to look at.
    #[arg(long, default_value_t = 100_000)]
    pub images: u64,
    /// Disks made of one recording.
    #[arg(long, default_value_t = 400)]
    pub per_recording: u64,
    /// Threads.
    #[arg(long, short = 'j', default_value_t = 2)]
    pub threads: usize,
    /// Plants a defect: syncs of files that end like this do nothing. The run
    /// must then fail.
    #[arg(long)]
    pub skip_sync_of: Option<String>,
}

#[derive(Debug, Default)]
struct Tally {
    images: BTreeMap<&'static str, u64>,
    events: u64,
    ahead: u64,
    loose: u64,
    broken: Vec<String>,
}

/// Runs the machine.
pub fn run(arguments: &PowerlossArguments, seed: u64) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let rounds = arguments.images.div_ceil(arguments.per_recording.max(1));
    let (next, tally) = (AtomicU64::new(0), Mutex::new(Tally::default()));
    let work = || -> anyhow::Result<()> {
        let mut checker = Checker::new()?;
        loop {
            let round = next.fetch_add(1, Ordering::Relaxed);
            if round >= rounds {
                return Ok(());
            }
            let done = round * arguments.per_recording;
            let images = arguments.per_recording.min(arguments.images - done);
            let seed = seed.wrapping_mul(1_000_003).wrapping_add(round);
            let workload = Workload::of_round(round);
            let skips = arguments.skip_sync_of.as_deref();
            let recording = Recording::make(workload, seed, skips)?;
            try_images(&recording, images, seed, &mut checker, &tally)?;
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..arguments.threads.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("a thread of the lab panicked"))?
        })
    })?;
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut outcome = Outcome::new("powerloss", seed);
    let images: u64 = tally.images.values().sum();
    outcome.figure("images", images);
    for (workload, count) in &tally.images {
        outcome.figure(&format!("images: {workload}"), *count);
    }
    outcome.figure("recordings", rounds);
    outcome.figure("disk requests recorded", tally.events);
    outcome.figure("images with loose writes", tally.loose);
    outcome.figure("images one piece ahead", tally.ahead);
    let seconds = begun.elapsed().as_secs_f64();
    outcome.figure("seconds", (seconds * 10.0).round() / 10.0);
    for broken in tally.broken {
        outcome.break_promise(broken);
    }
    Ok(outcome)
}

fn try_images(
    recording: &Recording,
    images: u64,
    seed: u64,
    checker: &mut Checker,
    tally: &Mutex<Tally>,
) -> anyhow::Result<()> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut points: Vec<usize> = (0..images)
        .map(|_| random.random_range(0..=recording.events.len()))
        .collect();
    points.sort_unstable();
    let mut replay = Replay::of(&recording.base);
    let mut at = 0;
    let mut found = Tally {
        events: recording.events.len() as u64,
        ..Tally::default()
    };
    for point in points {
        for event in recording.events.iter().take(point).skip(at) {
            replay.step(event);
        }
        at = point;
        let loss = *Loss::ALL.choose(&mut random).unwrap_or(&Loss::Everything);
        let files = replay.image(loss, &mut random);
        found.loose += u64::from(replay.has_loose());
        let where_ = || {
            format!(
                "{} at request {point} of {}, {loss:?}, after acknowledgement {:?}",
                recording.workload.name(),
                recording.events.len(),
                replay.acknowledged()
            )
        };
        match checker.check(recording, &replay, files, &mut random)? {
            Verdict::AsAcknowledged => {}
            Verdict::OneAhead => found.ahead += 1,
            Verdict::Broken(what) => found.broken.push(format!("{}: {what}", where_())),
        }
        *found.images.entry(recording.workload.name()).or_default() += 1;
    }
    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, count) in found.images {
        *tally.images.entry(name).or_default() += count;
    }
    tally.events += found.events;
    tally.ahead += found.ahead;
    tally.loose += found.loose;
    tally.broken.append(&mut found.broken);
    Ok(())
}
