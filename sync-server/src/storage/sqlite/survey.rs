//! See [`SurveyStorage`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{
    CivilDay, GridId, OrgNodeId, PersonId, RecordId, SurveyId, Timestamp,
    survey::{Answer, SURVEY, Survey},
};

use super::{
    SqliteStorage, reference, refused,
    row::{collect, count, damaged, id, optional_time},
    scope::in_scope,
};
use crate::storage::{
    NewReference, NewSurvey, StorageError, StorageResult, SurveyCounts, SurveyRow, SurveyStorage,
};

/// Keeps what a visit answers, in place of what it answered before.
pub(super) fn put_answers(
    connection: &Connection,
    record: &RecordId,
    answers: &[Answer],
) -> StorageResult<()> {
    connection
        .prepare_cached("DELETE FROM survey_answer WHERE record = ?1")?
        .execute([record.as_bytes()])?;
    for answer in answers {
        // What names no survey of ours can be counted nowhere.
        let Ok(survey) = answer.survey.parse::<SurveyId>() else {
            continue;
        };
        for chosen in &answer.chosen {
            connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO survey_answer (record, survey, question, chosen)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    record.as_bytes(),
                    survey.as_bytes(),
                    answer.question,
                    chosen
                ])?;
        }
    }
    Ok(())
}

fn survey_row(row: &Row<'_>) -> rusqlite::Result<SurveyRow> {
    let questions: String = row.get(7)?;
    Ok(SurveyRow {
        id: id(row, 0, SurveyId::from_bytes)?,
        node: id(row, 1, OrgNodeId::from_bytes)?,
        node_name: row.get(2)?,
        title: row.get(3)?,
        note: row.get(4)?,
        starts_on: CivilDay::from_number(row.get(5)?),
        ends_on: CivilDay::from_number(row.get(6)?),
        questions: serde_json::from_str(&questions).map_err(|_| damaged(7, "questions"))?,
        created_by: row.get(8)?,
        closed_at: optional_time(row, 9)?,
        may_close: row.get(10)?,
    })
}

/// Grids at or below a place.
const BELOW: &str = "SELECT grid.id FROM org_node AS grid
     WHERE grid.level = 'grid' AND grid.valid_to IS NULL
       AND grid.path >= node.path AND grid.path < node.path || 'g'";

fn list(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    only: Option<&SurveyId>,
) -> StorageResult<Vec<SurveyRow>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT survey.id, survey.node, node.name, survey.title, survey.note, survey.starts_on,
                survey.ends_on, survey.questions, person.name, survey.closed_at,
                NOT EXISTS ({BELOW} AND grid.id NOT IN (SELECT id FROM scope_campaign_write))
         FROM survey JOIN org_node AS node ON node.id = survey.node
         JOIN person ON person.id = survey.created_by
         WHERE (:only IS NULL OR survey.id = :only)
           AND EXISTS ({BELOW} AND grid.id IN (SELECT id FROM scope_campaign))
         ORDER BY survey.created_at DESC, survey.id LIMIT 200"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(),
            ":only": only.map(SurveyId::as_bytes),
        },
        survey_row,
    )?;
    collect(rows)
}

fn create(connection: &Connection, new: &NewSurvey) -> StorageResult<()> {
    let may_make: Option<bool> = connection
        .prepare_cached(&in_scope(&format!(
            "SELECT EXISTS ({BELOW})
                    AND NOT EXISTS ({BELOW} AND grid.id NOT IN (SELECT id FROM scope_campaign_write))
             FROM org_node AS node WHERE node.id = :node"
        )))?
        .query_row(
            named_params! {
                ":person": new.person.as_bytes(), ":at": new.at.as_millis(),
                ":node": new.node.as_bytes(),
            },
            |row| row.get(0),
        )
        .optional()?;
    if may_make != Some(true) {
        return Err(StorageError::Missing("org_node"));
    }
    let questions =
        serde_json::to_string(&new.questions).map_err(|_| StorageError::Corrupt("questions"))?;
    connection
        .prepare_cached(
            "INSERT INTO survey (id, node, title, note, starts_on, ends_on, questions, created_by,
                                 created_at, closed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.node.as_bytes(),
            new.title,
            new.note,
            new.starts_on.number(),
            new.ends_on.number(),
            questions,
            new.person.as_bytes(),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "survey", "person"))?;
    let survey = Survey {
        id: new.id.to_string(),
        title: new.title.clone(),
        note: new.note.clone(),
        starts_on: new.starts_on,
        ends_on: new.ends_on,
        questions: new.questions.clone(),
    };
    let body = serde_json::to_vec(&survey).map_err(|_| StorageError::Corrupt("survey"))?;
    publish(
        connection,
        &new.id,
        new.node,
        Some(body),
        Some(new.person),
        new.at,
    )
}

fn publish(
    connection: &Connection,
    survey: &SurveyId,
    node: OrgNodeId,
    body: Option<Vec<u8>>,
    person: Option<PersonId>,
    at: Timestamp,
) -> StorageResult<()> {
    let new = NewReference {
        name: format!("{SURVEY}{survey}"),
        node,
        body,
        person,
        at,
    };
    reference::publish(connection, &new)?;
    Ok(())
}

