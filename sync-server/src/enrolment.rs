//! One-time enrolment codes: 128 random bits, written so that a person can
//! type them. Only their hash is stored.

use sha2::{Digest, Sha256};
use wangge_model::{Entropy, PersonId, Timestamp};

use crate::storage::{NewEnrolmentCode, Storage, StorageResult};

/// How long a code is good, in milliseconds: long enough to walk to the desk,
/// short enough that a photographed screen is worth nothing tomorrow.
pub const CODE_LIFE_MS: i64 = 15 * 60_000;

/// Crockford's base 32: no I, L, O or U, so that nothing is misread.
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Makes a code for a person's phone and stores its hash; the answer is the
/// only copy of the code.
pub async fn create_code(
    storage: &dyn Storage,
    entropy: &dyn Entropy,
    person: PersonId,
    now: Timestamp,
) -> StorageResult<String> {
    let code = make_code(entropy);
    storage
        .create_enrolment_code(&NewEnrolmentCode {
            code_hash: hash_code(&code),
            person,
            created_at: now,
            expires_at: now.plus_millis(CODE_LIFE_MS),
        })
        .await?;
    Ok(code)
}

/// A fresh code: 26 characters in groups of five.
pub fn make_code(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let mut code = String::with_capacity(31);
    for place in 0..26_u32 {
        if place > 0 && place % 5 == 0 {
            code.push('-');
        }
        // 26 digits of 5 bits hold 130; the first takes the top 3 bits.
        let digit = number >> (5 * (25 - place)) & 31;
        let index = usize::try_from(digit).unwrap_or_default();
        code.push(ALPHABET.get(index).copied().map_or('0', char::from));
    }
    code
}

/// SHA-256 of the code's letters and digits in upper case: how it is typed
/// does not matter.
pub fn hash_code(code: &str) -> [u8; 32] {
    Sha256::digest(normal_code(code)).into()
}

/// A code's letters and digits as they were made, however it is typed.
pub(crate) fn normal_code(code: &str) -> String {
    code.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use wangge_model::testing::SeededEntropy;

    use super::*;

    #[test]
    fn how_a_code_is_typed_does_not_matter() {
        let code = make_code(&SeededEntropy::new(1));
        assert_eq!(code.len(), 31);
        assert_eq!(
            hash_code(&code),
            hash_code(&code.to_lowercase().replace('-', " "))
        );
        assert_eq!(hash_code("0110"), hash_code("oIlO"));
        assert_ne!(
            hash_code(&code),
            hash_code(&make_code(&SeededEntropy::new(2)))
        );
    }

    #[test]
    fn every_bit_of_the_randomness_is_in_the_code() {
        #[derive(Debug)]
        struct Fixed(u128);
        impl Entropy for Fixed {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.0.to_be_bytes());
            }
        }
        let zero = make_code(&Fixed(0));
        for bit in 0..128 {
            assert_ne!(make_code(&Fixed(1 << bit)), zero, "bit {bit}");
        }
    }
}
