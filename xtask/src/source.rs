//! Reading Rust source just well enough for the checks: which characters are
//! code, which are text in quotes, which are comments, and which lines only
//! exist under `cfg(test)`.
//!
//! A full parser would be one more large dependency and would stop at the first
//! syntax error; these checks must work on a tree that does not compile yet.

/// One Rust file taken apart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// The text with comments and the insides of quotes blanked; same lines.
    code: String,
    /// Every string literal with the line it begins on (first line is 1).
    pub(crate) strings: Vec<(usize, String)>,
    /// Every comment with the line it begins on.
    pub(crate) comments: Vec<(usize, String)>,
}

impl Source {
    /// Takes one file apart.
    pub(crate) fn read(text: &str) -> Self {
        let mut reader = Reader {
            characters: text.chars().collect(),
            position: 0,
            line: 1,
            source: Self::default(),
        };
        reader.run();
        reader.source
    }

    /// The lines on which `word` stands as a whole word in code.
    pub(crate) fn lines_naming(&self, word: &str) -> Vec<usize> {
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(self.code.lines()) {
            if line.split(|c: char| !is_word(c)).any(|found| found == word) {
                lines.push(number);
            }
        }
        lines
    }

    /// The lines on which `pattern` stands in code, letter for letter, not
    /// as the tail of a longer word.
    pub(crate) fn lines_containing(&self, pattern: &str) -> Vec<usize> {
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(self.code.lines()) {
            let hit = line.match_indices(pattern).any(|(at, _)| {
                line.get(..at)
                    .and_then(|before| before.chars().next_back())
                    .is_none_or(|c| !is_word(c))
            });
            if hit {
                lines.push(number);
            }
        }
        lines
    }

    /// How many lines the file has that are compiled outside of tests.
    pub(crate) fn lines_outside_tests(&self) -> usize {
        self.test_lines()
            .iter()
            .filter(|is_test| !**is_test)
            .count()
    }

    /// For each line, whether it belongs to an item under `#[cfg(test)]`.
    fn test_lines(&self) -> Vec<bool> {
        let mut marks = Vec::new();
        // Some((depth, opened)) while inside a test item: how many braces are
        // open, and whether its body has begun.
        let mut inside: Option<(usize, bool)> = None;
        for line in self.code.lines() {
            if inside.is_none() && is_test_attribute(line) {
                inside = Some((0, false));
            }
            marks.push(inside.is_some());
            let Some((mut depth, mut opened)) = inside else {
                continue;
            };
            let mut ended = false;
            for character in line.chars() {
                match character {
                    '{' => {
                        depth += 1;
                        opened = true;
                    }
                    '}' => {
                        depth = depth.saturating_sub(1);
                        ended = opened && depth == 0;
                    }
                    ';' if !opened => ended = true,
                    _ => {}
                }
                if ended {
                    break;
                }
            }
            inside = if ended { None } else { Some((depth, opened)) };
        }
        marks
    }
}

