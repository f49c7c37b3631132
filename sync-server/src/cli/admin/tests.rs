//! The commands as an administrator types them, on a folder of their own.

mod people;

use clap::Parser as _;
use serde_json::Value;
use wangge_model::{
    Timestamp,
    message::Language,
    org::{PlaceError, RoleError},
    protocol::EnrolmentLink,
    testing::{FakeClock, SeededEntropy},
};

use super::*;
use crate::{
    auth::password::PasswordVerifier,
    cli::error::{AdminError, AdminError as E},
    enrolment::hash_code,
    explain::{Explain as _, exit_status},
    storage::{
        AuditStorage as _, DeviceStorage as _, OrgStorage as _, PersonStorage as _, SqliteStorage,
    },
};

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(flatten)]
    admin: AdminArgs,
}

struct Office {
    _folder: tempfile::TempDir,
    config: Config,
    clock: FakeClock,
    entropy: SeededEntropy,
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            data: folder.path().join("data"),
            tls: false,
            ..Config::default()
        };
        let clock = FakeClock::at(Timestamp::from_millis(1_767_225_600_000));
        Self {
            _folder: folder,
            config,
            clock,
            entropy: SeededEntropy::new(7),
        }
    }

    async fn text(&self, words: &[&str], input: &str) -> Result<String, CliError> {
        let line = Line::try_parse_from(std::iter::once(&"admin").chain(words)).unwrap();
        let world = World {
            clock: &self.clock,
            entropy: &self.entropy,
        };
        let mut out = Vec::new();
        run(
            &line.admin,
            &self.config,
            world,
            &mut input.as_bytes(),
            &mut out,
        )
        .await?;
        Ok(String::from_utf8(out).unwrap())
    }

    async fn json(&self, words: &[&str]) -> Value {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.text(&words, "").await.unwrap()).unwrap()
    }

    async fn refused(&self, words: &[&str]) -> AdminError {
        match self.text(words, "").await {
            Err(CliError::Admin(error)) => {
                for language in Language::ALL {
                    let text = error.text(language);
                    assert!(!text.starts_with("admin-") && !text.contains('{'), "{text}");
                }
                assert_eq!(error.exit_status(), exit_status::REFUSED);
                error
            }
            other => panic!("{words:?}: {other:?}"),
        }
    }

    fn storage(&self) -> SqliteStorage {
        SqliteStorage::open(&self.config.data.join("wangge.sqlite")).unwrap()
    }

    /// A community with one grid and a worker; answers the grid's id.
    async fn furnish(&self) -> String {
        self.json(&[
            "node",
            "create",
            "--level",
            "community",
            "--name",
            "千佛山社区",
            "--code",
            "370102002008",
        ])
        .await;
        let grid = self
            .json(&[
                "node",
                "create",
                "--level",
                "grid",
                "--name",
                "第一网格",
                "--code",
                GRID,
                "--parent",
                "370102002008",
            ])
            .await;
        self.json(&[
            "person",
            "create",
            "--name",
            "张三",
            "--username",
            "zhangsan",
            "--trained-on",
            "2025-12-31",
        ])
        .await;
        grid["id"].as_str().unwrap().to_owned()
    }
}

/// Grid 1 of the community 370102002008, urban.
const GRID: &str = "3701020020000800101";

