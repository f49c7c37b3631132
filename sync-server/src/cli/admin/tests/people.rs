//! Training, roles, duties, and putting somebody in somebody's place.

use wangge_model::{Clock as _, org::RoleError, protocol::EnrolmentLink};

use super::*;

const ENROL: [&str; 5] = [
    "enrol",
    "--person",
    "lisi",
    "--server",
    "http://127.0.0.1:9000",
];

impl Office {
    /// Somebody called 李四, with these further words.
    async fn hire(&self, words: &[&str]) -> Value {
        let create = ["person", "create", "--name", "李四", "--username", "lisi"];
        self.json(&[create.as_slice(), words].concat()).await
    }

    async fn assign(&self, person: &str, role: &str, words: &[&str]) -> Value {
        let assign = ["assign", "--person", person, "--node", GRID, "--role", role];
        self.json(&[assign.as_slice(), words].concat()).await
    }
}

#[tokio::test]
async fn nobody_gets_a_code_or_a_scope_before_training() {
    let office = Office::new();
    office.furnish().await;
    let person = office.hire(&[]).await;
    let id: PersonId = person["id"].as_str().unwrap().parse().unwrap();
    office.assign("lisi", "grid_worker", &[]).await;
    let storage = office.storage();
    let scope = || async {
        let now = office.clock.now();
        storage.list_granted_grids(&id, now).await.unwrap().len()
    };
    assert_eq!(scope().await, 0);
    assert_eq!(
        office.refused(&ENROL).await,
        E::NotTrained("李四".to_owned())
    );
    // The clock stands at 2026-01-01 08:00 in China.
    let change = ["person", "change", "--person", "lisi", "--trained-on"];
    office
        .json(&[change.as_slice(), &["2026-01-02"]].concat())
        .await;
    assert_eq!(scope().await, 0, "tomorrow");
    assert_eq!(
        office.refused(&ENROL).await,
        E::TrainedLater {
            person: "李四".to_owned(),
            date: "2026-01-02".to_owned()
        }
    );
    office.clock.advance_millis(16 * 3_600_000 - 1);
    assert_eq!(scope().await, 0, "the last millisecond before");
    office.clock.advance_millis(1);
    assert_eq!(scope().await, 1);
    let made = office.json(&ENROL).await;
    let link: EnrolmentLink = made["link"].as_str().unwrap().parse().unwrap();
    assert!(!link.code.is_empty());
    office
        .json(&["person", "change", "--person", "lisi", "--not-trained"])
        .await;
    assert_eq!(scope().await, 0, "training was taken back");
}

#[tokio::test]
async fn roles_of_the_office_need_no_training_and_light_ones_have_no_phone() {
    let office = Office::new();
    office.furnish().await;
    office.hire(&[]).await;
    let desk = [
        "assign",
        "--person",
        "lisi",
        "--node",
        "370102002008",
        "--role",
        "service_desk",
    ];
    office.json(&desk).await;
    office.json(&ENROL).await;
    office
        .json(&["person", "create", "--name", "王五", "--username", "wangwu"])
        .await;
    office.assign("wangwu", "volunteer", &["--part-time"]).await;
    let enrol = ["enrol", "--person", "wangwu"];
    assert_eq!(
        office.refused(&enrol).await,
        E::RoleWithoutPhone(crate::storage::Role::Volunteer)
    );
}

#[tokio::test]
async fn assignments_say_time_duties_and_whether_they_wait() {
    let office = Office::new();
    office.furnish().await;
    office
        .hire(&["--trained-on", "2025-06-01", "--phone", "0531-82012345"])
        .await;
    let assigned = office
        .assign(
            "lisi",
            "seconded_official",
            &["--part-time", "--reserve", "--duties", "patrol, emergency"],
        )
        .await;
    let people = office.json(&["person", "list"]).await;
    let person = people
        .as_array()
        .unwrap()
        .iter()
        .find(|person| person["username"] == "lisi")
        .unwrap();
    assert_eq!(person["phone"], "053182012345");
    assert_eq!(person["trained_on"], "2025-06-01");
    let assignment = &person["assignments"][0];
    assert_eq!(assignment["id"], assigned["id"]);
    assert_eq!(assignment["reserve"], true);
    assert_eq!(assignment["full_time"], false);
    assert_eq!(
        assignment["duties"],
        serde_json::json!(["emergency", "patrol"])
    );
    let id: PersonId = person["id"].as_str().unwrap().parse().unwrap();
    let storage = office.storage();
    let granted = storage.list_granted_grids(&id, office.clock.now());
    assert!(granted.await.unwrap().is_empty(), "not called out yet");
}

