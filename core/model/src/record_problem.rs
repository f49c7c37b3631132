//! What does not fit together in a record although each field by itself is
//! right. Nothing is refused for it: two people may have entered the halves
//! apart, and whoever is at the door is to go on. It is shown beside the field.

use chrono::NaiveDate;

use crate::{
    FieldPath, Point, RecordKind,
    citizen_id::{CitizenId, CitizenIdPolicy, Sex},
    document::Fields,
    duplicate::{MatchKind, match_keys},
    household::{CHILD_YEARS, Household, Member},
    permit::{PermitKind, PermitNumber},
};

/// One thing that does not fit, at the field where to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordProblem {
    /// The field.
    pub path: FieldPath,
    /// What is wrong.
    pub code: RecordProblemCode,
}

/// What can be wrong between fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordProblemCode {
    /// A child under 14 without a guardian (PIPL art. 31).
    GuardianMissing,
    /// The guardian named is no present member.
    GuardianUnknown,
    /// The birth date is another than in the identity number (GB 11643).
    BirthDiffers,
    /// The sex is another than in the identity number.
    SexDiffers,
    /// The number has not the shape of the document chosen.
    PermitDiffers,
    /// Two members have one identity number.
    SamePersonTwice,
    /// The end lies before the beginning.
    EndBeforeStart,
    /// A day that lies in the future.
    InTheFuture,
    /// A position outside of China, or none at all.
    PointOutside,
}

impl RecordProblemCode {
    /// Every code.
    pub const ALL: [Self; 9] = [
        Self::GuardianMissing,
        Self::GuardianUnknown,
        Self::BirthDiffers,
        Self::SexDiffers,
        Self::PermitDiffers,
        Self::SamePersonTwice,
        Self::EndBeforeStart,
        Self::InTheFuture,
        Self::PointOutside,
    ];

    /// Stable code; its texts are `record-problem-<code>` in the message files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GuardianMissing => "guardian_missing",
            Self::GuardianUnknown => "guardian_unknown",
            Self::BirthDiffers => "birth_differs",
            Self::SexDiffers => "sex_differs",
            Self::PermitDiffers => "permit_differs",
            Self::SamePersonTwice => "same_person_twice",
            Self::EndBeforeStart => "end_before_start",
            Self::InTheFuture => "in_the_future",
            Self::PointOutside => "point_outside",
        }
    }
}

/// Everything that does not fit together in a record, in the order of a form.
pub fn record_problems(kind: RecordKind, fields: &Fields, today: NaiveDate) -> Vec<RecordProblem> {
    let mut found = Found {
        fields,
        today: today.format("%Y-%m-%d").to_string(),
        problems: Vec::new(),
    };
    found.point();
    match kind {
        RecordKind::Household => {
            household(&mut found, today);
            found.spans("labels", "since", "until");
            found.spans("links", "since", "until");
            found.hazards();
        }
        RecordKind::Place => found.hazards(),
        RecordKind::Visit => {
            let (start, end) = (fields.time("started_at"), fields.time("ended_at"));
            if start.zip(end).is_some_and(|(start, end)| end < start) {
                found.add("ended_at", RecordProblemCode::EndBeforeStart);
            }
        }
        RecordKind::Incident => {}
    }
    found.problems
}

struct Found<'a> {
    fields: &'a Fields,
    today: String,
    problems: Vec<RecordProblem>,
}

impl Found<'_> {
    fn add(&mut self, path: &str, code: RecordProblemCode) {
        if let Ok(path) = FieldPath::new(path) {
            self.problems.push(RecordProblem { path, code });
        }
    }

    fn point(&mut self) {
        let number = |name: &str| self.fields.number(&format!("point.{name}"));
        let (longitude, latitude) = (number("longitude"), number("latitude"));
        let is_whole = longitude.zip(latitude).map(|(longitude, latitude)| {
            Point::new(longitude, latitude, number("accuracy_m")).is_ok()
        });
        if is_whole == Some(false) || longitude.is_some() != latitude.is_some() {
            self.add("point.longitude", RecordProblemCode::PointOutside);
        }
    }

    /// Entries of which the one day must not lie after the other.
    fn spans(&mut self, collection: &str, from: &str, to: &str) {
        for entry in self.fields.entries(collection) {
            let path = |name: &str| format!("{collection}.{entry}.{name}");
            let (start, end) = (self.fields.text(&path(from)), self.fields.text(&path(to)));
            if !start.is_empty() && !end.is_empty() && end < start {
                self.add(&path(to), RecordProblemCode::EndBeforeStart);
            }
        }
    }

    fn hazards(&mut self) {
        self.spans("hazards", "found_on", "fixed_on");
        self.spans("hazards", "fixed_on", "rechecked_on");
        for entry in self.fields.entries("hazards") {
            self.not_in_the_future(&format!("hazards.{entry}.found_on"));
        }
    }

    /// Days are written so that they sort as texts.
    fn not_in_the_future(&mut self, path: &str) {
        let day = self.fields.text(path);
        if !day.is_empty() && day > self.today {
            self.add(path, RecordProblemCode::InTheFuture);
        }
    }
}

