//! Codes of grids, read by a configurable scheme.
//!
//! Sources: the Shandong specification for grid service and management
//! (山东省城乡社区网格化服务管理规范, item 五), GB/T 34300-2017 section 5 (each
//! grid has one unique code, made by the province), and the schemes named in
//! [`GridCodeScheme`]. Owns: parsing, parts, prefixes, the derived NBS village
//! code. Does not own identity: a code changes when a city is divided anew, so
//! it is an attribute of a grid and never its key.

mod code;
mod division;
mod error;
mod parts;
mod scheme;
mod scheme_error;

pub use code::{GridCode, GridCodeScope};
pub use division::{DivisionCode, DivisionCodeError, DivisionLevel};
pub use error::GridCodeError;
pub use parts::{GridAttribute, GridCodeParts, UnknownGridAttribute};
pub use scheme::{GridCodeScheme, Segment, SegmentName};
pub use scheme_error::GridCodeSchemeError;
