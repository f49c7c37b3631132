//! Hazards that become incidents, second looks, and how reports came about, by
//! HTTP requests.

use axum::http::StatusCode;
use wangge_model::{ActorId, RecordId, RecordKind, document::RecordDocument, hazard::HazardState};

use super::client::{GRID, OTHER_GRID, Server, WORKER, edits};
use crate::storage::{RecordFilter, Role};

impl Server {
    /// A record of this kind with these fields.
    async fn put(&self, byte: u8, kind: RecordKind, fields: &[(&str, &str)]) -> RecordId {
        let id = RecordId::from_bytes([byte; 16]);
        let mut document = RecordDocument::new(kind);
        let actor = ActorId::from_bytes([1; 16]);
        let change = document
            .edit(
                &edits(fields),
                actor,
                wangge_model::Clock::now(self.clock.as_ref()),
            )
            .unwrap()
            .unwrap();
        self.put_record(id, GRID, &document, vec![change], Vec::new())
            .await;
        id
    }

    async fn document(&self, id: RecordId) -> RecordDocument {
        let stored = self.state.storage.find_record(&id).await.unwrap().unwrap();
        RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap()
    }
}

const SHOP: &[(&str, &str)] = &[
    ("name", "好邻居便利店"),
    ("kind", "shop"),
    ("hazards.h.kind", "02"),
    ("hazards.h.remark", "灭火器过期"),
    ("hazards.h.found_on", "2025-12-20"),
    ("hazards.h.fix_by", "2025-12-31"),
];

#[tokio::test]
async fn a_hazard_is_reported_once_and_gets_a_case_number() {
    let server = Server::start().await;
    let shop = server.put(7, RecordKind::Place, SHOP).await;
    let page = format!("/places/{shop}");
    let report = format!("{page}/hazards/h/report");
    // A street sees the place and does not write it.
    let mut street = server.signed_in("wang").await;
    assert!(!street.get(&page).await.body.contains("上报为事件</button>"));
    let refused = street.submit("/", &report, &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);

    let mut worker = server.signed_in("li").await;
    let shown = worker.get(&page).await.body;
    assert!(shown.contains("上报为事件</button>") && shown.contains("该复查了"));
    let answer = worker.submit(&page, &report, &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let shown = worker.get(answer.location()).await.body;
    assert!(shown.contains("已上报为事件。"));
    assert!(!shown.contains("上报为事件</button>"));
    let hazard = wangge_model::place::Place::read(&server.document(shop).await)
        .hazards
        .remove("h")
        .unwrap();
    let incident = hazard.incident.unwrap();
    assert!(shown.contains(&format!("/incidents/{incident}\">消防隐患：好邻居便利店")));
    let document = server.document(incident).await;
    let report_made = wangge_model::incident::Incident::read(&document);
    assert_eq!(report_made.case.number, "SJ20260101000001");
    assert_eq!(report_made.case.state, "reported");
    assert_eq!(report_made.concerned_place, Some(shop));
    assert_eq!(report_made.source, "check");
    let authors = server
        .state
        .storage
        .list_authorship(&incident)
        .await
        .unwrap();
    assert_eq!(authors[0].person, Some(WORKER));
    assert_eq!(authors[1].person, None, "the case is the server's");
    // A page that was open meanwhile leads to the same incident.
    let again = worker.submit("/", &report, &[]).await;
    assert!(again.location().contains("hazard=known"));
    let filter = RecordFilter {
        kind: Some(RecordKind::Incident),
        limit: 10,
        ..RecordFilter::default()
    };
    let storage = &server.state.storage;
    let found = storage
        .list_records(
            &WORKER,
            wangge_model::Clock::now(server.clock.as_ref()),
            &filter,
        )
        .await
        .unwrap();
    assert_eq!(found.total, 1);
    let audit = server.audit().await;
    assert!(
        audit.contains(&format!("hazard_reported {incident} {shop}")),
        "{audit:?}"
    );
    for wrong in ["/hazards/x/report", "/hazards/a.b/report"] {
        let answer = worker.submit("/", &format!("{page}{wrong}"), &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_second_look_is_noted_with_who_and_what() {
    let server = Server::start().await;
    let shop = server.put(7, RecordKind::Place, SHOP).await;
    let page = format!("/places/{shop}");
    let recheck = format!("{page}/hazards/h/recheck");
    let mut worker = server.signed_in("li").await;
    for unfit in [
        [("result", "?"), ("on", "")],
        [("result", "fixed"), ("on", "2026-02-01")],
        [("result", "fixed"), ("on", "x")],
    ] {
        let answer = worker.submit(&page, &recheck, &unfit).await;
        let shown = worker.get(answer.location()).await.body;
        assert!(shown.contains("没有登记"));
    }
    let look = [("result", "not_fixed"), ("on", "2025-12-30")];
    worker.submit(&page, &recheck, &look).await;
    let hazard = async || {
        let mut place = wangge_model::place::Place::read(&server.document(shop).await);
        place.hazards.remove("h").unwrap()
    };
    assert_eq!(hazard().await.state(), HazardState::Open);
    assert_eq!(hazard().await.rechecked_on, "2025-12-30");
    let look = [("result", "fixed"), ("on", "")];
    let answer = worker.submit(&page, &recheck, &look).await;
    let shown = worker.get(answer.location()).await.body;
    assert!(shown.contains("已登记复查") && shown.contains("已销号"));
    assert!(shown.contains("李网格</span>"), "who looked, by name");
    let found = hazard().await;
    assert_eq!(found.state(), HazardState::Closed);
    assert_eq!(found.rechecked_by, WORKER.to_string());
    assert_eq!(found.fixed_on, "2026-01-01");
    let mut street = server.signed_in("wang").await;
    let refused = street.submit("/", &recheck, &look).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    server
        .add_person(
            wangge_model::PersonId::from_bytes([13; 16]),
            "赵网格",
            "zhao",
            OTHER_GRID.into(),
            Role::GridWorker,
        )
        .await;
    let mut elsewhere = server.signed_in("zhao").await;
    let refused = elsewhere.submit("/", &recheck, &look).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn incidents_are_narrowed_by_how_they_came_about() {
    let server = Server::start().await;
    let told = [("title", "路灯不亮"), ("source", "hotline")];
    let seen = [("title", "井盖破损"), ("source", "patrol")];
    server.put(7, RecordKind::Incident, &told).await;
    server.put(8, RecordKind::Incident, &seen).await;
    server
        .put(9, RecordKind::Incident, &[("title", "噪声扰民")])
        .await;
    let mut browser = server.signed_in("wang").await;
    let all = browser.get("/incidents").await.body;
    assert!(all.contains("政务热线</td>") && all.contains("噪声扰民"));
    let some = browser.get("/incidents?source=hotline").await.body;
    assert!(some.contains("路灯不亮") && !some.contains("井盖破损") && !some.contains("噪声扰民"));
    assert!(some.contains("value=\"hotline\" selected"));
    let words = browser
        .get("/incidents?source=hotline&q=%E4%BA%95")
        .await
        .body;
    assert!(words.contains("没有符合条件的事件"));
    let nonsense = browser.get("/incidents?source=%27--").await.body;
    assert!(nonsense.contains("井盖破损"));
    // Other lists have no such filter and are not emptied by it.
    server
        .put_household(10, GRID, &[("address.room", "501室")])
        .await;
    let households = browser.get("/households?source=hotline").await.body;
    assert!(households.contains("501室") && !households.contains("name=\"source\""));
}
