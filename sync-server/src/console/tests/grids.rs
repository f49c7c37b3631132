//! The register's pages, and what each role is shown and may do.

use axum::http::StatusCode;
use wangge_model::{
    AssignmentId, Clock as _, OrgNodeId, PersonId, RedivisionId, Timestamp,
    access::{self, Act, Data},
    boundary::testing,
};

use super::client::{GRID, OTHER_GRID, PASSWORD, STREET, Server};
use crate::{
    Settings,
    auth::password::hash_password,
    storage::{NewAssignment, NewOrgNode, NewPerson, NewRedivision, OrgLevel, Role},
};

impl Server {
    /// Somebody with this role at this place, who can sign in by the role's word.
    async fn hire(&self, role: Role, node: OrgNodeId, number: u8) -> PersonId {
        let storage = &self.state.storage;
        let id = PersonId::from_bytes([number; 16]);
        let person = NewPerson {
            id,
            name: format!("人{number}"),
            username: Some(role.as_str().to_owned()),
            phone: "053182012345".to_owned(),
            trained_on: Timestamp::from_millis(0).to_china_date(),
            created_at: Timestamp::from_millis(0),
        };
        let assignment = NewAssignment {
            id: AssignmentId::from_bytes([number; 16]),
            person: id,
            node,
            role,
            full_time: true,
            reserve: false,
            duties: vec![wangge_model::org::Duty::Patrol],
            valid_from: Timestamp::from_millis(0),
        };
        storage
            .create_people(&[person], &[assignment])
            .await
            .unwrap();
        let hash = hash_password(PASSWORD, self.state.entropy.as_ref()).unwrap();
        storage.set_password_hash(&id, &hash).await.unwrap();
        id
    }

