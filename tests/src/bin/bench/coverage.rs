//! The console's coverage of a district on the server: 250,000 households in
//! 1,000 grids, and what counting a visit takes.

use std::{path::Path, time::Instant};

use rusqlite::{Connection, params};
use wangge_model::{
    ActorId, AssignmentId, CivilDay, Clock as _, FieldPath, FieldValue, OrgNodeId, PersonId,
    RecordId, RecordKind, SystemClock, Timestamp,
    document::{FieldEdit, RecordDocument},
    testing::SeededEntropy,
    visit_plan::Period,
};
use wangge_server::storage::{
    MetaStorage as _, NewAssignment, NewOrgNode, NewPerson, OrgLevel, OrgStorage as _,
    PersonStorage as _, Role, SqliteStorage, VisitStorage as _, period_number,
};
use wangge_tests::statistics::{count, millis, percentile};

use crate::report::Figures;

const GRIDS: u32 = 1_000;
const HOUSEHOLDS_PER_GRID: u32 = 250;
/// Visits that are counted, each to a household of its own.
const VISITS: u32 = 2_000;
/// Visits counted in one step, as the server does.
const STEP: u32 = 50;
const RUNS: usize = 100;
/// The households a grid's numbers begin with; the visits' ids follow.
const VISIT_IDS: u32 = GRIDS * HOUSEHOLDS_PER_GRID;

fn bytes(kind: u8, number: u32) -> [u8; 16] {
    let mut id = [kind; 16];
    id[12..].copy_from_slice(&number.to_be_bytes());
    id
}

fn street() -> OrgNodeId {
    OrgNodeId::from_bytes(bytes(1, 0))
}

fn somebody() -> PersonId {
    PersonId::from_bytes(bytes(2, 0))
}

async fn create_places(storage: &SqliteStorage, now: Timestamp) -> anyhow::Result<()> {
    let node = |id: OrgNodeId, parent, level, code: String| NewOrgNode {
        id,
        parent,
        level,
        name: code.clone(),
        code: Some(code),
        attribute: None,
        valid_from: Timestamp::from_millis(0),
    };
    let mut nodes = vec![node(
        street(),
        None,
        OrgLevel::Street,
        "370102001".to_owned(),
    )];
    for number in 0..GRIDS {
        let id = OrgNodeId::from_bytes(bytes(3, number));
        let code = format!("370102001001{number:07}");
        nodes.push(node(id, Some(street()), OrgLevel::Grid, code));
    }
    storage.create_nodes(&nodes).await?;
    let person = NewPerson {
        id: somebody(),
        name: "督导".to_owned(),
        username: None,
        phone: String::new(),
        trained_on: now.to_china_date(),
        created_at: now,
    };
    let assignment = NewAssignment {
        id: AssignmentId::make(&SystemClock, &SeededEntropy::new(1)),
        person: somebody(),
        node: street(),
        role: Role::Supervisor,
        full_time: true,
        reserve: false,
        duties: Vec::new(),
        valid_from: Timestamp::from_millis(0),
    };
    storage.create_people(&[person], &[assignment]).await?;
    Ok(())
}

/// Puts a record in as the server's commits do, without a feed.
const INSERT: &str = "INSERT INTO record (id, kind, grid, record_epoch, document, heads, version, title, \
     person_name, phone, state, category, urgency, number, household, occurred_at, member_count, \
     conflict_count, edited_at, search_text, created_at, changed_at) \
     VALUES (?1, ?2, ?3, 0, ?4, ?5, 1, '3号楼1单元502', '某户主', '13800000000', 'consistent', \
             '', '', '', ?6, NULL, 3, 0, ?7, '', ?7, ?7)";

