//! `wangge restore`: puts a backup in the place of the data and begins a new
//! life. Phones then bring back what the backup is too old to hold.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::json;
use wangge_model::Clock;

use super::{CliError, Outcome, World, output::Output};
use crate::{
    config::{Config, SettingFlags},
    data_folder::{DataFolder, DataFolderError},
    state::ServerIdentity,
    storage::{
        MetaStorage as _, SqliteStorage, StorageError,
        sqlite::{SCHEMA_VERSION, find_schema_version, verify},
    },
};

/// Arguments of `wangge restore`.
#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// 备份文件。The backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// 没有 server.key 也恢复；已注册的手机都须重新注册。Restore without a server.key; enrolled
    /// phones have to enrol again.
    #[arg(long)]
    new_key: bool,
    /// 以 JSON 输出结果。Print the result as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

pub(super) async fn run(
    args: &RestoreArgs,
    config: &Config,
    world: World<'_>,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let data = DataFolder::create(&config.data)?;
    // Held to the end: no server may start in between.
    let _lock = data.lock()?;
    if !args.new_key && !ServerIdentity::has_key(data.path()) {
        return Err(CliError::RestoreWithoutKey(
            data.path().display().to_string(),
        ));
    }
    let records = check(&args.file)?;
    let kept = replace(&args.file, &data, world.clock)?;
    let storage = SqliteStorage::open(&data.database())?;
    let identity = ServerIdentity::begin(data.path(), &storage, world.clock, world.entropy).await?;
    storage.close().await?;

    let mut output = Output {
        json: args.json,
        language: config.language,
        writer: out,
    };
    let epoch = identity.epoch.to_string();
    output.say(
        "restore-done",
        &[("records", &records.to_string()), ("epoch", &epoch)],
    )?;
    let kept = kept.map(|kept| kept.display().to_string());
    if let Some(kept) = &kept {
        output.say("restore-kept", &[("path", kept)])?;
    }
    output.value(&json!({ "records": records, "epoch": epoch, "kept": kept }))?;
    Ok(Outcome::Done)
}

/// Looks through the backup before anything is replaced; answers how many
/// records it holds.
fn check(file: &Path) -> Result<u64, CliError> {
    let damaged = || CliError::RestoreDamaged(file.display().to_string());
    if !file.is_file() {
        return Err(damaged());
    }
    let found = find_schema_version(file).map_err(|_| damaged())?;
    if found > SCHEMA_VERSION {
        return Err(StorageError::NewerData {
            found,
            known: SCHEMA_VERSION,
        }
        .into());
    }
    let mut findings = 0;
    let verified = verify(file, &mut |finding| {
        tracing::error!(?finding, "the backup is damaged");
        findings += 1;
    })
    .map_err(|_| damaged())?;
    if found == 0 || findings > 0 {
        return Err(damaged());
    }
    Ok(verified.records)
}

/// Puts a copy of the backup in the place of the database. What was there is
/// kept beside it; answers where.
fn replace(
    file: &Path,
    data: &DataFolder,
    clock: &dyn Clock,
) -> Result<Option<PathBuf>, DataFolderError> {
    let database = data.database();
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |source| DataFolderError::Unusable { path, source }
    };
    let copy = suffixed(&database, ".restored");
    copy_private(file, &copy).map_err(unusable(&copy))?;
    let mut kept = None;
    if database.exists() {
        let aside = suffixed(&database, &format!(".before-{}", clock.now().as_millis()));
        // The log belongs to its database: a stray one would be played into
        // the restored file.
        for end in ["-wal", "-shm", ""] {
            let from = suffixed(&database, end);
            if from.exists() {
                fs::rename(&from, suffixed(&aside, end)).map_err(unusable(&from))?;
            }
        }
        kept = Some(aside);
    }
    fs::rename(&copy, &database).map_err(unusable(&database))?;
    fs::File::open(data.path())
        .and_then(|folder| folder.sync_all())
        .map_err(unusable(data.path()))?;
    Ok(kept)
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Copies a file so that only its owner may read it; on disk when it returns.
fn copy_private(from: &Path, to: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut copy = options.open(to)?;
    io::copy(&mut fs::File::open(from)?, &mut copy)?;
    copy.sync_all()
}

