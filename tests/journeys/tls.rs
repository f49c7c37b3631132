//! TLS with the certificate the server made itself, pinned by the link.

use wangge_core::{Error, sync::SyncError};
use wangge_model::protocol::EnrolmentLink;
use wangge_tests::{phone::Phone, server::Server};

use crate::support::{Place, household};

#[tokio::test(flavor = "multi_thread")]
async fn phones_sync_over_tls_and_trust_the_pinned_certificate_only() {
    let place = Place::with(Server::start_with_tls().unwrap());
    let link = place.link();
    assert!(link.server.starts_with("https://"), "{}", link.server);
    let pin = link
        .pin
        .expect("a TLS link carries the certificate's fingerprint");

    let mut other = pin;
    other[0] ^= 1;
    let stranger = Phone::unpack().unwrap();
    let refused = stranger
        .core
        .enrol(&EnrolmentLink {
            pin: Some(other),
            ..link.clone()
        })
        .await
        .unwrap_err();
    assert!(
        matches!(refused, Error::Sync(SyncError::OtherCertificate)),
        "{refused}"
    );
    let refused = stranger
        .core
        .enrol(&EnrolmentLink {
            pin: None,
            ..link.clone()
        })
        .await
        .unwrap_err();
    assert!(
        matches!(refused, Error::Sync(SyncError::AddressRefused(_))),
        "{refused}"
    );

    // The code was not spent on either: nothing was sent.
    let phone = Phone::enrol(&link).await.unwrap();
    household(&phone, "501");
    let report = phone.sync().await.unwrap();
    assert_eq!(report.receipted, 1, "{report}");
    let second = place.phone().await;
    second.sync().await.unwrap();
    assert_eq!(second.core.count_states().unwrap().at_server, 1);
}
