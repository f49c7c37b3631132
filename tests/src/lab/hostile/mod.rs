//! A hostile phone at a real server process: every fixture that ever made
//! Automerge panic, hang or swell, the bombs, and valid pushes that were
//! damaged and then hashed and signed again.
//!
//! Each bad thing travels between two good records of the same push. What must
//! hold: the good ones are taken, the bad one is kept apart, asked about or
//! refused with a reason, the server lives, and neither time nor memory is
//! wasted on it. A damaged change that still follows every rule is the device's
//! own work and may be accepted; the guard, not this machine, says what the
//! rules are, and `forge` tries what breaks them.

pub mod bombs;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use automerge::ScalarValue;
use clap::Args;
use wangge_model::{
    ChangeHash, RecordId, RecordKind, Timestamp,
    protocol::{PushItem, Verdict, deflate, seal, to_cbor},
    testing::SeededEntropy,
};

use super::{
    Outcome,
    mutate::{Mutator, mend_chunk, mend_chunk_length},
    target::{Device, Said, Target},
};
use crate::{light_client::item_of_bytes, process, statistics::percentile, workload::Workload};

/// Longest time for one bad thing, on a machine that does nothing else.
const PATIENCE_MS: f64 = 200.0;
/// Most memory one may cost, in KiB.
const MEMORY_KIB: u64 = 32 << 10;
/// Changes without their parent in one push.
const CHILDREN: usize = 2_000;
/// Tries of one push before its time counts: other programs share the machine.
const TRIES: usize = 4;

/// What to try.
#[derive(Debug, Clone, Args)]
pub struct HostileArguments {
    /// Damaged valid pushes.
    #[arg(long, default_value_t = 5_000)]
    pub mutations: u64,
    /// Only every n-th fixture.
    #[arg(long, default_value_t = 1)]
    pub every: usize,
    /// Where the fixtures are; the repository's own if not given.
    #[arg(long)]
    pub fixtures: Option<PathBuf>,
    /// Do not judge times: other programs are busy on this machine.
    #[arg(long)]
    pub untimed: bool,
}

/// Runs the machine.
pub fn run(arguments: &HostileArguments, seed: u64) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new("hostile", seed);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(async {
            let mut range = Range::open(seed).await?;
            range.fixtures(arguments, &mut outcome).await?;
            range.bombs(&mut outcome).await?;
            range.mutations(arguments.mutations, &mut outcome).await?;
            range.tell(arguments, &mut outcome);
            anyhow::Ok(())
        })?;
    Ok(outcome)
}

/// A hostile phone before its server.
#[derive(Debug)]
struct Range {
    target: Target,
    device: Device,
    workload: Workload,
    mutator: Mutator,
    pid: u32,
    fixtures: u64,
    bombs: u64,
    damaged: u64,
    still_fine: u64,
    times: Vec<f64>,
    most_kib: u64,
}

/// What became of one push.
#[derive(Debug)]
struct Sent {
    said: Said,
    took: Duration,
    grown_kib: u64,
}

impl Range {
    async fn open(seed: u64) -> anyhow::Result<Self> {
        let mut target = Target::process()?;
        let grid = target.grids[0];
        let entropy = SeededEntropy::new(seed);
        let device = Device::enrol(&mut target, "王小明", grid, &entropy).await?;
        let pid = target.server().context("no process")?.pid();
        let workload = Workload::new(seed, Timestamp::from_millis(1_767_225_600_000));
        let mut range = Self {
            target,
            device,
            workload,
            mutator: Mutator::new(seed),
            pid,
            fixtures: 0,
            bombs: 0,
            damaged: 0,
            still_fine: 0,
            times: Vec::new(),
            most_kib: 0,
        };
        // What a server allocates once, at its first pushes, is nobody's bomb.
        for _ in 0..20 {
            let good = range.good()?;
            let said = range.send(vec![good]).await?.said;
            ensure!(accepted(&said) == 1, "an honest push: {said:?}");
        }
        Ok(range)
    }

    fn good(&mut self) -> anyhow::Result<PushItem> {
        let record = self.workload.next_authored(self.device.actor)?;
        Ok(record.push_item(self.device.grid))
    }

    fn new_record(&mut self) -> RecordId {
        RecordId::make(&wangge_model::SystemClock, self.workload.entropy())
    }

    fn bad(&mut self, kind: RecordKind, bytes: &[u8]) -> PushItem {
        item_of_bytes(self.new_record(), kind, self.device.grid, bytes)
    }

    /// Sends one body, measured.
    async fn send_body(&mut self, body: Vec<u8>) -> anyhow::Result<Sent> {
        process::reset_peak(self.pid)?;
        let before = process::memory(self.pid)?.now_kib;
        let begun = Instant::now();
        let said = self.target.push(&self.device.token, body).await?;
        let took = begun.elapsed();
        let peak = process::memory(self.pid)?.peak_kib;
        Ok(Sent {
            said,
            took,
            grown_kib: peak.saturating_sub(before),
        })
    }

