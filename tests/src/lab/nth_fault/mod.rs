//! Fails the n-th request to the disk of every action, for n = 1, 2, 3 … until
//! an action runs through without meeting the fault.
//!
//! After each: the error is one the app can tell the person; the phone holds
//! what it held before; the next try succeeds; and a power cut after it loses
//! nothing of it, although what a failed sync covered is gone for good.

mod actions;
mod scene;
mod trial;

use std::{collections::BTreeMap, time::Instant};

use clap::{Args, ValueEnum};

use super::{Outcome, disk::Fault, disk::FaultKind};
use scene::Scene;
use trial::Trial;

/// Faults as they are named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Any request fails with an error of the device.
    Eio,
    /// Writing, growing and making files fail for want of space.
    Enospc,
    /// Half of a write is done, then no space is left.
    Short,
}

impl Kind {
    fn fault(self) -> FaultKind {
        match self {
            Self::Eio => FaultKind::Eio,
            Self::Enospc => FaultKind::Enospc,
            Self::Short => FaultKind::Short,
        }
    }
}

/// What to try.
#[derive(Debug, Clone, Args)]
pub struct NthFaultArguments {
    /// Kinds of fault.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["eio", "enospc", "short"])]
    pub kinds: Vec<Kind>,
    /// Only actions whose name contains this.
    #[arg(long)]
    pub action: Option<String>,
    /// Of n only every so many-th; 1 is all.
    #[arg(long, default_value_t = 1)]
    pub every: u64,
}

/// An action that needs more requests than this is taken for one without end.
const MOST_REQUESTS: u64 = 20_000;

/// Runs the machine.
pub fn run(arguments: &NthFaultArguments, seed: u64) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let mut outcome = Outcome::new("nth-fault", seed);
    let scene = Scene::set(seed)?;
    let mut trial = Trial::new(&scene)?;
    let (mut tried, mut survived) = (0_u64, 0_u64);
    let mut errors: BTreeMap<String, u64> = BTreeMap::new();
    let mut actions = 0_u64;
    for action in actions::all() {
        let is_asked_for = arguments
            .action
            .as_ref()
            .is_none_or(|part| action.name.contains(part.as_str()));
        if !is_asked_for {
            continue;
        }
        actions += 1;
        let expected = trial.run_clean(&action)?;
        for kind in &arguments.kinds {
            for lasts in [false, true] {
                for round in 0.. {
                    let fault = Fault {
                        kind: kind.fault(),
                        at: 1 + round * arguments.every.max(1),
                        lasts,
                    };
                    let found = trial.run(&action, &expected, fault)?;
                    for broken in found.broken {
                        let way = if lasts { "from" } else { "at" };
                        let at = fault.at;
                        outcome.break_promise(format!(
                            "{}, {kind:?} {way} request {at}: {broken}",
                            action.name
                        ));
                    }
                    if !found.was_hit {
                        break;
                    }
                    tried += 1;
                    match found.error {
                        Some(error) => *errors.entry(error).or_default() += 1,
                        None => survived += 1,
                    }
                    if fault.at > MOST_REQUESTS {
                        outcome.break_promise(format!("{} has no end", action.name));
                        break;
                    }
                }
            }
        }
    }
    outcome.figure("actions", actions);
    outcome.figure("faults", tried);
    outcome.figure("faults the action went on in spite of", survived);
    for (error, count) in errors {
        outcome.figure(&format!("told as: {error}"), count);
    }
    outcome.figure("seconds", begun.elapsed().as_secs());
    outcome.check(tried > 0, || "no fault came".to_owned());
    Ok(outcome)
}
