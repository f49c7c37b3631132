//! Valid pushes with one thing about them changed, as somebody would who wants
//! to write in another's name, elsewhere, or what is not theirs to write.
//!
//! **What counts as a forgery.** Either the wire: a push of the victim, with
//! anything changed that the victim's signature or a hash should protect, sent
//! without the victim's key. Or an insider: an enrolled colleague of the same
//! grid, or a stranger of another, who signs with their own key what they have
//! no right to: the victim's changes, device, app life or actor, grids of
//! others, fields of the server, counters, lives, gaps. Every mutation is made
//! so that it *is* one of these. Not counted: what a device may say of its own
//! work (another time in its own change, hashed and signed again, is its own
//! claim), what no push contains (cursors, version texts), and the second form
//! (r, n − s) every ECDSA signature has: it says the same.
//!
//! **What must hold** for each: no item is accepted, no row of
//! [`Target::state`] changes, the evidence is there (an audit entry for a push
//! that is not what its device signed, a quarantine row for a change kept
//! apart), and afterwards the victim's untouched push, of which the mutations
//! were made, is accepted whole.

mod shot;

use std::collections::BTreeMap;

use anyhow::Context as _;
use clap::Args;
use wangge_model::{
    Timestamp,
    protocol::{ProblemCode, Verdict, seal},
    testing::SeededEntropy,
};

use super::{
    Outcome,
    target::{Device, Said, Target},
};
use crate::workload::Workload;
use shot::{Armoury, FIELDS, Shot};

/// Mutations of one push of the victim.
const VOLLEY: u64 = 100;
/// When the workload's people work.
const WORK_TIME: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// What to try.
#[derive(Debug, Clone, Args)]
pub struct ForgeArguments {
    /// Mutations in all.
    #[arg(long, default_value_t = 100_000)]
    pub n: u64,
    /// How many of them go to a real server process over its socket; the others
    /// go through the same router and storage inside this process.
    #[arg(long, default_value_t = 2_000)]
    pub process: u64,
}

/// Runs the machine.
pub fn run(arguments: &ForgeArguments, seed: u64) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new("forge", seed);
    let process = arguments.process.min(arguments.n);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(async {
            let mut tally = Tally::default();
            let target = Target::here(seed).await?;
            attack(
                target,
                arguments.n - process,
                seed,
                &mut tally,
                &mut outcome,
            )
            .await?;
            outcome.figure("mutations in process", tally.shots);
            if process > 0 {
                let before = tally.shots;
                let target = Target::process()?;
                attack(target, process, seed ^ 1, &mut tally, &mut outcome).await?;
                outcome.figure("mutations at a server process", tally.shots - before);
            }
            tally.tell(&mut outcome);
            anyhow::Ok(())
        })?;
    Ok(outcome)
}

/// What became of the mutations.
#[derive(Debug, Default)]
struct Tally {
    shots: u64,
    accepted: u64,
    changed: u64,
    refused: u64,
    kept_apart: u64,
    asked: u64,
    genuine: u64,
    by_field: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn tell(&self, outcome: &mut Outcome) {
        outcome.figure("mutations", self.shots);
        outcome.figure("fields", self.by_field.len());
        outcome.figure(
            "fewest mutations of a field",
            self.by_field.values().min().copied().unwrap_or(0),
        );
        outcome.figure("accepted", self.accepted);
        outcome.figure("volleys after which rows differed", self.changed);
        outcome.figure("refused as a whole", self.refused);
        outcome.figure("kept apart", self.kept_apart);
        outcome.figure("answered with a question", self.asked);
        outcome.figure("victim's changes accepted after", self.genuine);
    }
}

async fn attack(
    mut target: Target,
    mutations: u64,
    seed: u64,
    tally: &mut Tally,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let entropy = SeededEntropy::new(seed);
    let [here, there] = target.grids;
    let victim = Device::enrol(&mut target, "王小明", here, &entropy).await?;
    let colleague = Device::enrol(&mut target, "李秀英", here, &entropy).await?;
    let stranger = Device::enrol(&mut target, "赵建国", there, &entropy).await?;
    let workload = Workload::new(seed, WORK_TIME);
    let mut armoury = Armoury::new(victim, colleague, stranger, workload, seed);
    armoury.settle(&mut target).await?;
    let mut left = mutations;
    let mut next = 0_usize;
    while left > 0 {
        let volley = left.min(VOLLEY);
        left -= volley;
        armoury.load()?;
        let before = target.state()?;
        for _ in 0..volley {
            let field = FIELDS
                .get(next % FIELDS.len())
                .copied()
                .context("no field")?;
            next += 1;
            let shot = armoury.shot(field)?;
            fire(&mut target, &shot, tally, outcome).await?;
        }
        if target.state()? != before {
            tally.changed += 1;
            outcome.break_promise(format!("rows differ after volley {}", tally.shots / VOLLEY));
        }
        if !target.is_alive() {
            outcome.break_promise("the server died");
            return Ok(());
        }
        let (taken, all) = armoury.genuine(&mut target).await?;
        tally.genuine += taken;
        outcome.check(taken == all, || {
            format!("of the victim's {all} changes {taken} were accepted afterwards")
        });
    }
    Ok(())
}

/// Sends one mutation and judges the answer.
async fn fire(
    target: &mut Target,
    shot: &Shot,
    tally: &mut Tally,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    tally.shots += 1;
    *tally.by_field.entry(shot.field.name()).or_default() += 1;
    let refusals = target.count_refusals()?;
    let items = &shot.request.items;
    let said = target.push(&shot.token, seal(&shot.request)).await?;
    let name = shot.field.name();
    match said {
        Said::Refused(code) => {
            tally.refused += 1;
            outcome.check(shot.expected.contains(&code.as_str()), || {
                format!("{name}: refused as {code}")
            });
            // Without a session there is nobody to write down.
            let due = u64::from(code != ProblemCode::SessionRequired.as_str());
            let written = target.count_refusals()? - refusals;
            outcome.check(written == due, || {
                format!("{name}: refused as {code} with {written} audit entries")
            });
        }
        Said::Answered(verdicts) => {
            outcome.check(verdicts.len() == items.len(), || {
                format!(
                    "{name}: {} verdicts for {} items",
                    verdicts.len(),
                    items.len()
                )
            });
            for (verdict, item) in verdicts.iter().zip(items) {
                let code = match verdict {
                    Verdict::Accepted { .. } => {
                        tally.accepted += 1;
                        "accepted"
                    }
                    Verdict::Duplicate => "duplicate",
                    Verdict::Quarantined { code, .. } => {
                        tally.kept_apart += 1;
                        code
                    }
                    Verdict::ActorFork => "actor_fork",
                    Verdict::MissingDeps { .. } => "missing_deps",
                    Verdict::Erased => "erased",
                    Verdict::StaleRecordEpoch { .. } => "stale_record_epoch",
                };
                tally.asked += u64::from(["missing_deps", "stale_record_epoch"].contains(&code));
                outcome.check(shot.expected.contains(&code), || {
                    format!("{name}: an item was answered with {code}")
                });
                if matches!(verdict, Verdict::Quarantined { .. }) {
                    let kept = target.is_kept_apart(&shot.device, &item.record, &item.hash)?;
                    outcome.check(kept, || format!("{name}: {code}, but nothing is kept"));
                }
            }
        }
        Said::Nonsense(status) => {
            outcome.break_promise(format!("{name}: HTTP {status} without a readable answer"));
        }
    }
    Ok(())
}
