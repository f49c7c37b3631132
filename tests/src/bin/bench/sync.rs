//! One phone and the server: a first sync (S1), a sync with nothing new (S2),
//! 50 edits handed in (S3). Bytes and round trips are counted at the socket.

use std::{path::Path, time::Instant};

use anyhow::{Context as _, ensure};
use wangge_core::RecordQuery;
use wangge_model::{PersonId, RecordKind};
use wangge_tests::{
    http::Connection,
    phone::Phone,
    proxy::{Proxy, Traffic},
    statistics::{count, median, millis},
    workload::Workload,
};

use crate::{
    fixture::Fixture,
    floor::{FloorServer, FloorStore, RawChange, pack, unpack},
    report::Figures,
};

/// A grid on the server, and under which name its figures go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) name: &'static str,
    pub(crate) worker: PersonId,
    pub(crate) records: usize,
}

/// What one exchange cost.
#[derive(Debug, Default)]
struct Cost {
    wall_ms: Vec<f64>,
    up: Vec<f64>,
    down: Vec<f64>,
    round_trips: Vec<f64>,
    server_cpu_ms: Vec<f64>,
}

impl Cost {
    fn add(&mut self, wall_ms: f64, traffic: Traffic) {
        self.wall_ms.push(wall_ms);
        self.up.push(count(traffic.up));
        self.down.push(count(traffic.down));
        self.round_trips.push(count(traffic.round_trips));
    }

    fn bytes(&self) -> f64 {
        median(&self.up) + median(&self.down)
    }

    fn report(&self, name: &str, figures: &mut Figures) {
        figures.set(format!("{name}.wall_ms"), median(&self.wall_ms));
        figures.set(format!("{name}.bytes_up"), median(&self.up));
        figures.set(format!("{name}.bytes_down"), median(&self.down));
        figures.set(format!("{name}.round_trips"), median(&self.round_trips));
        if !self.server_cpu_ms.is_empty() {
            figures.set(
                format!("{name}.server_cpu_s"),
                median(&self.server_cpu_ms) / 1e3,
            );
        }
    }

    fn report_floor(&self, name: &str, floor: &Self, figures: &mut Figures) {
        figures.set(format!("{name}.floor_wall_ms"), median(&floor.wall_ms));
        figures.set(format!("{name}.floor_bytes_up"), median(&floor.up));
        figures.set(format!("{name}.floor_bytes_down"), median(&floor.down));
        figures.set(
            format!("{name}.wall_ratio"),
            median(&self.wall_ms) / median(&floor.wall_ms),
        );
        figures.set(format!("{name}.bytes_ratio"), self.bytes() / floor.bytes());
    }
}

/// The raw changes of everything on a phone.
fn raw_changes(phone: &Phone) -> anyhow::Result<Vec<RawChange>> {
    let mut changes = Vec::new();
    let mut query = RecordQuery {
        limit: 500,
        ..RecordQuery::default()
    };
    loop {
        let page = phone.core.list_records(&query)?;
        let Some(last) = page.last() else {
            return Ok(changes);
        };
        query.after = Some(last.id);
        for row in &page {
            let document = phone.document(row.id)?;
            changes.extend(document.changes().into_iter().map(|change| RawChange {
                record: *row.id.as_bytes(),
                hash: *change.hash.as_bytes(),
                bytes: change.bytes,
            }));
        }
    }
}

/// S1: a phone that has nothing fetches a grid. The server is started anew
/// before each run. Gives back the last phone with its proxy.
pub(crate) async fn first_sync(
    grid: Grid,
    fixture: &mut Fixture,
    runs: usize,
    folder: &Path,
    figures: &mut Figures,
) -> anyhow::Result<(Phone, Proxy)> {
    let Grid {
        name,
        worker,
        records,
    } = grid;
    let (mut cost, mut floor) = (Cost::default(), Cost::default());
    let mut last = None;
    for run in 0..runs {
        let (phone, proxy) = fixture.phone(worker).await?;
        fixture.restart()?;
        proxy.take();
        let processor = fixture.server.processor_time()?;
        let begun = Instant::now();
        let report = phone.sync().await?;
        let wall = millis(begun.elapsed());
        cost.add(wall, proxy.take());
        cost.server_cpu_ms.push(millis(
            fixture.server.processor_time()?.saturating_sub(processor),
        ));
        let counts = phone.core.count_states()?;
        let held = counts.on_phone + counts.at_server + counts.needs_attention;
        ensure!(
            held == records as u64,
            "the phone holds {held} records of {records}: {report}"
        );
        // What follows must not share the processor with the search index.
        let begun = Instant::now();
        phone.core.tidy()?;
        figures.set(format!("{name}.index_ms"), millis(begun.elapsed()));
        let changes = raw_changes(&phone)?;
        first_sync_floor(&changes, &folder.join(format!("{name}-{run}")), &mut floor).await?;
        last = Some((phone, proxy));
    }
    cost.report(name, figures);
    cost.report_floor(name, &floor, figures);
    fixture.report_phase(name, figures)?;
    last.context("no run")
}