fn put_households(connection: &mut Connection, now: Timestamp) -> anyhow::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut record = transaction.prepare(INSERT)?;
        let mut period = transaction.prepare("INSERT INTO household_period VALUES (?1, ?2, ?3)")?;
        // Two of three were visited this year, half of these this quarter too,
        // a third this month too; and as many in each of the two years before.
        let today = CivilDay::of(now);
        let of = |what, day| period_number(what, day).unwrap_or(0);
        let kinds = [
            (Period::Year, 3, 2),
            (Period::Quarter, 3, 1),
            (Period::Month, 9, 2),
        ];
        for number in 0..VISIT_IDS {
            let id = bytes(4, number);
            let grid = bytes(3, number / HOUSEHOLDS_PER_GRID);
            record.execute(params![
                id,
                RecordKind::Household.number(),
                grid,
                vec![0_u8; 300],
                [7_u8; 32],
                None::<[u8; 16]>,
                now.as_millis()
            ])?;
            for (what, parts, visited) in kinds {
                for back in 0..3 {
                    if number % parts < visited {
                        let day = today.plus(-365 * back);
                        period.execute(params![grid, of(what, day), id])?;
                    }
                }
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

fn put_visits(connection: &mut Connection, now: Timestamp) -> anyhow::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut record = transaction.prepare(INSERT)?;
        for number in 0..VISITS {
            let household = number * (VISIT_IDS / VISITS);
            let grid = bytes(3, household / HOUSEHOLDS_PER_GRID);
            let household = RecordId::from_bytes(bytes(4, household));
            let document = visit(household, now)?;
            let heads: Vec<u8> = document
                .heads()
                .iter()
                .flat_map(|head| *head.as_bytes())
                .collect();
            record.execute(params![
                bytes(5, number),
                RecordKind::Visit.number(),
                grid,
                document.save(),
                heads,
                household.as_bytes(),
                now.as_millis()
            ])?;
        }
    }
    // As the commit of a push leaves word of each.
    transaction.execute(
        "INSERT INTO visit_due SELECT id FROM record WHERE kind = ?1",
        [RecordKind::Visit.number()],
    )?;
    transaction.commit()?;
    Ok(())
}

fn visit(household: RecordId, now: Timestamp) -> anyhow::Result<RecordDocument> {
    let start = now.plus_millis(-600_000);
    let mut document = RecordDocument::new(RecordKind::Visit);
    let fields = [
        ("household", FieldValue::Text(household.to_string())),
        ("kind", FieldValue::text("household")),
        ("result", FieldValue::text("met")),
        ("started_at", FieldValue::Time(start)),
        ("ended_at", FieldValue::Time(now)),
        ("distance_reason", FieldValue::text("手机无信号")),
        ("diary", FieldValue::text("平安。".repeat(60))),
    ];
    let mut edits = Vec::new();
    for (path, value) in fields {
        edits.push(FieldEdit::set(FieldPath::new(path)?, value));
    }
    document.edit(&edits, ActorId::from_bytes([9; 16]), now)?;
    Ok(document)
}

/// Fills a server's database and measures.
pub(crate) async fn run(folder: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    let path = folder.join("coverage.sqlite");
    let now = SystemClock.now();
    let storage = SqliteStorage::open(&path)?;
    create_places(&storage, now).await?;
    storage.close().await?;
    {
        let mut connection = Connection::open(&path)?;
        put_households(&mut connection, now)?;
        put_visits(&mut connection, now)?;
    }
    let storage = SqliteStorage::open(&path)?;
    let begun = Instant::now();
    while storage.count_visits(STEP, now).await? > 0 {}
    let took = millis(begun.elapsed()) * 1e3;
    figures.set("coverage.count_visit_us", took / f64::from(VISITS));
    let mut took = Vec::new();
    for _ in 0..RUNS {
        let begun = Instant::now();
        let rows = storage
            .list_coverage(&somebody(), now, CivilDay::of(now))
            .await?;
        took.push(millis(begun.elapsed()));
        anyhow::ensure!(rows.len() == GRIDS as usize, "{} grids", rows.len());
        let visited: u64 = rows.iter().map(|row| row.year).sum();
        anyhow::ensure!(visited > u64::from(VISIT_IDS) / 2, "{visited} visited");
    }
    figures.set("coverage.p50_ms", percentile(&took, 0.5));
    figures.set("coverage.p95_ms", percentile(&took, 0.95));
    figures.set("coverage.households", count(u64::from(VISIT_IDS)));
    storage.close().await?;
    std::fs::remove_file(&path)?;
    Ok(())
}
