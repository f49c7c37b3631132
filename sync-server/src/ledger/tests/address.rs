//! Households that get the keys and places of standard addresses.

use wangge_model::boundary::testing;

use super::*;
use crate::ledger::address::{AddressImport, AddressSummary};

async fn import(world: &World, csv: &str, writes: bool) -> (AddressSummary, Remarks) {
    let storage = world.server.state.storage.as_ref();
    let scope = world.scope_of(world.person).await;
    let import = AddressImport::open(sheet_of(csv), storage, scope)
        .await
        .unwrap();
    let writer = world.writer();
    import
        .run(storage, writes.then_some(&writer), &mut |_| ())
        .await
        .unwrap()
}

#[tokio::test]
async fn households_get_key_and_place_where_they_have_none() {
    let world = World::new(31).await;
    let here = testing::place(50.0, 60.0);
    let (grid, shape) = (world.server.grids[0], testing::community(1, 1, 4, 1).0);
    world
        .server
        .state
        .storage
        .put_boundaries(&[(grid.into(), shape)], world.server.clock.now())
        .await
        .unwrap();
    let room = |room: &'static str| {
        [
            ("address.estate", "阳光花园"),
            ("address.building", "3号楼"),
            ("address.room", room),
        ]
    };
    world.collect(&room("501室")).await;
    let mut known = room("502").to_vec();
    known.push(("address.standard_key", "OWN-1"));
    world.collect(&known).await;
    for _ in 0..2 {
        world.collect(&room("503")).await;
    }
    let (longitude, latitude) = (here.longitude, here.latitude);
    let table = format!(
        "标准地址编码,小区,楼栋,室,经度,纬度\n\
         K501,阳光花园,三栋,501,{longitude},{latitude}\n\
         K502,阳光花园,3号楼,502室,{longitude},{latitude}\n\
         K503,阳光花园,3号楼,503,{longitude},{latitude}\n\
         K999,阳光花园,9号楼,101,{longitude},{latitude}\n\
         K000,阳光花园,3号楼,501,100.5,30.5\n"
    );
    let expected = AddressSummary {
        rows: 5,
        filled: 2,
        known: 0,
        nobody: 1,
        several: 1,
        errors: 1,
    };
    let (checked, remarks) = import(&world, &table, false).await;
    assert_eq!(checked, expected, "{remarks:?}");
    assert_eq!(remarks.kept[0].row, 6, "a point in no grid of theirs");
    let of = |document: &RecordDocument| {
        let point = document.read().point();
        let key = document.text("address.standard_key");
        (key, point.map(|point| point.longitude_latitude()))
    };
    let household = async |title: &str| {
        let households = world.households_titled(title).await;
        households.into_iter().next().unwrap()
    };
    assert_eq!(
        of(&household("501").await),
        (None, None),
        "nothing is written"
    );

    assert_eq!(import(&world, &table, true).await.0, expected);
    let key = |text: &str| Some(text.to_owned());
    assert_eq!(of(&household("501").await), (key("K501"), Some(here)));
    let own = of(&household("502").await);
    assert_eq!(own, (key("OWN-1"), Some(here)), "its own key stays");
    assert_eq!(of(&household("503").await), (None, None));
    let again = import(&world, &table, true).await.0;
    assert_eq!((again.filled, again.known), (0, 2));
}

#[tokio::test]
async fn a_table_without_keys_is_none_of_addresses() {
    let world = World::new(32).await;
    let storage = world.server.state.storage.as_ref();
    let scope = world.scope_of(world.person).await;
    let sheet = sheet_of("小区,楼栋,室\n阳光花园,3号楼,501\n");
    let refused = AddressImport::open(sheet, storage, scope).await;
    assert!(matches!(refused, Err(ImportFailure::Columns(_))));
}
