//! Reading the counts out of what `node --test` prints at its end.

use super::Tally;

/// Reads the closing lines, `# pass 3` of the TAP reporter or `ℹ pass 3` of the
/// other one. A cancelled test is a failed one; `todo` tests are not done, so
/// they are skipped ones.
pub(super) fn count(output: &str) -> Tally {
    let mut total = Tally::default();
    for line in output.lines() {
        let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else {
            continue;
        };
        let Some((what, number)) = rest.trim_end().split_once(' ') else {
            continue;
        };
        let Ok(number) = number.parse::<u64>() else {
            continue;
        };
        match what {
            "pass" => total.passed = number,
            "fail" | "cancelled" => total.failed += number,
            "skipped" | "todo" => total.skipped += number,
            _ => {}
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_tap_reporter() {
        let output = "\
TAP version 13
# Subtest: opens a record
ok 1 - opens a record
1..1
# tests 6
# suites 0
# pass 2
# fail 1
# cancelled 1
# skipped 1
# todo 1
# duration_ms 81.5
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
    fn reads_the_other_reporter() {
        let output = "\
✔ opens a record (3.1ms)
ℹ tests 3
ℹ suites 1
ℹ pass 3
ℹ fail 0
ℹ cancelled 0
ℹ skipped 0
ℹ todo 0
ℹ duration_ms 81.5
";
        assert_eq!(
            count(output),
            Tally {
                passed: 3,
                failed: 0,
                skipped: 0
            }
        );
    }
}
