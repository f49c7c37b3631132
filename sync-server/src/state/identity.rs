//! Who this server is: its present life (epoch), the key that signs feeds, and
//! the secret behind session challenges.
//!
//! The key and the epoch are files beside the database and not in it, so that
//! a database restored from a backup does not bring an old life back.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use wangge_model::{
    ActorId, Clock, Entropy, ServerEpoch, derive_server_actor,
    protocol::{PublicKey, SignatureError, SigningKey, SoftwareKey},
};

use crate::{
    ingest::case::series,
    storage::{Storage, StorageError},
};

/// File of the feed signing key: 32 bytes, readable by the owner only.
const KEY_FILE: &str = "server.key";
/// File of the present epoch: 32 hex digits.
const EPOCH_FILE: &str = "server.epoch";
/// The same in the database.
const EPOCH_META: &str = "server_epoch";
/// Case numbers of one day that one life may give.
const NUMBERS_PER_LIFE: u64 = 100_000;

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
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Self, IdentityError> {
        let key = if let Some(bytes) = read_file(&folder.join(KEY_FILE))? {
            SoftwareKey::from_bytes(&bytes)?
        } else {
            let key = SoftwareKey::make(entropy);
            write_private(&folder.join(KEY_FILE), &key.to_bytes())?;
            key
        };
        let file = LifeFile::read(folder)?;
        let in_database = storage
            .find_meta(EPOCH_META)
            .await?
            .and_then(|bytes| ServerEpoch::from_slice(&bytes).ok());
        let epoch = match (&file, in_database) {
            (Some(file), Some(database)) if file.epoch == database => database,
            _ => begin_life(folder, storage, clock, entropy, file, in_database).await?,
        };
        Self::assemble(epoch, key, entropy)
    }

    /// Begins a new life of the data in this folder, whatever life it had.
    pub async fn begin(
        folder: &Path,
        storage: &dyn Storage,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Self, IdentityError> {
        let file = LifeFile::read(folder)?;
        let in_database = storage
            .find_meta(EPOCH_META)
            .await?
            .and_then(|bytes| ServerEpoch::from_slice(&bytes).ok());
        begin_life(folder, storage, clock, entropy, file, in_database).await?;
        Self::open(folder, storage, clock, entropy).await
    }

    /// Whether the folder holds a signing key.
    pub fn has_key(folder: &Path) -> bool {
        folder.join(KEY_FILE).is_file()
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

/// What the epoch file says.
#[derive(Debug)]
struct LifeFile {
    epoch: ServerEpoch,
    /// The series of case numbers of the day the life began on, and above which
    /// number it gives them, if it followed another life.
    numbers: Option<(String, u64)>,
}

impl LifeFile {
    fn read(folder: &Path) -> Result<Option<Self>, IdentityError> {
        let Some(bytes) = read_file(&folder.join(EPOCH_FILE))? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines();
        let Some(epoch) = lines.next().and_then(|line| line.trim().parse().ok()) else {
            return Ok(None);
        };
        let numbers = lines.next().and_then(|line| {
            let (series, above) = line.trim().rsplit_once(' ')?;
            Some((series.to_owned(), above.parse().ok()?))
        });
        Ok(Some(Self { epoch, numbers }))
    }

    fn write(&self, folder: &Path) -> Result<(), IdentityError> {
        let mut text = format!("{}\n", self.epoch);
        if let Some((series, above)) = &self.numbers {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{series} {above}");
        }
        write_private(&folder.join(EPOCH_FILE), text.as_bytes())
    }
}

/// Begins a new life of the data. A life that follows another does not know
/// which case numbers that one gave out after the backup; those of today are
/// skipped, a hundred thousand per life, so that none is given twice.
async fn begin_life(
    folder: &Path,
    storage: &dyn Storage,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    file: Option<LifeFile>,
    in_database: Option<ServerEpoch>,
) -> Result<ServerEpoch, IdentityError> {
    let epoch = ServerEpoch::make(entropy);
    let mut life = LifeFile {
        epoch,
        numbers: None,
    };
    if file.is_some() || in_database.is_some() {
        let today = series(clock.now());
        let used = file
            .and_then(|file| file.numbers)
            .filter(|(series, _)| *series == today)
            .map_or(0, |(_, above)| above);
        let above = used + NUMBERS_PER_LIFE;
        storage.raise_sequence(&today, above).await?;
        life.numbers = Some((today, above));
    }
    // The database first: if this is cut short, the two differ and the next
    // start begins a new life again.
    storage.put_meta(EPOCH_META, epoch.as_bytes()).await?;
    life.write(folder)?;
    tracing::info!(%epoch, "a new server epoch begins");
    Ok(epoch)
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
