//! What a phone pushes: changes, and one signature over all of them.

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::{Algorithm, Signature, SignatureError, SigningKey, from_cbor, to_cbor};
use crate::{ChangeHash, DeviceId, GridId, Incarnation, RecordId, RecordKind, ServerEpoch};

/// One change on its way to the server.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PushItem {
    /// The record the change belongs to.
    #[n(0)]
    pub record: RecordId,
    /// The record's document epoch the phone knows; 0 until an erasure.
    #[n(1)]
    pub record_epoch: u32,
    /// What kind of record.
    #[n(2)]
    pub kind: RecordKind,
    /// The grid the phone filed the record under. Used only when the server
    /// does not know the record yet; later the server's own table decides.
    #[n(3)]
    pub grid: GridId,
    /// SHA-256 identity of the change, checked before anything is parsed.
    #[n(4)]
    pub hash: ChangeHash,
    /// The raw (uncompressed, type 1) Automerge change chunk.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub change: Vec<u8>,
}

/// What the device signs for one push: who, in which life of both ends, the
/// how-manieth push, and a digest of exactly these items.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Manifest {
    /// The pushing device.
    #[n(0)]
    pub device: DeviceId,
    /// The app life whose actor made the changes.
    #[n(1)]
    pub incarnation: Incarnation,
    /// The server life this push is meant for.
    #[n(2)]
    pub server_epoch: ServerEpoch,
    /// Rises by at least one with every new manifest of the device; the same
    /// manifest sent again keeps its number.
    #[n(3)]
    pub counter: u64,
    /// Number of items.
    #[n(4)]
    pub count: u32,
    /// [`items_digest`] of the items.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub items_digest: Vec<u8>,
    /// SHA-256 of each photo or file the changes refer to; none yet.
    #[n(6)]
    pub blobs: Vec<ChangeHash>,
}

/// A manifest with the signature that lasts: kept by the server as the proof
/// of who handed in what.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedManifest {
    /// Canonical CBOR of a [`Manifest`], exactly as signed.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub manifest: Vec<u8>,
    /// Over [`SignedManifest::message`].
    #[n(1)]
    pub signature: Signature,
}

/// Prefix of what is signed, so that a signature cannot be used elsewhere.
const DOMAIN: &[u8] = b"wangge/manifest/v1\0";

impl SignedManifest {
    /// Encodes and signs a manifest.
    pub fn sign(manifest: &Manifest, key: &dyn SigningKey) -> Result<Self, SignatureError> {
        let manifest = to_cbor(manifest);
        let signature = key.sign(&Self::message(&manifest))?;
        Ok(Self {
            manifest,
            signature,
        })
    }

    /// The signed bytes: domain, then the encoded manifest.
    pub fn message(manifest: &[u8]) -> Vec<u8> {
        [DOMAIN, manifest].concat()
    }

    /// The manifest inside, not yet verified.
    pub fn decode(&self) -> Result<Manifest, super::DecodeError> {
        from_cbor(&self.manifest)
    }

    /// SHA-256 of the encoded manifest: the name a receipt answers to.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.manifest).into()
    }

    /// The algorithm of the signature.
    pub fn algorithm(&self) -> Algorithm {
        self.signature.algorithm
    }
}

/// SHA-256 over, for each item in order: record (16 bytes) ‖ record epoch
/// (4, big-endian) ‖ kind (1) ‖ grid (16) ‖ hash (32). The changes themselves
/// are covered by their hashes.
pub fn items_digest(items: &[PushItem]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for item in items {
        digest.update(item.record.as_bytes());
        digest.update(item.record_epoch.to_be_bytes());
        digest.update([item.kind.number()]);
        digest.update(item.grid.as_bytes());
        digest.update(item.hash.as_bytes());
    }
    digest.finalize().into()
}
