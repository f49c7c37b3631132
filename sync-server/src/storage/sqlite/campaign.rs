//! Campaigns: which households, how far, and the reference sets phones get.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};
use wangge_model::{
    CampaignId, CivilDay, GridId, OrgNodeId, PersonId, RecordId, Timestamp,
    reference::CAMPAIGN,
    visit_plan::{Campaign, CheckItem, VisitFact},
};

use super::{
    duplicate, reference, refused,
    row::{self, collect, count, damaged, id},
    scope::in_scope,
    visit::find_grid,
};
use crate::storage::{
    CampaignGrid, CampaignProgress, CampaignRow, HouseholdChoice, NewCampaign, NewReference,
    StorageError, StorageResult,
};

/// The sets that are to be published again.
#[derive(Debug, Default)]
pub(super) struct Changed(BTreeSet<(CampaignId, GridId)>);

fn day(row: &Row<'_>, column: usize) -> rusqlite::Result<CivilDay> {
    row.get(column).map(CivilDay::from_number)
}

fn checks(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<CheckItem>> {
    serde_json::from_str(&row.get::<_, String>(column)?).map_err(|_| damaged(column, "checks"))
}

/// Columns of a campaign as phones get it.
const COLUMNS: &str = "campaign.id, campaign.title, campaign.note, campaign.kind, \
     campaign.starts_on, campaign.ends_on, campaign.checks";

/// Condition on `listed`: not the alias of a household of the same campaign.
const ONCE: &str = "(listed.campaign, listed.household) NOT IN (
         SELECT twice.campaign, alias.id FROM record AS alias INDEXED BY record_merged
         JOIN campaign_household AS twice ON twice.household = alias.merged_into
         WHERE alias.merged_into IS NOT NULL)";

/// The campaign without its households.
fn campaign(row: &Row<'_>) -> rusqlite::Result<(CampaignId, Campaign)> {
    let of = id(row, 0, CampaignId::from_bytes)?;
    let campaign = Campaign {
        id: of.to_string(),
        title: row.get(1)?,
        note: row.get(2)?,
        kind: row.get(3)?,
        starts_on: day(row, 4)?,
        ends_on: day(row, 5)?,
        checks: checks(row, 6)?,
        households: Vec::new(),
    };
    Ok((of, campaign))
}

/// Finds a household's campaigns: done by which day, and in which grid now.
pub(super) fn count_household(
    connection: &Connection,
    household: &RecordId,
    grid: &GridId,
    changed: &mut Changed,
) -> StorageResult<()> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, listed.grid, listed.done_on, campaign.closed_at
         FROM campaign_household AS listed JOIN campaign ON campaign.id = listed.campaign
         WHERE listed.household = ?1"
    ))?;
    let rows = statement.query_map([household.as_bytes()], |row| {
        let was_in = id(row, 7, GridId::from_bytes)?;
        let is_open = row.get::<_, Option<i64>>(9)?.is_none();
        Ok((
            campaign(row)?,
            was_in,
            row.get::<_, Option<i32>>(8)?,
            is_open,
        ))
    })?;
    let campaigns = collect(rows)?;
    if campaigns.is_empty() {
        return Ok(());
    }
    let visits = list_counting(connection, household)?;
    for ((of, campaign), was_in, was_done_on, is_open) in campaigns {
        let served = visits.iter().filter(|(day, visit)| {
            campaign.is_served_by(&visit.plan, &visit.kind, CivilDay::from_number(*day))
        });
        let done_on = served.map(|(day, _)| *day).min();
        if (was_in, was_done_on) == (*grid, done_on) {
            continue;
        }
        connection
            .prepare_cached(
                "UPDATE campaign_household SET grid = ?3, done_on = ?4
                 WHERE campaign = ?1 AND household = ?2",
            )?
            .execute(params![
                of.as_bytes(),
                household.as_bytes(),
                grid.as_bytes(),
                done_on
            ])?;
        if is_open && was_in != *grid {
            changed.0.extend([(of, was_in), (of, *grid)]);
        }
    }
    Ok(())
}

/// A household's visits that count, those of its aliases too, with their days.
fn list_counting(
    connection: &Connection,
    household: &RecordId,
) -> StorageResult<Vec<(i32, VisitFact)>> {
    let household = duplicate::resolve(connection, household)?;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT day, fact FROM visit_fact
         WHERE household IN ({}) AND counts = 1 AND day IS NOT NULL",
        duplicate::with_aliases("?1")
    ))?;
    let rows = statement.query_map([household.as_bytes()], |row| {
        let bytes: Vec<u8> = row.get(1)?;
        // One of another build is read again soon, see `visit_due`.
        Ok((row.get(0)?, minicbor::decode(&bytes).unwrap_or_default()))
    })?;
    collect(rows)
}

