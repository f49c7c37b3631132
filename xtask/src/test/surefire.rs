//! Reading the counts out of the XML reports of Maven's surefire.

use anyhow::Context;

use super::Tally;

/// Reads one `TEST-*.xml`, which holds one suite.
pub(super) fn count(xml: &str) -> anyhow::Result<Tally> {
    let (_, rest) = xml
        .split_once("<testsuite ")
        .context("there is no <testsuite>")?;
    let (head, _) = rest.split_once('>').context("<testsuite> does not end")?;
    let tests = attribute(head, "tests")?;
    let skipped = attribute(head, "skipped")?;
    let failed = attribute(head, "failures")? + attribute(head, "errors")?;
    let passed = tests
        .checked_sub(skipped + failed)
        .context("the counts do not add up")?;
    Ok(Tally {
        passed,
        failed,
        skipped,
    })
}

fn attribute(head: &str, name: &str) -> anyhow::Result<u64> {
    // Quotes separate names from values, so every even part ends in `name=`.
    let mut parts = head.split('"');
    while let (Some(before), Some(value)) = (parts.next(), parts.next()) {
        if before.trim().strip_suffix('=') == Some(name) {
            return value
                .parse()
                .with_context(|| format!("{name}=\"{value}\" is no number"));
        }
    }
    anyhow::bail!("<testsuite> has no attribute {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0.2" name="cn.wangge.core.CoreTest" time="2.417" tests="7" errors="1" skipped="2" failures="1">
  <properties>
    <property name="tests" value="99"/>
  </properties>
  <testcase name="saves a household" classname="cn.wangge.core.CoreTest" time="0.1"/>
</testsuite>
"#;

    #[test]
    fn errors_count_as_failures() {
        let tally = count(REPORT).expect("it is a report");
        assert_eq!(
            tally,
            Tally {
                passed: 3,
                failed: 2,
                skipped: 2
            }
        );
    }

    #[test]
    fn refuses_what_is_no_report() {
        assert!(count("<html></html>").is_err());
        assert!(count(r#"<testsuite name="x" tests="1">"#).is_err());
        assert!(count(&REPORT.replace("tests=\"7\"", "tests=\"1\"")).is_err());
    }
}
