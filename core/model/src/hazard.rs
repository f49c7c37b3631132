//! A hazard (隐患) found at a household or place: reported as an incident, to be
//! fixed by a day, looked at again until it is gone (隐患上报、整治、再次核查,
//! source 004). Phone and console write the same fields from here.

use std::collections::BTreeMap;

use crate::{
    CivilDay, FieldPath, FieldValue, RecordId, RecordKind,
    document::{FieldEdit, Fields, read_each},
    message::{Language, choice_message_id, find_message},
};

/// Days after which somebody looks again where nothing else says when: at a
/// hazard that was reported without a limit, or found not to be fixed. The
/// sources ask for the second look and name no day; a week is ours.
pub const AGAIN_DAYS: i32 = 7;

/// The code of the list of hazards that means there is none.
const NO_HAZARD: &str = "00";

/// Longest title of an incident, in characters.
const TITLE_CHARS: usize = 80;

/// A hazard that was found: what is to be done by when, and whether it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hazard {
    /// What kind, see [`crate::document::schema::PLACE_HAZARD`] and, for a
    /// dwelling, [`crate::document::schema::HAZARD`].
    pub kind: String,
    /// What exactly.
    pub remark: String,
    /// When it was found, `YYYY-MM-DD`.
    pub found_on: String,
    /// When it is to be fixed.
    pub fix_by: String,
    /// When it was.
    pub fixed_on: String,
    /// When somebody looked again.
    pub rechecked_on: String,
    /// What they found, see [`crate::document::schema::RECHECK`]; empty in what
    /// was entered before there was this question, when it meant fixed.
    pub recheck: String,
    /// Id of the person who looked again.
    pub rechecked_by: String,
    /// The incident it became, if it did.
    pub incident: Option<RecordId>,
}

/// How far a hazard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HazardState {
    /// Nobody said that it is fixed, or somebody looked and it is not.
    Open,
    /// Said to be fixed; nobody looked again.
    Fixed,
    /// Somebody looked again and it is gone.
    Closed,
}

impl HazardState {
    /// Stable word; its texts are `hazard-state-<word>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fixed => "fixed",
            Self::Closed => "closed",
        }
    }
}

/// What a second look at a hazard found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recheck {
    /// It is gone.
    Fixed,
    /// It is still there.
    NotFixed,
}

impl Recheck {
    /// The code of [`crate::document::schema::RECHECK`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::NotFixed => "not_fixed",
        }
    }

    /// The result with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Fixed, Self::NotFixed]
            .into_iter()
            .find(|result| result.as_str() == code)
    }
}

impl Hazard {
    /// How far it is.
    pub fn state(&self) -> HazardState {
        let is_still_there = self.recheck == Recheck::NotFixed.as_str();
        if !self.rechecked_on.is_empty() && !is_still_there {
            HazardState::Closed
        } else if self.fixed_on.is_empty() || (is_still_there && self.fixed_on <= self.rechecked_on)
        {
            HazardState::Open
        } else {
            HazardState::Fixed
        }
    }

    /// From which day on somebody is to look again; `None` if that is done, or
    /// if nothing says when. The day it was fixed; before, the last day it is to
    /// be fixed by; after a look in vain whichever of the two comes later, or
    /// [`AGAIN_DAYS`] after it.
    pub fn recheck_due_on(&self) -> Option<CivilDay> {
        if self.kind == NO_HAZARD || self.state() == HazardState::Closed {
            return None;
        }
        let day = |text: &str| text.parse::<CivilDay>().ok();
        let (fixed_on, fix_by) = (day(&self.fixed_on), day(&self.fix_by));
        if let Some(rechecked_on) = day(&self.rechecked_on) {
            let later = [fixed_on, fix_by].into_iter().flatten();
            let next = later.filter(|on| *on > rechecked_on).min();
            return Some(next.unwrap_or_else(|| rechecked_on.plus(AGAIN_DAYS)));
        }
        let reported = self.incident.and_then(|_| day(&self.found_on));
        fixed_on
            .or(fix_by)
            .or_else(|| reported.map(|on| on.plus(AGAIN_DAYS)))
    }

