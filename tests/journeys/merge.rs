//! Two phones collect offline, the server merges, everyone sees it.

use wangge_core::RecordState;
use wangge_model::RecordKind;

use crate::support::{Place, edit, household, text};

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_edit_offline_merge_and_settle_and_a_third_one_catches_up() {
    let place = Place::open();
    let (one, two) = (place.phone().await, place.phone().await);
    let record = household(&one, "501");
    one.sync().await.unwrap();
    two.sync().await.unwrap();
    assert_eq!(text(&two, record, "address.room"), "501");

    // Both offline: different fields, the same phone number, a member each,
    // the same notes.
    one.core
        .edit_record(
            record,
            &[
                edit("address.unit", "2单元"),
                edit("contact.phone", "13800000002"),
                edit("members.b.name", "王浩然"),
                edit("notes", "楼道灯已修好。"),
            ],
        )
        .unwrap();
    two.core
        .edit_record(
            record,
            &[
                edit("ledger", "tenant"),
                edit("contact.phone", "13800000003"),
                edit("members.c.name", "王雨桐"),
                edit("notes", "燃气已检查。"),
            ],
        )
        .unwrap();
    let visit = two
        .core
        .create_record(
            RecordKind::Visit,
            place.grid,
            &[
                edit("household", &record.to_string()),
                edit("diary", "老人身体硬朗。"),
            ],
        )
        .unwrap();
    for phone in [&one, &two, &one] {
        phone.sync().await.unwrap();
    }

    for phone in [&one, &two] {
        let view = phone.core.find_record(record).unwrap().unwrap();
        assert_eq!(view.row.state, RecordState::NeedsAttention);
        assert_eq!(view.conflicts.len(), 1);
        let conflict = &view.conflicts[0];
        assert_eq!(conflict.path.as_str(), "contact.phone");
        let mut values: Vec<_> = conflict
            .candidates
            .iter()
            .filter_map(|candidate| candidate.value.as_ref()?.as_text())
            .collect();
        values.sort_unstable();
        assert_eq!(values, ["13800000002", "13800000003"]);
        assert_eq!(
            conflict
                .candidates
                .iter()
                .filter(|candidate| candidate.mine)
                .count(),
            1
        );
        let whole = phone.core.household(record).unwrap();
        assert_eq!(whole.members.len(), 3);
        assert_eq!(
            (whole.address.unit.as_str(), whole.ledger.as_str()),
            ("2单元", "tenant")
        );
        assert!(whole.notes.contains("楼道灯") && whole.notes.contains("燃气"));
    }
    place.assert_all_agree(&[&one, &two]).await;

    let path = "contact.phone".parse().unwrap();
    one.core
        .settle_conflict(record, path, edit("contact.phone", "13800000003").value)
        .unwrap();
    one.sync().await.unwrap();
    two.sync().await.unwrap();
    let three = place.phone().await;
    three.sync().await.unwrap();
    for phone in [&one, &two, &three] {
        let view = phone.core.find_record(record).unwrap().unwrap();
        assert!(view.conflicts.is_empty());
        assert_eq!(view.row.state, RecordState::AtServer);
        assert_eq!(text(phone, record, "contact.phone"), "13800000003");
        assert_eq!(text(phone, visit, "diary"), "老人身体硬朗。");
    }
    place.assert_all_agree(&[&one, &two, &three]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_gets_its_number_from_the_server_and_a_phone_cannot_write_it() {
    let place = Place::open();
    let phone = place.phone().await;
    let incident = phone
        .core
        .create_record(
            RecordKind::Incident,
            place.grid,
            &[
                edit("title", "井盖缺失"),
                edit("description", "文化东路井盖缺失。"),
            ],
        )
        .unwrap();
    assert!(
        phone
            .core
            .edit_record(incident, &[edit("case.number", "1")])
            .is_err()
    );
    phone.sync().await.unwrap();
    phone.sync().await.unwrap();
    let whole = phone.core.incident(incident).unwrap();
    assert!(!whole.case.number.is_empty(), "{whole:?}");
    assert_eq!(whole.case.state, "reported");
    place.assert_all_agree(&[&phone]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_edits_on_three_phones_in_any_order_end_equal() {
    let place = Place::open();
    let phones = [
        place.phone().await,
        place.phone().await,
        place.phone().await,
    ];
    let records: Vec<_> = (0..6)
        .map(|n| household(&phones[n % 3], &format!("{n}01")))
        .collect();
    for phone in phones.iter().chain(&phones) {
        phone.sync().await.unwrap();
    }
    for round in 0..4_usize {
        for (number, phone) in phones.iter().enumerate() {
            for (place, record) in records.iter().enumerate() {
                let text = format!("{round}-{number}");
                if (round + number + place) % 2 == 0 {
                    phone.set(*record, "address.floor", &text).unwrap();
                } else {
                    phone
                        .set(*record, &format!("members.m{number}.name"), &text)
                        .unwrap();
                }
            }
            if (round + number) % 2 == 0 {
                phone.sync().await.unwrap();
            }
        }
    }
    for phone in phones.iter().chain(&phones) {
        phone.sync().await.unwrap();
    }
    place
        .assert_all_agree(&[&phones[0], &phones[1], &phones[2]])
        .await;
}
