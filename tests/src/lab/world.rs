//! A real server process with one grid and its worker, and what it means that
//! copies agree: sorted heads, the set of changes, every field and every value
//! of every conflict.

use std::collections::BTreeMap;

use anyhow::Context as _;
use wangge_core::store::testing::CanonicalState;
use wangge_model::{
    GridId, PersonId, RecordId, SystemEntropy, document::RecordDocument, protocol::EnrolmentLink,
};

use crate::{admin::Admin, light_client::LightClient, phone::Phone, server::Server};

/// Every record of a grid.
pub type Replica = BTreeMap<RecordId, CanonicalState>;

/// A server with one grid and the person who works there.
#[derive(Debug)]
pub struct World {
    /// The process.
    pub server: Server,
    /// Its command line.
    pub admin: Admin,
    /// The grid.
    pub grid: GridId,
    /// Who works there.
    pub worker: PersonId,
}

impl World {
    /// Starts one with an empty data folder.
    pub fn open() -> anyhow::Result<Self> {
        let server = Server::start()?;
        let admin = server.admin();
        let grid = admin.create_grid("第一网格")?;
        let worker = admin.create_worker("王小明", grid)?;
        Ok(Self {
            server,
            admin,
            grid,
            worker,
        })
    }

    /// A fresh one-time link.
    pub fn link(&self) -> anyhow::Result<EnrolmentLink> {
        self.admin.enrolment_link(self.worker)
    }

    /// A new phone of the worker.
    pub async fn phone(&self) -> anyhow::Result<Phone> {
        Phone::enrol(&self.link()?).await
    }

    /// Every record as the server holds it, read by a phone of its own.
    pub async fn replica(&self) -> anyhow::Result<Replica> {
        let mut client = LightClient::enrol(&self.link()?, None, &SystemEntropy).await?;
        let records = client.replicate(self.grid).await?;
        Ok(records
            .iter()
            .map(|(id, document)| (*id, canonical(document)))
            .collect())
    }

    /// A read of the server's database, beside the running server.
    pub fn count(&self, sql: &str) -> anyhow::Result<i64> {
        let database = rusqlite::Connection::open(self.server.data().join("wangge.sqlite"))?;
        database.busy_timeout(std::time::Duration::from_secs(5))?;
        database
            .query_row(sql, [], |row| row.get(0))
            .context("counting on the server")
    }
}

/// How a phone's copy differs from the server's, a sentence each.
pub fn differences(server: &Replica, phone: &Phone) -> anyhow::Result<Vec<String>> {
    let store = phone.core.store();
    let mut found = Vec::new();
    let ids = store.list_record_ids()?;
    for id in ids.iter().filter(|id| !server.contains_key(id)) {
        found.push(format!("record {id} is on a phone and not at the server"));
    }
    for (id, state) in server {
        if store.canonical_state(*id)?.as_ref() != Some(state) {
            found.push(format!(
                "record {id} differs between a phone and the server"
            ));
        }
    }
    for (stored, summed) in store.check_digests()? {
        if stored != summed {
            found.push("a phone's digest does not fit its records".to_owned());
        }
    }
    Ok(found)
}

/// A document in the form in which copies are compared.
pub fn canonical(document: &RecordDocument) -> CanonicalState {
    CanonicalState {
        heads: document.heads(),
        changes: document
            .changes()
            .into_iter()
            .map(|change| change.hash)
            .collect(),
        fields: document.fields(),
        conflicts: document.conflicts(),
    }
}
