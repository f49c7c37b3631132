//! Fuzzing: damaged input for everything that reads what a stranger wrote.
//!
//! A seeded mutator of our own, in this process. It knows the structure: seeds
//! are valid messages, and a target mends checksums, hashes and signatures
//! after the damage so that it gets past them. What guides it is not coverage
//! of code but of behaviour: a target says how it answered (which error, which
//! verdict), and an input that brings a new answer becomes a seed. For every
//! input: no panic that reaches the caller, at most [`TIME_LIMIT`], at most
//! [`MEMORY_LIMIT`] bytes, and whatever else the target checks.
//!
//! Inputs worth keeping are in `tests/fuzz/corpus/<target>/`; every commit
//! replays them.

pub mod memory;
mod targets;

use std::{
    collections::{BTreeMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use clap::Args;
use sha2::{Digest as _, Sha256};
use wangge_model::ChangeHash;

use super::{Outcome, mutate::Mutator};
use targets::{NAMES, Target, make};

/// Longest time for one input; one that exceeds it is tried again, because
/// other programs share the machine.
pub const TIME_LIMIT: Duration = Duration::from_secs(1);
/// Most memory for one input, in bytes.
pub const MEMORY_LIMIT: usize = 64 << 20;
/// After this long an input counts as endless and the program ends.
const ENDLESS: Duration = Duration::from_mins(1);
/// Longest input.
const LONGEST: usize = 64 << 10;
/// Seeds held at the same time.
const MOST_SEEDS: usize = 4_000;
/// Inputs of one target that are kept.
const MOST_KEPT: usize = 24;
/// Longest input that is kept.
const LONGEST_KEPT: usize = 4 << 10;

/// What to try.
#[derive(Debug, Clone, Args)]
pub struct FuzzArguments {
    /// Seconds for each target.
    #[arg(long, default_value_t = 600)]
    pub seconds: u64,
    /// Only this target.
    #[arg(long)]
    pub target: Option<String>,
    /// Stop a target after so many inputs even if there is time left.
    #[arg(long)]
    pub inputs: Option<u64>,
    /// Add inputs with a new kind of answer to the kept ones.
    #[arg(long)]
    pub keep: bool,
    /// Try the kept inputs and nothing else.
    #[arg(long)]
    pub replay: bool,
}

/// Runs the machine.
pub fn run(arguments: &FuzzArguments, seed: u64) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new("fuzz", seed);
    outcome.check(memory::is_counting(), || {
        "memory is not counted in this program".to_owned()
    });
    let chosen: Vec<&str> = NAMES
        .iter()
        .copied()
        .filter(|name| arguments.target.as_deref().is_none_or(|only| only == *name))
        .collect();
    if chosen.is_empty() {
        bail!("no such target; there are {}", NAMES.join(", "));
    }
    watch();
    // A panic is a finding, reported once; its trace would drown the rest.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = chosen
        .iter()
        .try_for_each(|name| fuzz(name, arguments, seed, &mut outcome));
    std::panic::set_hook(hook);
    result?;
    outcome.figure("targets", chosen.len());
    Ok(outcome)
}

/// The input under way, for the watchdog.
static UNDER_WAY: Mutex<Option<(Instant, &'static str, Vec<u8>)>> = Mutex::new(None);

fn under_way(what: Option<(Instant, &'static str, Vec<u8>)>) {
    *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) = what;
}

/// Ends the program if an input never does; its input is written down first.
#[expect(
    clippy::print_stderr,
    clippy::exit,
    reason = "a thread that hangs cannot be stopped in another way, and this says why"
)]
fn watch() {
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_secs(1));
            let hung = {
                let under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
                match under_way.as_ref() {
                    Some((begun, name, input)) if begun.elapsed() > ENDLESS => {
                        Some((*name, input.clone()))
                    }
                    _ => None,
                }
            };
            if let Some((name, input)) = hung {
                let place = write_finding(name, &input);
                eprintln!("{name}: an input does not end: {place:?}");
                std::process::exit(1);
            }
        }
    });
}

/// Where a finding goes: beside the program's other temporary files, to be
/// moved into the corpus together with its fix.
fn write_finding(name: &str, input: &[u8]) -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join("wangge-fuzz").join(name);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(file_name(input));
    std::fs::write(&path, input)?;
    Ok(path)
}

fn file_name(input: &[u8]) -> String {
    let mut name = ChangeHash::from_bytes(Sha256::digest(input).into()).to_string();
    name.truncate(16);
    name
}

/// Where a target's kept inputs are.
fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name)
}

