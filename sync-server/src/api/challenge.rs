//! What a phone signs to open a session. The server keeps nothing: a challenge
//! says when it ends and proves that this server made it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wangge_model::{Entropy, Timestamp};

/// How long a challenge may be answered, in milliseconds.
const LIFE_MS: i64 = 60_000;
/// Bytes of the random part: no two challenges are alike.
const NONCE: usize = 8;
/// Bytes of the proof.
const TAG: usize = 16;

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed(secret: &[u8; 32], message: &[u8]) -> Hmac<Sha256> {
    let mut hmac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("any length");
    hmac.update(message);
    hmac
}

/// A challenge good for a minute: end ‖ nonce ‖ proof.
pub(super) fn make(secret: &[u8; 32], now: Timestamp, entropy: &dyn Entropy) -> Vec<u8> {
    let mut challenge = now.plus_millis(LIFE_MS).as_millis().to_be_bytes().to_vec();
    let mut nonce = [0; NONCE];
    entropy.fill(&mut nonce);
    challenge.extend_from_slice(&nonce);
    let tag = keyed(secret, &challenge).finalize().into_bytes();
    challenge.extend(tag.iter().take(TAG));
    challenge
}

/// Whether this server made the challenge and it has not ended.
pub(super) fn is_good(secret: &[u8; 32], challenge: &[u8], now: Timestamp) -> bool {
    let Some((message, tag)) = challenge.split_at_checked(8 + NONCE) else {
        return false;
    };
    let Some(end) = message.first_chunk::<8>() else {
        return false;
    };
    let left = i64::from_be_bytes(*end).saturating_sub(now.as_millis());
    tag.len() == TAG
        && (1..=LIFE_MS).contains(&left)
        && keyed(secret, message).verify_truncated_left(tag).is_ok()
}

#[cfg(test)]
mod tests {
    use wangge_model::testing::SeededEntropy;

    use super::*;

    #[test]
    fn a_challenge_is_good_for_a_minute_at_the_server_that_made_it() {
        let now = Timestamp::from_millis(1_000_000);
        let challenge = make(&[1; 32], now, &SeededEntropy::new(1));
        assert!(is_good(&[1; 32], &challenge, now));
        assert!(is_good(&[1; 32], &challenge, now.plus_millis(LIFE_MS - 1)));
        assert!(!is_good(&[1; 32], &challenge, now.plus_millis(LIFE_MS)));
        assert!(!is_good(&[2; 32], &challenge, now));
        for place in 0..challenge.len() {
            let mut forged = challenge.clone();
            forged[place] ^= 1;
            assert!(!is_good(&[1; 32], &forged, now), "byte {place}");
        }
        assert!(!is_good(&[1; 32], &challenge[..20], now));
        assert!(!is_good(&[1; 32], &[], now));
    }
}
