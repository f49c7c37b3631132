//! The self-test, from files as a phone has them.

use wangge_model::RecordKind;

use super::{Hub, Phone, grid, set};
use crate::{Error, QuizKind, port::SyncStore as _};

fn house(phone: &Phone, room: &str, name: &str, more: &[(&str, &str)]) {
    phone.tick();
    let mut edits = vec![
        set("address.estate", "阳光花园"),
        set("address.building", "3号楼"),
        set("address.room", room),
        set("contact.name", name),
    ];
    edits.extend(more.iter().map(|(path, text)| set(path, text)));
    let core = phone.core();
    core.create_record(RecordKind::Household, grid(1), &edits)
        .unwrap();
}

#[test]
fn a_quiz_is_made_from_the_files_and_its_result_stays_on_the_phone() {
    let mut hub = Hub::new();
    let phone = Phone::enrolled(1, &[1, 2]);
    assert_eq!(phone.core().quiz(grid(1), 1, 5).unwrap(), []);
    for (room, name) in [("101", "王小明"), ("102", "李雷"), ("103", "韩梅梅")] {
        house(&phone, room, name, &[("ledger", "tenant")]);
    }
    house(&phone, "104", "赵一", &[("labels.x.group", "dibao")]);
    let core = phone.core();
    let questions = core.quiz(grid(1), 42, 20).unwrap();
    assert_eq!(
        questions,
        core.quiz(grid(1), 42, 20).unwrap(),
        "by its seed"
    );
    let of = |kind| {
        questions
            .iter()
            .filter(move |question| question.kind == kind)
    };
    assert_eq!(of(QuizKind::WhoLives).count(), 4);
    let tenants = of(QuizKind::Tenants).next().unwrap();
    assert_eq!(tenants.about, "阳光花园3号楼");
    assert_eq!(tenants.options[tenants.right], "3");
    let care = of(QuizKind::CareGroup).next().unwrap();
    assert_eq!(care.options[care.right], "dibao");
    for question in of(QuizKind::WhoLives) {
        assert!(question.options.iter().all(|name| name.contains('*')));
    }
    assert_eq!(core.quiz(grid(1), 42, 2).unwrap().len(), 2);
    assert_eq!(
        core.quiz(grid(2), 42, 5).unwrap(),
        [],
        "of another grid nothing"
    );
    let elsewhere = core.quiz(grid(9), 42, 5);
    assert!(matches!(elsewhere, Err(Error::NotFound { what: "grid" })));
    // What came of it waits for nobody.
    hub.sync(&phone);
    core.note_quiz(grid(1), 5, 4).unwrap();
    phone.tick();
    core.note_quiz(grid(1), 3, 9).unwrap();
    assert!(matches!(core.note_quiz(grid(1), 0, 0), Err(Error::Empty)));
    let results = core.quiz_results(grid(1)).unwrap();
    let counts: Vec<(u32, u32)> = results.iter().map(|one| (one.asked, one.right)).collect();
    assert_eq!(counts, [(3, 3), (5, 4)], "latest first");
    assert_eq!(core.quiz_results(grid(2)).unwrap(), []);
    let push = phone.store().next_push(100, 1 << 20);
    assert!(push.unwrap().is_none(), "nothing to send");
}
