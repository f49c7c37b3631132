//! The data folder: made private, checked for being writable, and held by one
//! server at a time.
//!
//! Does not own what is inside: the database is `storage`'s, the certificate
//! `tls`'s.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use wangge_model::message::{Language, message};

use crate::explain::{Explain, exit_status, io_reason};

/// Name of the file a running server holds locked.
const LOCK_FILE: &str = "server.lock";
/// Name of the file with the running server's address.
const ADDRESS_FILE: &str = "server.address";
/// Name of the database file.
const DATABASE_FILE: &str = "wangge.sqlite";
/// Name of the folder of the self-signed certificate.
const TLS_FOLDER: &str = "tls";

/// A data folder that exists and can be written.
#[derive(Debug, Clone)]
pub struct DataFolder {
    path: PathBuf,
}

/// A data folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// It cannot be made or written.
    #[error("cannot use the data folder {path}")]
    Unusable {
        /// The folder or the file inside it.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is none, and the command does not make one.
    #[error("there is no data folder at {path}")]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Another server holds it.
    #[error("another server uses the data folder {path}")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

impl Explain for DataFolderError {
    fn text(&self, language: Language) -> String {
        let path = |path: &Path| path.display().to_string();
        match self {
            Self::Unusable { path: at, source } => message(
                language,
                "data-folder-unusable",
                &[
                    ("path", &path(at)),
                    ("reason", &io_reason(source, language)),
                ],
            ),
            Self::Missing { path: at } => {
                message(language, "data-folder-missing", &[("path", &path(at))])
            }
            Self::InUse { path: at } => {
                message(language, "data-folder-in-use", &[("path", &path(at))])
            }
        }
    }

    fn exit_status(&self) -> u8 {
        exit_status::DATA
    }
}

/// Held while a server runs; the lock ends with the process, however it ends.
#[derive(Debug)]
pub struct ServerLock {
    _file: File,
}

impl DataFolder {
    /// Makes the folder if it is not there (for its owner only) and proves that
    /// a file can be written into it, so that a full or read-only disk is
    /// reported now and not at the first record.
    pub fn create(path: &Path) -> Result<Self, DataFolderError> {
        let unusable = |at: &Path, source| DataFolderError::Unusable {
            path: at.to_path_buf(),
            source,
        };
        if !path.is_dir() {
            make_private_folder(path).map_err(|error| unusable(path, error))?;
        }
        // A file without a name: commands running at the same time cannot get
        // in each other's way, and nothing is left behind.
        tempfile::tempfile_in(path)
            .and_then(|mut file| file.write_all(&[0; 4096]).and_then(|()| file.sync_all()))
            .map_err(|error| unusable(path, error))?;
        Ok(Self {
            path: path.to_path_buf(),
        })
    }

    /// The folder of a server that was started before.
    pub fn find(path: &Path) -> Result<Self, DataFolderError> {
        if path.join(DATABASE_FILE).is_file() {
            Self::create(path)
        } else {
            Err(DataFolderError::Missing {
                path: path.to_path_buf(),
            })
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE_FILE)
    }

    /// The folder of the self-signed certificate and its key.
    pub fn tls(&self) -> PathBuf {
        self.path.join(TLS_FOLDER)
    }

    /// The file with the address of the running server.
    pub fn address_file(&self) -> PathBuf {
        self.path.join(ADDRESS_FILE)
    }

    /// Takes the folder for this server alone.
    pub fn lock(&self) -> Result<ServerLock, DataFolderError> {
        let file = self.open_lock_file()?;
        match file.try_lock() {
            Ok(()) => Ok(ServerLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(DataFolderError::InUse {
                path: self.path.clone(),
            }),
            Err(TryLockError::Error(source)) => Err(DataFolderError::Unusable {
                path: self.path.join(LOCK_FILE),
                source,
            }),
        }
    }

    /// Whether a server holds the folder right now.
    pub fn is_served(&self) -> Result<bool, DataFolderError> {
        match self.lock() {
            Ok(_) => Ok(false),
            Err(DataFolderError::InUse { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn open_lock_file(&self) -> Result<File, DataFolderError> {
        let path = self.path.join(LOCK_FILE);
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| DataFolderError::Unusable { path, source })
    }
}

/// Makes a folder that only its owner can enter.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a new file that only its owner can read, whole or not at all.
pub(crate) fn write_private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_cannot_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::create(&folder.path().join("data")).unwrap();
        assert!(!data.is_served().unwrap());
        let first = data.lock().unwrap();
        assert!(matches!(data.lock(), Err(DataFolderError::InUse { .. })));
        assert!(data.is_served().unwrap());
        drop(first);
        assert!(data.lock().is_ok());
    }

    #[test]
    fn commands_at_the_same_time_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        DataFolder::create(folder.path()).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_in_the_way_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        fs::write(&path, "x").unwrap();
        let error = DataFolder::create(&path).unwrap_err();
        assert_eq!(error.exit_status(), exit_status::DATA);
        for language in Language::ALL {
            assert!(error.text(language).contains("data"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_made_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::create(&folder.path().join("a/b")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(data.path()), 0o700);
        let file = data.path().join("key.pem");
        write_private_file(&file, b"secret").unwrap();
        assert_eq!(mode(&file), 0o600);
    }

    #[test]
    fn a_folder_without_a_database_is_not_a_servers() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            DataFolder::find(folder.path()),
            Err(DataFolderError::Missing { .. })
        ));
    }
}
