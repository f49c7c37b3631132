//! A real server with a morning's records for the tests in a browser
//! (`tests/browser`): two phones of one grid, a conflict, a change the server
//! did not apply, and a household whose every text is hostile.
//!
//! Prints one line of JSON when it is ready and ends when its input ends.

use std::io::Read as _;

use anyhow::Context as _;
use serde_json::{Value, json};
use wangge_model::{
    FieldPath, FieldValue, GridId, PersonId, RecordId, RecordKind, SystemClock, SystemEntropy,
    document::FieldEdit, protocol::EnrolmentLink,
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
    let office = Office { admin: server.admin() };
    let supervisor = office.furnish()?;
    let records = office.work_a_morning().await?;
    println(&json!({
        "address": server.url(),
        "username": supervisor.username,
        "password": supervisor.password,
        "household": records.household.to_string(),
        "conflicted": records.conflicted.to_string(),
        "hostile": records.hostile.to_string(),
        "visit": records.visit.to_string(),
        "incident": records.incident.to_string(),
    }));
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the test program reads this line")]
fn println(line: &Value) {
    println!("{line}");
}

struct Office {
    admin: Admin,
}

struct SignIn {
    username: &'static str,
    password: String,
}

struct Records {
    household: RecordId,
    conflicted: RecordId,
    hostile: RecordId,
    visit: RecordId,
    incident: RecordId,
}

impl Office {
    /// Runs a command and reads the JSON it prints.
    fn run(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let printed = self.admin.run(&[&["--json"], arguments].concat())?;
        serde_json::from_str(&printed)
            .with_context(|| format!("wangge admin {} printed {printed}", arguments.join(" ")))
    }

    fn text(value: &Value, key: &str) -> anyhow::Result<String> {
        Ok(value.get(key).and_then(Value::as_str).with_context(|| format!("no {key}"))?.to_owned())
    }

    /// A real street's places, two grids, their workers and a supervisor.
    fn furnish(&self) -> anyhow::Result<SignIn> {
        let mut parent = String::new();
        for (level, code, name) in [
            ("street", "370102002", "千佛山街道"),
            ("community", "370102002008", "千佛山社区"),
        ] {
            let mut arguments =
                vec!["node", "create", "--level", level, "--code", code, "--name", name];
            if !parent.is_empty() {
                arguments.extend(["--parent", &parent]);
            }
            parent = Self::text(&self.run(&arguments)?, "id")?;
        }
        for (code, name) in
            [("3701020020000800101", "第一网格"), ("3701020020000800201", "第二网格")]
        {
            let arguments = ["node", "create", "--level", "grid", "--code", code, "--name", name];
            self.run(&[arguments.as_slice(), &["--parent", &parent]].concat())?;
        }
        for (username, name) in [("zhang", "张网格"), ("li", "李网格")] {
            self.run(&["person", "create", "--name", name, "--username", username])?;
            self.assign(username, "3701020020000800101", "grid_worker")?;
        }
        let username = "sun";
        let created = self.run(&[
            "person", "create", "--name", "孙主管", "--username", username, "--generate-password",
        ])?;
        self.assign(username, "370102002", "supervisor")?;
        Ok(SignIn { username, password: Self::text(&created, "password")? })
    }

    fn assign(&self, person: &str, node: &str, role: &str) -> anyhow::Result<()> {
        self.run(&["assign", "--person", person, "--node", node, "--role", role])?;
        Ok(())
    }

    fn link(&self, person: &str) -> anyhow::Result<EnrolmentLink> {
        let printed = self.run(&["enrol", "--person", person])?;
        Ok(Self::text(&printed, "link")?.parse()?)
    }

    /// What the two phones collect.
    async fn work_a_morning(&self) -> anyhow::Result<Records> {
        let zhang = Phone::enrol(&self.link("zhang")?).await?;
        let li = Phone::enrol(&self.link("li")?).await?;
        let grid = zhang.grid()?;
        let mut workload = Workload::new(20_260_301, wangge_model::Clock::now(&SystemClock));
        let create = |phone: &Phone, kind, edits: Vec<FieldEdit>| {
            phone.core.create_record(kind, grid, &edits).context("creating a record")
        };
        let mut households = Vec::new();
        for _ in 0..60 {
            households.push(create(&zhang, RecordKind::Household, workload.household()?)?);
        }
        let conflicted = *households.last().context("no household")?;
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
        Ok(Records { household, conflicted, hostile, visit, incident })
    }

    /// A third phone hands in something that is no change.
    async fn push_nonsense(&self, grid: GridId) -> anyhow::Result<()> {
        let mut client = LightClient::enrol(&self.link("li")?, None, &SystemEntropy).await?;
        let record = RecordId::make(&SystemClock, &SystemEntropy);
        let bytes = b"\x85\x6f\x4a\x83 this is no change at all";
        client.push(vec![item_of_bytes(record, RecordKind::Household, grid, bytes)]).await?;
        Ok(())
    }
}

fn reference(household: RecordId) -> anyhow::Result<FieldEdit> {
    Ok(FieldEdit::set(FieldPath::new("household")?, FieldValue::text(household.to_string())))
}

fn hostile_household() -> anyhow::Result<Vec<FieldEdit>> {
    let short: String = HOSTILE.chars().take(30).collect();
    let member = PersonId::make(&SystemClock, &SystemEntropy);
    [
        ("address.estate".to_owned(), "<b>甲</b>"),
        ("address.building".to_owned(), short.as_str()),
        ("address.detail".to_owned(), HOSTILE),
        ("contact.name".to_owned(), "<script>alert(1)</script>"),
        (format!("members.{member}.name"), "<img src=x onerror=alert(1)>"),
        (format!("members.{member}.registered_address"), HOSTILE),
        ("notes".to_owned(), HOSTILE),
    ]
    .iter()
    .map(|(path, text)| text_edit(path, text))
    .collect()
}
