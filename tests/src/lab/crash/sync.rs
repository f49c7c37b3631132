//! Phones that sync with a real server, which is killed now and then too.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_core::sync::{CancelToken, SyncStore as _};
use wangge_model::{
    ChangeHash, GridId, RecordId, SystemEntropy, document::RecordDocument, protocol::EnrolmentLink,
};

use super::{
    CrashArguments, child,
    ward::{Tally, Ward},
};
use crate::{light_client::LightClient, server::Server};

/// Kills of one phone; the next one fetches everything first.
const KILLS_PER_PHONE: u64 = 250;
/// The server lives this long at most, in milliseconds.
const SERVER_LIFE_MS: u64 = 4_000;
/// Syncs at the end before giving up.
const ATTEMPTS: u32 = 20;

/// Kills phones and the server, lets everything come to rest, and compares.
pub(super) fn run(arguments: &CrashArguments, seed: u64) -> anyhow::Result<Tally> {
    let folder = match &arguments.directory {
        Some(directory) => tempfile::tempdir_in(directory)?,
        None => tempfile::tempdir()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut server = Server::start()?;
    let admin = server.admin();
    let grid = admin.create_grid("第一网格")?;
    let worker = admin.create_worker("王小明", grid)?;
    let phones = arguments.phones.max(1);
    let (mut tally, mut done) = (Tally::default(), 0);
    let mut wards: Vec<Ward> = Vec::new();
    while done < arguments.kills {
        let kills = KILLS_PER_PHONE.min((arguments.kills - done).div_ceil(phones));
        let mut shift = Vec::new();
        for _ in 0..phones.min(arguments.kills - done) {
            let phone = (wards.len() + shift.len()) as u64;
            let place = folder.path().join(format!("phone-{phone}"));
            let core = child::open(&place, phone, seed ^ phone)?;
            runtime.block_on(core.enrol(&admin.enrolment_link(worker)?))?;
            shift.push((
                Ward::new(arguments, place, phone, seed)?,
                kills.min(arguments.kills - done),
            ));
            done += kills.min(arguments.kills - done);
        }
        let (lived, server_kills) = work_a_shift(&mut server, shift, seed ^ done)?;
        tally.server_kills += server_kills;
        for (ward, found) in lived {
            tally.add(found);
            wards.push(ward);
        }
    }
    // What was shown as sent is there without anybody's help.
    let before = runtime.block_on(replicate(&admin.enrolment_link(worker)?, grid))?;
    for ward in &wards {
        compare(
            &ward.acknowledged.sent,
            &before,
            "shown as sent",
            &mut tally,
        );
    }
    for ward in &mut wards {
        runtime.block_on(come_to_rest(ward, &mut tally))?;
    }
    let after = runtime.block_on(replicate(&admin.enrolment_link(worker)?, grid))?;
    for ward in &wards {
        compare(&ward.acknowledged.saved, &after, "saved", &mut tally);
    }
    Ok(tally)
}

type Lived = Vec<(Ward, Tally)>;

fn work_a_shift(
    server: &mut Server,
    shift: Vec<(Ward, u64)>,
    seed: u64,
) -> anyhow::Result<(Lived, u64)> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let threads: Vec<_> = shift
            .into_iter()
            .map(|(mut ward, kills)| {
                scope.spawn(move || -> anyhow::Result<(Ward, Tally)> {
                    let mut tally = Tally::default();
                    while tally.kills < kills {
                        ward.live_and_die(&mut tally)?;
                    }
                    Ok((ward, tally))
                })
            })
            .collect();
        let is_over = &is_over;
        let reaper = scope.spawn(move || -> anyhow::Result<u64> {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut kills = 0;
            loop {
                let mut left = random.random_range(0..SERVER_LIFE_MS);
                while left > 0 && !is_over.load(Ordering::Relaxed) {
                    let nap = left.min(20);
                    thread::sleep(Duration::from_millis(nap));
                    left -= nap;
                }
                if is_over.load(Ordering::Relaxed) {
                    return Ok(kills);
                }
                server.restart(false)?;
                kills += 1;
            }
        });
        let joined: Vec<_> = threads
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        is_over.store(true, Ordering::Relaxed);
        let panicked = |_| anyhow::anyhow!("a thread of the lab panicked");
        let server_kills = reaper.join().map_err(panicked)??;
        let lived = joined
            .into_iter()
            .map(|joined| joined.map_err(panicked)?)
            .collect::<anyhow::Result<_>>()?;
        Ok((lived, server_kills))
    })
}

/// Everything the server has of the grid.
async fn replicate(
    link: &EnrolmentLink,
    grid: GridId,
) -> anyhow::Result<BTreeMap<RecordId, RecordDocument>> {
    let mut client = LightClient::enrol(link, None, &SystemEntropy).await?;
    Ok(client.replicate(grid).await?.into_iter().collect())
}

/// The phone syncs until nothing waits.
async fn come_to_rest(ward: &mut Ward, tally: &mut Tally) -> anyhow::Result<()> {
    let core = child::open(&ward.folder, ward.phone, u64::MAX ^ ward.phone)?;
    let mut last = None;
    for _ in 0..ATTEMPTS {
        last = core.sync(Arc::new(()), CancelToken::new()).await.err();
        if last.is_none() && core.store().count_pending()? == 0 {
            return ward.check_all(&core, tally);
        }
    }
    let pending = core.store().count_pending()?;
    tally.broken.push(format!(
        "phone {} does not come to rest: {pending} changes wait, {}",
        ward.phone,
        last.map_or_else(String::new, |error| error.to_string())
    ));
    Ok(())
}

fn compare(
    expected: &BTreeMap<RecordId, BTreeSet<ChangeHash>>,
    server: &BTreeMap<RecordId, RecordDocument>,
    what: &str,
    tally: &mut Tally,
) {
    for (id, changes) in expected {
        let has_all = server
            .get(id)
            .is_some_and(|document| changes.iter().all(|change| document.has_change(change)));
        if !has_all {
            tally
                .broken
                .push(format!("record {id} was {what} and the server lacks it"));
        }
    }
}
