//! `wangge import addresses`.

use std::{
    io::{BufWriter, Write},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use serde_json::json;
use wangge_model::{Clock, SystemClock};

use super::{
    CliError, LedgerError, Outcome, World,
    ledger::{READING, audit, private_file, scope_of},
    open::open_existing,
    output::Output,
};
use crate::{
    config::Config,
    import::progress_for,
    ingest::bulk::BulkWriter,
    ledger::{
        address::AddressImport,
        column::Columns,
        sheet::{self, Limits},
    },
    state::ServerIdentity,
    storage::Storage,
};

/// Arguments of `wangge import addresses`.
#[derive(Debug, clap::Args)]
pub(super) struct ImportAddressesArgs {
    /// 标准地址表：XLSX 或 CSV，含标准地址编码、地址各部分、经纬度（WGS-84）。The table: XLSX or CSV with
    /// the key, the parts of the address, and the point (WGS-84).
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// 以谁的名义（登录名或编号）；只补充其管理范围内的住户。On whose behalf; only households of their
    /// scope are filled.
    #[arg(long)]
    person: String,
    /// 工作表名称。Name of the sheet.
    #[arg(long)]
    sheet: Option<String>,
    /// 只检查，不写入。Check only, write nothing.
    #[arg(long)]
    dry_run: bool,
    /// 把不能使用的行写入这个 CSV 文件。Write the rows that cannot be used to this CSV file.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// 以 JSON 输出结果。Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run_addresses(
    args: &ImportAddressesArgs,
    config: &Config,
    world: World<'_>,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let (data, storage) = open_existing(config)?;
    let storage: Arc<dyn Storage> = Arc::new(storage);
    let result = async {
        let identity =
            ServerIdentity::open(data.path(), storage.as_ref(), world.clock, world.entropy).await?;
        import(args, config, world, &storage, &identity, out).await
    }
    .await;
    storage.close().await?;
    result
}

async fn import(
    args: &ImportAddressesArgs,
    config: &Config,
    world: World<'_>,
    storage: &Arc<dyn Storage>,
    identity: &ServerIdentity,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let scope = scope_of(storage.as_ref(), &args.person, world.clock.now()).await?;
    let begun = Instant::now();
    let stop = || begun.elapsed() > READING;
    let name = args.sheet.as_deref();
    let is_wanted = &Columns::is_ledger;
    let sheet = sheet::read_path(&args.file, name, &Limits::COMMAND, is_wanted, &stop)
        .map_err(LedgerError::from)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let writer = BulkWriter {
        storage: Arc::clone(storage),
        actor: identity.actor,
        person: scope.person,
        clock,
    };
    let import = AddressImport::open(sheet, storage.as_ref(), scope.clone())
        .await
        .map_err(LedgerError::from)?;
    let mut progress = progress_for(config.language);
    let (summary, remarks) = import
        .run(
            storage.as_ref(),
            (!args.dry_run).then_some(&writer),
            &mut |done| progress.at(done, done, done),
        )
        .await
        .map_err(LedgerError::from)?;
    progress.finish();
    if let Some(path) = &args.report {
        let file = private_file(path).map_err(LedgerError::from)?;
        remarks.write(BufWriter::new(file))?;
    }
    if !args.dry_run {
        let detail = format!("filled {}", summary.filled);
        audit(
            storage.as_ref(),
            world,
            &scope,
            "addresses_imported",
            detail,
        )
        .await?;
    }
    let mut output = Output {
        json: args.json,
        language: config.language,
        writer: out,
    };
    let said = if args.dry_run {
        "addresses-checked"
    } else {
        "addresses-done"
    };
    output.say(
        said,
        &[
            ("rows", &summary.rows.to_string()),
            ("filled", &summary.filled.to_string()),
            ("known", &summary.known.to_string()),
            ("nobody", &summary.nobody.to_string()),
            ("several", &summary.several.to_string()),
            ("errors", &summary.errors.to_string()),
        ],
    )?;
    output.value(&json!({ "committed": !args.dry_run, "summary": summary }))?;
    Ok(if summary.errors == 0 {
        Outcome::Done
    } else {
        Outcome::Incomplete
    })
}