#[tokio::test]
async fn a_phone_can_be_enrolled_from_nothing() {
    let office = Office::new();
    let grid = office.furnish().await;
    let assigned = office
        .json(&[
            "assign",
            "--person",
            "zhangsan",
            "--node",
            GRID,
            "--role",
            "grid_worker",
        ])
        .await;
    assert_eq!(assigned["node"], Value::String(grid));
    let made = office
        .json(&[
            "enrol",
            "--person",
            "zhangsan",
            "--server",
            "http://127.0.0.1:9000/",
        ])
        .await;
    let link: EnrolmentLink = made["link"].as_str().unwrap().parse().unwrap();
    assert_eq!(link.server, "http://127.0.0.1:9000");
    assert_eq!(link.pin, None);
    assert_eq!(Some(link.code.as_str()), made["code"].as_str());
    assert_eq!(made["expires_at"], 1_767_225_600_000_i64 + 15 * 60_000);

    let storage = office.storage();
    let person = storage
        .find_person_by_username("zhangsan")
        .await
        .unwrap()
        .unwrap();
    let codes = storage.list_enrolment_codes(&person.id).await.unwrap();
    assert_eq!(codes.len(), 1);
    assert_ne!(hash_code(&link.code), [0; 32]);
    let audit = storage.list_audit(10).await.unwrap();
    let actions: Vec<&str> = audit.iter().map(|entry| entry.action.as_str()).collect();
    assert!(actions.contains(&"enrolment_code_created"), "{actions:?}");

    let people = office.json(&["person", "list"]).await;
    assert_eq!(people[0]["assignments"][0]["node_code"], GRID);
    let text = office.text(&["person", "list"], "").await.unwrap();
    assert!(
        text.contains("张三") && text.contains("网格员（第一网格）"),
        "{text}"
    );
}

#[tokio::test]
async fn the_code_is_shown_with_its_link_and_a_picture() {
    let office = Office::new();
    office.furnish().await;
    let text = office
        .text(&["enrol", "--person", "zhangsan"], "")
        .await
        .unwrap();
    assert!(
        text.contains("wangge://enrol?server=http://127.0.0.1:8443"),
        "{text}"
    );
    assert!(text.contains("2026-01-01 08:15"), "{text}");
    assert!(
        text.lines()
            .filter(|line| line.contains('█') || line.contains('▀'))
            .count()
            > 15
    );
}

#[tokio::test]
async fn with_tls_the_link_carries_the_fingerprint() {
    let mut office = Office::new();
    office.furnish().await;
    office.config.tls = true;
    let words = ["enrol", "--person", "zhangsan"];
    assert_eq!(office.refused(&words).await, AdminError::CertificateMissing);
    let data = DataFolder::find(&office.config.data).unwrap();
    let identity = crate::tls::Identity::load_or_make(&office.config, &data, &office.clock);
    let fingerprint = identity.unwrap().unwrap().fingerprint();
    let made = office.json(&words).await;
    assert_eq!(made["pin"], fingerprint.to_string());
    assert_eq!(made["server"], "https://127.0.0.1:8443");
}

#[tokio::test]
async fn places_that_make_no_sense_are_refused_by_reason() {
    let office = Office::new();
    office.furnish().await;
    let create = |level: &'static str, code: &'static str, parent: &'static str| {
        let mut words = vec!["node", "create", "--level", level, "--name", "x"];
        if !code.is_empty() {
            words.extend(["--code", code]);
        }
        if !parent.is_empty() {
            words.extend(["--parent", parent]);
        }
        words
    };
    assert!(matches!(
        office.refused(&create("district", "", "")).await,
        E::LevelUnknown(_)
    ));
    assert_eq!(
        office.refused(&create("grid", "", "370102002008")).await,
        E::Place(PlaceError::GridCodeMissing)
    );
    for code in [
        "37010200200008001",
        "3701020020000800104",
        "9901020020000800101",
    ] {
        let error = office.refused(&create("grid", code, "370102002008")).await;
        assert!(
            matches!(error, E::Place(PlaceError::GridCode { .. })),
            "{code}: {error:?}"
        );
    }
    assert_eq!(
        office.refused(&create("grid", GRID, "370102002008")).await,
        E::CodeTaken(GRID.to_owned())
    );
    let nowhere = office.refused(&create("grid", GRID, "")).await;
    assert!(matches!(nowhere, E::Place(PlaceError::ParentLevel { .. })));
    let micro = office
        .refused(&create("micro_grid", "", "370102002008"))
        .await;
    assert!(matches!(micro, E::Place(PlaceError::ParentLevel { .. })));
    let elsewhere = office
        .refused(&create("grid", "3701020020000900101", "370102002008"))
        .await;
    assert!(matches!(
        elsewhere,
        E::Place(PlaceError::CodeElsewhere { .. })
    ));
    let order = office
        .refused(&create("street", "370102002", "370102002008"))
        .await;
    assert!(matches!(order, E::Place(PlaceError::LevelOrder { .. })));
    let wide = office.refused(&create("street", "370102002008", "")).await;
    assert!(matches!(
        wide,
        E::Place(PlaceError::DivisionCodeLevel {
            expected: 9,
            found: 12,
            ..
        })
    ));
    let none = office.refused(&create("county", "37010A", "")).await;
    assert!(matches!(none, E::Place(PlaceError::DivisionCode { .. })));
    let unknown = office.refused(&create("grid", GRID, "000")).await;
    assert!(matches!(unknown, E::NodeUnknown(_)));
    let name = ["node", "create", "--level", "county", "--name", " "];
    assert!(matches!(office.refused(&name).await, E::Name(_)));
}