/// Publishes the sets that changed, for their grids.
pub(super) fn publish(
    connection: &Connection,
    changed: &Changed,
    at: Timestamp,
) -> StorageResult<()> {
    for (of, grid) in &changed.0 {
        publish_one(connection, of, grid, None, at)?;
    }
    Ok(())
}

/// Publishes what a campaign asks for in a grid; withdraws it where that is
/// nothing or the campaign is closed.
fn publish_one(
    connection: &Connection,
    of: &CampaignId,
    grid: &GridId,
    person: Option<PersonId>,
    at: Timestamp,
) -> StorageResult<()> {
    let open = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM campaign WHERE id = ?1 AND closed_at IS NULL"
        ))?
        .query_row([of.as_bytes()], campaign)
        .optional()?;
    let households: Vec<RecordId> = collect(
        connection
            .prepare_cached(
                "SELECT household FROM campaign_household
                 WHERE campaign = ?1 AND grid = ?2 ORDER BY household",
            )?
            .query_map(params![of.as_bytes(), grid.as_bytes()], |row| {
                id(row, 0, RecordId::from_bytes)
            })?,
    )?;
    let body = open
        .filter(|_| !households.is_empty())
        .map(|(_, campaign)| {
            serde_json::to_vec(&Campaign {
                households,
                ..campaign
            })
            .map_err(|_| StorageError::Corrupt("campaign"))
        })
        .transpose()?;
    let new = NewReference {
        name: format!("{CAMPAIGN}{of}"),
        node: OrgNodeId::from_bytes(*grid.as_bytes()),
        body,
        person,
        at,
    };
    reference::publish(connection, &new)?;
    Ok(())
}

/// The grids a campaign is in.
fn list_grids(connection: &Connection, of: &CampaignId) -> StorageResult<Vec<GridId>> {
    let mut statement = connection
        .prepare_cached("SELECT DISTINCT grid FROM campaign_household WHERE campaign = ?1")?;
    collect(statement.query_map([of.as_bytes()], |row| id(row, 0, GridId::from_bytes))?)
}

pub(super) fn create(connection: &Connection, new: &NewCampaign) -> StorageResult<()> {
    let checks = serde_json::to_string(&new.checks).map_err(|_| StorageError::Corrupt("checks"))?;
    connection
        .prepare_cached(
            "INSERT INTO campaign (id, title, note, kind, starts_on, ends_on, checks, created_by,
                                   created_at, closed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL)",
        )?
        .execute(params![
            new.id.as_bytes(),
            new.title,
            new.note,
            new.kind,
            new.starts_on.number(),
            new.ends_on.number(),
            checks,
            new.person.as_bytes(),
            new.at.as_millis(),
        ])
        .map_err(|error| refused(error, "campaign", "person"))?;
    // What this changes is published below, all of it at once.
    let mut changed = Changed::default();
    for household in &new.households {
        let grid = find_grid(connection, household)?.ok_or(StorageError::Missing("household"))?;
        connection
            .prepare_cached(
                "INSERT OR IGNORE INTO campaign_household (campaign, household, grid, done_on)
                 VALUES (?1, ?2, ?3, NULL)",
            )?
            .execute(params![
                new.id.as_bytes(),
                household.as_bytes(),
                grid.as_bytes()
            ])?;
        count_household(connection, household, &grid, &mut changed)?;
    }
    for grid in list_grids(connection, &new.id)? {
        publish_one(connection, &new.id, &grid, Some(new.person), new.at)?;
    }
    publish(connection, &changed, new.at)
}

pub(super) fn close(
    connection: &Connection,
    of: &CampaignId,
    person: Option<PersonId>,
    at: Timestamp,
) -> StorageResult<bool> {
    let is_open: Option<bool> = connection
        .prepare_cached("SELECT closed_at IS NULL FROM campaign WHERE id = ?1")?
        .query_row([of.as_bytes()], |row| row.get(0))
        .optional()?;
    if !is_open.ok_or(StorageError::Missing("campaign"))? {
        return Ok(false);
    }
    connection
        .prepare_cached("UPDATE campaign SET closed_at = ?2 WHERE id = ?1")?
        .execute(params![of.as_bytes(), at.as_millis()])?;
    for grid in list_grids(connection, of)? {
        publish_one(connection, of, &grid, person, at)?;
    }
    Ok(true)
}

