//! Words that mark unfinished or forgotten work.

use crate::{lint::Finding, source::Source, tree::File};

/// Macros that must not stay in the code, and why.
const MACROS: &[(&str, &str)] = &[
    ("todo!", "finish it, or leave it out"),
    ("unimplemented!", "finish it, or leave it out"),
    ("dbg!", "a debugging aid was left behind"),
];

/// Looks through every Rust file.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.extension() == "rs") {
        let source = Source::read(&file.text);
        for (word, reason) in MACROS {
            for line in source.lines_containing(word) {
                findings.push(Finding::failure(format!(
                    "{}:{line} holds `{word}`: {reason}",
                    file.path
                )));
            }
        }
        for (line, comment) in &source.comments {
            if is_loose_end(comment) {
                findings.push(Finding::failure(format!(
                    "{}:{line} marks a loose end without the number of its issue",
                    file.path
                )));
            }
        }
    }
    findings
}

/// Whether a comment begins with a marker of later work that names no issue.
fn is_loose_end(comment: &str) -> bool {
    let text = comment.trim_start_matches(['/', '!', '*', ' ']);
    ["TODO", "FIXME", "XXX"].iter().any(|marker| {
        text.strip_prefix(marker).is_some_and(|rest| {
            let continues = rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            !continues && !rest.starts_with("(#")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&[File {
            path: "core/src/a.rs".into(),
            text: text.into(),
        }])
        .len()
    }

    #[test]
    fn finds_unfinished_code() {
        assert_eq!(
            count("fn a() { todo!() }\nfn b() { unimplemented!() }\nlet x = dbg!(1);\n"),
            3
        );
    }

    #[test]
    fn a_word_in_text_is_not_code() {
        assert_eq!(
            count("// never leave todo!() here\nlet a = \"dbg!\"; my_todo!();\n"),
            0
        );
    }

    #[test]
    fn a_loose_end_needs_the_number_of_its_issue() {
        assert_eq!(count("// TODO: later\n"), 1);
        assert_eq!(count("// FIXME\n"), 1);
        assert_eq!(count("// TODO(#12): later\n"), 0);
        assert_eq!(count("// TODOs are numbered here\n"), 0);
    }
}
