//! What a check found, for scripts and for people.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wangge_model::{
    GridId, RecordKind,
    message::{Language, message},
    org::{StaffMember, StaffingRules},
    redivision::Reason,
};

use super::{Checked, check::PlannedGrid};
use crate::storage::NewAssignment;

impl Checked {
    fn name_of(&self, grid: GridId) -> String {
        let new = self
            .new
            .iter()
            .find(|new| new.node.id == grid.into())
            .map(|new| (&new.node.name, &new.node.code));
        let old = || {
            self.old
                .iter()
                .find(|old| old.id == grid.into())
                .map(|old| (&old.name, &old.code))
        };
        match new.or_else(old) {
            Some((name, Some(code))) => format!("{name} {code}"),
            Some((name, None)) => name.clone(),
            None => String::new(),
        }
    }

    /// Records by what decided on them.
    pub fn count_reasons(&self) -> BTreeMap<Reason, usize> {
        let mut counts = BTreeMap::new();
        for placement in &self.plan.placements {
            *counts.entry(placement.reason).or_default() += 1;
        }
        counts
    }

    /// For scripts.
    pub fn to_json(&self, language: Language) -> Value {
        let grid = |grid: &PlannedGrid| {
            json!({
                "id": grid.node.id.to_string(),
                "code": grid.node.code,
                "name": grid.node.name,
                "attribute": grid.node.attribute.map(wangge_model::GridAttribute::as_str),
                "area_m2": grid.boundary.area_m2().round(),
                "households": grid.size.households,
                "people": grid.size.people,
                "warnings": grid.warnings.iter().map(wangge_model::org::GridWarning::code).collect::<Vec<_>>(),
            })
        };
        json!({
            "name": self.name,
            "community": self.community.id.to_string(),
            "records": self.records,
            "close": self.old.iter().map(|old| json!({
                "id": old.id.to_string(),
                "code": old.code,
                "name": old.name,
            })).collect::<Vec<_>>(),
            "create": self.new.iter().map(grid).collect::<Vec<_>>(),
            "area_m2": self.coverage.as_ref().map(|coverage| coverage.parent_m2.round()),
            "gap_m2": self.coverage.as_ref().map(|coverage| coverage.gap_m2.round()),
            "decided": self.count_reasons().iter()
                .map(|(reason, count)| (reason.as_str(), *count))
                .collect::<BTreeMap<_, _>>(),
            "undecided": self.plan.undecided.iter().map(|left| json!({
                "record": left.record.to_string(),
                "kind": left.kind.as_str(),
                "title": left.title,
                "from": self.name_of(left.from),
                "has_point": left.has_point,
            })).collect::<Vec<_>>(),
            "cut_buildings": self.plan.cut_buildings.iter().map(|key| json!({
                "estate": key.estate,
                "building": key.building,
            })).collect::<Vec<_>>(),
            "staff": self.staff.len(),
            "problems": self.problems.iter().map(|problem| json!({
                "code": problem.code(),
                "text": problem.text(language),
            })).collect::<Vec<_>>(),
        })
    }

    /// For people: facts, warnings, problems, one a line.
    pub fn to_lines(&self, language: Language, staffing: &StaffingRules) -> Vec<String> {
        let say = |id: &str, arguments: &[(&str, &str)]| message(language, id, arguments);
        let mut lines = vec![say(
            "division-head",
            &[
                ("name", &self.name),
                ("community", &self.community.name),
                ("close", &self.old.len().to_string()),
                ("create", &self.new.len().to_string()),
                ("records", &self.records.to_string()),
            ],
        )];
        lines.push(match &self.coverage {
            Some(coverage) => say(
                "division-coverage",
                &[
                    ("area", &format!("{:.0}", coverage.parent_m2)),
                    ("gap", &format!("{:.0}", coverage.gap_m2)),
                ],
            ),
            None => say("division-no-boundary", &[]),
        });
        for grid in &self.new {
            let name = self.name_of(grid.node.id.into());
            let mut warnings = grid.warnings.clone();
            warnings.extend(staffing.check(&members(&self.staff, grid)));
            let warnings: Vec<String> = warnings
                .iter()
                .map(|warning| warning.text(language))
                .collect();
            lines.push(say(
                "division-grid",
                &[
                    ("name", &name),
                    ("households", &grid.size.households.to_string()),
                    ("people", &grid.size.people.to_string()),
                    ("warnings", &warnings.join(&say("list-separator", &[]))),
                ],
            ));
        }
        for (reason, count) in self.count_reasons() {
            lines.push(say(
                "division-decided",
                &[
                    ("reason", &reason.text(language)),
                    ("count", &count.to_string()),
                ],
            ));
        }
        for key in &self.plan.cut_buildings {
            let building = format!("{}{}", key.estate, key.building);
            lines.push(say("division-cut", &[("building", &building)]));
        }
        for left in &self.plan.undecided {
            lines.push(say(
                "division-left",
                &[
                    ("record", &left.record.to_string()),
                    ("kind", &kind_name(left.kind, language)),
                    ("title", &left.title),
                    ("from", &self.name_of(left.from)),
                ],
            ));
        }
        lines.extend(
            self.problems
                .iter()
                .map(|problem| say("division-problem", &[("problem", &problem.text(language))])),
        );
        lines
    }
}

fn kind_name(kind: RecordKind, language: Language) -> String {
    message(language, &format!("kind-{kind}"), &[])
}

fn members(staff: &[NewAssignment], grid: &PlannedGrid) -> Vec<StaffMember> {
    staff
        .iter()
        .filter(|assignment| assignment.node == grid.node.id)
        .map(|assignment| StaffMember {
            person: assignment.person,
            role: assignment.role,
            is_reserve: assignment.reserve,
        })
        .collect()
}
