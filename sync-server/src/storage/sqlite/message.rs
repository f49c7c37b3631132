//! See [`MessageStorage`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use sha2::{Digest as _, Sha256};
use wangge_model::{MessageId, NoticeId, PersonId, RecordId, Timestamp, resident::mobile};

use super::{
    SqliteStorage,
    row::{self, collect, count, damaged},
    scope::in_scope,
};
use crate::storage::{
    Delivery, MessageFilter, MessagePage, MessageRow, MessageState, MessageStorage, NewNotice,
    NoticeOutcome, OutgoingMessage, StorageError, StorageResult,
};

/// Milliseconds over which messages by notice are counted.
const DAY_MS: i64 = 24 * 3_600_000;

/// A message to queue.
pub(super) struct Told<'a> {
    pub(super) id: MessageId,
    pub(super) record: RecordId,
    pub(super) notice: Option<NoticeId>,
    pub(super) person: Option<PersonId>,
    pub(super) phone: &'a str,
    pub(super) text_id: &'a str,
    pub(super) arguments: &'a [(&'a str, &'a str)],
}

/// The id in the first bytes of a hash.
pub(super) fn id_of(hash: Sha256) -> MessageId {
    let hash = hash.finalize();
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(hash) {
        *to = from;
    }
    MessageId::from_bytes(id)
}

/// Queues a message, unless one of this id is there.
pub(super) fn queue(connection: &Connection, told: &Told<'_>, at: Timestamp) -> StorageResult<()> {
    let arguments: BTreeMap<_, _> = told.arguments.iter().copied().collect();
    let arguments =
        serde_json::to_string(&arguments).map_err(|_| StorageError::Corrupt("message"))?;
    connection
        .prepare_cached(
            "INSERT INTO message (id, record, notice, person, phone, text_id, arguments, state,
                 attempts, problem, created_at, next_at, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'queued', 0, '', ?8, ?8, ?8)
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            told.id.as_bytes(),
            told.record.as_bytes(),
            told.notice.as_ref().map(NoticeId::as_bytes),
            told.person.as_ref().map(PersonId::as_bytes),
            told.phone,
            told.text_id,
            arguments,
            at.as_millis(),
        ])?;
    Ok(())
}

/// Columns of [`outgoing`].
const OUTGOING: &str = "message.id, message.phone, message.text_id, message.arguments, \
     message.created_at, message.attempts";

fn outgoing(row: &Row<'_>) -> rusqlite::Result<OutgoingMessage> {
    let arguments: String = row.get(3)?;
    Ok(OutgoingMessage {
        id: row::id(row, 0, MessageId::from_bytes)?,
        phone: row.get(1)?,
        text_id: row.get(2)?,
        arguments: serde_json::from_str(&arguments).map_err(|_| damaged(3, "message"))?,
        created_at: row::time(row, 4)?,
        attempts: row.get(5)?,
    })
}

/// Messages of a person's desks.
const SEEN: &str = "FROM message JOIN record ON record.id = message.record
     WHERE EXISTS (SELECT 1 FROM scope WHERE scope.id = record.grid AND may_assign_incident)";

fn list(
    connection: &Connection,
    filter: &MessageFilter,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<MessagePage> {
    let seen = format!("{SEEN} AND (:state IS NULL OR message.state = :state)");
    let state = filter.state.map(MessageState::as_str);
    let total: i64 = connection
        .prepare_cached(&in_scope(&format!("SELECT count(*) {seen}")))?
        .query_row(
            named_params! {
                ":person": person.as_bytes(), ":at": at.as_millis(), ":state": state,
            },
            |row| row.get(0),
        )?;
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT {OUTGOING}, message.state, message.problem, message.next_at, message.changed_at,
                CASE WHEN record.kind = 3 THEN record.id END,
                (SELECT name FROM org_node WHERE org_node.id = record.grid)
         {seen} ORDER BY message.created_at DESC, message.id LIMIT :limit OFFSET :offset"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":state": state,
            ":limit": filter.limit, ":offset": row::integer(filter.offset),
        },
        |row| {
            let state: String = row.get(6)?;
            Ok(MessageRow {
                message: outgoing(row)?,
                state: MessageState::parse(&state).ok_or_else(|| damaged(6, "message state"))?,
                problem: row.get(7)?,
                next_at: row::optional_time(row, 8)?,
                changed_at: row::time(row, 9)?,
                incident: row::optional_id(row, 10, RecordId::from_bytes)?,
                grid_name: row.get::<_, Option<String>>(11)?.unwrap_or_default(),
            })
        },
    )?;
    Ok(MessagePage {
        messages: collect(rows)?,
        total: count(total),
    })
}

