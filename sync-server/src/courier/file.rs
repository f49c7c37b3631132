//! Messages into a file, one JSON object a line: for a program on the same
//! machine that sends them, and for trying out.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use async_trait::async_trait;

use super::{Letter, Outlet, OutletError};

/// Name of the file in the data folder.
pub const FILE: &str = "messages.jsonl";

/// Appends to a file that only its owner reads.
#[derive(Debug)]
pub struct FileOutlet {
    path: PathBuf,
}

impl FileOutlet {
    /// In this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE),
        }
    }
}

fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // One write: a line is there whole or not at all.
    file.write_all(line)?;
    file.sync_data()
}

#[async_trait]
impl Outlet for FileOutlet {
    async fn send(&self, letter: &Letter) -> Result<(), OutletError> {
        let mut line = serde_json::to_vec(letter).map_err(|_| OutletError::File)?;
        line.push(b'\n');
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || append(&path, &line)).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::error!(%error, "the file of messages cannot be written");
                Err(OutletError::File)
            }
            Err(_) => Err(OutletError::File),
        }
    }
}