fn close(
    connection: &Connection,
    survey: &SurveyId,
    person: Option<PersonId>,
    at: Timestamp,
) -> StorageResult<bool> {
    let open: Option<OrgNodeId> = connection
        .prepare_cached("SELECT node FROM survey WHERE id = ?1 AND closed_at IS NULL")?
        .query_row([survey.as_bytes()], |row| id(row, 0, OrgNodeId::from_bytes))
        .optional()?;
    let Some(node) = open else { return Ok(false) };
    connection
        .prepare_cached("UPDATE survey SET closed_at = ?2 WHERE id = ?1")?
        .execute(params![survey.as_bytes(), at.as_millis()])?;
    publish(connection, survey, node, None, person, at)?;
    Ok(true)
}

fn close_before(connection: &Connection, day: CivilDay, at: Timestamp) -> StorageResult<u64> {
    let over: Vec<SurveyId> = collect(
        connection
            .prepare_cached("SELECT id FROM survey WHERE closed_at IS NULL AND ends_on < ?1")?
            .query_map([day.number()], |row| id(row, 0, SurveyId::from_bytes))?,
    )?;
    for survey in &over {
        close(connection, survey, None, at)?;
    }
    Ok(over.len() as u64)
}

/// The sheets that count: of each household the latest, of other visits each.
const SHEETS: &str = "sheet AS MATERIALIZED (
         SELECT ranked.record, ranked.grid FROM (
             SELECT record.id AS record, record.grid AS grid, row_number() OVER (
                 PARTITION BY coalesce(record.household, record.id)
                 ORDER BY record.occurred_at DESC, record.id DESC) AS place
             FROM (SELECT DISTINCT record FROM survey_answer WHERE survey = :survey) AS answered
             JOIN record ON record.id = answered.record
         ) AS ranked
         JOIN scope_campaign AS seen ON seen.id = ranked.grid
         WHERE ranked.place = 1
     )";

fn count_answers(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    survey: &SurveyId,
) -> StorageResult<Vec<SurveyCounts>> {
    let bound = named_params! {
        ":person": person.as_bytes(), ":at": at.as_millis(), ":survey": survey.as_bytes(),
    };
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        ", {SHEETS}
         SELECT place.id, place.name, coalesce(place.code, ''), count(*)
         FROM sheet JOIN scope_campaign AS place ON place.id = sheet.grid
         GROUP BY place.id ORDER BY place.code, place.name"
    )))?;
    let rows = statement.query_map(bound, |row| {
        Ok(SurveyCounts {
            grid: id(row, 0, GridId::from_bytes)?,
            name: row.get(1)?,
            code: row.get(2)?,
            sheets: count(row.get(3)?),
            chosen: Vec::new(),
        })
    })?;
    let mut grids = collect(rows)?;
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        ", {SHEETS}
         SELECT sheet.grid, answer.question, answer.chosen, count(*)
         FROM sheet JOIN survey_answer AS answer
             ON answer.record = sheet.record AND answer.survey = :survey
         GROUP BY sheet.grid, answer.question, answer.chosen"
    )))?;
    let rows = statement.query_map(bound, |row| {
        let grid = id(row, 0, GridId::from_bytes)?;
        Ok((grid, (row.get(1)?, row.get(2)?, count(row.get(3)?))))
    })?;
    let mut chosen: BTreeMap<GridId, Vec<(String, String, u64)>> = BTreeMap::new();
    for (grid, one) in collect(rows)? {
        chosen.entry(grid).or_default().push(one);
    }
    for grid in &mut grids {
        grid.chosen = chosen.remove(&grid.grid).unwrap_or_default();
    }
    Ok(grids)
}

#[async_trait]
impl SurveyStorage for SqliteStorage {
    async fn create_survey(&self, new: &NewSurvey) -> StorageResult<()> {
        let new = new.clone();
        self.write(move |connection, _| create(connection, &new))
            .await
    }

    async fn close_survey(
        &self,
        id: &SurveyId,
        person: &PersonId,
        at: Timestamp,
    ) -> StorageResult<bool> {
        let (id, person) = (*id, *person);
        self.write(move |connection, _| {
            let found = list(connection, &person, at, Some(&id))?.pop();
            found
                .filter(|survey| survey.may_close)
                .ok_or(StorageError::Missing("survey"))?;
            close(connection, &id, Some(person), at)
        })
        .await
    }

    async fn close_surveys_before(&self, day: CivilDay, at: Timestamp) -> StorageResult<u64> {
        // Most often there is nothing to do, and then nothing is written.
        let any = self
            .read(move |connection| {
                Ok(connection
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM survey
                                        WHERE closed_at IS NULL AND ends_on < ?1)",
                    )?
                    .query_row([day.number()], |row| row.get::<_, bool>(0))?)
            })
            .await?;
        if !any {
            return Ok(0);
        }
        self.write(move |connection, _| close_before(connection, day, at))
            .await
    }

    async fn list_surveys(
        &self,
        person: &PersonId,
        at: Timestamp,
        only: Option<&SurveyId>,
    ) -> StorageResult<Vec<SurveyRow>> {
        let (person, only) = (*person, only.copied());
        self.read(move |connection| list(connection, &person, at, only.as_ref()))
            .await
    }

    async fn count_survey(
        &self,
        person: &PersonId,
        at: Timestamp,
        id: &SurveyId,
    ) -> StorageResult<Vec<SurveyCounts>> {
        let (person, id) = (*person, *id);
        self.read(move |connection| count_answers(connection, &person, at, &id))
            .await
    }
}
