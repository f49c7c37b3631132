//! `cargo xtask bench`: the figures of `docs/bench.md`, each beside the floor
//! measured in the same run. Real parts only: the server in a process of its
//! own, real phone cores with their encrypted files, real sockets.

mod burst;
mod cases;
mod coverage;
mod district;
mod fixture;
mod floor;
mod fsync_count;
mod guard;
mod hints;
mod incidents;
mod list;
mod locate;
mod plan;
mod report;
mod save;
mod sync;

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use wangge_model::{Clock as _, GridId, SystemClock};
use wangge_tests::{phone::Phone, workload::Workload};

use fixture::Fixture;
use report::Figures;
use sync::Grid;

/// Measures the phone and the server against what the machine can do.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Seed of the records.
    #[arg(long, default_value_t = 20_260_101)]
    seed: u64,
    /// Measure these parts only.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Runs of each timed exchange; the median counts.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Saves of each kind.
    #[arg(long, default_value_t = 300)]
    saves: usize,
    /// Records on the phone that lists and searches.
    #[arg(long, default_value_t = 50_000)]
    listed: usize,
    /// So many times fewer grids and incidents in `incidents` and `district`, for
    /// a look.
    #[arg(long, default_value_t = 1)]
    divide: usize,
    /// End with status 1 if a target is missed.
    #[arg(long)]
    strict: bool,
    /// Folder for what is written while measuring; a temporary one otherwise.
    /// Its disk is what is measured.
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Saving on a phone of 2,000 records.
    Save,
    /// Opening, lists and search on a phone of 50,000 records.
    List,
    /// S1 to S3, at 2,000 records.
    Sync,
    /// S2 at 20,000 records.
    Large,
    /// S4.
    Burst,
    /// The guard alone.
    Guard,
    /// The grid of a point, among a thousand.
    Locate,
    /// The day's plan at 1,500 and 50,000 households.
    Plan,
    /// The console's coverage at 250,000 households.
    Coverage,
    /// Inboxes of cases at 470,000 incidents.
    Cases,
    /// From a report to the desk's screen while 500 phones listen.
    Hints,
    /// A province's four months of incidents through the machine; only if named,
    /// it takes its time.
    Incidents,
    /// A district filled, a phone brought up, every page read; only if named.
    District,
}

/// Records of a grid that S1 fetches.
const GRID_RECORDS: usize = 2_000;
/// Records of the large grid.
const LARGE_RECORDS: usize = 20_000;

fn main() -> anyhow::Result<std::process::ExitCode> {
    let arguments = Arguments::parse();
    fsync_count::check()?;
    let temporary = tempfile::tempdir()?;
    let folder = match &arguments.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            folder.clone()
        }
        None => temporary.path().to_path_buf(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut figures = Figures::default();
    runtime.block_on(measure(&arguments, &folder, &mut figures))?;
    print(&arguments, &figures)?;
    let failed = arguments.strict && !figures.missed().is_empty();
    Ok(if failed {
        std::process::ExitCode::FAILURE
    } else {
        std::process::ExitCode::SUCCESS
    })
}

async fn measure(
    arguments: &Arguments,
    folder: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let runs = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    if [Part::Sync, Part::Save, Part::Large, Part::Burst]
        .into_iter()
        .any(runs)
    {
        measure_with_server(arguments, folder, figures).await?;
    }
    if runs(Part::Guard) {
        guard::run(2_000, arguments.seed + 5, figures)?;
    }
    if runs(Part::Locate) {
        say("the grid of a point among 1,024");
        locate::run(arguments.seed + 6, figures)?;
    }
    if runs(Part::List) {
        measure_alone(arguments, folder, figures)?;
    }
    if runs(Part::Plan) {
        say("plan at 1,500 and 50,000 households");
        plan::run("plan_1500", 1_500, arguments.seed + 6, 9, figures)?;
        plan::run("plan_50000", 50_000, arguments.seed + 7, 5, figures)?;
    }
    if runs(Part::Coverage) {
        say("coverage of 250,000 households");
        coverage::run(folder, figures).await?;
    }
    if runs(Part::Cases) {
        say("inboxes of 470,000 incidents");
        cases::run(folder, figures).await?;
    }
    if runs(Part::Hints) {
        say("reports on a phone to the desk's screen, 500 phones listening");
        hints::run(arguments.seed + 9, figures).await?;
    }
    let is_named = |part| arguments.only.contains(&part);
    if is_named(Part::Incidents) {
        incidents::run(arguments.divide, arguments.seed + 8, figures).await?;
    }
    if is_named(Part::District) {
        district::run(arguments.divide, arguments.seed, figures).await?;
    }
    Ok(())
}

