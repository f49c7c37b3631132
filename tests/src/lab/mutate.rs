//! Seeded damage to bytes: what a broken radio, a broken program or somebody
//! with ill will makes of a message.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// Numbers that lengths, counts and signs go wrong at.
const EDGES: &[u8] = &[0x00, 0x01, 0x7f, 0x80, 0x81, 0xfe, 0xff];
/// The largest number a LEB128 length can name, and one past 32 bits.
const LENGTHS: &[&[u8]] = &[
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0x80, 0x80, 0x80, 0x80, 0x10],
    // CBOR: array, map, text and bytes of 2^32 − 1 and 2^63 elements.
    &[0x9a, 0xff, 0xff, 0xff, 0xff],
    &[0xba, 0xff, 0xff, 0xff, 0xff],
    &[0x7a, 0xff, 0xff, 0xff, 0xff],
    &[0x5b, 0x80, 0, 0, 0, 0, 0, 0, 0],
];

/// Damages bytes; the same seed does the same damage.
#[derive(Debug)]
pub struct Mutator {
    random: ChaCha8Rng,
}

impl Mutator {
    /// A new stream of damage.
    pub fn new(seed: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 {
            0
        } else {
            self.random.random_range(0..end)
        }
    }

    /// One to four pieces of damage; `other` is spliced in now and then.
    pub fn damage(&mut self, bytes: &[u8], other: &[u8], most: usize) -> Vec<u8> {
        let mut damaged = bytes.to_vec();
        for _ in 0..=self.below(4) {
            self.damage_once(&mut damaged, other);
        }
        damaged.truncate(most);
        damaged
    }

    fn damage_once(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let place = self.below(bytes.len());
        let length = 1 + self.below(16);
        let end = (place + length).min(bytes.len());
        match self.below(9) {
            0 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << self.random.random_range(0..8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = self.random.random();
                }
            }
            2 => {
                let edge = EDGES.get(self.below(EDGES.len())).copied();
                if let (Some(byte), Some(edge)) = (bytes.get_mut(place), edge) {
                    *byte = edge;
                }
            }
            3 => {
                if let Some(byte) = bytes.get_mut(place) {
                    let by: u8 = self.random.random_range(1..=4);
                    *byte = if self.random.random() {
                        byte.wrapping_add(by)
                    } else {
                        byte.wrapping_sub(by)
                    };
                }
            }
            4 => drop(bytes.drain(place..end)),
            5 => {
                let again = bytes.get(place..end).unwrap_or_default().to_vec();
                let times = 1 + self.below(8);
                bytes.splice(place..place, again.repeat(times));
            }
            6 => bytes.truncate(place),
            7 => {
                let from = self.below(other.len());
                let to = (from + 1 + self.below(64)).min(other.len());
                let piece = other.get(from..to).unwrap_or_default().to_vec();
                let until = if self.random.random() { end } else { place };
                bytes.splice(place..until, piece);
            }
            _ => {
                let length = LENGTHS.get(self.below(LENGTHS.len())).copied();
                bytes.splice(place..end, length.unwrap_or_default().iter().copied());
            }
        }
    }
}

/// Makes an Automerge chunk's checksum right again and answers its hash, so
/// that the damage gets past both.
pub fn mend_chunk(bytes: &mut [u8]) -> [u8; 32] {
    let hash: [u8; 32] = Sha256::digest(bytes.get(8..).unwrap_or_default()).into();
    if let (Some(checksum), Some(first)) = (bytes.get_mut(4..8), hash.get(..4)) {
        checksum.copy_from_slice(first);
    }
    hash
}

/// Makes the length after a chunk's type byte what follows it, then its
/// checksum; answers the hash.
pub fn mend_chunk_length(bytes: &mut Vec<u8>) -> [u8; 32] {
    if let Some(rest) = bytes.get(9..) {
        let width = rest
            .iter()
            .take(10)
            .position(|byte| byte & 0x80 == 0)
            .map_or(rest.len().min(10), |last| last + 1);
        let mut left = (rest.len() - width) as u64;
        let mut length = Vec::new();
        loop {
            let low = u8::try_from(left & 0x7f).unwrap_or_default();
            left >>= 7;
            length.push(if left == 0 { low } else { low | 0x80 });
            if left == 0 {
                break;
            }
        }
        bytes.splice(9..9 + width, length);
    }
    mend_chunk(bytes)
}

#[cfg(test)]
mod tests {
    use wangge_model::{ActorId, ChangeHash, Timestamp, guard::inspect};

    use super::*;
    use crate::workload::Workload;

    #[test]
    fn the_same_seed_does_the_same_damage() {
        let run = |seed| {
            let mut mutator = Mutator::new(seed);
            let mut bytes = b"some bytes of a message".to_vec();
            for _ in 0..50 {
                bytes = mutator.damage(&bytes, b"another message", 4_096);
                if bytes.is_empty() {
                    bytes.push(1);
                }
            }
            bytes
        };
        assert_eq!(run(3), run(3));
        assert_ne!(run(3), run(4));
    }

    #[test]
    fn a_mended_chunk_passes_the_hash_check() {
        let mut workload = Workload::new(5, Timestamp::from_millis(1_767_225_600_000));
        let record = workload
            .next_authored(ActorId::from_bytes([7; 16]))
            .unwrap();
        let good = record.change.bytes;
        let mut broken = good.clone();
        broken[4..8].fill(0);
        let hash = ChangeHash::from_bytes(mend_chunk_length(&mut broken));
        assert_eq!(broken, good);
        inspect(&hash, &broken).unwrap();
    }
}