#[tokio::test]
async fn people_and_roles_that_make_no_sense_are_refused_by_reason() {
    let office = Office::new();
    office.furnish().await;
    let twice = [
        "person",
        "create",
        "--name",
        "李四",
        "--username",
        "ZhangSan",
    ];
    assert_eq!(
        office.refused(&twice).await,
        E::UsernameTaken("zhangsan".to_owned())
    );
    for username in ["a", "1abc", "张三", "a b", "x/y"] {
        let words = ["person", "create", "--name", "李四", "--username", username];
        assert_eq!(
            office.refused(&words).await,
            E::UsernameInvalid,
            "{username}"
        );
    }
    let nobody = ["person", "deactivate", "--person", "nobody"];
    assert!(matches!(office.refused(&nobody).await, E::PersonUnknown(_)));
    let assign = |node, role| {
        [
            "assign", "--person", "zhangsan", "--node", node, "--role", role,
        ]
    };
    assert!(matches!(
        office.refused(&assign(GRID, "king")).await,
        E::RoleUnknown(_)
    ));
    let wide = office.refused(&assign("370102002008", "grid_worker")).await;
    assert!(matches!(wide, E::Role(RoleError::Level { .. })));
    office
        .json(&["person", "deactivate", "--person", "zhangsan"])
        .await;
    assert!(matches!(
        office.refused(&assign(GRID, "grid_worker")).await,
        E::PersonInactive(_)
    ));
    let enrol = ["enrol", "--person", "zhangsan"];
    assert!(matches!(office.refused(&enrol).await, E::PersonInactive(_)));
    office
        .json(&["person", "activate", "--person", "zhangsan"])
        .await;
    office.json(&assign(GRID, "grid_worker")).await;
    let server = [
        "enrol",
        "--person",
        "zhangsan",
        "--server",
        "grid.example.org",
    ];
    assert!(matches!(office.refused(&server).await, E::ServerUrl { .. }));
    let device = ["device", "revoke", "00000000-0000-7000-8000-000000000000"];
    assert!(matches!(office.refused(&device).await, E::DeviceUnknown(_)));
    let ended = ["unassign", "00000000-0000-7000-8000-000000000000"];
    assert!(matches!(
        office.refused(&ended).await,
        E::AssignmentUnknown(_)
    ));
}

#[tokio::test]
async fn an_ended_assignment_is_no_longer_listed() {
    let office = Office::new();
    office.furnish().await;
    let assigned = office
        .json(&[
            "assign",
            "--person",
            "zhangsan",
            "--node",
            GRID,
            "--role",
            "grid_head",
        ])
        .await;
    office.clock.advance_millis(1);
    office
        .json(&["unassign", assigned["id"].as_str().unwrap()])
        .await;
    let people = office.json(&["person", "list"]).await;
    assert_eq!(people[0]["assignments"], serde_json::json!([]));
    assert_eq!(
        office.json(&["device", "list"]).await,
        serde_json::json!([])
    );
}

