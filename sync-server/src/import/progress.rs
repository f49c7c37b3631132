//! How far an import is: a bar on a terminal, a line every ten percent
//! elsewhere.

use std::{
    fmt,
    io::{IsTerminal as _, Write},
};

use indicatif::{ProgressBar, ProgressStyle};
use wangge_model::message::{Language, message};

/// Told how far a long command is.
pub trait Progress: fmt::Debug + Send {
    /// So much of the whole is done.
    fn at(&mut self, done: u64, of: u64, rows: u64);
    /// A line of its own, above a bar if there is one.
    fn line(&mut self, text: &str);
    /// It is over.
    fn finish(&mut self);
}

/// A bar if standard error is a terminal, lines on it if not.
pub fn progress_for(language: Language) -> Box<dyn Progress> {
    let terminal = std::io::stderr();
    if terminal.is_terminal() {
        Box::new(Bar {
            bar: ProgressBar::new(0),
        })
    } else {
        Box::new(Lines::new(language, terminal))
    }
}

#[derive(Debug)]
struct Bar {
    bar: ProgressBar,
}

impl Progress for Bar {
    fn at(&mut self, done: u64, of: u64, rows: u64) {
        if self.bar.length() != Some(of) {
            self.bar.set_length(of);
            let style = ProgressStyle::with_template("{bar:40} {percent:>3}% {msg} {eta}");
            if let Ok(style) = style {
                self.bar.set_style(style);
            }
        }
        self.bar.set_position(done);
        self.bar.set_message(rows.to_string());
    }

    fn line(&mut self, text: &str) {
        self.bar.suspend(|| {
            // A closed terminal is no reason to stop importing.
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }

    fn finish(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Plain lines, for logs and scripts.
struct Lines<W> {
    language: Language,
    output: W,
    last: Option<u64>,
}

impl<W> fmt::Debug for Lines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

impl<W: Write> Lines<W> {
    /// Writes to `output`.
    const fn new(language: Language, output: W) -> Self {
        Self {
            language,
            output,
            last: None,
        }
    }
}

impl<W: Write + Send> Progress for Lines<W> {
    fn at(&mut self, done: u64, of: u64, rows: u64) {
        let percent = (done.saturating_mul(100) / of.max(1)).min(100) / 10 * 10;
        if self.last == Some(percent) {
            return;
        }
        self.last = Some(percent);
        let text = message(
            self.language,
            "import-progress",
            &[
                ("percent", &percent.to_string()),
                ("rows", &rows.to_string()),
            ],
        );
        self.line(&text);
    }

    fn line(&mut self, text: &str) {
        // A closed pipe is no reason to stop importing.
        let _ = writeln!(self.output, "{text}");
    }

    fn finish(&mut self) {
        let _ = self.output.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ten_percent_is_one_line() {
        let mut bytes = Vec::new();
        let mut progress = Lines::new(Language::English, &mut bytes);
        for done in 0..=1000 {
            progress.at(done, 1000, done * 2);
        }
        progress.finish();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 11);
        assert!(text.ends_with("100% read, 2000 lines\n"), "{text}");
    }
}
