//! A small number that two ends compare to know that they hold the same
//! records at the same heads.

use std::fmt;

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use sha2::{Digest as _, Sha256};

use crate::{ChangeHash, RecordId};

/// Buckets of a grid's digest. One record falls into one bucket, so that a
/// difference can be narrowed down to 1/256 of the grid.
pub const GRID_BUCKETS: usize = 256;

/// A 256-bit number; sums are modulo 2^256. A sum, not an exclusive or: an
/// exclusive or of two equal values would hide both.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The number in big-endian bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Big-endian bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// `self + other` modulo 2^256.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let mut sum = [0; 32];
        let mut carry = 0_u16;
        for ((to, a), b) in sum.iter_mut().zip(self.0).zip(other.0).rev() {
            let total = u16::from(a) + u16::from(b) + carry;
            *to = (total & 0xff) as u8;
            carry = total >> 8;
        }
        Self(sum)
    }

    /// `self - other` modulo 2^256.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let mut negated = other.0.map(|byte| !byte);
        for byte in negated.iter_mut().rev() {
            let (value, overflow) = byte.overflowing_add(1);
            *byte = value;
            if !overflow {
                break;
            }
        }
        self.plus(Self(negated))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", hex::encode(self.0))
    }
}

impl<C> Encode<C> for Digest {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Digest {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        <[u8; 32]>::try_from(d.bytes()?)
            .map(Self)
            .map_err(|_| decode::Error::message("a digest has 32 bytes"))
    }
}

/// SHA-256(record ‖ record epoch as 4 big-endian bytes ‖ heads in ascending
/// order): what one record adds to its grid's digest.
pub fn record_fingerprint(record: &RecordId, record_epoch: u32, heads: &[ChangeHash]) -> Digest {
    let mut sorted = heads.to_vec();
    sorted.sort_unstable();
    let mut digest = Sha256::new();
    digest.update(record.as_bytes());
    digest.update(record_epoch.to_be_bytes());
    for head in &sorted {
        digest.update(head.as_bytes());
    }
    Digest(digest.finalize().into())
}

/// A grid's 256 buckets; stored as one 8 KiB blob by both ends.
#[derive(Clone, PartialEq, Eq)]
pub struct GridDigest(Vec<Digest>);

impl Default for GridDigest {
    fn default() -> Self {
        Self(vec![Digest::default(); GRID_BUCKETS])
    }
}

impl fmt::Debug for GridDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GridDigest(total {:?})", self.total())
    }
}

impl GridDigest {
    /// The bucket of a record: the last byte of its id, which is random.
    pub fn bucket_of(record: &RecordId) -> usize {
        usize::from(record.as_bytes()[15])
    }

    /// Takes a record's old fingerprint out and its new one in.
    pub fn replace(&mut self, record: &RecordId, old: Option<Digest>, new: Option<Digest>) {
        if let Some(bucket) = self.0.get_mut(Self::bucket_of(record)) {
            if let Some(old) = old {
                *bucket = bucket.minus(old);
            }
            if let Some(new) = new {
                *bucket = bucket.plus(new);
            }
        }
    }

    /// Sum of all buckets.
    pub fn total(&self) -> Digest {
        self.0
            .iter()
            .fold(Digest::default(), |sum, bucket| sum.plus(*bucket))
    }

    /// The numbers of the buckets that differ.
    pub fn differing(&self, other: &Self) -> Vec<usize> {
        (0..GRID_BUCKETS)
            .filter(|&bucket| self.0.get(bucket) != other.0.get(bucket))
            .collect()
    }

    /// The blob form.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|bucket| bucket.0).collect()
    }

    /// From the blob form; `None` if it is not exactly 8 KiB.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let buckets: Vec<Digest> = bytes
            .chunks(32)
            .map(|chunk| chunk.try_into().map(Digest))
            .collect::<Result<_, _>>()
            .ok()?;
        (buckets.len() == GRID_BUCKETS).then_some(Self(buckets))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn adding_then_taking_out_changes_nothing(a: [u8; 32], b: [u8; 32]) {
            let (a, b) = (Digest(a), Digest(b));
            prop_assert_eq!(a.plus(b).minus(b), a);
            prop_assert_eq!(a.plus(b), b.plus(a));
        }

        #[test]
        fn order_of_heads_and_records_does_not_matter(ids: Vec<[u8; 16]>, heads: Vec<[u8; 32]>) {
            let heads: Vec<_> = heads.into_iter().map(ChangeHash::from_bytes).collect();
            let mut reversed = heads.clone();
            reversed.reverse();
            let mut one = GridDigest::default();
            let mut two = GridDigest::default();
            for id in &ids {
                let id = RecordId::from_bytes(*id);
                one.replace(&id, None, Some(record_fingerprint(&id, 0, &heads)));
            }
            for id in ids.iter().rev() {
                let id = RecordId::from_bytes(*id);
                two.replace(&id, None, Some(record_fingerprint(&id, 0, &reversed)));
            }
            prop_assert_eq!(one.total(), two.total());
            prop_assert!(one.differing(&two).is_empty());
            prop_assert_eq!(GridDigest::from_bytes(&one.to_bytes()), Some(one));
        }
    }
}
