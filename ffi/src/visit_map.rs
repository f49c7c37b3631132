//! The map of visits: households with their doors and how they stand.

use wangge_model::{
    GridId,
    message::{Language, message, message_id},
};

use crate::{AppError, Core, plan, record::RecordRow};

/// A household on the map of visits.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct MappedHousehold {
    /// Its list row.
    pub row: RecordRow,
    /// Degrees east (WGS-84) of its door; without both it is listed beside the
    /// map.
    pub longitude: Option<f64>,
    /// Degrees north of its door.
    pub latitude: Option<f64>,
    /// `overdue`, `due`, `visited` in this month, or `rest`: nothing is due.
    pub state: String,
    /// The state in Chinese.
    pub state_zh: String,
    /// The state in English.
    pub state_en: String,
    /// The last day a visit counted.
    pub visited_on: Option<String>,
}

impl From<wangge_core::MappedHousehold> for MappedHousehold {
    fn from(mapped: wangge_core::MappedHousehold) -> Self {
        let state = mapped.standing.state.as_str();
        let id = message_id("visit-state", state);
        Self {
            row: mapped.row.into(),
            longitude: mapped.door.map(|door| door.longitude),
            latitude: mapped.door.map(|door| door.latitude),
            state: state.to_owned(),
            state_zh: message(Language::Chinese, &id, &[]),
            state_en: message(Language::English, &id, &[]),
            visited_on: mapped.standing.visited_on.map(|day| day.to_string()),
        }
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// The map of visits of a grid, or of all grids, on a day (`YYYY-MM-DD`;
    /// today if not given), most pressing first.
    pub async fn visit_map(
        &self,
        grid: Option<GridId>,
        on: Option<String>,
    ) -> Result<Vec<MappedHousehold>, AppError> {
        let on = plan::day(on)?;
        let mapped = self.run(move |core| core.visit_map(grid, on)).await?;
        Ok(mapped.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wangge_model::{message::find_message, visit_plan::VisitState};

    #[test]
    fn every_state_has_words() {
        for state in VisitState::ALL {
            let id = message_id("visit-state", state.as_str());
            for language in Language::ALL {
                assert!(find_message(language, &id, &[]).is_some(), "{id}");
            }
        }
    }
}
