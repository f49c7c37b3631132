//! A person sees and changes the records of their own grids and no others;
//! what does not belong is kept apart with a reason, not dropped.

use wangge_model::{
    GridId, SystemEntropy, Timestamp,
    protocol::{PushItem, Verdict},
};
use wangge_tests::{
    light_client::{LightClient, Refused, read},
    workload::Workload,
};

use crate::support::{Place, household};

fn new_record(workload: &mut Workload, client: &LightClient, grid: GridId) -> PushItem {
    workload
        .next_authored(client.actor)
        .unwrap()
        .push_item(grid)
}

fn is_kept_apart(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Quarantined { code, .. } if !code.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_for_another_grid_is_kept_apart_and_the_rest_is_taken() {
    let place = Place::open();
    let other_grid = place.admin.create_grid("第二网格").unwrap();
    let other_worker = place.admin.create_worker("赵静", other_grid).unwrap();
    let link = place.admin.enrolment_link(other_worker).unwrap();
    let mut neighbour = LightClient::enrol(&link, None, &SystemEntropy)
        .await
        .unwrap();
    let mut client = place.light_client().await;
    let mut workload = Workload::new(9, Timestamp::from_millis(1_767_225_600_000));

    let items = vec![
        new_record(&mut workload, &client, place.grid),
        new_record(&mut workload, &client, other_grid),
        new_record(&mut workload, &client, place.grid),
    ];
    let verdicts = client.push(items).await.unwrap();
    assert!(
        matches!(verdicts[0], Verdict::Accepted { .. }),
        "{verdicts:?}"
    );
    assert!(is_kept_apart(&verdicts[1]), "{verdicts:?}");
    assert!(
        matches!(verdicts[2], Verdict::Accepted { .. }),
        "{verdicts:?}"
    );
    assert_eq!(place.server_state().await.len(), 2);
    assert!(neighbour.snapshot(other_grid).await.unwrap().0.is_empty());
    assert_eq!(place.count_quarantined(), 1, "kept, with its bytes");

    // Nor can the neighbour change a record that is not theirs.
    let phone = place.phone().await;
    let record = household(&phone, "501");
    phone.sync().await.unwrap();
    let mut stolen = phone.document(record).unwrap();
    let change = stolen
        .edit(
            &[crate::support::edit("address.room", "666")],
            neighbour.actor,
            Timestamp::from_millis(1_767_225_600_000),
        )
        .unwrap()
        .unwrap();
    let item = PushItem {
        record,
        record_epoch: 0,
        kind: stolen.kind(),
        grid: other_grid,
        hash: change.hash,
        change: change.bytes,
    };
    let verdicts = neighbour.push(vec![item]).await.unwrap();
    assert!(is_kept_apart(&verdicts[0]), "{verdicts:?}");
    phone.sync().await.unwrap();
    assert_eq!(crate::support::text(&phone, record, "address.room"), "501");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_grids_snapshot_is_not_given_out() {
    let place = Place::open();
    let other_grid = place.admin.create_grid("第二网格").unwrap();
    let mut client = place.light_client().await;
    let answer = client
        .get(&format!("/v1/grids/{other_grid}/snapshot"))
        .await
        .unwrap();
    let refused = read::<wangge_model::protocol::SnapshotPage>(&answer)
        .unwrap_err()
        .downcast::<Refused>()
        .unwrap();
    assert_eq!(
        (refused.status, refused.problem.code.as_str()),
        (403, "out_of_scope")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_made_in_anothers_name_is_kept_apart_and_theirs_still_counts() {
    let place = Place::open();
    let (mut victim, mut attacker) = (place.light_client().await, place.light_client().await);
    let mut workload = Workload::new(13, Timestamp::from_millis(1_767_225_600_000));
    let forged = new_record(&mut workload, &victim, place.grid);
    let verdicts = attacker.push(vec![forged.clone()]).await.unwrap();
    assert!(is_kept_apart(&verdicts[0]), "{verdicts:?}");
    assert!(place.server_state().await.is_empty());
    let verdicts = victim.push(vec![forged]).await.unwrap();
    assert!(
        matches!(verdicts[0], Verdict::Accepted { .. }),
        "{verdicts:?}"
    );
}