fn is_test_attribute(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test")
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

struct Reader {
    characters: Vec<char>,
    position: usize,
    line: usize,
    source: Source,
}

impl Reader {
    fn run(&mut self) {
        while let Some(character) = self.peek(0) {
            match character {
                '/' if self.peek(1) == Some('/') => self.line_comment(),
                '/' if self.peek(1) == Some('*') => self.block_comment(),
                '"' => self.text(),
                '\'' => self.quote(),
                'r' if !self.follows_word() && self.raw_hashes().is_some() => self.raw_text(),
                _ => self.keep(),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.position + ahead).copied()
    }

    /// Takes one character as code.
    fn keep(&mut self) {
        if let Some(character) = self.advance() {
            self.source.code.push(character);
        }
    }

    /// Takes one character and leaves a blank (or the line end) in the code.
    fn blank(&mut self) -> Option<char> {
        let character = self.advance()?;
        self.source
            .code
            .push(if character == '\n' { '\n' } else { ' ' });
        Some(character)
    }

    fn advance(&mut self) -> Option<char> {
        let character = self.peek(0)?;
        self.position += 1;
        if character == '\n' {
            self.line += 1;
        }
        Some(character)
    }

    fn line_comment(&mut self) {
        let line = self.line;
        let mut text = String::new();
        while self.peek(0).is_some_and(|character| character != '\n') {
            text.extend(self.blank());
        }
        self.source.comments.push((line, text));
    }

    fn block_comment(&mut self) {
        let line = self.line;
        let mut text = String::new();
        let mut depth = 0_usize;
        while let Some(character) = self.blank() {
            text.push(character);
            match (character, self.peek(0)) {
                ('/', Some('*')) => {
                    depth += 1;
                    text.extend(self.blank());
                }
                ('*', Some('/')) => {
                    depth = depth.saturating_sub(1);
                    text.extend(self.blank());
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        self.source.comments.push((line, text));
    }

    fn text(&mut self) {
        let line = self.line;
        let mut text = String::new();
        self.keep();
        while let Some(character) = self.peek(0) {
            match character {
                '"' => {
                    self.keep();
                    break;
                }
                '\\' => {
                    text.extend(self.blank());
                    text.extend(self.blank());
                }
                _ => text.extend(self.blank()),
            }
        }
        self.source.strings.push((line, text));
    }

    /// A character in quotes, or a lifetime.
    fn quote(&mut self) {
        let escaped = self.peek(1) == Some('\\');
        if !escaped && self.peek(2) != Some('\'') {
            self.keep();
            return;
        }
        self.keep();
        if escaped {
            self.blank();
        }
        self.blank();
        while self
            .peek(0)
            .is_some_and(|character| character != '\'' && character != '\n')
        {
            self.blank();
        }
        self.keep();
    }

    /// Whether the character before this one is part of a word that is not
    /// one of the prefixes `b` and `c` of a literal.
    fn follows_word(&self) -> bool {
        let before = |back: usize| {
            self.position
                .checked_sub(back)
                .and_then(|at| self.characters.get(at))
                .copied()
        };
        match before(1) {
            Some('b' | 'c') => before(2).is_some_and(is_word),
            Some(character) => is_word(character),
            None => false,
        }
    }

    /// How many `#` a raw string that begins here has, if one begins here.
    fn raw_hashes(&self) -> Option<usize> {
        let mut hashes = 0;
        while self.peek(1 + hashes) == Some('#') {
            hashes += 1;
        }
        (self.peek(1 + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_text(&mut self) {
        let line = self.line;
        let hashes = self.raw_hashes().unwrap_or_default();
        for _ in 0..hashes + 2 {
            self.keep();
        }
        let mut text = String::new();
        while let Some(character) = self.peek(0) {
            let ends = character == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#'));
            if ends {
                for _ in 0..=hashes {
                    self.keep();
                }
                break;
            }
            text.extend(self.blank());
        }
        self.source.strings.push((line, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_in_a_comment_or_a_string_is_not_code() {
        let source = Source::read(
            "use a::b; // reqwest\n/* reqwest /* reqwest */ reqwest */ let x = \"reqwest\";\nreqwest::get();\n",
        );
        assert_eq!(source.lines_naming("reqwest"), [3]);
    }

    #[test]
    fn a_longer_word_is_another_word() {
        let source = Source::read("my_reqwest::x();\nreqwest_mock::y();\n");
        assert!(source.lines_naming("reqwest").is_empty());
        assert!(source.lines_containing("reqwest::").is_empty());
    }

    #[test]
    fn reads_raw_strings_and_escapes_as_text() {
        let source = Source::read(
            "let a = r#\"one \" two\"#;\nlet b = \"three \\\" four\";\nlet c = br\"five\"; todo_now();",
        );
        let texts: Vec<_> = source
            .strings
            .iter()
            .map(|(_, text)| text.as_str())
            .collect();
        assert_eq!(texts, ["one \" two", "three \\\" four", "five"]);
        assert_eq!(source.lines_naming("todo_now"), [3]);
    }

    #[test]
    fn a_lifetime_does_not_begin_a_character() {
        let source =
            Source::read("fn f<'a>(x: &'a str) -> char { '\"' }\nlet y = '\\''; after();\n");
        assert_eq!(source.lines_naming("after"), [2]);
        assert!(source.strings.is_empty());
    }

    #[test]
    fn a_raw_identifier_is_code() {
        let source = Source::read("let r#type = 1; let for_it = r#type;");
        assert!(source.strings.is_empty());
    }

    #[test]
    fn counts_only_lines_outside_tests() {
        let text = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() { if x { } }\n    // }\n}\nfn c() {}\n";
        assert_eq!(Source::read(text).lines_outside_tests(), 3);
    }

    #[test]
    fn a_test_module_in_its_own_file_is_one_line_here() {
        let text = "#[cfg(test)]\nmod tests;\nfn a() {}\n";
        assert_eq!(Source::read(text).lines_outside_tests(), 1);
    }

    #[test]
    fn remembers_on_which_line_a_text_begins() {
        let source = Source::read("\n\nlet q = \"SELECT\n 1\";\n// why\n");
        assert_eq!(source.strings.first().map(|(line, _)| *line), Some(3));
        assert_eq!(source.comments.first().map(|(line, _)| *line), Some(5));
    }
}
