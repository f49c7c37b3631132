//! The register as a table, and back.

use std::io::{Cursor, Read as _, Seek as _};

use super::*;
use crate::ledger::export::{ExportOptions, Exported, FileForm, export};

const LEDGER: &str = "\
网格,小区,楼栋,室,姓名,性别,出生日期,身份证号,与户主关系,手机号,房屋类型,特殊群体,备注,经度,纬度\n\
第一网格,阳光花园,3号楼,0501,王小明,男,1890-05-01,370102189005010012,户主,13800000011,自住房,,=1+1,117.03,36.65\n\
第一网格,阳光花园,3号楼,0501,李雷,男,1895-06-01,,子,,自住房,独居老人,=1+1,117.03,36.65\n\
第二网格,幸福里,5号楼,502,@赵大海,男,1891-01-01,,户主,053182012345,出租房,低保户,,,\n";

async fn world() -> World {
    let world = World::new(9).await;
    let number = wangge_model::CitizenId::synthetic(
        370_102,
        NaiveDate::from_ymd_opt(1890, 5, 1).unwrap(),
        1,
    )
    .unwrap();
    let text = LEDGER.replace("370102189005010012", number.as_str());
    let (summary, remarks) = world.import(sheet_of(&text), Options::default()).await;
    assert_eq!(summary.new, 2, "{remarks:?}");
    world
}

async fn exported(world: &World, options: &ExportOptions) -> (Exported, Vec<u8>) {
    let scope = world.scope_of(world.person).await;
    let storage = world.server.state.storage.as_ref();
    let mut file = tempfile::tempfile().unwrap();
    let done = export(
        storage,
        &scope,
        options,
        file.try_clone().unwrap(),
        &mut |_| (),
    )
    .await
    .unwrap();
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    (done, bytes)
}

fn options(form: FileForm, unmasked: bool) -> ExportOptions {
    ExportOptions {
        form,
        language: Language::Chinese,
        grid: None,
        ledger: None,
        unmasked,
    }
}

#[tokio::test]
async fn a_masked_table_shows_nobody_and_cannot_be_imported() {
    let world = world().await;
    let (done, bytes) = exported(&world, &options(FileForm::Csv, false)).await;
    assert_eq!((done.households, done.rows), (2, 3));
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with('\u{FEFF}'));
    for whole in ["王小明", "13800000011", "053182012345", "37010218900501"] {
        assert!(!text.contains(whole), "{whole}: {text}");
    }
    assert!(
        text.contains("王**") && text.contains("138****0011"),
        "{text}"
    );
    assert!(text.contains("'=1+1"), "a formula is text: {text}");
    let (summary, remarks) = world.check(sheet_of(&text), Options::default()).await;
    assert_eq!(summary.to_write(), 0);
    assert!(remarks.errors > 0);
}

#[tokio::test]
async fn an_unmasked_table_comes_back_as_it_went_in_every_form() {
    for form in [FileForm::Csv, FileForm::Xlsx] {
        let world = world().await;
        let (_, bytes) = exported(&world, &options(form, true)).await;
        let table = |bytes: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            read(&mut file)
        };
        let before = world
            .server
            .state
            .storage
            .list_feed_heads(&world.server.grids)
            .await
            .unwrap();
        let (summary, remarks) = world.import(table(&bytes), Options::default()).await;
        assert_eq!(remarks.errors, 0, "{remarks:?}");
        assert_eq!((summary.new, summary.held_back), (0, 0), "{form:?}");
        let after = world
            .server
            .state
            .storage
            .list_feed_heads(&world.server.grids)
            .await
            .unwrap();
        assert_eq!(
            before.iter().map(|head| head.head_seq).collect::<Vec<_>>(),
            after.iter().map(|head| head.head_seq).collect::<Vec<_>>(),
            "{form:?}: nothing changed"
        );
        if form == FileForm::Csv {
            // Worked on in between: the record is found by its id and follows.
            let text = String::from_utf8(bytes).unwrap();
            let changed = text.replace("13800000011", "13800000033");
            let (summary, _) = world.import(sheet_of(&changed), Options::default()).await;
            assert_eq!(summary.changed, 1);
            let households = world.households().await;
            let one = plain(&households["第一网格 阳光花园3号楼0501"]);
            assert_eq!(one["members.王小明.phone"], "13800000033");
            assert_eq!(one["notes"], "=1+1");
        }
    }
}

#[tokio::test]
async fn grid_and_ledger_narrow_a_table_and_a_map_has_the_points() {
    let world = world().await;
    let mut of_grid = options(FileForm::Csv, false);
    of_grid.grid = Some(world.server.grids[1]);
    assert_eq!(exported(&world, &of_grid).await.0.households, 1);
    let mut of_ledger = options(FileForm::Csv, false);
    of_ledger.ledger = Some("tenant".to_owned());
    let (_, all) = exported(&world, &options(FileForm::Csv, false)).await;
    let tenants = String::from_utf8(all).unwrap().matches("租房户").count();
    assert_eq!(exported(&world, &of_ledger).await.0.rows, tenants as u64);
    assert_eq!(tenants, 1, "derived from the rented dwelling");

    let (done, bytes) = exported(&world, &options(FileForm::GeoJson, false)).await;
    let map: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let features = map["features"].as_array().unwrap();
    assert_eq!((done.rows, features.len()), (1, 1));
    assert_eq!(features[0]["geometry"]["coordinates"][0], 117.03);
    assert!(!map.to_string().contains("0501"), "{map}");
    // Somebody else's scope is empty.
    let stranger = world
        .server
        .add_worker("网格员", world.server.grids[1])
        .await;
    let scope = world.scope_of(stranger).await;
    let done = export(
        world.server.state.storage.as_ref(),
        &scope,
        &options(FileForm::Csv, false),
        Cursor::new(Vec::new()),
        &mut |_| (),
    )
    .await
    .unwrap();
    assert_eq!(done.households, 1);
}
