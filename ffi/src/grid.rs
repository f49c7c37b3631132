//! The grids a person works in.

use wangge_model::{GridId, protocol::GridGrant};

use crate::{AppError, Core};

/// One grid the person works in.
#[uniffi::remote(Record)]
pub struct GridGrant {
    /// The grid.
    pub grid: GridId,
    /// Its public code, e.g. 19 digits.
    pub code: String,
    /// Its name, e.g. 第一网格.
    pub name: String,
    /// Community and street above it.
    pub place: String,
    /// The person's role there, e.g. `grid_worker`.
    pub role: String,
}

#[uniffi::export(async_runtime = "tokio")]
impl Core {
    /// The grids the person works in, in the server's order.
    pub async fn grids(&self) -> Result<Vec<GridGrant>, AppError> {
        self.run(wangge_core::Core::grids).await
    }
}