#[tokio::test]
async fn what_does_not_fit_a_role_is_refused_by_reason() {
    let office = Office::new();
    office.furnish().await;
    office.hire(&["--trained-on", "2025-06-01"]).await;
    let assign = |role: &'static str, words: &'static [&'static str]| {
        let all = ["assign", "--person", "lisi", "--node", GRID, "--role", role];
        [all.as_slice(), words].concat()
    };
    for (words, reason) in [
        (assign("grid_worker", &["--part-time"]), "full_time"),
        (assign("part_time_worker", &[]), "part_time"),
        (assign("grid_head", &["--reserve"]), "reserve"),
        (assign("street_staff", &[]), "level"),
    ] {
        match office.refused(&words).await {
            E::Role(error) => assert_eq!(error.code(), reason, "{words:?}"),
            other => panic!("{other:?}"),
        }
    }
    let duty = assign("grid_worker", &["--duties", "patrol,gold"]);
    assert_eq!(
        office.refused(&duty).await,
        E::DutyUnknown("gold".to_owned())
    );
    for (words, expected) in [
        (vec!["--trained-on", "2026-02-30"], "date"),
        (vec!["--phone", "12345"], "phone"),
    ] {
        let change = ["person", "change", "--person", "lisi"];
        let error = office.refused(&[change.as_slice(), &words].concat()).await;
        let found = match error {
            E::Date(_) => "date",
            E::Phone(_) => "phone",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected);
    }
    let wide = [
        "assign",
        "--person",
        "lisi",
        "--node",
        "370102002008",
        "--role",
        "grid_worker",
    ];
    let refused = office.refused(&wide).await;
    assert!(matches!(refused, E::Role(RoleError::Level { .. })));
    let attribute = [
        "node",
        "create",
        "--level",
        "grid",
        "--name",
        "x",
        "--code",
        "3701020020000800201",
        "--parent",
        "370102002008",
        "--attribute",
    ];
    let refused = office
        .refused(&[attribute.as_slice(), &["rural"]].concat())
        .await;
    assert!(matches!(
        refused,
        E::Place(PlaceError::AttributeMismatch { .. })
    ));
    let refused = office
        .refused(&[attribute.as_slice(), &["gold"]].concat())
        .await;
    assert!(matches!(refused, E::AttributeUnknown(_)));
    let made = office
        .json(&[attribute.as_slice(), &["urban"]].concat())
        .await;
    assert_eq!(made["attribute"], "urban");
}

#[tokio::test]
async fn somebody_who_takes_over_gets_the_role_and_the_predecessor_loses_it() {
    let office = Office::new();
    office.furnish().await;
    let successor = office.hire(&["--trained-on", "2025-06-01"]).await;
    let old = office
        .assign("zhangsan", "grid_worker", &["--duties", "patrol"])
        .await;
    let old = old["id"].as_str().unwrap();
    office.clock.advance_millis(1_000);
    let new = office.json(&["replace", old, "--by", "lisi"]).await;
    assert_eq!(new["person"], successor["id"]);
    assert_eq!(new["role"], "grid_worker");
    let storage = office.storage();
    let now = office.clock.now();
    let node = storage.find_node_by_code(GRID).await.unwrap().unwrap().id;
    let members = storage.list_members(&[node], now).await.unwrap();
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["李四"]);
    assert_eq!(
        members[0].assignment.duties,
        [wangge_model::org::Duty::Patrol]
    );
    let before = storage
        .list_members(&[node], now.plus_millis(-1))
        .await
        .unwrap();
    assert_eq!(before[0].name, "张三");
    let again = ["replace", old, "--by", "lisi"];
    assert_eq!(
        office.refused(&again).await,
        E::AssignmentUnknown(old.to_owned()),
        "it is over"
    );
}
