//! A generated district (708 grids, a quarter of a million households, 2,124
//! workers) on the server as it is shipped: filling it, the first sync of a
//! phone with three grids, and every page a desk opens, over HTTP.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rusqlite::{Connection as Database, OpenFlags};
use serde_json::Value;
use wangge_core::{RecordQuery, sync::SyncReport};
use wangge_model::{
    Clock as _, FieldPath, FieldValue, GridId, RecordId, RecordKind, SystemClock,
    document::FieldEdit,
};
use wangge_tests::{
    desk::{Desk, encode},
    http::Connection,
    phone::Phone,
    proxy::Proxy,
    server::Server,
    statistics::{count, millis, percentile},
};

use crate::{incidents::rest, report::Figures, say};

/// Grids of the district (domain document, section 10).
const GRIDS: usize = 708;
/// How often each page is read.
const ROUNDS: usize = 20;
/// Rows of the first page that somebody can work with.
const FIRST_ROWS: usize = 50;
/// Visits the phone hands in, so that coverage and map have some.
const VISITS: usize = 300;
/// The generated district's county.
const COUNTY: &str = "370102";

/// Where people read, found in the server's data.
struct Found {
    /// The three largest grids, largest first: id and code.
    grids: Vec<(GridId, String)>,
    street: String,
    community: String,
}

