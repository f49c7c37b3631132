//! Restores the server from a backup of any age, with the real commands, and
//! counts what the phones do not bring back.
//!
//! One phone is gone after the accident: what it had sent, and the case numbers
//! the server gave, can come back only with proof from the others.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use rand::{RngExt as _, SeedableRng as _, seq::IndexedRandom as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use wangge_core::store::testing::CanonicalState;
use wangge_model::{
    Clock as _, FieldPath, FieldValue, RecordId, RecordKind, SystemClock, document::FieldEdit,
};

use super::{
    Outcome,
    world::{Replica, World, differences},
};
use crate::{phone::Phone, workload::Workload};

/// What to try.
#[derive(Debug, Clone, Args)]
pub struct RestoreArguments {
    /// Accidents.
    #[arg(long, default_value_t = 50)]
    pub trials: u32,
    /// Pieces of work before each accident.
    #[arg(long, default_value_t = 24)]
    pub steps: u32,
}

#[derive(Debug, Default)]
struct Tally {
    acknowledged: usize,
    lost_by_backup: usize,
    by_server: usize,
    unsent: usize,
}

/// Runs the machine.
pub fn run(arguments: &RestoreArguments, seed: u64) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new("restore", seed);
    let mut tally = Tally::default();
    let runtime = tokio::runtime::Runtime::new()?;
    for number in 0..arguments.trials {
        let random = ChaCha8Rng::seed_from_u64(seed ^ (u64::from(number) << 32));
        runtime.block_on(trial(arguments, random, number, &mut tally, &mut outcome))?;
    }
    outcome.figure("trials", arguments.trials);
    outcome.figure("changes_acknowledged", tally.acknowledged);
    outcome.figure("changes_the_backup_lacked", tally.lost_by_backup);
    outcome.figure("of_them_the_servers_own", tally.by_server);
    outcome.figure("changes_unsent_at_the_accident", tally.unsent);
    // A run in which no backup lacked anything proves nothing.
    let tried = tally.lost_by_backup > 0 && tally.by_server > 0;
    outcome.check(tried, || "no backup lacked anything".to_owned());
    Ok(outcome)
}

async fn trial(
    arguments: &RestoreArguments,
    mut random: ChaCha8Rng,
    number: u32,
    tally: &mut Tally,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let mut world = World::open()?;
    let mut phones = Vec::new();
    for _ in 0..3 {
        phones.push(world.phone().await?);
    }
    let gone = world.phone().await?;
    let mut workload = Workload::new(random.random(), SystemClock.now());
    let backup = world.server.data().with_file_name("backup.sqlite");
    let backup_at = random.random_range(0..arguments.steps);
    let mut old = Replica::new();
    for step in 0..arguments.steps {
        if step == backup_at {
            old = world.replica().await?;
            world.admin.command("backup", &[backup.as_path()])?;
        }
        let phone = if random.random_ratio(1, 4) {
            &gone
        } else {
            phones.choose(&mut random).unwrap_or(&gone)
        };
        work(phone, &mut workload, &mut random)?;
        if random.random_ratio(2, 3) {
            phone.sync().await?;
        }
    }
    gone.sync().await?;
    for phone in &phones {
        phone.sync().await?;
    }
    let truth = world.replica().await?;
    drop(gone);
    let unsent: usize = phones
        .iter()
        .map(|phone| work(phone, &mut workload, &mut random))
        .sum::<anyhow::Result<usize>>()?;

    world.server.stop(false)?;
    world.admin.command("restore", &[backup.as_path()])?;
    world.server.start_again()?;
    phones.shuffle(&mut random);
    for _ in 0..3 {
        for phone in &phones {
            phone.sync().await?;
        }
    }

    let now = world.replica().await?;
    compare(&truth, &now, number, outcome);
    for phone in &phones {
        for difference in differences(&now, phone)? {
            outcome.break_promise(format!("trial {number}: {difference}"));
        }
        let counts = phone.core.count_states()?;
        outcome.check(counts.on_phone == 0, || {
            format!("trial {number}: {} records stay unsent", counts.on_phone)
        });
    }
    let changes = |replica: &Replica| replica.values().map(|one| one.changes.len()).sum::<usize>();
    tally.acknowledged += changes(&truth);
    tally.lost_by_backup += changes(&truth) - changes(&old);
    tally.by_server += cases(&truth).len() - cases(&old).len();
    tally.unsent += unsent;
    Ok(())
}

/// A new record, and an edit of one that another may have made; answers how
/// many changes.
fn work(phone: &Phone, workload: &mut Workload, random: &mut ChaCha8Rng) -> anyhow::Result<usize> {
    let record = if random.random_ratio(1, 3) {
        (RecordKind::Incident, workload.incident()?)
    } else {
        let record = workload.next_record()?;
        (record.kind, record.edits)
    };
    phone
        .core
        .create_record(record.0, phone.grid()?, &record.1)?;
    let ids = phone.core.store().list_record_ids()?;
    if let Some(id) = ids.choose(random)
        && phone.document(*id)?.kind() == RecordKind::Household
    {
        let room = format!("{}室", random.random_range(100..999));
        let edit = FieldEdit::set(FieldPath::new("address.room")?, FieldValue::text(room));
        phone.core.edit_record(*id, &[edit])?;
        return Ok(2);
    }
    Ok(1)
}

/// Every change that was at the server is there again, every case has the
/// number people know, and no number is given twice.
fn compare(truth: &Replica, now: &Replica, number: u32, outcome: &mut Outcome) {
    for (id, before) in truth {
        let Some(after) = now.get(id) else {
            outcome.break_promise(format!("trial {number}: record {id} is lost"));
            continue;
        };
        let kept: BTreeSet<_> = after.changes.iter().collect();
        let lost = before.changes.iter().filter(|one| !kept.contains(one));
        let lost = lost.count();
        outcome.check(lost == 0, || {
            format!("trial {number}: {lost} changes of record {id} are lost")
        });
    }
    let after = cases(now);
    for (id, case) in cases(truth) {
        outcome.check(after.get(&id) == Some(&case), || {
            format!("trial {number}: case {case} is now {:?}", after.get(&id))
        });
    }
    let distinct: BTreeSet<&String> = after.values().collect();
    outcome.check(distinct.len() == after.len(), || {
        format!("trial {number}: a case number was given twice")
    });
    for (id, state) in now {
        let contradicts = state
            .conflicts
            .iter()
            .any(|conflict| conflict.path.root() == "case");
        outcome.check(!contradicts, || {
            format!("trial {number}: incident {id} has two cases")
        });
    }
}

/// The case number of each incident.
fn cases(replica: &Replica) -> BTreeMap<RecordId, String> {
    let number = |state: &CanonicalState| {
        let path = FieldPath::new("case.number").ok()?;
        let (_, value) = state.fields.iter().find(|(at, _)| *at == path)?;
        value.as_text().map(str::to_owned)
    };
    replica
        .iter()
        .filter_map(|(id, state)| Some((*id, number(state)?)))
        .collect()
}
