//! What was decided on a case, one entry a decision, kept for good.

use std::collections::BTreeMap;

use super::{CaseLevel, CaseState, CaseVerb};
use crate::{
    ActorId, FieldPath, FieldValue, OrgNodeId, PersonId, Timestamp,
    document::{FieldEdit, Fields},
};

/// Which levels approved papers (审批性), each with when; a disapproval takes all
/// of them back.
pub fn approvals(timeline: &[TimelineEntry]) -> BTreeMap<CaseLevel, Timestamp> {
    let mut approved = BTreeMap::new();
    for entry in timeline {
        match entry.known_verb() {
            Some(CaseVerb::Approve) => {
                // The level written is that of the desk after it: the next one,
                // unless there is none.
                let after = CaseLevel::parse(&entry.level);
                let is_last = entry.known_state() == Some(CaseState::Handled);
                let level = if is_last {
                    after
                } else {
                    after.and_then(CaseLevel::below)
                };
                if let Some(level) = level {
                    approved.insert(level, entry.at);
                }
            }
            Some(CaseVerb::Disapprove) => approved.clear(),
            _ => {}
        }
    }
    approved
}

/// The collection of decisions.
const TIMELINE: &str = "timeline";

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// The case's version after it.
    pub version: u64,
    /// What was done: code of [`CaseVerb`], or one of a newer server.
    pub verb: String,
    /// Who asked for it; `None`: the server itself, because a time ran out.
    pub person: Option<PersonId>,
    /// Their name then.
    pub name: String,
    /// When it was decided.
    pub at: Timestamp,
    /// Code of the [`CaseState`] before.
    pub from: String,
    /// Code of the [`CaseState`] after.
    pub to: String,
    /// Code of the level whose desk is responsible after it.
    pub level: String,
    /// The unit it is about or that has the case after it.
    pub unit: Option<OrgNodeId>,
    /// That unit's name then, if it was known.
    pub unit_name: String,
    /// The reason, result or remark.
    pub text: String,
    /// Days, stars, or 1 and 0 for yes and no, as the verb says.
    pub number: Option<i64>,
    /// The person it is about, if it is about one.
    pub named: Option<PersonId>,
    /// That person's name then; empty if it is about nobody.
    pub named_name: String,
    /// The request it answers; empty for what was asked for on the server.
    pub request: String,
}

impl TimelineEntry {
    /// The verb, if this build knows it.
    pub fn known_verb(&self) -> Option<CaseVerb> {
        CaseVerb::parse(&self.verb)
    }

    /// The state after it, if this build knows it.
    pub fn known_state(&self) -> Option<CaseState> {
        CaseState::parse(&self.to)
    }

    /// `server` tells apart what two lives of a server decided for one version.
    pub(super) fn edits(&self, server: ActorId) -> Vec<FieldEdit> {
        let life: String = server.to_string().chars().take(8).collect();
        let id = format!("{:06}-{life}", self.version);
        let mut edits = Vec::new();
        let mut set = |field: &str, value: Option<FieldValue>| {
            edits.extend(
                value.map(|value| FieldEdit::set(FieldPath::entry(TIMELINE, &id, field), value)),
            );
        };
        let text = |text: &str| (!text.is_empty()).then(|| FieldValue::text(text));
        let version = i64::try_from(self.version).unwrap_or(i64::MAX);
        set("version", Some(FieldValue::Integer(version)));
        set("verb", text(&self.verb));
        set(
            "person",
            self.person
                .map(|person| FieldValue::text(person.to_string())),
        );
        set("name", text(&self.name));
        set("at", Some(FieldValue::Time(self.at)));
        set("from", text(&self.from));
        set("to", text(&self.to));
        set("level", text(&self.level));
        set(
            "unit",
            self.unit.map(|unit| FieldValue::text(unit.to_string())),
        );
        set("unit_name", text(&self.unit_name));
        set("text", text(&self.text));
        set("number", self.number.map(FieldValue::Integer));
        set(
            "named",
            self.named
                .map(|person| FieldValue::text(person.to_string())),
        );
        set("named_name", text(&self.named_name));
        set("request", text(&self.request));
        edits
    }
}

/// Every decision on a case, oldest first.
pub fn read_timeline(fields: &Fields) -> Vec<TimelineEntry> {
    let mut entries: Vec<TimelineEntry> = fields
        .entries(TIMELINE)
        .into_iter()
        .filter_map(|id| {
            let at = |field: &str| format!("{TIMELINE}.{id}.{field}");
            let text = |field: &str| fields.text(&at(field));
            let version = fields.integer(&at("version"))?;
            Some(TimelineEntry {
                version: u64::try_from(version).unwrap_or(0),
                verb: text("verb"),
                person: text("person").parse().ok(),
                name: text("name"),
                at: fields.time(&at("at"))?,
                from: text("from"),
                to: text("to"),
                level: text("level"),
                unit: text("unit").parse().ok(),
                unit_name: text("unit_name"),
                text: text("text"),
                number: fields.integer(&at("number")),
                named: text("named").parse().ok(),
                named_name: text("named_name"),
                request: text("request"),
            })
        })
        .collect();
    entries.sort_by_key(|entry| (entry.at, entry.version));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(verb: CaseVerb, to: CaseState, level: CaseLevel, at: i64) -> TimelineEntry {
        TimelineEntry {
            version: 1,
            verb: verb.as_str().to_owned(),
            person: None,
            name: String::new(),
            at: Timestamp::from_millis(at),
            from: String::new(),
            to: to.as_str().to_owned(),
            level: level.as_str().to_owned(),
            unit: None,
            unit_name: String::new(),
            text: String::new(),
            number: None,
            named: None,
            named_name: String::new(),
            request: String::new(),
        }
    }

    #[test]
    fn each_level_that_approved_is_known_until_one_does_not() {
        use CaseLevel::{Community, County, Street};
        use CaseState::{Filed, Handled};
        let mut timeline = vec![
            entry(CaseVerb::File, Filed, Community, 1),
            entry(CaseVerb::Approve, Filed, Street, 2),
            entry(CaseVerb::Note, Filed, Street, 3),
            entry(CaseVerb::Approve, Filed, County, 4),
        ];
        let at = |timeline: &[TimelineEntry]| -> Vec<(CaseLevel, i64)> {
            let approved = approvals(timeline).into_iter();
            approved
                .map(|(level, at)| (level, at.as_millis()))
                .collect()
        };
        assert_eq!(at(&timeline), [(Community, 2), (Street, 4)]);
        timeline.push(entry(CaseVerb::Approve, Handled, County, 5));
        assert_eq!(at(&timeline), [(Community, 2), (Street, 4), (County, 5)]);
        timeline.push(entry(CaseVerb::Disapprove, Handled, County, 6));
        assert_eq!(at(&timeline), []);
    }
}
