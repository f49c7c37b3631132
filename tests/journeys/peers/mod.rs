//! Scenarios by which other field-collection systems lost or blocked people's
//! data, or which their own suites hold, replayed here. Each test names its
//! source: project and issue or test.
//!
//! * [`branches`]: work that arrives in any order.
//! * [`conflicts`]: two people on one record, and one person on two phones.
//! * [`faults`]: broken transfers, clocks, damage.
//! * [`moves`]: records that change hands meanwhile.

mod branches;
mod conflicts;
mod faults;
mod moves;

use std::collections::BTreeMap;

/// Numbers of the list that must be replayed here.
const WANTED: &[std::ops::RangeInclusive<u32>] = &[
    1..=14,
    16..=18,
    20..=20,
    22..=28,
    33..=33,
    41..=41,
    45..=47,
    53..=53,
];

/// Which numbers the tests beside this file have, each with the words that
/// name its source.
fn named() -> BTreeMap<u32, String> {
    let mut named = BTreeMap::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("journeys/peers");
    for entry in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for block in source.split("\n/// Scenario").skip(1) {
            let (comment, code) = block.split_once("\n#[").unwrap();
            let is_test = code.starts_with("tokio::test") || code.starts_with("test]");
            let (numbers, source) = comment.split_once(". ").unwrap();
            if is_test && code.contains("assert") {
                for number in numbers.split(|c: char| !c.is_ascii_digit()) {
                    if let Ok(number) = number.parse() {
                        named.insert(number, source.replace("\n///", ""));
                    }
                }
            }
        }
    }
    named
}

#[test]
fn every_scenario_of_the_list_has_a_test_that_names_its_source() {
    let projects = [
        "ODK", "CHT", "Mergin", "geodiff", "QField", "CommCare", "Avni",
    ];
    let named = named();
    for number in WANTED.iter().cloned().flatten() {
        let source = named
            .get(&number)
            .unwrap_or_else(|| panic!("scenario {number} has no test"));
        assert!(
            projects.iter().any(|project| source.contains(project)),
            "scenario {number} names no project: {source}"
        );
    }
}