#[tokio::test]
async fn passwords_are_made_or_read_and_work() {
    let office = Office::new();
    let made = office
        .json(&[
            "person",
            "create",
            "--name",
            "王五",
            "--username",
            "wangwu",
            "--generate-password",
        ])
        .await;
    let password = made["password"].as_str().unwrap().to_owned();
    let entropy = std::sync::Arc::new(SeededEntropy::new(1));
    let verifier = PasswordVerifier::new(entropy);
    let hash = |storage: SqliteStorage| async move {
        storage
            .find_person_by_username("wangwu")
            .await
            .unwrap()
            .unwrap()
            .password_hash
    };
    let stored = hash(office.storage()).await;
    assert!(
        verifier
            .verify(password.clone(), stored.clone())
            .await
            .unwrap()
    );

    let words = [
        "person",
        "set-password",
        "--person",
        "wangwu",
        "--password-stdin",
    ];
    office
        .text(&words, "correct horse battery\r\n")
        .await
        .unwrap();
    let stored = hash(office.storage()).await;
    assert!(
        verifier
            .verify("correct horse battery".to_owned(), stored.clone())
            .await
            .unwrap()
    );
    assert!(
        !verifier
            .verify(password.clone(), stored.clone())
            .await
            .unwrap()
    );

    for (input, expected) in [
        (
            "short\n",
            AdminError::Password(crate::auth::password::PasswordError::TooShort),
        ),
        ("", AdminError::PasswordInput(String::new())),
    ] {
        let Err(CliError::Admin(error)) = office.text(&words, input).await else {
            panic!("{input:?} was accepted")
        };
        assert_eq!(
            std::mem::discriminant(&error),
            std::mem::discriminant(&expected)
        );
    }
}

#[tokio::test]
async fn the_tree_can_be_taken_from_the_table_of_divisions() {
    let office = Office::new();
    let words = ["node", "from-division", "370102002", "--below"];
    assert!(matches!(
        office.refused(&words).await,
        AdminError::DivisionUnknown(_)
    ));
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/data/divisions-demo.csv");
    let files = crate::import::DivisionFiles::find(&[table.into()]).unwrap();
    let storage = office.storage();
    let mut progress = crate::import::progress_for(Language::English);
    crate::import::import_divisions(&files, &storage, progress.as_mut())
        .await
        .unwrap();
    drop(storage);

    let first = office.json(&words).await;
    let created = first["created"].as_array().unwrap();
    assert_eq!(created[0]["level"], "province");
    assert_eq!(created[0]["parent"], Value::Null);
    assert_eq!(created[3]["name"], "千佛山街道");
    assert_eq!(created[4]["parent"], created[3]["id"]);
    assert_eq!(created.len(), 4 + 7);
    let second = office.json(&words).await;
    assert_eq!(second["existing"], 11);
    assert_eq!(second["created"], serde_json::json!([]));
    let listed = office.json(&["node", "list", "--level", "community"]).await;
    assert_eq!(listed.as_array().unwrap().len(), 7);
    let tree = office
        .text(&["node", "list", "--parent", "370102"], "")
        .await
        .unwrap();
    assert!(
        tree.contains("\n千佛山街道") && tree.contains("\n  佛山苑社区居民委员会"),
        "{tree}"
    );
}

#[tokio::test]
async fn a_record_is_moved_only_to_a_grid_and_only_if_there_is_one() {
    let office = Office::new();
    let grid = office.furnish().await;
    let unknown = "01932c07-8a6f-7b52-a7de-90c1d9f6a111";
    for (record, to) in [(unknown, grid.as_str()), ("x", grid.as_str())] {
        assert!(matches!(
            office
                .refused(&["record", "move", "--record", record, "--to", to])
                .await,
            AdminError::RecordUnknown(_)
        ));
    }
    let community = [
        "record",
        "move",
        "--record",
        unknown,
        "--to",
        "370102002008",
    ];
    assert!(matches!(
        office.refused(&community).await,
        AdminError::NotAGrid(_)
    ));
    let nowhere = ["record", "move", "--record", unknown, "--to", "nowhere"];
    assert!(matches!(
        office.refused(&nowhere).await,
        AdminError::NodeUnknown(_)
    ));
}

