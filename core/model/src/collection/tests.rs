//! Lists, their checks and the forms they make.

use chrono::NaiveDate;

use super::*;
use crate::{
    FieldPath, FieldValue,
    document::{
        Fields,
        schema::{self, FieldOwner},
    },
};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn fields(values: &[(&str, FieldValue)]) -> Fields {
    let mut fields = Fields::default();
    for (path, value) in values {
        fields.set(FieldPath::new(*path).unwrap(), Some(value.clone()));
    }
    fields
}

fn text(text: &str) -> FieldValue {
    FieldValue::text(text)
}

/// What a form shows: the paths, with `!` where something is wrong.
fn shown(lists: &CollectionLists, kind: RecordKind, code: &str, fields: &Fields) -> Vec<String> {
    evaluate(lists, kind, code, fields, day("1910-06-01"))
        .items
        .iter()
        .map(|item| match &item.problem {
            Some(problem) => format!("{}!{}", item.path, problem.code()),
            None => item.path.to_string(),
        })
        .collect()
}

const RESTAURANTS: &str = r#"{
  "id": "oil-smoke",
  "title": {"zh": "餐饮油烟", "en": "Restaurants"},
  "rules": [
    {"kind": "place", "fields": ["credit_code"], "ask": "required", "areas": ["370102"],
     "when": {"field": "kind", "one_of": ["restaurant", "shop"]},
     "purpose": {"zh": "台账", "en": "Ledger"}, "basis": "餐饮油烟管理办法"},
    {"kind": "place", "fields": ["area_m2"], "ask": "hidden",
     "purpose": {"zh": "台账", "en": "Ledger"}, "basis": "餐饮油烟管理办法"}
  ],
  "extra": [
    {"name": "smoke_cleaned_on", "kind": "place", "type": "date", "earliest": "1900-01-01",
     "label": {"zh": "烟道清洗日期", "en": "Flue cleaned on"}, "ask": "required",
     "when": {"field": "kind", "equals": "restaurant"},
     "purpose": {"zh": "油烟治理", "en": "Clean air"}, "basis": "餐饮油烟管理办法", "colour": "red"},
    {"name": "fuel", "kind": "place", "type": "choices",
     "choices": [{"code": "gas", "label": {"zh": "燃气", "en": "Gas"}},
                 {"code": "wood", "label": {"zh": "木柴", "en": "Wood"}}],
     "label": {"zh": "燃料", "en": "Fuel"},
     "purpose": {"zh": "油烟治理", "en": "Clean air"}, "basis": "餐饮油烟管理办法"},
    {"name": "seats", "kind": "place", "type": "number", "min": 1, "max": 500, "whole": true,
     "label": {"zh": "座位数", "en": "Seats"}, "areas": ["3701"],
     "purpose": {"zh": "油烟治理", "en": "Clean air"}, "basis": "餐饮油烟管理办法"},
    {"name": "hologram", "kind": "place", "type": "hologram",
     "label": {"zh": "全息", "en": "Hologram"},
     "purpose": {"zh": "将来", "en": "Later"}, "basis": "将来"}
  ]
}"#;

fn restaurants() -> CollectionLists {
    CollectionLists::over_built_in(vec![CollectionList::from_json(RESTAURANTS).unwrap()])
}

#[test]
fn the_built_in_list_names_every_field_with_purpose_and_basis() {
    assert_eq!(built_in().id, "built-in");
    assert_eq!(built_in().check(&CollectionLists(Vec::new())), []);
    let lists = CollectionLists::default();
    for kind in RecordKind::ALL {
        let people = schema::fields(kind)
            .iter()
            .filter(|spec| spec.owner == FieldOwner::People);
        for spec in people {
            let rule = lists.rule(kind, spec.path, "370102002000800101");
            assert!(rule.is_some(), "built_in.json lacks {kind} {}", spec.path);
        }
    }
}

#[test]
fn a_definition_is_the_same_after_writing_and_reading() {
    for list in [built_in().clone(), restaurants().0.remove(1)] {
        let json = list.to_json().unwrap();
        assert_eq!(CollectionList::from_json(&json).unwrap(), list);
    }
    let error = CollectionList::from_json("{\n\"id\": 5}").unwrap_err();
    assert_eq!((error.code(), error.place().as_str()), ("malformed", "2"));
    let error = CollectionList::from_json(&" ".repeat(MAX_BYTES + 1)).unwrap_err();
    assert_eq!(error.code(), "too_large");
}

