use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;

#[tokio::test]
async fn a_phone_that_listens_is_told_when_its_grid_grows() {
    let (server, mut phone) = one_phone(1).await;
    let listener = SimDevice::enrol(&server, phone.person).await;
    let request = Request::builder()
        .uri("/v1/events")
        .header(header::AUTHORIZATION, format!("Bearer {}", listener.token))
        .body(Body::empty())
        .unwrap();
    let response = server.router().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    collect(&server, &mut phone, 2);
    phone.sync(&server).await;
    let frame = tokio::time::timeout(Duration::from_secs(5), body.frame())
        .await
        .unwrap();
    let text = frame.unwrap().unwrap().into_data().unwrap();
    let expected = format!("event: grid\ndata: {} 2\n\n", server.grids[0]);
    assert_eq!(String::from_utf8_lossy(&text), expected);
    server.state.stop();
    let end = tokio::time::timeout(Duration::from_secs(5), body.frame())
        .await
        .unwrap();
    assert!(end.is_none(), "the stream ends when the server stops");
}

#[tokio::test]
async fn another_grids_growth_is_nobodys_business() {
    let (server, phone) = one_phone(2).await;
    let request = Request::builder()
        .uri("/v1/events")
        .header(header::AUTHORIZATION, format!("Bearer {}", phone.token))
        .body(Body::empty())
        .unwrap();
    let mut body = server.router().oneshot(request).await.unwrap().into_body();
    server.state.send_hints(&[(server.grids[1], 7)]);
    server.state.send_hints(&[(server.grids[0], 8)]);
    let frame = tokio::time::timeout(Duration::from_secs(5), body.frame())
        .await
        .unwrap();
    let text = frame.unwrap().unwrap().into_data().unwrap();
    assert!(String::from_utf8_lossy(&text).contains(&server.grids[0].to_string()));
}

#[tokio::test]
async fn health_says_whether_to_send_requests() {
    let (server, _) = one_phone(3).await;
    let get = |path: &'static str| server.request(Method::GET, path, None, "");
    assert_eq!(get("/healthz").await.status, 200);
    assert_eq!(get("/readyz").await.status, 200);
    let metrics = get("/metrics").await;
    assert!(String::from_utf8_lossy(&metrics.body).contains("wangge_enrolments_total 1\n"));
    server.state.stop();
    assert_eq!(get("/healthz").await.status, 200);
    assert_eq!(get("/readyz").await.status, 503);
}

#[tokio::test]
async fn a_record_is_given_out_as_an_automerge_file_in_scope_only() {
    let (server, mut phone) = one_phone(4).await;
    let other_person = server.add_worker("李雷", server.grids[1]).await;
    let other = SimDevice::enrol(&server, other_person).await;
    let fields = [("address.room", "501室")];
    let id = phone.create(&server, RecordKind::Household, server.grids[0], &fields);
    phone.sync(&server).await;
    let path = format!("/api/v1/records/{id}.automerge");
    let reply = server
        .request(Method::GET, &path, Some(&phone.token), "")
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["content-type"], "application/octet-stream");
    let opened =
        wangge_model::document::RecordDocument::load(RecordKind::Household, Some(&reply.body), [])
            .unwrap();
    assert_eq!(opened.text("address.room").as_deref(), Some("501室"));
    let stranger = server
        .request(Method::GET, &path, Some(&other.token), "")
        .await;
    assert_eq!(
        stranger.status, 404,
        "a stranger does not even learn that it exists"
    );
    let nobody = server.request(Method::GET, &path, None, "").await;
    assert_eq!(nobody.status, 401);
    let wrong = server.request(
        Method::GET,
        "/api/v1/records/x.automerge",
        Some(&phone.token),
        "",
    );
    assert_eq!(wrong.await.status, 404);
}

#[tokio::test]
async fn a_database_without_its_epoch_file_begins_a_new_life() {
    let (server, phone) = one_phone(5).await;
    let storage = server.state.storage.as_ref();
    let (clock, entropy) = (server.clock.as_ref(), server.entropy.as_ref());
    let open = || crate::state::ServerIdentity::open(server.folder(), storage, clock, entropy);
    let same = open().await.unwrap();
    assert_eq!(same.epoch, phone.server_epoch);
    assert_eq!(same.public_key, phone.server_key);
    std::fs::remove_file(server.folder().join("server.epoch")).unwrap();
    let new = open().await.unwrap();
    assert_ne!(new.epoch, same.epoch);
    assert_ne!(new.actor, same.actor);
    assert_eq!(new.public_key, same.public_key);
    assert_eq!(open().await.unwrap().epoch, new.epoch);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(server.folder().join("server.key"))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_full_server_says_so_in_both_languages_and_when_to_come_back() {
    let settings = crate::Settings {
        device_requests: 1,
        ..crate::Settings::default()
    };
    let server = TestServer::start_with(6, settings).await;
    let person = server.add_worker("王小明", server.grids[0]).await;
    let mut phone = SimDevice::enrol(&server, person).await;
    let held = server
        .state
        .admission
        .admit(Some(0), server.entropy.as_ref())
        .unwrap();
    let request = phone.request(Vec::new());
    let reply = phone.send(&server, &request).await;
    assert_eq!(
        (reply.status.as_u16(), refused(&reply)),
        (503, "unavailable".to_owned())
    );
    assert!(reply.headers.contains_key("retry-after"));
    drop(held);
    assert_eq!(phone.send(&server, &request).await.status, 200);
}
