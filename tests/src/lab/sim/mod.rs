//! The simulation: phones and server in one process, one seed, no network, no
//! real clock and no thread whose speed matters.
//!
//! Real: the phone's encrypted store, its sync state machine and its guard; the
//! server's router, ingest, storage, feeds, digests, snapshots, verification.
//! Simulated: the network, the clocks, the randomness, and the workers, who
//! are spread so that about three phones share a grid, as in a town.
//!
//! * [`dice`]: which action comes; [`content`]: what workers enter.
//! * [`world`]: the actions; [`network`]: what happens to requests.
//! * [`ledger`]: what was acknowledged; [`agreement`]: the check at the end.

mod agreement;
mod content;
mod dice;
#[cfg(feature = "planted-faults")]
pub mod faults;
mod ledger;
mod network;
mod phone;
mod server;
mod story;
mod trace;
mod world;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use anyhow::Context as _;
use wangge_model::RecordId;

pub use self::dice::Action;
use self::world::{Size, World};
use super::Outcome;

/// Where temporary data lives in memory on Linux: syncing to disk costs
/// nothing there, and a simulation has no power cut.
const MEMORY: &str = "/dev/shm";
/// Longest run of which the shortest failing prefix is looked for.
const SHRINKABLE: u64 = 20_000;

/// Failing seeds of which it is looked for.
const SHRUNK: usize = 1;

/// Arguments of the simulation.
#[derive(Debug, Clone, clap::Args)]
pub struct SimArguments {
    /// Phones.
    #[arg(long, default_value_t = 10)]
    pub devices: usize,
    /// Steps: mostly edits, one in thirty a sync.
    #[arg(long, visible_alias = "steps", default_value_t = 20_000)]
    pub ops: u64,
    /// Records collected in all.
    #[arg(long, default_value_t = 300)]
    pub records: usize,
    /// Leave these actions out.
    #[arg(long, value_delimiter = ',')]
    pub without: Vec<Action>,
    /// Stop after this many steps of the plan for `--ops`.
    #[arg(long)]
    pub until: Option<u64>,
    /// Tell every step that changed something about this record.
    #[arg(long)]
    pub follow: Option<RecordId>,
    /// Run the seed twice, at the same time, and compare the traces.
    #[arg(long)]
    pub twice: bool,
    /// Run this many seeds, the given one and those after it.
    #[arg(long, default_value_t = 1)]
    pub seeds: u64,
    /// Seeds run at the same time.
    #[arg(long, short = 'j', default_value_t = 2)]
    pub threads: u64,
}

