//! The table of features: every row of `docs/features.md` names tests, and
//! each of them exists.

use std::collections::HashSet;

use crate::{lint::Finding, tree::File};

/// The table.
const TABLE: &str = "docs/features.md";

/// Looks every named test up among the functions of the sources.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let Some(table) = files.iter().find(|file| file.path == TABLE) else {
        return vec![Finding::failure(format!("{TABLE} is missing"))];
    };
    let known: HashSet<&str> = files
        .iter()
        .filter(|file| file.extension() == "rs")
        .flat_map(|file| functions(&file.text))
        .collect();
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(table.text.lines()) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, feature, _, _, tests, ""] = cells.as_slice() else {
            continue;
        };
        if !feature.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            findings.push(Finding::failure(format!(
                "{TABLE}:{number} feature {feature} names no test"
            )));
        }
        for test in named.into_iter().filter(|test| !known.contains(test)) {
            findings.push(Finding::failure(format!(
                "{TABLE}:{number} names `{test}`, and there is no such function"
            )));
        }
    }
    findings
}

/// Names of the functions a source defines.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    text.split("fn ").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        rest.get(..end).filter(|name| !name.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{self, testing::Folder};

    #[test]
    fn a_row_without_a_test_or_with_one_that_is_gone_is_found() {
        let folder = Folder::new();
        folder
            .write(
                TABLE,
                "| number | what it is | where it works | test |\n| --- | --- | --- | --- |\n\
                 | 1 | a | here | `there_is_one` |\n| 2 | b | here | `it_is_gone` |\n| 3 | c | here | |\n",
            )
            .write("core/a.rs", "#[test]\nfn there_is_one() {}\n");
        let files = tree::read(folder.path(), &["md", "rs"]).expect("readable");
        let found = check(&files);
        let texts: Vec<_> = found.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts.iter().any(|text| text.contains("it_is_gone")));
        assert!(texts.iter().any(|text| text.contains("feature 3")));
    }
}
