//! Copies a phone's folder, token and all, lets both go on, and counts what
//! either loses.

use std::{fs, path::Path};

use clap::Args;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_core::{CoreConfig, sync::SyncStore as _};
use wangge_model::{Clock as _, FieldPath, RecordId, RecordKind, SystemClock};

use super::{
    Outcome,
    world::{World, differences},
};
use crate::{phone::Phone, workload::Workload};

/// What to try.
#[derive(Debug, Clone, Args)]
pub struct CloneArguments {
    /// Copies.
    #[arg(long, default_value_t = 200)]
    pub trials: u32,
}

/// Runs the machine.
pub fn run(arguments: &CloneArguments, seed: u64) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new("clone", seed);
    let runtime = tokio::runtime::Runtime::new()?;
    let mut forks = 0;
    runtime.block_on(async {
        let mut world = World::open()?;
        for number in 0..arguments.trials {
            // A grid that holds every record of every trial would measure the
            // size of the grid.
            if number > 0 && number % 20 == 0 {
                world = World::open()?;
            }
            let random = ChaCha8Rng::seed_from_u64(seed ^ (u64::from(number) << 32));
            forks += trial(&world, random, number, &mut outcome).await?;
        }
        anyhow::Ok(())
    })?;
    outcome.figure("trials", arguments.trials);
    outcome.figure("forks_named_at_the_first_push", forks);
    outcome.check(forks == arguments.trials, || {
        format!("{forks} forks were named in {} trials", arguments.trials)
    });
    Ok(outcome)
}

/// One copy; answers 1 if the copy learnt at its first push that it is one.
async fn trial(
    world: &World,
    mut random: ChaCha8Rng,
    number: u32,
    outcome: &mut Outcome,
) -> anyhow::Result<u32> {
    let mut workload = Workload::new(random.random(), SystemClock.now());
    let folder = tempfile::tempdir()?;
    let first = world.phone().await?;
    first.sync().await?;
    // Both will go on with this one.
    let shared = create(&first, &mut workload)?;
    for _ in 0..random.random_range(0..6) {
        create(&first, &mut workload)?;
        if random.random_ratio(1, 2) {
            first.sync().await?;
        }
    }
    let (first, copy) = duplicate(first, &folder.path().join("copy"))?;
    let mut mine = Vec::new();
    for (phone, path, word) in [(&first, "address.room", "原件"), (&copy, "notes", "副本")] {
        phone.set(shared, path, &format!("{word}{number}"))?;
        for _ in 0..random.random_range(0..4) {
            mine.push(create(phone, &mut workload)?);
        }
    }
    let life = copy.core.store().incarnation()?;
    first.sync().await?;
    copy.sync().await?;
    let named = copy.core.store().incarnation()? != life;
    first.sync().await?;
    copy.sync().await?;

    let server = world.replica().await?;
    for phone in [&first, &copy] {
        for difference in differences(&server, phone)? {
            outcome.break_promise(format!("trial {number}: {difference}"));
        }
        let counts = phone.core.count_states()?;
        outcome.check(counts.on_phone == 0 && counts.needs_attention == 0, || {
            format!("trial {number}: records are stuck: {counts:?}")
        });
    }
    for id in &mine {
        outcome.check(server.contains_key(id), || {
            format!("trial {number}: record {id} is lost")
        });
    }
    for (path, word) in [("address.room", "原件"), ("notes", "副本")] {
        let expected = format!("{word}{number}");
        let found = first.document(shared)?.value(&FieldPath::new(path)?);
        let found = found.as_ref().and_then(|value| value.as_text());
        outcome.check(found == Some(expected.as_str()), || {
            format!("trial {number}: {path} is {found:?} and not {expected}")
        });
    }
    Ok(u32::from(named))
}

fn create(phone: &Phone, workload: &mut Workload) -> anyhow::Result<RecordId> {
    let edits = workload.household()?;
    let grid = phone.grid()?;
    Ok(phone
        .core
        .create_record(RecordKind::Household, grid, &edits)?)
}

/// Switches a phone off, copies its folder as a backup tool would, and switches
/// both on.
fn duplicate(phone: Phone, folder: &Path) -> anyhow::Result<(Phone, Phone)> {
    let config = CoreConfig {
        directory: folder.to_path_buf(),
        ..phone.config().clone()
    };
    let from = phone.folder();
    let closed = phone.switch_off();
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    Ok((closed.switch_on()?, Phone::open(config)?))
}
