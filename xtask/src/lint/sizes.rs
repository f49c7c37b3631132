//! How long a file may be: aim at 300 lines, look twice at 600, never 1,000.
//!
//! Only lines that are compiled outside of tests count in Rust; files of the
//! other languages count whole, and test files not at all.

use crate::{lint::Finding, source::Source, tree::File};

/// From here on the check asks to look twice.
const LOOK_TWICE: usize = 600;
/// More than this fails.
const LIMIT: usize = 1_000;

/// Folders that hold only tests.
const TEST_FOLDERS: &[&str] = &["tests", "test", "Tests"];

/// Measures every source file.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| is_code(file))
        .filter_map(measure)
        .collect()
}

fn is_code(file: &File) -> bool {
    !matches!(file.extension(), "md" | "ftl") && !is_test(&file.path)
}

fn is_test(path: &str) -> bool {
    // The crate `tests` itself holds the benchmark and the harness, which are
    // programs like any other.
    let inside = path.strip_prefix("tests/src/").unwrap_or(path);
    let mut parts: Vec<_> = inside.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    name == "tests.rs" || parts.iter().any(|part| TEST_FOLDERS.contains(part))
}

fn measure(file: &File) -> Option<Finding> {
    let lines = if file.extension() == "rs" {
        Source::read(&file.text).lines_outside_tests()
    } else {
        file.text.lines().count()
    };
    if lines > LIMIT {
        Some(Finding::failure(format!(
            "{}: {lines} lines, the limit is {LIMIT}",
            file.path
        )))
    } else if lines > LOOK_TWICE {
        Some(Finding::note(format!(
            "{}: {lines} lines; can it be two files?",
            file.path
        )))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::Severity;

    fn severity(path: &str, lines: usize, tests: usize) -> Option<Severity> {
        let mut text = "fn a() {}\n".repeat(lines);
        if tests > 0 {
            text.push_str("#[cfg(test)]\nmod tests {\n");
            text.push_str(&"fn t() {}\n".repeat(tests));
            text.push_str("}\n");
        }
        let file = File {
            path: path.into(),
            text,
        };
        check(&[file]).first().map(|finding| finding.severity)
    }

    #[test]
    fn fails_on_a_file_of_1001_lines() {
        assert_eq!(
            severity("core/src/lib.rs", 1_001, 0),
            Some(Severity::Failure)
        );
        assert_eq!(severity("core/src/lib.rs", 1_000, 0), Some(Severity::Note));
    }

    #[test]
    fn notes_a_file_of_601_lines() {
        assert_eq!(severity("core/src/lib.rs", 601, 0), Some(Severity::Note));
        assert_eq!(severity("core/src/lib.rs", 600, 0), None);
    }

    #[test]
    fn tests_do_not_count() {
        assert_eq!(severity("core/src/lib.rs", 500, 900), None);
        assert_eq!(severity("core/src/store/tests.rs", 2_000, 0), None);
        assert_eq!(
            severity("android-shell/core/src/test/kotlin/A.kt", 2_000, 0),
            None
        );
    }

    #[test]
    fn the_harness_is_a_program_like_any_other() {
        assert_eq!(
            severity("tests/src/bench/main.rs", 1_001, 0),
            Some(Severity::Failure)
        );
    }
}
