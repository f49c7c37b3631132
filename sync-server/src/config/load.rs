//! Laying a file, the environment and flags over the defaults, in this order,
//! so that the later one wins, and remembering which one did.

use std::{collections::BTreeMap, fs, path::Path};

use super::{Config, ConfigError, Field, Origin, SettingError};

/// Variables of the project that are no settings of the server.
const OTHER_VARIABLES: &[&str] = &["WANGGE_CONFIG"];

/// What a configuration is made from, already read.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Path and text of the file, if one is named.
    pub file: Option<(String, String)>,
    /// The environment.
    pub variables: Vec<(String, String)>,
    /// Keys and values of flags.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// Reads the file named by `path`, or else by `WANGGE_CONFIG`.
    pub fn read(
        path: Option<&Path>,
        variables: Vec<(String, String)>,
        flags: Vec<(String, String)>,
    ) -> Result<Self, ConfigError> {
        let named = variables.iter().find(|(name, _)| name == "WANGGE_CONFIG");
        let path = path.or_else(|| named.map(|(_, value)| Path::new(value)));
        let file = match path {
            None => None,
            Some(path) => {
                let shown = path.display().to_string();
                let text = fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
                    path: shown.clone(),
                    reason: error.to_string(),
                })?;
                Some((shown, text))
            }
        };
        Ok(Self {
            file,
            variables,
            flags,
        })
    }
}

/// A configuration whose values know where they came from.
#[derive(Debug, Clone)]
pub struct EffectiveConfig {
    /// The values.
    pub config: Config,
    origins: BTreeMap<&'static str, Origin>,
}

impl EffectiveConfig {
    /// Builds the configuration; the first mistake found is the error.
    pub fn build(sources: &Sources) -> Result<Self, ConfigError> {
        let mut effective = Self {
            config: Config::default(),
            origins: BTreeMap::new(),
        };
        if let Some((path, text)) = &sources.file {
            effective.add_file(path, text)?;
        }
        effective.add_variables(&sources.variables)?;
        for (key, value) in &sources.flags {
            let origin = Origin::Flag(key.replace('_', "-"));
            let field = find(key, &origin)?;
            effective.set(field, &toml::Value::String(value.clone()), origin)?;
        }
        effective.config.check()?;
        Ok(effective)
    }

