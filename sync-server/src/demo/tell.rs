//! What the demo says while it runs: each line in Chinese and English. With
//! `--json` the lines go to standard error, so that standard output is JSON.

use std::io::Write;

use wangge_core::sync::SyncReport;
use wangge_model::message::{Language, message};

use super::phone::Phone;

/// Prints the demo's lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Teller {
    pub(super) to_stderr: bool,
}

impl Teller {
    /// One line in both languages.
    pub(super) fn say(self, id: &str, arguments: &[(&str, &str)]) {
        for language in Language::ALL {
            self.say_in(language, id, arguments);
        }
    }

    /// One line in one language.
    pub(super) fn say_in(self, language: Language, id: &str, arguments: &[(&str, &str)]) {
        let mark = if language == Language::Chinese {
            "▸"
        } else {
            " "
        };
        self.line(&format!("{mark} {}", message(language, id, arguments)));
    }

    /// What a sync did.
    pub(super) fn synced(self, owner: &str, report: &SyncReport) {
        self.say(
            "demo-synced",
            &[
                ("owner", owner),
                ("sent", &report.receipted.to_string()),
                ("received", &report.pulled.to_string()),
                ("trips", &report.round_trips.to_string()),
                ("up", &report.bytes_up.to_string()),
                ("down", &report.bytes_down.to_string()),
                ("ms", &report.duration_ms.to_string()),
            ],
        );
    }

    /// The three honest states of a phone's records.
    pub(super) fn states(self, phone: &Phone) -> anyhow::Result<()> {
        let counts = phone.core.count_states()?;
        self.say(
            "demo-states",
            &[
                ("owner", phone.owner),
                ("on_phone", &counts.on_phone.to_string()),
                ("at_server", &counts.at_server.to_string()),
                ("attention", &counts.needs_attention.to_string()),
            ],
        );
        Ok(())
    }

    /// One row of the summary.
    pub(super) fn row(self, id: &str, value: &str) {
        let [chinese, english] = Language::ALL.map(|language| message(language, id, &[]));
        self.line(&format!("    {value:>12}  {chinese} · {english}"));
    }

    /// The summary for a program, always on standard output.
    pub(super) fn json(summary: &impl serde::Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(summary)?;
        writeln!(std::io::stdout(), "{text}")?;
        Ok(())
    }

    /// A line as it is. A closed pipe ends the telling, not the demo.
    pub(super) fn line(self, text: &str) {
        let _ = if self.to_stderr {
            writeln!(std::io::stderr(), "{text}")
        } else {
            writeln!(std::io::stdout(), "{text}")
        };
    }
}
