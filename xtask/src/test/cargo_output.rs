//! Reading the counts out of what `cargo test` prints.

use super::Tally;

/// How the reason of a test begins that another test runs, in a process or on
/// a disk of its own: that one answers for it.
const RUN_BY_ANOTHER: &str = "ignored, run by the test";

/// Adds up every `test result:` line; an ignored test is a skipped one, unless
/// another runs it.
pub(super) fn count(output: &str) -> Tally {
    let mut total = Tally::default();
    let mut run_by_another = 0;
    for line in output.lines() {
        run_by_another += u64::from(line.contains(RUN_BY_ANOTHER));
        let Some(counts) = line.trim_start().strip_prefix("test result: ") else {
            continue;
        };
        // "ok. 3 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.1s"
        let Some((_verdict, counts)) = counts.split_once(". ") else {
            continue;
        };
        for part in counts.split(';') {
            let Some((number, what)) = part.trim().split_once(' ') else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => total.passed += number,
                "failed" => total.failed += number,
                "ignored" => total.skipped += number,
                _ => {}
            }
        }
    }
    total.skipped = total.skipped.saturating_sub(run_by_another);
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_the_crates() {
        let output = "\
     Running unittests src/lib.rs (target/debug/deps/wangge_model-0123)

running 3 tests
test grid::tests::accepts_a_code ... ok
test grid::tests::refuses_a_code ... FAILED
test slow ... ignored

failures:
    grid::tests::refuses_a_code

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

   Doc-tests wangge_model

running 2 tests
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s
error: 1 target failed:
";
        assert_eq!(
            count(output),
            Tally {
                passed: 3,
                failed: 1,
                skipped: 1
            }
        );
    }

    #[test]
    fn a_test_that_another_runs_is_not_skipped() {
        let output = "\
test disks::full ... ok
test disks::child ... ignored, run by the test above on a disk of its own
test slow ... ignored, takes long
test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s
";
        let tally = Tally {
            passed: 1,
            failed: 0,
            skipped: 1,
        };
        assert_eq!(count(output), tally);
    }

    #[test]
    fn what_a_test_prints_is_not_counted() {
        assert_eq!(count("I passed 3 exams; 4 failed\n"), Tally::default());
    }
}
