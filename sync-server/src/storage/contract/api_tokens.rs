//! Tokens of programs.

use super::{NOW, Storage, StorageError, Timestamp, id16, person, town};
use crate::storage::ApiToken;
use wangge_model::ApiTokenId;

pub(super) async fn api_tokens_end(storage: &dyn Storage) {
    town(storage).await;
    let token = |id: u8, owner: u8| ApiToken {
        id: ApiTokenId::from_bytes(id16(id)),
        hash: [id; 32],
        person: person(owner),
        name: format!("程序{id}"),
        created_at: NOW.plus_millis(i64::from(id)),
        expires_at: NOW.plus_millis(100),
        revoked_at: None,
        seen_at: None,
    };
    storage.create_api_token(&token(1, 11)).await.unwrap();
    storage.create_api_token(&token(2, 11)).await.unwrap();
    let twice = storage.create_api_token(&token(1, 11)).await;
    assert!(matches!(twice, Err(StorageError::Taken(_))), "{twice:?}");
    let nobodys = storage.create_api_token(&token(3, 99)).await;
    assert!(
        matches!(nobodys, Err(StorageError::Missing(_))),
        "{nobodys:?}"
    );

    let found =
        |id: u8, at: Timestamp| async move { storage.find_api_token(&[id; 32], at).await.unwrap() };
    assert_eq!(found(1, NOW).await, Some(token(1, 11)));
    assert_eq!(found(9, NOW).await, None);
    assert_eq!(found(1, NOW.plus_millis(100)).await, None, "it ends");
    storage
        .touch_api_token(&token(1, 11).id, NOW)
        .await
        .unwrap();
    assert_eq!(found(1, NOW).await.unwrap().seen_at, Some(NOW));

    let at = NOW.plus_millis(10);
    storage
        .revoke_api_token(&token(1, 11).id, at)
        .await
        .unwrap();
    assert_eq!(found(1, at).await, None, "it was revoked");
    let again = storage.revoke_api_token(&token(1, 11).id, NOW).await;
    assert!(again.is_ok(), "revoking twice changes nothing");
    let unknown = storage
        .revoke_api_token(&ApiTokenId::from_bytes(id16(9)), NOW)
        .await;
    assert!(matches!(unknown, Err(StorageError::Missing(_))));
    let listed = storage.list_api_tokens().await.unwrap();
    let names: Vec<_> = listed.iter().map(|token| token.name.as_str()).collect();
    assert_eq!(names, ["程序2", "程序1"]);
    assert_eq!(listed[1].revoked_at, Some(at));
}
