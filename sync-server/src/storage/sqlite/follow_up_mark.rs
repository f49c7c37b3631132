//! See [`FollowUpMarkStorage`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{
    CivilDay, FollowUpMarkId, GridId, PersonId, RecordId, RecordKind, Timestamp,
    follow_up_mark::FollowUpRule,
    visit_plan::{Period, VisitFact},
};

use super::{
    SqliteStorage,
    row::{collect, damaged, id},
    scope::in_scope,
};
use crate::storage::{
    FollowUpCount, FollowUpMark, FollowUpMarkStorage, NewFollowUpMark, StorageError, StorageResult,
};

/// Whoever may be named in the grid of a household: they have an assignment that
/// holds there or above, and their seat is shown marks they are named for.
const ASSIGNEES: &str = "SELECT DISTINCT person.id AS id, person.name AS name
     FROM record
     JOIN scope_follow_up_order AS ordered ON ordered.id = record.grid
     JOIN org_node AS home ON home.id = record.grid
     JOIN org_node AS place ON home.path >= place.path AND home.path < place.path || 'g'
     JOIN assignment ON assignment.node = place.id
     JOIN person ON person.id = assignment.person AND person.active = 1
     WHERE record.id = :household AND record.kind = 1
       AND reaches(assignment.role, place.level, 'follow_up_mark', 'read', 'named')
       AND assignment.reserve = 0 AND assignment.valid_from <= :at
       AND (assignment.valid_to IS NULL OR assignment.valid_to > :at)
       AND (NOT needs_training(assignment.role)
            OR person.trained_on <= date(:at / 1000 + 28800, 'unixepoch'))";

/// Marks that hold on a day and that the person may see.
const SEEN: &str = "FROM follow_up_mark AS mark
     JOIN record ON record.id = mark.household
     JOIN scope_follow_up AS seen ON seen.id = record.grid
     JOIN person AS assignee ON assignee.id = mark.assignee
     JOIN person AS officer ON officer.id = mark.officer
     WHERE mark.ends_on >= :day
       AND ((mark.assignee = :person AND seen.may_named)
            OR (mark.officer = :person AND seen.may_own))";

const COLUMNS: &str = "mark.id, mark.household, record.title, seen.name, mark.member, \
     assignee.name, mark.officer, officer.name, mark.period, mark.count, mark.starts_on, \
     mark.ends_on, mark.basis, mark.note, mark.assignee";

fn rule(row: &Row<'_>, first: usize) -> rusqlite::Result<FollowUpRule> {
    let period: String = row.get(first)?;
    Ok(FollowUpRule {
        period: Period::parse(&period).ok_or_else(|| damaged(first, "period"))?,
        count: row.get(first + 1)?,
        starts_on: CivilDay::from_number(row.get(first + 2)?),
        ends_on: CivilDay::from_number(row.get(first + 3)?),
    })
}

fn mark(row: &Row<'_>) -> rusqlite::Result<(FollowUpMark, PersonId)> {
    let mark = FollowUpMark {
        id: id(row, 0, FollowUpMarkId::from_bytes)?,
        household: id(row, 1, RecordId::from_bytes)?,
        household_title: row.get(2)?,
        grid_name: row.get(3)?,
        member: row.get(4)?,
        assignee_name: row.get(5)?,
        officer: id(row, 6, PersonId::from_bytes)?,
        officer_name: row.get(7)?,
        rule: rule(row, 8)?,
        basis: row.get(12)?,
        note: row.get(13)?,
        visited_on: Vec::new(),
    };
    Ok((mark, id(row, 14, PersonId::from_bytes)?))
}