#[test]
fn a_form_asks_what_is_due_and_nothing_else() {
    let lists = CollectionLists::default();
    let household = |values: &[(&str, FieldValue)]| {
        shown(&lists, RecordKind::Household, "3701", &fields(values))
    };
    let empty = household(&[]);
    assert!(empty.contains(&"dwelling.rented".to_owned()));
    assert!(
        !empty
            .iter()
            .any(|path| path == "dwelling.let_rooms" || path == "ledger")
    );
    assert!(!empty.iter().any(|path| path.starts_with("members")));
    let rented = household(&[
        ("dwelling.rented", FieldValue::Flag(true)),
        ("ledger", text("tenant")),
    ]);
    assert!(rented.contains(&"dwelling.let_rooms".to_owned()));
    assert!(
        rented.contains(&"ledger".to_owned()),
        "what is there is shown"
    );
    let child = household(&[("members.c.birth_date", text("1900-01-01"))]);
    assert!(child.contains(&"members.c.name!missing".to_owned()));
    assert!(child.contains(&"members.c.guardian!guardian_missing".to_owned()));
    let grown = household(&[("members.c.birth_date", text("1890-01-01"))]);
    assert!(!grown.iter().any(|path| path.contains("guardian")));
    let far = |metres| {
        let visit = fields(&[("door_distance_m", FieldValue::Number(metres))]);
        shown(&lists, RecordKind::Visit, "3701", &visit)
    };
    assert!(far(201.0).contains(&"distance_reason!missing".to_owned()));
    assert!(
        !far(200.0)
            .iter()
            .any(|path| path.starts_with("distance_reason"))
    );
}

#[test]
fn a_list_requires_hides_and_adds_by_area_and_condition() {
    let lists = restaurants();
    assert_eq!(lists.0[1].check(&CollectionLists::default()), []);
    let place = |code: &str, values: &[(&str, FieldValue)]| {
        shown(&lists, RecordKind::Place, code, &fields(values))
    };
    let kind = ("kind", text("restaurant"));
    let here = place("37010200100", std::slice::from_ref(&kind));
    for path in [
        "credit_code!missing",
        "extra.smoke_cleaned_on!missing",
        "extra.fuel",
        "extra.seats",
    ] {
        assert!(here.contains(&path.to_owned()), "{path} of {here:?}");
    }
    for path in ["area_m2", "extra.hologram"] {
        assert!(!here.contains(&path.to_owned()), "{path}");
    }
    let elsewhere = place("14010500100", std::slice::from_ref(&kind));
    assert!(elsewhere.contains(&"credit_code".to_owned()));
    assert!(!elsewhere.iter().any(|path| path.starts_with("extra.seats")));
    let school = place("37010200100", &[("kind", text("school"))]);
    assert!(!school.iter().any(|path| path.starts_with("extra.smoke")));
    // What was entered before it was hidden, or by a newer app, is shown.
    let kept = place(
        "37010200100",
        &[
            ("area_m2", FieldValue::Number(80.0)),
            ("extra.hologram", text("?")),
            kind,
        ],
    );
    assert!(kept.contains(&"area_m2".to_owned()));
    assert!(kept.contains(&"extra.hologram".to_owned()));
}

#[test]
fn values_of_added_fields_are_held_against_their_definition() {
    let lists = restaurants();
    let wrong = |name: &str, value: FieldValue| {
        let path = format!("extra.{name}");
        let values = fields(&[("kind", text("restaurant")), (&path, value)]);
        let form = evaluate(
            &lists,
            RecordKind::Place,
            "370102",
            &values,
            day("1910-06-01"),
        );
        let item = form
            .items
            .iter()
            .find(|item| item.path.as_str() == path)
            .unwrap();
        item.problem.as_ref().map(|problem| {
            for language in [Language::Chinese, Language::English] {
                let text = problem.message(language);
                assert!(!text.is_empty() && !text.contains('{'), "{text}");
            }
            problem.code()
        })
    };
    assert_eq!(wrong("smoke_cleaned_on", text("1910-06-01")), None);
    assert_eq!(
        wrong("smoke_cleaned_on", text("1910-06-02")),
        Some("day_outside")
    );
    assert_eq!(
        wrong("smoke_cleaned_on", text("1899-12-31")),
        Some("day_outside")
    );
    assert_eq!(wrong("smoke_cleaned_on", text("去年")), Some("not_a_date"));
    assert_eq!(wrong("fuel", text("gas,wood")), None);
    assert_eq!(wrong("fuel", text("gas,coal")), Some("not_a_choice"));
    assert_eq!(wrong("fuel", FieldValue::Flag(true)), Some("wrong_type"));
    assert_eq!(wrong("seats", FieldValue::Integer(40)), None);
    assert_eq!(wrong("seats", FieldValue::Integer(0)), Some("out_of_range"));
    assert_eq!(wrong("seats", FieldValue::Number(2.5)), Some("not_whole"));
}