pub(super) fn close_before(
    connection: &Connection,
    day: CivilDay,
    at: Timestamp,
) -> StorageResult<u64> {
    let over: Vec<CampaignId> = collect(
        connection
            .prepare_cached("SELECT id FROM campaign WHERE closed_at IS NULL AND ends_on < ?1")?
            .query_map([day.number()], |row| id(row, 0, CampaignId::from_bytes))?,
    )?;
    for of in &over {
        close(connection, of, None, at)?;
    }
    Ok(over.len() as u64)
}

pub(super) fn choose(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    choice: &HouseholdChoice,
) -> StorageResult<Vec<RecordId>> {
    let mut statement = connection.prepare_cached(&in_scope(
        "SELECT record.id FROM scope_campaign_write AS place
         JOIN org_node AS grid ON grid.id = place.id
         JOIN record ON record.grid = place.id AND record.kind = 1
             AND record.merged_into IS NULL
         WHERE (:node IS NULL OR EXISTS (
                 SELECT 1 FROM org_node AS above
                 WHERE above.id = :node AND grid.path >= above.path
                   AND grid.path < above.path || 'g'))
           AND (:ledger IS NULL OR record.state = :ledger)
           AND (:period IS NULL OR NOT EXISTS (
                 SELECT 1 FROM household_period AS visited
                 WHERE visited.grid = record.grid AND visited.period = :period
                   AND visited.household = record.id))
         ORDER BY record.id LIMIT :limit",
    ))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(),
            ":node": choice.node.as_ref().map(OrgNodeId::as_bytes),
            ":ledger": choice.ledger, ":period": choice.not_visited_in, ":limit": choice.limit,
        },
        |row| id(row, 0, RecordId::from_bytes),
    )?;
    collect(rows)
}

/// Campaigns a person may see; only one of them if `only` is given.
pub(super) fn list(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    only: Option<&CampaignId>,
) -> StorageResult<Vec<CampaignRow>> {
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT {COLUMNS}, person.name, campaign.closed_at, seen.households, seen.done
         FROM (SELECT listed.campaign AS campaign, count(*) AS households,
                      count(listed.done_on) AS done
               FROM scope_campaign AS place
               JOIN campaign_household AS listed ON listed.grid = place.id
               WHERE (:only IS NULL OR listed.campaign = :only) AND {ONCE}
               GROUP BY listed.campaign) AS seen
         JOIN campaign ON campaign.id = seen.campaign
         JOIN person ON person.id = campaign.created_by
         ORDER BY campaign.created_at DESC, campaign.id LIMIT 200"
    )))?;
    let rows = statement.query_map(
        named_params! {
            ":person": person.as_bytes(), ":at": at.as_millis(),
            ":only": only.map(CampaignId::as_bytes),
        },
        |row| {
            let (of, campaign) = campaign(row)?;
            Ok(CampaignRow {
                id: of,
                title: campaign.title,
                note: campaign.note,
                kind: campaign.kind,
                starts_on: campaign.starts_on,
                ends_on: campaign.ends_on,
                checks: campaign.checks,
                created_by: row.get(7)?,
                closed_at: row::optional_time(row, 8)?,
                households: count(row.get(9)?),
                done: count(row.get(10)?),
            })
        },
    )?;
    collect(rows)
}

pub(super) fn find(
    connection: &Connection,
    person: &PersonId,
    at: Timestamp,
    of: &CampaignId,
) -> StorageResult<Option<CampaignProgress>> {
    let Some(campaign) = list(connection, person, at, Some(of))?.pop() else {
        return Ok(None);
    };
    let bound = named_params! {
        ":person": person.as_bytes(), ":at": at.as_millis(), ":campaign": of.as_bytes(),
    };
    let mut statement = connection.prepare_cached(&in_scope(&format!(
        "SELECT place.id, place.name, coalesce(place.code, ''), count(*), count(listed.done_on)
         FROM scope_campaign AS place
         JOIN campaign_household AS listed
             ON listed.grid = place.id AND listed.campaign = :campaign AND {ONCE}
         GROUP BY place.id ORDER BY place.code, place.name"
    )))?;
    let grids = statement.query_map(bound, |row| {
        Ok(CampaignGrid {
            grid: id(row, 0, GridId::from_bytes)?,
            name: row.get(1)?,
            code: row.get(2)?,
            households: count(row.get(3)?),
            done: count(row.get(4)?),
        })
    })?;
    let grids = collect(grids)?;
    let may_close = connection
        .prepare_cached(&in_scope(
            "SELECT NOT EXISTS (
                 SELECT 1 FROM campaign_household AS listed
                 WHERE listed.campaign = :campaign
                   AND listed.grid NOT IN (SELECT id FROM scope_campaign_write))",
        ))?
        .query_row(bound, |row| row.get(0))?;
    Ok(Some(CampaignProgress {
        campaign,
        grids,
        may_close,
    }))
}
