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
    /// A place that is not a home: a unit, shop, school, site or facility
    /// (驻社区单位、商铺、学校、场所、设施).
    #[n(4)]
    Place,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Household, Self::Visit, Self::Incident, Self::Place];

    /// Number of the newest kind this build knows; a phone says it, because what
    /// the server sends of a newer kind would not be readable to it.
    pub const NEWEST: u8 = Self::Place.number();

    /// Number of the newest kind that phones knew before they said so.
    pub const NEWEST_UNSAID: u8 = Self::Incident.number();

    /// The number on the wire and in databases.
    pub const fn number(self) -> u8 {
        match self {
            Self::Household => 1,
            Self::Visit => 2,
            Self::Incident => 3,
            Self::Place => 4,
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
            Self::Place => "place",
        }
    }
}

/// One value for each kind of record.
#[derive(Debug)]
pub(crate) struct PerKind<T>([T; RecordKind::ALL.len()]);

impl<T> PerKind<T> {
    pub(crate) fn new(make: impl FnMut(RecordKind) -> T) -> Self {
        Self(RecordKind::ALL.map(make))
    }

    pub(crate) const fn get(&self, kind: RecordKind) -> &T {
        let [household, visit, incident, place] = &self.0;
        match kind {
            RecordKind::Household => household,
            RecordKind::Visit => visit,
            RecordKind::Incident => incident,
            RecordKind::Place => place,
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
