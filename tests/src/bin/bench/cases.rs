//! Inboxes of cases on the server: 470,000 incidents in 1,000 grids, as the
//! network of Shanxi had in four months, most of them over.

use std::{path::Path, time::Instant};

use rusqlite::{Connection, params};
use wangge_model::{
    AssignmentId, Clock as _, OrgNodeId, PersonId, RecordKind, SystemClock, Timestamp,
    case::{CaseLevel, CaseState},
    deadline::Light,
    testing::SeededEntropy,
};
use wangge_server::storage::{
    CaseFilter, CaseQueue, CaseStorage as _, MetaStorage as _, NewAssignment, NewOrgNode,
    NewPerson, OrgLevel, OrgStorage as _, PersonStorage as _, Role, SqliteStorage,
};
use wangge_tests::statistics::{count, millis, percentile};

use crate::report::Figures;

const GRIDS: u32 = 1_000;
const INCIDENTS: u32 = 470_000;
/// One in so many is open.
const OPEN: u32 = 10;
/// Grids of the community whose desk looks.
const COMMUNITY_GRIDS: u32 = 8;
const ROUNDS: usize = 20;

fn bytes(kind: u8, number: u32) -> [u8; 16] {
    let mut id = [kind; 16];
    id[12..].copy_from_slice(&number.to_be_bytes());
    id
}

fn node(kind: u8) -> OrgNodeId {
    OrgNodeId::from_bytes(bytes(kind, 0))
}

const COUNTY: u8 = 1;
const COMMUNITY: u8 = 2;

async fn create_places(storage: &SqliteStorage, now: Timestamp) -> anyhow::Result<()> {
    let place = |id: OrgNodeId, parent, level, code: String| NewOrgNode {
        id,
        parent,
        level,
        name: code.clone(),
        code: Some(code),
        attribute: None,
        valid_from: Timestamp::from_millis(0),
    };
    let (county, community) = (node(COUNTY), node(COMMUNITY));
    let mut nodes = vec![
        place(county, None, OrgLevel::County, "370102".to_owned()),
        place(
            community,
            Some(county),
            OrgLevel::Community,
            "370102001001".to_owned(),
        ),
    ];
    for number in 0..GRIDS {
        let id = OrgNodeId::from_bytes(bytes(3, number));
        let code = format!("370102001001{number:07}");
        let parent = if number < COMMUNITY_GRIDS {
            community
        } else {
            county
        };
        nodes.push(place(id, Some(parent), OrgLevel::Grid, code));
    }
    storage.create_nodes(&nodes).await?;
    let entropy = SeededEntropy::new(1);
    for (kind, role) in [(COUNTY, Role::CentreStaff), (COMMUNITY, Role::ServiceDesk)] {
        let person = NewPerson {
            id: PersonId::from_bytes(bytes(kind, 0)),
            name: "受理员".to_owned(),
            username: None,
            phone: String::new(),
            trained_on: now.to_china_date(),
            created_at: now,
        };
        let assignment = NewAssignment {
            id: AssignmentId::make(&SystemClock, &entropy),
            person: person.id,
            node: node(kind),
            role,
            full_time: true,
            reserve: false,
            duties: Vec::new(),
            valid_from: Timestamp::from_millis(0),
        };
        storage.create_people(&[person], &[assignment]).await?;
    }
    Ok(())
}

/// Puts incidents in as the server's commits do, without feed and documents.
fn put_incidents(connection: &mut Connection, now: Timestamp) -> anyhow::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut record = transaction.prepare(
            "INSERT INTO record (id, kind, grid, record_epoch, document, heads, version, title,
                 person_name, phone, state, category, urgency, number, household, occurred_at,
                 member_count, conflict_count, edited_at, search_text, created_at, changed_at)
             VALUES (?1, ?2, ?3, 0, ?4, ?5, 1, '3号楼楼道堆放杂物', '', '', ?6, '4006', 'normal',
                 'SJ20260101000001', NULL, NULL, 0, 0, ?7, '', ?7, ?7)",
        )?;
        let mut case = transaction.prepare(
            "INSERT INTO incident_case (record, grid, is_open, sort_at, level, state, category,
                 due_at, warn_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, '4006', ?4, ?7)",
        )?;
        let levels = [CaseLevel::Community, CaseLevel::Street, CaseLevel::County];
        for number in 0..INCIDENTS {
            let id = bytes(5, number);
            let grid = bytes(3, number % GRIDS);
            let is_open = (number / GRIDS).is_multiple_of(OPEN);
            let state = if is_open {
                CaseState::InProgress
            } else {
                CaseState::Archived
            };
            // Due over the last and the next days, in no order.
            let due = i64::from(number.wrapping_mul(2_654_435_761) % 200_000) - 100_000;
            let due = now.plus_millis(due * 1_000);
            let level = levels[(number % 3) as usize];
            record.execute(params![
                id,
                RecordKind::Incident.number(),
                grid,
                vec![0_u8; 700],
                [7_u8; 32],
                state.as_str(),
                now.as_millis()
            ])?;
            case.execute(params![
                id,
                grid,
                is_open,
                due.as_millis(),
                level.as_str(),
                state.as_str(),
                due.plus_millis(-20_000_000).as_millis()
            ])?;
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Fills a server's database and measures pages of inboxes.
pub(crate) async fn run(folder: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    let path = folder.join("cases.sqlite");
    let now = SystemClock.now();
    let storage = SqliteStorage::open(&path)?;
    create_places(&storage, now).await?;
    storage.close().await?;
    put_incidents(&mut Connection::open(&path)?, now)?;
    let storage = SqliteStorage::open(&path)?;
    let asked = [
        CaseFilter::default(),
        CaseFilter {
            queue: CaseQueue::Desk(CaseLevel::County),
            ..CaseFilter::default()
        },
        CaseFilter {
            queue: CaseQueue::Desk(CaseLevel::Community),
            light: Some(Light::Red),
            ..CaseFilter::default()
        },
        CaseFilter {
            state: Some(CaseState::InProgress),
            class: "40".to_owned(),
            offset: 2_000,
            ..CaseFilter::default()
        },
        CaseFilter {
            queue: CaseQueue::Units,
            ..CaseFilter::default()
        },
        CaseFilter {
            state: Some(CaseState::Archived),
            ..CaseFilter::default()
        },
    ];
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        for kind in [COUNTY, COMMUNITY] {
            let person = PersonId::from_bytes(bytes(kind, 0));
            for filter in &asked {
                let filter = CaseFilter {
                    limit: 50,
                    ..filter.clone()
                };
                let begun = Instant::now();
                let page = storage.list_cases(&filter, &person, now).await?;
                took.push(millis(begun.elapsed()));
                let is_full = page.cases.len() == 50;
                let may_be_short = kind == COMMUNITY || filter.queue == CaseQueue::Units;
                anyhow::ensure!(is_full || may_be_short, "{filter:?}: {}", page.total);
            }
        }
    }
    figures.set("cases.inbox_p50_ms", percentile(&took, 0.5));
    figures.set("cases.inbox_p95_ms", percentile(&took, 0.95));
    figures.set("cases.incidents", count(u64::from(INCIDENTS)));
    storage.close().await?;
    std::fs::remove_file(&path)?;
    Ok(())
}
