//! Records that move while somebody edits them offline.

use wangge_core::RecordState;
use wangge_tests::{
    desk::{Desk, between},
    phone::Phone,
};

use crate::support::{Place, household, text};

/// A second grid with a worker and a phone of it.
async fn neighbour(place: &Place) -> (wangge_model::GridId, Phone) {
    let grid = place.admin.create_grid("第二网格").unwrap();
    let person = place.admin.create_worker("李雷", grid).unwrap();
    let link = place.admin.enrolment_link(person).unwrap();
    let phone = Phone::enrol(&link).await.unwrap();
    phone.sync().await.unwrap();
    (grid, phone)
}

fn move_record(place: &Place, record: wangge_model::RecordId, to: wangge_model::GridId) {
    let (record, to) = (record.to_string(), to.to_string());
    let moved = place
        .admin
        .run(&["record", "move", "--record", &record, "--to", &to])
        .unwrap();
    assert_eq!(moved["moved"], true);
}

fn ids(phone: &Phone) -> Vec<wangge_model::RecordId> {
    phone.core.store().list_record_ids().unwrap()
}

/// Scenario 28. CHT #5701 and #11306: a household is moved while its worker is
/// offline and edits it; the edit was refused for ever, and the phone's counts
/// went on including it.
#[tokio::test(flavor = "multi_thread")]
async fn a_household_moved_while_it_is_edited_offline_costs_no_edit_and_no_count() {
    let place = Place::open();
    let (other_grid, there) = neighbour(&place).await;
    let here = place.phone().await;
    let kept = household(&here, "501");
    let moved = household(&here, "502");
    here.sync().await.unwrap();
    here.set(moved, "contact.phone", "13800000009").unwrap();
    move_record(&place, moved, other_grid);
    here.sync().await.unwrap();
    there.sync().await.unwrap();

    // The edit is at the server and waits; the phone says so.
    let refusals = here.core.list_refusals().unwrap();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].code, "under_review");
    let states = here.core.count_states().unwrap();
    assert_eq!((states.at_server, states.needs_attention), (1, 1));
    assert_eq!(ids(&there), [moved]);
    assert_eq!(text(&there, moved, "contact.phone"), "13800000001");

    // A supervisor looks at it and lets it in.
    let (username, password) = place.admin.create_supervisor("孙主管").unwrap();
    let mut desk = Desk::sign_in(&place.server, (&username, &password))
        .await
        .unwrap();
    let list = desk.get("/review").await.unwrap();
    let item = between(&list, "<a href=\"/review/", "\"").unwrap();
    let item = format!("/review/{item}");
    let page = desk.get(&item).await.unwrap();
    assert!(page.contains("138****0009"), "{page}");
    let answer = desk
        .submit(&item, &format!("{item}/accept"), &[])
        .await
        .unwrap();
    assert_eq!(answer.status, 303);

    here.sync().await.unwrap();
    there.sync().await.unwrap();
    assert_eq!(text(&there, moved, "contact.phone"), "13800000009");
    assert_eq!(ids(&here), [kept], "the phone dropped it");
    let states = here.core.count_states().unwrap();
    assert_eq!(
        (states.on_phone, states.at_server, states.needs_attention),
        (0, 1, 0),
        "and counts what the server counts for its grid"
    );
    place.assert_all_agree(&[&here]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_the_grid_is_told_why_a_late_edit_was_not_taken_over() {
    let place = Place::open();
    let here = place.phone().await;
    let record = household(&here, "501");
    here.sync().await.unwrap();
    here.set(record, "address.room", "502").unwrap();
    let listed = place.admin.run(&["person", "list"]).unwrap();
    let worker = place.worker.to_string();
    let person = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|person| person["id"] == worker.as_str())
        .unwrap();
    let assignment = person["assignments"][0]["id"].as_str().unwrap().to_owned();
    place.admin.run(&["unassign", &assignment]).unwrap();
    here.sync().await.unwrap();
    assert_eq!(here.core.list_refusals().unwrap()[0].code, "under_review");

    let (username, password) = place.admin.create_supervisor("孙主管").unwrap();
    let mut desk = Desk::sign_in(&place.server, (&username, &password))
        .await
        .unwrap();
    let list = desk.get("/review").await.unwrap();
    let item = between(&list, "<a href=\"/review/", "\"").unwrap();
    let item = format!("/review/{item}");
    desk.submit(&item, &format!("{item}/refuse"), &[("reason", "房号有误")])
        .await
        .unwrap();
    here.sync().await.unwrap();
    let told = here.core.list_refusals().unwrap();
    assert_eq!(
        (told[0].code.as_str(), told[0].detail.as_str()),
        ("review_refused", "房号有误")
    );
    let row = here.core.find_record(record).unwrap().unwrap().row;
    assert_eq!(row.state, RecordState::NeedsAttention);
    here.core.discard_refused(record).unwrap();
    here.sync().await.unwrap();
    assert!(ids(&here).is_empty());
}

/// A move is a decision of the server's own, which a backup may not hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_a_restored_backup_does_not_know_comes_back_with_the_record() {
    let mut place = Place::open();
    let (other_grid, there) = neighbour(&place).await;
    let here = place.phone().await;
    let moved = household(&here, "502");
    here.sync().await.unwrap();
    let backup = place.server.data().with_file_name("backup.sqlite");
    place.admin.command("backup", &[backup.as_path()]).unwrap();
    move_record(&place, moved, other_grid);
    for phone in [&here, &there] {
        phone.sync().await.unwrap();
    }
    there.set(moved, "contact.phone", "13800000009").unwrap();
    there.sync().await.unwrap();

    place.server.stop(false).unwrap();
    place.admin.command("restore", &[backup.as_path()]).unwrap();
    place.server.start_again().unwrap();
    for phone in [&there, &here, &there, &here] {
        phone.sync().await.unwrap();
    }
    assert_eq!(ids(&there), [moved]);
    assert!(ids(&here).is_empty());
    assert_eq!(text(&there, moved, "contact.phone"), "13800000009");
    let states = there.core.count_states().unwrap();
    assert_eq!((states.at_server, states.needs_attention), (1, 0));
    assert!(place.server_state().await.is_empty(), "not in the old grid");
}
