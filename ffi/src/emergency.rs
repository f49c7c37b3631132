//! Emergencies that hold in a grid.

use wangge_model::{GridId, emergency::Emergency};

use crate::{AppError, Core};

/// An emergency that holds.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EmergencyInfo {
    /// Its id.
    pub id: String,
    /// 2: reinforced; 3: emergency response.
    pub level: u32,
    /// Why.
    pub reason: String,
    /// Who ordered it.
    pub ordered_by: String,
    /// Since when, in milliseconds since 1970.
    pub starts_at_ms: i64,
    /// When it ends, in milliseconds since 1970.
    pub ends_at_ms: i64,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// The emergencies that hold in a grid now, the highest level first.
    pub async fn emergencies(&self, grid: GridId) -> Result<Vec<EmergencyInfo>, AppError> {
        let emergencies = self.run(move |core| core.emergencies(grid)).await?;
        Ok(emergencies.into_iter().map(EmergencyInfo::from).collect())
    }
}

impl From<Emergency> for EmergencyInfo {
    fn from(emergency: Emergency) -> Self {
        Self {
            id: emergency.id,
            level: u32::from(emergency.level.number()),
            reason: emergency.reason,
            ordered_by: emergency.ordered_by,
            starts_at_ms: emergency.starts_at,
            ends_at_ms: emergency.ends_at,
        }
    }
}
