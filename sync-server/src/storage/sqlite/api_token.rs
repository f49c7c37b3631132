//! See [`ApiTokenStorage`].

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, Row, params};
use wangge_model::{ApiTokenId, PersonId, Timestamp};

use super::{SqliteStorage, refused, row};
use crate::storage::{ApiToken, ApiTokenStorage, StorageError, StorageResult};

const COLUMNS: &str = "id, hash, person, name, created_at, expires_at, revoked_at, seen_at";

fn read(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    let moment = |at: Option<i64>| at.map(Timestamp::from_millis);
    Ok(ApiToken {
        id: row::id(row, 0, ApiTokenId::from_bytes)?,
        hash: row.get(1)?,
        person: row::id(row, 2, PersonId::from_bytes)?,
        name: row.get(3)?,
        created_at: row::time(row, 4)?,
        expires_at: row::time(row, 5)?,
        revoked_at: moment(row.get(6)?),
        seen_at: moment(row.get(7)?),
    })
}

#[async_trait]
impl ApiTokenStorage for SqliteStorage {
    async fn create_api_token(&self, token: &ApiToken) -> StorageResult<()> {
        let token = token.clone();
        self.write(move |connection, _| {
            connection
                .execute(
                    "INSERT INTO api_token (id, hash, person, name, created_at, expires_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        token.id.as_bytes(),
                        token.hash,
                        token.person.as_bytes(),
                        token.name,
                        token.created_at.as_millis(),
                        token.expires_at.as_millis(),
                    ],
                )
                .map_err(|error| refused(error, "token", "person"))?;
            Ok(())
        })
        .await
    }

    async fn find_api_token(
        &self,
        hash: &[u8; 32],
        at: Timestamp,
    ) -> StorageResult<Option<ApiToken>> {
        let hash = *hash;
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM api_token
                     WHERE hash = ?1 AND expires_at > ?2
                         AND (revoked_at IS NULL OR revoked_at > ?2)"
                ))?
                .query_row(params![hash, at.as_millis()], read)
                .optional()?)
        })
        .await
    }

    async fn list_api_tokens(&self) -> StorageResult<Vec<ApiToken>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM api_token ORDER BY created_at DESC, id DESC"
            ))?;
            let tokens = statement.query_map([], read)?;
            Ok(tokens.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn revoke_api_token(&self, id: &ApiTokenId, at: Timestamp) -> StorageResult<()> {
        let id = *id;
        self.write(move |connection, _| {
            let changed = connection.execute(
                "UPDATE api_token SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1",
                params![id.as_bytes(), at.as_millis()],
            )?;
            if changed == 0 {
                return Err(StorageError::Missing("token"));
            }
            Ok(())
        })
        .await
    }

    async fn touch_api_token(&self, id: &ApiTokenId, at: Timestamp) -> StorageResult<()> {
        let id = *id;
        self.write(move |connection, _| {
            connection.execute(
                "UPDATE api_token SET seen_at = ?2 WHERE id = ?1",
                params![id.as_bytes(), at.as_millis()],
            )?;
            Ok(())
        })
        .await
    }
}