fn kept(name: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let folder = corpus(name);
    let mut paths = Vec::new();
    for entry in
        std::fs::read_dir(&folder).with_context(|| format!("the corpus {}", folder.display()))?
    {
        paths.push(entry?.path());
    }
    paths.sort();
    paths.iter().map(|path| Ok(std::fs::read(path)?)).collect()
}

/// One target while it is being fuzzed.
struct Bench {
    name: &'static str,
    target: Box<dyn Target>,
    behaviours: BTreeMap<String, u64>,
    slowest: Duration,
    most_bytes: usize,
}

impl Bench {
    /// Tries one input; answers whether its answer is a new one.
    fn try_input(&mut self, input: &[u8], outcome: &mut Outcome) -> anyhow::Result<bool> {
        let name = self.name;
        let mut quickest = Duration::MAX;
        let mut said = None;
        for _ in 0..3 {
            let begun = Instant::now();
            under_way(Some((begun, name, input.to_vec())));
            let held = memory::begin();
            let result = catch_unwind(AssertUnwindSafe(|| self.target.try_input(input)));
            let bytes = memory::peak_since(held);
            quickest = quickest.min(begun.elapsed());
            under_way(None);
            self.most_bytes = self.most_bytes.max(bytes);
            let problem = match result {
                Ok(Ok(_)) if bytes > MEMORY_LIMIT => Some(format!("{bytes} bytes of memory")),
                Ok(Ok(behaviour)) => {
                    said.get_or_insert(behaviour);
                    None
                }
                Ok(Err(error)) => Some(format!("{error:#}")),
                Err(panic) => Some(format!("panic: {}", panic_text(panic.as_ref()))),
            };
            if let Some(problem) = problem {
                let path = write_finding(name, input)?;
                outcome.break_promise(format!("{name}: {problem}: {}", path.display()));
                // What panicked may be in any state.
                self.target = make(name)?;
                return Ok(false);
            }
            if quickest <= TIME_LIMIT {
                break;
            }
        }
        self.slowest = self.slowest.max(quickest);
        if quickest > TIME_LIMIT {
            let path = write_finding(name, input)?;
            outcome.break_promise(format!("{name}: {quickest:?}: {}", path.display()));
        }
        let said = without_numbers(&said.unwrap_or_default());
        let count = self.behaviours.entry(said).or_default();
        *count += 1;
        Ok(*count == 1)
    }
}

fn fuzz(
    name: &'static str,
    arguments: &FuzzArguments,
    seed: u64,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let mut bench = Bench {
        name,
        target: make(name)?,
        behaviours: BTreeMap::new(),
        slowest: Duration::ZERO,
        most_bytes: 0,
    };
    let mut seeds = bench.target.seeds()?;
    let kept = kept(name)?;
    let begun = Instant::now();
    let mut inputs = 0_u64;
    for input in seeds.iter().chain(&kept) {
        bench.try_input(input, outcome)?;
        inputs += 1;
    }
    if !arguments.replay {
        let mut known: HashSet<Vec<u8>> = kept.iter().cloned().collect();
        seeds.extend(kept.iter().cloned());
        let mut mutator = Mutator::new(seed);
        let until = begun + Duration::from_secs(arguments.seconds);
        while Instant::now() < until && arguments.inputs.is_none_or(|most| inputs < most) {
            let one = seeds.get(mutator.below(seeds.len())).context("no seed")?;
            let other = seeds.get(mutator.below(seeds.len())).context("no seed")?;
            let input = mutator.damage(one, other, LONGEST);
            inputs += 1;
            if bench.try_input(&input, outcome)? && seeds.len() < MOST_SEEDS {
                if arguments.keep
                    && known.len() < MOST_KEPT
                    && input.len() <= LONGEST_KEPT
                    && known.insert(input.clone())
                {
                    std::fs::write(corpus(name).join(file_name(&input)), &input)?;
                }
                seeds.push(input);
            }
        }
    }
    outcome.figure(&format!("{name}: inputs"), inputs);
    outcome.figure(&format!("{name}: kept inputs"), kept.len());
    outcome.figure(&format!("{name}: kinds of answers"), bench.behaviours.len());
    outcome.figure(
        &format!("{name}: slowest, ms"),
        u64::try_from(bench.slowest.as_millis()).unwrap_or(u64::MAX),
    );
    outcome.figure(&format!("{name}: most memory, KiB"), bench.most_bytes >> 10);
    Ok(())
}

/// So that "item 7" and "item 8" are one kind of answer.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(200) {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()))
        .unwrap_or_default()
}
