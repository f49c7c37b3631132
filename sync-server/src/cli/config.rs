//! `wangge config`: the configuration in force, or its documentation.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::{CliError, Outcome};
use crate::config::{Config, EffectiveConfig, SettingFlags, documentation};

/// Arguments of `wangge config`.
#[derive(Debug, clap::Args)]
pub(super) struct ConfigArgs {
    /// 打印配置说明（docs/configuration.md）。Print the documentation of all settings.
    #[arg(long)]
    docs: bool,
    /// 以 JSON 输出。Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) settings: SettingFlags,
}

/// Prints; the configuration is only read when it is asked for.
pub(super) fn run(
    args: &ConfigArgs,
    load: impl FnOnce() -> Result<EffectiveConfig, CliError>,
    out: &mut dyn Write,
) -> Result<Outcome, CliError> {
    if args.docs {
        write!(out, "{}", documentation())?;
    } else if args.json {
        writeln!(out, "{:#}", as_json(&load()?))?;
    } else {
        write!(out, "{}", as_toml(&load()?))?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// A configuration file with the origin of each value beside it.
fn as_toml(effective: &EffectiveConfig) -> String {
    let lines: Vec<(String, String)> = Config::FIELDS
        .iter()
        .map(|field| {
            let line = match field.value(&effective.config) {
                Some(value) => format!("{} = {value}", field.key),
                None => format!("# {} =", field.key),
            };
            (line, effective.origin(field.key).to_string())
        })
        .collect();
    // Beyond this, a long value does not push all comments to the right.
    let widest = lines
        .iter()
        .map(|(line, _)| line.chars().count())
        .max()
        .unwrap_or(0)
        .min(48);
    let aligned = lines
        .into_iter()
        .map(|(line, origin)| format!("{line:<widest$}  # {origin}"));
    aligned
        .chain([String::new()])
        .collect::<Vec<_>>()
        .join("\n")
}

fn as_json(effective: &EffectiveConfig) -> Value {
    let fields = Config::FIELDS.iter().map(|field| {
        let value = field
            .value(&effective.config)
            .and_then(|text| format!("x = {text}").parse::<toml::Table>().ok())
            .and_then(|mut table| table.remove("x"))
            .and_then(|value| serde_json::to_value(value).ok())
            .unwrap_or(Value::Null);
        let source = effective.origin(field.key).to_string();
        (
            field.key.to_owned(),
            json!({ "value": value, "source": source }),
        )
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn effective() -> EffectiveConfig {
        EffectiveConfig::build(&Sources {
            file: None,
            variables: vec![("WANGGE_LANGUAGE".to_owned(), "en".to_owned())],
            flags: vec![("data".to_owned(), "/srv/数据".to_owned())],
        })
        .unwrap()
    }

    #[test]
    fn what_is_printed_is_a_configuration_file() {
        let text = as_toml(&effective());
        assert!(
            text.lines()
                .any(|l| l.starts_with("data = ") && l.ends_with("# --data"))
        );
        assert!(text.contains("# WANGGE_LANGUAGE"), "{text}");
        let sources = Sources {
            file: Some(("x".to_owned(), text)),
            ..Sources::default()
        };
        let read = EffectiveConfig::build(&sources).unwrap();
        assert_eq!(read.config, effective().config);
    }

    #[test]
    fn json_has_value_and_source_of_every_setting() {
        let value = as_json(&effective());
        assert_eq!(
            value["data"],
            json!({ "value": "/srv/数据", "source": "--data" })
        );
        assert_eq!(value["tls"]["value"], json!(true));
        assert_eq!(value["public_url"]["value"], Value::Null);
        assert_eq!(value.as_object().unwrap().len(), Config::FIELDS.len());
    }
}
