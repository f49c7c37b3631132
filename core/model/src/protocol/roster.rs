//! The roster (名册): what a phone is told of people, so that it can say without
//! a network whom one reports to, and show a work card. It travels like reference sets, by a short
//! digest in each request, but is one person's and not a place's.

use minicbor::{Decode, Encode, bytes::ByteVec};
use sha2::{Digest as _, Sha256};

use super::to_cbor;
use crate::{OrgNodeId, Timestamp};

/// Most people named of one place: a county's desk may be a whole office.
pub const ROSTER_PEOPLE: usize = 20;

/// What a phone holds of people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct Roster {
    /// The person's grids and the places above them, by id.
    #[n(0)]
    pub places: Vec<RosterPlace>,
    /// The person's own work card.
    #[n(1)]
    pub card: Option<RosterCard>,
}

/// A place with those on the line of report there.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RosterPlace {
    /// Which place.
    #[n(0)]
    pub node: OrgNodeId,
    /// Its level, a word of [`crate::OrgLevel`].
    #[n(1)]
    pub level: String,
    /// Its name.
    #[n(2)]
    pub name: String,
    /// Heads of a grid or whoever has the desk of a place above; not the workers
    /// of a grid. The highest role first, at most [`ROSTER_PEOPLE`].
    #[n(3)]
    pub people: Vec<RosterPerson>,
}

/// Somebody with a role at a place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RosterPerson {
    /// Name.
    #[n(0)]
    pub name: String,
    /// Role, a word of [`crate::Role`].
    #[n(1)]
    pub role: String,
    /// The number for residents and colleagues; may be empty.
    #[n(2)]
    pub phone: String,
}

/// A work card (工作证) as its owner's phone holds it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct RosterCard {
    /// Name.
    #[n(0)]
    pub name: String,
    /// Beginning of the number, for people to read out.
    #[n(1)]
    pub number: String,
    /// The public page that says whether the card holds; empty if the server has
    /// no public pages.
    #[n(2)]
    pub address: String,
    /// Where the person works, the highest role first; empty: the card does not
    /// hold.
    #[n(3)]
    pub places: Vec<RosterCardPlace>,
}

/// A place on a work card.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RosterCardPlace {
    /// Its name with that of the place above it.
    #[n(0)]
    pub name: String,
    /// As what, a word of [`crate::Role`].
    #[n(1)]
    pub role: String,
    /// From when on no more; absent: nobody has said so far.
    #[n(2)]
    pub ends_at: Option<Timestamp>,
}

/// What a phone says in each request about the roster it holds: nothing (empty)
/// or the first 8 bytes of a hash over it.
pub fn roster_digest(roster: Option<&Roster>) -> ByteVec {
    let Some(roster) = roster else {
        return ByteVec::from(Vec::new());
    };
    let hash = Sha256::new()
        .chain_update(b"wangge/roster/v1\0")
        .chain_update(to_cbor(roster))
        .finalize();
    ByteVec::from(hash.iter().take(8).copied().collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roster_is_told_by_eight_bytes_and_none_by_nothing() {
        assert!(roster_digest(None).is_empty());
        let empty = Roster::default();
        let mut other = empty.clone();
        other.places.push(RosterPlace {
            node: OrgNodeId::from_bytes([1; 16]),
            level: "grid".to_owned(),
            name: "第一网格".to_owned(),
            people: Vec::new(),
        });
        assert_eq!(roster_digest(Some(&empty)).len(), 8);
        assert_ne!(roster_digest(Some(&empty)), roster_digest(Some(&other)));
    }
}
