//! A visit with its diary (入户走访, 民情日记), read from its document.

use crate::{RecordId, Timestamp, document::RecordDocument};

/// One visit as it stands. Empty text means: not recorded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Visit {
    /// The household visited.
    pub household: Option<RecordId>,
    /// Kind code, see [`crate::document::schema::VISIT_KIND`].
    pub kind: String,
    /// How it was made, see [`crate::document::schema::VISIT_FORM`].
    pub form: String,
    /// Start by the phone's clock.
    pub started_at: Option<Timestamp>,
    /// End by the phone's clock.
    pub ended_at: Option<Timestamp>,
    /// WGS-84 position, if taken.
    pub point: Option<crate::coordinate::Point>,
    /// What came of it, see [`crate::document::schema::VISIT_RESULT`].
    pub result: String,
    /// Who was met.
    pub person_met: String,
    /// What became of what was asked, see [`crate::document::schema::DEMANDS`].
    pub demands: String,
    /// When to come again, `YYYY-MM-DD`.
    pub follow_up_on: String,
    /// What people think, hope for and ask.
    pub diary: String,
}

impl Visit {
    /// Reads the whole record.
    pub fn read(document: &RecordDocument) -> Self {
        let fields = document.read();
        let text = |path: &str| fields.text(path);
        Self {
            household: text("household").parse().ok(),
            kind: text("kind"),
            form: text("form"),
            started_at: fields.time("started_at"),
            ended_at: fields.time("ended_at"),
            point: fields.point(),
            result: text("result"),
            person_met: text("person_met"),
            demands: text("demands"),
            follow_up_on: text("follow_up_on"),
            diary: text("diary"),
        }
    }
}
