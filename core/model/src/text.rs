//! Normalisation of text that people type or paste.
//!
//! Owns: what a stored line or note may contain (control characters, line
//! ends, direction overrides, length in characters) and the folding of
//! full-width forms that number fields offer as a hint. Does not own: which
//! field has which limit (the record schemas) and how text is searched.
//!
//! Unicode normalisation (NFC) is not applied: Chinese input methods give
//! composed text, and rewriting what a person typed would make an edit of one
//! character look like an edit of the whole field.

use thiserror::Error;

/// Why a text cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing is left after trimming, and the field is required.
    #[error("text is empty")]
    Empty,
    /// Longer than the field allows.
    #[error("text has {found} characters, the limit is {limit}")]
    TooLong {
        /// Characters (Unicode scalar values) allowed.
        limit: usize,
        /// Characters found after normalisation.
        found: usize,
    },
    /// U+0000, which no keyboard gives and which C interfaces cut text at.
    #[error("text holds a NUL character at character {position}")]
    Nul {
        /// Character position, counted from 1.
        position: usize,
    },
    /// An embedding, override or isolate that can make text read as something
    /// else than it is (U+202A..U+202E, U+2066..U+2069).
    #[error("text holds a direction override at character {position}")]
    DirectionOverride {
        /// Character position, counted from 1.
        position: usize,
    },
}

impl TextError {
    /// Stable name of the error, for message files and interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "text_empty",
            Self::TooLong { .. } => "text_too_long",
            Self::Nul { .. } => "text_nul",
            Self::DirectionOverride { .. } => "text_direction_override",
        }
    }

    /// Named values for the message of [`Self::code`].
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Empty => Vec::new(),
            Self::TooLong { limit, found } => {
                vec![("limit", limit.to_string()), ("found", found.to_string())]
            }
            Self::Nul { position } | Self::DirectionOverride { position } => {
                vec![("position", position.to_string())]
            }
        }
    }
}

/// What one text field accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRule {
    /// Most characters (Unicode scalar values) after normalisation.
    pub max_characters: usize,
    /// Whether line breaks are kept. A single-line field turns them into a space.
    pub multi_line: bool,
    /// Whether an empty text is refused.
    pub required: bool,
}

impl TextRule {
    /// An optional single-line field.
    pub const fn line(max_characters: usize) -> Self {
        Self {
            max_characters,
            multi_line: false,
            required: false,
        }
    }

    /// An optional field of several lines.
    pub const fn lines(max_characters: usize) -> Self {
        Self {
            max_characters,
            multi_line: true,
            required: false,
        }
    }

    /// The same rule, refusing an empty text.
    #[must_use]
    pub const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    /// Normalises `text` and checks it against the rule.
    ///
    /// Outer white space (the ideographic space too) is trimmed. Every run of
    /// control characters becomes one space; in a multi-line field CRLF, CR and
    /// the Unicode line and paragraph separators become LF, and white space at
    /// the end of a line goes. Invisible characters that only break searching
    /// (U+200B, U+2060, U+FEFF) are dropped. Applying the rule twice changes
    /// nothing more.
    pub fn apply(&self, text: &str) -> Result<String, TextError> {
        refuse_dangerous(text)?;
        let unified = unify_line_ends(text);
        let normalised = if self.multi_line {
            let lines: Vec<String> = unified
                .split('\n')
                .map(|line| collapse_controls(line).trim_end().to_owned())
                .collect();
            lines.join("\n").trim().to_owned()
        } else {
            collapse_controls(&unified).trim().to_owned()
        };
        if self.required && normalised.is_empty() {
            return Err(TextError::Empty);
        }
        let found = normalised.chars().count();
        if found > self.max_characters {
            return Err(TextError::TooLong {
                limit: self.max_characters,
                found,
            });
        }
        Ok(normalised)
    }
}

fn refuse_dangerous(text: &str) -> Result<(), TextError> {
    for (index, character) in text.chars().enumerate() {
        let position = index + 1;
        match character {
            '\0' => return Err(TextError::Nul { position }),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                return Err(TextError::DirectionOverride { position });
            }
            _ => {}
        }
    }
    Ok(())
}

/// What was typed into a form's field of one line: without control characters,
/// and without spaces around it.
pub fn typed_line(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !c.is_control()).collect();
    visible.trim().to_owned()
}

/// CRLF, CR, NEL and the Unicode separators as LF; invisible breakers dropped.
fn unify_line_ends(text: &str) -> String {
    let mut unified = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                if characters.peek() == Some(&'\n') {
                    characters.next();
                }
                unified.push('\n');
            }
            '\u{85}' | '\u{2028}' | '\u{2029}' => unified.push('\n'),
            '\u{200B}' | '\u{2060}' | '\u{FEFF}' => {}
            other => unified.push(other),
        }
    }
    unified
}