    async fn send(&mut self, items: Vec<PushItem>) -> anyhow::Result<Sent> {
        let request = self.device.honest(items)?;
        self.send_body(seal(&request)).await
    }

    /// Sends bad items between two good ones and judges everything but what is
    /// said about the bad ones; answers that. What takes too long is sent again
    /// (with other good records), and the quickest time counts.
    async fn between(
        &mut self,
        name: &str,
        bad: &[PushItem],
        outcome: &mut Outcome,
    ) -> anyhow::Result<Vec<Verdict>> {
        let mut quickest = Duration::MAX;
        let mut first = None;
        for _ in 0..TRIES {
            let mut items = vec![self.good()?];
            items.extend_from_slice(bad);
            items.push(self.good()?);
            let sent = self.send(items).await?;
            quickest = quickest.min(sent.took);
            self.most_kib = self.most_kib.max(sent.grown_kib);
            outcome.check(sent.grown_kib <= MEMORY_KIB, || {
                format!("{name}: {} KiB", sent.grown_kib)
            });
            let Said::Answered(mut verdicts) = sent.said else {
                outcome.break_promise(format!("{name}: {:?}", sent.said));
                return Ok(Vec::new());
            };
            if verdicts.len() != bad.len() + 2 {
                outcome.break_promise(format!("{name}: {} verdicts", verdicts.len()));
                return Ok(Vec::new());
            }
            for good in [verdicts.remove(0), verdicts.pop().context("no verdict")?] {
                outcome.check(matches!(good, Verdict::Accepted { .. }), || {
                    format!("{name}: a good record beside it got {good:?}")
                });
            }
            first.get_or_insert(verdicts);
            let each = quickest.as_secs_f64() * 1e3;
            if each <= PATIENCE_MS || bad.len() > 1 {
                break;
            }
        }
        // Many bad items share their push's time.
        let each = quickest.as_secs_f64() * 1e3 / f64::from(u32::try_from(bad.len().max(1))?);
        self.times.push(each);
        outcome.check(self.target.is_alive(), || {
            format!("{name}: the server died")
        });
        Ok(first.unwrap_or_default())
    }

    /// One bad item, which must not get in.
    async fn keeps_out(
        &mut self,
        name: &str,
        bad: PushItem,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let verdicts = self.between(name, &[bad], outcome).await?;
        let fine = match verdicts.as_slice() {
            [Verdict::Quarantined { code, .. }] => !code.is_empty(),
            [Verdict::MissingDeps { hashes }] => !hashes.is_empty(),
            [Verdict::ActorFork] => true,
            _ => false,
        };
        outcome.check(fine, || format!("{name}: {verdicts:?}"));
        Ok(())
    }

