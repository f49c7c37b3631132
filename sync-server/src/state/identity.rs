//! Who this server is: its present life (epoch), the key that signs feeds, and
//! the secret behind session challenges.
//!
//! The key and the epoch are files beside the database and not in it, so that
//! a database restored from a backup does not bring an old life back.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use wangge_model::{
    ActorId, Entropy, ServerEpoch, derive_server_actor,
    protocol::{PublicKey, SignatureError, SigningKey, SoftwareKey},
};

use crate::storage::{Storage, StorageError};

/// File of the feed signing key: 32 bytes, readable by the owner only.
const KEY_FILE: &str = "server.key";
/// File of the present epoch: 32 hex digits.
const EPOCH_FILE: &str = "server.epoch";
/// The same in the database.
const EPOCH_META: &str = "server_epoch";

/// Who this server is.
#[derive(Debug, Clone)]
pub struct ServerIdentity {
    /// This life of the server's data.
    pub epoch: ServerEpoch,
    /// Signs feed pages.
    pub key: Arc<SoftwareKey>,
    /// Checks those signatures.
    pub public_key: PublicKey,
    /// The server's own name inside changes.
    pub actor: ActorId,
    /// Keys the session challenges; new at every start.
    pub challenge_secret: [u8; 32],
}

/// Why the identity could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The key file holds something else.
    #[error("the key file is damaged: {0}")]
    Key(#[from] SignatureError),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ServerIdentity {
    /// An identity that lives in memory only.
    pub fn make(entropy: &dyn Entropy) -> Result<Self, IdentityError> {
        Self::assemble(
            ServerEpoch::make(entropy),
            SoftwareKey::make(entropy),
            entropy,
        )
    }

    /// Reads the identity from the data folder, or makes a new one.
    ///
    /// If the database and the epoch file do not name the same life, the
    /// database is not the one that was last served from here (restored,
    /// copied): a new life begins.
    pub async fn open(
        folder: &Path,
        storage: &dyn Storage,
        entropy: &dyn Entropy,
    ) -> Result<Self, IdentityError> {
        let key = match read_file(&folder.join(KEY_FILE))? {
            Some(bytes) => SoftwareKey::from_bytes(&bytes)?,
            None => {
                let key = SoftwareKey::make(entropy);
                write_private(&folder.join(KEY_FILE), &key.to_bytes())?;
                key
            }
        };
        let in_file = read_file(&folder.join(EPOCH_FILE))?
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.trim().parse::<ServerEpoch>().ok());
        let in_database = storage
            .find_meta(EPOCH_META)
            .await?
            .and_then(|bytes| ServerEpoch::from_slice(&bytes).ok());
        let epoch = match (in_file, in_database) {
            (Some(file), Some(database)) if file == database => file,
            _ => {
                let epoch = ServerEpoch::make(entropy);
                // The database first: if this is cut short, the two differ and
                // the next start begins a new life again.
                storage.put_meta(EPOCH_META, epoch.as_bytes()).await?;
                write_private(&folder.join(EPOCH_FILE), format!("{epoch}\n").as_bytes())?;
                tracing::info!(%epoch, "a new server epoch begins");
                epoch
            }
        };
        Self::assemble(epoch, key, entropy)
    }

    fn assemble(
        epoch: ServerEpoch,
        key: SoftwareKey,
        entropy: &dyn Entropy,
    ) -> Result<Self, IdentityError> {
        let mut challenge_secret = [0; 32];
        entropy.fill(&mut challenge_secret);
        Ok(Self {
            epoch,
            public_key: key.public_key()?,
            key: Arc::new(key),
            actor: derive_server_actor(&epoch),
            challenge_secret,
        })
    }
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> IdentityError {
    let path = path.to_owned();
    move |source| IdentityError::File { path, source }
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, IdentityError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error(path)(error)),
    }
}

/// Writes a whole file that only its owner may read, or leaves the old one.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), IdentityError> {
    let write = || -> io::Result<()> {
        let temporary = path.with_extension("new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        if let Some(folder) = path.parent() {
            fs::File::open(folder)?.sync_all()?;
        }
        Ok(())
    };
    write().map_err(file_error(path))
}