/// The phone and the server, and the phone with what it got from there.
async fn measure_with_server(
    arguments: &Arguments,
    folder: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let runs = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    let mut workload = Workload::new(arguments.seed, SystemClock.now());
    let mut fixture = Fixture::start()?;
    let small = fixture.grid("第一网格")?;
    let large = fixture.grid("第二网格")?;
    if runs(Part::Sync) || runs(Part::Save) {
        say("filling the server with 2,000 records");
        fixture.fill(small, GRID_RECORDS, arguments.seed).await?;
    }
    if runs(Part::Large) {
        say("filling the server with 20,000 records");
        fixture
            .fill(large, LARGE_RECORDS, arguments.seed + 1)
            .await?;
    }
    figures.set("fill.server_rss_mb", fixture.forget_memory()?);
    if runs(Part::Sync) || runs(Part::Save) {
        say("S1 first sync, S2 nothing changed, S3 50 edits");
        let grid = Grid {
            name: "s1",
            worker: small,
            records: GRID_RECORDS,
        };
        let (phone, proxy) =
            sync::first_sync(grid, &mut fixture, arguments.runs, folder, figures).await?;
        sync::unchanged("s2", &phone, &proxy, arguments.runs, figures).await?;
        sync::edits(
            &phone,
            &proxy,
            &fixture,
            arguments.runs,
            folder,
            &mut workload,
            figures,
        )
        .await?;
        if runs(Part::Save) {
            say("save");
            save::run(
                "save",
                &phone,
                folder,
                arguments.saves,
                &mut workload,
                figures,
            )?;
        }
    }
    if runs(Part::Large) {
        say("S1 and S2 at 20,000 records");
        let grid = Grid {
            name: "s1_20000",
            worker: large,
            records: LARGE_RECORDS,
        };
        let (phone, proxy) = sync::first_sync(grid, &mut fixture, 1, folder, figures).await?;
        sync::unchanged("s2_20000", &phone, &proxy, arguments.runs, figures).await?;
    }
    if runs(Part::Burst) {
        say("S4 100 phones at once");
        burst::run(
            &mut fixture,
            arguments.runs,
            arguments.seed + 2,
            folder,
            figures,
        )
        .await?;
    }
    fixture.report_memory(figures)
}

/// The phone by itself.
fn measure_alone(
    arguments: &Arguments,
    folder: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    say("filling a phone with 50,000 records");
    let phone = Phone::enrol_alone(GridId::from_bytes([1; 16]))?;
    list::fill(&phone, arguments.listed, arguments.seed + 3, figures)?;
    say("open, list, search");
    let phone = list::open(phone, 7, figures)?;
    list::list(&phone, 21, figures)?;
    let mut workload = Workload::new(arguments.seed + 4, SystemClock.now());
    save::run(
        "save_50000",
        &phone,
        folder,
        arguments.saves,
        &mut workload,
        figures,
    )
}

/// What is going on, for whoever waits.
#[expect(clippy::print_stderr, reason = "progress of a program run by hand")]
fn say(what: &str) {
    eprintln!("bench: {what} …");
}

#[expect(clippy::print_stdout, reason = "the result of the program")]
fn print(arguments: &Arguments, figures: &Figures) -> anyhow::Result<()> {
    if arguments.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&figures.to_json(arguments.seed))?
        );
    } else {
        println!("{}", figures.to_table(arguments.seed));
    }
    Ok(())
}
