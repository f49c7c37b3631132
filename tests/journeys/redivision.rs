//! Grids divided anew while people work offline: the program `wangge` does it,
//! real phones come back later, and nothing anybody entered is lost.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use wangge_core::{RecordState, store::testing::CanonicalState};
use wangge_model::{
    CoordinateSystem, FieldPath, FieldValue, GridId, RecordId, RecordKind,
    boundary::{Boundary, geojson, testing},
    document::FieldEdit,
};
use wangge_tests::{
    desk::{Desk, between},
    phone::Phone,
};

use crate::support::{Place, canonical, edit, household, text};

const COMMUNITY: &str = "370102002008";
/// The grid every place begins with, and what it is cut into.
const OLD: &str = "3701020020000800101";
const WEST: &str = "3701020020000805101";
const EAST: &str = "3701020020000805201";

fn shape(side: [f64; 4]) -> Boundary {
    Boundary::from_rings(&[vec![testing::rectangle(side)]], CoordinateSystem::Wgs84).unwrap()
}

fn feature(code: &str, name: &str, boundary: &Boundary) -> Value {
    json!({
        "type": "Feature",
        "properties": { "code": code, "name": name },
        "geometry": geojson::geometry(boundary),
    })
}

fn write(folder: &tempfile::TempDir, name: &str, value: &Value) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, value.to_string()).unwrap();
    path
}

/// A place whose community and grid have boundaries: 200 m by 100 m.
fn mapped() -> (Place, tempfile::TempDir) {
    let place = Place::open();
    let folder = tempfile::tempdir().unwrap();
    let whole = shape([0.0, 0.0, 200.0, 100.0]);
    let file = json!({
        "type": "FeatureCollection",
        "features": [
            feature(COMMUNITY, "千佛山社区", &whole),
            feature(OLD, "第一网格", &whole),
        ],
    });
    let path = write(&folder, "boundaries.geojson", &file);
    let imported = place
        .admin
        .run(&["boundary", "import", path.to_str().unwrap()])
        .unwrap();
    assert_eq!(imported.as_array().unwrap().len(), 2);
    (place, folder)
}

/// Cuts the grid into west and east at 100 m.
fn halves(folder: &tempfile::TempDir, member: &Value) -> PathBuf {
    let mut file = json!({
        "type": "FeatureCollection",
        "redivision": { "name": "一分为二", "community": COMMUNITY },
        "features": [
            feature(WEST, "西网格", &shape([0.0, 0.0, 100.0, 100.0])),
            feature(EAST, "东网格", &shape([100.0, 0.0, 200.0, 100.0])),
        ],
    });
    for (key, value) in member.as_object().unwrap() {
        file["redivision"][key] = value.clone();
    }
    write(folder, "halves.geojson", &file)
}

fn apply(place: &Place, path: &Path) -> Value {
    place
        .admin
        .run(&["division", "apply", path.to_str().unwrap()])
        .unwrap()
}

fn grid(phone: &Phone, code: &str) -> GridId {
    let grids = phone.core.grids().unwrap();
    grids.iter().find(|grid| grid.code == code).unwrap().grid
}

fn at(east: f64) -> [FieldEdit; 2] {
    let place = testing::place(east, 50.0);
    let set = |path: &str, value| {
        FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::Number(value))
    };
    [
        set("point.longitude", place.longitude),
        set("point.latitude", place.latitude),
    ]
}

/// The code of the grid a phone finds so many metres east of the corner, and
/// whether its person works there.
fn located(phone: &Phone, east: f64) -> Option<(String, bool)> {
    let found = phone.core.locate_grid(testing::place(east, 50.0)).unwrap();
    found.map(|found| (found.code, found.is_own))
}

/// A household so many metres east of the corner.
fn household_at(phone: &Phone, room: &str, east: f64) -> RecordId {
    let id = household(phone, room);
    phone.core.edit_record(id, &at(east)).unwrap();
    id
}

/// Ends the worker's assignments that `is_meant` picks.
fn unassign(place: &Place, is_meant: impl Fn(&Value) -> bool) {
    let worker = place.worker.to_string();
    let people = place.admin.run(&["person", "list"]).unwrap();
    let person = people
        .as_array()
        .unwrap()
        .iter()
        .find(|person| person["id"] == worker.as_str())
        .unwrap();
    for assignment in person["assignments"].as_array().unwrap() {
        if is_meant(assignment) {
            place
                .admin
                .run(&["unassign", assignment["id"].as_str().unwrap()])
                .unwrap();
        }
    }
}

