//! What can be wrong with a configuration, and where a value came from.

use std::{fmt, net::SocketAddr};

use wangge_model::message::{Language, message};

use super::SettingError;
use crate::explain::{Explain, exit_status};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nobody set it.
    #[default]
    Default,
    /// The configuration file with this path.
    File(String),
    /// The environment variable with this name.
    Variable(String),
    /// The flag with this name, without `--`.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => f.write_str(path),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}

/// A configuration the server does not start with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}: {reason}")]
    Unreadable {
        /// The path as given.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// The file is not TOML.
    #[error("{path} is not valid TOML: {reason}")]
    NotToml {
        /// The path as given.
        path: String,
        /// Where and what, from the TOML reader.
        reason: String,
    },
    /// A key nobody knows.
    #[error("unknown configuration key {key} in {origin}")]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it is written.
        origin: Origin,
        /// The known key it looks like.
        similar: Option<&'static str>,
    },
    /// A value its field does not take.
    #[error("bad value {value} for {key} in {origin}: {reason}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// What is written there.
        value: String,
        /// Where it is written.
        origin: Origin,
        /// What is wrong with it.
        reason: SettingError,
    },
    /// One of two fields that need each other.
    #[error("{given} needs {missing}")]
    Together {
        /// The field that is set.
        given: &'static str,
        /// The field that is not.
        missing: &'static str,
    },
    /// Listening without TLS where others can reach it.
    #[error("listen address {address} without tls needs allow_plain_http")]
    PlainHttp {
        /// The address.
        address: SocketAddr,
    },
    /// Messages with numbers, readable on the way.
    #[error("message_webhook_url {url} without TLS needs allow_plain_http")]
    PlainWebhook {
        /// The address.
        url: String,
    },
    /// A log filter that cannot be read.
    #[error("log_filter {value:?} is not a filter")]
    LogFilter {
        /// What is written.
        value: String,
    },
}

impl Explain for ConfigError {
    fn text(&self, language: Language) -> String {
        match self {
            Self::Unreadable { path, reason } => message(
                language,
                "config-unreadable",
                &[("path", path), ("reason", reason)],
            ),
            Self::NotToml { path, reason } => message(
                language,
                "config-not-toml",
                &[("path", path), ("reason", reason)],
            ),
            Self::UnknownKey {
                key,
                origin,
                similar,
            } => {
                let text = message(
                    language,
                    "config-unknown-key",
                    &[("key", key), ("origin", &origin.to_string())],
                );
                match similar {
                    Some(similar) => {
                        text + &message(language, "config-similar-key", &[("similar", similar)])
                    }
                    None => text,
                }
            }
            Self::BadValue {
                key,
                value,
                origin,
                reason,
            } => message(
                language,
                "config-bad-value",
                &[
                    ("key", key),
                    ("value", value),
                    ("origin", &origin.to_string()),
                    ("reason", &reason.text(language)),
                ],
            ),
            Self::Together { given, missing } => message(
                language,
                "config-together",
                &[("given", given), ("missing", missing)],
            ),
            Self::PlainHttp { address } => message(
                language,
                "config-plain-http",
                &[("address", &address.to_string())],
            ),
            Self::PlainWebhook { url } => {
                message(language, "config-plain-webhook", &[("url", url)])
            }
            Self::LogFilter { value } => {
                message(language, "config-log-filter", &[("value", value)])
            }
        }
    }

    fn exit_status(&self) -> u8 {
        exit_status::CONFIGURATION
    }
}
