//! A visit with its diary, read as a whole.

use wangge_model::{RecordId, Timestamp, coordinate::Point, visit::Visit};

use crate::{AppError, Core};

/// One visit as it stands. Empty text means: not recorded.
#[uniffi::remote(Record)]
pub struct Visit {
    /// The household visited.
    pub household: Option<RecordId>,
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
    /// What came of it.
    pub result: String,
    /// Who was met.
    pub person_met: String,
    /// What became of what was asked.
    pub demands: String,
    /// When to come again, `YYYY-MM-DD`.
    pub follow_up_on: String,
    /// What people think, hope for and ask.
    pub diary: String,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// A visit as a whole.
    pub async fn visit(&self, id: RecordId) -> Result<Visit, AppError> {
        self.run(move |core| core.visit(id)).await
    }
}