#[cfg(test)]
mod tests {
    use wangge_model::{SystemClock, testing::SeededEntropy};

    use super::*;

    fn config(folder: &Path) -> Config {
        Config {
            data: folder.join("data"),
            ..Config::default()
        }
    }

    async fn restore(config: &Config, file: &Path, new_key: bool) -> Result<Outcome, CliError> {
        let args = RestoreArgs {
            file: file.to_owned(),
            new_key,
            json: true,
            settings: SettingFlags::default(),
        };
        let entropy = SeededEntropy::new(9);
        let world = World {
            clock: &SystemClock,
            entropy: &entropy,
        };
        run(&args, config, world, &mut Vec::new()).await
    }

    async fn identity(config: &Config) -> ServerIdentity {
        let data = DataFolder::create(&config.data).unwrap();
        let storage = SqliteStorage::open(&data.database()).unwrap();
        let identity = ServerIdentity::open(
            data.path(),
            &storage,
            &SystemClock,
            &wangge_model::SystemEntropy,
        )
        .await
        .unwrap();
        storage.close().await.unwrap();
        identity
    }

    #[tokio::test]
    async fn a_restored_server_keeps_its_key_and_begins_a_new_life_that_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let before = identity(&config).await;
        let backup = folder.path().join("backup");
        let data = DataFolder::find(&config.data).unwrap();
        let storage = SqliteStorage::open(&data.database()).unwrap();
        storage.put_meta("mark", b"old").await.unwrap();
        storage.back_up(&backup).await.unwrap();
        storage.put_meta("mark", b"new").await.unwrap();
        storage.close().await.unwrap();

        let lock = data.lock().unwrap();
        let refused = restore(&config, &backup, false).await;
        assert!(matches!(refused, Err(CliError::DataFolder(_))), "served");
        drop(lock);

        restore(&config, &backup, false).await.unwrap();
        let after = identity(&config).await;
        assert_ne!(after.epoch, before.epoch);
        assert_ne!(after.actor, before.actor);
        assert_eq!(after.public_key, before.public_key);
        assert_eq!(identity(&config).await.epoch, after.epoch);
        let storage = SqliteStorage::open(&data.database()).unwrap();
        let mark = storage.find_meta("mark").await.unwrap();
        assert_eq!(mark.as_deref(), Some(b"old".as_slice()));
        let kept = fs::read_dir(data.path()).unwrap().any(|entry| {
            let name = entry.unwrap().file_name();
            name.to_string_lossy().contains(".before-")
        });
        assert!(kept, "what was there is kept");
    }

    #[tokio::test]
    async fn a_backup_copied_back_by_hand_begins_a_new_life_too() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let before = identity(&config).await;
        let data = DataFolder::find(&config.data).unwrap();
        let backup = folder.path().join("backup");
        let storage = SqliteStorage::open(&data.database()).unwrap();
        storage.back_up(&backup).await.unwrap();
        storage.close().await.unwrap();
        fs::copy(&backup, data.database()).unwrap();
        assert_ne!(identity(&config).await.epoch, before.epoch);
    }

    #[tokio::test]
    async fn no_file_that_is_no_backup_replaces_anything() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let before = identity(&config).await;
        let text = folder.path().join("text");
        fs::write(&text, "not a database").unwrap();
        let empty = folder.path().join("empty");
        fs::write(&empty, "").unwrap();
        for file in [&text, &empty, &folder.path().join("missing")] {
            let refused = restore(&config, file, false).await;
            assert!(matches!(refused, Err(CliError::RestoreDamaged(_))));
        }
        assert_eq!(identity(&config).await.epoch, before.epoch);
    }

    #[tokio::test]
    async fn without_the_key_of_the_installation_nothing_is_restored_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let old = config(folder.path());
        identity(&old).await;
        let backup = folder.path().join("backup");
        let data = DataFolder::find(&old.data).unwrap();
        let storage = SqliteStorage::open(&data.database()).unwrap();
        storage.back_up(&backup).await.unwrap();
        storage.close().await.unwrap();
        let new = Config {
            data: folder.path().join("new"),
            ..Config::default()
        };
        let refused = restore(&new, &backup, false).await;
        assert!(matches!(refused, Err(CliError::RestoreWithoutKey(_))));
        restore(&new, &backup, true).await.unwrap();
    }
}
