//! The place the benchmark happens in: a server process, its grids and people,
//! and devices that connect from addresses of their own.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Instant,
};

use anyhow::ensure;
use wangge_model::{Clock as _, PersonId, SystemClock, SystemEntropy, protocol::Verdict};
use wangge_tests::{
    admin::Admin, batch::Batch, light_client::LightClient, phone::Phone, proxy::Proxy,
    server::Server, statistics::millis,
};

use crate::report::Figures;

/// Records in each push that fills the server; a phone's own limit is 2,000.
const PER_PUSH: usize = 500;

/// A running server and what was measured of it.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) server: Server,
    pub(crate) admin: Admin,
    devices: u32,
    peak_mib: f64,
}

impl Fixture {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let server = Server::start()?;
        let admin = server.admin();
        Ok(Self {
            server,
            admin,
            devices: 0,
            peak_mib: 0.0,
        })
    }

    /// A grid; gives back its one worker.
    pub(crate) fn grid(&self, name: &str) -> anyhow::Result<PersonId> {
        let grid = self.admin.create_grid(name)?;
        self.admin.create_worker(&format!("{name}网格员"), grid)
    }

    /// An address of this machine for the next device: eight devices share
    /// one, since the server lets an address enrol ten at once.
    fn next_address(&mut self) -> IpAddr {
        let number = self.devices / 8;
        self.devices += 1;
        let [_, _, high, low] = (number + 257).to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(127, 0, high, low))
    }

    /// A new light device of a person.
    pub(crate) async fn light_client(&mut self, person: PersonId) -> anyhow::Result<LightClient> {
        let link = self.admin.enrolment_link(person)?;
        let from = self.next_address();
        LightClient::enrol(&link, Some(from), &SystemEntropy).await
    }

    /// A new real phone of a person behind a proxy that counts.
    pub(crate) async fn phone(&mut self, person: PersonId) -> anyhow::Result<(Phone, Proxy)> {
        let proxy = Proxy::start(self.server.address(), Some(self.next_address())).await?;
        let mut link = self.admin.enrolment_link(person)?;
        link.server = proxy.url();
        let phone = Phone::enrol(&link).await?;
        Ok((phone, proxy))
    }

    /// Pushes records of the workload into a grid.
    pub(crate) async fn fill(
        &mut self,
        person: PersonId,
        records: usize,
        seed: u64,
    ) -> anyhow::Result<()> {
        let mut client = self.light_client(person).await?;
        let grid = client.grid()?;
        let batch = Batch {
            seed,
            from: SystemClock.now(),
            actor: client.actor,
            pages: records.div_ceil(PER_PUSH),
            per_page: PER_PUSH,
        };
        let items = batch.collect(|record| record.push_item(grid))?;
        for push in items.chunks(PER_PUSH) {
            let verdicts = client.push(push.to_vec()).await?;
            ensure!(
                verdicts
                    .iter()
                    .all(|verdict| matches!(verdict, Verdict::Accepted { .. })),
                "not everything was accepted: {:?}",
                verdicts
                    .iter()
                    .find(|verdict| !matches!(verdict, Verdict::Accepted { .. }))
            );
        }
        Ok(())
    }

    /// Starts the server again, so that it serves from its disk and its peak
    /// memory counts from here.
    pub(crate) fn restart(&mut self) -> anyhow::Result<f64> {
        self.note_memory()?;
        let begun = Instant::now();
        self.server.restart(true)?;
        Ok(millis(begun.elapsed()))
    }

    /// Reports the present process's peak memory under `name`.
    pub(crate) fn report_phase(&mut self, name: &str, figures: &mut Figures) -> anyhow::Result<()> {
        figures.set(
            format!("{name}.server_rss_mb"),
            self.server.memory()?.peak_mib(),
        );
        self.note_memory()
    }

    /// Takes the present process's peak memory into account.
    pub(crate) fn note_memory(&mut self) -> anyhow::Result<()> {
        self.peak_mib = self.peak_mib.max(self.server.memory()?.peak_mib());
        Ok(())
    }

    /// Forgets the peak so far: what follows is what is measured.
    pub(crate) fn forget_memory(&mut self) -> anyhow::Result<f64> {
        self.note_memory()?;
        Ok(std::mem::take(&mut self.peak_mib))
    }

    /// Reports the peak since [`Self::forget_memory`].
    pub(crate) fn report_memory(&mut self, figures: &mut Figures) -> anyhow::Result<()> {
        self.note_memory()?;
        figures.set("server_rss_mb", self.peak_mib);
        Ok(())
    }
}