async fn first_sync_floor(
    changes: &[RawChange],
    path: &Path,
    cost: &mut Cost,
) -> anyhow::Result<()> {
    let served = FloorStore::create(&path.with_extension("served.sqlite"))?;
    served.store(changes)?;
    let server = FloorServer::start(served).await?;
    let proxy = Proxy::start(server.address(), None).await?;
    let kept = FloorStore::create(&path.with_extension("kept.sqlite"))?;
    let begun = Instant::now();
    let mut connection = Connection::open(proxy.address(), None).await?;
    let answer = connection.exchange("GET", "/changes", &[], None).await?;
    ensure!(answer.status == 200, "the floor answered {}", answer.status);
    let received = unpack(&answer.body)?;
    kept.store(&received)?;
    cost.add(millis(begun.elapsed()), proxy.take());
    ensure!(received.len() == changes.len(), "the floor lost changes");
    Ok(())
}

/// S2: nothing changed anywhere.
pub(crate) async fn unchanged(
    name: &str,
    phone: &Phone,
    proxy: &Proxy,
    runs: usize,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    phone.sync().await?;
    let mut cost = Cost::default();
    for _ in 0..runs {
        proxy.take();
        let begun = Instant::now();
        let report = phone.sync().await?;
        cost.add(millis(begun.elapsed()), proxy.take());
        ensure!(
            report.pulled == 0 && report.receipted == 0,
            "something changed: {report}"
        );
    }
    cost.report(name, figures);
    Ok(())
}

/// S3: 50 edits made offline are handed in.
pub(crate) async fn edits(
    phone: &Phone,
    proxy: &Proxy,
    fixture: &Fixture,
    runs: usize,
    folder: &Path,
    workload: &mut Workload,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    const EDITS: u32 = 50;
    let query = RecordQuery {
        kind: Some(RecordKind::Household),
        limit: EDITS,
        ..RecordQuery::default()
    };
    let households = phone.core.list_records(&query)?;
    let (mut cost, mut floor) = (Cost::default(), Cost::default());
    for run in 0..runs {
        let mut changes = Vec::new();
        for row in &households {
            let before = phone.document(row.id)?.heads();
            while phone.document(row.id)?.heads() == before {
                phone
                    .core
                    .edit_record(row.id, &[workload.household_edit()?])?;
            }
            let change = phone
                .document(row.id)?
                .changes()
                .pop()
                .context("no change")?;
            changes.push(RawChange {
                record: *row.id.as_bytes(),
                hash: *change.hash.as_bytes(),
                bytes: change.bytes,
            });
        }
        proxy.take();
        let processor = fixture.server.processor_time()?;
        let begun = Instant::now();
        let report = phone.sync().await?;
        cost.add(millis(begun.elapsed()), proxy.take());
        cost.server_cpu_ms.push(millis(
            fixture.server.processor_time()?.saturating_sub(processor),
        ));
        ensure!(
            report.receipted == u64::from(EDITS),
            "not all edits were taken: {report}"
        );
        edits_floor(
            &changes,
            &folder.join(format!("s3-{run}.sqlite")),
            &mut floor,
        )
        .await?;
    }
    cost.report("s3", figures);
    cost.report_floor("s3", &floor, figures);
    Ok(())
}

async fn edits_floor(changes: &[RawChange], path: &Path, cost: &mut Cost) -> anyhow::Result<()> {
    let server = FloorServer::start(FloorStore::create(path)?).await?;
    let proxy = Proxy::start(server.address(), None).await?;
    // As the phone does: the connection stands, the body is made now.
    let mut connection = Connection::open(proxy.address(), None).await?;
    let begun = Instant::now();
    let body = pack(changes)?;
    let answer = connection
        .exchange("POST", "/changes", &[], Some(&body))
        .await?;
    ensure!(answer.status == 200, "the floor answered {}", answer.status);
    cost.add(millis(begun.elapsed()), proxy.take());
    Ok(())
}
