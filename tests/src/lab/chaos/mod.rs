//! Real phones and a real server over a line on which three exchanges in ten go
//! wrong: nothing is lost, nothing is there twice, nothing is shown as sent that
//! is not at the server, and the bytes stay near those of a clear line.

pub mod line;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use anyhow::bail;
use clap::Args;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use wangge_core::{RecordQuery, RecordState};
use wangge_model::{
    Clock as _, GridId, RecordId, RecordKind, SystemClock, SystemEntropy, protocol::EnrolmentLink,
};

use super::{
    Outcome,
    world::{Replica, canonical, differences},
};
use crate::{
    light_client::LightClient, phone::Phone, server::Server, statistics, workload::Workload,
};
use line::{Line, Passed, Weather};

/// What to try.
#[derive(Debug, Clone, Args)]
pub struct ChaosArguments {
    /// How bad the line is.
    #[arg(long, value_enum, default_value = "harsh")]
    pub proxy: Weather,
    /// Phones.
    #[arg(long, default_value_t = 50)]
    pub devices: usize,
    /// Records that each phone makes.
    #[arg(long, default_value_t = 200)]
    pub records: usize,
    /// Phones that share a grid and see each other's records.
    #[arg(long, default_value_t = 10)]
    pub per_grid: usize,
    /// Records made between two syncs.
    #[arg(long, default_value_t = 20)]
    pub batch: usize,
}

/// Most bytes, as a multiple of what a clear line takes.
const MOST_BYTES: f64 = 1.5;
/// Syncs after which a phone that has not come through is stuck.
const MOST_SYNCS: u32 = 100;

/// What one run left.
struct Ran {
    passed: Passed,
    failed_syncs: u64,
    shown_wrongly: u64,
    broken: Vec<String>,
}

/// What one phone did.
struct Worked {
    phone: Phone,
    made: BTreeMap<RecordId, RecordKind>,
    failed: u64,
    shown_wrongly: u64,
}

/// Runs the machine: once on a clear line, once on the bad one.
pub fn run(arguments: &ChaosArguments, seed: u64) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new("chaos", seed);
    let runtime = tokio::runtime::Runtime::new()?;
    let begun = Instant::now();
    let clear = runtime.block_on(run_once(arguments, Weather::Clear, seed))?;
    let bad = runtime.block_on(run_once(arguments, arguments.proxy, seed))?;
    for ran in [&clear, &bad] {
        for broken in &ran.broken {
            outcome.break_promise(broken.clone());
        }
        outcome.check(ran.shown_wrongly == 0, || {
            format!("{} records were shown as sent too early", ran.shown_wrongly)
        });
    }
    let ratio = statistics::count(bad.passed.bytes()) / statistics::count(clear.passed.bytes());
    outcome.figure("devices", arguments.devices);
    outcome.figure("records_each", arguments.records);
    outcome.figure("exchanges", bad.passed.exchanges);
    let faults: BTreeMap<String, u64> = bad
        .passed
        .faults
        .iter()
        .map(|(fault, count)| (format!("{fault:?}"), *count))
        .collect();
    outcome.figure("faults", json!(faults));
    outcome.figure("syncs_that_failed", bad.failed_syncs);
    outcome.figure("bytes_on_a_clear_line", clear.passed.bytes());
    outcome.figure("bytes", bad.passed.bytes());
    outcome.figure("bytes_ratio", ratio);
    outcome.figure("seconds", begun.elapsed().as_secs());
    outcome.check(ratio <= MOST_BYTES, || {
        format!("{ratio:.2} times the bytes of a clear line")
    });
    outcome.check(
        arguments.proxy == Weather::Clear || !bad.passed.faults.is_empty(),
        || "nothing went wrong on the line".to_owned(),
    );
    Ok(outcome)
}

async fn run_once(arguments: &ChaosArguments, weather: Weather, seed: u64) -> anyhow::Result<Ran> {
    let server = Server::start()?;
    let admin = server.admin();
    let line = Arc::new(Line::lay(server.address(), seed).await?);
    let mut phones = Vec::new();
    let mut grids: Vec<(GridId, EnrolmentLink)> = Vec::new();
    let database = Arc::new(server.data().join("wangge.sqlite"));
    for number in 0..arguments.devices {
        if number.is_multiple_of(arguments.per_grid) {
            let grid = admin.create_grid(&format!("网格{number}"))?;
            let reader = admin.create_worker("核对员", grid)?;
            grids.push((grid, admin.enrolment_link(reader)?));
        }
        let Some((grid, _)) = grids.last().cloned() else {
            bail!("no phones to a grid");
        };
        let worker = admin.create_worker(&format!("网格员{number}"), grid)?;
        // Enrolling uses up its code at the first try: not what is tried here.
        let link = EnrolmentLink {
            server: line.url(),
            ..admin.enrolment_link(worker)?
        };
        phones.push(Phone::enrol(&link).await?);
    }
    line.turn(weather);
    let mut tasks = tokio::task::JoinSet::new();
    for (number, phone) in phones.into_iter().enumerate() {
        let seed = seed ^ ((number as u64) << 32);
        tasks.spawn(work(phone, arguments.clone(), seed, Arc::clone(&database)));
    }
    let mut ran = Ran {
        passed: Passed::default(),
        failed_syncs: 0,
        shown_wrongly: 0,
        broken: Vec::new(),
    };
    let mut phones: Vec<Worked> = Vec::new();
    while let Some(worked) = tasks.join_next().await {
        let worked = worked??;
        ran.failed_syncs += worked.failed;
        ran.shown_wrongly += worked.shown_wrongly;
        phones.push(worked);
    }
    // Everybody has handed in; now everybody sees everything.
    for worked in &phones {
        ran.failed_syncs += sync_until_done(&worked.phone).await?;
    }
    ran.passed = line.passed();
    check(&server, &grids, &phones, &mut ran).await?;
    Ok(ran)
}