    async fn draw(&self) {
        let (around, grids) = testing::community(1, 2, 4, 1);
        let [one, two] = grids.try_into().unwrap();
        let boundaries = [
            (STREET, around),
            (GRID.into(), one),
            (OTHER_GRID.into(), two),
        ];
        self.state
            .storage
            .put_boundaries(&boundaries, self.clock.now())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_register_shows_size_staff_and_what_to_look_at() {
    let server = Server::start().await;
    server
        .put_household(7, GRID, &[("address.room", "1")])
        .await;
    server.draw().await;
    let mut browser = server.signed_in("wang").await;
    let list = browser.get("/grids").await.body;
    assert!(list.contains("第一网格") && list.contains("第二网格"));
    assert!(list.contains("规模偏小：1户") && list.contains("没有网格长"));
    let found = browser.get("/grids?q=%E7%AC%AC%E4%BA%8C").await.body;
    assert!(!found.contains("第一网格") && found.contains("第二网格"));
    let page = browser.get(&format!("/grids/{GRID}")).await.body;
    assert!(page.contains("<svg class=\"outline\"") && page.contains("李网格"));
    assert!(page.contains("人员不足：1 人"));
    let board = browser.get(&format!("/grids/{GRID}/board")).await.body;
    assert!(board.contains("第一网格") && board.contains("李网格"));
    let people = browser.get("/people").await.body;
    assert!(people.contains("李网格") && people.contains("王社区"));
    // A worker sees the own grid and who works there.
    let mut worker = server.signed_in("li").await;
    let own = worker.get(&format!("/grids/{GRID}")).await;
    assert_eq!(own.status, StatusCode::OK);
    let other = worker.get(&format!("/grids/{OTHER_GRID}")).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let people = worker.get("/people").await.body;
    assert!(people.contains("李网格") && !people.contains("王社区"));
}

#[tokio::test]
async fn versions_before_and_after_a_redivision_lead_to_each_other() {
    let server = Server::start().await;
    server.draw().await;
    let at = server.clock.now();
    let new = OrgNodeId::from_bytes([0x77; 16]);
    server
        .state
        .storage
        .redivide(&NewRedivision {
            id: RedivisionId::from_bytes([1; 16]),
            community: STREET,
            name: "合并网格".to_owned(),
            person: None,
            at,
            close: vec![GRID.into(), OTHER_GRID.into()],
            create: vec![(
                NewOrgNode {
                    id: new,
                    parent: Some(STREET),
                    level: OrgLevel::Grid,
                    code: Some("99".to_owned()),
                    name: "新网格".to_owned(),
                    attribute: None,
                    valid_from: at,
                },
                testing::tessellation(1, 1, 4, 1).remove(0),
            )],
            successors: vec![(GRID.into(), vec![new]), (OTHER_GRID.into(), vec![new])],
            moves: Vec::new(),
            assignments: Vec::new(),
        })
        .await
        .unwrap();
    let mut browser = server.signed_in("wang").await;
    let page = browser.get(&format!("/grids/{new}")).await.body;
    assert!(page.contains("第一网格") && page.contains("第二网格") && page.contains("合并网格"));
    let old = browser.get(&format!("/grids/{GRID}")).await.body;
    assert!(old.contains("新网格") && old.contains("已于 2026-01-01 关闭"));
    let board = browser.get(&format!("/grids/{GRID}/board")).await;
    assert_eq!(board.status, StatusCode::NOT_FOUND, "nothing to put up");
    assert!(!browser.get("/grids").await.body.contains("第一网格"));
}

#[tokio::test]
async fn the_public_list_is_there_only_if_the_deployment_says_so() {
    let closed = Server::start().await;
    let answer = closed.browser().get("/public/grids").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let open = Server::start_with(Settings {
        public_register: true,
        ..Settings::default()
    })
    .await;
    open.hire(Role::GridHead, GRID.into(), 0x61).await;
    let list = open.browser().get("/public/grids").await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(list.body.contains("第一网格") && list.body.contains("人97 053182012345"));
    assert!(!list.body.contains("李网格"), "heads only");
}

#[tokio::test]
async fn every_role_is_shown_and_may_do_what_the_matrix_says() {
    let server = Server::start().await;
    let (id, change, _) = server.put_conflicted_household(7).await;
    let path = format!("/households/{id}");
    for (number, role) in (0x60_u8..).zip(Role::ALL) {
        if matches!(role, Role::Supervisor) {
            continue; // There is one already.
        }
        server.hire(*role, STREET, number).await;
        let seat = role.seat(OrgLevel::Street);
        let may = |data, act| access::may(seat, data, act);
        let mut browser = server.browser();
        // Many sign-ins from one address are slowed down.
        browser.address = format!("127.0.1.{number}:4000");
        let answer = browser.sign_in(role.as_str(), PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{role}");
        let page = browser.get(&path).await;
        let reads = may(Data::Household, Act::Read);
        let expected = if reads {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        };
        assert_eq!(page.status, expected, "{role}");
        let list = browser.get("/households").await.body;
        assert_eq!(list.contains(&path), reads, "{role}");
        assert_eq!(
            page.body.contains(&format!("{path}/show")),
            may(Data::Household, Act::Unmask) && reads,
            "{role}"
        );
        assert_eq!(
            page.body.contains(&format!("{path}/settle")),
            may(Data::Unsettled, Act::Settle) && reads,
            "{role}"
        );
        let csrf = browser.get("/people").await.csrf();
        let show = [
            ("path", "contact.phone"),
            ("reason", "核实"),
            ("csrf", csrf.as_str()),
        ];
        let shown = browser.post(&format!("{path}/show"), &show).await;
        let expected = match (reads, may(Data::Household, Act::Unmask)) {
            (false, _) => StatusCode::NOT_FOUND,
            (true, false) => StatusCode::FORBIDDEN,
            (true, true) => StatusCode::OK,
        };
        assert_eq!(shown.status, expected, "{role}");
        if !may(Data::Unsettled, Act::Settle) {
            let change = change.to_string();
            let settle = [
                ("path", "contact.phone"),
                ("change", change.as_str()),
                ("csrf", csrf.as_str()),
            ];
            let settled = browser.post(&format!("{path}/settle"), &settle).await;
            assert_eq!(settled.status, StatusCode::FORBIDDEN, "{role}");
        }
        let counts = browser.get("/grids").await.body;
        assert_eq!(
            counts.contains("规模偏小"),
            may(Data::Household, Act::Count),
            "{role}"
        );
        let devices = browser.get("/devices").await.body;
        assert_eq!(
            devices.contains("1号手机"),
            may(Data::Account, Act::Read),
            "{role}"
        );
        assert_eq!(
            devices.contains("/revoke"),
            may(Data::Account, Act::Approve),
            "{role}"
        );
    }
}

#[tokio::test]
async fn a_record_is_moved_by_who_may_in_both_grids() {
    let server = Server::start().await;
    let id = server
        .put_household(7, GRID, &[("address.room", "1")])
        .await;
    let path = format!("/households/{id}");
    let to = OTHER_GRID.to_string();
    let mut worker = server.signed_in("li").await;
    let page = worker.get(&path).await.body;
    assert!(!page.contains(&format!("{path}/move")), "offered to nobody");
    let csrf = worker.get("/people").await.csrf();
    let form = [("grid", to.as_str()), ("csrf", csrf.as_str())];
    let answer = worker.post(&format!("{path}/move"), &form).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);

    let mut street = server.signed_in("wang").await;
    let nowhere = street
        .submit(&path, &format!("{path}/move"), &[("grid", "")])
        .await;
    assert_eq!(nowhere.status, StatusCode::UNPROCESSABLE_ENTITY);
    let elsewhere = OrgNodeId::from_bytes([0x99; 16]).to_string();
    let refused = street
        .submit(&path, &format!("{path}/move"), &[("grid", &elsewhere)])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let moved = street
        .submit(&path, &format!("{path}/move"), &[("grid", &to)])
        .await;
    assert_eq!(moved.location(), format!("{path}?moved=1"));
    let page = street.get(moved.location()).await.body;
    assert!(page.contains("已移到“第二网格”"), "{page}");
    assert_eq!(worker.get(&path).await.status, StatusCode::NOT_FOUND);
    let audit = server.audit().await;
    assert!(
        audit
            .iter()
            .any(|line| line.starts_with(&format!("record_moved {id}"))),
        "{audit:?}"
    );
}
