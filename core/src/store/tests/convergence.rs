//! Whatever two phones do, in whatever order they sync: they end up the same.

use proptest::prelude::*;
use wangge_model::RecordKind;

use super::{Hub, Phone, assert_same, grid, set};

#[derive(Debug, Clone)]
enum Step {
    Create {
        phone: usize,
        room: u8,
    },
    Edit {
        phone: usize,
        record: usize,
        field: usize,
        text: u8,
    },
    Sync {
        phone: usize,
    },
    Refetch {
        phone: usize,
    },
    LoseReceipt {
        phone: usize,
    },
    Rotate {
        phone: usize,
    },
    Tidy {
        phone: usize,
    },
}

const FIELDS: &[&str] = &[
    "address.room",
    "address.unit",
    "contact.name",
    "notes",
    "members.m1.name",
];

fn step() -> impl Strategy<Value = Step> {
    let phone = 0..2_usize;
    prop_oneof![
        2 => (phone.clone(), any::<u8>()).prop_map(|(phone, room)| Step::Create { phone, room }),
        8 => (phone.clone(), 0..8_usize, 0..FIELDS.len(), any::<u8>()).prop_map(
            |(phone, record, field, text)| Step::Edit { phone, record, field, text }
        ),
        4 => phone.clone().prop_map(|phone| Step::Sync { phone }),
        1 => phone.clone().prop_map(|phone| Step::Refetch { phone }),
        1 => phone.clone().prop_map(|phone| Step::LoseReceipt { phone }),
        1 => phone.clone().prop_map(|phone| Step::Rotate { phone }),
        1 => phone.prop_map(|phone| Step::Tidy { phone }),
    ]
}

fn run(phones: &[Phone; 2], hub: &mut Hub, step: &Step) {
    use crate::port::SyncStore as _;
    match step {
        Step::Create { phone, room } => {
            phones[*phone].tick();
            phones[*phone]
                .core()
                .create_record(
                    RecordKind::Household,
                    grid(1),
                    &[set("address.room", &room.to_string())],
                )
                .unwrap();
        }
        Step::Edit {
            phone,
            record,
            field,
            text,
        } => {
            let phone = &phones[*phone];
            let ids = phone.store().list_record_ids().unwrap();
            if let Some(id) = ids.get(record % ids.len().max(1)) {
                phone.edit(*id, FIELDS[*field], &format!("第{text}次写"));
            }
        }
        Step::Sync { phone } => {
            hub.sync(&phones[*phone]);
        }
        Step::Refetch { phone } => {
            hub.directives =
                vec![wangge_model::protocol::Directive::DigestMismatch { grid: grid(1) }];
            hub.answer(&phones[*phone], None, &[]);
            hub.directives.clear();
        }
        Step::LoseReceipt { phone } => {
            if let Some(push) = phones[*phone].store().next_push(3, 1 << 20).unwrap() {
                hub.receive(&phones[*phone], &push);
            }
        }
        Step::Rotate { phone } => {
            phones[*phone].store().rotate_incarnation().unwrap();
        }
        Step::Tidy { phone } => phones[*phone].core().tidy().unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn two_phones_converge(steps in prop::collection::vec(step(), 1..30)) {
        let phones = [Phone::enrolled(1, &[1]), Phone::enrolled(2, &[1])];
        let mut hub = Hub::new();
        for step in &steps {
            run(&phones, &mut hub, step);
        }
        for _ in 0..2 {
            for phone in &phones {
                hub.sync(phone);
            }
        }
        hub.sync(&phones[0]);
        assert_same(&phones[0], &phones[1]);
        for (id, (_, document)) in &hub.records {
            let state = phones[0].store().canonical_state(*id).unwrap().unwrap();
            prop_assert_eq!(&state.heads, &document.heads());
        }
        prop_assert_eq!(phones[0].core().count_states().unwrap().on_phone, 0);
    }
}