#[test]
fn a_later_list_takes_the_place_of_a_field_of_the_same_name() {
    let again = RESTAURANTS
        .replace("oil-smoke", "county")
        .replace("\"min\": 1, \"max\": 500", "\"min\": 1, \"max\": 10");
    let lists = CollectionLists::over_built_in(vec![
        CollectionList::from_json(RESTAURANTS).unwrap(),
        CollectionList::from_json(&again).unwrap(),
    ]);
    let place = fields(&[("extra.seats", FieldValue::Integer(40))]);
    let form = shown(&lists, RecordKind::Place, "3701", &place);
    let seats = form.iter().filter(|path| path.starts_with("extra.seats"));
    assert_eq!(seats.collect::<Vec<_>>(), ["extra.seats!out_of_range"]);
}

#[test]
fn mistakes_in_a_definition_are_named_with_their_place() {
    let broken = |change: &dyn Fn(&mut CollectionList)| {
        let mut list = restaurants().0.remove(1);
        change(&mut list);
        let errors = list.check(&CollectionLists::default());
        errors
            .into_iter()
            .map(|error| format!("{} {}", error.code(), error.place()))
            .collect::<Vec<_>>()
    };
    assert_eq!(broken(&|_| {}), [""; 0]);
    assert_eq!(broken(&|list| list.id = "a b".to_owned()), ["name id"]);
    assert_eq!(broken(&|list| list.title.en.clear()), ["text title"]);
    assert_eq!(
        broken(&|list| list.rules[0].basis = " ".to_owned()),
        ["unfounded rules[0]"]
    );
    assert_eq!(
        broken(&|list| list.rules[0].fields.push("case.number".to_owned())),
        ["unknown_field rules[0].fields"]
    );
    assert_eq!(
        broken(&|list| list.rules[0].areas = vec!["3701xx".to_owned()]),
        ["area rules[0].areas"]
    );
    assert_eq!(
        broken(&|list| list.extra[2].name = "座位".to_owned()),
        ["name extra[2].name"]
    );
    assert_eq!(
        broken(&|list| list.extra[2].name = "fuel".to_owned()),
        ["name extra[2].name"]
    );
    assert_eq!(
        broken(&|list| list.extra[2].of = Some("nobody".to_owned())),
        ["unknown_field extra[2].of"]
    );
    assert_eq!(
        broken(&|list| list.extra[2].value = ExtraType::Number {
            min: 2.0,
            max: 1.0,
            whole: true
        }),
        ["bounds extra[2]"]
    );
    assert_eq!(
        broken(&|list| list.extra[1].value = ExtraType::Choice {
            choices: Vec::new()
        }),
        ["choices extra[1].choices"]
    );
    let condition = |field: &str| {
        Some(Condition::Filled {
            filled: field.to_owned(),
        })
    };
    assert_eq!(
        broken(&|list| list.extra[0].when = condition("members.*.name")),
        ["unknown_field extra[0].when"]
    );
    assert_eq!(
        broken(&|list| list.extra[0].when = condition("extra.fuel")),
        [""; 0]
    );
    assert_eq!(
        broken(&|list| {
            let mut when = condition("extra.fuel").unwrap();
            for _ in 0..9 {
                when = Condition::Not {
                    not: Box::new(when),
                };
            }
            list.extra[0].when = Some(when);
        }),
        ["depth extra[0].when"]
    );
}

#[test]
fn a_field_of_members_is_asked_of_each_and_conditions_mean_the_same_member() {
    let list = CollectionList::from_json(
        r#"{"id": "shoes", "title": {"zh": "鞋", "en": "Shoes"}, "extra": [
            {"name": "shoe_size", "kind": "household", "of": "members", "type": "number",
             "min": 10, "max": 60, "label": {"zh": "鞋码", "en": "Shoe size"},
             "when": {"field": "members.*.sex", "equals": "1"},
             "purpose": {"zh": "慰问", "en": "Gifts"}, "basis": "慰问办法"}]}"#,
    )
    .unwrap();
    assert_eq!(list.check(&CollectionLists::default()), []);
    let lists = CollectionLists::over_built_in(vec![list]);
    let household = fields(&[
        ("members.a.sex", text("1")),
        ("members.b.sex", text("2")),
        ("extra.a.shoe_size", FieldValue::Integer(99)),
    ]);
    let form = shown(&lists, RecordKind::Household, "3701", &household);
    let shoes = form.iter().filter(|path| path.starts_with("extra"));
    assert_eq!(
        shoes.collect::<Vec<_>>(),
        ["extra.a.shoe_size!out_of_range"]
    );
}
