//! The roll of an emergency: who is on it, who came, what they answered. See
//! [`crate::storage::EmergencyStorage`].

use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{
    EmergencyId, PersonId, Timestamp,
    roll_call::{RollFacts, RollRefusal, RollState, decide},
};

use super::{
    row::{collect, damaged, id, optional_time, time},
    scope::in_scope,
};
use crate::storage::{NewRollAnswer, RollDecision, RollRow, RollSaid, StorageError, StorageResult};

/// Who is on an emergency's roll: whoever works in grids at or below its place
/// now, reserves among them.
pub(super) const ON_ROLL: &str = "emergency
     JOIN org_node AS node ON node.id = emergency.node
     JOIN org_node AS place ON place.path >= node.path AND place.path < node.path || 'g'
         AND place.level IN ('grid', 'micro_grid')
     JOIN assignment ON assignment.node = place.id
     JOIN person ON person.id = assignment.person AND person.active = 1";

/// The answer of a person that counts: of those accepted the last given.
const LAST_SAID: &str = "SELECT last.id FROM emergency_answer AS last
     WHERE last.emergency = emergency.id AND last.person = person.id AND last.code = ''
     ORDER BY last.given_at DESC, last.id DESC LIMIT 1";

fn said(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<RollSaid>> {
    let Some(state) = row.get::<_, Option<String>>(first)? else {
        return Ok(None);
    };
    Ok(Some(RollSaid {
        state: RollState::parse(&state).ok_or_else(|| damaged(first, "roll state"))?,
        reason: row.get(first + 1)?,
        given_at: time(row, first + 2)?,
    }))
}

/// Everybody on the roll whom the person may see there, by grid and name.
pub(super) fn list(
    connection: &Connection,
    of: &EmergencyId,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<Vec<RollRow>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT person.id, person.name, place.name, max(assignment.reserve), phone.at, came.at,
                coalesce(noted.name, ''), said.state, said.reason, said.given_at
         FROM {ON_ROLL}
         LEFT JOIN emergency_check_in AS phone ON phone.emergency = emergency.id
             AND phone.person = person.id AND phone.means = 'phone'
         LEFT JOIN emergency_check_in AS came ON came.emergency = emergency.id
             AND came.person = person.id AND came.means = 'console'
         LEFT JOIN person AS noted ON noted.id = came.noted_by
         LEFT JOIN emergency_answer AS said ON said.id = ({LAST_SAID})
         WHERE emergency.id = :id
           AND assignment.valid_from < emergency.ends_at
           AND (assignment.valid_to IS NULL OR assignment.valid_to > emergency.starts_at)
           AND place.id IN (SELECT id FROM scope WHERE may_keep_roll)
         GROUP BY person.id
         ORDER BY place.code, person.name, person.id LIMIT 2000"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":id": of.as_bytes(),
        },
        |row| {
            Ok(RollRow {
                person: id(row, 0, PersonId::from_bytes)?,
                name: row.get(1)?,
                node_name: row.get(2)?,
                is_reserve: row.get(3)?,
                phone_at: optional_time(row, 4)?,
                arrived_at: optional_time(row, 5)?,
                noted_by: row.get(6)?,
                said: said(row, 7)?,
            })
        },
    )?;
    collect(rows)
}

/// Notes that somebody reported for duty; answers whether that was new.
pub(super) fn check_in(
    connection: &Connection,
    of: &EmergencyId,
    who: &PersonId,
    person: &PersonId,
    at: Timestamp,
) -> StorageResult<bool> {
    let may: bool = connection
        .prepare_cached(&in_scope(&format!(
            "SELECT EXISTS (
                 SELECT 1 FROM {ON_ROLL}
                 WHERE emergency.id = :id AND emergency.starts_at <= :at
                   AND emergency.ends_at > :at AND person.id = :who
                   AND assignment.valid_from <= :at
                   AND (assignment.valid_to IS NULL OR assignment.valid_to > :at)
                   AND (:who = :person OR place.id IN (SELECT id FROM scope WHERE may_keep_roll)))"
        )))?
        .query_row(
            named_params! {
                ":person": person.as_bytes(), ":at": at.as_millis(), ":id": of.as_bytes(),
                ":who": who.as_bytes(),
            },
            |row| row.get(0),
        )?;
    if !may {
        return Err(StorageError::Missing("person"));
    }
    let noted = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO emergency_check_in (emergency, person, means, at, noted_by)
             VALUES (?1, ?2, 'console', ?3, ?4)",
        )?
        .execute(params![
            of.as_bytes(),
            who.as_bytes(),
            at.as_millis(),
            person.as_bytes()
        ])?;
    Ok(noted > 0)
}

/// What an answer is held against; nothing if there is no such emergency.
fn facts(connection: &Connection, new: &NewRollAnswer) -> StorageResult<Option<RollFacts>> {
    let sql = format!(
        "SELECT emergency.starts_at, emergency.ends_at,
                EXISTS (SELECT 1 FROM {ON_ROLL}
                        WHERE emergency.id = ?1 AND person.id = ?2 AND assignment.valid_from <= ?3
                          AND (assignment.valid_to IS NULL OR assignment.valid_to > ?3)),
                (SELECT max(given_at) FROM emergency_answer
                 WHERE emergency = ?1 AND person = ?2 AND code = '')
         FROM emergency WHERE emergency.id = ?1"
    );
    let read = |row: &Row<'_>| {
        Ok(RollFacts {
            starts_at: time(row, 0)?,
            ends_at: time(row, 1)?,
            is_on_roll: row.get(2)?,
            last_given_at: optional_time(row, 3)?,
        })
    };
    Ok(connection
        .prepare_cached(&sql)?
        .query_row(
            params![
                new.emergency.as_bytes(),
                new.person.as_bytes(),
                new.at.as_millis()
            ],
            read,
        )
        .optional()?)
}

/// Decides on an answer, once.
pub(super) fn answer(connection: &Connection, new: &NewRollAnswer) -> StorageResult<RollDecision> {
    let before: Option<RollDecision> = connection
        .prepare_cached(
            "SELECT code, decided_at FROM emergency_answer WHERE id = ?1 AND person = ?2",
        )?
        .query_row(params![new.id.as_bytes(), new.person.as_bytes()], |row| {
            let code: String = row.get(0)?;
            let refusal = match code.as_str() {
                "" => None,
                code => Some(RollRefusal::parse(code).ok_or_else(|| damaged(0, "roll refusal"))?),
            };
            Ok(RollDecision {
                refusal,
                at: time(row, 1)?,
                is_new: false,
            })
        })
        .optional()?;
    if let Some(before) = before {
        return Ok(before);
    }
    let facts = facts(connection, new)?;
    let refusal = decide(new.given_at, facts.as_ref(), new.at).err();
    let decision = RollDecision {
        refusal,
        at: new.at,
        is_new: true,
    };
    // Of an emergency that does not exist there is no roll to keep it on.
    if refusal == Some(RollRefusal::Unknown) {
        return Ok(decision);
    }
    let kept = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO emergency_answer (id, emergency, person, state, reason,
                                                     given_at, decided_at, code)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.emergency.as_bytes(),
            new.person.as_bytes(),
            new.state.as_str(),
            new.reason,
            new.given_at.as_millis(),
            new.at.as_millis(),
            refusal.map_or("", RollRefusal::code),
        ])?;
    if kept == 0 {
        // Somebody else's answer has this id.
        return Ok(RollDecision {
            refusal: Some(RollRefusal::Unknown),
            ..decision
        });
    }
    Ok(decision)
}
