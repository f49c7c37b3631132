//! The database's key in the shell's secret store.

use std::path::Path;

use wangge_core::{Store, StoreKey};
use wangge_model::Entropy;

use crate::{AppError, host::SecretStore};

/// Name of the key in the secret store.
const NAME: &str = "database_key";

/// The stored key; on a new phone a new one, stored before anything is
/// encrypted with it. A database without its key is [`AppError::WrongKey`]:
/// a new key would not open it, and would hide that the old one is missing.
pub(crate) fn load_or_make(
    secrets: &dyn SecretStore,
    directory: &Path,
    entropy: &dyn Entropy,
) -> Result<StoreKey, AppError> {
    if let Some(bytes) = secrets.load(NAME.to_owned())? {
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| AppError::WrongKey)?;
        return Ok(StoreKey::from_bytes(bytes));
    }
    if Store::exists(directory) {
        return Err(AppError::WrongKey);
    }
    let key = StoreKey::make(entropy);
    secrets.store(NAME.to_owned(), key.as_bytes().to_vec())?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use wangge_model::SystemEntropy;

    use super::*;

    #[derive(Default)]
    struct FakeSecrets(Mutex<Option<Vec<u8>>>);

    impl SecretStore for FakeSecrets {
        fn load(&self, name: String) -> Result<Option<Vec<u8>>, AppError> {
            assert_eq!(name, NAME);
            Ok(self.0.lock().unwrap().clone())
        }
        fn store(&self, _: String, bytes: Vec<u8>) -> Result<(), AppError> {
            *self.0.lock().unwrap() = Some(bytes);
            Ok(())
        }
    }

    fn load(secrets: &FakeSecrets, directory: &Path) -> Result<StoreKey, AppError> {
        load_or_make(secrets, directory, &SystemEntropy)
    }

    #[test]
    fn a_new_phone_gets_a_key_and_keeps_it() {
        let directory = tempfile::tempdir().unwrap();
        let secrets = FakeSecrets::default();
        let made = load(&secrets, directory.path()).unwrap();
        let kept = load(&secrets, directory.path()).unwrap();
        assert_eq!(made.as_bytes(), kept.as_bytes());
    }

    #[test]
    fn a_database_without_its_key_is_not_given_another() {
        let directory = tempfile::tempdir().unwrap();
        let secrets = FakeSecrets::default();
        let key = load(&secrets, directory.path()).unwrap();
        drop(
            Store::open(wangge_core::store::StoreOptions {
                directory: directory.path().to_owned(),
                key,
                clock: std::sync::Arc::new(wangge_model::SystemClock),
                entropy: std::sync::Arc::new(SystemEntropy),
            })
            .unwrap(),
        );
        let empty = FakeSecrets::default();
        assert_eq!(
            load(&empty, directory.path()).unwrap_err(),
            AppError::WrongKey
        );
        assert_eq!(*empty.0.lock().unwrap(), None);
        *empty.0.lock().unwrap() = Some(vec![1; 5]);
        assert_eq!(
            load(&empty, directory.path()).unwrap_err(),
            AppError::WrongKey
        );
    }
}
