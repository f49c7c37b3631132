//! From a report on a phone to the desk's screen, while hundreds of phones listen:
//! how long after it was saved the desk hears that there is something, and has
//! its inbox with it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use tokio::time::timeout;
use wangge_model::{Clock as _, RecordKind, SystemClock};
use wangge_tests::{
    desk::Desk,
    http::EventStream,
    statistics::{count, millis, percentile},
    workload::Workload,
};

use crate::{fixture::Fixture, report::Figures};

/// Grids of the community, and phones that listen in each.
const GRIDS: usize = 100;
const PER_GRID: usize = 5;
const REPORTS: usize = 100;
/// For so long a desk waits for a hint before the run is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Counts the hints of a phone for as long as it is connected.
async fn keep_listening(mut stream: EventStream, heard: Arc<AtomicU64>) {
    while stream.next().await.is_ok() {
        heard.fetch_add(1, Ordering::Relaxed);
    }
}

/// Connects everybody and measures.
pub(crate) async fn run(seed: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let mut fixture = Fixture::start()?;
    let heard = Arc::new(AtomicU64::new(0));
    let mut listeners = Vec::new();
    let mut reporter = None;
    for number in 0..GRIDS {
        let worker = fixture.grid(&format!("第{}网格", number + 1))?;
        reporter.get_or_insert(worker);
        for _ in 0..PER_GRID {
            let client = fixture.light_client(worker).await?;
            let stream = client.listen().await?;
            listeners.push(tokio::spawn(keep_listening(stream, Arc::clone(&heard))));
        }
    }
    let worker = reporter.context("no grid")?;
    let (phone, _proxy) = fixture.phone(worker).await?;
    phone.sync().await?;
    let (username, password) = fixture.admin.create_supervisor("受理员")?;
    let mut desk = Desk::sign_in(&fixture.server, (&username, &password)).await?;
    desk.get("/cases").await?;
    let mut hints = desk.listen(&fixture.server, "/cases/live").await?;
    let mut workload = Workload::new(seed, SystemClock.now());
    let (mut told, mut shown) = (Vec::new(), Vec::new());
    for number in 0..REPORTS {
        let mut edits = workload.incident()?;
        edits.retain(|edit| edit.path.as_str() != "title");
        let title = format!("第{number}件，共{REPORTS}件");
        edits.push(wangge_tests::phone::text_edit("title", &title)?);
        let grid = phone.grid()?;
        phone
            .core
            .create_record(RecordKind::Incident, grid, &edits)?;
        // Saved: the shell begins a sync at once.
        let begun = Instant::now();
        let (synced, hint) = tokio::join!(phone.sync(), async {
            let hint = timeout(PATIENCE, hints.next()).await;
            (hint, begun.elapsed())
        });
        let (hint, after) = hint;
        let kind = hint.context("the desk heard nothing")??;
        ensure!(kind == "cases", "the desk heard {kind}");
        told.push(millis(after));
        // Fifty on a page; what came last comes last.
        let path = format!("/cases?queue=all&page={}", number / 50 + 1);
        let page = desk.get(&path).await?;
        shown.push(millis(begun.elapsed()));
        ensure!(page.contains(&title), "{title} is not in the inbox");
        let report = synced?;
        ensure!(report.receipted == 1, "the report was not taken: {report}");
    }
    // Every phone of the grid but the reporter's hears of each; others of none.
    let expected = (REPORTS * PER_GRID) as u64;
    let begun = Instant::now();
    while heard.load(Ordering::Relaxed) < expected && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let heard = heard.load(Ordering::Relaxed);
    ensure!(heard == expected, "{heard} hints on phones, not {expected}");
    ensure!(
        listeners.iter().all(|listener| !listener.is_finished()),
        "a phone was cut off"
    );
    figures.set("hints.devices", count(listeners.len() as u64));
    figures.set("hints.reports", count(shown.len() as u64));
    for (what, took) in [("told", &told), ("shown", &shown)] {
        figures.set(format!("hints.{what}_p50_ms"), percentile(took, 0.5));
        figures.set(format!("hints.{what}_p95_ms"), percentile(took, 0.95));
        figures.set(format!("hints.{what}_max_ms"), percentile(took, 1.0));
    }
    fixture.report_phase("hints", figures)
}
