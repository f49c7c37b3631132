//! A device key in memory, for tests, desktops and simulators.

use std::{fmt, sync::Arc};

use wangge_model::{
    SystemEntropy,
    protocol::{SignatureError, SigningKey, SoftwareKey},
};

use crate::{AppError, host::DeviceKey};

/// A P-256 key that is not in hardware. A phone's app uses the phone's own.
#[derive(uniffi::Object)]
pub struct SoftwareDeviceKey(SoftwareKey);

impl fmt::Debug for SoftwareDeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareDeviceKey")
    }
}

#[uniffi::export]
impl SoftwareDeviceKey {
    /// A new random key.
    #[uniffi::constructor]
    pub fn make() -> Arc<Self> {
        Arc::new(Self(SoftwareKey::make(&SystemEntropy)))
    }

    /// The key with this 32-byte secret.
    #[uniffi::constructor]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a slice would be a ByteBuffer in Kotlin"
    )]
    pub fn from_bytes(secret: Vec<u8>) -> Result<Arc<Self>, AppError> {
        Ok(Arc::new(Self(
            SoftwareKey::from_bytes(&secret).map_err(no_key)?,
        )))
    }

    /// The secret, to keep it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes().to_vec()
    }
}

#[uniffi::export]
impl DeviceKey for SoftwareDeviceKey {
    fn public_key(&self) -> Result<Vec<u8>, AppError> {
        Ok(self.0.public_key().map_err(no_key)?.bytes)
    }

    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, AppError> {
        Ok(self.0.sign(&message).map_err(no_key)?.bytes)
    }
}

fn no_key(error: SignatureError) -> AppError {
    AppError::Unexpected {
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_secret() {
        let key = SoftwareDeviceKey::make();
        let back = SoftwareDeviceKey::from_bytes(key.to_bytes()).unwrap();
        assert_eq!(back.public_key(), key.public_key());
        assert!(SoftwareDeviceKey::from_bytes(vec![0; 32]).is_err());
    }
}
