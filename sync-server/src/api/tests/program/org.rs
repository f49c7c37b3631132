//! Places, people and re-divisions through the JSON API.

use wangge_model::boundary::{geojson, testing};

use super::*;

/// A program of somebody with this role at the street, or the community.
pub(super) async fn office(seed: u64, role: Role, at_street: bool) -> Program {
    let mut program = program(seed, Role::GridWorker).await;
    let storage = &program.server.state.storage;
    let line = storage
        .list_ancestors(&program.server.grids[0].into())
        .await
        .unwrap();
    let node = line[usize::from(!at_street)].id;
    program.person = program.server.add_person("办公室", node, role).await;
    program.token = token_of(&program.server, program.person, 3_600_000).await;
    program
}

pub(super) async fn community_of(program: &Program) -> String {
    let storage = &program.server.state.storage;
    let grid = program.server.grids[0].into();
    let node = storage.find_node(&grid).await.unwrap().unwrap();
    node.parent.unwrap().to_string()
}

#[tokio::test]
async fn the_tree_and_a_grid_are_read_in_scope() {
    let program = office(70, Role::ServiceDesk, false).await;
    let (status, places) = program.ask(Method::GET, "/api/v1/places", None).await;
    assert_eq!((status, places.as_array().unwrap().len()), (200, 3));
    assert_eq!(places[0]["level"], "community");
    let (_, grids) = program
        .ask(Method::GET, "/api/v1/places?level=grid", None)
        .await;
    assert_eq!(grids.as_array().unwrap().len(), 2);
    let (status, _) = program
        .ask(Method::GET, "/api/v1/places?level=planet", None)
        .await;
    assert_eq!(status, 400);
    let path = format!("/api/v1/grids/{}", program.server.grids[0]);
    let (status, grid) = program.ask(Method::GET, &path, None).await;
    assert_eq!(status, 200);
    assert_eq!(grid["households"], 1);
    assert_eq!(grid["members"].as_array().unwrap().len(), 2);
    assert_eq!(grid["members"][0]["role"], "grid_worker");
    assert!(
        grid["warnings"]
            .as_array()
            .unwrap()
            .contains(&json!("no_boundary"))
    );
    let (_, team) = program.ask(Method::GET, "/api/v1/people", None).await;
    assert_eq!(team.as_array().unwrap().len(), 3);
    // A worker of one grid sees nothing of the other.
    let worker = super::program(71, Role::GridWorker).await;
    let path = format!("/api/v1/grids/{}", worker.server.grids[1]);
    assert_eq!(worker.ask(Method::GET, &path, None).await.0, 404);
}

#[tokio::test]
async fn places_are_made_by_who_writes_the_grid_map() {
    let street = office(72, Role::StreetStaff, true).await;
    let community = community_of(&street).await;
    let place = |code: &str| json!({ "parent": community, "level": "grid", "name": "第三网格", "code": code });
    let ask = |body| street.ask(Method::POST, "/api/v1/places", Some(body));
    let (status, problem) = ask(place("37")).await;
    assert_eq!((status, &problem["code"]), (422, &json!("grid_code")));
    assert!(problem["title_zh"].as_str().unwrap().contains("网格编码"));
    let (status, made) = ask(place("3799990010000100301")).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["attribute"], "urban");
    let (status, problem) = ask(place("3799990010000100301")).await;
    assert_eq!((status, &problem["code"]), (422, &json!("code_taken")));
    let in_grid = json!({
        "parent": made["id"], "level": "grid", "name": "x", "code": "3799990010000100401",
    });
    let (status, problem) = ask(in_grid).await;
    assert_eq!((status, &problem["code"]), (422, &json!("level_order")));

    let desk = office(73, Role::ServiceDesk, false).await;
    let body = json!({
        "parent": community_of(&desk).await,
        "level": "grid",
        "name": "第三网格",
        "code": "3799990010000100301",
    });
    let (status, _) = desk.ask(Method::POST, "/api/v1/places", Some(body)).await;
    assert_eq!(status, 403, "a desk drafts");
}

