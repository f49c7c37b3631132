//! `wangge generate`: a realistic district of people who do not exist, for
//! tests, training and measuring. Communities come from the table of
//! divisions; grids, addresses, households, people, labels and workers follow
//! from the number of grids and a seed, the same on every machine.
//!
//! Identity numbers have a county code that was never assigned and phone
//! numbers lie in blocks of zeros, so that neither can be anybody's. Such
//! numbers are taken only by data marked as a test (see [`Profile`]), and only
//! new data can be marked.
//!
//! Owns what the district is like. Does not own how households are written
//! ([`crate::ingest::bulk`]).
//!
//! [`Profile`]: crate::profile::Profile

mod address;
mod district;
mod household;
mod layout;
mod name;
mod people;
mod table;

use std::path::PathBuf;

pub use district::{Destination, District, DistrictReport};
use wangge_model::message::{Language, message};

use crate::{
    explain::{Explain, exit_status, io_reason},
    ingest::bulk::BulkError,
    ledger::export::ExportError,
    state::IdentityError,
    storage::StorageError,
};

/// Why a district was not made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The table of divisions has no communities.
    #[error("the table has no communities")]
    NoCommunities,
    /// More grids than the table's communities have codes for, or none.
    #[error("{grids} grids, but there is room for {room}")]
    Grids {
        /// Asked for.
        grids: usize,
        /// Possible.
        room: usize,
    },
    /// The data folder holds something already.
    #[error("the data folder is not empty")]
    NotEmpty,
    /// A file cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A ledger file cannot be written.
    #[error(transparent)]
    Ledger(#[from] ExportError),
    /// Writing households failed.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// The server's identity cannot be opened.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl GenerateError {
    /// Stable name of the error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCommunities => "generate_no_communities",
            Self::Grids { .. } => "generate_grids",
            Self::NotEmpty => "generate_not_empty",
            Self::File { .. } => "generate_file",
            Self::Ledger(_) | Self::Bulk(_) | Self::Identity(_) | Self::Storage(_) => {
                "generate_storage"
            }
        }
    }
}

impl Explain for GenerateError {
    fn text(&self, language: Language) -> String {
        let arguments: Vec<(&str, String)> = match self {
            Self::NoCommunities | Self::NotEmpty => Vec::new(),
            Self::Grids { grids, room } => {
                vec![("grids", grids.to_string()), ("room", room.to_string())]
            }
            Self::File { path, source } => vec![
                ("path", path.display().to_string()),
                ("reason", io_reason(source, language)),
            ],
            Self::Ledger(error) => vec![("reason", error.to_string())],
            Self::Bulk(error) => vec![("reason", error.to_string())],
            Self::Identity(error) => vec![("reason", error.to_string())],
            Self::Storage(error) => vec![("reason", error.to_string())],
        };
        let arguments: Vec<(&str, &str)> = arguments
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        message(language, &self.code().replace('_', "-"), &arguments)
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self::Ledger(_) | Self::Bulk(_) | Self::Identity(_) | Self::Storage(_) => {
                exit_status::DATA
            }
            _ => exit_status::REFUSED,
        }
    }
}