/// Each run of control characters, with the spaces around it, as one space.
fn collapse_controls(line: &str) -> String {
    let mut collapsed = String::with_capacity(line.len());
    let mut after_control = false;
    for character in line.chars() {
        if character.is_control() {
            if !after_control {
                let kept = collapsed.trim_end_matches(' ').len();
                collapsed.truncate(kept);
                collapsed.push(' ');
            }
            after_control = true;
        } else if !(after_control && character == ' ') {
            collapsed.push(character);
            after_control = false;
        }
    }
    collapsed
}

/// Position (characters, from 1) of the first full-width ASCII form, such as
/// `３` or `Ｘ`, if there is one.
pub fn full_width_position(text: &str) -> Option<usize> {
    text.chars().position(is_full_width).map(|index| index + 1)
}

/// `text` with full-width ASCII forms and the ideographic space folded to
/// ASCII, for an input field that corrects while the person types. The rules
/// themselves refuse full-width digits, so nothing stored depends on this.
pub fn to_half_width(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\u{3000}' => ' ',
            full if is_full_width(full) => char::from_u32(u32::from(full) - 0xFEE0).unwrap_or(full),
            other => other,
        })
        .collect()
}

const fn is_full_width(character: char) -> bool {
    matches!(character, '\u{FF01}'..='\u{FF5E}')
}

/// The characters `from..to` of a text already known to be ASCII; empty when
/// the text is shorter.
pub(crate) fn ascii_part(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_typed_line_has_no_control_characters_and_no_spaces_around_it() {
        assert_eq!(typed_line(" 王\u{0} 小\r\n明\t"), "王 小明");
        assert_eq!(typed_line("\u{7} \n"), "");
    }

    #[test]
    fn a_line_is_trimmed_and_its_control_characters_become_one_space() {
        let rule = TextRule::line(50);
        assert_eq!(
            rule.apply("\u{3000} 王小明\t\u{7} \r\n李雷  "),
            Ok("王小明 李雷".into())
        );
        assert_eq!(
            rule.apply("a  b"),
            Ok("a  b".into()),
            "ordinary spaces stay"
        );
        assert_eq!(
            rule.apply("\u{FEFF}千佛山\u{200B}社区"),
            Ok("千佛山社区".into())
        );
    }

    #[test]
    fn every_kind_of_line_end_becomes_lf_in_a_multi_line_text() {
        let rule = TextRule::lines(50);
        assert_eq!(
            rule.apply("\r\n一 \r\n二\r三\u{2028}四\u{85}\n五\t六\n\n"),
            Ok("一\n二\n三\n四\n\n五 六".into())
        );
    }

    #[test]
    fn nul_and_direction_overrides_are_refused_with_their_position() {
        let rule = TextRule::line(50);
        assert_eq!(rule.apply("王\0"), Err(TextError::Nul { position: 2 }));
        for bad in ['\u{202A}', '\u{202E}', '\u{2066}', '\u{2069}'] {
            assert_eq!(
                rule.apply(&format!("王小{bad}明")),
                Err(TextError::DirectionOverride { position: 3 })
            );
        }
    }

    #[test]
    fn length_is_counted_in_characters_after_normalising() {
        let rule = TextRule::line(2);
        assert_eq!(rule.apply(" 李雷 "), Ok("李雷".into()));
        assert_eq!(
            rule.apply("王小明"),
            Err(TextError::TooLong { limit: 2, found: 3 })
        );
        assert_eq!(
            rule.apply("𠮷𠮷"),
            Ok("𠮷𠮷".into()),
            "rare characters count once"
        );
    }

    #[test]
    fn an_empty_text_is_refused_only_where_it_is_required() {
        assert_eq!(TextRule::line(5).apply(" \t "), Ok(String::new()));
        assert_eq!(
            TextRule::line(5).required().apply("\u{3000}\n"),
            Err(TextError::Empty)
        );
    }

    #[test]
    fn full_width_forms_are_found_and_folded() {
        assert_eq!(full_width_position("12３"), Some(3));
        assert_eq!(full_width_position("王，"), Some(2));
        assert_eq!(full_width_position("王12X"), None);
        assert_eq!(to_half_width("１３８\u{3000}ｘ王"), "138 x王");
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing_more(text in any::<String>(), multi_line: bool) {
            let rule = TextRule { max_characters: usize::MAX, multi_line, required: false };
            if let Ok(once) = rule.apply(&text) {
                prop_assert_eq!(rule.apply(&once), Ok(once.clone()));
            }
        }

        #[test]
        fn a_normalised_line_holds_no_control_character(text in "[\\x00-\\x7F王李\u{85}\u{2028}]{0,40}") {
            if let Ok(line) = TextRule::line(usize::MAX).apply(&text) {
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }
}
