use axum::{
    body::{Body, Bytes},
    http::Method,
};
use futures_util::stream;
use wangge_model::{
    ChangeHash, RecordId,
    protocol::{PushItem, deflate, limits, seal, to_cbor},
};

use super::*;

#[tokio::test]
async fn garbage_is_refused_as_garbage_wherever_it_is_sent() {
    let (server, mut phone) = one_phone(1).await;
    let request = phone.request(Vec::new());
    let whole = seal(&request);
    let mut longer = whole.clone();
    longer.push(0);
    let mut bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0; 100],
        b"{}".to_vec(),
        longer,
        deflate(&[0xff; 50]),
    ];
    bodies.extend((1..whole.len()).step_by(7).map(|cut| whole[..cut].to_vec()));
    bodies.push(deflate(&[to_cbor(&request), vec![0]].concat()));
    for path in ["/v1/sync", "/v1/enrol", "/v1/session"] {
        for body in &bodies {
            let reply = server.post(path, Some(&phone.token), body.clone()).await;
            assert_eq!(refused(&reply), "bad_request", "{path} {body:02x?}");
        }
    }
    assert_eq!(
        phone.send(&server, &request).await.status,
        200,
        "the server goes on"
    );
}

#[tokio::test]
async fn unknown_paths_and_methods_are_named() {
    let (server, phone) = one_phone(2).await;
    for (method, path) in [
        (Method::GET, "/v1/sync"),
        (Method::POST, "/v1/nothing"),
        (Method::DELETE, "/v1/enrol"),
        (Method::GET, "/v1/grids/not-an-id/snapshot"),
    ] {
        let reply = server.request(method, path, Some(&phone.token), "").await;
        assert_eq!(refused(&reply), "not_found", "{path}");
    }
    let reply = server
        .request(Method::GET, "/api/v1/nothing", None, "")
        .await;
    assert_eq!(reply.status, 404);
    assert_eq!(
        reply.headers["content-type"],
        "application/problem+json; charset=utf-8"
    );
}

/// A zstd frame of this many zeros, made by hand: 4 bytes per 128 KiB (RFC
/// 8878, section 3.1.1.2).
fn zeros(bytes: usize) -> Vec<u8> {
    let blocks = bytes / 131_072;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for block in 1..=blocks {
        let header: u32 = (131_072 << 3) | (1 << 1) | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

#[tokio::test]
async fn ten_gigabytes_of_zeros_are_refused_at_once() {
    let (server, phone) = one_phone(3).await;
    let bomb = zeros(10 << 30);
    assert!(bomb.len() < limits::BODY_BYTES);
    let started = std::time::Instant::now();
    let reply = server.post("/v1/sync", Some(&phone.token), bomb).await;
    assert_eq!(
        (reply.status.as_u16(), refused(&reply)),
        (413, "body_too_large".to_owned())
    );
    println!("refused after {:?}", started.elapsed());
    assert!(started.elapsed().as_millis() < 2_000);
}

#[tokio::test]
async fn an_endless_body_is_cut_off_at_the_limit() {
    let (server, phone) = one_phone(4).await;
    let piece = Bytes::from(vec![7; 65_536]);
    let endless = stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
    let reply = server
        .request(
            Method::POST,
            "/v1/sync",
            Some(&phone.token),
            Body::from_stream(endless),
        )
        .await;
    assert_eq!(refused(&reply), "body_too_large");
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_not_read() {
    let (server, phone) = one_phone(5).await;
    let reply = server
        .post(
            "/v1/sync",
            Some(&phone.token),
            vec![0; limits::BODY_BYTES + 1],
        )
        .await;
    assert_eq!(refused(&reply), "body_too_large");
}

#[tokio::test]
async fn too_many_items_are_refused_before_any_is_looked_at() {
    let (server, mut phone) = one_phone(6).await;
    let item = |number: u32| PushItem {
        record: RecordId::from_bytes([1; 16]),
        record_epoch: 0,
        kind: RecordKind::Visit,
        grid: server.grids[0],
        hash: ChangeHash::from_bytes([u8::try_from(number % 251).unwrap(); 32]),
        change: vec![0; 9],
    };
    let items = (0..=u32::try_from(limits::PUSH_ITEMS).unwrap())
        .map(item)
        .collect();
    let request = phone.request(items);
    // Random tails keep the body from looking like a bomb.
    let reply = phone.send(&server, &request).await;
    let code = refused(&reply);
    assert!(
        ["too_many_items", "body_too_large"].contains(&code.as_str()),
        "{code}"
    );
}

#[tokio::test]
async fn mutated_pushes_change_nothing_and_the_genuine_one_is_still_taken() {
    let (server, mut phone) = one_phone(7).await;
    collect(&server, &mut phone, 2);
    let items = std::mem::take(&mut phone.outbox);
    let genuine = phone.request(items);
    let cbor = to_cbor(&genuine);
    let entropy = wangge_model::testing::SeededEntropy::new(7);
    let mut taken = 0;
    for round in 0..300 {
        let mut bytes = [0; 3];
        wangge_model::Entropy::fill(&entropy, &mut bytes);
        let mut mutated = cbor.clone();
        let place = (usize::from(bytes[0]) << 8 | usize::from(bytes[1])) % mutated.len();
        mutated[place] ^= bytes[2].max(1);
        let reply = server
            .post("/v1/sync", Some(&phone.token), deflate(&mutated))
            .await;
        // A mutation outside manifest and items (cursor, version) may still be
        // a valid request, and a changed byte of a change is kept apart.
        if reply.status == 200 && answer(&reply).receipt.is_some() {
            taken += 1;
        }
        assert!(
            reply.status.as_u16() < 500,
            "round {round}: {:?}",
            reply.problem()
        );
    }
    println!("{taken} of 300 mutated requests had an untouched push");
    let now = wangge_model::Clock::now(server.clock.as_ref());
    let heads = server
        .state
        .storage
        .list_feed_heads(&server.grids)
        .await
        .unwrap();
    assert!(heads[0].head_seq <= 2);
    assert_eq!(heads[1].head_seq, 0);
    let last = phone.send(&server, &genuine).await;
    let kept = server
        .state
        .storage
        .count_quarantine(&phone.person, now)
        .await
        .unwrap();
    println!("{kept} changes kept apart");
    assert_eq!(verdicts(&last).len(), 2);
}
