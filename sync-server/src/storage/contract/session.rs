//! Enrolment codes, and the sessions of devices and of people at the console.

use super::{
    ConsoleSession, DeviceId, EnrolmentOutcome, NOW, NewDevice, NewEnrolmentCode, SignInAttempt,
    Storage, Timestamp, device_id, id16, new_device, person, town, town_with_phone,
};

pub(super) async fn a_code_enrols_one_device(storage: &dyn Storage) {
    town(storage).await;
    let code = NewEnrolmentCode {
        code_hash: [1; 32],
        person: person(10),
        created_at: NOW,
        expires_at: NOW.plus_millis(10),
    };
    storage.create_enrolment_code(&code).await.unwrap();
    let late = storage
        .enrol_device(&[1; 32], &new_device(), NOW.plus_millis(10))
        .await
        .unwrap();
    assert_eq!(late, EnrolmentOutcome::CodeExpired);
    let wrong = storage
        .enrol_device(&[2; 32], &new_device(), NOW)
        .await
        .unwrap();
    assert_eq!(wrong, EnrolmentOutcome::CodeInvalid);
    assert_eq!(storage.find_device(&device_id()).await.unwrap(), None);
    let enrolled = storage
        .enrol_device(&[1; 32], &new_device(), NOW)
        .await
        .unwrap();
    assert_eq!(
        enrolled,
        EnrolmentOutcome::Enrolled {
            person: person(10),
            person_name: "人10".to_owned()
        }
    );
    let twice = NewDevice {
        id: DeviceId::from_bytes(id16(99)),
        ..new_device()
    };
    let again = storage.enrol_device(&[1; 32], &twice, NOW).await.unwrap();
    assert_eq!(again, EnrolmentOutcome::CodeInvalid);
    let codes = storage.list_enrolment_codes(&person(10)).await.unwrap();
    assert_eq!(codes[0].device, Some(device_id()));
    let actor = new_device().actor;
    assert_eq!(storage.find_actor(&actor).await.unwrap(), Some(device_id()));
    assert_eq!(
        storage.find_person_of_actor(&actor).await.unwrap(),
        Some(person(10))
    );
    assert_eq!(storage.list_actors(&device_id()).await.unwrap(), [actor]);
}

pub(super) async fn sessions_end(storage: &dyn Storage) {
    town_with_phone(storage).await;
    let by_session = |at| storage.find_device_by_session(&[22; 32], at);
    assert_eq!(by_session(NOW).await.unwrap().unwrap().person_name, "人10");
    assert_eq!(by_session(NOW.plus_millis(1_000)).await.unwrap(), None);
    let until = NOW.plus_millis(9_000);
    storage
        .create_device_session(&[23; 32], &device_id(), NOW, until)
        .await
        .unwrap();
    let later = NOW.plus_millis(61_000);
    storage
        .touch_device(&device_id(), "0.2.0", later)
        .await
        .unwrap();
    let device = storage.find_device(&device_id()).await.unwrap().unwrap();
    assert_eq!(
        (device.app_version.as_str(), device.last_seen_at),
        ("0.2.0", Some(later))
    );
    storage.revoke_device(&device_id(), NOW).await.unwrap();
    assert_eq!(
        storage
            .find_device_by_session(&[23; 32], NOW)
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        storage.list_devices().await.unwrap()[0].revoked_at,
        Some(NOW)
    );
    assert_eq!(
        storage
            .list_devices_in_scope(&person(12), NOW)
            .await
            .unwrap()
            .len(),
        1
    );
}

pub(super) async fn console_sessions_end(storage: &dyn Storage) {
    town(storage).await;
    let session = |hash: u8| ConsoleSession {
        token_hash: [hash; 32],
        person: person(11),
        csrf_token: "token".to_owned(),
        created_at: NOW,
        seen_at: NOW,
        expires_at: NOW.plus_millis(100),
    };
    storage.create_console_session(&session(1)).await.unwrap();
    storage.create_console_session(&session(2)).await.unwrap();
    let found = |hash: u8, at: Timestamp| async move {
        storage.find_console_session(&[hash; 32], at).await.unwrap()
    };
    assert_eq!(found(1, NOW).await, Some(session(1)));
    assert_eq!(found(1, NOW.plus_millis(100)).await, None);
    storage.delete_console_session(&[1; 32]).await.unwrap();
    assert_eq!(found(1, NOW).await, None);
    storage.set_password_hash(&person(11), "new").await.unwrap();
    assert_eq!(
        found(2, NOW).await,
        None,
        "a new password ends every session"
    );
    let attempt = SignInAttempt {
        failures: 2,
        blocked_until: NOW,
    };
    storage
        .put_sign_in_attempt("user", Some(attempt))
        .await
        .unwrap();
    assert_eq!(
        storage.find_sign_in_attempt("user").await.unwrap(),
        Some(attempt)
    );
    storage.put_sign_in_attempt("user", None).await.unwrap();
    assert_eq!(storage.find_sign_in_attempt("user").await.unwrap(), None);
}
