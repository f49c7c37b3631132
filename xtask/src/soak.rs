//! `cargo xtask soak`: every machine of the fault lab in turn, large, round
//! after round with another seed each time, until the time is over.
//!
//! Owns which machines run at which size in one round, and the summary. What
//! the machines do is in `tests/src/lab`.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use crate::{lab, run::Workspace};

/// One round: a machine and its size. Each takes a few minutes on two cores,
/// so that all of them get their turn within an hour; a night has many rounds.
const ROUND: &[&[&str]] = &[
    &["crash", "--mode", "save", "--kills", "2000"],
    &["crash", "--mode", "sync", "--kills", "200"],
    &["powerloss", "--images", "20000"],
    &["nth-fault", "--kinds", "eio,enospc,short"],
    &["hostile"],
    &["forge", "--n", "20000"],
    &["fuzz", "--seconds", "30"],
    &["sim", "--devices", "20", "--ops", "20000"],
    &["restore", "--trials", "20"],
    &["clone", "--trials", "50"],
    &["chaos", "--devices", "20", "--records", "50"],
];

/// Options of `cargo xtask soak`.
#[derive(Debug, Args)]
pub(crate) struct SoakArguments {
    /// No machine is started after so many minutes; each runs to its end.
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// Seed of the first round; the next round's is one more.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// How one machine's run ended.
struct Run {
    shown: String,
    seed: u64,
    seconds: u64,
    held: bool,
    /// What the machine printed; null if it could not be tried.
    outcome: Value,
}

/// Runs round after round; `false` if a promise did not hold or could not be
/// tried.
pub(crate) fn run(workspace: &Workspace, arguments: &SoakArguments) -> anyhow::Result<bool> {
    lab::build(workspace)?;
    let begun = Instant::now();
    let until = Duration::from_secs(arguments.minutes.saturating_mul(60));
    let mut runs = Vec::new();
    for (number, machine) in ROUND.iter().cycle().enumerate() {
        if begun.elapsed() >= until {
            break;
        }
        let round = u64::try_from(number / ROUND.len())?;
        let seed = arguments.seed.wrapping_add(round);
        let run = run_one(workspace, machine, seed)?;
        if !arguments.json {
            println!("{}", line(&run));
        }
        runs.push(run);
    }
    let held = runs.iter().filter(|run| run.held).count();
    let all_held = held == runs.len();
    if arguments.json {
        let runs: Vec<Value> = runs.iter().map(to_json).collect();
        println!("{}", json!({ "held": all_held, "runs": runs }));
    } else {
        let minutes = begun.elapsed().as_secs() / 60;
        println!("{held} of {} runs held in {minutes} minutes", runs.len());
        if runs.len() < ROUND.len() {
            println!("!! not every machine had its turn");
        }
    }
    Ok(all_held)
}

fn run_one(workspace: &Workspace, machine: &[&str], seed: u64) -> anyhow::Result<Run> {
    let begun = Instant::now();
    let outcome = lab::program(workspace)
        .args(machine)
        .args(["--json", "--seed", &seed.to_string()])
        .capture()
        .with_context(|| format!("running {}", machine.join(" ")))?;
    let printed: Value = outcome
        .output
        .lines()
        .find_map(|line| serde_json::from_str(line).ok())
        .unwrap_or_default();
    Ok(Run {
        shown: machine.join(" "),
        seed,
        seconds: begun.elapsed().as_secs(),
        held: outcome.success && printed.get("held") == Some(&Value::Bool(true)),
        outcome: printed,
    })
}

fn line(run: &Run) -> String {
    let verdict = match (run.held, run.outcome.is_null()) {
        (true, _) => "held",
        (false, false) => "BROKEN",
        (false, true) => "NOT TRIED",
    };
    let mut text = format!(
        "{verdict:<10}{:>6} s  seed {:<6} {}",
        run.seconds, run.seed, run.shown
    );
    let broken = run.outcome.get("broken").and_then(Value::as_array);
    for what in broken
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .take(5)
    {
        text.push_str("\n    ");
        text.push_str(what);
    }
    text
}

fn to_json(run: &Run) -> Value {
    json!({
        "command": run.shown,
        "seed": run.seed,
        "seconds": run.seconds,
        "held": run.held,
        "outcome": run.outcome,
    })
}

#[cfg(test)]
mod tests {
    use clap::Subcommand as _;

    use super::*;

    fn ended(held: bool, outcome: Value) -> Run {
        Run {
            shown: "forge --n 5".to_owned(),
            seed: 3,
            seconds: 12,
            held,
            outcome,
        }
    }

    #[test]
    fn what_broke_is_named_and_what_could_not_be_tried_is_not_called_held() {
        let broken = ended(false, json!({ "held": false, "broken": ["rows differ"] }));
        assert!(line(&broken).contains("BROKEN") && line(&broken).contains("rows differ"));
        assert!(line(&ended(false, Value::Null)).contains("NOT TRIED"));
        assert!(line(&ended(true, json!({ "held": true }))).contains("held"));
    }

    #[test]
    fn every_machine_of_a_round_is_one_of_the_labs() {
        for machine in ROUND {
            let name = machine.first().copied().unwrap_or_default();
            assert!(lab::Machine::has_subcommand(name), "{name}");
        }
    }
}
