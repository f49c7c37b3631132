//! The command line of `wangge`. Each command is a function of storage, clock,
//! randomness and a writer, so that tests run it without a process.
//!
//! Does not own what commands act on: configuration, storage and the server
//! have modules of their own.

mod address;
mod admin;
mod backup;
mod config;
mod error;
mod generate;
mod import;
mod ledger;
mod open;
mod output;
mod restore;
mod serve;
mod verify;

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use wangge_model::{Clock, Entropy, SystemClock, SystemEntropy};

pub use error::{AdminError, CliError};
pub use ledger::LedgerError;

use crate::{
    config::{EffectiveConfig, SettingFlags, Sources},
    explain::explain_both,
};

/// 网格：网格员离线采集，服务器合并与调度。
/// Wangge: grid workers collect offline, the server merges and dispatches.
#[derive(Debug, Parser)]
#[command(name = "wangge", version, about, long_about = None, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 启动服务器。Start the server.
    Serve(serve::ServeArgs),
    /// 打印生效的配置及来源。Print the configuration in force and where it came from.
    Config(config::ConfigArgs),
    /// 管理组织、人员、任职、设备。Manage places, people, assignments and devices.
    Admin(admin::AdminArgs),
    /// 导入公开数据表和台账。Import public tables and ledgers.
    Import(import::ImportArgs),
    /// 导出台账。Export ledgers.
    Export(import::ExportArgs),
    /// 生成一个虚构的县区，供测试和培训使用。Make up a district, for tests and training.
    Generate(generate::GenerateArgs),
    /// 检查数据是否完好。Verify that the data is sound.
    Verify(verify::VerifyArgs),
    /// 把数据库一致地复制到一个新文件。Copy the database, consistently, into a new file.
    Backup(backup::BackupArgs),
    /// 用备份恢复数据；手机会补回备份之后的内容。Restore a backup; phones bring back what is newer.
    Restore(restore::RestoreArgs),
    /// 一条命令演示全部功能。Show everything in one command.
    #[cfg(feature = "demo")]
    Demo(crate::demo::DemoOptions),
}

/// What every command gets from outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World<'a> {
    /// Now.
    pub(crate) clock: &'a dyn Clock,
    /// Randomness.
    pub(crate) entropy: &'a dyn Entropy,
}

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was done.
    Done,
    /// Some of it was refused or found wrong, and reported.
    Incomplete,
}

/// The whole program: reads the arguments, runs the command, and says on
/// standard error, in both languages, why it failed.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are "errors" too, with status 0. A closed
            // output is nothing to report.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match execute(cli.command) {
        Ok(status) => status,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}", explain_both(&error));
            ExitCode::from(crate::explain::Explain::exit_status(&error))
        }
    }
}

fn execute(command: Command) -> Result<ExitCode, CliError> {
    let world = World {
        clock: &SystemClock,
        entropy: &SystemEntropy,
    };
    let mut out = io::stdout();
    let outcome = match command {
        Command::Serve(args) => serve::run(&load(&args.settings)?.config),
        Command::Config(args) => config::run(&args, || load(&args.settings), &mut out),
        Command::Admin(args) => {
            let config = load(&args.settings)?.config;
            block_on(admin::run(
                &args,
                &config,
                world,
                &mut io::stdin().lock(),
                &mut out,
            ))
        }
        Command::Import(args) => {
            let config = load(&args.settings)?.config;
            block_on(import::run(&args, &config, world, &mut out))
        }
        Command::Export(args) => {
            let config = load(&args.settings)?.config;
            block_on(import::run_export(&args, &config, world, &mut out))
        }
        Command::Generate(args) => {
            let config = load(&args.settings)?.config;
            block_on(generate::run(&args, &config, world, &mut out))
        }
        Command::Verify(args) => {
            let config = load(&args.settings)?.config;
            verify::run(&args, &config, &mut out)
        }
        Command::Backup(args) => {
            let config = load(&args.settings)?.config;
            block_on(backup::run(&args, &config, &mut out))
        }
        Command::Restore(args) => {
            let config = load(&args.settings)?.config;
            block_on(restore::run(&args, &config, world, &mut out))
        }
        #[cfg(feature = "demo")]
        Command::Demo(options) => return demo(options),
    }?;
    Ok(match outcome {
        Outcome::Done => ExitCode::SUCCESS,
        Outcome::Incomplete => ExitCode::from(crate::explain::exit_status::INCOMPLETE),
    })
}

#[cfg(feature = "demo")]
fn demo(options: crate::demo::DemoOptions) -> Result<ExitCode, CliError> {
    let config = crate::config::Config::default();
    crate::logging::install(config.log_format, "warn");
    let limits = crate::serve::Limits::from(&config);
    serve::runtime(&config)?
        .block_on(crate::demo::run(options, limits))
        .map_err(|error| CliError::Demo(format!("{error:#}")))
}

/// The configuration of this process.
fn load(flags: &SettingFlags) -> Result<EffectiveConfig, CliError> {
    let text = |value: OsString| value.to_string_lossy().into_owned();
    let variables = std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    let sources = Sources::read(flags.file.as_deref(), variables, flags.values.clone())?;
    Ok(EffectiveConfig::build(&sources)?)
}

/// Runs a short command on one thread.
fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Runtime)?
        .block_on(work)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_can_follow_any_command() {
        for arguments in [
            "wangge serve --data d --listen 127.0.0.1:0",
            "wangge config --json --data d",
            "wangge admin person create --name 张三 --data d",
            "wangge import divisions a.csv --data d",
            "wangge import ledger a.xlsx --person office --dry-run --data d",
            "wangge export ledger a.csv --person office --unmask --reason x --data d",
            "wangge generate --grids 3 --seed 7 --data d",
            "wangge verify --data d",
            "wangge backup out.sqlite --data d",
            "wangge restore out.sqlite --data d",
        ] {
            let parsed = Cli::try_parse_from(arguments.split(' '));
            assert!(parsed.is_ok(), "{arguments}: {parsed:?}");
        }
        assert!(Cli::try_parse_from(["wangge", "serve", "--no-such"]).is_err());
    }
}
