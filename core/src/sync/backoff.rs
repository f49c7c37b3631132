//! How long to wait before trying again: exponential with full jitter, so that
//! a thousand phones that lost the same server do not come back together.

use wangge_model::Entropy;

/// Upper bound of the first wait, in milliseconds.
pub const FIRST_MS: u64 = 500;

/// Upper bound of every wait that the server did not ask for, in milliseconds.
pub const LONGEST_MS: u64 = 5 * 60_000;

/// Counts failures in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// No failure yet.
    pub const fn new() -> Self {
        Self { failures: 0 }
    }

    /// Failures since the last success.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// It worked.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// It failed (again): how long to wait, in milliseconds. Evenly random up
    /// to the bound, which doubles each time; never less than `retry_after_s`,
    /// on top of which the first bound's jitter comes, because the server told
    /// every phone the same number.
    pub fn next_wait_ms(&mut self, retry_after_s: Option<u32>, entropy: &dyn Entropy) -> u64 {
        let doubled = FIRST_MS.saturating_mul(1_u64.checked_shl(self.failures).unwrap_or(u64::MAX));
        self.failures = self.failures.saturating_add(1);
        match retry_after_s {
            Some(seconds) => u64::from(seconds) * 1_000 + random_up_to(FIRST_MS, entropy),
            None => random_up_to(doubled.min(LONGEST_MS), entropy),
        }
    }
}

/// Evenly random in `0..=bound`; a bias of 2^-40 does not matter here.
fn random_up_to(bound: u64, entropy: &dyn Entropy) -> u64 {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    u64::from_be_bytes(bytes) % bound.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use wangge_model::testing::SeededEntropy;

    use super::*;

    #[test]
    fn the_bound_doubles_up_to_five_minutes() {
        for seed in 0..200 {
            let entropy = SeededEntropy::new(seed);
            let mut backoff = Backoff::new();
            for round in 0..80_u32 {
                let bound = (500_u128 << round.min(60)).min(300_000);
                let wait = backoff.next_wait_ms(None, &entropy);
                assert!(
                    u128::from(wait) <= bound,
                    "seed {seed}, round {round}: {wait}"
                );
            }
            assert_eq!(backoff.failures(), 80);
        }
    }

    #[test]
    fn waits_fill_the_whole_range() {
        let entropy = SeededEntropy::new(7);
        let waits: Vec<u64> = (0..1_000)
            .map(|_| Backoff { failures: 4 }.next_wait_ms(None, &entropy))
            .collect();
        let below = waits.iter().filter(|wait| **wait < 4_000).count();
        assert!(
            (400..600).contains(&below),
            "{below} of 1000 in the lower half of 0..8000 ms"
        );
    }

    #[test]
    fn what_the_server_asks_for_is_kept_with_a_little_jitter() {
        let entropy = SeededEntropy::new(1);
        let wait = Backoff::new().next_wait_ms(Some(20), &entropy);
        assert!((20_000..=20_500).contains(&wait), "{wait}");
    }

    #[test]
    fn success_starts_over() {
        let entropy = SeededEntropy::new(1);
        let mut backoff = Backoff { failures: 9 };
        backoff.reset();
        assert!(backoff.next_wait_ms(None, &entropy) <= FIRST_MS);
    }
}
