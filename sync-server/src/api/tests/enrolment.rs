use wangge_model::{
    Incarnation,
    protocol::{EnrolResponse, SignatureError, SoftwareKey, open, seal},
};

use super::*;

async fn try_enrol(server: &TestServer, code: &str, seed: u64) -> Reply {
    let key = SoftwareKey::make(&wangge_model::testing::SeededEntropy::new(seed));
    let request = SimDevice::enrol_request(code, &key, Incarnation::from_bytes([9; 16]));
    server.post("/v1/enrol", None, seal(&request)).await
}

#[tokio::test]
async fn a_code_makes_exactly_one_phone_known() {
    let server = TestServer::start(1).await;
    let person = server.add_worker("王小明", server.grids[0]).await;
    let code = server.enrolment_code(person).await;
    let reply = try_enrol(&server, &code.to_lowercase().replace('-', " "), 1).await;
    assert_eq!(reply.status, 200);
    let answer: EnrolResponse = open(&reply.body).unwrap();
    assert_eq!(answer.person, person);
    assert_eq!(answer.person_name, "王小明");
    assert_eq!(answer.session.token.len(), 43);
    assert_eq!(answer.grants.grids.len(), 1);
    let granted = &answer.grants.grids[0];
    assert_eq!(granted.grid, server.grids[0]);
    assert_eq!(
        (granted.place.as_str(), granted.role.as_str()),
        ("示例街道示例社区", "grid_worker")
    );
    assert_ne!(answer.grants.version, 0);
    let again = try_enrol(&server, &code, 2).await;
    assert_eq!(again.status, 410);
    assert_eq!(refused(&again), "enrolment_code_invalid");
}

#[tokio::test]
async fn expired_unknown_and_forged_enrolments_are_told_apart() {
    let server = TestServer::start(2).await;
    let person = server.add_worker("王小明", server.grids[0]).await;
    let code = server.enrolment_code(person).await;
    assert_eq!(
        refused(&try_enrol(&server, "AAAAA-BBBBB", 1).await),
        "enrolment_code_invalid"
    );
    let key = SoftwareKey::make(server.entropy.as_ref());
    let mut forged = SimDevice::enrol_request(&code, &key, Incarnation::from_bytes([9; 16]));
    forged.incarnation = Incarnation::from_bytes([8; 16]);
    assert_eq!(
        refused(&server.post("/v1/enrol", None, seal(&forged)).await),
        "bad_signature"
    );
    let message = b"something";
    assert_eq!(
        forged.public_key.verify(message, &forged.signature),
        Err(SignatureError::Mismatch)
    );
    let mut old = SimDevice::enrol_request(&code, &key, Incarnation::from_bytes([9; 16]));
    old.protocol = 99;
    let reply = server.post("/v1/enrol", None, seal(&old)).await;
    assert_eq!(refused(&reply), "protocol_unsupported");
    server.clock.advance_millis(15 * 60_000);
    assert_eq!(
        refused(&try_enrol(&server, &code, 1).await),
        "enrolment_code_expired"
    );
}

#[tokio::test]
async fn guessing_codes_ends_after_a_few_tries() {
    let server = TestServer::start(3).await;
    let mut waits = 0;
    for guess in 0..205 {
        let code = refused(&try_enrol(&server, "WRONG", guess).await);
        waits += u32::from(code == "too_many_requests");
    }
    assert_eq!(waits, 5);
    let person = server.add_worker("王小明", server.grids[0]).await;
    let code = server.enrolment_code(person).await;
    let reply = try_enrol(&server, &code, 1).await;
    assert_eq!(refused(&reply), "too_many_requests");
    assert!(reply.headers.contains_key("retry-after"));
    server.clock.advance_millis(60_000);
    assert_eq!(try_enrol(&server, &code, 1).await.status, 200);
}

#[tokio::test]
async fn a_session_is_opened_by_signing_the_challenge() {
    let (server, mut phone) = one_phone(4).await;
    let first = phone.token.clone();
    server.clock.advance_millis(12 * 3_600_000);
    let request = phone.request(Vec::new());
    assert_eq!(
        refused(&phone.send(&server, &request).await),
        "session_required"
    );
    assert_eq!(phone.open_session(&server).await.status, 200);
    assert_ne!(phone.token, first);
    assert_eq!(phone.send(&server, &request).await.status, 200);
}

#[tokio::test]
async fn a_wrong_key_or_a_revoked_phone_gets_no_session() {
    let (server, mut phone) = one_phone(5).await;
    let right = std::mem::replace(&mut phone.key, SoftwareKey::make(server.entropy.as_ref()));
    assert_eq!(refused(&phone.open_session(&server).await), "bad_signature");
    phone.key = right;
    let now = wangge_model::Clock::now(server.clock.as_ref());
    server
        .state
        .storage
        .revoke_device(&phone.id, now)
        .await
        .unwrap();
    let request = phone.request(Vec::new());
    assert_eq!(
        refused(&phone.send(&server, &request).await),
        "session_required"
    );
    assert_eq!(
        refused(&phone.open_session(&server).await),
        "device_revoked"
    );
}
