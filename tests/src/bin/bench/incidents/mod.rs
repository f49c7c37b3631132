//! Incidents of a province: Shanxi's four months with 472,807 of them over 76,800
//! grids, each with its history, through the case machine and the embedded
//! server. Then the pages that desks, workers and assessors read of it.

mod history;
mod pages;
mod province;
mod story;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use wangge_model::{
    Clock, Entropy, SystemClock, Timestamp, testing::FakeClock, testing::SeededEntropy,
};
use wangge_server::{
    AppState, Settings, indexer,
    state::ServerIdentity,
    storage::{SqliteStorage, Storage},
};
use wangge_tests::{
    server::Server,
    statistics::{count, millis},
};

use crate::{report::Figures, say};
use history::{Counts, History};
pub(crate) use pages::rest;
use province::Province;
use story::DAY_MS;

/// Events of January to April 2014 in Shanxi (domain document, section 10).
const INCIDENTS: usize = 472_807;
/// Grids of Shanxi: one head or worker each.
const GRIDS: usize = 76_800;
/// Days of those months.
const DAYS: u32 = 120;
/// Incidents of one step of the comparison of reports.
const COMPARED: u32 = 20;

/// Makes the province and its months in a server's folder, and measures.
///
/// `divide`: so many times fewer grids and incidents.
pub(crate) async fn run(divide: usize, seed: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let mut server = Server::start()?;
    server.stop(true)?;
    let now = SystemClock.now();
    let places = happen(server.data(), divide, seed, now, figures).await?;
    server.start_again()?;
    say("pages about incidents");
    pages::measure(&server, &places, figures).await
}

/// Lets four months pass until `end` in this data folder.
async fn happen(
    data: &Path,
    divide: usize,
    seed: u64,
    end: Timestamp,
    figures: &mut Figures,
) -> anyhow::Result<pages::Places> {
    let first = end.plus_millis(-i64::from(DAYS) * DAY_MS);
    let path = data.join("wangge.sqlite");
    let clock = Arc::new(FakeClock::at(first.plus_millis(-DAY_MS)));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed));
    let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&path)?);
    let identity =
        ServerIdentity::open(data, storage.as_ref(), clock.as_ref(), entropy.as_ref()).await?;
    let state = AppState::new(
        Arc::clone(&storage),
        identity,
        Settings::default(),
        Arc::clone(&clock) as Arc<dyn Clock>,
        entropy,
    );
    let divide = divide.max(1);
    say("a province with its people and phones");
    let begun = Instant::now();
    let province = Province::create(&state, GRIDS / divide, clock.now()).await?;
    figures.set("incidents.province_s", begun.elapsed().as_secs_f64());
    figures.set("incidents.grids", count(province.grids.len() as u64));
    let places = pages::Places::of(&province)?;
    let arrivals = story::arrivals(seed, first, DAYS, INCIDENTS / divide);
    let history = History {
        state: state.clone(),
        clock,
        province: Arc::new(province),
    };
    say("four months of incidents");
    let indexing = tokio::spawn(indexer::keep_indexed(state.clone()));
    let begun = Instant::now();
    let counts = history
        .run(&arrivals, seed, end, |at, counts| {
            let begun = begun.elapsed().as_secs();
            if counts.moves % 7 == 0 {
                say(&format!(
                    "{} {counts:?} after {begun} s",
                    at.to_china_text()
                ));
            }
        })
        .await?;
    let took = begun.elapsed();
    report(&counts, took, figures);
    let begun = Instant::now();
    state.stop();
    indexing.await?;
    settle(storage.as_ref(), &state).await?;
    figures.set("incidents.settle_s", begun.elapsed().as_secs_f64());
    storage.close().await?;
    let bytes = std::fs::metadata(&path).context("the database")?.len();
    figures.set("incidents.database_mb", count(bytes) / 1024.0 / 1024.0);
    Ok(places)
}

fn report(counts: &Counts, took: Duration, figures: &mut Figures) {
    let seconds = millis(took) / 1e3;
    let reports = count(counts.reports);
    figures.set("incidents.reports", reports);
    figures.set("incidents.moves", count(counts.moves));
    figures.set("incidents.signals", count(counts.signals));
    figures.set("incidents.refused", count(counts.refused));
    figures.set("incidents.archived", count(counts.archived));
    figures.set("incidents.void_or_merged", count(counts.ended));
    figures.set("incidents.history_s", seconds);
    figures.set("incidents.per_s", reports / seconds);
    figures.set(
        "incidents.moves_per_s",
        count(counts.moves + counts.signals) / seconds,
    );
}

/// Waits for nothing: indexes, counts and compares what is left, as the server
/// does in quiet moments.
async fn settle(storage: &dyn Storage, state: &AppState) -> anyhow::Result<()> {
    while storage.index_some(200).await? {}
    while storage.read_cases(50).await? > 0 {}
    while storage.compare_incidents(COMPARED).await?.count > 0 {}
    anyhow::ensure!(storage.count_unindexed().await? == 0, "not all is indexed");
    anyhow::ensure!(state.is_stopping(), "somebody still writes");
    Ok(())
}

#[cfg(test)]
mod tests;