/// Makes records and syncs after each batch, until the last one is through.
async fn work(
    phone: Phone,
    arguments: ChaosArguments,
    seed: u64,
    database: Arc<std::path::PathBuf>,
) -> anyhow::Result<Worked> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut workload = Workload::new(random.random(), SystemClock.now());
    let mut worked = Worked {
        made: BTreeMap::new(),
        failed: 0,
        shown_wrongly: 0,
        phone,
    };
    // The grid's snapshot, so that grants are there.
    worked.failed += sync_until_done(&worked.phone).await?;
    while worked.made.len() < arguments.records {
        let left = arguments.records - worked.made.len();
        for _ in 0..arguments.batch.min(left) {
            let record = workload.next_record()?;
            let grid = worked.phone.grid()?;
            let id = worked
                .phone
                .core
                .create_record(record.kind, grid, &record.edits)?;
            worked.made.insert(id, record.kind);
        }
        // A sync that fails is what a bad line is for; the next one goes on.
        worked.failed += u64::from(worked.phone.sync().await.is_err());
        worked.shown_wrongly += count_shown_wrongly(&worked, &database)?;
    }
    worked.failed += sync_until_done(&worked.phone).await?;
    Ok(worked)
}

async fn sync_until_done(phone: &Phone) -> anyhow::Result<u64> {
    let mut failed = 0;
    for _ in 0..MOST_SYNCS {
        match phone.sync().await {
            Ok(report) if report.waiting == 0 => return Ok(failed),
            Ok(_) => {}
            Err(_) => failed += 1,
        }
    }
    bail!("a phone did not come through in {MOST_SYNCS} syncs")
}

/// Own records shown as "at the server" that the server does not hold.
fn count_shown_wrongly(worked: &Worked, database: &std::path::Path) -> anyhow::Result<u64> {
    let mut shown: Vec<RecordId> = Vec::new();
    let mut query = RecordQuery {
        state: Some(RecordState::AtServer),
        limit: 500,
        ..RecordQuery::default()
    };
    loop {
        let page = worked.phone.core.list_records(&query)?;
        query.after = page.last().map(|row| row.id);
        if query.after.is_none() {
            break;
        }
        shown.extend(page.into_iter().map(|row| row.id));
    }
    shown.retain(|id| worked.made.contains_key(id));
    let server = rusqlite::Connection::open(database)?;
    server.busy_timeout(std::time::Duration::from_secs(30))?;
    let mut find = server.prepare("SELECT 1 FROM record WHERE id = ?1")?;
    let mut wrongly = 0;
    for id in shown {
        wrongly += u64::from(!find.exists([id.as_bytes()])?);
    }
    Ok(wrongly)
}

async fn check(
    server: &Server,
    grids: &[(GridId, EnrolmentLink)],
    phones: &[Worked],
    ran: &mut Ran,
) -> anyhow::Result<()> {
    let mut replicas: BTreeMap<GridId, Replica> = BTreeMap::new();
    for (grid, link) in grids {
        let mut reader = LightClient::enrol(link, None, &SystemEntropy).await?;
        let records = reader.replicate(*grid).await?;
        let replica = records.iter().map(|(id, one)| (*id, canonical(one)));
        replicas.insert(*grid, replica.collect());
    }
    let none = Replica::new();
    for worked in phones {
        let replica = replicas.get(&worked.phone.grid()?).unwrap_or(&none);
        for id in worked.made.keys().filter(|id| !replica.contains_key(id)) {
            ran.broken.push(format!("record {id} is lost"));
        }
        ran.broken.extend(differences(replica, &worked.phone)?);
    }
    let made: BTreeSet<&RecordId> = phones.iter().flat_map(|one| one.made.keys()).collect();
    let incidents = phones
        .iter()
        .flat_map(|one| one.made.values())
        .filter(|kind| **kind == RecordKind::Incident)
        .count();
    let database = rusqlite::Connection::open(server.data().join("wangge.sqlite"))?;
    let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0));
    // One change per record, and the server's own for each incident.
    for (what, sql, expected) in [
        ("records", "SELECT count(*) FROM record", made.len()),
        (
            "changes",
            "SELECT count(*) FROM change",
            made.len() + incidents,
        ),
        ("changes kept apart", "SELECT count(*) FROM quarantine", 0),
    ] {
        let found = count(sql)?;
        if usize::try_from(found) != Ok(expected) {
            ran.broken
                .push(format!("the server holds {found} {what}, not {expected}"));
        }
    }
    Ok(())
}
