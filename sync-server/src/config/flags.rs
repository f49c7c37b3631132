//! One command line flag per field of the configuration, made from the same
//! table as the documentation.

use std::sync::OnceLock;

use clap::{Arg, ArgMatches, Command, builder::NonEmptyStringValueParser};

use super::{Config, Field};

/// The settings given on a command line: flatten it into a command.
#[derive(Debug, Clone, Default)]
pub struct SettingFlags {
    /// `--config FILE`.
    pub file: Option<std::path::PathBuf>,
    /// Key and text of each setting given.
    pub values: Vec<(String, String)>,
}

/// Settings that short help shows; `--help` shows all.
const FREQUENT: &[&str] = &["listen", "data", "public_url", "tls", "language"];

/// Names of flags; clap keeps them for the life of the process.
fn flag(field: &Field) -> &'static str {
    static NAMES: OnceLock<Vec<(&'static str, String)>> = OnceLock::new();
    let names = NAMES.get_or_init(|| Config::FIELDS.iter().map(|f| (f.key, f.flag())).collect());
    names
        .iter()
        .find(|(key, _)| *key == field.key)
        .map_or(field.key, |(_, name)| name)
}

fn argument(field: &'static Field) -> Arg {
    let (chinese, english) = field.paragraphs();
    Arg::new(field.key)
        .long(flag(field))
        .value_name("VALUE")
        .global(true)
        .help_heading("Settings")
        .hide_short_help(!FREQUENT.contains(&field.key))
        .help(format!("{chinese} {english}"))
}

impl clap::Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .global(true)
            .help_heading("Settings")
            .value_parser(NonEmptyStringValueParser::new())
            .help("配置文件（TOML）。Configuration file (TOML). Also WANGGE_CONFIG");
        command.arg(file).args(Config::FIELDS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        if let Some(file) = matches.get_one::<String>("config") {
            self.file = Some(file.into());
        }
        for field in Config::FIELDS {
            if let Some(value) = matches.get_one::<String>(field.key) {
                self.values.push((field.key.to_owned(), value.clone()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    #[test]
    fn every_setting_is_a_flag() {
        let command = SettingFlags::augment_args(Command::new("wangge"));
        command.clone().debug_assert();
        let matches = command
            .try_get_matches_from([
                "wangge",
                "--listen",
                "127.0.0.1:0",
                "--enrolment-minutes",
                "3",
                "--config",
                "x.toml",
            ])
            .unwrap();
        let flags = SettingFlags::from_arg_matches(&matches).unwrap();
        assert_eq!(flags.file.as_deref(), Some(std::path::Path::new("x.toml")));
        let pairs = [("listen", "127.0.0.1:0"), ("enrolment_minutes", "3")];
        assert_eq!(
            flags.values,
            pairs.map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
    }
}
