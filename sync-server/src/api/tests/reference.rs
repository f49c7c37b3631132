//! Reference sets on their way to phones.

use std::fmt::Write as _;

use wangge_model::{
    AssignmentId, GridId, OrgNodeId,
    protocol::{SyncRequest, to_cbor},
};

use super::{answer, one_phone, refused};
use crate::{
    storage::{NewAssignment, NewReference, Role},
    testing::{SimDevice, TestServer},
};

const RULES: &str = "visit_rules";

async fn publish(server: &TestServer, name: &str, node: impl Into<OrgNodeId>, body: Option<&str>) {
    let new = NewReference {
        name: name.to_owned(),
        node: node.into(),
        body: body.map(|body| body.as_bytes().to_vec()),
        person: None,
        at: wangge_model::Timestamp::from_millis(0),
    };
    server
        .state
        .storage
        .publish_references(&[new])
        .await
        .unwrap();
}

/// What the phone holds, as `name@first byte of the place: content`.
fn held(phone: &SimDevice) -> Vec<(String, String)> {
    phone
        .reference
        .iter()
        .map(|(stamp, body)| {
            (
                stamp.name.clone(),
                String::from_utf8_lossy(body).into_owned(),
            )
        })
        .collect()
}

fn is(name: &str, body: &str) -> (String, String) {
    (name.to_owned(), body.to_owned())
}

#[tokio::test]
async fn a_set_reaches_the_phones_below_its_place_and_then_costs_ten_bytes() {
    let (server, mut phone) = one_phone(301).await;
    phone.knows_reference = true;
    publish(&server, RULES, server.street, Some("{\"a\":1}")).await;
    publish(&server, "campaign.x", server.grids[1], Some("{}")).await;
    assert_eq!(
        phone.sync(&server).await,
        1,
        "all at once to one that has none"
    );
    assert_eq!(held(&phone), [is(RULES, "{\"a\":1}")]);

    let quiet = phone.request(Vec::new());
    let response = answer(&phone.send(&server, &quiet).await);
    assert_eq!(response.reference, None);
    let without = SyncRequest {
        reference: None,
        ..quiet.clone()
    };
    let cost = to_cbor(&quiet).len() - to_cbor(&without).len();
    assert!(cost <= 10, "{cost} bytes");

    // One changes, one comes, in one more round trip for the contents.
    publish(&server, RULES, server.street, Some("{\"a\":2}")).await;
    publish(&server, "campaign.y", server.grids[0], Some("{}")).await;
    assert_eq!(phone.sync(&server).await, 2);
    assert_eq!(
        held(&phone),
        [is("campaign.y", "{}"), is(RULES, "{\"a\":2}")]
    );

    // Withdrawn sets go, without another round trip.
    publish(&server, "campaign.y", server.grids[0], None).await;
    assert_eq!(phone.sync(&server).await, 1);
    assert_eq!(held(&phone), [is(RULES, "{\"a\":2}")]);
    publish(&server, RULES, server.street, None).await;
    assert_eq!(phone.sync(&server).await, 1);
    assert!(phone.reference.is_empty());
    let quiet = phone.request(Vec::new());
    assert_eq!(answer(&phone.send(&server, &quiet).await).reference, None);
}

#[tokio::test]
async fn a_phone_that_knows_no_sets_hears_of_none() {
    let (server, mut phone) = one_phone(302).await;
    publish(&server, RULES, server.street, Some("{}")).await;
    let request = phone.request(Vec::new());
    assert_eq!(request.reference, None);
    assert_eq!(answer(&phone.send(&server, &request).await).reference, None);
    phone.sync(&server).await;
    assert!(phone.reference.is_empty());
}

#[tokio::test]
async fn many_large_sets_come_over_several_answers() {
    let (server, mut phone) = one_phone(303).await;
    phone.knows_reference = true;
    phone.page_bytes = 100_000;
    // Hex of a counter's hash does not compress to nothing.
    let large = |seed: u32| {
        let mut noise = String::new();
        for number in 0..8_000_u32 {
            let mixed = (number ^ seed)
                .wrapping_mul(2_654_435_761)
                .rotate_left(seed % 31);
            write!(noise, "{mixed:08x}").unwrap();
        }
        format!("{{\"a\":\"{noise}\"}}")
    };
    for number in 0..6 {
        let name = format!("set.{number}");
        publish(&server, &name, server.grids[0], Some(&large(number))).await;
    }
    let round_trips = phone.sync(&server).await;
    assert!((4..=7).contains(&round_trips), "{round_trips}");
    assert_eq!(phone.reference.len(), 6);
    assert_eq!(phone.sync(&server).await, 1);
}

#[tokio::test]
async fn another_grid_brings_other_sets() {
    let (server, mut phone) = one_phone(304).await;
    phone.knows_reference = true;
    for (number, grid) in server.grids.iter().enumerate() {
        publish(
            &server,
            RULES,
            *grid,
            Some(&format!("{{\"grid\":{number}}}")),
        )
        .await;
    }
    phone.sync(&server).await;
    assert_eq!(held(&phone), [is(RULES, "{\"grid\":0}")]);
    let assignment = NewAssignment {
        id: AssignmentId::from_bytes([7; 16]),
        person: phone.person,
        node: server.grids[1].into(),
        role: Role::GridWorker,
        full_time: true,
        reserve: false,
        duties: Vec::new(),
        valid_from: wangge_model::Timestamp::from_millis(0),
    };
    server
        .state
        .storage
        .create_assignment(&assignment)
        .await
        .unwrap();
    phone.sync(&server).await;
    assert_eq!(phone.reference.len(), 2);
}

#[tokio::test]
async fn of_another_life_of_the_server_nothing_is_said_yet() {
    let (server, mut phone) = one_phone(305).await;
    phone.knows_reference = true;
    publish(&server, RULES, server.street, Some("{}")).await;
    let mut request = phone.request(Vec::new());
    request.server_epoch = None;
    assert_eq!(answer(&phone.send(&server, &request).await).reference, None);
}

#[tokio::test]
async fn asking_for_what_is_not_ones_own_brings_nothing() {
    let (server, mut phone) = one_phone(306).await;
    phone.knows_reference = true;
    publish(
        &server,
        "campaign.x",
        server.grids[1],
        Some("{\"secret\":1}"),
    )
    .await;
    publish(&server, RULES, server.street, Some("{}")).await;
    let other: Vec<GridId> = vec![server.grids[1]];
    let stamps = server
        .state
        .storage
        .list_reference_stamps(&other)
        .await
        .unwrap();
    let mut request = phone.request(Vec::new());
    request.wants_reference = Some(stamps.iter().map(|stamp| stamp.version).collect());
    let news = answer(&phone.send(&server, &request).await)
        .reference
        .unwrap();
    let names: Vec<&str> = news.sets.iter().map(|set| set.name.as_str()).collect();
    assert_eq!(names, [RULES]);
    assert_eq!(news.stamps.len(), 1);

    request.wants_reference = Some(vec![stamps[0].version; 10_001]);
    assert_eq!(
        refused(&phone.send(&server, &request).await),
        "too_many_items"
    );
}