/// Where each record is on a phone.
fn homes(phone: &Phone) -> BTreeMap<RecordId, GridId> {
    let store = phone.core.store();
    store
        .list_record_ids()
        .unwrap()
        .into_iter()
        .map(|id| {
            let view = phone.core.find_record(id).unwrap().unwrap();
            (id, view.row.grid)
        })
        .collect()
}

/// Phones and server hold the same records in the same grids, byte by byte.
async fn assert_agree(place: &Place, grids: [GridId; 2], phones: &[&Phone]) {
    let mut client = place.light_client().await;
    let mut server: BTreeMap<RecordId, (GridId, CanonicalState)> = BTreeMap::new();
    for grid in grids {
        for (id, document) in client.replicate(grid).await.unwrap() {
            server.insert(id, (grid, canonical(&document)));
        }
    }
    let expected: BTreeMap<RecordId, GridId> =
        server.iter().map(|(id, (grid, _))| (*id, *grid)).collect();
    for phone in phones {
        assert_eq!(homes(phone), expected);
        let store = phone.core.store();
        for (id, (_, state)) in &server {
            assert_eq!(store.canonical_state(*id).unwrap().as_ref(), Some(state));
        }
        for (stored, summed) in store.check_digests().unwrap() {
            assert_eq!(stored, summed);
        }
        let counts = phone.core.count_states().unwrap();
        let known = counts.at_server + counts.needs_attention;
        assert_eq!((counts.on_phone, known), (0, expected.len() as u64));
        assert!(phone.core.list_refusals().unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grid_divided_while_phones_are_away_costs_no_edit_and_no_record() {
    let (place, folder) = mapped();
    let one = place.phone().await;
    let two = place.phone().await;
    let west = household_at(&one, "101", 20.0);
    let east = household_at(&one, "201", 180.0);
    let visit = one
        .core
        .create_record(
            RecordKind::Visit,
            place.grid,
            &[edit("household", &east.to_string()), edit("diary", "平安")],
        )
        .unwrap();
    one.sync().await.unwrap();
    two.sync().await.unwrap();

    assert_eq!(located(&one, 170.0), Some((OLD.to_owned(), true)));
    assert_eq!(located(&one, 270.0), None);

    // Both go on without a network: they edit the same field apart, and file
    // new records in the grid that is about to be closed.
    one.set(east, "contact.phone", "13800000008").unwrap();
    two.set(east, "contact.phone", "13800000009").unwrap();
    two.set(west, "notes", "门禁坏了").unwrap();
    let late_east = household_at(&two, "202", 170.0);
    let late_nowhere = household(&two, "无定位");
    let late_incident = one
        .core
        .create_record(
            RecordKind::Incident,
            place.grid,
            &[edit("title", "路灯不亮")],
        )
        .unwrap();

    let path = halves(&folder, &json!({}));
    let done = apply(&place, &path);
    assert_eq!(done["moved"], 3);
    assert_eq!(done["decided"]["point"], 2);
    assert_eq!(done["decided"]["belongs_to"], 1);
    assert_eq!(done["staff"], 2, "the worker goes on in both halves");

    for _ in 0..2 {
        one.sync().await.unwrap();
        two.sync().await.unwrap();
    }
    let grids = [grid(&one, WEST), grid(&one, EAST)];
    assert_eq!(located(&one, 30.0), Some((WEST.to_owned(), true)));
    assert_eq!(located(&one, 170.0), Some((EAST.to_owned(), true)));
    assert_eq!(one.core.grids().unwrap().len(), 2);
    assert_agree(&place, grids, &[&one, &two]).await;
    let homes = homes(&one);
    assert_eq!(homes[&west], grids[0]);
    assert_eq!(homes[&east], grids[1]);
    assert_eq!(homes[&visit], grids[1], "with its household");
    assert_eq!(homes[&late_east], grids[1], "by its point");
    assert!(homes.contains_key(&late_nowhere) && homes.contains_key(&late_incident));
    assert_eq!(text(&one, west, "notes"), "门禁坏了");
    // What both wrote to one field is kept, in the new grid as in the old.
    let view = one.core.find_record(east).unwrap().unwrap();
    assert_eq!(view.row.state, RecordState::NeedsAttention);

    // Whoever works in the west alone still finds the east on the map.
    unassign(&place, |assignment| assignment["node_code"] == EAST);
    one.sync().await.unwrap();
    assert_eq!(located(&one, 30.0), Some((WEST.to_owned(), true)));
    assert_eq!(located(&one, 170.0), Some((EAST.to_owned(), false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn late_work_of_somebody_who_has_no_part_of_the_grid_any_more_is_reviewed() {
    let (place, folder) = mapped();
    let here = place.phone().await;
    let known = household_at(&here, "101", 20.0);
    here.sync().await.unwrap();
    here.set(known, "contact.phone", "13800000009").unwrap();
    let unknown = household_at(&here, "102", 30.0);

    apply(&place, &halves(&folder, &json!({})));
    // Others take the halves over before the phone is back.
    unassign(&place, |_| true);
    here.sync().await.unwrap();
    assert_eq!(located(&here, 30.0), None);
    let refusals = here.core.list_refusals().unwrap();
    assert!(
        refusals
            .iter()
            .all(|refusal| refusal.code == "under_review"),
        "{refusals:?}"
    );
    let waiting: Vec<RecordId> = refusals.iter().map(|refusal| refusal.record).collect();
    assert!(waiting.contains(&known) && waiting.contains(&unknown));

    let (username, password) = place.admin.create_supervisor("孙主管").unwrap();
    let mut desk = Desk::sign_in(&place.server, (&username, &password))
        .await
        .unwrap();
    for _ in 0..2 {
        let list = desk.get("/review").await.unwrap();
        let item = between(&list, "<a href=\"/review/", "\"").unwrap();
        let item = format!("/review/{item}");
        let answer = desk
            .submit(&item, &format!("{item}/accept"), &[])
            .await
            .unwrap();
        assert_eq!(answer.status, 303);
    }
    let list = desk.get("/households").await.unwrap();
    assert!(
        list.contains(&known.to_string()) && list.contains(&unknown.to_string()),
        "both are in grids in use: {list}"
    );
    here.sync().await.unwrap();
    assert!(here.core.list_refusals().unwrap().is_empty());
    let states = here.core.count_states().unwrap();
    assert_eq!((states.on_phone, states.needs_attention), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_decided_stops_it_until_a_person_has_decided() {
    let (place, folder) = mapped();
    let phone = place.phone().await;
    let by_point = household_at(&phone, "101", 20.0);
    let by_nothing = household(&phone, "无定位");
    phone.sync().await.unwrap();
    let path = halves(&folder, &json!({}));
    let file = path.to_str().unwrap();
    let checked = place.admin.check(&["division", "check", file]).unwrap();
    assert_eq!(checked.status, 2, "with findings");
    let left = &checked.value["undecided"];
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left[0]["record"], by_nothing.to_string().as_str());
    assert_eq!(checked.value["problems"][0]["code"], "undecided");
    let refused = place.admin.check(&["division", "apply", file]).unwrap();
    assert_eq!(refused.status, 7, "nothing changed");
    phone.sync().await.unwrap();
    assert_eq!(phone.core.grids().unwrap()[0].code, OLD);

    let decided = json!({ "records": [
        { "record": by_nothing.to_string(), "grid": EAST },
    ]});
    let path = halves(&folder, &decided);
    let checked = place
        .admin
        .check(&["division", "check", path.to_str().unwrap()])
        .unwrap();
    assert_eq!(checked.status, 0);
    apply(&place, &path);
    phone.sync().await.unwrap();
    phone.sync().await.unwrap();
    let homes = homes(&phone);
    assert_eq!(homes[&by_point], grid(&phone, WEST));
    assert_eq!(homes[&by_nothing], grid(&phone, EAST));
}

#[tokio::test(flavor = "multi_thread")]
async fn halves_joined_again_hold_everything() {
    let (place, folder) = mapped();
    let phone = place.phone().await;
    let west = household_at(&phone, "101", 20.0);
    let east = household_at(&phone, "201", 180.0);
    phone.sync().await.unwrap();
    apply(&place, &halves(&folder, &json!({})));
    // Away during both: what is filed in the first grid finds the last one.
    let late = household(&phone, "301");
    let joined = json!({
        "type": "FeatureCollection",
        "redivision": { "name": "合并", "community": COMMUNITY },
        "features": [feature(OLD, "第一网格", &shape([0.0, 0.0, 200.0, 100.0]))],
    });
    let path = write(&folder, "joined.geojson", &joined);
    let done = apply(&place, &path);
    assert_eq!(done["decided"]["only"], 2);
    for _ in 0..2 {
        phone.sync().await.unwrap();
    }
    let grids = phone.core.grids().unwrap();
    assert_eq!(grids.len(), 1);
    assert_eq!(grids[0].code, OLD, "the code is back");
    assert_ne!(grids[0].grid, place.grid, "the grid is another version");
    let homes = homes(&phone);
    for id in [west, east, late] {
        assert_eq!(homes[&id], grids[0].grid);
    }
    assert_agree(&place, [grids[0].grid, grids[0].grid], &[&phone]).await;
}
