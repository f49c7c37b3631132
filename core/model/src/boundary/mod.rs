//! Boundaries of communities and grids: reading them from GeoJSON, checking that
//! grids cover their community without gap or overlap, and finding the grid of
//! a point without a network.
//!
//! * [`shape`](self) one boundary, its rules and its stored form; [`geojson`]
//!   files; [`coverage`](self) how siblings fit their parent; [`index`](self)
//!   points; [`map`](self) what phones hold; [`plane`](self) metres.
//!
//! Everything inside is WGS-84, rounded to 1e-7 degrees (1 cm), so that a
//! corner two grids share is the same number in both.

mod codec;
mod coverage;
mod error;
pub mod geojson;
mod index;
mod map;
mod plane;
mod ring;
mod shape;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use coverage::{Coverage, CoverageFinding, Piece, Tolerance, check_coverage, overlap_m2};
pub use error::{BoundaryError, RingName};
pub use index::GridIndex;
pub use map::{GRID_MAP, GridMap, MapGrid};
pub use shape::{Boundary, Box2, Location};