    async fn fixtures(
        &mut self,
        arguments: &HostileArguments,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let folder = arguments.fixtures.clone().unwrap_or_else(|| {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/automerge-hostile")
        });
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder)
            .with_context(|| format!("the fixtures in {}", folder.display()))?
        {
            files.push(entry?.path());
        }
        files.sort();
        for file in files.iter().step_by(arguments.every.max(1)) {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let bad = self.bad(RecordKind::Household, &std::fs::read(file)?);
            self.keeps_out(&name, bad, outcome).await?;
            self.fixtures += 1;
        }
        Ok(())
    }

    async fn bombs(&mut self, outcome: &mut Outcome) -> anyhow::Result<()> {
        let actor = self.device.actor;
        let nulls = bombs::million(actor, &ScalarValue::Null)?
            .raw_bytes()
            .to_vec();
        let numbers = bombs::million(actor, &ScalarValue::Int(7))?
            .bytes()
            .to_vec();
        let mut all = vec![
            ("a million nulls in one change".to_owned(), nulls),
            ("a million numbers, compressed".to_owned(), numbers),
        ];
        for mebibytes in [1, 20, 100] {
            let name = format!("{mebibytes} MiB of one letter, compressed");
            all.push((name, bombs::swelling(actor, mebibytes)?));
        }
        for (name, bytes) in all {
            let bad = self.bad(RecordKind::Visit, &bytes);
            // Making a bomb may take longer than the server keeps an idle
            // connection open.
            self.target.reconnect().await?;
            self.keeps_out(&name, bad, outcome).await?;
            self.bombs += 1;
        }
        let record = self.new_record();
        let (parent, items) = bombs::orphans(actor, record, self.device.grid, CHILDREN)?;
        self.target.reconnect().await?;
        let verdicts = self.between("orphans", &items, outcome).await?;
        self.bombs += 1;
        outcome.check(
            matches!(verdicts.first(), Some(Verdict::MissingDeps { hashes }) if *hashes == [parent]),
            || format!("the first orphan got {:?}", verdicts.first()),
        );
        outcome.check(
            !verdicts
                .iter()
                .any(|v| matches!(v, Verdict::Accepted { .. })),
            || "an orphan was accepted".to_owned(),
        );
        // Ten gigabytes of zeros in 320 KB, as a body.
        let bomb = bombs::zeros(10 * (1 << 30) / 131_072);
        let mut quickest = f64::MAX;
        for _ in 0..TRIES {
            self.target.reconnect().await?;
            let sent = self.send_body(bomb.clone()).await?;
            self.most_kib = self.most_kib.max(sent.grown_kib);
            quickest = quickest.min(sent.took.as_secs_f64() * 1e3);
            outcome.check(
                sent.said == Said::Refused("body_too_large".to_owned()),
                || format!("ten gigabytes of zeros: {:?}", sent.said),
            );
            outcome.check(sent.grown_kib <= MEMORY_KIB, || {
                format!("ten gigabytes of zeros: {} KiB", sent.grown_kib)
            });
            if quickest <= PATIENCE_MS {
                break;
            }
        }
        self.times.push(quickest);
        self.bombs += 1;
        self.target.reconnect().await
    }

    /// Valid pushes, damaged: three of four inside a change, which is hashed
    /// and signed again so that it gets as far as it can; one of four in the
    /// whole message.
    async fn mutations(&mut self, mutations: u64, outcome: &mut Outcome) -> anyhow::Result<()> {
        let mut other = self.good()?.change;
        for number in 0..mutations {
            let good = self.good()?;
            let name = format!("mutation {number}");
            self.damaged += 1;
            if number % 4 == 3 {
                self.damage_message(&name, good, &other, outcome).await?;
                continue;
            }
            let mut bytes = self.mutator.damage(&good.change, &other, 1 << 16);
            let hash = if self.mutator.below(2) == 0 {
                mend_chunk(&mut bytes)
            } else {
                mend_chunk_length(&mut bytes)
            };
            let bad = PushItem {
                hash: ChangeHash::from_bytes(hash),
                change: bytes,
                ..good.clone()
            };
            let verdicts = self.between(&name, &[bad], outcome).await?;
            match verdicts.as_slice() {
                [Verdict::Accepted { .. }] => self.still_fine += 1,
                [
                    Verdict::Quarantined { .. }
                    | Verdict::MissingDeps { .. }
                    | Verdict::ActorFork
                    | Verdict::Duplicate,
                ] => {}
                _ => outcome.break_promise(format!("{name}: {verdicts:?}")),
            }
            other = good.change;
        }
        Ok(())
    }

    async fn damage_message(
        &mut self,
        name: &str,
        good: PushItem,
        other: &[u8],
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let request = self.device.honest(vec![good])?;
        let damaged = self.mutator.damage(&to_cbor(&request), other, 1 << 20);
        let mut body = deflate(&damaged);
        if self.mutator.below(4) == 0 {
            body = self.mutator.damage(&body, other, 1 << 20);
        }
        let sent = self.send_body(body).await;
        // A damaged message may ask for nothing or for something else; it must
        // be answered, and not as a failure of the server.
        match sent {
            Ok(sent) => {
                self.most_kib = self.most_kib.max(sent.grown_kib);
                self.times.push(sent.took.as_secs_f64() * 1e3);
                outcome.check(sent.grown_kib <= MEMORY_KIB, || {
                    format!("{name}: {} KiB", sent.grown_kib)
                });
                let failed = match &sent.said {
                    Said::Refused(code) => ["internal", "unavailable"].contains(&code.as_str()),
                    Said::Answered(_) => false,
                    Said::Nonsense(_) => true,
                };
                outcome.check(!failed, || format!("{name}: {:?}", sent.said));
            }
            Err(error) => outcome.break_promise(format!("{name}: {error:#}")),
        }
        outcome.check(self.target.is_alive(), || {
            format!("{name}: the server died")
        });
        Ok(())
    }

    fn tell(&self, arguments: &HostileArguments, outcome: &mut Outcome) {
        outcome.figure("fixtures", self.fixtures);
        outcome.figure("bombs", self.bombs);
        outcome.figure("mutations", self.damaged);
        outcome.figure("mutations that broke no rule", self.still_fine);
        let max = self.times.iter().copied().fold(0.0, f64::max);
        outcome.figure("p50 ms", percentile(&self.times, 0.5));
        outcome.figure("p99 ms", percentile(&self.times, 0.99));
        outcome.figure("max ms", max);
        outcome.figure("most memory one cost, KiB", self.most_kib);
        if !arguments.untimed {
            outcome.check(max <= PATIENCE_MS, || format!("one took {max:.0} ms"));
        }
    }
}

fn accepted(said: &Said) -> usize {
    match said {
        Said::Answered(verdicts) => verdicts
            .iter()
            .filter(|verdict| matches!(verdict, Verdict::Accepted { .. }))
            .count(),
        _ => 0,
    }
}
