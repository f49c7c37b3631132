//! What commands print: sentences and tables for people, one JSON value for
//! scripts.

use std::io::{self, Write};

use serde_json::Value;
use wangge_model::message::{Language, message};

/// Where a command's result goes, and in which form.
pub(crate) struct Output<'a> {
    /// JSON instead of text.
    pub(crate) json: bool,
    /// Language of the text.
    pub(crate) language: Language,
    /// Standard output, or a test's buffer.
    pub(crate) writer: &'a mut dyn Write,
}

impl Output<'_> {
    /// One sentence from the message files; nothing in JSON.
    pub(crate) fn say(&mut self, id: &str, arguments: &[(&str, &str)]) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(self.writer, "{}", message(self.language, id, arguments))
    }

    /// The result for scripts; nothing in text.
    pub(crate) fn value(&mut self, value: &Value) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        writeln!(self.writer, "{value:#}")
    }

    /// Lines of text as they are; nothing in JSON.
    pub(crate) fn lines(&mut self, text: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(self.writer, "{text}")
    }

    /// A table with message ids as headings; nothing in JSON.
    pub(crate) fn table(&mut self, headings: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        if rows.is_empty() {
            return self.say("admin-none", &[]);
        }
        let headings: Vec<String> = headings
            .iter()
            .map(|id| message(self.language, id, &[]))
            .collect();
        let all: Vec<&Vec<String>> = std::iter::once(&headings).chain(rows).collect();
        let widths: Vec<usize> = (0..headings.len())
            .map(|at| {
                all.iter()
                    .filter_map(|row| row.get(at))
                    .map(|c| width(c))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for row in all {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, most)| format!("{cell}{}", " ".repeat(most - width(cell).min(*most))))
                .collect();
            writeln!(self.writer, "{}", cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// Columns a text takes in a terminal: Chinese characters take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| if u32::from(c) >= 0x1100 { 2 } else { 1 })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_in_chinese_too() {
        let mut buffer = Vec::new();
        let mut output = Output {
            json: false,
            language: Language::Chinese,
            writer: &mut buffer,
        };
        let rows = [
            vec!["张三".to_owned(), "a".to_owned()],
            vec!["x".to_owned(), "b".to_owned()],
        ];
        output
            .table(&["admin-column-name", "admin-column-username"], &rows)
            .unwrap();
        assert_eq!(
            String::from_utf8(buffer).unwrap(),
            "名称  登录名\n张三  a\nx     b\n"
        );
    }
}
