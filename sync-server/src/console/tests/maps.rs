//! Drawing boundaries, the map of visits, the line of report and work cards.

use axum::http::StatusCode;
use wangge_model::{
    FieldPath, FieldValue, OrgNodeId, PersonId, RecordId, RecordKind, Timestamp,
    boundary::{Boundary, testing},
    document::{FieldEdit, RecordDocument},
};

use super::client::{GRID, OTHER_GRID, STREET, Server, WORKER};
use crate::{Settings, console::grid::draw::corners, storage::Role};

/// Metres: west, south, east, north.
fn rectangle(sides: [f64; 4]) -> Boundary {
    let rings = [vec![testing::rectangle(sides)]];
    Boundary::from_rings(&rings, wangge_model::CoordinateSystem::Wgs84).unwrap()
}

impl Server {
    /// A street of two grids beside each other.
    async fn draw_halves(&self) {
        let boundaries = [
            (STREET, rectangle([0.0, 0.0, 400.0, 200.0])),
            (GRID.into(), rectangle([0.0, 0.0, 200.0, 200.0])),
            (OTHER_GRID.into(), rectangle([200.0, 0.0, 400.0, 200.0])),
        ];
        let storage = &self.state.storage;
        let now = wangge_model::Clock::now(self.clock.as_ref());
        storage.put_boundaries(&boundaries, now).await.unwrap();
    }

    /// A household of the first grid with a door so many metres east and north.
    async fn put_placed_household(&self, byte: u8, room: &str, at: Option<[f64; 2]>) -> RecordId {
        let id = RecordId::from_bytes([byte; 16]);
        let mut document = RecordDocument::new(RecordKind::Household);
        let set =
            |path: &str, value: FieldValue| FieldEdit::set(FieldPath::new(path).unwrap(), value);
        let mut edits = vec![set("address.room", FieldValue::text(room))];
        if let Some([east, north]) = at {
            let place = testing::place(east, north);
            edits.push(set("point.longitude", FieldValue::Number(place.longitude)));
            edits.push(set("point.latitude", FieldValue::Number(place.latitude)));
        }
        let now = wangge_model::Clock::now(self.clock.as_ref());
        let actor = wangge_model::ActorId::from_bytes([1; 16]);
        let change = document.edit(&edits, actor, now).unwrap().unwrap();
        self.put_record(id, GRID, &document, vec![change], Vec::new())
            .await;
        id
    }

    /// A visit to a household that counts, now.
    async fn put_visit(&self, byte: u8, household: RecordId) {
        let id = RecordId::from_bytes([byte; 16]);
        let mut document = RecordDocument::new(RecordKind::Visit);
        let now = wangge_model::Clock::now(self.clock.as_ref());
        let text = |path: &str, value: &str| {
            FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(value))
        };
        let time = |path: &str, at: Timestamp| {
            FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::Time(at))
        };
        let edits = [
            text("household", &household.to_string()),
            text("kind", "household"),
            text("result", "met"),
            text("distance_reason", "手机无信号"),
            time("started_at", now.plus_millis(-600_000)),
            time("ended_at", now),
        ];
        let actor = wangge_model::ActorId::from_bytes([1; 16]);
        let change = document.edit(&edits, actor, now).unwrap().unwrap();
        self.put_record(id, GRID, &document, vec![change], Vec::new())
            .await;
        while self.state.storage.count_visits(10, now).await.unwrap() > 0 {}
    }
}

