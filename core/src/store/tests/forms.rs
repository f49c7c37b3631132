//! The form of a record, from what its place collects.

use wangge_model::{FieldValue, OrgNodeId, RecordKind, document::FieldEdit};

use super::{Phone, grid, path, plan::publish, set};

fn list(id: &str, ask: &str, max: u32) -> String {
    format!(
        r#"{{"id": "{id}", "title": {{"zh": "水表", "en": "Water"}}, "extra": [
            {{"name": "water_meter", "kind": "household", "type": "text", "max": {max}, "ask": "{ask}",
              "label": {{"zh": "水表号", "en": "Water meter"}},
              "purpose": {{"zh": "抄表", "en": "Reading"}}, "basis": "供水条例"}}]}}"#
    )
}

fn problems(phone: &Phone, edits: &[FieldEdit]) -> Vec<String> {
    let form = phone
        .core()
        .form(RecordKind::Household, grid(1), None, edits);
    let form = form.unwrap();
    let problems = form.problems();
    problems
        .map(|(item, problem)| format!("{} {}", item.path, problem.code()))
        .collect()
}

#[test]
fn a_form_follows_the_lists_of_the_places_above_the_nearest_last() {
    let phone = Phone::enrolled(1, &[1]);
    assert_eq!(
        problems(&phone, &[]),
        [""; 0],
        "the built-in list asks for nothing here"
    );
    let (community, street) = (
        OrgNodeId::from_bytes([50; 16]),
        OrgNodeId::from_bytes([60; 16]),
    );
    let sets = [
        (
            "collection_list.street",
            street,
            list("street", "required", 20),
        ),
        (
            "collection_list.community",
            community,
            list("community", "required", 4),
        ),
        ("collection_list.broken", street, "{}".to_owned()),
    ];
    publish(&phone, &sets);
    assert_eq!(problems(&phone, &[]), ["extra.water_meter missing"]);
    let long = set("extra.water_meter", "A-1234");
    assert_eq!(
        problems(&phone, std::slice::from_ref(&long)),
        ["extra.water_meter too_long"]
    );
    publish(&phone, &sets[..1]);
    assert_eq!(problems(&phone, std::slice::from_ref(&long)), [""; 0]);
    // Nothing is refused, and what was entered stays when the list goes.
    let core = phone.core();
    let id = core
        .create_record(RecordKind::Household, grid(1), &[long])
        .unwrap();
    publish(&phone, &[]);
    let view = core.find_record(id).unwrap().unwrap();
    let meter = (path("extra.water_meter"), FieldValue::text("A-1234"));
    assert_eq!(view.fields, [meter]);
}

#[test]
fn what_is_typed_wrongly_or_does_not_fit_together_is_said_at_its_field() {
    let phone = Phone::enrolled(1, &[1]);
    let found = problems(
        &phone,
        &[
            set("contact.phone", "123"),
            set("members.c.name", "王小宝"),
            set("members.c.birth_date", "2020-01-01"),
        ],
    );
    assert_eq!(
        found,
        [
            "contact.phone not_a_phone_number",
            "members.c.guardian guardian_missing"
        ]
    );
}
