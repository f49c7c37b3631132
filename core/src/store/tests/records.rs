//! What a person does with records on one phone.

use wangge_model::{
    FieldValue, RecordId, RecordKind,
    document::{FieldEdit, schema::FieldError},
    member_move::{MemberMove, MemberMoveError},
};

use super::{Hub, Phone, grid, path, set};
use crate::{Error, RecordQuery, RecordState};

#[test]
fn before_enrolment_nothing_can_be_entered() {
    let phone = Phone::new(1);
    let result = phone
        .core()
        .create_record(RecordKind::Visit, grid(1), &[set("diary", "一")]);
    assert!(matches!(result, Err(Error::NotEnrolled)), "{result:?}");
}

#[test]
fn a_record_belongs_to_a_grid_of_ones_own() {
    let phone = Phone::enrolled(1, &[1]);
    let result = phone
        .core()
        .create_record(RecordKind::Visit, grid(2), &[set("diary", "一")]);
    assert!(matches!(result, Err(Error::NotGranted)), "{result:?}");
    assert_eq!(phone.core().grids().unwrap()[0].name, "第1网格");
}

#[test]
fn a_role_that_may_not_write_a_kind_of_record_is_told_so() {
    let phone = Phone::enrolled(1, &[1]);
    let core = phone.core();
    let household =
        |text| core.create_record(RecordKind::Household, grid(1), &[set("address.room", text)]);
    let mine = household("501").unwrap();
    let as_role = |role: &str| {
        let mut grants = super::grants(2, &[1]);
        grants.grids[0].role = role.to_owned();
        phone
            .store()
            .write(|tx| crate::store::grid::store_grants(tx, &grants))
            .unwrap();
    };
    // A street looks on: it reports incidents and writes no household.
    as_role("street_staff");
    let refused = household("502");
    assert!(matches!(refused, Err(Error::NotAllowed)), "{refused:?}");
    let edited = core.edit_record(mine, &[set("address.room", "503")]);
    assert!(matches!(edited, Err(Error::NotAllowed)), "{edited:?}");
    core.create_record(RecordKind::Incident, grid(1), &[set("title", "路灯不亮")])
        .unwrap();
    // A role of a newer server: that decides.
    as_role("a_role_of_2030");
    household("504").unwrap();
}

#[test]
fn what_is_saved_is_normalised_shown_and_waits_for_the_server() {
    let phone = Phone::enrolled(1, &[1]);
    let id = phone
        .core()
        .create_record(
            RecordKind::Household,
            grid(1),
            &[
                set("address.room", "  501  "),
                set("contact.phone", "138 0013 8000"),
                set("members.m1.name", "王小明"),
                set("notes", ""),
            ],
        )
        .unwrap();
    let view = phone.core().find_record(id).unwrap().unwrap();
    assert_eq!(view.row.state, RecordState::OnPhone);
    assert_eq!(view.row.summary.title, "501");
    assert_eq!(view.row.summary.phone, "13800138000");
    assert_eq!(view.row.pending_count, 1);
    assert!(view.conflicts.is_empty());
    assert_eq!(view.history.len(), 1);
    assert!(view.history[0].mine);
    assert_eq!(
        phone.core().household(id).unwrap().members["m1"].name,
        "王小明"
    );
    assert!(matches!(
        phone.core().visit(id),
        Err(Error::NotFound { what: "visit" })
    ));
    phone.check();
}

#[test]
fn a_bad_value_names_its_field_and_nothing_is_stored() {
    let phone = Phone::enrolled(1, &[1]);
    let result = phone.core().create_record(
        RecordKind::Household,
        grid(1),
        &[set("address.room", "501"), set("contact.phone", "12")],
    );
    match result {
        Err(Error::Invalid { path, reason }) => {
            assert_eq!(path.as_str(), "contact.phone");
            assert_eq!(reason, FieldError::NotAPhoneNumber);
        }
        other => panic!("{other:?}"),
    }
    let result =
        phone
            .core()
            .create_record(RecordKind::Incident, grid(1), &[set("case.number", "1")]);
    assert!(matches!(
        result,
        Err(Error::Invalid {
            reason: FieldError::ServerOwned,
            ..
        })
    ));
    assert!(
        phone
            .core()
            .list_records(&RecordQuery::default())
            .unwrap()
            .is_empty()
    );
    assert!(matches!(
        phone
            .core()
            .create_record(RecordKind::Visit, grid(1), &[set("diary", "  ")]),
        Err(Error::Empty)
    ));
}

