//! SPDX licence expressions: does an allow-list satisfy one?

/// Whether `expression` can be fulfilled with only licences `allowed` accepts.
///
/// `OR` needs one side, `AND` both; `WITH` makes a licence of its own
/// (`Apache-2.0 WITH LLVM-exception`), and the old `A/B` means `A OR B`.
///
/// # Errors
///
/// Says what is wrong with an expression that cannot be read.
pub(super) fn is_satisfied(
    expression: &str,
    allowed: &dyn Fn(&str) -> bool,
) -> Result<bool, String> {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut parser = Parser {
        words: spaced.split_whitespace().collect(),
        at: 0,
        allowed,
    };
    let satisfied = parser.either()?;
    match parser.next() {
        None => Ok(satisfied),
        Some(word) => Err(format!("`{word}` was not expected in `{expression}`")),
    }
}

struct Parser<'a> {
    words: Vec<&'a str>,
    at: usize,
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    fn either(&mut self) -> Result<bool, String> {
        let mut satisfied = self.both()?;
        while self.peek() == Some("OR") {
            self.at += 1;
            // Not `||`: the right side has to be read in any case.
            satisfied |= self.both()?;
        }
        Ok(satisfied)
    }

    fn both(&mut self) -> Result<bool, String> {
        let mut satisfied = self.one()?;
        while self.peek() == Some("AND") {
            self.at += 1;
            satisfied &= self.one()?;
        }
        Ok(satisfied)
    }

    fn one(&mut self) -> Result<bool, String> {
        match self.next() {
            Some("(") => {
                let satisfied = self.either()?;
                match self.next() {
                    Some(")") => Ok(satisfied),
                    _ => Err("a bracket is not closed".to_owned()),
                }
            }
            Some(word @ (")" | "AND" | "OR" | "WITH")) => {
                Err(format!("`{word}` stands where a licence should"))
            }
            Some(licence) => {
                if self.peek() != Some("WITH") {
                    return Ok((self.allowed)(licence));
                }
                self.at += 1;
                let exception = self.next().ok_or("nothing follows WITH")?;
                Ok((self.allowed)(&format!("{licence} WITH {exception}")))
            }
            None => Err("a licence is missing".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn satisfied(expression: &str) -> Result<bool, String> {
        let allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "ISC"];
        is_satisfied(expression, &|licence| allow.contains(&licence))
    }

    #[test]
    fn one_side_of_or_is_enough() {
        assert_eq!(satisfied("MIT OR GPL-3.0-only"), Ok(true));
        assert_eq!(satisfied("GPL-3.0-only OR MIT"), Ok(true));
        assert_eq!(satisfied("GPL-3.0-only OR LGPL-2.1-or-later"), Ok(false));
        assert_eq!(satisfied("GPL-2.0/MIT"), Ok(true));
    }

    #[test]
    fn both_sides_of_and_are_needed() {
        assert_eq!(satisfied("Apache-2.0 AND ISC"), Ok(true));
        assert_eq!(satisfied("MIT AND WTFPL"), Ok(false));
    }

    #[test]
    fn and_binds_closer_than_or_and_brackets_closest() {
        assert_eq!(satisfied("MIT OR GPL-3.0-only AND WTFPL"), Ok(true));
        assert_eq!(satisfied("(MIT OR GPL-3.0-only) AND WTFPL"), Ok(false));
        assert_eq!(satisfied("(MIT OR Apache-2.0) AND ISC"), Ok(true));
    }

    #[test]
    fn an_exception_makes_another_licence() {
        assert_eq!(satisfied("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(satisfied("MIT WITH LLVM-exception"), Ok(false));
    }

    #[test]
    fn says_what_it_cannot_read() {
        for broken in ["", "MIT OR", "(MIT", "MIT ISC", "AND MIT", "MIT WITH"] {
            assert!(satisfied(broken).is_err(), "{broken}");
        }
    }
}