fn household(found: &mut Found<'_>, today: NaiveDate) {
    let household = Household::of(found.fields);
    for (id, member) in &household.members {
        let path = |field: &str| format!("members.{id}.{field}");
        found.not_in_the_future(&path("birth_date"));
        if !member.left_on.is_empty() && member.left_on < member.joined_on {
            found.add(&path("left_on"), RecordProblemCode::EndBeforeStart);
        }
        number(found, &path, member);
        if member.is_present() {
            guardian(found, &path, member, &household, today);
        }
    }
    twice(found);
}

fn number(found: &mut Found<'_>, path: &impl Fn(&str) -> String, member: &Member) {
    let parse = |text: &str| CitizenId::parse(text, NaiveDate::MAX, CitizenIdPolicy::Synthetic);
    if let Ok(number) = parse(&member.citizen_id) {
        let birth = number.birth_date().format("%Y-%m-%d").to_string();
        if !member.birth_date.is_empty() && member.birth_date != birth {
            found.add(&path("birth_date"), RecordProblemCode::BirthDiffers);
        }
        let sex = match number.sex() {
            Sex::Male => "1",
            Sex::Female => "2",
        };
        if ["1", "2"].contains(&member.sex.as_str()) && member.sex != sex {
            found.add(&path("sex"), RecordProblemCode::SexDiffers);
        }
    }
    let kind = PermitKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == member.permit_kind);
    let fits = |kind| {
        let policy = CitizenIdPolicy::Synthetic;
        PermitNumber::parse(kind, &member.permit_number, NaiveDate::MAX, policy).is_ok()
    };
    if !member.permit_number.is_empty() && kind.is_some_and(|kind| !fits(kind)) {
        found.add(&path("permit_number"), RecordProblemCode::PermitDiffers);
    }
}

fn guardian(
    found: &mut Found<'_>,
    path: &impl Fn(&str) -> String,
    member: &Member,
    household: &Household,
    today: NaiveDate,
) {
    let guardian = &member.guardian;
    let is_child = member.age_on(today).is_some_and(|age| age < CHILD_YEARS);
    if is_child && guardian.member.is_empty() && guardian.name.is_empty() {
        found.add(&path("guardian"), RecordProblemCode::GuardianMissing);
    }
    let is_here = household
        .members
        .get(&guardian.member)
        .is_some_and(Member::is_present);
    if !guardian.member.is_empty() && !is_here {
        found.add(&path("guardian"), RecordProblemCode::GuardianUnknown);
    }
}

