//! Rosters: whom somebody reports to, as their phone is told.

use wangge_model::{
    Clock as _, OrgNodeId, PersonId,
    protocol::{ROSTER_PEOPLE, Roster},
};

use crate::{
    Settings,
    storage::{PersonChange, Role},
    testing::{SimDevice, TestServer},
};

fn names(roster: Option<&Roster>, node: OrgNodeId) -> Vec<String> {
    let places = roster.map(|roster| roster.places.as_slice());
    let place = places
        .unwrap_or_default()
        .iter()
        .find(|place| place.node == node);
    place
        .into_iter()
        .flat_map(|place| &place.people)
        .map(|person| {
            format!("{} {} {}", person.name, person.role, person.phone)
                .trim()
                .to_owned()
        })
        .collect()
}

async fn set_phone(server: &TestServer, person: PersonId, phone: &str) {
    let change = PersonChange {
        phone: Some(phone.to_owned()),
        ..PersonChange::default()
    };
    let storage = &server.state.storage;
    storage.change_person(&person, &change).await.unwrap();
}

#[tokio::test]
async fn a_phone_is_told_whom_its_person_reports_to_and_when_that_changes() {
    let server = TestServer::start(95).await;
    let [grid, other] = server.grids;
    let worker = server.add_worker("李网格", grid).await;
    let colleague = server.add_worker("孙网格", grid).await;
    let head = server
        .add_person("王网格", grid.into(), Role::GridHead)
        .await;
    server
        .add_person("周网格", other.into(), Role::GridHead)
        .await;
    server
        .add_person("赵街道", server.street, Role::Supervisor)
        .await;
    server
        .add_person("钱审计", server.street, Role::Auditor)
        .await;
    set_phone(&server, head, "13800138000").await;
    set_phone(&server, colleague, "13800138001").await;
    // An older phone asks for none and gets none.
    let mut phone = SimDevice::enrol(&server, worker).await;
    phone.sync(&server).await;
    assert!(phone.roster.is_none());
    phone.knows_roster = true;
    assert_eq!(phone.sync(&server).await, 1, "with the answer");
    let held = phone.roster.clone().unwrap();
    assert_eq!(
        names(Some(&held), grid.into()),
        ["王网格 grid_head 13800138000"]
    );
    assert_eq!(names(Some(&held), server.street), ["赵街道 supervisor"]);
    assert!(
        !held.places.iter().any(|place| place.node == other.into()),
        "nothing of a grid that is not theirs"
    );
    let levels: Vec<&str> = held
        .places
        .iter()
        .map(|place| place.level.as_str())
        .collect();
    for level in ["grid", "community", "street"] {
        assert!(levels.contains(&level), "{levels:?}");
    }
    // Nothing new costs nothing; a new number comes with the next sync.
    let request = phone.request(Vec::new());
    let said = super::answer(&phone.send(&server, &request).await);
    assert!(said.roster.is_none());
    set_phone(&server, head, "13900139000").await;
    phone.sync(&server).await;
    assert_eq!(
        names(phone.roster.as_ref(), grid.into()),
        ["王网格 grid_head 13900139000"]
    );
    // Who was shut out is no longer named.
    let storage = &server.state.storage;
    storage.set_person_active(&head, false).await.unwrap();
    phone.sync(&server).await;
    assert!(names(phone.roster.as_ref(), grid.into()).is_empty());
}

#[tokio::test]
async fn of_a_large_desk_a_phone_is_told_some() {
    let server = TestServer::start(96).await;
    let worker = server.add_worker("李网格", server.grids[0]).await;
    for number in 0..ROSTER_PEOPLE + 5 {
        let name = format!("科员{number}");
        server
            .add_person(&name, server.street, Role::Supervisor)
            .await;
    }
    let mut phone = SimDevice::enrol(&server, worker).await;
    phone.knows_roster = true;
    phone.sync(&server).await;
    let told = names(phone.roster.as_ref(), server.street);
    assert_eq!(told.len(), ROSTER_PEOPLE);
    server.clock.advance_millis(60_000);
    let before = phone.roster.clone();
    phone.sync(&server).await;
    assert_eq!(phone.roster, before, "the same ones each time");
}

#[tokio::test]
async fn the_card_on_the_phone_leads_to_the_public_page() {
    use axum::http::Method;

    let settings = Settings {
        public_register: true,
        public_url: "https://grid.example.org/".to_owned(),
        ..Settings::default()
    };
    let server = TestServer::start_with(97, settings).await;
    let [grid, _] = server.grids;
    let worker = server.add_worker("李网格", grid).await;
    let mut phone = SimDevice::enrol(&server, worker).await;
    phone.knows_roster = true;
    phone.sync(&server).await;
    let card = phone.roster.clone().unwrap().card.unwrap();
    let places: Vec<(&str, &str, bool)> = card
        .places
        .iter()
        .map(|place| {
            (
                place.name.as_str(),
                place.role.as_str(),
                place.ends_at.is_some(),
            )
        })
        .collect();
    assert_eq!(card.name, "李网格");
    assert_eq!(places, [("示例社区 第一网格", "grid_worker", false)]);
    let path = card
        .address
        .strip_prefix("https://grid.example.org")
        .unwrap();
    assert!(path.starts_with("/public/cards/") && path.contains(&card.number));
    let page = server.request(Method::GET, path, None, "").await;
    assert_eq!(page.status, 200);
    assert!(String::from_utf8_lossy(&page.body).contains("李网格"));
    // The last day of an assignment travels along; from then on nothing does.
    let storage = &server.state.storage;
    let held = storage.list_assignments(&worker).await.unwrap();
    let ends_at = server.clock.now().plus_millis(3_600_000);
    storage.end_assignment(&held[0].id, ends_at).await.unwrap();
    phone.sync(&server).await;
    let card = phone.roster.clone().unwrap().card.unwrap();
    assert_eq!(card.places[0].ends_at, Some(ends_at));
    server.clock.advance_millis(3_600_000);
    let request = phone.request(Vec::new());
    let said = super::answer(&phone.send(&server, &request).await);
    let card = said.roster.unwrap().card.unwrap();
    assert!(card.places.is_empty() && card.address.is_empty());
}

#[tokio::test]
async fn without_public_pages_a_card_leads_nowhere() {
    let server = TestServer::start(98).await;
    let worker = server.add_worker("李网格", server.grids[0]).await;
    let mut phone = SimDevice::enrol(&server, worker).await;
    phone.knows_roster = true;
    phone.sync(&server).await;
    let card = phone.roster.unwrap().card.unwrap();
    assert_eq!((card.places.len(), card.address.as_str()), (1, ""));
    assert_eq!(card.number.len(), 8);
}