#[test]
fn an_emptied_box_clears_its_field_and_the_same_value_writes_nothing() {
    let phone = Phone::enrolled(1, &[1]);
    let id = phone.household(1, "殷巷村一号");
    phone.edit(id, "address.detail", "殷巷村一号");
    assert_eq!(
        phone
            .core()
            .find_record(id)
            .unwrap()
            .unwrap()
            .row
            .pending_count,
        1
    );
    phone.edit(id, "contact.phone", " ");
    assert_eq!(phone.text(id, "contact.phone"), None);
    assert_eq!(
        phone
            .core()
            .find_record(id)
            .unwrap()
            .unwrap()
            .row
            .summary
            .phone,
        ""
    );
}

#[test]
fn a_visit_refers_to_its_household() {
    let phone = Phone::enrolled(1, &[1]);
    let household = phone.household(1, "殷巷村一号");
    let visit = phone
        .core()
        .create_record(
            RecordKind::Visit,
            grid(1),
            &[
                set("household", &household.to_string()),
                set("kind", "household"),
                set("diary", "老人腿脚不便"),
            ],
        )
        .unwrap();
    let query = RecordQuery {
        household: Some(household),
        ..RecordQuery::default()
    };
    let rows = phone.core().list_records(&query).unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [visit]);
    assert_eq!(
        phone.core().visit(visit).unwrap().household,
        Some(household)
    );
}

#[test]
fn many_edits_are_compacted_and_reopened_alike() {
    let mut phone = Phone::enrolled(1, &[1]);
    let id = phone.household(1, "殷巷村一号");
    for number in 0..70 {
        phone.edit(id, "address.room", &format!("{number}室"));
    }
    let loose = |phone: &Phone| -> i64 {
        phone
            .store()
            .read(|db| Ok(db.query_row("SELECT count(*) FROM change", [], |row| row.get(0))?))
            .unwrap()
    };
    assert!(loose(&phone) < 20);
    let before = phone.store().canonical_state(id).unwrap();
    phone.core().tidy().unwrap();
    phone.open(1);
    assert_eq!(phone.store().canonical_state(id).unwrap(), before);
    assert_eq!(before.unwrap().changes.len(), 71);
    // All of it can still be sent, from the document.
    let mut hub = Hub::new();
    assert_eq!(hub.sync(&phone).receipted, 71);
    assert_eq!(
        hub.records[&id].1.text("address.room").as_deref(),
        Some("69室")
    );
}

#[test]
fn drafts_survive_and_become_a_record_exactly_once() {
    let mut phone = Phone::enrolled(1, &[1]);
    let mut draft = phone
        .core()
        .new_draft(RecordKind::Visit, Some(grid(1)), None);
    draft.edits = vec![set("diary", "写了一半"), set("follow_up_on", "还没想好")];
    phone.core().save_draft(&draft).unwrap();
    phone.open(1);
    let kept = phone.core().list_drafts().unwrap();
    assert_eq!(kept[0].edits, draft.edits);
    // Not valid yet: the draft stays.
    assert!(matches!(
        phone.core().finish_draft(draft.id),
        Err(Error::Invalid { .. })
    ));
    draft.edits[1] = set("follow_up_on", "2026-01-31");
    phone.core().save_draft(&draft).unwrap();
    let id = phone.core().finish_draft(draft.id).unwrap();
    assert_eq!(phone.core().visit(id).unwrap().diary, "写了一半");
    assert!(phone.core().list_drafts().unwrap().is_empty());
    assert!(matches!(
        phone.core().finish_draft(draft.id),
        Err(Error::NotFound { what: "draft" })
    ));
    // Editing by draft.
    let mut again = phone.core().new_draft(RecordKind::Visit, None, Some(id));
    again.edits = vec![set("diary", "写完了")];
    phone.core().save_draft(&again).unwrap();
    assert_eq!(phone.core().finish_draft(again.id).unwrap(), id);
    assert_eq!(phone.core().visit(id).unwrap().diary, "写完了");
    phone.core().delete_draft(again.id).unwrap();
}

#[test]
fn a_record_that_is_not_here_is_not_found() {
    let phone = Phone::enrolled(1, &[1]);
    let id = RecordId::from_bytes([7; 16]);
    assert_eq!(phone.core().find_record(id).unwrap(), None);
    assert!(matches!(
        phone.core().edit_record(id, &[set("diary", "一")]),
        Err(Error::NotFound { what: "record" })
    ));
    assert!(phone.core().find_draft(id).unwrap().is_none());
}

