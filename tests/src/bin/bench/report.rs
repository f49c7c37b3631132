//! The figures of a run, the targets they are held to, and both as a table or
//! as JSON.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Map, Value, json};

/// What a figure has to be.
#[derive(Debug, Clone, Copy)]
enum Target {
    AtMost(f64),
    AtLeast(f64),
    Exactly(f64),
}

impl Target {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::Exactly(exact) => (value - exact).abs() < 1e-9,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtMost(most) => format!("<= {most}"),
            Self::AtLeast(least) => format!(">= {least}"),
            Self::Exactly(exact) => format!("= {exact}"),
        }
    }
}

/// Every figure that is held to something, in the order of the table.
const TARGETS: &[(&str, Target)] = &[
    ("save.p50_ratio", Target::AtMost(3.0)),
    ("save.fsyncs", Target::Exactly(1.0)),
    ("open_ms", Target::AtMost(300.0)),
    ("list_ms", Target::AtMost(10.0)),
    ("search_ms", Target::AtMost(50.0)),
    ("locate.worst_us", Target::AtMost(1_000.0)),
    ("s1.bytes_ratio", Target::AtMost(1.5)),
    ("s1.wall_ratio", Target::AtMost(3.0)),
    ("s2.round_trips", Target::Exactly(1.0)),
    ("s2.bytes_up", Target::AtMost(400.0)),
    ("s2.bytes_down", Target::AtMost(400.0)),
    ("s2_20000.round_trips", Target::Exactly(1.0)),
    ("s2_20000.bytes_up", Target::AtMost(400.0)),
    ("s2_20000.bytes_down", Target::AtMost(400.0)),
    ("s3.round_trips", Target::AtMost(2.0)),
    ("s3.bytes_ratio", Target::AtMost(1.5)),
    ("s4.records_per_s", Target::AtLeast(5_000.0)),
    ("server_rss_mb", Target::AtMost(64.0)),
    ("plan_1500.plan_ms", Target::AtMost(100.0)),
    ("coverage.p95_ms", Target::AtMost(200.0)),
    ("cases.inbox_p95_ms", Target::AtMost(200.0)),
    ("hints.shown_p95_ms", Target::AtMost(1_000.0)),
    ("incidents.inbox_p95_ms", Target::AtMost(200.0)),
    ("incidents.search_p95_ms", Target::AtMost(200.0)),
    ("incidents.figures_worst_ms", Target::AtMost(2_000.0)),
    ("district.import_s", Target::AtMost(900.0)),
    ("district.phone_first_page_ms", Target::AtMost(1_000.0)),
    ("district.phone_more_round_trips", Target::AtMost(1.0)),
    ("district.worst_page_p95_ms", Target::AtMost(200.0)),
];

/// What was measured, by dotted name.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Takes a figure in.
    pub(crate) fn set(&mut self, name: impl Into<String>, value: f64) {
        self.0.insert(name.into(), value);
    }

    /// A figure taken in before.
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// Targets whose figure was measured and does not hold.
    pub(crate) fn missed(&self) -> Vec<&'static str> {
        TARGETS
            .iter()
            .filter(|(name, target)| self.get(name).is_some_and(|value| !target.holds(value)))
            .map(|(name, _)| *name)
            .collect()
    }

    /// `{"s1": {"bytes_ratio": 1.2, …}, …, "targets": […]}`.
    pub(crate) fn to_json(&self, seed: u64) -> Value {
        let mut root = Map::new();
        root.insert("seed".to_owned(), json!(seed));
        for (name, value) in &self.0 {
            let value = number(*value);
            match name.split_once('.') {
                None => {
                    root.insert(name.clone(), value);
                }
                Some((group, name)) => {
                    let group = root.entry(group).or_insert_with(|| json!({}));
                    if let Some(group) = group.as_object_mut() {
                        group.insert(name.to_owned(), value);
                    }
                }
            }
        }
        let targets: Vec<Value> = TARGETS
            .iter()
            .filter_map(|(name, target)| {
                let value = self.get(name)?;
                Some(json!({
                    "key": name,
                    "value": number(value),
                    "target": target.text(),
                    "pass": target.holds(value),
                }))
            })
            .collect();
        root.insert("targets".to_owned(), Value::Array(targets));
        Value::Object(root)
    }

    /// A table for people: targets first, then everything.
    pub(crate) fn to_table(&self, seed: u64) -> String {
        let mut table = format!("seed {seed}\n\n");
        let _ = writeln!(
            table,
            "{:<24}{:>14}  {:<10} verdict",
            "figure", "measured", "target"
        );
        for (name, target) in TARGETS {
            let Some(value) = self.get(name) else {
                let _ = writeln!(
                    table,
                    "{name:<24}{:>14}  {:<10} not run",
                    "-",
                    target.text()
                );
                continue;
            };
            let verdict = if target.holds(value) {
                "holds"
            } else {
                "MISSED"
            };
            let _ = writeln!(
                table,
                "{name:<24}{:>14}  {:<10} {verdict}",
                show(value),
                target.text()
            );
        }
        table.push_str("\nall figures\n");
        for (name, value) in &self.0 {
            let _ = writeln!(table, "{name:<24}{:>14}", show(*value));
        }
        table
    }
}

/// Three digits after the point at most; whole numbers without.
fn number(value: f64) -> Value {
    let rounded = (value * 1_000.0).round() / 1_000.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
    if rounded.fract().abs() < 1e-9 && rounded.abs() < 9e15 {
        json!(rounded as i64)
    } else {
        json!(rounded)
    }
}

fn show(value: f64) -> String {
    number(value).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_names_become_nested_objects_and_targets_are_judged() {
        let mut figures = Figures::default();
        figures.set("s1.bytes_ratio", 1.234_56);
        figures.set("s2_20000.bytes_up", 401.0);
        figures.set("list_ms", 2.0);
        let json = figures.to_json(7);
        assert_eq!(json["seed"], 7);
        assert_eq!(json["s1"]["bytes_ratio"], 1.235);
        assert_eq!(json["s2_20000"]["bytes_up"], 401);
        assert_eq!(json["list_ms"], 2);
        assert_eq!(figures.missed(), ["s2_20000.bytes_up"]);
        assert_eq!(json["targets"].as_array().unwrap().len(), 3);
        assert!(figures.to_table(7).contains("MISSED"));
    }
}
