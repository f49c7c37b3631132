//! The kinds of record that are collected.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// What a record is about. The number is the wire and database form.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// One household's file (一户一档).
    #[n(1)]
    Household,
    /// One visit with its diary (入户走访, 民情日记).
    #[n(2)]
    Visit,
    /// One reported incident (事件上报).
    #[n(3)]
    Incident,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Household, Self::Visit, Self::Incident];

    /// The number on the wire and in databases.
    pub const fn number(self) -> u8 {
        match self {
            Self::Household => 1,
            Self::Visit => 2,
            Self::Incident => 3,
        }
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The word used in documents, addresses and message keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Household => "household",
            Self::Visit => "visit",
            Self::Incident => "incident",
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no record kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of record: {0:?}")]
pub struct UnknownRecordKind(pub String);

impl FromStr for RecordKind {
    type Err = UnknownRecordKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownRecordKind(text.chars().take(32).collect()))
    }
}
