//! Sealing of the files beside the database: encrypted and authenticated with
//! keys derived from the database's own, so that they neither say nor prove
//! anything to whoever lacks it.

use std::fmt;

use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    hmac,
};
use wangge_model::Entropy;

use crate::StoreKey;

/// Random bytes in front of each sealed text; they make its key.
const SALT: usize = 24;
/// What sealing adds to a text.
pub(in crate::store) const OVERHEAD: usize = SALT + 16;

/// Seals and opens.
pub(in crate::store) struct Sealer(hmac::Key);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

impl Sealer {
    pub(in crate::store) fn new(key: &StoreKey) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
    }

    /// A key of its own for every text, so that the nonce may be constant: a
    /// file that was cut or torn cannot make a pair of key and nonce recur.
    fn key(&self, purpose: &str, salt: &[u8]) -> Option<LessSafeKey> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose.as_bytes());
        context.update(b"\0");
        context.update(salt);
        let key = UnboundKey::new(&CHACHA20_POLY1305, context.sign().as_ref()).ok()?;
        Some(LessSafeKey::new(key))
    }

    /// Seals `text`; it opens for the same purpose only.
    pub(in crate::store) fn seal(
        &self,
        purpose: &str,
        entropy: &dyn Entropy,
        text: &[u8],
    ) -> Option<Vec<u8>> {
        let mut salt = [0; SALT];
        entropy.fill(&mut salt);
        let mut body = text.to_vec();
        self.key(purpose, &salt)?
            .seal_in_place_append_tag(nonce(), Aad::from(purpose.as_bytes()), &mut body)
            .ok()?;
        let mut sealed = salt.to_vec();
        sealed.append(&mut body);
        Some(sealed)
    }

    /// The text, if it was sealed with this key for this purpose and is whole.
    pub(in crate::store) fn open(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, body) = sealed.split_at_checked(SALT)?;
        let mut body = body.to_vec();
        let text = self
            .key(purpose, salt)?
            .open_in_place(nonce(), Aad::from(purpose.as_bytes()), &mut body)
            .ok()?;
        Some(text.to_vec())
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    use wangge_model::testing::SeededEntropy;

    use super::*;

    #[test]
    fn only_the_same_key_and_purpose_open_a_whole_text() {
        let entropy = SeededEntropy::new(1);
        let sealer = Sealer::new(&StoreKey::from_bytes([1; 32]));
        let sealed = sealer.seal("one", &entropy, "殷巷村".as_bytes()).unwrap();
        assert_eq!(sealed.len(), "殷巷村".len() + OVERHEAD);
        assert_eq!(sealer.open("one", &sealed).unwrap(), "殷巷村".as_bytes());
        assert_eq!(sealer.open("two", &sealed), None);
        let other = Sealer::new(&StoreKey::from_bytes([2; 32]));
        assert_eq!(other.open("one", &sealed), None);
        for place in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[place] ^= 1;
            assert_eq!(sealer.open("one", &bad), None, "byte {place}");
            assert_eq!(sealer.open("one", &sealed[..place]), None);
        }
        assert_ne!(
            sealer.seal("one", &entropy, b"a"),
            sealer.seal("one", &entropy, b"a")
        );
    }
}
