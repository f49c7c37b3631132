//! Which file may name what: the arrows inside a crate, which cargo cannot see.

use crate::{lint::Finding, source::Source, tree::File};

/// One word and the only places whose code may hold it.
struct Rule {
    /// A whole word of code, or a path such as `crate::sync`.
    word: &'static str,
    /// Folders or files the rule is about.
    inside: &'static [&'static str],
    /// Folders or files within them that may name it after all.
    except: &'static [&'static str],
    /// Why, for whoever runs into it.
    because: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        word: "wangge_core",
        inside: &["sync-server"],
        except: &["sync-server/src/demo", "sync-server/src/demo.rs"],
        because: "the server holds no phone store; only the demo runs phones",
    },
    Rule {
        word: "reqwest",
        inside: &["core"],
        except: &["core/src/sync/http.rs"],
        because: "one file knows the HTTP client, so that it can be replaced",
    },
    Rule {
        word: "uniffi",
        inside: &["core", "sync-server", "tests/src", "xtask"],
        except: &[],
        because: "only ffi translates for the phones",
    },
    Rule {
        word: "rusqlite",
        inside: &["core/model", "core/src/sync", "ffi"],
        except: &[],
        because: "the store is behind a trait here",
    },
    Rule {
        word: "rusqlite",
        inside: &["sync-server/src/api", "sync-server/src/console"],
        except: &[],
        because: "handlers and pages talk to storage traits, never to a database",
    },
    Rule {
        word: "crate::sync",
        inside: &["core/src/store"],
        except: &[],
        because: "sync uses the store, not the other way round",
    },
];

/// Folders whose strings must not hold SQL.
const NO_SQL: &[&str] = &["sync-server/src/api", "sync-server/src/console", "ffi/src"];

/// How a statement begins; capitals, as this repository writes SQL.
const SQL: &[&str] = &[
    "SELECT ",
    "INSERT INTO ",
    "INSERT OR ",
    "UPDATE ",
    "DELETE FROM ",
];

/// Looks through every Rust file.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.extension() == "rs") {
        let rules: Vec<_> = RULES.iter().filter(|rule| applies(file, rule)).collect();
        let no_sql = NO_SQL.iter().any(|folder| file.is_under(folder));
        if rules.is_empty() && !no_sql {
            continue;
        }
        let source = Source::read(&file.text);
        for rule in rules {
            let lines = if rule.word.contains("::") {
                source.lines_containing(rule.word)
            } else {
                source.lines_naming(rule.word)
            };
            for line in lines {
                findings.push(Finding::failure(format!(
                    "{}:{line} names `{}`: {}",
                    file.path, rule.word, rule.because
                )));
            }
        }
        if no_sql {
            findings.extend(sql_in(file, &source));
        }
    }
    findings
}

fn applies(file: &File, rule: &Rule) -> bool {
    let within = |place: &&str| file.path == **place || file.is_under(place);
    rule.inside.iter().any(within) && !rule.except.iter().any(within)
}

fn sql_in(file: &File, source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in &source.strings {
        let starts = text.trim_start();
        if let Some(word) = SQL.iter().find(|word| starts.starts_with(**word)) {
            findings.push(Finding::failure(format!(
                "{}:{line} holds SQL (`{}…`): move it behind a storage trait",
                file.path,
                word.trim_end()
            )));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let file = File {
            path: path.into(),
            text: text.into(),
        };
        check(&[file])
            .into_iter()
            .map(|finding| finding.text)
            .collect()
    }

    #[test]
    fn only_the_demo_of_the_server_names_the_core() {
        let text = "use wangge_core::Core;\n";
        assert!(found("sync-server/src/demo/phones.rs", text).is_empty());
        assert_eq!(found("sync-server/src/demonstration.rs", text).len(), 1);
        assert_eq!(found("sync-server/src/api/sync.rs", text).len(), 1);
        assert!(found("sync-server/src/api/sync.rs", "//! like wangge_core\n").is_empty());
    }

    #[test]
    fn only_one_file_of_the_core_names_the_http_client() {
        let text = "fn f(c: reqwest::Client) {}\n";
        assert!(found("core/src/sync/http.rs", text).is_empty());
        assert_eq!(found("core/src/sync/mod.rs", text).len(), 1);
        assert!(
            found("tests/src/bench/mod.rs", text).is_empty(),
            "tests may"
        );
    }

    #[test]
    fn only_ffi_names_uniffi() {
        let text = "#[derive(uniffi::Record)]\nstruct A;\n";
        assert!(found("ffi/src/household.rs", text).is_empty());
        assert_eq!(found("core/model/src/household.rs", text).len(), 1);
    }

    #[test]
    fn handlers_and_pages_hold_no_sql() {
        let text = "let q = \"\n  SELECT id FROM household\";\n";
        assert_eq!(
            found("sync-server/src/console/households.rs", text).len(),
            1
        );
        assert!(found("sync-server/src/storage/sqlite/household.rs", text).is_empty());
        let words = "let label = \"Please SELECT a grid\";\n";
        assert!(found("sync-server/src/console/households.rs", words).is_empty());
    }

    #[test]
    fn the_store_does_not_call_sync() {
        assert_eq!(
            found("core/src/store/outbox.rs", "use crate::sync::Push;\n").len(),
            1
        );
        assert!(found("core/src/sync/mod.rs", "use crate::store::Store;\n").is_empty());
    }
}
