//! What the person did in some days, and the three ways into the app's work
//! (访、报、调), for the home screen.

use wangge_model::visit_plan::Period;

use crate::{
    AppError, Core,
    plan::{day, size},
};

/// Of which days a sum is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SumPeriod {
    /// One day.
    Day,
    /// The week it is in, from Monday up to that day.
    Week,
    /// The month it is in, up to that day.
    Month,
}

impl From<SumPeriod> for Option<Period> {
    fn from(period: SumPeriod) -> Self {
        match period {
            SumPeriod::Day => None,
            SumPeriod::Week => Some(Period::Week),
            SumPeriod::Month => Some(Period::Month),
        }
    }
}

/// What was done within some days.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct WorkSum {
    /// The first day, `YYYY-MM-DD`.
    pub first: String,
    /// The last day.
    pub last: String,
    /// Household files begun or changed on this phone.
    pub households: u64,
    /// Place files begun or changed on this phone.
    pub places: u64,
    /// Visits entered or changed on this phone.
    pub visits: u64,
    /// Incidents reported or changed on this phone.
    pub incidents: u64,
    /// Of all these, records with something the server has not confirmed.
    pub unsent: u64,
    /// Visits made that count.
    pub counted_visits: u32,
    /// Visits made that do not.
    pub not_counted: u32,
}

/// What waits behind each of the three entries.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Entries {
    /// 访: households and places to go to today.
    pub visits_due: u32,
    /// 报: incidents whose case is not over.
    pub incidents_open: u64,
    /// Incidents with something that is not at the server yet.
    pub incidents_unsent: u64,
    /// 调: disputes among the open incidents.
    pub disputes_open: u64,
    /// Surveys asked today.
    pub surveys_open: u32,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// What was done on a day, or in its week or month up to that day; today if
    /// no day is given.
    pub async fn work_sum(
        &self,
        period: SumPeriod,
        on: Option<String>,
    ) -> Result<WorkSum, AppError> {
        let on = day(on)?;
        let sum = self
            .run(move |core| core.work_sum(period.into(), on))
            .await?;
        Ok(WorkSum {
            first: sum.first.to_string(),
            last: sum.last.to_string(),
            households: sum.households,
            places: sum.places,
            visits: sum.visits,
            incidents: sum.incidents,
            unsent: sum.unsent,
            counted_visits: size(sum.counted_visits),
            not_counted: size(sum.not_counted),
        })
    }

    /// What waits behind each of the three entries of the home screen.
    pub async fn entries(&self) -> Result<Entries, AppError> {
        let entries = self.run(wangge_core::Core::entries).await?;
        Ok(Entries {
            visits_due: size(entries.visits_due),
            incidents_open: entries.incidents_open,
            incidents_unsent: entries.incidents_unsent,
            disputes_open: entries.disputes_open,
            surveys_open: size(entries.surveys_open),
        })
    }
}
