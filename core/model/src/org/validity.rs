//! From when to when something holds.

use crate::Timestamp;

/// A period that begins and may end: a version of a grid, an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it; `None` while it lasts.
    pub to: Option<Timestamp>,
}

impl Validity {
    /// From `from` on.
    pub const fn since(from: Timestamp) -> Self {
        Self { from, to: None }
    }

    /// Whether `at` lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }

    /// Whether it is over at `at`.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.to.is_some_and(|to| to <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_moment_is_in_and_the_end_is_not() {
        let at = Timestamp::from_millis;
        let period = Validity {
            from: at(10),
            to: Some(at(20)),
        };
        let holds: Vec<i64> = (9..=21).filter(|ms| period.contains(at(*ms))).collect();
        assert_eq!((holds.first(), holds.last()), (Some(&10), Some(&19)));
        assert!(!period.is_over(at(19)) && period.is_over(at(20)));
        assert!(Validity::since(at(10)).contains(at(i64::MAX)));
        let empty = Validity {
            from: at(10),
            to: Some(at(10)),
        };
        assert!(!empty.contains(at(10)), "ended as it began");
    }
}
