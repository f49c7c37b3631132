//! Reference sets: data the server authors and phones hold whole, such as
//! visit rules and campaigns. What is in one is [`crate::reference`]'s; here is
//! how it travels: one short digest of what the phone holds in each request,
//! and the sets that differ in the answer.

use minicbor::{Decode, Encode, bytes::ByteVec};
use sha2::{Digest as _, Sha256};

use super::Signature;
use crate::{OrgNodeId, ReferenceVersion, ServerEpoch};

/// Which set, at which version. The version follows from the content, so a
/// server that was restored and one that was not mean the same by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct ReferenceStamp {
    /// What kind of data, e.g. `visit_rules`.
    #[n(0)]
    pub name: String,
    /// The place it is about: a grid, or one above grids.
    #[n(1)]
    pub node: OrgNodeId,
    /// [`ReferenceVersion`] of its content.
    #[n(2)]
    pub version: ReferenceVersion,
}

/// A set on its way to a phone.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReferenceSet {
    /// What kind of data.
    #[n(0)]
    pub name: String,
    /// The place it is about.
    #[n(1)]
    pub node: OrgNodeId,
    /// The content: one JSON object.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// The server's signature over [`reference_message`].
    #[n(3)]
    pub signature: Signature,
}

impl ReferenceSet {
    /// Which set this is, at which version.
    pub fn stamp(&self) -> ReferenceStamp {
        ReferenceStamp {
            name: self.name.clone(),
            node: self.node,
            version: ReferenceVersion::of(&self.name, &self.node, &self.body),
        }
    }
}

/// What a phone hears about reference sets if it does not hold what it should.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReferenceNews {
    /// Everything it is to hold, by name and node; what else it holds is
    /// withdrawn.
    #[n(0)]
    pub stamps: Vec<ReferenceStamp>,
    /// As many of the sets it asked for as fit; of all, if it holds none.
    #[n(1)]
    pub sets: Vec<ReferenceSet>,
}

/// What a phone says in each request about the sets it holds: nothing (empty)
/// or the first 8 bytes of a digest, enough to tell a difference. An attacker
/// gains nothing by making two alike: only the server authors sets.
pub fn reference_digest<'a>(stamps: impl IntoIterator<Item = &'a ReferenceStamp>) -> ByteVec {
    let mut stamps: Vec<&ReferenceStamp> = stamps.into_iter().collect();
    if stamps.is_empty() {
        return ByteVec::from(Vec::new());
    }
    stamps.sort_unstable();
    let mut digest = Sha256::new();
    for stamp in stamps {
        let length = u8::try_from(stamp.name.len()).unwrap_or(u8::MAX);
        digest.update([length]);
        digest.update(stamp.name.as_bytes());
        digest.update(stamp.node.as_bytes());
        digest.update(stamp.version.as_bytes());
    }
    ByteVec::from(
        digest
            .finalize()
            .iter()
            .take(8)
            .copied()
            .collect::<Vec<u8>>(),
    )
}

/// What the server signs of a set: which life of the server, which place, what
/// content, which name.
pub fn reference_message(
    epoch: &ServerEpoch,
    name: &str,
    node: &OrgNodeId,
    body: &[u8],
) -> Vec<u8> {
    let content: [u8; 32] = Sha256::digest(body).into();
    [
        b"wangge/reference/v1\0".as_slice(),
        epoch.as_bytes(),
        node.as_bytes(),
        &content,
        name.as_bytes(),
    ]
    .concat()
}

impl ReferenceVersion {
    /// The version of this content: 16 bytes of a hash over place, content and
    /// name.
    pub fn of(name: &str, node: &OrgNodeId, body: &[u8]) -> Self {
        let hash = Sha256::new()
            .chain_update(b"wangge/reference-version/v1\0")
            .chain_update(node.as_bytes())
            .chain_update(Sha256::digest(body))
            .chain_update(name.as_bytes())
            .finalize();
        let mut version = [0; 16];
        for (to, from) in version.iter_mut().zip(hash.iter()) {
            *to = *from;
        }
        Self::from_bytes(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(name: &str, node: u8, body: &[u8]) -> ReferenceStamp {
        let node = OrgNodeId::from_bytes([node; 16]);
        ReferenceStamp {
            name: name.to_owned(),
            node,
            version: ReferenceVersion::of(name, &node, body),
        }
    }

    #[test]
    fn the_digest_is_of_a_set_of_stamps_and_short() {
        let (one, two) = (
            stamp("visit_rules", 1, b"{}"),
            stamp("visit_rules", 2, b"{}"),
        );
        let digest = reference_digest([&one, &two]);
        assert_eq!(digest.len(), 8);
        assert_eq!(digest, reference_digest([&two, &one]));
        assert_ne!(digest, reference_digest([&one]));
        assert!(reference_digest([]).is_empty());
    }

    #[test]
    fn a_version_follows_from_name_place_and_content() {
        let one = stamp("visit_rules", 1, b"{}");
        assert_eq!(one, stamp("visit_rules", 1, b"{}"));
        for other in [
            stamp("visit_rule", 1, b"{}"),
            stamp("visit_rules", 2, b"{}"),
            stamp("visit_rules", 1, b"{ }"),
        ] {
            assert_ne!(one.version, other.version);
        }
        // Where the name ends and the content begins is not in doubt.
        assert_ne!(stamp("ab", 1, b"c").version, stamp("a", 1, b"bc").version);
    }
}
