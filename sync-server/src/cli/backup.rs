//! `wangge backup`: a consistent copy of the database while the server runs.

use std::{fs, io::Write, path::PathBuf};

use serde_json::json;

use super::{CliError, Outcome, open::open_existing, output::Output};
use crate::{
    config::{Config, SettingFlags},
    data_folder::DataFolderError,
    storage::MetaStorage as _,
};

/// Arguments of `wangge backup`.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    /// 新文件的路径，不能已存在。The new file; it must not exist.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// 以 JSON 输出结果。Print the result as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

pub(super) async fn run(
    args: &BackupArgs,
    config: &Config,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let path = args.file.display().to_string();
    if args.file.exists() {
        return Err(CliError::BackupExists(path));
    }
    let (_data, storage) = open_existing(config)?;
    storage.back_up(&args.file).await?;
    storage.close().await?;
    let unusable = |source| DataFolderError::Unusable {
        path: args.file.clone(),
        source,
    };
    // The copy is a server's whole data: nobody else may read it, and it is on
    // disk when the command ends.
    let file = fs::File::open(&args.file).map_err(unusable)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .map_err(unusable)?;
    file.sync_all().map_err(unusable)?;
    let bytes = file.metadata().map_err(unusable)?.len();
    let mut output = Output {
        json: args.json,
        language: config.language,
        writer: out,
    };
    output.say(
        "backup-done",
        &[("path", &path), ("bytes", &bytes.to_string())],
    )?;
    output.value(&json!({ "path": path, "bytes": bytes }))?;
    Ok(Outcome::Done)
}
