//! The same file again, and files that changed.

use super::*;
use crate::ledger::{judge::Duplicates, remark::Reason, value::CellError};

const LEDGER: &str = "\
网格,小区,楼栋,单元,室,姓名,性别,出生日期,与户主关系,手机号,人户状态,特殊群体\n\
第一网格,阳光花园,3号楼,2单元,501,王小明,男,1990-05-01,户主,13800000011,人户一致,\n\
第一网格,阳光花园,3号楼,2单元,501,李雷,男,2015-06-01,子,,,留守儿童\n\
第二网格,阳光花园,3号楼,2单元,502,赵大海,男,1941-01-01,户主,,人户分离,独居老人、低保户\n";

async fn changes_of(world: &World) -> Vec<u64> {
    let heads = world
        .server
        .state
        .storage
        .list_feed_heads(&world.server.grids);
    heads
        .await
        .unwrap()
        .iter()
        .map(|head| head.head_seq)
        .collect()
}

/// A person edits a household as they would on a phone.
async fn edit(world: &World, title: &str, path: &str, value: &str) {
    let storage = &world.server.state.storage;
    let filter = RecordFilter {
        text: title.to_owned(),
        limit: 2,
        ..RecordFilter::default()
    };
    let page = storage
        .list_records(&world.person, world.server.clock.now(), &filter)
        .await
        .unwrap();
    let [listed] = page.records.as_slice() else {
        panic!("{title}: {} found", page.records.len());
    };
    let mut device = crate::testing::SimDevice::enrol(
        &world.server,
        world.server.add_worker("网格员", listed.grid).await,
    )
    .await;
    device.bootstrap(&world.server, listed.grid).await;
    device.edit(&world.server, listed.id, &[(path, value)]);
    assert_eq!(device.sync(&world.server).await, 1);
}

#[tokio::test]
async fn a_ledger_becomes_households_and_the_same_file_again_changes_nothing() {
    let world = World::new(1).await;
    let (summary, remarks) = world.import(sheet_of(LEDGER), Options::default()).await;
    assert_eq!(
        (summary.rows, summary.households, summary.people),
        (3, 2, 3)
    );
    assert_eq!((summary.new, summary.held_back), (2, 0));
    assert_eq!(remarks.total(), 0, "{remarks:?}");
    let households = world.households().await;
    let first = plain(&households["第一网格 阳光花园3号楼2单元501"]);
    assert_eq!(first["members.王小明.phone"], "13800000011");
    assert_eq!(first["members.李雷.relation"], "2");
    assert_eq!(first["labels.left_child 李雷.member"], "李雷");
    assert_eq!(first["ledger"], "consistent");
    let second = plain(&households["第二网格 阳光花园3号楼2单元502"]);
    assert_eq!(second["labels.dibao 赵大海.member"], "赵大海");

    let before = changes_of(&world).await;
    // Rows in another order and with other spaces say the same.
    let mut lines: Vec<&str> = LEDGER.lines().collect();
    lines[1..].reverse();
    let shuffled = lines.join("\n").replace("李雷", " 李　雷 ");
    for text in [LEDGER, &shuffled] {
        let (summary, _) = world.import(sheet_of(text), Options::default()).await;
        assert_eq!((summary.unchanged, summary.to_write()), (2, 0));
    }
    assert_eq!(changes_of(&world).await, before);
}

#[tokio::test]
async fn a_changed_row_edits_its_changed_fields_and_leaves_what_others_corrected() {
    let world = World::new(2).await;
    world.import(sheet_of(LEDGER), Options::default()).await;
    // Somebody corrects what the file says, and adds what it does not.
    edit(&world, "阳光花园3号楼2单元501", "ledger", "separated").await;
    edit(&world, "阳光花园3号楼2单元501", "notes", "有犬").await;
    let changed = LEDGER
        .replace("13800000011", "13800000022")
        .replace("独居老人、低保户", "低保户")
        .replace("李雷,男,2015-06-01,子", "李雷,男,2015-06-01,孙子");
    let before = changes_of(&world).await;
    let (summary, _) = world.import(sheet_of(&changed), Options::default()).await;
    assert_eq!((summary.changed, summary.new), (2, 0));
    let after = changes_of(&world).await;
    assert_eq!(after, [before[0] + 1, before[1] + 1], "one change each");
    let households = world.households().await;
    let first = plain(&households["第一网格 阳光花园3号楼2单元501"]);
    assert_eq!(first["members.王小明.phone"], "13800000022");
    assert_eq!(first["members.李雷.relation"], "4");
    assert_eq!(
        first["ledger"], "separated",
        "an old file undoes no correction"
    );
    assert_eq!(first["notes"], "有犬");
    let second = plain(&households["第二网格 阳光花园3号楼2单元502"]);
    assert_eq!(second["labels.solo_elder 赵大海.until"], "2026-03-01");
    assert!(!second.contains_key("labels.dibao 赵大海.until"));

    // A cell that was emptied empties its field; the label comes back.
    let emptied = changed
        .replace("13800000022", "")
        .replace("低保户", "低保户、独居老人");
    world.import(sheet_of(&emptied), Options::default()).await;
    let households = world.households().await;
    let first = plain(&households["第一网格 阳光花园3号楼2单元501"]);
    assert!(!first.contains_key("members.王小明.phone"));
    let second = plain(&households["第二网格 阳光花园3号楼2单元502"]);
    assert!(
        !second.contains_key("labels.solo_elder 赵大海.until"),
        "{second:?}"
    );
}

