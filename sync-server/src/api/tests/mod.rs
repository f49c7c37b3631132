//! The device API from outside: real requests through the real router.

mod case_interleaving;
mod cases;
mod emergency;
mod enrolment;
mod faults;
mod feed;
mod hostile;
mod moves;
mod other;
mod program;
mod push;
mod reference;
mod roles;
mod roster;

use wangge_model::{
    RecordKind,
    protocol::{Receipt, SyncResponse, Verdict, open},
};

use crate::testing::{Reply, SimDevice, TestServer};

fn answer(reply: &Reply) -> SyncResponse {
    assert_eq!(reply.status, 200, "{:?}", reply.problem());
    open(&reply.body).unwrap()
}

fn verdicts(reply: &Reply) -> Vec<Verdict> {
    let receipt: Receipt = answer(reply).receipt.unwrap();
    receipt.each().collect()
}

fn refused(reply: &Reply) -> String {
    assert_ne!(reply.status, 200);
    let problem = reply.problem();
    assert!(!problem.zh.is_empty() && !problem.en.is_empty());
    problem.code
}

/// A server and one enrolled phone of its first grid.
async fn one_phone(seed: u64) -> (TestServer, SimDevice) {
    let server = TestServer::start(seed).await;
    let person = server.add_worker("王小明", server.grids[0]).await;
    let phone = SimDevice::enrol(&server, person).await;
    (server, phone)
}

/// A phone with this many new households in its outbox.
fn collect(server: &TestServer, phone: &mut SimDevice, households: usize) {
    for number in 0..households {
        let room = format!("{number}室");
        let fields = [
            ("address.estate", "阳光花园"),
            ("address.room", room.as_str()),
        ];
        phone.create(server, RecordKind::Household, server.grids[0], &fields);
    }
}