#[tokio::test]
async fn a_boundary_is_drawn_checked_and_kept_as_a_new_edition() {
    let server = Server::start().await;
    server.draw_halves().await;
    let id = server
        .put_placed_household(7, "501室", Some([50.0, 50.0]))
        .await;
    let mut street = server.signed_in("wang").await;
    let place = format!("/grids/{GRID}/boundary");
    let page = street.get(&place).await.body;
    let own = corners::to_text(&rectangle([0.0, 0.0, 200.0, 200.0]));
    assert!(
        page.contains(&own),
        "the corners are there to be edited: {page}"
    );
    assert!(page.contains("第二网格") && page.contains("boundary."));
    assert!(
        !page.contains(&id.to_string()),
        "points say nobody's household"
    );

    let mut post = async |boundary: [f64; 4], more: &[(&str, &str)]| {
        let text = corners::to_text(&rectangle(boundary));
        let mut fields = vec![("corners", text.as_str())];
        fields.extend(more);
        street.submit(&place, &place, &fields).await
    };
    let check = ("action", "check");
    let over = post([0.0, 0.0, 250.0, 200.0], &[("seen", "1"), check]).await;
    assert_eq!(over.status, StatusCode::OK);
    assert!(over.body.contains("重叠"), "{}", over.body);
    let over = post([0.0, 0.0, 250.0, 200.0], &[("seen", "1")]).await;
    assert_eq!(over.status, StatusCode::UNPROCESSABLE_ENTITY);
    let outside = post([-90.0, 0.0, 200.0, 200.0], &[("seen", "1")]).await;
    assert_eq!(outside.status, StatusCode::UNPROCESSABLE_ENTITY);

    let narrow = [0.0, 0.0, 150.0, 200.0];
    let gap = post(narrow, &[("seen", "1")]).await;
    assert_eq!(gap.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(gap.body.contains("不属于任何网格"), "{}", gap.body);
    let kept = post(narrow, &[("seen", "1"), ("accept_gaps", "1")]).await;
    assert_eq!(kept.location(), format!("{place}?drawn=1"), "{}", kept.body);
    let late = post(narrow, &[("seen", "1"), ("accept_gaps", "1")]).await;
    assert_eq!(
        late.status,
        StatusCode::CONFLICT,
        "drawn over what was not seen"
    );
    let same = post(narrow, &[("seen", "2"), ("accept_gaps", "1")]).await;
    assert_eq!(same.location(), format!("{place}?drawn=same"));

    let fields = [("seen", "2"), ("corners", "117.0, 36.6\n117.1")];
    let bad = street.submit(&place, &place, &fields).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.body.contains("第 2 行不是坐标"), "{}", bad.body);

    // The edition before can be loaded again.
    let page = street.get(&place).await.body;
    assert!(page.contains("王社区") && page.contains("命令行"), "{page}");
    let before = street.get(&format!("{place}?edition=1")).await.body;
    assert!(before.contains(&own));
    let audit = server.audit().await;
    assert!(
        audit.contains(&format!("boundary_drawn {GRID} edition 2")),
        "{audit:?}"
    );
    let found = server.state.storage.list_boundaries(&[GRID.into()]).await;
    assert_eq!(found.unwrap()[0].1, rectangle(narrow));
}

