//! S4: a hundred phones hand in 20 new records each, all at the same moment.
//! The pushes are made and signed beforehand; what is timed is the server.

use std::{path::Path, sync::Arc, time::Instant};

use anyhow::{Context as _, ensure};
use tokio::{sync::Barrier, task::JoinSet};
use wangge_model::{
    Clock as _, SystemClock,
    protocol::{SyncResponse, Verdict, seal},
};
use wangge_tests::{
    http::Connection,
    light_client::{LightClient, read, verdicts},
    statistics::{count, median, millis, percentile},
    workload::Workload,
};

use crate::{
    fixture::Fixture,
    floor::{FloorServer, FloorStore, RawChange, pack},
    report::Figures,
};

/// Phones.
const CLIENTS: usize = 100;
/// New records of each.
const RECORDS: usize = 20;
/// Phones of one grid: a worker, a head, a stand-in.
const PER_GRID: usize = 3;

/// A phone with what it is about to send.
struct Loaded {
    client: LightClient,
    body: Vec<u8>,
    changes: Vec<RawChange>,
}

/// Runs the burst `runs` times, each with new records.
pub(crate) async fn run(
    fixture: &mut Fixture,
    runs: usize,
    seed: u64,
    folder: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let mut clients = Vec::new();
    let mut worker = None;
    for number in 0..CLIENTS {
        if number % PER_GRID == 0 {
            worker = Some(fixture.grid(&format!("第{}网格", number / PER_GRID + 100))?);
        }
        clients.push(fixture.light_client(worker.context("no worker")?).await?);
    }
    // As the rest: the server starts anew, the phones reconnect.
    fixture.restart()?;
    let (mut walls, mut floors, mut processor, mut answers) = (vec![], vec![], vec![], vec![]);
    for run in 0..runs {
        for client in &mut clients {
            client.reconnect().await?;
            client.pull().await?;
        }
        let loaded = load(std::mem::take(&mut clients), seed.wrapping_add(run as u64))?;
        let packed: Vec<Vec<u8>> = loaded
            .iter()
            .map(|one| pack(&one.changes))
            .collect::<anyhow::Result<_>>()?;
        let before = fixture.server.processor_time()?;
        let (back, wall) = push_all(loaded, &mut answers).await?;
        clients = back;
        walls.push(wall);
        processor.push(
            fixture
                .server
                .processor_time()?
                .saturating_sub(before)
                .as_secs_f64(),
        );
        floors.push(floor(packed, &folder.join(format!("s4-{run}.sqlite"))).await?);
    }
    let records = count((CLIENTS * RECORDS) as u64);
    figures.set("s4.wall_ms", median(&walls));
    figures.set("s4.records_per_s", records / median(&walls) * 1e3);
    figures.set("s4.floor_wall_ms", median(&floors));
    figures.set("s4.floor_records_per_s", records / median(&floors) * 1e3);
    figures.set("s4.wall_ratio", median(&walls) / median(&floors));
    figures.set("s4.server_cpu_s", median(&processor));
    figures.set("s4.answer_p50_ms", median(&answers));
    figures.set("s4.answer_p99_ms", percentile(&answers, 0.99));
    fixture.report_phase("s4", figures)
}

/// Makes and signs each phone's push.
fn load(clients: Vec<LightClient>, seed: u64) -> anyhow::Result<Vec<Loaded>> {
    let mut workload = Workload::new(seed, SystemClock.now());
    clients
        .into_iter()
        .map(|mut client| {
            let grid = client.grid()?;
            let records = (0..RECORDS)
                .map(|_| workload.next_authored(client.actor))
                .collect::<anyhow::Result<Vec<_>>>()?;
            let items: Vec<_> = records
                .iter()
                .map(|record| record.push_item(grid))
                .collect();
            let changes = items
                .iter()
                .map(|item| RawChange {
                    record: *item.record.as_bytes(),
                    hash: *item.hash.as_bytes(),
                    bytes: item.change.clone(),
                })
                .collect();
            let body = seal(&client.push_request(items)?);
            Ok(Loaded {
                client,
                body,
                changes,
            })
        })
        .collect()
}

/// Sends all at once; every receipt must accept every record.
async fn push_all(
    loaded: Vec<Loaded>,
    answers: &mut Vec<f64>,
) -> anyhow::Result<(Vec<LightClient>, f64)> {
    let barrier = Arc::new(Barrier::new(loaded.len() + 1));
    let mut pushes = JoinSet::new();
    for Loaded {
        mut client, body, ..
    } in loaded
    {
        let barrier = Arc::clone(&barrier);
        pushes.spawn(async move {
            barrier.wait().await;
            let begun = Instant::now();
            let answer = client.send(&body).await?;
            Ok::<_, anyhow::Error>((client, answer, millis(begun.elapsed())))
        });
    }
    barrier.wait().await;
    let begun = Instant::now();
    let mut done = Vec::new();
    while let Some(one) = pushes.join_next().await {
        done.push(one??);
    }
    let wall = millis(begun.elapsed());
    let mut clients = Vec::new();
    for (mut client, answer, took) in done {
        answers.push(took);
        let response: SyncResponse = read(&answer)?;
        let receipt = response.receipt.clone().context("no receipt")?;
        let verdicts = verdicts(&receipt, RECORDS)?;
        ensure!(
            verdicts
                .iter()
                .all(|verdict| matches!(verdict, Verdict::Accepted { .. })),
            "not everything was accepted: {verdicts:?}"
        );
        client.follow(&response);
        clients.push(client);
    }
    Ok((clients, wall))
}

/// The same changes to the floor: a hundred requests, an fsync each.
async fn floor(bodies: Vec<Vec<u8>>, path: &Path) -> anyhow::Result<f64> {
    let server = FloorServer::start(FloorStore::create(path)?).await?;
    let barrier = Arc::new(Barrier::new(bodies.len() + 1));
    let mut pushes = JoinSet::new();
    for body in bodies {
        let barrier = Arc::clone(&barrier);
        let mut connection = Connection::open(server.address(), None).await?;
        pushes.spawn(async move {
            barrier.wait().await;
            connection
                .exchange("POST", "/changes", &[], Some(&body))
                .await
        });
    }
    barrier.wait().await;
    let begun = Instant::now();
    while let Some(answer) = pushes.join_next().await {
        ensure!(answer??.status == 200, "the floor refused a push");
    }
    Ok(millis(begun.elapsed()))
}