#[test]
fn both_values_of_a_conflict_are_shown_with_mine_marked_and_one_tap_settles_it() {
    let (one, two, mut hub) = (
        Phone::enrolled(1, &[1]),
        Phone::enrolled(2, &[1]),
        Hub::new(),
    );
    let id = one.household(1, "殷巷村一号");
    hub.sync(&one);
    hub.sync(&two);
    one.edit(id, "contact.phone", "13800000001");
    two.edit(id, "contact.phone", "13800000002");
    two.edit(id, "address.room", "501");
    hub.sync(&one);
    let applied = hub.sync(&two);
    assert_eq!(applied.new_conflicts, 1);
    hub.sync(&one);
    for phone in [&one, &two] {
        let view = phone.core().find_record(id).unwrap().unwrap();
        assert_eq!(view.row.state, RecordState::NeedsAttention);
        assert_eq!(view.conflicts.len(), 1);
        let mine: Vec<_> = view.conflicts[0]
            .candidates
            .iter()
            .filter(|candidate| candidate.mine)
            .collect();
        assert_eq!(mine.len(), 1);
        let number = if phone.number == 1 {
            "13800000001"
        } else {
            "13800000002"
        };
        assert_eq!(mine[0].value, Some(FieldValue::text(number)));
    }
    let counts = one.core().count_states().unwrap();
    assert_eq!(
        (counts.on_phone, counts.at_server, counts.needs_attention),
        (0, 0, 1)
    );
    one.core()
        .settle_conflict(
            id,
            path("contact.phone"),
            Some(FieldValue::text("13800000002")),
        )
        .unwrap();
    assert_eq!(
        one.core().find_record(id).unwrap().unwrap().row.state,
        RecordState::OnPhone
    );
    hub.sync(&one);
    hub.sync(&two);
    for phone in [&one, &two] {
        let view = phone.core().find_record(id).unwrap().unwrap();
        assert!(view.conflicts.is_empty());
        assert_eq!(view.row.state, RecordState::AtServer);
        assert_eq!(view.row.summary.phone, "13800000002");
    }
    assert_same_fields(&one, &two, id);
}

fn assert_same_fields(one: &Phone, two: &Phone, id: RecordId) {
    super::assert_same(one, two);
    assert_eq!(one.text(id, "address.room").as_deref(), Some("501"));
    let clear = FieldEdit::clear(path("address.room"));
    one.core().edit_record(id, &[clear]).unwrap();
    assert_eq!(one.text(id, "address.room"), None);
    assert_eq!(two.text(id, "address.room").as_deref(), Some("501"));
}

#[test]
fn a_person_moves_to_another_household_and_what_others_wrote_meanwhile_stays() {
    let mut hub = Hub::new();
    let (one, two) = (Phone::enrolled(1, &[1]), Phone::enrolled(2, &[1]));
    let household = |room: &str, fields: &[FieldEdit]| {
        let edits = [&[set("address.room", room)], fields].concat();
        let id = one
            .core()
            .create_record(RecordKind::Household, grid(1), &edits);
        id.unwrap()
    };
    let old = household(
        "501",
        &[
            set("members.p1.name", "李雷"),
            set("members.p2.name", "韩梅梅"),
        ],
    );
    let new = household("502", &[]);
    hub.sync(&one);
    hub.sync(&two);
    // Meanwhile somebody else writes down the person's phone, in the old file.
    two.core()
        .edit_record(old, &[set("members.p1.phone", "13800138000")])
        .unwrap();
    let step = MemberMove {
        member: "p1".to_owned(),
        from: old,
        to: new,
        on: "2026-11-26".parse().unwrap(),
        relation: "0".to_owned(),
        registered_here: None,
    };
    one.core().move_member(&step).unwrap();
    for phone in [&one, &two, &one] {
        hub.sync(phone);
    }
    for phone in [&one, &two] {
        let (before, after) = (phone.core().household(old), phone.core().household(new));
        let (before, after) = (before.unwrap(), after.unwrap());
        assert_eq!(before.members["p1"].left_on, "2026-11-26");
        assert_eq!(before.members["p1"].phone, "13800138000");
        assert_eq!(before.members["p1"].moved_to, Some(new));
        assert_eq!(after.members["p1"].name, "李雷");
        assert_eq!(after.members["p1"].moved_from, Some(old));
        let rows = phone.core().list_records(&RecordQuery::default()).unwrap();
        let count = |id| {
            rows.iter()
                .find(|row| row.id == id)
                .unwrap()
                .summary
                .member_count
        };
        assert_eq!((count(old), count(new)), (1, 1));
    }
    let again = one.core().move_member(&step);
    assert!(
        matches!(again, Err(Error::MemberMove(MemberMoveError::HasLeft))),
        "{again:?}"
    );
    let nonsense = MemberMove {
        relation: "?".to_owned(),
        ..step
    };
    let refused = one.core().move_member(&nonsense);
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
}