#[tokio::test]
async fn only_who_may_write_the_grid_map_draws() {
    let server = Server::start().await;
    server.draw_halves().await;
    let place = format!("/grids/{GRID}/boundary");
    let mut worker = server.signed_in("li").await;
    assert_eq!(worker.get(&place).await.status, StatusCode::FORBIDDEN);
    let page = worker.get(&format!("/grids/{GRID}")).await.body;
    assert!(!page.contains(&place), "not offered");
    let answer = worker.submit("/people", &place, &[("corners", "")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let elsewhere = format!("/grids/{OTHER_GRID}/boundary");
    assert_eq!(worker.get(&elsewhere).await.status, StatusCode::NOT_FOUND);
    let mut street = server.signed_in("wang").await;
    let page = street.get(&format!("/grids/{GRID}")).await.body;
    assert!(page.contains(&place));
}

#[tokio::test]
async fn the_map_of_visits_shows_doors_states_and_who_has_no_place() {
    let server = Server::start().await;
    server.draw_halves().await;
    let visited = server
        .put_placed_household(7, "501室", Some([50.0, 50.0]))
        .await;
    let due = server
        .put_placed_household(8, "502室", Some([60.0, 50.0]))
        .await;
    let nowhere = server.put_placed_household(9, "503室", None).await;
    server.put_visit(0x20, visited).await;
    let map = format!("/grids/{GRID}/map");
    let mut worker = server.signed_in("li").await;
    let page = worker.get(&map).await;
    assert_eq!(page.status, StatusCode::OK);
    let picture = page.body.split("class=\"outline visits\"").nth(1).unwrap();
    let picture = picture.split("</svg>").next().unwrap();
    let drawn = |id: RecordId, state: &str| {
        let link = picture.split(&format!("/households/{id}\"")).nth(1)?;
        let mark = link.split("</a>").next()?;
        Some(mark.contains(&format!("spot {state}")))
    };
    assert_eq!(drawn(visited, "visited"), Some(true), "{picture}");
    assert_eq!(drawn(due, "visited"), Some(false), "{picture}");
    assert_eq!(drawn(nowhere, "due"), None);
    assert!(page.body.contains("没有位置的住户（1）") && page.body.contains("503室"));
    assert!(page.body.contains("本月已访 <b>1</b>"), "{}", page.body);
    assert_eq!(
        worker.get(&format!("/grids/{OTHER_GRID}/map")).await.status,
        StatusCode::NOT_FOUND
    );
    let id = PersonId::from_bytes([33; 16]);
    server
        .add_person(id, "周考评", "zhou", STREET, Role::Assessor)
        .await;
    let mut assessor = server.signed_in("zhou").await;
    assert_eq!(assessor.get(&map).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_grid_shows_whom_one_reports_to() {
    let server = Server::start().await;
    let people = [
        (
            41,
            "赵网格长",
            "zhao",
            OrgNodeId::from(GRID),
            Role::GridHead,
        ),
        (42, "周考评", "zhou", STREET, Role::Assessor),
        (43, "钱网格", "qian", OTHER_GRID.into(), Role::GridWorker),
    ];
    for (byte, name, username, node, role) in people {
        let id = PersonId::from_bytes([byte; 16]);
        server.add_person(id, name, username, node, role).await;
    }
    let mut worker = server.signed_in("li").await;
    let page = worker.get(&format!("/grids/{GRID}")).await.body;
    let line = page.split("class=\"line\"").nth(1).unwrap();
    let line = line.split("</ol>").next().unwrap();
    let place = |name: &str| line.find(name);
    assert!(place("李网格") < place("赵网格长"), "{line}");
    assert!(place("赵网格长") < place("王社区"), "{line}");
    assert!(place("李网格").is_some() && place("王社区").is_some());
    assert_eq!((place("周考评"), place("钱网格")), (None, None));
}

#[tokio::test]
async fn a_card_is_verified_in_public_as_long_as_it_holds() {
    let server = Server::start_with(Settings {
        public_register: true,
        public_url: "https://grid.example.org".to_owned(),
        ..Settings::default()
    })
    .await;
    let mut worker = server.signed_in("li").await;
    let page = worker.get(&format!("/people/{WORKER}/card")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("李网格") && page.body.contains("class=\"qr\""));
    let storage = server.state.storage.as_ref();
    let number = crate::card::CardNumbers::find(storage).await.unwrap();
    let number = number.number(&WORKER);
    let public = format!("/public/cards/{number}");
    let mut resident = server.browser();
    let shown = resident.get(&public).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert!(shown.body.contains("有效：") && shown.body.contains("李网格"));
    assert!(shown.body.contains("第一网格") && shown.body.contains("网格员"));
    assert!(!shown.body.contains("/people"), "nothing of the console");
    let mut forged = public.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == '0' { '1' } else { '0' });
    assert_eq!(resident.get(&forged).await.status, StatusCode::NOT_FOUND);

    storage.set_person_active(&WORKER, false).await.unwrap();
    let shown = resident.get(&public).await.body;
    assert!(
        shown.contains("无效：") && !shown.contains("李网格"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_card_is_shown_to_its_person_and_the_team_and_public_pages_may_be_off() {
    let server = Server::start().await;
    let card = format!("/people/{WORKER}/card");
    let other = PersonId::from_bytes([43; 16]);
    server
        .add_person(other, "钱网格", "qian", OTHER_GRID.into(), Role::GridWorker)
        .await;
    let mut colleague = server.signed_in("qian").await;
    assert_eq!(colleague.get(&card).await.status, StatusCode::NOT_FOUND);
    let mut street = server.signed_in("wang").await;
    let page = street.get(&card).await.body;
    assert!(page.contains("李网格") && !page.contains("class=\"qr\""));
    assert!(street.get("/people").await.body.contains(&card));
    let storage = server.state.storage.as_ref();
    let number = crate::card::CardNumbers::find(storage).await.unwrap();
    let public = format!("/public/cards/{}", number.number(&WORKER));
    let answer = server.browser().get(&public).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_board_shows_who_is_on_duty_and_where_workers_last_were() {
    let server = Server::start().await;
    server.draw_halves().await;
    let mut desk = server.signed_in("wang").await;
    let empty = desk.get("/on-duty").await;
    assert_eq!(empty.status, StatusCode::OK);
    assert!(empty.body.contains("现在没有人值班") && empty.body.contains("第一网格"));
    assert!(!empty.body.contains("http-equiv=\"refresh\""));
    // A visit at a place, eight metres from where a hundred metres are rounded to.
    let now = wangge_model::Clock::now(server.clock.as_ref());
    let place = testing::place(100.0, 100.0);
    let set = |path: &str, value: FieldValue| FieldEdit::set(FieldPath::new(path).unwrap(), value);
    let edits = [
        set("visitor", FieldValue::text(WORKER.to_string())),
        set("started_at", FieldValue::Time(now.plus_millis(-600_000))),
        set("ended_at", FieldValue::Time(now)),
        set("point.longitude", FieldValue::Number(place.longitude)),
        set("point.latitude", FieldValue::Number(place.latitude)),
    ];
    let mut document = RecordDocument::new(RecordKind::Visit);
    let actor = wangge_model::ActorId::from_bytes([1; 16]);
    let change = document.edit(&edits, actor, now).unwrap().unwrap();
    let id = RecordId::from_bytes([7; 16]);
    server
        .put_record(id, GRID, &document, vec![change], Vec::new())
        .await;
    while server.state.storage.count_visits(10, now).await.unwrap() > 0 {}
    let (node, person) = (OrgNodeId::from(OTHER_GRID).to_string(), WORKER.to_string());
    let duty = [
        ("node", node.as_str()),
        ("person", person.as_str()),
        ("day", "2026-01-01"),
        ("from", "08:00"),
        ("until", "07:30"),
    ];
    let done = desk.submit("/duty", "/duty", &duty).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let board = desk.get("/on-duty?screen=1").await.body;
    assert!(board.contains("http-equiv=\"refresh\""));
    assert!(board.contains("李网格 · 2026-01-01 08:00") && board.contains("2026-01-02 07:30"));
    let exact = format!("{}", place.longitude);
    assert!(!board.contains(&exact), "the place itself is on no page");
    // Both grids have somebody, so both are set apart in the picture.
    assert_eq!(board.matches("class=\"own\"/>").count(), 2, "{board}");
    // The worker sees the own place, a worker of elsewhere sees nothing of it.
    let mut worker = server.signed_in("li").await;
    assert!(
        worker
            .get("/on-duty")
            .await
            .body
            .contains("李网格 · 2026-01-01 08:00")
    );
    let other = PersonId::from_bytes([33; 16]);
    server
        .add_person(other, "别处的", "zhao", OTHER_GRID.into(), Role::GridWorker)
        .await;
    let mut other = server.signed_in("zhao").await;
    let seen = other.get("/on-duty").await.body;
    assert!(!seen.contains("李网格 · 2026-01-01"), "{seen}");
    assert!(seen.contains("第二网格") && !seen.contains("第一网格"));
    // Whoever only assesses sees that somebody was there, and not who.
    let assessor = PersonId::from_bytes([34; 16]);
    server
        .add_person(assessor, "考评的", "qian", STREET, Role::Assessor)
        .await;
    let mut assessor = server.signed_in("qian").await;
    let seen = assessor.get("/on-duty").await.body;
    assert!(seen.contains("李** · 2026-01-01 08:00"), "{seen}");
    // The day after, nothing of it is shown.
    server.clock.advance_millis(24 * 3_600_000);
    let mut desk = server.signed_in("wang").await;
    let later = desk.get("/on-duty").await.body;
    assert!(!later.contains("2026-01-01 08:00") && later.contains("现在没有人值班"));
}
