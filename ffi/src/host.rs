//! What a shell implements for the core, and the adapters that make it fit.
//! Calls into a shell are few and coarse: each one attaches a thread to the
//! JVM on Android. Every method may fail, because foreign code may throw.

use std::{fmt, sync::Arc};

use wangge_core::sync::SyncProgress;
use wangge_model::{
    Clock, SystemClock, Timestamp,
    protocol::{Algorithm, PublicKey, Signature, SignatureError, SigningKey},
};

use crate::AppError;

/// Small secrets that outlive the app and never leave the phone: Android's
/// keystore-wrapped preferences, the iOS keychain ("this device only"). Not
/// part of any backup.
#[uniffi::export(rust, foreign)]
pub trait SecretStore: Send + Sync {
    /// The secret of this name; nothing only if it was never stored. If the
    /// store cannot be read now (phone locked), throw instead.
    fn load(&self, name: String) -> Result<Option<Vec<u8>>, AppError>;

    /// Keeps a secret; once this returns it survives a crash.
    fn store(&self, name: String, bytes: Vec<u8>) -> Result<(), AppError>;
}

/// The device's P-256 key (ECDSA with SHA-256), held where it cannot be taken
/// out: Android Keystore, Secure Enclave. Called on a thread that may wait.
#[uniffi::export(rust, foreign)]
pub trait DeviceKey: Send + Sync {
    /// The public key as a SEC 1 point: 65 bytes (04 ‖ x ‖ y) or 33 compressed.
    fn public_key(&self) -> Result<Vec<u8>, AppError>;

    /// Signs SHA-256 of the text: 64 bytes, r ‖ s, each 32 bytes big-endian.
    /// Keystores give DER; the shell converts.
    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, AppError>;
}

/// Time, for tests that set it. A phone passes none and gets its own.
#[uniffi::export(rust, foreign)]
pub trait HostClock: Send + Sync {
    /// Now; may jump.
    fn now_ms(&self) -> Result<Timestamp, AppError>;
}

/// Hears how a sync goes. Called between steps, one call at a time, never on
/// the main thread; must return soon.
#[uniffi::export(rust, foreign)]
pub trait SyncListener: Send + Sync {
    /// Something moved on.
    fn progress(&self, progress: SyncProgress) -> Result<(), AppError>;
}

/// A shell's [`DeviceKey`] as the core's signing key.
pub(crate) struct HostKey(pub(crate) Arc<dyn DeviceKey>);

impl SigningKey for HostKey {
    fn public_key(&self) -> Result<PublicKey, SignatureError> {
        let bytes = self
            .0
            .public_key()
            .map_err(|error| key_unavailable(&error))?;
        Ok(PublicKey {
            algorithm: Algorithm::EcdsaP256Sha256,
            bytes,
        })
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignatureError> {
        let bytes = self
            .0
            .sign(message.to_vec())
            .map_err(|error| key_unavailable(&error))?;
        Ok(Signature {
            algorithm: Algorithm::EcdsaP256Sha256,
            bytes,
        })
    }
}

fn key_unavailable(error: &AppError) -> SignatureError {
    tracing::warn!(%error, "the device key cannot be used");
    SignatureError::KeyUnavailable
}

/// A shell's [`HostClock`] as the core's clock.
pub(crate) struct ShellClock(pub(crate) Arc<dyn HostClock>);

impl Clock for ShellClock {
    fn now(&self) -> Timestamp {
        self.0.now_ms().unwrap_or_else(|error| {
            tracing::warn!(%error, "the shell's clock failed; the system's is used");
            SystemClock.now()
        })
    }
}

/// A shell's [`SyncListener`] as the core's. A listener that fails has missed
/// something; the sync goes on.
pub(crate) struct HostListener(pub(crate) Option<Arc<dyn SyncListener>>);

impl wangge_core::sync::SyncListener for HostListener {
    fn progress(&self, progress: SyncProgress) {
        let result = self
            .0
            .as_ref()
            .map_or(Ok(()), |listener| listener.progress(progress));
        if let Err(error) = result {
            tracing::warn!(%error, "the sync listener failed");
        }
    }
}

macro_rules! opaque_debug {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        })*
    };
}

opaque_debug!(HostKey, ShellClock, HostListener);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SoftwareDeviceKey;

    /// A shell in which everything throws.
    struct Broken;

    const BROKEN: AppError = AppError::Cancelled;

    impl DeviceKey for Broken {
        fn public_key(&self) -> Result<Vec<u8>, AppError> {
            Err(BROKEN)
        }
        fn sign(&self, _: Vec<u8>) -> Result<Vec<u8>, AppError> {
            Err(BROKEN)
        }
    }

    impl HostClock for Broken {
        fn now_ms(&self) -> Result<Timestamp, AppError> {
            Err(BROKEN)
        }
    }

    impl SyncListener for Broken {
        fn progress(&self, _: SyncProgress) -> Result<(), AppError> {
            Err(BROKEN)
        }
    }

    #[test]
    fn a_shells_key_signs_what_the_core_checks() {
        let key = HostKey(SoftwareDeviceKey::make());
        let signature = key.sign(b"text").unwrap();
        assert_eq!(
            key.public_key().unwrap().verify(b"text", &signature),
            Ok(())
        );
    }

    #[test]
    fn a_shell_that_throws_is_an_error_a_fallback_or_a_gap_but_no_panic() {
        let key = HostKey(Arc::new(Broken));
        assert_eq!(
            key.public_key().unwrap_err(),
            SignatureError::KeyUnavailable
        );
        assert_eq!(
            key.sign(b"text").unwrap_err(),
            SignatureError::KeyUnavailable
        );
        assert!(ShellClock(Arc::new(Broken)).now().as_millis() > 0);
        wangge_core::sync::SyncListener::progress(
            &HostListener(Some(Arc::new(Broken))),
            SyncProgress::default(),
        );
    }
}
