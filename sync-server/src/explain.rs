//! What a failed command says and which exit status it gives. Every area's
//! errors implement [`Explain`], so that `main` has one way to end; the texts
//! are in the model's `server.ftl`, in both languages.

use std::io;

use wangge_model::message::{Language, message};

/// Exit statuses of `wangge`, documented in `docs/operations.md`.
pub mod exit_status {
    /// Something else went wrong; the text says what.
    pub const OTHER: u8 = 1;
    /// The command line is wrong, or the command ended with refused lines or
    /// findings.
    pub const INCOMPLETE: u8 = 2;
    /// The configuration is wrong.
    pub const CONFIGURATION: u8 = 3;
    /// The data folder cannot be used.
    pub const DATA: u8 = 4;
    /// The address cannot be listened on.
    pub const NETWORK: u8 = 5;
    /// The certificate or its key cannot be used.
    pub const TLS: u8 = 6;
    /// A value given to an admin command was refused; nothing was changed.
    pub const REFUSED: u8 = 7;
}

/// An error that can tell an operator what is wrong and what to do.
pub trait Explain {
    /// One or two sentences in the given language, without a final line break.
    fn text(&self, language: Language) -> String;

    /// Exit status of a command that ends with this error.
    fn exit_status(&self) -> u8;
}

/// Both languages, Chinese first, each on its own line: what standard error
/// shows when a command fails.
pub fn explain_both(error: &dyn Explain) -> String {
    format!(
        "错误：{}\nerror: {}",
        error.text(Language::Chinese),
        error.text(Language::English)
    )
}

/// Why the operating system refused, in words; unknown reasons keep the
/// system's own text.
pub fn io_reason(error: &io::Error, language: Language) -> String {
    let id = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "io-storage-full",
        io::ErrorKind::PermissionDenied => "io-permission-denied",
        io::ErrorKind::ReadOnlyFilesystem => "io-read-only",
        io::ErrorKind::NotFound => "io-not-found",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "io-not-a-folder",
        io::ErrorKind::AddrInUse => "io-address-in-use",
        io::ErrorKind::AddrNotAvailable => "io-address-not-available",
        _ => return error.to_string(),
    };
    message(language, id, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_in_both_languages() {
        let error = io::Error::from(io::ErrorKind::StorageFull);
        for language in Language::ALL {
            assert_ne!(io_reason(&error, language), "io-storage-full");
            assert_ne!(io_reason(&error, language), error.to_string());
        }
    }

    /// Reads this crate's sources for what looks like the id of a text of
    /// `server.ftl` or `ledger.ftl` and wants it to exist.
    #[test]
    fn every_text_that_is_named_exists_in_both_languages() {
        use std::{fs, path::Path};
        use wangge_model::message::find_message;

        const PREFIXES: [&str; 13] = [
            "io-",
            "config-",
            "setting-",
            "data-folder-",
            "tls-",
            "serve-",
            "admin-",
            "import-",
            "verify-",
            "backup-",
            "level-",
            "generate-",
            "ledger-",
        ];
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = ["cli", "config", "generate", "import"]
            .map(|name| root.join(name))
            .to_vec();
        let mut files = ["data_folder.rs", "explain.rs", "serve.rs", "tls.rs"]
            .map(|name| root.join(name))
            .to_vec();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        let mut ids = 0;
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for id in text.split('"').skip(1).step_by(2) {
                let is_id = PREFIXES
                    .iter()
                    .any(|prefix| id.starts_with(prefix) && id != *prefix)
                    && id.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                if !is_id {
                    continue;
                }
                ids += 1;
                for language in Language::ALL {
                    assert!(
                        find_message(language, id, &[]).is_some(),
                        "{}: {id}",
                        file.display()
                    );
                }
            }
        }
        assert!(ids > 100, "only {ids} were found");
    }
}
