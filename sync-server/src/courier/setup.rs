//! Which outlet the configuration asks for.

use std::{fs, io, path::Path, sync::Arc};

use wangge_model::{
    Clock,
    message::{Language, message},
};

use super::{
    Outlet,
    file::FileOutlet,
    webhook::{SECRET_BYTES, Webhook, WebhookError},
};
use crate::{
    config::{Config, MessageOutlet, PostUrl},
    explain::{Explain, exit_status, io_reason},
};

/// The outlet cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutletSetupError {
    /// The file with the secret cannot be read.
    #[error("cannot read {path}: {source}")]
    Secret {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The address or the secret cannot be used.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
}

impl Explain for OutletSetupError {
    fn text(&self, language: Language) -> String {
        match self {
            Self::Secret { path, source } => message(
                language,
                "outlet-secret-file",
                &[("path", path), ("reason", &io_reason(source, language))],
            ),
            Self::Webhook(WebhookError::Address(address)) => {
                message(language, "outlet-address", &[("address", address)])
            }
            Self::Webhook(WebhookError::Secret) => message(
                language,
                "outlet-secret-short",
                &[("bytes", &SECRET_BYTES.to_string())],
            ),
            Self::Webhook(WebhookError::Tls(reason)) => {
                message(language, "outlet-tls", &[("reason", reason)])
            }
        }
    }

    fn exit_status(&self) -> u8 {
        exit_status::CONFIGURATION
    }
}

/// The outlet that the configuration asks for; none: messages wait.
pub fn open(
    config: &Config,
    folder: &Path,
    clock: Arc<dyn Clock>,
) -> Result<Option<Box<dyn Outlet>>, OutletSetupError> {
    match config.message_outlet {
        MessageOutlet::None => Ok(None),
        MessageOutlet::File => Ok(Some(Box::new(FileOutlet::in_folder(folder)))),
        MessageOutlet::Webhook => {
            // Both are there: the configuration was checked.
            let address = config.message_webhook_url.as_ref();
            let address = address.map(PostUrl::as_str).unwrap_or_default();
            let path = config.message_webhook_secret.clone().unwrap_or_default();
            let secret = fs::read(&path).map_err(|source| OutletSetupError::Secret {
                path: path.display().to_string(),
                source,
            })?;
            let patience = config.message_timeout_seconds.as_seconds();
            let webhook = Webhook::open(address, secret.trim_ascii(), patience, clock)?;
            Ok(Some(Box::new(webhook)))
        }
    }
}

#[cfg(test)]
mod tests {
    use wangge_model::{Timestamp, testing::FakeClock};

    use super::*;

    #[test]
    fn a_missing_or_short_secret_is_told_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let clock = || Arc::new(FakeClock::at(Timestamp::from_millis(0)));
        let config = Config {
            message_outlet: MessageOutlet::Webhook,
            message_webhook_url: Some(PostUrl::parse("http://127.0.0.1:9/").unwrap()),
            message_webhook_secret: Some(path.clone()),
            ..Config::default()
        };
        let missing = open(&config, folder.path(), clock()).unwrap_err();
        assert!(missing.text(Language::Chinese).contains("secret"));
        fs::write(&path, " short \n").unwrap();
        let short = open(&config, folder.path(), clock()).unwrap_err();
        assert!(short.text(Language::English).contains("16"));
        fs::write(&path, "0123456789abcdef\n").unwrap();
        assert!(open(&config, folder.path(), clock()).unwrap().is_some());
        let none = Config::default();
        assert!(open(&none, folder.path(), clock()).unwrap().is_none());
    }
}
