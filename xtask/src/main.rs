//! Every chore and check of the project: `cargo xtask --help`.
//!
//! Continuous integration calls these commands and nothing else, so "passes
//! here" means "passes there". This crate depends on no other member of the
//! workspace: it must still build when they do not.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing what was checked and what failed is this program's job"
)]

mod bench;
mod bindings;
mod lab;
mod lint;
mod metadata;
mod migration;
mod run;
mod soak;
mod source;
mod test;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::run::Workspace;

/// Every chore and check of the project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What continuous integration runs: lint, then test.
    Ci,
    /// Every rule a reviewer would otherwise repeat by hand.
    Lint(lint::LintArguments),
    /// All tests of all languages; ends with `N passed, N failed, N skipped`.
    Test(test::TestArguments),
    /// Format the Rust sources.
    Fmt {
        /// Change nothing; fail if a file is not formatted.
        #[arg(long)]
        check: bool,
    },
    /// Generate the Kotlin or Swift side of `wangge-ffi` from its debug library.
    Bindings {
        /// The language to generate.
        language: bindings::Language,
    },
    /// Build and run the benchmarks; what follows is passed on (for example `--json`).
    Bench {
        /// Arguments of the benchmark program.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    #[command(flatten)]
    Lab(lab::Machine),
    /// Run every machine of the fault lab in turn, large, until the time is over.
    Soak(soak::SoakArguments),
    /// Build and run the demonstration; what follows is passed on (for example `--exit`).
    Demo {
        /// Arguments of `wangge demo`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Create a file that has a place and a number of its own.
    New {
        #[command(subcommand)]
        what: New,
    },
}

#[derive(Debug, Subcommand)]
enum New {
    /// The next numbered migration of a database.
    Migration(migration::MigrationArguments),
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one command; `false` means it ran and found something wrong.
fn dispatch(command: Command) -> anyhow::Result<bool> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Ci => {
            // Both always run: a formatting slip should not hide a failing test.
            let lint = lint::run(&workspace, &lint::LintArguments::default())?;
            let test = test::run(&workspace, &test::TestArguments::default());
            Ok(lint && test)
        }
        Command::Lint(arguments) => lint::run(&workspace, &arguments),
        Command::Test(arguments) => Ok(test::run(&workspace, &arguments)),
        Command::Fmt { check } => {
            let mut arguments = vec!["fmt", "--all"];
            if check {
                arguments.push("--check");
            }
            workspace.cargo(arguments).status_ok()
        }
        Command::Bindings { language } => bindings::generate(&workspace, language).map(|()| true),
        Command::Bench { rest } => bench::run(&workspace, &rest),
        Command::Lab(machine) => lab::run(&workspace, &machine),
        Command::Soak(arguments) => soak::run(&workspace, &arguments),
        Command::Demo { rest } => {
            let mut arguments = vec!["run", "--release", "-p", "wangge-server", "--", "demo"];
            arguments.extend(rest.iter().map(String::as_str));
            workspace.cargo(arguments).status_ok()
        }
        Command::New {
            what: New::Migration(arguments),
        } => migration::create(&workspace, &arguments).map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn passes_options_through_to_the_benchmarks() {
        let parsed = Arguments::parse_from(["xtask", "bench", "--json", "--only", "s2"]);
        let Command::Bench { rest } = parsed.command else {
            panic!("not the bench command")
        };
        assert_eq!(rest, ["--json", "--only", "s2"]);
    }
}