fn retry(
    connection: &Connection,
    id: &MessageId,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<bool> {
    connection
        .prepare_cached(&in_scope(&format!("SELECT 1 {SEEN} AND message.id = :id")))?
        .query_row(
            named_params! {
                ":person": person.as_bytes(), ":at": at.as_millis(), ":id": id.as_bytes(),
            },
            |_| Ok(()),
        )
        .optional()?
        .ok_or(StorageError::Missing("message"))?;
    // Its life begins anew, or it would be too old to be sent.
    let queued = connection
        .prepare_cached(
            "UPDATE message SET state = 'queued', attempts = 0, created_at = ?2, next_at = ?2
             WHERE id = ?1 AND state = 'failed' AND phone <> ''",
        )?
        .execute(params![id.as_bytes(), at.as_millis()])?;
    Ok(queued > 0)
}

fn create_notice(connection: &Connection, new: &NewNotice) -> StorageResult<NoticeOutcome> {
    let mut find = connection.prepare_cached(&in_scope(
        "SELECT record.phone FROM record
         WHERE record.id = :id AND record.kind = 1 AND record.merged_into IS NULL
           AND EXISTS (SELECT 1 FROM scope WHERE scope.id = record.grid AND may_assign_incident)",
    ))?;
    // One message per number, to the first household that has it.
    let mut chosen: BTreeMap<String, RecordId> = BTreeMap::new();
    for household in &new.households {
        let phone: Option<String> = find
            .query_row(
                named_params! {
                    ":person": new.person.as_bytes(), ":at": new.at.as_millis(),
                    ":id": household.as_bytes(),
                },
                |row| row.get(0),
            )
            .optional()?;
        if let Some(phone) = phone.as_deref().and_then(mobile) {
            chosen.entry(phone).or_insert(*household);
        }
    }
    if chosen.is_empty() {
        return Ok(NoticeOutcome::Nobody);
    }
    let before: i64 = connection
        .prepare_cached("SELECT count(*) FROM message WHERE person = ?1 AND created_at > ?2")?
        .query_row(
            params![new.person.as_bytes(), new.at.as_millis() - DAY_MS],
            |row| row.get(0),
        )?;
    let queued = chosen.len() as u64;
    if count(before) + queued > new.most_a_day {
        return Ok(NoticeOutcome::TooManyToday);
    }
    for (phone, household) in &chosen {
        let mut hash = Sha256::new();
        hash.update(b"notice");
        hash.update(new.id.as_bytes());
        hash.update(household.as_bytes());
        let told = Told {
            id: id_of(hash),
            record: *household,
            notice: Some(new.id),
            person: Some(new.person),
            phone,
            text_id: "resident-told-notice",
            arguments: &[("text", new.text.as_str())],
        };
        queue(connection, &told, new.at)?;
    }
    Ok(NoticeOutcome::Queued(queued))
}

fn note(
    connection: &Connection,
    id: &MessageId,
    at: Timestamp,
    delivery: &Delivery,
) -> StorageResult<()> {
    let (state, problem, next_at) = match delivery {
        Delivery::Sent => (MessageState::Sent, "", None),
        Delivery::Later(problem, next) => (MessageState::Queued, problem.as_str(), Some(*next)),
        Delivery::Failed(problem) => (MessageState::Failed, problem.as_str(), None),
    };
    connection
        .prepare_cached(
            "UPDATE message SET state = ?2, attempts = attempts + 1, problem = ?3, next_at = ?4,
                 changed_at = ?5
             WHERE id = ?1 AND state = 'queued'",
        )?
        .execute(params![
            id.as_bytes(),
            state.as_str(),
            problem,
            next_at.map(Timestamp::as_millis),
            at.as_millis(),
        ])?;
    Ok(())
}

fn forget(connection: &Connection, before: Timestamp) -> StorageResult<u64> {
    let messages = connection
        .prepare_cached(
            "UPDATE message SET phone = ''
             WHERE phone <> '' AND changed_at < ?1 AND state <> 'queued'",
        )?
        .execute([before.as_millis()])?;
    let reports = connection
        .prepare_cached(
            "UPDATE resident_report SET phone = NULL
             WHERE phone IS NOT NULL AND told_at < ?1
               AND stage IN ('closed', 'declined', 'merged')",
        )?
        .execute([before.as_millis()])?;
    Ok((messages + reports) as u64)
}

#[async_trait]
impl MessageStorage for SqliteStorage {
    async fn list_messages(
        &self,
        filter: &MessageFilter,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<MessagePage> {
        let (filter, person) = (*filter, *person);
        self.read(move |connection| list(connection, &filter, &person, at))
            .await
    }

    async fn retry_message(
        &self,
        id: &MessageId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool> {
        let (id, person) = (*id, *person);
        self.write(move |connection, _| retry(connection, &id, &person, at))
            .await
    }

    async fn create_notice(&self, new: &NewNotice) -> StorageResult<NoticeOutcome> {
        let new = new.clone();
        self.write(move |connection, _| create_notice(connection, &new))
            .await
    }

    async fn list_due_messages(
        &self,
        at: Timestamp,
        limit: u32,
    ) -> StorageResult<Vec<OutgoingMessage>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {OUTGOING} FROM message
                 WHERE next_at IS NOT NULL AND next_at <= ?1 ORDER BY next_at LIMIT ?2"
            ))?;
            collect(statement.query_map(params![at.as_millis(), limit], outgoing)?)
        })
        .await
    }

    async fn note_delivery(
        &self,
        id: &MessageId,
        at: Timestamp,
        delivery: &Delivery,
    ) -> StorageResult<()> {
        let (id, delivery) = (*id, delivery.clone());
        self.write(move |connection, _| note(connection, &id, at, &delivery))
            .await
    }

    async fn forget_numbers(&self, before: Timestamp) -> StorageResult<u64> {
        self.write(move |connection, _| forget(connection, before))
            .await
    }
}
