//! `wangge generate`: a district of people who do not exist.

use std::{io::Write, path::PathBuf, sync::Arc, time::Instant};

use serde_json::json;
use wangge_model::{Clock, SystemClock};

use super::{CliError, Outcome, World, open::open_or_make, output::Output};
use crate::{
    config::{Config, SettingFlags},
    generate::{Destination, District, DistrictReport},
    import::progress_for,
    ledger::export::FileForm,
    state::ServerIdentity,
    storage::Storage,
};

/// Arguments of `wangge generate`.
#[derive(Debug, clap::Args)]
pub(super) struct GenerateArgs {
    /// 网格数。Number of grids; each has 300 to 500 households.
    #[arg(long, value_name = "N")]
    grids: usize,
    /// 种子：同样的种子得到同样的数据。Seed: the same one gives the same households.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// 区划表 CSV，默认用内置的济南市历下区。Tables of divisions (CSV); by default the built-in one
    /// of Lixia district, Jinan.
    #[arg(long, value_name = "FILE")]
    divisions: Vec<PathBuf>,
    /// 取区划表中的哪个县（6 位代码）。Which county of the table (6 digits).
    #[arg(long, value_name = "CODE")]
    county: Option<String>,
    /// 只建组织和人员，不建住户。Places and people only, no households.
    #[arg(long)]
    without_households: bool,
    /// 不写入数据目录，而是把每个街道的台账写到这个文件夹。Write a ledger file for each street into this
    /// folder instead of filling the data folder.
    #[arg(long, value_name = "DIR", conflicts_with = "without_households")]
    out: Option<PathBuf>,
    /// 台账文件的格式：xlsx 或 csv。Form of the ledger files: xlsx or csv.
    #[arg(long, value_name = "FORM", default_value = "xlsx", value_parser = ["xlsx", "csv"])]
    form: String,
    /// 以 JSON 输出结果。Print the result as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

pub(super) async fn run(
    args: &GenerateArgs,
    config: &Config,
    world: World<'_>,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let started = Instant::now();
    let district = District::plan(
        &args.divisions,
        args.county.as_deref(),
        args.grids,
        args.seed,
    )?;
    if let Some(folder) = &args.out {
        let form = args.form.parse().unwrap_or(FileForm::Xlsx);
        let mut progress = progress_for(config.language);
        let report = district
            .write_files(folder, form, config.language, progress.as_mut())
            .await?;
        return say(args, config, &report, started, out);
    }
    let report = fill(args, config, world, &district).await?;
    say(args, config, &report, started, out)
}

/// Puts the district into the data folder.
async fn fill(
    args: &GenerateArgs,
    config: &Config,
    world: World<'_>,
    district: &District,
) -> Result<DistrictReport, CliError> {
    let (data, storage) = open_or_make(config)?;
    let storage: Arc<dyn Storage> = Arc::new(storage);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let filled = async {
        let identity =
            ServerIdentity::open(data.path(), storage.as_ref(), clock.as_ref(), world.entropy)
                .await?;
        let destination = Destination {
            storage: Arc::clone(&storage),
            identity: &identity,
            clock: Arc::clone(&clock),
            entropy: world.entropy,
        };
        let mut progress = progress_for(config.language);
        let report = district
            .fill(&destination, !args.without_households, progress.as_mut())
            .await?;
        Ok::<_, CliError>(report)
    }
    .await;
    storage.close().await?;
    filled
}

fn say(
    args: &GenerateArgs,
    config: &Config,
    report: &DistrictReport,
    started: Instant,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let seconds = (started.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let mut output = Output {
        json: args.json,
        language: config.language,
        writer: out,
    };
    output.say(
        "generate-summary",
        &[
            ("grids", &report.grids.to_string()),
            ("workers", &report.workers.to_string()),
            ("households", &report.households.to_string()),
            ("people", &report.people.to_string()),
            ("seconds", &seconds.to_string()),
        ],
    )?;
    if args.out.is_none() {
        output.say("generate-next", &[])?;
    }
    output.value(&json!({
        "grids": report.grids,
        "workers": report.workers,
        "households": report.households,
        "people": report.people,
        "seconds": seconds,
    }))?;
    Ok(Outcome::Done)
}
