//! `cargo xtask crash | powerloss | nth-fault | sim | chaos | restore | clone |
//! hostile | forge`: one machine of the fault lab, at any size.
//!
//! Ends with status 1 if the promise did not hold, 2 if it could not be tried.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use wangge_tests::lab::{
    Outcome,
    chaos::{self, ChaosArguments},
    clone::{self, CloneArguments},
    crash::{self, CrashArguments, child::ChildArguments},
    forge::{self, ForgeArguments},
    fuzz::{self, FuzzArguments, memory::CountingAllocator},
    hostile::{self, HostileArguments},
    nth_fault::{self, NthFaultArguments},
    powerloss::{self, PowerlossArguments},
    restore::{self, RestoreArguments},
    sim::{self, SimArguments},
};

/// So that `fuzz` knows what an input costs.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Tries to break what the product promises.
#[derive(Debug, Parser)]
#[command(name = "lab")]
struct Arguments {
    /// Print one JSON object instead of a table.
    #[arg(long, global = true)]
    json: bool,
    /// The seed; drawn and printed if not given.
    #[arg(long, global = true)]
    seed: Option<u64>,
    #[command(subcommand)]
    machine: Machine,
}

#[derive(Debug, Subcommand)]
enum Machine {
    /// Real server and phones on a line that misbehaves.
    Chaos(ChaosArguments),
    /// Copy a phone and let both go on.
    Clone(CloneArguments),
    /// Kill real processes while they save or sync.
    Crash(CrashArguments),
    /// A process to be killed.
    #[command(hide = true)]
    CrashChild(ChildArguments),
    /// Fail the n-th disk operation of every action, for every n.
    NthFault(NthFaultArguments),
    /// Cut the power: unsynced writes are dropped, torn and reordered.
    Powerloss(PowerlossArguments),
    /// Restore the server from an old backup.
    Restore(RestoreArguments),
    /// Change every field of a valid push as an attacker would.
    Forge(ForgeArguments),
    /// Fixtures, bombs and damaged pushes of a hostile phone.
    Hostile(HostileArguments),
    /// Damaged input for everything that reads what a stranger wrote.
    Fuzz(FuzzArguments),
    /// Phones and server in one process, deterministic.
    Sim(SimArguments),
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the result of the program and what it could not do"
)]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(rand::random);
    // Before the run, so that it is known even if the run never ends.
    if !matches!(arguments.machine, Machine::CrashChild(_)) {
        eprintln!("seed {seed}");
    }
    match run(&arguments.machine, seed) {
        Ok(outcome) => {
            if arguments.json {
                println!("{}", outcome.to_json());
            } else {
                println!("{outcome}");
            }
            if outcome.held() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(machine: &Machine, seed: u64) -> anyhow::Result<Outcome> {
    match machine {
        Machine::Chaos(arguments) => chaos::run(arguments, seed),
        Machine::Clone(arguments) => clone::run(arguments, seed),
        Machine::Crash(arguments) => crash::run(arguments, seed),
        Machine::CrashChild(arguments) => {
            crash::child::run(arguments)?;
            Ok(Outcome::new("crash-child", seed))
        }
        Machine::NthFault(arguments) => nth_fault::run(arguments, seed),
        Machine::Powerloss(arguments) => powerloss::run(arguments, seed),
        Machine::Restore(arguments) => restore::run(arguments, seed),
        Machine::Forge(arguments) => forge::run(arguments, seed),
        Machine::Hostile(arguments) => hostile::run(arguments, seed),
        Machine::Fuzz(arguments) => fuzz::run(arguments, seed),
        Machine::Sim(arguments) => sim::run(arguments, seed),
    }
}
