//! The fault lab's commands: build the programs as shipped, then run one
//! machine of the lab with whatever arguments follow.

use clap::{Args, Subcommand};

use crate::run::{Job, Workspace};

/// A machine of the lab; `docs/reliability.md` says what each tries to break.
#[derive(Debug, Subcommand)]
pub(crate) enum Machine {
    /// Kill real processes while they save or sync.
    Crash(Rest),
    /// Cut the power: unsynced writes are dropped, torn and reordered.
    Powerloss(Rest),
    /// Fail the n-th disk operation of every action, for every n.
    NthFault(Rest),
    /// Phones and server in one process, deterministic.
    Sim(Rest),
    /// Real server and phones through a proxy that misbehaves.
    Chaos(Rest),
    /// Restore the server from an old backup.
    Restore(Rest),
    /// Copy a phone and let both go on.
    Clone(Rest),
    /// Fixtures, bombs and mutated pushes.
    Hostile(Rest),
    /// Change every field of a valid push as an attacker would.
    Forge(Rest),
    /// Damaged input for everything that reads what a stranger wrote.
    Fuzz(Rest),
}

/// What follows the machine's name; `--help` lists what it may be.
#[derive(Debug, Args)]
pub(crate) struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

impl Machine {
    /// The name the program `lab` knows it by.
    fn parts(&self) -> (&'static str, &Rest) {
        match self {
            Self::Crash(rest) => ("crash", rest),
            Self::Powerloss(rest) => ("powerloss", rest),
            Self::NthFault(rest) => ("nth-fault", rest),
            Self::Sim(rest) => ("sim", rest),
            Self::Chaos(rest) => ("chaos", rest),
            Self::Restore(rest) => ("restore", rest),
            Self::Clone(rest) => ("clone", rest),
            Self::Hostile(rest) => ("hostile", rest),
            Self::Forge(rest) => ("forge", rest),
            Self::Fuzz(rest) => ("fuzz", rest),
        }
    }
}

/// Builds and runs; what the machine prints goes straight through.
pub(crate) fn run(workspace: &Workspace, machine: &Machine) -> anyhow::Result<bool> {
    let (name, Rest { rest }) = machine.parts();
    build(workspace)?;
    program(workspace)
        .args([name])
        .args(rest)
        .quietly()
        .status_ok()
}

/// Builds the programs as shipped, and the lab.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let build = [
        "build",
        "--release",
        "--quiet",
        "-p",
        "wangge-server",
        "-p",
        "wangge-tests",
        "--bins",
    ];
    workspace.cargo(build).quietly().must()
}

/// The program `lab`, which finds the server beside it.
pub(crate) fn program(workspace: &Workspace) -> Job {
    let release = workspace.target().join("release");
    Workspace::program(release.join("lab"), workspace.root())
        .env("WANGGE_BIN", release.join("wangge"))
}
