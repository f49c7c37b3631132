//! Whether every copy agrees: fields, conflicts and digests.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use wangge_core::{RecordQuery, sync::SyncStore};
use wangge_model::{FieldPath, FieldValue, GridId, RecordId, protocol::Digest};

use super::{desk::Desk, morning::Morning, phone::Phone};

/// What was compared.
pub(super) struct Agreement {
    pub(super) records: usize,
    pub(super) replicas: usize,
}

type Fields = Vec<(FieldPath, FieldValue)>;

/// Compares every record on every phone with the server's document, and every
/// grid's digest with the server's.
pub(super) async fn every_replica_agrees(
    desk: &Desk,
    morning: &Morning,
) -> anyhow::Result<Agreement> {
    let mut records = BTreeSet::new();
    let mut replicas = 1;
    for phone in &morning.phones {
        replicas += 1;
        let counts = phone.core.count_states()?;
        ensure!(
            counts.on_phone == 0,
            "{}: {} records unsent",
            phone.owner,
            counts.on_phone
        );
        let held = fields_of(phone)?;
        let served = desk.documents(&phone.grid).await?;
        ensure!(
            held.keys().eq(served.keys()),
            "{}: holds {} records, the server {}",
            phone.owner,
            held.len(),
            served.len()
        );
        for (id, fields) in &held {
            let document = served.get(id).context("the record is gone at the server")?;
            ensure!(
                *fields == document.fields(),
                "{}: record {id} differs",
                phone.owner
            );
            let conflicts = phone.record(*id)?.conflicts.len();
            ensure!(
                conflicts == document.conflicts().len(),
                "{}: record {id} has other conflicts",
                phone.owner
            );
            records.insert(*id);
        }
        let digest = desk.digest(&phone.grid).await?;
        ensure!(
            digest_of(phone, phone.grid)? == digest,
            "{}: the grid's digest differs from the server's",
            phone.owner
        );
    }
    ensure!(morning.conflicts_seen > 0, "no conflict arose");
    ensure!(morning.conflicts_open == 0, "a conflict stayed open");
    let views: BTreeMap<&str, _> = morning
        .phones
        .iter()
        .filter_map(|phone| Some((phone.owner, phone.record(morning.contested).ok()?.fields)))
        .collect();
    let mut views = views.values();
    let first = views
        .next()
        .context("no phone holds the contested record")?;
    ensure!(
        views.all(|view| view == first),
        "the contested record differs between phones"
    );
    Ok(Agreement {
        records: records.len(),
        replicas,
    })
}

fn fields_of(phone: &Phone) -> anyhow::Result<BTreeMap<RecordId, Fields>> {
    let mut held = BTreeMap::new();
    let mut query = RecordQuery {
        limit: 500,
        ..RecordQuery::default()
    };
    loop {
        let rows = phone.core.list_records(&query)?;
        let Some(last) = rows.last() else {
            return Ok(held);
        };
        query.after = Some(last.id);
        for row in &rows {
            held.insert(row.id, phone.record(row.id)?.fields);
        }
    }
}

fn digest_of(phone: &Phone, grid: GridId) -> anyhow::Result<Digest> {
    let position = phone.core.store().position()?;
    position
        .cursors
        .iter()
        .find(|cursor| cursor.grid == grid)
        .map(|cursor| cursor.digest)
        .with_context(|| format!("{}: has no cursor for its grid", phone.owner))
}
