//! Typed identifiers. Every id is 16 bytes; the type says what it names.
//!
//! Ids that people's records carry are UUID version 7 (RFC 9562): made on the
//! phone from its clock and its random source, so two phones never need the
//! server to agree on one. Hash-like ids ([`crate::ChangeHash`],
//! [`crate::ActorId`]) live in [`crate::document`].

use std::{fmt, str::FromStr};

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Clock, Entropy, Timestamp};

/// Text that is not an id: wrong length or characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id: {0:?}")]
pub struct InvalidId(pub String);

/// A fresh `UUIDv7` value: 48 bits of milliseconds, 74 random bits.
fn make_uuid(clock: &dyn Clock, entropy: &dyn Entropy) -> Uuid {
    let millis = clock.now().as_millis().max(0).cast_unsigned();
    let mut random = [0_u8; 10];
    entropy.fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id from the given time and randomness.
            pub fn make(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(make_uuid(clock, entropy))
            }

            /// The id whose 16 bytes these are.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The id in a 16-byte slice, as a database column holds it.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, InvalidId> {
                Uuid::from_slice(bytes)
                    .map(Self)
                    .map_err(|_| InvalidId(hex::encode(bytes)))
            }

            /// When the id was made, as the clock that made it believed;
            /// `None` if it was not made from a clock.
            pub fn made_at(&self) -> Option<Timestamp> {
                let bytes = self.0.as_bytes();
                if self.0.get_version_num() != 7 {
                    return None;
                }
                let millis = bytes
                    .iter()
                    .take(6)
                    .fold(0_i64, |millis, byte| (millis << 8) | i64::from(*byte));
                Some(Timestamp::from_millis(millis))
            }

            /// The 16 bytes of the id.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| InvalidId(text.chars().take(64).collect()))
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                e.bytes(self.as_bytes())?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                Self::from_slice(d.bytes()?).map_err(decode::Error::message)
            }
        }
    };
}

id_type!(
    /// One collected record: a household file, a visit or an incident.
    RecordId
);
id_type!(
    /// One node of the organisation tree, at any level.
    OrgNodeId
);
id_type!(
    /// One grid (网格): an organisation node that holds records and is a feed.
    GridId
);
id_type!(
    /// One person who works with the system (grid worker, supervisor, admin).
    PersonId
);
id_type!(
    /// One enrolled phone.
    DeviceId
);
id_type!(
    /// One resident inside a household file.
    MemberId
);
id_type!(
    /// One assignment of a person to a place.
    AssignmentId
);
id_type!(
    /// One request for a decision on an incident's case.
    RequestId
);
id_type!(
    /// One re-division of a community's grids.
    RedivisionId
);
id_type!(
    /// One campaign of visits.
    CampaignId
);
id_type!(
    /// One call-out of people assigned beforehand.
    CallOutId
);
id_type!(
    /// One emergency.
    EmergencyId
);
id_type!(
    /// One task that a department pushes down.
    TaskId
);
id_type!(
    /// One survey.
    SurveyId
);
id_type!(
    /// One message to somebody outside, by which a gateway knows it again.
    MessageId
);
id_type!(
    /// One notice to residents of several households.
    NoticeId
);
id_type!(
    /// One restricted follow-up mark.
    FollowUpMarkId
);
id_type!(
    /// One month of assessment that was frozen.
    AssessmentFreezeId
);
id_type!(
    /// One rating of a unit's period, by itself or by a peer.
    AssessmentRatingId
);
id_type!(
    /// One duty of the roster.
    DutyId
);
id_type!(
    /// One count for a rate of the roster.
    RateCountId
);
id_type!(
    /// One change kept in the server's quarantine.
    QuarantineId
);
id_type!(
    /// One line of the server's audit list.
    AuditId
);
id_type!(
    /// One token by which a program asks for a person.
    ApiTokenId
);

impl From<GridId> for OrgNodeId {
    fn from(grid: GridId) -> Self {
        Self(grid.0)
    }
}

impl From<OrgNodeId> for GridId {
    fn from(node: OrgNodeId) -> Self {
        Self(node.0)
    }
}

macro_rules! opaque_type {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Wraps the given bytes.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Random bytes from the given source.
            pub fn make(entropy: &dyn Entropy) -> Self {
                let mut bytes = [0_u8; $len];
                entropy.fill(&mut bytes);
                Self(bytes)
            }

            /// The value in a slice of exactly the right length.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, InvalidId> {
                <[u8; $len]>::try_from(bytes)
                    .map(Self)
                    .map_err(|_| InvalidId(hex::encode(bytes.get(..64.min(bytes.len())).unwrap_or_default())))
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), hex::encode(self.0))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let bytes = hex::decode(text)
                    .map_err(|_| InvalidId(text.chars().take(64).collect()))?;
                Self::from_slice(&bytes)
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: encode::Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
                Self::from_slice(d.bytes()?).map_err(decode::Error::message)
            }
        }
    };
}

opaque_type!(
    /// One life of the server's data: new at creation and at every restore.
    ServerEpoch,
    16
);
opaque_type!(
    /// One life of the app on one phone: new at install and after a restored
    /// or cloned store is noticed.
    Incarnation,
    16
);
opaque_type!(
    /// The content of a reference set, by 16 bytes of its hash.
    ReferenceVersion,
    16
);
opaque_type!(
    /// SHA-256 of an Automerge change chunk: the identity of one change.
    ChangeHash,
    32
);

impl From<automerge::ChangeHash> for ChangeHash {
    fn from(hash: automerge::ChangeHash) -> Self {
        Self(hash.0)
    }
}

impl From<ChangeHash> for automerge::ChangeHash {
    fn from(hash: ChangeHash) -> Self {
        Self(hash.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::{FakeClock, SeededEntropy};

    #[test]
    fn ids_made_later_sort_later() {
        let clock = FakeClock::at(Timestamp::from_millis(1_700_000_000_000));
        let entropy = SeededEntropy::new(1);
        let first = RecordId::make(&clock, &entropy);
        clock.advance_millis(1);
        assert!(first < RecordId::make(&clock, &entropy));
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        let at = Timestamp::from_millis(1_700_000_000_123);
        let id = RecordId::make(&FakeClock::at(at), &SeededEntropy::new(1));
        assert_eq!(id.made_at(), Some(at));
        assert_eq!(RecordId::from_bytes([1; 16]).made_at(), None);
    }

    #[test]
    fn text_form_round_trips_and_rejects_garbage() {
        let id = DeviceId::from_bytes([7; 16]);
        assert_eq!(id.to_string().parse::<DeviceId>(), Ok(id));
        assert!("not-an-id".parse::<DeviceId>().is_err());
        assert!(DeviceId::from_slice(&[1; 15]).is_err());
    }

    #[test]
    fn ids_travel_as_sixteen_raw_bytes() {
        let bytes = minicbor::to_vec(GridId::from_bytes([9; 16])).unwrap();
        assert_eq!(bytes.len(), 17);
        let back: GridId = crate::protocol::from_cbor(&bytes).unwrap();
        assert_eq!(back, GridId::from_bytes([9; 16]));
        assert!(crate::protocol::from_cbor::<GridId>(&[0x41, 1]).is_err());
    }
}
