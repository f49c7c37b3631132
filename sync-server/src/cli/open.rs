//! How commands get at the data, beside a running server or without one.
//!
//! Both may write at once: SQLite lets one in after the other, and each waits
//! for up to ten seconds. What must not happen is that a newer program changes
//! the schema under an older server, so that is checked first.

use std::path::Path;

use crate::{
    config::Config,
    data_folder::DataFolder,
    storage::{
        SqliteStorage,
        sqlite::{SCHEMA_VERSION, find_schema_version},
    },
};

use super::CliError;

/// Opens the data of the configuration, making it if there is none yet.
pub(crate) fn open_or_make(config: &Config) -> Result<(DataFolder, SqliteStorage), CliError> {
    let data = DataFolder::create(&config.data)?;
    open(data)
}

/// Opens the data of a server that was started before.
pub(crate) fn open_existing(config: &Config) -> Result<(DataFolder, SqliteStorage), CliError> {
    open(DataFolder::find(&config.data)?)
}

fn open(data: DataFolder) -> Result<(DataFolder, SqliteStorage), CliError> {
    let database = data.database();
    if is_older(&database)? && data.is_served()? {
        return Err(CliError::ServedByOlder);
    }
    let storage = SqliteStorage::open(&database)?;
    Ok((data, storage))
}

fn is_older(database: &Path) -> Result<bool, CliError> {
    Ok(database.exists() && find_schema_version(database)? < SCHEMA_VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_schema_is_not_changed_under_a_running_server() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            data: folder.path().join("data"),
            ..Config::default()
        };
        let (data, storage) = open_or_make(&config).unwrap();
        drop(storage);
        let lock = data.lock().unwrap();
        assert!(open_or_make(&config).is_ok(), "the same version may share");
        rusqlite::Connection::open(data.database())
            .unwrap()
            .pragma_update(None, "user_version", 0)
            .unwrap();
        assert!(matches!(
            open_or_make(&config),
            Err(CliError::ServedByOlder)
        ));
        drop(lock);
    }

    #[test]
    fn a_wrong_folder_is_not_filled() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            data: folder.path().join("typo"),
            ..Config::default()
        };
        assert!(matches!(
            open_existing(&config),
            Err(CliError::DataFolder(_))
        ));
        assert!(!config.data.exists());
    }
}