#[tokio::test]
async fn people_are_appointed_by_who_approves_accounts() {
    let street = office(74, Role::StreetStaff, true).await;
    let ask = async |method, path: &str, body| street.ask(method, path, Some(body)).await;
    let (status, problem) = ask(
        Method::POST,
        "/api/v1/people",
        json!({ "name": "新人", "phone": "123" }),
    )
    .await;
    assert_eq!(status, 422, "{problem}");
    let (status, person) = ask(
        Method::POST,
        "/api/v1/people",
        json!({ "name": "新人", "phone": "0531-82012345" }),
    )
    .await;
    assert_eq!((status, &person["phone"]), (201, &json!("053182012345")));
    let id = person["id"].as_str().unwrap();
    let grid = street.server.grids[0].to_string();
    let assign = |role: &str, more: Value| {
        let mut body = json!({ "person": id, "node": grid, "role": role });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    for (body, expected) in [
        (assign("grid_worker", json!({ "part_time": true })), 422),
        (assign("street_staff", json!({})), 422),
        (assign("king", json!({})), 400),
        (assign("admin", json!({})), 403),
        (assign("grid_worker", json!({ "duties": ["gold"] })), 400),
    ] {
        let (status, problem) = ask(Method::POST, "/api/v1/assignments", body).await;
        assert_eq!(status, expected, "{problem}");
    }
    let (status, made) = ask(
        Method::POST,
        "/api/v1/assignments",
        assign("grid_worker", json!({ "duties": ["patrol"] })),
    )
    .await;
    assert_eq!(status, 201, "{made}");
    // Not trained: assigned, and without scope until the date is noted.
    let storage = &street.server.state.storage;
    let new: PersonId = id.parse().unwrap();
    let granted = || storage.list_granted_grids(&new, street.server.clock.now());
    assert!(granted().await.unwrap().is_empty());
    let path = format!("/api/v1/people/{id}");
    let (status, _) = ask(Method::PATCH, &path, json!({ "trained_on": "2020-02-30" })).await;
    assert_eq!(status, 422);
    let (status, _) = ask(Method::PATCH, &path, json!({ "trained_on": "2020-01-01" })).await;
    assert_eq!(status, 200);
    assert_eq!(granted().await.unwrap().len(), 1);
    let assignment = format!("/api/v1/assignments/{}", made["id"].as_str().unwrap());
    street.server.clock.advance_millis(1);
    let (status, _) = street.ask(Method::DELETE, &assignment, None).await;
    assert_eq!(status, 204);
    assert!(granted().await.unwrap().is_empty());

    let worker = program(75, Role::GridWorker).await;
    let (status, _) = worker
        .ask(
            Method::POST,
            "/api/v1/people",
            Some(json!({ "name": "朋友" })),
        )
        .await;
    assert_eq!(status, 403);
    let path = format!("/api/v1/people/{}", worker.person);
    let (status, _) = worker
        .ask(
            Method::PATCH,
            &path,
            Some(json!({ "trained_on": "2020-01-01" })),
        )
        .await;
    assert_eq!(status, 404, "nobody trains themselves");
}

#[tokio::test]
async fn a_redivision_is_checked_by_a_desk_and_done_by_a_street() {
    let street = office(76, Role::StreetStaff, true).await;
    let community = community_of(&street).await;
    let (around, cells) = testing::community(1, 2, 4, 1);
    let path = format!("/api/v1/places/{community}/boundary");
    let bad = json!({ "type": "Point", "coordinates": [117.0, 36.0] });
    let (status, problem) = street.ask(Method::PUT, &path, Some(bad)).await;
    assert_eq!((status, &problem["code"]), (422, &json!("geometry")));
    let shape = geojson::geometry(&around);
    assert_eq!(street.ask(Method::PUT, &path, Some(shape)).await.0, 204);
    let mut order = json!({
        "type": "FeatureCollection",
        "redivision": { "name": "调整", "community": community },
        "features": cells.iter().zip(5..).map(|(cell, number)| json!({
            "type": "Feature",
            "properties": {
                "code": format!("37999900100001{number:03}01"),
                "name": format!("第{number}网格"),
            },
            "geometry": geojson::geometry(cell),
        })).collect::<Vec<_>>(),
    });
    let redivide = "/api/v1/redivisions";
    let (status, report) = street
        .ask(Method::POST, redivide, Some(order.clone()))
        .await;
    assert_eq!(status, 200, "{report}");
    assert_eq!(report["problems"][0]["code"], "undecided");
    let apply = format!("{redivide}?apply=true");
    let (status, problem) = street.ask(Method::POST, &apply, Some(order.clone())).await;
    assert_eq!(
        (status, &problem["code"]),
        (422, &json!("redivision_refused"))
    );
    order["redivision"]["records"] =
        json!([{ "record": street.record, "grid": "3799990010000100601" }]);

    // Who looks after the community checks it and leaves the doing to the street.
    let desk = street
        .server
        .add_person("社区", community.parse().unwrap(), Role::ServiceDesk)
        .await;
    let token = format!("Bearer {}", token_of(&street.server, desk, 3_600_000).await);
    let as_desk = [("authorization", token.as_str())];
    let (status, ..) = street
        .send(Method::POST, redivide, &as_desk, Some(order.clone()))
        .await;
    assert_eq!(status, 200);
    let (status, ..) = street
        .send(Method::POST, &apply, &as_desk, Some(order.clone()))
        .await;
    assert_eq!(status, 403);

    let (status, report) = street.ask(Method::POST, &apply, Some(order)).await;
    assert_eq!(status, 200, "{report}");
    let (_, record) = street.ask(Method::GET, &street.path(), None).await;
    let (_, grids) = street
        .ask(Method::GET, "/api/v1/places?level=grid", None)
        .await;
    let codes: Vec<&str> = grids
        .as_array()
        .unwrap()
        .iter()
        .map(|grid| grid["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes.len(), 2);
    let home = grids
        .as_array()
        .unwrap()
        .iter()
        .find(|grid| grid["code"] == "3799990010000100601")
        .unwrap();
    assert_eq!(record["grid"], home["id"]);
    let path = format!("/api/v1/grids/{}", street.server.grids[0]);
    let (_, old) = street.ask(Method::GET, &path, None).await;
    assert!(old["valid_to"].is_string(), "{old}");
    assert!(!old["successors"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn who_only_keeps_or_checks_the_system_reads_no_resident() {
    for (seed, role) in [(77, Role::Admin), (78, Role::Auditor), (79, Role::Assessor)] {
        let program = office(seed, role, true).await;
        assert_eq!(program.ask(Method::GET, &program.path(), None).await.0, 404);
        let (_, page) = program
            .ask(Method::GET, "/api/v1/records?kind=household", None)
            .await;
        assert_eq!(page["total"], 0, "{role}");
        assert_eq!(
            program.ask(Method::GET, "/api/v1/people", None).await.0,
            200
        );
    }
    let street = office(90, Role::StreetStaff, true).await;
    assert_eq!(street.ask(Method::GET, &street.path(), None).await.0, 200);
    let edit = json!({ "fields": { "address.room": "9" } });
    let (status, _) = street.ask(Method::PATCH, &street.path(), Some(edit)).await;
    assert_eq!(status, 403, "a street reads");
}
