//! What a phone may hold and hand in follows its person's role.

use super::*;
use crate::storage::Role;

/// A phone of somebody with this role above both grids.
async fn phone_as(seed: u64, role: Role) -> (TestServer, SimDevice) {
    let server = TestServer::start(seed).await;
    let storage = &server.state.storage;
    let community = storage
        .find_node(&server.grids[0].into())
        .await
        .unwrap()
        .unwrap()
        .parent
        .unwrap();
    let person = server.add_person("赵", community, role).await;
    let phone = SimDevice::enrol(&server, person).await;
    (server, phone)
}

fn codes(phone: &SimDevice) -> Vec<String> {
    phone
        .verdicts
        .iter()
        .map(|verdict| match verdict {
            Verdict::Accepted { .. } => "accepted".to_owned(),
            Verdict::Quarantined { code, .. } => code.clone(),
            other => format!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn what_a_role_does_not_write_waits_for_somebody_who_does() {
    let (server, mut phone) = phone_as(80, Role::StreetStaff).await;
    let grid = server.grids[0];
    phone.create(
        &server,
        RecordKind::Household,
        grid,
        &[("address.room", "1")],
    );
    phone.create(&server, RecordKind::Visit, grid, &[("diary", "看望")]);
    phone.create(&server, RecordKind::Incident, grid, &[("title", "积水")]);
    phone.sync(&server).await;
    assert_eq!(codes(&phone), ["under_review", "under_review", "accepted"]);
}

#[tokio::test]
async fn a_community_desk_writes_households_and_reads_visits() {
    let (server, mut phone) = phone_as(82, Role::ServiceDesk).await;
    let grid = server.grids[0];
    let id = phone.create(
        &server,
        RecordKind::Household,
        grid,
        &[("address.room", "1")],
    );
    phone.create(&server, RecordKind::Visit, grid, &[("diary", "看望")]);
    phone.sync(&server).await;
    assert_eq!(codes(&phone), ["accepted", "under_review"]);
    phone.edit(&server, id, &[("address.room", "2")]);
    phone.sync(&server).await;
    assert_eq!(codes(&phone), ["accepted"]);
}

#[tokio::test]
async fn roles_without_records_get_no_grid_and_hand_in_nothing() {
    for (seed, role) in [
        (83, Role::Admin),
        (84, Role::Auditor),
        (85, Role::Assessor),
        (86, Role::Volunteer),
    ] {
        let (server, mut phone) = phone_as(seed, role).await;
        assert!(phone.grants.grids.is_empty(), "{role}");
        let path = format!("/v1/grids/{}/snapshot", server.grids[0]);
        let reply = server
            .request(axum::http::Method::GET, &path, Some(&phone.token), "")
            .await;
        assert_ne!(reply.status, 200, "{role}");
        phone.create(
            &server,
            RecordKind::Household,
            server.grids[0],
            &[("address.room", "1")],
        );
        phone.sync(&server).await;
        assert_eq!(codes(&phone), ["out_of_scope"], "{role}");
    }
}
