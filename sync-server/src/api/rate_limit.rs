//! How often somebody may try an enrolment code or a session: per peer, and
//! all together.

use std::{
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;
use wangge_model::{Timestamp, protocol::ProblemCode};

use crate::DeviceError;

/// Tries one peer may make at once, and then one per [`PEER_REFILL_MS`].
const PEER_BURST: u32 = 10;
const PEER_REFILL_MS: i64 = 6_000;
/// Tries all peers together may make at once, and then one per
/// [`GLOBAL_REFILL_MS`]: 20 a second. With 2^60 codes and 15 minutes of life
/// guessing is hopeless.
const GLOBAL_BURST: u32 = 200;
const GLOBAL_REFILL_MS: i64 = 50;
/// Peers remembered.
const PEERS: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u32,
    at: Timestamp,
}

impl Bucket {
    fn full(burst: u32, at: Timestamp) -> Self {
        Self { left: burst, at }
    }

    /// Takes one; or says in how many milliseconds there will be one.
    fn take(&mut self, burst: u32, refill_ms: i64, now: Timestamp) -> Result<(), i64> {
        let passed = now.as_millis().saturating_sub(self.at.as_millis()).max(0);
        let earned = u32::try_from(passed / refill_ms).unwrap_or(u32::MAX);
        if earned > 0 || now < self.at {
            self.left = self.left.saturating_add(earned).min(burst);
            self.at = now;
        }
        if self.left == 0 {
            return Err(refill_ms - passed.min(refill_ms - 1));
        }
        self.left -= 1;
        Ok(())
    }
}

/// Buckets per peer and for all.
#[derive(Debug)]
pub struct RateLimits(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    all: Option<Bucket>,
    peers: LruCache<IpAddr, Bucket>,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self(Mutex::new(Inner { all: None, peers: LruCache::new(PEERS) }))
    }
}

impl RateLimits {
    /// Counts one try; `None` where the peer is not known (in-process).
    pub fn check(&self, peer: Option<IpAddr>, now: Timestamp) -> Result<(), DeviceError> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Ok(());
        if let Some(peer) = peer {
            let bucket = inner.peers.get_or_insert_mut(peer, || Bucket::full(PEER_BURST, now));
            taken = bucket.take(PEER_BURST, PEER_REFILL_MS, now);
        }
        let all = inner.all.get_or_insert_with(|| Bucket::full(GLOBAL_BURST, now));
        let taken = taken.and_then(|()| all.take(GLOBAL_BURST, GLOBAL_REFILL_MS, now));
        taken.map_err(|wait_ms| DeviceError {
            retry_after_s: Some(u32::try_from(wait_ms.div_euclid(1000) + 1).unwrap_or(60)),
            ..ProblemCode::TooManyRequests.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_peer_that_tries_too_often_waits_and_others_do_not() {
        let limits = RateLimits::default();
        let peer = |last| Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)));
        let now = Timestamp::from_millis(1_000_000);
        for _ in 0..PEER_BURST {
            limits.check(peer(1), now).unwrap();
        }
        let refused = limits.check(peer(1), now).unwrap_err();
        assert_eq!(refused.code, ProblemCode::TooManyRequests);
        assert_eq!(refused.retry_after_s, Some(7));
        limits.check(peer(2), now).unwrap();
        limits.check(peer(1), now.plus_millis(PEER_REFILL_MS)).unwrap();
        assert!(limits.check(peer(1), now.plus_millis(PEER_REFILL_MS)).is_err());
    }

    #[test]
    fn many_peers_together_wait_too() {
        let limits = RateLimits::default();
        let now = Timestamp::from_millis(1_000_000);
        let refused = (0..=GLOBAL_BURST)
            .filter(|n| limits.check(Some(IpAddr::V4(Ipv4Addr::from(*n))), now).is_err())
            .count();
        assert_eq!(refused, 1);
    }
}