#[tokio::test]
async fn a_token_is_made_for_a_person_listed_without_itself_and_revoked() {
    let office = Office::new();
    let person = office
        .json(&[
            "person",
            "create",
            "--name",
            "平台",
            "--username",
            "hotline",
        ])
        .await;
    let create = [
        "api-token",
        "create",
        "--person",
        "hotline",
        "--name",
        "12345",
    ];
    let made = office.json(&create).await;
    assert_eq!(made["person"], person["id"]);
    let token = made["token"].as_str().unwrap().to_owned();
    let text = office.text(&["api-token", "list"], "").await.unwrap();
    assert!(text.contains("12345") && !text.contains(&token), "{text}");
    let find = async |at: Timestamp| {
        let storage = office.storage();
        let found = crate::auth::api_token::find(&storage, &token, at)
            .await
            .unwrap();
        crate::storage::MetaStorage::close(&storage).await.unwrap();
        found
    };
    let now = Timestamp::from_millis(1_767_225_600_000);
    assert!(find(now).await.is_some());
    assert!(find(now.plus_millis(365 * 86_400_000)).await.is_none());
    let id = made["id"].as_str().unwrap().to_owned();
    office.json(&["api-token", "revoke", &id]).await;
    assert!(find(now.plus_millis(1)).await.is_none());
    for unknown in ["1", token.as_str(), "00000000-0000-7000-8000-000000000000"] {
        assert!(matches!(
            office.refused(&["api-token", "revoke", unknown]).await,
            E::ApiTokenUnknown(_)
        ));
    }
    let nobody = ["api-token", "create", "--person", "nobody", "--name", "x"];
    assert!(matches!(office.refused(&nobody).await, E::PersonUnknown(_)));
}

#[tokio::test]
async fn reference_sets_are_published_shown_and_withdrawn() {
    let office = Office::new();
    office.furnish().await;
    let street = "370102002008";
    let show = ["reference", "show", "visit_rules", "--node", street];
    let built_in = office.json(&show).await;
    assert_eq!(built_in["edition"], Value::Null);
    assert_eq!(built_in["body"]["validity"]["max_distance_m"], 200);

    let set = [
        "reference",
        "set",
        "visit_rules",
        "--node",
        street,
        "--file",
        "-",
    ];
    let body = "{\"validity\": {\"max_distance_m\": 300}}";
    let text = office.text(&set, body).await.unwrap();
    assert!(text.contains("visit_rules"), "{text}");
    office.text(&set, body).await.unwrap();
    let listed = office.json(&["reference", "list"]).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["edition"], 1, "the same again is no new edition");
    // It holds below as well.
    let below = ["reference", "show", "visit_rules", "--node", GRID];
    let shown = office.json(&below).await;
    assert_eq!(shown["body"]["validity"]["max_distance_m"], 300);
    assert_eq!(shown["edition"]["node_name"], "千佛山社区");

    for (wrong, code) in [
        ("{\"validity\": {\"max_distance\": 300}}", "unknown_key"),
        ("[1]", "not_an_object"),
        ("{", "json"),
    ] {
        match office.text(&set, wrong).await {
            Err(CliError::Admin(AdminError::Reference(error))) => {
                assert_eq!(error.code(), code, "{wrong}");
            }
            other => panic!("{wrong}: {other:?}"),
        }
    }
    let missing = [
        "reference",
        "set",
        "visit_rules",
        "--node",
        street,
        "--file",
        "/nowhere.json",
    ];
    assert!(matches!(
        office.refused(&missing).await,
        AdminError::File { .. }
    ));

    let withdraw = [
        "reference",
        "set",
        "visit_rules",
        "--node",
        street,
        "--withdraw",
    ];
    assert_eq!(office.json(&withdraw).await["changed"], true);
    let listed = office.json(&["reference", "list"]).await;
    assert_eq!(listed, serde_json::json!([]));
    let history = [
        "reference",
        "show",
        "visit_rules",
        "--node",
        street,
        "--history",
    ];
    let editions = office.json(&history).await;
    assert_eq!(editions.as_array().unwrap().len(), 2);
    let first = [
        "reference",
        "show",
        "visit_rules",
        "--node",
        street,
        "--edition",
        "1",
    ];
    let first = office.json(&first).await;
    assert_eq!(first["body"]["validity"]["max_distance_m"], 300);
    let unknown = ["reference", "show", "boundaries", "--node", street];
    assert!(matches!(
        office.refused(&unknown).await,
        AdminError::ReferenceUnknown(_)
    ));
}
