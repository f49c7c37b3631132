//! What a shell gives the core when it opens it.

use std::{fmt, path::PathBuf, sync::Arc};

use wangge_model::{CitizenIdPolicy, Clock, Entropy, protocol::SigningKey};
use zeroize::Zeroizing;

/// The 256-bit key of the phone's database. The shell keeps it in the phone's
/// secret store; it is wiped from memory when dropped.
#[derive(Clone)]
pub struct StoreKey(Zeroizing<[u8; 32]>);

impl StoreKey {
    /// Wraps the given bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A new random key, for a new phone.
    pub fn make(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// The bytes, for the shell's secret store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey(…)")
    }
}

/// Everything the core needs of the phone it runs on.
#[derive(Debug, Clone)]
pub struct CoreConfig {
    /// A directory of this app alone, outside what the system backs up
    /// (`noBackupFilesDir`; on iOS marked `isExcludedFromBackup`). Created if
    /// it is not there.
    pub directory: PathBuf,
    /// The database's key.
    pub key: StoreKey,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub entropy: Arc<dyn Entropy>,
    /// The device's key; phones keep it in hardware.
    pub device_key: Arc<dyn SigningKey>,
    /// Which citizen identity numbers may be entered.
    pub citizen_id_policy: CitizenIdPolicy,
    /// Version of the app, e.g. `0.1.0`.
    pub app_version: String,
    /// What the owner calls the phone, e.g. its model name.
    pub device_name: String,
}
