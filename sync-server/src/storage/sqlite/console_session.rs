//! See [`ConsoleSessionStorage`].

use async_trait::async_trait;
use rusqlite::{OptionalExtension as _, params};
use wangge_model::{PersonId, Timestamp};

use super::{SqliteStorage, refused, row};
use crate::storage::{ConsoleSession, ConsoleSessionStorage, SignInAttempt, StorageResult};

/// `seen_at` is written at most once in this many milliseconds.
const SEEN_STEP_MS: i64 = 60_000;

#[async_trait]
impl ConsoleSessionStorage for SqliteStorage {
    async fn create_console_session(&self, session: &ConsoleSession) -> StorageResult<()> {
        let session = session.clone();
        self.write(move |connection, _| {
            connection.execute(
                "DELETE FROM console_session WHERE expires_at <= ?1",
                [session.created_at.as_millis()],
            )?;
            connection
                .execute(
                    "INSERT INTO console_session (token_hash, person, csrf_token, created_at,
                                                  seen_at, expires_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        session.token_hash,
                        session.person.as_bytes(),
                        session.csrf_token,
                        session.created_at.as_millis(),
                        session.seen_at.as_millis(),
                        session.expires_at.as_millis(),
                    ],
                )
                .map_err(|error| refused(error, "session", "person"))?;
            Ok(())
        })
        .await
    }

    async fn find_console_session(
        &self,
        token_hash: &[u8; 32],
        at: Timestamp,
    ) -> StorageResult<Option<ConsoleSession>> {
        let token_hash = *token_hash;
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT s.person, s.csrf_token, s.created_at, s.seen_at, s.expires_at
                     FROM console_session AS s
                     JOIN person ON person.id = s.person AND person.active = 1
                     WHERE s.token_hash = ?1 AND s.expires_at > ?2",
                )?
                .query_row(params![token_hash, at.as_millis()], |row| {
                    Ok(ConsoleSession {
                        token_hash,
                        person: row::id(row, 0, PersonId::from_bytes)?,
                        csrf_token: row.get(1)?,
                        created_at: row::time(row, 2)?,
                        seen_at: row::time(row, 3)?,
                        expires_at: row::time(row, 4)?,
                    })
                })
                .optional()?)
        })
        .await
    }

    async fn touch_console_session(
        &self,
        token_hash: &[u8; 32],
        at: Timestamp,
    ) -> StorageResult<()> {
        let token_hash = *token_hash;
        self.write(move |connection, _| {
            connection.execute(
                "UPDATE console_session SET seen_at = ?2
                 WHERE token_hash = ?1 AND seen_at + ?3 <= ?2",
                params![token_hash, at.as_millis(), SEEN_STEP_MS],
            )?;
            Ok(())
        })
        .await
    }

    async fn delete_console_session(&self, token_hash: &[u8; 32]) -> StorageResult<()> {
        let token_hash = *token_hash;
        self.write(move |connection, _| {
            connection.execute(
                "DELETE FROM console_session WHERE token_hash = ?1",
                [token_hash],
            )?;
            Ok(())
        })
        .await
    }

    async fn find_sign_in_attempt(&self, username: &str) -> StorageResult<Option<SignInAttempt>> {
        let username = username.to_owned();
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT failures, blocked_until FROM sign_in_attempt WHERE username = ?1",
                )?
                .query_row([username], |row| {
                    Ok(SignInAttempt {
                        failures: row.get(0)?,
                        blocked_until: row::time(row, 1)?,
                    })
                })
                .optional()?)
        })
        .await
    }

    async fn put_sign_in_attempt(
        &self,
        username: &str,
        attempt: Option<SignInAttempt>,
    ) -> StorageResult<()> {
        let username = username.to_owned();
        self.write(move |connection, _| {
            match attempt {
                Some(attempt) => connection.execute(
                    "INSERT INTO sign_in_attempt (username, failures, blocked_until)
                     VALUES (?1, ?2, ?3) ON CONFLICT (username) DO UPDATE SET
                         failures = excluded.failures, blocked_until = excluded.blocked_until",
                    params![
                        username,
                        attempt.failures,
                        attempt.blocked_until.as_millis()
                    ],
                )?,
                None => connection.execute(
                    "DELETE FROM sign_in_attempt WHERE username = ?1",
                    [username],
                )?,
            };
            Ok(())
        })
        .await
    }
}
