//! Time and randomness as parameters, so that every rule and every sync can be
//! replayed from a seed. The two `System*` types are the only places in the
//! workspace that ask the operating system.

use std::fmt;

use chrono::{DateTime, Utc};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// A moment in UTC, in milliseconds since 1970-01-01. On the wire and in
/// every database an integer.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Timestamp(#[n(0)] i64);

impl Timestamp {
    /// From milliseconds since 1970-01-01 UTC.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01 UTC, as Automerge commits carry them.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The moment `millis` later (or earlier if negative); saturates.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The moment so many times 24 hours later (or earlier if negative); saturates.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_millis(days.saturating_mul(86_400_000))
    }

    /// As a chrono value; `None` outside chrono's range (±262,000 years).
    pub fn to_utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }

    /// As RFC 3339 in UTC with milliseconds, as JSON carries it.
    pub fn to_rfc3339(self) -> String {
        self.to_utc().map_or_else(
            || "?".to_owned(),
            |time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        )
    }

    /// The moment in an RFC 3339 text of any offset.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|time| Self(time.timestamp_millis()))
    }

    /// `YYYY-MM-DD HH:MM` of civil time in China (UTC+8, no summer time since
    /// 1991), which is what every page and screen shows.
    pub fn to_china_text(self) -> String {
        self.plus_millis(8 * 3_600_000).to_utc().map_or_else(
            || "?".to_owned(),
            |time| time.format("%Y-%m-%d %H:%M").to_string(),
        )
    }

    /// The civil date in China at this moment.
    pub fn to_china_date(self) -> Option<chrono::NaiveDate> {
        self.plus_millis(8 * 3_600_000)
            .to_utc()
            .map(|time| time.date_naive())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_utc() {
            Some(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S%.3fZ")),
            None => write!(f, "Timestamp({})", self.0),
        }
    }
}

/// Where "now" comes from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present moment as this clock believes it; may jump.
    fn now(&self) -> Timestamp;
}

/// Where random bytes come from.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills the whole buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp(Utc::now().timestamp_millis())
    }
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for randomness"
    )]
    #[expect(
        clippy::panic,
        reason = "a system without randomness can keep no promise at all"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            panic!("the operating system gives no random bytes: {error}");
        }
    }
}

/// Doubles that a test or the simulator drives.
#[cfg(any(test, feature = "testing"))]
pub mod testing {
    use std::sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    };

    use sha2::{Digest, Sha256};

    use super::{Clock, Entropy, Timestamp};

    /// A clock that moves only when told.
    #[derive(Debug)]
    pub struct FakeClock(AtomicI64);

    impl FakeClock {
        /// A clock standing at `now`.
        pub fn at(now: Timestamp) -> Self {
            Self(AtomicI64::new(now.as_millis()))
        }

        /// Moves forward, or back if negative.
        pub fn advance_millis(&self, millis: i64) {
            self.0.fetch_add(millis, Ordering::SeqCst);
        }
    }

    impl Clock for FakeClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    /// Random bytes that are the same for the same seed (SHA-256 in counter
    /// mode: good enough to be unlike each other, not a secret source).
    #[derive(Debug)]
    pub struct SeededEntropy(Mutex<(u64, u64)>);

    impl SeededEntropy {
        /// A stream that depends only on `seed`.
        pub fn new(seed: u64) -> Self {
            Self(Mutex::new((seed, 0)))
        }
    }

    impl Entropy for SeededEntropy {
        fn fill(&self, bytes: &mut [u8]) {
            let mut state = self
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            for chunk in bytes.chunks_mut(32) {
                let block = Sha256::new()
                    .chain_update(state.0.to_be_bytes())
                    .chain_update(state.1.to_be_bytes())
                    .finalize();
                state.1 += 1;
                for (to, from) in chunk.iter_mut().zip(block.iter()) {
                    *to = *from;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::SeededEntropy, *};

    #[test]
    fn china_time_is_eight_hours_ahead() {
        let time = Timestamp::from_millis(1_767_225_600_000); // 2026-01-01T00:00:00Z
        assert_eq!(time.to_china_text(), "2026-01-01 08:00");
        assert_eq!(Timestamp::from_millis(i64::MAX).to_china_text(), "?");
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (mut a, mut b) = ([0; 40], [0; 40]);
        SeededEntropy::new(5).fill(&mut a);
        SeededEntropy::new(5).fill(&mut b);
        assert_eq!(a, b);
        SeededEntropy::new(6).fill(&mut b);
        assert_ne!(a, b);
    }
}