/// What one run gave.
#[derive(Debug)]
struct Run {
    trace: String,
    counts: Vec<(&'static str, u64)>,
    broken: Vec<String>,
    /// Steps played.
    steps: u64,
}

impl SimArguments {
    fn size(&self) -> Size {
        Size {
            devices: self.devices.max(1),
            steps: self.ops,
            records: self.records,
            without: self.without.clone(),
            follow: self.follow,
        }
    }
}

/// Runs the simulation.
pub fn run(arguments: &SimArguments, seed: u64) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new("sim", seed);
    outcome.figure("devices", arguments.devices);
    outcome.figure("ops", arguments.ops);
    outcome.figure("seeds", arguments.seeds);
    let mut totals: Vec<(&'static str, u64)> = Vec::new();
    let mut failed: Vec<(u64, Run)> = Vec::new();
    for (seed, played) in play_all(arguments, seed)? {
        let (first, second) = played;
        if let Some(second) = &second {
            outcome.check(first.trace == second.trace, || {
                format!("seed {seed} played differently the second time")
            });
        }
        if arguments.seeds == 1 {
            outcome.figure("trace", first.trace.as_str());
        }
        for (what, count) in &first.counts {
            match totals.iter_mut().find(|(known, _)| known == what) {
                Some((_, total)) => *total += count,
                None => totals.push((what, *count)),
            }
        }
        if !first.broken.is_empty() {
            failed.push((seed, first));
        }
    }
    for (place, (seed, run)) in failed.into_iter().enumerate() {
        // Each costs as much as a dozen seeds.
        let run = if place < SHRUNK {
            shrink(arguments, seed, run)?
        } else {
            run
        };
        outcome.break_promise(format!(
            "seed {seed} fails; shortest prefix known: --seed {seed} --devices {} --records {} \
             --ops {} --until {}",
            arguments.devices, arguments.records, arguments.ops, run.steps
        ));
        for what in run.broken {
            outcome.break_promise(format!("seed {seed}: {what}"));
        }
    }
    for (what, count) in totals {
        outcome.figure(what, count);
    }
    Ok(outcome)
}

/// What a seed gave, and the same again with `--twice`.
type Played = (Run, Option<Run>);

/// Plays every seed, some at the same time; answers in the seeds' order. A run
/// shares nothing with another one.
fn play_all(arguments: &SimArguments, seed: u64) -> anyhow::Result<BTreeMap<u64, Played>> {
    let next = AtomicU64::new(0);
    let work = || -> anyhow::Result<Vec<(u64, Played)>> {
        let mut done = Vec::new();
        loop {
            let more = next.fetch_add(1, Ordering::Relaxed);
            if more >= arguments.seeds {
                return Ok(done);
            }
            let seed = seed.wrapping_add(more);
            done.push((seed, play_once_or_twice(arguments, seed)?));
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..arguments.threads.clamp(1, arguments.seeds.max(1)))
            .map(|_| scope.spawn(work))
            .collect();
        let mut all = BTreeMap::new();
        for thread in threads {
            all.extend(thread.join().ok().context("a run panicked")??);
        }
        Ok(all)
    })
}

fn play_once_or_twice(arguments: &SimArguments, seed: u64) -> anyhow::Result<Played> {
    let until = arguments.until.unwrap_or(arguments.ops);
    let size = arguments.size();
    if !arguments.twice {
        return Ok((play(&size, seed, until)?, None));
    }
    thread::scope(|scope| {
        let second = scope.spawn(|| play(&size, seed, until));
        let first = play(&size, seed, until)?;
        let second = second.join().ok().context("the second run panicked")??;
        Ok((first, Some(second)))
    })
}

/// The run of the fewest steps known to fail, found by halving; the given one
/// if it is long.
fn shrink(arguments: &SimArguments, seed: u64, failed: Run) -> anyhow::Result<Run> {
    let (mut good, mut bad) = (0, failed);
    if bad.steps > SHRINKABLE || arguments.follow.is_some() {
        return Ok(bad);
    }
    while bad.steps - good > 1 {
        let middle = good + (bad.steps - good) / 2;
        let run = play(&arguments.size(), seed, middle)?;
        if run.broken.is_empty() {
            good = middle;
        } else {
            bad = run;
        }
    }
    Ok(bad)
}

/// A folder for one run.
fn folder() -> std::io::Result<tempfile::TempDir> {
    if Path::new(MEMORY).is_dir() {
        tempfile::tempdir_in(MEMORY)
    } else {
        tempfile::tempdir()
    }
}

/// Plays `until` steps of a plan, heals everything and compares.
fn play(size: &Size, seed: u64, until: u64) -> anyhow::Result<Run> {
    let folder = folder()?;
    let mut world = World::new(folder.path(), size, seed)?;
    let mut broken = Vec::new();
    if let Err(error) = play_in(&mut world, until, &mut broken) {
        broken.push(format!("{error:#}"));
    }
    let counts = world.counts.iter().map(|(what, count)| (*what, *count));
    Ok(Run {
        trace: world.trace.digest(),
        counts: counts.collect(),
        broken,
        steps: world.now,
    })
}

fn play_in(world: &mut World, until: u64, broken: &mut Vec<String>) -> anyhow::Result<()> {
    for _ in 0..until {
        world.step()?;
    }
    world.heal()?;
    broken.extend(world.quiesce()?);
    broken.extend(world.compare()?);
    Ok(())
}
