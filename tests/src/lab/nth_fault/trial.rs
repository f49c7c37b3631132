//! One action under one fault, and what must hold afterwards.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use wangge_core::{Core, Error};

use super::{
    actions::{Action, Work},
    scene::{Scene, Shelved},
};
use crate::lab::{
    disk::{Event, Fault, FaultKind, Loss, Replay},
    disk_phone::{Site, Step},
};

/// How many rows of each table a phone holds after the action went well.
pub(super) type Expected = BTreeMap<String, usize>;

/// What one trial showed.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) was_hit: bool,
    /// The error's kind, if the action failed.
    pub(super) error: Option<String>,
    pub(super) broken: Vec<String>,
}

/// Where trials are made.
pub(super) struct Trial<'a> {
    scene: &'a Scene,
    site: Site,
    /// A second phone, for what is left of the first after a power cut.
    after: Site,
}

const SEED: u64 = 77;

impl<'a> Trial<'a> {
    pub(super) fn new(scene: &'a Scene) -> anyhow::Result<Self> {
        Ok(Self {
            scene,
            site: Site::new()?,
            after: Site::new()?,
        })
    }

    /// What the phone holds if nothing fails.
    pub(super) fn run_clean(&mut self, action: &Action) -> anyhow::Result<Expected> {
        self.set_up(&self.scene.stage(action.stage))?;
        let core = match action.work {
            Work::Open(steps) => self.site.open_core(SEED, steps)?,
            Work::Do(work) => {
                let core = self.site.open_core(SEED, &[])?;
                work(&core, self.scene)?;
                core
            }
        };
        Ok(count(&core.store().list_kept()?))
    }

    /// Does the action with a fault to come.
    pub(super) fn run(
        &mut self,
        action: &Action,
        expected: &Expected,
        fault: Fault,
    ) -> anyhow::Result<Found> {
        let shelved = self.scene.stage(action.stage);
        self.set_up(&shelved)?;
        self.site.disk.record();
        let mut found = Found::default();
        let result = match action.work {
            Work::Open(steps) => self.open(steps, expected, fault, &mut found),
            Work::Do(work) => self.act(work, expected, fault, &mut found),
        };
        self.site.disk.disarm();
        if let Err(error) = result {
            found.broken.push(format!("{error:#}"));
        }
        if found.was_hit && found.broken.is_empty() {
            let steps = match action.work {
                Work::Open(steps) => steps,
                Work::Do(_) => &[],
            };
            if let Err(error) = self.cut_power(&shelved, steps, expected) {
                found.broken.push(format!("after a power cut: {error:#}"));
            }
        }
        Ok(found)
    }

    fn set_up(&mut self, shelved: &Shelved) -> anyhow::Result<()> {
        self.site.insert(shelved.files.clone());
        self.site.set_token(shelved.token.as_deref())
    }

    fn open(
        &self,
        steps: &'static [Step],
        expected: &Expected,
        fault: Fault,
        found: &mut Found,
    ) -> anyhow::Result<()> {
        self.site.disk.arm(fault);
        let result = catch_unwind(AssertUnwindSafe(|| self.site.open_core(SEED, steps)));
        found.was_hit = self.site.disk.disarm();
        let core = match result {
            Err(_) => anyhow::bail!("it panicked"),
            Ok(Ok(core)) => core,
            Ok(Err(error)) => {
                found.error = Some(judge(&error, fault)?);
                // Switched on again.
                self.site.open_core(SEED + 1, steps)?
            }
        };
        self.check(&core, expected)
    }

    fn act(
        &self,
        work: fn(&Core, &Scene) -> anyhow::Result<()>,
        expected: &Expected,
        fault: Fault,
        found: &mut Found,
    ) -> anyhow::Result<()> {
        let core = self.site.open_core(SEED, &[])?;
        let before = core.store().list_kept()?;
        self.site.disk.arm(fault);
        let result = catch_unwind(AssertUnwindSafe(|| work(&core, self.scene)));
        found.was_hit = self.site.disk.disarm();
        match result {
            Err(_) => anyhow::bail!("it panicked"),
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let Some(told) = error.downcast_ref::<Error>() else {
                    anyhow::bail!("it went wrong without an error: {error:#}");
                };
                found.error = Some(judge(told, fault)?);
                let after = core.store().list_kept()?;
                // An action of several transactions may have done the first.
                anyhow::ensure!(
                    after == before || count(&after) == *expected,
                    "it failed and changed something all the same"
                );
                work(&core, self.scene).map_err(|error| error.context("the next try failed"))?;
            }
        }
        self.check(&core, expected)
    }

    fn check(&self, core: &Core, expected: &Expected) -> anyhow::Result<()> {
        // Here the power fails later on: closing would force more out.
        self.site.disk.acknowledge(0);
        let store = core.store();
        let held = count(&store.list_kept()?);
        anyhow::ensure!(held == *expected, "it holds {held:?} and not {expected:?}");
        let wrong = store.check_integrity()?;
        anyhow::ensure!(wrong.is_empty(), "not sound: {}", wrong.join("; "));
        for (stored, summed) in store.check_digests()? {
            anyhow::ensure!(stored == summed, "a grid's digest is wrong");
        }
        Ok(())
    }

    /// What was told to be done is on the disk, whatever a failed sync lost.
    fn cut_power(
        &mut self,
        shelved: &Shelved,
        steps: &'static [Step],
        expected: &Expected,
    ) -> anyhow::Result<()> {
        let mut replay = Replay::of(&shelved.files);
        for event in self.site.disk.take_log() {
            if matches!(event, Event::Acknowledged { .. }) {
                break;
            }
            replay.step(&event);
        }
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        self.after
            .insert(replay.image(Loss::Everything, &mut random));
        self.after.set_token(self.site.token().as_deref())?;
        let core = self.after.open_core(SEED, steps)?;
        self.check(&core, expected)
    }
}

/// Whether the error tells what happened, and nothing worse; answers its kind.
fn judge(error: &Error, fault: Fault) -> anyhow::Result<String> {
    let told = match error {
        Error::StorageFull => "storage full",
        // For the log; SQLite words the same failure in several ways.
        Error::Unexpected(_) => "unexpected",
        other => anyhow::bail!("told as something else: {other:?}"),
    };
    anyhow::ensure!(
        fault.kind != FaultKind::Short || told == "storage full",
        "a full disk is told as {error:?}"
    );
    Ok(told.to_owned())
}

fn count(kept: &[String]) -> Expected {
    let mut counts = Expected::new();
    for row in kept {
        let table = row.split(' ').next().unwrap_or_default();
        *counts.entry(table.to_owned()).or_default() += 1;
    }
    counts
}
