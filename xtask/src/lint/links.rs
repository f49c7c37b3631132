//! Links between documents: every relative link in a Markdown file leads to a
//! file or folder of the repository.

use std::path::Path;

use crate::{lint::Finding, run::Workspace, tree::File};

/// Follows every relative link.
pub(super) fn check(workspace: &Workspace, files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.extension() == "md") {
        let here = workspace.path(&file.path);
        let folder = here.parent().unwrap_or(workspace.root());
        for (line, target) in targets(&file.text) {
            if !exists(workspace.root(), folder, &target) {
                findings.push(Finding::failure(format!(
                    "{}:{line} links to {target}, which does not exist",
                    file.path
                )));
            }
        }
    }
    findings
}

fn exists(root: &Path, folder: &Path, target: &str) -> bool {
    let path = target.split(['#', '?']).next().unwrap_or(target);
    match path.strip_prefix('/') {
        Some(from_root) => root.join(from_root).exists(),
        None => folder.join(path).exists(),
    }
}

/// The relative link targets of a Markdown text with their lines.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_block = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        // Odd parts between backticks are code.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for rest in prose.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !target.is_empty() && !elsewhere && !target.starts_with('#') {
                found.push((number, target.to_owned()));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{self, testing::Folder};

    #[test]
    fn finds_a_link_that_leads_nowhere() {
        let folder = Folder::new();
        folder
            .write(
                "README.md",
                "[a](docs/a.md) and [b](docs/b.md#part), [c](https://example.org)\n",
            )
            .write(
                "docs/a.md",
                "[up](../README.md) [gone](c.md)\n```\n[x](y.md)\n```\n`[x](y.md)`\n",
            );
        let files = tree::read(folder.path(), &["md"]).expect("readable");
        let found = check(&Workspace::at(folder.path()), &files);
        let texts: Vec<_> = found.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(
            texts
                .iter()
                .any(|text| text.starts_with("README.md:1 links to docs/b.md"))
        );
        assert!(
            texts
                .iter()
                .any(|text| text.starts_with("docs/a.md:1 links to c.md"))
        );
    }
}
