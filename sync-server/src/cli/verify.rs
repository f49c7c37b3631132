//! `wangge verify`: looks through the database for damage.

use std::io::Write;

use serde_json::{Value, json};
use wangge_model::message::{Language, message};

use super::{CliError, Outcome, output::Output};
use crate::{
    config::{Config, SettingFlags},
    data_folder::DataFolder,
    storage::sqlite::{Finding, verify},
};

/// Arguments of `wangge verify`.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// 以 JSON 输出结果。Print the result as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

pub(super) fn run(
    args: &VerifyArgs,
    config: &Config,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    let data = DataFolder::find(&config.data)?;
    let mut findings = Vec::new();
    let verified = verify(&data.database(), &mut |finding| findings.push(finding))?;

    let mut output = Output {
        json: args.json,
        language: config.language,
        writer: out,
    };
    for finding in &findings {
        output.lines(&words(finding, config.language))?;
    }
    if findings.is_empty() {
        output.say(
            "verify-ok",
            &[
                ("records", &verified.records.to_string()),
                ("changes", &verified.changes.to_string()),
                ("feeds", &verified.feeds.to_string()),
            ],
        )?;
    } else {
        output.say("verify-found", &[("count", &findings.len().to_string())])?;
    }
    let told: Vec<Value> = findings
        .iter()
        .map(|finding| words(finding, Language::English).into())
        .collect();
    output.value(&json!({
        "records": verified.records,
        "changes": verified.changes,
        "feeds": verified.feeds,
        "findings": told,
    }))?;
    Ok(if findings.is_empty() {
        Outcome::Done
    } else {
        Outcome::Incomplete
    })
}

fn words(finding: &Finding, language: Language) -> String {
    let say = |id: &str, arguments: &[(&str, &str)]| message(language, id, arguments);
    match finding {
        Finding::Integrity(detail) => say("verify-integrity", &[("detail", detail)]),
        Finding::Reference { table, count } => say(
            "verify-reference",
            &[("table", table), ("count", &count.to_string())],
        ),
        Finding::FeedGap { grid, seq } => say(
            "verify-feed-gap",
            &[("grid", &grid.to_string()), ("seq", &seq.to_string())],
        ),
        Finding::FeedDigest(grid) => say("verify-feed-digest", &[("grid", &grid.to_string())]),
        Finding::ChangeBytes { grid, seq } => say(
            "verify-change-hash",
            &[("grid", &grid.to_string()), ("seq", &seq.to_string())],
        ),
        Finding::Document { record, detail } => say(
            "verify-document",
            &[("record", &record.to_string()), ("detail", detail)],
        ),
        Finding::Heads(record) => say("verify-heads", &[("record", &record.to_string())]),
        Finding::Changes(record) => {
            say("verify-missing-change", &[("record", &record.to_string())])
        }
    }
}
