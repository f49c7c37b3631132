//! An enrolled phone whose key is at hand: it signs whatever it is told to.

use anyhow::{Context as _, bail};
use wangge_model::{
    ActorId, DeviceId, Entropy, GridId, Incarnation, PersonId, RecordKind, ServerEpoch,
    derive_device_actor,
    protocol::{
        EnrolRequest, EnrolResponse, Manifest, PROTOCOL, PushItem, SignedManifest, SigningKey as _,
        SoftwareKey, SyncRequest, enrol_message, items_digest, open, seal,
    },
};

use super::Target;

/// A phone of an attack: the victim's or an attacker's.
#[derive(Debug)]
pub struct Device {
    /// The id the server gave.
    pub id: DeviceId,
    /// Whose.
    pub person: PersonId,
    /// Its key.
    pub key: SoftwareKey,
    /// Its app life.
    pub incarnation: Incarnation,
    /// Its name in changes.
    pub actor: ActorId,
    /// The server's life.
    pub epoch: ServerEpoch,
    /// Its session.
    pub token: String,
    /// Where its owner works.
    pub grid: GridId,
    /// Number of its last manifest.
    pub counter: u64,
}

impl Device {
    /// Makes a worker of `grid` and enrols a phone for them.
    pub async fn enrol(
        target: &mut Target,
        name: &str,
        grid: GridId,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<Self> {
        let (person, code) = target.worker(name, grid).await?;
        let key = SoftwareKey::make(entropy);
        let incarnation = Incarnation::make(entropy);
        let public_key = key.public_key()?;
        let signature = key.sign(&enrol_message(&code, &public_key, &incarnation))?;
        let request = EnrolRequest {
            protocol: PROTOCOL,
            code,
            public_key,
            incarnation,
            device_name: name.to_owned(),
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            signature,
        };
        let (status, body) = target.post("/v1/enrol", None, seal(&request)).await?;
        if status != 200 {
            bail!("enrolling {name}: HTTP {status}");
        }
        let answer: EnrolResponse = open(&body).context("the answer to an enrolment")?;
        Ok(Self {
            id: answer.device,
            person,
            key,
            incarnation,
            actor: derive_device_actor(&answer.device, &incarnation),
            epoch: answer.server_epoch,
            token: answer.session.token,
            grid,
            counter: 0,
        })
    }

    /// The next manifest over these items, not signed yet.
    pub fn manifest(&mut self, items: &[PushItem]) -> Manifest {
        self.counter += 1;
        Manifest {
            device: self.id,
            incarnation: self.incarnation,
            server_epoch: self.epoch,
            counter: self.counter,
            count: u32::try_from(items.len()).unwrap_or(u32::MAX),
            items_digest: items_digest(items).to_vec(),
            blobs: Vec::new(),
        }
    }

    /// A push of these items under this manifest, signed by this device.
    pub fn request(
        &self,
        manifest: &Manifest,
        items: Vec<PushItem>,
    ) -> anyhow::Result<SyncRequest> {
        Ok(self.around(SignedManifest::sign(manifest, &self.key)?, items))
    }

    /// A request around any manifest and items.
    pub fn around(&self, manifest: SignedManifest, items: Vec<PushItem>) -> SyncRequest {
        SyncRequest {
            protocol: PROTOCOL,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            server_epoch: Some(self.epoch),
            grants_version: 0,
            cursors: Vec::new(),
            manifest: Some(manifest),
            items,
            page_bytes: 1 << 20,
            whole: None,
            knows_moves: Some(true),
            decisions_after: None,
            newest_kind: Some(RecordKind::NEWEST),
            reference: None,
            wants_reference: None,
            roster: None,
            roll_answers: None,
        }
    }

    /// An honest push of these items.
    pub fn honest(&mut self, items: Vec<PushItem>) -> anyhow::Result<SyncRequest> {
        let manifest = self.manifest(&items);
        self.request(&manifest, items)
    }
}