fn find_places(data: &Path) -> anyhow::Result<Found> {
    let path = data.join("wangge.sqlite");
    let database = Database::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = database.prepare(
        "SELECT node.id, node.code FROM record JOIN org_node AS node ON node.id = record.grid
         GROUP BY node.id ORDER BY count(*) DESC, node.code LIMIT 3",
    )?;
    let grids: Vec<(GridId, String)> = statement
        .query_map([], |row| {
            let id: [u8; 16] = row.get(0)?;
            Ok((GridId::from_bytes(id), row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let (grid, _) = grids.first().context("no grid with records")?;
    let above = |level: &str| {
        database.query_row(
            "SELECT above.code FROM org_node AS node
             JOIN org_node AS above ON node.path LIKE above.path || '%'
             WHERE node.id = ?1 AND above.level = ?2",
            rusqlite::params![grid.as_bytes(), level],
            |row| row.get::<_, String>(0),
        )
    };
    Ok(Found {
        street: above("street")?,
        community: above("community")?,
        grids,
    })
}

/// Fills a server, brings one phone up, reads every page.
///
/// `divide`: so many times fewer grids.
pub(crate) async fn run(divide: usize, seed: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let grids = (GRIDS / divide.max(1)).max(3);
    say(&format!("a district of {grids} grids"));
    let mut made = Value::Null;
    let begun = Instant::now();
    let server = Server::start_filled(|admin| {
        let (grids, seed) = (grids.to_string(), seed.to_string());
        made = admin.execute("generate", &["--grids", &grids, "--seed", &seed])?;
        Ok(())
    })?;
    figures.set("district.import_s", begun.elapsed().as_secs_f64());
    for name in ["grids", "households", "people", "workers"] {
        let number = made.get(name).and_then(Value::as_u64);
        let number = number.with_context(|| format!("no {name} in {made}"))?;
        figures.set(format!("district.{name}"), count(number));
    }
    figures.set("district.rest_s", rest(&server).await?);
    let bytes = std::fs::metadata(server.data().join("wangge.sqlite"))?.len();
    figures.set("district.database_mb", count(bytes) / 1024.0 / 1024.0);
    let found = find_places(server.data())?;
    say("a phone with three grids");
    let phone = first_sync(&server, &found, figures).await?;
    visit(&phone).await?;
    figures.set("district.visits_rest_s", rest(&server).await?);
    say("every page of the district's console");
    let words = words(&phone)?;
    read_pages(&server, &found, &words, figures).await?;
    figures.set("district.server_rss_mb", server.memory()?.peak_mib());
    Ok(())
}

/// Snapshot pages the server has sent.
async fn snapshot_pages(server: &Server) -> anyhow::Result<u64> {
    let mut connection = Connection::open(server.address(), None).await?;
    let answer = connection.exchange("GET", "/metrics", &[], None).await?;
    let text = String::from_utf8(answer.body)?;
    text.lines()
        .find_map(|line| line.strip_prefix("wangge_snapshot_pages_total "))
        .and_then(|number| number.trim().parse().ok())
        .context("no count of snapshot pages")
}

async fn first_sync(
    server: &Server,
    found: &Found,
    figures: &mut Figures,
) -> anyhow::Result<Arc<Phone>> {
    let admin = server.admin();
    let person = admin.create_worker("新来的", found.grids.first().context("no grid")?.0)?;
    for (_, code) in found.grids.iter().skip(1) {
        let id = person.to_string();
        let words = [
            "assign",
            "--person",
            &id,
            "--node",
            code,
            "--role",
            "grid_worker",
        ];
        admin.run(&words)?;
    }
    let proxy = Proxy::start(server.address(), None).await?;
    let mut link = admin.enrolment_link(person)?;
    link.server = proxy.url();
    let phone = Arc::new(Phone::enrol(&link).await?);
    let pages = snapshot_pages(server).await?;
    proxy.take();
    let is_over = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let watch = watch(Arc::clone(&phone), Arc::clone(&is_over), begun);
    let report: SyncReport = phone.sync().await?;
    let took = begun.elapsed();
    is_over.store(true, Ordering::SeqCst);
    let first = watch
        .join()
        .map_err(|_| anyhow::anyhow!("the watch ended"))??;
    let traffic = proxy.take();
    let pages = snapshot_pages(server).await? - pages;
    let held = phone.core.count_states()?.at_server;
    ensure!(held > 0, "nothing came: {report}");
    figures.set("district.phone_records", count(held));
    figures.set("district.phone_wall_ms", millis(took));
    figures.set("district.phone_first_page_ms", millis(first));
    figures.set("district.phone_pages", count(pages));
    figures.set("district.phone_round_trips", count(traffic.round_trips));
    let more = traffic.round_trips.saturating_sub(pages);
    figures.set("district.phone_more_round_trips", count(more));
    figures.set("district.phone_mb", count(traffic.down) / 1024.0 / 1024.0);
    Ok(phone)
}

/// Looks at the phone's list until there is a page of it.
fn watch(
    phone: Arc<Phone>,
    is_over: Arc<AtomicBool>,
    begun: Instant,
) -> thread::JoinHandle<anyhow::Result<Duration>> {
    thread::spawn(move || {
        let query = RecordQuery {
            kind: Some(RecordKind::Household),
            limit: 50,
            ..RecordQuery::default()
        };
        loop {
            let was_over = is_over.load(Ordering::SeqCst);
            if phone.core.list_records(&query)?.len() >= FIRST_ROWS {
                return Ok(begun.elapsed());
            }
            ensure!(!was_over, "the sync is over and there is no page");
            thread::sleep(Duration::from_millis(2));
        }
    })
}

/// Visits some households and hands that in.
async fn visit(phone: &Phone) -> anyhow::Result<()> {
    let mut query = RecordQuery {
        kind: Some(RecordKind::Household),
        limit: u32::try_from(VISITS)?,
        ..RecordQuery::default()
    };
    let grids: Vec<GridId> = phone.core.grids()?.iter().map(|grid| grid.grid).collect();
    for grid in grids {
        query.grid = Some(grid);
        let households = phone.core.list_records(&query)?;
        for household in households.iter().take(VISITS / 3) {
            let started = SystemClock.now().plus_millis(-600_000);
            let edits = [
                ("household", FieldValue::Text(household.id.to_string())),
                ("kind", FieldValue::text("household")),
                ("result", FieldValue::text("met")),
                ("started_at", FieldValue::Time(started)),
                ("ended_at", FieldValue::Time(started.plus_millis(300_000))),
                ("distance_reason", FieldValue::text("手机无信号")),
                ("diary", FieldValue::text("一切平安，提醒注意用电。")),
            ]
            .into_iter()
            .map(|(path, value)| Ok(FieldEdit::set(FieldPath::new(path)?, value)))
            .collect::<anyhow::Result<Vec<_>>>()?;
            phone.core.create_record(RecordKind::Visit, grid, &edits)?;
        }
    }
    let report = phone.sync().await?;
    ensure!(report.receipted > 0, "no visit was taken: {report}");
    Ok(())
}

/// What is searched for: of one household on the phone what only it has, and
/// what many have.
fn words(phone: &Phone) -> anyhow::Result<Vec<(&'static str, String)>> {
    let query = RecordQuery {
        kind: Some(RecordKind::Household),
        limit: 50,
        ..RecordQuery::default()
    };
    let rows = phone.core.list_records(&query)?;
    let with = |id: RecordId, field: &str| -> anyhow::Result<Option<String>> {
        let fields = phone.document(id)?.read();
        let member = fields.entries("members").first().map(ToString::to_string);
        Ok(member
            .map(|member| fields.text(&format!("members.{member}.{field}")))
            .filter(|text| !text.is_empty()))
    };
    let mut found: BTreeMap<&'static str, String> = BTreeMap::new();
    for row in &rows {
        for (name, field) in [
            ("id_number", "citizen_id"),
            ("phone", "phone"),
            ("name", "name"),
        ] {
            if let Some(text) = with(row.id, field)? {
                found.entry(name).or_insert(text);
            }
        }
    }
    for name in ["id_number", "phone", "name"] {
        ensure!(found.contains_key(name), "nobody on the phone has a {name}");
    }
    let mut words: Vec<(&str, String)> = found.into_iter().collect();
    let many = [
        ("one_character", "王"),
        ("two_characters", "王伟"),
        ("one_and_word", "王 3号楼"),
        ("estate", "小区"),
        ("address", "3号楼2单元"),
        ("nothing", "没有这样的词"),
    ];
    words.extend(many.map(|(name, text)| (name, text.to_owned())));
    Ok(words)
}

/// A page to read: its name among the figures, its address, and whether it is
/// held to the limit.
struct Wanted {
    name: String,
    path: String,
    is_held: bool,
}

fn wanted(found: &Found, words: &[(&'static str, String)]) -> anyhow::Result<Vec<Wanted>> {
    let (grid, _) = found.grids.first().context("no grid")?;
    let mut all = Vec::new();
    let mut add = |name: &str, path: String, is_held| {
        all.push(Wanted {
            name: name.to_owned(),
            path,
            is_held,
        });
    };
    add("ledger", "/households".to_owned(), true);
    add("ledger_deep", "/households?page=200".to_owned(), true);
    add("ledger_grid", format!("/households?grid={grid}"), true);
    add("visits", "/visits".to_owned(), true);
    add("places", "/places".to_owned(), true);
    add("incidents", "/incidents".to_owned(), true);
    add("ledgers", "/ledgers".to_owned(), true);
    for (name, text) in words {
        add(
            &format!("search_{name}"),
            format!("/households?q={}", encode(text)),
            true,
        );
    }
    add("coverage", "/coverage".to_owned(), true);
    add("map", format!("/grids/{grid}/map"), true);
    add("grid", format!("/grids/{grid}"), true);
    for name in [
        "",
        "grids",
        "cases",
        "conflicts",
        "duplicates",
        "work",
        "figures",
        "assessment",
        "people",
        "devices",
    ] {
        let figure = if name.is_empty() { "home" } else { name };
        add(figure, format!("/{name}"), false);
    }
    Ok(all)
}

async fn read_pages(
    server: &Server,
    found: &Found,
    words: &[(&'static str, String)],
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let admin = server.admin();
    let (mut worst, mut all) = (0.0_f64, Vec::new());
    for (reader, role, code) in [
        ("county", "centre_staff", COUNTY),
        ("street", "street_staff", found.street.as_str()),
        ("community", "service_desk", found.community.as_str()),
    ] {
        let (username, password) = admin.create_account("读者", code, role)?;
        let mut desk = Desk::sign_in(server, (&username, &password)).await?;
        for Wanted {
            name,
            path,
            is_held,
        } in wanted(found, words)?
        {
            let mut took = Vec::with_capacity(ROUNDS);
            let Some(length) = desk.visit(&path).await? else {
                // Not for this role.
                continue;
            };
            for _ in 0..ROUNDS {
                let begun = Instant::now();
                desk.visit(&path).await?;
                took.push(millis(begun.elapsed()));
            }
            let p95 = percentile(&took, 0.95);
            figures.set(format!("district.{reader}_{name}_p95_ms"), p95);
            figures.set(
                format!("district.{reader}_{name}_kb"),
                count(length as u64) / 1024.0,
            );
            if is_held {
                worst = worst.max(p95);
                all.extend(took);
            }
        }
        if reader == "county" {
            read_ledgers(server, &username, &mut worst, &mut all, figures).await?;
        }
    }
    figures.set("district.pages_p50_ms", percentile(&all, 0.5));
    figures.set("district.pages_p95_ms", percentile(&all, 0.95));
    figures.set("district.worst_page_p95_ms", worst);
    Ok(())
}

/// Each ledger by itself, which the JSON API lists.
async fn read_ledgers(
    server: &Server,
    username: &str,
    worst: &mut f64,
    all: &mut Vec<f64>,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let made = server.admin().run(&[
        "api-token",
        "create",
        "--person",
        username,
        "--name",
        "测量",
    ])?;
    let token = made
        .get("token")
        .and_then(Value::as_str)
        .context("no token")?;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let mut connection = Connection::open(server.address(), None).await?;
    for ledger in ["consistent", "separated", "tenant"] {
        for page in [1, 100] {
            let path = format!("/api/v1/records?kind=household&state={ledger}&page={page}");
            let mut took = Vec::with_capacity(ROUNDS);
            for _ in 0..ROUNDS {
                let begun = Instant::now();
                let answer = connection.exchange("GET", &path, &headers, None).await?;
                took.push(millis(begun.elapsed()));
                ensure!(
                    answer.status == 200,
                    "{path} was answered {}",
                    answer.status
                );
            }
            let p95 = percentile(&took, 0.95);
            figures.set(format!("district.api_{ledger}_{page}_p95_ms"), p95);
            *worst = worst.max(p95);
            all.extend(took);
        }
    }
    Ok(())
}