#[tokio::test]
async fn people_who_are_added_or_get_their_number_later_stay_one_person() {
    let world = World::new(3).await;
    world.import(sheet_of(LEDGER), Options::default()).await;
    let number = wangge_model::CitizenId::synthetic(
        379_001,
        NaiveDate::from_ymd_opt(1990, 5, 1).unwrap(),
        101,
    )
    .unwrap();
    let mut text = LEDGER.replace("特殊群体\n", "特殊群体,身份证号\n");
    text = text.replace("人户一致,\n", &format!("人户一致,,{}\n", number.as_str()));
    text.push_str("第一网格,阳光花园,3号楼,2单元,501,韩梅,女,1991-01-01,妻子,,,,\n");
    let (summary, _) = world.import(sheet_of(&text), Options::default()).await;
    assert_eq!((summary.changed, summary.unchanged), (1, 1));
    let households = world.households().await;
    let document = &households["第一网格 阳光花园3号楼2单元501"];
    assert_eq!(document.entries("members").len(), 3);
    let first = plain(document);
    assert_eq!(first["members.王小明.citizen_id"], number.as_str());
    assert_eq!(first["members.韩梅.relation"], "1");
}

/// A household that a worker collected.
async fn collected(world: &World) {
    world
        .collect(&[
            ("address.estate", "阳光花园"),
            ("address.building", "３号楼"),
            ("address.unit", "二单元"),
            ("address.floor", "5层"),
            ("address.room", "501室"),
            ("members.a.name", "王小明"),
            ("members.a.birth_date", "1990-05-01"),
            ("members.b.name", "赵大海"),
            ("members.b.birth_date", "1941-01-01"),
            ("ledger", "separated"),
        ])
        .await;
}

#[tokio::test]
async fn what_the_register_has_is_shown_and_left_alone_filled_or_entered_again() {
    for (duplicates, expected) in [
        (Duplicates::Skip, (1, 1, 0, 2)),
        (Duplicates::Fill, (1, 0, 1, 2)),
        (Duplicates::Add, (2, 0, 0, 3)),
    ] {
        let world = World::new(4).await;
        collected(&world).await;
        let options = Options {
            duplicates,
            ..Options::default()
        };
        let (summary, remarks) = world.import(sheet_of(LEDGER), options).await;
        let count = world
            .server
            .state
            .storage
            .list_records(
                &world.person,
                world.server.clock.now(),
                &RecordFilter::default(),
            )
            .await
            .unwrap()
            .total;
        assert_eq!(
            (summary.new, summary.skipped, summary.filled, count),
            expected
        );
        let told: Vec<(u32, &Reason)> = remarks
            .kept
            .iter()
            .map(|remark| (remark.row, &remark.reason))
            .collect();
        assert!(
            matches!(
                told.as_slice(),
                [
                    (2, Reason::HouseholdInRegister(_)),
                    (4, Reason::PersonInRegister(_))
                ]
            ),
            "{told:?}"
        );
        if let Reason::HouseholdInRegister(title) = told[0].1 {
            assert_eq!(title, "阳光花园***", "masked");
        }
        if duplicates == Duplicates::Fill {
            let households = world.households().await;
            let filled = plain(&households["第一网格 阳光花园３号楼二单元5层501室"]);
            assert_eq!(filled["members.王小明.phone"], "13800000011");
            assert_eq!(filled["members.李雷.birth_date"], "2015-06-01");
            assert_eq!(filled["ledger"], "separated", "only what was empty");
            assert_eq!(filled["address.room"], "501室");
        }
    }
}

#[tokio::test]
async fn only_grids_in_scope_are_written_and_nothing_is_told_of_others() {
    let world = World::new(5).await;
    collected(&world).await;
    let worker = world
        .server
        .add_worker("网格员乙", world.server.grids[1])
        .await;
    let scope = world.scope_of(worker).await;
    let storage = world.server.state.storage.as_ref();
    let sheet = sheet_of(LEDGER);
    let import = LedgerImport::open(
        sheet,
        storage,
        scope,
        Reach::MayWrite,
        today(),
        Options::default(),
    )
    .await
    .unwrap();
    let (summary, remarks) = import.check(storage, &mut |_| ()).await.unwrap();
    assert_eq!((summary.new, summary.held_back), (1, 1));
    let errors: Vec<_> = remarks
        .kept
        .iter()
        .map(|remark| remark.reason.clone())
        .collect();
    assert_eq!(errors, [Reason::Cell(CellError::UnknownGrid)]);
}

#[tokio::test]
async fn a_table_without_grids_goes_to_the_one_that_is_named() {
    let world = World::new(6).await;
    let text = "住址,姓名\n殷巷村东头第二家,王小明\n殷巷村东头第三家,李雷\n";
    let (summary, remarks) = world.check(sheet_of(text), Options::default()).await;
    assert_eq!((summary.held_back, remarks.errors), (2, 2));
    let options = Options {
        default_grid: Some(world.server.grids[1]),
        ..Options::default()
    };
    let (summary, _) = world.import(sheet_of(text), options).await;
    assert_eq!(summary.new, 2);
    let households = world.households().await;
    assert!(households.contains_key("第二网格 殷巷村东头第二家"));
}

#[tokio::test]
async fn numbered_people_in_one_row_and_columns_somebody_named_are_understood() {
    let world = World::new(7).await;
    let text = "网格,门牌,成员1姓名,成员1性别,成员2姓名,成员2性别\n\
                第一网格,幸福里5号,王小明,男,韩梅,女\n";
    let mapping = [("门牌".to_owned(), "address.detail".parse().unwrap())];
    let options = Options {
        mapping: mapping.into_iter().collect(),
        ..Options::default()
    };
    world.import(sheet_of(text), options).await;
    let households = world.households().await;
    let one = plain(&households["第一网格 幸福里5号"]);
    assert_eq!(one["members.王小明.sex"], "1");
    assert_eq!(one["members.韩梅.sex"], "2");
}
