//! A visit with its diary, read as a whole.

use wangge_model::{
    RecordId, Timestamp,
    coordinate::Point,
    visit::{Opinion, Photo, Promise},
};

use crate::{
    AppError, Core,
    place::{CheckEntry, checks},
};

/// One visit as it stands. Empty text means: not recorded.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Visit {
    /// The household visited.
    pub household: Option<RecordId>,
    /// The place visited, where it is no household.
    pub place: Option<RecordId>,
    /// Whether it was on a plan.
    pub planned: bool,
    /// The plan or campaign it was on; empty if none.
    pub plan: String,
    /// Kind code.
    pub kind: String,
    /// How it was made.
    pub form: String,
    /// Start by the phone's clock.
    pub started_at: Option<Timestamp>,
    /// End by the phone's clock.
    pub ended_at: Option<Timestamp>,
    /// Where, if taken.
    pub point: Option<Point>,
    /// Whether the phone says that another app made the position up.
    pub is_mocked: bool,
    /// Metres between the position and the door.
    pub door_distance_m: Option<f64>,
    /// Why it was made from farther away.
    pub distance_reason: String,
    /// Id of the person who made it; empty in older visits.
    pub visitor: String,
    /// Who came along, in words.
    pub companions: String,
    /// What came of it.
    pub result: String,
    /// Who was met.
    pub person_met: String,
    /// What became of what was asked.
    pub demands: String,
    /// When to come again, `YYYY-MM-DD`.
    pub follow_up_on: String,
    /// What was checked, by id.
    pub checks: Vec<CheckEntry>,
    /// Opinions heard, by id.
    pub opinions: Vec<OpinionEntry>,
    /// What the visitor promised, by id.
    pub promises: Vec<PromiseEntry>,
    /// Photos taken, by id.
    pub photos: Vec<PhotoEntry>,
    /// What people think, hope for and ask.
    pub diary: String,
}

/// An opinion heard on a visit. Fields are at `opinions.<id>.…`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OpinionEntry {
    /// Id of the entry.
    pub id: String,
    /// What it is about.
    pub category: String,
    /// What was said.
    pub text: String,
    /// Done at once, or jointly with a limit.
    pub handling: String,
    /// The limit, `YYYY-MM-DD`.
    pub due_on: String,
    /// When it was done.
    pub done_on: String,
    /// The incident it became, if it did.
    pub incident: Option<RecordId>,
}

/// Something the visitor promised. Fields are at `promises.<id>.…`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PromiseEntry {
    /// Id of the entry.
    pub id: String,
    /// What.
    pub text: String,
    /// By when, `YYYY-MM-DD`.
    pub due_on: String,
    /// When it was kept; empty while it is open.
    pub kept_on: String,
}

/// A photo, by its content. Fields are at `photos.<id>.…`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PhotoEntry {
    /// Id of the entry.
    pub id: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// When it was taken, by the phone's clock.
    pub taken_at: Option<Timestamp>,
    /// What it shows.
    pub remark: String,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// A visit as a whole.
    pub async fn visit(&self, id: RecordId) -> Result<Visit, AppError> {
        Ok(self.run(move |core| core.visit(id)).await?.into())
    }
}

impl From<wangge_model::visit::Visit> for Visit {
    fn from(visit: wangge_model::visit::Visit) -> Self {
        Self {
            household: visit.household,
            place: visit.place,
            planned: visit.planned,
            plan: visit.plan,
            kind: visit.kind,
            form: visit.form,
            started_at: visit.started_at,
            ended_at: visit.ended_at,
            point: visit.point,
            is_mocked: visit.is_mocked,
            door_distance_m: visit.door_distance_m,
            distance_reason: visit.distance_reason,
            visitor: visit.visitor,
            companions: visit.companions,
            result: visit.result,
            person_met: visit.person_met,
            demands: visit.demands,
            follow_up_on: visit.follow_up_on,
            checks: checks(visit.checks),
            opinions: visit.opinions.into_iter().map(opinion).collect(),
            promises: visit.promises.into_iter().map(promise).collect(),
            photos: visit.photos.into_iter().map(photo).collect(),
            diary: visit.diary,
        }
    }
}

fn opinion((id, opinion): (String, Opinion)) -> OpinionEntry {
    OpinionEntry {
        id,
        category: opinion.category,
        text: opinion.text,
        handling: opinion.handling,
        due_on: opinion.due_on,
        done_on: opinion.done_on,
        incident: opinion.incident,
    }
}

fn promise((id, promise): (String, Promise)) -> PromiseEntry {
    PromiseEntry {
        id,
        text: promise.text,
        due_on: promise.due_on,
        kept_on: promise.kept_on,
    }
}

fn photo((id, photo): (String, Photo)) -> PhotoEntry {
    PhotoEntry {
        id,
        sha256: photo.sha256,
        taken_at: photo.taken_at,
        remark: photo.remark,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_was_heard_and_promised_carries_its_id() {
        let visit = Visit::from(wangge_model::visit::Visit {
            opinions: BTreeMap::from([(
                "o1".to_owned(),
                Opinion {
                    text: "路灯不亮".to_owned(),
                    ..Opinion::default()
                },
            )]),
            promises: BTreeMap::from([(
                "p1".to_owned(),
                Promise {
                    due_on: "2026-12-01".to_owned(),
                    ..Promise::default()
                },
            )]),
            ..Default::default()
        });
        let (opinion, promise) = (&visit.opinions[0], &visit.promises[0]);
        assert_eq!(
            (opinion.id.as_str(), opinion.text.as_str()),
            ("o1", "路灯不亮")
        );
        assert_eq!(
            (promise.id.as_str(), promise.due_on.as_str()),
            ("p1", "2026-12-01")
        );
    }
}
