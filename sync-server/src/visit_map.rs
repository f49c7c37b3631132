//! The map of visits of a grid (入户民情图): its households with their doors and how
//! they stand, as phones find it too. Does not own the page.

use wangge_model::{
    CivilDay, GridId, RecordId, RecordKind,
    document::RecordDocument,
    reference::{CAMPAIGN, VISIT_RULES},
    visit_plan::{
        Campaign, Door, HouseholdFact, LogEntry, PlanHousehold, VisitLog, VisitRules, VisitStanding,
    },
};

use crate::storage::{OrgNode, SnapshotRow, Storage, StorageError, StorageResult};

/// Days of visits that are looked at, as on a phone.
const DAYS_BACK: i32 = 800;
/// Records read at once.
const PAGE: u32 = 500;
/// Documents read at once, in bytes.
const PAGE_BYTES: usize = 16 << 20;

/// A household as plans and maps see it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedHousehold {
    /// Its file.
    pub id: RecordId,
    /// Its title, which is its address.
    pub title: String,
    /// What is known of it.
    pub fact: HouseholdFact,
}

/// A household on the map of visits.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedHousehold {
    /// Its file.
    pub id: RecordId,
    /// Its title.
    pub title: String,
    /// Where its door is.
    pub door: Option<Door>,
    /// How it stands.
    pub standing: VisitStanding,
}

/// The households of a grid, by id.
pub async fn load_households(
    storage: &dyn Storage,
    grid: &GridId,
) -> StorageResult<Vec<PlacedHousehold>> {
    let mut households = Vec::new();
    let mut after = None;
    loop {
        let page = storage
            .list_snapshot(grid, after.as_ref(), PAGE, PAGE_BYTES)
            .await?;
        let Some(last) = page.last() else {
            return Ok(households);
        };
        after = Some(last.record.id);
        let read = tokio::task::spawn_blocking(move || {
            page.iter()
                .filter(|row| row.record.kind == RecordKind::Household)
                .map(read)
                .collect::<StorageResult<Vec<_>>>()
        });
        let read = read.await;
        households.extend(read.map_err(|error| StorageError::Database(error.to_string()))??);
    }
}

fn read(row: &SnapshotRow) -> StorageResult<PlacedHousehold> {
    let record = &row.record;
    let document = RecordDocument::load(record.kind, Some(&record.document), [])
        .map_err(|_| StorageError::Corrupt("document"))?;
    Ok(PlacedHousehold {
        id: record.id,
        title: row.summary.title.clone(),
        fact: HouseholdFact::of(&record.id, &document.read()),
    })
}

/// Every household of a grid with how it stands on a day, most pressing first.
/// Visits count a moment after they came in.
pub async fn load_map(
    storage: &dyn Storage,
    node: &OrgNode,
    on: CivilDay,
) -> StorageResult<Vec<MappedHousehold>> {
    let grid = GridId::from(node.id);
    let rules = load_rules(storage, node).await?;
    let campaigns = load_campaigns(storage, &grid).await?;
    let visits = storage.list_visit_facts(&grid, on.plus(-DAYS_BACK)).await?;
    let log = VisitLog::new(visits.iter().map(|(id, fact)| LogEntry {
        id: *id,
        fact,
        rule: &rules.validity,
        is_mine: false,
    }));
    let households = load_households(storage, &grid).await?;
    let mut mapped: Vec<MappedHousehold> = households
        .into_iter()
        .map(|household| {
            let planned = PlanHousehold {
                id: household.id,
                fact: &household.fact,
                attribute: node.attribute,
                rules: &rules,
            };
            MappedHousehold {
                standing: VisitStanding::of(&planned, &log, &campaigns, on),
                door: household.fact.door,
                id: household.id,
                title: household.title,
            }
        })
        .collect();
    mapped.sort_by(|one, two| {
        let key = |one: &MappedHousehold| (one.standing.state, one.title.clone(), one.id);
        key(one).cmp(&key(two))
    });
    Ok(mapped)
}

async fn load_rules(storage: &dyn Storage, node: &OrgNode) -> StorageResult<VisitRules> {
    let set = storage.find_reference_above(VISIT_RULES, &node.id).await?;
    Ok(set
        .and_then(|set| set.read(|body| serde_json::from_slice(body)))
        .unwrap_or_default())
}

async fn load_campaigns(storage: &dyn Storage, grid: &GridId) -> StorageResult<Vec<Campaign>> {
    let mut stamps = storage.list_reference_stamps(&[*grid]).await?;
    stamps.retain(|stamp| stamp.name.starts_with(CAMPAIGN));
    let sets = storage.load_references(&stamps, usize::MAX).await?;
    Ok(sets
        .iter()
        .filter_map(|(_, body)| serde_json::from_slice(body).ok())
        .collect())
}
