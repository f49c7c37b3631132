//! A real server with a morning's records for the tests in a browser
//! (`tests/browser`): two phones of one grid, a conflict, a change the server
//! did not apply, a late edit to review, and a household whose every text is
//! hostile.
//!
//! Prints one line of JSON when it is ready, and one for each line it reads:
//! what the phones say after another sync. Ends when its input ends.

use std::io::BufRead as _;

use anyhow::Context as _;
use serde_json::{Value, json};
use wangge_model::{
    FieldPath, FieldValue, GridId, PersonId, RecordId, RecordKind, SystemClock, SystemEntropy,
    document::FieldEdit,
};
use wangge_tests::{
    admin::Admin,
    light_client::{LightClient, item_of_bytes},
    phone::{Phone, text_edit},
    server::Server,
    workload::Workload,
};

/// Ends any attribute or element it is put into, and would run if it did.
const HOSTILE: &str = "\"'></td><script>alert(1)</script><img src=x onerror=alert(1)>";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let server = Server::start()?;
    let office = Office::furnish(server.admin())?;
    let records = office.work_a_morning().await?;
    office.edit_late(&records).await?;
    println(&json!({
        "address": server.url(),
        "username": office.supervisor.0,
        "password": office.supervisor.1,
        "household": records.household.to_string(),
        "conflicted": records.conflicted.to_string(),
        "hostile": records.hostile.to_string(),
        "visit": records.visit.to_string(),
        "incident": records.incident.to_string(),
        "late": records.late.to_string(),
        "grid": office.grid.to_string(),
        "worker": office.workers[0].to_string(),
        "street": {
            "address": server.url(),
            "username": office.street.0,
            "password": office.street.1,
        },
    }));
    for line in std::io::stdin().lock().lines() {
        line?;
        println(&records.sync().await?);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the test program reads this line")]
fn println(line: &Value) {
    println!("{line}");
}

struct Office {
    admin: Admin,
    workers: [PersonId; 2],
    /// The grid both phones are in.
    grid: GridId,
    /// The grid nobody has a phone in.
    other_grid: GridId,
    /// User name and password.
    supervisor: (String, String),
    /// User name and password of whoever may draw boundaries.
    street: (String, String),
}

struct Records {
    phones: [Phone; 2],
    household: RecordId,
    conflicted: RecordId,
    hostile: RecordId,
    visit: RecordId,
    incident: RecordId,
    late: RecordId,
}

impl Office {
    /// A real community with two grids, two workers of the first, and a
    /// supervisor.
    fn furnish(admin: Admin) -> anyhow::Result<Self> {
        let grid = admin.create_grid("第一网格")?;
        let other_grid = admin.create_grid("第二网格")?;
        let workers = [
            admin.create_worker("张网格", grid)?,
            admin.create_worker("李网格", grid)?,
        ];
        let supervisor = admin.create_supervisor("孙主管")?;
        admin.appoint_admin(&supervisor.0)?;
        let street = admin.create_street_supervisor("周街道")?;
        admin.draw_grids(2)?;
        Ok(Self {
            admin,
            workers,
            grid,
            other_grid,
            supervisor,
            street,
        })
    }

    /// What the two phones collect.
    async fn work_a_morning(&self) -> anyhow::Result<Records> {
        let [zhang, li] = self.workers;
        let zhang = Phone::enrol(&self.admin.enrolment_link(zhang)?).await?;
        let li = Phone::enrol(&self.admin.enrolment_link(li)?).await?;
        let grid = zhang.grid()?;
        let mut workload = Workload::new(20_260_301, wangge_model::Clock::now(&SystemClock));
        let create = |phone: &Phone, kind, edits: Vec<FieldEdit>| {
            phone
                .core
                .create_record(kind, grid, &edits)
                .context("creating a record")
        };
        let mut households = Vec::new();
        for _ in 0..60 {
            households.push(create(
                &zhang,
                RecordKind::Household,
                workload.household()?,
            )?);
        }
        let conflicted = *households.last().context("no household")?;
        let late = *households.get(1).context("no second household")?;
        let household = *households.first().context("no household")?;
        let mut visit = conflicted;
        for household in [household, conflicted] {
            let mut edits = workload.visit()?;
            edits.push(reference(household)?);
            visit = create(&zhang, RecordKind::Visit, edits)?;
        }
        let mut edits = workload.incident()?;
        edits.push(reference(household)?);
        let incident = create(&li, RecordKind::Incident, edits)?;
        let hostile = create(&li, RecordKind::Household, hostile_household()?)?;
        zhang.sync().await?;
        li.sync().await?;
        li.sync().await?;
        // Both change one number before they hear of each other.
        zhang.set(conflicted, "contact.phone", "13800000001")?;
        li.set(conflicted, "contact.phone", "13800000002")?;
        zhang.set(conflicted, "address.floor", "5层")?;
        zhang.sync().await?;
        li.sync().await?;
        zhang.sync().await?;
        self.push_nonsense(grid).await?;
        Ok(Records {
            phones: [zhang, li],
            household,
            conflicted,
            hostile,
            visit,
            incident,
            late,
        })
    }

    /// A worker edits a household offline that is moved to the other grid
    /// meanwhile.
    async fn edit_late(&self, records: &Records) -> anyhow::Result<()> {
        let [zhang, _] = &records.phones;
        zhang.set(records.late, "contact.name", "周敏")?;
        zhang.set(records.late, "contact.phone", "13800000003")?;
        zhang.set(records.late, "notes", "老人独居，每周探望一次。")?;
        let (record, to) = (records.late.to_string(), self.other_grid.to_string());
        self.admin
            .run(&["record", "move", "--record", &record, "--to", &to])?;
        zhang.sync().await?;
        Ok(())
    }

    /// A third phone hands in something that is no change.
    async fn push_nonsense(&self, grid: GridId) -> anyhow::Result<()> {
        let [_, li] = self.workers;
        let link = self.admin.enrolment_link(li)?;
        let mut client = LightClient::enrol(&link, None, &SystemEntropy).await?;
        let record = RecordId::make(&SystemClock, &SystemEntropy);
        let bytes = b"\x85\x6f\x4a\x83 this is no change at all";
        client
            .push(vec![item_of_bytes(
                record,
                RecordKind::Household,
                grid,
                bytes,
            )])
            .await?;
        Ok(())
    }
}

impl Records {
    /// Both phones sync; answers their view of what was in conflict.
    async fn sync(&self) -> anyhow::Result<Value> {
        let mut values = Vec::new();
        let mut conflicts = Vec::new();
        for phone in &self.phones {
            phone.sync().await?;
            let document = phone.document(self.conflicted)?;
            values.push(document.text("contact.phone"));
            conflicts.push(document.conflicts().len());
        }
        Ok(json!({ "values": values, "conflicts": conflicts }))
    }
}

fn reference(household: RecordId) -> anyhow::Result<FieldEdit> {
    Ok(FieldEdit::set(
        FieldPath::new("household")?,
        FieldValue::text(household.to_string()),
    ))
}

fn hostile_household() -> anyhow::Result<Vec<FieldEdit>> {
    let short: String = HOSTILE.chars().take(30).collect();
    let member = PersonId::make(&SystemClock, &SystemEntropy);
    [
        ("address.estate".to_owned(), "<b>甲</b>"),
        ("address.building".to_owned(), short.as_str()),
        ("address.detail".to_owned(), HOSTILE),
        ("contact.name".to_owned(), "<script>alert(1)</script>"),
        (
            format!("members.{member}.name"),
            "<img src=x onerror=alert(1)>",
        ),
        (format!("members.{member}.registered_address"), HOSTILE),
        ("notes".to_owned(), HOSTILE),
    ]
    .iter()
    .map(|(path, text)| text_edit(path, text))
    .collect()
}
