//! Kills real processes, with signal 9, while they save or sync.
//!
//! A child is a phone: it works and says on its output what the core
//! acknowledged, after the commit. The parent kills it at a random moment, opens
//! the phone again and looks for everything that was said. A killed process
//! leaves the system's page cache intact, so a missing fsync is not found here;
//! `powerloss` finds those.

pub mod child;
mod save;
mod sync;
mod ward;

use std::{path::PathBuf, time::Instant};

use clap::{Args, ValueEnum};

use super::Outcome;
use crate::statistics::percentile;
use ward::Tally;

/// What the children do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Save, edit, keep drafts, tidy up; alone.
    Save,
    /// Save and sync with a real server, which is killed now and then too.
    Sync,
}

/// What to try.
#[derive(Debug, Clone, Args)]
pub struct CrashArguments {
    /// What the processes do.
    #[arg(long, value_enum, default_value = "save")]
    pub mode: Mode,
    /// Processes to kill.
    #[arg(long, default_value_t = 10_000)]
    pub kills: u64,
    /// Phones at work at the same time.
    #[arg(long, short = 'j', default_value_t = 2)]
    pub phones: u64,
    /// Where the phones' files are put; the system's folder for temporary files
    /// if not given.
    #[arg(long)]
    pub directory: Option<PathBuf>,
    /// The program whose `crash-child` is run; this one if not given.
    #[arg(skip)]
    pub program: Option<PathBuf>,
}

/// The goal for opening a phone after a kill.
const REOPEN_P99_MS: f64 = 300.0;

/// Runs the machine.
pub fn run(arguments: &CrashArguments, seed: u64) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let tally = match arguments.mode {
        Mode::Save => save::run(arguments, seed)?,
        Mode::Sync => sync::run(arguments, seed)?,
    };
    let mut outcome = Outcome::new("crash", seed);
    outcome.figure("kills", tally.kills);
    outcome.figure("kills while opening", tally.kills_while_opening);
    outcome.figure("acknowledged saves", tally.saved);
    outcome.figure("acknowledged drafts", tally.drafts);
    if arguments.mode == Mode::Sync {
        outcome.figure("records shown as sent", tally.sent);
        outcome.figure("server kills", tally.server_kills);
    }
    let reopened = |share| (percentile(&tally.reopened_ms, share) * 10.0).round() / 10.0;
    let p99 = reopened(0.99);
    outcome.figure("reopen p50 ms", reopened(0.5));
    outcome.figure("reopen p99 ms", p99);
    outcome.figure("reopen max ms", reopened(1.0));
    outcome.figure("seconds", begun.elapsed().as_secs());
    for broken in tally.broken {
        outcome.break_promise(broken);
    }
    // A debug build on a busy machine says nothing about a phone.
    if !cfg!(debug_assertions) {
        outcome.check(p99 <= REOPEN_P99_MS, || {
            format!("opening again took {p99} ms at the 99th percentile")
        });
    }
    outcome.check(tally.kills == arguments.kills, || {
        format!("only {} processes were killed", tally.kills)
    });
    Ok(outcome)
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.kills += other.kills;
        self.kills_while_opening += other.kills_while_opening;
        self.saved += other.saved;
        self.drafts += other.drafts;
        self.sent += other.sent;
        self.server_kills += other.server_kills;
        self.reopened_ms.extend(other.reopened_ms);
        self.broken.extend(other.broken);
    }
}
