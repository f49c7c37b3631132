//! What people read of a province's incidents, page by page over HTTP from the
//! server as it is shipped: inboxes, searches, figures.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use wangge_model::{CivilDay, Clock as _, SystemClock};
use wangge_tests::{
    desk::{Desk, encode},
    server::Server,
    statistics::{count, millis, percentile},
};

use super::province::Province;
use crate::report::Figures;

/// Whoever reads: a name for the figures, their role, and whose inbox is held to
/// the limit: those who work with one.
const READERS: [(&str, &str); 4] = [
    ("province", "centre_staff"),
    ("county", "centre_staff"),
    ("community", "service_desk"),
    ("worker", "grid_worker"),
];
/// How often each page is read.
const ROUNDS: usize = 7;
/// A server that uses less of a processor than this for a second is at rest.
const AT_REST: Duration = Duration::from_millis(100);

/// The places whose people read, by code, in the order of [`READERS`].
#[derive(Debug)]
pub(super) struct Places([String; 4]);

impl Places {
    pub(super) fn of(province: &Province) -> anyhow::Result<Self> {
        let county = province.counties.first().context("no county")?;
        let community = province.communities.first().context("no community")?;
        let grid = province.grid(0)?;
        Ok(Self([
            province.code.clone(),
            county.code.clone(),
            community.code.clone(),
            grid.code.clone(),
        ]))
    }
}

const INBOXES: [&str; 8] = [
    "/cases",
    "/cases?queue=all",
    "/cases?queue=units",
    "/cases?queue=all&light=red",
    "/cases?queue=all&state=in_progress&page=3",
    "/cases?queue=all&class=40",
    "/cases?queue=all&state=archived",
    "/cases?queue=all&state=archived&page=40",
];
const SEARCHES: [&str; 4] = ["灯", "水", "路灯", "汾河花园3号楼"];

/// Waits until the server has done what it does after a start: an index, a month
/// to be frozen.
pub(crate) async fn rest(server: &Server) -> anyhow::Result<f64> {
    let begun = Instant::now();
    loop {
        let before = server.processor_time()?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        if server.processor_time()?.saturating_sub(before) < AT_REST {
            return Ok(begun.elapsed().as_secs_f64());
        }
    }
}

/// Reads a page so often; milliseconds each.
async fn read(desk: &mut Desk, path: &str, rounds: usize) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let begun = Instant::now();
        desk.get(path).await?;
        took.push(millis(begun.elapsed()));
    }
    Ok(took)
}

/// Signs people in and reads.
pub(super) async fn measure(
    server: &Server,
    places: &Places,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let admin = server.admin();
    let mut desks = Vec::new();
    for ((name, role), code) in READERS.into_iter().zip(&places.0) {
        let (username, password) = admin.create_account("读者", code, role)?;
        let desk = Desk::sign_in(server, (&username, &password)).await?;
        desks.push((name, desk));
    }
    figures.set("incidents.rest_s", rest(server).await?);
    let (mut inboxes, mut searches) = (Vec::new(), Vec::new());
    for (name, desk) in &mut desks {
        let (mut inbox, mut search) = (Vec::new(), Vec::new());
        for path in INBOXES {
            inbox.extend(read(desk, path, ROUNDS).await?);
        }
        for words in SEARCHES {
            let path = format!("/incidents?q={}", encode(words));
            search.extend(read(desk, &path, ROUNDS).await?);
        }
        for (what, took) in [("inbox", &inbox), ("search", &search)] {
            for (share, label) in [(0.5, "p50"), (0.95, "p95")] {
                let figure = format!("incidents.{name}_{what}_{label}_ms");
                figures.set(figure, percentile(took, share));
            }
        }
        inboxes.extend(inbox);
        searches.extend(search);
    }
    for (what, took) in [("inbox", &inboxes), ("search", &searches)] {
        figures.set(format!("incidents.{what}_p50_ms"), percentile(took, 0.5));
        figures.set(format!("incidents.{what}_p95_ms"), percentile(took, 0.95));
    }
    let (_, province) = desks.first_mut().context("nobody")?;
    measure_figures(province, figures).await?;
    figures.set("incidents.server_rss_mb", server.memory()?.peak_mib());
    Ok(())
}

/// The table of figures of the whole province.
async fn measure_figures(desk: &mut Desk, figures: &mut Figures) -> anyhow::Result<()> {
    let today = CivilDay::of(SystemClock.now());
    let mut worst: f64 = 0.0;
    for period in ["month", "quarter", "year"] {
        let path = format!("/assessment?period={period}&on={}", today.month_start());
        let took = read(desk, &path, 3).await?;
        worst = worst.max(percentile(&took, 1.0));
        figures.set(
            format!("incidents.figures_{period}_ms"),
            percentile(&took, 0.5),
        );
    }
    let page = desk.get("/assessment?period=year").await?;
    figures.set(
        "incidents.figures_page_kb",
        count(page.len() as u64) / 1024.0,
    );
    figures.set("incidents.figures_worst_ms", worst);
    Ok(())
}
