//! A phone becomes known once, with a code that works once.

use wangge_core::{Error, sync::SyncError};
use wangge_model::{message::Language, protocol::EnrolmentLink};
use wangge_tests::phone::Phone;

use crate::support::Place;

/// Tries to enrol and gives back the server's reason.
async fn refusal(phone: &Phone, link: &EnrolmentLink) -> String {
    match phone.core.enrol(link).await {
        Err(Error::Sync(error @ SyncError::Problem(_))) => {
            for language in Language::ALL {
                assert!(error.message(language).chars().count() > 8, "{error}");
            }
            error.code().to_owned()
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_a_used_and_an_expired_code_are_told_apart_and_change_nothing() {
    let place = Place::open();
    let phone = Phone::unpack().unwrap();
    let old = place.link();
    place.expire_enrolment_codes();
    let good = place.link();

    let wrong = EnrolmentLink {
        code: "ABCD-EFGH-JKMN".to_owned(),
        ..good.clone()
    };
    assert_eq!(refusal(&phone, &wrong).await, "enrolment_code_invalid");
    assert!(matches!(
        phone.sync().await.unwrap_err().downcast(),
        Ok(Error::NotEnrolled)
    ));

    assert_eq!(refusal(&phone, &old).await, "enrolment_code_expired");

    phone.core.enrol(&good).await.unwrap();
    assert_eq!(phone.grid().unwrap(), place.grid);
    phone.sync().await.unwrap();

    let second = Phone::unpack().unwrap();
    assert_eq!(refusal(&second, &good).await, "enrolment_code_invalid");
    assert!(second.core.grids().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_is_slowed_down() {
    let place = Place::open();
    let phone = Phone::unpack().unwrap();
    let wrong = EnrolmentLink {
        code: "ABCD-EFGH-JKMN".to_owned(),
        ..place.link()
    };
    let mut codes = Vec::new();
    for _ in 0..15 {
        codes.push(refusal(&phone, &wrong).await);
    }
    assert_eq!(codes.first().unwrap(), "enrolment_code_invalid");
    assert_eq!(codes.last().unwrap(), "too_many_requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_may_be_typed_in_small_letters_and_with_spaces() {
    let place = Place::open();
    let link = place.link();
    let typed = EnrolmentLink {
        code: link.code.to_lowercase().replace('-', " "),
        ..link
    };
    let phone = Phone::unpack().unwrap();
    phone.core.enrol(&typed).await.unwrap();
    phone.sync().await.unwrap();
}
