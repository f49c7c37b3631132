//! Reading the counts out of what `swift test` prints: lines of XCTest and of
//! Swift Testing, which one run mixes.

use super::Tally;

/// Counts test by test; the totals both libraries print are ignored, because
/// XCTest repeats them for every suite that holds other suites.
pub(super) fn count(output: &str) -> Tally {
    let mut total = Tally::default();
    for line in output.lines() {
        match verdict(line) {
            Some(Verdict::Passed) => total.passed += 1,
            Some(Verdict::Failed) => total.failed += 1,
            Some(Verdict::Skipped) => total.skipped += 1,
            None => {}
        }
    }
    total
}

enum Verdict {
    Passed,
    Failed,
    Skipped,
}

fn verdict(line: &str) -> Option<Verdict> {
    // Swift Testing puts a sign in front; which one depends on the terminal.
    let line = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let rest = line.strip_prefix("Test ")?;
    if ["run ", "Suite ", "case "]
        .iter()
        .any(|other| rest.starts_with(other))
    {
        return None;
    }
    if let Some(case) = rest.strip_prefix("Case ") {
        // Test Case 'CoreTests.testSave' passed (0.012 seconds)
        let (_, ended) = case.rsplit_once("' ")?;
        return word(ended);
    }
    if let Some((_, why)) = rest.rsplit_once(" skipped") {
        // Test flaky() skipped: "reason"
        return (why.is_empty() || why.starts_with([':', '.'])).then_some(Verdict::Skipped);
    }
    // Test "saves a household" passed after 0.012 seconds.
    let (name, _) = rest.rsplit_once(" after ")?;
    let (_, ended) = name.rsplit_once(' ')?;
    word(ended)
}

fn word(text: &str) -> Option<Verdict> {
    match text.split_whitespace().next()? {
        "passed" => Some(Verdict::Passed),
        "failed" => Some(Verdict::Failed),
        "skipped" => Some(Verdict::Skipped),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_both_libraries_in_one_run() {
        let output = "\
Test Suite 'All tests' started at 2026-11-22 07:13:00.000
Test Suite 'CoreTests' started at 2026-11-22 07:13:00.001
Test Case 'CoreTests.testSave' started at 2026-11-22 07:13:00.002
Test Case 'CoreTests.testSave' passed (0.012 seconds)
Test Case 'CoreTests.testRefuse' failed (0.002 seconds)
Test Case 'CoreTests.testLater' skipped (0.0 seconds)
Test Suite 'CoreTests' failed at 2026-11-22 07:13:00.100
\t Executed 3 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.014 (0.014) seconds
Test Suite 'All tests' failed at 2026-11-22 07:13:00.100
\t Executed 3 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.014 (0.014) seconds
◇ Test run started.
↳ Testing Library Version: 6.0.3
◇ Suite SyncTests started.
◇ Test refuses(code:) started.
✘ Test later() skipped: \"needs a phone\"
◇ Test \"syncs after all\" started.
◇ Passing 1 argument code → \"x\" to refuses(code:)
✘ Test refuses(code:) recorded an issue with 1 argument code → \"x\" at SyncTests.swift:10:20: Expectation failed: 1 == 2
✘ Test refuses(code:) failed after 0.002 seconds with 1 issue.
✔ Test \"syncs after all\" passed after 0.201 seconds.
✘ Suite SyncTests failed after 0.203 seconds with 1 issue.
✘ Test run with 3 tests failed after 0.203 seconds with 1 issue.
";
        assert_eq!(
            count(output),
            Tally {
                passed: 2,
                failed: 2,
                skipped: 2
            }
        );
    }

    #[test]
    fn an_issue_line_is_not_a_second_failure() {
        let output =
            "✘ Test refuses() recorded an issue at CoreTests.swift:9:5: Expectation failed\n";
        assert_eq!(count(output), Tally::default());
    }

    #[test]
    fn what_a_test_prints_is_not_counted() {
        assert_eq!(
            count("Testing passed after 3 tries\nthe test failed\n"),
            Tally::default()
        );
    }
}