/// The days within the present period on which somebody made a visit to a
/// household that counts.
fn visited_on(
    connection: &Connection,
    household: &RecordId,
    assignee: &PersonId,
    rule: &FollowUpRule,
    on: CivilDay,
) -> StorageResult<Vec<CivilDay>> {
    let (first, last) = rule.counted_days(on);
    let mut statement = connection.prepare_cached(
        "SELECT day, fact FROM visit_fact
         WHERE household = ?1 AND day BETWEEN ?2 AND ?3 AND counts = 1 ORDER BY day",
    )?;
    let bound = params![household.as_bytes(), first.number(), last.number()];
    let rows = statement.query_map(bound, |row| {
        Ok((row.get::<_, i32>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    let assignee = assignee.to_string();
    let mut days: Vec<CivilDay> = collect(rows)?
        .into_iter()
        // A fact of another build is read again soon, see `visit_due`.
        .filter(|(_, fact)| {
            minicbor::decode::<VisitFact>(fact).is_ok_and(|fact| fact.visitor == assignee)
        })
        .map(|(day, _)| CivilDay::from_number(day))
        .collect();
    days.dedup();
    Ok(days)
}

fn list(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    on: CivilDay,
    only: Option<&FollowUpMarkId>,
) -> StorageResult<Vec<FollowUpMark>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT {COLUMNS} {SEEN} AND (:only IS NULL OR mark.id = :only)
         ORDER BY mark.ends_on, mark.id LIMIT 500"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":day": on.number(),
            ":only": only.map(FollowUpMarkId::as_bytes),
        },
        mark,
    )?;
    let mut marks = Vec::new();
    for (mut mark, assignee) in collect(rows)? {
        mark.visited_on = visited_on(connection, &mark.household, &assignee, &mark.rule, on)?;
        marks.push(mark);
    }
    Ok(marks)
}

fn list_assignees(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    household: &RecordId,
) -> StorageResult<Vec<(PersonId, String)>> {
    let mut statement =
        connection.prepare_cached(&in_scope(&format!("{ASSIGNEES} ORDER BY name, id")))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(),
            ":household": household.as_bytes(),
        },
        |row| Ok((id(row, 0, PersonId::from_bytes)?, row.get(1)?)),
    )?;
    collect(rows)
}

fn order(connection: &Connection, new: &NewFollowUpMark) -> StorageResult<()> {
    let may_order = connection
        .prepare_cached(&in_scope(
            "SELECT 1 FROM record
             JOIN scope_follow_up_order AS ordered ON ordered.id = record.grid
             WHERE record.id = :household AND record.kind = :kind",
        ))?
        .query_row(
            named_params! {
                ":person": new.person.as_bytes(), ":at": new.at.as_millis(),
                ":household": new.household.as_bytes(),
                ":kind": RecordKind::Household.number(),
            },
            |_| Ok(()),
        )
        .optional()?;
    may_order.ok_or(StorageError::Missing("household"))?;
    let assignees = list_assignees(connection, &new.person, new.at, &new.household)?;
    if !assignees.iter().any(|(one, _)| *one == new.assignee) {
        return Err(StorageError::Missing("assignee"));
    }
    connection
        .prepare_cached(
            "INSERT INTO follow_up_mark (id, household, member, assignee, officer, period, count,
                                         starts_on, ends_on, basis, note, ordered_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.household.as_bytes(),
            new.member,
            new.assignee.as_bytes(),
            new.person.as_bytes(),
            new.rule.period.as_str(),
            new.rule.count,
            new.rule.starts_on.number(),
            new.rule.ends_on.number(),
            new.basis,
            new.note,
            new.at.as_millis(),
        ])?;
    Ok(())
}

