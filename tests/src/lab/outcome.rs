//! What a machine of the lab found.

use std::fmt;

use serde_json::{Map, Value, json};

/// How a run ended: the promise held or it did not, with figures.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The machine's name, as on the command line.
    pub machine: &'static str,
    /// The seed that gives the same run again.
    pub seed: u64,
    /// What was counted and measured, in the order it was added.
    figures: Map<String, Value>,
    /// What broke, a sentence each; empty if the promise held.
    broken: Vec<String>,
}

/// More broken promises than this are counted but not spelt out.
const SPELT_OUT: usize = 20;

impl Outcome {
    /// A run of `machine` that has found nothing yet.
    pub fn new(machine: &'static str, seed: u64) -> Self {
        Self {
            machine,
            seed,
            figures: Map::new(),
            broken: Vec::new(),
        }
    }

    /// Adds a figure.
    pub fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// A figure that was added.
    pub fn read(&self, name: &str) -> Option<&Value> {
        self.figures.get(name)
    }

    /// A figure that is a count; 0 if there is no such.
    pub fn count(&self, name: &str) -> u64 {
        self.read(name).and_then(Value::as_u64).unwrap_or(0)
    }

    /// Notes that a promise was broken.
    pub fn break_promise(&mut self, what: impl Into<String>) {
        self.broken.push(what.into());
    }

    /// Notes it if `holds` is false.
    pub fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.break_promise(what());
        }
    }

    /// Whether every promise held.
    pub fn held(&self) -> bool {
        self.broken.is_empty()
    }

    /// What broke.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }

    /// The same for programs.
    pub fn to_json(&self) -> Value {
        json!({
            "machine": self.machine,
            "seed": self.seed,
            "held": self.held(),
            "figures": self.figures,
            "broken": self.broken,
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} (seed {})", self.machine, self.seed)?;
        for (name, value) in &self.figures {
            writeln!(f, "  {name:<32} {value}")?;
        }
        for what in self.broken.iter().take(SPELT_OUT) {
            writeln!(f, "  BROKEN: {what}")?;
        }
        if self.broken.len() > SPELT_OUT {
            writeln!(f, "  … and {} more", self.broken.len() - SPELT_OUT)?;
        }
        let verdict = if self.held() {
            "the promise held"
        } else {
            "THE PROMISE DID NOT HOLD"
        };
        write!(f, "{}: {verdict}", self.machine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_promise_is_enough() {
        let mut outcome = Outcome::new("crash", 7);
        outcome.figure("kills", 3);
        outcome.check(true, || unreachable!());
        assert!(outcome.held());
        outcome.check(false, || "record 1 was lost".to_owned());
        assert!(!outcome.held());
        assert_eq!(outcome.to_json()["broken"][0], "record 1 was lost");
        assert!(outcome.to_string().contains("DID NOT HOLD"));
    }
}
