//! A whole push before the server's router, ingest and storage. The first byte
//! says what is mended after the damage: the changes' hashes, the manifest.

use anyhow::{Context as _, bail};
use wangge_model::{
    ChangeHash, RecordKind, Timestamp,
    document::RecordDocument,
    protocol::{PushItem, SyncRequest, Verdict, deflate, from_cbor, to_cbor},
    testing::SeededEntropy,
};

use super::{Target as FuzzTarget, runtime, split};
use crate::{
    lab::{
        mutate::mend_chunk,
        target::{Device, Said, Target},
    },
    workload::Workload,
};

/// Servers are begun anew after so many pushes.
const PER_SERVER: u32 = 2_000;
const SEED: u64 = 11;

pub(super) struct Push {
    runtime: tokio::runtime::Runtime,
    server: Target,
    device: Device,
    pushes: u32,
}

impl Push {
    pub(super) fn new() -> anyhow::Result<Self> {
        let runtime = runtime()?;
        let (server, device) = runtime.block_on(start())?;
        Ok(Self {
            runtime,
            server,
            device,
            pushes: 0,
        })
    }
}

/// Always the same server, phone and actor, so that kept inputs stay valid.
async fn start() -> anyhow::Result<(Target, Device)> {
    let mut server = Target::here(SEED).await?;
    let grid = server.grids[0];
    let entropy = SeededEntropy::new(SEED);
    let device = Device::enrol(&mut server, "王小明", grid, &entropy).await?;
    Ok((server, device))
}

impl FuzzTarget for Push {
    fn seeds(&mut self) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut workload = Workload::new(SEED, Timestamp::from_millis(1_767_225_600_000));
        let mut seeds = Vec::new();
        for size in [1_usize, 3] {
            let mut items = Vec::new();
            for _ in 0..size {
                let record = workload.next_authored(self.device.actor)?;
                items.push(record.push_item(self.device.grid));
            }
            let request = to_cbor(&self.device.honest(items)?);
            for flags in 0..4 {
                seeds.push([&[flags], request.as_slice()].concat());
            }
        }
        // Two changes of a record that is small enough to be hit.
        let mut document = RecordDocument::new(RecordKind::Household);
        let record = workload.next_authored(self.device.actor)?.id;
        let mut items = Vec::new();
        for _ in 0..2 {
            let edit = workload.household_edit()?;
            let at = Timestamp::from_millis(1_767_225_600_000);
            let change = document.edit(&[edit], self.device.actor, at)?;
            let change = change.context("an edit that changes nothing")?;
            items.push(PushItem {
                record,
                record_epoch: 0,
                kind: RecordKind::Household,
                grid: self.device.grid,
                hash: change.hash,
                change: change.bytes,
            });
        }
        let request = to_cbor(&self.device.honest(items)?);
        for flags in 0..4 {
            seeds.push([&[flags], request.as_slice()].concat());
        }
        Ok(seeds)
    }

    fn try_input(&mut self, input: &[u8]) -> anyhow::Result<String> {
        self.pushes += 1;
        if self.pushes.is_multiple_of(PER_SERVER) {
            (self.server, self.device) = self.runtime.block_on(start())?;
        }
        let (flags, rest) = split(input);
        let mut cbor = rest.to_vec();
        if let Ok(mut request) = from_cbor::<SyncRequest>(rest) {
            if flags & 1 != 0 {
                for item in &mut request.items {
                    item.hash = ChangeHash::from_bytes(mend_chunk(&mut item.change));
                }
            }
            if flags & 2 != 0 && !request.items.is_empty() {
                let signed = self.device.honest(request.items.clone())?;
                request.manifest = signed.manifest;
            }
            cbor = to_cbor(&request);
        }
        let push = self.server.push(&self.device.token, deflate(&cbor));
        match self.runtime.block_on(push)? {
            Said::Refused(code) if ["internal", "unavailable"].contains(&code.as_str()) => {
                bail!("the server failed: {code}")
            }
            Said::Refused(code) => Ok(code),
            Said::Nonsense(status) => bail!("HTTP {status} without a readable answer"),
            Said::Answered(verdicts) => Ok(verdicts
                .iter()
                .map(|verdict| match verdict {
                    Verdict::Accepted { .. } => "accepted;".to_owned(),
                    Verdict::Quarantined { code, detail } => format!("{code} {detail};"),
                    Verdict::MissingDeps { .. } => "missing_deps;".to_owned(),
                    other => format!("{other:?};"),
                })
                .collect()),
        }
    }
}