fn count(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    on: CivilDay,
) -> StorageResult<Vec<FollowUpCount>> {
    let mut statement = connection.prepare_cached(&in_scope(
        "SELECT place.id, place.name, coalesce(place.code, ''), mark.household, mark.assignee,
                mark.period, mark.count, mark.starts_on, mark.ends_on
         FROM scope_follow_up_count AS place
         JOIN record ON record.grid = place.id AND record.kind = 1
         JOIN follow_up_mark AS mark ON mark.household = record.id
         WHERE mark.ends_on >= :day AND mark.starts_on <= :day",
    ))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(), ":day": on.number(),
        },
        |row| {
            let count = FollowUpCount {
                grid: id(row, 0, GridId::from_bytes)?,
                name: row.get(1)?,
                code: row.get(2)?,
                marks: 0,
                met: 0,
            };
            let household = id(row, 3, RecordId::from_bytes)?;
            let assignee = id(row, 4, PersonId::from_bytes)?;
            Ok((count, household, assignee, rule(row, 5)?))
        },
    )?;
    let mut counts: BTreeMap<(String, GridId), FollowUpCount> = BTreeMap::new();
    for (one, household, assignee, rule) in collect(rows)? {
        let visits = visited_on(connection, &household, &assignee, &rule, on)?;
        let sum = counts.entry((one.code.clone(), one.grid)).or_insert(one);
        sum.marks += 1;
        sum.met += u64::from(rule.is_met_by(visits.len()));
    }
    Ok(counts.into_values().collect())
}

#[async_trait]
impl FollowUpMarkStorage for SqliteStorage {
    async fn list_follow_up_assignees(
        &self,
        person: &PersonId,
        at: Timestamp,
        household: &RecordId,
    ) -> StorageResult<Vec<(PersonId, String)>> {
        let (person, household) = (*person, *household);
        self.read(move |connection| list_assignees(connection, &person, at, &household))
            .await
    }

    async fn order_follow_up_mark(&self, new: &NewFollowUpMark) -> StorageResult<()> {
        let new = new.clone();
        self.write(move |connection, _| order(connection, &new))
            .await
    }

    async fn list_follow_up_marks(
        &self,
        person: &PersonId,
        at: Timestamp,
        on: CivilDay,
    ) -> StorageResult<Vec<FollowUpMark>> {
        let person = *person;
        self.read(move |connection| {
            let mut marks = list(connection, &person, at, on, None)?;
            for mark in &mut marks {
                mark.basis.clear();
                mark.note.clear();
            }
            Ok(marks)
        })
        .await
    }

    async fn find_follow_up_mark(
        &self,
        person: &PersonId,
        at: Timestamp,
        on: CivilDay,
        id: &FollowUpMarkId,
    ) -> StorageResult<Option<FollowUpMark>> {
        let (person, id) = (*person, *id);
        self.read(move |connection| Ok(list(connection, &person, at, on, Some(&id))?.pop()))
            .await
    }

    async fn end_follow_up_mark(
        &self,
        person: &PersonId,
        at: Timestamp,
        id: &FollowUpMarkId,
    ) -> StorageResult<bool> {
        let (person, id) = (*person, *id);
        self.write(move |connection, _| {
            let marks = list(connection, &person, at, CivilDay::of(at), Some(&id))?;
            if !marks.iter().any(|mark| mark.officer == person) {
                return Ok(false);
            }
            let ended = connection
                .prepare_cached("DELETE FROM follow_up_mark WHERE id = ?1")?
                .execute([id.as_bytes()])?;
            Ok(ended > 0)
        })
        .await
    }

    async fn end_follow_up_marks_before(&self, day: CivilDay) -> StorageResult<u64> {
        // Most often there is nothing to do, and then nothing is written.
        let any = self
            .read(move |connection| {
                Ok(connection
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM follow_up_mark WHERE ends_on < ?1)",
                    )?
                    .query_row([day.number()], |row| row.get::<_, bool>(0))?)
            })
            .await?;
        if !any {
            return Ok(0);
        }
        self.write(move |connection, _| {
            let ended = connection
                .prepare_cached("DELETE FROM follow_up_mark WHERE ends_on < ?1")?
                .execute([day.number()])?;
            Ok(ended as u64)
        })
        .await
    }

    async fn count_follow_up_marks(
        &self,
        person: &PersonId,
        at: Timestamp,
        on: CivilDay,
    ) -> StorageResult<Vec<FollowUpCount>> {
        let person = *person;
        self.read(move |connection| count(connection, &person, at, on))
            .await
    }
}