    /// Where the value of `key` came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or_default()
    }

    fn add_file(&mut self, path: &str, text: &str) -> Result<(), ConfigError> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let reason = error.to_string().trim_end().to_owned();
            ConfigError::NotToml {
                path: path.to_owned(),
                reason,
            }
        })?;
        for (key, value) in &table {
            let origin = Origin::File(path.to_owned());
            let field = find(key, &origin)?;
            self.set(field, value, origin)?;
        }
        Ok(())
    }

    /// Other programs use variables with the same prefix, so an unknown one is
    /// an error only when it looks like a known one misspelt.
    fn add_variables(&mut self, variables: &[(String, String)]) -> Result<(), ConfigError> {
        for (name, value) in variables {
            let Some(key) = name.strip_prefix("WANGGE_") else {
                continue;
            };
            if OTHER_VARIABLES.contains(&name.as_str()) {
                continue;
            }
            let key = key.to_ascii_lowercase();
            let origin = Origin::Variable(name.clone());
            match Config::field(&key) {
                Some(field) => self.set(field, &toml::Value::String(value.clone()), origin)?,
                None => {
                    if let Some(similar) = similar(&key) {
                        let similar = Some(similar);
                        return Err(ConfigError::UnknownKey {
                            key: name.clone(),
                            origin,
                            similar,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    fn set(
        &mut self,
        field: &'static Field,
        value: &toml::Value,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        apply(&mut self.config, field, value).map_err(|reason| ConfigError::BadValue {
            key: field.key,
            value: value.to_string(),
            origin: origin.clone(),
            reason,
        })?;
        self.origins.insert(field.key, origin);
        Ok(())
    }
}

/// Puts one TOML value into its field. A text for a list is cut at commas, as
/// variables and flags need it.
pub(super) fn apply(
    config: &mut Config,
    field: &Field,
    value: &toml::Value,
) -> Result<(), SettingError> {
    let mut texts = Vec::new();
    match value {
        toml::Value::String(text) if field.list => {
            texts.extend(text.split(',').map(|part| part.trim().to_owned()));
            texts.retain(|part| !part.is_empty());
        }
        toml::Value::Array(items) => {
            for item in items {
                let toml::Value::String(text) = item else {
                    return Err(SettingError::WrongKind);
                };
                texts.push(text.clone());
            }
            if !field.list {
                return Err(SettingError::List);
            }
        }
        toml::Value::String(text) => texts.push(text.clone()),
        toml::Value::Integer(number) => texts.push(number.to_string()),
        toml::Value::Boolean(flag) => texts.push(flag.to_string()),
        _ => return Err(SettingError::WrongKind),
    }
    let parts: Vec<&str> = texts.iter().map(String::as_str).collect();
    (field.set)(config, &parts)
}

fn find(key: &str, origin: &Origin) -> Result<&'static Field, ConfigError> {
    Config::field(key).ok_or_else(|| ConfigError::UnknownKey {
        key: key.to_owned(),
        origin: origin.clone(),
        similar: similar(key),
    })
}

/// The known key within two typing mistakes of `key`.
fn similar(key: &str) -> Option<&'static str> {
    let closest = Config::FIELDS
        .iter()
        .min_by_key(|field| distance(key, field.key))?;
    // Two mistakes in a word of four letters make any word of it.
    let allowed = if closest.key.len() < 5 { 1 } else { 2 };
    (distance(key, closest.key) <= allowed).then_some(closest.key)
}

/// Levenshtein distance in bytes.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = i;
        let mut previous = i + 1;
        let mut next = vec![previous];
        for (b, above) in right.bytes().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(a != b);
            previous = replaced.min(previous + 1).min(above + 1);
            diagonal = *above;
            next.push(previous);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Explain;
    use wangge_model::message::Language;

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    fn build(
        file: &str,
        variables: &[(&str, &str)],
        flags: &[(&str, &str)],
    ) -> Result<EffectiveConfig, ConfigError> {
        EffectiveConfig::build(&Sources {
            file: Some(("wangge.toml".to_owned(), file.to_owned())),
            variables: owned(variables),
            flags: owned(flags),
        })
    }

    #[test]
    fn flags_win_over_variables_over_the_file_over_defaults() {
        let file = "data = \"file\"\nenrolment_minutes = 5\nlog_format = \"json\"";
        let effective = build(
            file,
            &[
                ("WANGGE_DATA", "variable"),
                ("WANGGE_ENROLMENT_MINUTES", "6"),
                ("OTHER", "x"),
            ],
            &[("data", "flag")],
        )
        .unwrap();
        let config = &effective.config;
        assert_eq!(config.data, Path::new("flag"));
        assert_eq!(config.enrolment_minutes.get(), 6);
        assert_eq!(effective.origin("data").to_string(), "--data");
        assert_eq!(
            effective.origin("enrolment_minutes").to_string(),
            "WANGGE_ENROLMENT_MINUTES"
        );
        assert_eq!(effective.origin("log_format").to_string(), "wangge.toml");
        assert_eq!(effective.origin("tls"), Origin::Default);
    }

    #[test]
    fn lists_are_arrays_in_the_file_and_commas_elsewhere() {
        let in_file = build("listen = [\"127.0.0.1:1\", \"127.0.0.1:2\"]", &[], &[]).unwrap();
        let in_flag = build("", &[], &[("listen", "127.0.0.1:1,127.0.0.1:2")]).unwrap();
        assert_eq!(in_file.config, in_flag.config);
        assert_eq!(in_file.config.listen.len(), 2);
    }

    #[test]
    fn an_unknown_key_is_named_with_the_one_it_looks_like() {
        let error = build("lisen = [\"127.0.0.1:1\"]", &[], &[]).unwrap_err();
        for language in Language::ALL {
            let text = error.text(language);
            assert!(
                text.contains("lisen") && text.contains("wangge.toml"),
                "{text}"
            );
            assert!(text.contains("listen"), "{text}");
        }
        let error = build("", &[("WANGGE_LISTN", "127.0.0.1:1")], &[]).unwrap_err();
        assert!(matches!(
            error,
            ConfigError::UnknownKey {
                similar: Some("listen"),
                ..
            }
        ));
        assert!(build("colour = 1", &[], &[]).is_err());
    }

    #[test]
    fn variables_of_other_programs_are_left_alone() {
        let others = [
            ("WANGGE_BIN", "/x"),
            ("WANGGE_SERVER", "/x"),
            ("WANGGE_LIB_DIR", "/x"),
            ("WANGGE_FFI_DIR", "/x"),
            ("WANGGE_CHROMIUM", "/x"),
            ("WANGGE_CONFIG", "/x"),
        ];
        assert!(build("", &others, &[]).is_ok());
    }

    #[test]
    fn a_bad_value_is_named_with_its_key_and_place() {
        for (file, key) in [
            ("enrolment_minutes = 0", "enrolment_minutes"),
            ("enrolment_minutes = 1.5", "enrolment_minutes"),
            ("tls = \"perhaps\"", "tls"),
            ("listen = \"everywhere\"", "listen"),
            ("listen = []", "listen"),
            ("data = [\"a\", \"b\"]", "data"),
            ("data = \"\"", "data"),
            ("log_format = \"xml\"", "log_format"),
            ("grid_code_scheme = \"mars\"", "grid_code_scheme"),
            ("public_url = \"grid.example.org\"", "public_url"),
        ] {
            let error = build(file, &[], &[]).unwrap_err();
            assert!(
                matches!(error, ConfigError::BadValue { .. }),
                "{file}: {error:?}"
            );
            for language in Language::ALL {
                let text = error.text(language);
                assert!(text.contains(key) && text.contains("wangge.toml"), "{text}");
            }
        }
    }

    #[test]
    fn a_file_that_is_not_toml_is_refused_with_the_line() {
        let error = build("listen = [", &[], &[]).unwrap_err();
        assert!(error.text(Language::English).contains("line 1"), "{error}");
    }

    #[test]
    fn distance_counts_typing_mistakes() {
        assert_eq!(distance("listen", "listen"), 0);
        assert_eq!(distance("lisen", "listen"), 1);
        assert_eq!(distance("", "tls"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
