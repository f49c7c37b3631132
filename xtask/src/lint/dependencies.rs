//! `docs/dependencies.md` and the manifests agree: each direct dependency is
//! explained there in one line, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use crate::{lint::Finding, metadata::Metadata, tree::File};

/// The document with one table row per direct dependency.
const DOCUMENT: &str = "docs/dependencies.md";
/// The heading of the part about crates; later parts list other languages'.
const PART: &str = "## Rust";

/// Compares the table with the manifests.
pub(super) fn check(metadata: &Metadata, files: &[File]) -> Vec<Finding> {
    let Some(document) = files.iter().find(|file| file.path == DOCUMENT) else {
        return vec![Finding::failure(format!("{DOCUMENT} does not exist"))];
    };
    let explained = rows(&document.text);
    let members: BTreeSet<&str> = metadata.members().map(|m| m.name.as_str()).collect();
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for member in metadata.members() {
        for dependency in &member.dependencies {
            if !members.contains(dependency.name.as_str()) {
                used.entry(&dependency.name)
                    .or_default()
                    .insert(&member.name);
            }
        }
    }
    let mut findings = Vec::new();
    for (name, by) in &used {
        if !explained.contains(*name) {
            let by: Vec<_> = by.iter().copied().collect();
            findings.push(Finding::failure(format!(
                "{DOCUMENT} has no line for `{name}` (used by {})",
                by.join(", ")
            )));
        }
    }
    for name in explained
        .iter()
        .filter(|name| !used.contains_key(name.as_str()))
    {
        findings.push(Finding::failure(format!(
            "{DOCUMENT} explains `{name}`, which no manifest uses"
        )));
    }
    findings
}

/// The names in the first column of the table about crates.
fn rows(text: &str) -> BTreeSet<String> {
    text.lines()
        .skip_while(|line| line.trim() != PART)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix('|')?.split('|').next())
        .filter_map(|cell| cell.trim().strip_prefix('`')?.strip_suffix('`'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::testing::{graph, member};

    #[test]
    fn each_direct_dependency_has_a_line_and_no_other() {
        let metadata = graph(vec![
            member("wangge-core", &["serde", "wangge-model", "zstd"]),
            member("wangge-model", &[]),
        ]);
        let text = "# D\n\n## Rust\n\n| crate | what for |\n| --- | --- |\n| `serde` | x |\n| `old` | y |\n\n## Node\n| `z` | w |\n";
        let file = File {
            path: DOCUMENT.into(),
            text: text.into(),
        };
        let found: Vec<_> = check(&metadata, &[file])
            .into_iter()
            .map(|f| f.text)
            .collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found
                .iter()
                .any(|text| text.contains("no line for `zstd` (used by wangge-core)"))
        );
        assert!(found.iter().any(|text| text.contains("explains `old`")));
    }
}
