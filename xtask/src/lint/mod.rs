//! `cargo xtask lint`: the rules of the house, each one a check with a name.
//!
//! Every check runs even if an earlier one failed, so that one run shows all
//! there is to fix. The checks that need a compiler come last.

mod arrows;
mod dependencies;
mod features;
mod links;
mod messages;
mod names;
mod sizes;
mod spdx;
mod supply;
mod tools;
mod words;

use std::{fmt, time::Instant};

use clap::{Args, ValueEnum};

use crate::{
    metadata::Metadata,
    run::Workspace,
    tree::{self, File},
};

/// Options of `cargo xtask lint`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LintArguments {
    /// Run only these checks.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Check>,
    /// Leave out the checks that compile (clippy and the documentation).
    #[arg(long)]
    fast: bool,
}

/// The checks by name, in the order they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Check {
    /// Which crate may depend on which.
    Arrows,
    /// Which file may name which crate; no SQL in handlers and pages.
    Names,
    /// How long a file may be.
    Sizes,
    /// Words that mark unfinished work.
    Words,
    /// Both languages have the same messages.
    Messages,
    /// Links between documents lead somewhere.
    Links,
    /// The tests that docs/features.md names exist.
    Features,
    /// Every direct dependency is explained in docs/dependencies.md.
    Dependencies,
    /// Licences, banned crates and sources of all dependencies.
    Supply,
    /// Spelling, if `typos` is installed.
    Typos,
    /// Formatting.
    Format,
    /// Clippy, with warnings denied.
    Clippy,
    /// Documentation builds without warnings.
    Docs,
}

/// One thing a check has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whether it fails the run.
    pub(crate) severity: Severity,
    /// What is wrong, where, and what to do.
    pub(crate) text: String,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Shown; does not fail.
    Note,
    /// Fails the run.
    Failure,
}

impl Finding {
    /// A finding that fails the run.
    pub(crate) fn failure(text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Failure,
            text: text.into(),
        }
    }

    /// A finding that is only shown.
    pub(crate) fn note(text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.severity {
            Severity::Note => "note",
            Severity::Failure => "FAIL",
        };
        write!(f, "  {mark}: {}", self.text)
    }
}

/// Endings of the files that people write and the source checks read.
const WRITTEN: &[&str] = &[
    "rs", "kt", "kts", "swift", "js", "mjs", "ts", "html", "css", "sql", "sh", "py", "md", "ftl",
];

/// Runs the checks; `true` when none of them failed.
pub(crate) fn run(workspace: &Workspace, arguments: &LintArguments) -> anyhow::Result<bool> {
    let files = tree::read(workspace.root(), WRITTEN)?;
    let mut failures = 0_usize;
    let mut failed = Vec::new();
    for check in Check::value_variants() {
        let wanted = if arguments.only.is_empty() {
            !(arguments.fast && matches!(check, Check::Clippy | Check::Docs))
        } else {
            arguments.only.contains(check)
        };
        if !wanted {
            continue;
        }
        let started = Instant::now();
        let name = check
            .to_possible_value()
            .map(|value| value.get_name().to_owned());
        let name = name.unwrap_or_default();
        // A check that cannot run is a finding too: it must not hide the rest.
        let findings = run_one(*check, workspace, &files)
            .unwrap_or_else(|error| vec![Finding::failure(format!("could not run: {error:#}"))]);
        let wrong = findings
            .iter()
            .filter(|f| f.severity == Severity::Failure)
            .count();
        let verdict = if wrong == 0 { "ok" } else { "FAILED" };
        println!(
            "{name:<14}{verdict:<8}{:>6.1} s",
            started.elapsed().as_secs_f64()
        );
        for finding in &findings {
            println!("{finding}");
        }
        failures += wrong;
        if wrong > 0 {
            failed.push(name);
        }
    }
    if failures == 0 {
        println!("lint: clean");
    } else {
        println!("lint: {failures} failures in {}", failed.join(", "));
    }
    Ok(failures == 0)
}

fn run_one(check: Check, workspace: &Workspace, files: &[File]) -> anyhow::Result<Vec<Finding>> {
    match check {
        Check::Arrows => Ok(arrows::check(&Metadata::load(workspace, false)?)),
        Check::Names => Ok(names::check(files)),
        Check::Sizes => Ok(sizes::check(files)),
        Check::Words => Ok(words::check(files)),
        Check::Messages => Ok(messages::check(files)),
        Check::Links => Ok(links::check(workspace, files)),
        Check::Features => Ok(features::check(files)),
        Check::Dependencies => Ok(dependencies::check(
            &Metadata::load(workspace, false)?,
            files,
        )),
        Check::Supply => supply::check(workspace),
        Check::Typos => tools::typos(workspace),
        Check::Format => tools::format(workspace),
        Check::Clippy => tools::clippy(workspace),
        Check::Docs => tools::docs(workspace),
    }
}
