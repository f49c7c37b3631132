//! Hazards: reporting one as an incident, and looking again.

use wangge_model::{RecordId, hazard::Recheck};

use crate::{
    AppError, Core,
    plan::day,
    value::{FieldEdit, to_core},
};

/// What a second look at a hazard found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RecheckResult {
    /// It is gone.
    Fixed,
    /// It is still there.
    NotFixed,
}

impl From<RecheckResult> for Recheck {
    fn from(result: RecheckResult) -> Self {
        match result {
            RecheckResult::Fixed => Self::Fixed,
            RecheckResult::NotFixed => Self::NotFixed,
        }
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// Reports a hazard of a household or place as an incident, with `edits` on
    /// top of what the hazard says; the hazard then names it. Answers the
    /// incident, also where it was reported before.
    pub async fn report_hazard(
        &self,
        record: RecordId,
        hazard: String,
        edits: Vec<FieldEdit>,
    ) -> Result<RecordId, AppError> {
        let edits = to_core(edits);
        self.run(move |core| core.report_hazard(record, &hazard, &edits))
            .await
    }

    /// Notes that somebody looked at a hazard again on a day (`YYYY-MM-DD`; today
    /// if not given), and what they found.
    pub async fn recheck_hazard(
        &self,
        record: RecordId,
        hazard: String,
        result: RecheckResult,
        on: Option<String>,
    ) -> Result<(), AppError> {
        let on = day(on)?;
        self.run(move |core| core.recheck_hazard(record, &hazard, result.into(), on))
            .await
    }
}
