//! The keyed hashes of signs: what an index holds in their place.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::MatchKey;
use crate::GridId;

/// The key of the hashes of one store. Whoever has it can try every identity
/// number there is, so it never leaves the store.
#[derive(Clone)]
pub struct MatchSecret([u8; 32]);

impl fmt::Debug for MatchSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MatchSecret(…)")
    }
}

/// What an index holds of a sign: the first 16 bytes of HMAC-SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchDigest([u8; 16]);

impl MatchDigest {
    /// Wraps the given bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for MatchDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatchDigest({})", hex::encode(self.0))
    }
}

impl MatchSecret {
    /// Wraps the given bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash of a sign, for an index that is read grid by grid.
    pub fn digest(&self, key: &MatchKey) -> MatchDigest {
        let number = [key.kind.number()];
        self.hmac([number.as_slice(), key.text.as_bytes()])
    }

    /// The hash of a sign of a record in this grid, for an index of many grids:
    /// what says something within one grid only is another hash in each.
    pub fn digest_in(&self, grid: &GridId, key: &MatchKey) -> MatchDigest {
        if key.kind.is_local() {
            let number = [key.kind.number()];
            self.hash("local", &[grid.as_bytes(), &number, key.text.as_bytes()])
        } else {
            self.digest(key)
        }
    }

    /// A hash of anything else under the same secret, e.g. of a row as it was
    /// imported. `domain` keeps hashes of different things apart.
    pub fn hash(&self, domain: &str, parts: &[&[u8]]) -> MatchDigest {
        let lengths: Vec<[u8; 8]> = parts
            .iter()
            .map(|part| (part.len() as u64).to_be_bytes())
            .collect();
        let counted = parts
            .iter()
            .zip(&lengths)
            .flat_map(|(part, length)| [length.as_slice(), *part]);
        self.hmac(std::iter::once(domain.as_bytes()).chain(counted))
    }

    fn hmac<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> MatchDigest {
        // A key of any length is one; the branch is never taken.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return MatchDigest([0; 16]);
        };
        for part in parts {
            mac.update(part);
        }
        let whole = mac.finalize().into_bytes();
        let mut digest = [0; 16];
        for (to, from) in digest.iter_mut().zip(whole) {
            *to = from;
        }
        MatchDigest(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duplicate::MatchKind;

    fn key(kind: MatchKind, text: &str) -> MatchKey {
        MatchKey {
            kind,
            entry: "m".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn what_is_local_is_another_hash_in_each_grid() {
        let secret = MatchSecret::from_bytes([1; 32]);
        let (here, there) = (GridId::from_bytes([1; 16]), GridId::from_bytes([2; 16]));
        for kind in MatchKind::ALL {
            let key = key(kind, "3-501");
            let differs = secret.digest_in(&here, &key) != secret.digest_in(&there, &key);
            assert_eq!(differs, kind.is_local(), "{kind:?}");
        }
    }

    #[test]
    fn hashes_of_different_things_differ() {
        let secret = MatchSecret::from_bytes([1; 32]);
        let hash = |domain, parts: &[&[u8]]| secret.hash(domain, parts);
        assert_eq!(hash("a", &[b"b", b"c"]), hash("a", &[b"b", b"c"]));
        assert_ne!(hash("a", &[b"b", b"c"]), hash("a", &[b"bc"]));
        assert_ne!(hash("a", &[b"b"]), hash("b", &[b"b"]));
        let other = MatchSecret::from_bytes([2; 32]);
        assert_ne!(other.hash("a", &[b"b"]), hash("a", &[b"b"]));
    }

    #[test]
    fn a_digest_depends_on_the_secret_and_on_what_it_is_of() {
        let number = key(MatchKind::IdentityNumber, "370102189912319991");
        let one = MatchSecret::from_bytes([1; 32]);
        let two = MatchSecret::from_bytes([2; 32]);
        assert_eq!(one.digest(&number), one.digest(&number));
        assert_ne!(one.digest(&number), two.digest(&number));
        let other = key(MatchKind::NameAndBirth, "370102189912319991");
        assert_ne!(one.digest(&number), one.digest(&other));
        assert!(!format!("{number:?}").contains("3701"));
    }

    #[test]
    fn the_digest_is_hmac_sha_256() {
        // Test case 2 of RFC 4231, whose key is shorter than ours may be.
        let mut mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        mac.update(b"what do ya want for nothing?");
        let whole = mac.finalize().into_bytes();
        assert!(hex::encode(whole).starts_with("5bdcc146bf60754e6a042426089575c7"));
    }
}
