//! Signatures of devices and servers, with the algorithm named beside them so
//! that another one (SM2) can be added without a new protocol.

use std::fmt;

use minicbor::{Decode, Encode};
use p256::ecdsa::{
    Signature as P256Signature, SigningKey as P256SigningKey, VerifyingKey, signature::Signer,
};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use crate::Entropy;

/// A signature algorithm, by its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Algorithm {
    /// ECDSA over NIST P-256 with SHA-256 (FIPS 186-5): what phone keystores
    /// and the Secure Enclave can do without letting the key out.
    #[n(1)]
    EcdsaP256Sha256,
}

/// A public key in SEC 1 form (33 or 65 bytes) with its algorithm.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct PublicKey {
    /// What the key is for.
    #[n(0)]
    pub algorithm: Algorithm,
    /// The key itself.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// A signature with its algorithm; 64 bytes (r ‖ s) for P-256.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Signature {
    /// How it was made.
    #[n(0)]
    pub algorithm: Algorithm,
    /// The signature itself.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// Why a signature or key was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The bytes are no point of the curve.
    #[error("not a public key")]
    InvalidKey,
    /// The bytes are no signature of this algorithm.
    #[error("not a signature")]
    InvalidSignature,
    /// Well-formed, but not made by this key over this message.
    #[error("the signature does not match")]
    Mismatch,
    /// The keystore refused to sign (locked, wiped, no such key).
    #[error("the device key could not sign")]
    KeyUnavailable,
}

impl PublicKey {
    /// Checks `signature` over `message`. A server does it once for each push
    /// and a phone for each page, so by the library that is fastest at it; that
    /// one knows neither the short form of a key nor why it said no.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let key =
            VerifyingKey::from_sec1_bytes(&self.bytes).map_err(|_| SignatureError::InvalidKey)?;
        let signature = P256Signature::from_slice(&signature.bytes)
            .map_err(|_| SignatureError::InvalidSignature)?;
        UnparsedPublicKey::new(
            &ECDSA_P256_SHA256_FIXED,
            key.to_sec1_point(false).as_bytes(),
        )
        .verify(message, &signature.to_bytes())
        .map_err(|_| SignatureError::Mismatch)
    }

    /// Whether the bytes are a usable key at all.
    pub fn check(&self) -> Result<(), SignatureError> {
        VerifyingKey::from_sec1_bytes(&self.bytes)
            .map(|_| ())
            .map_err(|_| SignatureError::InvalidKey)
    }
}

/// Whatever holds a private key: a phone's keystore, or software in tests and
/// on the server.
pub trait SigningKey: Send + Sync + fmt::Debug {
    /// The key others check with.
    fn public_key(&self) -> Result<PublicKey, SignatureError>;
    /// Signs SHA-256 of `message`.
    fn sign(&self, message: &[u8]) -> Result<Signature, SignatureError>;
}

/// A P-256 key held in memory. Phones keep theirs in hardware; this one serves
/// the server's feed signatures, the simulator and tests.
pub struct SoftwareKey(P256SigningKey);

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareKey(…)")
    }
}

impl SoftwareKey {
    /// A new key from the given randomness.
    pub fn make(entropy: &dyn Entropy) -> Self {
        loop {
            let mut scalar = [0_u8; 32];
            entropy.fill(&mut scalar);
            // Fails only for zero or a value past the group order: 1 in 2^32.
            if let Ok(key) = P256SigningKey::from_slice(&scalar) {
                return Self(key);
            }
        }
    }

    /// The key whose 32-byte scalar this is.
    pub fn from_bytes(scalar: &[u8]) -> Result<Self, SignatureError> {
        P256SigningKey::from_slice(scalar)
            .map(Self)
            .map_err(|_| SignatureError::InvalidKey)
    }

    /// The 32-byte secret scalar, for a store that keeps it.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes().into()
    }
}

impl SigningKey for SoftwareKey {
    fn public_key(&self) -> Result<PublicKey, SignatureError> {
        Ok(PublicKey {
            algorithm: Algorithm::EcdsaP256Sha256,
            bytes: self
                .0
                .verifying_key()
                .to_sec1_point(true)
                .as_bytes()
                .to_vec(),
        })
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignatureError> {
        let signature: P256Signature = self.0.sign(message);
        Ok(Signature {
            algorithm: Algorithm::EcdsaP256Sha256,
            bytes: signature.to_bytes().to_vec(),
        })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(&self.bytes))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::SeededEntropy;

    #[test]
    fn a_signature_holds_for_its_key_and_message_only() {
        let key = SoftwareKey::make(&SeededEntropy::new(1));
        let other = SoftwareKey::make(&SeededEntropy::new(2));
        let signature = key.sign(b"message").unwrap();
        let public = key.public_key().unwrap();
        assert_eq!(public.verify(b"message", &signature), Ok(()));
        assert_eq!(
            public.verify(b"other", &signature),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            other.public_key().unwrap().verify(b"message", &signature),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn garbage_is_named_as_what_it_is() {
        let key = SoftwareKey::make(&SeededEntropy::new(1))
            .public_key()
            .unwrap();
        let short = Signature {
            algorithm: Algorithm::EcdsaP256Sha256,
            bytes: vec![1; 10],
        };
        assert_eq!(
            key.verify(b"m", &short),
            Err(SignatureError::InvalidSignature)
        );
        let bad = PublicKey {
            algorithm: Algorithm::EcdsaP256Sha256,
            bytes: vec![4; 65],
        };
        assert_eq!(bad.check(), Err(SignatureError::InvalidKey));
    }
}
