//! Whether a push is what its device signed. Everything here refuses the push
//! as a whole; nothing of it is taken then.

use wangge_model::{
    ActorId, ServerEpoch, derive_device_actor,
    protocol::{Manifest, ProblemCode, PushItem, SignedManifest, items_digest, limits},
};

use crate::storage::Device;

/// A manifest that is the device's and names exactly these items.
#[derive(Debug, Clone)]
pub(super) struct CheckedManifest {
    /// What was signed.
    pub(super) manifest: Manifest,
    /// Its digest.
    pub(super) digest: [u8; 32],
    /// The actor of this app life.
    pub(super) actor: ActorId,
}

/// Checks everything about a push but its changes.
pub(super) fn check(
    signed: &SignedManifest,
    items: &[PushItem],
    device: &Device,
    epoch: &ServerEpoch,
) -> Result<CheckedManifest, ProblemCode> {
    if items.len() > limits::PUSH_ITEMS {
        return Err(ProblemCode::TooManyItems);
    }
    device
        .public_key
        .verify(
            &SignedManifest::message(&signed.manifest),
            &signed.signature,
        )
        .map_err(|_| ProblemCode::ManifestSignatureInvalid)?;
    let manifest = signed.decode().map_err(|_| ProblemCode::BadRequest)?;
    if manifest.device != device.id {
        return Err(ProblemCode::ManifestDeviceMismatch);
    }
    if manifest.count as usize != items.len() || manifest.items_digest != items_digest(items) {
        return Err(ProblemCode::ManifestItemsMismatch);
    }
    if manifest.server_epoch != *epoch {
        return Err(ProblemCode::ServerEpochChanged);
    }
    let digest = signed.digest();
    let is_repeated = manifest.counter == device.last_counter
        && device.last_manifest_digest.as_deref() == Some(digest.as_slice());
    // The counter is stored as a signed number, and 0 means "none yet".
    let is_new = manifest.counter > device.last_counter && i64::try_from(manifest.counter).is_ok();
    if !is_repeated && !is_new {
        return Err(ProblemCode::ManifestReplayed);
    }
    let actor = derive_device_actor(&device.id, &manifest.incarnation);
    Ok(CheckedManifest {
        manifest,
        digest,
        actor,
    })
}