    /// The class of incident it is reported as, in the tree of the domain
    /// reference (5.1 d); the general class where none fits better.
    fn incident_category(&self, of: RecordKind) -> &'static str {
        match (of, self.kind.as_str()) {
            // Fire is 01 of a dwelling and 02 of a place (GB/T 31000-2015).
            (RecordKind::Household, "01") | (RecordKind::Place, "02") => "3001",
            (RecordKind::Household, "02") | (RecordKind::Place, "01") => "2099",
            (_, "03") => "1099",
            (RecordKind::Household, "04") => "3008",
            (RecordKind::Place, "04") => "100799",
            _ => "3099",
        }
    }
}

/// The field of a hazard.
fn path(hazard: &str, name: &str) -> Option<FieldPath> {
    FieldPath::new(format!("hazards.{hazard}.{name}")).ok()
}

/// What to write to a hazard when somebody looked again on a day.
pub fn recheck_edits(
    hazard: &str,
    before: &Hazard,
    result: Recheck,
    by: &str,
    on: CivilDay,
) -> Vec<FieldEdit> {
    let mut edits = vec![
        ("rechecked_on", on.to_string()),
        ("recheck", result.as_str().to_owned()),
        ("rechecked_by", by.to_owned()),
    ];
    if result == Recheck::Fixed && before.fixed_on.is_empty() {
        // Nobody wrote when; it was by the day it was seen to be gone.
        edits.push(("fixed_on", on.to_string()));
    }
    let edit = |(name, text): (&str, String)| {
        Some(FieldEdit::set(path(hazard, name)?, FieldValue::Text(text)))
    };
    edits.into_iter().filter_map(edit).collect()
}

/// What to write to a hazard that was reported as this incident.
pub fn reported_edits(hazard: &str, incident: RecordId) -> Vec<FieldEdit> {
    let edit = |path| FieldEdit::set(path, FieldValue::text(incident.to_string()));
    path(hazard, "incident").map(edit).into_iter().collect()
}

/// A hazard and the file it was found in.
#[derive(Debug, Clone, Copy)]
pub struct FoundHazard<'a> {
    /// The household or place.
    pub record: RecordId,
    /// Which of the two.
    pub kind: RecordKind,
    /// What its list calls it.
    pub title: &'a str,
    /// Id of the hazard in it.
    pub id: &'a str,
    /// The hazard.
    pub hazard: &'a Hazard,
}

impl FoundHazard<'_> {
    /// The incident report it makes, as far as it writes itself; whoever reports
    /// it may write every field otherwise.
    pub fn report(&self) -> Vec<FieldEdit> {
        let concerned = match self.kind {
            RecordKind::Place => "concerned_place",
            RecordKind::Household | RecordKind::Visit | RecordKind::Incident => "household",
        };
        let id = choice_message_id(self.kind, "hazards.*.kind", &self.hazard.kind);
        // Written once and read by everybody, so in the language of the work.
        let words = find_message(Language::Chinese, &id, &[]).unwrap_or_default();
        let title = match (words.is_empty(), self.title.is_empty()) {
            (false, false) => format!("{words}：{}", self.title),
            _ => format!("{words}{}", self.title),
        };
        let title = title.chars().take(TITLE_CHARS).collect::<String>();
        let fields = [
            ("category", self.hazard.incident_category(self.kind)),
            ("source", "check"),
            ("title", &title),
            ("description", &self.hazard.remark),
            (concerned, &self.record.to_string()),
            ("hazard", self.id),
        ]
        .map(|(path, text)| (path, text.to_owned()));
        fields
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .filter_map(|(path, text)| {
                let path = FieldPath::new(path).ok()?;
                Some(FieldEdit::set(path, FieldValue::Text(text)))
            })
            .collect()
    }
}

