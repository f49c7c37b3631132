//! Which grid a point is in, without a network.

use wangge_model::{GridId, LongitudeLatitude};

use crate::{AppError, Core};

/// A grid of the map.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LocatedGrid {
    /// The grid.
    pub grid: GridId,
    /// Its public code; empty if it has none.
    pub code: String,
    /// Its name.
    pub name: String,
    /// `urban`, `rural`, `dedicated`; empty if unknown.
    pub attribute: String,
    /// The person works in it.
    pub is_own: bool,
}

impl From<wangge_core::LocatedGrid> for LocatedGrid {
    fn from(found: wangge_core::LocatedGrid) -> Self {
        Self {
            grid: found.grid,
            code: found.code,
            name: found.name,
            attribute: found.attribute,
            is_own: found.is_own,
        }
    }
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// The grid a point (WGS-84 degrees) lies in; nothing if it is in none of the
    /// communities the person works in, or their grids were not drawn.
    pub async fn locate_grid(
        &self,
        longitude: f64,
        latitude: f64,
    ) -> Result<Option<LocatedGrid>, AppError> {
        let point = LongitudeLatitude {
            longitude,
            latitude,
        };
        let found = self.run(move |core| core.locate_grid(point)).await?;
        Ok(found.map(Into::into))
    }
}