/// The later of two members with one number is the one to mend.
fn twice(found: &mut Found<'_>) {
    let keys = match_keys(RecordKind::Household, found.fields);
    let numbers: Vec<_> = keys
        .iter()
        .filter(|key| key.kind == MatchKind::IdentityNumber)
        .collect();
    for (place, key) in numbers.iter().enumerate() {
        if numbers.iter().take(place).any(|other| other.matches(key)) {
            let path = format!("members.{}.citizen_id", key.entry);
            found.add(&path, RecordProblemCode::SamePersonTwice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FieldValue, Timestamp};

    fn problems(kind: RecordKind, values: &[(&str, FieldValue)]) -> Vec<(String, &'static str)> {
        let mut fields = Fields::default();
        for (path, value) in values {
            fields.set(FieldPath::new(*path).unwrap(), Some(value.clone()));
        }
        let today = NaiveDate::from_ymd_opt(1910, 6, 1).unwrap();
        record_problems(kind, &fields, today)
            .into_iter()
            .map(|problem| (problem.path.to_string(), problem.code.as_str()))
            .collect()
    }

    fn household(values: &[(&str, &str)]) -> Vec<(String, &'static str)> {
        let values: Vec<(&str, FieldValue)> = values
            .iter()
            .map(|(path, text)| (*path, FieldValue::text(*text)))
            .collect();
        problems(RecordKind::Household, &values)
    }

    fn one(path: &str, code: &'static str) -> Vec<(String, &'static str)> {
        vec![(path.to_owned(), code)]
    }

    #[test]
    fn a_child_needs_a_guardian_who_is_there() {
        let child = ("members.c.birth_date", "1900-01-01");
        assert_eq!(
            household(&[child]),
            one("members.c.guardian", "guardian_missing")
        );
        assert_eq!(
            household(&[child, ("members.c.guardian_name", "王小明")]),
            []
        );
        let parent = ("members.p.name", "王小明");
        let named = ("members.c.guardian", "p");
        assert_eq!(household(&[child, parent, named]), []);
        let gone = ("members.p.left_on", "1909-01-01");
        assert_eq!(
            household(&[child, parent, named, gone]),
            one("members.c.guardian", "guardian_unknown")
        );
        assert_eq!(household(&[("members.c.birth_date", "1890-01-01")]), []);
    }

    #[test]
    fn birth_and_sex_must_be_those_of_the_number() {
        let number = ("members.m.citizen_id", "370102189912319991");
        assert_eq!(
            household(&[
                number,
                ("members.m.birth_date", "1899-12-31"),
                ("members.m.sex", "1"),
                ("members.m.guardian_name", "李雷")
            ]),
            []
        );
        assert_eq!(
            household(&[number, ("members.m.birth_date", "1880-12-31")]),
            one("members.m.birth_date", "birth_differs")
        );
        assert_eq!(
            household(&[number, ("members.m.sex", "2")]),
            one("members.m.sex", "sex_differs")
        );
        assert_eq!(
            household(&[number, ("members.m.sex", "9")]),
            [],
            "not stated"
        );
        assert_eq!(
            household(&[number, ("members.n.citizen_id", number.1)]),
            one("members.n.citizen_id", "same_person_twice")
        );
        assert_eq!(
            household(&[
                ("members.m.permit_kind", "hk_macao_travel_permit"),
                ("members.m.permit_number", "12345678"),
            ]),
            one("members.m.permit_number", "permit_differs")
        );
    }

    #[test]
    fn what_ends_does_not_end_before_it_began_nor_begin_tomorrow() {
        let span = |collection: &str, from: &str, to: &str| {
            let (from, to) = (
                format!("{collection}.x.{from}"),
                format!("{collection}.x.{to}"),
            );
            household(&[(&from, "1910-02-01"), (&to, "1910-01-01")])
        };
        assert_eq!(
            span("members", "joined_on", "left_on"),
            one("members.x.left_on", "end_before_start")
        );
        assert_eq!(
            span("labels", "since", "until"),
            one("labels.x.until", "end_before_start")
        );
        assert_eq!(
            span("links", "since", "until"),
            one("links.x.until", "end_before_start")
        );
        assert_eq!(
            span("hazards", "found_on", "fixed_on"),
            one("hazards.x.fixed_on", "end_before_start")
        );
        assert_eq!(
            household(&[("hazards.x.found_on", "1910-06-02")]),
            one("hazards.x.found_on", "in_the_future")
        );
        let at = |millis| FieldValue::Time(Timestamp::from_millis(millis));
        assert_eq!(
            problems(
                RecordKind::Visit,
                &[("started_at", at(2)), ("ended_at", at(1))]
            ),
            one("ended_at", "end_before_start")
        );
    }

    #[test]
    fn a_position_lies_in_china() {
        let at = |longitude, latitude| {
            problems(
                RecordKind::Place,
                &[
                    ("point.longitude", FieldValue::Number(longitude)),
                    ("point.latitude", FieldValue::Number(latitude)),
                ],
            )
        };
        assert_eq!(at(117.0, 36.7), []);
        assert_eq!(at(0.0, 0.0), one("point.longitude", "point_outside"));
        assert_eq!(at(36.7, 117.0), one("point.longitude", "point_outside"));
    }
}