/// The hazards of a household or place, by id.
pub fn read_hazards(fields: &Fields) -> BTreeMap<String, Hazard> {
    read_each(fields, "hazards", |mut hazard| Hazard {
        kind: hazard.text("kind"),
        remark: hazard.text("remark"),
        found_on: hazard.text("found_on"),
        fix_by: hazard.text("fix_by"),
        fixed_on: hazard.text("fixed_on"),
        rechecked_on: hazard.text("rechecked_on"),
        recheck: hazard.text("recheck"),
        rechecked_by: hazard.text("rechecked_by"),
        incident: hazard.text("incident").parse().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str) -> CivilDay {
        text.parse().unwrap()
    }

    fn hazard(change: impl FnOnce(&mut Hazard)) -> Hazard {
        let mut hazard = Hazard {
            kind: "01".to_owned(),
            found_on: "2026-03-02".to_owned(),
            ..Hazard::default()
        };
        change(&mut hazard);
        hazard
    }

    #[test]
    fn a_hazard_is_looked_at_again_until_it_is_seen_to_be_gone() {
        let mut one = hazard(|one| one.fix_by = "2026-03-10".to_owned());
        assert_eq!(one.state(), HazardState::Open);
        assert_eq!(one.recheck_due_on(), Some(on("2026-03-10")));
        one.fixed_on = "2026-03-06".to_owned();
        assert_eq!(one.state(), HazardState::Fixed);
        assert_eq!(one.recheck_due_on(), Some(on("2026-03-06")));
        // A look in vain, and nothing that says when to look next.
        one.rechecked_on = "2026-03-11".to_owned();
        one.recheck = "not_fixed".to_owned();
        assert_eq!(one.state(), HazardState::Open);
        assert_eq!(one.recheck_due_on(), Some(on("2026-03-18")));
        one.fix_by = "2026-03-20".to_owned();
        assert_eq!(one.recheck_due_on(), Some(on("2026-03-20")));
        one.fixed_on = "2026-03-14".to_owned();
        assert_eq!(one.state(), HazardState::Fixed);
        assert_eq!(one.recheck_due_on(), Some(on("2026-03-14")));
        one.rechecked_on = "2026-03-15".to_owned();
        one.recheck = "fixed".to_owned();
        assert_eq!(one.state(), HazardState::Closed);
        assert_eq!(one.recheck_due_on(), None);
    }

    #[test]
    fn what_was_checked_again_before_results_were_asked_is_done() {
        let old = hazard(|one| one.rechecked_on = "2026-03-05".to_owned());
        assert_eq!(old.state(), HazardState::Closed);
        assert_eq!(old.recheck_due_on(), None);
        let none = hazard(|one| {
            one.kind = "00".to_owned();
            one.fix_by = "2026-03-05".to_owned();
        });
        assert_eq!(none.recheck_due_on(), None, "no hazard at all");
    }

    #[test]
    fn a_reported_hazard_without_a_limit_is_looked_at_after_a_week() {
        assert_eq!(hazard(|_| ()).recheck_due_on(), None);
        let reported = hazard(|one| one.incident = Some(RecordId::from_bytes([1; 16])));
        assert_eq!(reported.recheck_due_on(), Some(on("2026-03-09")));
    }

    #[test]
    fn a_report_names_the_file_the_hazard_and_how_it_came_about() {
        let hazard = hazard(|one| one.remark = "楼道堆放杂物".to_owned());
        let record = RecordId::from_bytes([7; 16]);
        let found = FoundHazard {
            record,
            kind: RecordKind::Place,
            title: "好邻居便利店",
            id: "h",
            hazard: &hazard,
        };
        let edits = found.report();
        let text = |path: &str| {
            let edit = edits.iter().find(|edit| edit.path.as_str() == path)?;
            edit.value.as_ref()?.as_text().map(ToOwned::to_owned)
        };
        assert_eq!(text("title").as_deref(), Some("治安隐患：好邻居便利店"));
        assert_eq!(text("category").as_deref(), Some("2099"));
        assert_eq!(text("source").as_deref(), Some("check"));
        assert_eq!(text("description").as_deref(), Some("楼道堆放杂物"));
        assert_eq!(text("concerned_place"), Some(record.to_string()));
        assert_eq!(text("hazard").as_deref(), Some("h"));
        assert_eq!(text("household"), None);
    }

    #[test]
    fn a_look_writes_who_saw_what_and_when() {
        let paths = |before: &Hazard, result| -> Vec<String> {
            let edits = recheck_edits("h", before, result, "p", on("2026-03-15"));
            edits.iter().map(|edit| edit.path.to_string()).collect()
        };
        let fixed = hazard(|one| one.fixed_on = "2026-03-10".to_owned());
        assert_eq!(
            paths(&fixed, Recheck::Fixed),
            [
                "hazards.h.rechecked_on",
                "hazards.h.recheck",
                "hazards.h.rechecked_by"
            ]
        );
        let open = hazard(|_| ());
        assert_eq!(paths(&open, Recheck::Fixed).len(), 4, "and since when");
        assert_eq!(paths(&open, Recheck::NotFixed).len(), 3);
        assert_eq!(Recheck::from_code("not_fixed"), Some(Recheck::NotFixed));
        assert_eq!(Recheck::from_code("?"), None);
    }
}
