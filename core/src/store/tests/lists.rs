//! Lists and search find what they should; `cargo xtask bench` says how fast.

use wangge_model::RecordKind;

use super::{Hub, Phone, grid, set};
use crate::{RecordQuery, RecordState};

fn query(text: &str) -> RecordQuery {
    RecordQuery {
        text: Some(text.to_owned()),
        ..RecordQuery::default()
    }
}

fn found(phone: &Phone, text: &str) -> Vec<String> {
    let rows = phone.core().list_records(&query(text)).unwrap();
    rows.into_iter().map(|row| row.summary.title).collect()
}

#[test]
fn control_characters_in_a_query_separate_words() {
    let phone = Phone::enrolled(1, &[1]);
    phone.household(1, "阳光花园3号楼501室");
    assert_eq!(found(&phone, "阳光花\0园3号楼"), ["阳光花园3号楼501室"]);
    assert_eq!(found(&phone, "阳光花园\u{1}"), ["阳光花园3号楼501室"]);
    assert_eq!(found(&phone, "\0"), Vec::<String>::new());
}

#[test]
fn words_of_any_length_find_what_contains_them() {
    let phone = Phone::enrolled(1, &[1]);
    let id = phone.household(1, "阳光花园3号楼501室");
    phone
        .core()
        .edit_record(
            id,
            &[set("members.m1.name", "王小明"), set("notes", "养了一只狗")],
        )
        .unwrap();
    phone.household(1, "殷巷村东头第二家");
    for text in [
        "阳光花园",
        "花园3",
        "501室",
        "王小明",
        "小明",
        "王",
        "狗",
        "只狗",
        "明",
        "138001",
        "38",
        "阳光 小明",
        "0",
        " 阳光  王 ",
    ] {
        assert!(
            found(&phone, text).contains(&"阳光花园3号楼501室".to_owned()),
            "{text}"
        );
    }
    assert_eq!(found(&phone, "第二家"), ["殷巷村东头第二家"]);
    assert_eq!(found(&phone, "家"), ["殷巷村东头第二家"]);
    for text in [
        "张",
        "张三",
        "王小红",
        "阳光 东头",
        "%",
        "\"",
        "'",
        "*",
        "阳光花园\"",
        " ",
    ] {
        assert!(found(&phone, text).is_empty(), "{text}");
    }
    phone.edit(id, "members.m1.name", "李雷");
    assert!(
        found(&phone, "王小明").is_empty(),
        "what was overwritten is not found"
    );
    assert_eq!(found(&phone, "李雷").len(), 1);
    assert_eq!(found(&phone, "李").len(), 1);
}

#[test]
fn lists_come_latest_first_by_page_and_by_filter() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1, 2]), Hub::new());
    for number in 0..5 {
        phone.household(1, &format!("甲{number}"));
    }
    hub.sync(&phone);
    phone.household(2, "乙0");
    phone
        .core()
        .create_record(RecordKind::Visit, grid(1), &[set("diary", "一")])
        .unwrap();
    let titles = |query: RecordQuery| -> Vec<String> {
        let rows = phone.core().list_records(&query).unwrap();
        rows.into_iter().map(|row| row.summary.title).collect()
    };
    let households = RecordQuery {
        kind: Some(RecordKind::Household),
        limit: 4,
        ..RecordQuery::default()
    };
    assert_eq!(titles(households.clone()), ["乙0", "甲4", "甲3", "甲2"]);
    let last = phone
        .core()
        .list_records(&households)
        .unwrap()
        .pop()
        .unwrap()
        .id;
    let next = RecordQuery {
        after: Some(last),
        ..households.clone()
    };
    assert_eq!(titles(next), ["甲1", "甲0"]);
    assert_eq!(
        titles(RecordQuery {
            grid: Some(grid(2)),
            ..households.clone()
        }),
        ["乙0"]
    );
    assert_eq!(
        titles(RecordQuery {
            state: Some(RecordState::OnPhone),
            ..households.clone()
        }),
        ["乙0"]
    );
    assert_eq!(
        titles(RecordQuery {
            state: Some(RecordState::AtServer),
            ..households.clone()
        })
        .len(),
        4
    );
    assert!(
        titles(RecordQuery {
            state: Some(RecordState::NeedsAttention),
            ..households
        })
        .is_empty()
    );
    assert_eq!(
        phone
            .core()
            .list_records(&RecordQuery::default())
            .unwrap()
            .len(),
        7
    );
    let counts = phone.core().count_states().unwrap();
    assert_eq!(
        (counts.on_phone, counts.at_server, counts.needs_attention),
        (2, 5, 0)
    );
}

#[test]
fn what_a_snapshot_brought_is_found_before_and_after_it_is_indexed() {
    let (one, two, mut hub) = (
        Phone::enrolled(1, &[1]),
        Phone::enrolled(2, &[1]),
        Hub::new(),
    );
    let id = one.household(1, "阳光花园3号楼501室");
    one.edit(id, "members.m1.name", "王小明");
    hub.sync(&one);
    hub.bootstrap(&two);
    let due = |phone: &Phone| {
        let due = phone
            .store()
            .read(|db| super::super::search::due(db, 10))
            .unwrap();
        due.unwrap().len()
    };
    assert_eq!(due(&two), 1);
    for text in ["阳光花园", "王小明", "王", "阳光 小明"] {
        assert_eq!(found(&two, text).len(), 1, "{text}");
    }
    // Changed before it was indexed: found as it is now.
    two.edit(id, "members.m1.name", "李雷");
    two.core().tidy().unwrap();
    assert_eq!(due(&two), 0);
    assert_eq!(found(&two, "李雷").len(), 1);
    assert_eq!(found(&two, "阳光花园").len(), 1);
    assert!(found(&two, "王小明").is_empty());
}
