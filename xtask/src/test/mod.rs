//! `cargo xtask test`: all tests of all languages, counted together.
//!
//! Each part runs the test program of its language, shows what it prints and
//! reads the counts out of it. A part whose toolchain is missing is skipped
//! with a loud note; with `CI=true` that is a failure. The last line is always
//! `N passed, N failed, N skipped`.

mod cargo_output;
mod node_output;
mod parts;
mod surefire;
mod swift_output;

use std::{ops::AddAssign, time::Instant};

use clap::{Args, ValueEnum};

use crate::run::Workspace;

/// Options of `cargo xtask test`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TestArguments {
    /// Run only these parts.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
}

/// The parts, one per test program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// `cargo test` over the whole workspace.
    Rust,
    /// The Kotlin bindings on a JVM, through Maven.
    Jvm,
    /// The Swift bindings on Linux.
    Swift,
    /// Interoperation with the JavaScript library of Automerge.
    Node,
    /// The console in Chromium.
    Browser,
}

/// How many tests ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Ran and held.
    pub(crate) passed: u64,
    /// Ran and did not hold, or could not run although they had to.
    pub(crate) failed: u64,
    /// Did not run.
    pub(crate) skipped: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// What became of one part.
#[derive(Debug)]
pub(crate) enum Report {
    /// It ran; the second field tells what went wrong besides the tests.
    Ran(Tally, Option<String>),
    /// It could not run here: why, and how to change that.
    Skipped(String),
}

/// Runs the parts; `true` when nothing failed.
pub(crate) fn run(workspace: &Workspace, arguments: &TestArguments) -> bool {
    let strict = std::env::var("CI").is_ok_and(|value| value == "true" || value == "1");
    let built = parts::build(workspace);
    let mut total = Tally::default();
    let mut lines = Vec::new();
    for part in Part::value_variants() {
        if !arguments.only.is_empty() && !arguments.only.contains(part) {
            continue;
        }
        let name = part
            .to_possible_value()
            .map(|value| value.get_name().to_owned());
        let name = name.unwrap_or_default();
        println!("\n=== {name} ===");
        let started = Instant::now();
        // A part that cannot even start has failed; the others still run.
        let report = parts::run(*part, workspace, &built).unwrap_or_else(|error| {
            Report::Ran(
                Tally {
                    failed: 1,
                    ..Tally::default()
                },
                Some(format!("{error:#}")),
            )
        });
        let (tally, remark) = judge(report, strict);
        total += tally;
        let seconds = started.elapsed().as_secs_f64();
        let Tally {
            passed,
            failed,
            skipped,
        } = tally;
        lines.push(format!(
            "{name:<9}{passed:>6} passed {failed:>5} failed {skipped:>5} skipped {seconds:>8.1} s{}",
            remark.map(|remark| format!("\n         !! {remark}")).unwrap_or_default()
        ));
    }
    println!("\n=== all tests ===");
    for line in &lines {
        println!("{line}");
    }
    let holds = total.failed == 0 && !(strict && total.skipped > 0);
    if strict && total.skipped > 0 {
        println!("!! CI=true: nothing may be skipped");
    }
    println!("{}", summary(total));
    holds
}

/// Turns a report into counts and a remark; `strict` makes a skipped part fail.
fn judge(report: Report, strict: bool) -> (Tally, Option<String>) {
    match report {
        Report::Ran(mut tally, problem) => {
            if problem.is_some() && tally.failed == 0 {
                tally.failed = 1;
            }
            if problem.is_none() && tally.passed + tally.failed == 0 {
                tally.failed = 1;
                return (tally, Some("no test ran at all".to_owned()));
            }
            (tally, problem)
        }
        Report::Skipped(reason) if strict => {
            let remark = format!("SKIPPED, which CI=true counts as a failure: {reason}");
            (
                Tally {
                    failed: 1,
                    ..Tally::default()
                },
                Some(remark),
            )
        }
        Report::Skipped(reason) => (
            Tally {
                skipped: 1,
                ..Tally::default()
            },
            Some(format!("SKIPPED: {reason}")),
        ),
    }
}

fn summary(total: Tally) -> String {
    let Tally {
        passed,
        failed,
        skipped,
    } = total;
    format!("{passed} passed, {failed} failed, {skipped} skipped")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn the_last_line_has_the_form_that_others_read() {
        assert_eq!(summary(tally(12, 0, 3)), "12 passed, 0 failed, 3 skipped");
    }

    #[test]
    fn a_missing_toolchain_skips_here_and_fails_in_ci() {
        let missing = || Report::Skipped("no mvn".to_owned());
        assert_eq!(judge(missing(), false).0, tally(0, 0, 1));
        assert_eq!(judge(missing(), true).0, tally(0, 1, 0));
    }

    #[test]
    fn a_program_that_broke_without_a_failed_test_is_a_failure() {
        let (counted, _) = judge(Report::Ran(tally(5, 0, 0), Some("exit 101".into())), false);
        assert_eq!(counted, tally(5, 1, 0));
        let (counted, _) = judge(Report::Ran(tally(5, 2, 0), Some("exit 101".into())), false);
        assert_eq!(
            counted,
            tally(5, 2, 0),
            "failed tests explain the exit status"
        );
    }

    #[test]
    fn a_part_in_which_nothing_ran_is_a_failure() {
        assert_eq!(
            judge(Report::Ran(tally(0, 0, 0), None), false).0,
            tally(0, 1, 0)
        );
        assert_eq!(
            judge(Report::Ran(tally(0, 0, 4), None), false).0,
            tally(0, 1, 4)
        );
    }
}
